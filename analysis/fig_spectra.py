#!/usr/bin/python3
"""Eigenvalues of trained quadratic networks, pooled over seeds, under the predicted density; below,
the largest ones beside the predicted outliers.  One panel for each point that is both trained and
predicted, with its phase, the Kolmogorov-Smirnov distance and the deviation of the outliers.

usage: fig_spectra.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import style
from phasesweep import sweep
from style import np, plt

POINT = ["effective_samples", "resolved_samples", "resolved_nuclear_weight", "risk", "learned_rank"]
PREDICTED = [*POINT, "phase_predicted", "bulk_edge", "density", "density_position",
             "outlier_position"]
TRAINED = [*POINT, "eigenvalues", "gap"]
SHOWN = 30          # outliers drawn
LEADING = 5         # outliers whose deviation is told
COLUMNS = 4


def points(data, *more):
    """All points of a sweep as one axis, each with its own attributes as variables."""
    for name in ("source_exponent", "dimension", "noise"):
        data = sweep.axis(data, name)
    if "depth" not in data.dims:
        data = data.assign(depth=data.attrs.get("depth", 1))
    names = [n for n in data["outcome"].dims if n not in more]
    return [data.isel(dict(zip(names, at)))
            for at in np.ndindex(*[data.sizes[n] for n in names])]


def same(one, two):
    """Whether two points are the same problem; a training has a whole number of samples."""
    return (all(float(one[n]) == float(two[n]) for n in ("source_exponent", "dimension", "noise", "depth"))
            and abs(float(one["resolved_samples"]) - float(two["resolved_samples"].max())) <= 1
            and np.isclose(one["resolved_nuclear_weight"], two["resolved_nuclear_weight"].max()))


def finished(point):
    """The seeds that converged, without the eigenvalues that only larger dimensions have."""
    done = np.isfinite(point["risk"].values)
    return point.isel(seed=done, eigenvalue_index=slice(0, int(point["dimension"])))


def pairs(path):
    """[(predicted point, trained point over seeds)], in the order of the phases, then of the archive."""
    quadratic = [[data for data in sweep.open_all(path, method, fields).values()
                  if data.attrs["model"] == "quadratic" and {"eigenvalue_index", "density_index"}
                  & set(data.dims)] for method, fields in (("state_evolution", PREDICTED),
                                                          ("training", TRAINED))]
    trained = [finished(point) for data in quadratic[1]
               for point in points(sweep.axis(data, "seed"), "seed")]
    found = [(mine, theirs) for data in quadratic[0] for mine in points(data)
             for theirs in trained
             if theirs.sizes["seed"] > 0 and np.isfinite(mine["risk"]) and same(mine, theirs)]
    return sorted(found, key=lambda pair: int(pair[0]["phase_predicted"]))


def bulk_masses(predicted):
    """Mass of the bulk between consecutive density nodes, by the trapezoid rule."""
    x, y = predicted["density_position"].values, predicted["density"].values
    good = np.isfinite(x) & np.isfinite(y)
    x, y = np.maximum(x[good], 0.0), y[good]       # an edge at zero carries rounding of either sign
    return x, y, 0.5 * np.diff(x) * (y[1:] + y[:-1])


def distance(predicted, values):
    """Kolmogorov-Smirnov distance of eigenvalues from the prediction: the mass at zero, the bulk,
    and 1/d at each outlier."""
    d = float(predicted["dimension"])
    outliers = predicted["outlier_position"].dropna("outlier_index").values
    x, _, masses = bulk_masses(predicted)
    at = np.concatenate([[0.0], values, outliers, x])

    def law(z, side):
        bulk = np.interp(z, x, np.concatenate([[0], np.cumsum(masses)])) if len(x) else 0.0
        total = np.sum(masses)
        above = np.searchsorted(np.sort(outliers), z, side=side)
        return 1 - total - len(outliers) / d + bulk + above / d

    ordered = np.sort(values)
    gap = 0.0
    for side in ("left", "right"):
        z = at if side == "right" else at[at > 0]   # all the mass at zero counts as one step
        share = np.searchsorted(ordered, z, side=side) / len(values)
        gap = max(gap, float(np.max(np.abs(share - law(z, side)), initial=0)))
    return gap


def leading(predicted, trained, count):
    """Predicted positions of the largest outliers, mean and standard deviation over the seeds."""
    wanted = predicted["outlier_position"].dropna("outlier_index").values[:count]
    values = -np.sort(-trained["eigenvalues"].values, axis=-1)[:, :len(wanted)]
    return wanted, values.mean(axis=0), values.std(axis=0, ddof=1 if len(values) > 1 else 0)


def draw_bulk(axes, predicted, trained):
    values = trained["eigenvalues"].values.ravel()
    x, y, masses = bulk_masses(predicted)
    positive = values[values > 1e-9]
    ranks = trained["learned_rank"].values
    told = (f"rank {float(predicted['learned_rank']):.3g}, trained {ranks.mean():.3g}"
            + (f" $\\pm$ {ranks.std():.2g}" if len(ranks) > 1 else ""))
    if float(predicted["resolved_samples"]) < float(predicted["dimension"]):
        # S = c P on the space that no sample reaches shifts all outputs alike, as any S of the
        # same trace there does
        told += "\n$n < d$: many networks of equal outputs,\nthis spectrum is one of them"
    axes.text(0.97, 0.95, told, transform=axes.transAxes, ha="right", va="top", fontsize=8)
    if len(x) == 0:
        draw_no_bulk(axes, predicted, positive, len(values))
        return
    end = 1.25 * max(x[-1], np.quantile(positive, 0.6) if len(positive) else 0)
    edges = np.linspace(0, end, 41)
    counts = np.histogram(positive, edges)[0]
    axes.stairs(counts / (len(values) * np.diff(edges)), edges, fill=True, color="lightgrey")
    axes.plot(x, y, color=style.colours(2)[0], lw=1.4)
    axes.set(xlabel="eigenvalue", ylabel="density", xlim=(0, end))


def draw_no_bulk(axes, predicted, positive, count):
    """All that is learned are outliers, if anything: what was trained, and where they are predicted."""
    outliers = predicted["outlier_position"].dropna("outlier_index").values
    both = np.concatenate([positive, outliers])
    if len(both) == 0:
        say_nothing(axes)
        return
    ends = (both.min() / 1.2, both.max() * 1.2)
    edges = np.geomspace(*ends, 31)
    axes.stairs(np.histogram(positive, edges)[0] / count, edges, fill=True, color="lightgrey")
    if len(outliers):   # a line of no points, not clipped, would be as large as the page to the layout
        axes.plot(outliers, np.zeros(len(outliers)), "|", ms=14, color=style.colours(2)[0], clip_on=False)
    axes.set(xlabel="eigenvalue (no bulk; marks: outliers)", ylabel="share", xscale="log", xlim=ends)


def say_nothing(axes):
    axes.text(0.5, 0.5, "nothing is learned,\nas predicted", transform=axes.transAxes, ha="center", va="center")
    axes.plot(0, 0, ",", color="white")
    axes.set(xticks=[], yticks=[])


def draw_no_outliers(axes, predicted, trained):
    """The largest that were trained, and the edge of the bulk in which they should lie."""
    values = -np.sort(-trained["eigenvalues"].values, axis=-1)[:, :LEADING]
    if values.max() <= 0:
        say_nothing(axes)
        return
    axes.errorbar(np.arange(1, values.shape[1] + 1), values.mean(axis=0), values.std(axis=0), fmt="o", ms=4, mfc="white",
                  color=style.GREY, capsize=2, lw=1)
    axes.xaxis.get_major_locator().set_params(integer=True)
    edge = float(predicted["bulk_edge"])
    if np.isfinite(edge):
        axes.axhline(edge, color=style.colours(2)[0], ls="--", lw=1)
    axes.set(xlabel="largest trained (no outliers predicted)", ylabel="eigenvalue")


def draw_outliers(axes, predicted, trained):
    wanted, mean, std = leading(predicted, trained, SHOWN)
    if len(wanted) == 0:
        draw_no_outliers(axes, predicted, trained)
        return
    index = np.arange(1, len(wanted) + 1)
    axes.errorbar(index, mean, std, fmt="o", ms=4, mfc="white", color=style.GREY, capsize=2, lw=1,
                  label="trained")
    axes.plot(index, wanted, "x", color=style.colours(2)[0], ms=5, label="predicted")
    axes.set(xlabel="outlier", ylabel="eigenvalue", yscale="log")
    axes.xaxis.get_major_locator().set_params(integer=True)
    style.plain_logarithm(axes.yaxis)


def caption(predicted, trained):
    d, n = float(predicted["dimension"]), float(predicted["resolved_samples"])
    code = int(predicted["phase_predicted"])
    phase = predicted["phase_predicted"].attrs["flag_meanings"].split()[
        list(np.atleast_1d(predicted["phase_predicted"].attrs["flag_values"])).index(code)]
    risk = float(trained["risk"].mean()) / float(predicted["risk"])
    wanted, mean, std = leading(predicted, trained, LEADING)
    moved = ""
    if len(wanted):
        worst = np.argmax(np.abs(mean / wanted - 1))
        moved = f", outliers off by at most {100 * abs(mean / wanted - 1)[worst]:.1f} %"
        if trained.sizes["seed"] > 1:
            moved += f", {np.max(np.abs(mean - wanted) / np.maximum(std, 1e-300)):.1f} std"
    return (rf"{phase}: $d$ = {d:g}, $n$ = {n:g}, $n_{{\mathrm{{eff}}}}$ = {n / d:.4g}, "
            rf"$\tilde\lambda$ = {float(predicted['resolved_nuclear_weight']):.3g}",
            f"KS distance {distance(predicted, trained['eigenvalues'].values.ravel()):.4f}, "
            f"risk {risk:.3f} of the predicted{moved}")


def agreement(found):
    """Where theory and training differ most, and how little at n of order d^2."""
    gaps = [(distance(p, t["eigenvalues"].values.ravel()), float(p["effective_samples"]),
             float(t["risk"].mean() / p["risk"]), float(p["dimension"])) for p, t in found]
    gap, samples, risk, _ = max(gaps)
    text = (rf"they differ most at $n_{{\mathrm{{eff}}}}$ = {samples:.3g}: KS distance {gap:.3f}, "
            f"risk {risk:.3f} of the predicted")
    many = [g for g in gaps if g[1] >= 0.5 * g[3]]
    return text + (rf"; at $n \geq d^2/2$ at most {max(many)[0]:.4f}" if many else "")


def figures(path):
    found = pairs(path)
    if not found:
        raise sweep.Refusal(f"{path}: no point of the quadratic network both trained and predicted "
                            "with a spectrum")
    rows = -(-len(found) // COLUMNS)
    columns = min(COLUMNS, len(found))
    figure, grid = plt.subplots(2 * rows, columns, figsize=(4.4 * columns, 5.4 * rows),
                                squeeze=False, constrained_layout=True)
    sentences = []
    for k, (predicted, trained) in enumerate(found):
        top, bottom = grid[2 * (k // COLUMNS):2 * (k // COLUMNS) + 2, k % COLUMNS]
        draw_bulk(top, predicted, trained)
        draw_outliers(bottom, predicted, trained)
        heading, said = caption(predicted, trained)
        top.set_title(heading)
        sentences.append(f"{heading}: {said}")
    legends = [axes for axes in grid.flat if axes.get_legend_handles_labels()[1]]
    if legends:
        legends[0].legend()
    for k in range(len(found), rows * columns):
        for axes in grid[2 * (k // COLUMNS):2 * (k // COLUMNS) + 2, k % COLUMNS]:
            axes.remove()
    predicted, most = found[0][0], max(trained.sizes["seed"] for _, trained in found)
    gap = max(float(trained["gap"].max()) for _, trained in found)
    style.title(figure, rf"Learned eigenvalues of the quadratic network, $\gamma$ = "
                rf"{float(predicted['source_exponent']):g}, $\Delta$ = "
                rf"{float(predicted['noise']):g}: trained (grey, "
                f"{most} seed{'s' if most > 1 else ''}), predicted (blue)",
                f"relative duality gap at most {gap:.0e}", agreement(found), *sentences)
    yield "spectra", figure


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/spectra.yaml")
