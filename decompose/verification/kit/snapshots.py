"""The service's database as it was: rows, sequences, and what the service itself wrote.

Rows that a test writes are committed, or the service would not see them. So they are not rolled back but the database is put back to
what it was, as a test runner would have left it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Protocol


class Snapshots(Protocol):
    """A database whose content can be kept and put back."""

    def keep(self) -> object: ...

    def put_back(self, kept: object) -> None: ...


class SqliteFile:
    """SQLite copies whole databases, while others have them open; what nobody changed is not copied again."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path, timeout=30, check_same_thread=False, isolation_level=None)
        # Readers and the one writer do not wait for one another, and nothing here must outlive a power cut.
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=OFF")
        self._last: sqlite3.Connection | None = None
        self._version = self._seen()

    def keep(self) -> sqlite3.Connection:
        seen = self._seen()
        if self._last is None or seen != self._version:
            self._last = sqlite3.connect(":memory:", check_same_thread=False)
            self._database.backup(self._last)
            self._version = seen
        return self._last

    def put_back(self, kept: object) -> None:
        assert isinstance(kept, sqlite3.Connection)
        if kept is self._last and self._seen() == self._version:
            return
        kept.backup(self._database)
        self._last, self._version = kept, self._seen()

    def _seen(self) -> int:
        """A number that changes when another connection commits."""
        with closing(self._database.execute("PRAGMA data_version")) as cursor:
            return int(cursor.fetchone()[0])
