"""Where in a project's own code a statement is sent, and which of its lines its tests run.

Imported inside the environments of the projects (Python 3.8 and later), so it uses the standard library alone. Paths are relative to
the project's root. See ``docs/decisions/0006-whose-statement.md`` for the rule that it serves.
"""

# Runs in environments of every age: paths are handled without pathlib, and types are left out, on purpose.
# ruff: noqa: PTH100, PTH118, PTH120, PTH123
import json
import os
import re
import sys

ROOT = os.path.join(os.path.abspath(os.environ.get("ORACLE_ROOT", ".")), "")
ORACLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")
DEPTH = 6
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


def receiver(frame):
    """The class of the object whose method runs, ``None`` in a function."""
    code = frame.f_code
    if not code.co_argcount or code.co_varnames[0] not in ("self", "cls"):
        return None
    first = frame.f_locals.get(code.co_varnames[0])
    return first if isinstance(first, type) else type(first)


def role(frame, cls):
    """``layer`` for a method through which others get at a table, ``override`` for one that a library's class has too, else ``""``.

    A layer is a manager or query set of the project, and what a model overrides of its library (``save``). Who calls it accesses the table as
    well, as who calls the library's own method does.
    """
    name = frame.f_code.co_name
    if hasattr(cls, "as_manager") or (hasattr(cls, "contribute_to_class") and not hasattr(cls, "_meta")):
        return "layer"
    for each in cls.__mro__:
        if name in vars(each) and each is not object and not _of_project(each):
            return "layer" if is_table(cls) else "override"
    return ""


def is_table(cls):
    """Whether instances of a class are rows."""
    return hasattr(getattr(cls, "_meta", None), "db_table") or hasattr(cls, "__mapper__") or hasattr(cls, "__tablename__")


def _of_project(cls):
    file = getattr(sys.modules.get(cls.__module__), "__file__", "") or ""
    return file.startswith(ROOT) and "site-packages" not in file


def frames(frame, until=None):
    """``(path, line, class, role)`` of the project's frames from the innermost outwards, up to one for which ``until`` is true."""
    found = []
    direct = False
    while frame is not None and len(found) < DEPTH:
        if until is not None and until(frame):
            break
        path = own(frame.f_code)
        if path:
            if found and found[-1][3] == "override" and not direct:
                break  # the library called it
            cls = receiver(frame)
            name = f"{cls.__module__}.{cls.__qualname__}" if cls is not None else ""
            table = "table" if cls is not None and is_table(cls) else ""
            found.append((path, frame.f_lineno, name, (role(frame, cls) or table) if cls is not None else ""))
            if not found[-1][3]:
                break  # nobody further out is asked for
        direct = bool(path)
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


def write(output, statements, unsent=()):
    """The captured file: ``statements`` are dicts of a statement's ``sql``, ``frames`` and what else its program knows.

    ``unsent`` are ``(path, line)`` that built queries of which none was ever sent.
    """
    lines = {path: sorted(held) for path, held in sorted(_lines.items())}
    with open(output, "w") as file:
        json.dump({"statements": statements, "lines": lines, "unsent": sorted(unsent)}, file, indent=0)
