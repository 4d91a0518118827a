"""Where in a project's own code a statement is sent, and which of its lines its tests run.

Imported inside the environments of the projects (Python 3.8 and later), so it uses the standard library alone. Paths are relative to
the project's root. See ``docs/decisions/0006-whose-statement.md`` for the rule that it serves.
"""

# Runs in environments of every age: paths are handled without pathlib, and types are left out, on purpose.
# ruff: noqa: PTH, UP
import json
import os
import re
import sys

ROOT = os.path.join(os.path.abspath(os.environ.get("ORACLE_ROOT", ".")), "")
ORACLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")
DEPTH = 4
"""Frames of the project that are kept for each statement."""

_LIST = re.compile(r"\((?:\s*(?:%s|\?|NULL|\$\d+)\s*,)+\s*(?:%s|\?|NULL|\$\d+)\s*\)")
_paths = {}
_lines = {}


def own(code):
    """The path of the project's file that holds the code, ``""`` for code of others."""
    name = code.co_filename
    if name not in _paths:
        path = os.path.abspath(name)
        inside = path.startswith(ROOT) and not path.startswith(ORACLE) and "site-packages" not in path and not name.startswith("<")
        _paths[name] = path[len(ROOT) :] if inside else ""
    return _paths[name]


def owner(frame):
    """The dotted class of the object whose method runs, ``""`` in a function."""
    code = frame.f_code
    if not code.co_argcount or code.co_varnames[0] not in ("self", "cls"):
        return ""
    first = frame.f_locals.get(code.co_varnames[0])
    cls = first if isinstance(first, type) else type(first)
    return "%s.%s" % (cls.__module__, cls.__qualname__)


def frames(frame, until=None):
    """``(path, line, class)`` of the project's frames from the innermost outwards, up to one for which ``until`` is true."""
    found = []
    while frame is not None and len(found) < DEPTH:
        if until is not None and until(frame):
            break
        path = own(frame.f_code)
        if path:
            found.append((path, frame.f_lineno, owner(frame)))
        frame = frame.f_back
    return tuple(found)


def shortened(statement):
    """A statement without the length of its lists, so that one place sends one statement."""
    return _LIST.sub("(%s)", statement)


def watch_lines():
    """Notes every line of the project that runs from now on; nothing on a Python without ``sys.monitoring``."""
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is None:
        return
    tool = 4  # none of the numbers that debuggers, profilers and coverage tools claim
    monitoring.use_tool_id(tool, "oracle")

    def line(code, number):
        path = own(code)
        if path:
            _lines.setdefault(path, set()).add(number)
        return monitoring.DISABLE

    monitoring.register_callback(tool, monitoring.events.LINE, line)
    monitoring.set_events(tool, monitoring.events.LINE)


def write(output, statements):
    """The captured file: ``statements`` are dicts of a statement's ``sql``, ``frames`` and what else its program knows."""
    with open(output, "w") as file:
        json.dump({"statements": statements, "lines": {path: sorted(held) for path, held in sorted(_lines.items())}}, file, indent=0)
