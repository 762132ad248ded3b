"""Trainings of deeper networks as sweeps of a job: outcome `stationary` is a finished one wherever
`converged` is, and two layers are what they are without a depth.

usage: test_depth_trained.py PHASESWEEP MPIEXEC
"""
import json
import pathlib
import sys
import tempfile

import numpy as np

from harness import alone, call, count, read, run, write

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "analysis"))
from phasesweep import sweep  # noqa: E402

GRID = ("model: diagonal, method: training, source_exponent: 1.25, noise: 0.1, dimension: 150, "
        "signs: random, samples: [80, 600], seed: [0, 1]")
JOB = ("sweeps:\n"
       f"  - {{name: deep, {GRID}, depth: [2, 3, 4], weight_decay: WEIGHTS}}\n"
       f"  - {{name: lasso, {GRID}, weight_decay: WEIGHTS}}\n")
WEIGHTS = "[1, 0.3, 0.1]"
POINTS = 2 * 2 * 3  # at each depth


def check_fields(path):
    deep, lasso = read(path, "deep"), read(path, "lasso")
    assert "stationary" in deep["outcome"].attrs["flag_meanings"]
    two, more = deep.sel(depth=2), deep.sel(depth=[3, 4])
    for field in ("risk", "objective", "gap", "learned_rank", "eigenvalues"):
        same = two[field].transpose(*lasso[field].dims)
        assert np.array_equal(same, lasso[field], equal_nan=True), field
    assert (more["gap"].isnull()).all() and (two["stationarity"].isnull()).all()
    assert (more["stationarity"] <= 1e-6).all() and (more["start_spread"] >= 0).all()
    assert (more["start_risk_spread"] >= 0).all() and float(more["start_spread"].max()) > 1e-6
    assert "stationarity" not in lasso and (more["learned_rank"] > 0).any()


def check_finished(folder, path):
    """Nothing is left to do, whatever one asks for."""
    assert count(path, "stationary") == 2 * POINTS and count(path, "converged") == 2 * POINTS
    assert alone("verify", path).returncode == 0
    before = read(path, "deep")["seconds"]
    assert run(1, "resume", path) == 0 and run(1, "resume", "--retry", path) == 0
    assert read(path, "deep")["seconds"].equals(before)
    figures = sweep.open_sweep(path, "deep")
    assert figures["risk"].notnull().all()
    assert run(3, "run", f"{folder}/job.yaml", "-o", f"{folder}/np3.h5") == 0
    other = read(f"{folder}/np3.h5", "deep")
    assert np.allclose(other["risk"], read(path, "deep")["risk"], rtol=1e-4, atol=0)


def check_extension(folder, path):
    """A chain that has changed is trained again where the problem is not convex."""
    longer = write(f"{folder}/longer.yaml", JOB.replace("WEIGHTS", "[1, 0.3, 0.1, 0.05]"))
    done = call(1, "run", "--extend", longer, "-o", path)
    assert done.returncode == 0, done
    data = read(path, "deep").sel(weight_decay=[1, 0.3, 0.1])
    taken = data["attempts"] == 0
    assert taken.sel(depth=2).all() and not taken.sel(depth=[3, 4]).any()


def check_point():
    done = call(2, "point", "model=diagonal", "method=training", "depth=5", "source_exponent=1.25",
                "noise=0.1", "dimension=60", "samples=90", "weight_decay=0.3")
    point = json.loads(done.stdout)
    assert done.returncode == 0 and point["outcome"] == "stationary" and "gap" not in point
    cut = call(1, "point", "model=diagonal", "method=training", "depth=5", "source_exponent=1.25",
               "noise=0.1", "dimension=60", "samples=90", "weight_decay=0.3", "iteration_limit=30")
    assert cut.returncode == 1 and json.loads(cut.stdout)["outcome"] == "not_converged"


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/deep.h5"
        job = write(f"{folder}/job.yaml", JOB.replace("WEIGHTS", WEIGHTS))
        assert run(1, "run", job, "-o", path) == 0
        check_fields(path)
        check_finished(folder, path)
        check_extension(folder, path)
    check_point()


if __name__ == "__main__":
    main()
