#!/usr/bin/python3
"""Descent on the weights beside the certified minimum, on one data set: objective and risk of the
network by evaluations of PyTorch's L-BFGS (strong Wolfe, random starts, single precision, as published
trainings have them), against what `point` proves to be the minimum.  Where such a training stops
decides its risk.

usage: fig_descent.py NAME POINT.json [OUTPUT_DIRECTORY]

NAME_x.npy, NAME_y.npy and NAME_teacher.npy are those of `phasesweep draw KEYS -o NAME`, POINT.json is
the output of `phasesweep point` with the same keys (model quadratic, isotropic features).  Needs
python3-torch.
"""
import json
import pathlib
import sys

import style
from phasesweep import sweep
from style import np, plt

try:
    import torch
except ImportError as error:
    raise SystemExit(f"{error}; on Debian install python3-torch") from error

STARTS, ROUNDS, PER_ROUND, HISTORY = 5, 60, 10, 100


def read(name):
    try:
        return [np.load(f"{name}_{part}.npy") for part in ("x", "y", "teacher")]
    except (OSError, ValueError) as error:
        raise sweep.Refusal(f"{error}; `phasesweep draw KEYS -o {name}` writes it") from error


def measure(weights, x, y, teacher, decay):
    """Objective in the units of `point`, and risk, in double precision."""
    d = x.shape[1]
    w = weights.detach().double().numpy()
    learned = w.T @ w / np.sqrt(len(w) * d)
    output = (np.einsum("ni,ni->n", x @ learned, x) - np.trace(learned)) / np.sqrt(d)
    objective = (np.sum((y - output) ** 2) + decay * np.sum(w ** 2)) / d ** 2
    return objective, np.sum((learned - teacher) ** 2) / d


def descend(seed, x, y, teacher, width, decay):
    """Rows (evaluations, objective, risk) along one descent in single precision."""
    torch.manual_seed(seed)
    d = x.shape[1]
    rows, labels = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    weights = torch.randn(width, d, requires_grad=True)
    search = torch.optim.LBFGS([weights], max_iter=PER_ROUND, history_size=HISTORY, tolerance_grad=0,
                               tolerance_change=0, line_search_fn="strong_wolfe")
    seen, evaluations = [], 0

    def loss():
        nonlocal evaluations
        evaluations += 1
        search.zero_grad()
        output = ((rows @ weights.T).square().sum(1) - weights.square().sum()) / (width * d) ** 0.5 / d ** 0.5
        value = (labels - output).square().sum() + decay * weights.square().sum()
        value.backward()
        return value

    for _ in range(ROUNDS):
        search.step(loss)
        seen.append((evaluations, *measure(weights, x, y, teacher, decay)))
    return np.array(seen)


def figure(runs, point, title):
    chart, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.4), constrained_layout=True)
    best = point["objective"]
    for k, (run, colour) in enumerate(zip(runs, style.colours(len(runs)))):
        how = {"color": colour, "lw": 1, "marker": style.MARKERS[k], "ms": 3, "label": f"start {k + 1}"}
        left.loglog(run[:, 0], run[:, 1] / best - 1, **how)
        right.semilogx(run[:, 0], run[:, 2], **how)
    left.axhline(point["gap"], color="black", ls="--", label="gap of the minimum, proven")
    left.set(xlabel="evaluations of objective and gradient", ylabel=r"$F/F_{\min} - 1$")
    right.axhline(point["risk"], color="black", ls="--", label=f"minimum: R = {point['risk']:.3f}")
    right.set(xlabel="evaluations of objective and gradient", ylabel="excess risk R")
    for axes in (left, right):
        axes.legend()
    style.title(chart, title)
    return chart


def table(runs, point):
    """For the terminal: where the descents stand after some evaluations, means over starts."""
    print("evaluations  F/Fmin-1   R (mean, least, most)")
    for k in (0, 1, 3, 7, 15, ROUNDS - 1):
        seen = np.array([run[k] for run in runs])
        print(f"{seen[:, 0].mean():11.0f}  {seen[:, 1].mean() / point['objective'] - 1:9.2e}  "
              f"{seen[:, 2].mean():.4f} ({seen[:, 2].min():.4f}, {seen[:, 2].max():.4f})")
    print(f"minimum: F = {point['objective']:.9g} (gap {point['gap']:.1e}), R = {point['risk']:.4f}")


def figures(name, path):
    x, y, teacher = read(name)
    try:
        point = json.loads(pathlib.Path(path).read_text())
    except (OSError, ValueError) as error:
        raise sweep.Refusal(f"{path}: {error}") from error
    if point.get("model") != "quadratic" or point["resolved_samples"] != len(y):
        raise sweep.Refusal(f"{path}: not the point of {name}; allowed: model quadratic, {len(y)} samples")
    width = int(point["resolved_width"])
    runs = [descend(seed, x, y, teacher, width, point["resolved_weight_decay"]) for seed in range(STARTS)]
    table(runs, point)
    yield "descent", figure(runs, point, f"d = {x.shape[1]}, n = {len(y)}, p = {width}: L-BFGS on the "
                            f"weights, single precision, {STARTS} starts")


def main():
    if len(sys.argv) not in (3, 4) or sys.argv[1].startswith("-"):
        raise sweep.Refusal(next(line for line in __doc__.splitlines() if line.startswith("usage:")))
    folder = pathlib.Path(sys.argv[3] if len(sys.argv) == 4 else ".")
    folder.mkdir(parents=True, exist_ok=True)
    for name, chart in figures(*sys.argv[1:3]):
        style.save(chart, folder, name, sys.argv[1], __doc__.split("usage:")[0])


if __name__ == "__main__":
    try:
        main()
    except sweep.Refusal as refusal:
        print(f"fig_descent.py: {refusal}", file=sys.stderr)
        sys.exit(2)
