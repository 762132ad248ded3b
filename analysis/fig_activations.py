#!/usr/bin/python3
"""Risk against n by activation of the teacher: a quadratic student, and the best before any neuron is learned by
itself, over what neither can follow; and where single neurons are learned if there is no quadratic part.  Trained
networks, where there are any, in a figure of their own over the theory at their dimension.

usage: fig_activations.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import style
from phasesweep import sweep
from style import np, plt

FIELDS = ["effective_samples", "risk", "higher_variance", "effective_noise", "mu_2", "specialised"]
AXES = ("teacher_activation", "readout_exponent", "samples")
KINDS = ("student", "universal", "alike", "specialised")
DASHES = {"student": "-", "universal": "--", "alike": "-.", "specialised": "--"}


def lines(path):
    """{dimension: {kind: [(activation, readout exponent, points over n)]}}: quadratic students, the best before
    specialisation, the best of all of neurons that are all alike, and the best of all where there is no quadratic part."""
    every = {}
    for method in ("state_evolution", "bayes"):
        for data in sweep.open_all(path, method, FIELDS, models={"neurons"}).values():
            data = sweep.over(data, *AXES)
            if data is None:
                continue
            found = every.setdefault(float(data.attrs["dimension"]), {kind: [] for kind in KINDS})
            for activation in data["teacher_activation"].values:
                for exponent in data["readout_exponent"].values:
                    line = data.sel(teacher_activation=activation, readout_exponent=exponent)
                    quadratic = np.isfinite(line["effective_noise"]).any()
                    kind = ("specialised" if not quadratic else "student" if method == "state_evolution"
                            else "alike" if alike(line, exponent) else "universal")
                    found[kind].append((str(activation), float(exponent), line))
    return every


def alike(line, exponent):
    """Are all neurons of the teacher alike, which are learned all at once (doc/theory.md, section 16)?"""
    return exponent == 0 and line.attrs.get("teacher_directions") == "gaussian"


def trained_lines(path):
    """{dimension: [(activation, readout exponent, trained points over n)]} of students that have the teacher's."""
    every = {}
    for data in sweep.open_all(path, "training", FIELDS, models={"neurons"}).values():
        if "teacher_activation" not in data.attrs and "teacher_activation" not in data.dims:
            data = sweep.over(data, "activation", "readout_exponent", "samples")
            if data is not None:
                every.setdefault(float(data.attrs["dimension"]), []).extend(
                    (str(name), float(exponent), data.sel(activation=name, readout_exponent=exponent))
                    for name in data["activation"].values for exponent in data["readout_exponent"].values)
    return every


def draw_errors(axes, found):
    """Solid: quadratic students; dashed: the best before specialisation; dash-dotted: the best where all neurons are alike;
    dotted: what is left to a quadratic network."""
    names = list(dict.fromkeys(name for kind in KINDS[:3] for name, _, _ in found[kind]))
    for name, colour in zip(names, style.colours(len(names))):
        for kind in KINDS[:3]:
            for other, exponent, line in found[kind]:
                if other == name:
                    axes.loglog(line["effective_samples"], line["risk"], DASHES[kind], color=colour,
                                label={"student": name, "alike": f"{name}, neurons alike"}.get(kind))
                    axes.axhline(line["higher_variance"].max(), color=colour, ls=":", lw=0.8)
    axes.set(ylabel=r"$E(f-f_*)^2$", title="error, by activation of the teacher")
    axes.legend()


def draw_collapse(axes, found):
    """In units of the quadratic network only its noise differs."""
    names = list(dict.fromkeys(name for name, _, _ in found["student"]))
    for kind in KINDS[:2]:      # where all neurons are alike the error falls below g(1)
        dash = DASHES[kind]
        for name, exponent, line in found[kind]:
            if name not in names:
                continue
            colour = style.colours(len(names))[names.index(name)]
            noise = float(line["effective_noise"].max())
            axes.loglog(line["effective_samples"],
                        (line["risk"] - line["higher_variance"]) / (0.5 * line["mu_2"] ** 2), dash, color=colour,
                        label=rf"{name}: $\Delta_{{\rm eff}} = {noise:.3g}$" if kind == "student" else None)
    axes.set(ylabel=r"$R = (E(f-f_*)^2 - g(1))/(\mu_2^2/2)$", title="the quadratic part alone")
    if names:
        axes.legend()


def draw_specialised(risk, neurons, found):
    """Error and neurons learned, with the exponents of the power law of the readout."""
    for (name, exponent, line), colour in zip(found["alike"], style.colours(len(found["alike"]))):
        neurons.loglog(line["effective_samples"], line["specialised"].where(line["specialised"] > 0), DASHES["alike"],
                       color=colour, label=f"{name}, neurons alike")
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
            risk.loglog(guide, 1.3 * np.exp(at) * (guide / middle) ** (-1 + 0.5 / exponent), color="black", lw=0.9)
    risk.set(ylabel=r"$E(f-f_*)^2$", title="teachers without a quadratic part: error")
    neurons.set(ylabel="neurons learned one by one", title=r"and how many neurons are learned, $k_c$")
    if found["specialised"]:
        risk.legend()
    if found["alike"]:
        neurons.legend()


def draw_trained(found, trained, dimension):
    """Errors over the theory of the same activation and readout; and how many neurons are found."""
    figure, (risk, neurons) = plt.subplots(1, 2, figsize=(9.6, 4), constrained_layout=True)
    theory = [(name, exponent, line, DASHES[kind]) for kind in KINDS
              for name, exponent, line in found[kind]]
    for (name, exponent, points), colour in zip(trained, style.colours(len(trained))):
        for other, beta, line, dash in theory:
            if (other, beta) == (name, exponent):
                risk.loglog(line["effective_samples"], line["risk"], dash, color=colour, lw=1)
                if np.isfinite(line["specialised"]).any():
                    neurons.semilogx(line["effective_samples"], line["specialised"], dash, color=colour, lw=1)
        risk.loglog(points["effective_samples"], points["risk"], "o", ms=4, color=colour, label=name)
        neurons.semilogx(points["effective_samples"], points["specialised"], "o-", ms=4, lw=0.6, color=colour, label=name)
    risk.set(ylabel=r"$E(f-f_*)^2$", title="error")
    neurons.set(ylabel=f"neurons, of {dimension:g}", title="neurons that are found")
    for axes in (risk, neurons):
        axes.set_xlabel(style.N_EFF["quadratic"])
    risk.legend()
    style.title(figure, f"Trained networks of neurons (circles) over the theory (lines), d = {dimension:g}",
                "left, solid: quadratic student; dashed: the best of all (relu, abs: before single neurons are learned)",
                r"right: a trained neuron is found where its cosine with one of the teacher is above 0.6; dashed: the best, $k_c$")
    return figure


def figures(path):
    every = lines(path)
    if not every:
        raise sweep.Refusal(f"{path}: needs model neurons over samples")
    for dimension, trained in trained_lines(path).items():
        yield f"activations_trained_{dimension:g}", draw_trained(every.get(dimension, {kind: [] for kind in KINDS}),
                                                                 trained, dimension)
    found = every[max(every)]
    figure, axes = plt.subplots(2, 2, figsize=(9.6, 7.2), constrained_layout=True)
    draw_errors(axes[0, 0], found)
    draw_collapse(axes[0, 1], found)
    draw_specialised(axes[1, 0], axes[1, 1], found)
    for one in axes.flat:
        one.set_xlabel(style.N_EFF["quadratic"])
    style.title(figure, f"What activations change, d = {max(every):g}",
                "above, solid: quadratic student; dashed: the best before single neurons are learned; dotted: "
                "$g(1)$, what neither can follow",
                "dash-dotted: the best where all neurons are alike, and how many are learned" if found["alike"] else "",
                r"above right: without $g(1)$, in units of the quadratic part; activations differ in its noise alone",
                r"below, black: the exponent $-1+1/(2\beta)$ of the power law of the readout, without its constant")
    yield "activations", figure


if __name__ == "__main__":
    style.main(figures, __doc__, "jobs/activations.yaml")
