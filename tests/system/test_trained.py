"""Trainings as lines of a job: equal for any number of ranks, stopped and resumed, verified.

usage: test_trained.py PHASESWEEP MPIEXEC
"""
import glob
import json
import os
import re
import signal
import subprocess
import tempfile
import time

import numpy as np

from harness import MPIEXEC, PROGRAM, alone, assert_one_line, call, count, read, run, write

JOB = """sweeps:
  - name: matrix
    method: training
    source_exponent: 1.25
    dimension: [30, 50]
    noise: 0.1
    samples: {as: effective, values: [20, 60]}
    seed: [0, 1]
    nuclear_weight: [0.4, 0.1]
    tolerance: 1e-10
  - name: vector
    model: diagonal
    method: training
    source_exponent: 1
    dimension: 200
    noise: 0.2
    samples: [150, 800]
    seed: [0, 1, 2]
    weight_decay: [1, 0.3, 0.1]
    tolerance: 1e-10
    signs: random
"""
# one long line: small weight decay near interpolation takes thousands of iterations
LONG = """sweeps:
  - name: long
    method: training
    source_exponent: 0.75
    dimension: 100
    noise: 0.1
    samples: {as: effective, values: [16]}
    nuclear_weight: [0.02, 0.01, 0.005]
    tolerance: 1e-9
"""
# the same for a narrow network: a second or more to its end
NARROW = """sweeps:
  - name: long
    method: training
    source_exponent: 1.25
    dimension: 100
    width: 12
    noise: 0.1
    samples: 20000
    seed: 1
    nuclear_weight: [0.1, 0.05]
    tolerance: 1e-9
"""
# and one of more layers, whose starts follow each other
DEEP = """sweeps:
  - name: long
    method: training
    source_exponent: 1.25
    dimension: 100
    depth: 2
    noise: 0.1
    samples: 3000
    seed: 1
    nuclear_weight: [0.3, 0.1]
"""

# a descent, stopped between the times of its points or on its way to one
DESCENT = """sweeps:
  - name: long
    method: descent
    source_exponent: 1.25
    dimension: 60
    width: 20
    noise: 0.1
    samples: 3000
    weight_decay: 0
    learning_rate: 0.004
    time: [4, 5]
"""

# neurons of which some are learned one by one
NEURONS = """sweeps:
  - name: neurons
    model: neurons
    method: training
    dimension: 30
    teacher_width: 8
    width: 12
    readout_exponent: 0.3
    noise: 0.04
    activation: [steep_tanh, relu]
    samples: [1000, 3000]
    weight_decay: 1
"""


def check_neurons(folder):
    """Risk by series and on 16384 rows: the second has an error of some per cent at most, and all
    of it falls with more samples; nothing is called a minimum."""
    path = f"{folder}/neurons.h5"
    assert run(3, "run", write(f"{folder}/neurons.yaml", NEURONS), "-o", path) == 0
    found = read(path, "neurons")
    assert (found["outcome"] == 8).all() and found["gap"].isnull().all()
    assert np.allclose(found["risk"], found["sampled_risk"], rtol=0.1)
    few, many = found.isel(samples=0), found.isel(samples=1)
    assert (many["risk"] < 0.7 * few["risk"]).all()
    assert (many["specialised"] > few["specialised"]).all() and (many["specialised"] <= 8).all()
    # of the student's neurons, in the order of the teacher's, |cosines|: each count by hand
    lengths = np.sqrt(np.diagonal(found["neuron_gram"].values, axis1=-2, axis2=-1))
    cosine = abs(found["neuron_overlap"]) / lengths[..., None]
    assert cosine.dims[-2:] == ("student_index", "teacher_index") and cosine.shape[-2:] == (12, 8)
    assert ((cosine.max("student_index") > 0.6).sum("teacher_index") == found["specialised"]).all()
    assert (cosine[..., 0].argmax("student_index") == 0).all()
    assert alone("verify", path).returncode == 0
    for words, key in ((("linear_unit=yes",), "linear_unit"), (("features=uniform",), "features")):
        done = alone("point", "model=neurons", "method=training", "dimension=30", "samples=100",
                     "noise=0", "weight_decay=1", "teacher_width=3", *words)
        assert_one_line(done, 2, key, "allowed")


PAIRS = """sweeps:
  - name: neurons
    model: neurons
    method: training
    dimension: 8
    teacher_width: [2, 3]
    width: [2, 4]
    noise: 0.04
    samples: 300
    weight_decay: 0.3
    readout: trained
    epochs: 30
"""


def squares(data):
    """Risk of quadratic neurons by what the archive says of them: E sigma(u.x) sigma(w.x) = 2 (u.w)^2, so that
    E (f - f*)^2 = 2 a.(Q^2) a - 4 a.(M^2) v + 2 |v|^2, squares by entry."""
    a, teacher = data["neuron_readout"], data["teacher_width"]
    v = (data["teacher_index"] <= teacher) / np.sqrt(teacher)
    other = a.rename(student_index="other_student_index")
    own = (a * data["neuron_gram"] ** 2 * other).sum(("student_index", "other_student_index"))
    cross = (a * data["neuron_overlap"] ** 2 * v).sum(("student_index", "teacher_index"))
    return 2 * own - 4 * cross + 2


def check_pairs(folder):
    """Overlaps, Gram matrix and readout of neurons are all that the risk depends on; an archive of wider
    networks takes them over."""
    path, whole = f"{folder}/pairs.h5", f"{folder}/pairs_whole.h5"
    wide = PAIRS.replace("[2, 4]", "[2, 4, 5]").replace("[2, 3]", "[2, 3, 4]")
    assert run(1, "run", write(f"{folder}/pairs.yaml", PAIRS), "-o", path) == 0
    for name, most in (("pairs", 3), ("wide", 4)):
        found = read(path, "neurons")
        assert found["neuron_overlap"].sizes["teacher_index"] == most
        assert np.allclose(squares(found), found["risk"], rtol=1e-9, atol=1e-12)
        small = found.sel(width=2, teacher_width=2)
        assert small["neuron_gram"].sel(other_student_index=3).isnull().all()
        assert small["neuron_overlap"].sel(student_index=3).isnull().all()
        full = found.sel(width=4, teacher_width=3)
        if name == "pairs":
            assert run(1, "run", "--extend", write(f"{folder}/wide.yaml", wide), "-o", path) == 0
            found = read(path, "neurons")
            assert (found["attempts"] == [[0, 0, 1], [0, 0, 1], [1, 1, 1]]).all(), found["attempts"].values
    assert alone("verify", path).returncode == 0
    assert run(1, "run", f"{folder}/wide.yaml", "-o", whole) == 0
    assert alone("diff", whole, path).returncode == 0
    lists = json.loads(alone("point", "model=neurons", "method=training", "dimension=8", "teacher_width=3", "width=4",
                             "noise=0.04", "samples=300", "weight_decay=0.3", "readout=trained", "epochs=30").stdout)
    assert np.array(lists["neuron_overlap"]).shape == (4, 3) and np.array(lists["neuron_gram"]).shape == (4, 4)
    assert np.allclose(lists["neuron_readout"], full["neuron_readout"].values[:4], rtol=1e-6)


def check_ranks(folder, job):
    """The same minimum for teams of any size: 1e-9 in the risk at a gap of 1e-10."""
    for ranks in (1, 2, 3):
        assert run(ranks, "run", job, "-o", f"{folder}/np{ranks}.h5") == 0
    for name in ("matrix", "vector"):
        first = read(f"{folder}/np1.h5", name)
        assert (first["outcome"] == 2).all() and float(first["gap"].max()) <= 1e-10
        assert float(first["gap"].min()) >= 0
        for ranks in (2, 3):
            other = read(f"{folder}/np{ranks}.h5", name)
            for field in ("risk", "objective", "trace"):
                assert np.allclose(first[field], other[field], rtol=1e-9), field
    assert alone("verify", f"{folder}/np3.h5").returncode == 0


def check_identities(path):
    """Sums over the stored spectrum are the stored observables; the padding is NaN."""
    data = read(path, "matrix")
    d = data["dimension"]
    spectrum = data["eigenvalues"]
    assert np.allclose(spectrum.sum("eigenvalue_index") / d, data["trace"], rtol=1e-10)
    assert np.allclose((spectrum ** 2).sum("eigenvalue_index") / d, data["overlap_q"], rtol=1e-10)
    assert spectrum.sel(dimension=30, eigenvalue_index=31).isnull().all()
    # |S - S*|^2 / d = q - 2 m + 1
    expected = data["overlap_q"] - 2 * data["overlap_m"] + 1
    assert np.allclose(data["risk"], expected, rtol=1e-8)


def check_point(path):
    """A point trained alone, cold and by two ranks, is the point of the archive."""
    cell = read(path, "vector").isel(samples=1, seed=2, weight_decay=1)
    done = call(2, "point", "method=training", "model=diagonal", "source_exponent=1",
                "dimension=200", "noise=0.2", "samples=800", "seed=2", "weight_decay=0.3",
                "signs=random", "tolerance=1e-10")
    assert done.returncode == 0, done
    assert abs(json.loads(done.stdout)["risk"] / float(cell["risk"]) - 1) < 1e-8


def check_stop(folder, name, job):
    """A training told to stop leaves a checkpoint and status 3; resuming ends where an
    unbroken run does."""
    path, whole = f"{folder}/{name}.h5", f"{folder}/{name}_whole.h5"
    assert run(1, "run", job, "-o", whole) == 0
    process = subprocess.Popen([MPIEXEC, "-n", "1", PROGRAM, "run", job, "-o", path],
                               stderr=subprocess.PIPE, text=True)
    while not os.path.exists(path) or count(path, "running") == 0:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGUSR1)
    said = process.communicate()[1]
    assert process.returncode == 3
    assert count(path, "converged") + count(path, "stationary") == 0
    assert glob.glob(path + ".long.*.checkpoint")
    # the line that was said goes on, as it is
    line = re.search(": stopped, with 0 of [0-9]+ open points? done; `(.* resume .*)` goes on$", said, re.MULTILINE)[1]
    assert subprocess.run(["bash", "-c", line], stderr=subprocess.DEVNULL).returncode == 0, line
    assert not glob.glob(path + "*.checkpoint")
    assert alone("diff", "--tolerance", "1e-7", whole, path).stdout.count("risk") == 0


def main():
    with tempfile.TemporaryDirectory() as folder:
        job = write(f"{folder}/job.yaml", JOB)
        check_ranks(folder, job)
        check_identities(f"{folder}/np1.h5")
        check_point(f"{folder}/np1.h5")
        check_neurons(folder)
        check_pairs(folder)
        check_stop(folder, "wide", write(f"{folder}/long.yaml", LONG))
        check_stop(folder, "narrow", write(f"{folder}/narrow.yaml", NARROW))
        check_stop(folder, "deep", write(f"{folder}/deep.yaml", DEEP))
        check_stop(folder, "descent", write(f"{folder}/descent.yaml", DESCENT))
        half = write(f"{folder}/half.yaml", JOB.replace("[150, 800]", "[150.5]"))
        assert_one_line(alone("run", half, "-o", f"{folder}/no.h5"), 2, "samples", "whole")


main()
