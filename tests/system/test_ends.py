"""A run that knows its end: what starts, what is saved, what is left to a later run.

usage: test_ends.py PHASESWEEP MPIEXEC
"""
import glob
import os
import re
import subprocess
import tempfile
import time

from harness import MPIEXEC, PROGRAM, alone, assert_one_line, call, count, run, write

TRAINED = """sweeps:
  - name: long
    method: training
    source_exponent: 1.25
    dimension: 100
    noise: 0.1
    samples: 400
    nuclear_weight: {from: 0.04, to: 0.005, count: 6}
"""
THEORY = """sweeps:
  - name: theory
    source_exponent: 1
    dimension: 100
    noise: 0.1
    samples: {as: effective_power, from: -0.5, to: 3, count: 5}
    weight_decay: {as: power, from: -1, to: 1.5, count: 300}
"""


def check_training(folder):
    """One chain that outlasts every run: each goes on from where the one before was saved."""
    job = write(f"{folder}/trained.yaml", TRAINED)
    path, whole = f"{folder}/trained.h5", f"{folder}/whole.h5"
    begin = time.monotonic()
    assert run(1, "run", job, "-o", whole) == 0
    # half of an unbroken run, so that two and more are needed on any machine
    minutes = f"+{(time.monotonic() - begin) / 120.0:.4f}"
    for runs in range(1, 40):
        done = call(1, "run", job, "-o", path, "--deadline", minutes)
        assert "nothing starts that would not end by 2" in done.stderr, done
        if done.returncode == 0:
            break
        assert done.returncode == 3 and "resume" in done.stderr, done
        assert "cannot be interrupted" not in done.stderr
    assert runs > 1 and done.returncode == 0 and not glob.glob(f"{path}*checkpoint")
    assert alone("diff", "--tolerance", "1e-7", whole, path).returncode == 0


def check_slurm(folder):
    """The end of the job stops a training without a signal; what fits into a whole job is left to
    the next one."""
    job = write(f"{folder}/slurm.yaml", TRAINED.replace("count: 6", "count: 200"))
    for whole, checkpoints in ((4, 1), (36000, 0)):
        path = f"{folder}/slurm{whole}.h5"
        end = int(time.time()) + 4
        environment = dict(os.environ, SLURM_JOB_START_TIME=str(end - whole),
                           SLURM_JOB_END_TIME=str(end), SLURM_JOB_ID="1")
        done = subprocess.run([MPIEXEC, "-n", "1", PROGRAM, "run", job, "-o", path],
                              env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 3 and "(the end of the Slurm job)" in done.stderr, done
        assert len(glob.glob(f"{path}*checkpoint")) == checkpoints, (whole, done)
        assert count(path, "converged") == 0


def check_too_long(folder):
    """Chains that no run can end are said, are not begun, and end in no requeue."""
    job = write(f"{folder}/theory.yaml", THEORY)
    path = f"{folder}/theory.h5"
    done = call(1, "run", job, "-o", path, "--deadline", "+0.00001")
    assert done.returncode == 4, done
    assert re.search(r"theory: 10 chains take up to .* and cannot be interrupted; the time limit "
                     r"leaves ", done.stderr), done.stderr
    assert "all that is left takes longer than the time limit" in done.stderr
    assert count(path, "converged") == 0
    assert_one_line(alone("plan", job, "--deadline", "+0.00001"), 2, "theory: 10 chains", "allowed")
    done = alone("plan", job, "--deadline", "+60")
    assert done.returncode == 0 and "deadline +60: every chain fits" in done.stdout, done
    assert run(2, "resume", path, "--deadline", "+5") == 0
    assert count(path, "converged") == 1500


def check_words(folder):
    job = write(f"{folder}/words.yaml", THEORY)
    path = f"{folder}/words.h5"
    for text, *words in (("soon", "allowed: +MINUTES"), ("2020-01-01T00:00", "has passed"),
                         ("", "allowed: +MINUTES")):
        done = alone("run", job, "-o", path, "--deadline", text)
        assert_one_line(done, 2, "run: --deadline", *words)
        assert_one_line(alone("plan", job, "--deadline", text), 2, "plan: --deadline", *words)
    assert glob.glob(f"{folder}/*.h5*") == []
    done = alone("plan", job, "--sbatch", "--deadline", "+7.5")
    assert "#SBATCH --time=00:07:00" in done.stdout, done


def main():
    for check in (check_words, check_too_long, check_slurm, check_training):
        with tempfile.TemporaryDirectory() as folder:
            check(folder)


main()
