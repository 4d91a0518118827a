"""How strongly modules belong together, by kind of evidence.

Everything an analysis knows becomes links between three sorts of nodes: modules, tables and words. Tables and words are nodes
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
from heapq import nsmallest
from itertools import combinations
from typing import NamedTuple

from decompose.cut.partition import Adjacency
from decompose.cut.transactions import UnitOfWork
from decompose.cut.words import LAYERS, TECHNICAL, domain_words, segment_word, singular
from decompose.errors import ConfigError
from decompose.model.codegraph import CodeGraph


class Kind(NamedTuple):
    """A kind of evidence: its weight unless ``[weights]`` says otherwise, and why."""

    weight: float
    reason: str


KINDS: Mapping[str, Kind] = {
    "import": Kind(1.0, "the plainest dependency, and the one that every file has"),
    "call": Kind(0.5, "says which imports are used, and how much"),
    "inherit": Kind(0.1, "base classes are mostly technical; with more weight than this they drag unrelated parts together"),
    "reference": Kind(0.3, "names used without a call: exceptions, constants, settings strings"),
    "signal": Kind(0.2, "made to decouple: an event is easy to cut"),
    "task": Kind(0.2, "asynchronous already: easy to cut"),
    "template": Kind(0.2, "pages often mix parts of the domain"),
    "data": Kind(1.0, "shared tables are what is hardest to take apart; a write counts three times a read"),
    "tx": Kind(0.6, "tables written in one commit lose that commit when they are cut"),
    "route": Kind(0.3, "a path prefix is a domain word chosen for outsiders"),
    "name": Kind(0.15, "words of classes and functions, without those common to all files of the same layer"),
    "package": Kind(1.0, "folders are the team's own opinion: a prior, not the result; 0 hides all paths"),
    "cochange": Kind(0.1, "files committed together; weak because of sweeping commits"),
    "fk": Kind(0.0, "a foreign key is a cost of the cut, not a reason against it: most true boundaries have some"),
}
"""Kinds of evidence with their weights. Found with paths hidden on systems whose true modules are known: damping on both ends
matters most, names and co-change help while they stay weak, inheritance and foreign keys harm."""

_TYPING_ONLY = 0.2
"""An import for type checkers, relative to one that runs."""

_DEFINES = 1.5
"""The pull between a table and the module that maps it, relative to a write; damped where one file maps many tables."""

_NEIGHBOURS = 5
_LEAST_SIMILAR = 0.1
_WORDS_PER_MODULE = 10
_WIDEST_WORD = 40
"""A word of more modules than this finds no neighbours: it costs their square and tells little."""

_CONTAINER = 0.4
"""A package with more than this share of all modules is the project or a container such as ``apps``, not a context."""

_APPLICATION = 3.0
"""The pull of an application, relative to any other package: it was made to be a unit, so only strong evidence takes it apart."""

_VERTICAL = 3
"""Layers within one package from which it counts as an application."""

_SIZEABLE = 0.04
"""Share of the modules from which a package can be an application without a table of its own."""

_SWEEPING = 30
"""A commit that touches more modules than this says nothing about any two of them."""

Link = tuple[int, int]

Observed = Mapping[str, Mapping[tuple[str, str], float]]
"""Evidence from elsewhere: by kind, the strength between two ids of modules, definitions or ``table:<id>``."""


@dataclass(frozen=True)
class Coupling:
    """The evidence of one project. ``links[kind][(i, j)]`` with ``i < j`` is damped strength before the kind's weight.

    ``nodes`` are ids: modules first (``modules`` of them, sorted), then ``table:<id>`` and ``<kind>:<word>`` nodes.
    """

    nodes: tuple[str, ...]
    modules: int
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
        if not (weight >= 0.0 and math.isfinite(weight)):
            raise ConfigError(f"the weight of {kind!r} is {weight}", hint="weights are numbers from 0")
        chosen[kind] = float(weight)
    return chosen


def coupling(
    graph: CodeGraph,
    modules: Sequence[str],
    units: Sequence[UnitOfWork] = (),
    commits: Iterable[Collection[str]] = (),
    overrides: Iterable[tuple[str, float]] = (),
    observed: Observed | None = None,
) -> Coupling:
    """The evidence between ``modules`` (sorted ids); each of ``commits`` is the set of paths changed together."""
    chosen = weights(overrides)
    build = _Builder(graph, tuple(modules))
    build.dependencies()
    build.data(units)
    build.routes()
    if chosen["name"] > 0.0:
        build.names()
    if chosen["package"] > 0.0:
        build.packages()
    build.cochange(commits)
    if chosen["fk"] > 0.0:
        build.foreign_keys()
    build.observed(observed or {})
    return Coupling(tuple(build.nodes), len(modules), build.links, chosen)


def owners_of_code(graph: CodeGraph) -> dict[str, str]:
    """The module of every definition and module id."""
    found = {definition.id: definition.module for definition in graph.definitions}
    found.update((module.id, module.id) for module in graph.modules)
    return found


class _Builder:
    """Collects links; alive only inside :func:`coupling`."""

    def __init__(self, graph: CodeGraph, modules: tuple[str, ...]) -> None:
        self.graph = graph
        self.modules = modules
        self.nodes: list[str] = list(modules)
        self.index: dict[str, int] = {module: number for number, module in enumerate(modules)}
        self.module_of = owners_of_code(graph)
        self.links: dict[str, dict[Link, float]] = {}

    def node(self, name: str) -> int:
        number = self.index.get(name)
        if number is None:
            number = self.index[name] = len(self.nodes)
            self.nodes.append(name)
        return number

    def number(self, definition: str) -> int | None:
        """The node of a definition's module, ``None`` for one that takes no part in the cut."""
        return self.index.get(self.module_of.get(definition, definition))

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
        for edge in self.graph.edges:
            source = self.number(edge.src)
            if source is None or edge.when == "string":
                continue
            target = self.number(edge.dst)
            if target is None or source == target:
                continue
            strength = len(edge.at) * (_TYPING_ONLY if edge.when == "typing" else 1.0)
            row = places.setdefault(edge.kind, {})
            row[source, target] = row.get((source, target), 0.0) + strength
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

    def routes(self) -> None:
        handled: dict[str, set[int]] = {}
        for route in self.graph.routes:
            module = self.number(route.handler)
            word = route_word(route.path) if route.is_url and route.kind != "admin" else ""
            if module is not None and word:
                handled.setdefault(word, set()).add(module)
        self._tie("route", handled)

    def names(self) -> None:
        bags = _bags(self.graph, self.modules, self.module_of)
        links = self.links.setdefault("name", {})
        for i, j, similarity in _similar(bags):
            links[i, j] = similarity

    def packages(self) -> None:
        pulls: dict[tuple[str, int], float] = {}
        for number, module in enumerate(self.modules):
            for word, strength in _path_words(module, self._packages):
                key = (word, number)
                pulls[key] = max(pulls.get(key, 0.0), strength)
        carried = Counter(word for word, _ in pulls)
        links = self.links.setdefault("package", {})
        for (word, number), strength in sorted(pulls.items()):
            if carried[word] > 1:
                links[number, self.node(f"package:{word}")] = strength

    @cached_property
    def _packages(self) -> Packages:
        return packages(self.graph, self.modules)

    def cochange(self, commits: Iterable[Collection[str]]) -> None:
        by_path = {module.path: self.index[module.id] for module in self.graph.modules if module.id in self.index}
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


# --- package structure -------------------------------------------------------------------------


@dataclass(frozen=True)
class Packages:
    """What is known of a project's folders."""

    containers: frozenset[str]
    applications: frozenset[str]


def packages(graph: CodeGraph, modules: Sequence[str]) -> Packages:
    """Which packages hold (nearly) everything, and which are applications.

    An application in the framework's sense has its own ``apps`` module or its own migrations; a package with files of three
    layers and more (models, views, forms) is one in its makers' eyes. Either needs a table or :data:`_SIZEABLE` of the modules.
    """
    inside: Counter[str] = Counter()
    layers: dict[str, set[str]] = {}
    for module in modules:
        inside.update(_ancestors(module))
        parent, _, last = module.rpartition(".")
        if last in LAYERS and last not in TECHNICAL:
            layers.setdefault(parent, set()).add(singular(last))
    most = _CONTAINER * len(modules)
    containers = frozenset(package for package, count in inside.items() if count > most and count > 2)
    applications = {p for p, found in layers.items() if len(found) >= _VERTICAL and p.rpartition(".")[2] not in TECHNICAL}
    for entry in graph.modules:
        parent, _, last = entry.id.rpartition(".")
        if parent and last == "apps":
            applications.add(parent)
        elif entry.role == "migration" and ".migrations" in entry.id:
            applications.add(entry.id.split(".migrations", 1)[0])
    module_of = owners_of_code(graph)
    with_tables = {package for table in graph.tables for package in _ancestors(module_of.get(table.model, ""))}
    applications &= with_tables | {package for package, count in inside.items() if count >= _SIZEABLE * len(modules)}
    applications -= {*containers, ""}
    return Packages(containers, frozenset(p for p in applications if not applications.intersection(_ancestors(p))))


def _ancestors(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _path_words(module: str, found: Packages) -> list[tuple[str, float]]:
    """Words of a module's path with their pull: 3 for an application, 1 for the outermost package, .5 for what lies in it."""
    pulls: list[tuple[str, float]] = []
    outermost = True
    for package in [*_ancestors(module), module]:
        segment = package.rpartition(".")[2]
        if package in found.applications:
            pulls.append((segment_word(segment) or segment, _APPLICATION))
            outermost = False
            continue
        word = segment_word(segment)
        if not word or package in found.containers:
            continue
        pulls.append((word, 1.0 if outermost else 0.5))
        outermost = False
    return pulls


def outer_package(module: str, found: Packages) -> str:
    """The application of a module, else its outermost package below the containers; ``""`` directly in a container."""
    below = [package for package in _ancestors(module) if package not in found.containers]
    return next((package for package in below if package in found.applications), below[0] if below else "")


def domain_package(module: str, found: Packages) -> str:
    """The package a module belongs to in its team's eyes: as :func:`outer_package`, but never one that names a layer."""
    below = [package for package in [*_ancestors(module), module] if package not in found.containers]
    application = next((package for package in below if package in found.applications), "")
    return application or next((p for p in below[:-1] if segment_word(p.rpartition(".")[2])), "")


# --- names -------------------------------------------------------------------------------------


def _bags(graph: CodeGraph, modules: Sequence[str], module_of: Mapping[str, str]) -> list[dict[str, float]]:
    """For every module the weights of its words, normalised to length 1.

    A word counts ``1 + ln(count)``, less the more modules have it, and less again the more modules *of the same stem* have
    it: words that every ``views.py`` has are words of the layer.
    """
    index = {module: number for number, module in enumerate(modules)}
    counts: list[Counter[str]] = [Counter() for _ in modules]
    for definition in graph.definitions:
        number = index.get(definition.module)
        if number is not None:
            counts[number].update(domain_words(definition.id.rpartition(".")[2]))
    for table in graph.tables:
        number = index.get(module_of.get(table.model, ""))
        if number is not None:
            counts[number].update(domain_words(table.model.rpartition(".")[2]))
    spoken: dict[str, tuple[str, ...]] = {}
    for edge in graph.edges:
        if edge.kind != "import":
            number = index.get(module_of.get(edge.src, edge.src))
            if number is not None and edge.dst != module_of.get(edge.dst):
                found = spoken.get(edge.dst)
                if found is None:
                    found = spoken[edge.dst] = tuple(domain_words(edge.dst.rpartition(".")[2]))
                bag = counts[number]
                for word in found:
                    bag[word] += 1
    spread: Counter[str] = Counter(word for bag in counts for word in bag)
    stems: dict[str, Counter[str]] = {}
    sizes: Counter[str] = Counter()
    for module, bag in zip(modules, counts, strict=True):
        stem = module.rpartition(".")[2]
        sizes[stem] += 1
        stems.setdefault(stem, Counter()).update(bag.keys())
    total = len(modules)
    bags = []
    for module, bag in zip(modules, counts, strict=True):
        stem = module.rpartition(".")[2]
        layer = stems[stem] if sizes[stem] >= 4 else Counter[str]()
        weighed = {
            word: (1.0 + math.log(count)) * math.log(total / spread[word]) * (1.0 - layer[word] / sizes[stem])
            for word, count in bag.items()
            if 1 < spread[word] <= min(_WIDEST_WORD, max(6.0, 0.2 * total))
        }
        strongest = sorted(weighed.items(), key=lambda item: (-item[1], item[0]))[:_WORDS_PER_MODULE]
        length = math.sqrt(sum(weight * weight for _, weight in strongest))
        bags.append({word: weight / length for word, weight in strongest if weight > 0.0} if length > 0.0 else {})
    return bags


def _similar(bags: Sequence[Mapping[str, float]]) -> list[tuple[int, int, float]]:
    """Pairs ``(i, j, cosine)`` with ``i < j``: of every module its nearest neighbours."""
    holders: dict[str, list[tuple[int, float]]] = {}
    for number, bag in enumerate(bags):
        for word, weight in bag.items():
            holders.setdefault(word, []).append((number, weight))
    pairs: dict[Link, float] = {}
    for number, bag in enumerate(bags):
        near: dict[int, float] = {}
        for word, weight in bag.items():
            for other, other_weight in holders[word]:
                if other in near:
                    near[other] += weight * other_weight
                else:
                    near[other] = weight * other_weight
        near.pop(number, None)
        alike = [(-similarity, other) for other, similarity in near.items() if similarity >= _LEAST_SIMILAR]
        for similarity, other in nsmallest(_NEIGHBOURS, alike):
            pairs[min(number, other), max(number, other)] = min(-similarity, 1.0)
    return [(i, j, similarity) for (i, j), similarity in sorted(pairs.items())]

