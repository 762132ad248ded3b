#!/usr/bin/python3
"""What the law of the features changes: error of predictions of trained quadratic networks over that of
their theory against d, by law, with a turned and an aligned teacher; the errors themselves; and the LASSO
against samples, whose theory is that of Gaussian features.

usage: fig_feature_laws.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import style
from phasesweep import sweep
from style import np, plt

FIELDS = ["prediction_risk", "risk"]
TITLES = {"yes": "teacher turned at random", "no": "teacher along the coordinates"}


def by_law(path):
    """{(model, rotated): theory and trained sweeps}; quadratic ones are by features."""
    found = {}
    for data in sweep.open_all(path, fields=FIELDS).values():
        key = (data.attrs["model"], data.attrs.get("rotated", "no"))
        if data.attrs["model"] == "quadratic" and "features" not in data.dims:
            continue
        place = found.setdefault(key, {"theory": [], "trained": []})
        kind = {"state_evolution": "theory", "training": "trained"}.get(data.attrs["method"])
        if kind is not None:
            place[kind].append(data)
    return found


def laws_of(data):
    """Names of the laws along the axis of features."""
    return [str(name) for name in data["features"].values]


def flat(data):
    """{(law, d): errors of predictions, of all seeds}."""
    for name in set(data["prediction_risk"].dims) - {"features", "dimension", "seed"}:
        if data.sizes[name] > 1:
            raise sweep.Refusal(f"{name}: {data.sizes[name]} values in a sweep by features; allowed: one")
    names, data = laws_of(data), sweep.axis(data, "dimension")
    return {(name, float(d)): data.isel(features=k, dimension=j)["prediction_risk"].values.ravel()
            for k, name in enumerate(names) for j, d in enumerate(data["dimension"].values)}


def mean_and_error(values):
    """Of the finite ones: mean, and its standard error (0 of one)."""
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return np.nan, np.nan
    return values.mean(), values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0


def excess(place):
    """{law: [(d, trained/theory - 1, its error, theory, trained)]} at points both have; of the same law and dimension
    in several sweeps, the one of most seeds."""
    theory, found, most = {}, {}, {}
    for data in place["theory"]:
        theory.update(flat(data))
    for data in place["trained"]:
        for key, part in flat(data).items():
            if key not in theory:
                continue
            predicted = theory[key][0]
            mean, error = mean_and_error(part)
            if len(part) > most.get(key, 0):
                most[key] = len(part)
                found.setdefault(key[0], {})[key[1]] = (key[1], mean / predicted - 1, error / predicted, predicted, mean)
    return {law: np.array(sorted(rows.values())) for law, rows in found.items()}


def draw_excess(laws):
    figure, grid = plt.subplots(1, len(laws), figsize=(4.2 * len(laws), 3.6), sharey=True, squeeze=False,
                                constrained_layout=True)
    for axes, (rotated, found) in zip(grid[0], sorted(laws.items(), reverse=True)):
        for (law, rows), colour, marker in zip(found.items(), style.colours(len(found)), style.MARKERS):
            axes.errorbar(rows[:, 0], rows[:, 1], rows[:, 2], marker=marker, ms=4, color=colour, lw=1, capsize=2,
                          label=law)
        axes.axhline(0, color="black", lw=0.6)
        axes.set(xscale="log", xlabel="d", title=TITLES[rotated])
        axes.set_xticks(sorted({d for rows in found.values() for d in rows[:, 0]}), minor=False)
        axes.set_xticks([], minor=True)
        axes.xaxis.set_major_formatter("{x:g}")
    grid[0, 0].set_ylabel("trained / theory $- 1$")
    grid[0, 0].legend()
    style.title(figure, "Excess of trained networks over the theory of each law",
                "mean over the seeds, bars: error of the mean")
    return figure


def draw_errors(laws):
    """Theory as strokes, trained networks of the largest d as markers."""
    figure, grid = plt.subplots(1, len(laws), figsize=(4.2 * len(laws), 3.4), sharey=True, squeeze=False,
                                constrained_layout=True)
    for axes, (rotated, found) in zip(grid[0], sorted(laws.items(), reverse=True)):
        for k, (law, rows) in enumerate(found.items()):
            axes.plot([k - 0.3, k + 0.3], [rows[-1, 3]] * 2, color="black", lw=1.4,
                      label="theory" if k == 0 else None)
            axes.errorbar([k], [rows[-1, 4]], [rows[-1, 2] * rows[-1, 3]], fmt="o", ms=5, mfc="white",
                          color=style.colours(2)[0], capsize=2,
                          label=f"trained, d = {rows[-1, 0]:g}" if k == 0 else None)
        axes.set_xticks(range(len(found)), list(found), rotation=30)
        axes.set(title=TITLES[rotated])
    grid[0, 0].set_ylabel(r"$E (f - f^*)^2$")
    grid[0, 0].legend()
    style.title(figure, "Errors of predictions by the law of the features",
                "quadratic networks; mean over the seeds, bars: error of the mean")
    return figure


def draw_lasso(place):
    """Risk along samples by law, theory as a line; below their ratio."""
    line = place["theory"][0].squeeze()
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(5.2, 5.2), sharex=True, constrained_layout=True,
                                          height_ratios=(2, 1))
    n = line["samples"].values
    upper.loglog(n, line["risk"], color="black", label="theory of Gaussian features")
    trained = next(data for data in place["trained"] if "features" in data.dims)
    for k, (label, colour, marker) in enumerate(zip(laws_of(trained), style.colours(trained.sizes["features"]),
                                                    style.MARKERS)):
        part = trained.isel(features=k).squeeze()
        mean = part["risk"].mean("seed")
        error = part["risk"].std("seed", ddof=1) / np.sqrt(part.sizes["seed"])
        at = part["samples"].values
        if label == "sparse":
            label += f" ({trained.attrs['sparse_share']:g})"
        mean, error = mean.values, error.values
        upper.errorbar(at, mean, error, fmt=marker, ms=4, mfc="white", color=colour, capsize=2, lw=1, label=label)
        predicted = np.exp(np.interp(np.log(at), np.log(n), np.log(line["risk"].values)))
        lower.errorbar(at, mean / predicted, error / predicted, marker=marker, ms=4, mfc="white", color=colour,
                       capsize=2, lw=0.8)
    lower.axhline(1, color="black", lw=0.6)
    upper.set(ylabel="risk R", )
    lower.set(xlabel="samples n", ylabel="trained / theory")
    upper.legend()
    style.title(figure, f"The LASSO by the law of the features, d = {trained.attrs['dimension']:g}",
                f"line: theory of Gaussian features; markers: mean over {trained.sizes['seed']} seeds, bars: error of the mean")
    return figure


def figures(path):
    found = by_law(path)
    laws = {rotated: excess(place) for (model, rotated), place in found.items() if model == "quadratic"}
    laws = {rotated: rows for rotated, rows in laws.items() if rows}
    if not laws:
        raise sweep.Refusal(f"{path}: needs state_evolution and trainings of quadratic networks by features")
    yield "feature_laws_excess", draw_excess(laws)
    yield "feature_laws_errors", draw_errors(laws)
    for (model, _), place in found.items():
        if model == "diagonal" and place["theory"] and any("features" in data.dims for data in place["trained"]):
            yield "feature_laws_lasso", draw_lasso(place)


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/feature_laws.yaml")
