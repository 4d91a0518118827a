"""What the cut moves: whole modules, and the definitions of modules that belong to several contexts.

Most files are of one part of the domain and move whole. A file of a layer (all models, all tasks, the helpers of a view) is not: a rough
cut of whole modules shows which files are mixed, and only these are opened, so that their definitions can go where their use is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from decompose.model.codegraph import CodeGraph

_MIXED = 0.2
"""Share of a file's lines, in definitions that are drawn elsewhere, from which the file is opened."""

_FEW = 2
"""Definitions drawn elsewhere from which a file is opened: one stray function is no second subject."""


@dataclass(frozen=True)
class Atoms:
    """``ids`` are sorted: modules, then the top-level definitions of the ``opened`` ones (each also stands for its own rest).

    ``of`` maps a module or definition to its atom, ``module`` an atom to its module, ``lines`` an atom to its size.
    """

    ids: tuple[str, ...]
    of: Mapping[str, str]
    module: Mapping[str, str]
    lines: Mapping[str, int]
    opened: frozenset[str] = frozenset()

    @cached_property
    def inside(self) -> Mapping[str, tuple[str, ...]]:
        """The definitions of every opened module that are atoms."""
        found: dict[str, list[str]] = {module: [] for module in sorted(self.opened)}
        for atom in self.ids:
            if self.module[atom] != atom:
                found[self.module[atom]].append(atom)
        return {module: tuple(definitions) for module, definitions in found.items()}


def atoms(graph: CodeGraph, members: Sequence[str], opened: frozenset[str] = frozenset()) -> Atoms:
    """The atoms of the modules ``members`` (sorted) when those of ``opened`` are taken apart."""
    taking_part = set(members)
    lines = {module.id: module.lines for module in graph.modules if module.id in taking_part}
    of = {module: module for module in members}
    module = dict(of)
    tops = []
    for definition in graph.definitions:
        if definition.module in opened:
            of[definition.id] = definition.top
            if definition.id == definition.top and definition.id not in module:
                tops.append(definition.id)
                module[definition.id] = definition.module
                lines[definition.id] = definition.end_line - definition.line + 1
                lines[definition.module] -= lines[definition.id]
        elif definition.module in taking_part:
            of[definition.id] = definition.module
    # Definitions that stand under several conditions cover the same lines twice.
    lines = {atom: max(count, 0) for atom, count in lines.items()}
    return Atoms((*members, *sorted(tops)), of, module, lines, opened)


def mixed(graph: CodeGraph, members: Sequence[str], community: Mapping[str, int]) -> frozenset[str]:
    """Modules of which a good part is drawn to other communities than most of the module.

    ``community`` gives the communities of a rough cut, of modules and of ``table:<id>`` nodes. A definition is drawn to where what it uses, and
    what uses it, is: each neighbour counts less the more neighbours it has; a table that is written counts three times.
    """
    taking_part = set(members)
    top = {d.id: d.top for d in graph.definitions if d.module in taking_part}
    module_of = {d.id: d.module for d in graph.definitions}
    pulls: dict[str, Counter[int]] = {}
    links: dict[tuple[str, str], float] = {}

    def neighbour(id: str) -> str:
        return module_of.get(id, id)

    def link(definition: str, other: str, strength: float) -> None:
        if definition in top and other in community:
            key = (top[definition], other)
            links[key] = max(links.get(key, 0.0), strength)

    for edge in graph.edges:
        if edge.kind == "import" or edge.when in ("typing", "string"):
            continue
        source, target = neighbour(edge.src), neighbour(edge.dst)
        if source != target:
            link(edge.src, target, 1.0)
            link(edge.dst, source, 1.0)
    for access in graph.accesses:
        link(access.definition, f"table:{access.table}", 3.0 if access.mode == "write" else 1.0)
    for table in graph.tables:
        link(table.model, f"table:{table.id}", 3.0)
    often = Counter(other for _, other in links)
    for (definition, other), strength in links.items():
        pulls.setdefault(definition, Counter())[community[other]] += strength / often[other] ** 0.5
    size = {d.id: d.end_line - d.line + 1 for d in graph.definitions if d.id == d.top and d.id in pulls}
    drawn: dict[str, Counter[int]] = {}
    count: dict[str, Counter[int]] = {}
    for definition, lines in size.items():
        best = min(pulls[definition], key=lambda c: (-pulls[definition][c], c))
        drawn.setdefault(module_of[definition], Counter())[best] += lines
        count.setdefault(module_of[definition], Counter())[best] += 1
    found = set()
    for module, shares in drawn.items():
        home = min(shares, key=lambda c: (-shares[c], c))
        whole = sum(shares.values())
        if whole - shares[home] >= _MIXED * whole and sum(count[module].values()) - count[module][home] >= _FEW:
            found.add(module)
    return frozenset(found)


def settled(parts: Atoms, place: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """The place of every module, and of the definitions that go elsewhere than their module.

    A module goes where most of its lines are; it moves whole when the rest is less than :data:`_MIXED`.
    """
    modules: dict[str, int] = {}
    apart: dict[str, int] = {}
    for atom in parts.ids:
        if parts.module[atom] == atom and atom not in parts.opened and atom in place:
            modules[atom] = place[atom]
    for module, definitions in parts.inside.items():
        shares: Counter[int] = Counter()
        for definition in definitions:
            if definition in place:
                shares[place[definition]] += parts.lines[definition]
        if module in place:
            shares[place[module]] += parts.lines[module]
        if not shares:
            continue
        home = modules[module] = min(shares, key=lambda c: (-shares[c], c))
        leaving = {d: place[d] for d in definitions if place.get(d, home) != home}
        if sum(parts.lines[d] for d in leaving) >= _MIXED * sum(shares.values()):
            apart.update(leaving)
    return modules, apart
