"""The Python package: installed by pip from the sources into an environment elsewhere, its doctests, a planted
slope, grids that differ, tables, figures as commands; the commands of doc/tutorial.md.

usage: test_package.py PHASESWEEP MPIEXEC
"""
import csv
import doctest
import importlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

JOB = """sweeps:
  - name: line
    source_exponent: 1.25
    dimension: 100
    noise: 0.1
    samples: {as: effective_power, from: 0, to: 2, count: 9}
    nuclear_weight: 0.1
  - name: map
    source_exponent: [0.75, 1.25]
    dimension: 100
    noise: 0.1
    samples: {as: effective_power, from: 0, to: 2, count: 6}
    weight_decay: {as: power, from: -1, to: 1, count: 5}
  - name: physical
    source_exponent: 1.25
    dimension: 100
    noise: 0.1
    samples: [316, 3162, 31623]
    weight_decay: 1
"""
ROOT = pathlib.Path(__file__).resolve().parents[2]


# ---- inside the environment ---------------------------------------------------------------------------


def check_doctests(archive):
    for name in ("names", "program", "tools"):
        module = importlib.import_module(f"phasesweep.{name}")
        done = doctest.testmod(module, extraglobs={"archive": archive})
        assert done.failed == 0 and done.attempted > 0, (name, done)


def planted(rng, np, xr):
    """R = n^-0.8 with 10 % of noise, as a line of a sweep."""
    n = np.geomspace(1e3, 1e6, 25)
    risk = 3.0 * n**-0.8 * np.exp(0.1 * rng.standard_normal(n.size))
    return xr.Dataset({"risk": ("samples", risk)}, coords={"samples": n})


def check_slopes(ps):
    """One standard deviation covers a normal number in 68 % of cases (of 400: 63 to 73 % at two deviations)."""
    import numpy as np
    import xarray as xr
    rng = np.random.default_rng(1)
    fits = [ps.fit_exponent(planted(rng, np, xr), window=(5e3, 5e5)) for _ in range(400)]
    assert {fit.points for fit in fits} == {16}
    inside = np.mean([abs(fit.value + 0.8) < fit.error for fit in fits])
    assert 0.6 < inside < 0.75, inside
    assert abs(np.mean([fit.value for fit in fits]) + 0.8) < 0.005


def check_grids(ps, archive):
    """Powers of d against plain numbers: state evolution of the same points is the same."""
    import numpy as np
    whole = ps.open(archive)
    line = ps.select(whole["map"], gamma=1.25, lambda_=1)
    assert line.attrs["sweep"] == "map" and line.risk.dims == ("samples_effective_power",)
    same = ps.compare(whole["map"], whole["map"].isel(weight_decay_power=slice(1, 4)))
    assert int(same.count()) == 36 and float(abs(same).max()) == 0.0   # 2 x 6 x 3, the rest lies outside
    for wrong in (lambda: ps.select(whole["map"], gamma=3.0), lambda: ps.fit_exponent(whole["map"]),
                  lambda: ps.select(whole["map"], colour=1), lambda: ps.open("/no/file"),
                  lambda: ps.compare(whole["line"], whole["map"]), lambda: ps.merge()):
        try:
            wrong()
        except ps.PhasesweepError as error:
            assert str(error) and "\n" not in str(error), error
        else:
            raise AssertionError("nothing was refused")
    plain = whole["physical"]
    at = ps.compare(plain, ps.select(whole["map"], gamma=1.25, lambda_=1))
    assert int(at.count()) == 3 and float(abs(at).max()) < 0.3, at.values   # between 6 points over 4 decades
    merged = ps.merge(whole["map"].isel(source_exponent=[0]), whole["map"].isel(source_exponent=[1]))
    assert merged.risk.equals(whole["map"].risk)
    wrong = whole["line"].copy()
    wrong["risk"] = wrong["risk"] * 1.01
    try:
        ps.merge(whole["line"], wrong)
    except ps.GridError:
        pass
    else:
        raise AssertionError("contradicting results were merged")
    table = pathlib.Path(archive).with_suffix(".csv")
    assert ps.to_csv(whole["map"], table) == 60
    with open(table) as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60 and {row["outcome"] for row in rows} == {"converged"}
    assert np.array_equal([float(row["risk"]) for row in rows], whole["map"].risk.values.ravel())


def inside(archive):
    import phasesweep as ps
    assert not pathlib.Path(ps.__file__).is_relative_to(ROOT), ps.__file__
    check_doctests(archive)
    check_slopes(ps)
    check_grids(ps, archive)


def tutorial():
    """Its shell commands in order, then what it asks Python: all of doc/tutorial.md but the order of both."""
    page = ROOT / "doc" / "tutorial.md"
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)
    assert len(blocks) >= 4 and sum("phasesweep run" in block for block in blocks) == 1
    done = subprocess.run(["bash", "-euc", "\n".join(blocks)], capture_output=True, text=True)
    assert done.returncode == 0, done
    assert pathlib.Path("figures/phase_diagram_theory.png").stat().st_size > 10000
    assert len(pathlib.Path("question.csv").read_text().splitlines()) == 1 + 31 * 25 + 31 + 24 + 6
    done = doctest.testfile(str(page), module_relative=False)
    assert done.failed == 0 and done.attempted > 5, done


# ---- outside --------------------------------------------------------------------------------------------


def install(folder):
    """An environment with the package, made from a copy as pip builds in place; its folder of commands."""
    shutil.copytree(ROOT / "analysis", f"{folder}/sources", ignore=shutil.ignore_patterns("__pycache__"))
    made = subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", f"{folder}/venv"],
                          capture_output=True, text=True)
    assert made.returncode == 0, made
    commands = f"{folder}/venv/bin"
    done = subprocess.run([f"{commands}/python", "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
                           "--no-build-isolation", f"{folder}/sources"], capture_output=True, text=True)
    assert done.returncode == 0, done
    return commands


def main():
    program, launcher = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        environment = {**os.environ, "PHASESWEEP": program, "MPLCONFIGDIR": folder}
        pathlib.Path("job.yaml").write_text(JOB)
        assert subprocess.run([launcher, "-n", "1", program, "run", "job.yaml", "-o", "out.h5"],
                              capture_output=True).returncode == 0
        commands = install(folder)
        done = subprocess.run([f"{commands}/python", __file__, "inside", f"{folder}/out.h5"], env=environment)
        assert done.returncode == 0
        paths = [commands, os.path.dirname(program), os.path.dirname(launcher), os.environ["PATH"]]
        done = subprocess.run([f"{commands}/python", __file__, "tutorial"],
                              env={**environment, "PATH": ":".join(paths)})
        assert done.returncode == 0
        figure = [f"{commands}/phasesweep-figure"]
        drawn = subprocess.run([*figure, "exponents", "out.h5", "drawn"], env=environment,
                               capture_output=True, text=True)
        assert drawn.returncode == 0 and list(pathlib.Path("drawn").glob("*.png")), drawn
        told = subprocess.run([*figure, "--help"], capture_output=True, text=True)
        assert told.returncode == 0
        for script in (ROOT / "analysis").glob("fig_*.py"):
            assert os.access(script, os.X_OK), script
            assert f"  {script.stem[4:]} " in told.stdout, (script, told.stdout)
        told = subprocess.run([*figure, "width", "--help"], capture_output=True, text=True)
        assert told.returncode == 0 and "ARCHIVE.h5" in told.stdout, told
        wrong = subprocess.run([*figure, "widht", "out.h5"], capture_output=True, text=True)
        assert wrong.returncode == 2 and "widht" in wrong.stderr, wrong
    print("passed")


if __name__ == "__main__":
    if sys.argv[1] == "inside":
        inside(sys.argv[2])
    elif sys.argv[1] == "tutorial":
        tutorial()
    else:
        main()
