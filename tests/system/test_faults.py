"""kill -9 at random moments, signals: nothing finished is lost.

usage: test_faults.py PHASESWEEP MPIEXEC [KILLS]        default: 50
"""
import collections
import glob
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

from harness import MPIEXEC, PROGRAM, alone, assert_equal_archives, count, run, write

KILLS = int(sys.argv[3]) if len(sys.argv) > 3 else 50
JOB = """set: {source_exponent: 1.25, noise: 0.1}
sweeps:
  - name: grid
    dimension: 1000
    samples: {as: effective_power, from: -0.5, to: 3, count: %d}
    weight_decay: {as: power, from: -1, to: 1.5, count: 150}
  - {name: convex, method: training, dimension: 24, samples: 400, seed: [1, 2], tolerance: 1e-9,
     nuclear_weight: [0.1, 0.05, 0.02], ranks_per_line: 1}
  - {name: team, method: training, dimension: 24, samples: 400, seed: [4, 5], tolerance: 1e-9,
     nuclear_weight: [0.1, 0.05, 0.02], ranks_per_line: 2}
  - {name: narrow, method: training, dimension: 24, samples: 400, width: 3, seed: [1, 2],
     tolerance: 1e-9, nuclear_weight: [0.1, 0.05], ranks_per_line: 1}
  - {name: lasso, method: training, model: diagonal, dimension: 150, samples: [100, 1000],
     weight_decay: [0.2, 0.1, 0.05], tolerance: 1e-10, ranks_per_line: 2}
  - {name: passing, method: amp, dimension: 24, samples: 400, seed: [1, 2], tolerance: 1e-9,
     nuclear_weight: [0.6, 0.3], ranks_per_line: 1}
  - {name: ridge, method: training, model: ridge, dimension: 100, samples: 2000, seed: [1, 2],
     weight_decay: [0.6, 0.3], ranks_per_line: 1}
  - {name: signed, method: training, model: signed, signs: random, linear_unit: "yes", dimension: 24,
     samples: 500, seed: [1, 2], tolerance: 1e-9, nuclear_weight: [0.1, 0.05], ranks_per_line: 2}
"""
NAMES = ("grid", "convex", "team", "narrow", "lasso", "passing", "ridge", "signed")
TRAININGS = 2 * 6 + 4 + 6 + 4 + 4 + 4
# lines of the grid: few where it is run again and again, and seconds of them where signals are
# sent, for mpirun gives its ranks one second to end after INT and TERM
FEW, MANY, LINE = 120, 500, 150


def start(*arguments):
    return subprocess.Popen([MPIEXEC, "-n", "3", PROGRAM, *arguments],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ranks_of(path):
    """Processes of the program, the launcher not among them."""
    found = subprocess.run(["pgrep", "-f", f"^{PROGRAM} .*{path}"], capture_output=True, text=True)
    return [int(pid) for pid in found.stdout.split()]


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def kill(process, path, victim):
    """SIGKILL to one rank, to all of them, or to the launcher."""
    if victim == "launcher":
        process.kill()
    else:
        ranks = ranks_of(path)
        send(ranks if victim == "all" else ranks[:1], signal.SIGKILL)
    try:
        process.wait(timeout=3)
    except subprocess.TimeoutExpired:
        process.kill()  # Open MPI 4.1's mpirun can hang in its own end when ranks die early
        process.wait()


def prepare(folder, name, lines):
    """A job and its archive of an unbroken run."""
    job, whole = write(f"{folder}/{name}.yaml", JOB % lines), f"{folder}/{name}.h5"
    assert run(3, "run", job, "-o", whole) == 0
    return job, whole


def check_kills(folder):
    """Killed again and again, creation included, with trainings in flight that save after every
    iteration; what was finished stays; the end is equal, and nothing lies beside it."""
    job, whole = prepare(folder, "short", FEW)
    path, kills, archives, finished, retry = f"{folder}/killed.h5", 0, 0, 0, ()
    tally = collections.Counter()
    while kills < KILLS or os.path.exists(path):
        os.environ["PHASESWEEP_CHECKPOINT_PERIOD"] = "0" if kills < KILLS else "60"
        process = start("run", job, "-o", path, *retry)
        if kills < KILLS:
            time.sleep(random.choice((random.uniform(0.02, 0.5), random.uniform(0.5, 2.0))))
        else:
            process.wait()
        if process.poll() is None:
            kill(process, path, random.choice(("one", "all", "launcher")))
            kills += 1
            tally["while saving"] += bool(glob.glob(f"{path}.*.checkpoint.new"))
            tally["with a checkpoint"] += bool(glob.glob(f"{path}.*.checkpoint"))
        if os.path.exists(path):
            now = count(path, "converged")
            assert now >= finished, "finished points were lost"
            finished = now
            # killed too often in the same chain: only asked for are they tried again
            retry = ("--retry",) if count(path, "lost") else ()
            tally["retries"] += len(retry)
        if finished == FEW * LINE + TRAININGS:
            assert_equal_archives(whole, path, NAMES)
            assert alone("verify", path).returncode == 0
            assert run(1, "run", job, "-o", path) == 0
            assert not glob.glob(f"{path}.*checkpoint*")
            os.remove(path)
            archives, finished = archives + 1, 0
    print(f"{kills} kills, {archives} archives equal to an unbroken run;", dict(tally))


def wait_for_points(path):
    while not os.path.exists(path) or count(path, "converged") == 0:
        time.sleep(0.02)


def check_signals(folder):
    """USR1 to the launcher, and INT and TERM to a run without one: chains in flight finish,
    status 3, the same command completes.  INT and TERM end mpirun itself with 1, and its ranks
    a second later: nothing finished is lost."""
    job, whole = prepare(folder, "long", MANY)
    for number, alone, expected in ((signal.SIGUSR1, False, 3), (signal.SIGINT, True, 3),
                                    (signal.SIGTERM, True, 3), (signal.SIGINT, False, 1),
                                    (signal.SIGTERM, False, 1)):
        path = f"{folder}/signalled.h5"
        words = ("run", job, "-o", path)
        process = subprocess.Popen([PROGRAM, *words]) if alone else start(*words)
        wait_for_points(path)
        process.send_signal(number)
        assert process.wait() == expected, (number, process.returncode)
        assert 0 < count(path, "converged") < MANY * LINE + TRAININGS
        assert expected == 1 or count(path, "running") == 0
        assert run(3, "resume", path) == 0
        assert_equal_archives(whole, path, NAMES)
        os.remove(path)


def main():
    seed = int.from_bytes(os.urandom(4), "little")
    print("random seed", seed)
    random.seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        check_signals(folder)
        check_kills(folder)


main()
