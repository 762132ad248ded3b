#!/usr/bin/python3
"""The best weight decay and its risk beside Bayes-optimal risk and fixed weight decays, one figure
for each network; and the best width of narrow quadratic networks, as the minimum over a width axis.

usage: fig_optimal_decay.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import style
from phasesweep import phases, sweep
from style import np, plt

PLANE = ("source_exponent", "dimension", "samples")
WANTED = {"optimal": (["effective_samples", "risk", "optimal_weight_decay"], PLANE),
          "bayes": (["effective_samples", "risk"], PLANE),
          "state_evolution": (["effective_samples", "risk"], (*PLANE, "weight_decay"))}
WHY_JUMPS = ("the best width steps through the widths of the sweep; it jumps where R has two minima along the width, a "
             "narrow one that learns few features and a wide one, and the other becomes the lower one")
NARROW = ["effective_samples", "resolved_nuclear_weight", "resolved_width", "risk"]


def guide(model, noise, ratio):
    """lambda_opt up to logarithms at n_eff/d = alpha (theory.md section 4)."""
    return (4 * np.sqrt(noise) if model == "quadratic" else 1.0) * np.sqrt(ratio)


def draw_decays(axes, optimal, model, gamma):
    """lambda_opt where the risk has its minimum inside; returns the share of such points, and
    lambda_opt over the line at n_eff = d for each d."""
    noise, sizes = float(optimal.attrs["noise"]), optimal["dimension"].values
    reached, inside, at_d = [], [], []
    for d, colour, dash in zip(sizes, style.colours(len(sizes)), style.DASHES):
        line = optimal.sel(source_exponent=gamma, dimension=d)
        best, ratio = line["optimal_weight_decay"].values, line["effective_samples"].values / d
        best = np.where(np.isfinite(best) & (best > 1e-3 * np.sqrt(ratio)), best, np.nan)
        axes.loglog(ratio, best, color=colour, ls=dash, label=f"d = {d:g}")
        inside.append(np.isfinite(best[np.isfinite(line["risk"].values)]))
        middle = np.argmin(np.abs(np.log(ratio)))
        at_d.append(best[middle] / guide(model, noise, ratio[middle]))
        reached += list(ratio[np.isfinite(best)])
    label = r"$4\sqrt{\Delta n_{\mathrm{eff}}/d}$" if model == "quadratic" else \
        r"$\sqrt{n_{\mathrm{eff}}/d}$"
    if reached:
        ends = np.array([min(reached), max(reached)])
        axes.loglog(ends, guide(model, noise, ends), color="black", lw=0.8, label=label)
    axes.set(xlabel=r"$n_{\mathrm{eff}}/d$", ylabel=rf"${style.LAMBDA[model]}_{{\mathrm{{opt}}}}$")
    inside = np.concatenate(inside)
    return np.mean(inside) if len(inside) else 0.0, at_d


def draw_rates(axes, x, risk, gamma, d):
    """The two Bayes rates where they hold, below the Bayes risk: exponents, not constants."""
    corner = d ** (2 * gamma)
    for power, low, high in ((0.5 / gamma - 1, 1, corner), (-1, corner, np.inf)):
        low, high = max(3 * low, x.min()), min(high / 3, x.max())
        there = (x >= low) & (x <= high) & np.isfinite(risk)
        if low < high and there.any():
            scale = 0.4 * (risk / x ** power)[there].min()
            axes.loglog([low, high], scale * np.array([low, high]) ** power, color=style.GREY, lw=0.8)
            middle = np.sqrt(low * high)
            axes.text(middle, 0.8 * scale * middle ** power, f"slope {power:.3g}", color=style.GREY,
                      ha="right", va="top", fontsize=7.5)


def draw_risks(axes, found, gamma, d):
    where = dict(source_exponent=gamma, dimension=d)
    x = found["bayes"]["effective_samples"].sel(**where).values
    fixed = found["state_evolution"]
    lines = {style.decay_label(fixed, value): fixed.sel(weight_decay=value)
             for value in fixed["weight_decay"].values}
    lines.update({r"$\lambda_{\mathrm{opt}}$": found["optimal"], "Bayes": found["bayes"]})
    for (label, data), colour, dash in zip(lines.items(), style.colours(len(lines)), style.DASHES):
        axes.loglog(data["effective_samples"].sel(**where), data["risk"].sel(**where), color=colour,
                    ls=dash, label=label)
    draw_rates(axes, x, found["bayes"]["risk"].sel(**where).values, gamma, d)
    axes.set(xlabel=style.N_EFF[fixed.attrs["model"]], ylabel=r"excess risk $R$")


def excess(found):
    """R(lambda_opt)/R_Bayes over source exponent, dimension and samples, at those of the optimum;
    the Bayes risk between its own by interpolation."""
    optimal, bayes = (found[method].transpose(*PLANE) for method in ("optimal", "bayes"))
    places = [data["effective_samples"].values for data in (optimal, bayes)]
    if places[0].shape == places[1].shape and np.allclose(*places, rtol=1e-9):
        return optimal["risk"] / bayes["risk"].values
    risk = np.full(optimal["risk"].shape, np.nan)
    for gamma, d in np.ndindex(*risk.shape[:2]):
        line = bayes.sel(source_exponent=optimal["source_exponent"][gamma],
                         dimension=optimal["dimension"][d])
        risk[gamma, d] = np.exp(np.interp(
            np.log(places[0][gamma, d]), np.log(line["effective_samples"]), np.log(line["risk"]),
            left=np.nan, right=np.nan))
    return optimal["risk"] / risk


def draw_excess(axes, found, gamma):
    ratio = excess(found).sel(source_exponent=gamma)
    x = found["optimal"]["effective_samples"].sel(source_exponent=gamma)
    sizes = ratio["dimension"].values
    for d, colour, dash in zip(sizes, style.colours(len(sizes)), style.DASHES):
        axes.semilogx(x.sel(dimension=d), ratio.sel(dimension=d), color=colour, ls=dash,
                      label=f"d = {d:g}")
    axes.set(xlabel=style.N_EFF[found["bayes"].attrs["model"]],
             ylabel=r"$R(\lambda_{\mathrm{opt}})/R_{\mathrm{Bayes}}$")


def draw_model(model, found):
    gammas = found["optimal"]["source_exponent"].values
    d = found["optimal"]["dimension"].values.max()
    figure, grid = plt.subplots(3, len(gammas), figsize=(4.4 * len(gammas), 9.6), squeeze=False,
                                sharey="row", constrained_layout=True)
    sentences = []
    for axes, gamma in zip(grid.T, gammas):
        inside, at_d = draw_decays(axes[0], found["optimal"], model, gamma)
        axes[0].set_title(rf"$\gamma$ = {gamma:g}")
        sentences.append(rf"$\gamma$ = {gamma:g}: minimum inside at {100 * inside:.0f} % of the points; best weight decay "
                         "over the line at n_eff = d, by d: " + ", ".join(f"{value:.2g}" for value in at_d))
        draw_risks(axes[1], found, gamma, d)
        axes[1].set_title(rf"d = {d:g}; thin: the Bayes rates, met at $\lambda_{{\mathrm{{opt}}}}$")
        draw_excess(axes[2], found, gamma)
        ratio = excess(found).sel(source_exponent=gamma)
        axes[2].set_title(f"{float(ratio.min()):.3f} to {float(ratio.max()):.2f} times the Bayes risk")
    for row in grid[:2]:
        row[0].legend()
    style.title(figure, f"{model.capitalize()} network at its best weight decay, "
                rf"$\Delta$ = {found['optimal'].attrs['noise']:g}", *sentences,
                "thin lines in the middle row: the Bayes rates, exponents without constants, which the best weight decay "
                "reaches; dashes and colours of d as above")
    return figure


def best_width(narrow, gamma):
    """n_eff, best p of the widths of the sweep, R there and R at the largest p."""
    part = narrow.sel(source_exponent=gamma)
    known = part["risk"].notnull().all("width")     # else the best may be what is missing
    best = part["risk"].isel(width=part["risk"].fillna(np.inf).argmin("width")).where(known)
    return (part["effective_samples"].isel(width=0).values, best["width"].where(known).values,
            best.values, part["risk"].isel(width=-1).values)


def draw_widths(narrow, bayes):
    gammas, d = narrow["source_exponent"].values, float(narrow.attrs["dimension"])
    figure, grid = plt.subplots(2, len(gammas), figsize=(4.4 * len(gammas), 6.6), squeeze=False,
                                sharey="row", constrained_layout=True)
    for (top, bottom), gamma in zip(grid.T, gammas):
        x, width, best, wide = best_width(narrow, gamma)
        top.loglog(x, width, "o", color="black", ms=3, label="best of the widths of the sweep")
        top.loglog(x, np.minimum(x ** (0.5 / gamma), d), color=style.GREY, lw=0.8,
                   label=r"$n_{\mathrm{eff}}^{1/(2\gamma)}$, at most d")
        top.set(ylabel="best width $p$", title=rf"$\gamma$ = {gamma:g}")
        lines = {f"p = {d:g}": (x, wide), "best p": (x, best)}
        if gamma in bayes["source_exponent"] and d in bayes["dimension"]:
            part = bayes.sel(source_exponent=gamma, dimension=d)
            part = part.isel(samples=part["effective_samples"] <= 1.001 * x.max())
            lines["Bayes"] = part["effective_samples"], part["risk"]
        for (label, (at, risk)), colour, dash in zip(lines.items(), style.colours(3), style.DASHES):
            bottom.loglog(at, risk, color=colour, ls=dash, label=label)
        gain = wide / best
        gain = gain[np.isfinite(gain)]
        bottom.set(xlabel=style.N_EFF["quadratic"], ylabel="excess risk $R$",
                   title=f"best p up to {gain.max(initial=1):.2g} times below p = {d:g}")
    for row in grid:
        row[0].legend()
    style.title(figure, rf"Narrow quadratic networks, $d$ = {d:g}, $\Delta$ = {narrow.attrs['noise']:g}, "
                rf"$\tilde\lambda$ = {float(narrow['resolved_nuclear_weight'].max()):.3g}",
                "of widths with equal risk the smallest", WHY_JUMPS)
    return figure


def figures(path):
    models = sweep.by_model(path, WANTED, phases.MODELS)
    if not models:
        raise sweep.Refusal(f"{path}: no model with optimal, bayes and state_evolution over "
                            "source_exponent, dimension and samples")
    for model, found in models.items():
        yield f"optimal_decay_{model}", draw_model(model, found)
    for data in sweep.open_all(path, "state_evolution", NARROW).values():
        narrow = sweep.over(data, "source_exponent", "width", "samples")
        narrow = narrow if narrow is None else sweep.physical(narrow, "width")
        if narrow is not None and "quadratic" in models:
            yield "optimal_width", draw_widths(narrow, models["quadratic"]["bayes"])


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/optimal_decay.yaml")
