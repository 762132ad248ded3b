"""Learning in time: when to stop, what that is worth beside a weight decay, and what width to train for a
given compute.  Plain NumPy arrays in and out (doc/theory.md, section 17)."""
import numpy as np


def least(x, risk):
    """(x, risk) at the minimum of a line over x > 0, by the parabola in log x through its least point and
    that one's neighbours; at an end of the line, the end.  NaN is left out; (NaN, NaN) without any point."""
    x, risk = np.asarray(x, float), np.asarray(risk, float)
    good = np.isfinite(risk)
    x, risk = x[good], risk[good]
    if risk.size == 0:
        return np.nan, np.nan
    order = np.argsort(x)
    x, risk = x[order], risk[order]
    k = int(np.argmin(risk))
    if k in (0, risk.size - 1):
        return float(x[k]), float(risk[k])
    u = np.log(x[k - 1:k + 2])
    bend, slope, level = np.polyfit(u - u[1], risk[k - 1:k + 2], 2)
    if not bend > 0:
        return float(x[k]), float(risk[k])
    step = -0.5 * slope / bend
    return float(np.exp(u[1] + step)), float(level + 0.5 * slope * step)


def is_inside(x, risk):
    """Is the minimum one, and not an end of the line, beyond which the risk may go on falling?"""
    x, risk = np.asarray(x, float), np.asarray(risk, float)
    good = np.isfinite(risk)
    order = np.argsort(x[good])
    risk = risk[good][order]
    return risk.size > 2 and 0 < int(np.argmin(risk)) < risk.size - 1


def frontier(time, width, risk):
    """The least risk at each compute C = width * time (at a fixed step in units of tau a step costs in
    proportion to the width): rows (C, risk, width, time) in ascending C, each with less risk than all before.
    risk [len(width), len(time)]."""
    time, width, risk = (np.asarray(values, float) for values in (time, width, risk))
    compute = width[:, None] * time[None, :]
    rows = [(compute[at], risk[at], width[at[0]], time[at[1]]) for at in np.ndindex(*risk.shape)
            if np.isfinite(risk[at]) and compute[at] > 0]
    kept, lowest = [], np.inf
    for row in sorted(rows):
        if row[1] < lowest:
            lowest = row[1]
            kept.append(row)
    return np.array(kept).reshape(-1, 4)


def learned_logarithm(tau, start):
    """L = log(s_K/start), where 2 tau s_K = L: the least eigenvalue learned at tau from S = start.  NaN
    where nothing is learned yet."""
    guess = np.log(np.maximum(1.0 / (2.0 * np.asarray(tau, float) * start), np.e))
    value = guess + 1.0
    for _ in range(60):  # L - log L = log(1/(2 tau start)), L > 1; Newton from above
        value = np.maximum(value - (value - np.log(value) - guess) / (1.0 - 1.0 / value), 1.0 + 1e-9)
    return np.where(2.0 * np.asarray(tau, float) * start * np.e < 1.0, value, np.nan)


def time_exponent(gamma, tau, start):
    """d log R/d log tau in phase II of the flow, with its logarithm."""
    logarithm = learned_logarithm(tau, start)
    return -(2.0 - 1.0 / gamma) * logarithm / (logarithm - 1.0)
