"""Checkpoints belong to one archive, and go with it.

usage: test_side_files.py PHASESWEEP MPIEXEC
"""
import glob
import os
import signal
import subprocess
import tempfile
import time

from harness import PROGRAM, alone, assert_equal_archives, assert_one_line, count, write

JOB = """sweeps:
  - {name: slow, method: training, source_exponent: 1.25, dimension: 160, noise: 0.1,
     samples: {as: power, values: [1.9]}, nuclear_weight: [0.02, 0.01, 0.005], tolerance: 1e-9}
"""


def start(job, path):
    return subprocess.Popen([PROGRAM, "run", job, "-o", path], stderr=subprocess.PIPE, text=True)


def stopped_in_training(job, path):
    """A run told to stop in the middle of the chain leaves its state beside the archive."""
    process = start(job, path)
    while not os.path.exists(path) or count(path, "running") == 0:
        time.sleep(0.005)
    time.sleep(0.2)
    process.send_signal(signal.SIGUSR1)
    process.communicate(timeout=60)
    assert process.returncode == 3, process.returncode
    left = glob.glob(f"{path}.*.checkpoint")
    assert len(left) == 1, left
    return left[0]


def finish(job, path):
    process = start(job, path)
    said = process.communicate(timeout=200)[1]
    assert process.returncode == 0, said
    assert alone("verify", path).returncode == 0
    assert not glob.glob(f"{path}.*checkpoint*")
    return said


def main():
    with tempfile.TemporaryDirectory() as folder:
        job = write(f"{folder}/job.yaml", JOB)
        other = write(f"{folder}/other.yaml", JOB.replace("0.02, 0.01, 0.005", "0.04, 0.03, 0.006"))
        whole, path = f"{folder}/whole.h5", f"{folder}/part.h5"
        finish(job, whole)
        # its own archive goes on
        stopped_in_training(job, path)
        assert "not used" not in finish(job, path)
        assert_equal_archives(whole, path, ("slow",))
        # the archive is gone, another begins: of the same job, or of another
        for again in (job, other):
            os.unlink(path)
            stopped_in_training(job, path)
            os.unlink(path)
            said = finish(again, path)
            assert "part.h5.slow.0.checkpoint is of another training: not used" in said, said
            if again == job:
                assert_equal_archives(whole, path, ("slow",))
        # names that leave no room for a checkpoint are refused before anything is made
        before = sorted(os.listdir(folder))
        long = f"{folder}/{'n' * 231}.h5"
        done = alone("run", job, "-o", long)
        assert_one_line(done, 2, "too long", "slow")
        assert sorted(os.listdir(folder)) == before


main()
