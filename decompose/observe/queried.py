"""The database's own statistics against the graph: tables that one statement touches are used together.

Our own SQL reader says which tables a statement names; statements of the database's housekeeping name none. A table that nobody in the code
declares or names is said to be unresolved: another program uses it, or code that could not be followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

import msgspec

from decompose.detect.sql.statements import parse
from decompose.model.facts import Unresolved
from decompose.model.location import Location
from decompose.model.runtime import Tie
from decompose.observe.names import Names
from decompose.observe.statements import Statement
from decompose.observe.ties import SWEEPING, Pair, ordered, pulls, times

_MOST = 100
"""Things named one by one; what is beyond is counted."""
_LONGEST = 100_000
_PLACES = 5

_CURSOR = re.compile(r"\s*DECLARE\s+\S+\s+(?:\w+\s+)*?CURSOR\s+(?:\w+\s+)*?FOR\s+", re.IGNORECASE)
_USES = re.compile(r"(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*+\*/|\()*+(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|REPLACE|COPY|DECLARE)\b", re.IGNORECASE)
"""Beginnings of statements that use data. Others keep house: what a ``CREATE TABLE`` refers to, or one ``TRUNCATE`` empties, nobody uses together."""
_HIDDEN = "<insufficient privilege>"
"""What a role sees of the statements of others."""


class Touched(msgspec.Struct, frozen=True):
    """The tables of a statement: of the project, with whether it writes them, and others by their names. ``error`` when it was not understood."""

    tables: tuple[tuple[str, bool], ...] = ()
    others: tuple[str, ...] = ()
    error: str = ""


def touched(text: str, names: Names) -> Touched:
    """What a statement does to the project's tables."""
    if not _USES.match(text):
        return Touched()
    if len(text) > _LONGEST:
        return Touched(error=f"longer than {_LONGEST:,} characters")
    cursor = _CURSOR.match(text)
    parsed = parse(text[cursor.end() :] if cursor else text)
    if parsed.error:
        return Touched(error=parsed.error)
    writes: dict[str, bool] = {}
    others: dict[str, None] = {}
    for named in parsed.tables:
        table = names.table(named.table)
        if table:
            writes[table] = writes.get(table, False) or named.write
        else:
            others[named.table] = None
    return Touched(tuple(sorted(writes.items())), tuple(others))


class Queried:
    """``ties`` between tables of one statement, and what is ``unresolved``."""

    def __init__(self, names: Names, statements: Sequence[Statement]) -> None:
        counts: dict[Pair, float] = {}
        calls: dict[Pair, int] = {}
        shown: dict[Pair, list[Statement]] = {}
        strange = Strangers()
        failed: list[tuple[Statement, str]] = []
        for statement in statements:
            found = touched(statement.text, names)
            if found.error or statement.text.strip() == _HIDDEN:
                failed.append((statement, found.error or "the role that made the export may not see other roles' statements"))
            for other in found.others:
                strange.add(other, statement.calls, statement.at)
            tables = [f"table:{table}" for table, _ in found.tables] if len(found.tables) <= SWEEPING else []
            for first, second in combinations(tables, 2):
                pair = ordered(first, second)
                # A report over ten tables ties each of its pairs a ninth as firmly as a join of two ties its one.
                counts[pair] = counts.get(pair, 0.0) + statement.calls / (len(tables) - 1)
                calls[pair] = calls.get(pair, 0) + statement.calls
                shown.setdefault(pair, []).append(statement)
        strengths = pulls(counts)
        self.ties = tuple(_tie(pair, strengths[pair], calls[pair], shown[pair]) for pair in sorted(strengths))
        self.unresolved = (*strange.unresolved("statement", "used in statements"), *_failures(failed))


def _tie(pair: Pair, strength: float, calls: int, statements: Sequence[Statement]) -> Tie:
    first, second = pair
    by = f" by {len(statements):,} statements" if len(statements) > 1 else ""
    busiest = sorted(statements, key=lambda s: (-s.calls, s.at))[:_PLACES]
    return Tie("statement", first, second, strength, calls, f"{times(calls)}{by}", tuple(s.at for s in busiest))


def _failures(failed: Sequence[tuple[Statement, str]]) -> Iterator[Unresolved]:
    busiest = sorted(failed, key=lambda entry: (-entry[0].calls, entry[0].at))
    for statement, reason in busiest[:_MOST]:
        yield Unresolved("statement", " ".join(statement.text[:400].split())[:160], reason, statement.at)
    if len(busiest) > _MOST:
        yield Unresolved("statement", f"{len(busiest) - _MOST:,} more statements", "not understood as SQL", busiest[_MOST][0].at)


class Strangers:
    """Tables that are used at run time and that nothing in the code names."""

    def __init__(self) -> None:
        self._uses: dict[str, int] = {}
        self._at: dict[str, tuple[int, Location]] = {}

    def add(self, table: str, uses: int, at: Location) -> None:
        table = table.removeprefix("public.")  # PostgreSQL's own checks name the schema that others leave out
        self._uses[table] = self._uses.get(table, 0) + uses
        if table not in self._at or uses > self._at[table][0]:
            self._at[table] = (uses, at)

    def unresolved(self, kind: str, how: str) -> Iterable[Unresolved]:
        """The busiest first, each with a place that shows it."""
        busiest = sorted(self._uses, key=lambda table: (-self._uses[table], table))
        for table in busiest[:_MOST]:
            reason = f"{how} {times(self._uses[table])}, and nothing in the code declares or names this table"
            yield Unresolved(kind, table, reason, self._at[table][1])
        if len(busiest) > _MOST:
            yield Unresolved(kind, f"{len(busiest) - _MOST:,} more tables", "nothing in the code declares or names them", self._at[busiest[_MOST]][1])
