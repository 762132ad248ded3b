"""An installed phasesweep works from its prefix alone: moved, from the root folder, and with the
sources and the build out of reach where a mount namespace can hide them.

usage: test_install.py PROGRAM MPIEXEC CMAKE BUILD SOURCE
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

CMAKE, BUILD, SOURCE = sys.argv[3:6]


def hiding():
    """Words before a command that hide sources and build from it; none where that is not allowed."""
    script = 'for folder in "$1" "$2"; do mount -t tmpfs none "$folder" || exit 9; done; shift 2; exec "$@"'
    words = ["unshare", "--mount", "sh", "-c", script, "sh", BUILD, SOURCE]
    if shutil.which("unshare") is None or subprocess.run([*words, "true"], capture_output=True).returncode != 0:
        print("sources stay in reach: no mount namespaces here")
        return []
    assert subprocess.run([*words, "test", "-e", f"{SOURCE}/CMakeLists.txt"]).returncode == 1
    return words


HIDING = hiding()


def call(*words, status=0, **environment):
    done = subprocess.run([*HIDING, *map(str, words)], cwd="/", text=True, capture_output=True, timeout=240,
                          env={**os.environ, **environment})
    assert done.returncode == status, (words, done)
    return done.stdout


def install(folder):
    """Into a prefix, which is then moved."""
    subprocess.run([CMAKE, "--install", BUILD, "--prefix", folder / "first"], check=True, capture_output=True)
    return (folder / "first").rename(folder / "moved")


def nothing_names_the_sources(prefix):
    for path in prefix.rglob("*"):
        if path.is_file() and path.suffix != ".a" and path.parent.name != "bin":
            text = path.read_bytes()
            assert SOURCE.encode() not in text and BUILD.encode() not in text, path


def demo_and_figure(prefix, folder):
    job = prefix / "share/phasesweep/jobs/demo.yaml"
    # one panel of the whole
    first = job.read_text().split("  - name: diagonal")[0].replace("[0.75, 1.25, 2]", "[1.25]")
    small, replaced = re.subn(r"count: \d+", "count: 5", first)
    assert replaced == 2
    job.write_text(small)
    call("bash", prefix / "share/phasesweep/jobs/demo.sh", folder / "demo")
    assert (folder / "demo/phase_diagram_quadratic.png").read_bytes()[1:4] == b"PNG"
    report = json.loads(call(prefix / "bin/phasesweep", "status", "--json", folder / "demo/demo.h5"))
    assert [sweep["holes"] for sweep in report["sweeps"]] == [0]


def batch_script(prefix):
    script = prefix / "share/phasesweep/slurm/phasesweep.sbatch"
    call("bash", "-n", script)
    # outside of Slurm it gets as far as its own check
    call("bash", script, "job.yaml", status=2, SLURM_JOB_ID="")
    job = prefix / "share/phasesweep/jobs/demo.yaml"
    printed = call(prefix / "bin/phasesweep", "plan", job, "--sbatch")
    assert f"exec bash '{script}'" in printed and f"'{job}'" in printed, printed


def manual_and_completion(prefix):
    assert (prefix / "share/man/man1/phasesweep.1").read_text().startswith(".TH PHASESWEEP")
    if shutil.which("man"):
        assert "phasesweep run" in call("man", "-M", prefix / "share/man", "-P", "cat", "phasesweep")
    script = prefix / "share/bash-completion/completions/phasesweep"

    def completed(*words):
        line = f"""PATH={prefix}/bin:$PATH; . {script}
            COMP_WORDS=(phasesweep {' '.join(map(repr, words))}) COMP_CWORD={len(words)}
            _phasesweep; printf '%s\\n' "${{COMPREPLY[@]}}" """
        return call("bash", "-c", line).split()

    assert completed("re") == ["resume"]
    assert {"run", "keys", "diff"} <= set(completed(""))
    assert completed("status", "--j") == ["--json"]
    assert "--deadline=" in completed("run", "--")
    assert completed("point", "dimens") == ["dimension="]
    assert completed("point", "method", "=", "tr") == ["training"]
    assert {"quadratic", "diagonal", "ridge"} <= set(completed("point", "model", "="))
    assert completed("run", "--set", "=", "source_exp") == ["source_exponent="]
    assert completed("run", "some_file") == []


def library(prefix, folder):
    """The example of the documentation, by pkg-config and by CMake, prints the program's risk."""
    keys = ["dimension=400", "samples=160000", "source_exponent=1.25", "noise=0.1", "nuclear_weight=0.1"]
    expected = json.loads(call(prefix / "bin/phasesweep", "point", *keys))["risk"]
    [folder_of_pc] = [path.parent for path in prefix.rglob("phasesweep.pc")]
    example = next(prefix.rglob("example.c"))
    flags = call("pkg-config", "--cflags", "--libs", "phasesweep", PKG_CONFIG_PATH=str(folder_of_pc)).split()
    call("cc", example, "-o", folder / "example", *flags)
    assert float(call(folder / "example")) == expected
    user = folder / "user"
    user.mkdir()
    (user / "CMakeLists.txt").write_text(f"""cmake_minimum_required(VERSION 3.20)
project(user LANGUAGES C)
find_package(phasesweep 0.1 REQUIRED)
add_executable(example {example})
target_link_libraries(example PRIVATE phasesweep::phasesweep)
""")
    call(CMAKE, "-S", user, "-B", user / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    call(CMAKE, "--build", user / "build")
    assert float(call(user / "build/example")) == expected


def papers(prefix):
    found = {path.name for path in prefix.rglob("*")}
    assert {"LICENSE", "CITATION.cff", "theory.md", "install.md", "sweep.py", "method.h"} <= found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prefix = install(folder)
        nothing_names_the_sources(prefix)
        demo_and_figure(prefix, folder)
        batch_script(prefix)
        manual_and_completion(prefix)
        library(prefix, folder)
        papers(prefix)
    print("ok")
