"""Archives of runs that were stopped: every figure draws them, holes blank, without a warning.
Axes written in several ways are drawn where their numbers lie.

usage: test_holes.py PHASESWEEP MPIEXEC
"""
import importlib
import tempfile
import warnings

import h5py

from figures import archive
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_rgb
from style import np, plt
from test_figures_depth import DEPTH_JOB
from phasesweep import sweep

MODELS = """  - name: MODEL
    model: MODEL
    samples: {as: effective_power, from: 0, to: 3, count: 9}
    weight_decay: {as: power, from: -1, to: 1, count: 7}
  - {name: MODEL_optimal, model: MODEL, method: optimal,
     samples: {as: effective_power, from: 0, to: 3, count: 9}}
  - {name: MODEL_bayes, model: MODEL, method: bayes,
     samples: {as: effective_power, from: 0, to: 3, count: 9}}
"""
THEORY = """set: {source_exponent: [1, 1.25], noise: 0.1, dimension: 60}
sweeps:
""" + "".join(MODELS.replace("MODEL", m) for m in ("quadratic", "diagonal")) + """
  - {name: narrow, width: [1, 2, 4, 8, 16, 60], nuclear_weight: 0.01,
     samples: {as: effective_power, from: 0.25, to: 1, count: 5}}
"""
TRAINED = """set: {source_exponent: 1.25, noise: 0.1, dimension: 16}
sweeps:
  - {name: theory, samples: {as: power, from: 1.2, to: 2.4, count: 9}, weight_decay: [0.1, 0.3, 1],
     spectrum: 64}
  - {name: trained, method: training, seed: [0, 1, 2], samples: [64, 128, 256, 512],
     weight_decay: [0.1, 0.3, 1]}
  - {name: lasso_theory, model: diagonal, samples: [20, 40, 80, 160], weight_decay: [0.1, 0.3]}
  - {name: lasso, model: diagonal, method: training, seed: [0, 1, 2], samples: [20, 40, 80, 160],
     weight_decay: [0.1, 0.3]}
  - {name: passed, method: amp, seed: [0, 1, 2], samples: 256, weight_decay: [0.3, 1]}
  - {name: passed_trained, method: training, seed: [0, 1, 2], samples: 256, weight_decay: [0.3, 1]}
"""
NARROW = """set: {source_exponent: 1.25, noise: 0.1, dimension: 16, nuclear_weight: 0.05}
sweeps:
  - {name: along_width, width: [1, 2, 4, 8, 16], samples: [64, 256, 1024]}
  - {name: along_samples, width: [2, 16], samples: [64, 128, 256, 512, 1024]}
  - {name: trained, method: training, seed: [0, 1, 2], width: [2, 4, 16], samples: [64, 256]}
"""
PREDICTED = """set: {source_exponent: 1.25, dimension: 16, noise: 0.1}
sweeps:
  - {name: predicted, samples: [256, 1024], weight_decay: [0.1, 0.3, 1], spectrum: 64}
  - {name: trained, method: training, seed: [0, 1, 2], samples: [256, 1024], weight_decay: [0.1, 1]}
"""
AXES = """set: {source_exponent: 1.25, noise: 0.1, dimension: 16}
sweeps:
  - {name: map, samples: {as: power, from: 1, to: 2.5, count: 7},
     weight_decay: {as: power, from: -1, to: 1, count: 9}}
  - {name: trained, method: training, seed: [0, 1], samples: [64, 256], weight_decay: [0.25, 1]}
  - {name: best, method: optimal, samples: {as: power, from: 1, to: 2, count: 5}}
  - {name: bound, method: bayes, samples: {as: power, from: 1, to: 2, count: 9}}
  - {name: narrow, nuclear_weight: 0.1, width: {as: power, values: [0, 0.5, 1]},
     samples: {as: power, values: [1.5, 2]}}
  - {name: more, nuclear_weight: [0.1, 0.2], width: [1, 2], samples: [60, 90]}
"""
JOBS = {
    "theory": (THEORY, "phase_diagram exponents bayes decomposition optimal_decay universality"),
    "trained": (TRAINED, "phase_diagram risk_vs_samples amp"),
    "narrow": (NARROW, "width"),
    "predicted": (PREDICTED, "spectra tail_exponent"),
    "depth": (DEPTH_JOB, "depth")}
KEPT = ("effective_samples", "outcome", "attempts", "checksum")


def punch(path, share, seed):
    """Holes as a stopped run leaves them: whole chains, some of them begun."""
    generator = np.random.default_rng(seed)
    with h5py.File(path, "r+") as file:
        for group in file.values():
            if "outcome" not in group:
                continue
            shape = group["outcome"].shape
            rows = shape[:-1] or (shape[0],)
            hole = generator.random(rows) < share
            hole.flat[generator.integers(hole.size)] = True
            hole = np.broadcast_to(hole.reshape(hole.shape + (1,) * (len(shape) - hole.ndim)), shape)
            for name, data in group.items():
                field = data.ndim >= len(shape) and data.shape[:len(shape)] == shape
                if field and name not in KEPT and not name.startswith("resolved_"):
                    values = data[...]
                    values[hole] = np.nan if data.dtype.kind == "f" else -1
                    data[...] = values
            outcome = group["outcome"][...]
            outcome[hole] = generator.integers(0, 2, hole.sum())
            group["outcome"][...] = outcome


def drawn(script, path):
    """{name: figure}, as it would be saved; a warning is an error."""
    sweep.unfinished.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures = dict(importlib.import_module(f"fig_{script}").figures(path))
        for figure in figures.values():
            figure.canvas.draw()
    return figures


def meshes(axes):
    return [artist for artist in axes.collections if isinstance(artist, QuadMesh)]


def blank(mesh):
    return ~np.isfinite(np.ma.filled(mesh.get_array().astype(float), np.nan)).ravel()


def check_maps(path, name, figures):
    """Maps are blank where a point is not finished, and only there; so are slices."""
    with h5py.File(path) as file:
        hole = file[name]["outcome"][...] != 2        # by source exponent, samples, weight decay
    for gamma in range(2):
        wanted = hole[gamma].T.ravel()
        assert 0 < wanted.sum() < wanted.size
        for key, figure in figures.items():
            mine = [panel for panel in figure.axes if meshes(panel)]
            if key == f"phase_diagram_{name}":
                assert np.array_equal(blank(meshes(mine[gamma])[0]), wanted), key
                slices = [line for line in figure.axes[2 + gamma].lines]
                drawn_holes = sorted(int(np.isnan(line.get_ydata()).sum()) for line in slices)
                places = np.linspace(0, hole.shape[2] - 1, 5).astype(int)
                assert drawn_holes == sorted(int(hole[gamma][:, k].sum()) for k in places), key
            elif key == f"exponents_{name}_{(1, 1.25)[gamma]:g}":
                for mesh in (meshes(panel)[0] for panel in mine[:3]):
                    assert (blank(mesh) >= wanted).all(), key
                assert np.array_equal(blank(meshes(mine[0])[0]), wanted), key


def check_axes(path):
    """Markers have the colour of the line of theory at their weight; ratios are of the same number
    of samples; widths are told as such, and another sweep of them over more is left aside."""
    panel = drawn("phase_diagram", path)["phase_diagram_map"].axes[1]
    trained = sweep.open_sweep(path, "trained")
    theory = sweep.open_sweep(path, "map")
    assert len(panel.containers) == 2
    for bar, weight in zip(panel.containers, (0.25, 1.0)):
        risk = trained["risk"].sel(weight_decay=weight).mean("seed")
        assert np.allclose(bar.lines[0].get_ydata(orig=False), risk)
        (line,) = [line for line in panel.lines if to_rgb(line.get_color()) == to_rgb(
            bar.lines[0].get_color()) and line not in bar.lines and line.get_ls() != "None"
            and len(line.get_xdata()) == theory.sizes["samples_power"]]
        at = int(np.abs(theory["resolved_weight_decay"].isel(samples_power=0) - weight).argmin())
        assert np.array_equal(line.get_ydata(orig=False), theory["risk"].isel(weight_decay_power=at))
    drawn("optimal_decay", path)
    optimal_decay = importlib.import_module("fig_optimal_decay")
    found = sweep.by_model(path, optimal_decay.WANTED)["quadratic"]
    ratio = optimal_decay.excess(found).values.ravel()
    risks = [found[method]["risk"].values.ravel() for method in ("optimal", "bayes")]
    assert np.allclose(ratio, risks[0] / risks[1][::2], rtol=1e-12)
    labels = drawn("width", path)["width"].axes[1].get_legend_handles_labels()[1]
    assert labels == ["$p = 1$", "$p = 4$", r"$p \geq d$"], labels


def main():
    with tempfile.TemporaryDirectory() as folder:
        for job, (text, scripts) in JOBS.items():
            path = archive(folder, job, text)
            punch(path, 0.42, 1)
            figures = {}
            for script in scripts.split():
                figures.update(drawn(script, path))
                assert sweep.unfinished, script        # of which the script tells
            for model in ("quadratic", "diagonal") if job == "theory" else ():
                check_maps(path, model, figures)
            plt.close("all")
        check_axes(archive(folder, "axes", AXES))


if __name__ == "__main__":
    main()
