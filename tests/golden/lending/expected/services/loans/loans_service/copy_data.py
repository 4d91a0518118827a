"""Copies the rows of the context loans from the monolith's database into this service's own.

    python -m loans_service.copy_data --source $SOURCE_DATABASE_URL --target $DATABASE_URL
    python -m loans_service.copy_data --source ... --target ... --verify

Rows travel in key order, a batch to a transaction, together with the last key copied: a run that was stopped goes on where it was, and
a row copied twice is the same row. ``--verify`` compares counts and checksums by key range, looks for orphans and writes nothing; it exits
with 1 when something differs. URLs are ``postgres://user:password@host:port/name`` or ``sqlite:///path``.
"""

from __future__ import annotations

import argparse
import datetime
import decimal
import hashlib
import json
import sqlite3
import sys
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit


class Table(NamedTuple):
    """``columns`` maps a name to its type; a ``shadow`` belongs to the monolith, and only the columns in use are kept here.

    ``waits`` is the last table that rows of this one point at, where that is itself or a later one: until it is copied nothing is
    committed, for a foreign key is checked on commit.
    """

    name: str
    key: str
    columns: dict[str, str]
    shadow: bool = False
    waits: str = ""


# In the order of their foreign keys: parents first.
TABLES = [
    Table(
        "auth_user",
        "id",
        {
            "id": "integer",
        },
        shadow=True,
    ),
    Table(
        "catalog_book",
        "id",
        {
            "id": "integer",
            "title": "string",
        },
        shadow=True,
    ),
    Table(
        "loans_loan",
        "id",
        {
            "id": "big",
            "book_id": "big",
            "reader_id": "integer",
            "kind": "string",
            "due": "date",
            "returned": "date",
        },
    ),
]

PROGRESS = "copy_data_progress"


class Database:
    """A connection to SQLite or PostgreSQL; SQL is written with ``?`` for parameters."""

    def __init__(self, url: str, *, only_read: bool = False) -> None:
        parts = urlsplit(url)
        self.is_postgres = parts.scheme in ("postgres", "postgresql")
        if self.is_postgres:
            import psycopg

            # Without a transaction a reader holds back nothing that the monolith does.
            self.connection: Any = psycopg.connect(url, autocommit=only_read)
            self.connection.execute("SET TIME ZONE 'UTC'")
            if only_read:
                self.connection.execute("SET default_transaction_read_only = on")
            self.connection.commit()
        elif parts.scheme == "sqlite":
            mode = "ro" if only_read else "rw"
            self.connection = sqlite3.connect(f"file:{quote(unquote(parts.path[1:]))}?mode={mode}", uri=True)
            self.connection.execute("PRAGMA foreign_keys = ON")
        else:
            raise SystemExit(f"not a database URL that is known here: {parts.scheme}://")

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        return self.connection.execute(sql.replace("?", "%s") if self.is_postgres else sql, values)

    def insert_many(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        cursor = self.connection.cursor()
        cursor.executemany(sql.replace("?", "%s") if self.is_postgres else sql, rows)

    def columns(self, table: str) -> list[str]:
        """The columns of a table, empty when there is no such table."""
        if self.is_postgres:
            sql = "SELECT column_name FROM information_schema.columns WHERE table_name = ? ORDER BY ordinal_position"
            return [name for (name,) in self.execute(sql, (table,))]
        return [row[1] for row in self.execute(f"PRAGMA table_info({quoted(table)})")]

    def commit(self) -> None:
        self.connection.commit()


def quoted(name: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="copy_data", description=__doc__.partition("\n")[0])
    parser.add_argument("--source", required=True, help="URL of the monolith's database, only read")
    parser.add_argument("--target", required=True, help="URL of this service's database, migrated")
    parser.add_argument("--batch", type=int, default=2000, help="rows to a transaction [2000]")
    parser.add_argument("--verify", action="store_true", help="compare only, write nothing")
    options = parser.parse_args(arguments)
    source, target = Database(options.source, only_read=True), Database(options.target, only_read=options.verify)
    if options.verify:
        problems = [problem for table in TABLES for problem in differences(source, target, table)]
        print("\n".join(problems) or "every table agrees")
        return 1 if problems else 0
    target.execute(f"CREATE TABLE IF NOT EXISTS {PROGRESS} (name VARCHAR(200) PRIMARY KEY, last_key TEXT)")
    target.commit()
    waiting: set[str] = set()
    for table in TABLES:
        waiting |= {table.waits} - {""}
        copied = copy(source, target, table, options.batch, commit=not waiting)
        print(f"{table.name}: {copied} rows")
        waiting.discard(table.name)
        if not waiting:
            target.commit()
    for table in TABLES:
        reset_sequence(target, table)
    return 0


def shared_columns(source: Database, target: Database, table: Table) -> list[str]:
    """The columns to copy; a shadow's computed columns have no counterpart in the monolith and stay empty."""
    here, there = set(target.columns(table.name)), set(source.columns(table.name))
    if not there:
        raise SystemExit(f"the source has no table {table.name}")
    if not here:
        raise SystemExit(f"the target has no table {table.name}: run the migrations first")
    for side, present in (("source", there), ("target", here)):
        missing = [name for name in table.columns if name not in present]
        if missing and not table.shadow:
            raise SystemExit(f"{table.name} of the {side} lacks {', '.join(missing)}: plan again")
    return [name for name in table.columns if name in here and name in there]


def copy(source: Database, target: Database, table: Table, batch: int, *, commit: bool) -> int:
    """Rows copied in this run, each batch committed with ``commit``."""
    names = shared_columns(source, target, table)
    types = [table.columns[name] for name in names]
    position = names.index(table.key)
    listed = ", ".join(map(quoted, names))
    updates = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in names if name != table.key)
    action = f"DO UPDATE SET {updates}" if updates else "DO NOTHING"
    marks = ", ".join("?" * len(names))
    insert = f"INSERT INTO {quoted(table.name)} ({listed}) VALUES ({marks}) ON CONFLICT ({quoted(table.key)}) {action}"
    row = target.execute(f"SELECT last_key FROM {PROGRESS} WHERE name = ?", (table.name,)).fetchone()
    last = json.loads(row[0]) if row else None
    copied = 0
    for rows in batches(source, table, listed, last, batch, position):
        target.insert_many(insert, [tuple(map(converted, values, types)) for values in rows])
        done = json.dumps(rows[-1][position], default=str)
        target.execute(
            f"INSERT INTO {PROGRESS} (name, last_key) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET last_key = excluded.last_key",
            (table.name, done),
        )
        if commit:
            target.commit()
        copied += len(rows)
    return copied


def batches(
    source: Database, table: Table, listed: str, last: Any, size: int, position: int
) -> Iterator[list[tuple[Any, ...]]]:
    """Rows by key, each batch after the last key of the one before: no offset, so the time for a row stays the same."""
    key = quoted(table.key)
    while True:
        where, values = ("", ()) if last is None else (f" WHERE {key} > ?", (last,))
        sql = f"SELECT {listed} FROM {quoted(table.name)}{where} ORDER BY {key} LIMIT {int(size)}"
        rows = list(source.execute(sql, values))
        if not rows:
            return
        yield rows
        last = rows[-1][position]


def converted(value: Any, type: str) -> Any:
    """A value as the target's driver wants it: SQLite stores booleans, dates and decimals as numbers and text."""
    if value is None:
        return None
    if type == "boolean":
        return bool(value)
    if type == "decimal":
        return str(value)
    if type == "json" and not isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, uuid.UUID):
        return value.hex
    return value


def normal(value: Any, type: str) -> str:
    """A value as text that is the same in both databases; one that is none of its type stays as it is."""
    if value is None:
        return "-"
    try:
        return same(value, type)
    except (ValueError, ArithmeticError):
        return f"?{value}"


def same(value: Any, type: str) -> str:
    match type:
        case "boolean":
            return "t" if value else "f"
        case "decimal" | "float":
            return format(decimal.Decimal(str(value)).normalize(), "f")
        case "datetime":
            moment = value if isinstance(value, datetime.datetime) else datetime.datetime.fromisoformat(str(value))
            if moment.tzinfo is not None:
                moment = moment.astimezone(datetime.timezone.utc).replace(tzinfo=None)
            return moment.isoformat(timespec="microseconds")
        case "uuid":
            return uuid.UUID(str(value)).hex
        case "json":
            return json.dumps(json.loads(value) if isinstance(value, str) else value, sort_keys=True)
        case "binary":
            return bytes(value).hex()
    return str(value)


def differences(source: Database, target: Database, table: Table, size: int = 5000) -> Iterator[str]:
    """What is not the same on both sides: row counts, checksums by key range, rows that point nowhere."""
    names = shared_columns(source, target, table)
    types = [table.columns[name] for name in names]
    position = names.index(table.key)
    listed = ", ".join(map(quoted, names))
    counts = [database.execute(f"SELECT count(*) FROM {quoted(table.name)}").fetchone()[0] for database in (source, target)]
    if counts[0] != counts[1] and not table.shadow:
        yield f"{table.name}: {counts[0]} rows in the source, {counts[1]} in the target"
    for rows in batches(source, table, listed, None, size, position):
        first, last = rows[0][position], rows[-1][position]
        key = quoted(table.key)
        sql = f"SELECT {listed} FROM {quoted(table.name)} WHERE {key} >= ? AND {key} <= ? ORDER BY {key}"
        there = list(target.execute(sql, (first, last)))
        if checksum(rows, types) != checksum(there, types):
            yield f"{table.name}: keys {first} to {last} differ ({len(rows)} rows in the source, {len(there)} in the target)"
    if not target.is_postgres:
        for orphan in target.execute(f"PRAGMA foreign_key_check({quoted(table.name)})"):
            yield f"{table.name}: row {orphan[1]} points at a row of {orphan[2]} that is not there"


def checksum(rows: list[tuple[Any, ...]], types: list[str]) -> str:
    digest = hashlib.sha256()
    for values in rows:
        digest.update(json.dumps([normal(value, type) for value, type in zip(values, types, strict=True)]).encode())
    return digest.hexdigest()


def reset_sequence(target: Database, table: Table) -> None:
    """Lets new rows begin after the copied ones (PostgreSQL; SQLite does so by itself)."""
    if not target.is_postgres or table.columns[table.key] not in ("integer", "big"):
        return
    sequence = target.execute("SELECT pg_get_serial_sequence(?, ?)", (quoted(table.name), table.key)).fetchone()[0]
    if sequence is not None:
        highest = target.execute(f"SELECT max({quoted(table.key)}) FROM {quoted(table.name)}").fetchone()[0]
        target.execute("SELECT setval(?, ?, ?)", (sequence, highest or 1, highest is not None))
        target.commit()


if __name__ == "__main__":
    sys.exit(main())
