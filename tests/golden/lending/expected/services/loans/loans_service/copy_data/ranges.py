"""Tables in pieces by key, and where two databases differ: checksums by range first, rows only where these differ."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from .databases import (
    HERE,
    NEUTRAL,
    Column,
    Database,
    Key,
    Refused,
    Shape,
    comparable,
    kind_of,
    quoted,
)
from .tables import Table


class Range(NamedTuple):
    """The rows after one key up to another; ``None`` is an open end."""

    after: Key | None
    up_to: Key | None

    def __str__(self) -> str:
        if self.after is None and self.up_to is None:
            return "all rows"
        words = (
            f"after {shown(self.after)}" if self.after else "",
            f"up to {shown(self.up_to)}" if self.up_to else "",
        )
        return "keys " + " ".join(filter(None, words))


class Difference(NamedTuple):
    """Keys of rows that are on one side only, or differ: all of those up to ``up_to``, where the search stopped."""

    missing: list[Key]
    changed: list[Key]
    extra: list[Key]
    up_to: Key | None

    def __bool__(self) -> bool:
        return bool(self.missing or self.changed or self.extra)


def shown(key: Key) -> str:
    return ", ".join(key)


def shape_of(source: Database, target: Database, table: Table) -> Shape:
    """The table as both databases have it. Raises :class:`Refused` where one lacks what the other needs.

    A shadow's computed columns have no counterpart in the monolith and stay empty.
    """
    there, here = source.columns(table.name), target.columns(table.name)
    for side, found in (("source", there), ("target", here)):
        if not found:
            raise Refused(
                f"the {side} has no table {table.name}"
                + (": run the migrations first" if side == "target" else "")
            )
        missing = [name for name in table.columns if name not in found]
        if missing and not table.shadow:
            raise Refused(f"{table.name} of the {side} lacks {', '.join(missing)}: plan again")
    declared = table.columns or dict.fromkeys(here, "other")
    columns = tuple(
        column_of(source, target, name, there[name], here[name], neutral)
        for name, neutral in declared.items()
        if name in there and name in here
    )
    key = target.primary_key(table.name) or table.key
    return Shape(
        table.name,
        columns,
        tuple(column for name in key for column in columns if column.name == name),
        table.shadow,
    )


def column_of(
    source: Database, target: Database, name: str, there: str, here: str, neutral: str
) -> Column:
    """A column compares as PostgreSQL's type where there is one, the target's before the source's."""
    kind = NEUTRAL.get(neutral, neutral)
    if target.is_postgres:
        kind = kind_of(here, kind)
    elif source.is_postgres:
        kind = kind_of(there, kind)
    both = source.is_postgres and target.is_postgres
    return Column(
        name,
        kind,
        there,
        here,
        here if both and kind_of(there, there) != kind_of(here, here) else "",
    )


class Pieces:
    """A table in one database, read by ranges of its key."""

    def __init__(self, database: Database, shape: Shape, *, by_bytes: bool) -> None:
        self._database, self._shape = database, shape
        order = [database.sorted_by(shape.name, column, by_bytes=by_bytes) for column in shape.key]
        self._order = ", ".join(order)
        self._backwards = ", ".join(f"{part} DESC" for part in order)
        self._marks = ", ".join(database.mark(column) for column in shape.key)
        self._keys = ", ".join(database.text(column) for column in shape.key)
        self._name = f"{quoted(shape.name)} AS {HERE}"

    def within(self, range: Range) -> tuple[str, list[Any]]:
        """The condition of a range and its values."""
        parts, values = [], []
        for key, sign in ((range.after, ">"), (range.up_to, "<=")):
            if key is not None:
                parts.append(f"({self._order}) {sign} ({self._marks})")
                values += [
                    self._database.given(column, text)
                    for column, text in zip(self._shape.key, key, strict=True)
                ]
        return " WHERE " + " AND ".join(parts) if parts else "", values

    def among(self, keys: list[Key]) -> tuple[str, list[Any]]:
        """The condition of being one of these rows and its values."""
        names = ", ".join(quoted(column.name) for column in self._shape.key)
        marks = (
            f"({self._marks})"
            if self._database.is_postgres or len(self._shape.key) > 1
            else self._marks
        )
        listed = ", ".join([marks] * len(keys))
        if len(self._shape.key) > 1 or self._database.is_postgres:
            listed = f"VALUES {listed}"
        values = [
            self._database.given(c, text)
            for key in keys
            for c, text in zip(self._shape.key, key, strict=True)
        ]
        return f" WHERE ({names}) IN ({listed})", values

    def end(self, range: Range, size: int) -> Key | None:
        """The key of the last of the first ``size`` rows of a range, ``None`` when it is empty."""
        where, values = self.within(range)
        sql = f"SELECT {self._keys} FROM {self._name}{where} ORDER BY "
        found = self._database.execute(
            f"{sql}{self._order} LIMIT 1 OFFSET {int(size) - 1}", values
        ).fetchone()
        if found is None:
            found = self._database.execute(f"{sql}{self._backwards} LIMIT 1", values).fetchone()
        return None if found is None else tuple(map(str, found))

    def ranges(self, size: int) -> Iterator[Range]:
        """The whole table in ranges of ``size`` rows; the last has no end."""
        after: Key | None = None
        while True:
            end = self.end(Range(after, None), size)
            if end is None:
                yield Range(after, None)
                return
            yield Range(after, end)
            after = end

    def count(self) -> int:
        return int(self._database.one(f"SELECT count(*) FROM {self._name}")[0])

    def checksum(self, range: Range) -> tuple[int, str]:
        """How many rows a range has, and the sum of their hashes."""
        where, values = self.within(range)
        found = self._database.one(
            f"SELECT count(*), {self._database.checksum(self._shape)} FROM {self._name}{where}",
            values,
        )
        return int(found[0]), str(found[1])

    def hashes(self, range: Range) -> Iterator[tuple[Key, str]]:
        """Each row's key and hash, by key."""
        where, values = self.within(range)
        sql = f"SELECT {self._keys}, {self._database.row_hash(self._shape)} FROM {self._name}{where} ORDER BY {self._order}"
        for row in self._database.stream(sql, values):
            yield row[:-1], row[-1]

    def distinct(self, after: Key | None, size: int) -> list[Key]:
        """The keys after one, where not every row has one and not every one is unique."""
        where, values = self.within(Range(after, None))
        given = f"{where or ' WHERE TRUE'} AND {quoted(self._shape.key[0].name)} IS NOT NULL"
        sql = f"SELECT {self._keys} FROM {self._name}{given} GROUP BY {HERE}.{quoted(self._shape.key[0].name)} ORDER BY {self._order} LIMIT {int(size)}"
        return [tuple(map(str, row)) for row in self._database.execute(sql, values)]

    def existing(self, keys: list[Key]) -> set[Key]:
        """Those of the keys that there are rows of."""
        where, values = self.among(keys)
        return {
            tuple(map(str, row))
            for row in self._database.execute(
                f"SELECT {self._keys} FROM {self._name}{where}", values
            )
        }

    def delete(self, keys: list[Key]) -> None:
        where, values = self.among(keys)
        self._database.execute(f"DELETE FROM {self._name}{where}", values)

    def all_of(self, other: Database, keys: list[Key]) -> tuple[str, list[Any]]:
        """The query of these rows as the other database takes them."""
        where, values = self.among(keys)
        return self.read_for(other, where), values

    def read_for(self, other: Database, where: str) -> str:
        listed = ", ".join(self._database.stored(column, other) for column in self._shape.columns)
        return f"SELECT {listed} FROM {self._name}{where}"


class Compared(NamedTuple):
    """One range on both sides."""

    range: Range
    source: tuple[int, str]
    target: tuple[int, str]

    @property
    def same(self) -> bool:
        return self.source == self.target


class Comparison:
    """A table in both databases, cut into the same ranges."""

    def __init__(self, source: Database, target: Database, shape: Shape, size: int) -> None:
        self.shape = shape
        self._slow = any(
            not side.sorts_by_bytes(shape.name, column.name)
            for side in (source, target)
            for column in shape.key
            if column.kind == "text"
        )
        self.source = Pieces(source, shape, by_bytes=True)
        self.target = Pieces(target, shape, by_bytes=True)
        self._size = size

    def ranges(self) -> Iterator[Compared]:
        """Each range with its checksums. Where no index serves the order that both share, few large ranges are read."""
        # Both databases work at the same time; this thread does not touch the target until the other has what it asked for.
        with ThreadPoolExecutor(max_workers=1) as beside:
            for range in self._cut():
                there = beside.submit(self.target.checksum, range)
                yield Compared(range, self.source.checksum(range), there.result())

    def _cut(self) -> Iterator[Range]:
        if not self.shape.key:
            return iter([Range(None, None)])
        size = max(self._size, -(-self.source.count() // 8)) if self._slow else self._size
        return self.source.ranges(size)

    def rows(self, range: Range, most: int) -> Difference:
        """The rows that differ in a range, until ``most`` are found."""
        found = Difference([], [], [], range.up_to)
        here, there = iter(self.source.hashes(range)), iter(self.target.hashes(range))
        left, right = next(here, None), next(there, None)
        while left is not None or right is not None:
            order = self._order(left, right)
            if order == 0 and left is not None and right is not None and left[1] != right[1]:
                found.changed.append(left[0])
            elif order < 0 and left is not None:
                found.missing.append(left[0])
            elif order > 0 and right is not None:
                found.extra.append(right[0])
            last = (
                left[0]
                if order <= 0 and left is not None
                else right[0]
                if right is not None
                else None
            )
            left, right = (
                next(here, None) if order <= 0 else left,
                next(there, None) if order >= 0 else right,
            )
            if len(found.missing) + len(found.changed) + len(found.extra) >= most and (
                left is not None or right is not None
            ):
                for rows in (here, there):  # read to the end: to cancel would end the transaction
                    deque(rows, maxlen=0)
                return found._replace(up_to=last)
        return found

    def _order(self, left: tuple[Key, str] | None, right: tuple[Key, str] | None) -> int:
        if left is None or right is None:
            return -1 if right is None else 1
        a, b = (
            tuple(
                comparable(column.kind, text)
                for column, text in zip(self.shape.key, row[0], strict=True)
            )
            for row in (left, right)
        )
        return (a > b) - (a < b)
