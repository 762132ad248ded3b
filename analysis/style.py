"""What all figures share: the modules they need, colours safe for colour blindness and grey print,
symbols, saving as PNG and PDF."""
import argparse
import pathlib
import sys

try:
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np
    import xarray  # noqa: F401  (named here so that its absence is explained)
    import h5netcdf  # noqa: F401
    from phasesweep import sweep
except ImportError as error:
    raise SystemExit(f"{error}; on Debian run this with /usr/bin/python3 and python3-xarray, "
                     "python3-h5netcdf, python3-matplotlib installed")

DASHES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1))]
MARKERS = "osD^v<>p"
N_EFF = {"quadratic": r"$n_{\mathrm{eff}} = n/d$", "diagonal": r"$n_{\mathrm{eff}} = n$",
         "ridge": r"$n_{\mathrm{eff}} = n$"}
LAMBDA = {"quadratic": r"\tilde\lambda", "diagonal": r"\lambda", "ridge": r"\lambda",
          "signed": r"\tilde\lambda"}

plt.rcParams.update({"font.size": 9, "axes.titlesize": 10, "legend.fontsize": 7.5,
                     "legend.frameon": False, "axes.grid": False, "savefig.dpi": 140})


def colours(count):
    """Ordered colours from dark to light, distinct in grey; the lightest stays readable."""
    return plt.cm.cividis(np.linspace(0.0, 0.85, count))


def contour(axes, x, y, values, levels, **how):
    """White lines at those levels that the values reach, holes left out; None without any."""
    values = np.ma.masked_invalid(values)
    reached = [level for level in levels if values.count() and values.min() < level < values.max()]
    if not reached:
        return None
    return axes.contour(x, y, values.filled(np.nan), levels=reached, colors="white", **how)


def decay_label(data, value):
    """How a weight decay is written in the job, in mathematics."""
    if data["weight_decay"].attrs.get("form") != "power":
        return rf"$\lambda = {value:g}$"
    return {0.0: r"$\lambda = 1$", 0.5: r"$\lambda = \sqrt{d}$",
            -1.0: r"$\lambda = 1/d$"}.get(value, rf"$\lambda = d^{{{value:g}}}$")


class Words(argparse.ArgumentParser):
    """Mistakes are one line, as all others."""

    def error(self, message):
        raise sweep.Refusal(f"{self.format_usage().strip()}; {message}")


def arguments(usage):
    """ARCHIVE and the output folder, which is made.  usage: text of the script."""
    parser = Words(description=usage.split("\nusage:")[0],
                   formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", metavar="ARCHIVE.h5", help="of `phasesweep run`")
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=pathlib.Path, default=".",
                        help="where to write, made if it is not there (.)")
    given = parser.parse_args()
    folder = pathlib.Path(given.folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise sweep.Refusal(f"{folder}: {error.strerror}") from error
    return given.archive, folder


def save(figure, folder, name):
    for ending in ("png", "pdf"):
        path = folder / f"{name}.{ending}"
        figure.savefig(path, bbox_inches="tight")
        print(path)
    plt.close(figure)


def unfinished(hint):
    """What is still missing in the archive, else the hint."""
    return "".join(f"; {name}: {how_many} not run yet"
                   for name, how_many in sweep.unfinished.items()) or hint


def main(figures, usage, job):
    """A whole script: save what figures(path) yields as (name, figure).  Wrong input is one line
    and status 2; what is wrong with the archive is followed by the job whose archive would do."""
    hint = ""
    try:
        path, folder = arguments(usage)
        hint = f": run {job}"
        for name, figure in figures(path):
            save(figure, folder, name)
    except sweep.Refusal as refusal:
        print(f"{refusal}{unfinished(hint)}", file=sys.stderr)
        raise SystemExit(2) from None
    except ValueError as error:
        if not sweep.unfinished:
            raise
        # axes of what has never run are NaN, and matplotlib draws no map over them
        print(f"{path}: too little is finished for this figure ({error}){unfinished('')}",
              file=sys.stderr)
        raise SystemExit(2) from None
    if sweep.unfinished:
        print(f"{path}: blank where the run is not finished{unfinished('')}", file=sys.stderr)
