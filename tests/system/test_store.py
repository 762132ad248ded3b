"""Extended jobs, points that die with their job.

usage: test_store.py PHASESWEEP MPIEXEC
"""
import pathlib
import shutil
import tempfile

import h5py
import numpy as np

from harness import GRID_JOB, alone, assert_one_line, call, count, read, run, status, write


def check_extend(folder, good):
    """Lines that two jobs share are taken over bit by bit, whatever their axes are called."""
    path, other = f"{folder}/extended.h5", f"{folder}/other.yaml"
    shutil.copy(good, path)
    changed = (GRID_JOB.replace("[1, 2]", "[3, 2, 1]").replace("[0.1, 0.5]", "[0.5, 0.1000000000000001]")
               .replace("weight_decay", "nuclear_weight"))
    write(other, changed)
    done = call(2, "run", other, "-o", path, "--extend")
    assert done.returncode == 0 and "18000 finished points taken over" in done.stderr, done.stderr
    earlier, runs = status(good)["runs"], status(path)["runs"]
    assert runs[:-1] == earlier and runs[-1]["ranks"] == 2, (earlier, runs)   # the table goes on
    old, new = read(good, "grid"), read(path, "grid")
    shared = new.sel(source_exponent=[1.0, 2.0], noise=0.5).rename(
        nuclear_weight_power="weight_decay_power")
    before = old.sel(noise=0.5)
    for field in ("risk", "delta", "seconds", "phase_measured"):
        assert np.array_equal(shared[field].values, before[field].values, equal_nan=True), field
    assert alone("verify", path).returncode == 0
    assert alone("diff", good, path + ".1").returncode == 0  # the lines left behind are kept


def check_attempts(folder, good):
    """Rows that died with their job three times are lost, until a retry is asked for."""
    path = f"{folder}/lost.h5"
    shutil.copy(good, path)

    def died(file):
        file["grid/outcome"][0, 0, 0, :] = 1
        file["grid/attempts"][0, 0, 0, :] = 3
        file["grid/outcome"][0, 0, 1, :] = 1
        file["grid/attempts"][0, 0, 1, :] = 2
    with h5py.File(path, "r+") as file:
        died(file)
    assert run(2, "resume", path) == 1
    assert count(path, "lost") == 300 and alone("verify", path).returncode == 0
    lost = read(path, "grid")  # without a result, but not without n, lambda and p
    assert lost["risk"][0, 0, 0].isnull().all() and lost["resolved_samples"].notnull().all()
    assert (lost["resolved_width"] == 100).all()
    assert run(2, "resume", path) == 1  # not tried again by itself
    assert run(2, "resume", "--retry", path) == 0
    assert alone("diff", path, good).returncode == 0


EFFORT_JOB = """
sweeps:
  - {name: few, model: diagonal, method: training, source_exponent: 1.25, dimension: 200, noise: 0.1,
     samples: 50, weight_decay: [0.1, 0.001], iteration_limit: 30}
"""


def check_effort(folder):
    """A retry under a larger limit does again what did not converge; a limit changes no result."""
    job, path, whole = write(f"{folder}/effort.yaml", EFFORT_JOB), f"{folder}/effort.h5", f"{folder}/whole.h5"
    assert run(2, "run", job, "-o", path) == 1 and count(path, "not_converged") > 0
    before = read(path, "few")
    assert before["gap"].notnull().all() and before["risk"].notnull().all()
    assert run(2, "run", job, "-o", path, "--retry", "--set", "time_limit=1e-9",
               "--set", "iteration_limit=0") == 1
    assert run(2, "run", job, "-o", path, "--set", "iteration_limit=0") == 1  # without --retry
    assert run(2, "run", job, "-o", path, "--retry", "--set", "iteration_limit=0") == 0
    again = f"{folder}/again.h5"
    assert run(2, "run", job, "-o", again) == 1
    done = call(2, "resume", again)
    assert done.returncode == 1 and "--retry" in done.stderr and "iteration_limit" in done.stderr, done
    assert call(2, "resume", again, "--set", "iteration_limit=0").returncode == 1  # nothing is tried again
    for words in (["noise=0.2", "noise", "allowed: ranks_per_line, iteration_limit, time_limit"],
                  ["iteration_limit=-1", "iteration_limit", "allowed"], ["limit=3", "unknown key"]):
        assert_one_line(alone("resume", again, "--retry", "--set", words[0]), 2, *words[1:])
    assert run(2, "resume", again, "--retry", "--set", "iteration_limit=0") == 0
    assert alone("diff", path, again).returncode == 0
    assert run(2, "run", job, "-o", whole, "--set", "iteration_limit=0") == 0
    assert alone("diff", path, whole).returncode == 0


LEARNED_JOB = """
sweeps:
  - {name: deep, method: training, depth: [1, 2], source_exponent: 1.25, dimension: 20, noise: 0.1, samples: 200,
     nuclear_weight: [0.3, 0.1]}
"""


def check_learned(folder):
    """What trainings took is kept by class, deeper ones apart; a later run begins with it."""
    job, path = write(f"{folder}/learned.yaml", LEARNED_JOB), f"{folder}/learned.h5"
    assert run(1, "run", job, "-o", path) == 0 and run(1, "resume", path) == 0
    with h5py.File(path) as file:
        classes = file["runs"].attrs["classes"].decode().split()
        learned = file["runs/coefficients"][:2].reshape(2, -1, 3)
    places = [classes.index("quadratic/training" + more) for more in ("", "/not_convex")]
    assert (learned[0][places, 2] == 1).all(), learned[0]    # weight: one chain each
    assert (learned[1][places] == learned[0][places]).all(), learned
    assert np.isfinite(learned[:, :len(classes)]).all() and learned[0, classes.index("ridge/bayes"), 2] == 0


SERIES_JOB = """
title: spectra
sweeps:
  - {name: law, source_exponent: 1.25, dimension: [40, 60], noise: 0.1, samples: [800, 8000],
     weight_decay: 0.3, spectrum: 50}
"""


def check_series(folder):
    """Rows of numbers are stored, covered by the checksum, compared and taken over."""
    job, path, other = f"{folder}/series.yaml", f"{folder}/series.h5", f"{folder}/series2.h5"
    write(job, SERIES_JOB)
    assert run(2, "run", job, "-o", path) == 0 and alone("verify", path).returncode == 0
    law = read(path, "law")
    assert law["density"].dims == ("dimension", "samples", "density_index")
    assert law["outlier_position"].shape == (2, 2, 60)
    mass = np.trapezoid if hasattr(np, "trapezoid") else np.trapz
    bulk = mass(law["density"].values, law["density_position"].values)
    outliers = law["outlier_position"].notnull().sum("outlier_index")
    # trapezoids: 10/50^2; a band that the threshold cuts counts whole
    assert np.allclose(bulk + outliers / law["dimension"].values[:, None],
                       law["learned_rank"] / law["dimension"].values[:, None], atol=4e-3 + 0.5 / 40)
    shutil.copy(path, other)
    with h5py.File(other, "r+") as file:
        file["law/density"][1, 0, 7] += 1e-9
    assert alone("verify", other).returncode == 1
    found = alone("diff", path, other)
    assert found.returncode == 1 and "density: 1 values differ" in found.stdout, found.stdout
    shutil.copy(path, other)
    write(job, SERIES_JOB.replace("[40, 60]", "[40, 60, 80]"))
    done = call(2, "run", job, "-o", other, "--extend")
    assert done.returncode == 0 and "4 finished points taken over" in done.stderr, done.stderr
    assert alone("verify", other).returncode == 0
    longer = read(other, "law")
    assert np.array_equal(longer["outlier_position"][:2, :, :60], law["outlier_position"], equal_nan=True)
    write(job, SERIES_JOB.replace("spectrum: 50", "spectrum: 60"))
    assert run(2, "run", job, "-o", path) == 2


def check_old_schemas():
    """A sample of every schema that was ever written opens, verifies and keeps its meaning."""
    reference = pathlib.Path(__file__).parents[1] / "reference"
    path = str(reference / "schema3.h5")
    assert count(path, "converged") == 2 + 2 + 2 + 2 + 2
    assert alone("verify", path).returncode == 0
    # the same job, solved by an older program
    assert alone("diff", "--tolerance", "1e-3", path, str(reference / "schema2.h5")).returncode == 0
    assert read(path, "theory")["density"].sizes["density_index"] == 12
    path = str(reference / "schema2.h5")
    assert count(path, "converged") == 2 + 2 + 2 + 2 + 2
    assert alone("verify", path).returncode == 0 and alone("diff", path, path).returncode == 0
    assert read(path, "theory")["density"].sizes["density_index"] == 12
    path = str(reference / "schema1.h5")
    assert count(path, "converged") == 12 + 2 + 4
    assert alone("verify", path).returncode == 0 and alone("diff", path, path).returncode == 0
    theory = read(path, "theory")
    assert theory["risk"].dims == ("source_exponent", "samples", "weight_decay")
    # phase VIb: R = Delta / (4 alpha - 2), alpha = n/d^2 = 100 (theory.md section 4)
    assert np.allclose(theory["risk"][:, 2, 0], 0.1 / 398, rtol=1e-3)
    assert read(path, "trained")["eigenvalues"].isel(dimension=0)[:, 10:].isnull().all()


def main():
    check_old_schemas()
    with tempfile.TemporaryDirectory() as folder:
        job = write(f"{folder}/job.yaml", GRID_JOB)
        good = f"{folder}/good.h5"
        assert run(2, "run", job, "-o", good) == 0
        check_extend(folder, good)
        check_attempts(folder, good)
        check_series(folder)
        check_effort(folder)
        check_learned(folder)


main()
