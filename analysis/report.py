#!/usr/bin/python3
"""One page to explore an archive in a browser, without a network: maps of risk, exponents, phase and the parts of the
risk, R/R_Bayes where the archive has Bayes risks of the same problems; click or keys: slices, parts, spectra, and the
trained networks of a point beside its theory; what is missing or failed, and where the numbers are from.  Opens on the
map of most points.  Large grids are thinned, and say so.

usage: report.py ARCHIVE.h5 [PAGE.html]

Needs python3-plotly, whose plotly.js is put into the page.  Reads the archive of a run that goes on, too.
"""
import argparse
import base64
import datetime
import gzip
import html
import json
import pathlib
import re
import sys

import h5py
import numpy as np

from phasesweep import phases, sweep
from report_page import PAGE

POINTS = 257 * 257      # of a sweep that are drawn; larger grids are thinned
SPECTRUM_VALUES = 400_000   # of the spectra of a sweep, else none are drawn
FAILURES = 40           # listed by name
LAST_RUNS = 20
ROOM = 0.02     # of the map: a smaller phase has no name on it
RUN_COLUMNS = ("start", "end", "ranks", "points", "host", "slurm_job")
HOLE = 32767            # among numbers of 16 bits
PARTS = ("underfitting", "approximation", "overfitting", "cross")
SPECTRA = ("eigenvalues", "density", "density_position", "outlier_position", "neuron_readout")
TRAINED = 2000          # points of a sweep whose theory is looked for
SAME = 1e-6             # relative difference of numbers of one problem
# of a network, told at its point and not drawn
NUMBERS = (("resolved_width", "width"), ("stable_rank", "stable rank"), ("participation_ratio", "participation ratio"),
           ("outliers", "outliers"), ("bulk_edge", "edge of the bulk"), ("trace", "trace"), ("tail_exponent", "tail exponent"),
           ("specialised", "neurons found"))
PROBLEM = ("source_exponent", "dimension", "noise", "depth")    # and width, samples, weight decay: numbers of a point
# name, what it is called, logarithm?, colours: s of size, d of what has a sign, p of phases, c of codes
FIELDS = (("risk", "log10 R", True, "s"), ("exponent_samples", "d log R / d log n", False, "d"),
          ("exponent_weight_decay", "d log R / d log lambda", False, "d"),
          ("phase_predicted", "phase, predicted", False, "p"), ("phase_measured", "phase, measured", False, "p"),
          ("optimal_weight_decay", "log10 of the best weight decay", True, "s"), ("learned_rank", "rank", False, "s"),
          ("test_error", "log10 of the test error", True, "s"), ("gap", "log10 of the duality gap", True, "s"),
          ("seconds", "log10 of seconds", True, "s"))


class Buffer:
    """Numbers of the page, one after the other: as 16 bits between their ends, or as float32."""

    def __init__(self):
        self.blocks, self.size = [], 0

    def add(self, raw):
        at, self.size = self.size, self.size + len(raw)
        self.blocks.append(raw)
        return at

    def short(self, values):
        """{at, low, high}: HOLE where a number is not finite."""
        finite = np.isfinite(values)
        low, high = (float(values[finite].min()), float(values[finite].max())) if finite.any() else (0.0, 1.0)
        scale = (HOLE - 1) / (high - low) if high > low else 0.0
        with np.errstate(invalid="ignore"):
            packed = np.where(finite, np.round((np.where(finite, values, low) - low) * scale), HOLE)
        return {"at": self.add(packed.astype("<i2").tobytes()), "low": low, "high": high}

    def real(self, values):
        pad = -self.size % 4
        if pad:
            self.add(bytes(pad))
        return self.add(np.asarray(values, "<f4").tobytes())


def halved(data):
    """Of a refined sweep each second, fourth, ... point until POINTS are left: with them the corners of its coarse
    cells, which are computed everywhere."""
    plane, deepest = sweep.refined_plane(data), 2 ** int(data.attrs.get("refine_depth", 0))
    steps = dict.fromkeys(plane, 1)
    while data["outcome"].size > POINTS and min(steps.values(), default=deepest) < deepest:
        longest = max((name for name in plane if steps[name] < deepest), key=lambda name: data.sizes[name])
        steps[longest] *= 2
        data = data.isel({longest: sweep.ends(data.sizes[longest], 2)})
    return data


def thinned(data, axes):
    """Every so manyth point of the longest axes, ends kept, until POINTS are left; and how that is written."""
    sizes = {name: data.sizes[name] for name in axes}
    if "outcome" in data:
        data = halved(data)
    kept = {name: data.sizes[name] for name in axes}
    while np.prod([float(v) for v in kept.values()]) > POINTS and max(kept.values()) > 2:
        longest = max(kept, key=kept.get)
        kept[longest] = max(2, int(kept[longest] * 0.8))
    if kept == sizes:
        return data, ""
    picked = {name: np.unique(np.linspace(0, data.sizes[name] - 1, kept[name]).round().astype(int)) for name in axes}
    return data.isel(picked), (" x ".join(str(kept[n]) for n in axes if sizes[n] > 1) + " of "
                               + " x ".join(str(sizes[n]) for n in axes if sizes[n] > 1) + " points are drawn")


def map_axes(data, axes):
    """The two axes of the map: samples and weight decay, else the longest."""
    long = sorted((name for name in axes if data.sizes[name] > 1), key=lambda name: -data.sizes[name])
    first = [name for name in ("samples", sweep.decay_axis(data), "time", "width") if name in long]
    return (first + [name for name in long if name not in first])[:2]


def power_of_d(data, axis, field):
    """log_d of a field along an axis, if it depends on that axis alone and there is one d; else None."""
    d = data.attrs.get("dimension")
    if field not in data or d is None or axis not in data[field].dims:
        return None
    others = [name for name in data[field].dims if name != axis]
    low, high = data[field].min(others).values, data[field].max(others).values
    if not (np.all(low > 0) and np.allclose(low, high, rtol=1e-6, atol=0)):
        return None
    return np.log(low) / np.log(float(d))


def axis_of(data, name):
    """{name, label, values, log}: numbers to draw at, or words."""
    values = data[name].values if name in data.coords else np.arange(data.sizes[name])
    if values.dtype.kind in "UO":
        return {"name": name, "label": name, "values": [str(v) for v in values]}
    field = {"samples": "effective_samples", "weight_decay": "resolved_nuclear_weight",
             "nuclear_weight": "resolved_nuclear_weight"}.get(name)
    if field == "resolved_nuclear_weight" and data.attrs["model"] not in ("quadratic", "signed"):
        field = "resolved_weight_decay"
    powers = power_of_d(data, name, field)
    if powers is not None and len(powers) > 1:
        symbol = {"effective_samples": "n_eff", "resolved_nuclear_weight": "lambda tilde"}.get(field, "lambda")
        return {"name": name, "label": f"log_d {symbol}", "values": list(map(float, powers)), "power": True}
    values = [float(v) for v in values]
    return {"name": name, "label": name.replace("_", " "), "values": values,
            "log": bool(min(values) > 0 and max(values) > 30 * min(values))}


def shares(data):
    """{part: share of the sum of the positive parts}; none of networks that have no such parts."""
    if not all(part in data and bool(np.isfinite(data[part]).any()) for part in PARTS):
        return {}
    unit = sum(np.maximum(data[part], 0) for part in PARTS)
    return {part: data[part] / unit for part in PARTS}


def with_cells(data):
    """A refined sweep with the numbers of its cells, and two fields that tell where the point of each number was
    computed; others as they are."""
    plane = sweep.refined_plane(data)
    if not plane:
        return data
    there = sweep.known(data).transpose(..., *plane)
    at = np.unravel_index(sweep.origin(there.values, int(data.attrs["refine_depth"])), there.shape[-2:])
    places = {f"cell_{name}": (there.dims, np.array(axis_of(data, name)["values"])[k]) for name, k in zip(plane, at)}
    return sweep.cells(data).assign(places)


def cells_of(data, axes, buffer):
    """{asked, axes, at}: which points of a refined sweep are computed, and those that the others' numbers are of."""
    plane = sweep.refined_plane(data)
    if not plane:
        return None
    return {"asked": buffer.short(sweep.known(data).astype(float).transpose(*axes).values),
            "axes": plane, "at": [buffer.real(data[f"cell_{name}"].transpose(*axes).values) for name in plane]}


def over_bayes(data, others):
    """R/R_Bayes with the first Bayes sweep of the same problems at the same samples; None without one."""
    if data.attrs["method"] == "bayes" or "risk" not in data or "samples" not in data.dims:
        return None
    for bayes in others:
        axes = [name for name in bayes["risk"].dims]
        if (all(bayes.attrs.get(k) == data.attrs.get(k) for k in ("model", "noise", "dimension", "source_exponent"))
                and set(axes) <= set(data["risk"].dims)
                and all(bayes.sizes[n] == data.sizes[n] and np.array_equal(bayes[n], data[n]) for n in axes)):
            return data["risk"] / bayes["risk"]
    return None


def layers(data, others):
    """[(name, label, array, colours)] of what a sweep can show."""
    found = []
    for name, label, logarithm, colours in FIELDS:
        if name in data and data[name].dims and np.isfinite(data[name].astype(float)).any():
            values = data[name].astype(float)
            found.append((name, label, np.log10(values.where(values > 0)) if logarithm else values, colours))
    ratio = over_bayes(data, others)
    if ratio is not None:
        found.insert(1, ("over_bayes", "log10 R/R_Bayes", np.log10(ratio), "s"))
    found += [(part, f"{part}, share of the positive parts", share, "d") for part, share in shares(data).items()]
    found.append(("outcome", "outcome", data["outcome"].astype(float), "c"))
    return found


def boundaries(data, x, y, axes):
    """{source exponent: segments and names} of the predicted phases, where both axes are powers of d."""
    if data.attrs["model"] not in phases.MODELS or not (x.get("power") and y.get("power")) or "depth" in axes:
        return {}
    gammas = data["source_exponent"].values if "source_exponent" in axes else [data.attrs["source_exponent"]]
    view = (min(x["values"]), max(x["values"])), (min(y["values"]), max(y["values"]))
    model, d = data.attrs["model"], float(data.attrs["dimension"])
    return {f"{float(gamma):g}": {"segments": phases.boundaries(model, float(gamma), d, *view),
                                  "names": [(float(at_x), float(at_y), name) for name, (at_x, at_y, room)
                                            in phases.labels(model, float(gamma), d, *view).items() if room > ROOM]}
            for gamma in gammas}


def spectra_of(data, axes, buffer):
    """{name: {at, count}} of what spectra there are, if they are few enough."""
    found = {}
    for name in SPECTRA:
        if name in data and set(axes) <= set(data[name].dims) and len(data[name].dims) == len(axes) + 1:
            inner = next(n for n in data[name].dims if n not in axes)
            if data[name].size <= SPECTRUM_VALUES:
                found[name] = {"at": buffer.real(data[name].transpose(*axes, inner).values),
                               "count": data.sizes[inner]}
    return found


def numbers_of(data, axes, buffer):
    """[{name, label, at}] of what is told of a point's network."""
    found = []
    for name, label in NUMBERS:
        if name in data and set(data[name].dims) <= set(axes) and np.isfinite(data[name].astype(float)).any():
            values = data[name].astype(float).broadcast_like(data["outcome"]).transpose(*axes).values
            found.append({"name": name, "label": label, "at": buffer.real(values)})
    return found


# ---- trained points and their theory --------------------------------------------------------------------

def problem(data):
    """{name: number at every point, flat} of what tells problems of one kind apart; None without n and weight decay."""
    decay = "resolved_nuclear_weight" if data.attrs["model"] in ("quadratic", "signed") else "resolved_weight_decay"
    if not {"resolved_samples", decay, "resolved_width"} <= set(data.variables):
        return None
    axes = data["outcome"].dims
    values = {name: data[name] for name in PROBLEM if name in data.dims}
    values.update(samples=data["resolved_samples"], decay=data[decay], width=data["resolved_width"])
    flat = {name: value.astype(float).broadcast_like(data["outcome"]).transpose(*axes).values.ravel()
            for name, value in values.items()}
    for name in set(PROBLEM) - set(flat):
        value = sweep.given(data, name)
        flat[name] = np.full(data["outcome"].size, 0.0 if value is None else float(value))
    flat["width"] = np.minimum(flat["width"], flat["dimension"])    # widths from d on are one problem
    return flat


def kind(data):
    """What else must be equal, which no point of a sweep has otherwise."""
    others = [name for name in sweep.OTHERS if name not in (*PROBLEM, "width")]
    return None if set(others) & set(data.dims) else (data.attrs["model"], *(sweep.given(data, name) for name in others))


def matches(trained, theory):
    """[(place of a trained point, place of its theory)]; a training has a whole number of samples."""
    mine, wanted = problem(trained), problem(theory)
    if kind(trained) is None or kind(trained) != kind(theory) or None in (mine, wanted) or trained["outcome"].size > TRAINED:
        return []
    found = []
    for k in range(trained["outcome"].size):
        same = np.abs(wanted["samples"] - mine["samples"][k]) <= 1
        for name in (*PROBLEM, "width", "decay"):
            same &= np.abs(wanted[name] - mine[name][k]) <= SAME * np.abs(mine[name][k])
        found += [(k, int(at)) for at in np.flatnonzero(same)[:1]]
    return found


def pair(sweeps, datasets):
    """Adds to each sweep {place: [[other sweep, its place], ...]}: the theory of trained points, spectra first, and the
    trained points of theory."""
    for one in sweeps:
        one["partners"] = {}
    numbered = list(enumerate(datasets))
    theories = sorted((k for k, data in numbered if data.attrs["method"] == "state_evolution"),
                      key=lambda k: "density" not in sweeps[k]["spectra"])
    for k, trained in numbered:
        if trained.attrs["method"] == "training":
            for other in theories:
                for mine, theirs in matches(trained, datasets[other]):
                    sweeps[k]["partners"].setdefault(mine, []).append([other, theirs])
                    sweeps[other]["partners"].setdefault(theirs, []).append([k, mine])


def opening(sweeps, job):
    """Which sweep is shown first: the map of most points over its two axes, else the first of the job."""
    sizes = [np.prod([len(axis["values"]) for axis in one["axes"] if axis["name"] in one["shown"]])
             if len(one["shown"]) == 2 else 0 for one in sweeps]
    if max(sizes, default=0) > 0:
        return int(np.argmax(sizes))
    places = [found.start() if (found := re.search(rf"\bname:\s*[\"']?{re.escape(one['name'])}\b", job)) else len(job)
              for one in sweeps]
    return int(np.argmin(places)) if places else 0


def failures(data, axes):
    """[text] of the first points that ended badly."""
    codes = {code: name for name, code in sweep.flag_codes(data["outcome"]).items()}
    outcome = data["outcome"].transpose(*axes)
    bad = [code for code, name in codes.items()
           if name not in ("never_run", "running", "converged", "stationary", "not_asked")]
    where = np.argwhere(np.isin(outcome.values, bad))
    return [codes[int(outcome.values[tuple(at)])] + " at " + ", ".join(
        f"{name} {data[name].values[k]}" for name, k in zip(axes, at)) for at in where[:FAILURES]]


def described(name, data, others, buffer):
    """What the page knows of a sweep, and the points that it draws."""
    axes = list(data["outcome"].dims)
    codes = {int(code): word for word, code in sweep.flag_codes(data["outcome"]).items()}
    counts = {word: int((data["outcome"] == code).sum()) for code, word in codes.items()}
    bad = failures(data, axes)
    points, left_out = int(data["outcome"].size), counts.pop("not_asked", 0)
    data = with_cells(data)
    data, said = thinned(data, axes)
    others = [other.sel({n: data[n] for n in other["risk"].dims if n in axes}) for other in others
              if all(n in axes and np.isin(data[n], other[n]).all() for n in other["risk"].dims)]
    shown = map_axes(data, axes)
    entries = [axis_of(data, axis) for axis in axes]
    by_name = dict(zip(axes, entries))
    drawn = [{"name": field, "label": label, "colours": colours,
              **buffer.short(values.broadcast_like(data["outcome"]).transpose(*axes).values)}
             for field, label, values, colours in layers(data, others)]
    return {"name": name, "model": data.attrs["model"], "method": data.attrs["method"], "points": points, "left_out": left_out,
            "fixed": {k: text_of(v) for k, v in data.attrs.items() if k not in ("model", "method")
                      and k in ("dimension", "noise", "source_exponent", "width", "depth", "data", "target")},
            "counts": {word: n for word, n in counts.items() if n}, "failures": bad, "thinned": said,
            "cells": cells_of(data, axes, buffer), "axes": entries, "shown": shown, "codes": codes, "fields": drawn,
            "spectra": spectra_of(data, axes, buffer), "numbers": numbers_of(data, axes, buffer),
            "lines": boundaries(data, *(by_name[n] for n in shown), axes) if len(shown) == 2 else {}}, data


def text_of(value):
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "iuf":    # one number is an array of one, too
        return ", ".join(f"{number:.15g}" for number in value.ravel())
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def runs_of(group):
    """[{start, end, ...}] of the last runs."""
    names = [name for name in RUN_COLUMNS if name in group]
    last = [k for k, start in enumerate(group["start"][...]) if np.isfinite(start) and start > 0][-LAST_RUNS:]

    def said(name, k):
        value = group[name][k]
        if name in ("start", "end") and value > 0:
            return datetime.datetime.fromtimestamp(float(value), datetime.timezone.utc).isoformat(" ", "seconds")
        return text_of(value.tobytes().rstrip(b"\0")) if value.ndim else f"{value:g}"

    return [{name: said(name, k) for name in names} for k in last]


def provenance(path):
    """Attributes of the file, and the table of its runs as text."""
    with h5py.File(path, "r") as archive:
        attributes = {name: text_of(value) for name, value in archive.attrs.items()}
        runs = runs_of(archive["runs"]) if "runs" in archive else []
    return attributes, runs


def bayes_sweeps(path):
    try:
        return [data for data in sweep.open_all(path, "bayes", ["risk"]).values()]
    except sweep.Refusal:
        return []


def available(path, name):
    """Fields of the archive that the page can use."""
    wanted = {field for field, *_ in FIELDS} | set(PARTS) | set(SPECTRA) | {
        "effective_samples", "resolved_nuclear_weight", "resolved_weight_decay", "resolved_samples"} | {
        name for name, _ in NUMBERS}
    with h5py.File(path, "r") as archive:
        names = set(archive[name])
        return sorted(wanted & (names | ({"learned_rank"} if "rank" in names else set())))


def content(path):
    """(header, numbers) of the page."""
    others, buffer = bayes_sweeps(path), Buffer()
    found = [described(name, sweep.by_key(sweep.open_sweep(path, name, fields=available(path, name))), others, buffer)
             for name in sweep.sweep_names(path)]
    sweeps, datasets = [one for one, _ in found], [data for _, data in found]
    pair(sweeps, datasets)
    attributes, runs = provenance(path)
    return {"file": pathlib.Path(path).name, "attributes": attributes, "runs": runs, "sweeps": sweeps,
            "first": opening(sweeps, attributes.get("job", "")), "phases": phases.NAMES, "hole": HOLE}, b"".join(buffer.blocks)


def library():
    """plotly.js of Debian's package."""
    try:
        from plotly.offline import get_plotlyjs
        return get_plotlyjs()
    except (ImportError, OSError) as error:
        raise sweep.Refusal(f"{error}; the page holds plotly.js: on Debian install python3-plotly") from None


def packed(raw):
    return base64.b64encode(gzip.compress(raw, 9, mtime=0)).decode()


def page(path):
    script = library()
    header, numbers = content(path)
    title = header["attributes"].get("title", "") or header["file"]
    parts = {"@TITLE@": html.escape(title), "@PLOTLY@": packed(script.encode()),
             "@HEADER@": packed(json.dumps(header, allow_nan=False).encode()), "@NUMBERS@": packed(numbers)}
    text = PAGE
    for mark, value in parts.items():
        text = text.replace(mark, value)
    return text


def main(words=None):
    about = argparse.ArgumentParser(prog="report.py", description=__doc__.split("usage:")[0],
                                    formatter_class=argparse.RawDescriptionHelpFormatter)
    about.add_argument("archive", metavar="ARCHIVE.h5", help="of `phasesweep run`, finished or not")
    about.add_argument("page", metavar="PAGE.html", nargs="?", help="default: the archive's name with .html")
    given = about.parse_args(words)
    target = pathlib.Path(given.page or pathlib.Path(given.archive).with_suffix(".html"))
    text = page(given.archive)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise sweep.Refusal(f"{target}: {error.strerror}") from None
    print(f"{target}: {len(text) / 1e6:.1f} MB")


if __name__ == "__main__":
    try:
        main()
    except sweep.Refusal as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(2)
