"""Exports of pg_stat_statements: what is read, and what is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from decompose.errors import ConfigError
from decompose.observe.statements import read

RECORDED = Path(__file__).parent / "recorded"
"""Exported from PostgreSQL 15 after the sample's tests had been run on it."""


def found(text: str) -> list[tuple[str, int, int]]:
    return [(statement.text, statement.calls, statement.at.line) for statement in read(text.encode(), "s.csv")]


def problem(content: bytes) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(content, "s.csv")
    return caught.value


def test_the_csv_of_psql_is_read_with_queries_over_several_lines() -> None:
    text = 'userid,query,calls\n10,"SELECT ""a"",\n 1 FROM t",7\n10,SELECT 2,1\n'
    assert found(text) == [('SELECT "a",\n 1 FROM t', 7, 2), ("SELECT 2", 1, 4)]


def test_the_calls_of_several_users_are_added_up() -> None:
    assert found("query,calls\nSELECT 1,3\nSELECT 2,1\nSELECT 1,4\n") == [("SELECT 1", 7, 2), ("SELECT 2", 1, 3)]


@pytest.mark.parametrize("text", ["query;calls\nSELECT a, b;3", "calls\tquery\r\n3\tSELECT a, b\r\n", '\ufeff"query";"calls"\n\nSELECT a, b;3\n\n'])
def test_other_separators_line_ends_and_marks_are_understood(text: str) -> None:
    assert [(query, calls) for query, calls, _ in found(text)] == [("SELECT a, b", 3)]


def test_queries_are_longer_than_other_readers_take() -> None:
    query = "SELECT " + "x" * 1_000_000
    assert found(f'query,calls\n"{query}",1\n') == [(query, 1, 2)]


@pytest.mark.parametrize(
    "text",
    ['[{"query": "SELECT 1", "calls": 3, "rows": 2},\n {"query": "SELECT 2", "calls": "4"}]', '{"query": "SELECT 1", "calls": 3.0}\n{"query": "SELECT 2", "calls": 4}\n'],
)
def test_json_is_read_as_an_array_and_line_by_line(text: str) -> None:
    assert found(text) == [("SELECT 1", 3, 1), ("SELECT 2", 4, 2)]


@pytest.mark.parametrize(
    ("content", "message", "place"),
    [
        (b"", "does not name the columns", "s.csv:1"),
        (b"SELECT 1,3\n", "does not name the columns", "s.csv:1"),
        (b"query,calls\n", "no statement", "s.csv"),
        (b"query,calls\n\nSELECT 1,x\n", "calls is 'x'", "s.csv:3"),
        (b"query,calls\nSELECT 1,-4\n", "calls is '-4'", "s.csv:2"),
        (b"query,calls\nSELECT 1," + b"9" * 5000, "not a whole number", "s.csv:2"),
        (b"query,calls\nSELECT 1\n", "1 columns where the first line has 2", "s.csv:2"),
        (b'query,calls\n"SELECT 1,3\n', "quote is not closed", "s.csv:2"),
        (b'query,calls\n"SELECT"x,3\n', "quote is not closed, or text follows", "s.csv:2"),
        (b"query,calls\nSELECT '\xff',3\n", "not UTF-8", "s.csv:2"),
        (b'[{"query": "SELECT 1",\n "calls": }]', "not valid JSON", "s.csv:2"),
        (b'{"query": "SELECT 1", "calls": 1}\n\n{"query": oops}\n', "not valid JSON", "s.csv:3"),
        (b'[\n{"query": "SELECT 1"}]', "missing required field `calls`", "s.csv:2"),
        (b'[\n{"query": 5, "calls": 1}]', "Expected `str | null`", "s.csv:2"),
        (b'{"query": "SELECT 1", "calls": 1e400}', "not", "s.csv:1"),
        (b"[" * 100_000, "not valid JSON", "s.csv"),
    ],
)
def test_what_is_no_export_is_an_error_with_its_line_and_a_next_step(content: bytes, message: str, place: str) -> None:
    error = problem(content)
    assert message in error.message
    assert error.place.startswith(place)
    assert "pg_stat_statements" in error.hint or "UTF8" in error.hint


def test_real_exports_say_the_same_as_csv_and_as_json() -> None:
    as_csv = {s.text: s.calls for s in read((RECORDED / "statements.csv").read_bytes(), "statements.csv")}
    as_json = {s.text: s.calls for s in read((RECORDED / "statements.json").read_bytes(), "statements.json")}
    assert len(as_csv) > 10
    assert as_json and all(as_csv[text] >= calls for text, calls in as_json.items())
