"""slurm/phasesweep.sbatch without a Slurm: launchers and scontrol are scripts that lie.

usage: test_batch.py PHASESWEEP MPIEXEC PAUSE.so
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from harness import PROGRAM, alone, count, write

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
JOB = """sweeps:
  - name: small
    source_exponent: [0.75, 1.25]
    dimension: 100
    noise: 0.1
    samples: {as: effective_power, from: -0.5, to: 4.5, count: 6}
    weight_decay: [0.5, 1]
"""
# says RANKS ranks on NODES nodes of any launch, or runs the program as DO wishes
LAUNCHER = """#!/bin/bash
echo "${0##*/} $*" >>calls
case $* in
--version) echo "$VERSION"; exit ;;
--mpi=list) echo "MPI plugin types are..." >&2; printf '\\t%s\\n' $OFFERED >&2; exit ;;
*" bash -c "*) exit ;;
*" ranks") [[ -z ${HANGS-} ]] || exec sleep 60
           [[ " $* " == *" ${NEEDS:--} "* || -z ${NEEDS-} ]] || { echo 1 rank on 1 node, alone; exit; }
           echo "warning: noise"; echo "$RANKS ranks on $NODES nodes, 1 GB a rank, a fake"; exit ;;
esac
eval "$DO"
"""
SCONTROL = """#!/bin/bash
echo "scontrol $*" >>calls
[[ $* != *show* ]] || echo "JobId=7 JobName=x Requeue=1 Restarts=${NOW:-0} BatchFlag=1"
"""


def tool(name, text):
    path = pathlib.Path("bin", name)
    path.write_text(text)
    path.chmod(0o755)


def batch(*arguments, tools=("mpirun",), do="exit 2", **environment):
    """The script as Slurm would run it; the finished process, and what was called."""
    for old in pathlib.Path("bin").iterdir():
        old.unlink()
    for name in tools:
        tool(name, LAUNCHER)
    tool("scontrol", SCONTROL)
    pathlib.Path("calls").write_text("")
    fakes = {"PATH": f"{os.getcwd()}/bin:/usr/bin:/bin", "PHASESWEEP": PROGRAM,
             "SLURM_JOB_ID": "7", "SLURM_SUBMIT_DIR": os.getcwd(), "SLURM_NTASKS": "4",
             "RANKS": "4", "NODES": "1", "VERSION": "mpirun (Open MPI) 4.1.4", "OFFERED": "",
             "DO": do, "TMPDIR": os.getcwd()}
    done = subprocess.run(["bash", f"{ROOT}/slurm/phasesweep.sbatch", *arguments], text=True,
                          env=os.environ | fakes | environment, capture_output=True, timeout=60)
    return done, pathlib.Path("calls").read_text().splitlines()


def last_launch(calls):
    return [line for line in calls if line.endswith(".h5")][-1]


def check(done, status, *words):
    assert done.returncode == status, done
    for word in words:
        assert word in done.stderr, (word, done.stderr)


def check_launchers():
    """The first that starts all ranks as one program, on all nodes, with its own flags."""
    cases = [  # tools, environment, options of the script, how the launch begins
        (["mpirun", "srun"], {}, [], "mpirun -n 4 " + PROGRAM),
        (["mpirun"], {"RANKS": "5"}, ["--extra-rank"], "mpirun -n 5 --oversubscribe "),
        (["mpirun"], {"RANKS": "5", "VERSION": "HYDRA build details"}, ["--extra-rank"],
         "mpirun -n 5 " + PROGRAM),
        (["mpirun", "srun"], {"NEEDS": "--mpi=pmi2", "OFFERED": "none pmix pmix_v4 pmi2"}, [],
         "srun --mpi=pmi2 --wait=60 --ntasks=4 " + PROGRAM),
        (["mpirun", "srun"], {"OFFERED": "cray_shasta none", "SLURM_CPUS_PER_TASK": "3"},
         ["--srun"], "srun --mpi=cray_shasta --wait=60 --ntasks=4 --cpus-per-task=3 "),
        (["mpirun", "mpiexec.hydra"], {"VERSION": "Intel(R) MPI Library"},
         ["--launcher=mpiexec.hydra -ppn 2"], "mpiexec.hydra -ppn 2 -n 4 " + PROGRAM),
        (["mpirun", "srun"], {"SLURM_JOB_NUM_NODES": "2", "NODES": "2"}, [], "mpirun -n 4 "),
    ]
    for tools, environment, options, begins in cases:
        done, calls = batch(*options, "job.yaml", "none.h5", tools=tools, **environment)
        check(done, 2)
        assert last_launch(calls).startswith(begins), (begins, calls)
    # all ranks on one of two nodes; each rank a program of its own; no answer at all
    for environment, word in (({"SLURM_JOB_NUM_NODES": "2"}, "4 ranks on 1 nodes"),
                              ({"NEEDS": "what-it-never-gets"}, "1 rank on 1 node"),
                              ({"HANGS": "yes", "PHASESWEEP_LAUNCH_TIMEOUT": "0.3"}, "no answer")):
        done, calls = batch("job.yaml", "none.h5", tools=("mpirun", "mpiexec.hydra", "mpiexec"),
                            **environment)
        check(done, 4, "no launcher starts 4 ranks", word)
        assert not any(line.endswith(".h5") for line in calls), calls


def requeued(calls):
    return [line.split()[-1] for line in calls if line.startswith("scontrol requeue")]


def check_statuses():
    """The file decides, whatever the launcher says."""
    half = "cp half.h5 {0}; exit {1}"
    whole = "cp whole.h5 {0}; exit {1}"
    cases = [  # what the launcher does and says, environment, status, requeued, words
        (whole, 0, {}, 0, [], "status 0"),
        (whole, 137, {}, 0, [], "taken for 0"),
        (whole, 1, {}, 0, [], "taken for 0"),
        (whole, 3, {}, 0, [], "taken for 0"),
        ("exit {1}", 0, {}, 4, [], "no such archive"),
        ("exit {1}", 1, {}, 1, [], "no such archive"),
        ("exit {1}", 2, {}, 2, [], "status 2"),
        (half, 0, {}, 3, ["7"], "points are missing"),
        (half, 137, {}, 3, ["7"], "the ranks died"),
        (half, 1, {"SLURM_ARRAY_JOB_ID": "5", "SLURM_ARRAY_TASK_ID": "2"}, 3, ["5_2"], "died"),
        (half, 3, {"NOW": "1"}, 3, [], "started again elsewhere"),
        (half, 3, {"NOW": "1", "SLURM_RESTART_COUNT": "1"}, 3, ["7"], "restart 1"),
        (half, 137, {"PHASESWEEP_MAX_REQUEUES": "0"}, 3, [], "requeued 0 times already"),
    ]
    for k, (do, said, environment, status, again, word) in enumerate(cases):
        out = f"{k}.h5"
        job = "long.yaml" if do is half else "job.yaml"
        done, calls = batch(job, out, do=do.format(out, said), **environment)
        check(done, status, word)
        assert requeued(calls) == again, (do, said, calls)
    done, calls = batch("half.h5", do="exit 139")  # dies at once: no use in trying again
    check(done, 139, "nothing was gained")
    assert requeued(calls) == []


def kill_in_mid_run():
    """half.h5: begun and not finished."""
    process = subprocess.Popen([PROGRAM, "run", "long.yaml", "-o", "half.h5"],
                               stderr=subprocess.DEVNULL)
    while not os.path.exists("half.h5") or count("half.h5", "converged") == 0:
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert count("half.h5", "never_run") > 0, "make the job longer"
    text = alone("status", "half.h5").stdout  # nothing runs, whatever the dead run left in the file
    assert " running" not in text, text
    assert ("in hand when their run died" in text) == (count("half.h5", "running") > 0), text


def check_leftovers():
    folder = pathlib.Path("phasesweep-7.0")
    done, _ = batch("job.yaml", "left.h5", do="mkdir -p $OMPI_MCA_orte_tmpdir_base/session; "
                    "cp whole.h5 left.h5; touch left.h5.creating; kill -9 $$")
    check(done, 0, "left.h5.creating")
    assert not folder.exists()


def check_no_locks():
    """A file system that cannot lock, as HDF5 would like it to."""
    environment = os.environ | {"LD_PRELOAD": sys.argv[3], "PHASESWEEP_NO_FLOCK": "1"}
    for words in (["run", "job.yaml", "-o", "unlocked.h5"], ["status", "unlocked.h5"]):
        done = subprocess.run([PROGRAM, *words], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.mkdir("bin")
        for name in [k for k in os.environ if k.startswith(("SLURM", "SBATCH"))]:
            del os.environ[name]
        write("job.yaml", JOB)
        write("long.yaml", JOB.replace("[0.5, 1]", "{as: power, from: -2, to: 3, count: 300}")
              .replace("count: 6}", "count: 800}"))
        assert alone("run", "job.yaml", "-o", "whole.h5").returncode == 0
        kill_in_mid_run()
        check_launchers()
        check_statuses()
        check_leftovers()
        check_no_locks()


main()
