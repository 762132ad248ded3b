#!/usr/bin/python3
"""Tail exponent of the learned weights against the risk over the phase diagram of the quadratic
network: predicted as dots coloured by phase, trained networks with error bars (the spread over
seeds and the mean standard error of the fit, in squares).  For each trained sweep, what spectra say of
the risk: tail exponent with its bootstrap error (tail_fit.py, none below 50 values), stable rank and
number of outliers, with Spearman's correlation over all networks and at fixed samples.

usage: fig_tail_exponent.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import style
from phasesweep import phases, sweep, tail_fit
from style import np, plt

AXES = ("source_exponent", "samples", "weight_decay")
SHARED = ["effective_samples", "resolved_nuclear_weight", "risk", "tail_exponent",
          "tail_exponent_error"]
TRAINED = {"training": (SHARED, ("seed", *AXES))}
PHASES = phases.NAMES[1:]
FITTED = ["effective_samples", "risk", "eigenvalues", "stable_rank", "outliers"]
STATISTICS = {"exponent": "tail exponent (bootstrap deviation)", "stable_rank": "stable rank",
              "outliers": "outliers"}


def colour(name):
    return dict(zip(PHASES, style.colours(len(PHASES))))[name]


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
                axes.errorbar(risk, exponent, bar, fmt="s", ms=6, mfc="white", capsize=2, lw=1,
                              color=colour(phases.NAMES[int(code)]))
        off = deviations(theory, trained, gamma)
        title += (f": {len(off)} trained points, {np.sum(np.abs(off) < 2)} within 2 bars, "
                  f"worst {np.max(np.abs(off)):.1f}") if len(off) else ": no trained tail"
    axes.set(xscale="log", xlabel=r"excess risk $R$", ylabel="tail exponent")
    axes.set_title(title, fontsize=9)
    axes.axhline(1 + 1 / gamma, color="grey", lw=0.8, ls="--")
    axes.legend(title="phase", loc="upper left", ncol=2)


def draw(theory, trained):
    gammas = theory["source_exponent"].values
    figure, axes = plt.subplots(1, len(gammas), figsize=(5.2 * len(gammas), 4.6), squeeze=False,
                                sharey=True, constrained_layout=True)
    for panel, gamma in zip(axes[0], gammas):
        draw_gamma(panel, theory, trained, gamma)
    figure.suptitle(rf"Quadratic network, $d$ = {theory.attrs['dimension']:g}, "
                    rf"$\Delta$ = {theory.attrs['noise']:g}: predicted (small) and trained "
                    r"(squares, bars); dashed: tail of the teacher, $1 + 1/\gamma$")
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
    return "\n".join([f"Spearman of {pairs['all'].count} networks with the risk"]
                     + [rf"{where}: {c.rho:+.2f} [{c.low:+.2f}, {c.high:+.2f}]" if np.isfinite(c.rho)
                        else f"{where}: none" for where, c in pairs.items()])


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
    if axes.containers:
        axes.legend(title=style.N_EFF["quadratic"], fontsize=6.5, title_fontsize=7)
    refused = sum(bool(fit.reason) for fit in fits)
    if name == "exponent" and refused:
        axes.text(0.03, 0.03, f"{refused} of {len(fits)} refused: tails below {tail_fit.LEAST} values",
                  transform=axes.transAxes, fontsize=7)


def draw_longest(axes, found, fits):
    """The longest tail: share of the values above, and the fit."""
    given = [k for k, fit in enumerate(fits) if not fit.reason]
    axes.set(xscale="log", yscale="log", xlabel="learned eigenvalue", ylabel="share above")
    if not given:
        axes.set_title("no tail is long enough", fontsize=8)
        return
    k = max(given, key=lambda k: fits[k].count)
    fit, x = fits[k], found["eigenvalues"][k]
    x = np.sort(x[np.isfinite(x) & (x > 0)])
    axes.plot(x, 1 - np.arange(len(x)) / len(x), ".", ms=3, color="grey")
    line = np.geomspace(fit.start, fit.most, 100)
    below = tail_fit.part_below(np.log(line / fit.start), fit.exponent - 1, np.log(fit.most / fit.start))
    # of the values from the start up, the largest is the end of the law and above all of it
    axes.plot(line, (1 + (1 - below) * (fit.count - 1)) / len(x), color="black", lw=1.2)
    axes.set_title(f"longest tail: {fit.count} of {len(x)} values, $R$ = {found['risk'][k]:.2g}\n"
                   f"exponent {fit.exponent:.2f} $\\pm$ {fit.error:.2f}, fit p = {fit.p:.2f}\n"
                   f"log-likelihood over exponential {fit.exponential.ratio:+.1f} (z = {fit.exponential.z:.1f})\n"
                   f"over lognormal {fit.lognormal.ratio:+.1f} (at most 0)", fontsize=8)


def draw_fits(data):
    gammas = data["source_exponent"].values
    figure, grid = plt.subplots(len(gammas), 4, figsize=(16.5, 4.2 * len(gammas)), squeeze=False,
                                constrained_layout=True)
    for row, gamma in zip(grid, gammas):
        found, fits = networks(data.sel(source_exponent=gamma, drop=True))
        for axes, name in zip(row, STATISTICS):
            draw_statistic(axes, found, fits, name)
        draw_longest(row[-1], found, fits)
        row[0].annotate(rf"$\gamma$ = {gamma:g}", (-0.26, 0.5), xycoords="axes fraction", rotation=90, va="center")
    figure.suptitle(f"{data.attrs['model'].capitalize()} network, $d$ = {data.attrs['dimension']:g}, "
                    rf"$\Delta$ = {data.attrs['noise']:g}: what learned eigenvalues say of the risk, each mark a "
                    "trained network; brackets: 95 % of the bootstrap over points")
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
