"""What the tests of figures share: scripts as modules, small archives, what a script draws."""
import os
import pathlib
import subprocess
import sys
import tempfile

from harness import run, write

ANALYSIS = pathlib.Path(__file__).resolve().parents[2] / "analysis"
sys.path.insert(0, str(ANALYSIS))
os.environ.setdefault("MPLCONFIGDIR", tempfile.gettempdir())


def archive(folder, name, text):
    path = f"{folder}/{name}.h5"
    assert run(2, "run", write(f"{folder}/{name}.yaml", text), "-o", path) == 0
    return path


def draw(script, path, folder):
    """The finished script."""
    return subprocess.run(["/usr/bin/python3", str(ANALYSIS / script), path, folder],
                          capture_output=True, text=True)


def saved(module, path):
    """{name: figure} of all that a script would save."""
    return dict(module.figures(path))
