"""What the tests of figures share: scripts as modules, small archives, what a script draws, and what is asked of every
figure for print: contrast 3 of lines and letters with what is under them, titles that fit, no empty panel."""
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

from harness import run, write

ANALYSIS = pathlib.Path(__file__).resolve().parents[2] / "analysis"
sys.path.insert(0, str(ANALYSIS))
os.environ.setdefault("MPLCONFIGDIR", tempfile.gettempdir())

LEAST_CONTRAST = 3.0    # WCAG 2.1, of graphics and of large letters
LEAST_PANEL = 0.5       # inches: a layout that finds no room leaves nothing of its panels


def archive(folder, name, text):
    path = f"{folder}/{name}.h5"
    assert run(2, "run", write(f"{folder}/{name}.yaml", text), "-o", path) == 0
    return path


def draw(script, path, folder):
    """The finished script."""
    return subprocess.run(["/usr/bin/python3", str(ANALYSIS / script), path, folder],
                          capture_output=True, text=True)


def saved(module, path):
    """{name: figure} of all that a script would save, each fit for print."""
    figures = dict(module.figures(path))
    for name, figure in figures.items():
        check_print(name, figure)
    return figures


# ---- for print --------------------------------------------------------------------------------------

def over(colour, ground):
    """RGB of a colour with its opacity on an opaque one."""
    from matplotlib.colors import to_rgba
    *rgb, alpha = to_rgba(colour)
    return [alpha * c + (1 - alpha) * g for c, g in zip(rgb, to_rgba(ground))]


def luminance(rgb):
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(colour, ground):
    """WCAG's ratio, from 1 to 21."""
    bright, dark = sorted((luminance(over(colour, ground)), luminance(over(ground, "white"))), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def stroke(artist):
    """The colour of the stroke around a line or letters; None without one."""
    return next((effect._gc["foreground"] for effect in artist.get_path_effects() or [] if "foreground" in
                 getattr(effect, "_gc", {})), None)


def is_map(axes):
    return any(type(part).__name__ in ("QuadMesh", "AxesImage") for part in [*axes.collections, *axes.images])


def ground_of(artist, axes):
    """What is under it; None if it lies on a map without a stroke or a box, where no colour can be seen everywhere."""
    box = artist.get_bbox_patch() if hasattr(artist, "get_bbox_patch") else None
    if box is not None:
        return over(box.get_facecolor(), "white")
    return stroke(artist) or (None if is_map(axes) else axes.get_facecolor())


def check_contrast(name, axes):
    from matplotlib.collections import LineCollection
    seen = [(line, line.get_color()) for line in axes.lines if line.get_linestyle() not in ("None", "")]
    seen += [(line, line.get_markeredgecolor()) for line in axes.lines if line.get_marker() not in ("None", "", None)
             and line.get_markeredgewidth() > 0]
    seen += [(text, text.get_color()) for text in axes.texts if text.get_text()]
    seen += [(lines, colour) for lines in axes.collections if isinstance(lines, LineCollection)
             and not hasattr(axes, "_colorbar") for colour in lines.get_edgecolors()]
    for artist, colour in seen:
        ground = ground_of(artist, axes)
        assert ground is not None, f"{name}: {artist} on a map without a stroke"
        ratio = contrast(colour, ground)
        assert ratio >= LEAST_CONTRAST, f"{name}: {artist} {colour}: contrast {ratio:.2f}"


def check_title(name, text, figure, room):
    box = text.get_window_extent(figure.canvas.get_renderer())
    assert text.get_text().count("\n") <= 1, f"{name}: title of more than two lines: {text.get_text()}"
    assert not text.get_text() or box.width <= room, f"{name}: title of {box.width:.0f} on {room:.0f} pixels"


def check_print(name, figure):
    import style
    with warnings.catch_warnings():
        warnings.simplefilter("error")      # as where the layout gives up
        style.finished(figure)
    assert figure._suptitle is not None and figure._suptitle.get_text(), f"{name}: no title, so none of its caption"
    check_title(name, figure._suptitle, figure, figure.bbox.width)
    for axes in figure.axes:
        check_contrast(name, axes)
        check_title(name, axes.title, figure, axes.bbox.width + 0.35 * figure.dpi)
        size = min(axes.bbox.width, axes.bbox.height) / figure.dpi
        assert hasattr(axes, "_colorbar") or size > LEAST_PANEL, f"{name}: a panel of {size:.2f} inches"
        assert axes.has_data() or hasattr(axes, "_colorbar"), f"{name}: an empty panel"
