"""Time of scikit-learn's Lasso on the data that bench_lasso wrote.

    bench_lasso D N TOLERANCE "WEIGHT_DECAY ..." 0 FILE
    /usr/bin/python3 bench_lasso_sklearn.py FILE TOL WEIGHT_DECAY...

scikit-learn minimises |y - X w|^2 / (2 n) + alpha |w|_1, so alpha = lambda sqrt(d) / n and its
objective is F / n; its TOL bounds the duality gap by TOL |y|^2.  F and the relative gap printed
here are those of lasso.c, from its coefficients: give bench_lasso that gap as tolerance.  X is
handed over by column, as it wants it; the copy is not timed.
"""
import sys
import time

import numpy as np
from sklearn.linear_model import Lasso


def read(path):
    with open(path, "rb") as file:
        n, d = np.fromfile(file, np.int64, 2)
        y = np.fromfile(file, float, n)
        return np.asfortranarray(np.fromfile(file, float, n * d).reshape(n, d)), y


def values(x, y, w, weight):
    """F and its relative duality gap with the best scale of the residual."""
    r = y - x @ w
    objective = r @ r / 2 + weight * abs(w).sum()
    most = weight / abs(x.T @ r).max()
    scale = np.clip(y @ r / (r @ r), -most, most)
    dual = scale * (y @ r) - scale**2 * (r @ r) / 2
    return objective, (objective - dual) / objective


def main():
    x, y = read(sys.argv[1])
    n, d = x.shape
    for weight_decay in map(float, sys.argv[3:]):
        weight = weight_decay * np.sqrt(d)
        for precompute in (False, True):
            model = Lasso(alpha=weight / n, fit_intercept=False, tol=float(sys.argv[2]),
                          max_iter=100000, precompute=precompute)
            start, processor = time.perf_counter(), time.process_time()
            model.fit(x, y)
            seconds = time.perf_counter() - start
            objective, gap = values(x, y, model.coef_, weight)
            print(f"scikit-learn, weight decay {weight_decay:g}, Gram {precompute}: "
                  f"{seconds:.3f} s (cpu {time.process_time() - processor:.3f})  gap {gap:.1e}  "
                  f"F {objective:.10g}  active {np.count_nonzero(model.coef_)}  "
                  f"sweeps {model.n_iter_}", flush=True)


main()
