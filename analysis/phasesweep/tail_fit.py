"""Power-law tails of learned eigenvalues as they are fitted in practice, with what the fit is worth;
and the correlation of any statistic of a spectrum with the error of its network.

The tail is fitted by maximum likelihood from a start that minimises the Kolmogorov-Smirnov distance
(Clauset, Shalizi & Newman, SIAM Review 51, 661 (2009)), on an interval that ends at the largest value:
given the largest one the others are independent on [start, largest], so that a spectrum that ends is
not taken for one that falls steeply.  No exponent is given from fewer than LEAST values.  In the
logarithm a power law is an exponential law, and one equation serves both.

    from phasesweep import sweep, tail_fit
    data = sweep.open_sweep("my.h5", "trained", fields=["eigenvalues", "risk"])
    fit = tail_fit.fit(data.eigenvalues.isel(...).values)
"""
import dataclasses

import numpy as np
try:
    from scipy import optimize, special, stats
except ImportError as error:
    raise ImportError(f"{error}; on Debian run this with /usr/bin/python3 and python3-scipy installed") from error

LEAST = 50          # values in a tail whose exponent is given
SCANNED = 5         # values in the shortest tail whose distance is looked at
CANDIDATES = 60    # starts that are tried, evenly spaced in the size of the tail
DRAWS = 100         # of the bootstrap and of the test of the fit
STEPS = 60          # halvings of a bracket


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The power law against another law on the same values."""
    ratio: float = np.nan       # log-likelihood of the power law minus that of the other
    z: float = np.nan           # the same over its deviation (Vuong 1989): above 0 for the power law
    p: float = np.nan           # of so large a |z| if both are as far from the truth


@dataclasses.dataclass(frozen=True)
class TailFit:
    """density ~ x^-exponent on [start, most]; NaN where `reason` says why."""
    exponent: float = np.nan
    error: float = np.nan       # deviation over the bootstrap, in which the start is chosen anew
    low: float = np.nan         # 2.5 % and 97.5 % of the bootstrap
    high: float = np.nan
    start: float = np.nan
    most: float = np.nan        # the largest value; infinite where the tail has no end
    count: int = 0              # values from the start up
    distance: float = np.nan    # Kolmogorov-Smirnov
    p: float = np.nan           # share of samples of the fit itself that lie farther from their own fit
    exponential: Comparison = Comparison()
    lognormal: Comparison = Comparison()    # has the power law as a limit: its ratio is at most 0
    reason: str = ""


# ---- one law on an interval -----------------------------------------------------------------------

def mean_share(u):
    """Mean of the density ~ exp(-u y) on [0, 1], 1/u - 1/(exp(u) - 1)."""
    u = np.asarray(u, dtype=float)
    flat = np.abs(u) < 1e-4     # the series to u^3 is exact there to 1e-18
    safe = np.where(flat, 1.0, u)
    with np.errstate(over="ignore"):
        return np.where(flat, 0.5 - u / 12 + u ** 3 / 720, 1 / safe - 1 / np.expm1(safe))


def rate(mean, width):
    """Maximum likelihood of exp(-rate y) on [0, width] whose values have that mean, of any sign; 1/mean
    where the width is infinite."""
    mean, width = np.broadcast_arrays(np.asarray(mean, float), np.asarray(width, float))
    bounded = np.isfinite(width)
    share = np.where(bounded, mean / np.where(bounded, width, 1), 0.5)
    low, high = -1 / (1 - share), 1 / share     # mean_share(u) < 1/u, and mean_share(-u) = 1 - mean_share(u)
    for _ in range(STEPS):
        middle = (low + high) / 2
        above = mean_share(middle) > share      # it falls with u
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(bounded, (low + high) / 2 / np.where(bounded, width, 1), 1 / mean)


def part_below(y, slope, width):
    """Share of the density ~ exp(-slope y) on [0, width] that lies below y."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        flat = np.abs(slope) * np.where(np.isfinite(width), width, 1e300) < 1e-12
        whole = np.where(np.isfinite(width), np.expm1(-slope * width), -1.0)
        return np.where(flat, y / width, np.expm1(-slope * y) / whole)


def log_density(y, slope, width):
    """Of the same, at values of y."""
    if np.isinf(width):
        return np.log(slope) - slope * y
    u = slope * width           # slope / (1 - exp(-u)), of any sign
    return -slope * y + (0.0 if abs(u) < 1e-12 else np.log(u / -np.expm1(-u))) - np.log(width)


def quantile(share, slope, width):
    """The y below which that share lies."""
    if np.isinf(width):
        return -np.log1p(-share) / slope
    return share * width if abs(slope * width) < 1e-12 else -np.log1p(share * np.expm1(-slope * width)) / slope


# ---- where the tail starts ------------------------------------------------------------------------

def candidates(x, tries):
    """Places in the ascending x where a tail may start: not within equal values."""
    first = np.flatnonzero(np.concatenate([[True], x[1:] > x[:-1]]))
    first = first[(len(x) - first >= SCANNED) & (x[first] < x[-1])]
    if tries is None or len(first) <= tries:
        return first
    return first[np.unique(np.linspace(0, len(first) - 1, tries).round().astype(int))]


def scan(x, limited, tries):
    """(place, exponent - 1, distance) of the start whose tail is closest to a power law; None if there is
    none.  x ascending and positive; limited: the largest value is the end of the interval."""
    logs = np.log(x)
    inner = logs[:-1] if limited else logs
    sums = np.concatenate([np.cumsum(inner[::-1])[::-1], [0.0]])
    at = candidates(x, tries)
    at = at[inner[-1] > logs[at]]               # else all values but the end are at the start
    if len(at) == 0:
        return None
    counts = len(inner) - at
    width = logs[-1] - logs[at] if limited else np.full(len(at), np.inf)
    mean = sums[at] / counts - logs[at]
    slope = rate(mean, width)
    below = part_below(np.maximum(inner - logs[at][:, None], 0.0), slope[:, None], width[:, None])
    rank = np.arange(len(inner)) - at[:, None]
    apart = np.maximum(np.abs(rank / counts[:, None] - below), np.abs((rank + 1) / counts[:, None] - below))
    distance = np.where(rank >= 0, apart, 0.0).max(axis=1)
    best = int(distance.argmin())
    return int(at[best]), float(slope[best]), float(distance[best])


# ---- what the fit is worth ------------------------------------------------------------------------

def again(x, limited, tries, draws, generator):
    """Exponents of samples drawn from the values themselves, each with its own start; the largest value,
    where it is the end, stays."""
    found, ends = [], 1 if limited else 0
    for _ in range(draws):
        drawn = generator.choice(x[:len(x) - ends], len(x) - ends)
        best = scan(np.sort(np.concatenate([drawn, x[len(x) - ends:]])), limited, tries)
        if best is not None:
            found.append(1 + best[1])
    return np.array(found)


def plausibility(x, best, limited, tries, draws, generator):
    """Clauset's p: below the start the values themselves, above it the fitted law."""
    place, slope, distance = best
    start, ends = x[place], [x[-1]] if limited else []
    width = np.log(x[-1] / start) if limited else np.inf
    farther = 0
    for _ in range(draws):
        tail = generator.binomial(len(x) - len(ends), (len(x) - len(ends) - place) / (len(x) - len(ends)))
        body = generator.choice(x[:place], len(x) - len(ends) - tail) if place > 0 else []
        drawn = start * np.exp(quantile(generator.random(tail if place > 0 else len(x) - len(ends)), slope, width))
        other = scan(np.sort(np.concatenate([body, drawn, ends])), limited, tries)
        farther += other is not None and other[2] >= distance
    return farther / draws


def vuong(mine, other):
    """From the log-likelihoods of every value."""
    apart = mine - other
    spread = np.std(apart) * np.sqrt(len(apart))
    if not spread > 0:
        return Comparison(float(apart.sum()))
    z = float(apart.sum() / spread)
    return Comparison(float(apart.sum()), z, float(special.erfc(abs(z) / np.sqrt(2))))


def lognormal_density(y, width):
    """Log-likelihood of every logarithm y under the best normal law on [0, width]."""
    def value(parameters):
        centre, scale = parameters[0], np.exp(parameters[1])
        high, low = (width - centre) / scale, -centre / scale
        if low > 0:             # from the other side, where the shares of the law are not all 1
            high, low = -low, -high
        whole, part = special.log_ndtr(high), special.log_ndtr(low)
        return (-0.5 * ((y - centre) / scale) ** 2 - np.log(scale) - 0.5 * np.log(2 * np.pi) - whole
                - np.log(-np.expm1(part - whole)))

    def cost(parameters):
        with np.errstate(all="ignore"):
            total = -value(parameters).sum()
        return total if np.isfinite(total) else 1e300

    starts = [(np.mean(y), np.log(np.std(y))), (-2 * np.mean(y), np.log(2 * np.mean(y)))]
    found = [optimize.minimize(cost, start, method="Nelder-Mead",
                               options={"maxiter": 4000, "xatol": 1e-8, "fatol": 1e-10}) for start in starts]
    return value(min(found, key=lambda result: result.fun).x)


def compare(x, slope, limited):
    """The tail x, ascending, against an exponential and a lognormal law on the same interval.  The start is
    where the interval begins and no value of it, as the largest is none."""
    tail = x[1:-1] if limited else x[1:]
    y, width = np.log(tail / x[0]), np.log(x[-1] / x[0]) if limited else np.inf
    mine = log_density(y, float(rate(y.mean(), width)), width) - np.log(tail)
    length = x[-1] - x[0] if limited else np.inf
    offset = tail - x[0]
    exponential = log_density(offset, float(rate(offset.mean(), length)), length)
    return vuong(mine, exponential), vuong(mine, lognormal_density(y, width) - np.log(tail))


def fit(values, limited=True, tries=CANDIDATES, draws=DRAWS, seed=0):
    """A TailFit of the positive ones among the values; draws=0: no errors.  limited=False is the plain fit
    without an end, that of the archive's tail_exponent; tries=None: every start."""
    x = np.sort(np.asarray(values, dtype=float)[np.asarray(values, dtype=float) > 0])
    best = scan(x, limited, tries) if len(x) >= LEAST else None
    if best is None:
        return TailFit(count=len(x), reason=f"{len(x)} positive values, below {LEAST}" if len(x) < LEAST
                       else "all values are alike")
    place, slope, distance = best
    there = dict(start=float(x[place]), most=float(x[-1]) if limited else np.inf, count=len(x) - place,
                 distance=distance)
    if there["count"] < LEAST:
        return TailFit(**there, reason=f"{there['count']} values in the tail, below {LEAST}")
    generator = np.random.default_rng(seed)
    exponential, lognormal = compare(x[place:], slope, limited)
    there.update(exponent=1 + slope, exponential=exponential, lognormal=lognormal)
    if draws > 0:
        found = again(x, limited, tries, draws, generator)
        there.update(error=float(found.std(ddof=1)), low=float(np.quantile(found, 0.025)),
                     high=float(np.quantile(found, 0.975)),
                     p=plausibility(x, best, limited, tries, draws, generator))
    return TailFit(**there)


# ---- correlation with the error -------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Correlation:
    """Spearman's, with 95 % of the bootstrap; NaN below 4 networks."""
    rho: float = np.nan
    low: float = np.nan
    high: float = np.nan
    count: int = 0


def rank_correlation(x, y):
    """NaN where either is constant."""
    a, b = stats.rankdata(x), stats.rankdata(y)
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return np.nan
    return float(np.corrcoef(a, b)[0, 1])


def within(x, y, groups):
    """Mean of the rank correlations within the groups, each by the number of its networks but one."""
    parts = [groups == group for group in np.unique(groups)]
    rho = np.array([rank_correlation(x[part], y[part]) for part in parts])
    weight = np.array([part.sum() - 1.0 for part in parts])
    good = np.isfinite(rho) & (weight > 0)
    return float((rho * weight)[good].sum() / weight[good].sum()) if good.any() else np.nan


def correlation(x, y, groups=None, points=None, draws=1000, seed=0):
    """Of a statistic with an error, over all networks or, given groups, at fixed group: the bootstrap then
    draws within each.  Networks of one point, which differ in their seeds alone, are drawn together: they
    are no further evidence.  Where either is not finite the network is left out."""
    x, y = np.ravel(x).astype(float), np.ravel(y).astype(float)
    good = np.isfinite(x) & np.isfinite(y)
    groups = np.zeros(len(x)) if groups is None else np.ravel(groups)
    points = np.arange(len(x)) if points is None else np.ravel(points)
    x, y, groups, points = x[good], y[good], groups[good], points[good]
    if len(x) < 4:
        return Correlation(count=len(x))
    generator = np.random.default_rng(seed)
    members = [[np.flatnonzero((groups == group) & (points == point)) for point in np.unique(points[groups == group])]
               for group in np.unique(groups)]
    found = []
    for _ in range(draws):
        at = np.concatenate([parts[k] for parts in members for k in generator.integers(len(parts), size=len(parts))])
        found.append(within(x[at], y[at], groups[at]))
    found = np.array(found)[np.isfinite(found)]
    low, high = np.quantile(found, [0.025, 0.975]) if len(found) else (np.nan, np.nan)
    return Correlation(within(x, y, groups), float(low), float(high), len(x))
