"""What the figures draw is what the archive holds; wrong input is one line that names the job.

usage: test_figures.py PHASESWEEP MPIEXEC
"""
import os
import pathlib
import subprocess
import sys
import tempfile

import h5py

from harness import assert_one_line, run, write

ANALYSIS = pathlib.Path(__file__).resolve().parent.parent / "analysis"
sys.path.insert(0, str(ANALYSIS))
os.environ.setdefault("MPLCONFIGDIR", tempfile.gettempdir())

MAP_JOB = """sweeps:
  - name: quadratic
    source_exponent: 1.25
    dimension: 100
    noise: 0.1
    samples: {as: effective_power, from: 0, to: 3, count: 5}
    weight_decay: {as: power, from: -1, to: 1, count: 4}
  - name: noisy
    source_exponent: 1.25
    dimension: 100
    noise: [0.1, 0.2]
    samples: [1000, 3000]
    weight_decay: [0.1, 1]
"""


def archive(folder, name, text):
    path = f"{folder}/{name}.h5"
    assert run(2, "run", write(f"{folder}/{name}.yaml", text), "-o", path) == 0
    return path


def draw(script, path, folder):
    return subprocess.run(["/usr/bin/python3", str(ANALYSIS / script), path, folder],
                          capture_output=True, text=True)


def check_refusals(folder):
    """What is missing is named in one line, with the job, and the status is that of wrong input."""
    path = archive(folder, "map", MAP_JOB)
    assert draw("fig_phase_diagram.py", path, folder).returncode == 0
    assert not os.path.exists(f"{folder}/phase_diagram_noisy.png")     # another axis varies
    assert_one_line(draw("fig_exponents.py", path, "/proc/none"), 2, "/proc/none: ")
    assert_one_line(draw("fig_exponents.py", f"{folder}/map.yaml", folder), 2, "run jobs/exp")
    with h5py.File(path, "r+") as file:
        del file["quadratic"]["exponent_samples"]
    assert_one_line(draw("fig_exponents.py", path, folder), 2,
                    "sweep quadratic has no field exponent_samples", "run jobs/exponents.yaml")
    assert draw("fig_phase_diagram.py", path, folder).returncode == 0  # reads no exponents


with tempfile.TemporaryDirectory() as scratch:
    check_refusals(scratch)
