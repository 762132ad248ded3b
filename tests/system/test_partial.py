"""Figures of archives that are not finished, and of sweeps that are no map: one line, status 2.

usage: test_partial.py PHASESWEEP MPIEXEC
"""
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np

from harness import GRID_JOB, alone, assert_one_line, run, write

SCRIPTS = pathlib.Path(__file__).parents[2] / "analysis"
RELATIVE = """sweeps:
  - source_exponent: 1
    dimension: 100
    noise: 0.1
    samples: {as: effective_power, from: 0, to: 3, count: 10}
    nuclear_weight: {as: sqrt_effective, values: [0.1, 1, 4]}
"""


def draw(script, path, folder):
    return subprocess.run([sys.executable, SCRIPTS / script, path, folder], capture_output=True,
                          text=True, timeout=120)


def forget(path, name):
    """As if no point of the sweep had run yet."""
    with h5py.File(path, "r+") as archive:
        group = archive[name]
        for field, values in group.items():
            if values.ndim == group["outcome"].ndim and values.dtype.kind == "f":
                values[...] = np.nan
        group["outcome"][...] = 0


def main():
    with tempfile.TemporaryDirectory() as folder:
        job = write(f"{folder}/job.yaml", GRID_JOB.replace("count: 300", "count: 20")
                    .replace("[0.1, 0.5]", "0.1"))
        path = f"{folder}/grid.h5"
        # a sweep's own keys are stronger than `set`, --set is stronger than both
        text = open(job).read() + "set: {width: 50, source_exponent: 3}\n"
        write(job, text)
        assert run(1, "run", job, "--set", "dimension=60", "--set", "noise=0.1", "-o", path) == 0
        with h5py.File(path) as archive:
            assert archive["grid"].attrs["dimension"] == 60
            assert archive["grid"].attrs["width"] == 50
            assert archive["grid/source_exponent"][...].tolist() == [1, 2]
        assert draw("fig_phase_diagram.py", path, folder).returncode == 0
        forget(path, "grid")
        for script in ("fig_phase_diagram.py", "fig_exponents.py"):
            assert_one_line(draw(script, path, folder), 2, "1200 of 1200 points not run yet")
        job = write(f"{folder}/relative.yaml", RELATIVE)
        path = f"{folder}/relative.h5"
        assert run(1, "run", job, "-o", path) == 0
        for script in ("fig_phase_diagram.py", "fig_exponents.py"):
            assert_one_line(draw(script, path, folder), 2, "relative to the samples", "run jobs/")
        assert alone("plan", str(SCRIPTS.parent / "jobs" / "amp.yaml"), "--set",
                     "dimension=50").returncode == 0


main()
