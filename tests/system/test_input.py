"""Wrong input: one clear line, exit status 2, nothing on disk touched.

usage: test_input.py PHASESWEEP
"""
import json
import os
import subprocess
import sys
import tempfile
import time

PROGRAM = sys.argv[1]
GOOD = {"source_exponent": "1.25", "dimension": "100", "noise": "0.1", "samples": "1000",
        "nuclear_weight": "0.1"}


def refused(arguments, *words, lines=1):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)
    assert done.returncode == 2, (arguments, done)
    assert done.stderr.count("\n") == lines, (arguments, done.stderr)
    for word in words:
        assert word in done.stderr, (word, done.stderr)


def accepted(arguments):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done)


def check_point():
    good = [f"{k}={v}" for k, v in GOOD.items()]
    assert subprocess.run([PROGRAM, "point", *good], capture_output=True).returncode == 0
    for key, values in {"source_exponent": ["0.5", "x", "nan", ""], "dimension": ["1", "2.5"],
                        "noise": ["-1", "0.1x"], "samples": ["0", "inf", "1e400"],
                        "nuclear_weight": ["0", "-1"]}.items():
        rest = [f"{k}={v}" for k, v in GOOD.items() if k != key]
        refused(["point", *rest], "missing" if key != "nuclear_weight" else "weight_decay")
        for value in values:
            refused(["point", *rest, f"{key}={value}"], key, "allowed")
    refused(["point", *good, "sample=3"], "sample", "unknown")
    refused(["point", *good, "noise=0.2"], "noise", "twice")
    refused(["point", *good, "width=0"], "width", "allowed")
    refused(["point", *good, "width=2.5"], "width", "whole")
    refused(["point", *good, "source_exponent=11"], "twice")
    refused(["point", *good, "model=cubic"], "model", "quadratic")
    refused(["point", *good, "tolerance=2"], "tolerance", "allowed")
    best = ["point", "method=optimal", *good]
    refused([*best, "width=3"], "width", "allowed")
    refused([*best, "model=diagonal"], "nuclear_weight", "allowed: no nuclear_weight, or model quadratic")
    refused(["point", *good, "method=bayes"], "nuclear_weight", "allowed")
    refused(["point", *good, "method=bayes", "spectrum=9"], "spectrum", lines=2)
    refused(["point", *[k for k in good if "nuclear" not in k], "method=bayes", "width=20"], "width")
    refused(["point", *good, "depth=0"], "depth", "allowed")
    refused(["point", *good, "depth=2.5"], "depth", "whole")
    refused(["point", *good, "depth=2", "width=3"], "width", "depth 2", "allowed")
    refused([*best, "depth=2"], "depth", "nuclear_weight", "allowed: 1")
    linear = [k for k in good if "nuclear" not in k] + ["weight_decay=1"]
    refused(["point", *linear, "model=diagonal", "depth=1"], "depth", "from 2 to 100")
    refused(["point", *linear, "model=ridge", "depth=2"], "depth", "model quadratic or diagonal")
    refused(["point", *linear, "model=signed", "method=flow", "time=1"], "method", "model signed has no flow", "training, amp")
    # what is followed in time
    flow = ["point", *linear, "method=flow"]
    refused(flow, "time", "missing", "allowed")
    refused([*flow, "time=-1"], "time", "allowed")
    refused([*flow, "time=1", "features=laplace"], "features", "method flow has none")
    refused([*flow, "time=1", "depth=2"], "depth", "method flow has none")
    refused([*flow, "time=1", "width=1e9"], "dimension", "start random", "or start: aligned")
    refused([*flow, "time=1", "model=ridge"], "method", "model ridge has no flow")
    refused(["point", *linear, "time=1"], "time", "method flow")
    down = ["point", *linear, "method=descent", "time=1"]
    refused(down, "learning_rate", "missing")
    down += ["learning_rate=0.1"]
    refused([*down, "batch=3"], "batch", "allowed: none, or sgd or adam")
    refused([*down, "optimizer=sgd"], "optimizer", "a batch of 1 and more")
    refused([*[k for k in down if "samples" not in k], "samples=3.5"], "samples", "a whole number")
    refused([*down, "data=x.csv"], "data", "method descent has none")
    refused(["point", *linear, "method=descent", "time=1e9", "learning_rate=1e-3"], "time", "up to 2e+09 steps")
    refused(["point", *linear, "method=descent", "time=1", "learning_rate=3"], "time", "is no step of")
    refused([*flow, "time=1e12"], "time", "closed forms", "start: aligned")
    refused(["point", *good, "method=training", "epochs=3"], "epochs", "model quadratic has none")
    # rows that theory does not cover
    refused(["point", *good, "features=student", "degrees_of_freedom=4"], "degrees_of_freedom", "allowed: above 4")
    for key, value in {"features": "laplace", "covariance_exponent": "1"}.items():
        refused(["point", *good, f"{key}={value}", "depth=2"], key, "allowed", "the least depth")
        refused(["point", *good, f"{key}={value}", "width=7"], key, "allowed", "a width of the dimension")
        refused([*best, f"{key}={value}"], key, "allowed")
    refused(["point", *good, "block_correlation=.5", "width=7"], "block_correlation", "a width of the dimension")
    refused(["point", *good, "block_correlation=.5", "features=laplace"], "features", "no blocks")
    refused(["point", *[k for k in good if "nuclear" not in k], "model=diagonal", "weight_decay=.1", "block_correlation=.5", "depth=3"], "block_correlation", "the least depth")
    refused(["point", *good, "block_size=5"], "block_size", "a block_correlation above 0")
    for of in (["model=diagonal"], ["model=ridge"], ["model=diagonal", "method=optimal"], ["model=ridge", "method=optimal"]):
        blocks = ["dimension=300", "samples=600", "source_exponent=.8", "noise=.2", *of]
        blocks += [] if len(of) == 2 else ["weight_decay=.3"]
        refused(["point", *blocks, "block_correlation=.8", "signs=random"], "signs", f"positive, or method training{' or amp' if 'model=diagonal' in of else ''}\n")
        accepted(["point", *blocks, "signs=random"])
        if "method=optimal" not in of:
            for method in ("training", "amp")[: 2 if "diagonal" in of[0] else 1]:
                accepted(["point", *blocks, "block_correlation=.8", "signs=random", f"method={method}"])
            accepted(["point", *[k for k in blocks if "dimension" not in k], "dimension=20", "block_correlation=.5", "block_size=1000"])
        refused(["point", *blocks, "block_correlation=.5", "block_size=257"], "block_size", "up to 256")
    for of in ("model=signed", "depth=2"):
        for key in ("covariance_exponent", "block_correlation"):
            refused(["point", *good, "method=amp", f"{key}=.5", of], key, "no closed threshold", "allowed: 0")
    refused(["point", *good, "covariance_exponent=1", "rotated=yes", "features=laplace"], "features", "equal variances")
    for key in ("rotated=yes", "block_correlation=.5"):
        refused(["point", *good, "covariance_exponent=3.1", key], "covariance_exponent", "allowed: 0 to 3")
    large = ["dimension=1001" if k.startswith("dimension") else k for k in good]
    refused(["point", *large, "covariance_exponent=1", "rotated=yes"], "dimension", "up to 1000")
    large = [f"{k}={v}" for k, v in {**GOOD, "dimension": "20001"}.items()]
    refused(["point", *large, "features=uniform"], "dimension", "allowed: up to 20000")
    refused(["point", *good, "model=signed", "signs=random"], "signs", "allowed: positive")
    refused(["point", *good, "model=signed", "features=laplace", "rotated=yes"], "features", "allowed: gaussian")
    refused(["point", *good, "model=signed", "method=training", "width=20"], "width", "model signed", "allowed")
    refused(["point", *good, "model=signed", "method=training", "depth=2"], "depth", "quadratic or diagonal")
    unit = ["point", *good, "method=training", "linear_unit=yes"]
    refused([*unit, "width=7"], "linear_unit", "allowed: no, or a width")
    refused([*unit, "depth=2"], "linear_unit", "allowed: no, or a width")
    refused(["point", *good, "method=amp", "linear_unit=yes"], "linear_unit", "or training")
    refused(["point", *good, "activation=relu"], "activation", "model neurons")
    neurons = ["point", "model=neurons", "dimension=9", "noise=0.1", "samples=50"]
    theory = [*neurons, "weight_decay=1", "readout_exponent=0.8"]
    refused([*theory, "activation=relu"], "activation: relu", "allowed: quadratic")
    refused([*theory, "teacher_activation=tanh"], "teacher_activation: tanh", "mu_2")
    refused([*theory, "teacher_width=3"], "teacher_width: 3", "the dimension")
    refused([*theory, "hermite_3=1"], "hermite_3", "activation hermite alone")
    refused([*theory, "source_exponent=1"], "source_exponent", "no source_exponent")
    refused([*neurons, "method=bayes", "activation=relu"], "readout_exponent: 0", "above 0.5")
    alike = [*neurons, "method=bayes", "activation=relu", "teacher_directions=gaussian"]
    refused([*alike, "readout_exponent=0.8"], "teacher_directions: gaussian", "orthonormal")
    refused([*[w for w in alike if w != "noise=0.1"], "noise=0"], "noise: 0", "1e-6")
    assert subprocess.run([PROGRAM, *alike], capture_output=True).returncode == 0  # all are alike
    fitted = [*neurons, "method=training", "weight_decay=1"]
    refused([*fitted, "epochs=1e9", "batch=1"], "epochs", "up to 2e+09 steps")
    refused([*fitted, "epochs=.5"], "epochs", "a whole number from 0")
    refused([*fitted, "linear_unit=yes"], "linear_unit: yes", "allowed: no")
    refused([*neurons, "method=training", "weight_decay=0"], "weight_decay", "flow or descent")
    refused(["point", *linear, "method=training", "epochs=3"], "epochs", "model neurons with method training")
    refused(["point", *linear, "method=training", "learning_rate=.1"], "learning_rate",
            "method descent, or model neurons with method training")
    # who takes a key is read from its row
    refused(["point", *good, "damping=0.5"], "method state_evolution has none", "or method amp")
    refused(["point", *good, "signs=random"], "model quadratic has none", "or model diagonal, ridge or signed")
    refused(["point", *[k for k in good if "nuclear" not in k], "weight_decay=1", "model=diagonal",
             "method=training", "spectrum=9"], "model diagonal, method training has none",
            "0, or model quadratic with method state_evolution or optimal")
    bayes = [k for k in good if "nuclear" not in k] + ["method=bayes", "model=diagonal"]
    refused(["point", *bayes, "signs=random"], "signs", "risk_random_signs")
    for key, value in {"samples": "1e300", "nuclear_weight": "1e300", "noise": "1e-300"}.items():
        rest = [f"{k}={v}" for k, v in GOOD.items() if k != key]
        refused(["point", *rest, f"{key}={value}"], key, "allowed")
    refused(["sweep"], "sweep", "unknown")


def check_sizes():
    """What would take for ever is refused at once."""
    sweep = ("- {model: diagonal, source_exponent: 1, dimension: 9, weight_decay: 1,\n"
             "   noise: {from: 0.1, to: 1, count: 1000000},\n"
             "   samples: {from: 1, to: 100, count: 1000}}\n")
    for text, word in {"[" * 1000000: "nested", "{a: " * 300000: "nested",
                       "sweeps:\n" + sweep * 1000: "points"}.items():
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            start = time.monotonic()
            refused(["plan", file.name], word, "allowed")
            assert time.monotonic() - start < 20


def check_plan_of_large_teams():
    """A run that has no ranks for its only chain has no efficiency."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write("sweeps:\n  - {method: training, source_exponent: 1, noise: 0.1, dimension: 400,\n"
                   "     samples: 4000000, weight_decay: 1, ranks_per_line: 5000}\n")
        file.flush()
        text = subprocess.run([PROGRAM, "plan", file.name, "--simulate", "64,4096"], check=True,
                              capture_output=True, text=True).stdout
    assert "nan" not in text and "best: 8192 ranks" in text, text
    assert text.count("1 chain needs more ranks") == 2, text


def check_best_width():
    """At a nuclear weight, optimal finds the width: no neighbour is better."""
    def point(*arguments):
        keys = [f"{k}={v}" for k, v in {**GOOD, "samples": "4000",
                                          "nuclear_weight": "0.03"}.items()]
        done = subprocess.run([PROGRAM, "point", *keys, *arguments], capture_output=True,
                              text=True, check=True)
        return json.loads(done.stdout)
    best = point("method=optimal", "spectrum=20")
    width = best["optimal_width"]
    assert 1 < width < 100 and best["resolved_width"] == width
    parts = ("overfitting", "underfitting", "approximation", "cross")
    assert abs(sum(best[part] for part in parts) - best["risk"]) < 1e-10 * best["risk"]
    for other in (width - 1, width + 1, 100):
        assert point(f"width={other}")["risk"] > best["risk"], other
    assert abs(point(f"width={width}")["risk"] / best["risk"] - 1) < 1e-9


def check_inputs():
    """What point says of its inputs gives the same point again, words, depths and defaults included."""
    def point(*words):
        done = subprocess.run([PROGRAM, "point", *words], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)
    good = [f"{k}={v}" for k, v in GOOD.items()]
    linear = [k for k in good if "nuclear" not in k]
    for words in (good, [*good, "depth=2", "tolerance=1e-8"], [*good, "width=20", "spectrum=9"],
                  [*linear, "weight_decay=0.3", "model=diagonal", "depth=3", "features=student"],
                  [*linear, "method=bayes"], [*linear, "method=optimal", "model=ridge"]):
        first = point(*words)
        assert {key: str(first["inputs"][key]) for key in GOOD if key in " ".join(words)}.items() <= GOOD.items()
        assert set(word.split("=")[0] for word in words) <= set(first["inputs"]), first["inputs"]
        again = point(*(f"{key}={value}" for key, value in first["inputs"].items()))
        for result in (first, again):
            del result["seconds"]
        assert first == again, (first, again)
    # a number of the law of the rows that was not given; nothing is held out of rows that are drawn
    trained = [f"{k}={v}" for k, v in dict(GOOD, method="training", samples="400", dimension="10").items()]
    student = point(*trained, "features=student")["inputs"]
    assert student["degrees_of_freedom"] == 6 and not {"sparse_share", "hold_out", "folds"} & set(student), student
    said = subprocess.run([PROGRAM, "draw", "--help"], capture_output=True, text=True).stdout
    assert "  features " in said and "  hold_out " not in said and "  target " not in said, said


def check_job(folder):
    def job(text, *words, lines=1):
        path = f"{folder}/job.yaml"
        with open(path, "w") as file:
            file.write(text)
        refused(["run", path, "-o", f"{folder}/out.h5"], *words, lines=lines)
        assert sorted(os.listdir(folder)) == ["job.yaml"]

    sweep = "sweeps:\n  - source_exponent: 1\n    dimension: 50\n    noise: 0.1\n"
    weights = "    samples: 100\n    weight_decay: 1\n"
    job("", "empty")
    job("title: x\n", "sweeps")
    job("sweeps: [\n", ":2:")
    job(sweep + "    samples: 100\n", "weight_decay")
    job(sweep + weights + "    colour: 3\n", ":7:", "colour", "unknown")
    job(sweep + "    samples: [1, 2x, 3]\n    weight_decay: 1\n", ":5:", "2x")
    job(sweep + "    samples: {from: 1, to: 0, count: 5}\n    weight_decay: 1\n", ":5:")
    job(sweep + "    samples: {as: cube, values: [1]}\n    weight_decay: 1\n", "as", "cube")
    job(sweep.replace("0.1", "-1") + "    samples: -1\n    weight_decay: 0\n",
        ":4: noise", ":5: samples", ":6: weight_decay", lines=3)
    os.remove(f"{folder}/job.yaml")
    refused(["run", f"{folder}/none.yaml", "-o", f"{folder}/o.h5"], "none.yaml")
    refused(["run", folder, "-o", f"{folder}/o.h5"], folder)
    refused(["status", f"{folder}/none.h5"], "none.h5")
    refused(["resume", f"{folder}/none.h5"], "none.h5")
    with open(f"{folder}/job.yaml", "w") as file:
        file.write(sweep + weights)
    refused(["run", f"{folder}/job.yaml", "-o", f"{folder}/missing/o.h5"],
            "missing/o.h5: cannot be created: folder", "missing: No such file")
    assert os.listdir(folder) == ["job.yaml"]


def check_reference():
    """The reference in jobs/README.md is what the program prints."""
    keys = subprocess.run([PROGRAM, "keys"], capture_output=True, text=True, check=True).stdout
    readme = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "jobs", "README.md")
    with open(readme) as file:
        assert keys in file.read(), "put the output of `phasesweep keys` into jobs/README.md"


with tempfile.TemporaryDirectory() as scratch:
    check_reference()
    check_point()
    check_best_width()
    check_inputs()
    check_sizes()
    check_plan_of_large_teams()
    check_job(scratch)
