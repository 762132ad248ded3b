"""Single points, computed by the program `phasesweep` itself."""
import json
import os
import shutil
import subprocess

from .errors import ProgramError
from .names import key_of


def program_path(program=None):
    """The program: as given, $PHASESWEEP, or the one on PATH.  Raises ProgramError without any.

    >>> program_path("/no/such/program")
    Traceback (most recent call last):
    phasesweep.errors.ProgramError: /no/such/program: no such program
    """
    wanted = program or os.environ.get("PHASESWEEP") or "phasesweep"
    found = shutil.which(wanted)
    if found is None:
        how = "" if program else "; put it on PATH, or name it in the environment variable PHASESWEEP"
        raise ProgramError(f"{wanted}: no such program{how}")
    return found


def point(program=None, launcher=(), **keys):
    """One point as a dictionary, the JSON of `phasesweep point`: `outcome`, `inputs`, `risk` (excess risk
    R = |S - S*|^2/d), `prediction_risk`, `phase_predicted`, ...; series are lists.

    keys      the words of `phasesweep keys`, or symbols: n, d, gamma, lambda_, lambda_tilde, p, Delta
    program   path of the program; else $PHASESWEEP, else the one on PATH
    launcher  words before it, as ("mpirun", "-n", "2") for a training

    A point that does not converge is no error: look at `outcome`.  Raises ProgramError with the
    program's own line if a key is wrong, or if program or launcher cannot be started.

    >>> found = point(n=160000, d=400, gamma=1.25, Delta=0.1, lambda_tilde=0.1)
    >>> found["outcome"], found["phase_predicted"], round(found["risk"], 4)
    ('converged', 'VIa', 0.0144)
    >>> point(n=160000, dimensio=400)       # doctest: +ELLIPSIS
    Traceback (most recent call last):
    phasesweep.errors.ProgramError: ...dimensio...
    >>> point(n=160000, d=400, launcher=["/no/launcher"])
    Traceback (most recent call last):
    phasesweep.errors.ProgramError: /no/launcher: No such file or directory
    """
    words = [f"{key_of(key)}={value}" for key, value in keys.items()]
    command = [*launcher, program_path(program), "point", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ProgramError(f"{command[0]}: {error.strerror}") from None
    try:
        return json.loads(done.stdout)
    except ValueError:
        lines = done.stderr.strip() or f"phasesweep point ended with status {done.returncode}"
        raise ProgramError(lines, done.returncode) from None
