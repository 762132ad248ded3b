#!/usr/bin/python3
"""Tail exponent of the learned weights against the risk over the phase diagram of the quadratic
network: predicted as dots coloured by phase, trained networks with error bars (the spread over
seeds and the mean standard error of the fit, in squares).  For each trained sweep, what spectra say of
the risk: tail exponent with its bootstrap error (tail_fit.py, none below 50 values), stable rank and
number of outliers, with Spearman's correlation over all networks and at fixed samples.

usage: fig_tail_exponent.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import style
from phasesweep import phases, sweep
from style import np, plt
try:
    from phasesweep import tail_fit
except ImportError as error:    # SciPy, which no other figure needs
    raise SystemExit(str(error))

AXES = ("source_exponent", "samples", "weight_decay")
SHARED = ["effective_samples", "resolved_nuclear_weight", "risk", "tail_exponent",
          "tail_exponent_error"]
TRAINED = {"training": (SHARED, ("seed", *AXES))}
PHASES = phases.NAMES[1:]
DARK = ["#1B7DA6", "#2E4B8F", "#00795C", "#6B7A00", "#8A6D00", "#C4480F", "#B0305F", "#555555"]
FITTED = ["effective_samples", "risk", "eigenvalues", "stable_rank", "outliers"]
STATISTICS = {"exponent": "tail exponent (bootstrap deviation)", "stable_rank": "stable rank",
              "outliers": "outliers"}


def colour(name):
    """Of marks on white: darker than the colours of maps."""
    return dict(zip(PHASES, DARK))[name]


def marker(name):
    return dict(zip(PHASES, style.MARKERS))[name]


def dots(data, gamma):
    """{phase: (risk, exponent, error)} of the predicted points that have a tail."""
    part = data.sel(source_exponent=gamma)
    codes = sweep.flag_codes(data["phase_predicted"])
    values = [part[name].values.ravel() for name in ("risk", "tail_exponent",
                                                     "tail_exponent_error")]
    phase, good = part["phase_predicted"].values.ravel(), np.isfinite(values[1])
    return {name: tuple(v[good & (phase == codes[name])] for v in values)
            for name in PHASES if np.any(good & (phase == codes[name]))}


def bars(trained, gamma):
    """risk, exponent, its bar and the phase of trained points, mean over the seeds; the bar is the
    larger of the spread over seeds and the mean standard error of the fit.  NaN unless all seeds
    have a tail."""
    part = trained.sel(source_exponent=gamma)
    d = float(trained.attrs["dimension"])
    phase = phases.predicted("quadratic", gamma, d,
                             np.log(part["effective_samples"].mean("seed")) / np.log(d),
                             np.log(part["resolved_nuclear_weight"].mean("seed")) / np.log(d))
    tail, error = part["tail_exponent"], part["tail_exponent_error"]
    bar = np.maximum(tail.std("seed", skipna=False), error.mean("seed", skipna=False))
    return [np.ravel(v) for v in (part["risk"].mean("seed"), tail.mean("seed", skipna=False), bar,
                                  phase)]


def deviations(theory, trained, gamma):
    """(trained - predicted exponent) / bar where both have one, at the nearest predicted point."""
    near = theory.sel(source_exponent=gamma).sel(samples=trained["samples"],
                                                 weight_decay=trained["weight_decay"],
                                                 method="nearest")
    _, exponent, bar, _ = bars(trained, gamma)
    far = (exponent - near["tail_exponent"].transpose("samples", "weight_decay").values.ravel())
    return (far / bar)[np.isfinite(far / bar)]


def draw_gamma(axes, theory, trained, gamma):
    for name, (risk, exponent, error) in dots(theory, gamma).items():
        axes.plot(risk, exponent, marker(name), ms=3, color=colour(name), mew=0, label=name)
    title = rf"$\gamma$ = {gamma:g}"
    if trained is not None and gamma in trained["source_exponent"]:
        for risk, exponent, bar, code in zip(*bars(trained, gamma)):
            if np.isfinite(exponent):
                name = phases.NAMES[int(code)]
                axes.errorbar(risk, exponent, bar, fmt="s", ms=6, mfc="white", capsize=2, lw=1, color=colour(name),
                              label=None if name in axes.get_legend_handles_labels()[1] else f"{name}, trained")
        off = deviations(theory, trained, gamma)
        title += (f": {len(off)} trained beside predicted, {np.sum(np.abs(off) < 2)} within 2 bars, "
                  f"worst {np.max(np.abs(off)):.1f}") if len(off) else ": no trained point beside a predicted one"
    axes.set(xscale="log", xlabel=r"excess risk $R$", ylabel="tail exponent")
    axes.set_title(title, fontsize=9)
    axes.axhline(1 + 1 / gamma, color=style.GREY, lw=0.8, ls="--")


def draw_legend(axes):
    """All phases that any panel has, once."""
    marks = {}
    for panel in axes:
        for handle, name in zip(*panel.get_legend_handles_labels()):
            marks.setdefault(name, handle)
    names = sorted(marks, key=lambda name: (PHASES.index(name.split(",")[0]), name))
    axes[0].legend([marks[name] for name in names], names, title="phase", loc="upper left", ncol=2)


def draw(theory, trained):
    gammas = theory["source_exponent"].values
    figure, axes = plt.subplots(1, len(gammas), figsize=(5.2 * len(gammas), 4.6), squeeze=False,
                                sharey=True, constrained_layout=True)
    for panel, gamma in zip(axes[0], gammas):
        draw_gamma(panel, theory, trained, gamma)
    draw_legend(axes[0])
    style.title(figure, rf"Quadratic network, $d$ = {theory.attrs['dimension']:g}, $\Delta$ = "
                rf"{theory.attrs['noise']:g}: tail exponent, predicted (small) and trained (squares, bars)",
                r"dashed: tail of the teacher, $1 + 1/\gamma$")
    return figure


def predicted(path):
    """The first state evolution of the quadratic network that has tails; None without one."""
    for data in sweep.open_all(path, "state_evolution", [*SHARED, "phase_predicted"]).values():
        data = sweep.over(data, *AXES)
        if (data is not None and data.attrs["model"] == "quadratic"
                and np.isfinite(data["tail_exponent"]).any()):
            return data
    return None


# ---- spectrum against risk, network by network ----------------------------------------------------

def networks(data):
    """Of one source exponent: {name: [networks]}, those that are finished, and their fits."""
    flat = data.stack(network=("seed", *AXES[1:])).transpose("network", ...)
    flat = flat.isel(network=np.isfinite(flat["risk"].values))
    fits = [tail_fit.fit(values[np.isfinite(values)]) for values in flat["eigenvalues"].values]
    found = {name: flat[name].values for name in ("risk", "effective_samples", "stable_rank", "outliers")}
    found["exponent"] = np.array([fit.exponent for fit in fits])
    found["samples"] = flat["samples"].values
    found["point"] = np.unique(np.column_stack([flat[name].values for name in AXES[1:]]), axis=0,
                               return_inverse=True)[1]
    found["eigenvalues"] = flat["eigenvalues"].values
    return found, fits


def told(found, name):
    """Both correlations in words."""
    pairs = {"all": tail_fit.correlation(found[name], found["risk"], points=found["point"]),
             "at fixed n": tail_fit.correlation(found[name], found["risk"], found["samples"], found["point"])}
    return f"Spearman of {pairs['all'].count} networks\n" + "; ".join(
        rf"{where}: {c.rho:+.2f} [{c.low:+.2f}, {c.high:+.2f}]" if np.isfinite(c.rho) else f"{where}: none"
        for where, c in pairs.items())


def draw_statistic(axes, found, fits, name):
    error = np.array([fit.error for fit in fits])
    samples = np.unique(found["samples"])
    for value, shade, dot in zip(samples, style.colours(len(samples)), style.MARKERS * len(samples)):
        part = (found["samples"] == value) & np.isfinite(found[name])
        if not part.any():
            continue
        label = f"{found['effective_samples'][part].mean():.3g}"
        axes.errorbar(found["risk"][part], found[name][part], error[part] if name == "exponent" else None,
                      fmt=dot, ms=4, mfc="white", color=shade, lw=0.8, label=label)
    axes.set(xscale="log", xlabel=r"excess risk $R$", ylabel=STATISTICS[name])
    axes.set_title(told(found, name), fontsize=8)


def draw_longest(axes, found, fits):
    """The longest tail: share of the values above, and the fit."""
    given = [k for k, fit in enumerate(fits) if not fit.reason]
    refused = f"{len(fits) - len(given)} of {len(fits)} refused, tails below {tail_fit.LEAST} values"
    if not given:
        if axes is not None:
            axes.remove()
        return refused
    axes.set(xscale="log", yscale="log", xlabel="learned eigenvalue", ylabel="share above")
    k = max(given, key=lambda k: fits[k].count)
    fit, x = fits[k], found["eigenvalues"][k]
    x = np.sort(x[np.isfinite(x) & (x > 0)])
    axes.plot(x, 1 - np.arange(len(x)) / len(x), ".", ms=3, color=style.GREY)
    line = np.geomspace(fit.start, fit.most, 100)
    below = tail_fit.part_below(np.log(line / fit.start), fit.exponent - 1, np.log(fit.most / fit.start))
    # of the values from the start up, the largest is the end of the law and above all of it
    axes.plot(line, (1 + (1 - below) * (fit.count - 1)) / len(x), color="black", lw=1.2)
    axes.set_title(f"longest tail: exponent {fit.exponent:.2f} $\\pm$ {fit.error:.2f}")
    return (f"longest tail: {fit.count} of {len(x)} values, R = {found['risk'][k]:.2g}, fit p = {fit.p:.2f}; "
            f"log-likelihood over exponential {fit.exponential.ratio:+.1f} (z = {fit.exponential.z:.1f}), "
            f"over lognormal {fit.lognormal.ratio:+.1f} (at most 0); {refused}")


def draw_fits(data):
    gammas = data["source_exponent"].values
    all_found = [networks(data.sel(source_exponent=gamma, drop=True)) for gamma in gammas]
    tails = any(not fit.reason for _, fits in all_found for fit in fits)
    shown = [name for name in STATISTICS if any(np.isfinite(found[name]).any() for found, _ in all_found)]
    columns = len(shown) + tails
    figure, grid = plt.subplots(len(gammas), columns, figsize=(4.1 * columns, 4.2 * len(gammas)), squeeze=False,
                                constrained_layout=True)
    sentences = []
    for row, gamma, (found, fits) in zip(grid, gammas, all_found):
        for axes, name in zip(row, shown):
            draw_statistic(axes, found, fits, name)
        fullest = max(row[:len(shown)], key=lambda axes: len(axes.containers))
        if fullest.containers and row is grid[0]:
            fullest.legend(title=style.N_EFF["quadratic"], title_fontsize=8)
        sentences.append(rf"$\gamma$ = {gamma:g}: " + draw_longest(row[-1] if tails else None, found, fits))
        row[0].annotate(rf"$\gamma$ = {gamma:g}", (-0.26, 0.5), xycoords="axes fraction", rotation=90, va="center")
    style.title(figure, f"{data.attrs['model'].capitalize()} network, $d$ = {data.attrs['dimension']:g}, "
                rf"$\Delta$ = {data.attrs['noise']:g}: what learned eigenvalues say of the risk",
                "each mark a trained network", "brackets: 95 % of the bootstrap over points", *sentences)
    return figure


def fit_figures(path):
    if not any(sweep.method_of(path, name) == "training" for name in sweep.sweep_names(path)):
        return
    for name, data in sweep.open_all(path, "training", FITTED, ("quadratic", "signed")).items():
        data = sweep.over(data, "seed", *AXES)
        if data is not None and bool(np.isfinite(data["risk"]).any()):
            yield f"tail_fit_{name}", draw_fits(data)


def figures(path):
    theory, found = predicted(path), False
    if theory is not None:
        trained = sweep.by_model(path, TRAINED).get("quadratic", {}).get("training")
        yield "tail_exponent", draw(theory, trained)
    for found in fit_figures(path):
        yield found
    if theory is None and not found:
        raise sweep.Refusal(f"{path}: no state_evolution of the quadratic network over samples and "
                            "weight_decay with a predicted spectrum, and no training over them")


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/tail_exponent.yaml")
