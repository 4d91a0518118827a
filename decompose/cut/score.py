"""The figures of a cut, always together: any one of them can be had for nothing by a bad cut.

One context that holds everything has no cut edge; a context for each module has no large share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from decompose.cut.structure import owners_of_code
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import ContextTransaction, CutForeignKey, Ownership, Scores

GOOD_LARGEST = 0.4
"""A cut with a larger share than this in one context has not decided much."""

_DEPENDENCIES = frozenset({"import", "call", "inherit", "reference"})


def scores(
    graph: CodeGraph,
    depends: Mapping[tuple[str, str], int],
    place: Mapping[str, str],
    roles: Mapping[str, str],
    ownership: Iterable[Ownership],
    keys: Iterable[CutForeignKey],
    transactions: Iterable[ContextTransaction],
    modularity: float,
    stability: float,
) -> Scores:
    """All figures of one cut. ``place`` maps modules to contexts, ``depends`` comes from :func:`dependencies`.

    Shares count modules that are neither tests nor migrations. ``inter_context_share`` is the share of dependencies (places of
    imports, calls, base classes, references) between modules of domain contexts that cross from one to another; use of shared
    code crosses nothing.
    """
    crossing_keys = [key for key in keys if key.cut]
    counted = [module.id for module in graph.modules if module.role in ("code", "settings")]
    sizes = Counter(place[module] for module in counted if place.get(module))
    domain = {context: size for context, size in sizes.items() if roles.get(context) != "shared"}
    placed = sum(sizes.values())
    between, whole = crossing(depends, place, roles)
    return Scores(
        contexts=sum(1 for role in roles.values() if role != "shared"),
        largest_share=round(max(domain.values(), default=0) / len(counted), 4) if counted else 0.0,
        coverage=round(placed / len(counted), 4) if counted else 0.0,
        inter_context_share=round(between / whole, 4) if whole else 0.0,
        cut_foreign_keys=len(crossing_keys),
        cut_transactions=sum(1 for transaction in transactions if transaction.cut),
        contested_tables=sum(1 for entry in ownership if entry.contested),
        modularity=round(modularity, 4),
        stability=round(stability, 4),
        cut_many_to_many=sum(1 for key in crossing_keys if key.kind == "many-to-many"),
    )


def dependencies(graph: CodeGraph) -> dict[tuple[str, str], int]:
    """Places of dependencies (imports, calls, base classes, references that run) by the two code modules."""
    module_of = owners_of_code(graph)
    code = {module.id for module in graph.modules if module.role == "code"}
    found: dict[tuple[str, str], int] = {}
    for edge in graph.edges:
        if edge.kind not in _DEPENDENCIES or edge.when in ("typing", "string"):
            continue
        source, target = module_of.get(edge.src, edge.src), module_of.get(edge.dst, edge.dst)
        if source != target and source in code and target in code:
            found[source, target] = found.get((source, target), 0) + edge.weight
    return found


def crossing(depends: Mapping[tuple[str, str], int], place: Mapping[str, str], roles: Mapping[str, str]) -> tuple[int, int]:
    """Places of dependencies between domain contexts, and all places between modules of domain contexts."""
    between = whole = 0
    for (source, target), places in depends.items():
        here, there = place.get(source, ""), place.get(target, "")
        if roles.get(here, "shared") == "shared" or roles.get(there, "shared") == "shared":
            continue
        whole += places
        if here != there:
            between += places
    return between, whole
