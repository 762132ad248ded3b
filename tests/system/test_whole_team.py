"""A team of all ranks, of which rank 0 is one though the ranks have to share cores.

usage: test_whole_team.py PHASESWEEP MPIEXEC
"""
import os
import tempfile

from harness import count, run, write

JOB = """sweeps:
  - {name: all, model: diagonal, method: training, source_exponent: 1.25, dimension: 200, noise: 0.1,
     samples: 400, ranks_per_line: 3, weight_decay: [1, 0.1]}
  - {name: more, model: diagonal, method: training, source_exponent: 1.25, dimension: 200, noise: 0.1,
     samples: 500, ranks_per_line: 4, weight_decay: [1, 0.1]}
"""


def main():
    # two cores for three ranks: the master would only hand out
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    os.environ["OMPI_MCA_hwloc_base_binding_policy"] = "none"
    with tempfile.TemporaryDirectory() as folder:
        job, path = write(f"{folder}/job.yaml", JOB), f"{folder}/out.h5"
        assert run(3, "run", job, "-o", path) == 1  # a team of four there is not
        assert count(path, "converged") == 2
        assert count(path, "refused_memory") == 2
        assert run(4, "run", job, "-o", path) == 0  # what was refused is tried again
        assert count(path, "converged") == 4


main()
