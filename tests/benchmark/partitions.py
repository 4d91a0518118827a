"""How alike two partitions are, by the definitions of the literature. A partition maps an element to the name of its part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping

import networkx as nx

from decompose.cut.partition import agreement

Partition = Mapping[str, Hashable]


def ari(found: Partition, true: Partition) -> float:
    """The adjusted Rand index over the elements of both: 1 when equal, about 0 for chance (Hubert, Arabie 1985)."""
    common = sorted(found.keys() & true.keys())
    return agreement(_numbers([found[element] for element in common]), _numbers([true[element] for element in common]))


def mojofm(found: Partition, true: Partition) -> float:
    """MoJoFM: 1 - moves and joins from ``found`` to ``true``, over the most that any partition needs (Wen, Tzerpos 2004)."""
    common = sorted(found.keys() & true.keys())
    if not common:
        return 1.0
    parts: dict[Hashable, Counter[Hashable]] = {}
    for element in common:
        parts.setdefault(found[element], Counter())[true[element]] += 1
    tags = nx.Graph()
    kept = 0
    for part, counts in parts.items():
        most = max(counts.values())
        kept += most
        tags.add_edges_from((("found", part), ("true", tag)) for tag, count in counts.items() if count == most)
    left = [node for node in tags if node[0] == "found"]
    groups = sum(1 for node in nx.bipartite.maximum_matching(tags, top_nodes=left) if node[0] == "found")
    moves = len(common) - kept + len(parts) - groups
    worst_groups = 0
    for size in sorted(Counter(true[element] for element in common).values()):
        if worst_groups < size:
            worst_groups += 1
    worst = len(common) - worst_groups
    return 1.0 - moves / worst if worst else 1.0


def matched(found: Partition, true: Mapping[str, frozenset[Hashable]]) -> tuple[int, int, dict[Hashable, Hashable]]:
    """Elements that agree after the best one-to-one matching of parts, all elements compared, and the matching.

    ``true`` gives for an element every part that counts as right (one that was split went to several).
    """
    common = [element for element in sorted(true) if element in found]
    cells: Counter[tuple[Hashable, Hashable]] = Counter((found[e], part) for e in common for part in true[e])
    pairs = nx.Graph()
    for (part, tag), count in sorted(cells.items(), key=str):
        pairs.add_edge(("found", part), ("true", tag), weight=count)
    chosen = {}
    for a, b in nx.max_weight_matching(pairs):
        side, other = (a, b) if a[0] == "found" else (b, a)
        chosen[side[1]] = other[1]
    right = sum(1 for element in common if chosen.get(found[element]) in true[element])
    return right, len(common), chosen


def _numbers(parts: list[Hashable]) -> list[int]:
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(part, len(numbers)) for part in parts]
