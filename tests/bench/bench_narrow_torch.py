"""Narrow networks: phasesweep on two ranks against PyTorch's L-BFGS on two threads.

    /usr/bin/python3 bench_narrow_torch.py BENCH_NARROW SAMPLES DIMENSION NUCLEAR_WEIGHT WIDTH...
        [--limit SECONDS]

BENCH_NARROW is that program (cmake --build build --target benches).  Both train one start of
W ~ N(0, 1) on the same data, in memory; PyTorch in float64 with the strong Wolfe line search.
phasesweep's clock runs until its tolerance of 1e-7 is reached and the certificate made,
PyTorch's stops when F is within 1e-5 of phasesweep's end; `not reached` within the limit (CPU
seconds) or at an end of its own is a result.  Wall seconds and, for busy machines, CPU seconds
of all ranks or threads are printed.
"""
import argparse
import os
import re
import subprocess
import tempfile
import time

os.environ.update(OPENBLAS_NUM_THREADS="2", OMP_NUM_THREADS="2", OMP_WAIT_POLICY="passive")
os.environ.pop("OPENBLAS_CORETYPE", None)
import numpy as np  # noqa: E402
import torch  # noqa: E402

GOAL = 1e-5


class OutOfTime(Exception):
    pass


def ours(options, width, path):
    environment = dict(os.environ, OPENBLAS_NUM_THREADS="1", OMPI_ALLOW_RUN_AS_ROOT="1",
                       OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                       OMPI_MCA_btl_vader_single_copy_mechanism="none")
    command = ["mpirun", "-n", "2", options.bench, options.samples, options.dimension,
               options.weight, "1", "1", width, path]
    text = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    print("phasesweep:", text.strip())
    numbers = re.search(r" F (\S+) .* evaluations (\d+), (\S+) s \(cpu (\S+)\)", text).groups()
    return float(numbers[0]), float(numbers[2]), 2 * float(numbers[3])


def theirs(options, width, path, goal):
    samples, d, weight = int(options.samples), int(options.dimension), float(options.weight)
    data = torch.from_numpy(np.fromfile(path))
    x, y = data[: samples * d].view(samples, d), data[samples * d:]
    torch.manual_seed(1)
    w = torch.randn(int(width), d, dtype=torch.float64, requires_grad=True)
    scale = (int(width) * d) ** -0.5
    optimizer = torch.optim.LBFGS([w], max_iter=10**6, max_eval=10**6, history_size=30,
                                  tolerance_grad=0.0, tolerance_change=0.0,
                                  line_search_fn="strong_wolfe")
    evaluations, lowest = 0, np.inf
    start, processor = time.perf_counter(), time.process_time()

    def closure():
        nonlocal evaluations, lowest
        optimizer.zero_grad()
        squares = scale * (w * w).sum()
        residual = y - (scale * (x @ w.T).square().sum(1) - squares) / d**0.5
        loss = residual.square().sum() / d**2 + weight / d * squares
        loss.backward()
        evaluations += 1
        lowest = min(lowest, loss.item())
        if lowest <= goal or time.process_time() - processor > options.limit:
            raise OutOfTime
        return loss

    try:
        optimizer.step(closure)
    except OutOfTime:
        pass
    return lowest, evaluations, time.perf_counter() - start, time.process_time() - processor


def main():
    parser = argparse.ArgumentParser()
    for name in ("bench", "samples", "dimension", "weight"):
        parser.add_argument(name)
    parser.add_argument("widths", nargs="+")
    parser.add_argument("--limit", type=float, default=300.0)
    options = parser.parse_args()
    torch.set_num_threads(2)
    for width in options.widths:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "data")
            end, seconds, processor = ours(options, width, path)
            lowest, evaluations, wall, cpu = theirs(options, width, path, end * (1 + GOAL))
        more = "=" if lowest <= end * (1 + GOAL) else "not reached, >"
        print(f"torch: p {width}: F {lowest:.9g}, {evaluations} evaluations {more} {wall:.1f} s "
              f"(cpu {cpu:.1f}), ratio {more} {wall / seconds:.1f} (cpu {cpu / processor:.1f})",
              flush=True)


main()
