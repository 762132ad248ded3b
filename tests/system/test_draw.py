"""The data of a point, written for other programs: they are those that the point trains on.

usage: test_draw.py PHASESWEEP MPIEXEC
"""
import json
import os
import tempfile

import numpy as np

from harness import alone

D, N = 15, 150
COMMON = ["method=training", f"dimension={D}", "source_exponent=1.25", "noise=0.1", f"samples={N}", "seed=3"]


def drawn(folder, name, *words):
    done = alone("draw", *COMMON, *words, "-o", f"{folder}/{name}")
    assert done.returncode == 0 and not done.stdout and not done.stderr, done
    return [np.load(f"{folder}/{name}_{part}.npy") for part in ("x", "y", "teacher")]


def variances(exponent):
    decay = np.arange(1, D + 1) ** -exponent
    return D * decay / decay.sum()


def test_matrix(folder):
    """The labels less the teacher's output are noise of this variance; |S~*|^2 = d."""
    for k, rotated in enumerate(("no", "yes")):
        for a in (0, 0.5):
            words = [f"rotated={rotated}", f"covariance_exponent={a}", "nuclear_weight=0.1"]
            x, y, teacher = drawn(folder, f"matrix{k}{a}", *words)
            assert x.shape == (N, D) and y.shape == (N,) and teacher.shape == (D, D)
            sigma = variances(a)
            output = (np.einsum("ni,ij,nj->n", x, teacher, x) - sigma @ np.diag(teacher)) / np.sqrt(D)
            # chi^2 of 150 numbers: 4 of its standard deviations, .115 each
            assert abs(np.mean((y - output) ** 2) / 0.1 - 1) < 0.46
            whitened = np.sqrt(np.outer(sigma, sigma)) * teacher
            assert abs((whitened ** 2).sum() / D - 1) < 1e-12


def test_vector(folder):
    """Ridge regression on the files, by one solve, is the point's: loss, risk and trace."""
    sigma = variances(0.5)
    words = ["model=ridge", "covariance_exponent=0.5", "weight_decay=3", "signs=random"]
    x, y, teacher = drawn(folder, "vector", *words)
    assert x.shape == (N, D) and teacher.shape == (D,) and abs(sigma @ teacher ** 2 - 1) < 1e-12
    theta = np.linalg.solve(x.T @ x + 3 * np.eye(D), x.T @ y)
    point = json.loads(alone("point", *COMMON, *words).stdout)
    assert abs(point["train_loss"] / np.mean((y - x @ theta) ** 2) - 1) < 1e-10
    assert abs(point["risk"] / (sigma @ (theta - teacher) ** 2) - 1) < 1e-9


def test_blocks(folder):
    """The same of correlated features, Sigma = D^1/2 C D^1/2 written down."""
    blocks = np.arange(D) // 4
    c = np.where(blocks[:, None] == blocks, 0.6, 0.0) + 0.4 * np.eye(D)
    root = np.sqrt(variances(0.5))
    sigma = root[:, None] * c * root
    words = ["model=ridge", "covariance_exponent=0.5", "block_correlation=0.6", "block_size=4", "weight_decay=3"]
    x, y, teacher = drawn(folder, "blocks", *words)
    assert abs(teacher @ sigma @ teacher - 1) < 1e-12
    theta = np.linalg.solve(x.T @ x + 3 * np.eye(D), x.T @ y)
    point = json.loads(alone("point", *COMMON, *words).stdout)
    assert abs(point["train_loss"] / np.mean((y - x @ theta) ** 2) - 1) < 1e-10
    assert abs(point["risk"] / ((theta - teacher) @ sigma @ (theta - teacher)) - 1) < 1e-9


def test_refused(folder):
    """One line, status 2, and no file."""
    before = sorted(os.listdir(folder))
    for words, said in ((["method=state_evolution"], "draws no data"), (["model=what"], "what is unknown")):
        kept = [word for word in COMMON if not any(word.startswith(w.split("=")[0]) for w in words)]
        done = alone("draw", *kept, "weight_decay=1", *words, "-o", f"{folder}/none")
        assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1, done
    done = alone("draw", *COMMON, "weight_decay=1")
    assert done.returncode == 2 and "-o NAME is missing" in done.stderr
    done = alone("draw", *COMMON, "weight_decay=1", "-o", f"{folder}/vector")
    assert done.returncode == 2 and "vector_x.npy is there already" in done.stderr
    done = alone("draw", *COMMON, "weight_decay=1", "-o", f"{folder}/nofolder/x")
    assert done.returncode == 2 and "a folder to write into" in done.stderr and done.stderr.count("\n") == 1, done
    assert sorted(os.listdir(folder)) == before


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as where:
        test_matrix(where)
        test_vector(where)
        test_blocks(where)
        test_refused(where)
