#!/usr/bin/python3
"""Maps of the exact local exponents of the risk, and of where the measured phase differs from
the predicted one; one figure for each network and source exponent, one column for each dimension.

usage: fig_exponents.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import style
from phasesweep import phases, sweep
from style import np, plt

FIELDS = ["effective_samples", "resolved_nuclear_weight", "exponent_samples",
          "exponent_weight_decay", "phase_measured", "phase_predicted"]
QUANTITIES = [("exponent_samples", r"$\partial\log R/\partial\log n$", 2.0),
              ("exponent_weight_decay", r"$\partial\log R/\partial\log\lambda$", 2.0)]


def plane(part, decay):
    log_d = np.log(float(part["dimension"]))
    x = np.log(part["effective_samples"].isel({decay: 0})) / log_d
    y = np.log(part["resolved_nuclear_weight"].isel(samples=0)) / log_d
    return x.values, y.values


def draw_boundaries(axes, part, model, x, y):
    gamma, d = float(part["source_exponent"]), float(part["dimension"])
    view = (x.min(), x.max()), (y.min(), y.max())
    for (x0, y0), (x1, y1) in phases.boundaries(model, gamma, d, *view):
        axes.plot([x0, x1], [y0, y1], color="black", lw=1, path_effects=style.halo())
    axes.set(xlim=view[0], ylim=view[1])


def draw_agreement(axes, part, decay, x, y):
    """Measured phases as colours; where the prediction is another one, hatched."""
    codes = sweep.flag_codes(part["phase_measured"])
    measured = part["phase_measured"].transpose(decay, "samples").values
    wanted = part["phase_predicted"].transpose(decay, "samples").values
    if "refine" in part.attrs:      # cells are of what is measured: the prediction is known everywhere
        predicted = phases.predicted(part.attrs["model"], float(part["source_exponent"]), float(part["dimension"]),
                                     *np.meshgrid(x, y))
        wanted = np.where(np.isfinite(wanted), predicted, np.nan)
    names = phases.NAMES[1:]
    image = axes.pcolormesh(x, y, np.where(measured > 0, measured, np.nan), shading="nearest",
                            cmap=style.phase_colours(), vmin=0.5,
                            vmax=len(names) + 0.5, rasterized=True)
    known = np.isfinite(measured) & np.isfinite(wanted)
    wrong = known & (measured != wanted)
    if wrong.any():
        axes.contourf(x, y, wrong, levels=[0.5, 1.5], colors="none", hatches=["////"])
    assert codes["Ia"] == 1, "codes of the phases have changed"
    if known.any():
        axes.set_title(f"{100 * np.mean(~wrong[known]):.0f} % as predicted", fontsize=9)
    draw_names(axes, measured, x, y)
    return image, names


def draw_names(axes, measured, x, y, cells=48):
    """The measured phases by name where they have most room."""
    picked = [np.linspace(0, size - 1, cells).round().astype(int) for size in measured.shape]
    codes = np.nan_to_num(measured[np.ix_(*picked)]).astype(int).T
    view = (x.min(), x.max()), (y.min(), y.max())
    for name, (at_x, at_y, room) in phases.roomiest(codes, *view).items():
        if name != "undefined" and room > 0.03:
            axes.text(at_x, at_y, name, ha="center", va="center", weight="bold", fontsize=7.5,
                      path_effects=style.halo(0.6))


def draw(data, gamma):
    model, decay = data.attrs["model"], sweep.decay_axis(data)
    sizes = data["dimension"].values
    figure, grid = plt.subplots(3, len(sizes), figsize=(3.1 * len(sizes) + 1, 8.2), squeeze=False,
                                sharex=True, sharey=True, constrained_layout=True)
    for column, size in enumerate(sizes):
        part = sweep.cells(data.sel(source_exponent=gamma, dimension=size))
        x, y = plane(part, decay)
        for row, (field, label, most) in enumerate(QUANTITIES):
            image = grid[row, column].pcolormesh(
                x, y, part[field].transpose(decay, "samples"), cmap=style.SIGNED,
                shading="nearest", vmin=-most, vmax=most, rasterized=True)
            if column == len(sizes) - 1:
                figure.colorbar(image, ax=grid[row, :].tolist(), label=label, extend="both", pad=0.01)
        image, names = draw_agreement(grid[2, column], part, decay, x, y)
        for axes in grid[:, column]:
            draw_boundaries(axes, part, model, x, y)
        power = np.log10(size)
        grid[0, column].set_title(rf"$d = 10^{{{power:g}}}$" if power == round(power) else f"$d = {size:g}$")
        grid[2, column].set_xlabel(r"$\log_d n_{\mathrm{eff}}$")
    bar = figure.colorbar(image, ax=grid[2, :].tolist(), ticks=range(1, len(names) + 1),
                          label="measured phase", pad=0.01)
    bar.ax.set_yticklabels(names)
    for axes in grid[:, 0]:
        axes.set_ylabel(rf"$\log_d {style.LAMBDA[model]}$")
    style.title(figure, rf"{model.capitalize()} network, $\gamma = {gamma:g}$, $\Delta$ = {data.attrs['noise']:g}",
                "lines: predicted boundaries of the phases; hatched: the measured phase is another one",
                "exponents are exact derivatives of the equations; white: flat",
                "colours: cells, single points of the grid where they are refined (refine)" if "refine" in data.attrs else "")
    return figure


def figures(path):
    drawn = 0
    for name, data in sweep.open_all(path, "state_evolution", FIELDS, phases.MODELS).items():
        if not sweep.is_map(data):
            continue
        decay = sweep.decay_axis(data)
        data = sweep.over(data, "source_exponent", "dimension", "samples", decay)
        if data is None:
            continue
        for gamma in data["source_exponent"].values:
            yield f"exponents_{name}_{gamma:g}", draw(data, gamma)
            drawn += 1
    if drawn == 0:
        raise sweep.Refusal(f"{path}: no sweep of state_evolution over samples and weight decay "
                            "alone, the decay not relative to the samples")


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/exponents.yaml")
