"""slurm/phasesweep.sbatch on a Slurm of our own: whatever happens, the archive of a local run.

usage: test_slurm.py PHASESWEEP MPIEXEC
"""
import os
import pathlib
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from harness import MPIEXEC, PROGRAM, alone, assert_equal_archives, count, run, write
sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from slurm.private_slurm import call, private_slurm

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPT, DEMO = f"{ROOT}/slurm/phasesweep.sbatch", f"{ROOT}/jobs/demo.yaml"
POINTS = 150_000  # seconds of a worker, so that it can be met in mid-run
JOB = """sweeps:
  - name: long
    source_exponent: [0.75, 1.25]
    dimension: 100
    noise: 0.1
    samples: {as: effective_power, from: -0.5, to: 4.5, count: 250}
    weight_decay: {as: power, from: -2, to: 3, count: 300}
"""


def submit(*arguments):
    return call("sbatch", "--parsable", "--ntasks=2", "--time=10", SCRIPT, *arguments)


def log_of(job):
    return pathlib.Path(f"phasesweep-{job}.out").read_text()


def wait_until(true, what):
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.1)


def finish(state, *jobs):
    def now(job):
        return re.search(r"JobState=(\w+)", call("scontrol", "show", "job", job)).group(1)

    for job in jobs:
        wait_until(lambda: now(job) not in ("PENDING", "RUNNING", "COMPLETING"), f"job {job}")
        assert now(job) == state, (now(job), log_of(job))


def points_done(path):
    return count(path, "converged") if os.path.exists(path) else 0


def check_history(options):
    """Stopped by USR1 and requeued, then cancelled, then submitted again."""
    out = f"long{''.join(options)}.h5"
    job = submit(*options, "job.yaml", out)
    wait_until(lambda: points_done(out) > 0, "the first points")
    call("scancel", "--batch", "--signal=USR1", job)
    wait_until(lambda: "restart 1" in log_of(job), f"the second start of {job}")
    assert f"job {job}: status 3" in log_of(job), log_of(job)
    before = points_done(out)
    wait_until(lambda: points_done(out) > before, "points of the second start")
    call("scancel", job)
    finish("CANCELLED", job)  # and not requeued
    cancelled = points_done(out)
    assert 0 < before < cancelled < POINTS, "make the job longer"
    finish("COMPLETED", submit(*options, "job.yaml", out))
    assert count(out, "converged") == POINTS
    assert_equal_archives("local.h5", out, ["long"])
    return f"{out}: {before} points when requeued, {cancelled} of {POINTS} when cancelled"


def check_demo():
    finish("COMPLETED", submit("--extra-rank", DEMO),
           submit("--srun", "--extra-rank", DEMO, "srun.h5"))
    finish("COMPLETED", submit("demo.h5"))  # nothing is left to do
    for path in ("demo.h5", "srun.h5"):
        assert_equal_archives("local_demo.h5", path, ["quadratic"])


def check_refusals():
    cases = {(): "arguments", ("none.yaml",): "no such file", ("--fast", "job.yaml"): "--srun",
             ("demo.h5", "b.h5"): "continued"}
    for job, word in [(submit(*arguments), word) for arguments, word in cases.items()]:
        finish("FAILED", job)
        assert word in log_of(job), log_of(job)


def fake_mpirun(folder, status):
    """Says that it starts all ranks, prints its words, and ends with the status."""
    os.mkdir(folder)
    write(f"{folder}/mpirun", f"""#!/bin/sh
case $* in *" ranks") echo "$2 ranks on 1 node, a fake"; exit ;; esac
echo "$@"
exit {status}
""")
    os.chmod(f"{folder}/mpirun", 0o755)


def check_sizes():
    """As many ranks as are asked for, whichever way."""
    fake_mpirun("echo", 2)
    path = os.environ["PATH"]
    os.environ["PATH"] = f"{os.getcwd()}/echo:{path}"
    jobs = [(ranks, call("sbatch", "--parsable", "--time=10", *options, SCRIPT, "job.yaml"))
            for ranks, *options in ((1,), (3, "--ntasks=3"), (4, "--nodes=1", "--exclusive"),
                                    (2, "--nodes=1", "--ntasks-per-node=2"))]
    for ranks, job in jobs:
        finish("FAILED", job)
        assert f"mpirun -n {ranks} " in log_of(job), (ranks, log_of(job))
    os.environ["PATH"] = path


def check_plan():
    """The script of `plan` runs from anywhere; all cores of a node are two ranks and more."""
    del os.environ["PHASESWEEP"]
    done = alone("plan", DEMO, "--ranks", "2", "--sbatch")
    assert done.returncode == 0, done
    os.mkdir("elsewhere")
    write("elsewhere/plan.sbatch", done.stdout)
    planned = call("sbatch", "--parsable", "--chdir=elsewhere", "elsewhere/plan.sbatch")
    os.environ["PHASESWEEP"] = PROGRAM
    finish("COMPLETED", planned,
           call("sbatch", "--parsable", "--nodes=1", "--exclusive", SCRIPT, DEMO, "node.h5"))
    for path in ("elsewhere/demo.h5", "node.h5"):
        assert_equal_archives("local_demo.h5", path, ["quadratic"])


def check_launcher():
    """A launcher that says 0 is not believed."""
    fake_mpirun("bin", 0)
    path = os.environ["PATH"]
    os.environ["PATH"] = f"{os.getcwd()}/bin:{path}"
    job = submit("job.yaml", "never.h5")
    finish("FAILED", job)
    assert "no such archive" in log_of(job) and "taken for 4" in log_of(job), log_of(job)
    os.environ["PHASESWEEP_MAX_REQUEUES"] = "0"
    part = f"{os.getcwd()}/part.h5"
    subprocess.run(["timeout", "-s", "USR1", "0.5", PROGRAM, "run", "job.yaml", "-o", part])
    job = submit(part)
    finish("FAILED", job)
    assert "points are missing" in log_of(job) and "taken for 3" in log_of(job), log_of(job)
    os.environ["PATH"] = path
    del os.environ["PHASESWEEP_MAX_REQUEUES"]


def main():
    with private_slurm(cpus=4):
        assert run(2, "run", write("job.yaml", JOB), "-o", "local.h5") == 0
        assert run(2, "run", DEMO, "-o", "local_demo.h5") == 0
        os.environ |= {"PHASESWEEP": PROGRAM,
                       "PATH": os.path.dirname(MPIEXEC) + ":" + os.environ["PATH"]}
        os.environ.pop("OMPI_MCA_rmaps_base_oversubscribe", None)  # the script's own business
        check_demo()
        check_refusals()
        check_launcher()
        check_sizes()
        check_plan()
        with ThreadPoolExecutor() as pool:  # so that the waits for a second start overlap
            print(*pool.map(check_history, ([], ["--srun"])), sep="\n")


main()
