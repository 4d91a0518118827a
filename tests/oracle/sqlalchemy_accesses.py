"""A pytest plugin that writes down which lines of a project sent which SQL statement through SQLAlchemy.

Runs in the project's own environment with the project's own tests::

    ORACLE_ROOT=/path/to/project ORACLE_OUTPUT=accesses.json PYTHONPATH=tests/oracle pytest -p sqlalchemy_accesses
"""

import os
import sys

import places
from sqlalchemy import event
from sqlalchemy.engine import Engine

SEEN = {}


@event.listens_for(Engine, "before_cursor_execute")
def noted(connection, cursor, statement, parameters, context, executemany):
    found = places.frames(sys._getframe(1))
    if found:
        SEEN.setdefault((found, places.shortened(statement)))


def pytest_configure(config):
    places.watch_lines()


def pytest_sessionfinish(session, exitstatus):
    places.write(os.environ["ORACLE_OUTPUT"], [{"frames": found, "sql": sql} for found, sql in sorted(SEEN)])
