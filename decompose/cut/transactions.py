"""Which tables a transaction touches, through everything it certainly calls.

A cut between two tables that one transaction writes turns a local commit into a distributed one. So the reach of a
transaction is followed: accesses on the lines it covers, then those of the definitions called from these lines, and so on
(:data:`DEPTH` calls deep). Signal handlers run inside the sender's transaction and are followed like calls; tasks run later, in
their own, and are not, nor is what is put off until after the commit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from decompose.model.codegraph import CodeGraph, Edge
from decompose.model.contexts import ContextTransaction
from decompose.model.facts import Access, Transaction
from decompose.model.location import Location

DEPTH = 4
"""Calls followed from a transaction: deeper chains in real code lead through dispatchers to everything."""

WIDEST = 400
"""Definitions followed from one transaction at most."""


class UnitOfWork(msgspec.Struct, frozen=True):
    """A transaction and what is read and written inside it: ``places`` are ``(table, mode, location)`` in source order.

    ``id`` counts transactions in the order of ``(definition, line)``, so an edit elsewhere in a file does not renumber them.
    """

    id: str
    definition: str
    at: Location
    places: tuple[tuple[str, str, Location], ...]

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(sorted({table for table, _, _ in self.places}))

    @property
    def written(self) -> tuple[str, ...]:
        return tuple(sorted({table for table, mode, _ in self.places if mode == "write"}))


def units_of_work(graph: CodeGraph) -> tuple[UnitOfWork, ...]:
    """Every transaction outside tests and migrations, with its reach."""
    code = {module.id for module in graph.modules if module.role in ("code", "settings")}
    module_of = {definition.id: definition.module for definition in graph.definitions}
    by_path: dict[str, list[Access]] = {}
    by_definition: dict[str, list[Access]] = {}
    for access in graph.accesses:
        by_path.setdefault(access.at.path, []).append(access)
        by_definition.setdefault(access.definition, []).append(access)
    chosen = [t for t in graph.transactions if module_of.get(t.definition, t.definition) in code]
    if not chosen:
        return ()
    paths = {transaction.at.path for transaction in chosen}
    calls: dict[str, list[Edge]] = {}
    calls_from_path: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        if edge.kind in ("call", "signal"):
            calls.setdefault(edge.src, []).append(edge)
            for path in {at.path for at in edge.at} & paths:
                calls_from_path.setdefault(path, []).append(edge)
    chosen.sort(key=lambda t: (t.definition, t.at))
    return tuple(
        UnitOfWork(
            id=f"TX-{number:03}",
            definition=transaction.definition,
            at=transaction.at,
            places=_reach(transaction, by_path, by_definition, calls, calls_from_path),
        )
        for number, transaction in enumerate(chosen, start=1)
    )


def _reach(
    transaction: Transaction,
    by_path: Mapping[str, list[Access]],
    by_definition: Mapping[str, list[Access]],
    calls: Mapping[str, list[Edge]],
    calls_from_path: Mapping[str, list[Edge]],
) -> tuple[tuple[str, str, Location], ...]:
    path, first, last = transaction.at.path, transaction.at.line, max(transaction.end_line, transaction.at.line)

    def covers(at: Location) -> bool:
        return at.path == path and first <= at.line <= last and not any(a <= at.line <= b for a, b in transaction.deferred)

    places = {(a.at, a.table, a.mode): 0 for a in by_path.get(path, ()) if covers(a.at)}
    entered = sorted({e.dst for e in calls_from_path.get(path, ()) if any(covers(at) for at in e.at)})
    seen = set(entered)
    for depth in range(1, DEPTH + 1):
        for definition in entered:
            for access in by_definition.get(definition, ()):
                places.setdefault((access.at, access.table, access.mode), depth)
            for access in by_definition.get(f"{definition}.__init__", ()):
                places.setdefault((access.at, access.table, access.mode), depth)
        following = sorted({e.dst for d in entered for e in calls.get(d, ()) if e.dst not in seen})
        entered = following[: max(0, WIDEST - len(seen))]
        seen.update(entered)
    ordered = sorted(places.items(), key=lambda item: (item[1], item[0]))
    return tuple((table, mode, at) for (at, table, mode), _ in ordered)


def in_contexts(
    units: Iterable[UnitOfWork], owner: Mapping[str, str], shared: Collection[str] = ()
) -> tuple[ContextTransaction, ...]:
    """The transactions with the contexts of their tables; ``owner`` maps a table to its context.

    Tables of ``shared`` contexts exist once per service, so a commit that writes one of them is not cut by it.
    """
    return tuple(
        ContextTransaction(
            id=unit.id,
            definition=unit.definition,
            tables=unit.tables,
            written=unit.written,
            contexts=tuple(sorted({owner[table] for table in unit.tables if owner.get(table)})),
            at=unit.at,
            writing=tuple(sorted({owner[table] for table in unit.written if owner.get(table)} - set(shared))),
            places=unit.places,
        )
        for unit in units
    )
