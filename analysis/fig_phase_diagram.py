#!/usr/bin/python3
"""Phase diagrams of the excess risk with the predicted boundaries, and slices along both axes.

usage: fig_phase_diagram.py ARCHIVE.h5 [OUTPUT_DIRECTORY]

Trainings of the same archive are drawn on the slices.
"""
import style
from phasesweep import phases, sweep
from style import np, plt

FIELDS = ["risk", "effective_samples", "resolved_samples", "resolved_weight_decay",
          "resolved_nuclear_weight"]
NEAR = 0.02         # relative difference of weights that count as one
FLAT = 1e-4         # of log R: a step that is none
RISEN = 0.02        # of log R: below 1 by so much, and up again by so much, is a turn
EXACT = 2e-4        # of a power of d that is written with =
ROOMY = 0.024       # of the view: a smaller phase has its label beside it


def plane(data, decay):
    """log_d n_eff, log_d lambda (nuclear weight) of a diagram at one source exponent."""
    log_d = np.log(float(data.attrs["dimension"]))
    x = np.log(data["effective_samples"].isel({decay: 0})) / log_d
    y = np.log(data["resolved_nuclear_weight"].isel(samples=0)) / log_d
    return x.values, y.values


def beside(at, taken):
    """Where around `at` (shares of the view) a label is in view and far from all others."""
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.asarray(at) + 0.1 * np.column_stack([np.cos(turns), np.sin(turns)])
    ring = ring[np.all(np.abs(ring - 0.5) < 0.44, axis=1)]
    gaps = np.abs(ring[:, None, :] - np.asarray(taken)[None, :, :]).max(axis=2).min(axis=1)
    return ring[np.argmax(gaps)]


def draw_labels(axes, places, view):
    low, size = np.array(view)[:, 0], np.ptp(view, axis=1)
    share = {name: (np.array(place[:2]) - low) / size for name, place in places.items()}
    for name, (x0, y0, room) in places.items():
        at = share[name] if room > ROOMY else beside(share[name], list(share.values()))
        axes.annotate(name, (x0, y0), low + at * size, ha="center", va="center", weight="bold",
                      fontsize=9 if room > 0.05 else 6.5,
                      bbox=dict(boxstyle="round,pad=0.15", facecolor="white", edgecolor="none",
                                alpha=0.85),
                      arrowprops=None if room > ROOMY else dict(arrowstyle="-", color="black",
                                                                path_effects=style.halo()))


def draw_boundaries(axes, data, gamma, x, y):
    """Predicted ones, black on white, and the names of the phases between them."""
    model, d = data.attrs["model"], float(data.attrs["dimension"])
    view = (x.min(), x.max()), (y.min(), y.max())
    for (x0, y0), (x1, y1) in phases.boundaries(model, gamma, d, *view):
        axes.plot([x0, x1], [y0, y1], color="black", lw=1.1, path_effects=style.halo(1.1))
    draw_labels(axes, phases.labels(model, gamma, d, *view), view)
    axes.set(xlim=view[0], ylim=view[1])


def turns(data, decay):
    """log_d n_eff where R, having fallen, turns up along the samples, by weight decay; NaN where it does not.  The
    parabola through the least of three points in log n_eff."""
    x = np.log(data["effective_samples"].isel({decay: 0}).values) / np.log(float(data.attrs["dimension"]))
    found = np.full(data.sizes[decay], np.nan)
    for row, line in enumerate(np.log(data["risk"].transpose(decay, "samples").values)):
        falls = (line[1:-1] < line[:-2] - FLAT) & (line[1:-1] < line[2:])
        for k in np.flatnonzero(falls & (line[1:-1] < -RISEN)) + 1:
            if np.nanmax(line[k:]) > line[k] + RISEN:
                bend, slope, _ = np.polyfit(x[k - 1:k + 2] - x[k], line[k - 1:k + 2], 2)
                found[row] = x[k] - 0.5 * slope / bend if bend > 0 else x[k]
                break
    return found


def draw_turns(axes, data, decay, gamma):
    """Where overfitting turns from benign to harmful, as measured, beside the predicted IV/V line; in words."""
    if "refine" in data.attrs:      # too few points of a line are neighbours
        return ""
    found = turns(data, decay)
    _, y = plane(data, decay)
    axes.plot(found, y, "o", ms=2.2, color="black", mew=0, path_effects=style.halo(0.4))
    if not np.isfinite(found).any():
        return ""
    line = phases.noise_line(data.attrs["model"], gamma, float(data.attrs["dimension"]))
    weakest = found[np.flatnonzero(np.isfinite(found))[0]]
    return (rf"$\gamma = {gamma:g}$: at weak decay R turns up at n_eff = d^{weakest:.2f}, the IV/V line is at d^{line:.2f}")


def decades(data):
    """Range of log10 R in whole decades, the same for all maps of a figure; up to 1, at which nothing is learned, so that
    this looks the same in all figures.  Above it is what overfits most."""
    risk = np.log10(data["risk"])
    return min(-1.0, np.floor(float(risk.min()))), 0.0


def above_one(data):
    return bool((data["risk"] > 1 + RISEN).any())


def draw_map(axes, data, gamma, decay, low, high):
    x, y = plane(data, decay)
    risk = np.log10(sweep.cells(data)["risk"].transpose(decay, "samples"))
    image = axes.pcolormesh(x, y, risk, cmap="cividis", shading="nearest", vmin=low, vmax=high,
                            rasterized=True)
    draw_boundaries(axes, data, gamma, x, y)
    axes.set(title=rf"$\gamma = {gamma:g}$", xlabel=r"$\log_d n_{\mathrm{eff}}$",
             ylabel=rf"$\log_d {style.LAMBDA[data.attrs['model']]}$")
    return image


def nearest(data, axis, value):
    """By ratio: samples and weights go over decades."""
    return data.isel({axis: int(np.abs(np.log(data[axis].values / value)).argmin())})


def draw_best(axes, x, risk, colour):
    """A minimum along the weight decay, if there is one below its weak end: is there?"""
    k = int(np.argmin(np.where(np.isfinite(risk), risk, np.inf)))
    if 0 < k < len(x) - 1 and risk[k] < 0.99 * risk[0]:
        axes.plot(x[k], risk[k], "x", ms=6, color=colour)
        return True
    return False


def draw_slices(axes, data, along, across, values, label):
    """R against one axis for five values of the other; is a best weight decay among what is drawn?"""
    best = False
    for value, colour, dash in zip(values, style.colours(len(values)), style.DASHES):
        line = nearest(data, across, value)
        x = line["effective_samples" if along == "samples" else "resolved_nuclear_weight"]
        there = np.isfinite(line["risk"]) if "refine" in data.attrs else slice(None)
        axes.loglog(x[there], line["risk"][there], ls=dash, color=colour, label=label(line))
        if along != "samples" and "refine" not in data.attrs:
            best |= draw_best(axes, x[there].values, line["risk"][there].values, colour)
    if x.max() < 30 * x.min():
        axes.xaxis.set_minor_formatter(plt.NullFormatter())  # they would lie on each other
        axes.set_xticks([float(x.min()), float(x.max())], [f"{float(v):.3g}" for v in (x.min(), x.max())])
    return best


def draw_trained(axes, trained, data, decay, values, gamma):
    """Mean and standard deviation over the seeds of trainings at the weight decays of the lines."""
    if gamma not in trained["source_exponent"].values:
        return False
    drawn = False
    for value, colour, marker in zip(values, style.colours(len(values)), style.MARKERS):
        points = nearest(trained.sel(source_exponent=gamma), decay, value)
        line = nearest(data, decay, value)
        if not np.isclose(points[decay], line[decay], rtol=NEAR):
            continue
        axes.errorbar(points["effective_samples"].isel(seed=0), points["risk"].mean("seed"),
                      points["risk"].std("seed"), fmt=marker, ms=4, mfc="white", color=colour,
                      capsize=2, lw=1)
        drawn = True
    return drawn


def slice_values(data, trained, axis):
    """Values of the axis near round powers of d, at most five and each once; or those of the trainings between the ends."""
    values = data[axis].values
    if trained is not None and axis in trained.dims:
        return np.unique(np.concatenate([trained[axis].values, values[[0, -1]]]))
    field = "effective_samples" if axis == "samples" else "resolved_nuclear_weight"
    others = {name: 0 for name in data[field].dims if name != axis}
    powers = np.log(data[field].isel(others).values) / np.log(float(data.attrs["dimension"]))
    wanted = round_powers(powers.min(), powers.max())
    return values[np.unique([int(np.abs(powers - power).argmin()) for power in wanted])]


def round_powers(low, high):
    """At most five multiples of the finest of these steps between the ends."""
    for step in (0.25, 0.5, 1, 2, 5):
        inside = step * np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)
        if len(inside) <= 5:
            return inside if len(inside) > 1 else np.linspace(low, high, 5)
    return np.linspace(low, high, 5)


def power_label(line, name, symbol):
    """Rounded powers are marked as such."""
    power = np.log(float(line[name].values.flat[0])) / np.log(float(line.attrs["dimension"]))
    round_one = round(power, 2) + 0.0
    sign = "=" if abs(power - round_one) < EXACT else r"\approx"
    return rf"${symbol} {sign} d^{{{round_one:g}}}$"


def coarse(data, axis):
    """Of a refined sweep those places on an axis at which coarse cells end: there lines have points all along."""
    step = 2 ** int(data.attrs.get("refine_depth", 0))
    return data.isel({axis: sweep.ends(data.sizes[axis], step)})


def draw_diagram(data, trained):
    model, decay = data.attrs["model"], sweep.decay_axis(data)
    gammas = data["source_exponent"].values
    figure, axes = plt.subplots(3, len(gammas), figsize=(4.1 * len(gammas), 11),
                                squeeze=False, constrained_layout=True)
    symbol, turned, marked, crossed = style.LAMBDA[model], [], False, False
    for column, gamma in enumerate(gammas):
        part = data.isel(source_exponent=column)
        image = draw_map(axes[0, column], part, gamma, decay, *decades(data))
        turned.append(draw_turns(axes[0, column], part, decay, gamma))
        rows = coarse(part, decay)
        values = slice_values(rows, trained, decay)
        draw_slices(axes[1, column], rows, "samples", decay, values,
                    lambda line: power_label(line, "resolved_nuclear_weight", symbol))
        axes[1, column].set_xlabel(style.N_EFF[model])
        axes[1, column].set_title(rf"$R$ along samples, $\gamma = {gamma:g}$")
        axes[2, column].set_title(rf"$R$ along weight decay, $\gamma = {gamma:g}$")
        if trained is not None:
            marked |= draw_trained(axes[1, column], trained, part, decay, values, gamma)
        columns = coarse(part, "samples")
        crossed |= draw_slices(axes[2, column], columns, decay, "samples", slice_values(columns, None, "samples"),
                               lambda line: power_label(line, "effective_samples", r"n_{\mathrm{eff}}"))
        axes[2, column].set_xlabel(rf"${symbol}$")
    figure.colorbar(image, cax=axes[0, -1].inset_axes([1.04, 0, 0.05, 1]), label=r"$\log_{10} R$",
                    extend="max" if above_one(data) else "neither")
    for row in axes[1:]:
        row[0].set_ylabel(r"excess risk $R$")
        row[-1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    style.title(figure, f"{model.capitalize()} network, d = {data.attrs['dimension']:g}, "
                rf"$\Delta$ = {data.attrs['noise']:g}",
                "lines on the maps: predicted boundaries of the phases", "dots: where R turns up along the samples, from benign "
                "to harmful overfitting, as measured" if any(turned) else "", *turned,
                "colours: cells, single points of the grid where phases meet (refine)" if "refine" in data.attrs else "",
                "plateaus: R = 1 in Ia and Ib, where nothing is learned"
                if bool((np.abs(data["risk"] - 1) < RISEN).any()) else "",
                "the brightest colour: R = 1 and above" if above_one(data) else "",
                "below: slices, the same in all columns" + ("" if not crossed else
                "; crosses: the best weight decay, at which R has the Bayes rate "
                r"$n_{\mathrm{eff}}^{-1+1/(2\gamma)}$, then $d/n_{\mathrm{eff}}$ (figures of optimal_decay and bayes)"),
                "markers: trained networks, mean and deviation over seeds" if marked else "")
    return figure


def trainings_of(data, trainings):
    """The first sweep of trainings of the same problems, by seed, in plain numbers."""
    for trained in trainings.values():
        decay = sweep.decay_axis(trained)
        if decay == sweep.decay_axis(data) and all(
                trained.attrs.get(k) == data.attrs.get(k) for k in ("model", "dimension", "noise")):
            trained = sweep.over(trained, "seed", "source_exponent", "samples", decay)
            trained = trained if trained is None else sweep.physical(trained, "samples", decay)
            if trained is not None:
                return trained
    return None


def plain(data):
    """Over source exponent, samples and weight decay in plain numbers; None if there is more."""
    decay = sweep.decay_axis(data)
    data = sweep.over(data, "source_exponent", "samples", decay)
    return data if data is None else sweep.physical(data, "samples", decay)


def figures(path):
    diagrams = {name: plain(data)
                for name, data in sweep.open_all(path, "state_evolution", FIELDS, phases.MODELS).items()
                if sweep.is_map(data)}
    if not any(data is not None for data in diagrams.values()):
        raise sweep.Refusal(f"{path}: no sweep of state_evolution over samples and weight decay "
                            "alone, the decay not relative to the samples")
    trainings = sweep.open_all(path, "training", FIELDS)
    for name, data in diagrams.items():
        if data is not None:
            yield f"phase_diagram_{name}", draw_diagram(data, trainings_of(data, trainings))


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/demo.yaml or jobs/phase_diagram_quadratic.yaml")
