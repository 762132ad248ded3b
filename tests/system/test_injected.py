"""One call on a file of a run fails, or the run is killed just before or after it: the same
command then ends in the archive of an unbroken run, bit for bit.

usage: test_injected.py PHASESWEEP MPIEXEC INJECT.so [CASES]        default: 60; 0: all
"""
import collections
import errno
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import h5py

from harness import PROGRAM, write

INJECT = sys.argv[3]
CASES = int(sys.argv[4]) if len(sys.argv) > 4 else 60
JOB = """sweeps:
  - {name: theory, source_exponent: 1.25, dimension: 50, noise: 0.1, samples: [100, 400],
     weight_decay: {values: [0.01, 0.02], as: number}}
  - {name: trained, method: training, source_exponent: 1.25, dimension: 8, noise: 0.1, seed: 1,
     samples: 60, nuclear_weight: [3, 2], tolerance: 1e-2}
"""
Done = collections.namedtuple("Done", "returncode stderr")
KINDS = {"EIO": str(errno.EIO), "ENOSPC": str(errno.ENOSPC), "before": "before", "after": "after"}


def call(folder, at=0, kind="EIO", **more):
    """The run of JOB in the folder, with call number `at` going wrong."""
    faults = {"LD_PRELOAD": INJECT, "PHASESWEEP_FAULT_FOLDER": folder,
              "PHASESWEEP_FAULT_AT": str(at), "PHASESWEEP_FAULT_KIND": KINDS[kind]}
    # the training is saved after every iteration
    environment = dict(os.environ, PHASESWEEP_LOCK_SILENCE="0.02",
                       PHASESWEEP_CHECKPOINT_PERIOD="0", **more)
    with tempfile.TemporaryFile("w+") as errors:
        # not through a pipe: the daemon that Open MPI starts for one process outlives a kill
        process = subprocess.Popen(
            [PROGRAM, "run", f"{os.path.dirname(folder)}/job.yaml", "-o", "a.h5"], cwd=folder,
            stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True,
            env=environment | (faults if at or more else {}))
        try:
            code = process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            code = "hangs"
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        errors.seek(0)
        return Done(code, errors.read())


def content(path):
    """Every array of the sweeps but times and attempts."""
    with h5py.File(path, "r") as file:
        return {(name, field): data[()].tobytes()
                for name in ("theory", "trained") for field, data in file[name].items()
                if field not in ("seconds", "attempts")}


def judge(folder, at, kind, whole):
    """The status of the broken run, and what is wrong about the case, if anything."""
    path = f"{folder}/a.h5"
    os.mkdir(folder)
    broken = call(folder, at, kind)
    expected = (0, 4) if kind in ("EIO", "ENOSPC") else (-9, 0)  # 0: the run made fewer calls
    time.sleep(0.05)  # so that what a kill left beside the lock is old enough to be swept up
    again = call(folder)
    wrong = None
    if broken.returncode not in expected:
        wrong = "status"
    elif broken.returncode == 4 and "phasesweep: " not in broken.stderr:
        wrong = "no line"
    elif again.returncode != 0:
        wrong = "not resumed"
    elif "not used" in again.stderr:
        wrong = "a checkpoint that is not whole"
    elif content(path) != whole:
        wrong = "other results"
    elif os.listdir(folder) != ["a.h5"]:
        wrong = f"left {os.listdir(folder)}"
    subprocess.run(["rm", "-r", folder], check=True)
    return broken.returncode, wrong and (wrong, broken, again)


def main():
    seed = int.from_bytes(os.urandom(4), "little")
    print("random seed", seed)
    random.seed(seed)
    with tempfile.TemporaryDirectory() as scratch:
        write(f"{scratch}/job.yaml", JOB)
        os.mkdir(f"{scratch}/whole")
        done = call(f"{scratch}/whole", PHASESWEEP_FAULT_LOG=f"{scratch}/log")
        assert done.returncode == 0, done
        with open(f"{scratch}/log") as file:
            names = [line.split()[1] for line in file]
        print(len(names), "calls:", dict(collections.Counter(names)))
        whole = content(f"{scratch}/whole/a.h5")
        cases = [(at + 1, kind) for at in range(len(names)) for kind in KINDS]
        if CASES:  # as many from every stretch of the run, so that all phases are met
            step = len(cases) / CASES
            cases = [random.choice(cases[int(k * step):int((k + 1) * step)]) for k in range(CASES)]
        tally, wrong = collections.Counter(), 0
        for at, kind in cases:
            status, what = judge(f"{scratch}/case", at, kind, whole)
            tally[kind, status] += 1
            if what:
                wrong += 1
                print(at, names[at - 1], kind, *what, flush=True)
        print(len(cases), "cases:", dict(tally))
        assert not wrong, f"{wrong} cases went wrong"


main()
