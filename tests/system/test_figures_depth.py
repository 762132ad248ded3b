"""Figures by depth draw what the archive holds, and the archive what the theory says.

usage: test_figures_depth.py PHASESWEEP MPIEXEC
"""
import tempfile

from figures import archive, draw, saved
import fig_depth
import fig_risk_vs_samples
from phasesweep import sweep
from style import np

DEPTH_JOB = """set: {noise: 0.1, source_exponent: 1.25}
sweeps:
  - {name: map, model: diagonal, depth: [2, 3], dimension: 60,
     samples: {as: effective_power, from: 0.5, to: 1.5, count: 24},
     weight_decay: {as: power, from: -1, to: 1, count: 24}}
  - {name: map_trained, model: diagonal, method: training, depth: [2, 3], dimension: 60, seed: [0, 1],
     samples: {as: effective_power, from: 0.5, to: 1.5, count: 3},
     weight_decay: {as: power, from: -1, to: 1, count: 3}}
  - {name: decay, model: diagonal, depth: [2, 3], dimension: 100, samples: [100, 400],
     weight_decay: {from: 0.1, to: 10, count: 21, spacing: logarithmic}}
  - {name: decay_trained, model: diagonal, method: training, depth: [2, 3], dimension: 100, seed: [0, 1],
     samples: [100, 400], weight_decay: [0.3, 1]}
  - {name: bayes, model: diagonal, method: bayes, dimension: 100, samples: [100, 400]}
  - {name: slope, model: diagonal, depth: [2, 4], dimension: 1e6, samples: 4.7e8,
     weight_decay: {as: power, from: 0, to: 1.5, count: 31}}
  - {name: best, method: optimal, depth: [1, 2], dimension: 100,
     samples: {as: effective_power, from: 0.5, to: 1.5, count: 3}}
  - {name: bound, method: bayes, dimension: 100, samples: {as: effective_power, from: 0.5, to: 1.5, count: 3}}
  - {name: spectra, depth: [1, 2], dimension: 60, samples: 3600, nuclear_weight: [0.1, 0.4, 1.6], spectrum: 60}
"""


def check_map(figures, path):
    """A dot for each mean over the seeds, its colour the deviation from the theory at that point."""
    panels = figures["depth_diagram_map"].axes[:2]
    theory, trained = (sweep.open_sweep(path, name)["risk"] for name in ("map", "map_trained"))
    mean = trained.mean("seed")
    near = [0, 11, 23]  # the middle lies between two
    expected = theory.isel(samples_effective_power=near, weight_decay_power=near)
    dims = ("depth", "samples_effective_power", "weight_decay_power")
    apart = mean.transpose(*dims).values / expected.transpose(*dims).values - 1
    for k, panel in enumerate(panels):
        (dots,) = [artist for artist in panel.collections if artist.get_offsets().shape == (9, 2)
                   and artist.get_array() is not None]
        at = np.ix_([0, 2], [0, 2])
        assert np.allclose(dots.get_array().reshape(3, 3)[at], apart[k][at], rtol=1e-9)
        assert np.isfinite(dots.get_array()).all()


def check_other_problem(folder):
    """Trained networks of another source exponent, or depths that the theory has not, are not shown on it."""
    maps = DEPTH_JOB[:DEPTH_JOB.index("  - {name: decay,")].replace(", source_exponent: 1.25}", "}")
    maps = maps.replace("name: map,", "name: map, source_exponent: 1.25,")
    for name, depths, gamma in (("other", "[2, 3]", 2), ("deeper", "[4, 5]", 1.25)):
        text = maps.replace("training, depth: [2, 3]", f"training, depth: {depths}, source_exponent: {gamma}")
        figures = saved(fig_depth, archive(folder, name, text))
        assert len(figures["depth_diagram_map"].axes) == 3, name  # two maps, the bar of the risk


def check_theory(path):
    """The slope of phase II is (2 - 1/gamma)/(2 - q); no risk below the Bayes risk."""
    (line,) = [data for _, data in fig_depth.sweeps(path, "state_evolution", ["learned_rank", "exponent_samples"],
                                                    *fig_depth.PLANE) if data.sizes["samples"] == 1
               and float(data.attrs["dimension"]) == 1e6]
    found = fig_depth.slopes(line)
    assert abs(found[2] - 1.2) < 0.02 and abs(found[4] - 0.8) < 0.02, found
    best, bound = (sweep.open_sweep(path, name)["risk"] for name in ("best", "bound"))
    assert (best > bound).all()


SAMPLES_JOB = """set: {noise: 0.1, source_exponent: 1.25, dimension: 60}
sweeps:
  - {name: theory, model: diagonal, depth: [2, 3], samples: [50, 100, 400], weight_decay: [0.5, 1]}
  - {name: trained, model: diagonal, method: training, depth: [2, 3], samples: [50, 100], weight_decay: [0.5, 1]}
"""


def check_samples(folder):
    """Risk along samples: a figure a depth, each of its own theory; a default depth is the least one."""
    figures = saved(fig_risk_vs_samples, archive(folder, "samples", SAMPLES_JOB))
    assert list(figures) == ["risk_vs_samples_diagonal_depth_2", "risk_vs_samples_diagonal_depth_3"]
    lines = [figure.axes[0].lines[0].get_ydata() for figure in figures.values()]
    assert not np.allclose(*lines, rtol=0.01), lines
    least = archive(folder, "least", SAMPLES_JOB.replace("diagonal, depth: [2, 3]", "diagonal", 1))
    assert list(saved(fig_risk_vs_samples, least)) == ["risk_vs_samples_diagonal_depth_2"]


def check_lacking(folder):
    """What keeps fig_depth.py from drawing is said, and no Bayes risk is named where none is drawn."""
    path = archive(folder, "trained", "set: {noise: 0.1, source_exponent: 1.25, dimension: 60}\nsweeps:\n"
                   + SAMPLES_JOB.splitlines()[-1] + "\n")
    done = draw("fig_depth.py", path, folder)
    assert done.returncode == 2 and "by depth of training alone" in done.stderr, done.stderr
    text = DEPTH_JOB[:DEPTH_JOB.index("  - {name: bayes,")]
    title = saved(fig_depth, archive(folder, "nobayes", text))["depth_decay"]._suptitle.get_text()
    assert "Bayes" not in title and "trainings" in title, title


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = archive(folder, "depth", DEPTH_JOB)
        figures = saved(fig_depth, path)
        assert set(figures) == {"depth_diagram_map", "depth_decay", "depth_slope_diagonal", "depth_best",
                                "depth_spectra"}, set(figures)
        check_map(figures, path)
        check_other_problem(folder)
        check_samples(folder)
        check_lacking(folder)
        check_theory(path)
        texts = [axes.texts[0].get_text() for axes in figures["depth_decay"].axes]
        assert len(texts) == 2 and all(text.count("\n") == 2 for text in texts), texts
        told = figures["depth_spectra"].told
        assert len(told) == 2 and all("predicted: rank" in sentence for sentence in told), told


if __name__ == "__main__":
    main()
