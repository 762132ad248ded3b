"""The same archive for any number of ranks; opens in xarray and ncdump; verifies and compares.

usage: test_archive.py PHASESWEEP MPIEXEC
"""
import json
import os
import shutil
import subprocess
import tempfile
import time

import h5py
import matplotlib
import numpy as np
import xarray as xr

from harness import (PROGRAM, alone, assert_equal_archives, assert_one_line, call, read, read_bytes, run,
                     status, write)

JOB = """title: test
sweeps:
  - name: first
    source_exponent: [0.75, 1.25]
    dimension: 60
    noise: 0.1
    samples: {as: effective_power, from: -0.5, to: 3, count: 12}
    weight_decay: {as: power, from: -1, to: 1.5, count: 20}
  - name: second
    source_exponent: 2
    dimension: 200
    noise: 0.5
    samples: {as: effective, from: 1, to: 1e6, count: 16, spacing: logarithmic}
    nuclear_weight: {as: sqrt_effective, values: [0.01, 0.1, 1, 10]}
"""
NAMES = ("first", "second")


def check_ranks(folder, job):
    for ranks in (1, 2, 3, 5):
        assert run(ranks, "run", job, "-o", f"{folder}/np{ranks}.h5") == 0
        assert_equal_archives(f"{folder}/np1.h5", f"{folder}/np{ranks}.h5", NAMES)


def check_content(path):
    for engine in ("h5netcdf", "netcdf4"):
        data = read(path, "first", engine)
        assert data["risk"].dims == ("source_exponent", "samples_effective_power",
                                     "weight_decay_power")
        assert (data["outcome"] == 2).all() and (data["attempts"] == 1).all()
        assert np.allclose(data["prediction_risk"], 2 * data["risk"], rtol=1e-15)
        samples = 60.0 ** (1 + data["samples_effective_power"])
        assert float(abs(data["resolved_samples"] / samples - 1).max()) < 1e-13
        assert float(data["residual"].max()) <= 1e-9
        # both terms of the objective, theory.md section 1
        terms = (data["train_loss"] * data["resolved_samples"] / 60.0 ** 2
                 + data["resolved_nuclear_weight"] * data["trace"])
        assert np.allclose(data["objective"], terms, rtol=1e-12)
    header = subprocess.run(["ncdump", "-h", path], capture_output=True, text=True)
    assert header.returncode == 0 and "flag_meanings" in header.stdout


def check_point(path):
    """A point of the archive equals the same point solved alone."""
    cell = read(path, "second").isel(samples_effective=7, nuclear_weight_sqrt_effective=2)
    done = alone("point", "source_exponent=2", "dimension=200", "noise=0.5",
                 f"samples={float(cell['resolved_samples'])!r}",
                 f"nuclear_weight={float(cell['resolved_nuclear_weight'])!r}")
    point = json.loads(done.stdout)
    for field in ("risk", "delta", "threshold", "exponent_samples"):
        assert abs(point[field] / float(cell[field]) - 1) < 1e-8, field
    meanings = cell["phase_measured"].attrs["flag_meanings"].split()
    assert point["phase_measured"] == meanings[int(cell["phase_measured"]) + 1]


def check_verify(folder, path):
    assert alone("verify", path).returncode == 0
    packed = f"{folder}/packed.h5"
    subprocess.run(["h5repack", "-f", "GZIP=4", path, packed], check=True)
    assert alone("verify", packed).returncode == 0
    assert alone("diff", path, packed).returncode == 0
    assert_one_line(call(2, "resume", packed), 2, "repacked")


def check_groups(path):
    """Every group opens in xarray with both engines, the table of runs too."""
    for engine in ("h5netcdf", "netcdf4"):
        assert xr.open_dataset(path, engine=engine).attrs["phasesweep_schema"] == 3
        runs = xr.open_dataset(path, group="runs", engine=engine).load()
        assert int((runs["start"] > 0).sum()) >= 1 and int(runs["ranks"][0]) == 1
        host = runs["host"].values[0]
        assert (host.decode() if isinstance(host, bytes) else host) != ""
        assert runs.attrs["classes"].split()[:2] == ["quadratic/state_evolution", "quadratic/bayes"]


def check_physical(path):
    """Axes that are powers of d are called so, and plots have n, lambda as their axes."""
    data = read(path, "first")
    try:
        data.sel(samples=50000, method="nearest")
        raise AssertionError("d^50000")
    except KeyError:
        pass
    line = data.risk.isel(source_exponent=0, weight_decay_power=5)
    samples = 60.0 ** (1 + data.samples_effective_power)
    assert np.allclose(line.coords["resolved_samples"], samples, rtol=1e-13)
    drawn, = line.plot(x="resolved_samples")
    assert abs(drawn.get_xdata()[-1] / 60.0 ** 4 - 1) < 1e-13
    assert data["risk"].attrs["equation"].startswith("doc/theory.md, section 1")


SLOW_JOB = """sweeps:
  - {name: slow, method: training, source_exponent: 1.25, dimension: 400, noise: 0.1, seed: [1, 2],
     samples: {as: power, values: [2, 2.1]}, nuclear_weight: 0.01, tolerance: 1e-9}
"""


def check_holes(folder):
    """Points that never ran have no number and no phase, but n, lambda and p: what creation wrote,
    found after a kill at once."""
    path, job = f"{folder}/holes.h5", write(f"{folder}/slow.yaml", SLOW_JOB)
    process = subprocess.Popen([PROGRAM, "run", job, "-o", path], stderr=subprocess.DEVNULL)
    while not os.path.exists(path):
        time.sleep(0.005)
    process.kill()
    process.wait()
    for engine in ("h5netcdf", "netcdf4"):
        data = read(path, "slow", engine)
        assert (data["outcome"] <= 1).all() and data["risk"].isnull().all()
        assert data["eigenvalues"].isnull().all() and data["gap"].isnull().all()
        assert np.array_equal(data["resolved_samples"][0], np.round(400.0 ** data.samples_power))
        assert (data["resolved_width"] == 400).all()
    with h5py.File(path) as file:
        assert np.isnan(file["slow/risk"][()]).all() and np.isnan(file["slow/risk"].attrs["_FillValue"])


def check_structure(folder, path):
    """verify finds every change of what numbers mean, though no row was touched."""
    def axis(file):
        file["first/weight_decay_power"][3] += 0.5

    def noise(file):
        file["first"].attrs.modify("noise", 0.2)

    def job(file):
        text = file.attrs["job"]
        text = text.decode() if isinstance(text, bytes) else text
        file.attrs.create("job", np.bytes_(text.replace("noise: 0.5", "noise: 0.6")))

    def unit(file):
        file["second/risk"].attrs.create("units", np.bytes_("m"))
    for change in (axis, noise, job, unit):
        copy = f"{folder}/changed.h5"
        shutil.copy(path, copy)
        with h5py.File(copy, "r+") as file:
            change(file)
        done = alone("verify", copy)
        assert done.returncode == 1 and "structure_checksum" in done.stdout, (change.__name__, done)


def check_identity(folder):
    """Two archives of one job are two archives."""
    names = [xr.open_dataset(f"{folder}/np{n}.h5").attrs["archive_id"] for n in (1, 2)]
    assert names[0] != names[1] and all(len(name) == 32 for name in names)


def check_runs(path):
    report = status(path)
    points = sum(sweep["points"] for sweep in report["sweeps"])
    assert points == 480 + 64 and not report["running"]
    assert [entry["points"] for entry in report["runs"]] == [points]
    assert report["runs"][0]["end"] > report["runs"][0]["start"] > 1.7e9


def check_changed_job(folder, job):
    """A changed job is refused by its first difference; spelling is no difference."""
    path = f"{folder}/np1.h5"
    before = read_bytes(path)
    other = f"{folder}/other.yaml"
    for old, new, *words in (
            ("noise: 0.5", "noise: 0.4", "second", "noise", "0.5", "0.4"),
            ("noise: 0.1", "noise: 0.1000000000000001", "first", "0.1000000000000001"),
            ("[0.75, 1.25]", "[1.25, 0.75]", "first", "source_exponent"),
            ("[0.75, 1.25]", "[0.75, 1.25, 2]", "2 values", "3"),
            ("weight_decay", "nuclear_weight", "first", "weight_decay", "not given"),
            ("name: first", "name: erste", "first", "erste")):
        write(other, JOB.replace(old, new))
        assert_one_line(call(2, "run", other, "-o", path), 2, *words)
    assert_one_line(call(2, "run", job, "-o", job), 2, "no phasesweep archive")
    assert read_bytes(path) == before
    write(other, JOB.replace("title: test", "title: '  # new'").replace("0.75", "7.5e-1"))
    assert run(2, "run", other, "-o", path) == 0


def check_names(folder, job, good):
    """Short, long, linked and empty names; a limit on the sizes of files."""
    here = os.getcwd()
    os.chdir(folder)
    for ranks in (1, 2):
        assert run(ranks, "run", job, "-o", "a") == 0 and run(ranks, "resume", "a") == 0
        os.remove("a")
    long = "/".join([folder, "d" * 200, "e" * 200, "f" * 150])
    os.makedirs(os.path.dirname(long))
    for path in (long, os.path.relpath(long)):
        assert run(2, "run", job, "-o", path) == 0 and run(2, "resume", path) == 0
        assert_equal_archives(good, path, NAMES)
        assert os.listdir(os.path.dirname(long)) == [os.path.basename(long)]
        os.remove(path)
    before = sorted(os.listdir())
    for name, word in (("", "empty"), ("g" * 250, "too long"), ("h" * 256, "too long"),
                       ("none/a.h5", "No such file"), ("/".join(["i" * 200] * 30), "iii")):
        assert_one_line(call(1, "run", job, "-o", name), 2, word)
    os.symlink("nowhere", "dangling.h5")
    assert_one_line(call(1, "run", job, "-o", "dangling.h5"), 2, "symbolic link")
    os.remove("dangling.h5")
    limited = ["prlimit", "--fsize=20000", PROGRAM, "run", job, "-o", "limited.h5"]
    assert_one_line(subprocess.run(limited, capture_output=True, text=True), 4, "disk space")
    assert sorted(os.listdir()) == before
    os.chdir(here)


def check_linked(folder):
    """--extend through a symbolic link changes what the link leads to."""
    one = write(f"{folder}/one.yaml", JOB)
    two = write(f"{folder}/two.yaml", JOB.replace("[0.75, 1.25]", "[0.75, 1.25, 2]"))
    assert run(1, "run", one, "-o", f"{folder}/target.h5") == 0
    os.symlink("target.h5", f"{folder}/link.h5")
    assert run(1, "run", "--extend", two, "-o", f"{folder}/link.h5") == 0
    assert os.path.islink(f"{folder}/link.h5")
    assert read(f"{folder}/target.h5", "first").sizes["source_exponent"] == 3


def main():
    with tempfile.TemporaryDirectory() as folder:
        job = write(f"{folder}/job.yaml", JOB)
        check_ranks(folder, job)
        check_content(f"{folder}/np1.h5")
        check_point(f"{folder}/np1.h5")
        check_runs(f"{folder}/np1.h5")
        check_verify(folder, f"{folder}/np1.h5")
        check_names(folder, job, f"{folder}/np1.h5")
        check_linked(folder)
        check_changed_job(folder, job)
        check_groups(f"{folder}/np1.h5")
        check_physical(f"{folder}/np1.h5")
        check_holes(folder)
        check_structure(folder, f"{folder}/np1.h5")
        check_identity(folder)


matplotlib.use("agg")
main()
