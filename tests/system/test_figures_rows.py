"""Figures of rows that are not isotropic and Gaussian draw what the archive holds.

usage: test_figures_rows.py PHASESWEEP MPIEXEC
"""
import tempfile

from figures import archive, draw, saved
import fig_covariance
import fig_feature_laws
from phasesweep import sweep
from style import np

COVARIANCE_JOB = """set: {noise: 0.1, dimension: 60}
sweeps:
  - {name: lasso_best, model: diagonal, method: optimal, source_exponent: [0.6, 1, 1.8],
     covariance_exponent: [0, 1, 2], samples: [30, 200]}
  - {name: ridge_best, model: ridge, method: optimal, source_exponent: [0.6, 1, 1.8],
     covariance_exponent: [0, 1, 2], samples: [30, 200]}
  - {name: lasso, model: diagonal, source_exponent: 0.8, covariance_exponent: [0, 1],
     samples: {from: 30, to: 300, count: 5, spacing: logarithmic}, weight_decay: {as: sqrt_effective, values: [1]}}
  - {name: lasso_trained, model: diagonal, method: training, source_exponent: 0.8, covariance_exponent: [0, 1],
     seed: [0, 1, 2], samples: [30, 300], weight_decay: {as: sqrt_effective, values: [1]}}
"""


LAWS_JOB = """set: {source_exponent: 0.75, noise: 0.5}
sweeps:
  - {name: turned, features: [gaussian, sparse], rotated: yes, dimension: [10, 14, 20],
     samples: {as: proportional, values: [0.5]}, nuclear_weight: [0.2]}
  - {name: turned_trained, method: training, features: [gaussian, sparse], rotated: yes, dimension: [10, 20],
     seed: [0, 1, 2], samples: {as: proportional, values: [0.5]}, nuclear_weight: [0.2]}
  - {name: fewer, method: training, features: [gaussian, sparse], rotated: yes, dimension: 10,
     seed: [0], samples: {as: proportional, values: [0.5]}, nuclear_weight: [0.2]}
  - {name: lasso, model: diagonal, dimension: 40, samples: {from: 10, to: 100, count: 9, spacing: logarithmic},
     weight_decay: {as: sqrt_effective, values: [0.6]}}
  - {name: lasso_trained, model: diagonal, method: training, features: [gaussian, sparse], sparse_share: 0.05,
     dimension: 40, seed: [0, 1], samples: [10, 100], weight_decay: {as: sqrt_effective, values: [0.6]}}
"""


def check_map(chart, path):
    """Risks and their ratio, a panel each; at a = 2, gamma = .6 ridge regression is better, at a = 0,
    gamma = 1.8 the LASSO is (sparse against dense teachers)."""
    lasso, ridge = (sweep.open_sweep(path, name)["risk"] for name in ("lasso_best", "ridge_best"))
    dims = ("samples", "source_exponent", "covariance_exponent")
    panels = [axes for axes in chart.axes if axes.get_title()]
    expected = [values for n in (30, 200) for values in (
        lasso.transpose(*dims).sel(samples=n), ridge.transpose(*dims).sel(samples=n),
        (lasso / ridge).transpose(*dims).sel(samples=n))]
    assert len(panels) == 6
    for axes, values in zip(panels, expected):
        assert np.allclose(axes.collections[0].get_array().reshape(3, 3), values, rtol=1e-12), axes.get_title()
    ratio = (lasso / ridge).sel(samples=200)
    assert ratio.sel(covariance_exponent=2, source_exponent=0.6) > 1
    assert ratio.sel(covariance_exponent=0, source_exponent=1.8) < 0.5


def check_lines(chart, path):
    """Theory as lines; circles are means over the seeds."""
    theory = sweep.open_sweep(path, "lasso")["risk"].squeeze()
    trained = sweep.open_sweep(path, "lasso_trained")["risk"].mean("seed").squeeze()
    (axes,) = chart.axes
    drawn = [line for line in axes.get_lines() if len(line.get_xdata()) == 5]
    circles = [line for line in axes.get_lines() if line.get_marker() == "o"]
    for k, a in enumerate((0, 1)):
        assert np.allclose(drawn[k].get_ydata(), theory.sel(covariance_exponent=a), rtol=1e-12)
        assert np.allclose(circles[k].get_ydata(), trained.sel(covariance_exponent=a), rtol=1e-12)


def check_laws(charts, path):
    """Means over the seeds, over the theory of the same law and dimension; n = d^2/2 in both."""
    theory, trained = (sweep.open_sweep(path, name) for name in ("turned", "turned_trained"))
    mean = trained["prediction_risk"].mean("seed").squeeze()
    expected = (mean / theory["prediction_risk"].squeeze().sel(dimension=[10, 20]) - 1).transpose("features", "dimension")
    assert np.array_equal(trained["resolved_samples"].values.ravel()[[0, -1]], [50, 200])
    (axes,) = charts["feature_laws_excess"].axes
    for k, (line, name) in enumerate(zip(axes.containers, ("gaussian", "sparse"))):
        assert line.get_label() == name and np.allclose(line[0].get_ydata(), expected[k], rtol=1e-12)
    upper, lower = charts["feature_laws_lasso"].axes
    risk = sweep.open_sweep(path, "lasso_trained")["risk"].mean("seed").squeeze()
    assert np.allclose(upper.containers[1][0].get_ydata(), risk.isel(features=1), rtol=1e-12)
    assert len(lower.containers) == 2


RISK_JOB = """set: {source_exponent: 1, noise: 0.5, dimension: 10, features: laplace}
sweeps:
  - {name: theory, rotated: ROTATED, samples: {from: 20, to: 200, count: 5, spacing: logarithmic}, weight_decay: [0.2]}
  - {name: trained, method: training, rotated: "yes", seed: [0, 1], samples: [20, 200], weight_decay: [0.2]}
"""


def check_risk(folder):
    """One law, by name, of all sweeps; a trained network is not drawn on the theory of another teacher."""
    for rotated, apart in (("yes", False), ("no", True)):
        path = archive(folder, f"risk_{rotated}", RISK_JOB.replace("ROTATED", f'"{rotated}"'))
        data = sweep.open_all(path)
        keys = [sweep.other_keys(part) for part in data.values()]
        assert (keys[0] != keys[1]) == apart and "laplace" in keys[0]
        done = draw("fig_risk_vs_samples.py", path, folder)
        assert done.returncode == (2 if apart else 0) and "Traceback" not in done.stderr, done


def check_words(path):
    """Axes of words are read as words."""
    data = sweep.open_sweep(path, "turned_trained")
    assert data["risk"].sel(features="sparse").notnull().all()


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_risk(folder)
        path = archive(folder, "laws", LAWS_JOB)
        charts = saved(fig_feature_laws, path)
        assert set(charts) == {"feature_laws_excess", "feature_laws_errors", "feature_laws_lasso"}, set(charts)
        check_laws(charts, path)
        check_words(path)
        path = archive(folder, "covariance", COVARIANCE_JOB)
        figures = saved(fig_covariance, path)
        assert set(figures) == {"covariance_map", "covariance_lines"}
        check_map(figures["covariance_map"], path)
        check_lines(figures["covariance_lines"], path)
        other = archive(folder, "other", "sweeps:\n  - {dimension: 10, source_exponent: 1, noise: 1, samples: 9, "
                        "weight_decay: 1}\n")
        done = draw("fig_covariance.py", other, folder)
        assert done.returncode == 2 and "run jobs/covariance.yaml" in done.stderr, done
        assert done.stderr.count("\n") == 1, done


if __name__ == "__main__":
    main()
