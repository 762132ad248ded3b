"""`with private_slurm(cpus): ...` runs a test beside a Slurm of its own, in a scratch folder.

With nodes > 1 the test itself moves into the network of the Slurm's controller, for good.  With
memory=True jobs are held to the memory that they asked for.
Ends the test with status 77 and a reason where no such Slurm can run.
"""
import contextlib
import ctypes
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


def why_no_slurm(nodes, memory):
    """None if all that is needed is there."""
    tools = ["munged", "slurmctld", "slurmd", "sbatch", "srun", "setsid"]
    tools += ["ip", "nsenter", "unshare"] if nodes > 1 else []
    missing = [name for name in tools if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        return "not installed: " + ", ".join(missing) if missing else "not root"
    if nodes > 1:
        namespaces = subprocess.run(
            ["unshare", "--net", "--uts", "--mount", "--ipc", "sh", "-c",
             "ip link add type bridge && hostname n1 && mount -t tmpfs tmpfs /mnt"],
            capture_output=True, text=True)
        if namespaces.returncode != 0:
            return "no namespaces: " + namespaces.stderr.strip()
    if memory and not os.access("/sys/fs/cgroup/memory/memory.limit_in_bytes", os.W_OK):
        return "no control groups of version 1 for memory"
    return None


def skip_without_slurm(nodes, memory):
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    reason = why_no_slurm(nodes, memory)
    if reason is not None:
        print("SKIPPED:", reason)
        sys.exit(77)


def enter_network(name):
    """This process and its children from now on."""
    libc, network = ctypes.CDLL(None, use_errno=True), 0x40000000  # CLONE_NEWNET
    with open(f"/run/netns/{name}") as file:
        if libc.setns(file.fileno(), network) != 0:
            raise OSError(ctypes.get_errno(), "setns")


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
def private_slurm(cpus, nodes=1, memory=False):
    skip_without_slurm(nodes, memory)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # so that all is stopped
    for name in [k for k in os.environ if k.startswith(("SLURM", "SBATCH"))]:
        del os.environ[name]  # of the job that the test itself may run in
    folder = tempfile.mkdtemp(prefix="phasesweep-")
    os.chdir(folder)
    os.environ |= {"SLURM_CONF": f"{folder}/slurm.conf", "SLURM_BASE_PORT": str(free_port())}
    try:
        call(f"{HERE}/slurm_up.sh", folder, str(cpus), str(os.getpid()), str(nodes),
             *(["memory"] if memory else []))
        if nodes > 1:
            enter_network(os.path.basename(folder) + ".c")
        os.environ["PHASESWEEP_SLURM_DIR"] = folder  # jobs bear the mark of slurm_down.sh too
        yield
    finally:
        os.environ.pop("PHASESWEEP_SLURM_DIR", None)
        down = subprocess.run([f"{HERE}/slurm_down.sh", folder], timeout=60)
        shutil.rmtree(folder)
    assert down.returncode == 0, "daemons are left"
