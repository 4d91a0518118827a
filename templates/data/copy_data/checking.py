"""What a check finds: rows that differ, rows that point at nothing, sequences that would give a number twice, links across the cut."""

from __future__ import annotations

from typing import Any, NamedTuple

from .copying import chunks
from .databases import Column, Database, Key, Shape, kind_of, quoted
from .ranges import Comparison, Pieces, Range, column_of, shape_of, shown
from .state import CUT_OVER, State
from .tables import LINKS, TABLES, Link, Table

SHOWN = 20
"""Rows named for each table and kind of problem; all are counted."""


class Problem(NamedTuple):
    """``kind``: ``rows``, ``changed``, ``missing``, ``extra``, ``orphan``, ``sequence``, ``foreign-key``, ``link``."""

    table: str
    kind: str
    text: str
    keys: tuple[str, ...] = ()
    rows: int = 0


class Checked(NamedTuple):
    """One table: its rows on either side, how many ranges were compared, the checksum over all of the source's."""

    table: str
    source: int
    target: int
    ranges: int
    checksum: str
    problems: tuple[Problem, ...]


def verify(source: Database, target: Database, size: int) -> list[Checked]:
    """Every table of both databases compared; nothing is written."""
    state = State(target)
    aside = state.all("foreign-key:")
    return [check(source, target, table, size, aside) for table in TABLES]


def check(
    source: Database, target: Database, table: Table, size: int, aside: dict[str, Any]
) -> Checked:
    shape = shape_of(source, target, table)
    comparison = Comparison(source, target, shape, size)
    counts, total, ranges = [0, 0], 0, 0
    problems: dict[str, list[str]] = {"changed": [], "missing": [], "extra": []}
    found: list[Problem] = []
    differ: dict[str, int] = dict.fromkeys(problems, 0)
    for compared in comparison.ranges():
        ranges += 1
        counts[0] += compared.source[0]
        counts[1] += compared.target[0]
        total += int(compared.source[1])
        if compared.same:
            continue
        if not shape.key:
            found.append(
                Problem(
                    table.name,
                    "rows",
                    f"{table.name}: the rows differ, and there is no key to name them by",
                )
            )
            continue
        for kind, keys in rows_of(comparison, compared.range, size):
            differ[kind] += len(keys)
            problems[kind] += keys[: SHOWN - len(problems[kind])]
    if counts[0] != counts[1]:
        found.append(
            Problem(
                table.name,
                "rows",
                f"{table.name}: {counts[0]} rows in the source, {counts[1]} in the target",
            )
        )
    words = {
        "changed": "differ",
        "missing": "are missing in the target",
        "extra": "are in the target only",
    }
    for kind, keys in problems.items():
        if differ[kind]:
            listed = "; ".join(keys) + (" ..." if differ[kind] > len(keys) else "")
            text = f"{table.name}: {differ[kind]} rows {words[kind]}: {listed}"
            found.append(Problem(table.name, kind, text, tuple(keys), differ[kind]))
    found += orphans(target, table)
    found += sequences(target, shape)
    found += [
        Problem(
            table.name,
            "foreign-key",
            f"{table.name}: the foreign key {entry.split(':', 2)[2]} is still set aside: run the copy again",
        )
        for entry in aside
        if entry.split(":", 2)[1] == table.name
    ]
    return Checked(table.name, counts[0], counts[1], ranges, f"{total:x}", tuple(found))


def rows_of(comparison: Comparison, range: Range, size: int) -> Any:
    """Kinds of difference with the keys of rows, piece by piece."""
    while True:
        found = comparison.rows(range, size)
        yield "changed", [shown(key) for key in found.changed]
        yield "missing", [shown(key) for key in found.missing]
        yield "extra", [shown(key) for key in found.extra]
        if found.up_to == range.up_to:
            return
        range = Range(found.up_to, range.up_to)


def orphans(target: Database, table: Table) -> list[Problem]:
    """Rows whose foreign key has no row: constraints that are in force say so themselves, others are asked for here."""
    found = []
    for _, _, columns, there, keys in [*target.foreign_keys(table.name), *declared(target, table)]:
        pairs = list(zip(columns.split(", "), keys.split(", "), strict=True))
        joined = " AND ".join(f"there.{key} = here.{column}" for column, key in pairs)
        given = " AND ".join(f"here.{column} IS NOT NULL" for column, _ in pairs)
        sql = f"FROM {quoted(table.name)} AS here WHERE {given} AND NOT EXISTS (SELECT 1 FROM {there} AS there WHERE {joined})"
        (count,) = target.one(f"SELECT count(*) {sql}")
        if count:
            listed = ", ".join(f"CAST(here.{column} AS VARCHAR(100))" for column, _ in pairs)
            values = [
                "; ".join(row)
                for row in target.execute(
                    f"SELECT DISTINCT {listed} {sql} ORDER BY 1 LIMIT {SHOWN}"
                )
            ]
            plain = there.replace('"', "")
            text = f"{table.name}: {count} rows point at rows of {plain} that are not there, {columns} = {', '.join(values)}"
            found.append(Problem(table.name, "orphan", text.replace('"', ""), tuple(values), count))
    return found


def declared(target: Database, table: Table) -> list[tuple[str, str, str, str, str]]:
    """Foreign keys of the models that the database does not know at the moment."""
    known = {columns.replace('"', "") for _, _, columns, _, _ in target.foreign_keys(table.name)}
    found, own = [], target.columns(table.name)
    for column, there in table.references.items():
        key = target.primary_key(there)
        # A reference to something else than the key has another type, as a rule.
        if (
            column not in known
            and len(key) == 1
            and column in own
            and kind_of(own[column], "") == kind_of(target.columns(there)[key[0]], "")
        ):
            found.append((column, "", quoted(column), quoted(there), quoted(key[0])))
    return found


def sequences(target: Database, shape: Shape) -> list[Problem]:
    return [
        Problem(
            shape.name,
            "sequence",
            f"{shape.name}: the next {column} would be {last + 1}, and {highest} is in use",
        )
        for column, _, last, highest in target.sequences(shape)
        if last < highest
    ]


# --- across the cut -----------------------------------------------------------------------------------


def reconcile(monolith: Database, service: Database, size: int) -> list[Problem]:
    """References that cross the cut, which no database checks any more: rows of one side that point at no row of the other."""
    sides = {"monolith": monolith, "service": service}
    found = []
    for link in LINKS:
        here = sides[link.side]
        there = sides["service" if link.side == "monolith" else "monolith"]
        if link.column not in here.columns(link.table) or len(there.primary_key(link.target)) != 1:
            continue  # the code that had it is gone, or it is no plain reference to a key
        missing = unknown(here, there, link, size)
        if missing:
            text = f"{link.table}.{link.column} of the {link.side}: {len(missing)} values name no row of {link.target}"
            found.append(
                Problem(
                    link.table,
                    "link",
                    f"{text}: {', '.join(missing[:SHOWN])}",
                    tuple(missing[:SHOWN]),
                    len(missing),
                )
            )
    return found


def unknown(here: Database, there: Database, link: Link, size: int) -> list[str]:
    """The values of a column that are no key of a table in the other database."""
    (name,) = there.primary_key(link.target)
    ours, theirs = here.columns(link.table)[link.column], there.columns(link.target)[name]
    kind = column_of(there, here, "", theirs, ours, link.type).kind
    column, key = Column(link.column, kind, ours, ours), Column(name, kind, theirs, theirs)
    known = Pieces(there, Shape(link.target, (key,), (key,)), by_bytes=False)
    values = Pieces(here, Shape(link.table, (column,), (column,)), by_bytes=False)
    missing: list[str] = []
    last: Key | None = None
    while batch := values.distinct(last, size):
        for some in chunks(batch):
            there_too = known.existing(some)
            missing += [text for (text,) in some if (text,) not in there_too]
        last = batch[-1]
    return missing


def owner(target: Database) -> dict[str, Any] | None:
    """What the service's database says of the cut-over, ``None`` when there was none."""
    found: dict[str, Any] | None = State(target).get(CUT_OVER)
    return found
