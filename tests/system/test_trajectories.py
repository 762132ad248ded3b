"""Learning in time: the functions of phasesweep.trajectories on lines that are known, archives of flow and
descent, their figure, and a descent that is stopped and goes on.

usage: test_trajectories.py PHASESWEEP MPIEXEC
"""
import os
import shutil
import signal
import subprocess
import tempfile
import time

import h5py

from harness import PROGRAM, alone, assert_equal_archives, assert_one_line, count, run, write
from figures import archive, draw, saved
import fig_trajectories
from phasesweep import sweep, trajectories
from style import np

JOB = """set: {source_exponent: 1.25, noise: 0.5, dimension: 12, weight_decay: 0}
sweeps:
  - name: descent
    method: descent
    samples: [100, 300]
    seed: [0, 1]
    learning_rate: 0.02
    time: [0.1, 0.5, 1, 2, 5]
  - name: adam
    method: descent
    optimizer: adam
    batch: 30
    samples: [100, 300]
    learning_rate: 0.02
    time: [0.1, 0.5, 2]
  - name: flow
    method: flow
    time: [0.1, 0.5, 1, 2, 5]
  - name: widths
    method: flow
    width: [1, 4, 12]
    time: [0.1, 1, 5]
  - name: aligned
    method: flow
    start: aligned
    source_exponent: [1, 1.25]
    time: [0.1, 1, 5]
"""


def check_functions():
    """The minimum of a parabola in log x, at its place and at an end; the envelope by hand."""
    x = np.geomspace(0.1, 10, 9)
    found = trajectories.least(x, 2 + (np.log(x) - 0.3) ** 2)
    assert np.allclose(found, (np.exp(0.3), 2), rtol=1e-9), found
    assert trajectories.least(x, x) == (x[0], x[0])
    assert np.isnan(trajectories.least([1.0], [np.nan])[0])
    for risk, inside in (((3, 1, 2), True), ((1, 2, 3), False), ((3, 2, 1), False), ((np.nan, 1, 2), False)):
        assert trajectories.is_inside([1, 2, 4], risk) == inside
    assert trajectories.is_inside([2, 1, 4], [1, 3, 2])
    rows = trajectories.frontier([1, 2], [1, 3], [[1.0, 0.9], [0.95, 0.5]])
    assert rows[:, 0].tolist() == [1, 2, 6] and rows[:, 1].tolist() == [1.0, 0.9, 0.5]
    assert rows[-1].tolist() == [6, 0.5, 3, 2]
    # 2 tau s_K = L = log(s_K/s0)
    tau, start = np.array([0.1, 1.0]), 1e-4
    logarithm = trajectories.learned_logarithm(tau, start)
    assert np.allclose(logarithm, np.log(logarithm / (2 * tau) / start), rtol=1e-10)
    assert np.isnan(trajectories.learned_logarithm(1e5, start))


def check_archive(folder):
    """A point says what the archive says; a run that was stopped ends as one that was not."""
    path = archive(folder, "time", JOB)
    data = sweep.open_sweep(path, "descent")
    assert (data["risk"].dropna("time").sizes["time"] == 5) and data["iterations"].values[0, 0].tolist() == [
        5, 25, 50, 100, 250]
    assert (data["gap"].values > 0).all() and data.attrs["learning_rate"] == 0.02
    assert run(1, "verify", path) == 0
    again = f"{folder}/again.h5"
    assert run(1, "run", f"{folder}/time.yaml", "-o", again) == 0
    # another number of ranks: the same networks to rounding
    other = sweep.open_sweep(again, "adam")
    assert np.allclose(other["risk"], sweep.open_sweep(path, "adam")["risk"], rtol=1e-9, atol=0)
    assert alone("diff", "--tolerance", "1e-9", path, again).returncode == 0
    assert alone("diff", "--tolerance", "1e-9", path, moved(again, folder)).returncode == 1
    figures = saved(fig_trajectories, path)
    assert sorted(figures) == ["trajectories_flow", "trajectories_quadratic"], sorted(figures)
    axes = figures["trajectories_quadratic"].axes
    # the mean over seeds, and a star: full where the least risk is no end of the line
    mean = data["risk"].mean("seed").transpose("samples", "time")
    lines = axes[0].lines
    for n in range(2):
        assert np.allclose(lines[2 * n].get_ydata(), mean[n])
        x, y = trajectories.least(data["time"], mean[n])
        assert np.allclose(lines[2 * n + 1].get_data(), [[x], [y]])
        full = str(lines[2 * n + 1].get_markerfacecolor()) != "white"
        assert full == trajectories.is_inside(data["time"], mean[n])
    assert 0 < int(mean[0].argmin()) < 4 and "mean of 2 seeds" in figures["trajectories_quadratic"].told
    assert draw("fig_trajectories.py", path, folder).returncode == 0
    assert os.path.exists(f"{folder}/trajectories_flow.png")
    job = "\n".join(["sweeps:", "  - {source_exponent: 1.25, noise: 0.5, dimension: 12, weight_decay: 1, samples: 30}"])
    assert_one_line(draw("fig_trajectories.py", archive(folder, "plain", job), folder), 2,
                    "no descent", "run jobs/trajectories.yaml")


def moved(path, folder):
    """A copy in which one risk of a descent is another."""
    other = shutil.copy(path, f"{folder}/moved.h5")
    with h5py.File(other, "r+") as file:
        file["descent/risk"][0, 0, 0] *= 1 + 1e-6
    return other


def check_extended(folder):
    """More times: those of before are taken over, the others end as in an archive of their own."""
    path, whole = f"{folder}/longer.h5", f"{folder}/longer_whole.h5"
    shutil.copy(f"{folder}/time.h5", path)
    job = write(f"{folder}/longer.yaml", JOB.replace("[0.1, 0.5, 1, 2, 5]", "[0.1, 0.5, 1, 2, 5, 7]"))
    assert run(1, "run", "--extend", job, "-o", path) == 0
    assert run(1, "run", job, "-o", whole) == 0
    for name, others in (("descent", (0, 0)), ("flow", ())):
        attempts = sweep.open_sweep(path, name)["attempts"].values[others]
        assert attempts.tolist() == [0, 0, 0, 0, 0, 1], (name, attempts)
    assert (sweep.open_sweep(path, "adam")["attempts"] == 0).all()
    assert alone("verify", path).returncode == 0
    # of two ranks the first times, of one the rest
    done = alone("diff", "--tolerance", "1e-9", whole, path)
    assert done.returncode == 0, done


LONG = """sweeps:
  - {name: long, method: flow, source_exponent: 1.25, dimension: 100, weight_decay: 0,
     time: {from: 0.1, to: 30, count: 1000}}
"""


def check_stopped(folder):
    """A flow that a signal stops between two times begins again, and ends as one that was not."""
    path, whole = f"{folder}/stopped.h5", f"{folder}/stopped_whole.h5"
    job = write(f"{folder}/stopped.yaml", LONG)
    assert run(1, "run", job, "-o", whole) == 0
    process = subprocess.Popen([PROGRAM, "run", job, "-o", path], stderr=subprocess.DEVNULL)
    while process.poll() is None and (not os.path.exists(path) or count(path, "running") == 0):
        time.sleep(0.01)
    process.send_signal(signal.SIGUSR1)
    assert process.wait() == 3, "not stopped: too fast a machine"
    assert count(path, "converged") < 1000
    assert run(1, "resume", path) == 0
    assert_equal_archives(whole, path, ["long"])


with tempfile.TemporaryDirectory() as folder:
    check_functions()
    check_archive(folder)
    check_extended(folder)
    check_stopped(folder)
print("ok")
