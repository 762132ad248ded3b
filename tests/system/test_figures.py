"""Figures of trained networks beside predicted spectra; wrong input is one line and names the job.

usage: test_figures.py PHASESWEEP MPIEXEC
"""
import os
import subprocess
import tempfile

import h5py

from harness import PROGRAM, assert_one_line, write
from figures import ANALYSIS, archive, draw, saved
import fig_spectra
import fig_tail_exponent
from phasesweep import sweep
from style import np

MAP_JOB = """sweeps:
  - name: quadratic
    source_exponent: 1.25
    dimension: 100
    noise: 0.1
    samples: {as: effective_power, from: 0, to: 3, count: 5}
    weight_decay: {as: power, from: -1, to: 1, count: 4}
  - name: noisy
    source_exponent: 1.25
    dimension: 100
    noise: [0.1, 0.2]
    samples: [1000, 3000]
    weight_decay: [0.1, 1]
"""


SPECTRA_JOB = """set: {source_exponent: 1.25, dimension: 60, noise: 0.1}
sweeps:
  - name: no_spectrum
    samples: 3600
    weight_decay: [0.01, 0.1]
  - name: predicted
    samples: [3600, 14400]
    weight_decay: [0.01, 0.1, 3]
    spectrum: 300
  - name: trained
    method: training
    seed: [0, 1, 2, 3]
    samples: [3600, 14400]
    weight_decay: [0.1, 3]
"""


def check_refusals(folder):
    """What is missing is named in one line, with the job, and the status is that of wrong input."""
    path = archive(folder, "map", MAP_JOB)
    assert draw("fig_phase_diagram.py", path, folder).returncode == 0
    assert not os.path.exists(f"{folder}/phase_diagram_noisy.png")     # another axis varies
    assert_one_line(draw("fig_exponents.py", path, "/proc/none"), 2, "/proc/none: ")
    assert_one_line(draw("fig_exponents.py", f"{folder}/map.yaml", folder), 2, "run jobs/exp")
    with h5py.File(path, "r+") as file:
        for name in ("quadratic", "noisy"):
            del file[name]["exponent_samples"]
    assert_one_line(draw("fig_exponents.py", path, folder), 2,
                    "sweep quadratic has no field exponent_samples", "run jobs/exponents.yaml")
    assert draw("fig_phase_diagram.py", path, folder).returncode == 0  # reads no exponents


def check_gallery(folder):
    """Every job of the table has its turn, whatever one reads or fails: here mpirun does nothing but read."""
    os.mkdir(f"{folder}/bin")
    write(f"{folder}/bin/mpirun", "#!/bin/sh\ncat >/dev/null\n")
    os.chmod(f"{folder}/bin/mpirun", 0o755)
    paths = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "PHASESWEEP_BUILD": os.path.dirname(PROGRAM)}
    script = str(ANALYSIS.parent / "jobs/gallery.sh")
    for wrong in ("widht", "wid", "width_training"):     # the last: of other sizes
        done = subprocess.run([script, "--small", f"{folder}/gallery", "bayes", wrong], env={**os.environ, **paths},
                              capture_output=True, text=True)
        assert_one_line(done, 2, f"{wrong}: no job of --small", "width", "refine")
        assert not os.path.exists(f"{folder}/gallery")
    done = subprocess.run([script, "--small", f"{folder}/gallery", "width", "bayes"],
                          input="", env={**os.environ, **paths}, capture_output=True, text=True)
    assert done.returncode == 1, done
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["bayes of bayes", "width of width"], done
    assert "bayes: computed in " in done.stdout and "width: computed in " in done.stdout, done


def quantiles(x, masses, outliers, d, count=12000):
    """The predicted law as so many equal masses."""
    law = np.cumsum(np.concatenate([[1 - masses.sum() - len(outliers) / d], masses]))
    share = (np.arange(count - len(outliers) * count // d) + 0.5) / count
    bulk = np.interp(share, law, x, left=0.0) if len(x) else np.zeros(len(share))
    return np.concatenate([bulk, np.repeat(outliers, count // d)])


def check_spectra(path):
    """Predicted laws have mass 1, hardly differ from their own quantiles, and trained networks
    follow them at n of order d^2: within a few 1/d, where another point's law is far away."""
    found = fig_spectra.pairs(path)
    assert len(found) == 4
    for predicted, trained in found:
        x, _, masses = fig_spectra.bulk_masses(predicted)
        outliers = predicted["outlier_position"].dropna("outlier_index").values
        rank = float(predicted["learned_rank"])
        assert abs(masses.sum() * 60 + len(outliers) - rank) < 0.6, (masses.sum(), rank)
        own = quantiles(x, masses, outliers, 60)
        assert fig_spectra.distance(predicted, own) < 2e-3      # nodes of the density, samples
        values = trained["eigenvalues"].values.ravel()
        assert fig_spectra.distance(predicted, values) < 4 / 60, predicted
        wanted, mean, std = fig_spectra.leading(predicted, trained, 3)
        assert np.allclose(mean, wanted, rtol=0.1)
    strong, weak = found[1][0], found[0][1]
    assert fig_spectra.distance(strong, weak["eigenvalues"].values.ravel()) > 0.2
    nothing = strong.where(False).assign(dimension=60.0)     # a network that learned nothing
    assert fig_spectra.distance(nothing, np.zeros(240)) == 0
    assert len(saved(fig_spectra, path)["spectra"].axes) == 8


def check_tail(path):
    """Dots are the archive's.  At d = 60 no tail has 50 values: the figure says so, and is drawn of tails put there."""
    assert fig_tail_exponent.predicted(path) is None
    with h5py.File(path, "r+") as file:
        for name, apart in (("predicted", 0.0), ("trained", 0.1)):
            exponents = file[name]["tail_exponent"]
            exponents[...] = 1.8 + apart + 0.01 * np.arange(exponents.size).reshape(exponents.shape)
            file[name]["tail_exponent_error"][...] = 0.1
    theory = fig_tail_exponent.predicted(path)
    drawn = np.concatenate([v[1] for v in fig_tail_exponent.dots(theory, 1.25).values()])
    stored = theory["tail_exponent"].values.ravel()
    assert np.array_equal(np.sort(drawn), np.sort(stored[np.isfinite(stored)]))
    trained = sweep.by_model(path, fig_tail_exponent.TRAINED)["quadratic"]["training"]
    off = fig_tail_exponent.deviations(theory, trained, 1.25)
    # trained 1.9 to 2.05 with an error of .1, predicted 1.80 to 1.85
    assert len(off) >= 2 and np.min(off) > 0 and np.max(off) < 3, off
    assert set(saved(fig_tail_exponent, path)) == {"tail_exponent", "tail_fit_trained"}


with tempfile.TemporaryDirectory() as scratch:
    check_refusals(scratch)
    check_gallery(scratch)
    spectra = archive(scratch, "spectra", SPECTRA_JOB)
    check_spectra(spectra)
    check_tail(spectra)
