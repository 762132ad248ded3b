#!/usr/bin/python3
"""What more layers do: phase diagrams by depth with the deviation of trained networks on them, risk
along the weight decay, the slope of phase II, the best weight decay and its risk beside the Bayes
risk, learned spectra.  Each figure is drawn that the archive has the sweeps for.

usage: fig_depth.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import fig_phase_diagram
import style
from phasesweep import phases, sweep
from style import np, plt

MAP = 24                # values of an axis from which a sweep is a map, below it lines
CELLS = 48              # of a map in which the labels of the phases find their place
LEARNED = 300           # features where the slope of phase II is read
FAR = 0.5               # deviation at which the colours of trained networks end
SYMBOL = {"diagonal": "L", "quadratic": "h"}
BASE = ["effective_samples", "resolved_nuclear_weight", "resolved_weight_decay", "risk"]
PLANE = ("depth", "source_exponent", "samples")


def power(model, depth):
    """q of the penalty |.|^q that weight decay on all layers is (theory.md section 11)."""
    return (2 if model == "diagonal" else 1) / np.asarray(depth)


def depth_label(data, depth):
    return f"${SYMBOL[data.attrs['model']]}$ = {depth:g}"


def sweeps(path, method, fields, *axes):
    """[(name, sweep)] over exactly these axes and one of weight decay, if there is one, of those by depth."""
    found = []
    for name, data in sweep.open_all(path, method, fields, phases.MODELS).items():
        if "depth" not in data.dims:
            continue
        decay = sweep.decay_axis(data)
        data = sweep.over(data, *axes, *([decay] if decay else []))
        if data is not None:
            found.append((name, data))
    return found


def within_reach(path, method, fields, *axes):
    """The same; none where no sweep of the method has these fields."""
    try:
        return sweeps(path, method, fields, *axes)
    except sweep.Refusal:
        return []


def same_problem(one, two):
    """Can trained networks of `one` be shown on the theory `two`?"""
    return (all(one.attrs.get(key) == two.attrs.get(key) for key in ("model", "dimension", "noise"))
            and set(one["source_exponent"].values) <= set(two["source_exponent"].values)
            and sweep.decay_axis(one) == sweep.decay_axis(two))


def over_seeds(risk):
    """Mean, standard deviation and error of the mean over the seeds that are there."""
    count = risk.notnull().sum("seed")
    mean = risk.sum("seed") / count.where(count > 0)
    square = ((risk - mean) ** 2).sum("seed")
    return mean, np.sqrt(square / count.where(count > 0)), np.sqrt(square / ((count - 1) * count).where(count > 1))


# ---- phase diagrams -------------------------------------------------------------------------------

def draw_phases(axes, part, decay, x, y):
    """Lines between the predicted phases, and their names."""
    codes = part["phase_predicted"].transpose("samples", decay).values
    for code in np.unique(codes[np.isfinite(codes)]):
        style.contour(axes, x, y, (codes == code).T.astype(float), [0.5])
    picked = [np.linspace(0, size - 1, CELLS).round().astype(int) for size in codes.shape]
    view = (x.min(), x.max()), (y.min(), y.max())
    places = phases.roomiest(np.nan_to_num(codes[np.ix_(*picked)]).astype(int), *view)
    fig_phase_diagram.draw_labels(axes, places, view)


def apart_from_theory(part, trained):
    """log_d n_eff, log_d lambda and trained / theory - 1 of the seeds' mean, theory at the nearest point."""
    decay = sweep.decay_axis(part)
    points = trained.mean("seed").assign(risk=over_seeds(trained["risk"])[0])
    near = part["risk"].sel({"samples": points["samples"].values, decay: points[decay].values}, method="nearest")
    dims = ("samples", decay)
    apart = points["risk"].transpose(*dims).values / near.transpose(*dims).values - 1
    x, y = fig_phase_diagram.plane(points.assign_attrs(trained.attrs), decay)
    return x, y, apart


def draw_diagram(data, trained):
    decay, gamma = sweep.decay_axis(data), float(data["source_exponent"][0])
    data = data.isel(source_exponent=0)
    depths = data["depth"].values
    figure, grid = plt.subplots(1, len(depths), figsize=(3.7 * len(depths) + 1.2, 4.1), sharey=True,
                                squeeze=False, constrained_layout=True)
    low, high = fig_phase_diagram.decades(data)
    told, dots = [], None
    for axes, depth in zip(grid[0], depths):
        part = data.sel(depth=depth)
        x, y = fig_phase_diagram.plane(part, decay)
        image = axes.pcolormesh(x, y, np.log10(part["risk"].transpose(decay, "samples")), cmap="cividis",
                                shading="nearest", vmin=low, vmax=high, rasterized=True)
        draw_phases(axes, part, decay, x, y)
        several = part["solutions"].transpose(decay, "samples").values > 1
        axes.set(title=f"{depth_label(data, depth)}, $q$ = {power(data.attrs['model'], depth):.3g}"
                       + (f"; {several.sum()} points of several solutions" if several.any() else ""),
                 xlabel=r"$\log_d n_{\mathrm{eff}}$")
        if trained is not None and depth in trained["depth"].values:
            at_x, at_y, apart = apart_from_theory(part, trained.sel(depth=depth, source_exponent=gamma))
            u, v = np.meshgrid(at_x, at_y, indexing="ij")
            dots = axes.scatter(u, v, c=apart, s=26, cmap="RdBu_r", vmin=-FAR, vmax=FAR, edgecolor="black",
                                linewidth=0.4)
            within = np.abs(apart[np.isfinite(apart)])
            told += [] if within.size == 0 else [(
                f"{depth_label(data, depth)}: trained networks (dots) within 5 % of the theory at "
                     f"{100 * np.mean(within < 0.05):.0f} %, within 20 % at {100 * np.mean(within < 0.2):.0f} % "
                     f"of {within.size} points")]
    grid[0, 0].set_ylabel(rf"$\log_d {style.LAMBDA[data.attrs['model']]}$")
    figure.colorbar(image, ax=grid[0].tolist(), label=r"$\log_{10} R$", pad=0.01)
    if dots is not None:
        figure.colorbar(dots, ax=grid[0].tolist(), label=r"trained / theory $- 1$", pad=0.01)
    style.title(figure, f"{data.attrs['model'].capitalize()} network by depth, d = {data.attrs['dimension']:g}, "
                rf"$\gamma$ = {gamma:g}, $\Delta$ = {data.attrs['noise']:g}",
                "lines: predicted boundaries of the phases", *told)
    return figure


def diagrams(path):
    trainings = [data for _, data in within_reach(path, "training", BASE, *PLANE, "seed")]
    for name, data in within_reach(path, "state_evolution", [*BASE, "phase_predicted", "solutions"], *PLANE):
        decay = sweep.decay_axis(data)
        if decay and min(data.sizes["samples"], data.sizes[decay]) >= MAP:
            trained = next((t for t in trainings if same_problem(t, data) and t["samples"].attrs.get("form")
                            == data["samples"].attrs.get("form")), None)
            yield f"depth_diagram_{name}", draw_diagram(data, trained)


# ---- risk along the weight decay ------------------------------------------------------------------

def least(points, depths):
    """In words: the least risk of trained networks by depth, with the error of the mean."""
    decay = sweep.decay_axis(points)
    mean, _, error = over_seeds(points["risk"])
    words = []
    for depth in depths:
        line = mean.sel(depth=depth)
        if bool(line.notnull().any()):
            best = int(line.argmin(decay))
            words.append(f"{depth_label(points, depth)}: {line[best]:.3g} $\\pm$ {error.sel(depth=depth)[best]:.1g}")
    return "\n".join(["least trained", *words])


def draw_lines(axes, data, trained, where, depths):
    decay = sweep.decay_axis(data)
    for depth, colour, dash, marker in zip(depths, style.colours(len(depths)), style.DASHES, style.MARKERS):
        line = data.sel(**where, depth=depth)
        axes.loglog(line[decay], line["risk"], color=colour, ls=dash, label=depth_label(data, depth))
        if trained is not None and depth in trained["depth"].values:
            points = trained.sel(**where, depth=depth)
            mean, deviation, _ = over_seeds(points["risk"])
            if bool(mean.notnull().any()):
                axes.errorbar(points[decay], mean, deviation, fmt=marker, ms=4, mfc="white", color=colour,
                              capsize=2, lw=1)


def draw_decay(data, trained, bayes):
    gammas, samples, depths = (data[axis].values for axis in ("source_exponent", "samples", "depth"))
    decay = sweep.decay_axis(data)
    figure, grid = plt.subplots(len(gammas), len(samples), figsize=(3.9 * len(samples), 3.5 * len(gammas)),
                                squeeze=False, sharex=True, constrained_layout=True)
    for row, gamma in zip(grid, gammas):
        for axes, n in zip(row, samples):
            where = dict(source_exponent=gamma, samples=n)
            draw_lines(axes, data, trained, where, depths)
            if bayes is not None:
                axes.axhline(float(bayes["risk"].sel(**where)), color=style.GREY, lw=0.8)
            axes.set_title(rf"$\gamma$ = {gamma:g}, $n$ = {n:g}")
            if trained is not None:
                axes.text(0.97, 0.04, least(trained.sel(**where).assign_attrs(trained.attrs), depths), fontsize=6.5,
                          transform=axes.transAxes, ha="right", va="bottom",
                          bbox=dict(facecolor="white", edgecolor="none", alpha=0.9, pad=1))
    for axes in grid[-1]:
        axes.set_xlabel(rf"${style.LAMBDA[data.attrs['model']]}$" if decay == "nuclear_weight" else r"$\lambda$")
    for axes in grid[:, 0]:
        axes.set_ylabel(r"excess risk $R$")
    grid[0, 0].legend()
    style.title(figure, f"{data.attrs['model'].capitalize()} network, d = {data.attrs['dimension']:g}, "
                rf"$\Delta$ = {data.attrs['noise']:g}: theory (lines)"
                + ("" if trained is None else f", {trained.sizes['seed']} trainings (mean, std)")
                + ("" if bayes is None else ", Bayes risk (grey)"))
    return figure


def decays(path):
    trainings = [data for _, data in within_reach(path, "training", BASE, *PLANE, "seed")]
    bayes = [sweep.over(data, "source_exponent", "samples") for data in
             sweep.open_all(path, "bayes", BASE[:1] + BASE[-1:], phases.MODELS).values()] \
        if any(sweep.method_of(path, name) == "bayes" for name in sweep.sweep_names(path)) else []
    for name, data in within_reach(path, "state_evolution", BASE, *PLANE):
        decay = sweep.decay_axis(data)
        if not decay or not 1 < data.sizes["samples"] < MAP:
            continue
        trained = next((t for t in trainings if same_problem(t, data) and set(t["samples"].values) ==
                        set(data["samples"].values)), None)
        best = next((b for b in bayes if b is not None and b.attrs["model"] == data.attrs["model"]
                     and set(b["samples"].values) == set(data["samples"].values)), None)
        yield f"depth_{name}", draw_decay(data, trained, best)


# ---- slope of phase II ----------------------------------------------------------------------------

def slopes(data):
    """{depth: -d log R/d log n} where LEARNED features are."""
    decay = sweep.decay_axis(data)
    found = {}
    for depth in data["depth"].values:
        line = data.sel(depth=depth).squeeze()
        apart = np.abs(np.log(line["learned_rank"].where(line["learned_rank"] > 0) / LEARNED))
        if bool(apart.notnull().any()):
            found[depth] = -float(line["exponent_samples"].isel({decay: int(apart.argmin(decay))}))
    return found


def draw_slopes(lines):
    figure, axes = plt.subplots(figsize=(4.8, 3.9), constrained_layout=True)
    worst = 0.0
    for data, colour, marker in zip(lines, style.colours(len(lines)), style.MARKERS):
        model, gamma = data.attrs["model"], float(data["source_exponent"][0])
        found = slopes(data)
        if not found:
            continue
        depths = np.array(list(found))
        expected = (2 - 1 / gamma) / (2 - power(model, depths))
        worst = max(worst, np.max(np.abs(np.array(list(found.values())) - expected)))
        fine = np.linspace(depths.min(), depths.max(), 100)
        axes.plot(fine, (2 - 1 / gamma) / (2 - power(model, fine)), color=colour, lw=1)
        axes.plot(depths, list(found.values()), marker, color=colour, mfc="white", label=rf"$\gamma$ = {gamma:g}")
    axes.set(xlabel=f"depth ${SYMBOL[model]}$", ylabel=r"$-\mathrm{d}\log R/\mathrm{d}\log n$")
    axes.xaxis.get_major_locator().set_params(integer=True)
    if axes.lines:
        axes.legend()
    style.title(figure, rf"Slope of phase II by depth, d = {lines[0].attrs['dimension']:g}",
                rf"markers: measured where {LEARNED} features are learned; lines: $(2 - 1/\gamma)/(2 - q)$; at most "
                f"{worst:.3f} apart")
    return figure


def slope_figures(path):
    found = [data for _, data in within_reach(path, "state_evolution", [*BASE, "learned_rank", "exponent_samples"],
                                              *PLANE) if sweep.decay_axis(data) and data.sizes["samples"] == 1
             and data.sizes["source_exponent"] == 1 and "density_index" not in data.dims
             and float(data.attrs["dimension"]) >= 1e5]
    for model in phases.MODELS:
        lines = [data for data in found if data.attrs["model"] == model]
        if lines:
            yield f"depth_slope_{model}", draw_slopes(lines)


# ---- best weight decay ----------------------------------------------------------------------------

def draw_optimal(data, bayes):
    model, gammas, depths = data.attrs["model"], data["source_exponent"].values, data["depth"].values
    d = float(data.attrs["dimension"])
    figure, grid = plt.subplots(2, len(gammas), figsize=(4.0 * len(gammas), 6.4), squeeze=False, sharex=True,
                                sharey="row", constrained_layout=True)
    for (top, bottom), gamma in zip(grid.T, gammas):
        for depth, colour, dash in zip(depths, style.colours(len(depths)), style.DASHES):
            line = data.sel(depth=depth, source_exponent=gamma)
            ratio = line["effective_samples"] / d
            guide = ratio ** (power(model, depth) / 2)
            best = line["optimal_weight_decay"]     # far below the line the risk is flat, and 0 as good
            best = best.where((best > 1e-3 * guide) & np.isfinite(best))
            top.loglog(ratio, best, color=colour, ls=dash, label=depth_label(data, depth))
            middle = int(np.abs(np.log(ratio)).argmin())
            top.loglog(ratio, float(best[middle] / guide[middle]) * guide, color=colour, lw=0.6)
            bottom.semilogx(ratio, line["risk"] / bayes.sel(source_exponent=gamma)["risk"], color=colour, ls=dash)
        top.set_title(rf"$\gamma$ = {gamma:g}; thin: $(n_{{\mathrm{{eff}}}}/d)^{{q/2}}$")
        bottom.set_xlabel(r"$n_{\mathrm{eff}}/d$")
    grid[0, 0].set_ylabel(r"$\lambda_{\mathrm{opt}}$")
    grid[1, 0].set_ylabel(r"$R(\lambda_{\mathrm{opt}})/R_{\mathrm{Bayes}}$")
    grid[0, 0].legend()
    style.title(figure, f"{model.capitalize()} network at its best weight decay by depth, d = {d:g}, "
                rf"$\Delta$ = {data.attrs['noise']:g}")
    return figure


def optimal_figures(path):
    for name, data in within_reach(path, "optimal", [*BASE, "optimal_weight_decay"], *PLANE):
        for bayes in sweep.open_all(path, "bayes", BASE[:1] + BASE[-1:], [data.attrs["model"]]).values():
            bayes = sweep.over(bayes, "source_exponent", "samples")
            if bayes is not None and bayes.attrs["dimension"] == data.attrs["dimension"] and \
                    bayes["samples"].equals(data["samples"]):
                yield f"depth_{name}", draw_optimal(data, bayes)
                break


# ---- spectra --------------------------------------------------------------------------------------

def best_point(data):
    """Of the weight decays of a line, the one of least risk."""
    decay = sweep.decay_axis(data)
    return data.isel({decay: int(data["risk"].fillna(np.inf).argmin(decay))})


def draw_spectrum(axes, point, values, colour):
    x, y = point["density_position"].values, point["density"].values
    good = np.isfinite(x) & np.isfinite(y)
    if values is not None:
        positive = values[values > 1e-9]
        edges = np.geomspace(max(positive.min(), 1e-3), positive.max() * 1.01, 30)
        axes.stairs(np.histogram(positive, edges)[0] / (values.size * np.diff(edges)), edges, fill=True,
                    color="lightgrey")
    axes.plot(x[good], y[good], color=colour, lw=1.3)
    spikes = point["outlier_position"].values
    spikes = spikes[np.isfinite(spikes)]
    axes.plot(spikes, np.full(spikes.size, 2e-3), "|", color=colour, ms=9)
    axes.set(xscale="log", yscale="log", xlim=(1e-3, None), ylim=(1e-3, 30), xlabel="learned eigenvalue")


def draw_spectra(data, trained):
    depths, decay = data["depth"].values, sweep.decay_axis(data)
    figure, grid = plt.subplots(1, len(depths), figsize=(3.9 * len(depths), 3.6), sharey=True, squeeze=False,
                                constrained_layout=True)
    sentences = []
    for axes, depth, colour in zip(grid[0], depths, style.colours(len(depths))):
        point = best_point(data.sel(depth=depth).squeeze())
        values = None
        told = f"best {decay.replace('_', ' ')} {float(point[decay]):.2g}; predicted: rank {float(point['learned_rank']):.0f}, {float(point['outliers']):.0f} spikes"
        if trained is not None and depth in trained["depth"].values:
            there = trained.sel({"depth": depth, decay: float(point[decay])}, method="nearest").squeeze()
            values = there["eigenvalues"].values
            values = values[np.isfinite(values)]
            told += f"; trained (grey): rank {float(there['learned_rank'].mean()):.0f}"
            tail = float(there["tail_exponent"].mean())
            told += f", tail {tail:.2f}" if np.isfinite(tail) else ""
        draw_spectrum(axes, point, values, colour)
        axes.set_title(rf"{depth_label(data, depth)}: $R$ = {float(point['risk']):.3g}")
        sentences.append(f"{depth_label(data, depth)}: {told}")
    grid[0, 0].set_ylabel("density (marks: spikes)")
    style.title(figure, f"Learned eigenvalues by depth, d = {data.attrs['dimension']:g}, $n$ = "
                rf"{float(data['samples'][0]):g}, $\gamma$ = {float(data['source_exponent'][0]):g}, "
                rf"$\Delta$ = {data.attrs['noise']:g}", *sentences)
    return figure


def spectra_figures(path):
    fields = [*BASE, "density", "density_position", "outlier_position", "outliers", "learned_rank"]
    trainings = [data for _, data in within_reach(path, "training", [*BASE, "eigenvalues", "learned_rank",
                                                                     "tail_exponent"], *PLANE, "seed")]
    for name, data in within_reach(path, "state_evolution", fields, *PLANE):
        if sweep.decay_axis(data) and data.sizes["samples"] == data.sizes["source_exponent"] == 1:
            yield f"depth_{name}", draw_spectra(data, next((t for t in trainings if same_problem(t, data)), None))


def lacking(path):
    """Why nothing is drawn: theory, on which all else is put, or depths at all."""
    methods = {data.attrs["method"] for data in sweep.open_all(path, None, BASE[:1], phases.MODELS).values()
               if "depth" in data.dims}
    if not methods:
        return "no sweep by depth"
    if not methods & {"state_evolution", "optimal"}:
        return f"sweeps by depth of {', '.join(sorted(methods))} alone; needs one of state_evolution or optimal, too"
    return ("no sweep of state_evolution by depth over samples and weight decay, samples or decay alone at one source "
            "exponent, nor one of optimal with its bayes")


def figures(path):
    drawn = [diagrams, decays, slope_figures, optimal_figures, spectra_figures]
    found = False
    for draw in drawn:
        for figure in draw(path):
            found = True
            yield figure
    if not found:
        raise sweep.Refusal(f"{path}: {lacking(path)}")


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/depth.yaml or jobs/depth_diagram.yaml")
