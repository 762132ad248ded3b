"""Figures of theory alone draw what the archive holds, and the archive what the theory says.

usage: test_figures_theory.py PHASESWEEP MPIEXEC
"""
import tempfile

from figures import archive, saved
import fig_activations
import fig_bayes
import fig_decomposition
import fig_optimal_decay
import fig_phase_diagram
import fig_universality
import fig_width
from phasesweep import sweep
from style import np

LINES = """  - name: MODEL_optimal
    model: MODEL
    method: optimal
    source_exponent: 1.25
    dimension: 100
    noise: 0.1
    samples: {as: effective_power, from: 0, to: 3, count: 7}
  - name: MODEL_bayes
    model: MODEL
    method: bayes
    source_exponent: 1.25
    dimension: 100
    noise: 0.1
    samples: {as: effective_power, from: 0, to: 3, count: 7}
  - name: MODEL
    model: MODEL
    source_exponent: 1.25
    dimension: 100
    noise: 0.1
    samples: {as: effective_power, from: 0, to: 3, count: 7}
    weight_decay: {as: power, from: -1, to: 1, count: 5}
"""
THEORY_JOB = "sweeps:\n" + "".join(LINES.replace("MODEL", m) for m in ("quadratic", "diagonal"))
THEORY_JOB += """  - name: narrow
    source_exponent: 1.25
    dimension: 100
    noise: 0.1
    width: {from: 1, to: 100, count: 14, spacing: logarithmic}
    samples: {as: effective_power, from: 0.25, to: 1, count: 13}
    nuclear_weight: 0.01
"""


def check_optimal(path):
    """No risk below the Bayes risk nor below that of the best weight decay; the best width."""
    assert set(saved(fig_optimal_decay, path)) == {"optimal_decay_quadratic",
                                                   "optimal_decay_diagonal", "optimal_width"}
    for model, found in sweep.by_model(path, fig_optimal_decay.WANTED).items():
        ratio = fig_optimal_decay.excess(found)
        assert ratio.min() > 1 and ratio.max() < 4, (model, ratio)
        fixed = found["state_evolution"]["risk"] / found["optimal"]["risk"]
        assert fixed.min() > 1 - 1e-9, (model, float(fixed.min()))
    narrow = sweep.over(sweep.by_key(sweep.open_sweep(path, "narrow")), "source_exponent", "width", "samples")
    x, width, best, wide = fig_optimal_decay.best_width(narrow, 1.25)
    assert np.array_equal(best, narrow["risk"].min("width").squeeze()) and np.isclose(x[-1], 100)
    assert np.all(best <= wide) and best[-1] < 0.9 * wide[-1] and 4 < width[-1] < 100


def check_width(path):
    """Where the width limits R goes as what it leaves out; maps, dots and slopes are the archive's."""
    assert np.allclose(fig_width.left_out(1.25, 3, np.array([0, 1, 3])), [1, 1 - 1 / (1 + 2 ** -2.5 + 3 ** -2.5), 0])
    charts = saved(fig_width, path)
    assert set(charts) == {"width", "width_exponents", "width_diagram"}, set(charts)
    narrow = fig_width.plain(sweep.by_key(sweep.open_sweep(path, "narrow")), "width", "samples")
    risk = narrow["risk"].transpose("width", "samples").values
    p = narrow["width"].values.astype(float)
    many = fig_width.fitted(p, risk[:, -1], 1.25, 100)
    assert abs(many[2] - many[3]) < 0.15 and many[2] < -0.8, many
    panels = charts["width_diagram"].axes[:3]
    assert np.allclose(panels[0].collections[0].get_array().reshape(risk.shape), np.log10(risk))
    assert np.array_equal(panels[0].lines[0].get_ydata(), p[np.argmin(risk, axis=0)])
    slope = panels[1].collections[0].get_array().reshape(risk.shape)
    assert np.allclose(slope[0], np.log(risk[1] / risk[0]) / np.log(p[1] / p[0]))
    x = np.geomspace(1, 1e4, 30)
    best = np.where(x < 10, 1, np.where(x < 1e3, x ** 0.4, 90))
    assert abs(fig_width.growth(x, best, 100.0) - 0.4) < 1e-9


def check_turns():
    """The least of a parabola, at its place; none where R only falls, or is 1 before it rises."""
    import xarray as xr
    x = np.linspace(0, 1, 21)
    lines = [np.exp(-1 + 3 * (x - 0.52) ** 2), np.exp(-x), np.exp(np.maximum(0, x - 0.5))]
    data = xr.Dataset({"risk": (("weight_decay", "samples"), np.array(lines)),
                       "effective_samples": (("weight_decay", "samples"), np.array([100 ** x] * 3))}, attrs={"dimension": 100})
    found = fig_phase_diagram.turns(data, "weight_decay")
    assert abs(found[0] - 0.52) < 1e-9 and np.isnan(found[1:]).all(), found


def check_universality(path):
    """Both models draw their own risk at the same n_eff; far above d they differ by the constant 4
    of theory.md section 4 (VIa: Delta/(4 alpha), Delta/alpha)."""
    both = fig_universality.aligned(path)
    upper, ratio, _ = saved(fig_universality, path)["universality_100"].axes
    for k, data in enumerate(both):
        line = upper.lines[k]
        assert np.array_equal(line.get_ydata(), data["risk"].isel(weight_decay=0).squeeze())
    assert abs(ratio.lines[0].get_ydata()[-1] * 4 - 1) < 0.01      # alpha = d: 1 +- 1/alpha


def check_decomposition(path):
    """The layers tile the stack, and what is left of them is R."""
    data = sweep.over(sweep.by_key(sweep.open_sweep(path, "quadratic")), "source_exponent", "dimension",
                      "samples", "weight_decay")
    assert fig_decomposition.mismatch(data) < 1e-10
    line = data.isel(source_exponent=0, dimension=0, weight_decay=0)
    layers, left = fig_decomposition.stack(line)
    signs = {part: np.sign(line[part].values) for part in layers}
    heights = sum(signs[part] * (high - low) for part, (low, high) in layers.items())
    assert np.allclose(heights, left, rtol=0, atol=1e-12) and np.min(signs["cross"]) == -1
    assert np.allclose(np.max([high for _, high in layers.values()], axis=0), 1)
    assert list(saved(fig_decomposition, path)) == ["decomposition_quadratic_100"]


def check_bayes(path):
    """The map is above 1, and its caption counts what it shows."""
    drawn = saved(fig_bayes, path)
    assert set(drawn) == {"bayes_quadratic", "bayes_diagonal"}
    for found in sweep.by_model(path, fig_bayes.WANTED).values():
        assert fig_bayes.ratio(found, 1.25).min() > 1
    x, y = np.array([-0.2, 0.2, 1.5]), np.array([-1.0, -0.9])
    values = np.array([[1.0, 1.5, 3.0], [3.0, 1.5, 1.0]])
    assert fig_bayes.shares(values, "quadratic", 1.25, 1e4, x, y) == {"Ia": 0.5, "IV": 1.0,
                                                                     "VIa": 0.5}


# a quadratic student of relu neurons is the quadratic network at noise 2 (.1 + g(1))/(mu_2^2/2), g(1) = (1 - 3/pi)/4 and
# mu_2^2 = 1/(2 pi), and at 2/mu_2 times the weight decay
NEURONS_JOB = """set: {samples: {as: effective_power, from: 0, to: 2, count: 5}}
sweeps:
  - {name: relu, model: neurons, dimension: 50, teacher_activation: relu, linear_unit: yes, readout_exponent: 0.8, noise: 0.1, weight_decay: 0.2}
  - {name: alone, dimension: 50, source_exponent: 0.8, noise: 2.79645943005139, weight_decay: 1.0026513098524}
  - {name: single, model: neurons, dimension: 50, method: bayes, teacher_activation: hermite, hermite_3: 1, readout_exponent: [0.8, 1.2], noise: 0.1}
  - {name: fitted, model: neurons, method: training, dimension: 6, activation: [relu, tanh], readout_exponent: 0.8,
     noise: 0.1, weight_decay: 0.3, epochs: 20, ranks_per_line: 1}
  - {name: alike, model: neurons, dimension: 50, method: bayes, teacher_activation: relu, readout_exponent: 0, teacher_directions: gaussian, noise: 0.1}
"""


def check_activations(path):
    """The quadratic part alone is the quadratic network; single neurons are counted."""
    drawn = saved(fig_activations, path)
    axes = drawn["activations"].axes
    alone = sweep.by_key(sweep.open_sweep(path, "alone"))["risk"]
    assert np.allclose(axes[1].lines[0].get_ydata(), alone, rtol=1e-7, atol=0)
    together = sweep.by_key(sweep.open_sweep(path, "alike"))
    dashed = [[line for line in axes[k].lines if line.get_linestyle() == "-."] for k in range(4)]
    assert [len(found) for found in dashed] == [1, 0, 0, 1]    # not among quadratic parts, of which they take more
    assert np.array_equal(dashed[0][0].get_ydata(), together["risk"]) and "alike" in dashed[0][0].get_label()
    assert np.array_equal(dashed[3][0].get_ydata(), together["specialised"].where(together["specialised"] > 0), equal_nan=True)
    single = sweep.by_key(sweep.open_sweep(path, "single"))["specialised"]
    for line, found in zip([line for line in axes[3].lines if line not in dashed[3]], single):
        assert np.array_equal(line.get_ydata(), found.where(found > 0), equal_nan=True)
    assert single.max() == 50
    fitted = sweep.by_key(sweep.open_sweep(path, "fitted"))
    risk, neurons = drawn["activations_trained_6"].axes
    for k, name in enumerate(("relu", "tanh")):  # no theory at this dimension
        one = fitted.sel(activation=name)
        assert np.array_equal(risk.lines[k].get_ydata(), one["risk"])
        assert np.array_equal(neurons.lines[k].get_ydata(), one["specialised"])


with tempfile.TemporaryDirectory() as scratch:
    check_turns()
    check_activations(archive(scratch, "neurons", NEURONS_JOB))
    theory = archive(scratch, "theory", THEORY_JOB)
    for check in (check_optimal, check_width, check_universality, check_decomposition, check_bayes):
        check(theory)
