"""What the system tests share: running the program, reading archives, comparing them."""
import json
import subprocess
import sys

import xarray as xr

PROGRAM, MPIEXEC = sys.argv[1:3]

GRID_JOB = """sweeps:
  - name: grid
    source_exponent: [1, 2]
    dimension: 100
    noise: [0.1, 0.5]
    samples: {as: effective_power, from: -0.5, to: 3, count: 30}
    weight_decay: {as: power, from: -1, to: 1.5, count: 300}
"""


def call(ranks, *arguments, timeout=120):
    """Run under mpirun; the finished process with its text."""
    return subprocess.run([MPIEXEC, "-n", str(ranks), PROGRAM, *arguments],
                          capture_output=True, text=True, timeout=timeout)


def run(ranks, *arguments):
    return call(ranks, *arguments).returncode


def alone(*arguments, timeout=60):
    """Run without a launcher."""
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=timeout)


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def read(path, name, engine="h5netcdf"):
    return xr.open_dataset(path, group=name, engine=engine).load()


def status(path):
    done = alone("status", "--json", path)
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def count(path, outcome):
    return sum(sweep["outcomes"][outcome] for sweep in status(path)["sweeps"])


def assert_equal_archives(a, b, names):
    """Bitwise, but for the seconds."""
    for name in names:
        x, y = read(a, name), read(b, name)
        assert set(x.variables) == set(y.variables) and x.sizes == y.sizes
        for field in set(x.variables) - {"seconds"}:
            assert x[field].values.tobytes() == y[field].values.tobytes(), (name, field)


def assert_one_line(done, code, *words):
    assert done.returncode == code, done
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr, (word, done.stderr)
