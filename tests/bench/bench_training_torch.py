"""Time to a given accuracy: phasesweep on two ranks against PyTorch's L-BFGS on two threads.

    /usr/bin/python3 bench_training_torch.py RACE [--limit SECONDS] [--case small|large]

RACE is the program `race` (cmake --build build --target benches).  The opponent is the usual
way to train these networks: L-BFGS with the strong Wolfe line search, float64, on the weights W
(d x d) of the same data, from a random start.  It knows nothing of its distance from the
minimum; here its clock is read when F is within 1e-3, 1e-4, 1e-5 of the minimum that phasesweep
has proved.  phasesweep's clock stops at a PROVED gap.  `not reached` within the limit is a
result.  Wall seconds and, for busy machines, CPU seconds of all ranks or threads are printed;
the limit is in CPU seconds.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time

os.environ.update(OPENBLAS_NUM_THREADS="2", OMP_NUM_THREADS="2", OMP_WAIT_POLICY="passive")
os.environ.pop("OPENBLAS_CORETYPE", None)
import numpy as np  # noqa: E402
import torch  # noqa: E402

CASES = {  # samples, dimension, gamma, noise, nuclear weight
    "small": (20000, 200, 1.25, 0.1, 0.07),
    "large": (160000, 400, 1.25, 0.1, 0.1),
}
GOALS = (1e-3, 1e-4, 1e-5)


class OutOfTime(Exception):
    pass


def ours(race, case, path):
    environment = dict(os.environ, OPENBLAS_NUM_THREADS="1",
                       OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                       OMPI_MCA_btl_vader_single_copy_mechanism="none")
    environment.pop("OPENBLAS_CORETYPE", None)
    command = ["mpirun", "-n", "2", race, *map(str, case), path]
    return json.loads(subprocess.run(command, env=environment, check=True,
                                     stdout=subprocess.PIPE).stdout)


def theirs(case, path, minimum, limit):
    """Seconds to each goal, and the number of evaluations; what is missing was not reached."""
    samples, d, _, _, weight = case
    data = torch.from_numpy(np.fromfile(path))
    x, y = data[: samples * d].view(samples, d), data[samples * d:]
    torch.manual_seed(1)
    w = torch.randn(d, d, dtype=torch.float64).div_(d**0.5).requires_grad_()
    optimizer = torch.optim.LBFGS([w], max_iter=10**6, max_eval=10**6, history_size=20,
                                  tolerance_grad=0.0, tolerance_change=0.0,
                                  line_search_fn="strong_wolfe")
    reached, evaluations = {}, 0
    start, cpu_start = time.perf_counter(), time.process_time()

    def closure():
        nonlocal evaluations
        optimizer.zero_grad()
        squares = (w * w).sum()
        residual = y - ((x @ w.T).square().sum(1) - squares) / d**0.5
        loss = residual.square().sum() / d**2 + weight / d * squares
        loss.backward()
        evaluations += 1
        elapsed = time.perf_counter() - start, time.process_time() - cpu_start
        for goal in GOALS:
            if loss.item() <= minimum * (1 + goal):
                reached.setdefault(goal, elapsed)
        if len(reached) == len(GOALS) or elapsed[1] > limit:
            raise OutOfTime
        return loss

    try:
        optimizer.step(closure)
    except OutOfTime:
        pass
    return reached, evaluations, (time.perf_counter() - start, time.process_time() - cpu_start)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("race")
    parser.add_argument("--limit", type=float, default=600.0)
    parser.add_argument("--case", choices=CASES, action="append")
    options = parser.parse_args()
    torch.set_num_threads(2)
    for name in options.case or CASES:
        case = CASES[name]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "data")
            mine = ours(options.race, case, path)
            reached, evaluations, seconds = theirs(case, path, mine["minimum"], options.limit)
        print(f"n = {case[0]}, d = {case[1]}, lt = {case[4]}: minimum {mine['minimum']:.9g}; "
              f"torch: {evaluations} evaluations in {seconds[0]:.1f} s, CPU {seconds[1]:.1f} s")
        for goal in GOALS:
            own, other = mine[f"{goal:g}"], reached.get(goal, seconds)
            more = "=" if goal in reached else "not reached, >"
            print(f"  {goal:g}: phasesweep {own[0]:.2f} s (CPU {own[1]:.2f}), "
                  f"torch {more} {other[0]:.2f} s (CPU {other[1]:.2f}), "
                  f"ratio {more} {other[0] / own[0]:.1f} (CPU {other[1] / own[1]:.1f})")


if __name__ == "__main__":
    main()
