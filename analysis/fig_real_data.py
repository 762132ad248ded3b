#!/usr/bin/python3
"""Networks trained on the rows of a file: error on the rows held out against the number of samples (markers, mean and
standard deviation over the seeds), the error that the training data alone tell of (dashed), the best weight decay of
each n by either, and the learned spectra of all rows.

usage: fig_real_data.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import style
from phasesweep import sweep
from style import np, plt

FIELDS = ("test_error", "prediction_error_estimate", "classification_error", "eigenvalues")


def sweeps(path):
    """{name: sweep over seed, samples, weight decay and eigenvalues} of trainings on data of a file."""
    found = {}
    for name in sweep.sweep_names(path):
        try:
            data = sweep.by_key(sweep.open_sweep(path, name, fields=FIELDS))
        except sweep.Refusal:
            continue
        decay = sweep.decay_axis(data)
        if "data" in data.attrs and decay is not None:
            data = sweep.over(data, "seed", "samples", decay, "eigenvalue_index")
            if data is not None:
                found[name] = data
    return found


def peak(data):
    """(n at which a network without weight decay begins to fit every label, how it is written): the unknowns of a
    symmetric matrix; where it is positive, the statistical dimension of that cone, which is half of them."""
    d = data.attrs["dimension"]
    unit, more = (d + 1, "+ d + 1") if data.attrs.get("linear_unit") == "yes" else (0, "")
    return {"signed": (d * (d + 1) / 2 + unit, f"$d(d+1)/2 {more}$"),
            "quadratic": (d * (d + 1) / 4 + unit, f"$d(d+1)/4 {more}$")}.get(data.attrs["model"], (d, "$d$"))


def draw_errors(axes, data):
    decay = sweep.decay_axis(data)
    weights, n = data[decay].values, data["samples"].values
    for weight, colour, marker in zip(weights, style.colours(len(weights)), style.MARKERS):
        at = data.sel({decay: weight})
        axes.errorbar(n, at["test_error"].mean("seed"), at["test_error"].std("seed"), fmt=marker, ms=4, capsize=2,
                      color=colour, label=rf"${style.LAMBDA[data.attrs['model']]} = {weight:g}$")
        axes.plot(n, at["prediction_error_estimate"].mean("seed"), "--", lw=1.1, color=colour)
    place, label = peak(data)
    axes.axvline(place, color="black", lw=0.8, ls=":", label=label)
    axes.set(xscale="log", yscale="log", xlabel=r"samples $n$", ylabel="mean squared error on rows held out",
             title="dashed: estimated from the training data")
    axes.legend()


def draw_best(axes, data):
    decay = sweep.decay_axis(data)
    n = data["samples"].values
    weights = axes.twinx()
    for field, style_of, label in (("test_error", "o-", "least on rows held out"),
                                   ("prediction_error_estimate", "s--", "least by the estimate")):
        mean = data[field].mean("seed")
        # also where a weight has no estimate
        best = mean.fillna(np.inf).argmin(decay)
        axes.plot(n, data["test_error"].mean("seed").isel({decay: best}), style_of, mfc="white",
                  label=label)
        weights.plot(n, data[decay].isel({decay: best}), style_of[1:], lw=0.7, color=style.GREY)
    weights.set(yscale="log", ylabel=rf"that weight, ${style.LAMBDA[data.attrs['model']]}$ (grey)")
    axes.set(xscale="log", yscale="log", xlabel=r"samples $n$", ylabel="mean squared error on rows held out",
             title="best weight decay of each $n$")
    axes.legend()


def draw_spectra(axes, data):
    decay = sweep.decay_axis(data)
    last = data["eigenvalues"].isel(samples=-1).mean("seed")
    for weight, colour in zip(data[decay].values, style.colours(data.sizes[decay])):
        values = last.sel({decay: weight})
        axes.plot(data["eigenvalue_index"], values.where(values > 0), ".-", ms=4, lw=0.8, color=colour,
                  label=rf"${style.LAMBDA[data.attrs['model']]} = {weight:g}$")
    axes.set(xscale="log", yscale="log", xlabel="index", ylabel="learned numbers, mean over seeds",
             title=f"spectra at n = {data['samples'].values[-1]:g}")
    axes.legend()


def sentence(data):
    """How well the training data tell the error, and what is best."""
    decay = sweep.decay_axis(data)
    ratio = (data["prediction_error_estimate"] / data["test_error"]).mean("seed")
    best = data["test_error"].mean("seed").isel(samples=-1)
    place = int(best.fillna(np.inf).argmin())
    words = (f"estimate over error: median {float(ratio.median()):.2f}, {float(ratio.quantile(.1)):.2f} to "
             f"{float(ratio.quantile(.9)):.2f} (80 % of points); at n = {data['samples'].values[-1]:g} least error "
             f"{float(best[place]):.3f} at weight {float(data[decay][place]):g}")
    wrong = data["classification_error"].mean("seed").isel({"samples": -1, decay: place})
    return words + (f", {float(wrong):.1%} wrong signs" if np.isfinite(wrong) else "")


def draw(name, data):
    figure, axes = plt.subplots(1, 3, figsize=(13, 4.2), constrained_layout=True)
    draw_errors(axes[0], data)
    draw_best(axes[1], data)
    draw_spectra(axes[2], data)
    style.title(figure, f"{data.attrs['data']}, {data.attrs['target']}: {name}, d = {data.attrs['dimension']:g}",
                f"{data.attrs['hold_out']:g} of {data.attrs['data_rows']:g} rows held out", sentence(data))
    return figure


def figures(path):
    found = sweeps(path)
    if not found:
        raise sweep.Refusal(f"{path}: no sweep of data with rows held out, over samples, seed and a weight decay")
    for name, data in found.items():
        yield f"real_data_{name}", draw(name, data)


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/real_data.yaml")
