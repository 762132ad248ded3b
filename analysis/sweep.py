"""The one reader of archives: a sweep as an xarray dataset, unfinished points masked.

    import sweep
    data = sweep.open_sweep("out.h5", "quadratic")
    data.risk.sel(source_exponent=1.25)
"""
import h5py
import numpy as np
import xarray as xr

# known before a point is solved, or about its solution rather than part of it
KEPT = {"outcome", "attempts", "checksum", "effective_samples", "seconds"}


def sweep_names(path):
    """Names of the sweeps in the archive, as in the job file."""
    try:
        with h5py.File(path, "r") as archive:
            if "phasesweep_schema" not in archive.attrs:
                raise SystemExit(f"{path}: no phasesweep archive")
            return [name for name, group in archive.items()
                    if isinstance(group, h5py.Group) and "outcome" in group]
    except OSError as error:
        raise SystemExit(f"{path}: {error}")


def flag_codes(variable):
    """{name: code} of an integer field with flag_values and flag_meanings."""
    return dict(zip(variable.attrs["flag_meanings"].split(),
                    np.atleast_1d(variable.attrs["flag_values"])))


def open_sweep(path, name, engine="h5netcdf"):
    """All fields of one sweep over its axes; NaN wherever the outcome is not `converged`.  Axes
    given as one number are attributes: use `axis` for either."""
    data = xr.open_dataset(path, group=name, engine=engine).load()
    good = data["outcome"] == flag_codes(data["outcome"])["converged"]
    for field in set(data) - KEPT:
        if field.startswith("resolved_"):
            continue
        attributes = data[field].attrs
        data[field] = data[field].where(good)
        data[field].attrs = attributes
    return data


def open_all(path, method=None):
    """{name: dataset} of the sweeps of a method (None: all)."""
    sweeps = {name: open_sweep(path, name) for name in sweep_names(path)}
    return {name: data for name, data in sweeps.items()
            if method is None or data.attrs["method"] == method}


def axis(data, name):
    """The sweep with `name` as a dimension, also where the job gave one number."""
    if name in data.dims:
        return data
    return data.expand_dims({name: [float(data.attrs[name])]})


def decay_axis(data):
    """weight_decay or nuclear_weight, whichever the sweep varies; None if neither."""
    return next((a for a in ("weight_decay", "nuclear_weight") if a in data.dims), None)
