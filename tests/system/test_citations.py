"""What the sources cite exists in doc/: sections and equations of theory.md, headings of
architecture.md, and the sections in the column `equation` of the record tables.

usage: test_citations.py ROOT
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
WHERE = ["src", "include", "tests", "analysis", "jobs", "slurm", "cmake", "doc",
         "README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
SUFFIXES = {".c", ".h", ".py", ".md", ".yaml", ".sh", ".txt", ".cmake", ".sbatch", ".1"}
NUMBERS = r"\d+(?:(?:,| and|, and) \d+)*"


def files():
    for name in WHERE:
        path = ROOT / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix in SUFFIXES and file.name != "test_citations.py":
                yield file


def flowing(path):
    """The text on one line: a citation may be broken over two lines of a comment."""
    return re.sub(r"\s*\n\s*(?:\*(?!/)|#|//|\\)?\s*", " ", path.read_text(errors="replace"))


def headings(name):
    return re.findall(r"^#+ (.+)$", (ROOT / "doc" / name).read_text(), re.M)


def cited_sections(text):
    """Numbers of `theory.md section 2`, of `sections 2 and 3`, and of `section 2` alone."""
    for numbers in re.findall(rf"\b[Ss]ections? ({NUMBERS})", text):
        yield from re.findall(r"\d+", numbers)


def table_sections():
    """(field, section or equation) of the rows of record.h."""
    text = flowing(ROOT / "include" / "phasesweep" / "study" / "record.h")
    rows = re.findall(r'\bX\((\w+), [^"]*"(?:[^"\\]|\\.)*"[ ,\\]*"[^"]*"[ ,\\]*"[^"]*"[ ,\\]*"([^"]*)"',
                      text)
    assert len(rows) > 40, f"only {len(rows)} rows read from record.h"
    for field, equation in rows:
        assert re.fullmatch(r"(\d( \(E\d\))?(, )?)*", equation), f"{field}: {equation}"
        yield from ((field, cited) for cited in re.findall(r"\d+(?![\d)])|\(E\d\)", equation))


def main():
    theory = (ROOT / "doc" / "theory.md").read_text()
    sections = {title.split(".")[0] for title in headings("theory.md") if title[0].isdigit()}
    assert sections == {str(k) for k in range(1, len(sections) + 1)}, sections
    known = sections | {name for name in re.findall(r"^    .*(\(E\d\))$", theory, re.M)}
    titles = [title.split(":")[0] for title in headings("architecture.md")]
    wrong, count = [], 0
    for path in files():
        text = flowing(path)
        cited = list(cited_sections(text)) + re.findall(r"\(E\d+\)", text)
        count += len(cited)
        wrong += [f"{path}: {name} is not in doc/theory.md" for name in cited if name not in known]
        for rest in re.findall(r"architecture\.md, ([A-Z]\w+)", text):
            count += 1
            if rest not in " ".join(titles).split():
                wrong.append(f"{path}: no heading {rest} in doc/architecture.md")
        for name in re.findall(r"\bdoc/([\w.-]+\.md)", text):
            if not (ROOT / "doc" / name).is_file():
                wrong.append(f"{path}: there is no doc/{name}")
    for field, name in table_sections():
        count += 1
        if name not in known:
            wrong.append(f"record.h: {field}: {name} is not in doc/theory.md")
    assert count > 150, count
    print("\n".join(wrong) or f"{count} citations")
    sys.exit(1 if wrong else 0)


main()
