"""Failures of a database, as callers know them on their own side of the boundary.

Code that works with a database expects it to fail: it retries a deadlock, takes a row that is there already, does
without while the tables are not made. That code may stand anywhere above a call of the boundary, and goes on working:

* A database that fails the service raises a ``BoundaryFailure`` here that is an error of the caller's own database
  library too: ``except IntegrityError`` sees it as it saw the original. Its class crosses, its message does not.
* A service that does not answer is a database that does not: ``BoundaryUnavailable`` is an ``OperationalError`` too.

The libraries are those that this process has loaded. ``orig`` of an SQLAlchemy error is ``None``: the driver's exception
does not leave its process.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

LIBRARIES = ("django.db.utils", "sqlalchemy.exc")
"""Modules of the libraries' errors, all under the names of the Python database API (PEP 249)."""

NAMES = frozenset(
    {
        "DataError",
        "DatabaseError",
        "IntegrityError",
        "InterfaceError",
        "InternalError",
        "NotSupportedError",
        "OperationalError",
        "ProgrammingError",
    }
)


def name_of(raised: BaseException) -> str:
    """What kind of database error an exception is, ``""`` for any other failure."""
    for kind in type(raised).__mro__:
        if kind.__module__ in LIBRARIES and kind.__name__ in NAMES:
            return kind.__name__
    return ""


GONE = frozenset({"57P01", "57P02", "57P03"})
"""SQLSTATEs of PostgreSQL for a server that goes, has crashed or is not there yet; class 08 is that of connections."""


def is_cut_off(raised: BaseException) -> bool:
    """Whether a database error means that the database does not answer at all, by the driver's own code."""
    if name_of(raised) not in ("InterfaceError", "OperationalError"):
        return False
    driver = getattr(raised, "orig", None) or raised.__cause__
    for attribute in ("sqlstate", "pgcode"):
        if hasattr(driver, attribute):
            # Who got no answer has no code either.
            state = getattr(driver, attribute)
            return state is None or state[:2] == "08" or state in GONE
    code = next(iter(getattr(driver, "args", ())), None)
    if isinstance(code, int):
        return 2000 <= code < 3000  # MySQL: errors of the client, all about its connection
    return getattr(driver, "sqlite_errorname", "") == "SQLITE_CANTOPEN"


def also(kind: type[Any], name: str) -> type[Any]:
    """``kind`` as a class that is the database error ``name`` of the caller's libraries, too."""
    if name not in NAMES:
        return kind
    # Only what is loaded: nobody can catch the errors of a library that nobody imported.
    loaded = [getattr(sys.modules.get(module), name, None) for module in LIBRARIES]
    return _joined(kind, *(each for each in loaded if each is not None))


@functools.cache
def _joined(kind: type[Any], *libraries: type[Any]) -> type[Any]:
    if not libraries:
        return kind
    # Logs and tracebacks show the name that the boundary's documentation has.
    described = {"__module__": kind.__module__, "__doc__": kind.__doc__, "plain": kind}
    return type(kind.__name__, (kind, *libraries), described)
