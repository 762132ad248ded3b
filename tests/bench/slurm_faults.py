"""Random faults of nodes, daemons and jobs on a Slurm of our own: is anything lost, written twice, or
never ended?

usage: slurm_faults.py PHASESWEEP MPIEXEC PAUSE.so [FAULTS=200] [SEED=1]       root, about 5 s a fault

Three jobs on three nodes, each on an archive of its own; one that is done is compared with the archive
of a local run and replaced by a new one, one that ended otherwise is submitted again, as a person would.
"""
import collections
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/system")
import test_cluster as cluster
from harness import MPIEXEC, PROGRAM, alone, run, status, write
from slurm.private_slurm import call, private_slurm

FAULTS = int(sys.argv[4]) if len(sys.argv) > 4 else 200
SHAPES = (("--ntasks=2", "--nodes=1"), ("--ntasks=3", "--nodes=2"), ("--ntasks=2", "--nodes=2"))
STUCK = 600  # seconds in which an archive has to grow


class Work:
    """An archive, and the job that is to finish it."""

    def __init__(self, name, options):
        self.name, self.options, self.number = name, options, 0
        self.tally = collections.Counter()
        self.begin()

    def begin(self):
        self.number += 1
        self.path = f"{self.name}{self.number}.h5"
        self.grown, self.ended = time.monotonic(), 0
        self.submit()

    def submit(self):
        launcher = ["--srun"] if self.number % 2 else []
        self.job = cluster.submit(*self.options, cluster.SCRIPT, *launcher, "job.yaml", self.path,
                                  pause=20)
        self.tally["submitted"] += 1

    def look(self):
        """Once in a while: whether to go on with the next archive, or to submit again."""
        ended = cluster.ended(self.path)
        if ended > self.ended:
            self.grown, self.ended = time.monotonic(), ended
        assert time.monotonic() < self.grown + STUCK, ("stuck", self.path, cluster.facts(self.job),
                                                       cluster.log_of(self.job))
        facts = cluster.facts(self.job)
        state = facts["JobState"]
        if state == "PENDING" and "held" in facts["Reason"]:
            # Slurm could not launch it on a node that was going, and waits for a person
            self.tally["held by Slurm, and released"] += 1
            call("scontrol", "release", self.job)
        if state == "COMPLETED":
            self.check()
            return True
        if state in ("FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL"):
            self.tally[f"ended {state}"] += 1
            self.submit()
        return False

    def check(self):
        """Whole, equal, and no run of it began before the one before had given its last word."""
        lost = sum(s["outcomes"]["lost"] for s in status(self.path)["sweeps"])
        if lost > 0:  # three SIGKILLs of one chain: not wrong, but to be told
            self.tally["points lost, and tried again"] += lost
            assert run(2, "run", "job.yaml", "-o", self.path, "--retry") == 0
        assert cluster.same(self.path)
        runs = status(self.path)["runs"]
        for before, after in zip(runs, runs[1:]):
            assert not before["end"] or before["end"] <= after["start"] + 1, ("two writers", runs)
        self.tally["archives"] += 1
        self.tally["runs"] += len(runs)


def processes(*names):
    """Of the jobs: those with such a name among their first words."""
    mark = b"PHASESWEEP_SLURM_DIR=" + os.environ["PHASESWEEP_SLURM_DIR"].encode() + b"\0"
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if mark in environment and b"SLURM_JOB_ID=" in environment and any(
                os.path.basename(word.rstrip(":")) in names for word in words[:2]):
            found.append(int(pid))
    return found


def kill_one(dice, *names):
    victims = processes(*names)
    if victims:
        try:
            os.kill(dice.choice(victims), signal.SIGKILL)
        except ProcessLookupError:
            return False
    return bool(victims)


def cut_off(dice, works):
    node = dice.choice(("n1", "n2", "n3"))
    cluster.set_link(node, "down")
    time.sleep(dice.choice((2, 8, 45)))  # the last is long enough for Slurm to give it up
    cluster.set_link(node, "up")
    return True


def lose_daemon(dice, works):
    node = dice.choice(("n1", "n2", "n3"))
    os.kill(cluster.daemon(node), signal.SIGKILL)
    time.sleep(dice.choice((1, 5, 45)))
    cluster.start_daemon(node)
    return True


def lose_controller(dice, works):
    os.kill(int(pathlib.Path("run/slurmctld.pid").read_text()), signal.SIGKILL)
    time.sleep(dice.choice((1, 5)))
    call("slurmctld", "-f", os.environ["SLURM_CONF"])
    for _ in range(100):
        if subprocess.run(["scontrol", "ping"], capture_output=True).returncode == 0:
            break
        time.sleep(0.2)
    return True


def scancel(*words):
    """False also if Slurm has been putting it off for a while."""
    return subprocess.run(["timeout", "10", "scancel", *words], capture_output=True).returncode == 0


def cancel(dice, works):
    return scancel(dice.choice(works).job)


def stop(dice, works):
    return scancel("--batch", "--signal=USR1", dice.choice(works).job)


def lose_rank(dice, works):
    return kill_one(dice, "phasesweep")


def lose_launcher(dice, works):
    return kill_one(dice, "mpirun", "srun", "orted")


def lose_script(dice, works):
    return kill_one(dice, "slurm_script")


KINDS = {cut_off: 2, lose_daemon: 2, lose_controller: 1, cancel: 2, stop: 3, lose_rank: 4,
         lose_launcher: 4, lose_script: 2}


def main():
    dice = random.Random(int(sys.argv[5]) if len(sys.argv) > 5 else 1)
    faults, skipped = collections.Counter(), 0
    with private_slurm(cpus=8, nodes=3):
        assert run(2, "run", write("job.yaml", cluster.JOB), "-o", "local.h5") == 0
        os.environ |= {"PHASESWEEP": PROGRAM, "TMPDIR": os.getcwd() + "/tmp",
                       "PATH": os.path.dirname(MPIEXEC) + ":" + os.environ["PATH"]}
        os.environ.pop("OMPI_MCA_rmaps_base_oversubscribe", None)
        works = [Work(f"work{k}_", options) for k, options in enumerate(SHAPES)]
        begin = time.monotonic()
        while sum(faults.values()) < FAULTS:
            time.sleep(dice.uniform(0.5, 5))
            kind = dice.choices(list(KINDS), KINDS.values())[0]
            if kind(dice, works):
                faults[kind.__name__] += 1
            for work in works:
                if work.look():
                    work.begin()
            print(f"\r{sum(faults.values())} faults, "
                  f"{sum(work.tally['archives'] for work in works)} archives", end="",
                  file=sys.stderr, flush=True)
        for work in works:
            while not work.look():
                time.sleep(1)
        total = sum((work.tally for work in works), collections.Counter())
        print(f"\n{sum(faults.values())} faults in {time.monotonic() - begin:.0f} s:", dict(faults))
        print("every archive equals the local one:", dict(total))


main()
