"""What can be wrong, as exceptions; all are PhasesweepError, whose text is one line for people."""


class PhasesweepError(Exception):
    """Wrong input: a file, a sweep, a field, a grid or a key."""


class ArchiveError(PhasesweepError, OSError):
    """A file that is not there, cannot be read, or is no phasesweep archive."""

    __str__ = Exception.__str__


class MissingError(PhasesweepError, LookupError):
    """A sweep, a field or an axis that is not in the archive."""


class GridError(PhasesweepError, ValueError):
    """Axes that do not fit: a value off the grid, an axis too many, results that contradict."""


class ProgramError(PhasesweepError, RuntimeError):
    """The program is not found or refuses; `status` is its exit status (2: wrong input,
    4: environment broken), None if it was not started."""

    def __init__(self, message, status=None):
        super().__init__(message)
        self.status = status
