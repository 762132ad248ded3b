"""Damaged and foreign archives, full disks, extended jobs, old schemas.

usage: test_store.py PHASESWEEP MPIEXEC
"""
import os
import random
import shutil
import subprocess
import tempfile

import h5py
import numpy as np

from harness import alone, assert_one_line, call, count, read, read_bytes, run, write

JOB = """sweeps:
  - name: grid
    source_exponent: [1, 2]
    dimension: 100
    noise: [0.1, 0.5]
    samples: {as: effective_power, from: -0.5, to: 3, count: 30}
    weight_decay: {as: power, from: -1, to: 1.5, count: 300}
"""


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


def check_extend(folder, good):
    """Lines that two jobs share are taken over bit by bit, whatever their axes are called."""
    path, other = f"{folder}/extended.h5", f"{folder}/other.yaml"
    shutil.copy(good, path)
    changed = (JOB.replace("[1, 2]", "[3, 2, 1]").replace("[0.1, 0.5]", "[0.5, 0.1000000000000001]")
               .replace("weight_decay", "nuclear_weight"))
    write(other, changed)
    done = call(2, "run", other, "-o", path, "--extend")
    assert done.returncode == 0 and "18000 finished points taken over" in done.stderr, done.stderr
    old, new = read(good, "grid"), read(path, "grid")
    shared = new.sel(source_exponent=[1.0, 2.0], noise=0.5).rename(nuclear_weight="weight_decay")
    before = old.sel(noise=0.5)
    for field in ("risk", "delta", "seconds", "phase_measured"):
        assert np.array_equal(shared[field].values, before[field].values, equal_nan=True), field
    assert alone("verify", path).returncode == 0
    assert alone("diff", good, path + ".1").returncode == 0  # the lines left behind are kept


def check_attempts(folder, good):
    """Rows that died with their job three times are lost, until a retry is asked for."""
    path = f"{folder}/lost.h5"
    shutil.copy(good, path)

    def died(file):
        file["grid/outcome"][0, 0, 0, :] = 1
        file["grid/attempts"][0, 0, 0, :] = 3
        file["grid/outcome"][0, 0, 1, :] = 1
        file["grid/attempts"][0, 0, 1, :] = 2
    edit(path, died)
    assert run(2, "resume", path) == 1
    assert count(path, "lost") == 300 and alone("verify", path).returncode == 0
    assert run(2, "resume", path) == 1  # not tried again by itself
    assert run(2, "resume", "--retry", path) == 0
    assert alone("diff", path, good).returncode == 0


def check_full_disk(folder, job):
    """A disk too small is met before the first point and leaves nothing."""
    disk = f"{folder}/disk"
    os.mkdir(disk)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", disk],
                      capture_output=True).returncode != 0:
        print("no mount: the full disk is not tested")
        return
    try:
        assert_one_line(call(1, "run", job, "-o", f"{disk}/a.h5"), 4, "disk space", "a.h5")
        assert os.listdir(disk) == []
    finally:
        subprocess.run(["umount", disk], check=True)


def main():
    with tempfile.TemporaryDirectory() as folder:
        job = write(f"{folder}/job.yaml", JOB)
        good = f"{folder}/good.h5"
        assert run(2, "run", job, "-o", good) == 0
        check_damage(folder, good)
        check_flipped_bit(folder, good)
        check_extend(folder, good)
        check_attempts(folder, good)
        check_full_disk(folder, job)


main()
