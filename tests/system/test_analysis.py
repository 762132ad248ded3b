"""The reader masks what is unfinished; predicted phases of figures and program agree; every figure
script draws its job and refuses an archive without it.

usage: test_analysis.py PHASESWEEP MPIEXEC
"""
import os
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np

from harness import run, write

ANALYSIS = pathlib.Path(__file__).resolve().parents[2] / "analysis"
sys.path.insert(0, str(ANALYSIS))
from phasesweep import phases, sweep  # noqa: E402

JOB = """sweeps:
  - name: quadratic
    source_exponent: [0.75, 1.25]
    dimension: [100, 1000]
    noise: 0.1
    samples: {as: effective_power, from: -0.5, to: 4.5, count: 22}
    weight_decay: {as: power, from: -2, to: 3, count: 19}
  - name: diagonal
    model: diagonal
    source_exponent: 1.25
    dimension: 300
    noise: 0.1
    samples: {as: effective_power, from: -0.5, to: 4.5, count: 22}
    weight_decay: {as: power, from: -2, to: 3, count: 19}
  - name: narrow
    source_exponent: 1.25
    dimension: 50
    noise: 0.1
    width: [1, 3, 50]
    samples: [300, 3000]
    nuclear_weight: 0.1
  - name: trained
    method: training
    source_exponent: 1.25
    dimension: 100
    noise: 0.1
    seed: [0, 1]
    samples: {as: effective_power, values: [0.5, 1]}
    weight_decay: {as: power, values: [0.5, 0]}
  - name: diagonal_trained
    model: diagonal
    method: training
    source_exponent: 1.25
    dimension: 300
    noise: 0.1
    seed: [0, 1]
    samples: {as: effective_power, values: [0.5, 1]}
    weight_decay: {as: power, values: [0.5, 0]}
  - name: narrow_trained
    method: training
    source_exponent: 1.25
    dimension: 50
    noise: 0.1
    seed: [0, 1]
    width: [1, 3, 50]
    samples: [300, 3000]
    nuclear_weight: 0.1
"""


def check_phases(path):
    """One rule for figures and program, at points off the lines."""
    for name in ("quadratic", "diagonal"):
        data = sweep.axis(sweep.axis(sweep.open_sweep(path, name), "source_exponent"), "dimension")
        assert list(sweep.flag_codes(data["phase_predicted"]))[1:] == phases.NAMES
        for gamma in data["source_exponent"].values:
            for d in data["dimension"].values:
                part = data.sel(source_exponent=gamma, dimension=d)
                x = np.log(part["effective_samples"]) / np.log(d)
                y = np.log(part["resolved_nuclear_weight"]) / np.log(d)
                mine = phases.predicted(data.attrs["model"], gamma, d, x, y)
                same = (mine == part["phase_predicted"]).mean()
                assert same > 0.99, (name, gamma, d, float(same))  # rounding on a line itself


def check_boundaries():
    """Phases differ on the two sides of every boundary, and a label stands in its own phase."""
    view = (-0.5, 4.5), (-2.0, 3.0)
    for model in ("quadratic", "diagonal"):
        for gamma in (0.75, 1.25, 2.0):
            for (x0, y0), (x1, y1) in phases.boundaries(model, gamma, 1e4, *view):
                x, y = 0.5 * (x0 + x1), 0.5 * (y0 + y1)
                across = np.array([y0 - y1, x1 - x0]) * 1e-6
                sides = [int(phases.predicted(model, gamma, 1e4, x + s * across[0],
                                              y + s * across[1])) for s in (-1, 1)]
                assert sides[0] != sides[1], (model, gamma, x, y)
            labels = phases.labels(model, gamma, 1e4, *view)
            assert {"Ia", "Ib", "II", "III", "VIa", "VIb"} <= set(labels)   # narrow or not
            for name, (x, y, room) in labels.items():
                assert phases.NAMES[int(phases.predicted(model, gamma, 1e4, x, y))] == name


def check_masks(folder, path):
    """Whatever is not converged is NaN in both engines; counts and checksums stay."""
    copy = f"{folder}/masked.h5"
    with open(path, "rb") as source, open(copy, "wb") as target:
        target.write(source.read())
    with h5py.File(copy, "r+") as file:
        file["diagonal/outcome"][3, :] = 3
    for engine in ("h5netcdf", "netcdf4"):
        data = sweep.open_sweep(copy, "diagonal", engine)
        assert data["risk"].isel(samples_effective_power=3).isnull().all()
        assert data["risk"].isel(samples_effective_power=4).notnull().all()
        assert data["resolved_samples"].notnull().all()
        assert "long_name" in data["risk"].attrs


def draw(script, path, folder):
    environment = dict(os.environ, MPLCONFIGDIR=folder)
    return subprocess.run(["/usr/bin/python3", str(ANALYSIS / script), path, folder],
                          capture_output=True, text=True, env=environment)


def check_figures(folder, path):
    for script, names in {"fig_phase_diagram.py": ["phase_diagram_diagonal"],
                          "fig_exponents.py": ["exponents_quadratic_1.25"],
                          "fig_width.py": ["width"],
                          "fig_risk_vs_samples.py": ["risk_vs_samples_quadratic",
                                                     "risk_vs_samples_diagonal"]}.items():
        done = draw(script, path, folder)
        assert done.returncode == 0, done.stderr
        for name in names:
            for ending in ("png", "pdf"):
                assert os.path.getsize(f"{folder}/{name}.{ending}") > 5000
        missing = draw(script, f"{folder}/job.yaml", folder)
        assert missing.returncode != 0 and "Traceback" not in missing.stderr, missing.stderr


with tempfile.TemporaryDirectory() as scratch:
    archive = f"{scratch}/out.h5"
    assert run(2, "run", write(f"{scratch}/job.yaml", JOB), "-o", archive) == 0
    check_boundaries()
    check_phases(archive)
    check_masks(scratch, archive)
    check_figures(scratch, archive)
