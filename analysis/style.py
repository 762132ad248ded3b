"""What all figures share: the modules they need, colours safe for colour blindness and grey print,
symbols, titles that fit, saving as PNG and PDF with a caption file beside them."""
import argparse
import pathlib
import re
import sys

try:
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.patheffects import withStroke
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

# phases Ia ... VIb have no order: pale colours, distinct for the colour-blind, under black names
PHASE_COLOURS = ["#99DDFF", "#77AADD", "#44BB99", "#BBCC33", "#EEDD88", "#EE8866", "#FFAABB", "#DDDDDD"]
SIGNED = "PuOr"     # of what has a sign: white at 0
GREY = "0.4"        # of what is beside the point, on white
NARROWEST = 6.5     # points: no title is written smaller

plt.rcParams.update({"font.size": 9, "axes.titlesize": 10, "legend.fontsize": 7.5,
                     "legend.frameon": False, "axes.grid": False, "savefig.dpi": 140,
                     "axes.prop_cycle": matplotlib.cycler(color=["#0B5FA5", "#C4480F", "#00795C", "#A0307A"])})


def colours(count):
    """Ordered colours from dark to light, distinct in grey; the lightest has contrast 3 on white."""
    return plt.cm.plasma(np.linspace(0.0, 0.62, count))


def phase_colours(count=len(PHASE_COLOURS)):
    return matplotlib.colors.ListedColormap(PHASE_COLOURS[:count])


def halo(width=1.0):
    """A white stroke around a black line of that width, which shows on every colour of a map."""
    return [withStroke(linewidth=width + 1.8, foreground="white")]


def contour(axes, x, y, values, levels, linewidths=0.8, **how):
    """Black lines on white at those levels that the values reach, holes left out; None without any."""
    values = np.ma.masked_invalid(values)
    reached = [level for level in levels if values.count() and values.min() < level < values.max()]
    if not reached:
        return None
    lines = axes.contour(x, y, values.filled(np.nan), levels=reached, colors="black", linewidths=linewidths, **how)
    plt.setp(lines.collections, path_effects=halo(linewidths))
    return lines


def label_contours(axes, lines, fmt="%g"):
    if lines is not None:
        plt.setp(axes.clabel(lines, fmt=fmt, fontsize=7), path_effects=halo(0.4))


# ---- titles and captions --------------------------------------------------------------------------

def title(figure, text, *told, **how):
    """A short title above the figure; what is told goes to the caption file, sentence by sentence."""
    figure.suptitle(text, **how)
    figure.told = [sentence.strip() for sentence in told if sentence and sentence.strip()]


def words(text):
    """Cut at blanks, formulas whole."""
    return re.findall(r"(?:\$[^$]*\$|[^\s$])+", text)


def broken(text):
    """On two lines of about the same length."""
    pieces = words(text)
    cuts = range(1, len(pieces))
    best = min(cuts, default=0, key=lambda k: abs(len(" ".join(pieces[:k])) - len(" ".join(pieces[k:]))))
    return text if best == 0 else " ".join(pieces[:best]) + "\n" + " ".join(pieces[best:])


def plain_logarithm(axis):
    """Of less than a decade and a half: a few plain numbers in place of 2 x 10^0, 3 x 10^0, ..."""
    low, high = sorted(axis.get_view_interval())
    if 0 < low and high < 30 * low:
        steps = [m * 10.0 ** k for k in range(-12, 13) for m in ((1, 2, 5) if high > 4 * low else (1, 1.5, 2, 3, 4, 5, 7))]
        axis.set_ticks([v for v in steps if low <= v <= high])
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(plt.NullFormatter())


def width_of(text, figure):
    return text.get_window_extent(figure.canvas.get_renderer()).width


def fit(text, figure, room):
    """A title within so many pixels: broken in two lines, then smaller.  Was it changed?"""
    wide = bool(text.get_text()) and width_of(text, figure) > room
    if wide:
        if "\n" not in text.get_text():
            text.set_text(broken(text.get_text()))
        shrunk = text.get_fontsize() * min(1.0, room / width_of(text, figure))
        text.set_fontsize(max(NARROWEST, shrunk))
    return wide


def finished(figure):
    """The figure with titles that fit, of the panels between their neighbours."""
    figure.draw_without_rendering()
    titles = [(axes.title, axes.bbox.width + 0.2 * figure.dpi) for axes in figure.axes]
    if figure._suptitle is not None:
        titles.append((figure._suptitle, 0.98 * figure.bbox.width))
    if any([fit(text, figure, room) for text, room in titles]):
        figure.draw_without_rendering()
    return figure


def plain_text(text):
    """On one line, letters without the fonts of formulas."""
    text = re.sub(r"\\mathrm\{([^{}]*)\}", r"\1", text)
    return " ".join(text.split())


def caption(figure, name, source, description):
    """Markdown beside the picture: title, what is drawn, what was found, panels, where the numbers are from."""
    said = plain_text(figure._suptitle.get_text()) if figure._suptitle is not None else name
    told = [plain_text(sentence) for sentence in getattr(figure, "told", [])]
    found = "".join(f"- {sentence}\n" for sentence in told)
    return (f"**{said}**\n\n" + (" ".join(description.split()) + "\n\n" if description else "")
            + (found + "\n" if found else "") + f"Numbers: {source}\n")


def decay_label(data, value):
    """How a weight decay is written in the job, in mathematics."""
    if data["weight_decay"].attrs.get("form") != "power":
        return rf"$\lambda = {value:g}$"
    return {0.0: r"$\lambda = 1$", 1.0: r"$\lambda = d$", 0.5: r"$\lambda = \sqrt{d}$",
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


def save(figure, folder, name, source="", description=""):
    finished(figure).set_layout_engine("none")  # laid out once, not for each format
    for ending in ("png", "pdf"):
        path = folder / f"{name}.{ending}"
        figure.savefig(path, bbox_inches="tight")
        print(path)
    path = folder / f"{name}.md"
    path.write_text(caption(figure, name, source, description), encoding="utf-8")
    print(path)
    plt.close(figure)


def unfinished(hint):
    """What is still missing in the archive, else the hint."""
    return "".join(f"; {name}: {how_many} not run yet"
                   for name, how_many in sweep.unfinished.items()) or hint


def main(figures, usage, job):
    """A whole script: save what figures(path) yields as (name, figure); the head of `usage` describes
    them.  Wrong input is one line and status 2; what is wrong with the archive is followed by the job
    whose archive would do."""
    hint = ""
    try:
        path, folder = arguments(usage)
        hint = f": run {job}"
        for name, figure in figures(path):
            save(figure, folder, name, pathlib.Path(path).name, usage.split("usage:")[0])
    except sweep.Refusal as refusal:
        job_helps = getattr(refusal, "job_helps", True)     # not where a program is missing
        print(f"{refusal}{unfinished(hint) if job_helps else ''}", file=sys.stderr)
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
