"""The page of an archive in headless Chromium, offline: what it shows is what the archive holds, after clicks and keys, at
the width of a desk and of a phone; large grids are thinned.  Skipped (77) where Chromium or plotly.js is missing.

usage: test_report.py PHASESWEEP MPIEXEC
"""
import importlib.util
import os
import subprocess
import sys
import tempfile

import browser
from figures import ANALYSIS
from harness import assert_one_line, run, write
import report
from phasesweep import sweep
from style import np

JOB = """title: A <small> archive
set: {dimension: 100, noise: 0.1}
sweeps:
  - {name: theory, source_exponent: [0.75, 1.25], samples: {as: effective_power, from: 0, to: 3, count: 13},
     weight_decay: {as: power, from: -1, to: 1, count: 9}}
  - {name: theory_bayes, method: bayes, source_exponent: [0.75, 1.25], samples: {as: effective_power, from: 0, to: 3, count: 13}}
  - {name: spectra, source_exponent: 1.25, samples: [10000, 40000], weight_decay: [0.1, 1], spectrum: 50}
  - {name: spectra_trained, method: training, source_exponent: 1.25, samples: [10000], weight_decay: [1], seed: [0, 1], tolerance: 1e-3}
  - {name: short, method: training, source_exponent: 1.25, dimension: 20, samples: [100, 200], weight_decay: [0.1, 1],
     iteration_limit: 1}
  - {name: cells, model: diagonal, source_exponent: 1.25, samples: {as: effective_power, from: -0.5, to: 3, count: 33},
     weight_decay: {as: power, from: -2, to: 2, count: 33}, refine: {what: phase, depth: 3, budget: 0.3}}
"""


def missing():
    if browser.found() is None:
        return "chromium"
    return "" if importlib.util.find_spec("plotly") else "python3-plotly"


def check_thinned():
    """A million points: as many as the page takes, ends kept."""
    import xarray as xr
    data = xr.Dataset({"risk": (("samples", "weight_decay"), np.ones((1000, 1000)))},
                      {"samples": np.arange(1000.0), "weight_decay": np.arange(1000.0)})
    few, said = report.thinned(data, ("samples", "weight_decay"))
    assert 0.5 * report.POINTS < few["risk"].size <= report.POINTS
    assert said == f"{few.sizes['samples']} x {few.sizes['weight_decay']} of 1000 x 1000 points are drawn"
    assert all(few[axis][[0, -1]].values.tolist() == [0, 999] for axis in few.dims)


def check_opening():
    """The map of most points, else the first of the job."""
    axes = [{"name": name, "values": list(range(size))} for name, size in (("samples", 9), ("weight_decay", 5), ("seed", 99))]
    maps = [{"name": name, "axes": axes[:count], "shown": [axis["name"] for axis in axes[:min(count, 2)]]}
            for name, count in (("a", 1), ("small", 2), ("z", 1))]
    assert report.opening(maps, "") == 1
    assert report.opening([maps[0], maps[2]], "sweeps:\n  - name: z\n  - {name: a}\n") == 1


def check_numbers():
    """16 bits between the ends; holes stay holes."""
    buffer, values = report.Buffer(), np.array([-3.5, np.nan, 0.25, 7.0, np.inf])
    told = buffer.short(values)
    packed = np.frombuffer(b"".join(buffer.blocks), "<i2")
    back = np.where(packed == report.HOLE, np.nan, told["low"] + packed * (told["high"] - told["low"]) / (report.HOLE - 1))
    good = np.isfinite(values)
    assert np.array_equal(np.isnan(back), ~good) and np.allclose(back[good], values[good], atol=2e-4)


def at_cursor(page, name):
    return page.value(f"(f => f ? value(f, state.at) : null)(field('{name}'))")


def check_point(page, data):
    """The risk at the cursor is that of the archive."""
    at = page.value("state.at")
    point = data.isel(dict(zip(data["outcome"].dims, at)))
    assert abs(at_cursor(page, "risk") - np.log10(float(point["risk"]))) < 1e-3, at
    return point


def middle_of_map(page, x, y):
    """Pixels of a place of the map, as shares of the drawing area."""
    left, top, width, height = page.value("(r => [r.left, r.top, r.width, r.height])("
                                          "document.querySelector('#map .nsewdrag').getBoundingClientRect())")
    return left + x * width, top + y * height


def check_desk(page, path):
    data = sweep.by_key(sweep.open_sweep(path, "theory"))
    bayes = sweep.by_key(sweep.open_sweep(path, "theory_bayes"))
    page.value(f"setSweep({sweep.sweep_names(path).index('theory')})")
    start = page.value("state.at")
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "."):
        page.key(key)
    assert page.value("state.at") != start
    point = check_point(page, data)
    ratio = float(point["risk"]) / float(bayes["risk"].sel(source_exponent=point["source_exponent"],
                                                           samples=point["samples"]))
    assert abs(at_cursor(page, "over_bayes") - np.log10(ratio)) < 1e-3
    page.click(*middle_of_map(page, 0.02, 0.98))
    samples, decay = (data["outcome"].dims.index(axis) for axis in ("samples", "weight_decay"))
    page.wait(f"state.at[{samples}] === 0 && state.at[{decay}] === 0", 10)
    check_point(page, data)
    page.key("3")
    assert page.value("state.field") == 2
    assert page.value("document.querySelectorAll('#along_x .scatterlayer .trace').length") == 2
    assert page.value("document.querySelectorAll('#parts .scatterlayer .trace').length") == 4


def check_trained(page, path):
    """At a trained point of the theory's map, and at its theory's point of the trained sweep: both spectra and numbers."""
    names = sweep.sweep_names(path)
    trained = sweep.open_sweep(path, "spectra_trained")
    values = np.sort(trained["eigenvalues"].isel(seed=0).values.ravel())[::-1]
    for name, at in (("spectra", [0, 1]), ("spectra_trained", None)):
        page.value(f"setSweep({names.index(name)})")
        if at is not None:
            assert page.value("state.at = [1, 1]; draw(); partners().length") == 0
            page.value("state.at = [0, 1]; draw()")
            marks = page.value("get('map').data.find(t => t.name === 'trained')")
            assert len(marks["x"]) == 1
        else:
            seed = [dim for dim in trained["outcome"].dims].index("seed")
            page.value(f"state.at[{seed}] = 0; draw()")
        assert page.value("get('spectrum').data.map(t => t.name).slice(0, 2)") == ["trained", "predicted"], name
        assert page.value("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
        bars = page.value("(b => b.y.reduce((sum, v) => sum + v, 0) * b.width)(get('spectrum').data[0])")
        seeds = values if at is None else trained["eigenvalues"].values.ravel()
        assert abs(bars - np.mean(seeds > 1e-9)) < 1e-6, bars
        text = page.value("get('point').textContent")
        assert ", ".join(f"{value:.3g}" for value in values[:2]) in text and "largest outliers" in text, text
        assert f"width: {100}" in text and "stable rank" in text, text


def check_spectrum_and_failures(page, path):
    names = sweep.sweep_names(path)
    page.value(f"setSweep({names.index('spectra')})")
    drawn = page.value("get('spectrum').data.find(t => t.name === 'predicted').y.length")
    assert drawn > 20
    page.value(f"setSweep({names.index('short')})")
    assert page.value("get('failures').children.length") == 4
    assert "not_converged" in page.value("get('counts').textContent")
    assert "phasesweep" in page.value("get('provenance').textContent")
    assert "source_exponent" in page.value("get('job').textContent")


def check_layout(page, width):
    """Of every sweep: no plot is higher than its cell or reaches what follows, no horizontal scroll bar."""
    page.size(width, 900)
    for k in range(page.value("head.sweeps.length")):
        page.value(f"setSweep({k})")
        page.wait("document.documentElement.scrollWidth <= document.documentElement.clientWidth", 20)
        page.wait(f"[...document.querySelectorAll('.main-svg')].every(e => e.getBoundingClientRect().right <= {width})", 20)
        over = page.value("""(() => {
            const boxes = [...document.body.children].filter(e => e.tagName !== "SCRIPT" && e.id !== "js-plotly-tester");
            const low = e => Math.max(...[e, ...e.querySelectorAll(".main-svg")].map(c => c.getBoundingClientRect().bottom));
            return boxes.slice(1).filter((e, k) => low(boxes[k]) > e.getBoundingClientRect().top + 1).map(e => e.id || e.textContent);
        })()""")
        assert over == [], (width, k, over)


def check_words(page, path):
    """Numbers without brackets and zeros; of two trained networks, whose is whose."""
    names = sweep.sweep_names(path)
    page.value(f"setSweep({names.index('spectra')}); state.at = [0, 1]; draw()")
    text = page.value("get('point').textContent")
    assert "trained (spectra_trained, seed 0): rank" in text and "trained (spectra_trained, seed 1): rank" in text, text
    assert "dimension 100," in page.value("get('said').textContent"), page.value("get('said').textContent")
    assert "[" not in page.value("get('provenance').textContent"), page.value("get('provenance').textContent")


def check_cells(page, path):
    """Of a refined sweep: slices of computed points alone; a point that was not asked for says whose number it has."""
    there = sweep.known(sweep.by_key(sweep.open_sweep(path, "cells"))).values
    page.value(f"setSweep({sweep.sweep_names(path).index('cells')})")
    row = int(np.argmin(there.sum(axis=0)))
    at = next([k, row] for k in range(1, 33) if not there[k, row])
    page.value(f"state.at = {at}; draw()")
    drawn = page.value("get('along_x').data[0].y")
    assert 2 < there[:, row].sum() < 33 and [y is not None for y in drawn] == there[:, row].tolist()
    assert page.value("get('along_x').data[1].marker.symbol") == "circle-open"
    text = page.value("get('point').textContent")
    assert "not asked for: numbers of its cell, computed at" in text, text
    found = page.value("(c => c.axes.map((n, k) => new DataView(bytes).getFloat32(c.at[k] + 4 * place(state.at), true)))(current().cells)")
    source = [int(np.argmin(np.abs(np.array(page.value(f"current().axes[{k}].values")) - found[k]))) for k in (0, 1)]
    assert source != at and there[tuple(source)] and at_cursor(page, "risk") == page.value(f"value(field('risk'), {source})")
    assert "of its cell" in page.value(f"get('map').data[0].text[{row}][{at[0]}]")
    page.value(f"state.at = {source}; draw()")
    assert page.value("get('along_x').data[1].marker.symbol") == "circle"
    assert "not_asked" not in page.value("get('counts').textContent")
    assert f"{int((~there).sum())} of them not asked for" in page.value("get('said').textContent")


def check_browser(folder, path, target):
    page = browser.Browser(folder)
    try:
        page.size(1200, 900)
        page.call("Page.navigate", url=f"file://{target}")
        page.wait("typeof state !== 'undefined' && state.ready")
        assert page.value("document.title") == "A <small> archive"
        assert page.value("current().name") == "cells"     # the largest map, not the first by name
        check_desk(page, path)
        check_trained(page, path)
        check_spectrum_and_failures(page, path)
        check_words(page, path)
        check_cells(page, path)
        for width in (1200, 500):
            check_layout(page, width)
        page.size(390, 844, phone=True)
        page.value("setSweep(0)")
        page.wait("document.documentElement.scrollWidth <= 390", 20)
        page.wait("get('map').getBoundingClientRect().width <= 390 && "
                  "get('along_x').getBoundingClientRect().top > get('map').getBoundingClientRect().bottom - 1", 20)
        assert page.errors == [], page.errors
    finally:
        page.close()


check_thinned()
check_opening()
check_numbers()
if missing():
    print(f"skipped: {missing()} is not installed")
    sys.exit(77)
with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
    made = f"{scratch}/small.html"
    file = f"{scratch}/small.h5"
    assert run(2, "run", write(f"{scratch}/small.yaml", JOB), "-o", file) == 1  # short trainings do not converge
    done = subprocess.run(["/usr/bin/python3", str(ANALYSIS / "report.py"), file, made], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert os.path.getsize(made) < 5e6 and "http://" not in done.stdout
    assert_one_line(subprocess.run(["/usr/bin/python3", str(ANALYSIS / "report.py"), f"{scratch}/none.h5"],
                                   capture_output=True, text=True), 2, "none.h5: no such file")
    check_browser(scratch, file, made)
