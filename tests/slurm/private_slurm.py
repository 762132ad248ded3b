"""`with private_slurm(cpus): ...` runs a test beside a Slurm of its own, in a scratch folder.

Ends the test with status 77 and a reason where no Slurm can run.
"""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def call(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout.strip()


def skip_without_slurm():
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [name for name in ("munged", "slurmctld", "slurmd", "sbatch", "srun", "setsid")
               if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        print("SKIPPED:", "not installed: " + ", ".join(missing) if missing else "not root")
        sys.exit(77)


def free_port():
    """A port that is free like the one after it."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + 1))
                return port


@contextlib.contextmanager
def private_slurm(cpus):
    skip_without_slurm()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # so that all is stopped
    for name in [k for k in os.environ if k.startswith(("SLURM", "SBATCH"))]:
        del os.environ[name]  # of the job that the test itself may run in
    folder = tempfile.mkdtemp(prefix="phasesweep-")
    os.chdir(folder)
    os.environ |= {"SLURM_CONF": f"{folder}/slurm.conf", "SLURM_BASE_PORT": str(free_port())}
    try:
        call(f"{HERE}/slurm_up.sh", folder, str(cpus), str(os.getpid()))
        os.environ["PHASESWEEP_SLURM_DIR"] = folder  # jobs bear the mark of slurm_down.sh too
        yield
    finally:
        os.environ.pop("PHASESWEEP_SLURM_DIR", None)
        down = subprocess.run([f"{HERE}/slurm_down.sh", folder], timeout=60)
        shutil.rmtree(folder)
    assert down.returncode == 0, "daemons are left"
