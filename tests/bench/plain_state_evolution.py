#!/usr/bin/python3
"""A plain state evolution of the quadratic network, as one writes it in a notebook: eigenvalues of
S* + delta Z for three sampled GOE matrices, sums over pairs for the Hilbert transform, a generic root
finder from a fixed start.  The opponent of bench_evolution.sh.

usage: plain_state_evolution.py SAMPLES DIMENSION SOURCE_EXPONENT NOISE NUCLEAR_WEIGHT
"""
import sys
import time

import numpy as np
from scipy.optimize import root

MATRICES = 3


def sampled(d):
    generator = np.random.default_rng(0)
    matrices = []
    for _ in range(MATRICES):
        z = generator.standard_normal((d, d))
        matrices.append((z + z.T) / np.sqrt(2 * d))
    return matrices


def order_parameters(delta, b, s, matrices):
    """R and D of theory: averages over the sampled spectra."""
    risk = divergence = 0.0
    d = len(s)
    for z in matrices:
        x, vectors = np.linalg.eigh(np.diag(s) + delta * z)
        f = np.maximum(x - b, 0.0)
        gaps = x[:, None] - x[None, :]
        np.fill_diagonal(gaps, np.inf)
        steps = (f[:, None] - f[None, :]) / gaps
        divergence += (steps.sum() + 2.0 * (f > 0).sum()) / d ** 2
        overlap = np.sum((vectors.T ** 2 @ s) * f) / d
        risk += 1.0 - 2.0 * overlap + np.mean(f ** 2)
    return risk / MATRICES, divergence / MATRICES


def solve(n, d, gamma, noise, lt):
    s = np.arange(1, d + 1.0) ** -gamma
    s *= np.sqrt(d / np.sum(s ** 2))
    alpha = n / d ** 2
    matrices = sampled(d)

    def equations(logs):
        delta, b = np.exp(logs)
        risk, divergence = order_parameters(delta, b, s, matrices)
        return [delta ** 2 - (risk + noise / 2) / (2 * alpha),
                lt - 4 * b * alpha * (1 - divergence / (2 * alpha))]

    start = [0.5 * np.log(noise / (4 * alpha)), np.log(lt / (4 * alpha))]
    found = root(equations, start, method="hybr", tol=1e-6)
    delta, b = np.exp(found.x)
    return order_parameters(delta, b, s, matrices)[0], found.nfev


begin = time.process_time()
value, evaluations = solve(float(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:6]))
print(f"{value:.9g} {time.process_time() - begin:.4g} {evaluations}")
