#!/usr/bin/python3
"""The exact split of the risk of quadratic networks, stacked along samples: over- and underfitting,
approximation, and the cross term, drawn below zero where it is negative.  Where the bulk learns
what is hidden in it the cross term cancels thousands of R, so the unit is the sum of the positive
parts; how much of it is left over as R is the dotted line.

usage: fig_decomposition.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import style
from phasesweep import sweep
from style import np, plt

PARTS = ["underfitting", "approximation", "overfitting", "cross"]
FIELDS = ["effective_samples", "risk", *PARTS]
COLOURS = ["#77AADD", "#EEDD88", "#EE8866", "#BBBBBB"]  # pale, told apart by hatches too
HATCHES = ["", "...", "", "///"]


def stack(line):
    """{part: (lower, upper)} in units of the sum of the positive parts: those upwards, negative
    ones downwards; and R in that unit."""
    unit = sum(np.maximum(line[part].values, 0) for part in PARTS)
    top = bottom = np.zeros(line.sizes["samples"])
    layers = {}
    for part in PARTS:
        share = line[part].values / unit
        layers[part] = (np.where(share > 0, top, bottom + share), np.where(share > 0, top + share,
                                                                           bottom))
        top, bottom = top + np.maximum(share, 0), bottom + np.minimum(share, 0)
    return layers, line["risk"].values / unit


def mismatch(data):
    """Largest |sum of the parts - R| / R."""
    return float((np.abs(sum(data[part] for part in PARTS) - data["risk"]) / data["risk"]).max())


def draw_line(axes, line, title):
    x = line["effective_samples"].values
    layers, left = stack(line)
    for (part, (low, high)), colour, hatch in zip(layers.items(), COLOURS,
                                                  HATCHES):
        axes.fill_between(x, low, high, color=colour, hatch=hatch, edgecolor="0.25", lw=0.3,
                          label=part)
    axes.axhline(0, color="black", lw=0.6)
    axes.plot(x, left, color="black", lw=1.4, ls=":", label="R, left of their sum")
    axes.set(xscale="log", xlim=(x.min(), x.max()))
    risk = axes.twinx()
    risk.loglog(x, line["risk"], color="#C00000", lw=1.2)
    risk.tick_params(axis="y", labelsize=7)
    cross = (line["cross"] / line["risk"]).values
    axes.set_title(title)
    return risk, f"{title}: cross/R from {np.nanmin(cross):.2g} to {np.nanmax(cross):.2g}"


def draw(data, d):
    gammas, decays = data["source_exponent"].values, data["weight_decay"].values
    figure, grid = plt.subplots(len(decays), len(gammas), squeeze=False, sharex=True, sharey=True,
                                figsize=(4.8 * len(gammas), 2.6 * len(decays) + 1),
                                constrained_layout=True)
    sentences = []
    for row, decay in enumerate(decays):
        for column, gamma in enumerate(gammas):
            line = data.sel(source_exponent=gamma, weight_decay=decay)
            label = style.decay_label(data, decay)
            right, said = draw_line(grid[row, column], line, rf"$\gamma$ = {gamma:g}, {label}")
            sentences.append(said)
            if column == len(gammas) - 1:
                right.set_ylabel(r"$R$ (red)")
        grid[row, 0].set_ylabel("share of the positive parts")
    for axes in grid[-1]:
        axes.set_xlabel(style.N_EFF["quadratic"])
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="upper center", ncol=5,
                  bbox_to_anchor=(0.5, 0.0))
    style.title(figure, rf"Split of the risk, quadratic network, $d$ = {d:g}, $\Delta$ = {data.attrs['noise']:g}",
                f"the parts sum to R within {mismatch(data):.0e}", *sentences)
    return figure


def figures(path):
    drawn = 0
    for name in sweep.sweep_names(path):
        if sweep.method_of(path, name) != "state_evolution":
            continue
        data = sweep.over(sweep.by_key(sweep.open_sweep(path, name, fields=FIELDS)),
                          "source_exponent", "dimension", "samples", "weight_decay")
        if data is None or data.attrs["model"] != "quadratic" or data.sizes["samples"] < 3:
            continue
        for d in data["dimension"].values:
            yield f"decomposition_{name}_{d:g}", draw(data.sel(dimension=d), d)
            drawn += 1
    if drawn == 0:
        raise sweep.Refusal(f"{path}: no sweep of state_evolution of the quadratic network along "
                            "samples")


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/decomposition.yaml")
