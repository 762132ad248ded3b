"""kill -9 at random moments, signals: nothing finished is lost.

usage: test_faults.py PHASESWEEP MPIEXEC [KILLS]        default: 20
"""
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

from harness import MPIEXEC, PROGRAM, assert_equal_archives, count, run, write

KILLS = int(sys.argv[3]) if len(sys.argv) > 3 else 20
JOB = """sweeps:
  - name: grid
    source_exponent: [0.75, 1.25, 2]
    dimension: 1000
    noise: 0.1
    samples: {as: effective_power, from: -0.5, to: 3, count: 120}
    weight_decay: {as: power, from: -1, to: 1.5, count: 150}
"""
POINTS = 3 * 120 * 150


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


def check_kills(folder, job, whole):
    """Killed again and again, creation included; what was finished stays; the end is equal."""
    path, kills, archives, finished = f"{folder}/killed.h5", 0, 0, 0
    while kills < KILLS or os.path.exists(path):
        process = start("run", job, "-o", path)
        if kills < KILLS:
            time.sleep(random.choice((random.uniform(0.02, 0.5), random.uniform(0.5, 2.0))))
        else:
            process.wait()
        if process.poll() is None:
            kill(process, path, random.choice(("one", "all", "launcher")))
            kills += 1
        if os.path.exists(path):
            now = count(path, "converged")
            assert now >= finished, "finished points were lost"
            finished = now
        if finished == POINTS:
            assert_equal_archives(whole, path, ["grid"])
            os.remove(path)
            archives, finished = archives + 1, 0
    print(f"{kills} kills, {archives} archives equal to an unbroken run")


def wait_for_points(path):
    while not os.path.exists(path) or count(path, "converged") == 0:
        time.sleep(0.02)


def check_signals(folder, job, whole):
    """USR1 to the launcher, and INT and TERM to a run without one: chains in flight finish,
    status 3, the same command completes.  INT and TERM end mpirun itself with 1, and its ranks
    a second later: nothing finished is lost."""
    for number, alone, expected in ((signal.SIGUSR1, False, 3), (signal.SIGINT, True, 3),
                                    (signal.SIGTERM, True, 3), (signal.SIGINT, False, 1),
                                    (signal.SIGTERM, False, 1)):
        path = f"{folder}/signalled.h5"
        words = ("run", job, "-o", path)
        process = subprocess.Popen([PROGRAM, *words]) if alone else start(*words)
        wait_for_points(path)
        process.send_signal(number)
        assert process.wait() == expected, (number, process.returncode)
        assert 0 < count(path, "converged") < POINTS
        assert expected == 1 or count(path, "running") == 0
        assert run(3, "resume", path) == 0
        assert_equal_archives(whole, path, ["grid"])
        os.remove(path)


def main():
    seed = int.from_bytes(os.urandom(4), "little")
    print("random seed", seed)
    random.seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        job = write(f"{folder}/job.yaml", JOB)
        whole = f"{folder}/whole.h5"
        assert run(3, "run", job, "-o", whole) == 0
        check_signals(folder, job, whole)
        check_kills(folder, job, whole)


main()
