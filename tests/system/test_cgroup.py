"""slurm/phasesweep.sbatch where Slurm holds jobs to their memory: one rank takes too much, once.

usage: test_cgroup.py PHASESWEEP MPIEXEC PAUSE.so
"""
import os

from harness import MPIEXEC, PROGRAM, run, write
from test_cluster import JOB, SCRIPT, facts, finish, log_of, private_slurm, same, submit

KILLER = {"greedy": "the memory killer struck 1 times; ask for more than --mem=400",
          "steps": "oom-kill event"}  # of a step whose group is gone Slurm itself says so


def main():
    with private_slurm(cpus=4, memory=True):
        assert run(2, "run", write("job.yaml", JOB), "-o", "local.h5") == 0
        os.environ |= {"PHASESWEEP": PROGRAM, "TMPDIR": os.getcwd() + "/tmp",
                       "PATH": os.path.dirname(MPIEXEC) + ":" + os.environ["PATH"]}
        os.environ.pop("OMPI_MCA_rmaps_base_oversubscribe", None)
        jobs = {}
        for name, options in (("greedy", ()), ("steps", ("--srun",))):
            os.environ["PHASESWEEP_GREED"] = f"{os.getcwd()}/{name}.taken"
            jobs[name] = submit("--ntasks=2", "--mem=400M", SCRIPT, *options, "job.yaml", f"{name}.h5")
        for name, job in jobs.items():
            finish(job)
            assert os.path.exists(f"{name}.taken"), "nobody was greedy"
            assert KILLER[name] in log_of(job), log_of(job)
            assert facts(job)["Restarts"] == "1" and same(f"{name}.h5"), log_of(job)


main()
