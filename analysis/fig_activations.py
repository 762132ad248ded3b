#!/usr/bin/python3
"""Risk against n by activation of the teacher: a quadratic student, and the best before any neuron is learned by
itself, over what neither can follow; and where single neurons are learned if there is no quadratic part.

usage: fig_activations.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import style
from phasesweep import sweep
from style import np, plt

FIELDS = ["effective_samples", "risk", "higher_variance", "effective_noise", "mu_2", "specialised"]
AXES = ("teacher_activation", "readout_exponent", "samples")
KINDS = ("student", "universal", "specialised")


def lines(path):
    """{kind: [(activation, readout exponent, points over n)]}: quadratic students, the best before specialisation,
    and where there is no quadratic part the best of all."""
    found = {kind: [] for kind in KINDS}
    for method in ("state_evolution", "bayes"):
        for data in sweep.open_all(path, method, FIELDS, models={"neurons"}).values():
            data = sweep.over(data, *AXES)
            if data is None:
                continue
            for activation in data["teacher_activation"].values:
                for exponent in data["readout_exponent"].values:
                    line = data.sel(teacher_activation=activation, readout_exponent=exponent)
                    quadratic = np.isfinite(line["effective_noise"]).any()
                    kind = "specialised" if not quadratic else "student" if method == "state_evolution" else "universal"
                    found[kind].append((str(activation), float(exponent), line))
    return found


def draw_errors(axes, found):
    """Solid: quadratic students; dashed: the best before specialisation; dotted: what is left to both."""
    names = list(dict.fromkeys(name for kind in KINDS[:2] for name, _, _ in found[kind]))
    for name, colour in zip(names, style.colours(len(names))):
        for kind, dash in zip(KINDS[:2], ("-", "--")):
            for other, exponent, line in found[kind]:
                if other == name:
                    axes.loglog(line["effective_samples"], line["risk"], dash, color=colour,
                                label=name if kind == "student" else None)
                    axes.axhline(line["higher_variance"].max(), color=colour, ls=":", lw=0.8)
    axes.set(ylabel=r"$E(f-f_*)^2$", title="— quadratic student   - - best, universal   ··· $g(1)$")
    axes.legend()


def draw_collapse(axes, found):
    """In units of the quadratic network only its noise differs."""
    names = list(dict.fromkeys(name for name, _, _ in found["student"]))
    for kind, dash in zip(KINDS[:2], ("-", "--")):
        for name, exponent, line in found[kind]:
            if name not in names:
                continue
            colour = style.colours(len(names))[names.index(name)]
            noise = float(line["effective_noise"].max())
            axes.loglog(line["effective_samples"],
                        (line["risk"] - line["higher_variance"]) / (0.5 * line["mu_2"] ** 2), dash, color=colour,
                        label=rf"{name}: $\Delta_{{\rm eff}} = {noise:.3g}$" if kind == "student" else None)
    axes.set(ylabel=r"$R = (E(f-f_*)^2 - g(1))/(\mu_2^2/2)$", title="the quadratic part alone")
    axes.legend()


def draw_specialised(risk, neurons, found):
    """Error and neurons learned, with the exponents of the power law of the readout."""
    for (name, exponent, line), colour in zip(found["specialised"], style.colours(len(found["specialised"]))):
        x = line["effective_samples"].values
        label = rf"{name}, $\beta = {exponent:g}$"
        risk.loglog(x, line["risk"], color=colour, label=label)
        neurons.loglog(x, line["specialised"].where(line["specialised"] > 0), color=colour, label=label)
        learned = line["specialised"].values
        few = (learned >= 3) & (learned < 0.5 * learned.max())
        if few.any() and exponent > 0.5:
            first, last = x[few][[0, -1]]
            middle = np.sqrt(first * last)
            at = float(np.interp(np.log(middle), np.log(x), np.log(line["risk"].values)))
            guide = np.array([first, last])
            risk.loglog(guide, 1.3 * np.exp(at) * (guide / middle) ** (-1 + 0.5 / exponent), color="black", lw=0.7)
    risk.set(ylabel=r"$E(f-f_*)^2$", title=r"no quadratic part; black: $n^{-1+1/(2\beta)}$")
    neurons.set(ylabel="neurons learned one by one", title=r"$k_c$")
    risk.legend()


def figures(path):
    found = lines(path)
    if not found["student"] and not found["specialised"]:
        raise sweep.Refusal(f"{path}: needs model neurons over samples")
    figure, axes = plt.subplots(2, 2, figsize=(9.6, 7.2), constrained_layout=True)
    draw_errors(axes[0, 0], found)
    draw_collapse(axes[0, 1], found)
    draw_specialised(axes[1, 0], axes[1, 1], found)
    for one in axes.flat:
        one.set_xlabel(style.N_EFF["quadratic"])
    yield "activations", figure


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/activations.yaml")
