"""How strongly modules belong together, by kind of evidence.

Everything an analysis knows becomes links between three sorts of nodes: atoms (modules, or definitions of mixed ones), tables and words. Tables and words are nodes
so that forty modules using one table cost forty links, not eight hundred, and so that a table is drawn to its users and
not only to the file that happens to declare it.

Links are damped on both ends: a module imported by two hundred others says little about any of them, and neither does the
root ``urls.py`` that imports them all. With ``n`` the number of links at an end, a link counts
``1 / sqrt(n at source * n at target)``; several places in the same pair count ``1 + ln(places)``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

from decompose.cut.atoms import Atoms
from decompose.cut.partition import Adjacency
from decompose.cut.structure import packages, path_words
from decompose.cut.transactions import UnitOfWork
from decompose.cut.vocabulary import Vocabulary
from decompose.cut.words import segment_word
from decompose.errors import ConfigError
from decompose.model.codegraph import CodeGraph


class Kind(NamedTuple):
    """A kind of evidence: its weight unless ``[weights]`` says otherwise, and why."""

    weight: float
    reason: str


KINDS: Mapping[str, Kind] = {
    "import": Kind(1.0, "the plainest dependency, and the one that every file has"),
    "call": Kind(0.5, "says which imports are used, and how much"),
    "inherit": Kind(0.05, "base classes are mostly technical; with more weight than this they drag unrelated parts together"),
    "reference": Kind(0.3, "names used without a call: exceptions, constants, settings strings"),
    "signal": Kind(0.2, "made to decouple: an event is easy to cut"),
    "task": Kind(0.2, "asynchronous already: easy to cut"),
    "template": Kind(0.2, "pages often mix parts of the domain"),
    "data": Kind(1.0, "shared tables are what is hardest to take apart; a write counts three times a read"),
    "tx": Kind(1.2, "tables of one commit lose that commit when they are cut; what it only reads counts a third"),
    "route": Kind(0.3, "a path prefix is a domain word chosen for outsiders"),
    "name": Kind(0.15, "words of classes and functions, without those common to all files of the same layer"),
    "topic": Kind(0.5, "words of tables in the names of what a file defines and serves: what it is about, whatever its layer"),
    "file": Kind(1.0, "definitions of a file that is taken apart: written together, so they stay unless something pulls"),
    "package": Kind(1.0, "folders are the team's own opinion: a prior, not the result; 0 hides all paths"),
    "cochange": Kind(0.1, "files committed together; weak because of sweeping commits"),
    "coverage": Kind(0.3, "dependencies on lines that ran while the program was measured; what never ran gets nothing on top"),
    "statement": Kind(0.4, "tables that the database saw in one statement; weak where it only follows a key to look up a name"),
    "span": Kind(0.5, "who led to whom and to which table in recorded traces, by the logarithm of how often"),
    "trace": Kind(0.6, "tables written by one request or task: what a commit is in the code, seen at run time"),
    "fk": Kind(0.0, "a foreign key is a cost of the cut, not a reason against it: most true boundaries have some"),
}
"""Kinds of evidence with their weights. Found with paths hidden on systems whose true modules are known: damping on both ends
matters most, names and co-change help while they stay weak, inheritance and foreign keys harm."""

_HEAVIEST = 1000.0
_TYPING_ONLY = 0.2
"""An import for type checkers, relative to one that runs."""

_DEFINES = 1.5
"""The pull between a table and the module that maps it, relative to a write; damped where one file maps many tables."""

_OF_FILE = 0.5
"""What the folder says of a definition in a file that is taken apart, relative to what it says of the file."""

_READ_INSIDE = 1 / 3
"""The pull of a table that a transaction only reads, relative to one that it writes: as for accesses."""

_SWEEPING = 30
"""A commit that touches more modules than this says nothing about any two of them."""

Link = tuple[int, int]

Observed = Mapping[str, Mapping[tuple[str, str], float]]
"""Evidence from elsewhere: by kind, the strength between two ids of modules, definitions or ``table:<id>``."""


@dataclass(frozen=True)
class Coupling:
    """The evidence of one project. ``links[kind][(i, j)]`` with ``i < j`` is damped strength before the kind's weight.

    ``nodes`` are ids: atoms first (``atoms`` of them), then ``table:<id>`` and ``<kind>:<word>`` nodes.
    """

    nodes: tuple[str, ...]
    atoms: int
    links: Mapping[str, Mapping[Link, float]]
    weights: Mapping[str, float]

    @cached_property
    def index(self) -> Mapping[str, int]:
        return {node: number for number, node in enumerate(self.nodes)}

    @cached_property
    def graph(self) -> Adjacency:
        """All kinds together, each with its weight."""
        adjacency: Adjacency = [{} for _ in self.nodes]
        for kind, links in self.links.items():
            weight = self.weights.get(kind, 0.0)
            if weight <= 0.0:
                continue
            for (i, j), strength in links.items():
                value = weight * strength
                adjacency[i][j] = adjacency[i].get(j, 0.0) + value
                adjacency[j][i] = adjacency[j].get(i, 0.0) + value
        return adjacency


def weights(overrides: Iterable[tuple[str, float]] = ()) -> dict[str, float]:
    """The weight of every kind. Raises :class:`ConfigError` for a kind that does not exist or a negative weight."""
    chosen = {kind: entry.weight for kind, entry in KINDS.items()}
    for kind, weight in overrides:
        if kind not in chosen:
            raise ConfigError(f"there is no kind of evidence called {kind!r}", hint=f"kinds are {', '.join(KINDS)}")
        if not 0.0 <= weight <= _HEAVIEST:
            raise ConfigError(f"the weight of {kind!r} is {weight}", hint=f"weights are numbers from 0 to {_HEAVIEST:.0f}")
        chosen[kind] = float(weight)
    return chosen


def coupling(
    graph: CodeGraph,
    parts: Atoms,
    units: Sequence[UnitOfWork] = (),
    commits: Iterable[Collection[str]] = (),
    overrides: Iterable[tuple[str, float]] = (),
    observed: Observed | None = None,
) -> Coupling:
    """The evidence between atoms; each of ``commits`` is the set of paths changed together."""
    chosen = weights(overrides)
    build = _Builder(graph, parts)
    build.dependencies()
    build.data(units)
    build.routes()
    build.files()
    if chosen["name"] > 0.0 or chosen["topic"] > 0.0:
        build.words()
    if chosen["package"] > 0.0:
        build.packages()
    build.cochange(commits)
    if chosen["fk"] > 0.0:
        build.foreign_keys()
    build.observed(observed or {})
    return Coupling(tuple(build.nodes), len(parts.ids), build.links, chosen)


class _Builder:
    """Collects links; alive only inside :func:`coupling`."""

    def __init__(self, graph: CodeGraph, parts: Atoms) -> None:
        self.graph = graph
        self.parts = parts
        self.nodes: list[str] = list(parts.ids)
        self.index: dict[str, int] = {atom: number for number, atom in enumerate(parts.ids)}
        self.links: dict[str, dict[Link, float]] = {}

    def node(self, name: str) -> int:
        number = self.index.get(name)
        if number is None:
            number = self.index[name] = len(self.nodes)
            self.nodes.append(name)
        return number

    def number(self, definition: str) -> int | None:
        """The node of a definition's or module's atom, ``None`` for one that takes no part in the cut."""
        return self.index.get(self.parts.of.get(definition, ""))

    def damped(self, kind: str, strengths: Mapping[Link, float]) -> None:
        """Adds directed ``(source, target)`` strengths, divided by the number of links at both ends."""
        outgoing = Counter(source for source, _ in strengths)
        incoming = Counter(target for _, target in strengths)
        links = self.links.setdefault(kind, {})
        for (source, target), strength in strengths.items():
            key = (source, target) if source < target else (target, source)
            links[key] = links.get(key, 0.0) + strength / math.sqrt(outgoing[source] * incoming[target])

    def dependencies(self) -> None:
        places: dict[str, dict[Link, float]] = {}
        imports: list[tuple[str, str, float]] = []
        used: dict[tuple[str, str], set[Link]] = {}
        opened, module = self.parts.opened, self.parts.module
        for edge in self.graph.edges:
            source = self.number(edge.src)
            if source is None or edge.when == "string":
                continue
            target = self.number(edge.dst)
            if target is None or source == target:
                continue
            strength = len(edge.at) * (_TYPING_ONLY if edge.when == "typing" else 1.0)
            ends = (module[self.nodes[source]], module[self.nodes[target]])
            if ends[0] in opened or ends[1] in opened:
                if edge.kind == "import":
                    imports.append((*ends, strength))
                    continue
                used.setdefault(ends, set()).add((source, target))
            row = places.setdefault(edge.kind, {})
            row[source, target] = row.get((source, target), 0.0) + strength
        # An import into or out of a file that is taken apart counts for the definitions that use each other through it.
        for here, there, strength in imports:
            pairs = used.get((here, there)) or {(self.index[here], self.index[there])}
            row = places.setdefault("import", {})
            for pair in sorted(pairs):
                row[pair] = row.get(pair, 0.0) + strength / len(pairs)
        for kind in sorted(places):
            self.damped(kind, {pair: _several(count) for pair, count in places[kind].items()})

    def data(self, units: Sequence[UnitOfWork]) -> None:
        places: dict[Link, float] = {}
        for access in self.graph.accesses:
            module = self.number(access.definition)
            if module is None:
                continue
            key = (module, self.node(f"table:{access.table}"))
            strength = (3.0 if access.mode == "write" else 1.0) * (1.0 if access.certain else 0.5)
            places[key] = places.get(key, 0.0) + strength
        self.damped("data", {pair: _several(count) for pair, count in places.items()})
        mapped: dict[int, list[int]] = {}
        for table in self.graph.tables:
            module = self.number(table.model) if table.model else None
            if module is not None:
                mapped.setdefault(module, []).append(self.node(f"table:{table.id}"))
        links = self.links["data"]
        for module, tables in mapped.items():
            for table_node in tables:
                key = (module, table_node)
                links[key] = links.get(key, 0.0) + _DEFINES / math.sqrt(len(tables))
        self._transactions(units)

    def _transactions(self, units: Sequence[UnitOfWork]) -> None:
        written = [unit.written for unit in units]
        seen = Counter(table for tables in written for table in tables)
        read = Counter(table for unit in units for table in unit.tables)
        links = self.links.setdefault("tx", {})
        for unit, tables in zip(units, written, strict=True):
            nodes = [(self.node(f"table:{table}"), seen[table]) for table in tables]
            # A commit over many tables is an orchestration: its pull is shared out among its pairs.
            for (i, often), (j, too) in combinations(nodes, 2):
                key = (i, j) if i < j else (j, i)
                links[key] = links.get(key, 0.0) + 1.0 / ((len(nodes) - 1) * math.sqrt(often * too))
            module = self.number(unit.definition)
            if module is not None:
                for node, often in nodes:
                    links[module, node] = links.get((module, node), 0.0) + 1.0 / (len(nodes) * math.sqrt(often))
                only_read = [table for table in unit.tables if table not in tables]
                for table in only_read:
                    key = (module, self.node(f"table:{table}"))
                    links[key] = links.get(key, 0.0) + _READ_INSIDE / (len(unit.tables) * math.sqrt(read[table]))

    def routes(self) -> None:
        handled: dict[str, set[int]] = {}
        for route in self.graph.routes:
            module = self.number(route.handler)
            word = route_word(route.path) if route.is_url and route.kind != "admin" else ""
            if module is not None and word:
                handled.setdefault(word, set()).add(module)
        self._tie("route", handled)

    def files(self) -> None:
        """Definitions of a file that is taken apart hold on to the rest of it."""
        links = self.links.setdefault("file", {})
        for module, definitions in self.parts.inside.items():
            for definition in definitions:
                i, j = sorted((self.index[module], self.index[definition]))
                links[i, j] = 1.0

    def words(self) -> None:
        vocabulary = Vocabulary(self.graph, self.parts)
        self.links["name"] = {(i, j): similarity for i, j, similarity in vocabulary.alike()}
        links = self.links.setdefault("topic", {})
        for (number, word), strength in vocabulary.topics().items():
            links[number, self.node(f"topic:{word}")] = strength

    def packages(self) -> None:
        pulls: dict[tuple[str, int], float] = {}
        modules = sorted(set(self.parts.module.values()))
        found = packages(self.graph, modules)
        for number, atom in enumerate(self.parts.ids):
            module = self.parts.module[atom]
            for word, strength in path_words(module, found):
                key = (word, number)
                pulls[key] = max(pulls.get(key, 0.0), strength if atom == module else _OF_FILE * strength)
        carried = Counter(word for word, _ in pulls)
        links = self.links.setdefault("package", {})
        for (word, number), strength in sorted(pulls.items()):
            if carried[word] > 1:
                links[number, self.node(f"package:{word}")] = strength

    def cochange(self, commits: Iterable[Collection[str]]) -> None:
        by_path = {module.path: self.index[module.id] for module in self.graph.modules if module.id in self.index and module.id not in self.parts.opened}
        together: Counter[Link] = Counter()
        alone: Counter[int] = Counter()
        for commit in commits:
            changed = sorted({by_path[path] for path in commit if path in by_path})
            if len(changed) > _SWEEPING:
                continue
            alone.update(changed)
            together.update(combinations(changed, 2))
        links = self.links.setdefault("cochange", {})
        for (i, j), count in sorted(together.items()):
            if count > 1:
                links[i, j] = count / math.sqrt(alone[i] * alone[j])

    def foreign_keys(self) -> None:
        tables = {(key.table, key.target) for key in self.graph.foreign_keys if key.table != key.target}
        self.damped("fk", {(self.node(f"table:{a}"), self.node(f"table:{b}")): 1.0 for a, b in sorted(tables)})

    def observed(self, seen: Observed) -> None:
        for kind in sorted(seen):
            links = self.links.setdefault(kind, {})
            for (first, second), strength in sorted(seen[kind].items()):
                i, j = self._known(first), self._known(second)
                if i is not None and j is not None and i != j:
                    key = (i, j) if i < j else (j, i)
                    links[key] = links.get(key, 0.0) + strength

    def _known(self, name: str) -> int | None:
        return self.node(name) if name.startswith("table:") else self.number(name)

    def _tie(self, kind: str, groups: Mapping[str, Collection[int]]) -> None:
        """Ties the members of each group to a node of the group's name."""
        links = self.links.setdefault(kind, {})
        for word in sorted(groups):
            if len(groups[word]) > 1:
                node = self.node(f"{kind}:{word}")
                for number in sorted(groups[word]):
                    links[number, node] = 1.0


def _several(count: float) -> float:
    return 1.0 + math.log(count) if count > 1.0 else count


def route_word(path: str) -> str:
    """The first word of a route that may name a part of the domain: ``/api/v1/orders/<int:pk>/`` gives ``order``."""
    for segment in path.strip("^/").split("/"):
        if segment and segment[0] not in "<{(?:":
            word = segment_word(segment)
            if word:
                return word
    return ""
