"""Every use across the cut: imports, calls, foreign tables read and written, keys and transactions between contexts.

A crossing is told by what uses what, not by lines, so that it is the same one after an edit above it. Code of tests, migrations and settings
is not looked at: it may know everything. What is shared may be used by all; it may not use a context itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec

from decompose.cut.ownership import foreign_keys
from decompose.cut.territory import Territories
from decompose.cut.transactions import in_contexts, units_of_work
from decompose.model.codegraph import CodeGraph, Edge
from decompose.model.contexts import ContextMap, ContextTransaction
from decompose.model.location import Location
from decompose.model.lock import Crossing, Link, Rule

_CALLS = frozenset({"call", "inherit", "signal", "task"})


def crossings(graph: CodeGraph, context_map: ContextMap) -> tuple[Crossing, ...]:
    """All crossings, each once with all its places, sorted by rule, source and target."""
    view = _View(graph, context_map)
    tables = tuple(view.tables())
    found = [*view.imports(), *tables, *view.keys(), *view.transactions(), *view.modules(), *view.calls(tables)]
    return _once(found)


def _once(found: Iterable[Crossing]) -> tuple[Crossing, ...]:
    """Crossings of one key together: all places, and the shortest chain, the first in the text among equals."""
    met: dict[tuple[str, str, str], list[Crossing]] = {}
    for each in found:
        met.setdefault((each.rule, each.source, each.target), []).append(each)
    joined = []
    for alike in (met[key] for key in sorted(met)):
        first = min(alike, key=lambda each: (len(each.chain), each.at))
        places = tuple(sorted({at for each in alike for at in (each.places or (each.at,))}))
        joined.append(msgspec.structs.replace(first, places=places))
    return tuple(joined)


class _View:
    def __init__(self, graph: CodeGraph, context_map: ContextMap) -> None:
        self.graph = graph
        self.territories = Territories(graph, context_map)
        self.shared = {context.name for context in context_map.contexts if context.role == "shared"}
        self.owner = {entry.table: entry.owner for entry in context_map.ownership}
        self.unassigned = set(context_map.unassigned)
        self.module = {definition.id: definition.module for definition in graph.definitions}
        self.code = {module.id: module for module in graph.modules if module.role == "code"}
        self.mixed = {self.module[top] for top in self.territories.parts}

    def _contexts(self, source: str, target: str) -> tuple[str, str] | None:
        """The two contexts of a use; ``None`` when it crosses nothing, or begins in code that may know everything."""
        if self.module.get(source, source) not in self.code:
            return None
        return self._apart(self.territories.context_of(source), self.territories.context_of(target))

    def _apart(self, here: str, there: str) -> tuple[str, str] | None:
        return None if not here or not there or here == there or there in self.shared else (here, there)

    # --- code ----------------------------------------------------------------------------------

    def imports(self) -> Iterator[Crossing]:
        """Imports that run. A package that is only on the way to what is imported, and a module that is shared out between contexts, tell nothing:
        there the definitions do."""
        edges = [edge for edge in self.graph.edges if edge.kind == "import" and edge.when != "typing"]
        named: dict[tuple[str, Location], set[str]] = {}
        for edge in edges:
            for at in edge.at:
                named.setdefault((edge.src, at), set()).add(edge.dst)
        for edge in edges:
            pair = None if self.mixed & {edge.src, edge.dst} else self._contexts(edge.src, edge.dst)
            if pair is None:
                continue
            inside = f"{edge.dst}."
            places = tuple(at for at in edge.at if not any(other.startswith(inside) for other in named[edge.src, at]))
            if places:
                yield self._use("D201", edge, pair, places)

    def calls(self, tables: Iterable[Crossing]) -> Iterator[Crossing]:
        """Calls, subclasses, signals and tasks. One to the class of a table that the same code reads or writes is told there."""
        told = {(each.source, each.target) for each in tables}
        model = {name: table.id for table in self.graph.tables for name in (table.model, *table.models) if name}
        for edge in self.graph.edges:
            pair = self._contexts(edge.src, edge.dst) if edge.kind in _CALLS else None
            if pair is not None and (edge.src, model.get(edge.dst, "")) not in told:
                yield self._use("D207", edge, pair, edge.at)

    def _use(self, rule: Rule, edge: Edge, pair: tuple[str, str], places: tuple[Location, ...]) -> Crossing:
        at = min(places)
        return Crossing(rule, edge.src, edge.dst, pair, at, tuple(sorted(places)), (Link(edge.src, edge.dst, at),))

    def modules(self) -> Iterator[Crossing]:
        """Modules that nobody has put into a context."""
        for id in sorted(self.unassigned & self.code.keys()):
            yield Crossing("D206", id, "", ("", ""), Location(self.code[id].path, 1))

    # --- data ----------------------------------------------------------------------------------

    def tables(self) -> Iterator[Crossing]:
        """Tables of another context that code reads or writes; a definition that does both is told once, as writing."""
        written = {(access.definition, access.table) for access in self.graph.accesses if access.mode == "write"}
        for access in self.graph.accesses:
            source, table = access.definition, access.table
            if self.module.get(source, source) not in self.code or (access.mode == "read" and (source, table) in written):
                continue
            pair = self._apart(self.territories.context_of(source), self.owner.get(table, ""))
            if pair is not None:
                rule: Rule = "D202" if access.mode == "write" else "D203"
                yield Crossing(rule, source, table, pair, access.at, (access.at,), (Link(source, table, access.at),))

    def keys(self) -> Iterator[Crossing]:
        for key in foreign_keys(self.graph, self.owner, self.shared):
            if key.cut:
                yield Crossing("D204", key.src, key.dst, (key.src_context, key.dst_context), key.at, (key.at,), (Link(key.src, key.dst, key.at),))

    # --- transactions --------------------------------------------------------------------------

    def transactions(self) -> Iterator[Crossing]:
        """Commits in the tables of several contexts; the chain leads to the first table of each."""
        for each in in_contexts(units_of_work(self.graph), self.owner, self.shared):
            if each.cut:
                home = self.territories.context_of(each.definition)
                yield Crossing("D205", each.definition, ", ".join(each.writing), (home, ", ".join(each.writing)), each.at, (each.at,), self._reach(each))

    def _reach(self, transaction: ContextTransaction) -> tuple[Link, ...]:
        """One write in each context that takes part, with the calls on the way: ``places`` are by distance, so the first is the nearest."""
        links: list[Link] = []
        for context in transaction.writing:
            table, at = next((table, at) for table, mode, at in transaction.places if mode == "write" and self.owner.get(table) == context)
            writer = self._writer.get((at, table), transaction.definition)
            links += self._calls(transaction.definition, writer)
            links.append(Link(writer, table, at))
        return tuple(dict.fromkeys(links))

    @cached_property
    def _writer(self) -> dict[tuple[Location, str], str]:
        return {(access.at, access.table): access.definition for access in self.graph.accesses if access.mode == "write"}

    @cached_property
    def _called(self) -> dict[str, list[Edge]]:
        found: dict[str, list[Edge]] = {}
        for edge in self.graph.edges:
            if edge.kind in ("call", "signal"):
                found.setdefault(edge.src, []).append(edge)
        return found

    def _calls(self, source: str, target: str) -> list[Link]:
        """The fewest calls from one definition to another; nothing where the source does it itself."""
        before: dict[str, Link | None] = {source: None}
        waiting = [source]
        for definition in waiting:
            if definition == target:
                break
            for edge in self._called.get(definition, ()):
                if edge.dst not in before:
                    before[edge.dst] = Link(definition, edge.dst, min(edge.at))
                    waiting.append(edge.dst)
        chain: list[Link] = []
        step = before.get(target)
        while step is not None:
            chain.append(step)
            step = before[step.source]
        return chain[::-1]
