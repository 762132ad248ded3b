"""The one reader of archives: a sweep as an xarray dataset, unfinished points masked."""
import h5py
import xarray as xr


def sweep_names(path):
    """Names of the sweeps in the archive, as in the job file."""
    with h5py.File(path, "r") as archive:
        if "phasesweep_schema" not in archive.attrs:
            raise SystemExit(f"{path}: no phasesweep archive")
        return [name for name, group in archive.items() if "outcome" in group]


def open_sweep(path, name):
    """All fields of one sweep over its axes; NaN wherever the outcome is not `converged`."""
    data = xr.open_dataset(path, group=name, engine="h5netcdf").load()
    outcome = data["outcome"]
    codes = dict(zip(outcome.attrs["flag_meanings"].split(), outcome.attrs["flag_values"]))
    keep = {"outcome", "checksum"} | {n for n in data if n.startswith("resolved_")}
    keep.add("effective_samples")
    for field in set(data) - keep:
        data[field] = data[field].where(outcome == codes["converged"])
    return data
