"""Descent: phasesweep on two ranks against PyTorch on two threads (or --ranks of both), the same steps in double precision on the
same data from the same start; prints CPU seconds (all ranks or threads) and wall seconds of the steps alone,
in turns, and the least of each with their ratio (PyTorch over phasesweep).

    /usr/bin/python3 bench_descent_torch.py PHASESWEEP MODEL SAMPLES DIMENSION WIDTH OPTIMIZER BATCH STEPS
        [--turns 3] [--ranks 2]

Where the risk that both end with differs by more than 1e-6 it says so: then they were not the same steps.
"""
import argparse
import json
import os
import resource
import subprocess
import tempfile
import time

os.environ.update(OPENBLAS_NUM_THREADS="2", OMP_NUM_THREADS="2", OMP_WAIT_POLICY="passive",
                  OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                  OMPI_MCA_btl_vader_single_copy_mechanism="none", OMPI_MCA_mpi_yield_when_idle="1")
import numpy as np  # noqa: E402
import torch  # noqa: E402

RATE = {"gd": 1e-3, "sgd": 1e-3, "adam": 1e-4}
WEIGHT = 1.0


def keys(options, steps):
    rate = RATE[options.optimizer]
    width = [f"width={options.width}"] if options.model == "quadratic" else []
    return [f"model={options.model}", "method=descent", "source_exponent=1.25", "noise=0.1", "start=aligned",
            f"samples={options.samples}", f"dimension={options.dimension}", f"weight_decay={WEIGHT}", *width,
            "start_scale=0.5", f"optimizer={options.optimizer}", f"batch={options.batch}",
            f"learning_rate={rate}", f"time={rate * steps!r}"]


def once(options, steps):
    """(record, CPU seconds, wall seconds) of a whole point."""
    environment = dict(os.environ, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(["mpirun", "-n", str(options.ranks), options.program, "point", *keys(options, steps)],
                          env=environment, check=True, capture_output=True, text=True)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - start
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout), spent, wall


def ours(options):
    """What `steps` steps take beyond none: program, data and report are in both."""
    record, spent, wall = once(options, options.steps)
    _, idle, idle_wall = once(options, 0)
    return record["risk"], spent - idle, wall - idle_wall


def draw(options, name):
    subprocess.run([options.program, "draw", *keys(options, 1), "-o", name], check=True, capture_output=True)
    return [np.load(f"{name}_{what}.npy") for what in ("x", "y", "teacher")]


def theirs(options, x, y, teacher):
    n, d, p = options.samples, options.dimension, options.width
    x, y = torch.from_numpy(np.ascontiguousarray(x)), torch.from_numpy(np.ascontiguousarray(y))
    matrix = options.model == "quadratic"
    if matrix:
        w = torch.zeros(p, d, dtype=torch.float64)
        w[range(min(p, d)), range(min(p, d))] = 0.5 * max(p, d) ** 0.5
        weights = [w.requires_grad_()]
    else:
        weights = [torch.full((d,), 0.5, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    unit = d * (p * d) ** 0.5 / 8 if matrix else d ** 0.5 / 2
    adam = options.optimizer == "adam"
    optimizer = torch.optim.Adam(weights, lr=RATE["adam"]) if adam else torch.optim.SGD(
        weights, lr=RATE[options.optimizer] * unit)
    batches = -(-n // options.batch) if 0 < options.batch < n else 1
    start, processor = time.perf_counter(), time.process_time()
    for step in range(options.steps):
        rows, labels = (x, y) if batches == 1 else (x[step % batches::batches], y[step % batches::batches])
        optimizer.zero_grad()
        if matrix:
            square = (weights[0] ** 2).sum()
            output = (((rows @ weights[0].T) ** 2).sum(1) - square) / (p * d) ** 0.5 / d ** 0.5
        else:
            square = sum((w ** 2).sum() for w in weights)
            output = rows @ (weights[0] * weights[1]) / d ** 0.5
        loss = ((labels - output) ** 2).mean() + WEIGHT / n * square
        loss.backward()
        optimizer.step()
    spent, wall = time.process_time() - processor, time.perf_counter() - start
    with torch.no_grad():
        if matrix:
            truth = torch.from_numpy(teacher)
            error = weights[0].T @ weights[0] / (p * d) ** 0.5 - (truth if truth.ndim == 2 else torch.diag(truth))
            return float((error ** 2).sum() / d), spent, wall
        error = weights[0] * weights[1] / d ** 0.5 - torch.from_numpy(teacher)
        return float((error ** 2).sum()), spent, wall


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("program")
    parser.add_argument("model", choices=["quadratic", "diagonal"])
    for name in ("samples", "dimension", "width"):
        parser.add_argument(name, type=int)
    parser.add_argument("optimizer", choices=list(RATE))
    parser.add_argument("batch", type=int)
    parser.add_argument("steps", type=int)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--ranks", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.ranks)
    with tempfile.TemporaryDirectory() as folder:
        x, y, teacher = draw(options, f"{folder}/data")
    times = {"phasesweep": [], "PyTorch": []}
    for _ in range(options.turns):
        for name, run in (("phasesweep", lambda: ours(options)), ("PyTorch", lambda: theirs(options, x, y, teacher))):
            risk, spent, wall = run()
            times[name].append((spent, wall, risk))
            print(f"{name:10} risk {risk:.12g} cpu {spent:.2f} s wall {wall:.2f} s")
    risks = [rows[-1][2] for rows in times.values()]
    if abs(risks[0] / risks[1] - 1) > 1e-6:
        print("NOT the same steps")
    least = {name: [min(row[k] for row in rows) for k in range(2)] for name, rows in times.items()}
    print("PyTorch / phasesweep: cpu %.2f, wall %.2f" % tuple(
        least["PyTorch"][k] / least["phasesweep"][k] for k in range(2)))


if __name__ == "__main__":
    main()
