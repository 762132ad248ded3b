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
    samples: [100, 3981.071705534973, 1000000]     # on the grid of map
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
    """The deviation of a slope of 16 points is estimated from 14 degrees of freedom: Student's t is within one
    in 66.6 % of cases, of 400 to 2.4 %.  Both that share and the mean slope lie within 5 of their deviations."""
    import numpy as np
    import xarray as xr
    rng = np.random.default_rng(1)
    fits = [ps.fit_exponent(planted(rng, np, xr), window=(5e3, 5e5)) for _ in range(400)]
    assert {fit.points for fit in fits} == {16}
    inside = np.mean([abs(fit.value + 0.8) < fit.error for fit in fits])
    assert abs(inside - 0.666) < 5 * np.sqrt(0.666 * 0.334 / 400), inside
    off = np.mean([fit.value for fit in fits]) + 0.8
    assert abs(off) < 5 * np.mean([fit.error for fit in fits]) / np.sqrt(400), off


def refused(call, word=""):
    """The one line of a PhasesweepError."""
    import phasesweep as ps
    try:
        call()
    except ps.PhasesweepError as error:
        assert word in str(error) and "\n" not in str(error) and str(error), error
        return
    raise AssertionError(f"nothing was refused: {word}")


def check_refined(ps):
    """Computed points are used and counted; too few of them are told with the reason."""
    import numpy as np
    import xarray as xr
    n = np.logspace(3, 6, 24)
    risk = np.where(np.arange(24) % 4 == 0, n ** -0.8, np.nan)
    line = xr.Dataset({"risk": ("samples", risk)}, {"samples": ("samples", n, {"form": "number"})}, {"refine": "phase"})
    fit = ps.fit_exponent(line)
    assert fit.points == 6 and abs(fit.value + 0.8) < 1e-9
    refused(lambda: ps.fit_exponent(line, window=(1e3, 3e3)), "refine")


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
                  lambda: ps.compare(whole["map"], whole["line"]), lambda: ps.merge()):
        refused(wrong)
    plain = whole["physical"]
    for other in (ps.select(whole["map"], gamma=1.25, lambda_=1), whole["map"]):
        at = ps.compare(plain, other)   # three n that are grid points of the map
        assert at.shape == (3,) and float(abs(at).max()) < 1e-9, at.values
    table = pathlib.Path(archive).with_suffix(".csv")
    assert ps.to_csv(whole["map"], table) == 60
    with open(table) as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60 and {row["outcome"] for row in rows} == {"converged"}
    assert np.array_equal([float(row["risk"]) for row in rows], whole["map"].risk.values.ravel())


def check_problems(ps, archive):
    """compare tells problems apart; one n of the first is interpolated along n of the second."""
    import numpy as np
    import xarray as xr
    line = ps.open(archive, "line", fields=["risk"])
    noisy = xr.concat([line, line * 2], "noise", coords="minimal").assign_coords(noise=[0.12, 0.5])
    noisy.attrs = {key: value for key, value in line.attrs.items() if key != "noise"}
    refused(lambda: ps.compare(line, noisy), "noise is 0.1")
    at = ps.compare(line.assign_attrs(noise=0.5), noisy)
    assert at.dims == line.risk.dims and float(abs(at - 1).max()) < 1e-12
    for key, value in (("depth", 2.0), ("covariance_exponent", 1.0), ("nuclear_weight", 0.2)):
        other = line.drop_vars("resolved_nuclear_weight").assign_attrs({key: value})
        refused(lambda: ps.compare(line, other), f"{key} is")
    refused(lambda: ps.compare(line, ps.select(ps.open(archive, "map"), gamma=1.25, lambda_=1)), "is 0.1")
    seeds = xr.concat([line, line], "seed", coords="minimal").assign_coords(seed=[1, 3])
    refused(lambda: ps.compare(line.assign_attrs(seed=2.0), seeds), "seed is 2")    # nothing lies between seeds
    power = xr.Dataset({"risk": ("samples", np.array([4.0, 1.0])), "outcome": ("samples", [2, 2])},
                       coords={"samples": [100.0, 400.0]}, attrs={"model": "quadratic"})
    one = power.isel(samples=0, drop=True).assign_attrs(samples=200.0)
    assert abs(float(ps.compare(one, power)) + 0.5) < 1e-12        # R ~ 1/n, half way of the logarithm: 2
    refused(lambda: ps.compare(one.assign_attrs(samples=401.0), power), "samples is 401")
    few = xr.Dataset({"risk": ("samples", np.ones(100))}, coords={"samples": np.arange(1.0, 101.0)})
    refused(lambda: ps.select(few, n=140), "off the grid")
    assert float(ps.select(few, n=100.4).samples) == 100 and float(ps.select(few, n=0.8).samples) == 1


def check_merge(ps, archive):
    """Halves make the whole; problems stay apart; the better outcome stays; what contradicts is refused."""
    whole = ps.open(archive)
    line, codes = whole["line"], ps.sweep.flag_codes(whole["line"].outcome)
    merged = ps.merge(whole["map"].isel(source_exponent=[0]), whole["map"].isel(source_exponent=[1]))
    assert merged.risk.equals(whole["map"].risk)
    deep = line.assign_attrs(depth=2.0)
    deep["risk"] = deep["risk"] * 2
    merged = ps.merge(line, deep)
    assert "depth" not in merged.attrs and list(merged.depth.values) == [1, 2]
    assert merged.risk.sel(depth=2, drop=True).equals(deep.risk)
    wide = ps.merge(line, line.assign_attrs(dimension=200.0))
    assert float(ps.select(wide, d=200).risk[0]) == float(line.risk[0])
    for key, value in (("optimizer", "adam"), ("linear_unit", "yes"), ("method", "training")):
        refused(lambda: ps.merge(line, line.assign_attrs({key: value})), f"{key} differs")
    failed, other = line.copy(deep=True), line.copy(deep=True)
    failed["outcome"][:4] = codes["failed"]
    failed["outcome"][4:6] = codes["running"]
    for field in set(failed.data_vars) - ps.sweep.KEPT:
        failed[field] = failed[field].where(failed.outcome == codes["converged"])
    other["iterations"], other["residual"], other["seconds"] = line.iterations + 1, line.residual * 3, line.seconds + 1
    never = failed.copy(deep=True)
    never["outcome"][:] = codes["never_run"]
    for pair in ((failed, other), (other, failed)):
        merged = ps.merge(*pair)
        assert set(merged.outcome.values) == {codes["converged"]} and merged.risk.equals(line.risk)
        assert (merged.seconds[:6] == other.seconds[:6]).all()
    assert ps.merge(never, failed).outcome.equals(failed.outcome)
    assert ps.merge(failed, never).outcome.dtype == line.outcome.dtype
    assert "trace" in ps.merge(line.drop_vars("trace"), line) and "trace" in ps.merge(line, line.drop_vars("trace"))
    # an archive of an older program beside a refined one, which has a code more
    names = "flag_meanings", "flag_values"
    older, refined = line.copy(deep=True), never.assign_attrs(refine="phase")
    kept = [word for word in codes if word != "not_asked"]
    older["outcome"] = line.outcome.assign_attrs(dict(zip(names, (" ".join(kept), [codes[word] for word in kept]))))
    refined["outcome"][:] = codes["not_asked"]
    for pair in ((older, refined), (refined, older)):
        merged = ps.merge(*pair)
        assert ps.sweep.flag_codes(merged.outcome) == codes and merged.attrs["refine"] == "phase"
        assert merged.outcome.equals(line.outcome) and merged.risk.equals(line.risk)
    wrong = line.assign(risk=line.risk * 1.01)
    refused(lambda: ps.merge(line, wrong), "risk differs")


def inside(archive):
    import phasesweep as ps
    assert not pathlib.Path(ps.__file__).is_relative_to(ROOT), ps.__file__
    check_doctests(archive)
    check_slopes(ps)
    check_refined(ps)
    check_grids(ps, archive)
    check_problems(ps, archive)
    check_merge(ps, archive)
    assert ps.phases.NAMES and ps.trajectories.least and not hasattr(ps, "fazes")


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
        told = subprocess.run([f"{commands}/phasesweep-report", "--help"], env=environment,
                              capture_output=True, text=True)
        assert told.returncode == 0 and "PAGE.html" in told.stdout, told
        # a folder named scipy that is no SciPy: one line, no traceback
        pathlib.Path("none/scipy").mkdir(parents=True)
        pathlib.Path("none/scipy/__init__.py").write_text("raise ImportError('no scipy')")
        without = {**environment, "PYTHONPATH": f"{folder}/none"}
        wrong = subprocess.run([*figure, "tail_exponent", "out.h5"], env=without, capture_output=True, text=True)
        assert wrong.returncode != 0 and wrong.stderr.count("\n") == 1 and "python3-scipy" in wrong.stderr, wrong
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
