"""Dependency graphs of published studies, as the code graph that an analysis would give, with every name hidden.

A file holds ``nodes``, ``edges`` (``src``, ``dst``, ``kind``, ``weight``) and, where known, ``tables`` with their ``access``,
``transactions`` and a ``reference_partition``. Nodes become modules ``n0001`` without a package, so that neither folders nor the words of
names help; evidence that a file brings ready-made (words, commits) is handed to the cut as observed. Entities that are read and written but
call nothing become tables.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from decompose.model.codegraph import CodeGraph, Definition, Edge, Module
from decompose.model.contexts import ContextMap
from decompose.model.facts import Access, Table, Transaction
from decompose.model.location import Location

_EDGES: Mapping[str, str] = {"import": "import", "use": "call", "call": "call", "inherit": "inherit", "implement": "inherit", "heap": "reference"}
"""Kinds of a file's edges, in our words. ``call_return`` repeats ``call``; foreign keys are priced, not drawn."""

_OBSERVED: Mapping[str, str] = {"semantic_debiased": "name", "cochange": "cochange"}
_READS = ("R", "SELECT", "read")


@dataclass(frozen=True)
class Benchmark:
    """A graph under hidden names: ``name_of`` gives back its own, ``reference`` its true parts by its own names."""

    name: str
    graph: CodeGraph
    observed: Mapping[str, Mapping[tuple[str, str], float]]
    name_of: Mapping[str, str]
    tables: Mapping[str, str]
    foreign_keys: tuple[tuple[str, str], ...]
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def reference(self) -> Mapping[str, str]:
        return self.raw.get("reference_partition") or {}

    def partition(self, found: ContextMap) -> dict[str, str]:
        """The context of every node, by the node's own name; what no context holds stands alone."""
        place = {entry.module: entry.context for entry in found.memberships}
        parts = {own: place.get(hidden, f"alone {hidden}") for hidden, own in self.name_of.items()}
        owner = {entry.table: entry.owner for entry in found.ownership}
        parts.update((own, owner.get(hidden) or f"alone {hidden}") for hidden, own in self.tables.items() if own in self.reference)
        return parts


def read(path: Path) -> Benchmark:
    raw = json.loads(path.read_text(encoding="utf-8"))
    entities = {node["id"] for node in raw["nodes"] if node.get("kind") == "entity"}
    ids = sorted(node["id"] for node in raw["nodes"] if node["id"] not in entities)
    hidden = {own: f"n{number:04}" for number, own in enumerate(ids)}
    declared = sorted(entities | {table["id"] for table in raw.get("tables", ())})
    tables = {own: f"t{number:04}" for number, own in enumerate(declared)}
    places: dict[tuple[str, str, str], int] = {}
    for edge in raw["edges"]:
        kind = _EDGES.get(edge["kind"])
        if kind and edge["src"] in hidden and edge["dst"] in hidden:
            key = (hidden[edge["src"]], hidden[edge["dst"]], kind)
            places[key] = places.get(key, 0) + max(1, int(edge.get("weight", 1)))
    accesses, transactions = _data(raw, hidden, tables)
    return Benchmark(
        name=path.stem,
        graph=_graph(hidden, tables, places, accesses, transactions),
        observed={
            ours: {
                (hidden[e["src"]], hidden[e["dst"]]): float(e["weight"])
                for e in raw["edges"] if e["kind"] == theirs and e["src"] in hidden and e["dst"] in hidden
            }
            for theirs, ours in _OBSERVED.items()
        },
        name_of={new: own for own, new in hidden.items()},
        tables={new: own for own, new in tables.items()},
        foreign_keys=tuple((e["src"], e["dst"]) for e in raw["edges"] if e["kind"] == "fk"),
        raw=raw,
    )


def _data(raw: Mapping[str, Any], hidden: Mapping[str, str], tables: Mapping[str, str]) -> tuple[list[Access], list[Transaction]]:
    accesses: list[Access] = []
    transactions: list[Transaction] = []

    def access(node: str, table: str, operation: str, at: Location) -> None:
        mode = "read" if operation in _READS else "write"
        accesses.append(Access(node, table, mode, at))  # type: ignore[arg-type]

    for table in raw.get("tables", ()):
        for number, entry in enumerate(table.get("access", ()), start=1):
            if entry["node"] in hidden:
                node = hidden[entry["node"]]
                access(node, tables[table["id"]], entry["op"], Location(f"{node}.py", number))
    for edge in raw["edges"]:
        if edge["kind"] in ("read", "write") and edge["src"] in hidden and edge["dst"] in tables:
            node = hidden[edge["src"]]
            access(node, tables[edge["dst"]], edge["kind"], Location(f"{node}.py", 1))
    for number, transaction in enumerate(raw.get("transactions", ())):
        entry = transaction["entry"] if transaction["entry"] in hidden else transaction["entry"].rpartition(".")[0]
        if entry not in hidden:
            continue
        # Lines of its own: what the transaction reaches is known, the lines on which it does are not.
        path = f"transaction{number}.py"
        for line, (table, operation) in enumerate(transaction.get("tables", ()), start=1):
            access("", tables[table], operation, Location(path, line))
        transactions.append(Transaction(hidden[entry], Location(path, 1), end_line=len(transaction.get("tables", ())) or 1))
    return accesses, transactions


def _graph(
    hidden: Mapping[str, str],
    tables: Mapping[str, str],
    places: Mapping[tuple[str, str, str], int],
    accesses: list[Access],
    transactions: list[Transaction],
) -> CodeGraph:
    edges = tuple(
        Edge(src, dst, kind, tuple(Location(f"{src}.py", line) for line in range(1, count + 1)))  # type: ignore[arg-type]
        for (src, dst, kind), count in sorted(places.items())
    )
    return _code_graph(
        modules=tuple(Module(name, f"{name}.py", 100) for name in sorted(hidden.values())),
        edges=edges,
        tables=tuple(Table(name, "", Location("tables.sql", 1), "sql") for name in sorted(tables.values())),
        accesses=tuple(accesses),
        transactions=tuple(transactions),
    )


def _code_graph(modules: tuple[Module, ...], **facts: Any) -> CodeGraph:
    """A code graph with no more than the facts given."""
    nothing = {name: () for name in CodeGraph.__struct_fields__ if name not in ("files", "lines", "digest", "runtime", *facts)}
    return CodeGraph(**{**nothing, **facts, "modules": modules}, files=len(modules), lines=sum(m.lines for m in modules), digest="")


def grown(modules: int, definitions: int, tables: int = 300, seed: int = 0) -> CodeGraph:
    """A monolith of random shape: forty packages, four of five dependencies within one, a tenth of the modules with data."""
    draw = random.Random(seed)
    names = [f"shop.part{number % 40}.module{number}" for number in range(modules)]
    known = [f"{names[number % modules]}.f{number}" for number in range(definitions)]
    edges: dict[tuple[str, str, str], int] = {}

    def near(number: int) -> int:
        here = number % modules
        return draw.randrange(here % 40, modules, 40) if draw.random() < 0.8 else int(modules * draw.random() ** 2)

    for number in range(modules):
        for _ in range(6):
            edges[names[number], names[near(number)], "import"] = 1
    for number in range(definitions):
        for _ in range(3):
            target = near(number)
            edges[known[number], known[min(target + modules * draw.randrange(definitions // modules), definitions - 1)], "call"] = 1
    data = [Table(f"t{number}", f"{names[number]}.f{number}", Location(f"{number}.py", 1), "sqlalchemy") for number in range(tables)]
    accesses = [
        Access(known[number], data[near(number) % tables].id, draw.choice(("read", "write")), Location(f"{number}.py", number))
        for number in range(0, definitions, 5)
    ]
    return _code_graph(
        modules=tuple(Module(name, f"{name.replace('.', '/')}.py", 100) for name in sorted(names)),
        definitions=tuple(
            Definition(name, name.rpartition(".")[0], "function", number // modules * 10 + 1, number // modules * 10 + 9, name)
            for number, name in enumerate(known)
        ),
        edges=tuple(Edge(a, b, kind, (Location(f"{a}.py", 1),)) for (a, b, kind) in sorted(edges) if a != b),  # type: ignore[arg-type]
        tables=tuple(data),
        accesses=tuple(accesses),
    )
