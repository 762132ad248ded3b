"""What is done with an archive by hand: see the package's own text for an example."""
import builtins
import collections
import csv

import numpy as np
import xarray as xr

from . import sweep
from .errors import GridError, MissingError
from .names import key_of

Exponent = collections.namedtuple("Exponent", "value error points")

EQUAL = 1e-9  # relative: numbers that a grid and a text make of the same value
WHOLE = {"seed", "depth", "block_size"}  # nothing lies between two of them
THE_WAY = {"outcome", "seconds", "iterations", "residual", "gap"}  # how a result was reached, not what it is
UNKNOWN_TO_THEORY = {"features", "degrees_of_freedom", "sparse_share", "signs", "rotated", "linear_unit"}


class Archive(dict):
    """{name of a sweep: dataset}, in the order of the file."""

    def __getattr__(self, name):
        raise AttributeError(f"no {name} of a whole archive: take one of its sweeps, {', '.join(self)}")

    def __repr__(self):
        rows = [f"  {name}: {data.attrs['model']}, {data.attrs['method']}, "
                + " x ".join(f"{key} {data.sizes[key]}" for key in data["outcome"].dims)
                for name, data in self.items()]
        return "\n".join(["<phasesweep archive>", *rows])


def open(path, name=None, fields=None):  # noqa: A001  (phasesweep.open, as xarray and h5py have theirs)
    """One sweep of an archive as an xarray.Dataset over the axes of its job; without a name all of them, as
    a dictionary {name: dataset} that prints as a tree.

    fields  names to load, None: all.  The physical n, lambda, ... (`resolved_samples`, ...) always come.

    Every field has the shape of the axes (series one more) and attributes units, symbol, long_name; it is NaN
    where the point is not finished or did not converge (`outcome` says which).  Raises ArchiveError or
    MissingError.

    >>> open(archive)
    <phasesweep archive>
      line: quadratic, state_evolution, samples_effective_power 9
      map: quadratic, state_evolution, source_exponent 2 x samples_effective_power 6 x weight_decay_power 5
      physical: quadratic, state_evolution, samples 3
    >>> data = open(archive, "map", fields=["risk"])
    >>> data.risk.dims, data.risk.shape, data.risk.attrs["symbol"]
    (('source_exponent', 'samples_effective_power', 'weight_decay_power'), (2, 6, 5), 'R')
    >>> open(archive, "mop")                                          # doctest: +ELLIPSIS
    Traceback (most recent call last):
    phasesweep.errors.MissingError: ...no sweep mop; it has line, map, physical
    """
    path = str(path)
    if name is None:
        return Archive((one, open(path, one, fields)) for one in sweep.sweep_names(path))
    if fields is not None:
        fields = [*fields, *sweep.physical_fields(path, name)]
    return sweep.open_sweep(path, name, fields=fields).assign_attrs(archive=path, sweep=name)


# ---- values ---------------------------------------------------------------------------------------------


def physical_values(data, key):
    """A quantity as a plain number at every point, whatever the axis is written in: samples, weight_decay,
    nuclear_weight, width, dimension, ... or its symbol.  Over those axes on which it depends; of no axis if it
    is one number.

    >>> data = open(archive, "map", fields=["risk"])
    >>> physical_values(data, "n").values.astype(int)      # n_eff = d^0 ... d^2 at d = 100
    array([    100,     630,    3981,   25118,  158489, 1000000])
    >>> float(physical_values(data, "d"))
    100.0
    """
    key = key_of(key)
    for name in (f"resolved_{key}", key):
        if name in data.variables:
            return reduced(data[name])
    if key in data.attrs:
        return xr.DataArray(data.attrs[key])
    raise MissingError(f"no axis {key}; there are {', '.join(known_keys(data))}")


def known_keys(data):
    """Keys that physical_values takes."""
    resolved = [name.removeprefix("resolved_") for name in data.variables if name.startswith("resolved_")]
    plain = [name for name in data.dims if name in data.coords
             and data[name].attrs.get("form", "number") == "number"]
    return sorted({*resolved, *plain, *(set(data.attrs) & {"dimension", "noise", "source_exponent", "seed"})})


def reduced(values):
    """Without the axes along which nothing changes; a hole takes the value that its neighbours have."""
    if values.dtype.kind not in "fiu":
        return values
    for dim in values.dims:
        low, high = values.min(dim), values.max(dim)
        if values.sizes[dim] == 1 or not bool((high - low > EQUAL * abs(high)).any()):
            values = high if dim not in values.coords or values.name != dim else values
    return values.drop_vars([name for name in values.coords if name not in values.dims])


def nearest(values, wanted, key):
    """Index of the value of a line that is nearest, by ratio where all are positive; GridError outside the
    line by more than half of the step at that end."""
    numbers = values.values
    if numbers.dtype.kind not in "fiu":
        found = np.flatnonzero(numbers == wanted)
        if len(found) == 0:
            raise GridError(f"{key} = {wanted}; the grid has {', '.join(map(str, numbers))}")
        return int(found[0])
    positive = np.nanmin(numbers) > 0 and wanted > 0
    x, target = (np.log(numbers), np.log(wanted)) if positive else (numbers.astype(float), wanted)
    line = np.unique(x[np.isfinite(x)])
    below, above = (0.5 * (line[1] - line[0]), 0.5 * (line[-1] - line[-2])) if len(line) > 1 else (0.0, 0.0)
    rounding = EQUAL * max(1.0, abs(target))
    if not line[0] - below - rounding <= target <= line[-1] + above + rounding:
        raise GridError(f"{key} = {wanted:g} is off the grid, which goes from "
                        f"{np.nanmin(numbers):g} to {np.nanmax(numbers):g}")
    return int(np.nanargmin(np.abs(x - target)))


def select(data, **values):
    """The part of a sweep at physical values, each the nearest of the grid: select(data, samples=16000,
    weight_decay=0.1), or by symbol (n, d, gamma, lambda_, lambda_tilde, p, Delta).  The axes given are gone;
    coordinates tell which values were met.

    A weight decay that is another at every n (a multiple of sqrt(n_eff/d)) is looked up after n was chosen.
    Raises GridError for a value more than half a step (the one at that end) outside the grid, MissingError for
    an unknown key.

    >>> data = open(archive, "map", fields=["risk"])
    >>> one = select(data, gamma=1.25, n=16000, lambda_=0.9)
    >>> one.risk.shape, int(one.resolved_samples), float(one.resolved_weight_decay)
    ((), 25118, 1.0)
    >>> select(data, n=1e9)
    Traceback (most recent call last):
    phasesweep.errors.GridError: samples = 1e+09 is off the grid, which goes from 100 to 1e+06
    """
    waiting = {key_of(key): wanted for key, wanted in values.items()}
    while waiting:
        lines = {key: physical_values(data, key) for key in waiting}
        ready = [key for key, line in lines.items() if line.ndim <= 1]
        if not ready:
            key, line = next(iter(lines.items()))
            raise GridError(f"{key} depends on {', '.join(line.dims)}: give one of them, too")
        key = ready[0]
        wanted, line = waiting.pop(key), lines[key]
        at = nearest(line if line.ndim else line.expand_dims("point"), wanted, key)
        if line.ndim:
            data = data.isel({line.dims[0]: at})
    return data


def mask(data, where=None, **words):
    """The same with NaN in every field where a condition does not hold.

    where  boolean DataArray over axes of the sweep, as data.risk < 1
    words  of a field of words, one or a list: mask(data, phase_predicted=["II", "III"])

    `outcome`, physical values and axes stay.  Raises MissingError for a word that the field does not know.

    >>> data = open(archive, "map")
    >>> int(mask(data, phase_predicted="II").risk.count()), int(data.risk.count())
    (10, 60)
    >>> mask(data, phase_predicted="VII")
    Traceback (most recent call last):
    phasesweep.errors.MissingError: phase_predicted is never VII; it may be none, undefined, Ia, Ib, II, III, IV, V, VIa, VIb
    """
    keep = xr.DataArray(True) if where is None else where
    for field, wanted in words.items():
        if field not in data:
            raise MissingError(f"no field {field}")
        codes = sweep.flag_codes(data[field])
        wanted = [wanted] if isinstance(wanted, str) else list(wanted)
        for word in wanted:
            if word not in codes:
                raise MissingError(f"{field} is never {word}; it may be {', '.join(codes)}")
        keep = keep & data[field].isin([codes[word] for word in wanted])
    data = data.copy()
    for field in set(data.data_vars) - sweep.KEPT:
        attributes = data[field].attrs
        data[field] = data[field].where(keep)
        data[field].attrs = attributes
    return data


# ---- numbers ----------------------------------------------------------------------------------------------


def fit_exponent(data, window=None, x="samples", y="risk"):
    """The local exponent d log y / d log x of one line of a sweep, by least squares: Exponent(value, error,
    points).

    window  (least, most) of the physical x, None: the whole line
    x       samples, weight_decay, width, dimension, ... or a symbol
    y       a field

    The error is one standard deviation, from the scatter about the straight line: of trainings (select one
    seed, or average over them, before) it is their noise, of theory, which has none, what the line bends in
    the window.  Of a refined sweep (job key `refine`) the computed points of the line enter, `points` of them, which are
    denser where phases meet.  Raises GridError unless the part is a line with 3 positive points in the window.

    >>> line = open(archive, "line", fields=["risk"])
    >>> slope = fit_exponent(line, window=(1e3, 1e5))
    >>> round(slope.value, 2), slope.error < 0.1, slope.points
    (-0.87, True, 5)
    >>> fit_exponent(line, window=(1, 2))
    Traceback (most recent call last):
    phasesweep.errors.GridError: 0 points of risk with samples from 1 to 2; at least 3 are wanted
    """
    key = key_of(x)
    if y not in data:
        raise MissingError(f"no field {y}")
    values, at = data[y], physical_values(data, key)
    if values.ndim != 1:
        raise GridError(f"{y} varies along {', '.join(values.dims) or 'nothing'}; select one line first")
    if at.dims != values.dims:
        raise GridError(f"{key} does not vary along {values.dims[0]}")
    low, high = (-np.inf, np.inf) if window is None else window
    horizontal, vertical = np.asarray(at, float), np.asarray(values, float)
    good = (horizontal >= low) & (horizontal <= high) & (horizontal > 0) & (vertical > 0)
    if good.sum() < 3:
        refined = "" if data.attrs.get("refine", "none") == "none" else (
            "; the sweep is refined (refine): few points of this line are computed, ask for it without refine")
        raise GridError(f"{good.sum()} points of {y} with {key} from {low:g} to {high:g}; at least 3 are wanted" + refined)
    u, v = np.log(horizontal[good]), np.log(vertical[good])
    u -= u.mean()
    spread = float(u @ u)
    if spread == 0.0:
        raise GridError(f"{key} has one value in the window")
    slope = float(u @ v) / spread
    rest = v - v.mean() - slope * u
    return Exponent(slope, float(np.sqrt(rest @ rest / (len(u) - 2) / spread)), len(u))


# ---- two archives -------------------------------------------------------------------------------------------


def axis_values(data, dim, plain):
    """The coordinate of an axis, or, for `plain`, its physical values."""
    key = data[dim].attrs.get("axis_key", dim)
    if not plain or data[dim].attrs.get("form", "number") == "number":
        return data[dim].values
    values = physical_values(data, key)
    if values.dims != (dim,):
        raise GridError(f"{key} is another at every {', '.join(set(values.dims) - {dim})}; select first")
    return values.values


def partner(data, other, dim):
    """(axis of `other` that has the key of data's `dim`, whether their forms differ, other with that axis)."""
    key = data[dim].attrs.get("axis_key", dim)
    if dim in other.dims:
        return dim, False, other
    for name in other.dims:
        if name in other.coords and other[name].attrs.get("axis_key", name) == key:
            return name, True, other
    if key in other.attrs:
        return key, True, sweep.axis(other, key)
    raise GridError(f"the second sweep has no axis {key}")


def interpolated(values, axis, known, wanted, whole=False):
    """values along one axis at other places: exact on the grid, by logarithms between, NaN outside; words, and
    what is `whole`, are on the grid or NaN."""
    order = np.argsort(known)
    known, values = np.asarray(known)[order], np.take(values, order, axis)
    if whole or known.dtype.kind not in "fiu":
        at = [np.flatnonzero(known == word) for word in wanted]
        return np.stack([np.take(values, k[0], axis) if len(k) else np.full_like(np.take(values, 0, axis), np.nan)
                         for k in at], axis)
    known, wanted = known.astype(float), np.array(wanted, float)
    for value in known:  # what a text and a power make of one number
        wanted[np.abs(wanted - value) <= EQUAL * abs(value)] = value
    if known.min() > 0 and wanted.min() > 0:
        known, wanted = np.log(known), np.log(wanted)
    positive = np.nanmin(values) > 0
    line = np.log(values) if positive else values
    found = np.apply_along_axis(lambda row: np.interp(wanted, known, row, np.nan, np.nan), axis, line)
    found = np.moveaxis(np.exp(found) if positive else found, axis, 0)
    for k, value in enumerate(wanted):  # logarithm and back would change the last digit
        for same in np.flatnonzero(known == value):
            found[k] = np.take(values, same, axis)
    return np.moveaxis(found, 0, axis)


def compare(a, b, field="risk"):
    """b/a - 1 of a field, on the grid of `a`: 0 where both agree, NaN where one has nothing.

    The grids may differ.  Axes of the same form are matched by their values, others (powers of d against
    plain numbers) by the physical ones; between grid points of `b` its logarithm is interpolated (not along
    seed, depth and block_size), outside it is NaN.  An axis that only one has must be one number in the other;
    one that only `b` has is interpolated to the number of `a`.

    Raises GridError where the two have no axis in common, `a` has no one number for an axis of `b` or one
    outside it, or they are different problems: another model, dimension, noise, ...  What theory does not
    know (seed, method, features, signs, rotated) may differ if only one gives it, method and seed always.

    >>> coarse, fine = open(archive, "line"), open(archive, "line")
    >>> float(abs(compare(coarse, fine)).max())
    0.0
    >>> fine = fine.isel(samples_effective_power=slice(0, None, 2))
    >>> bool(abs(compare(coarse, fine)).max() < 0.3)     # every second one interpolated
    True
    >>> compare(coarse, fine.assign_attrs(noise=0.2))
    Traceback (most recent call last):
    phasesweep.errors.GridError: noise is 0.1 in the first sweep and 0.2 in the second
    """
    values = a[field]
    dims, extra = [], b
    for dim in values.dims:
        name, plain, extra = partner(a, extra, dim)
        dims.append((dim, name, plain))
    same_problem(a, extra)
    places = [(name, axis_values(extra, name, plain), axis_values(a, dim, plain)) for dim, name, plain in dims]
    places += one_number(a, extra, [name for name, _, _ in places])
    other = extra[field].transpose(*[name for name, _, _ in places]).values
    for axis, (name, known, wanted) in enumerate(places):
        other = interpolated(other, axis, known, wanted, name in WHOLE)
    result = other.reshape(values.shape) / values - 1
    result.name = f"{field}_deviation"
    result.attrs = {"long_name": f"{field} of the second over that of the first, less 1", "units": "1"}
    return result


def one_value(data, key):
    """The number or word that a sweep has for a key, whatever its form; None if it has none, or several."""
    try:
        values = physical_values(data, key)
    except MissingError:
        return sweep.given(data, key)
    value = values.item() if values.ndim == 0 else None
    return None if value != value else value


def is_equal(first, second):
    """Words alike, numbers to EQUAL."""
    if isinstance(first, str) or isinstance(second, str):
        return first == second
    return abs(first - second) <= EQUAL * max(abs(first), abs(second))


def same_problem(a, b):
    """GridError if the two give different values for one key."""
    for key in ("model", *sorted(sweep.AXIS_KEYS - {"seed"}), "signs", "rotated", "linear_unit", "data", "target"):
        if key in UNKNOWN_TO_THEORY and not (key in a.attrs and key in b.attrs):
            continue
        first, second = one_value(a, key), one_value(b, key)
        if first is not None and second is not None and not is_equal(first, second):
            raise GridError(f"{key} is {first} in the first sweep and {second} in the second")


def one_number(a, b, kept):
    """[(axis, its values, [the number of `a`])] of the axes of b that a has as one number."""
    places = []
    for dim in [name for name in b["outcome"].dims if name not in kept]:
        key = b[dim].attrs.get("axis_key", dim)
        wanted = one_value(a, key)
        if wanted is None:
            raise GridError(f"the first sweep has no one {key}; select one value in the second")
        known = axis_values(b, dim, plain=True)
        if known.dtype.kind not in "fiu" or dim in WHOLE:
            inside = wanted in known
        else:
            low, high = known.min(), known.max()
            inside = low <= wanted <= high or is_equal(low, wanted) or is_equal(high, wanted)
        if not inside:
            raise GridError(f"{key} is {wanted} in the first sweep; the second has {', '.join(map(str, known))}")
        places.append((dim, known, [wanted]))
    return places


def merge(*sweeps, tolerance=EQUAL):
    """Several sweeps of one model and method over the axes that they share, as one dataset: a point comes from
    the first that has finished it.  What a job can vary (seed, noise, depth, ...) and differs between them becomes
    an axis; anything else that tells problems apart and differs is refused.  Fields that only one has are
    kept.  Points finished twice must agree to the relative tolerance, but for iterations, residual, gap and
    seconds; else GridError.

    In memory; `phasesweep merge` joins files.

    >>> data = open(archive, "line")
    >>> left, right = (data.isel(samples_effective_power=part) for part in (slice(0, 5), slice(3, None)))
    >>> bool(merge(left, right).risk.equals(data.risk))
    True
    >>> merge(data, data.assign_attrs(depth=2.0)).outcome.sizes["depth"]
    2
    >>> merge(data, data.assign_attrs(signs="random"))
    Traceback (most recent call last):
    phasesweep.errors.GridError: signs differs: positive, random
    """
    if not sweeps:
        raise GridError("nothing to merge")
    physical = {name for data in sweeps for name in data.coords if name not in data.dims}
    keys = differing(sweeps)
    whole = None
    for data in sweeps:
        # physical values are those of the grid, whatever is finished
        data = data.reset_coords([n for n in data.coords if n not in data.dims]).drop_vars(
            ["checksum", "attempts"], errors="ignore")
        for key in keys:
            if key not in data.dims:
                value = sweep.given(data, key)
                if value is None:
                    raise GridError(f"a sweep has no one {key}, along which others differ")
                data = data.drop_vars(key, errors="ignore").expand_dims({key: [value]})
        whole = data if whole is None else joined(whole, data, tolerance)
    attrs = {key: value for data in reversed(sweeps) for key, value in data.attrs.items()}
    whole.attrs = {key: value for key, value in attrs.items()
                   if key not in keys and all(data.attrs.get(key, value) == value for data in sweeps)}
    return whole.set_coords([name for name in physical if name in whole])


def differing(sweeps):
    """Keys that become axes, as they differ; GridError if one differs that no job can vary."""
    found = []
    for key in sorted({key for data in sweeps for key in {*data.attrs, *data.dims}} - sweep.BOOKKEEPING):
        varied = [key in data.dims for data in sweeps]
        values = [sweep.given(data, key) for data in sweeps]
        if all(varied) or not any(varied) and all(value == values[0] for value in values):
            continue
        if key in sweep.AXIS_KEYS:
            found.append(key)
        elif not any(varied):
            raise GridError(f"{key} differs: {', '.join(sorted(set(map(str, values))))}")
    return found


def worth(outcome, codes):
    """3 of a result, 2 of what ended without one, 1 of what runs, 0 of what never ran, -1 off the grid."""
    good = outcome.isin([codes[name] for name in ("converged", "stationary") if name in codes])
    found = xr.where(good, 3, 2)
    found = xr.where(outcome == codes["running"], 1, found)
    found = xr.where(outcome.isin([codes[word] for word in ("never_run", "not_asked") if word in codes]), 0, found)
    return xr.where(outcome.isnull(), -1, found)


def joined(first, second, tolerance):
    """Two sweeps over the same axes; see merge."""
    if set(first["outcome"].dims) != set(second["outcome"].dims):
        raise GridError(f"axes differ: {', '.join(first['outcome'].dims)} and {', '.join(second['outcome'].dims)}")
    codes = sweep.flag_codes(first["outcome"]) | sweep.flag_codes(second["outcome"])
    one, two = xr.align(first, second, join="outer", fill_value=np.nan)
    better = worth(two["outcome"], codes) > worth(one["outcome"], codes)
    result = {}
    for field in [*first.data_vars, *(name for name in second.data_vars if name not in first)]:
        if field not in first or field not in second:
            result[field] = one[field] if field in first else two[field]
            continue
        a, b = one[field], two[field]
        if field not in THE_WAY and a.dtype.kind == "f":
            if bool((abs(a - b) > tolerance * np.maximum(abs(a), abs(b))).any()):
                raise GridError(f"{field} differs at points that both have")
        values = a.fillna(b)
        if field in sweep.KEPT and set(better.dims) <= set(a.dims):
            values = b.where(better, values)
        if field == "outcome":
            values = values.fillna(codes["never_run"]).astype(first[field].dtype)
        # codes are only ever appended: the longer list has those of an older archive, too
        attrs = max(first[field].attrs, second[field].attrs, key=lambda given: np.size(given.get("flag_values", [])))
        result[field] = values.assign_attrs(attrs)
    return xr.Dataset(result, attrs=first.attrs)


# ---- text -----------------------------------------------------------------------------------------------


def to_csv(data, path, fields=None):
    """One line a point: axes, physical values, then the fields (None: all, series left out); holes are empty.
    `outcome` and phases are their words.  Returns the number of points written.

    >>> import tempfile, pathlib
    >>> table = pathlib.Path(tempfile.mkdtemp(), "line.csv")
    >>> to_csv(open(archive, "line"), table, fields=["risk", "outcome"])
    9
    >>> table.read_text().splitlines()[0]
    'samples_effective_power,effective_samples,resolved_nuclear_weight,resolved_samples,resolved_weight_decay,resolved_width,risk,outcome'
    """
    dims = data["outcome"].dims
    physical = [name for name in data.variables if name.startswith("resolved_") or name == "effective_samples"]
    wanted = fields if fields is not None else [n for n in data.data_vars if n not in physical]
    for field in wanted:
        if field not in data.variables:
            raise MissingError(f"no field {field}")
    wanted = [field for field in wanted if set(data[field].dims) <= set(dims)]
    columns = {name: np.broadcast_to(data[name].values, data["outcome"].shape)
               if data[name].dims == dims else data[name].broadcast_like(data["outcome"]).transpose(*dims).values
               for name in [*dims, *physical, *wanted]}
    for name in wanted:
        if "flag_meanings" in data[name].attrs:
            words = {code: word for word, code in sweep.flag_codes(data[name]).items()}
            columns[name] = np.array([words.get(code, "") for code in columns[name].ravel()], object)
    rows = zip(*[np.ravel(column) for column in columns.values()])
    with builtins.open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([cell(value) for value in row] for row in rows)
    return int(data["outcome"].size)


def cell(value):
    """As text: nothing for a hole, numbers to the last digit."""
    if isinstance(value, str):
        return value
    return "" if value != value else repr(value.item() if hasattr(value, "item") else value)
