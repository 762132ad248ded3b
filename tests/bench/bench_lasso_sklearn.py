"""CPU seconds of the LASSO solver beside scikit-learn's Lasso, both on one thread.

    OPENBLAS_NUM_THREADS=1 /usr/bin/python3 bench_lasso_sklearn.py BENCH_LASSO D N TURNS LAMBDA...

scikit-learn minimises |y - X w|^2 / (2 n) + alpha |w|_1, so alpha = lambda sqrt(d) / n and its
objective is F / n; its tol bounds the duality gap by tol |y|^2.  From its default, 1e-4, to
1e-6, with its faster choice of `precompute`; X is handed over by column, as it wants it, and
neither the copy nor the drawing of rows is timed.  Then bench_lasso on the same data is asked for
the relative gap (that of lasso.c) which scikit-learn's coefficients have.  In turns; medians.
"""
import re
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
from sklearn.linear_model import Lasso


def read(path):
    with open(path, "rb") as file:
        n, d = np.fromfile(file, np.int64, 2)
        y = np.fromfile(file, float, n)
        return np.asfortranarray(np.fromfile(file, float, n * d).reshape(n, d)), y


def own(bench, d, n, weight_decay, gap, file=None):
    """CPU seconds and gap of a cold solution; the gap that can be asked for has limits."""
    gap = min(max(gap, 1e-13), 1e-2)
    more = ["0", file] if file else []
    text = subprocess.run([bench, d, n, repr(gap), str(weight_decay), *more], check=True,
                          capture_output=True, text=True).stdout
    found = re.search(r"cpu ([\d.]+)\)  (\w+)  gap (\S+)", text)
    return float(found[1]), found[2], float(found[3])


def gap_of(x, y, w, weight):
    """Relative duality gap with the best scale of the residual."""
    r = y - x @ w
    objective = r @ r / 2 + weight * abs(w).sum()
    most = weight / abs(x.T @ r).max()
    scale = np.clip(y @ r / (r @ r), -most, most)
    return 1 - (scale * (y @ r) - scale**2 * (r @ r) / 2) / objective


def theirs(x, y, weight, tol, precompute):
    """CPU seconds, gap and sweeps."""
    model = Lasso(alpha=weight / len(y), fit_intercept=False, tol=tol, max_iter=100000,
                  precompute=precompute)
    start = time.process_time()
    model.fit(x, y)
    return time.process_time() - start, gap_of(x, y, model.coef_, weight), model.n_iter_


def main():
    bench, d, n, turns, *weights = sys.argv[1:]
    with tempfile.NamedTemporaryFile() as file:
        own(bench, d, n, weights[0], 1e-2, file.name)
        x, y = read(file.name)
    for weight_decay in map(float, weights):
        for tol in (1e-4, 1e-5, 1e-6):
            times = {"columns": [], "Gram": [], "here": []}
            for _ in range(int(turns)):
                weight = weight_decay * np.sqrt(x.shape[1])
                seconds, gap, sweeps = theirs(x, y, weight, tol, False)
                times["columns"].append(seconds)
                times["Gram"].append(theirs(x, y, weight, tol, True)[0])
                seconds, outcome, reached = own(bench, d, n, weight_decay, gap)
                times["here"].append(seconds)
            s = {k: statistics.median(v) for k, v in times.items()}
            print(f"weight decay {weight_decay:g}, tol {tol:g}, gap {gap:.1e}: scikit-learn "
                  f"{s['columns']:.3f} s, with its Gram matrix {s['Gram']:.3f} s, {sweeps} sweeps; "
                  f"here {s['here']:.3f} s, {outcome}, gap {reached:.1e}: "
                  f"{min(s['columns'], s['Gram']) / s['here']:.2f} times faster", flush=True)


main()
