"""The same archive for any number of ranks and any history; opens in xarray and ncdump.

usage: test_archive.py PHASESWEEP MPIEXEC
"""
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np
import xarray as xr

PROGRAM, MPIEXEC = sys.argv[1:3]
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


def run(ranks, *arguments, **options):
    return subprocess.run([MPIEXEC, "-n", str(ranks), PROGRAM, *arguments], **options).returncode


def read(path, name, engine="h5netcdf"):
    return xr.open_dataset(path, group=name, engine=engine).load()


def assert_equal_archives(a, b):
    for name in ("first", "second"):
        x, y = read(a, name), read(b, name)
        assert set(x) == set(y) and x.sizes == y.sizes
        for field in set(x) - {"seconds"}:
            assert x[field].values.tobytes() == y[field].values.tobytes(), (name, field)


def check_ranks(folder, job):
    for ranks in (1, 2, 3, 5):
        assert run(ranks, "run", job, "-o", f"{folder}/np{ranks}.h5") == 0
        assert_equal_archives(f"{folder}/np1.h5", f"{folder}/np{ranks}.h5")


def check_content(folder):
    path = f"{folder}/np1.h5"
    for engine in ("h5netcdf", "netcdf4"):
        data = read(path, "first", engine)
        assert data["risk"].dims == ("source_exponent", "samples", "weight_decay")
        assert (data["outcome"] == 2).all()
        assert np.allclose(data["prediction_risk"], 2 * data["risk"], rtol=1e-15)
        samples = 60.0 ** (1 + data["samples"])
        assert float(abs(data["resolved_samples"] / samples - 1).max()) < 1e-13
        assert float(data["residual"].max()) <= 1e-9
    header = subprocess.run(["ncdump", "-h", path], capture_output=True, text=True)
    assert header.returncode == 0 and "flag_meanings" in header.stdout
    # a point of the archive equals the same point solved alone
    data = read(path, "second")
    cell = data.isel(samples=7, nuclear_weight=2)
    alone = subprocess.run(
        [PROGRAM, "point", "source_exponent=2", "dimension=200", "noise=0.5",
         f"samples={float(cell['resolved_samples'])!r}",
         f"nuclear_weight={float(cell['resolved_nuclear_weight'])!r}"],
        capture_output=True, text=True, check=True)
    risk = float(alone.stdout.split('"risk": ')[1].split(",")[0])
    assert abs(risk / float(cell["risk"]) - 1) < 1e-9


def check_kill(folder, job, tries):
    """SIGKILL of everything at a random moment, creation included; resume; compare."""
    killed = 0
    for k in range(tries):
        path = f"{folder}/kill{k}.h5"
        process = subprocess.Popen([MPIEXEC, "-n", "3", PROGRAM, "run", job, "-o", path],
                                   start_new_session=True, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0.1, 1.5))
        children = subprocess.run(["pgrep", "-f", path], capture_output=True, text=True)
        killed += process.poll() is None
        for pid in children.stdout.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.wait()
        command = ("resume", path) if os.path.exists(path) else ("run", job, "-o", path)
        assert run(2, *command) == 0
        assert_equal_archives(f"{folder}/np1.h5", path)
    print(f"{killed} of {tries} runs were alive when killed")


def check_changed_job(folder, job):
    path = f"{folder}/np1.h5"
    before = open(path, "rb").read()
    other = f"{folder}/other.yaml"
    with open(other, "w") as file:
        file.write(JOB.replace("noise: 0.5", "noise: 0.4"))
    assert run(2, "run", other, "-o", path) == 2
    assert run(2, "run", job, "-o", job) == 2  # exists and is not ours
    assert open(path, "rb").read() == before and open(job).read() == JOB


def main():
    random.seed(1)
    with tempfile.TemporaryDirectory() as folder:
        job = f"{folder}/job.yaml"
        with open(job, "w") as file:
            file.write(JOB)
        check_ranks(folder, job)
        check_content(folder)
        check_changed_job(folder, job)
        check_kill(folder, job, 6)


main()
