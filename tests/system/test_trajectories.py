"""Learning in time: the functions of phasesweep.trajectories on lines that are known, archives of flow and
descent, their figure, and a descent that is stopped and goes on.

usage: test_trajectories.py PHASESWEEP MPIEXEC
"""
import os
import tempfile

from harness import assert_one_line, run
from figures import archive, draw, saved
import fig_trajectories
from phasesweep import sweep, trajectories
from style import np

JOB = """set: {source_exponent: 1.25, noise: 0.5, dimension: 12, weight_decay: 0}
sweeps:
  - name: descent
    method: descent
    samples: [100, 300]
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
    assert (data["risk"].dropna("time").sizes["time"] == 5) and data["iterations"].values[0].tolist() == [
        5, 25, 50, 100, 250]
    assert (data["gap"].values > 0).all() and data.attrs["learning_rate"] == 0.02
    assert run(1, "verify", path) == 0
    again = f"{folder}/again.h5"
    assert run(1, "run", f"{folder}/time.yaml", "-o", again) == 0
    # another number of ranks: the same networks to rounding
    other = sweep.open_sweep(again, "adam")
    assert np.allclose(other["risk"], sweep.open_sweep(path, "adam")["risk"], rtol=1e-9, atol=0)
    figures = saved(fig_trajectories, path)
    assert sorted(figures) == ["trajectories_flow", "trajectories_quadratic"], sorted(figures)
    axes = figures["trajectories_quadratic"].axes
    assert np.allclose(axes[0].lines[0].get_ydata(), data["risk"].isel(samples=0))
    assert draw("fig_trajectories.py", path, folder).returncode == 0
    assert os.path.exists(f"{folder}/trajectories_flow.png")
    job = "\n".join(["sweeps:", "  - {source_exponent: 1.25, noise: 0.5, dimension: 12, weight_decay: 1, samples: 30}"])
    assert_one_line(draw("fig_trajectories.py", archive(folder, "plain", job), folder), 2,
                    "no descent", "run jobs/trajectories.yaml")


with tempfile.TemporaryDirectory() as folder:
    check_functions()
    check_archive(folder)
print("ok")
