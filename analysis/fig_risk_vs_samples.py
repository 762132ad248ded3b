#!/usr/bin/python3
"""Excess risk against effective samples: state evolution as lines, trainings as error bars; a
figure for each network of the archive, and each depth or noise of it.  The caption says how far the two are apart, at few and
at many samples.

usage: fig_risk_vs_samples.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import style
from phasesweep import sweep
from style import np, plt

FEW = {"quadratic": 10, "diagonal": 100, "ridge": 100, "signed": 10}        # effective samples: the theory is for many


def by_problem(path):
    """{(model, noise, depth, ...): [suffix of the name, theories, trainings]}; either list may be empty."""
    pairs = {}
    for data in sweep.open_all(path).values():
        methods = {"state_evolution": 1, "training": 2}
        if data.attrs["method"] not in methods or not {"weight_decay", "samples"} <= set(data.dims):
            continue
        kind = methods[data.attrs["method"]]
        for axis in ("source_exponent", "dimension", "seed")[:1 + kind]:
            data = sweep.axis(data, axis)
        for suffix, part in sweep.parts(data):
            pair = pairs.setdefault((part.attrs["model"], *sweep.other_keys(part)), ["", [], []])
            pair[0] = pair[0] or suffix
            pair[kind].append(part)
    return pairs


def stranger(theory, trained):
    """The axis along which trainings stand where the theory has no line; None: nowhere.  It is of their
    dimension, and of the nearest weight decay on a map, written in the same way."""
    for name in ("source_exponent", "dimension", "weight_decay"):
        form = [data[name].attrs.get("form", "number") for data in (theory, trained)]
        step = np.diff(np.sort(theory[name].values)).max(initial=0) if name == "weight_decay" else 0
        apart = [abs(theory[name].values - value).min() for value in trained[name].values]
        if form[0] != form[1] or max(apart) > 1e-9 + 0.5 * step:
            return name
    return None


def choose(path, model, theories, trainings):
    """The last trainings, and the last theory that serves them."""
    trained = trainings[-1]
    missing = [stranger(theory, trained) for theory in theories]
    if None not in missing:
        raise sweep.Refusal(f"{path}: {model}: trainings at {missing[-1]} that state_evolution has not")
    return [theory for theory, name in zip(theories, missing) if name is None][-1], trained


def draw_theory(axes, theory, where, colours):
    for value, colour in colours.items():
        line = theory.sel(**where, weight_decay=value, method="nearest")
        axes.plot(line["effective_samples"], line["risk"], color=colour, lw=1.3, zorder=1)


def draw_trained(axes, trained, where, colours):
    """Mean and standard deviation over the seeds."""
    for marker, (value, colour) in zip(style.MARKERS, colours.items()):
        points = trained.sel(**where, weight_decay=value)
        axes.errorbar(points["effective_samples"].isel(seed=0), points["risk"].mean("seed"),
                      points["risk"].std("seed"), fmt=marker, ms=4.5, mfc="white", color=colour,
                      capsize=2, lw=1, label=style.decay_label(trained, value), zorder=2)


def deviation(theory, trained, where, value):
    """n_eff, trained / theory - 1 there, theory between its points by interpolation, and its deviation over seeds."""
    points = trained.sel(**where, weight_decay=value)
    line = theory.sel(**where, weight_decay=value, method="nearest")
    x = points["effective_samples"].isel(seed=0).values
    expected = np.exp(np.interp(np.log(x), np.log(line["effective_samples"]),
                                np.log(line["risk"])))
    return x, points["risk"].mean("seed").values / expected - 1, points["risk"].std("seed").values / expected


def draw_deviation(axes, theory, trained, where, colours):
    """How far trained networks lie above the theory at the same point."""
    for marker, (value, colour) in zip(style.MARKERS, colours.items()):
        x, apart, spread = deviation(theory, trained, where, value)
        axes.errorbar(x, apart, spread, marker=marker, ls=":", lw=0.8, ms=4, mfc="white", color=colour, capsize=2)
    axes.set_xscale("log")
    axes.axhline(0, color="black", lw=0.8)


def disagreement(theory, trained):
    """In words: mean and largest deviation of all points with few, and with more samples."""
    rows, few = [], FEW[trained.attrs["model"]]
    for gamma in trained["source_exponent"].values:
        for size in trained["dimension"].values:
            where = dict(source_exponent=gamma, dimension=size)
            for value in trained["weight_decay"].values:
                place = rf"$\gamma = {gamma:g}$, $d = {size:g}$, " + style.decay_label(trained, value)
                rows += [(x, apart, place) for x, apart, _ in
                         zip(*deviation(theory, trained, where, value)) if np.isfinite(apart)]
    lines = []
    for name, part in (("<", [r for r in rows if r[0] < few]),
                       (r"\geq", [r for r in rows if r[0] >= few])):
        if part:
            x, apart, place = max(part, key=lambda row: abs(row[1]))
            lines.append(rf"trained against theory at $n_{{\mathrm{{eff}}}} {name} {few}$: mean "
                         f"{100 * np.mean([abs(r[1]) for r in part]):.1f} %, at most "
                         rf"{100 * apart:+.0f} % ($n_{{\mathrm{{eff}}}}$ = {x:.3g}, {place})")
    return lines


def proof(trained):
    """How far trainings may be from their end."""
    gap = float(trained["gap"].max())
    if np.isfinite(gap):
        return f"relative duality gap at most {gap:.0e}"
    return "stationary points, the best of several starts: no gap proves more"


def draw_model(theory, trained, model):
    gammas, sizes = trained["source_exponent"].values, trained["dimension"].values
    decays = trained["weight_decay"].values
    colours = dict(zip(decays, style.colours(len(decays))))
    figure, grid = plt.subplots(2 * len(gammas), len(sizes), sharex="col", squeeze=False,
                                figsize=(3.4 * len(sizes), 4.6 * len(gammas)),
                                height_ratios=[3, 1.2] * len(gammas), constrained_layout=True)
    for row, gamma in enumerate(gammas):
        for column, size in enumerate(sizes):
            where = dict(source_exponent=gamma, dimension=size)
            top, bottom = grid[2 * row, column], grid[2 * row + 1, column]
            draw_theory(top, theory, where, colours)
            draw_trained(top, trained, where, colours)
            top.set(xscale="log", yscale="log", title=rf"$\gamma = {gamma:g}$, $d = {size:g}$")
            draw_deviation(bottom, theory, trained, where, colours)
        grid[2 * row, 0].set_ylabel(r"excess risk $R$")
        grid[2 * row + 1, 0].set_ylabel("trained /\ntheory $- 1$")
    for axes in grid[-1]:
        axes.set_xlabel(style.N_EFF[model])
    grid[0, 0].legend(fontsize=8, frameon=False)
    deep = f", depth {trained.attrs['depth']:g}" if "depth" in trained.attrs else ""
    style.title(figure, rf"{model.capitalize()} network{deep}, $\Delta$ = {theory.attrs['noise']:g}: "
                f"state evolution (lines), "
                + (f"{trained.sizes['seed']} trainings (mean, std)" if trained.sizes["seed"] > 1 else "trainings of one seed"),
                proof(trained), *disagreement(theory, trained))
    return figure


def figures(path):
    pairs = {key: pair for key, pair in by_problem(path).items()
             if pair[1] and pair[2]}
    if not pairs:
        raise sweep.Refusal(f"{path}: no model with a sweep of state_evolution and one of training over samples and "
                            "weight_decay, of the same noise and depth")
    for (model, *_), (suffix, theories, trainings) in pairs.items():
        yield f"risk_vs_samples_{model}{suffix}", draw_model(*choose(path, model, theories, trainings), model)


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/risk_vs_samples.yaml or jobs/risk_vs_samples_diagonal.yaml")
