#!/usr/bin/python3
"""Tail exponent of the learned weights against the risk over the phase diagram of the quadratic
network: predicted as dots coloured by phase, trained networks with error bars (the spread over
seeds and the mean standard error of the fit, in squares).

usage: fig_tail_exponent.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import style
import phases
import sweep
from style import np, plt

AXES = ("source_exponent", "samples", "weight_decay")
SHARED = ["effective_samples", "resolved_nuclear_weight", "risk", "tail_exponent",
          "tail_exponent_error"]
TRAINED = {"training": (SHARED, ("seed", *AXES))}
PHASES = phases.NAMES[1:]


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


def figures(path):
    theory = predicted(path)
    if theory is None:
        raise sweep.Refusal(f"{path}: no state_evolution of the quadratic network over samples and "
                            "weight_decay with a predicted spectrum")
    trained = sweep.by_model(path, TRAINED).get("quadratic", {}).get("training")
    yield "tail_exponent", draw(theory, trained)


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/tail_exponent.yaml")
