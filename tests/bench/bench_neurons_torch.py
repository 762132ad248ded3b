"""Two-layer networks: phasesweep on two ranks against PyTorch on two threads, float64.

    /usr/bin/python3 bench_neurons_torch.py BENCH_NEURONS [ACTIVATION d k p n]...

BENCH_NEURONS is that program (cmake --build build --target benches).  Both take the same steps
from the same start on the same rows in memory: Adam over batches (PyTorch's of contiguous rows,
which spares it the shuffling), then evaluations of L-BFGS with the strong Wolfe line search.
In turns, three times; the least CPU seconds of all ranks or threads for a step are compared
(the machine may be busy), wall seconds printed beside them.  Without sizes a small and a large
network of tanh and relu.
"""
import os
import re
import resource
import subprocess
import sys
import tempfile
import time

os.environ.update(OPENBLAS_NUM_THREADS="2", OMP_NUM_THREADS="2", OMP_WAIT_POLICY="passive")
import numpy as np  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(2)
EPOCHS, BATCH, RATE, DECAY, LIMIT = 10, 512, 0.01, 0.04, 40
USUAL = [("tanh", 100, 50, 50, 10000), ("relu", 100, 50, 50, 10000),
         ("tanh", 400, 100, 200, 20000), ("relu", 400, 100, 200, 20000)]


def cpu_seconds(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def ours(bench, size, epochs, limit, path):
    """Wall seconds of a step of Adam and of an evaluation; CPU seconds of the whole run."""
    environment = dict(os.environ, OPENBLAS_NUM_THREADS="1", OMPI_ALLOW_RUN_AS_ROOT="1",
                       OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                       OMPI_MCA_btl_vader_single_copy_mechanism="none")
    command = ["mpirun", "-n", "2", bench] + [str(x) for x in size]
    command += ["0", "0.04", str(DECAY), "trained", str(epochs), str(BATCH), str(RATE), "1e-14",
                str(limit), "1"] + path
    before = cpu_seconds(resource.RUSAGE_CHILDREN)
    text = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    spent = cpu_seconds(resource.RUSAGE_CHILDREN) - before
    numbers = re.search(r"F (\S+) .*adam (\d+) x (\S+) s \((\S+)\), lbfgs (\d+) x (\S+) s "
                        r"\((\S+)\)", text).groups()
    return [float(x) for x in numbers] + [spent]


def theirs(size, path):
    name, d, _, p, n = size
    data = torch.from_numpy(np.fromfile(path))
    x, y = data[: n * d].view(n, d), data[n * d: n * d + n]
    w = data[n * d + n: n * d + n + d * p].view(p, d).clone().requires_grad_()
    a = data[n * d + n + d * p:].clone().requires_grad_()
    sigma = {"tanh": torch.tanh, "relu": torch.relu}[name]

    def loss(rows, labels):
        residual = labels - sigma(rows @ w.T / d**0.5) @ a / p**0.5
        return (residual * residual).sum()

    def decay():
        return DECAY * ((w * w).sum() + (a * a).sum())

    batches = round(n / BATCH)
    bounds = [n * k // batches for k in range(batches + 1)]
    steps = EPOCHS * batches
    adam = torch.optim.Adam([w, a], lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    start, processor = time.perf_counter(), time.process_time()
    for _ in range(EPOCHS):
        for low, high in zip(bounds, bounds[1:]):
            adam.zero_grad()
            (loss(x[low:high], y[low:high]) / (high - low) + decay() / n).backward()
            adam.step()
            schedule.step()
    first = ((time.perf_counter() - start) / steps, (time.process_time() - processor) / steps)
    optimizer = torch.optim.LBFGS([w, a], max_iter=10**6, max_eval=LIMIT, history_size=20,
                                  tolerance_grad=0.0, tolerance_change=0.0,
                                  line_search_fn="strong_wolfe")
    evaluations = 0

    def closure():
        nonlocal evaluations
        evaluations += 1
        optimizer.zero_grad()
        value = loss(x, y) + decay()
        value.backward()
        return value

    start, processor = time.perf_counter(), time.process_time()
    optimizer.step(closure)
    second = ((time.perf_counter() - start) / evaluations,
              (time.process_time() - processor) / evaluations)
    with torch.no_grad():
        value = float(loss(x, y) + decay()) / d**2
    return value, first, second


def main():
    bench, given = sys.argv[1], sys.argv[2:]
    sizes = [(given[k], *map(int, given[k + 1: k + 5])) for k in range(0, len(given), 5)]
    for size in sizes or USUAL:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "data")
            best = np.full((4, 2), np.inf)
            for _ in range(3):
                own = ours(bench, size, EPOCHS, LIMIT, [path])
                other = theirs(size, path)
                # CPU seconds of both ranks
                now = [(own[2], 2 * own[3]), other[1], (own[5], 2 * own[6]), other[2]]
                best = np.minimum(best, now)
            print(*size, f"F {own[0]:.8g} {other[0]:.8g}")
            for what, k in (("adam", 0), ("lbfgs", 2)):
                print(f"  {what}: ms a step, wall {1e3 * best[k, 0]:.3f} | torch "
                      f"{1e3 * best[k + 1, 0]:.3f}; cpu {1e3 * best[k, 1]:.3f} | "
                      f"{1e3 * best[k + 1, 1]:.3f}; torch / ours wall "
                      f"{best[k + 1, 0] / best[k, 0]:.2f} cpu {best[k + 1, 1] / best[k, 1]:.2f}",
                      flush=True)


main()
