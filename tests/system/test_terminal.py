"""What a person types and sees: run, watch and status on a terminal, symbols, lists, help, a table of a point and of
a whole archive, mistakes that are told once.

usage: test_terminal.py PHASESWEEP MPIEXEC PAUSE
"""
import csv
import io
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

from harness import PROGRAM, alone, call, assert_one_line, run, write

JOB = """sweeps:
  - name: grid
    source_exponent: [1, 2]
    dimension: 100
    noise: [0.1, 0.5]
    samples: {as: effective_power, from: -0.5, to: 3, count: 40}
    weight_decay: {as: power, from: -1, to: 1.5, count: 300}
"""
SMALL = """sweeps:
  - name: small
    source_exponent: 1.25
    dimension: 100
    noise: 0.1
    samples: [100, 1000]
    weight_decay: 1
  - name: lasso
    model: diagonal
    source_exponent: 1.25
    dimension: 100
    noise: 0.1
    samples: {as: effective_power, values: [0, 1, 2]}
    weight_decay: 1
"""


class Seen:
    """A command on a terminal of 80 columns; text() is all that it wrote until it ended."""

    def __init__(self, *words, **variables):
        own, other = pty.openpty()
        self.process = subprocess.Popen([PROGRAM, *words], stdin=other, stdout=other, stderr=other,
                                        env={**os.environ, **variables})
        os.close(other)
        self.terminal = own
        self.read = ""

    def more(self):
        """False at the end."""
        try:
            block = os.read(self.terminal, 4096)
        except OSError:     # Linux: nobody holds the other side any more
            return False
        self.read += block.decode()
        return bool(block)

    def text(self):
        while self.more():
            pass
        return self.read, self.process.wait()


def until(condition):
    while not condition():
        time.sleep(0.01)


def check_watched_run():
    """The run is stopped while the first picture is drawn, so that there is one of an unfinished run."""
    job = write("job.yaml", JOB)
    runs = Seen("run", job, "-o", "out.h5", LD_PRELOAD=sys.argv[3], PHASESWEEP_PAUSE="1")
    until(lambda: os.path.exists("out.h5") or runs.process.poll() is not None)
    runs.process.send_signal(signal.SIGSTOP)
    watched = Seen("watch", "out.h5")
    while "points" not in watched.read and watched.more():
        pass
    assert runs.process.poll() is None
    # the run tells what it expects, status and watch repeat it; its writes pause, so that it lasts
    runs.process.send_signal(signal.SIGCONT)
    until(lambda: json.loads(alone("status", "--json", "out.h5").stdout)["eta_seconds"] is not None)
    runs.process.send_signal(signal.SIGSTOP)
    assert re.search("running, ETA [0-9]+", alone("status", "out.h5").stdout), alone("status", "out.h5")
    assert re.search(r"points/min, ETA [0-9]+|s, ETA [0-9]+", alone("watch", "out.h5").stdout)
    runs.process.send_signal(signal.SIGCONT)
    text, status = runs.text()
    assert status == 0 and "48000 points in" in text and "out.h5 is complete" in text, text
    assert "[" in text and "ETA" in text and "\r" in text, text
    text, status = watched.text()
    assert status == 0 and "grid" in text, text
    assert text.rstrip().endswith("48000 of 48000 points, 0 running, 0 failed\x1b[K\r\ncomplete\x1b[J"), text
    assert "#" * 40 + " 48000/48000" in text and "\x1b[3A" in text and "ETA" in text, text
    assert all(len(re.sub("\x1b.[A-Z]|\x1b.[0-9]*A", "", line)) < 80 for line in text.split("\r\n")), text
    text, status = Seen("status", "out.h5").text()
    assert status == 0 and "grid: 48000 points, 48000 converged" in text, text
    once = alone("watch", "out.h5")
    assert once.returncode == 0 and "\x1b" not in once.stdout and once.stdout.count("\n") == 3, once
    assert_one_line(alone("watch", "none.h5"), 2, "none.h5")


POINT = ["n=1000", "d=100", "gamma=1.25", "Delta=0.1", "lambda_tilde=0.1", "p=100"]


def check_points():
    """Symbols are keys; a table on a terminal has the numbers of the JSON."""
    long = ["samples=1000", "dimension=100", "source_exponent=1.25", "noise=0.1", "nuclear_weight=0.1", "width=100"]
    short = json.loads(alone("point", *POINT).stdout)
    same = json.loads(alone("point", *long).stdout)
    assert {**short, "seconds": 0} == {**same, "seconds": 0}
    text, status = Seen("point", *POINT).text()
    rows = {line.split()[0]: line.split()[1] for line in text.splitlines() if line.strip()}
    assert status == 0 and rows["outcome"] == "converged" and float(rows["risk"]) == float(f"{same['risk']:.6g}"), text
    text, status = Seen("point", "--json", *POINT).text()
    assert status == 0 and json.loads(text)["risk"] == same["risk"]
    weight = [word for word in POINT if "lambda" not in word]
    assert json.loads(alone("point", *weight, "lambda=0.1").stdout)["resolved_weight_decay"] == 0.1
    assert_one_line(alone("point", *POINT, "samples=5"), 2, "samples", "given twice")
    for typed, meant in (("gama=1", "gamma"), ("delta=1", "Delta"), ("N=1", "n"), ("sampels=1", "samples")):
        assert f"did you mean {meant}?" in alone("point", typed).stderr, typed
    assert_one_line(alone("point", *POINT, "method=trainin", "iteration_limit=3"), 2, "did you mean training?")
    text, status = Seen("keys").text()
    assert status == 0 and "|" not in text and "samples (n): " in text, text[:500]


def check_words():
    for words in (["-h"], ["help"], ["--help"]):
        told = alone(*words)
        assert told.returncode == 0 and "watch OUT.h5" in told.stdout, told
    for words in (["help", "run"], ["run", "-h"], ["run", "--help"]):
        told = alone(*words)
        assert told.returncode == 0 and "--deadline" in told.stdout, told


def check_table():
    """A line a point, with the checksums of the file; a damaged row is left out and counted."""
    write("small.yaml", SMALL)
    assert run(1, "run", "small.yaml", "-o", "small.h5", "--set", "Delta=0.2") == 0
    done = alone("export", "--csv", "small.h5")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert done.returncode == 0 and [row["sweep"] for row in rows] == ["small"] * 2 + ["lasso"] * 3, done
    assert [row["samples"] for row in rows] == ["100", "1000", "", "", ""] and {row["noise"] for row in rows} == {"0.2"}
    assert [row["samples_effective_power"] for row in rows] == ["", "", "0", "1", "2"]
    with h5py.File("small.h5") as file:
        for name in ("small", "lasso"):
            own = [row for row in rows if row["sweep"] == name]
            assert np.array_equal([float(row["risk"]) for row in own], file[name]["risk"][...].ravel())
            assert [int(row["checksum"], 16) for row in own] == file[name]["checksum"][...].ravel().tolist()
    with h5py.File("small.h5", "r+") as file:
        file["lasso"]["risk"][1] *= 2
    done = alone("export", "--csv", "small.h5")
    assert done.returncode == 1 and len(done.stdout.splitlines()) == 5, done
    assert "1 point with a wrong checksum" in done.stderr, done
    assert_one_line(alone("export", "small.h5"), 2, "--csv is missing")
    assert_one_line(alone("plan", "small.h5"), 2, "is an archive, no job file", "phasesweep resume small.h5")
    both = alone("status", "small.h5", "out.h5")
    assert both.returncode == 0 and both.stdout.index("small.h5\n") < both.stdout.index("out.h5\n"), both


def check_lists():
    assert run(1, "run", "small.yaml", "-o", "list.h5", "--set", "n={from: 100, to: 400, count: 4}") == 0
    with h5py.File("list.h5") as file:
        assert file["small"]["samples"][...].tolist() == [100, 200, 300, 400]
        assert file["lasso"]["samples"][...].tolist() == [100, 200, 300, 400]
    symbols = {"samples": "n", "dimension": "d", "source_exponent": "gamma", "noise": "Delta", "weight_decay": "lambda"}
    text = SMALL.replace("values: [0, 1, 2]", "from: 0, to: 2, count: 3")
    write("range.yaml", text)
    for name, symbol in symbols.items():
        text = text.replace(f" {name}:", f" {symbol}:")
    write("symbols.yaml", text)
    assert run(1, "run", "range.yaml", "-o", "x.h5") == 0 and run(1, "run", "symbols.yaml", "-o", "x.h5") == 0
    os.remove("x.h5")
    write("symbols.yaml", text + "    samples: 3\n")
    assert_one_line(alone("run", "symbols.yaml", "-o", "x.h5"), 2, "symbols.yaml:15: sweeps: samples: given twice")
    other = alone("run", "small.yaml", "-o", "list.h5", "--set", "n=[100, 200]")
    assert_one_line(other, 2, "samples: 4 values in the archive, 2 in the job")
    assert_one_line(alone("run", "small.yaml", "-o", "x.h5", "--set", "n=[1, x]"), 2, "samples: x is no decimal number")
    assert not pathlib.Path("x.h5").exists()
    for sets, small, lasso in (
            (["samples.count=9"], [100, 1000], 9), (["n.values=0,0.5"], [100, 1000], [0, 0.5]),
            (["n={from: 1, to: 9, count: 3}", "samples.count=5"], [1, 3, 5, 7, 9], 5), (["n=5,7"], [5, 7], [5, 7])):
        words = [word for assignment in sets for word in ("--set", assignment)]
        path = "part.h5"
        assert run(1, "run", "range.yaml", "-o", path, *words) == 0, sets
        with h5py.File(path) as file:
            assert file["small"]["samples"][...].tolist() == small, sets
            name = "samples" if len(small) > 2 or small == [5, 7] else "samples_effective_power"
            values = file["lasso"][name][...].tolist()
            assert lasso in (values, len(values)), sets
        assert alone("resume", path).returncode == 0 and not os.remove(path)


def check_large_bill():
    """Numbers for people have no powers of ten where they are large; sums are whole."""
    told = alone("plan", "range.yaml", "--set", "n.count=50000", "--set", "lambda={as: power, from: -1, to: 1, count: 1000}")
    assert told.returncode == 0 and "e+" not in told.stdout, told
    assert re.search("^archive: 1[0-9]{4} MB$", told.stdout, re.MULTILINE), told


PART_MISTAKES = {
    "n.cout=3": ["--set: samples.cout: unknown part of an axis; did you mean count?"],
    "sample.count=3": ["--set: sample.count: unknown key; did you mean samples?"],
    "method.count=3": ["--set: method.count: is no axis", "allowed: method=VALUE"],
    "n.count=1.5": ["samples: count: 1.5 is not whole"],
    "n.count=": ["samples.count: \"\" is not taken; allowed: a number or word"],
    "n.count=[1,2]": ["samples.count: [1,2] is not taken; allowed: a number or word"],
    "n.values=3": ["samples: is no list"],
    "lambda.count=3": ["weight_decay.count: no sweep has weight_decay as a range; allowed: weight_decay: {from"],
    "n.from=x": ["samples: x is no decimal number"],
}


def check_part_mistakes():
    two = pathlib.Path("range.yaml").read_text()
    write("two.yaml", two + two.split("sweeps:\n")[1].replace("name: ", "name: second_"))    # told once for all sweeps
    for job in ("range.yaml", "two.yaml"):
        for typed, told in PART_MISTAKES.items():
            assert_one_line(alone("run", job, "-o", "x.h5", "--set", typed), 2, *told)
    assert_one_line(alone("run", "range.yaml", "-o", "x.h5", "--set", "n.count=3", "--set", "samples.count=4"), 2,
                    "samples.count: given twice")
    write("inside.yaml", two + "override: {gamma: 2, n.to: 9}\n")
    assert alone("run", "inside.yaml", "--dry-run").returncode == 0
    write("inside.yaml", two + "override: {gamm.count: 3}\n")
    assert_one_line(alone("run", "inside.yaml", "--dry-run"), 2, "inside.yaml:15: override: gamm.count: is no axis")
    common = "set: {n: {from: 1, to: 9, count: 3}}\n"     # a member is taken where a sweep takes the mapping
    assert_one_line(alone("run", write("over.yaml", common + two.replace("{as", "[1, 2] # {as")), "--dry-run", "--set",
                          "n.count=9"), 2, "samples.count: no sweep has samples as a range")
    write("inside.yaml", two + "set: {gamma.count: 3}\n")    # sweeps are stronger
    assert_one_line(alone("run", "inside.yaml", "--dry-run"), 2, "inside.yaml:15: set: gamma.count: unknown key")
    assert not pathlib.Path("x.h5").exists()


WEIGHTS = """set: {gamma: 1, d: 30, Delta: 0.1, lambda: 1}
sweeps:
  - {name: own, n: 100, lambda_tilde: [0.1, 1]}
  - {name: common, n: 100, d: 20}
"""


def check_stronger():
    """A sweep's own keys before those of `set`, --set before both, also where one weight stands in for the other."""
    job = write("weights.yaml", WEIGHTS)
    for sets, weights in (((), [[0.1, 1], 1]), (("lambda_tilde=3",), [3, 3])):
        words = [word for assignment in sets for word in ("--set", assignment)]
        assert run(1, "run", job, "-o", "weights.h5", *words) == 0, sets
        with h5py.File("weights.h5") as file:
            found = [file["own/resolved_nuclear_weight"][...].ravel(), file["common/resolved_nuclear_weight"][...]]
            assert [np.round(f, 12).tolist() for f in found] == [np.atleast_1d(weights[0]).tolist(), weights[1]], sets
            assert (file["own"].attrs["dimension"], file["common"].attrs["dimension"]) == (30, 20)
        os.remove("weights.h5")


BAD = """sweeps:
  - {name: bad, method: training, gamma: 1, d: 30, noise: 0.1, n: [100, 300], lambda: [0.1, 1], iteration_limit: 2}
  - {name: good, gamma: 1, d: 30, noise: 0.1, n: 100, lambda: 1}
"""


def check_end():
    """Where the file is, which points failed and why, the whole line that tries them again, how to draw it."""
    write("bad.yaml", BAD)
    done = call(1, "run", "bad.yaml", "-o", "b d.h5")
    assert done.returncode == 1 and "b d.h5: 5 points in 3 chains on 1 rank\n" in done.stderr, done
    named = [f"bad at samples = {n}, weight_decay = {weight} (2 iterations, off by " for n, weight in
             ((100, 0.1), (100, 1), (300, 0.1))]
    assert "phasesweep: b d.h5: 4 points did not converge: " in done.stderr and "; and 1 more\n" in done.stderr, done
    assert all(name in done.stderr for name in named), done
    line = re.search("`(.* resume --retry .*b d.h5.*)` tries them again", done.stderr)[1]
    assert "b d.h5 is complete; `phasesweep status 'b d.h5'`" in done.stderr and "phasesweep-report" in done.stderr
    again = subprocess.run(["bash", "-c", f"{line} --set iteration_limit=0"], capture_output=True, text=True)
    assert again.returncode == 0 and "did not converge" not in again.stderr, again
    for words in (["resume", "b d.h5"], ["run", "bad.yaml", "-o", "b d.h5"]):
        done = alone(*words)
        assert done.returncode == 0 and "b d.h5: all 5 points are finished; nothing to do\n" in done.stderr, done


def without(path, name, rows):
    """The archive as it would be if those rows had never been computed."""
    shutil.copy("out.h5", path)
    with h5py.File(path, "r+") as file:
        outcome = file[name]["outcome"][...]
        outcome.reshape(-1)[rows] = 0
        file[name]["outcome"][...] = outcome


def check_merge():
    """Two halves of one job give the whole, bit by bit and verified; killed it leaves nothing under the name."""
    without("left.h5", "grid", slice(20000, None))
    without("right.h5", "grid", slice(0, 19000))
    merging = ["merge", "left.h5", "right.h5", "-o", "both.h5"]
    killed = subprocess.Popen([PROGRAM, *merging], stderr=subprocess.DEVNULL)
    until(lambda: os.path.exists("both.h5.extending") or killed.poll() is not None)
    killed.kill()
    assert killed.wait() == -signal.SIGKILL and not os.path.exists("both.h5")
    done = alone(*merging)
    assert done.returncode == 0 and "both.h5: 48000 of 48000 points are finished" in done.stderr, done
    assert alone("verify", "both.h5").returncode == 0 and alone("diff", "out.h5", "both.h5").returncode == 0
    with h5py.File("out.h5") as whole, h5py.File("both.h5") as both:
        for name in ("risk", "checksum", "outcome", "seconds"):
            assert np.array_equal(whole["grid"][name][...], both["grid"][name][...]), name
        assert np.count_nonzero(both["runs"]["start"][...]) == 2
    done = alone("resume", "both.h5")
    assert done.returncode == 0 and "nothing to do" in done.stderr, done
    assert_one_line(alone(*merging), 2, "both.h5 is there already")
    assert_one_line(alone("merge", "left.h5", "right.h5"), 2, "-o OUT.h5 is missing")
    assert_one_line(alone("merge", "list.h5", "small.h5", "-o", "x.h5"), 2, "grids conflict: sweep small: noise",
                    "another name")
    done = alone("merge", "list.h5", "left.h5", "-o", "x.h5")
    assert done.returncode == 0 and alone("verify", "x.h5").returncode == 0, done
    assert [part["name"] for part in json.loads(alone("status", "--json", "x.h5").stdout)["sweeps"]] == [
        "small", "lasso", "grid"]
    assert not list(pathlib.Path().glob("*.lock")) and not list(pathlib.Path().glob("*.extending"))


def check_merge_of_others():
    """Archives of older programs, of data in files, and one whose meaning was changed; small.h5 has a damaged row."""
    reference = pathlib.Path(__file__).resolve().parents[1] / "reference"
    for old in sorted(reference.glob("schema*.h5")):
        done = alone("merge", str(old), str(old), "-o", "today.h5")
        assert done.returncode == 0 and alone("verify", "today.h5").returncode == 0, done
        assert alone("diff", str(old), "today.h5").returncode == 0, old
        os.remove("today.h5")
    rows = np.random.default_rng(1).normal(size=(40, 6))
    np.save("rows.npy", rows)
    np.save("labels.npy", rows[:, 0])
    sweep = "method: training, data: rows.npy, target: labels.npy, model: ridge, samples: 20, weight_decay: [1, 2]}\n"
    pathlib.Path("rows.yaml").write_text("sweeps:\n" + "".join(f"  - {{name: {k}, {sweep}" for k in ("one", "two")))
    assert run(1, "run", "rows.yaml", "-o", "rows.h5") == 0
    done = alone("merge", "rows.h5", "small.h5", "-o", "with_rows.h5")
    assert done.returncode == 0 and "8 of 9 points" in done.stderr, done
    done = alone("merge", "with_rows.h5", "rows.h5", "-o", "again.h5")
    assert done.returncode == 0 and alone("diff", "with_rows.h5", "again.h5").returncode == 0, done
    with h5py.File("rows.h5", "r+") as file:
        file["one"]["weight_decay"][0] = 3.0
    assert_one_line(alone("merge", "rows.h5", "small.h5", "-o", "x2.h5"), 2, "may mean something else")
    assert not os.path.exists("x2.h5")


def check_page():
    """The table of doc/terminal.md, with a sound small.h5."""
    os.remove("small.h5")
    assert run(1, "run", "small.yaml", "-o", "small.h5") == 0
    page = (pathlib.Path(__file__).resolve().parents[2] / "doc" / "terminal.md").read_text()
    rows = re.findall(r"^\| `(phasesweep .*?)` \| `(.*)` \|$", page, re.MULTILINE)
    assert len(rows) > 10
    paths = f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}"
    for typed, told in rows:
        done = subprocess.run(["bash", "-c", typed], capture_output=True, text=True,
                              env={**os.environ, "PATH": paths})
        assert told in done.stdout + done.stderr, (typed, told, done)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    check_watched_run()
    check_points()
    check_words()
    check_table()
    check_lists()
    check_part_mistakes()
    check_stronger()
    check_large_bill()
    check_end()
    check_merge()
    check_merge_of_others()
    check_page()
print("passed")
