#!/usr/bin/env python3
"""What users rely on has not changed since CHANGELOG.md was last written to.

Compared are the sources now and at the last commit that touched CHANGELOG.md: names, units and
codes in the lists of include/ (fields, series, outcomes, phases), exit statuses, the archive's
schema, the keys of jobs/README.md (a test compares them with the program's), the commands, the
models and methods.  Headers are free to change otherwise: the library
promises nothing from one version to the next.
"""
import io
import pathlib
import re
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TREES = ["include", "src", "jobs/README.md"]


def git(*words):
    return subprocess.run(["git", "-c", "safe.directory=*", "-C", ROOT, *words], check=True, capture_output=True).stdout


def sources_at(commit):
    """{path: text} of a commit."""
    with tarfile.open(fileobj=io.BytesIO(git("archive", commit, *TREES))) as tar:
        return {member.name: tar.extractfile(member).read().decode(errors="replace")
                for member in tar if member.isfile()}


def sources_now():
    paths = git("ls-files", "--cached", "--others", "--exclude-standard", *TREES).decode().split()
    return {path: (ROOT / path).read_text(errors="replace")
            for path in paths if (ROOT / path).is_file()}


def interface(sources):
    """What users see, as a set of lines; where it stands in the sources does not matter."""
    seen = set()
    for path, text in sources.items():
        if path.endswith((".c", ".h")):
            text = re.sub(r"/\*.*?\*/", "", text, flags=re.S).replace("\\\n", " ")
            for name, rows in re.findall(r"#define (\w+_LIST)\(X\)(.*)", text):
                seen |= {f"{name} {' '.join(row.split())}" for row in rows.split(" X(")[1:]}
            seen |= set(re.findall(r"\bSTATUS_[A-Z_]+ = \d+|\bSCHEMA = \d+", text))
            seen |= {f"command {name}" for name in re.findall(r'\{"(\w+)", command_\w+', text)}
        if re.match(r"src/model/\w+\.c", path):
            seen |= {f"name {name}" for name in re.findall(r'\.name = "(\w+)"', text)}
        if path == "jobs/README.md":
            seen |= {" ".join(row.split("|")[1:6]) for row in text.splitlines()
                     if row.startswith("| `") and row.count("|") == 7}
    return seen


def main():
    if not (ROOT / ".git").exists():
        print("no history to compare with")
        return 0
    if git("status", "--porcelain", "CHANGELOG.md"):
        print("CHANGELOG.md is being written")
        return 0
    commit = git("log", "-1", "--format=%H", "--", "CHANGELOG.md").decode().strip()
    before, now = interface(sources_at(commit)), interface(sources_now())
    assert len(now) > 90, len(now)
    for line in sorted(before ^ now):
        print(f"{'gone' if line in before else 'new'}: {line}")
    if before != now:
        print("CHANGELOG.md does not mention this: write a line there")
    else:
        print(f"{len(now)} names as in CHANGELOG.md")
    return 1 if before != now else 0


sys.exit(main())
