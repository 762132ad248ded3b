"""The one reader of archives: a sweep as an xarray dataset, unfinished points masked.

    from phasesweep import sweep
    data = sweep.open_sweep("out.h5", "quadratic")
    data.risk.sel(source_exponent=1.25)
"""
import h5py
import numpy as np
import xarray as xr

from .errors import ArchiveError, MissingError, PhasesweepError

# known before a point is solved, or about its solution rather than part of it
KEPT = {"outcome", "attempts", "checksum", "effective_samples", "seconds"}


# {sweep: how many points are not there yet}, of the sweeps opened so far
unfinished = {}


# wrong input, in one line; style.main adds the job whose archive would do and exits with 2
Refusal = PhasesweepError


def sweep_names(path):
    """Names of the sweeps in the archive, as in the job file."""
    try:
        with h5py.File(path, "r") as archive:
            if "phasesweep_schema" not in archive.attrs:
                raise ArchiveError(f"{path}: no phasesweep archive")
            return [name for name, group in archive.items()
                    if isinstance(group, h5py.Group) and "outcome" in group]
    except FileNotFoundError:
        raise ArchiveError(f"{path}: no such file") from None
    except OSError as error:
        raise ArchiveError(f"{path}: {error}") from error


def flag_codes(variable):
    """{name: code} of an integer field with flag_values and flag_meanings."""
    return dict(zip(variable.attrs["flag_meanings"].split(),
                    np.atleast_1d(variable.attrs["flag_values"])))


def open_sweep(path, name, engine="h5netcdf", fields=None):
    """One sweep over its axes: all fields, or only those named and `outcome`, as an archive of full
    resolution is large.  NaN wherever the outcome is neither `converged` nor `stationary`.  Axes given
    as one number are attributes: use `axis` for either.  An axis that is no plain number is named for what it is, as
    samples_effective_power; physical values are the coordinates resolved_samples, ..."""
    if name not in sweep_names(path):
        raise MissingError(f"{path}: no sweep {name}; it has {', '.join(sweep_names(path))}")
    with xr.open_dataset(path, group=name, engine=engine) as lazy:
        if "rank" in lazy:  # before schema 3; xarray has a method of that name
            lazy = lazy.rename(rank="learned_rank")
        physical = [name for name in lazy.coords if name not in lazy.dims]
        lazy = lazy.reset_coords(physical)  # they too are loaded only if asked for
        wanted = set(lazy.data_vars) if fields is None else {"outcome", *fields}
        missing = sorted(wanted - set(lazy.variables))
        if missing:
            raise MissingError(f"{path}: sweep {name} has no field {', '.join(missing)}")
        data = lazy[sorted(wanted)].load()
        data = data.set_coords([name for name in physical if name in data])
    codes = flag_codes(data["outcome"])
    # a code that files of older programs do not have is the outcome of no point
    good = data["outcome"].isin([codes[name] for name in ("converged", "stationary") if name in codes])
    waiting = int((data["outcome"] == codes["never_run"]).sum() + (data["outcome"] == codes["running"]).sum())
    if waiting > 0:
        unfinished[name] = f"{waiting} of {data['outcome'].size} points"
    for field in set(data) - KEPT:
        if field.startswith("resolved_"):
            continue
        attributes = data[field].attrs
        data[field] = data[field].where(good)
        data[field].attrs = attributes
    return worded(data)


def known(data):
    """Where a sweep has a result, whatever that is."""
    codes = flag_codes(data["outcome"])
    return ~data["outcome"].isin([codes[word] for word in ("never_run", "running", "not_asked") if word in codes])


def ends(count, step):
    """Places of an axis at which cells of that many steps begin and end."""
    return np.unique(np.append(np.arange(0, count, step), count - 1))


def refined_plane(data):
    """The two axes between which a sweep is refined (job key `refine`); none of other sweeps."""
    if data.attrs.get("refine", "none") == "none":
        return []
    plane = [name for name in data["outcome"].dims if data.sizes[name] > 1][-2:]
    return plane if len(plane) == 2 else []


def cells(data):
    """A refined sweep (job key `refine`) as it is drawn: points that were not asked for have the numbers of the
    cell in which they lie, those of its first corner.  Lines between phases are where the full grid has them.
    Other sweeps, and `outcome`, stay as they are."""
    plane = refined_plane(data)
    if not plane:
        return data
    there = known(data)
    fields = [name for name in set(data) - KEPT
              if set(plane) <= set(data[name].dims) and not name.startswith("resolved_")]
    source = origin(there.transpose(..., *plane).values, int(data.attrs["refine_depth"]))
    filled = {}
    for name in fields:
        inner = [dim for dim in data[name].dims if dim not in there.dims]
        array = data[name].transpose(*[dim for dim in there.dims if dim not in plane], *plane, *inner)
        if set(there.dims) <= set(array.dims):
            lead = there.ndim - 2
            values = array.values.reshape(*array.shape[:lead], -1, *array.shape[there.ndim:])
            index = source.reshape(*source.shape[:lead], -1, *(1,) * len(inner))
            values = np.take_along_axis(values, index, axis=lead).reshape(array.shape)
            filled[name] = array.copy(data=values).transpose(*data[name].dims)
    return data.assign(filled)


def origin(there, depth):
    """[..., rows, columns] the point of its plane, by number, whose value each point has: itself where it is
    there, else, from coarse cells to fine ones, that of the corner before it."""
    rows, columns = there.shape[-2:]
    own = np.arange(rows * columns).reshape(rows, columns)
    source = np.broadcast_to(own, there.shape).copy()
    step = 2**depth
    while step > 1:
        coarse = ends(rows, step), ends(columns, step)
        step //= 2
        fine = ends(rows, step), ends(columns, step)
        before = [old[np.searchsorted(old, new, side="right") - 1] for old, new in zip(coarse, fine)]
        at = (..., *np.ix_(*fine))
        source[at] = np.where(there[at], own[np.ix_(*fine)], source[(..., *np.ix_(*before))])
    return source


def physical_fields(path, name):
    """Names of the physical n, lambda, ... that a sweep stores for its axes."""
    with h5py.File(path, "r") as archive:
        if name not in archive:
            return []
        return [field for field in archive[name]
                if field.startswith("resolved_") or field == "effective_samples"]


def worded(data):
    """The same with the words of an axis of words as its coordinate, in place of their numbers."""
    for name in data.dims:
        if name in data.coords and "flag_meanings" in data[name].attrs:
            words = {code: word for word, code in flag_codes(data[name]).items()}
            attributes = data[name].attrs
            data = data.assign_coords({name: [words[code] for code in data[name].values]})
            data[name].attrs = attributes
    return data


def by_key(data):
    """The same with axes named as in job files, whatever their numbers mean (attribute `form`), and
    physical n, lambda, ... as fields like the others."""
    data = data.reset_coords([name for name in data.coords if name not in data.dims])
    return data.rename({name: data[name].attrs["axis_key"] for name in data.dims
                        if data[name].attrs.get("axis_key", name) != name})


def attribute(path, name, key):
    with h5py.File(path, "r") as archive:
        text = archive[name].attrs[key]
        return text.decode() if isinstance(text, bytes) else text


def method_of(path, name):
    return attribute(path, name, "method")


def model_of(path, name):
    return attribute(path, name, "model")


def open_all(path, method=None, fields=None, models=None):
    """{name: dataset} of the sweeps of a method and of models (None: all), with those fields (None: all).  Sweeps
    without one of them, as a predicted spectrum not asked for, are left out if another has all."""
    found, refusal = {}, None
    for name in sweep_names(path):
        if method in (None, method_of(path, name)) and (models is None or model_of(path, name) in models):
            try:
                found[name] = by_key(open_sweep(path, name, fields=fields))
            except Refusal as lacking:
                refusal = lacking
    if refusal is not None and not found:
        raise refusal
    return found


def axis(data, name):
    """The sweep with `name` as a dimension, also where the job gave one number."""
    if name in data.dims:
        return data
    value = data.attrs[name]
    return data.expand_dims({name: [value if isinstance(value, str) else float(value)]})


def over(data, *names):
    """The sweep over exactly these axes, also where the job gave one number; an axis of one value
    that is not named becomes an attribute.  None if one of them is missing or another varies."""
    for name in names:
        if name not in data.dims and name not in data.attrs:
            return None
        data = axis(data, name)
    for name in set(data["outcome"].dims) - set(names):
        if data.sizes[name] > 1:
            return None
        data.attrs[name] = coordinate(data.isel({name: 0}), name)
        data = data.isel({name: 0}, drop=True)
    return data


# what tells problems apart beside dimension, source exponent, samples and weight decay
OTHERS = ("noise", "depth", "width", "covariance_exponent", "block_correlation", "block_size",
          "features", "degrees_of_freedom", "sparse_share",
          "rotated", "signs", "linear_unit")
DEFAULTS = {"covariance_exponent": 0.0, "block_correlation": 0.0, "features": "gaussian", "rotated": "no", "signs": "positive",
            "linear_unit": "no"}
LEAST_DEPTH = {"diagonal": 2, "quadratic": 1}
# what a job may vary
AXIS_KEYS = {"dimension", "source_exponent", "noise", "seed", "samples", "weight_decay", "nuclear_weight", "time", "width",
             "depth", "covariance_exponent", "block_correlation", "block_size", "features", "degrees_of_freedom",
             "sparse_share", "activation", "teacher_activation", "teacher_directions", "teacher_width", "readout",
             "readout_exponent", *(f"hermite_{k}" for k in range(7))}
# how a sweep was computed and where it lies; every other attribute says which problem it is
BOOKKEEPING = {"archive", "sweep", "checksum_recipe", "row_fields", "row_series", "tolerance", "store", "ranks_per_line",
               "spectrum", "damping", "iteration_limit", "time_limit", "refine", "refine_depth", "refine_budget"}


def given(data, key):
    """What a job gives for a key that does not vary: the attribute or its default; None without either."""
    value = data.attrs.get(key, DEFAULTS.get(key))
    return LEAST_DEPTH.get(data.attrs.get("model")) if value is None and key == "depth" else value


def other_keys(data):
    """(noise, depth, ...) of a sweep in which none of them varies; None for what it does not give."""
    values = [given(data, name) for name in OTHERS]
    return tuple(value if value is None or isinstance(value, str) else float(value) for value in values)


def coordinate(data, name):
    """The only value of an axis: a number, or a word."""
    value = data[name].values.item()
    return value if isinstance(value, str) else float(value)


def parts(data):
    """[(suffix, part)]: the sweep cut along those axes of OTHERS that it has, whose values become
    attributes; the suffix names them, empty without any."""
    varied = [name for name in OTHERS if name in data.dims]
    found = []
    for at in np.ndindex(*[data.sizes[name] for name in varied]):
        part = data.isel(dict(zip(varied, at)))
        values = {name: coordinate(part, name) for name in varied}
        part = part.drop_vars(varied).assign_attrs(values)
        found.append(("".join(f"_{name}_{value if isinstance(value, str) else format(value, 'g')}"
                              for name, value in values.items()), part))
    return found


def physical(data, *names):
    """The same with these axes as plain numbers in place of powers and multiples; None where one of
    them is another number for another value of the other axes."""
    for name in names:
        if name not in data.dims or data[name].attrs.get("form", "number") == "number":
            continue
        values = data[f"resolved_{name}"]
        others = [other for other in values.dims if other != name]
        low, high = values.min(others), values.max(others)
        if not np.allclose(low, high, rtol=1e-9, atol=0, equal_nan=True):
            return None
        data = data.assign_coords({name: high.values})
    return data


def is_map(data):
    """Is weight decay the same along the samples, so that the two span a map?"""
    decay = decay_axis(data)
    return decay is not None and data[decay].attrs.get("form") != "sqrt_effective"


def decay_axis(data):
    """weight_decay or nuclear_weight, whichever the sweep varies; None if neither."""
    return next((a for a in ("weight_decay", "nuclear_weight") if a in data.dims), None)


def by_model(path, wanted, only=None):
    """{model: {method: dataset}} of the first sweep of each over the wanted axes, for models that
    have all methods.  wanted: {method: (fields, axes)}."""
    models = {}
    for method, (fields, axes) in wanted.items():
        for data in open_all(path, method, fields, only).values():
            data = over(data, *axes)
            if data is not None:
                models.setdefault(data.attrs["model"], {}).setdefault(method, data)
    return {model: found for model, found in models.items() if set(found) == set(wanted)}
