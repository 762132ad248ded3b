#!/usr/bin/python3
"""Excess risk of quadratic networks against their width, for several numbers of samples, and
against samples for several widths: theory as lines, trained networks of the archive as filled
markers (mean and standard deviation over the seeds), published trainings as open ones.  Exponents
of the risk in the width, and the diagram over samples and width: where the width is what limits,
where the noise, and the best width.

usage: fig_width.py ARCHIVE.h5 [OUTPUT_DIRECTORY]

Prints a table of all trained and published networks.
"""
import pathlib

import style
from fig_optimal_decay import WHY_JUMPS
from phasesweep import sweep
from style import np, plt

PUBLISHED = pathlib.Path(__file__).with_name("published_width.csv")
SETTING = ("dimension", "source_exponent", "noise")
MAP = 12        # widths and samples of a diagram, at least
MOST = 0.8      # of the risk
EVEN = 0.05     # an exponent that is 0


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
    for p, colour, dash, marker in zip(widths, style.colours(len(widths)), style.DASHES * 2, style.MARKERS):
        line = data.sel(width=p)
        label = rf"$p = {p:g}$" if p < theory.dimension else r"$p \geq d$"
        axes.loglog(line["resolved_samples"], line["risk"], ls=dash, color=colour, label=label)
        draw_points(axes, theory, groups, lambda row: theory.clip(row[1]) == theory.clip(p),
                    lambda row: row[0], colour, marker)
    axes.set(xlabel=r"samples $n$", ylabel=r"excess risk $R$")
    axes.legend()


# ---- exponents in the width ---------------------------------------------------------------------------

def left_out(gamma, d, widths):
    """(1/d) sum_{i > p} s_i^2: what no network of that width can learn, which goes as p^(1 - 2 gamma)."""
    squares = np.arange(1.0, d + 1) ** (-2 * gamma)
    whole = np.concatenate([np.cumsum(squares[::-1])[::-1], [0.0]])
    return np.interp(widths, np.arange(d + 1), whole / whole[0])


def slope(risk, at, axis=-1):
    """d log risk/d log at, of differences along an axis of numbers that differ."""
    return np.gradient(np.log(risk), np.log(at), axis=axis)


def fitted(p, risk, gamma, d):
    """(first, last, exponent, that of what is left out) of the widths that limit: those at which MOST of the risk is what
    is left out; None of fewer than three."""
    there = np.flatnonzero(left_out(gamma, d, p) > MOST * risk)
    if len(there) < 3:
        return None
    logs = np.log(p[there])
    return (p[there[0]], p[there[-1]], np.polyfit(logs, np.log(risk[there]), 1)[0],
            np.polyfit(logs, np.log(left_out(gamma, d, p[there])), 1)[0])


def draw_exponents(data):
    gamma, d = float(data.attrs["source_exponent"]), float(data.attrs["dimension"])
    figure, axes = plt.subplots(figsize=(5.4, 4.2), constrained_layout=True)
    samples, sentences = np.atleast_1d(data["samples"].values), []
    for n, colour, dash in zip(samples, style.colours(len(samples)), style.DASHES):
        line = data.sel(samples=n)
        p, risk = line["width"].values.astype(float), line["risk"].values
        if len(p) < 3 or not np.isfinite(risk).all():
            continue
        axes.semilogx(p, slope(risk, p), ls=dash, color=colour, label=rf"$n = {n:g}$")
        found = fitted(p, risk, gamma, d)
        if found is not None:
            sentences.append(rf"$n$ = {n:g}: R ~ p^{found[2]:.2f} at p = {found[0]:g} to {found[1]:g}, where the width limits; "
                             f"what is left out ~ p^{found[3]:.2f} there, in the limit p^{1 - 2 * gamma:.2f}")
    known = left_out(gamma, d, p)
    axes.semilogx(p[known > 0], slope(known[known > 0], p[known > 0]), color="black", lw=0.9, label="left out by the width")
    for value in (1 - 2 * gamma, 0):
        axes.axhline(value, color=style.GREY, lw=0.8)
    axes.set(xlabel=r"width $p$", ylabel=r"$\partial\log R/\partial\log p$", ylim=(-3, 3))
    axes.legend()
    style.title(figure, rf"Exponent of the risk in the width, $d$ = {d:g}, $\gamma$ = {gamma:g}",
                r"grey: 0, and $1 - 2\gamma$ of a width that limits; above 0: wider is worse, beyond the best width",
                *sentences)
    return figure


def best_widths(data):
    """The best width of each number of samples."""
    risk = data["risk"].transpose("width", "samples").values
    return data["width"].values[np.argmin(np.where(np.isfinite(risk), risk, np.inf), axis=0)].astype(float)


def growth(x, best, d):
    """Exponent of the best width on its longest way without a jump, between the narrowest and d; NaN without one."""
    inside = (best > 1) & (best < 0.5 * d)
    parts = np.split(np.arange(len(x)), np.flatnonzero(np.abs(np.diff(np.log(best))) > np.log(2)) + 1)
    longest = max((part[inside[part]] for part in parts), key=len)
    return np.polyfit(np.log(x[longest]), np.log(best[longest]), 1)[0] if len(longest) > 2 else np.nan


def draw_diagram(data):
    """Risk and both exponents over samples and width."""
    gamma, d = float(data.attrs["source_exponent"]), float(data.attrs["dimension"])
    x, p = data["effective_samples"].max("width").values, data["width"].values.astype(float)
    risk = data["risk"].transpose("width", "samples").values
    maps = [(np.log10(risk), r"$\log_{10} R$", dict(cmap="cividis")),
            (slope(risk, p, 0), r"$\partial\log R/\partial\log p$", dict(cmap=style.SIGNED, vmin=-2, vmax=2)),
            (slope(risk, x, 1), r"$\partial\log R/\partial\log n$", dict(cmap=style.SIGNED, vmin=-2, vmax=2))]
    best = best_widths(data)
    figure, grid = plt.subplots(1, 3, figsize=(12.6, 4.2), sharey=True, constrained_layout=True)
    for axes, (values, label, look) in zip(grid, maps):
        image = axes.pcolormesh(x, p, values, shading="nearest", rasterized=True, **look)
        figure.colorbar(image, ax=axes, pad=0.01, extend="both" if "vmin" in look else "neither")
        axes.plot(x, best, "o", ms=2.5, color="black", mew=0, path_effects=style.halo(0.4))
        axes.plot(x, np.minimum(x ** (0.5 / gamma), d), color="black", lw=1, path_effects=style.halo(1))
        axes.set(xscale="log", yscale="log", xlabel=style.N_EFF["quadratic"], title=label)
    grid[0].set_ylabel(r"width $p$")
    known = np.isfinite(maps[1][0])
    style.title(figure, rf"Quadratic network over samples and width, $d$ = {d:g}, $\gamma$ = {gamma:g}, "
                rf"$\Delta$ = {data.attrs['noise']:g}",
                rf"dots: the best width, between its jumps as n_eff^{growth(x, best, d):.2f}; line: $n_{{\mathrm{{eff}}}}^{{1/(2\gamma)}}$, "
                f"exponent {0.5 / gamma:.2f}, without its constant", WHY_JUMPS,
                rf"below the dots the width limits, R ~ $p^{{1-2\gamma}}$ and a plateau along n (white on the right); above them the "
                "noise does",
                f"white in the middle: the width does not matter, exponents within {EVEN:g} of 0 at "
                f"{100 * np.mean(np.abs(maps[1][0][known]) < EVEN):.0f} % of the points")
    return figure


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
    if theory.along_width.sizes["width"] >= MAP:
        yield "width_exponents", draw_exponents(theory.along_width)
    diagrams = [data for data in sweeps if min(data.sizes["width"], data.sizes["samples"]) >= MAP
                and bool(np.isfinite(data["risk"]).all())]
    if diagrams:
        yield "width_diagram", draw_diagram(max(diagrams, key=lambda data: data["risk"].size))
    if mine:
        print_table(theory, mine, theirs)


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/width.yaml or jobs/width_training.yaml")
