"""Databases of one run: files of SQLite, or databases of their own on the PostgreSQL server that the settings name."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from decompose.errors import FileError
from decompose.verification.processes import run

Fresh = Callable[[str], str]
"""Makes an empty database and gives its URL; the name only helps a reader."""

_EXECUTE = "import psycopg, sys; psycopg.connect(sys.argv[1], autocommit=True).execute(sys.argv[2])"


@contextlib.contextmanager
def databases(server: str, folder: Path, python: Path) -> Iterator[Fresh]:
    """Empty databases, gone in the end.

    ``server`` is the URL of any database of a server on which its user may make others; without one they are files in ``folder``.
    ``python`` has psycopg. Raises :class:`FileError` when a database cannot be made.
    """
    made: list[str] = []

    def execute(statement: str) -> tuple[str, ...]:
        done = run([str(python), "-c", _EXECUTE, server, statement], cwd=folder, env=os.environ, timeout=60)
        return () if done.ok else done.tail(1)

    def fresh(name: str) -> str:
        if not server:
            return f"sqlite:///{folder / name}.sqlite3"
        database = f"decompose_{name.replace('-', '_')}_{uuid.uuid4().hex[:8]}"
        if failed := execute(f"CREATE DATABASE {database}"):
            raise FileError(f"no database can be made for verification: {failed[0]}", hint="set `database` under [verify] in decompose.toml")
        made.append(database)
        return urlunsplit(urlsplit(server)._replace(path=f"/{database}"))

    try:
        yield fresh
    finally:
        for database in made:
            execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
