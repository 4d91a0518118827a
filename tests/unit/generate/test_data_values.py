"""Every kind of value and key through the copy job, in all four directions: what is stored differently compares as the same."""

from __future__ import annotations

import io
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from decompose.generate.data import PROGRAM
from decompose.generate.render import make_render
from decompose.resources import templates

TYPES = {
    # neutral type: in PostgreSQL, in SQLite, values as SQLite has them
    "integer": ("INTEGER", "INTEGER", [0, -7, 2**31 - 1]),
    "big": ("BIGINT", "BIGINT", [2**63 - 1, -(2**63), 1]),
    "string": ("VARCHAR(50)", "VARCHAR(50)", ["plain", "Größe \U0001f600", "tab\t\\n \\N %s ? \n'\""]),
    "text": ("TEXT", "TEXT", ["", "-", " leading and trailing "]),
    "boolean": ("BOOLEAN", "BOOL", [1, 0, 1]),
    "float": ("DOUBLE PRECISION", "REAL", [0.1, -1e300, 3.0]),
    "single": ("REAL", "REAL", [0.1, 2.5, -0.0]),
    "decimal": ("NUMERIC(20, 6)", "DECIMAL", [3.5, 100, -0.000001]),
    "date": ("DATE", "DATE", ["2024-02-29", "0001-01-01", "9999-12-31"]),
    "datetime": ("TIMESTAMPTZ", "DATETIME", ["2024-02-29 12:00:00", "2024-02-29 23:59:59.999999", "1970-01-01 00:00:00.100000"]),
    "naive": ("TIMESTAMP", "DATETIME", ["2024-02-29 12:00:00", "2024-02-29 23:59:59.999999", "2024-02-29 12:00:00.500000"]),
    "time": ("TIME", "TIME", ["12:00:00", "23:59:59.999999", "00:00:00.500000"]),
    "duration": ("INTERVAL", "BIGINT", [0, 86_400_000_001, -5_000_000]),
    "uuid": ("UUID", "CHAR(32)", ["0" * 32, "f" * 32, "123e4567e89b12d3a456426614174000"]),
    "dashed": ("UUID", "CHAR(36)", ["00000000-0000-0000-0000-000000000000", "123e4567-e89b-12d3-a456-426614174000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
    "json": ("JSONB", "TEXT", ['{"bb": 1.50, "a": [true, null, "\\u00f6\\n"]}', "[]", '"text"']),
    "binary": ("BYTEA", "BLOB", [b"\x00\xff", b"", b"\\x41"]),
}  # fmt: skip
NEUTRAL = {"single": "float", "naive": "datetime", "dashed": "uuid"}
VALUES = [[values[row] for _, _, values in TYPES.values()] for row in range(3)] + [[None] * len(TYPES)]
WORDS = ["B", "a", "Z", "ä", "b", "_", "10", "9", "A-b", "Ab", "ab c", "Ö", "o", "é", "e", "zz"]
TABLES: list[dict[str, Any]] = [
    {"name": "everything", "key": ("part", "name"), "columns": {"part": "integer", "name": "string"} | {f"c_{kind}": NEUTRAL.get(kind, kind) for kind in TYPES}},
    {"name": "words", "key": ("word",), "columns": {"word": "string", "n": "integer"}},
    {"name": "identified", "key": ("id",), "columns": {"id": "uuid", "n": "integer"}},
    {"name": "loose", "key": (), "columns": {"n": "integer", "word": "string"}},
]  # fmt: skip


def schema(postgres: bool) -> str:
    columns = ", ".join(f"c_{kind} {here if postgres else there}" for kind, (here, there, _) in TYPES.items())
    uuid = "UUID" if postgres else "CHAR(32)"
    return (
        f"CREATE TABLE everything (part INTEGER NOT NULL, name VARCHAR(20) NOT NULL, {columns}, PRIMARY KEY (part, name));"
        "CREATE TABLE words (word VARCHAR(20) PRIMARY KEY, n INTEGER NOT NULL);"
        f"CREATE TABLE identified (id {uuid} PRIMARY KEY, n INTEGER NOT NULL);"
        "CREATE TABLE loose (n INTEGER, word TEXT);"
    )


class Side:
    def __init__(self, kind: str, folder: Path, name: str, server: Any, options: str = "") -> None:
        self.postgres = kind == "postgres"
        self.url = f"sqlite:///{folder}/{name}.sqlite"
        if self.postgres:
            self.url = server.getfixturevalue("postgres").database(schema(True), options=options)
        else:
            self.run(*schema(False).split(";"))

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        with closing(self._connection()) as connection:
            found: list[tuple[Any, ...]] = []
            for sql in filter(str.strip, statements):
                cursor = connection.execute(sql)
                found = cursor.fetchall() if cursor.description else []
            connection.commit()
            return found

    def _connection(self) -> Any:
        if not self.postgres:
            return sqlite3.connect(self.url.removeprefix("sqlite:///"))
        import psycopg

        return psycopg.connect(self.url, options="-c TimeZone=UTC")

    def fill(self) -> None:
        rows = [(n // 3, f"name {n % 3}" if n else "", *VALUES[n % 4]) for n in range(20)]
        with closing(self._connection()) as connection:
            mark = "%s" if self.postgres else "?"
            cursor = connection.cursor()
            cursor.executemany(f"INSERT INTO everything VALUES ({', '.join([mark] * (2 + len(TYPES)))})", [self._own(row) for row in rows])
            cursor.executemany(f"INSERT INTO words VALUES ({mark}, {mark})", [(word, n) for n, word in enumerate(WORDS)])
            cursor.executemany(f"INSERT INTO identified VALUES ({mark}, {mark})", [(f"{n * 7919 % 1000:032x}", n) for n in range(30)])
            cursor.executemany(f"INSERT INTO loose VALUES ({mark}, {mark})", [(1, "twice"), (1, "twice"), (None, None)])
            connection.commit()

    def _own(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        if not self.postgres:
            return row
        own = list(row)
        for index, kind in enumerate(TYPES, 2):
            if kind == "boolean" and own[index] is not None:
                own[index] = bool(own[index])
            if kind == "duration" and own[index] is not None:
                own[index] = f"{own[index]} microseconds"
        return tuple(own)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The package with tables of its own."""
    folder = tmp_path_factory.mktemp("values")
    render, package = make_render(templates()), folder / "copy_data"
    package.mkdir()
    for module in PROGRAM:
        (package / f"{module}.py").write_bytes(render(f"data/copy_data/{module}.py"))
    tables = [{"references": {}, "shadow": False, **table} for table in TABLES]
    (package / "tables.py").write_bytes(render("data/copy_data/tables.py.j2", name="x", fractions=False, tables=tables, links=[]))
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == "copy_data"]:
        del sys.modules[name]


def done(command: str, source: Side, target: Side, *options: str) -> tuple[int, Any]:
    output, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(errors):
        words = [command, "--source", source.url, "--target", target.url, "--format", "json", "--batch", "3", *options]
        code = import_module("copy_data.__main__").main(words)
    return code, json.loads(output.getvalue()) if output.getvalue() else errors.getvalue()


ENGLISH = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'"


@pytest.mark.parametrize("english", [False, True])
@pytest.mark.parametrize("kinds", ["sqlite-sqlite", "sqlite-postgres", "postgres-sqlite", "postgres-postgres"])
def test_every_value_arrives_and_comes_back(kinds: str, english: bool, program: None, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if english and "postgres" not in kinds:
        pytest.skip("only PostgreSQL sorts texts by language")
    first, second = kinds.split("-")
    source = Side(first, tmp_path, "source", request, ENGLISH if english else "")
    target = Side(second, tmp_path, "target", request)
    source.fill()
    code, report = done("copy", source, target)
    assert code == 0, report
    assert [each["rows"] + each["inserted"] for each in report["tables"]] == [20, len(WORDS), 30, 3]
    assert [each["inserted"] for each in report["tables"]] == [0, 0, 0, 3]
    code, report = done("verify", source, target)
    assert code == 0, report

    assert done("cut-over", source, target)[0] == 0
    target.run(
        "UPDATE everything SET c_integer = 5 WHERE part = 2", "DELETE FROM words WHERE word IN ('a', 'ä')", "INSERT INTO words VALUES ('Ä', 1)",
        "UPDATE identified SET n = n + 100 WHERE n > 20", "DELETE FROM loose WHERE n IS NULL",
    )  # fmt: skip
    code, report = done("verify", source, target)
    assert code == 1
    found = {each["table"]: {problem["kind"]: problem["rows"] for problem in each["problems"]} for each in report["tables"]}
    assert found["everything"] == {"changed": 3}
    assert found["words"] == {"rows": 0, "missing": 2, "extra": 1}
    assert found["identified"] == {"changed": 9}
    assert found["loose"].keys() == {"rows"}
    code, report = done("back", source, target, "--final")
    assert code == 0, report
    code, report = done("verify", source, target)
    assert code == 0, report


@pytest.mark.parametrize("kind", TYPES)
def test_a_value_of_any_kind_that_differs_is_found(kind: str, program: None, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    source, target = Side("sqlite", tmp_path, "source", request), Side("sqlite", tmp_path, "target", request)
    source.fill()
    assert done("copy", source, target)[0] == 0
    target.run(f"UPDATE everything SET c_{kind} = (SELECT c_{kind} FROM everything WHERE part = 0 AND name = 'name 1') WHERE part = 1 AND name = 'name 2'")
    code, report = done("verify", source, target)
    problems = [problem["keys"] for each in report["tables"] for problem in each["problems"]]
    expected = [["1, name 2"]] if VALUES[1][[*TYPES].index(kind)] != VALUES[5 % 4][[*TYPES].index(kind)] else []
    assert (code, problems) == (int(bool(expected)), expected)
