#!/usr/bin/python3
"""Learning in time, a figure for each network: excess risk and eigenvalues along descents at finite n and
along the flow of the population, the best stopping time against the best weight decay, the risk over samples
and time; and of the flow alone its exponent in phase II and the compute-optimal frontier over widths.

usage: fig_trajectories.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import style
from phasesweep import sweep, trajectories
from style import np, plt

TIME = r"time $\tau$"
RISK = r"excess risk $R$"
LEADING = 6   # eigenvalues that are drawn
# fields that are, with what tells that they are there
DRAWN = ["outcome", "risk", "eigenvalues", "exponent_time", "resolved_samples"]
OPEN = "open stars and circles: the least lies at an end of the grid, and beyond it the risk may go on falling"


def largest(path, method, *axes):
    """{model: sweep} of a method over exactly these axes, and seeds, of which it is the mean; the largest of
    each network; of descents gradient descent alone, whose time is that of the flow."""
    found = {}
    for data in sweep.open_all(path, method).values():
        data = over(data, *axes) if data.attrs.get("optimizer", "gd") == "gd" else None
        if data is not None and "samples" in axes:
            data = sweep.physical(data, "samples")
        if data is None:
            continue
        other = found.get(data.attrs["model"])
        if other is None or data["risk"].size > other["risk"].size:
            found[data.attrs["model"]] = data
    return found


def over(data, *axes):
    """As sweep.over, of the mean over seeds if there are several; NaN where one of them is."""
    seeds = data.sizes.get("seed", 1)
    if seeds > 1:
        data = data[[name for name in DRAWN if name in data]].mean("seed", skipna=False, keep_attrs=True)
    data = sweep.over(data, *axes)
    return None if data is None else data.assign_attrs(seeds=seeds)


def star(axes, x, y, inside, colour, size=9, **how):
    """Open where the line ends, for beyond it the risk may go on falling."""
    axes.plot(x, y, "*", ms=size, color=colour, markerfacecolor=colour if inside else "white", clip_on=False, **how)


def draw_risks(axes, descent, flow):
    samples = descent["samples"].values
    for n, colour in zip(samples, style.colours(len(samples))):
        line = descent["risk"].sel(samples=n)
        axes.loglog(descent["time"], line, "o-", ms=2.5, lw=1, color=colour, label=rf"$n = {n:g}$")
        star(axes, *trajectories.least(descent["time"], line), trajectories.is_inside(descent["time"], line), colour)
    if flow is not None:
        axes.loglog(flow["time"], flow["risk"], "k--", lw=1.2, label=r"flow, $n = \infty$")
    axes.set(xlabel=TIME, ylabel=RISK, title="risk in time; stars: best time to stop")
    axes.legend()


def draw_spectra(axes, descent, flow):
    n = descent["samples"].values[-1]
    lines = descent["eigenvalues"].sel(samples=n)
    index = [name for name in lines.dims if name != "time"][0]
    for k, colour in enumerate(style.colours(LEADING)):
        axes.loglog(descent["time"], lines.isel({index: k}), "o", ms=2.5, color=colour)
        if flow is not None:
            axes.loglog(flow["time"], flow["eigenvalues"].isel({index: k}), "--", lw=1, color=colour)
    lines_too = ", flow (lines)" if flow is not None else ""
    axes.set(xlabel=TIME, ylabel="eigenvalue", title=rf"{LEADING} largest: descent at $n = {n:g}$ (points){lines_too}",
             ylim=(1e-3 * float(lines.max()), 2 * float(lines.max())))


def best(data, axis, samples):
    """The least risk along an axis at each n, and whether that is a minimum; NaN where that n is not there."""
    lines = [data["risk"].sel(samples=n) if n in data["samples"].values else data["risk"][{"samples": 0}] * np.nan
             for n in samples]
    return (np.array([trajectories.least(data[axis], line)[1] for line in lines]),
            np.array([trajectories.is_inside(data[axis], line) for line in lines]))


def draw_stopping(axes, descent, training):
    """In words: the best of stopping over the best of weight decay."""
    samples = descent["samples"].values
    stopped, inside = best(descent, "time", samples)
    axes.loglog(samples, stopped, "-", color=style.colours(3)[0], label="best time, no weight decay")
    for n, risk, minimum in zip(samples, stopped, inside):
        star(axes, n, risk, minimum, style.colours(3)[0], 7)
    axes.loglog(samples, descent["risk"].isel(time=-1), "s:", ms=4, color=style.colours(3)[2],
                label="last time, no weight decay")
    text = ""
    if training is not None:
        decay = "nuclear_weight" if "nuclear_weight" in training.dims else "weight_decay"
        decayed, found = best(training, decay, samples)
        axes.loglog(samples, decayed, "o--", ms=4, color=style.colours(3)[1], label="best weight decay, minimum")
        for n, risk in zip(samples[~found], decayed[~found]):
            axes.plot(n, risk, "o", ms=4, color=style.colours(3)[1], markerfacecolor="white")
        ratio = stopped / decayed
        known = ratio[inside & found]
        text = (f"the risk at the best time is {known.min():.2f} to {known.max():.2f} of that at the best weight decay, "
                "where both are minima") if known.size > 0 else ""
        print(f"{descent.attrs['model']}: samples, risk stopped, at best decay, ratio")
        for *row, time, weight in zip(samples, stopped, decayed, ratio, inside, found):
            ends = [word for word, good in (("time", time), (decay, weight)) if not good]
            print("%8g %8.4f %8.4f %6.3f" % tuple(row), f"  least at an end: {', '.join(ends)}" if ends else "")
    axes.set(xlabel=r"samples $n$", ylabel=RISK, title="early stopping against weight decay")
    axes.legend()
    return text


def draw_map(figure, axes, descent):
    risk = descent["risk"].transpose("time", "samples")
    mesh = axes.pcolormesh(descent["samples"], descent["time"], np.log10(risk), cmap="cividis", shading="nearest")
    figure.colorbar(mesh, ax=axes, label=r"$\log_{10} R$")
    style.contour(axes, descent["samples"], descent["time"], np.log10(risk.values),
                  [-1.5, -1.25, -1, -0.75, -0.5, -0.25, 0, 0.25], linewidths=0.6)
    times = [trajectories.least(descent["time"], descent["risk"].sel(samples=n)) for n in descent["samples"].values]
    axes.plot(descent["samples"], [time for time, _ in times], "--", color="black", lw=1, path_effects=style.halo())
    for n, (time, _) in zip(descent["samples"].values, times):
        star(axes, n, time, trajectories.is_inside(descent["time"], descent["risk"].sel(samples=n)), "black", 9,
             path_effects=style.halo())
    axes.set(xscale="log", yscale="log", xlabel=r"samples $n$", ylabel=TIME, title="over samples and time; stars: least")


def draw_network(descent, flow, training):
    figure, axes = plt.subplots(2, 2, figsize=(10, 7.6), constrained_layout=True)
    draw_risks(axes[0, 0], descent, flow)
    draw_spectra(axes[0, 1], descent, flow)
    said = draw_stopping(axes[1, 0], descent, training)
    draw_map(figure, axes[1, 1], descent)
    known = descent.attrs
    style.title(figure, rf"{known['model'].capitalize()} network in time, $d$ = {known['dimension']:g}, $\gamma$ = "
                rf"{known['source_exponent']:g}, $\Delta$ = {known['noise']:g}",
                f"mean of {known['seeds']} seeds" if known["seeds"] > 1 else "", OPEN, said)
    return figure


def draw_exponents(axes, flow):
    gammas = flow["source_exponent"].values
    start = float(flow.attrs["start_scale"]) ** 2
    for gamma, colour in zip(gammas, style.colours(len(gammas))):
        line = flow.sel(source_exponent=gamma)
        axes.semilogx(line["time"], line["exponent_time"], color=colour, lw=1, label=rf"$\gamma = {gamma:g}$")
        axes.semilogx(line["time"], trajectories.time_exponent(gamma, line["time"].values, start), "--",
                      color=colour, lw=1)
        axes.axhline(-(2 - 1 / gamma), color=colour, ls=":", lw=0.8)
    axes.set(xlabel=TIME, ylabel=r"$d\,\log R/d\,\log\tau$", ylim=(-3, 0), title="phase II in time")
    axes.legend()


def draw_frontier(axes, flow):
    flow = flow.transpose("width", "time", ...)
    widths = flow["width"].values
    for p, colour in zip(widths, style.colours(len(widths))):
        line = flow["risk"].sel(width=p)
        axes.loglog(p * flow["time"], line, color=colour, lw=1, label=rf"$p = {p:g}$")
    best = trajectories.frontier(flow["time"].values, widths, flow["risk"].values)
    axes.loglog(best[:, 0], best[:, 1], "k--", lw=1.5, label="frontier")
    axes.set(xlabel=r"compute $p\,\tau$", ylabel=RISK, title="what width to train for a compute")
    axes.legend()


def draw_flows(phase, widths):
    drawn = [(draw, data, told) for draw, data, told in (
        (draw_exponents, phase, r"left, solid: exact; dashed: $-(2-1/\gamma)L/(L-1)$, $L = \log(s_K/s_0)$, $s_K = L/(2\tau)$ the "
         "least eigenvalue learned; dotted: without $L$"),
        (draw_frontier, widths, "frontier: the least risk of all widths at that compute")) if data is not None]
    figure, axes = plt.subplots(1, len(drawn), figsize=(5 * len(drawn), 4.2), squeeze=False, constrained_layout=True)
    for one, (draw, data, _) in zip(axes[0], drawn):
        draw(one, data)
    style.title(figure, "Quadratic network along the flow of the population", *(told for _, _, told in drawn))
    return figure


def figures(path):
    descents = largest(path, "descent", "samples", "time")
    flows = largest(path, "flow", "time")
    trained = {**largest(path, "training", "samples", "weight_decay"),
               **largest(path, "training", "samples", "nuclear_weight")}
    phase = largest(path, "flow", "source_exponent", "time").get("quadratic")
    widths = largest(path, "flow", "width", "time").get("quadratic")
    if phase is not None and phase.attrs.get("start") != "aligned":
        phase = None
    if not descents and phase is None and widths is None:
        raise sweep.Refusal(f"{path}: no descent over samples and time, nor a flow")
    for model, descent in descents.items():
        yield f"trajectories_{model}", draw_network(descent, flows.get(model), trained.get(model))
    if phase is not None or widths is not None:
        yield "trajectories_flow", draw_flows(phase, widths)


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/trajectories.yaml")
