"""phasesweep-figure NAME ARCHIVE.h5 [FOLDER]: runs a figure script of this installation;
phasesweep-report ARCHIVE.h5 [PAGE.html]: runs report.py, which makes a page of an archive."""
import argparse
import ast
import os
import pathlib
import sys
import textwrap


def folder():
    """Where the scripts lie: in the package once it is installed, beside it in the sources."""
    here = pathlib.Path(__file__).resolve().parent
    return next((place for place in (here / "figures", here.parent) if list(place.glob("fig_*.py"))), here)


def scripts():
    """{name: path} of all figures."""
    return {path.stem.removeprefix("fig_"): path for path in sorted(folder().glob("fig_*.py"))}


def first_words(path):
    """What a script draws, as a line from the beginning of its own text."""
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    return textwrap.shorten(text.split("\n\n")[0], 78, placeholder=" ...")


def main(words=None):
    """The script takes over: its messages and its exit status are the command's."""
    known = scripts()
    table = "\n".join(f"  {name:17} {first_words(path)}" for name, path in known.items())
    parser = argparse.ArgumentParser(
        prog="phasesweep-figure", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Draw a figure from an archive, as PNG and PDF.",
        epilog=f"figures (phasesweep-figure NAME --help tells more):\n{table}")
    parser.add_argument("name", metavar="NAME", choices=known, help="of the figure, see below")
    parser.add_argument("rest", metavar="ARCHIVE.h5 [FOLDER]", nargs=argparse.REMAINDER,
                        help="archive of `phasesweep run`, folder for the files (.)")
    given = parser.parse_args(words)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, str(known[given.name]), *given.rest])


def report(words=None):
    """report.py takes over, as the figure scripts do."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, str(folder() / "report.py"), *(sys.argv[1:] if words is None else words)])


if __name__ == "__main__":
    main()
