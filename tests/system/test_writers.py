"""One writer an archive, by whatever name, from whatever namespace, after whatever silence.

usage: test_writers.py PHASESWEEP MPIEXEC
"""
import os
import shutil
import signal
import subprocess
import tempfile
import time

from harness import (PROGRAM, alone, assert_equal_archives, assert_one_line, count, run, write)

# seconds of one core, in chains of a fraction of one
JOB = """sweeps:
  - name: grid
    source_exponent: [0.75, 1.25, 2]
    dimension: 1000
    noise: 0.1
    samples: {as: effective_power, from: -0.5, to: 3, count: 120}
    weight_decay: {as: power, from: -1, to: 1.5, count: 150}
"""
SILENCE = 3.0
# a second host, as far as a lock can see: its name, its processes and its sockets are others
ELSEWHERE = ["unshare", "--uts", "--net", "--", "sh", "-c",
             'ip link set lo up && hostname elsewhere && exec "$@"', "sh"]
NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--"]


def environment(silence, **more):
    return dict(os.environ, PHASESWEEP_LOCK_SILENCE=str(silence), **more)


def call(*arguments, prefix=(), silence=SILENCE, **more):
    return subprocess.run([*prefix, PROGRAM, *arguments], capture_output=True, text=True,
                          timeout=120, env=environment(silence, **more))


class Running:
    """A run in the background, met in the middle of its work."""

    def __init__(self, path, job, prefix=(), silence=SILENCE):
        self.process = subprocess.Popen([*prefix, PROGRAM, "run", job, "-o", path],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        text=True, env=environment(silence))
        while not os.path.exists(path) or count(path, "converged") == 0:
            assert self.process.poll() is None, self.process.stderr.read()
            time.sleep(0.02)

    def send(self, number):
        self.process.send_signal(number)

    def end(self, code, *words):
        error = self.process.communicate(timeout=120)[1]
        assert self.process.returncode == code, (self.process.returncode, error)
        assert all(word in error for word in words), error


def check_in_use(path, job):
    """A stopped run on this host is alive, under every name and in every namespace."""
    running = Running(path, job, silence=60)
    running.send(signal.SIGSTOP)
    link = f"{path}.link"
    os.symlink(path, link)
    try:
        for words in (("resume", path), ("run", job, "-o", path), ("resume", link)):
            assert_one_line(call(*words, silence=60), 2, "in use", "process", "lock")
        for prefix in filter(allowed, (NAMESPACE, ELSEWHERE + NAMESPACE)):
            assert_one_line(call("resume", path, prefix=prefix, silence=60), 2, "in use")
        os.link(path, f"{path}.hard")
        assert_one_line(call("resume", f"{path}.hard"), 2, "hard links")
        os.remove(f"{path}.hard")
    finally:
        running.send(signal.SIGCONT)
    running.end(0)
    assert not os.path.exists(f"{path}.lock")
    assert call("resume", link).returncode == 0 and os.path.islink(link)
    os.remove(link)


def allowed(prefix):
    return subprocess.run([*prefix, "true"], capture_output=True).returncode == 0


def check_removed_lock(path, job, whole):
    """Nobody else gets in, and the run says so and can be resumed."""
    running = Running(path, job)
    running.send(signal.SIGSTOP)  # or it may see it, and end, before the other one has started
    os.remove(f"{path}.lock")
    assert_one_line(call("resume", path), 2, "in use")
    running.send(signal.SIGCONT)
    running.end(4, "removed or taken over", "resume")
    assert call("resume", path).returncode == 0
    assert_equal_archives(whole, path, ["grid"])


def check_silence(path, job, whole):
    """A run of another host that was silent is given up; when it wakes it stops at once."""
    if not allowed(ELSEWHERE + ["true"]):
        print("no namespaces: a run that wakes up is not tested")
        return
    running = Running(path, job, prefix=ELSEWHERE)
    running.send(signal.SIGSTOP)
    assert_one_line(call("resume", path), 2, "in use", "elsewhere")
    time.sleep(SILENCE + 1.0)
    second = call("resume", path)
    assert second.returncode == 0 and "taking over the stale lock" in second.stderr, second
    before = open(path, "rb").read()
    write(f"{path}.lock", "somebody else's\n")
    running.send(signal.SIGCONT)
    running.end(4, "removed or taken over")
    assert open(path, "rb").read() == before
    assert_equal_archives(whole, path, ["grid"])
    assert os.path.exists(f"{path}.lock"), "a run removes only its own lock"
    os.remove(f"{path}.lock")


def check_slurm(path):
    """A requeued job waits for silence: old ranks may live on after the failure of a node."""
    held = ("token 0123456789abcdef host elsewhere space a/b pid 1 start 1 slurm_job 7 restart 0 "
            "date 2026-01-01T00:00:00Z\n")
    lock = write(f"{path}.lock", held)
    assert_one_line(call("resume", path), 2, "elsewhere", "Slurm job 7")
    again = {"SLURM_JOB_ID": "7", "SLURM_RESTART_COUNT": "1"}
    toucher = subprocess.Popen(["sh", "-c", 'while touch -c "$1"; do sleep 0.1; done', "sh", lock])
    try:
        assert_one_line(call("resume", path, **again), 3, "earlier start", "Slurm job 7")
    finally:
        toucher.kill()
        toucher.wait()
    os.utime(lock)
    begin = time.monotonic()
    os.utime(lock, (time.time() - 0.5, time.time() - 0.5))
    assert call("resume", path, **again).returncode == 0
    assert time.monotonic() - begin > SILENCE - 1.5
    write(lock, held)
    os.utime(lock, (1, 1))  # silent for years
    assert call("resume", path).returncode == 0 and not os.path.exists(lock)
    write(lock, "not a lock\n")
    assert_one_line(call("resume", path), 2, "no lock of ours")
    os.remove(lock)


def check_status(path, job):
    """Status 0 is for what lies at the path: a file that was moved away or replaced is 4."""
    running = Running(path, job)
    os.rename(path, f"{path}.moved")
    shutil.copy(f"{path}.moved", path)
    running.end(4, "removed or replaced")
    os.remove(path)
    os.rename(f"{path}.moved", path)
    assert call("resume", path).returncode == 0


def main():
    with tempfile.TemporaryDirectory() as folder:
        job = write(f"{folder}/job.yaml", JOB)
        whole = f"{folder}/whole.h5"
        assert run(2, "run", job, "-o", whole) == 0
        check_in_use(f"{folder}/used.h5", job)
        check_removed_lock(f"{folder}/removed.h5", job, whole)
        check_silence(f"{folder}/silent.h5", job, whole)
        check_slurm(whole)
        check_status(f"{folder}/moved.h5", job)
        left = [name for name in os.listdir(folder) if ".lock" in name]
        assert left == [], left
        assert alone("verify", whole).returncode == 0


main()
