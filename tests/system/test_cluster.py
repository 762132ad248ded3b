"""slurm/phasesweep.sbatch on two or three nodes of our own: whatever fails, the archive of a local run.

usage: test_cluster.py PHASESWEEP MPIEXEC PAUSE.so [CASE...]     default: those of SHORT; all: every one
"""
import os
import pathlib
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from harness import MPIEXEC, PROGRAM, alone, run, status, write
sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from slurm.private_slurm import HERE, call, private_slurm

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPT, PAUSE = f"{ROOT}/slurm/phasesweep.sbatch", sys.argv[3]
POINTS = 160
JOB = """sweeps:
  - name: slow
    source_exponent: [0.75, 1.25]
    dimension: 100
    noise: 0.1
    samples: {as: effective_power, from: -0.5, to: 4.5, count: 40}
    weight_decay: [0.5, 1]
"""


def submit(*words, pause=10):
    """Chains of some 23 writes, `pause` milliseconds before each; words of sbatch, then of the script."""
    # a lock is stale after six seconds, not five minutes; its holder gives a sign ten times as often
    export = f"--export=ALL,LD_PRELOAD={PAUSE},PHASESWEEP_PAUSE={pause},PHASESWEEP_LOCK_SILENCE=6"
    return call("sbatch", "--parsable", "--time=20", export, *words)


def facts(job):
    return dict(re.findall(r"(\w+)=(\S*)", call("scontrol", "show", "job", job)))


def log_of(job):
    path = pathlib.Path(f"phasesweep-{facts(job)['JobId']}.out")
    return path.read_text() if path.exists() else ""


def wait_until(true, what, seconds=240):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited in vain for {what() if callable(what) else what}"
        time.sleep(0.2)


def ended(path):
    """Points with a result; an archive may be about to be made."""
    done = alone("status", "--json", path)
    return 0 if done.returncode != 0 else POINTS - sum(s["holes"] for s in status(path)["sweeps"])


def begun(path, more=0):
    wait_until(lambda: ended(path) > more, f"points of {path}")
    assert ended(path) < POINTS, "make the job longer"
    return ended(path)


def finish(job, state="COMPLETED"):
    busy = ("PENDING", "RUNNING", "COMPLETING", "REQUEUED", "NODE_FAIL", "CONFIGURING")
    wait_until(lambda: facts(job)["JobState"] not in busy, lambda: (facts(job), log_of(job)))
    assert facts(job)["JobState"] == state, (facts(job), log_of(job))


def same(path):
    done = alone("diff", "local.h5", path)
    assert done.returncode == 0, (path, done)
    assert ended(path) == POINTS and alone("verify", path).returncode == 0
    return True


def restarted(job, times=1):
    wait_until(lambda: int(facts(job)["Restarts"]) >= times and f"restart {times}" in log_of(job),
               f"start {times + 1} of {job}")


def control():
    return os.environ["PHASESWEEP_SLURM_DIR"].rsplit("/", 1)[1] + ".c"


def set_link(node, state):
    call("ip", "-n", control(), "link", "set", f"v{node[1:]}", state)


def daemon(node):
    return int(pathlib.Path(f"run/slurmd.{node}.pid").read_text())


def start_daemon(node):
    call(f"{HERE}/slurm_node.sh", os.environ["PHASESWEEP_SLURM_DIR"], node[1:])


# ---- cases: each ends with an archive that is whole --------------------------------------------


def case_cut_off():
    """A node without its network fails; its ranks live, and keep the archive, till it is back."""
    job = submit("--ntasks=2", "--nodes=1", SCRIPT, "job.yaml", "cut.h5", pause=35)
    done, node = begun("cut.h5"), facts(job)["NodeList"]
    set_link(node, "down")
    wait_until(lambda: "still holds" in log_of(job), "a start that meets the ranks of the last one")
    alive = ended("cut.h5")
    assert alive > done, "the ranks of a node that is cut off go on"
    set_link(node, "up")
    finish(job)
    assert same("cut.h5")
    return f"{done} points when {node} was cut off, {alive} when its lock was met; " \
           f"{facts(job)['Restarts']} restarts"


def case_no_daemon():
    """The daemon of a node is killed: Slurm gives the node up, and the ranks go on."""
    job = submit("--ntasks=2", "--nodes=1", SCRIPT, "job.yaml", "daemon.h5", pause=40)
    done, node = begun("daemon.h5"), facts(job)["NodeList"]
    os.kill(daemon(node), 9)
    restarted(job)
    start_daemon(node)
    finish(job)
    assert same("daemon.h5")
    return f"{done} points when the daemon of {node} was killed; {facts(job)['Restarts']} restarts"


def case_spread():
    """Ranks on two nodes, one of which is cut off: the whole job starts again."""
    job = submit("--ntasks=4", "--nodes=2", SCRIPT, "job.yaml", "spread.h5", pause=80)
    done, nodes = begun("spread.h5"), facts(job)["NodeList"]
    assert "4 ranks on 2 nodes" in log_of(job), log_of(job)
    node = f"n{int(facts(job)['BatchHost'][1:]) % 2 + 1}"  # the other one
    set_link(node, "down")
    wait_until(lambda: int(facts(job)["Restarts"]) >= 1, lambda: (facts(job), log_of(job)))
    set_link(node, "up")
    finish(job)
    assert same("spread.h5")
    return f"{done} points on {nodes} when {node} was cut off; {facts(job)['Restarts']} restarts"


def case_rank_killed():
    """SIGKILL of one rank of two nodes is no end: what was gained is gone on from."""
    job = submit("--ntasks=4", "--nodes=2", SCRIPT, "--srun", "job.yaml", "rank.h5", pause=50)
    done = begun("rank.h5")
    ranks = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and is_rank(pid, "rank.h5")]
    os.kill(max(ranks), 9)
    restarted(job)
    assert "the ranks died" in log_of(job), log_of(job)
    finish(job)
    assert same("rank.h5")
    return f"{done} points when a rank was killed"


def is_rank(pid, archive):
    try:
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[0] == PROGRAM.encode() and archive.encode() in words


def case_array():
    """Only the task that was stopped starts again, though it bears the number of the array."""
    for k in (1, 2):
        write(f"part_{k}.yaml", JOB)
    array = submit("--ntasks=2", "--array=1-2", SCRIPT, "part_%a.yaml", pause=15)
    done = [begun(f"part_{k}.h5") for k in (1, 2)]
    call("scancel", "--batch", "--signal=USR1", f"{array}_2")
    restarted(f"{array}_2")
    for k in (1, 2):
        finish(f"{array}_{k}")
        assert same(f"part_{k}.h5")
    assert [facts(f"{array}_{k}")["Restarts"] for k in (1, 2)] == ["0", "1"]
    return f"{done} points when the second task was stopped"


def case_two_writers():
    first = submit("--ntasks=2", "--nodes=1", "--nodelist=n1", SCRIPT, "job.yaml", "two.h5")
    begun("two.h5")
    second = submit("--ntasks=2", "--nodes=1", "--nodelist=n2", SCRIPT, "job.yaml", "two.h5")
    finish(second, "FAILED")
    assert "in use by process" in log_of(second), log_of(second)
    finish(first)
    assert same("two.h5")
    return "the second writer was refused"


def case_cancelled():
    job = submit("--ntasks=4", "--nodes=2", SCRIPT, "job.yaml", "cancel.h5", pause=40)
    done = begun("cancel.h5")
    call("scancel", job)
    finish(job, "CANCELLED")
    finish(submit("--ntasks=3", "--nodes=1", SCRIPT, "cancel.h5", pause=5))
    assert same("cancel.h5")
    return f"{done} points when cancelled"


def case_requeued():
    """To the end, in short pieces."""
    job = submit("--ntasks=3", SCRIPT, "--srun", "job.yaml", "pieces.h5", pause=25)
    pieces, done = 0, -1
    while pieces < 4:
        restarted(job, pieces)
        done = begun("pieces.h5", done)
        call("scancel", "--batch", "--signal=USR1", job)
        pieces += 1
    finish(job)
    assert same("pieces.h5")
    return f"{facts(job)['Restarts']} restarts"


def case_time_limit():
    """A minute a start, the least that Slurm knows."""
    job = submit("--time=1", "--ntasks=2", "--signal=B:USR1@10", SCRIPT, "job.yaml", "minute.h5",
                 pause=60)
    restarted(job)
    done = ended("minute.h5")
    finish(job)
    assert same("minute.h5") and 0 < done < POINTS
    return f"{done} points in the first minute, {facts(job)['Restarts']} restarts"


def case_asked():
    """What users ask sbatch for is what they get."""
    plan = alone("plan", "job.yaml", "--ranks", "4", "--sbatch")
    assert plan.returncode == 0, plan
    write("plan.sbatch", plan.stdout)
    jobs = {"2 ranks on 2 nodes": ("--nodes=2", "--ntasks-per-node=1"),
            "4 ranks on 2 nodes": ("--nodes=2", "--ntasks-per-node=2"),
            "16 ranks on 2 nodes": ("--nodes=2", "--exclusive")}
    asked = {submit(*options, SCRIPT, "job.yaml", f"asked{k}.h5", pause=0): words
             for k, (words, options) in enumerate(jobs.items())}
    asked |= {submit("--mem=1000", "--ntasks=2", SCRIPT, "job.yaml", "memory.h5", pause=0):
              "2 ranks on 1 node, 0.524 GB a rank",
              submit("--mem-per-cpu=300", "--ntasks=2", "plan.sbatch", "--srun", pause=0):
              "2 ranks on 1 node, 0.315 GB a rank"}
    for job, words in asked.items():
        finish(job)
        assert words in log_of(job), (words, log_of(job))
    return "ranks, nodes and memory as asked for"


SHORT = ("array", "two_writers", "cancelled")


def main():
    cases = {name[5:]: case for name, case in globals().items() if name.startswith("case_")}
    wanted = sys.argv[4:] or SHORT
    with private_slurm(cpus=8, nodes=2 if wanted == SHORT else 3):
        assert run(2, "run", write("job.yaml", JOB), "-o", "local.h5") == 0
        os.environ |= {"PHASESWEEP": PROGRAM, "TMPDIR": os.getcwd() + "/tmp",
                       "PATH": os.path.dirname(MPIEXEC) + ":" + os.environ["PATH"]}
        os.environ.pop("OMPI_MCA_rmaps_base_oversubscribe", None)
        # those that break nodes would break others beside them
        together = ["array", "two_writers", "cancelled", "requeued", "time_limit"]
        alone_on_it = [name for name in cases if name not in together]
        for group in ([n for n in together if n in wanted or "all" in wanted],
                      *[[n] for n in alone_on_it if n in wanted or "all" in wanted]):
            with ThreadPoolExecutor() as pool:
                for name, words in zip(group, pool.map(lambda n: cases[n](), group)):
                    print(f"{name}: {words}", flush=True)


if __name__ == "__main__":
    main()
