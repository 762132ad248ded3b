#!/usr/bin/python3
"""Excess risk of quadratic networks against their width, for several numbers of samples, and
against samples for several widths: theory as lines, published trainings as markers.

usage: fig_width.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import pathlib

import style
import sweep
from style import np, plt

PUBLISHED = pathlib.Path(__file__).with_name("published_width.csv")


def published():
    """Columns samples, width, risk, std of arXiv 2606.28242."""
    return np.genfromtxt(PUBLISHED, delimiter=",", names=True, skip_header=1)


def is_published_setting(data):
    return (data.attrs.get("dimension") == 400 and data.attrs.get("source_exponent") == 1.25
            and data.attrs.get("noise") == 0.1)


def series(data, axis):
    """The sweep along one axis, other axes of one value taken away."""
    data = data.squeeze()
    return data if axis in data.dims else None


def draw_width(axes, data, points):
    samples = np.atleast_1d(data["samples"].values)
    for n, colour, dash, marker in zip(samples, style.colours(len(samples)), style.DASHES,
                                       style.MARKERS):
        line = data.sel(samples=n)
        axes.loglog(line["resolved_width"], line["risk"], ls=dash, color=colour,
                    label=rf"$n = {n:g}$")
        best = int(line["risk"].argmin())
        axes.plot(line["resolved_width"][best], line["risk"][best], "x", color=colour, ms=6)
        same = points[points["samples"] == n]
        axes.errorbar(same["width"], same["risk"], same["std"], fmt=marker, ms=5, mfc="white",
                      color=colour, capsize=2)
    axes.set(xlabel=r"width $p$", ylabel=r"excess risk $R$")
    axes.legend()


def draw_samples(axes, data, points):
    widths = np.atleast_1d(data["width"].values)
    for p, colour, marker in zip(widths, style.colours(len(widths)), style.MARKERS):
        line = data.sel(width=p)
        axes.loglog(line["resolved_samples"], line["risk"], color=colour, label=rf"$p = {p:g}$")
        same = points[points["width"] == p]
        axes.errorbar(same["samples"], same["risk"], same["std"], fmt=marker, ms=5, mfc="white",
                      color=colour, capsize=2)
    axes.set(xlabel=r"samples $n$", ylabel=r"excess risk $R$")
    axes.legend()


def main():
    path, folder = style.arguments(__doc__)
    sweeps = [d.squeeze() for d in sweep.open_all(path, "state_evolution").values()
              if d.attrs["model"] == "quadratic" and {"width", "samples"} <= set(d.dims)]
    if not sweeps:
        raise SystemExit(f"{path}: no sweep over width and samples: run jobs/width.yaml")
    along_width = max(sweeps, key=lambda d: d.sizes["width"])
    along_samples = max(sweeps, key=lambda d: d.sizes["samples"])
    points = published()
    if not is_published_setting(along_width):
        points = points[:0]
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 4), constrained_layout=True)
    draw_width(axes[0], along_width, points)
    draw_samples(axes[1], along_samples, points)
    attributes = along_width.attrs
    figure.suptitle(rf"Quadratic network, $d$ = {attributes['dimension']:g}, "
                    rf"$\gamma$ = {attributes['source_exponent']:g}, "
                    rf"$\Delta$ = {attributes['noise']:g}; crosses: best width"
                    + ("; markers: trainings of arXiv 2606.28242" if len(points) else ""))
    style.save(figure, folder, "width")


if __name__ == "__main__":
    main()
