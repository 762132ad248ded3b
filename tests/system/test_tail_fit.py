"""Power-law tails and rank correlations against brute force, SciPy, the archive, and samples of known laws.

usage: test_tail_fit.py PHASESWEEP MPIEXEC
"""
import tempfile

from scipy import integrate, optimize, stats

from figures import archive, saved
import fig_tail_exponent
from phasesweep import sweep, tail_fit
from style import np

TRUTH = 1.8         # the exponent of a teacher of gamma = 1.25
TRAINED = """set: {source_exponent: 1.25, dimension: 70, noise: 0.1}
sweeps:
  - {name: trained, method: training, seed: [0, 1], samples: [7000, 28000], weight_decay: [0.01, 0.1, 1]}
  - {name: flowed, method: flow, dimension: 200, samples: 1, weight_decay: 1e-7, time: [10, 100, 1000]}
"""


def sample(seed, end, tail=300, body=150):
    """A power law of exponent TRUTH from 1 to `end` above something flat."""
    generator = np.random.default_rng(seed)
    y = tail_fit.quantile(generator.random(tail), TRUTH - 1, np.log(end))
    return np.sort(np.concatenate([np.exp(y), generator.uniform(0.05, 1, body)]))


def cost(exponent, x, most):
    """Negative log-likelihood of x^-exponent on [x[0], most], its constant by quadrature in log x."""
    width = np.log(most / x[0])
    whole = integrate.quad(lambda y: np.exp((1 - exponent) * y), 0, width, epsabs=0, epsrel=1e-12)[0]
    return exponent * np.log(x / x[0]).sum() + len(x) * np.log(whole)


def brute_force(x):
    """(start, exponent, distance) over every start: minimiser of the likelihood, SciPy's test of the fit."""
    best = (np.nan, np.nan, np.inf)
    for k in range(len(x) - tail_fit.SCANNED + 1):
        tail, most = x[k:-1], x[-1]
        exponent = optimize.minimize_scalar(cost, bracket=(1.5, 2.5), args=(tail, most), tol=1e-10).x
        width = 1 - (most / x[k]) ** (1 - exponent)
        distance = stats.kstest(tail, lambda z: (1 - (z / x[k]) ** (1 - exponent)) / width).statistic
        best = min(best, (x[k], exponent, distance), key=lambda found: found[2])
    return best


def check_brute_force():
    """The same start, exponent and distance as without any of the formulas."""
    for seed in range(2):
        x = sample(seed, 30, 60, 30)
        place, slope, distance = tail_fit.scan(x, True, None)
        start, exponent, apart = brute_force(x)
        # minimize_scalar finds a place of a flat minimum to the root of the rounding of its value
        assert x[place] == start and abs(1 + slope - exponent) < 1e-5 and abs(distance - apart) < 1e-6
    for u in (-700.0, -3.0, -1e-5, 0.0, 1e-3, 40.0, 1e6):
        assert abs(tail_fit.rate(tail_fit.mean_share(u) * 2.0, 2.0) * 2 - u) < 1e-7 * max(1, abs(u)), u
    found = tail_fit.part_below(tail_fit.quantile(0.3, -2.0, 5.0), -2.0, 5.0)
    assert abs(found - 0.3) < 1e-12


def check_archive(path):
    """Without an end the fit is that of the C program, start by start."""
    told, refused = 0, 0
    for name in ("trained", "flowed"):
        data = sweep.open_sweep(path, name)
        for place in np.ndindex(data["tail_exponent"].shape):
            values, stored = data["eigenvalues"].values[place], data["tail_exponent"].values[place]
            x = np.sort(values[values > 0])
            found = tail_fit.scan(x, False, None)
            if found is None or len(x) - found[0] < tail_fit.LEAST:
                assert np.isnan(stored) and np.isnan(data["tail_exponent_error"].values[place]), (place, stored)
                refused += 1
            else:
                assert abs(1 + found[1] - stored) < 1e-9 * stored, (place, found, stored)
                told += 1
            if np.isfinite(data["stable_rank"].values[place]):
                # series of a flow are numbers to about 1e-12
                assert abs((x ** 2).sum() / x[-1] ** 2 / data["stable_rank"].values[place] - 1) < 1e-9, len(x)
    assert told >= 1 and refused >= 6, (told, refused)


def coverage(end, limited, seeds=30):
    """How often 95 % of the bootstrap hold the truth; the mean exponent; bootstrap over true deviation."""
    inside, exponents, errors = 0, [], []
    for seed in range(seeds):
        x = sample(1000 + seed, end)
        found = tail_fit.again(x, limited, 30, 60, np.random.default_rng(seed))
        low, high = np.quantile(found, [0.025, 0.975])
        inside += low <= TRUTH <= high
        errors.append(found.std())
        exponents.append(1 + tail_fit.scan(x, limited, None)[1])
    return inside / seeds, np.mean(exponents), np.mean(errors) / np.std(exponents)


def check_coverage():
    """Intervals of 95 % hold the truth: of 30, 24 or fewer would be an accident of 1e-3 at 95 % (binomial).
    Errors are right within two: a deviation of 30 samples is known to 13 %, and choosing the start anew
    makes the bootstrap a third wider.  A law that ends is taken for a steeper one where its end is not respected."""
    for end in (np.inf, 30.0):
        share, mean, ratio = coverage(end, True)
        assert share > 0.8 and abs(mean - TRUTH) < 0.1 and 0.6 < ratio < 2, (end, share, mean, ratio)
    share, mean, _ = coverage(30.0, False)
    assert share < 0.5 and mean > TRUTH + 0.1, (share, mean)


def check_laws():
    """The ratio knows an exponential from a power law, and the test of the fit refuses the former."""
    power = tail_fit.fit(sample(3, np.inf), draws=40)
    assert power.exponential.z > 2 and power.p > 0.05, power
    assert abs(power.exponent - TRUTH) < 4 * power.error and power.low < power.exponent < power.high, power
    # the lognormal law has the power law as a limit: it is never worse, and hardly better where that is the truth
    assert -5 < power.lognormal.ratio < 1e-3, power
    generator = np.random.default_rng(4)
    x = np.sort(1 + generator.exponential(1, 1500))
    exponential, lognormal = tail_fit.compare(x, None, True)
    assert exponential.z < -3 and exponential.p < 0.01 and lognormal.ratio < -5, (exponential, lognormal)
    y, width = np.log(x[1:-1]), np.log(x[-1])    # the likelihood of a truncated normal law, by SciPy
    best = tail_fit.lognormal_density(y, width).sum()
    for centre in np.linspace(-1, 1.5, 26):
        for scale in np.geomspace(0.2, 2, 24):
            law = stats.truncnorm((0 - centre) / scale, (width - centre) / scale, centre, scale)
            assert law.logpdf(y).sum() < best + 1e-6, (centre, scale)


def check_refusals():
    """No exponent from few values, with the reason."""
    few = tail_fit.fit(sample(5, np.inf, 30, 10))
    short = tail_fit.fit(np.concatenate([np.exp(np.random.default_rng(6).exponential(1.2, 30)) * 50,
                                         np.random.default_rng(7).uniform(0.9, 1, 200)]))
    same = tail_fit.fit(np.ones(100))
    for found, word in ((few, "40 positive values, below 50"), (short, "values in the tail, below 50"),
                        (same, "alike"), (tail_fit.fit(np.zeros(100)), "0 positive")):
        assert word in found.reason and np.isnan([found.exponent, found.error, found.p]).all(), found
    assert tail_fit.fit(sample(5, np.inf), draws=0).reason == ""


def check_correlation():
    """SciPy's rank correlation, ties included; the interval holds the truth; at fixed n what n explains is gone."""
    generator = np.random.default_rng(8)
    x, y = generator.integers(0, 6, 80).astype(float), generator.normal(size=80)
    assert abs(tail_fit.rank_correlation(x, y) - stats.spearmanr(x, y).statistic) < 1e-12
    truth = 6 / np.pi * np.arcsin(0.6 / 2)      # Spearman's of two normal ones of correlation 0.6
    inside = 0
    for seed in range(30):
        a, b = np.random.default_rng(seed).multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 100).T
        found = tail_fit.correlation(a, b, draws=200)
        assert abs(found.rho - stats.spearmanr(a, b).statistic) < 1e-12
        inside += found.low <= truth <= found.high
    assert inside > 24, inside      # as above
    n = np.repeat([1.0, 2.0, 3.0, 4.0], 40)
    a, b = n + 0.1 * generator.normal(size=160), n + 0.1 * generator.normal(size=160)
    whole, fixed = tail_fit.correlation(a, b), tail_fit.correlation(a, b, n)
    # ranks of 40 unrelated values: a deviation of 1/sqrt(39) each, half of it for the mean of four
    assert whole.low > 0.8 and abs(fixed.rho) < 4 * 0.5 / np.sqrt(39) and fixed.low < 0 < fixed.high, (whole, fixed)
    parts = [stats.spearmanr(a[n == k], b[n == k]).statistic for k in np.unique(n)]
    assert abs(fixed.rho - np.mean(parts)) < 1e-12
    assert np.isnan(tail_fit.correlation([1, 2, np.nan, 3], [1, 2, 3, 4]).rho)
    # two seeds that say the same are one point: the interval stays, where as two networks it would shrink by 0.7
    once, twice = tail_fit.correlation(x, y), tail_fit.correlation(*np.tile([x, y], 2), points=np.tile(np.arange(80), 2))
    assert np.allclose(list(vars(once).values())[:3], list(vars(twice).values())[:3]) and twice.count == 160
    alone = tail_fit.correlation(*np.tile([x, y], 2))
    assert alone.high - alone.low < 0.85 * (once.high - once.low)


def check_figure(path):
    """Marks are the networks; an archive of trainings alone is drawn."""
    figure = saved(fig_tail_exponent, path)["tail_fit_trained"]
    found, fits = fig_tail_exponent.networks(sweep.over(
        sweep.open_all(path, "training", fig_tail_exponent.FITTED)["trained"], "seed",
        *fig_tail_exponent.AXES).isel(source_exponent=0, drop=True))
    assert len(fits) == 12 and len(figure.axes) >= 2
    axes = next(axes for axes in figure.axes if axes.get_ylabel() == "stable rank")
    drawn = np.concatenate([line.get_ydata() for line in axes.lines if line.get_marker() in "osD^"])
    assert np.allclose(np.sort(drawn), np.sort(found["stable_rank"]))
    assert "Spearman of 12 networks" in axes.get_title()


def main():
    check_brute_force()
    check_refusals()
    check_correlation()
    check_laws()
    check_coverage()
    with tempfile.TemporaryDirectory() as folder:
        path = archive(folder, "trained", TRAINED)
        check_archive(path)
        check_figure(path)


main()
