"""What counts as an attempt of a chain: crashes and kills without a word, and nothing else.

usage: test_attempts.py PHASESWEEP MPIEXEC INJECT.so
"""
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import h5py

from harness import MPIEXEC, PROGRAM, alone, status, write

INJECT = sys.argv[3]
JOB = """sweeps:
  - {name: slow, method: training, source_exponent: 1.25, dimension: 160, noise: 0.1,
     samples: {as: power, values: [1.9]}, nuclear_weight: [0.02, 0.01, 0.005], tolerance: 1e-9}
"""
POINTS = 3
# so that nothing is saved unless a stop is asked for, and no lock is waited for
ALONE = {"PHASESWEEP_CHECKPOINT_PERIOD": "1000", "PHASESWEEP_LOCK_SILENCE": "0.1"}


class Case:
    """An archive whose runs are ended before they finish."""

    def __init__(self, folder, name, ranks=1, **environment):
        self.path, self.runs, self.ranks = f"{folder}/{name}.h5", 0, ranks
        self.job, self.environment = f"{folder}/job.yaml", {**os.environ, **ALONE, **environment}

    def start(self):
        """A run whose chain has been in hand for a moment."""
        launcher = [] if self.ranks == 1 else [MPIEXEC, "-n", str(self.ranks)]
        process = subprocess.Popen([*launcher, PROGRAM, "run", self.job, "-o", self.path],
                                   env=self.environment, stderr=subprocess.DEVNULL)
        self.runs += 1
        while True:
            assert process.poll() is None, process.returncode
            if os.path.exists(self.path):
                now = status(self.path)
                if len(now["runs"]) == self.runs and now["sweeps"][0]["outcomes"]["running"] == POINTS:
                    break
            time.sleep(0.01)
        time.sleep(0.2)
        return process

    def rows(self, field):
        with h5py.File(self.path) as file:
            return file["slow"][field][0].tolist()

    def saved_at(self):
        checkpoint = f"{self.path}.slow.0.checkpoint"
        return os.stat(checkpoint).st_mtime_ns if os.path.exists(checkpoint) else 0

    def begin_anew(self):
        """Without the work of the runs before, so that there is enough left to be ended."""
        if self.saved_at():
            os.unlink(f"{self.path}.slow.0.checkpoint")

    def ended(self, process, expected, ending, attempts):
        """The run has ended so; the archive says how, and how many attempts there were."""
        code = process.wait(timeout=60)
        assert code in expected, (code, expected)
        if self.ranks > 1:
            time.sleep(1.5)  # mpirun does not wait for the ranks that it kills
        assert status(self.path)["runs"][-1]["ending"] == ending, status(self.path)
        text = alone("status", self.path).stdout
        word = "died without a word" if ending == "no_word" else ending
        assert re.search(rf"[(,] ?\d+ {word}[,)]", text), text
        # an environment's fault stays in the rows until the next run excuses it
        running = ending == "environment"
        assert self.rows("attempts") == [attempts + running] * POINTS, (self.rows("attempts"), attempts)
        return text

    def finish(self, code, outcome):
        done = subprocess.run([PROGRAM, "resume", self.path], env=self.environment,
                              capture_output=True, text=True, timeout=100)
        assert done.returncode == code, done
        assert status(self.path)["sweeps"][0]["outcomes"][outcome] == POINTS, status(self.path)
        assert alone("verify", self.path).returncode == 0
        return done


def check_stops(folder):
    """Three stops by signal; the seconds of the training are those of all runs."""
    case = Case(folder, "stops")
    for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGHUP):
        process = case.start()
        process.send_signal(number)
        text = case.ended(process, (3,), "stopped", 0)
        assert re.search("slow: checkpoint of chain 0, from .*weight = 0.02 on, saved 20", text), text
        assert status(case.path)["checkpoints"][0]["chain"] == 0
    case.finish(0, "converged")
    assert not status(case.path)["checkpoints"]
    taken = sum(run["end"] - run["start"] for run in status(case.path)["runs"])
    seconds = sum(case.rows("seconds"))
    assert 0.7 * taken < seconds <= taken, (seconds, taken)


def check_killed(folder):
    """kill -9 counts, until a checkpoint is saved."""
    case = Case(folder, "advancing", PHASESWEEP_CHECKPOINT_PERIOD="0.05")
    for _ in range(3):
        before = case.saved_at()
        process = case.start()
        while case.saved_at() == before or case.rows("attempts") != [1] * POINTS:
            assert process.poll() is None, process.returncode
            time.sleep(0.01)
        process.kill()
        case.ended(process, (-9,), "no_word", 1)
    case.finish(0, "converged")
    case = Case(folder, "killed")
    for attempt in range(3):
        process = case.start()
        process.kill()
        case.ended(process, (-9,), "no_word", attempt + 1)
    done = case.finish(1, "lost")
    assert "3 points lost (a run died there three times): " in done.stderr


def check_crashes(folder):
    """A chain that crashes three times is lost; by itself, or in one rank of its team."""
    case = Case(folder, "crashed")
    for attempt in range(3):
        process = case.start()
        process.send_signal((signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE)[attempt])
        case.ended(process, range(-64, 0), "crashed", attempt + 1)
    case.finish(1, "lost")
    case = Case(folder, "team", ranks=2)
    for attempt in range(3):
        process = case.start()
        os.kill(rank_of(case.path, 1), signal.SIGSEGV)
        case.ended(process, range(1, 256), "crashed", attempt + 1)
    case.finish(1, "lost")


def rank_of(path, rank):
    """Process of the rank that writes the archive."""
    found = subprocess.run(["pgrep", "-f", f"^{PROGRAM} .*{path}"], capture_output=True, text=True)
    for pid in found.stdout.split():
        if f"\0OMPI_COMM_WORLD_RANK={rank}\0" in pathlib.Path(f"/proc/{pid}/environ").read_text():
            return int(pid)
    raise AssertionError("no such rank")


def check_launcher(folder):
    """TERM to mpirun, which gives its ranks a second."""
    case = Case(folder, "launched", ranks=2)
    for _ in range(3):
        process = case.start()
        process.send_signal(signal.SIGTERM)
        case.ended(process, range(1, 256), "stopped", 0)
        case.begin_anew()


def check_environment(folder):
    """Three full disks, then three memory limits."""
    case = Case(folder, "full")
    for _ in range(3):
        process = case.start()
        with h5py.File(case.path) as file:  # the results do not fit any more
            begin = min(data.id.get_offset() for data in file["slow"].values())
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (begin, begin))
        case.ended(process, (4,), "environment", 0)
    case.finish(0, "converged")
    case = Case(folder, "memory", LD_PRELOAD=INJECT, PHASESWEEP_FAULT_MEMORY="200000 210000")
    for _ in range(3):  # a matrix of the training, 160 x 160
        process = subprocess.Popen([PROGRAM, "run", case.job, "-o", case.path],
                                   env=case.environment, stderr=subprocess.DEVNULL)
        case.ended(process, (4,), "environment", 0)


def check_node_loss(folder):
    """Killed without a word, but the machine has booted since, or Slurm starts the job again."""
    case = Case(folder, "booted")
    for _ in range(3):
        process = case.start()
        process.kill()
        case.ended(process, (-9,), "no_word", 1)
        lock = pathlib.Path(case.path + ".lock")
        lock.write_text(re.sub(r"space \S{8}", "space 01234567", lock.read_text()))
        time.sleep(0.2)  # of another boot, it is stale only when it has been silent
    case = Case(folder, "requeued", SLURM_JOB_ID="7")
    for restart in range(3):
        case.environment["SLURM_RESTART_COUNT"] = str(restart)
        process = case.start()
        process.kill()
        case.ended(process, (-9,), "no_word", 1)


def check_without_endings(folder):
    """The first files of schema 3 had no endings: they are continued."""
    path = f"{folder}/old.h5"
    sample = pathlib.Path(__file__).parents[1] / "reference" / "schema3.h5"
    subprocess.run(["h5repack", "-l", "CONTI", "-f", "NONE", sample, path], check=True)
    with h5py.File(path, "r+") as file:
        assert "ending" not in file["runs"]
        file["trained/outcome"][...] = 0
    done = alone("resume", path)
    assert done.returncode == 0, done
    assert alone("verify", path).returncode == 0
    assert [run["ending"] for run in status(path)["runs"]] == ["no_word"] * 2
    assert "2 runs, " in alone("status", path).stdout  # both came to their end


def check_dry_run(folder):
    """What a run would find; nothing changes."""
    job, path = f"{folder}/job.yaml", f"{folder}/dry.h5"
    before = sorted(os.listdir(folder))
    assert f"{path}: does not exist yet\n" in alone("run", job, "-o", path, "--dry-run").stdout
    assert sorted(os.listdir(folder)) == before
    shutil.copy(f"{folder}/stops.h5", path)
    done = alone("run", job, "-o", path, "--dry-run")
    assert done.returncode == 0
    assert done.stdout == f"{path}: {POINTS} of {POINTS} points are finished; nothing to do\n", done
    done = alone("run", job, "-o", path)
    assert done.returncode == 0 and f"all {POINTS} points are finished" in done.stderr, done
    with h5py.File(path, "r+") as file:
        file["slow/outcome"][...] = 0
    text = alone("run", job, "-o", path, "--dry-run").stdout
    assert f"0 of {POINTS} points are finished; what remains:\n" in text, text
    assert re.search(rf"^slow +{POINTS} +1 ", text, re.M), text
    other = alone("run", job, "-o", path, "--dry-run", "--set", "noise=0.2")
    assert other.returncode == 2 and "holds another job" in other.stderr, other


def main():
    with tempfile.TemporaryDirectory() as folder:
        write(f"{folder}/job.yaml", JOB)
        for check in (check_stops, check_killed, check_crashes, check_launcher, check_environment,
                      check_node_loss, check_without_endings, check_dry_run):
            begin = time.time()
            check(folder)
            print(f"{check.__name__}: {time.time() - begin:.1f} s", flush=True)


main()
