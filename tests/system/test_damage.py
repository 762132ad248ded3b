"""Damaged and foreign archives, flipped bits, full disks: one line each, nothing lost.

usage: test_damage.py PHASESWEEP MPIEXEC
"""
import os
import random
import shutil
import subprocess
import tempfile

import h5py
import numpy as np

from harness import GRID_JOB, alone, assert_one_line, call, read_bytes, run, status, write


def edit(path, change):
    with h5py.File(path, "r+") as file:
        change(file)


def damaged_copies(folder, good):
    """Name -> a change of a copy that must be refused."""
    whole = read_bytes(good)
    generator = random.Random(3)
    header = bytearray(whole)
    for _ in range(300):
        header[generator.randrange(3000)] ^= 1 << generator.randrange(8)
    contents = {"truncated": whole[:100000], "tiny": whole[:200], "empty": b"", "text": b"hello",
                "header": bytes(header)}
    for name, content in contents.items():
        with open(f"{folder}/{name}.h5", "wb") as file:
            file.write(content)
        yield f"{folder}/{name}.h5"
    for name, change in {
            "newer": lambda file: file.attrs.__setitem__("phasesweep_schema", 99),
            "fieldless": lambda file: file.__delitem__("grid/risk"),
            "stateless": lambda file: file.__delitem__("grid/outcome"),
            "foreign": lambda file: file.attrs.__delitem__("phasesweep_schema")}.items():
        path = f"{folder}/{name}.h5"
        shutil.copy(good, path)
        edit(path, change)
        yield path
    os.mkdir(f"{folder}/folder.h5")
    yield f"{folder}/folder.h5"


def replace(file, name, **how):
    """Another dataset in the place of one; `how` as for create_dataset."""
    shape, dtype = file[name].shape, file[name].dtype
    del file[name]
    file.create_dataset(name, **{"shape": shape, "dtype": dtype, **how})


def virtual(file, name):
    layout = h5py.VirtualLayout(file[name].shape, file[name].dtype)
    layout[...] = h5py.VirtualSource("other.h5", "risk", shape=file[name].shape)
    del file[name]
    file.create_virtual_dataset(name, layout)


def link(file, name, target):
    del file[name]
    file[name] = target


# what only a foreign hand makes: each led to a read beyond a buffer, or a write elsewhere
HOSTILE = {
    "schema_array": lambda file: file.attrs.__setitem__("phasesweep_schema", np.full(7000, 2)),
    "schema_text": lambda file: file.attrs.__setitem__("phasesweep_schema", np.bytes_("2")),
    "schema_empty": lambda file: file.attrs.__setitem__("phasesweep_schema", h5py.Empty("i4")),
    "job_array": lambda file: file.attrs.__setitem__("job", np.full(500, b"sweeps:")),
    "job_number": lambda file: file.attrs.__setitem__("job", 7),
    "job_variable": lambda file: file.attrs.__setitem__("job", "sweeps:"),
    "job_binary": lambda file: file.attrs.__setitem__("job", np.bytes_(b"\x1b[2J\xff: [")),
    "fields_array": lambda file: file["grid"].attrs.__setitem__(
        "row_fields", np.full(900, b"risk " * 10)) or file["grid"].__delitem__("risk"),
    "runs_long": lambda file: [replace(file, "runs/" + name, shape=(4096, *data.shape[1:]))
                               for name, data in list(file["runs"].items())],
    "runs_wide": lambda file: replace(file, "runs/start", shape=(1024, 64)),
    "runs_text": lambda file: replace(file, "runs/host", dtype="S4096"),
    "runs_link": lambda file: link(file, "runs", h5py.SoftLink("/grid")),
    "rank": lambda file: replace(file, "grid/risk", shape=file["grid/risk"].shape[1:]),
    "shape": lambda file: replace(file, "grid/risk", shape=file["grid/risk"].shape[::-1]),
    "type": lambda file: replace(file, "grid/risk", dtype="f4"),
    "compound": lambda file: replace(file, "grid/outcome", dtype=[("a", "i1"), ("b", "f8")]),
    "text": lambda file: replace(file, "grid/outcome", dtype="S1"),
    "storage": lambda file: replace(file, "grid/risk", external=[("other.raw", 0, 10**7)]),
    "unallocated": lambda file: replace(file, "grid/risk", chunks=(1, 1, 1, 300)),
    "virtual": lambda file: virtual(file, "grid/risk"),
    "soft": lambda file: link(file, "grid/risk", h5py.SoftLink("/grid/objective")),
    "external": lambda file: link(file, "grid/risk", h5py.ExternalLink("other.h5", "/risk")),
    "group": lambda file: link(file, "grid", h5py.ExternalLink("other.h5", "/")),
    "no_set": lambda file: file.__delitem__("grid/risk") or file.create_group("grid/risk"),
    "no_group": lambda file: file.__delitem__("grid") or file.create_dataset("grid", data=1)}


def check_hostile(folder, good):
    """One line and status 2, and the files it points at stay as they are."""
    for name in ("other.raw", "other.h5"):
        with open(f"{folder}/{name}", "wb") as file:
            file.write(b"\0" * 10**7)
    for name, change in HOSTILE.items():
        path = f"{folder}/hostile_{name}.h5"
        shutil.copy(good, path)
        edit(path, change)
        before = read_bytes(path)
        for command in ("status", "verify", "resume"):
            if name.startswith("runs") and command == "verify":
                continue  # which reads no table of runs
            done = alone(command, path)
            assert_one_line(done, 2, path)
            assert "\x1b" not in done.stderr + done.stdout
        assert read_bytes(path) == before and not os.path.exists(path + ".lock"), name
        os.remove(path)
    assert not read_bytes(f"{folder}/other.raw").strip(b"\0")


def check_changed_meaning(folder, good):
    """An archive whose job or axes are others than when it was made is not continued."""
    path = f"{folder}/meaning.h5"
    shutil.copy(good, path)
    edit(path, lambda file: file["grid"].attrs.modify("dimension", 200.0))
    before = read_bytes(path)
    assert_one_line(alone("resume", path), 2, "not as they were made")
    assert read_bytes(path) == before
    os.remove(path)


def check_mutants(folder):
    """resume on archives with some bytes changed: no signal, and 0 means the right rows."""
    good, path = f"{folder}/small.h5", f"{folder}/mutant.h5"
    job = write(f"{folder}/small.yaml", GRID_JOB.replace("count: 300", "count: 10"))
    assert run(1, "run", job, "-o", good) == 0
    whole = read_bytes(good)
    places = [at for at in range(0, len(whole) - 8, 8) if whole[at:at + 8].strip(b"\0")]
    generator = random.Random(5)
    ends = {}
    for _ in range(20):
        content = bytearray(whole)
        for _ in range(generator.randrange(1, 4)):
            at = generator.choice(places) + generator.randrange(8)
            content[at] = generator.choice((0, 255, generator.randrange(256)))
        with open(path, "wb") as file:
            file.write(content)
        done = alone("resume", path)
        assert done.returncode in (0, 2, 4), done
        ends[done.returncode] = ends.get(done.returncode, 0) + 1
        if done.returncode == 0:
            assert alone("verify", path).returncode == 0
            assert alone("diff", path, good).returncode == 0
        if os.path.exists(path + ".lock"):
            os.remove(path + ".lock")
    print("mutants by status of resume:", ends)


def check_strings(folder, good):
    """What the table of runs says is escaped: the JSON of status is JSON."""
    path = f"{folder}/strings.h5"
    shutil.copy(good, path)
    with h5py.File(path, "r+") as file:
        place = file["runs/host"].id.get_offset()
        file["runs/end"][0], file["runs/points"][0] = np.inf, np.nan
    with open(path, "r+b") as file:  # characters one by one: h5py would end each with a NUL
        file.seek(place)
        file.write(b'a"b\\c\n\x1b[31m\xff'.ljust(64, b"x"))
    run_entry = status(path)["runs"][0]
    assert run_entry["host"].startswith('a"b\\c\n\x1b[31m\xff') and run_entry["points"] is None
    os.remove(path)


def check_damage(folder, good):
    for path in damaged_copies(folder, good):
        before = None if os.path.isdir(path) else read_bytes(path)
        for command in ("status", "verify"):
            assert_one_line(alone(command, path), 2, path)
        assert_one_line(call(2, "resume", path), 2, path)
        assert before is None or read_bytes(path) == before
        assert not os.path.exists(path + ".lock")


def check_flipped_bit(folder, good):
    """One wrong bit in a row: verify names it, resume computes its line again."""
    path = f"{folder}/flipped.h5"
    shutil.copy(good, path)
    with h5py.File(path, "r") as file:
        place = file["grid/risk"].id.get_offset() + 8 * 1234 + 2
    with open(path, "r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 16]))
    found = alone("verify", path)
    assert found.returncode == 1 and "samples" in found.stdout
    assert alone("diff", path, good).returncode == 1
    assert run(2, "resume", path) == 0
    assert alone("verify", path).returncode == 0 and alone("diff", path, good).returncode == 0


def mount(disk, size):
    """A small file system of memory; False where mounting is not allowed."""
    os.makedirs(disk, exist_ok=True)
    how = f"remount,size={size}" if os.path.ismount(disk) else f"size={size}"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", how, "none", disk], capture_output=True)
    return done.returncode == 0


def check_full_disk(folder, job, good):
    """Too small a disk is met before the first point and leaves nothing.  Where the space was
    reserved and lost again (a sparse copy), the run stops with 4 and goes on with more room."""
    disk = f"{folder}/disk"
    if not mount(disk, "3m"):
        print("no mount: the full disk is not tested")
        return
    try:
        assert_one_line(call(1, "run", job, "-o", f"{disk}/a.h5"), 4, "disk space", "a.h5")
        assert os.listdir(disk) == []
        path = f"{disk}/sparse.h5"
        empty = f"{folder}/empty_rows.h5"
        shutil.copy(good, empty)
        with h5py.File(empty, "r+") as file:
            for name, data in file["grid"].items():
                if data.ndim == 4:
                    data[...] = np.zeros(data.shape, data.dtype)
        subprocess.run(["cp", "--sparse=always", empty, path], check=True)
        done = call(1, "resume", path)
        # Open MPI has a line of its own where not even the first byte of a write fits
        done.stderr = "".join(line for line in done.stderr.splitlines(True)
                              if not line.startswith("mca_fbtl_posix_pwritev: ")
                              and " points in " not in line)  # what a run begins
        assert_one_line(done, 4, "writing", "failed")
        assert status(path)["runs"][-1]["ending"] == "environment"
        assert mount(disk, "40m") and run(2, "resume", path) == 0
        assert alone("diff", path, good).returncode == 0
    finally:
        subprocess.run(["umount", disk], check=True)


def main():
    with tempfile.TemporaryDirectory() as folder:
        job = write(f"{folder}/job.yaml", GRID_JOB)
        good = f"{folder}/good.h5"
        assert run(2, "run", job, "-o", good) == 0
        check_damage(folder, good)
        check_hostile(folder, good)
        check_strings(folder, good)
        check_changed_meaning(folder, good)
        check_mutants(folder)
        check_flipped_bit(folder, good)
        check_full_disk(folder, job, good)


main()
