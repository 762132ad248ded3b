#!/usr/bin/python3
"""Excess risk of quadratic networks against their width, for several numbers of samples, and
against samples for several widths: theory as lines, trained networks of the archive as filled
markers (mean and standard deviation over the seeds), published trainings as open ones.  Prints
a table of all trained and published networks.

usage: fig_width.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import pathlib

import style
from phasesweep import sweep
from style import np, plt

PUBLISHED = pathlib.Path(__file__).with_name("published_width.csv")
SETTING = ("dimension", "source_exponent", "noise")


def published(setting):
    """Rows samples, width, risk, std of arXiv 2606.28242, if the archive is about them."""
    rows = np.genfromtxt(PUBLISHED, delimiter=",", names=True, skip_header=1)
    keep = setting == (400, 1.25, 0.1)
    return [tuple(row) for row in rows] if keep else []


def setting_of(data):
    return tuple(data.attrs.get(name) for name in SETTING)


def plain(data, *names):
    """Over these axes in plain numbers; None if another varies."""
    data = sweep.over(data, *names)
    return data if data is None else sweep.physical(data, "samples", "width")


def trained(path, setting):
    """Rows samples, width, mean risk, its standard deviation over the seeds."""
    rows = []
    for data in sweep.open_all(path, "training").values():
        if data.attrs["model"] != "quadratic" or setting_of(data) != setting:
            continue
        if "width" not in data.dims:
            continue
        data = plain(data, "samples", "width", "seed")
        if data is None:
            continue
        risks = data["risk"]
        for n in risks["samples"].values:
            for p in risks["width"].values:
                risk = risks.sel(samples=n, width=p).dropna("seed")
                if risk.size > 0:
                    spread = float(risk.std(ddof=1)) if risk.size > 1 else 0.0
                    rows.append((n, p, float(risk.mean()), spread))
    return rows


class Theory:
    """State evolution along width and along samples; widths from d on are one problem."""

    def __init__(self, sweeps):
        self.along_width = max(sweeps, key=lambda data: data.sizes["width"])
        self.along_samples = max(sweeps, key=lambda data: data.sizes["samples"])
        self.dimension = self.along_width.attrs["dimension"]

    def clip(self, width):
        return min(width, self.dimension)

    def risk(self, n, width):
        """At a point of either sweep, between samples by interpolation; NaN if in neither."""
        for data in (self.along_width, self.along_samples):
            if self.clip(width) not in data["width"].values:
                continue
            line = data["risk"].sel(width=self.clip(width))
            samples = data["samples"].values
            if n in samples:
                return float(line.sel(samples=n))
            if data is self.along_samples and samples[0] <= n <= samples[-1]:
                return float(np.exp(np.interp(np.log(n), np.log(samples), np.log(line))))
        return np.nan


def draw_points(axes, theory, groups, chosen, at, colour, marker):
    """Trained (filled) and published (open) networks that `chosen` picks, at x = at(row)."""
    for rows, face in groups:
        for row in rows:
            if chosen(row):
                axes.errorbar(at(row), row[2], row[3], fmt=marker, ms=7 if face == "none" else 3.5,
                              mfc=face or colour, color=colour, capsize=2, lw=1)


def draw_width(axes, theory, groups):
    data = theory.along_width
    samples = np.atleast_1d(data["samples"].values)
    for n, colour, dash, marker in zip(samples, style.colours(len(samples)), style.DASHES,
                                       style.MARKERS):
        line = data.sel(samples=n)
        if line["risk"].isnull().all():
            continue
        axes.loglog(line["resolved_width"], line["risk"], ls=dash, color=colour,
                    label=rf"$n = {n:g}$")
        if line["risk"].notnull().all():    # else the best may be what is missing
            best = int(line["risk"].argmin("width"))
            axes.plot(line["resolved_width"][best], line["risk"][best], "x", color=colour, ms=6)
        draw_points(axes, theory, groups, lambda row: abs(row[0] - n) <= 1,  # whole if trained
                    lambda row: theory.clip(row[1]), colour, marker)
    axes.set(xlabel=r"width $p$ ($p \geq d$ at $d$)", ylabel=r"excess risk $R$")
    axes.legend()


def draw_samples(axes, theory, groups):
    data = theory.along_samples
    widths = np.atleast_1d(data["width"].values)
    for p, colour, marker in zip(widths, style.colours(len(widths)), style.MARKERS):
        line = data.sel(width=p)
        label = rf"$p = {p:g}$" if p < theory.dimension else r"$p \geq d$"
        axes.loglog(line["resolved_samples"], line["risk"], color=colour, label=label)
        draw_points(axes, theory, groups, lambda row: theory.clip(row[1]) == theory.clip(p),
                    lambda row: row[0], colour, marker)
    axes.set(xlabel=r"samples $n$", ylabel=r"excess risk $R$")
    axes.legend()


def deviations(rows, reference):
    """(deviation, row) of each row whose reference is known, the largest last."""
    pairs = [(row[2] / reference(row) - 1, row) for row in rows]
    return sorted((pair for pair in pairs if np.isfinite(pair[0])), key=lambda pair: abs(pair[0]))


def largest(name, pairs):
    if not pairs:
        return ""
    deviation, (n, p, *_) = pairs[-1]
    return f"{name}: at most {100 * deviation:+.1f} % ($n$ = {n:g}, $p$ = {p:g})"


def caption(theory, mine, theirs):
    attributes = theory.along_width.attrs
    known = {row[:2]: row[2] for row in theirs}
    text = (rf"Quadratic network, $d$ = {attributes['dimension']:g}, "
            rf"$\gamma$ = {attributes['source_exponent']:g}, $\Delta$ = {attributes['noise']:g}")
    marks = ("lines: theory; crosses: best width" + ("; filled: trained" if mine else "")
             + ("; open: trained, arXiv 2606.28242" if theirs else ""))
    against = largest("trained against theory",
                      deviations(mine, lambda row: theory.risk(*row[:2])))
    return text, marks, against, largest("trained against published", deviations(
        mine, lambda row: known.get(row[:2], np.nan)))


def per_cent(value, reference):
    return f"{100 * (value / reference - 1):+.2f} %" if np.isfinite(value / reference) else "-"


def print_table(theory, mine, theirs):
    trained_at = {row[:2]: row[2:] for row in mine}
    published_at = {row[:2]: row[2:] for row in theirs}
    print(f"{'n':>8} {'p':>5} {'theory':>10} {'trained':>10} {'(std)':>9} {'published':>10} "
          f"{'(std)':>9} {'to theory':>10} {'to published':>12}")
    for point in sorted(set(trained_at) | set(published_at)):
        expected = theory.risk(*point)
        risk, spread = trained_at.get(point, (np.nan, np.nan))
        known, error = published_at.get(point, (np.nan, np.nan))
        print(f"{point[0]:8g} {point[1]:5g} {expected:10.6g} {risk:10.6g} {spread:9.2g} "
              f"{known:10.6g} {error:9.2g} {per_cent(risk, expected):>10} "
              f"{per_cent(risk, known):>12}")


def figures(path):
    sweeps = [plain(data, "width", "samples")
              for data in sweep.open_all(path, "state_evolution").values()
              if data.attrs["model"] == "quadratic" and {"width", "samples"} <= set(data.dims)]
    sweeps = [data for data in sweeps if data is not None]
    if not sweeps:
        raise sweep.Refusal(f"{path}: no sweep over width and samples alone")
    theory = Theory(sweeps)
    setting = setting_of(theory.along_width)
    mine, theirs = trained(path, setting), published(setting)
    groups = [(mine, None), (theirs, "none")]
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 4.4), constrained_layout=True)
    draw_width(axes[0], theory, groups)
    draw_samples(axes[1], theory, groups)
    style.title(figure, *caption(theory, mine, theirs))
    yield "width", figure
    if mine:
        print_table(theory, mine, theirs)


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/width.yaml or jobs/width_training.yaml")
