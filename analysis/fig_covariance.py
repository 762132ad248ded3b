#!/usr/bin/python3
"""Rows of unequal variances: least risk of the LASSO and of ridge regression over the capacity exponent of the
rows and the source exponent of the teacher, and their ratio; risk along samples with trained points.

usage: fig_covariance.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import matplotlib.colors

import style
from phasesweep import sweep
from style import np, plt

PLANE = ("source_exponent", "covariance_exponent", "samples")
LINES = ("covariance_exponent", "samples")
NAMES = {"diagonal": "LASSO", "ridge": "ridge regression", "quadratic": "quadratic network"}
SYMBOL = {"source_exponent": r"source exponent $\gamma$", "covariance_exponent": "capacity exponent a"}


def best(path):
    """{model: least risk over both exponents and samples}."""
    found = {}
    for data in sweep.open_all(path, "optimal", ["risk"]).values():
        data = sweep.over(data, *PLANE)
        if data is not None:
            found.setdefault(data.attrs["model"], data)
    return found


def draw_map(figure, axes, x, y, values, title, norm, cmap, label):
    mesh = axes.pcolormesh(x, y, values, norm=norm, cmap=cmap, shading="nearest", rasterized=True)
    axes.set(title=title)
    figure.colorbar(mesh, ax=axes, pad=0.02, label=label)


def draw_plane(maps):
    """A row for each number of samples: risks, and their ratio where both are there."""
    first = next(iter(maps.values()))
    rows, both = first["samples"].values, {"diagonal", "ridge"} <= set(maps)
    columns = len(maps) + both
    figure, grid = plt.subplots(len(rows), columns, figsize=(3.5 * columns, 2.9 * len(rows)), squeeze=False,
                                sharex=True, sharey=True, constrained_layout=True)
    risks = [data["risk"] for data in maps.values()]
    norm = matplotlib.colors.LogNorm(min(float(r.min()) for r in risks), max(float(r.max()) for r in risks))
    a, gamma = first["covariance_exponent"], first["source_exponent"]
    for line, n in zip(grid, rows):
        for axes, (model, data) in zip(line, maps.items()):
            values = data["risk"].sel(samples=n).transpose("source_exponent", "covariance_exponent")
            draw_map(figure, axes, a, gamma, values, f"{NAMES[model]}, n = {n:g}", norm, "cividis",
                     r"excess risk $R$")
        if both:
            ratio = maps["diagonal"]["risk"].sel(samples=n) / maps["ridge"]["risk"].sel(samples=n)
            most = float(np.abs(np.log(ratio)).max())
            draw_map(figure, line[-1], a, gamma, ratio.transpose("source_exponent", "covariance_exponent"),
                     "R of LASSO / R of ridge", matplotlib.colors.LogNorm(np.exp(-most), np.exp(most)), style.SIGNED, "ratio")
            style_ratio(line[-1], a, gamma, ratio)
        line[0].set_ylabel(SYMBOL["source_exponent"])
    for axes in grid[-1]:
        axes.set_xlabel(SYMBOL["covariance_exponent"])
    style.title(figure, f"Least risk over the weight decay, d = {first.attrs['dimension']:g}, "
                rf"$\Delta$ = {first.attrs['noise']:g}", "line: both penalties serve alike" if both else "")
    return figure


def style_ratio(axes, a, gamma, ratio):
    """Where both penalties serve alike."""
    values = ratio.transpose("source_exponent", "covariance_exponent").values
    if np.nanmin(values) < 1 < np.nanmax(values):
        style.contour(axes, a, gamma, values, [1], linewidths=1)


def lines(path):
    """{model: (theory, trained or None)} along samples by capacity exponent."""
    found = {}
    for method in ("state_evolution", "training"):
        for data in sweep.open_all(path, method, ["risk"]).values():
            decay = sweep.decay_axis(data)
            if not set(LINES) <= set(data.dims) or decay is None or data.sizes[decay] != 1:
                continue
            found.setdefault(data.attrs["model"], {}).setdefault(method, data.squeeze(decay, drop=True))
    return {model: (both["state_evolution"], both.get("training")) for model, both in found.items()
            if "state_evolution" in both}


def draw_trained(axes, trained, theory, a, colour):
    """Means over seeds with standard errors; the mean distance from the theory in its errors."""
    if a not in trained["covariance_exponent"]:
        return []
    risk = sweep.axis(trained, "seed")["risk"].sel(covariance_exponent=a)
    mean, error = risk.mean("seed"), risk.std("seed", ddof=1) / np.sqrt(max(risk.sizes["seed"], 1))
    axes.errorbar(risk["samples"].values, mean.values, error.values, fmt="o", ms=4, mfc="white", color=colour, capsize=2, lw=1)
    predicted = np.exp(np.interp(np.log(risk["samples"]), np.log(theory["samples"]), np.log(theory)))
    return list(np.abs(mean.values / predicted - 1))


def draw_lines(found):
    figure, grid = plt.subplots(1, len(found), figsize=(4.2 * len(found), 3.7), squeeze=False, sharey=True,
                                constrained_layout=True)
    sentences = []
    for axes, (model, (theory, trained)) in zip(grid[0], found.items()):
        exponents, apart = theory["covariance_exponent"].values, []
        for a, colour, dash in zip(exponents, style.colours(len(exponents)), style.DASHES):
            line = theory["risk"].sel(covariance_exponent=a)
            axes.loglog(line["samples"], line, ls=dash, color=colour, label=f"a = {a:g}")
            if trained is not None:
                apart += draw_trained(axes, trained, line, a, colour)
        if apart:
            sentences.append(f"{NAMES[model]}: trained {100 * np.nanmean(apart):.1f} % from theory on average")
        axes.set(xlabel="samples n", title=NAMES[model])
    grid[0, 0].legend()
    grid[0, 0].set_ylabel("risk R")
    style.title(figure, "Risk along samples by capacity exponent: theory (lines), trained (circles)", *sentences)
    return figure


def figures(path):
    maps, found = best(path), lines(path)
    if not maps and not found:
        raise sweep.Refusal(f"{path}: needs the best weight decay over both exponents, or theory along samples "
                            "by covariance_exponent")
    if maps:
        yield "covariance_map", draw_plane(maps)
    if found:
        yield "covariance_lines", draw_lines(found)


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/covariance.yaml")
