"""The error tree: everything that decompose tells a user to change.

::

    DecomposeError            code, message, hint, place, exit code
    ├── UsageError        2   an option, a path or a name that does not fit
    ├── ConfigError       2   decompose.toml says something that cannot be
    ├── RefusedInput      2   the target holds something that must not be written or followed
    ├── FileError         3   reading or writing failed: disk full, read-only, gone
    ├── EditConflict      4   a person's edits and new output meet; markers are in the files
    ├── Locked            5   another run holds the lock
    ├── Incomplete        6   more of the target is unreadable than the limit allows
    ├── NotReady          1   the context needs decisions first
    └── Drifted           1   the plan was made from another state of the source

A bug of ours is not in this tree: it keeps its traceback and ends with 70.
"""

from __future__ import annotations


class DecomposeError(Exception):
    """A cause with a place and a next step. Prints nothing itself.

    ``code`` is stable (``D101``), every class has its own, ``hint`` the next step, ``place`` a ``path:line`` or path, ``""`` when there is none.
    """

    exit_code = 2
    code = ""

    def __init__(self, message: str, *, hint: str = "", place: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.place = place
        self.code = code or type(self).code


class UsageError(DecomposeError):
    code = "D101"


class ConfigError(DecomposeError):
    code = "D102"


class RefusedInput(DecomposeError):
    code = "D103"


class FileError(DecomposeError):
    exit_code = 3
    code = "D104"


class EditConflict(DecomposeError):
    exit_code = 4
    code = "D401"


class Locked(DecomposeError):
    exit_code = 5
    code = "D402"


class Incomplete(DecomposeError):
    exit_code = 6
    code = "D105"


class NotReady(DecomposeError):
    exit_code = 1
    code = "D301"


class Drifted(DecomposeError):
    exit_code = 1
    code = "D310"
