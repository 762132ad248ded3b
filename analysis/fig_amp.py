#!/usr/bin/python3
"""Message passing: the risk of every iteration on drawn data (one line a seed) against the iteration
of state evolution (dashed), its end against networks trained on the same data, and the deviation.
Of axes other than dimension, seed and weight decay the last value is drawn.

usage: fig_amp.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import style
from phasesweep import sweep
from style import np, plt

SHOWN = 40  # iterations


def pairs(path):
    """{name: (message passing, trainings of the same points or None)}, over dimension, weight
    decay and seed."""
    sweeps = {name: data for name, data in sweep.open_all(path).items()
              if data.attrs["method"] in ("amp", "training")}
    return {name: tuple(reduced(d) for d in (data, sweeps.get(name + "_trained")))
            for name, data in sweeps.items()
            if data.attrs["method"] == "amp" and sweep.decay_axis(data) is not None}


def reduced(data):
    if data is None:
        return None
    kept = {"dimension", "seed", "iteration_index", "eigenvalue_index", sweep.decay_axis(data)}
    last = data.isel({axis: -1 for axis in data.dims if axis not in kept})
    return sweep.axis(sweep.axis(last, "dimension"), "seed")


def held(paths):
    """[seed, iteration] with the last number held after the last iteration."""
    values = np.array(paths.transpose("seed", "iteration_index"))
    for row in values:
        last = np.flatnonzero(np.isfinite(row))
        row[last[-1] + 1 if len(last) else 0:] = row[last[-1]] if len(last) else np.nan
    return values


def deviation(points):
    """R / predicted R - 1 by seed and iteration."""
    return held(points["risk_by_iteration"]) / held(points["predicted_risk_by_iteration"]) - 1


def over_seeds(function, values):
    """Of those seeds that are finished; NaN without any."""
    done = values[np.isfinite(values).any(axis=1)]
    return function(done, axis=0) if len(done) else np.full(values.shape[1], np.nan)


def draw_risk(axes, points, trained, colour, marker, label):
    x = points["iteration_index"].values
    for row in held(points["risk_by_iteration"]):
        axes.semilogy(x, row, color=colour, lw=0.6)
    # seeds that were damped differently differ a little in their prediction
    predicted = held(points["predicted_risk_by_iteration"])
    axes.semilogy(x, over_seeds(np.mean, predicted), "--", color=colour, lw=1.6, label=label)
    if trained is not None:
        axes.errorbar(SHOWN + 2, trained["risk"].mean("seed"), trained["risk"].std("seed"),
                      fmt=marker, ms=5, mfc="white", color=colour, capsize=2)


def draw_deviation(axes, points, colour, dash):
    x = points["iteration_index"].values
    error = deviation(points)
    mean, spread = over_seeds(np.mean, error), over_seeds(np.std, error)
    axes.plot(x, mean, ls=dash, color=colour, lw=1.4)
    axes.fill_between(x, mean - spread, mean + spread, color=colour, alpha=0.2, lw=0)


def sentence(points, d):
    """Where theory and iteration part, at one dimension: all weights and seeds."""
    axis = sweep.decay_axis(points)
    mean = np.array([over_seeds(np.mean, deviation(points.sel({axis: w})))[:SHOWN]
                     for w in points[axis].values])
    mean = mean[np.isfinite(mean).all(axis=1)]
    if len(mean) == 0:
        return rf"$d$ = {d:g}: nothing finished"
    worst = np.unravel_index(np.nanargmax(np.abs(mean)), mean.shape)
    damped = float((points["last_damping"].stack(run=(axis, "seed")).dropna("run") > 0).mean())
    return (rf"$d$ = {d:g}: farthest from theory by {mean[worst]:+.0%} (iteration {worst[1] + 1}), "
            rf"after {SHOWN} by {mean[:, -1].min():+.1%} to {mean[:, -1].max():+.1%}, "
            f"{damped:.0%} of runs damped in the end")


def agreement(passed, trained):
    if trained is None:
        return ""
    worst = float(np.abs(passed["objective"] / trained["objective"] - 1).max())
    return f"markers: trained networks, whose objective it meets within {worst:.0e}"


def draw(passed, trained):
    axis = sweep.decay_axis(passed)
    weights, sizes = passed[axis].values, passed["dimension"].values
    figure, grid = plt.subplots(2, len(weights), sharex=True, sharey="row", squeeze=False,
                                figsize=(4.6 * len(weights), 6.6), height_ratios=[3, 1.6],
                                constrained_layout=True)
    symbol = r"\tilde\lambda" if axis == "nuclear_weight" else r"\lambda"
    styles = list(zip(sizes, style.colours(len(sizes)), style.MARKERS, style.DASHES))
    for (top, bottom), weight in zip(grid.T, weights):
        for size, colour, marker, dash in styles:
            points = passed.sel({"dimension": size, axis: weight})
            same = None if trained is None else trained.sel({"dimension": size, axis: weight})
            draw_risk(top, points, same, colour, marker, rf"$d = {size:g}$")
            draw_deviation(bottom, points, colour, dash)
        bottom.axhline(0, color="black", lw=0.8)
        top.set(title=rf"${symbol} = {weight:g}$", xlim=(0, SHOWN + 4))
        bottom.set_xlabel("iteration")
        bottom.set_yscale("symlog", linthresh=0.1)
    grid[0, 0].set_ylabel(r"excess risk $R$")
    grid[1, 0].set_ylabel(r"$R$ / theory $- 1$ (mean, std)")
    grid[0, 0].legend(title="theory")
    lines = [sentence(passed.sel(dimension=size), size) for size in sizes]
    style.title(figure, f"{passed.attrs['model'].capitalize()} network, message passing, "
                f"{passed.sizes['seed']} seeds (thin lines), theory dashed",
                "theory is exact for large d as long as a run is not damped", agreement(passed, trained), *lines)
    return figure


def figures(path):
    found = pairs(path)
    if not found:
        raise sweep.Refusal(f"{path}: no sweep of amp over a weight decay")
    for name, (passed, trained) in found.items():
        yield f"amp_{name}", draw(passed, trained)


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/amp.yaml")
