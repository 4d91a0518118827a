"""A pytest plugin that writes down which line of a project sent which SQL statement.

Runs in the project's own environment with the project's own tests::

    ACCESS_PROJECT=/path/to/project ACCESS_OUT=accesses.json PYTHONPATH=tests/oracle pytest -p sqlalchemy_accesses

Each statement comes with the innermost frames of the project's own code, tests left out: ``[[[path, line], ...], statement]``, without
repetitions. More than one frame is kept, since the innermost is often a helper that serves every table.
"""

# Runs in environments of every age: paths are handled without pathlib on purpose.
# ruff: noqa: PTH100, PTH118, PTH123
import json
import os
import sys

from sqlalchemy import event
from sqlalchemy.engine import Engine

PROJECT = os.path.join(os.path.abspath(os.environ.get("ACCESS_PROJECT", ".")), "")
SEEN = set()


def innermost():
    frame = sys._getframe(2)
    places = []
    while frame is not None and len(places) < 4:
        path = os.path.abspath(frame.f_code.co_filename)
        if path.startswith(PROJECT):
            relative = path[len(PROJECT) :]
            if not relative.startswith(("tests/", ".")) and "/tests/" not in relative and "site-packages" not in relative:
                places.append((relative, frame.f_lineno))
        frame = frame.f_back
    return tuple(places)


@event.listens_for(Engine, "before_cursor_execute")
def noted(connection, cursor, statement, parameters, context, executemany):
    places = innermost()
    if places:
        SEEN.add((places, statement))


def pytest_sessionfinish(session, exitstatus):
    with open(os.environ.get("ACCESS_OUT", "accesses.json"), "w") as file:
        json.dump(sorted(SEEN), file, indent=0)
