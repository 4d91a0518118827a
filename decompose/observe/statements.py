"""Reads an export of ``pg_stat_statements``: CSV with a header line, a JSON array, or one JSON object a line.

Only ``query`` and ``calls`` are needed; other columns may be there. Lines of one query (of several users or databases) are added up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from decompose.errors import ConfigError
from decompose.model.location import Location
from decompose.observe.lines import line_of

CSV_HINT = "export it with psql: \\copy (SELECT query, calls FROM pg_stat_statements) TO 'statements.csv' CSV HEADER"
JSON_HINT = "export it with `psql -At -o statements.json -c \"SELECT json_agg(s) FROM (SELECT query, calls FROM pg_stat_statements) s\"`"


class Statement(msgspec.Struct, frozen=True):
    """A statement with its constants taken out, and how often it was run."""

    text: str
    calls: int
    at: Location


def read(content: bytes, path: str) -> tuple[Statement, ...]:
    """The statements in ``content``, each once, in its order. Raises :class:`ConfigError` with the line for what cannot be."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError("the statements are not UTF-8 text", place=f"{path}:{line}", hint="export them with client_encoding UTF8") from None
    rows = _json(text.encode(), path) if text.lstrip()[:1] in ("[", "{") else _csv(text, path)
    found: dict[str, Statement] = {}
    for query, calls, line in rows:
        known = found.get(query)
        found[query] = Statement(query, calls + (known.calls if known else 0), known.at if known else Location(path, line))
    if not found:
        raise ConfigError("there is no statement in it", place=path, hint=CSV_HINT)
    return tuple(found.values())


def _calls(value: str, path: str, line: int) -> int:
    if not re.fullmatch(r"\d{1,18}(\.0*)?", value, re.ASCII):
        raise ConfigError(f"calls is {value[:40]!r}, not a whole number", place=f"{path}:{line}", hint=CSV_HINT)
    return int(value.partition(".")[0])


# --- CSV ----------------------------------------------------------------------------------------


def _csv(text: str, path: str) -> Iterator[tuple[str, int, int]]:
    """``(query, calls, line)`` of every row. Queries may be longer than the standard library's reader takes without a switch for all."""
    header = text.partition("\n")[0]
    delimiter = next((mark for mark in ",;\t" if {"query", "calls"} <= _columns(header, mark)), "")
    if not delimiter:
        raise ConfigError("the first line does not name the columns query and calls", place=f"{path}:1", hint=CSV_HINT)
    rows = _rows(text, delimiter, path)
    names = [name.strip().lower() for name in next(rows)[0]]
    query, calls = names.index("query"), names.index("calls")
    for fields, line in rows:
        if len(fields) != len(names):
            raise ConfigError(f"{len(fields)} columns where the first line has {len(names)}", place=f"{path}:{line}", hint=CSV_HINT)
        yield fields[query], _calls(fields[calls].strip(), path, line), line


def _columns(header: str, delimiter: str) -> set[str]:
    return {name.strip().strip('"').lower() for name in header.split(delimiter)}


def _rows(text: str, delimiter: str, path: str) -> Iterator[tuple[list[str], int]]:
    """Rows as RFC 4180 has them, with the line that each begins in; empty lines are passed over."""
    field = re.compile(rf'(?:"((?:[^"]|"")*+)"|([^"{delimiter}\r\n][^{delimiter}\r\n]*+)?)({delimiter}|\r?\n|\r|\Z)')
    position, line, begin = 0, 1, 1
    fields: list[str] = []
    while position < len(text) or fields:
        match = field.match(text, position)
        if match is None:
            raise ConfigError("a quote is not closed, or text follows it", place=f"{path}:{line}", hint=CSV_HINT)
        quoted, plain, end = match.groups()
        fields.append(quoted.replace('""', '"') if quoted is not None else plain or "")
        line += match.group().count("\n")
        position = match.end()
        if end != delimiter:
            if fields != [""]:
                yield fields, begin
            fields, begin = [], line


# --- JSON ---------------------------------------------------------------------------------------


class _Row(msgspec.Struct, frozen=True):
    query: str | None
    calls: int | float | str


def _json(content: bytes, path: str) -> Iterator[tuple[str, int, int]]:
    position, line = 0, 1
    for raw in _objects(content, path):
        begin = content.find(raw, position)
        line += content.count(b"\n", position, begin)
        try:
            row = msgspec.json.decode(raw, type=_Row)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ConfigError(f"not a row of pg_stat_statements: {error}", place=f"{path}:{line}", hint=JSON_HINT) from None
        yield row.query or "", _calls(str(row.calls), path, line), line
        line += raw.count(b"\n")
        position = begin + len(raw)


def _objects(content: bytes, path: str) -> list[bytes]:
    """The rows as they stand in the text: the elements of an array, else the lines."""
    array = content.lstrip()[:1] == b"["
    found: list[bytes] = []
    for number, text in enumerate([content] if array else content.split(b"\n"), 1):
        try:
            if array:
                found += map(bytes, msgspec.json.decode(text, type=list[msgspec.Raw]))
            elif text.strip():
                found.append(bytes(msgspec.json.decode(text, type=msgspec.Raw)))
        except (msgspec.MsgspecError, RecursionError) as error:
            place = f"{path}:{number - 1 + line_of(text, error)}"
            raise ConfigError(f"the statements are not valid JSON: {error}", place=place, hint=JSON_HINT) from None
    return found
