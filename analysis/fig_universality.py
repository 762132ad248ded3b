#!/usr/bin/python3
"""Both networks at identical n_eff, d, lambda, gamma and Delta: risks on one axis with trainings
as error bars, their ratio, and the exponents d log R/d log n_eff; one figure for each dimension.

usage: fig_universality.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import style
from phasesweep import sweep
from style import np, plt

AXES = ("source_exponent", "dimension", "samples", "weight_decay")
THEORY = {"state_evolution": (["effective_samples", "risk", "exponent_samples"], AXES)}
TRAINED = {"training": (["effective_samples", "risk"], ("seed", *AXES))}
MODELS = ("quadratic", "diagonal")


def aligned(path):
    """[quadratic, diagonal] state evolution at identical parameters."""
    found = sweep.by_model(path, THEORY)
    if set(found) != set(MODELS):
        raise sweep.Refusal(f"{path}: needs state_evolution over samples and weight_decay for both "
                            "models")
    both = [found[model]["state_evolution"] for model in MODELS]
    same = (both[0].sizes == both[1].sizes and both[0].attrs["noise"] == both[1].attrs["noise"]
            and all(np.allclose(both[0][axis], both[1][axis]) for axis in AXES)
            and np.allclose(both[0]["effective_samples"], both[1]["effective_samples"]))
    if not same:
        raise sweep.Refusal(f"{path}: the two models have different parameters")
    return both


def draw_trained(axes, trained, where, colour, marker):
    if any(value not in trained[axis] for axis, value in where.items()):
        return
    points = trained.sel(**where)
    axes.errorbar(points["effective_samples"].isel(seed=0), points["risk"].mean("seed"),
                  points["risk"].std("seed"), fmt=marker, ms=4, mfc="white", color=colour,
                  capsize=2, lw=1)


def draw_trained_ratio(axes, trained, where, colour):
    """Trained quadratic over trained diagonal at the same samples, with the deviations over the seeds of both."""
    if set(trained) != set(MODELS) or any(value not in trained[m]["training"][axis] for m in MODELS
                                          for axis, value in where.items()):
        return
    points = [trained[model]["training"].sel(**where) for model in MODELS]
    x = [part["effective_samples"].isel(seed=0).values for part in points]
    if x[0].shape != x[1].shape:
        return
    there = np.isclose(x[0], x[1], rtol=0.02)     # few samples, and whole numbers of them, are not the same
    mean = [part["risk"].mean("seed").values for part in points]
    spread = [part["risk"].std("seed").values / m for part, m in zip(points, mean)]
    ratio = np.where(there, mean[0] / mean[1], np.nan)
    axes.errorbar(x[0], ratio, ratio * np.hypot(*spread), fmt="D", ms=4, mfc="white", color=colour, capsize=2, lw=1)


def draw_column(axes, both, trained, where):
    """Risks, ratio and exponents for all weight decays; returns the largest factor between the
    risks and the share of points where the exponents differ by less than 0.25."""
    decays = both[0]["weight_decay"].values
    for value, colour in zip(decays, style.colours(len(decays))):
        lines = [data.sel(**where, weight_decay=value) for data in both]
        x = lines[0]["effective_samples"]
        for line, model, dash, marker in zip(lines, MODELS, ("-", "--"), "os"):
            label = style.decay_label(both[0], value) if dash == "-" else None
            axes[0].loglog(x, line["risk"], color=colour, ls=dash, label=label)
            axes[2].semilogx(x, line["exponent_samples"], color=colour, ls=dash)
            if model in trained:
                draw_trained(axes[0], trained[model]["training"], dict(where, weight_decay=value),
                             colour, marker)
        axes[1].loglog(x, lines[0]["risk"] / lines[1]["risk"], color=colour)
        draw_trained_ratio(axes[1], trained, dict(where, weight_decay=value), colour)
    axes[1].axhline(1, color="black", lw=0.6)
    axes[2].set(ylim=(-2.6, 1.2), xlabel=r"$n_{\mathrm{eff}}$")
    parts = [data.sel(**where) for data in both]
    factor = np.exp(np.abs(np.log(parts[0]["risk"] / parts[1]["risk"])).max())
    apart = np.abs(parts[0]["exponent_samples"] - parts[1]["exponent_samples"])
    return float(factor), float((apart < 0.25).where(apart.notnull()).mean())


def draw(both, trained, d):
    gammas = both[0]["source_exponent"].values
    figure, grid = plt.subplots(3, len(gammas), figsize=(4.6 * len(gammas), 9), squeeze=False,
                                sharex="col", sharey="row", height_ratios=[2, 1, 1],
                                constrained_layout=True)
    sentences = []
    for axes, gamma in zip(grid.T, gammas):
        factor, close = draw_column(axes, both, trained, dict(source_exponent=gamma, dimension=d))
        axes[0].set_title(rf"$\gamma$ = {gamma:g}")
        sentences.append(rf"$\gamma$ = {gamma:g}: risks within a factor {factor:.2g}, exponents within 0.25 at "
                         f"{100 * close:.0f} % of the points")
    for axes, label in zip(grid[:, 0], (r"excess risk $R$", "quadratic / diagonal",
                                        r"$\partial\log R/\partial\log n$")):
        axes.set_ylabel(label)
    grid[0, 0].legend()
    drawn = [m for m in trained if d in trained[m]["training"]["dimension"]]
    style.title(figure, rf"$d$ = {d:g}, $\Delta$ = {both[0].attrs['noise']:g}: quadratic network solid, diagonal dashed",
                *sentences, "trained quadratic networks: circles, diagonal ones: squares, their ratio: diamonds; bars: deviation over the seeds" if drawn else "")
    return figure


def figures(path):
    both, trained = aligned(path), sweep.by_model(path, TRAINED)
    for d in both[0]["dimension"].values:
        yield f"universality_{d:g}", draw(both, trained, d)


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/universality.yaml")
