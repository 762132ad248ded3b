#!/usr/bin/python3
"""State evolution beside networks trained on the rows of a file, its noise and spectrum estimated from the training
data (doc/theory.md, section 15): error against the number of samples, their ratio, and the learned spectrum.

From the largest n, at the weight decay whose estimated error is least, come two numbers, the estimated error and the
trace; the labels' variance beside the linear unit is signal and noise together.  The power law i^-gamma and the noise
that give both are sought by jobs of state evolution, and one more job predicts all the other points.  No row held out enters.

usage: fig_data_theory.py ARCHIVE.h5 [OUTPUT_DIRECTORY]

The job of the theory stays in OUTPUT_DIRECTORY with its archive.  The file of data must lie where the job found it; PHASESWEEP in the environment is the program (default: phasesweep).
"""
import dataclasses
import os
import pathlib
import subprocess
import tempfile

import prepare_data
import style
from phasesweep import sweep
from style import np, plt

MODELS = ("quadratic", "signed")
FIELDS = ("test_error", "prediction_error_estimate", "noise_estimate", "linear_unit_square", "trace", "eigenvalues")
GAMMAS, RATIOS = (0.52, 4.0), (0.01, 30.0)  # where gamma, and noise over |S*|^2/d, are sought
GRID, ROUNDS = 13, 5    # values of either at once; each round takes a neighbourhood of the best
SMOOTH = 60             # numbers of samples at which lines are drawn
LEAST_KURTOSIS = 0.05   # below, rows are taken for Gaussian


class NoProgram(sweep.Refusal):
    """No archive would do."""
    job_helps = False


@dataclasses.dataclass(frozen=True)
class Data:
    """What the file itself says."""
    variance: float         # of the labels
    square_variance: float  # Var |x|^2/d


@dataclasses.dataclass(frozen=True)
class Fit:
    """Labels of a teacher scale i^-gamma, and what does not fit one; in units of the labels."""
    gamma: float
    noise: float
    square: float       # |S*|^2/d
    weight: float       # nuclear weight of the training that was met
    apart: float        # root mean square deviation of the logarithms of both numbers
    estimated: float    # noise_estimate of that training


def read_data(file, target):
    try:
        x, y = prepare_data.read_file(pathlib.Path(file), target)
    except (prepare_data.Refusal, OSError, KeyError, ValueError) as wrong:
        raise sweep.Refusal(f"{file}: {wrong}") from None
    y = np.asarray(y, float)
    return Data(float(y.var()), float((np.asarray(x, float) ** 2).sum(axis=1).var() / x.shape[1]))


def trainings(path):
    """{name: mean over the seeds, over samples and nuclear weight} of trainings on data of a file."""
    found = {}
    for name in sweep.sweep_names(path):
        try:
            data = sweep.by_key(sweep.open_sweep(path, name, fields=FIELDS))
        except sweep.Refusal:
            continue
        if "data" in data.attrs and data.attrs["model"] in MODELS and sweep.decay_axis(data) == "nuclear_weight":
            data = sweep.over(data, "seed", "samples", "nuclear_weight", "eigenvalue_index")
            if data is not None and data["prediction_error_estimate"].isel(samples=-1).notnull().any():
                found[name] = data.mean("seed", keep_attrs=True)
    return found


def rows_law(model, data):
    """Keys of rows whose law state evolution knows by one number, the kurtosis: that of these data's norms.  Signed
    networks have theory for Gaussian rows alone."""
    kurtosis = data.square_variance - 2
    if model == "signed" or kurtosis < LEAST_KURTOSIS:
        return ""
    return f", features: sparse, sparse_share: {3 / (kurtosis + 3):.12g}, rotated: yes"


def written(values):
    return "[" + ", ".join(f"{value:.12g}" for value in np.unique(values)) + "]"


def job(model, d, rows, sweeps):
    lines = [f"set: {{method: state_evolution, model: {model}, dimension: {d:g}{rows}}}", "sweeps:"]
    for k, keys in enumerate(sweeps):
        lines.append(f"  - {{name: s{k}, " + ", ".join(f"{key}: {value}" for key, value in keys.items()) + "}")
    return "\n".join(lines) + "\n"


def solve(text, folder, name, count):
    """Sweeps of a job that is run in the folder."""
    path, archive = pathlib.Path(folder) / f"{name}.yaml", pathlib.Path(folder) / f"{name}.h5"
    path.write_text(text)
    archive.unlink(missing_ok=True)
    program = os.environ.get("PHASESWEEP", "phasesweep")
    try:
        done = subprocess.run([program, "run", str(path), "-o", str(archive)], capture_output=True, text=True)
    except OSError as error:
        raise NoProgram(f"{program}: {error.strerror}; this figure solves jobs of its own: name the program, as in "
                            "PHASESWEEP=build/phasesweep analysis/fig_data_theory.py ...") from None
    if done.returncode not in (0, 1):
        raise sweep.Refusal(f"{program} run {path}: {(done.stderr.splitlines() or ['failed'])[0]}")
    return [sweep.by_key(sweep.open_sweep(archive, f"s{k}", fields=("prediction_risk", "trace")))
            for k in range(count)]


def unit(data):
    """Samples that bias and linear unit use up."""
    return data.attrs["dimension"] + 1 if data.attrs.get("linear_unit") == "yes" else 0


class Fitter:
    """The one training that is met, and state evolution of teachers tried."""

    def __init__(self, data, facts):
        last = data.isel(samples=-1)
        self.at = last.isel(nuclear_weight=int(last["prediction_error_estimate"].fillna(np.inf).argmin()))
        self.weight, n = float(self.at["nuclear_weight"]), float(self.at["samples"])
        self.samples = n - unit(data)
        linear = float(self.at["linear_unit_square"]) if unit(data) else 0.0
        self.variance = facts.variance - linear
        if not self.variance > 0:
            raise sweep.Refusal("labels that the linear unit tells; nothing is left for theory")
        self.goal = np.log([float(self.at["prediction_error_estimate"]) * self.samples / n, float(self.at["trace"])])
        self.model, self.d, self.rows = data.attrs["model"], data.attrs["dimension"], rows_law(data.attrs["model"], facts)

    def square(self, ratio):
        """|S*|^2/d, where 2 |S*|^2/d and noise are the variance together."""
        return self.variance / (2 + ratio)

    def apart(self, gammas, ratios, folder):
        """[ratio, gamma] sum of squared logarithms of predicted over measured."""
        squares = self.square(ratios)
        asked = [{"samples": f"{self.samples:.12g}", "noise": f"{ratio:.12g}", "source_exponent": written(gammas),
                  "nuclear_weight": f"{self.weight / np.sqrt(square):.12g}"} for ratio, square in zip(ratios, squares)]
        found = solve(job(self.model, self.d, self.rows, asked), folder, "fit", len(asked))
        both = np.array([[(one["prediction_risk"].values.ravel() + ratio) * square,
                          one["trace"].values.ravel() * np.sqrt(square)]
                         for one, ratio, square in zip(found, ratios, squares)])
        with np.errstate(divide="ignore", invalid="ignore"):
            off = ((np.log(both) - self.goal[None, :, None]) ** 2).sum(axis=1)
        return np.where(np.isfinite(off), off, np.inf)

    def fit(self):
        gammas, logs = np.linspace(*GAMMAS, GRID), np.linspace(*np.log(RATIOS), GRID)
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(ROUNDS):
                off = self.apart(gammas, np.exp(logs), folder)
                row, column = np.unravel_index(off.argmin(), off.shape)
                gamma, log = gammas[column], logs[row]
                gammas = around(gammas, column, GAMMAS)
                logs = around(logs, row, np.log(RATIOS))
        square = self.square(np.exp(log))
        return Fit(float(gamma), float(np.exp(log) * square), float(square), self.weight,
                   float(np.sqrt(off.min() / 2)), float(self.at["noise_estimate"]))


def around(values, k, limits):
    """A grid of two steps to either side of one of these."""
    step = values[1] - values[0]
    return np.linspace(max(values[k] - 2 * step, limits[0]), min(values[k] + 2 * step, limits[1]), GRID)


def predict(data, fitter, fit, folder, name):
    """[samples, nuclear weight] predicted error, over measured and other samples."""
    used, n = unit(data), data["samples"].values
    all_n = np.unique(np.concatenate([n, np.geomspace(n.min(), n.max(), SMOOTH)]))
    all_n = all_n[all_n > used + 1]
    ratio = fit.noise / fit.square
    weights = data["nuclear_weight"].values / np.sqrt(fit.square)
    text = job(fitter.model, fitter.d, fitter.rows,
               [{"source_exponent": f"{fit.gamma:.12g}", "noise": f"{ratio:.12g}", "samples": written(all_n - used),
                 "nuclear_weight": written(weights)}])
    found = solve(text, folder, name, 1)[0]
    risk = sweep.over(found, "samples", "nuclear_weight")["prediction_risk"].transpose("samples", "nuclear_weight")
    error = (risk.values + ratio) * fit.square * (all_n / (all_n - used))[:, None]
    order = np.argsort(np.argsort(weights))     # written ascending
    return all_n, error[:, order]


def ratios(data, all_n, error):
    """Predicted over measured error [samples, nuclear weight]."""
    measured = data["test_error"].transpose("samples", "nuclear_weight").values
    found = np.full(measured.shape, np.nan)
    for k, n in enumerate(data["samples"].values):
        at = np.flatnonzero(all_n == n)
        if len(at):
            found[k] = error[at[0]] / measured[k]
    return found


def sentence(data, fit, found):
    """For the caption: what was found, and how near theory is."""
    at_best = []
    measured = data["test_error"].transpose("samples", "nuclear_weight").values
    for k in range(len(found)):
        best = np.where(np.isfinite(measured[k]), measured[k], np.inf).argmin()
        at_best.append(found[k, best])
    low, middle, high = np.nanquantile(found, [0.1, 0.5, 0.9])
    edge = " (end of the range)" if fit.gamma in GAMMAS else ""
    own = f"noise_estimate {fit.estimated:.3f}" if np.isfinite(fit.estimated) else "noise_estimate absent: rows far from Gaussian"
    return (f"gamma {fit.gamma:.2f}{edge}, noise {fit.noise:.3f} ({own}), "
            f"|S*|^2/d {fit.square:.3f}, met to {fit.apart:.1%}",
            f"theory over measured: median {middle:.2f}, {low:.2f} to {high:.2f} (80 % of "
            f"{np.isfinite(found).sum()} points), at the best weight of each n {np.nanmin(at_best):.2f} to "
            f"{np.nanmax(at_best):.2f}")


def whole_ticks(axes, n):
    """Few samples as whole numbers in place of powers of ten, which stand between them."""
    shown = n[np.unique(np.linspace(0, len(n) - 1, min(5, len(n))).round().astype(int))]
    axes.set_xticks(shown, [f"{value:g}" for value in shown], minor=False)
    axes.set_xticks([], minor=True)


def draw(name, data, fit, lines, rows):
    all_n, error = lines
    found = ratios(data, all_n, error)
    figure, axes = plt.subplots(1, 3, figsize=(13, 4.2), constrained_layout=True)
    weights, n = data["nuclear_weight"].values, data["samples"].values
    for k, (weight, colour, marker) in enumerate(zip(weights, style.colours(len(weights)), style.MARKERS)):
        label = rf"${style.LAMBDA[data.attrs['model']]} = {weight:g}$"
        axes[0].plot(n, data["test_error"].sel(nuclear_weight=weight), marker, ms=4, color=colour, label=label)
        axes[0].plot(all_n, error[:, k], lw=1.1, color=colour)
        axes[1].plot(n, found[:, k], marker + "-", ms=4, lw=0.8, color=colour, label=label)
    axes[0].set(xscale="log", yscale="log", xlabel=r"samples $n$", ylabel="mean squared error on rows held out",
                title="error: trained (markers), theory (lines)")
    axes[0].legend()
    axes[1].axhline(1, color="black", lw=0.6)
    axes[1].set(xscale="log", xlabel=r"samples $n$", ylabel="theory / measured", title="their ratio")
    for panel in axes[:2]:
        whole_ticks(panel, n)
    at = data["eigenvalues"].isel(samples=-1).sel(nuclear_weight=fit.weight)
    index = np.arange(1, data.sizes["eigenvalue_index"] + 1.0)
    teacher = index ** -fit.gamma
    teacher *= np.sqrt(fit.square * data.attrs["dimension"] / (teacher ** 2).sum())
    axes[2].plot(index, at.where(at > 0), ".", ms=4, label=f"learned, n = {n[-1]:g}, weight {fit.weight:g}")
    axes[2].plot(index, teacher, "k--", lw=0.8, label=rf"teacher of the theory, $\gamma$ = {fit.gamma:.2f}")
    axes[2].set(xscale="log", yscale="log", xlabel="index", ylabel="eigenvalues", title="spectrum")
    axes[2].legend()
    what = "Gaussian rows" if not rows else "kurtosis of the rows' norms"
    style.title(figure, f"{data.attrs['data']}, {data.attrs['target']}: {name}, d = {data.attrs['dimension']:g}, {what}",
                *sentence(data, fit, found))
    return figure


def figures(path, folder="."):
    found = trainings(path)
    if not found:
        raise sweep.Refusal(f"{path}: no sweep of quadratic or signed networks on a file, with rows held out and "
                            "estimates, over samples, seed and nuclear_weight")
    known = {}
    for name, data in found.items():
        file = data.attrs["data"], data.attrs["target"]
        if file not in known:
            known[file] = read_data(*file)
        fitter = Fitter(data, known[file])
        fit = fitter.fit()
        lines = predict(data, fitter, fit, folder, f"data_theory_{name}")
        yield f"data_theory_{name}", draw(name, data, fit, lines, fitter.rows)


if __name__ == "__main__":
    style.main(lambda path: figures(path, style.arguments(__doc__)[1]), __doc__, "jobs/real_data.yaml")
