#!/usr/bin/python3
"""A file of data for `data:` of a job: read, centre, rotate to principal axes, whiten or keep the covariance,
one target; an HDF5 file with sets X and y, and a report as attributes of X and on the terminal.

usage: prepare_data.py SOURCE -o OUT.h5 [--dimension D] [--keep-covariance | --ridge R] [--clip C]
                       [--below K] [--target NAME]

SOURCE  digits, breast_cancer, diabetes, wine (Debian's python3-sklearn); fashion-mnist (Debian's
        dataset-fashion-mnist, train and test after one another); or a file: X.npy with --target y.npy, F.csv with
        --target COLUMN, F.h5 with --target SET (features in set X)
--dimension D      keep the D leading principal components (default: all that vary)
--keep-covariance  scale all by one number, so that the mean variance is 1, instead of each to variance 1
--ridge R          divide by the root of the variance plus R times the mean variance, then all by one number, so that
                   the mean variance is 1: directions of little variance, mostly noise, are not made as large as all
--clip C           last, shrink rows of |x|^2 > C d, of mean d, to C d; centre again, and bring the mean variance back to 1:
                   norms of images vary by factors
--below K          target 1 where the label is below K, else -1 (default: the label, of mean 0 and variance 1)
"""
import argparse
import csv
import gzip
import pathlib
import struct
import sys

try:
    import h5py
    import numpy as np
except ImportError as error:
    raise SystemExit(f"{error}; on Debian run this with /usr/bin/python3 and python3-h5py installed")

FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")
BUNDLED = ("digits", "breast_cancer", "diabetes", "wine")
NEGLIGIBLE = 1e-9  # of the largest variance: a direction that does not vary


class Refusal(Exception):
    """Wrong input, in one line."""


def read_idx(path):
    with gzip.open(path, "rb") as file:
        kind, dimensions = struct.unpack(">xxBB", file.read(4))
        if kind != 8:
            raise Refusal(f"{path}: is no idx file of bytes")
        shape = struct.unpack(f">{dimensions}I", file.read(4 * dimensions))
        return np.frombuffer(file.read(), "u1").reshape(shape)


def read_fashion():
    parts = [[read_idx(FASHION / f"{part}-{what}-ubyte.gz") for part in ("train", "t10k")]
             for what in ("images-idx3", "labels-idx1")]
    images, labels = (np.concatenate(part) for part in parts)
    return images.reshape(len(images), -1), labels


def read_bundled(name):
    try:
        from sklearn import datasets
    except ImportError as error:
        raise Refusal(f"{error}; {name} is in Debian's python3-sklearn") from error
    return getattr(datasets, f"load_{name}")(return_X_y=True)


def read_csv(path, target):
    with open(path, newline="") as file:
        rows = list(csv.reader(file, skipinitialspace=True))
    if not rows or target not in rows[0]:
        raise Refusal(f"{path}: no column {target}")
    values = np.array([[float(cell) for cell in row] for row in rows[1:]])
    column = rows[0].index(target)
    return np.delete(values, column, axis=1), values[:, column]


def read_file(path, target):
    if target is None:
        raise Refusal(f"{path}: --target is missing")
    if path.suffix == ".npy":
        return np.load(path), np.load(path.parent / target)
    if path.suffix == ".csv":
        return read_csv(path, target)
    with h5py.File(path, "r") as file:
        return file["X"][:], file[target][:]


def read(source, target):
    if source == "fashion-mnist":
        return read_fashion()
    if source in BUNDLED:
        return read_bundled(source)
    if not pathlib.Path(source).exists():
        raise Refusal(f"{source}: no such file; allowed: a file, fashion-mnist, {', '.join(BUNDLED)}")
    return read_file(pathlib.Path(source), target)


def principal(x, dimension):
    """(coordinates along the leading principal axes, variances of all that vary), x being centred."""
    variances, axes = np.linalg.eigh(x.T @ x / len(x))
    variances, axes = variances[::-1], axes[:, ::-1]
    vary = int((variances > NEGLIGIBLE * variances[0]).sum())
    if dimension is not None and not 2 <= dimension <= vary:
        raise Refusal(f"--dimension {dimension}; allowed: 2 to {vary}, in which the data vary")
    return x @ axes[:, :dimension or vary], variances[:vary]


def slope(variances):
    """a of variances ~ i^-a, by least squares on logarithms."""
    index = np.arange(1, len(variances) + 1)
    return float(-np.polyfit(np.log(index), np.log(variances), 1)[0])


def report(x, y, variances):
    """What theory assumes of data, and what these are."""
    unit = x / x.std(axis=0)
    size = (x ** 2).sum(axis=1)
    return {"covariance_slope": slope(variances[:x.shape[1]]),
            "explained_variance": float(variances[:x.shape[1]].sum() / variances.sum()),
            "square_variance": float(size.var() / x.shape[1]),  # 2 for Gaussian rows
            "kurtosis": float((unit ** 4).mean() - 3),          # 0 for Gaussian rows
            "share_positive": float((y > 0).mean())}


def scaled(x, arguments):
    """Coordinates along principal axes, to mean variance 1."""
    variances = (x ** 2).mean(axis=0)
    if arguments.keep_covariance:
        weights = np.ones_like(variances)
    else:
        weights = 1 / np.sqrt(variances + arguments.ridge * variances.mean())
    return clipped(x * (weights / np.sqrt((weights ** 2 * variances).mean())), arguments.clip)


def clipped(x, most):
    """The long rows of those of mean |x|^2 = d shortened to |x|^2 = most * d; centred, of mean variance 1."""
    if most is None:
        return x
    x = x * np.minimum(1.0, np.sqrt(most / np.maximum((x ** 2).mean(axis=1, keepdims=True), 1e-300)))
    x -= x.mean(axis=0)
    return x / np.sqrt((x ** 2).mean())


def prepare(x, y, arguments):
    x = np.asarray(x, dtype=float)
    y = np.asarray(y, dtype=float)
    if x.ndim != 2 or y.shape != (len(x),):
        raise Refusal(f"{x.shape} features and {y.shape} labels; allowed: one label a row")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise Refusal("not all numbers are finite")
    x, variances = principal(x - x.mean(axis=0), arguments.dimension)
    x = scaled(x, arguments)
    if arguments.below is not None:
        y = np.where(y < arguments.below, 1.0, -1.0)
    elif y.std() > 0:
        y = (y - y.mean()) / y.std()
    return x, y, report(x, y, variances)


def main():
    usage, meaning = __doc__.split("usage: ")[1].split("\n", 1)
    parser = argparse.ArgumentParser(usage=usage, description=meaning, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--dimension", type=int)
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument("--keep-covariance", action="store_true")
    kept.add_argument("--ridge", type=float, default=0.0)
    parser.add_argument("--clip", type=float)
    parser.add_argument("--below", type=float)
    parser.add_argument("--target")
    arguments = parser.parse_args()
    try:
        if not 0 <= arguments.ridge < np.inf:
            raise Refusal(f"--ridge {arguments.ridge}; allowed: 0 or more")
        if arguments.clip is not None and not 0 < arguments.clip < np.inf:
            raise Refusal(f"--clip {arguments.clip}; allowed: above 0")
        if pathlib.Path(arguments.output).exists():
            raise Refusal(f"{arguments.output}: is there already; allowed: a new file")
        x, y, said = prepare(*read(arguments.source, arguments.target), arguments)
        with h5py.File(arguments.output, "x") as file:
            file["X"], file["y"] = x, y
            whitened = not arguments.keep_covariance and arguments.ridge == 0 and arguments.clip is None
            file["X"].attrs.update({"source": arguments.source, "whitened": whitened, "ridge": arguments.ridge, **said})
            if arguments.clip is not None:
                file["X"].attrs["clip"] = arguments.clip
            how = {"below": arguments.below, "target": arguments.target}  # of the labels
            file["y"].attrs.update({name: value for name, value in how.items() if value is not None})
    except (Refusal, OSError, ValueError, KeyError) as wrong:
        print(f"prepare_data.py: {wrong}", file=sys.stderr)
        raise SystemExit(2) from None
    print(f"{arguments.output}: {x.shape[0]} rows of {x.shape[1]}")
    for name, value in said.items():
        print(f"  {name} {value:.4g}")


if __name__ == "__main__":
    main()
