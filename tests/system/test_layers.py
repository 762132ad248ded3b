"""The layers point one way: src/CMakeLists.txt says who may use whom, and every include obeys.

usage: test_layers.py ROOT
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
FOREIGN = {  # header: the layers that may see it
    "mpi.h": "parallel data training engine archive method app",
    "hdf5": "archive table",
    "zlib.h": "table",
    "yaml.h": "study",
}


def allowed_uses():
    """{layer: all layers below it}, from the lines `layer(name USES ...)`."""
    text = (ROOT / "src" / "CMakeLists.txt").read_text()
    below = {}
    for name, uses in re.findall(r"^layer\((\w+)(?: USES ([\w ]+?))?(?: LINKS[^)]*)?\)", text, re.M):
        below[name] = set(uses.split())
        for use in uses.split():
            assert use in below, f"{name} uses {use}, which does not stand below it"
            below[name] |= below[use]
    return below


def floors(below):
    """Height of every layer: those that use nothing are on floor 1."""
    height = {}
    for name in below:
        height[name] = 1 + max((height[use] for use in below[name]), default=0)
    return height


def wrong_includes(path, layer, below):
    """What a file includes and may not."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        included = re.match(r'\s*#\s*include\s*[<"]([^">]+)[">]', line)
        if not included:
            continue
        name = included.group(1)
        target = re.match(r"phasesweep/(\w+)/", name)
        if target and target.group(1) not in below[layer] | {layer}:
            yield f"{path}:{number}: {layer} may not use {target.group(1)}"
        if ".." in name or (target is None and name.startswith("phasesweep")):
            yield f"{path}:{number}: {name} names no layer"
        for header, layers in FOREIGN.items():
            if name.startswith(header) and layer not in layers.split():
                yield f"{path}:{number}: {name} outside {layers}"


def model_branches():
    """Comparisons with a model's name: a table row would hold what the branch decides."""
    for path in sorted(ROOT.glob("src/**/*.[ch]")):
        layer = path.relative_to(ROOT / "src").parts[0]
        for number, line in enumerate(path.read_text().splitlines(), 1):
            branch = re.search(r"[!=]= METHOD_(?!COUNT)[A-Z_]+\b", line)
            if branch and layer != "model" and "assert" not in line:
                yield f"{path}:{number}: a method's name outside model/ and tables"
            row = re.match(r"\s*\[MODEL_[A-Z]+\] =", line)
            if re.search(r"\bMODEL_(?!COUNT)[A-Z]+\b", line) and layer != "model" and not row:
                yield f"{path}:{number}: a model's name outside model/ and tables"


def main():
    below = allowed_uses()
    assert max(floors(below).values()) <= 7, floors(below)
    wrong, files = [], 0
    for tree in ("src", "include/phasesweep"):
        folders = {path.name for path in (ROOT / tree).iterdir() if path.is_dir()}
        assert folders == set(below), f"{tree}: {folders ^ set(below)}"
        for path in sorted((ROOT / tree).rglob("*.[ch]")):
            layer = path.relative_to(ROOT / tree).parts[0]
            files += 1
            wrong += wrong_includes(path, layer, below)
            if re.search(r"\bMPI_COMM_WORLD\b", path.read_text()) and path.name != "main.c":
                wrong.append(f"{path}: MPI_COMM_WORLD outside app/main.c")
    assert files > 150, files
    wrong += model_branches()
    print("\n".join(wrong) or f"{files} files, {max(floors(below).values())} floors")
    sys.exit(1 if wrong else 0)


main()
