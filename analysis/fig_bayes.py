#!/usr/bin/python3
"""The risk over the Bayes-optimal risk in the plane of samples and weight decay, with the predicted
boundaries of the phases: where does training reach the Bayes rate?  Below, the best weight decay of
the map; one figure for each network.

usage: fig_bayes.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import style
from phasesweep import phases, sweep
from fig_phase_diagram import draw_boundaries, plane
from style import np, plt

AXES = ("source_exponent", "samples")
WANTED = {"state_evolution": (["effective_samples", "resolved_nuclear_weight", "risk"],
                              (*AXES, "weight_decay")),
          "bayes": (["effective_samples", "risk", "solutions"], AXES)}
NEAR = (1.1, 2)     # levels of R/R_bayes that are told
WHY_DISCRETE = ("where the diagonal risk leaves the Bayes risk in VIb: the prior is the empirical law of d coefficients, which is "
                "discrete, so that once the noise is below their spacing the Bayes risk falls exponentially, while that of "
                "training falls like d/n_eff")


def ratio(found, gamma):
    """R/R_bayes over (weight_decay, samples) at one source exponent."""
    risk = found["state_evolution"]["risk"].sel(source_exponent=gamma)
    return (risk / found["bayes"]["risk"].sel(source_exponent=gamma)).transpose(
        "weight_decay", "samples")


def shares(values, model, gamma, d, x, y):
    """{phase: share of its points with R < 2 R_bayes}."""
    codes = phases.predicted(model, gamma, d, *np.meshgrid(x, y))
    known = np.isfinite(values)
    return {phases.NAMES[code]: float(np.mean(values[known & (codes == code)] < NEAR[1]))
            for code in np.unique(codes[known])}


def told(values, model, gamma, d, x, y):
    """For the caption: where the Bayes risk is met within a factor 2, by phase."""
    parts = [f"{name} {100 * share:.0f}" for name, share in
             shares(values, model, gamma, d, x, y).items()]
    return rf"$\gamma = {gamma:g}$: R < 2 R_Bayes at, in % of the phase: " + ", ".join(parts)


def draw_map(axes, found, gamma):
    data = found["state_evolution"].sel(source_exponent=gamma)
    model, d = data.attrs["model"], float(data.attrs["dimension"])
    x, y = plane(data, "weight_decay")
    values = ratio(found, gamma).values
    image = axes.pcolormesh(x, y, np.log10(values), cmap="cividis", shading="nearest", vmin=0,
                            vmax=2, rasterized=True)
    for level, dash in zip(NEAR, ("dotted", "dashed")):
        style.contour(axes, x, y, values, [level], linewidths=0.8, linestyles=dash)
    draw_boundaries(axes, data, gamma, x, y)
    draw_optimum(axes, data["risk"].transpose("samples", "weight_decay").values, x, y)
    axes.set(xlabel=r"$\log_d n_{\mathrm{eff}}$", ylabel=rf"$\log_d {style.LAMBDA[model]}$")
    axes.set_title(rf"$\gamma = {gamma:g}$")
    return image, told(values, model, gamma, d, x, y)


def draw_optimum(axes, risk, x, y):
    """The best weight decay of the map where it is a minimum and not an end, nor as good as the weakest."""
    best = np.argmin(np.where(np.isfinite(risk), risk, np.inf), axis=1)
    inside = (best > 0) & (best < len(y) - 1) & (risk[np.arange(len(x)), best] < 0.99 * risk[:, 0])
    axes.plot(np.where(inside, x, np.nan), y[best], "o", ms=3, color="black", mew=0,
              path_effects=style.halo(0.6))


def draw_best(axes, found, gamma):
    """The least ratio over the weight decays of the map, and the ratio at its smallest one."""
    values = ratio(found, gamma)
    least = values.min("weight_decay", skipna=False)
    x = found["bayes"]["effective_samples"].sel(source_exponent=gamma)
    data = found["state_evolution"]
    for label, line, dash in (("best weight decay of the map", least, "-"),
                              (style.decay_label(data, data["weight_decay"].values[0]),
                               values.isel(weight_decay=0), "--")):
        axes.loglog(x, line, color="black", ls=dash, label=label)
    for level in NEAR:
        axes.axhline(level, color=style.GREY, lw=0.6)
    axes.set(xlabel=style.N_EFF[data.attrs["model"]], ylabel=r"$R/R_{\mathrm{Bayes}}$")
    style.plain_logarithm(axes.yaxis)
    best = least.dropna("samples")
    if best.size > 0:
        away = 100 * float((best > NEAR[0]).mean())
        axes.set_title(f"best from {float(best.min()):.3f} to {float(best.max()):.2f}, "
                       f"above 1.1 at {away:.0f} % of the samples")


def draw(model, found):
    gammas = found["bayes"]["source_exponent"].values
    figure, grid = plt.subplots(2, len(gammas), figsize=(4.8 * len(gammas), 7.6), squeeze=False,
                                height_ratios=[1.6, 1], constrained_layout=True)
    sentences = []
    for (top, bottom), gamma in zip(grid.T, gammas):
        image, said = draw_map(top, found, gamma)
        sentences.append(said)
        draw_best(bottom, found, gamma)
    grid[1, 0].legend()
    figure.colorbar(image, ax=grid[0, :].tolist(), label=r"$\log_{10} R/R_{\mathrm{Bayes}}$",
                    extend="max", pad=0.01)
    least = float(min(ratio(found, gamma).min() for gamma in gammas))
    style.title(figure, rf"{model.capitalize()} network, $d$ = {found['bayes'].attrs['dimension']:g}, "
                rf"$\Delta$ = {found['bayes'].attrs['noise']:g}: risk over Bayes risk",
                "solid lines: predicted boundaries; dotted and dashed: R/R_Bayes = 1.1 and 2; dots: the best weight decay, "
                "R there over the Bayes risk as below", *sentences,
                f"nowhere below {least:.4f}; at most {float(found['bayes']['solutions'].max()):g} Bayes solution(s)",
                WHY_DISCRETE if model == "diagonal" else "")
    return figure


def figures(path):
    models = sweep.by_model(path, WANTED, phases.MODELS)
    if not models:
        raise sweep.Refusal(f"{path}: no model with state_evolution over samples and weight_decay "
                            "and bayes over samples")
    for model, found in models.items():
        theory, bayes = found["state_evolution"], found["bayes"]
        if not (theory.sizes["samples"] == bayes.sizes["samples"] and np.allclose(
                theory["effective_samples"].isel(weight_decay=0), bayes["effective_samples"])):
            raise sweep.Refusal(f"{path}: {model}: state_evolution and bayes at different samples")
        yield f"bayes_{model}", draw(model, found)


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/bayes.yaml")
