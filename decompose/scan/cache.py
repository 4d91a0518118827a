"""Compiled files kept between runs, by content: one SQLite file that may be lost or damaged at any time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import stat
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

SCHEMA = 2
_BUSY_SECONDS = 2.0
_MOST_HELD = 16_000_000
"""Bytes of results kept in memory before they are written."""
_FEW = 50
"""Results below which each is looked up by itself."""
_LARGEST = 256 * 1024 * 1024
"""Bytes of a row; a store with a larger one is not ours."""
_CREATE = (
    "CREATE TABLE facts (version TEXT NOT NULL, key TEXT NOT NULL, mtime INTEGER NOT NULL, size INTEGER NOT NULL,"
    " digest BLOB NOT NULL, result BLOB NOT NULL, checksum BLOB NOT NULL, PRIMARY KEY (version, key))"
)


def digest(data: bytes) -> bytes:
    """What identifies the contents of a file: 16 bytes."""
    return hashlib.blake2b(data, digest_size=16).digest()


def _checksum(result: bytes) -> bytes:
    """Tells a result that is not whole. It guards against damage, not against people: who can write here could write a right one."""
    return zlib.crc32(result).to_bytes(4, "big")


class Entry(NamedTuple):
    """What is known of a file without reading its result: ``mark`` is (mtime in ns, size)."""

    row: int
    mark: tuple[int, int]
    digest: bytes


class Cache:
    """Results by version, file and content. Every failure of the store is a miss, never an error.

    Concurrent runs share the file: readers do not block, a writer waits at most two seconds and then keeps nothing.
    """

    def __init__(self, file: Path) -> None:
        """``file`` is made when the first result is kept; its folder is made too."""
        self.file = file
        self._connection: sqlite3.Connection | None = None
        self._off = False
        self._puts: list[tuple[str, str, int, int, bytes, bytes, bytes]] = []
        self._touches: list[tuple[int, int, bytes, str, str]] = []
        self._held = 0

    def stored(self, version: str) -> dict[str, Entry]:
        """All entries of this version by key; empty when there is no usable store."""
        if not self._usable():
            return {}
        try:
            connection = self._open()
            rows = connection.execute(
                "SELECT rowid, key, mtime, size, digest FROM facts WHERE version = ?", (version,)
            ).fetchall()
            return {
                key: Entry(row, (mtime, size), found)
                for row, key, mtime, size, found in rows
                if isinstance(key, str) and isinstance(found, bytes)
            }
        except sqlite3.OperationalError:
            self.close()
            return {}
        except (sqlite3.Error, OSError, OverflowError):
            self._damaged()
            return {}

    def load(self, entry: Entry) -> bytes | None:
        """The stored result, ``None`` when it is not whole."""
        try:
            row = self._open().execute("SELECT result, checksum FROM facts WHERE rowid = ?", (entry.row,)).fetchone()
        except (sqlite3.Error, OSError):
            return None
        return row[0] if row is not None and _whole(*row) else None

    def load_many(self, entries: Iterable[Entry]) -> dict[int, bytes]:
        """The stored results by row, those that are whole: reading all of them at once takes a fraction of the time."""
        wanted = {entry.row for entry in entries}
        if len(wanted) < _FEW:
            return {entry.row: result for entry in entries if (result := self.load(entry)) is not None}
        try:
            rows = self._open().execute("SELECT rowid, result, checksum FROM facts")
            return {row: result for row, result, checksum in rows if row in wanted and _whole(result, checksum)}
        except (sqlite3.Error, OSError):
            return {}

    def put(self, version: str, key: str, mtime: int, size: int, contents: bytes, result: bytes) -> None:
        """Keep a result; written by :meth:`commit`, or before when much has come together."""
        if self._off or len(result) >= _LARGEST // 2:
            return
        self._puts.append((version, key, mtime, size, contents, result, _checksum(result)))
        self._held += len(result)
        if self._held > _MOST_HELD:
            self._write(version, None)

    def touch(self, version: str, key: str, mtime: int, size: int, contents: bytes) -> None:
        """The same contents under another time; written by :meth:`commit`."""
        if not self._off:
            self._touches.append((mtime, size, contents, version, key))

    def commit(self, version: str, keys: set[str]) -> None:
        """Write what was kept and drop what no longer belongs to the project."""
        if self._puts or self._touches:
            self._write(version, keys)

    def _write(self, version: str, keys: set[str] | None) -> None:
        """One transaction. A store that cannot be used is made anew once; then this run works without."""
        puts, touches = self._puts, self._touches
        self._puts, self._touches, self._held = [], [], 0
        if not self._usable(writing=True):
            return
        for _ in range(2):
            try:
                connection = self._open(create=True)
                with connection:
                    connection.execute("DELETE FROM facts WHERE version <> ?", (version,))
                    if keys is not None:
                        old = [row for row in connection.execute("SELECT key FROM facts") if row[0] not in keys]
                        connection.executemany("DELETE FROM facts WHERE key = ?", old)
                    connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?, ?, ?, ?)", puts)
                    connection.executemany(
                        "UPDATE facts SET mtime = ?, size = ?, digest = ? WHERE version = ? AND key = ?", touches
                    )
                return
            except sqlite3.OperationalError:
                break  # busy, read-only or full
            except (sqlite3.Error, OSError):
                self._damaged()
        self._off = True

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    # --- the store --------------------------------------------------------------------------------

    def _usable(self, writing: bool = False) -> bool:
        """False when the place is missing or leads elsewhere: a link is never written through, a pipe never waited for."""
        if self._off:
            return False
        folder = self.file.parent
        if folder.is_symlink() or folder.parent.is_symlink() or not all(map(_regular_or_none, self._files())):
            return False
        if writing:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError:
                self._off = True
                return False
            return True
        return self.file.is_file()

    def _files(self) -> list[Path]:
        """The store and what SQLite keeps beside it."""
        return [Path(f"{self.file}{suffix}") for suffix in ("", "-wal", "-shm", "-journal")]

    def _open(self, create: bool = False) -> sqlite3.Connection:
        """The store, known to have our one table and nothing that would compute. Raises ``sqlite3.DatabaseError``."""
        if self._connection is None:
            mode = "rwc" if create else "rw" if os.access(self.file, os.W_OK) else "ro"
            address = f"{self.file.absolute().as_uri()}?mode={mode}"
            self._connection = sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS)
            self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST)
            self._connection.execute("PRAGMA trusted_schema = OFF")
            found = self._connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
            if not found and not create:
                raise sqlite3.OperationalError("nothing is stored yet")  # another run may be about to
            if found and found != [(_CREATE,)]:
                raise sqlite3.DatabaseError("not a store of facts")
        if create:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            if not self._connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                self._connection.execute(_CREATE)
        return self._connection

    def _damaged(self) -> None:
        """Start anew: what the file held can be computed again."""
        self.close()
        for file in self._files():
            try:
                file.unlink()
            except FileNotFoundError:
                pass
            except OSError:
                self._off = True


def _whole(result: object, checksum: object) -> bool:
    return isinstance(result, bytes) and _checksum(result) == checksum


def _regular_or_none(file: Path) -> bool:
    try:
        return stat.S_ISREG(file.lstat().st_mode)
    except FileNotFoundError:
        return True
    except OSError:
        return False
