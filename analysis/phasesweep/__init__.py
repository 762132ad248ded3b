"""Archives of phasesweep in Python: open, select, mask, fit, compare, merge, export; and single points.

    import phasesweep as ps
    data = ps.open("demo.h5", "quadratic")                    # an xarray dataset
    line = ps.select(data, gamma=1.25, weight_decay=1.0)      # by physical values, not by powers of d
    print(ps.fit_exponent(line, window=(3e3, 3e4)))           # d log R / d log n, with its error

All numbers are dimensionless but `seconds`.  `phases` has the predicted phases and their boundaries,
`tail_fit` fits tails of eigenvalues (imported when first named, as it needs SciPy), `trajectories`
finds when to stop, `sweep` is the reader that the figures use.  Errors are PhasesweepError or one of its kinds, one line each.
"""
import importlib

from . import phases, sweep, trajectories
from .errors import ArchiveError, GridError, MissingError, PhasesweepError, ProgramError
from .program import point
from .tools import (Exponent, compare, fit_exponent, mask, merge, open, physical_values, select, to_csv)

__all__ = ["ArchiveError", "Exponent", "GridError", "MissingError", "PhasesweepError", "ProgramError",
           "compare", "fit_exponent", "mask", "merge", "open", "phases", "physical_values", "point", "select", "sweep",
           "to_csv", "trajectories"]


def __getattr__(name):
    if name == "tail_fit":
        return importlib.import_module(f"{__name__}.tail_fit")
    raise AttributeError(f"module {__name__} has no attribute {name}")
