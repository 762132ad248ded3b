"""Refinement asks for the same points on any ranks and after any end, and finds the lines of the full grid.

usage: test_refine.py PHASESWEEP MPIEXEC PAUSE.so
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import numpy as np

from harness import PROGRAM, alone, assert_equal_archives, assert_one_line, call, count, read, status, write

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "analysis"))
from phasesweep import sweep  # noqa: E402

SIDE, LARGE = 65, 257
FULL = f"""sweeps:
  - name: map
    model: diagonal
    source_exponent: 1.25
    dimension: 10000
    noise: 0.1
    samples: {{as: effective_power, from: -0.5, to: 4.5, count: {SIDE}}}
    weight_decay: {{as: power, from: -2, to: 3, count: {SIDE}}}
"""
REFINED = FULL + "    refine: {what: phase, depth: 4, budget: 0.3}\n"


def stop_in_round(job, path, number, how):
    """Begin or go on, and end that with a signal as soon as the round has begun; its exit status.  Writes are slow,
    so that no round is over before the signal comes."""
    process = subprocess.Popen([PROGRAM, "run", job, "-o", path], stderr=subprocess.PIPE, text=True,
                               env=os.environ | {"LD_PRELOAD": sys.argv[3], "PHASESWEEP_PAUSE": "1"})
    for line in process.stderr:
        if f"round {number}:" in line:
            process.send_signal(how)
            break
    process.stderr.read()
    return process.wait(60)


def lines(phase):
    """Cells of the grid whose corners are not all of one phase."""
    corner = phase[:-1, :-1]
    return (phase[1:, :-1] != corner) | (phase[:-1, 1:] != corner) | (phase[1:, 1:] != corner)


def widened(cells):
    """And their neighbours."""
    inside = np.pad(cells, 1)
    return np.any([inside[1 + i:inside.shape[0] - 1 + i, 1 + j:inside.shape[1] - 1 + j]
                   for i in (-1, 0, 1) for j in (-1, 0, 1)], axis=0)


def check_lines(path, full):
    """With at most a tenth of the points, the lines between phases are within one cell of those of all points;
    what is asked for has the result that it has there."""
    refined, everything = sweep.open_sweep(path, "map"), sweep.open_sweep(full, "map")
    there = sweep.known(refined).values
    assert 0.02 < there.mean() <= 0.1, there.mean()
    drawn = lines(sweep.cells(refined)["phase_measured"].values)
    wanted = lines(everything["phase_measured"].values)
    assert wanted.sum() > 1000
    assert not np.any(wanted & ~widened(drawn)) and not np.any(drawn & ~widened(wanted))
    # and nearly everywhere where they are: but for islands between the points of a cell
    assert (wanted != drawn).sum() <= 4
    risk = refined["risk"].values
    assert np.array_equal(np.isfinite(risk), there)
    assert np.allclose(risk[there], everything["risk"].values[there], rtol=1e-6, atol=0)
    assert not sweep.unfinished


def check_ends(folder, job, path):
    """kill -9 twice, and then TERM, in the middle of three rounds; what was there goes on to the same archive."""
    ended = f"{folder}/ended.h5"
    for number in (1, 2):
        assert stop_in_round(job, ended, number, signal.SIGKILL) == -signal.SIGKILL
    code = stop_in_round(job, ended, 3, signal.SIGTERM)
    assert code == 3, code
    assert status(ended)["sweeps"][0]["holes"] > 0
    assert "refine asks for" in alone("status", ended).stdout
    shutil.copy(ended, f"{folder}/half.h5")
    assert call(3, "resume", ended).returncode == 0
    assert_equal_archives(path, ended, ["map"])
    assert "equal" in alone("diff", path, ended).stdout
    done = alone("merge", f"{folder}/half.h5", path, "-o", f"{folder}/merged.h5")
    assert done.returncode == 0 and count(f"{folder}/merged.h5", "never_run") == 0, done
    assert alone("diff", path, f"{folder}/merged.h5").returncode == 0


def check_finished(path):
    """A finished archive is finished for whoever looks at it."""
    done = alone("resume", path)
    assert done.returncode == 0 and "nothing to do" in done.stderr, done
    found = status(path)["sweeps"][0]
    asked = found["outcomes"]["converged"]
    assert asked + found["outcomes"]["not_asked"] == SIDE**2 and found["holes"] == 0
    assert f"{asked} finished, 0 with a wrong checksum" in alone("verify", path).stdout
    assert "complete" in alone("watch", path).stdout
    assert alone("export", "--csv", path).stdout.count("\n") == 1 + asked
    assert f"{int(0.3 * SIDE**2)} " in alone("plan", "--ranks", "1", f"{os.path.dirname(path)}/job.yaml").stdout


def check_budget(folder, path):
    """Less room, said so; with more, what is there is taken over, and the rest is the same."""
    job = write(f"{folder}/less.yaml", REFINED.replace("budget: 0.3", "budget: 0.1"))
    less = f"{folder}/less.h5"
    done = alone("run", job, "-o", less)
    assert done.returncode == 0 and "refine_budget 0.1 ends it" in done.stderr, done
    assert 0.09 * SIDE**2 < count(less, "converged") <= 0.1 * SIDE**2
    job = f"{folder}/job.yaml"
    assert_one_line(alone("run", job, "-o", less), 2, "refine_budget", "--extend")
    done = alone("run", job, "-o", less, "--extend")
    assert done.returncode == 0 and "points taken over" in done.stderr, done
    assert alone("diff", path, less).returncode == 0


def check_others(folder):
    """By exponents and by the risk, on planes of two source exponents; and only if asked for."""
    text = REFINED.replace("1.25", "[1, 1.5]").replace(str(SIDE), "40").replace("depth: 4", "depth: 3")
    text = text.replace("map", "exponent").replace("phase", "exponent")
    text += text.split("sweeps:\n")[1].replace("exponent\n", "risk\n").replace("what: exponent", "what: risk")
    text = text.replace("budget: 0.3", "budget: 0.5")
    path = f"{folder}/others.h5"
    done = alone("run", write(f"{folder}/others.yaml", text), "-o", path)
    assert done.returncode == 0, done
    for name in ("exponent", "risk"):
        there = sweep.known(read(path, name)).values
        assert there.shape == (2, 40, 40)
        for plane in there:
            assert np.all(plane[[*range(0, 40, 8), 39]][:, [*range(0, 40, 8), 39]])
            assert 40 < plane.sum() <= 800, plane.sum()
        data = sweep.cells(sweep.open_sweep(path, name))
        assert np.all(np.isfinite(data["risk"]))


def check_refusals(folder):
    path = f"{folder}/refused.h5"
    for old, new, *words in (
            ("depth: 4", "depth: 9", ":9: refine_depth: 9", "from 1 to 6"),
            ("phase", "colour", ":9: refine: colour", "none, phase, exponent, risk"),
            ("what: phase, ", "", ":9: refine: what: missing", "phase"),
            ("budget: 0.3", "budget: 2", ":9: refine_budget: 2", "to 1"),
            ("diagonal", "ridge", ":9: refine: phase: model ridge has none", "risk"),
            ("noise: 0.1", "noise: 0", ":9: refine: phase: with noise 0 there is none", "exponent"),
            ("noise", "covariance_exponent: [0, 0.5]\n    noise",
             ":10: refine: phase: with covariance_exponent 0.5 there is none", "exponent"),
            ("diagonal", "quadratic\n    width: 500", ":10: refine: phase: with width 500 below dimension 10000", "risk"),
            ("noise", "method: training\n    noise", ":10: refine: method training has none",
             "method state_evolution"),
            (f"from: -2, to: 3, count: {SIDE}", "values: [0]", ":9: refine: fewer than two axes"),
            (f"from: -2, to: 3, count: {SIDE}", "values: [0, 2, 1]", ":9: refine: weight_decay is in no order")):
        assert old in REFINED
        job = write(f"{folder}/refused.yaml", REFINED.replace(old, new))
        done = alone("run", job, "-o", path)
        assert done.returncode == 2 and not os.path.exists(path), done
        for word in (f"{job}", *words):
            assert word in done.stderr.splitlines()[0], (word, done.stderr)


def main():
    with tempfile.TemporaryDirectory() as folder:
        job = write(f"{folder}/job.yaml", REFINED)
        path, full = f"{folder}/one.h5", f"{folder}/full.h5"
        assert alone("run", job, "-o", path).returncode == 0
        assert call(3, "run", job, "-o", f"{folder}/three.h5").returncode == 0
        assert_equal_archives(path, f"{folder}/three.h5", ["map"])
        large = [text.replace(str(SIDE), str(LARGE)).replace("0.3}", "0.1}") for text in (REFINED, FULL)]
        for text, to in zip(large, (f"{folder}/large.h5", full)):
            assert alone("run", write(f"{folder}/large.yaml", text), "-o", to).returncode == 0
        check_lines(f"{folder}/large.h5", full)
        check_finished(path)
        check_ends(folder, job, path)
        check_budget(folder, path)
        check_others(folder)
        check_refusals(folder)


main()
