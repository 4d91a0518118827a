"""PostgreSQL and SQLite behind one interface: what a table has, how a value reads the same in both, rows in and out."""

from __future__ import annotations

import datetime
import decimal
import hashlib
import json
import re
import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

NULL, SEPARATOR = "\x1e", "\x1f"
"""What stands for NULL and between two values in the text of a row: control characters for which data has no use."""

HERE = "here"
"""What a table is called in its own queries: what is selected as text has the column's name too, and must not be what is sorted by."""

Key = tuple[str, ...]
"""A key's values as text that means the same in both databases."""


class Refused(Exception):
    """What a person has to put right first; the text says how."""


class Column(NamedTuple):
    """``kind`` says how values compare; the declared types are those of either side, as its database names them.

    ``cast`` is the target's type where the source has to be read as that.
    """

    name: str
    kind: str
    source: str
    target: str
    cast: str = ""

    def declared(self, side: str) -> str:
        return self.source if side == "source" else self.target


class Shape(NamedTuple):
    """A table as both databases have it: the columns to copy, those of the key among them."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[Column, ...]
    shadow: bool = False


def quoted(name: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def kind_of(declared: str, neutral: str) -> str:
    """How a column of PostgreSQL compares; ``neutral`` is the type that the model declares, for all others."""
    return KINDS.get(declared.partition("(")[0].strip() if "[" not in declared else "", neutral)


KINDS = {
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "boolean": "boolean",
    "numeric": "decimal",
    "real": "single",
    "double precision": "float",
    "date": "date",
    "timestamp with time zone": "datetime",
    "timestamp without time zone": "datetime",
    "time without time zone": "time",
    "interval": "duration",
    "uuid": "uuid",
    "json": "json",
    "jsonb": "json",
    "bytea": "binary",
    "text": "text",
    "character varying": "text",
    "character": "text",
}
BY_BYTES = ("C", "POSIX", "C.UTF-8", "C.utf8", "ucs_basic")
"""Collations that sort UTF-8 by its bytes."""
NEUTRAL = {"big": "integer", "string": "text", "file": "text"}
"""Types of a model that compare as another."""


def comparable(kind: str, text: str) -> Any:
    """A key's value such that Python sorts it as both databases do."""
    if kind == "integer":
        return int(text)
    if kind == "decimal":
        return decimal.Decimal(text)
    return text


class Postgres:
    """A connection to PostgreSQL; SQL is written with ``?`` for parameters."""

    is_postgres = True

    def __init__(self, url: str, side: str, *, only_read: bool) -> None:
        import psycopg

        self.side = side
        self.errors: tuple[type[Exception], ...] = (psycopg.Error,)
        self.not_unique: tuple[type[Exception], ...] = (psycopg.errors.UniqueViolation,)
        # Without a transaction a reader holds back nothing that the monolith does.
        self.connection = psycopg.connect(url, autocommit=True)
        for setting in (
            "TimeZone = 'UTC'",
            "DateStyle = 'ISO, YMD'",
            "IntervalStyle = 'postgres'",
            "extra_float_digits = 1",
        ):
            self.connection.execute(f"SET {setting}")
        if only_read:
            self.connection.execute("SET default_transaction_read_only = on")
        (encoding,) = self.one("SHOW server_encoding")
        self._bytes = "{}" if encoding == "UTF8" else "convert_to({}, 'UTF8')"

    def execute(self, sql: str, values: Iterable[Any] = ()) -> Any:
        return self.connection.execute(*bound(sql, values))

    def one(self, sql: str, values: Iterable[Any] = ()) -> tuple[Any, ...]:
        return tuple(self.execute(sql, values).fetchone())

    def stream(self, sql: str, values: Iterable[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows of text, few of them in memory at a time."""
        with (
            self.connection.cursor() as cursor,
            cursor.copy(*bound(f"COPY ({sql}) TO STDOUT", values)) as rows,
        ):
            yield from rows.rows()

    def begin(self) -> None:
        self.connection.execute("BEGIN")

    def commit(self) -> None:
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        self.connection.execute("ROLLBACK")

    def close(self) -> None:
        self.connection.close()

    # --- what there is ------------------------------------------------------------------------

    def columns(self, table: str) -> dict[str, str]:
        """The declared types by column, empty when there is no such table."""
        sql = (
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = to_regclass(?)"
            " AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum"
        )
        return dict(self.execute(sql, (quoted(table),)).fetchall())

    def primary_key(self, table: str) -> tuple[str, ...]:
        sql = (
            "SELECT attname FROM pg_index, unnest(indkey::smallint[]) WITH ORDINALITY AS part (number, place), pg_attribute"
            " WHERE indrelid = to_regclass(?) AND indisprimary AND attrelid = indrelid AND attnum = number ORDER BY place"
        )
        return tuple(name for (name,) in self.execute(sql, (quoted(table),)))

    def sorts_by_bytes(self, table: str, column: str) -> bool:
        """Whether the column's own order is that of its bytes, as SQLite's is and any other PostgreSQL's can be."""
        sql = (
            "SELECT collname, datcollate, to_jsonb(pg_database) ->> 'datlocprovider' FROM pg_database, pg_attribute"
            " JOIN pg_collation ON pg_collation.oid = attcollation"
            " WHERE datname = current_database() AND attrelid = to_regclass(?) AND attname = ?"
        )
        found = self.execute(sql, (quoted(table), column)).fetchone()
        if found is None:
            return False
        own, default, provider = found
        # Older servers name no provider: there is one only. The builtin one sorts by code points.
        if own == "default":
            return provider == "b" or (provider in (None, "c") and default in BY_BYTES)
        return own in BY_BYTES

    # --- values -------------------------------------------------------------------------------

    def value(self, column: Column) -> str:
        """The column, as the other side's type where that says something else."""
        name = quoted(column.name)
        if not column.cast or self.side == "target":
            return name
        return f"to_jsonb({name})" if column.cast == "jsonb" else f"CAST({name} AS {column.cast})"

    def text(self, column: Column) -> str:
        """The column's value as text that is the same in both databases."""
        value = self.value(column)
        match column.kind:
            case "decimal":
                return f"trim_scale({value})::text"
            case "single":
                return f"encode(float4send({value} + 0::real), 'hex')"
            case "float":
                return f"encode(float8send({value} + 0::float8), 'hex')"
            case "datetime" if "with time zone" in column.declared(self.side):
                return f"({value} AT TIME ZONE 'UTC')::text"
            case "duration":
                return f"(extract(epoch FROM {value}) * 1000000)::bigint::text"
            case "uuid":
                return f"replace({value}::text, '-', '')"
            case "json":
                return f"{value}::jsonb::text"
            case "binary":
                return f"encode({value}, 'hex')"
        return f"{value}::text"

    def sorted_by(self, table: str, column: Column, *, by_bytes: bool) -> str:
        """The column as ranges are cut by it."""
        if by_bytes and column.kind == "text" and not self.sorts_by_bytes(table, column.name):
            return f'{HERE}.{quoted(column.name)}::text COLLATE "C"'
        return f"{HERE}.{quoted(column.name)}"

    def mark(self, column: Column) -> str:
        """The place of a key's value in SQL."""
        return (
            "decode(?, 'hex')"
            if column.kind == "binary"
            else f"CAST(? AS {column.declared(self.side)})"
        )

    def given(self, column: Column, text: str) -> Any:
        """A key's value as this database is asked for it."""
        return text

    def row_hash(self, shape: Shape) -> str:
        """60 bits of a row's text."""
        texts = [f"coalesce({self.text(column)}, '{NULL}')" for column in shape.columns]
        while len(texts) > 90:  # a function takes at most 100 arguments
            texts = [f"concat_ws('{SEPARATOR}', {', '.join(texts[:90])})", *texts[90:]]
        whole = self._bytes.format(f"concat_ws('{SEPARATOR}', {', '.join(texts)})")
        return f"('x' || substr(md5({whole}), 1, 15))::bit(60)::bigint"

    def checksum(self, shape: Shape) -> str:
        return f"coalesce(sum({self.row_hash(shape)}), 0)::text"

    def stored(self, column: Column, other: Postgres | Sqlite) -> str:
        """The column as it is read for the other database."""
        value = self.value(column)
        if other.is_postgres:
            return value
        match column.kind:
            case "boolean":
                return f"{value}::int"
            case "datetime":
                utc = (
                    f"{value} AT TIME ZONE 'UTC'"
                    if "with time zone" in column.declared(self.side)
                    else value
                )
                return f"to_char({utc}, 'YYYY-MM-DD HH24:MI:SS.US')"
            case "time":
                return f"to_char({value}, 'HH24:MI:SS.US')"
            case "duration" if "date" in column.declared(other.side).lower():
                return f"to_char(timestamp 'epoch' + {value}, 'YYYY-MM-DD HH24:MI:SS.US')"
            case "duration":
                return f"(extract(epoch FROM {value}) * 1000000)::bigint"
            case "integer" | "float" | "single" | "binary":
                return value
        return f"{value}::text"

    # --- rows ---------------------------------------------------------------------------------

    def fill(
        self, table: str, shape: Shape, other: Postgres | Sqlite, sql: str, values: list[Any]
    ) -> int:
        """Puts what ``sql`` selects in the other database into a table here; gives the number of rows."""
        listed = ", ".join(quoted(column.name) for column in shape.columns)
        count = 0
        with self.connection.cursor() as cursor:
            with cursor.copy(f"COPY {table} ({listed}) FROM STDIN") as rows:
                if isinstance(other, Postgres):
                    with (
                        other.connection.cursor() as reading,
                        reading.copy(*bound(f"COPY ({sql}) TO STDOUT", values)) as blocks,
                    ):
                        for block in blocks:
                            rows.write(block)
                else:
                    for row in other.execute(sql, values):
                        rows.write_row(row)
            count = cursor.rowcount
        return count

    def upsert(self, shape: Shape, other: Postgres | Sqlite, sql: str, values: list[Any]) -> int:
        """As :meth:`fill` for a table that may have some of the rows already."""
        listed = ", ".join(quoted(column.name) for column in shape.columns)
        self.execute("DROP TABLE IF EXISTS pg_temp.copied_rows")
        self.execute(
            f"CREATE TEMPORARY TABLE copied_rows AS SELECT {listed} FROM {quoted(shape.name)} WITH NO DATA"
        )
        self.fill("pg_temp.copied_rows", shape, other, sql, values)
        into = f"INSERT INTO {quoted(shape.name)} ({listed}) OVERRIDING SYSTEM VALUE"
        return int(
            self.execute(
                f"{into} SELECT {listed} FROM pg_temp.copied_rows {on_conflict(shape)}"
            ).rowcount
        )

    # --- foreign keys and sequences -----------------------------------------------------------

    def defer(self) -> None:
        """Lets foreign keys be wrong until the end of the transaction, where they allow it."""
        self.execute("SET CONSTRAINTS ALL DEFERRED")

    def foreign_keys(self, table: str) -> list[tuple[str, str, str, str, str]]:
        """Name, definition, columns, table and columns referred to of each foreign key of a table."""
        names = (
            "(SELECT string_agg(quote_ident(attname), ', ' ORDER BY place) FROM unnest({0}) WITH ORDINALITY AS part (number, place)"
            " JOIN pg_attribute ON attrelid = {1} AND attnum = number)"
        )
        sql = (
            f"SELECT conname, pg_get_constraintdef(oid), {names.format('conkey', 'conrelid')}, confrelid::regclass::text,"
            f" {names.format('confkey', 'confrelid')} FROM pg_constraint"
            " WHERE contype = 'f' AND conrelid = to_regclass(?) AND conparentid = 0 ORDER BY conname"
        )
        return [tuple(row) for row in self.execute(sql, (quoted(table),))]

    def sequences(self, shape: Shape) -> Iterator[tuple[str, str, int, int]]:
        """Column, sequence, the number last given and the highest in use, of each column that has a sequence."""
        for column in shape.columns:
            if column.kind == "integer":
                (sequence,) = self.one(
                    "SELECT pg_get_serial_sequence(?, ?)", (quoted(shape.name), column.name)
                )
                if (
                    sequence is not None
                    and self.one("SELECT has_sequence_privilege(?, 'SELECT')", (sequence,))[0]
                ):
                    last, called = self.one(f"SELECT last_value, is_called FROM {sequence}")
                    (highest,) = self.one(
                        f"SELECT max({quoted(column.name)}) FROM {quoted(shape.name)}"
                    )
                    yield column.name, sequence, last if called else last - 1, highest or 0

    def set_sequence(self, table: str, sequence: str, number: int) -> None:
        self.execute("SELECT setval(?, ?, ?)", (sequence, max(number, 1), number > 0))


class Sqlite:
    """A connection to SQLite, with the functions that make its values read as PostgreSQL's."""

    is_postgres = False

    def __init__(
        self, url: str, side: str, *, only_read: bool, fractions: bool = False, keys: bool = False
    ) -> None:
        self.side = side
        self.errors: tuple[type[Exception], ...] = (sqlite3.Error,)
        self.not_unique: tuple[type[Exception], ...] = (sqlite3.IntegrityError,)
        self._fractions = fractions
        path = quote(unquote(urlsplit(url).path[1:]))
        mode = "ro" if only_read else "rw"
        self.connection = sqlite3.connect(
            f"file:{path}?mode={mode}",
            uri=True,
            isolation_level=None,
            timeout=60,
            check_same_thread=False,  # one thread at a time, but not always the same
        )
        self.connection.execute(f"PRAGMA foreign_keys = {'ON' if keys else 'OFF'}")
        for name, function in SAME.items():
            self.connection.create_function(f"same_{name}", 1, function, deterministic=True)
        self.connection.create_function("row_hash", 1, row_hash, deterministic=True)
        self.connection.create_aggregate("checksum", 1, Checksum)  # type: ignore[arg-type]

    def execute(self, sql: str, values: Iterable[Any] = ()) -> Any:
        return self.connection.execute(sql, tuple(values))

    def one(self, sql: str, values: Iterable[Any] = ()) -> tuple[Any, ...]:
        return tuple(self.execute(sql, values).fetchone())

    def stream(self, sql: str, values: Iterable[Any] = ()) -> Iterator[tuple[Any, ...]]:
        for row in self.execute(sql, values):
            yield tuple(None if value is None else str(value) for value in row)

    def begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        self.connection.execute("ROLLBACK")

    def close(self) -> None:
        self.connection.close()

    # --- what there is ------------------------------------------------------------------------

    def columns(self, table: str) -> dict[str, str]:
        """The declared types by column, empty when there is no such table."""
        return {row[1]: row[2] for row in self.execute(f"PRAGMA table_info({quoted(table)})")}

    def primary_key(self, table: str) -> tuple[str, ...]:
        found = sorted(
            (row[5], row[1])
            for row in self.execute(f"PRAGMA table_info({quoted(table)})")
            if row[5]
        )
        return tuple(name for _, name in found)

    def sorts_by_bytes(self, table: str, column: str) -> bool:
        return True

    # --- values -------------------------------------------------------------------------------

    def text(self, column: Column) -> str:
        """The column's value as text that is the same in both databases."""
        name = quoted(column.name)
        match column.kind:
            case "boolean":
                return f"CASE {name} WHEN 0 THEN 'false' WHEN 1 THEN 'true' ELSE CAST({name} AS TEXT) END"
            case "datetime":
                # The forms that frameworks write; all else takes the longer way.
                trimmed = f"rtrim(rtrim({name}, '0'), '.')"
                plain = f"substr({name}, 11, 1) = ' ' AND substr({name}, 20, 1)"
                return (
                    f"CASE WHEN length({name}) = 26 AND {plain} = '.' THEN {trimmed}"
                    f" WHEN length({name}) = 19 AND {plain} = '' THEN {name} ELSE same_datetime({name}) END"
                )
            case "uuid":
                return f"lower(replace({name}, '-', ''))"
            case "binary":
                # hex() makes an empty text of NULL.
                return f"CASE WHEN {name} IS NOT NULL THEN lower(hex({name})) END"
            case "decimal" | "float" | "single" | "time" | "duration" | "json":
                return f"same_{column.kind}({name})"
        return f"CAST({name} AS TEXT)"

    def sorted_by(self, table: str, column: Column, *, by_bytes: bool) -> str:
        """The column as ranges are cut by it."""
        if column.kind in ("datetime", "time"):
            return self.text(column)
        name = f"{HERE}.{quoted(column.name)}"
        return f"{name} COLLATE BINARY" if by_bytes and column.kind == "text" else name

    def mark(self, column: Column) -> str:
        """The place of a key's value in SQL."""
        return "CAST(? AS NUMERIC)" if column.kind == "decimal" else "?"

    def given(self, column: Column, text: str) -> Any:
        """A key's value as this database is asked for it."""
        match column.kind:
            case "integer":
                return int(text)
            case "boolean":
                return int(text == "true")
            case "binary":
                return bytes.fromhex(text)
            case "uuid":
                return self._uuid(column, text)
        return text

    def _uuid(self, column: Column, text: str) -> str:
        plain = text.replace("-", "").lower()
        if "36" in column.declared(self.side):
            return "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))
        return plain

    def row_hash(self, shape: Shape) -> str:
        return f"row_hash({self._row_text(shape)})"

    def _row_text(self, shape: Shape) -> str:
        texts = (f"coalesce({self.text(column)}, char({ord(NULL)}))" for column in shape.columns)
        return f" || char({ord(SEPARATOR)}) || ".join(texts)

    def checksum(self, shape: Shape) -> str:
        return f"coalesce(checksum({self._row_text(shape)}), '0')"

    def stored(self, column: Column, other: Postgres | Sqlite) -> str:
        """The column as it is read for the other database."""
        name = quoted(column.name)
        if column.kind == "duration" and other.is_postgres:
            return f"same_duration({name}) || ' microseconds'"
        return name

    # --- rows ---------------------------------------------------------------------------------

    def fill(
        self,
        table: str,
        shape: Shape,
        other: Postgres | Sqlite,
        sql: str,
        values: list[Any],
        more: str = "",
    ) -> int:
        """Puts what ``sql`` selects in the other database into a table here; gives the number of rows."""
        listed = ", ".join(quoted(column.name) for column in shape.columns)
        insert = (
            f"INSERT INTO {table} ({listed}) VALUES ({', '.join('?' * len(shape.columns))}) {more}"
        )
        changes = [self._written(column, other) for column in shape.columns]
        rows = other.execute(sql, values)
        if any(changes):
            rows = (
                [
                    change(value) if change and value is not None else value
                    for change, value in zip(changes, row, strict=True)
                ]
                for row in rows
            )
        return max(self.connection.executemany(insert, rows).rowcount, 0)

    def upsert(self, shape: Shape, other: Postgres | Sqlite, sql: str, values: list[Any]) -> int:
        """As :meth:`fill` for a table that may have some of the rows already."""
        return self.fill(quoted(shape.name), shape, other, sql, values, on_conflict(shape))

    def _written(self, column: Column, other: Postgres | Sqlite) -> Callable[[Any], Any] | None:
        """What a value from the other database becomes here, ``None`` where it stays as it is."""
        if column.kind == "uuid":
            return lambda value: self._uuid(column, value)
        if other.is_postgres and column.kind in ("datetime", "time") and not self._fractions:
            return lambda value: value.removesuffix(".000000")
        return None

    # --- foreign keys and sequences -----------------------------------------------------------

    def defer(self) -> None:
        """Lets foreign keys be wrong until the end of the transaction."""
        self.execute("PRAGMA defer_foreign_keys = ON")

    def foreign_keys(self, table: str) -> list[tuple[str, str, str, str, str]]:
        """Name, definition (none here), columns, table and columns referred to of each foreign key of a table."""
        keys: dict[int, list[Any]] = {}
        for row in self.execute(f"PRAGMA foreign_key_list({quoted(table)})"):
            keys.setdefault(row[0], []).append(row)
        found = []
        for number, parts in sorted(keys.items()):
            there = parts[0][2]
            targets = [part[4] for part in parts] if parts[0][4] else list(self.primary_key(there))
            columns = ", ".join(quoted(part[3]) for part in parts)
            found.append(
                (f"{table}_{number}", "", columns, quoted(there), ", ".join(map(quoted, targets)))
            )
        return found

    def sequences(self, shape: Shape) -> Iterator[tuple[str, str, int, int]]:
        """As for PostgreSQL, of tables with ``AUTOINCREMENT``; others begin after the highest number by themselves."""
        if (
            self.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone()
            and len(shape.key) == 1
        ):
            found = self.execute(
                "SELECT seq FROM sqlite_sequence WHERE name = ?", (shape.name,)
            ).fetchone()
            if found is not None:
                (highest,) = self.one(
                    f"SELECT max({quoted(shape.key[0].name)}) FROM {quoted(shape.name)}"
                )
                yield shape.key[0].name, shape.name, found[0], highest or 0

    def set_sequence(self, table: str, sequence: str, number: int) -> None:
        self.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (number, table))


Database = Postgres | Sqlite


def connect(
    url: str, side: str, *, only_read: bool, fractions: bool = False, keys: bool = False
) -> Database:
    """``side`` is ``source`` or ``target``; with ``keys`` SQLite enforces foreign keys, as PostgreSQL always does."""
    scheme, _, driver = urlsplit(url).scheme.partition("+")
    if driver:  # as SQLAlchemy writes it; which driver is used is decided here
        url = url.replace(f"+{driver}", "", 1)
    if scheme in ("postgres", "postgresql"):
        return Postgres(url, side, only_read=only_read)
    if scheme == "sqlite":
        return Sqlite(url, side, only_read=only_read, fractions=fractions, keys=keys)
    raise Refused(f"not a database URL that is known here: {scheme}://")


def bound(sql: str, values: Iterable[Any]) -> tuple[str, tuple[Any, ...]]:
    """SQL and values as psycopg takes them."""
    return sql.replace("%", "%%").replace("?", "%s"), tuple(values)


def on_conflict(shape: Shape) -> str:
    """What happens to a row that is there already: it becomes the copied one."""
    keys = {column.name for column in shape.key}
    changed = ", ".join(
        f"{quoted(c.name)} = excluded.{quoted(c.name)}" for c in shape.columns if c.name not in keys
    )
    listed = ", ".join(quoted(column.name) for column in shape.key)
    return f"ON CONFLICT ({listed}) DO {f'UPDATE SET {changed}' if changed else 'NOTHING'}"


# --- the values of SQLite as PostgreSQL writes them ---------------------------------------------------


def same_decimal(value: Any) -> str | None:
    if value is None:
        return None
    text = str(value)
    if "e" in text or not isinstance(value, (int, float)):
        number = decimal.Decimal(text)
        text = format(number.normalize(), "f") if number.is_finite() else str(number)
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


def same_float(value: Any) -> str | None:
    return None if value is None else struct.pack(">d", float(value) + 0.0).hex()


def same_single(value: Any) -> str | None:
    return None if value is None else struct.pack(">f", float(value) + 0.0).hex()


def same_datetime(value: Any) -> str | None:
    if value is None:
        return None
    moment = datetime.datetime.fromisoformat(str(value))
    if moment.tzinfo is not None:
        moment = moment.astimezone(datetime.UTC).replace(tzinfo=None)
    return trimmed(moment.isoformat(" "))


def same_time(value: Any) -> str | None:
    return None if value is None else trimmed(datetime.time.fromisoformat(str(value)).isoformat())


def trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def same_duration(value: Any) -> str | None:
    """Microseconds: as a number, or as a moment after the beginning of 1970."""
    if value is None or isinstance(value, int):
        return None if value is None else str(value)
    passed = datetime.datetime.fromisoformat(str(value)) - datetime.datetime(1970, 1, 1)
    return str(passed // datetime.timedelta(microseconds=1))


def same_json(value: Any) -> str | None:
    """As ``jsonb`` writes it: keys by length, numbers without exponent."""
    if value is None:
        return None
    read = READ(value)
    try:
        return WRITTEN(read)
    except TypeError:  # a number with a fraction, which keeps its digits
        return json_text(read)


def by_length(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    names = sorted(found)
    names.sort(key=len if "".join(names).isascii() else lambda name: len(name.encode()))
    return {name: found[name] for name in names}


READ = json.JSONDecoder(object_pairs_hook=by_length, parse_float=decimal.Decimal).decode
WRITTEN = json.JSONEncoder(ensure_ascii=False).encode


def json_text(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{WRITTEN(name)}: {json_text(each)}" for name, each in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(json_text, value)) + "]"
    if isinstance(value, decimal.Decimal):
        return re.sub(r"^-(0(\.0+)?)$", r"\1", format(value, "f"))
    return WRITTEN(value)


def or_as_it_is(function: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    """A value that is none of its type is compared as it stands."""

    def same(value: Any) -> str | None:
        try:
            return function(value)
        except (ValueError, ArithmeticError, TypeError):
            return f"?{value}"

    return same


SAME = {
    "decimal": or_as_it_is(same_decimal),
    "float": or_as_it_is(same_float),
    "single": or_as_it_is(same_single),
    "datetime": or_as_it_is(same_datetime),
    "time": or_as_it_is(same_time),
    "duration": or_as_it_is(same_duration),
    "json": or_as_it_is(same_json),
}


def row_hash(text: str) -> int:
    return (
        int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[:8], "big") >> 4
    )


class Checksum:
    """The sum of rows' hashes, which PostgreSQL computes as a number without limit."""

    def __init__(self) -> None:
        self.total = 0

    def step(self, text: str) -> None:
        self.total += (
            int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[:8], "big")
            >> 4
        )

    def finalize(self) -> str:
        return str(self.total)
