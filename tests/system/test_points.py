"""Results are shared by points: compared by `diff` and taken over by `--extend`.

usage: test_points.py PHASESWEEP MPIEXEC
"""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import h5py
import numpy as np

from harness import PROGRAM, alone, call, read, run, write

GRID = """sweeps:
  - {name: grid, source_exponent: [1, 2], dimension: 100, noise: 0.1, samples: 5000,
     weight_decay: VALUES}
"""

TRAINED = """sweeps:
  - {name: net, method: training, source_exponent: 1.25, dimension: 16, noise: 0.1, seed: [1, 2, 3],
     samples: [100, 200], weight_decay: VALUES}
  - {name: lasso, model: diagonal, method: training, source_exponent: 1.25, dimension: 30, noise: 0.1,
     seed: [1, 2], samples: [20, 40], weight_decay: VALUES}
  - {name: ridge, model: ridge, method: training, source_exponent: 1.25, dimension: 30, noise: 0.1,
     seed: 1, samples: [20, 40], weight_decay: VALUES}
"""
BEFORE, AFTER = [3, 1, 0.3], [10, 3, 1, 0.5, 0.3]


def archive(folder, name, text, values="", *options, ranks=2, code=0):
    """The job with these values, run into an archive of this name; what it said."""
    job = write(f"{folder}/{name}.yaml", text.replace("VALUES", str(values)))
    done = call(ranks, "run", job, "-o", f"{folder}/{name}.h5", *options)
    assert done.returncode == code, done
    return done.stderr


def diff(a, b, *options):
    done = alone("diff", *options, a, b)
    return done.returncode, done.stdout


def said(text, points, words):
    line = [line for line in text.splitlines() if words in line]
    return len(line) == 1 and f" {points} " in line[0]


def same_rows(a, b, name, **places):
    """All that b has at the coordinates of a, bit by bit, and marked as taken over."""
    old = read(a, name)
    new = read(b, name).sel({axis: old[axis] for axis in old.dims if axis in old.coords}, **places)
    assert (new["attempts"] == 0).all() and (old["outcome"] == 2).all()
    for field in set(old.data_vars) - {"attempts", "checksum"}:
        assert old[field].values.tobytes() == new[field].values.tobytes(), (name, field)


def check_diff(folder):
    """Shared whatever their order, and where one axis is finer."""
    a, b, c = (f"{folder}/{name}.h5" for name in "abc")
    archive(folder, "a", GRID, [1, 2, 3, 4, 5, 6, 7, 8, 9])
    archive(folder, "b", GRID, [9, 1, 8, 2, 7, 3, 6, 4, 5])
    code, text = diff(a, b)
    assert code == 1 and "18 points shared, 0 only in" in text and "18 of the shared" in text, text
    assert "iterations" not in text and "residual" not in text
    code, text = diff(a, b, "--tolerance", "1e-9")
    assert code == 0 and text.endswith("equal\n"), text
    assert diff(a, a) == (0, f"18 points shared, 0 only in {a}, 0 only in {a}; equal\n")
    decades = "{from: 1e-2, to: 100, count: COUNT, spacing: logarithmic}"
    archive(folder, "a", GRID.replace("grid", "coarse"), decades.replace("COUNT", "5"), "--extend")
    archive(folder, "c", GRID, decades.replace("COUNT", "601"))
    code, text = diff(a, c, "--tolerance", "1e-9")
    assert code == 1 and f"10 points shared, 0 only in {a}, 1192 only in {c}" in text, text
    assert f"10 points shared, 1192 only in {c}, 0 only in {a}" in diff(c, a)[1]
    assert [0.01, 0.1, 1.0, 10.0, 100.0] == [w for w in read(c, "grid").weight_decay.values
                                              if np.log10(w) == round(np.log10(w))]


def check_trainings(folder):
    """One more value throws no training away, and only what is missing is trained."""
    name, old, fresh = (f"{folder}/{name}.h5" for name in ("trained", "before", "fresh"))
    archive(folder, "trained", TRAINED, BEFORE)
    shutil.copy(name, old)
    text = archive(folder, "trained", TRAINED, AFTER, "--extend", ranks=3)
    assert said(text, 36, "finished points taken over"), text
    assert said(text, 24, "not in the archive") and "stay in" not in text, text
    for sweep in ("net", "lasso", "ridge"):
        same_rows(old, name, sweep)
        assert (read(name, sweep)["attempts"].sel(weight_decay=[10, 0.5]) == 1).all()
    assert alone("verify", name).returncode == 0
    archive(folder, "fresh", TRAINED, AFTER)
    code, text = diff(name, fresh, "--tolerance", "1e-2")
    assert code == 0 and "60 points shared" in text, text
    # a row that was taken and then damaged is made again, with its chain
    with h5py.File(name, "r+") as file:
        file["net/risk"][0, 0, 2] *= 2
    assert alone("verify", name).returncode == 1
    assert run(2, "resume", name) == 0 and alone("verify", name).returncode == 0
    assert (read(name, "net")["attempts"][0, 0] == 1).all()
    assert diff(name, fresh, "--tolerance", "1e-2")[0] == 0


def check_lost(folder):
    """Of a chain that took its job down only those points are lost that were not taken over."""
    name = f"{folder}/lost.h5"
    shutil.copy(f"{folder}/trained.h5", name)
    with h5py.File(name, "r+") as file:
        taken = file["net/attempts"][1, 1] == 0
        outcome, attempts = file["net/outcome"][1, 1], file["net/attempts"][1, 1]
        outcome[~taken], attempts[~taken] = 1, 3
        file["net/outcome"][1, 1], file["net/attempts"][1, 1] = outcome, attempts
    assert taken.sum() == 3 and run(1, "resume", name) == 1 and alone("verify", name).returncode == 0
    for code, outcome, options in ((1, 6, ()), (0, 2, ("--retry",))):
        assert run(2, "resume", name, *options) == code
        net = read(name, "net")
        assert (net["outcome"].values[1, 1] == np.where(taken, 2, outcome)).all()
        assert (net["attempts"].values[1, 1][taken] == 0).all()
    assert diff(name, f"{folder}/trained.h5", "--tolerance", "1e-2")[0] == 0


SLOW = """sweeps:
  - {name: net, method: training, source_exponent: 1.25, dimension: 150, noise: 0.1, samples: 12000,
     nuclear_weight: VALUES, tolerance: 1e-9}
"""


def check_stopped(folder):
    """A chain of which points were taken over stops and goes on like any other."""
    name = f"{folder}/slow.h5"
    archive(folder, "slow", SLOW, [0.3, 0.1])
    old = read(name, "net")["risk"].values
    job = write(f"{folder}/slow.yaml", SLOW.replace("VALUES", "[0.3, 0.02, 0.1, 0.01]"))
    process = subprocess.Popen([PROGRAM, "run", job, "-o", name, "--extend"], stderr=subprocess.DEVNULL)
    while not os.path.exists(f"{name}.lock") or "nuclear_weight: [0.3, 0.02" not in stored_job(name):
        time.sleep(0.01)
    time.sleep(0.2)
    process.send_signal(signal.SIGUSR1)
    assert process.wait() == 3, "not stopped: too fast a machine"
    net = read(name, "net")
    assert (net["outcome"] == [2, 0, 2, 0]).all() and (net["attempts"] == 0).all()
    assert run(2, "resume", name) == 0
    net = read(name, "net")
    assert (net["outcome"] == 2).all() and (net["attempts"] == [0, 1, 0, 1]).all()
    assert net["risk"].values[[0, 2]].tobytes() == old.tobytes()
    assert alone("verify", name).returncode == 0


def stored_job(name):
    try:
        with h5py.File(name) as file:
            return str(file.attrs["job"])
    except OSError:
        return ""


def check_ranges(folder):
    """A range that goes further keeps what it had, though its last digits come out otherwise."""
    name, old = f"{folder}/range.h5", f"{folder}/range_before.h5"
    job = TRAINED.split("  - {name: lasso")[0]
    values = "{from: 0.3, to: 700, count: 4, spacing: logarithmic}"
    archive(folder, "range", "title: a range\n" + job, values)
    shutil.copy(name, old)
    longer = "title: a longer range\n" + job
    ratio = (700 / 0.3) ** (1 / 3)
    values = "{from: 0.3, to: TO, count: 5, spacing: logarithmic}".replace("TO", repr(700 * ratio))
    text = archive(folder, "range", longer, values, "--extend")
    assert said(text, 24, "finished points taken over") and said(text, 6, "not in the archive"), text
    with h5py.File(name) as file:
        texts = [np.bytes_(file.attrs[key]) for key in ("title", "job")]
        assert texts[0] == b"a longer range" and b"spacing: logarithmic" in texts[1]
    assert alone("verify", name).returncode == 0
    for arguments in (("run", f"{folder}/range.yaml", "-o", name), ("resume", name)):
        done = call(1, *arguments)
        assert done.returncode == 0, done
        assert done.stderr.startswith(f"phasesweep: {name}: all 30 points are finished; nothing to do\n"), done
    code, text = diff(old, name)
    assert "24 points shared, 0 only in" in text, text
    archive(folder, "down", job, "{from: 700, to: 0.3, count: 4, spacing: logarithmic}")
    code, text = diff(f"{folder}/down.h5", old, "--tolerance", "1e-2")
    assert code == 0 and "rounding alone" in text and "24 points shared" in text, text


def check_sweeps(folder):
    """Another sweep, another name, another order: nothing is computed twice."""
    name = f"{folder}/trained.h5"
    head, net, lasso, ridge = TRAINED.split("  - ")
    more = "{name: more, source_exponent: 1, dimension: 50, noise: 0.1, samples: 90, weight_decay: 1}\n"
    text = "  - ".join([head, ridge, more, lasso.replace("lasso", "selection"), net])
    shutil.copy(name, f"{folder}/moved.h5")
    text = archive(folder, "moved", text, AFTER, "--extend")
    assert said(text, 60, "finished points taken over") and said(text, 1, "not in the archive"), text
    assert "1/1 chains" in text and "stay in" not in text, text
    same_rows(name, f"{folder}/moved.h5", "net")
    assert diff(name, f"{folder}/moved.h5")[1].startswith("jobs: ")
    assert "60 points shared, 0 only in" in diff(name, f"{folder}/moved.h5")[1]


ALONE = """sweeps:
  - {name: bayes, method: bayes, source_exponent: 1.25, dimension: 60, noise: 0.1, samples: VALUES}
  - {name: best, method: optimal, source_exponent: 1.25, dimension: 60, noise: 0.1, samples: VALUES}
  - {name: amp, method: amp, source_exponent: 1.25, dimension: 16, noise: 0.1, nuclear_weight: 0.3,
     samples: VALUES}
"""


def check_alone(folder):
    """What needs no neighbour is the same in any chain, bit by bit."""
    archive(folder, "alone", ALONE, [100, 400, 900])
    text = archive(folder, "alone", ALONE, [900, 200, 100, 300, 400], "--extend")
    assert said(text, 9, "finished points taken over") and said(text, 6, "not in the archive"), text
    archive(folder, "alone_fresh", ALONE, [900, 200, 100, 300, 400])
    code, text = diff(f"{folder}/alone.h5", f"{folder}/alone_fresh.h5")
    assert code == 0 and "15 points shared" in text, text


REASONS = """sweeps:
  - {name: narrow, method: training, source_exponent: 1.25, dimension: 16, noise: 0.1, samples: 200,
     width: 4, weight_decay: VALUES}
  - {name: theory, source_exponent: 1.25, dimension: 16, noise: 0.1, samples: 200, weight_decay: VALUES}
  - {name: net, method: training, source_exponent: 1.25, dimension: 16, noise: 0.1, samples: 200,
     weight_decay: VALUES, seed: [1, 2, 3]LIMIT}
"""


def check_reasons(folder):
    """What is not taken over is counted by reason, kept in the old file, and computed."""
    name = f"{folder}/reasons.h5"
    archive(folder, "reasons", REASONS.replace("LIMIT", ", iteration_limit: 40"), [3, 1, 0.3], code=1)
    with h5py.File(name, "r+") as file:
        outcome = file["net/outcome"][()]
        outcome[0, 0] = 0  # never run
        file["net/outcome"][...] = outcome
        file["net/objective"][0, 1] += 1
    outcome[0, 1] = 0
    unconverged = int((outcome == 3).sum())
    assert 0 < unconverged < 7
    text = archive(folder, "reasons", REASONS.replace("LIMIT", ""), [3, 2, 1, 0.3], "--extend")
    taken = 9 - 2 - unconverged
    for points, words in ((taken, "finished points taken over"), (5, "not in the archive"),
                          (3, "starts from its neighbours"), (3, "width < d"),
                          (unconverged, "did not converge"), (1, "not finished"), (1, "checksum")):
        assert said(text, points, words), (points, words, text)
    assert f"stay in {name}.1" in text
    assert (read(name, "net")["outcome"] == 2).all()
    assert (read(name, "narrow")["attempts"] == 1).all() and (read(name, "theory")["attempts"] == 1).all()
    # an unchanged narrow chain is taken as it is
    more = REASONS.replace("LIMIT", "") + "  - {name: more, source_exponent: 1, dimension: 9, noise: 0.1, " \
        "samples: 90, weight_decay: 1}\n"
    text = archive(folder, "reasons", more, [3, 2, 1, 0.3], "--extend")
    assert said(text, 20, "finished points taken over") and said(text, 1, "not in the archive"), text


def check_old_schema(folder):
    """An archive of an older schema is made over, too, and says so."""
    old = pathlib.Path(__file__).parents[1] / "reference" / "schema2.h5"
    name = f"{folder}/old.h5"
    shutil.copy(old, name)
    with h5py.File(name) as file:
        job = file.attrs["job"]
    job = (job.decode() if isinstance(job, bytes) else job).rstrip() + "\n"
    job += "  - {name: more, dimension: 9, samples: 90, weight_decay: 1}\n"
    text = archive(folder, "old", job, "", "--extend")
    assert said(text, 10, "finished points taken over") and "written with schema 2" in text, text
    assert alone("verify", name).returncode == 0
    assert f"10 points shared, 0 only in {old}" in diff(str(old), name)[1]


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_diff(folder)
        check_trainings(folder)
        check_lost(folder)
        check_stopped(folder)
        check_ranges(folder)
        check_sweeps(folder)
        check_alone(folder)
        check_reasons(folder)
        check_old_schema(folder)


main()
