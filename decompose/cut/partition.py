"""Communities of a weighted graph by modularity, with nothing left to chance or to hash order.

Louvain's method (Blondel et al. 2008, arXiv:0803.0476) with a queue for the local moves as in Leiden (Traag et al.
2019, arXiv:1810.08473) and a last pass over single nodes. Nodes are the integers ``0..n-1``, so the result depends
on the order of the nodes and on ``seed`` alone. Written here because networkx takes several seconds where
a sweep over resolutions may take three in all, and because importing it costs more than a small project's whole cut.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Sequence

Adjacency = list[dict[int, float]]
"""``adjacency[i][j]`` is the weight between ``i`` and ``j``, given in both directions; ``[i][i]`` is a self-loop."""


def communities(graph: Adjacency, resolution: float = 1.0, seed: int = 0) -> list[int]:
    """The community of every node, numbered from 0 in order of the communities' first nodes.

    A higher ``resolution`` gives more and smaller communities.
    """
    shuffle = random.Random(seed)
    membership = list(range(len(graph)))
    level = graph
    while True:
        order = list(range(len(level)))
        shuffle.shuffle(order)
        found = moved(level, list(range(len(level))), resolution, order)
        count = max(found, default=-1) + 1
        membership = [found[community] for community in membership]
        if count == len(level):
            break
        level = merged(level, found, count)
    order = list(range(len(graph)))
    shuffle.shuffle(order)
    return moved(graph, membership, resolution, order)


def moved(graph: Adjacency, membership: Sequence[int], resolution: float, order: Sequence[int]) -> list[int]:
    """``membership`` after moving single nodes, in ``order``, while that raises modularity; renumbered.

    Community ids must lie in ``0..len(graph)-1``.
    """
    place = list(membership)
    rows = [list(links.items()) for links in graph]
    degree = [sum(links.values()) + links.get(node, 0.0) for node, links in enumerate(graph)]
    total = [0.0] * len(graph)
    for node, community in enumerate(place):
        total[community] += degree[node]
    whole = sum(degree)
    if whole <= 0.0:
        return renumbered(place)
    scale = resolution / whole
    queue = deque(order)
    waiting = [False] * len(graph)
    for node in order:
        waiting[node] = True
    while queue:
        node = queue.popleft()
        waiting[node] = False
        here = place[node]
        links = rows[node]
        pull: dict[int, float] = {}
        for other, weight in links:
            if other != node:
                community = place[other]
                if community in pull:
                    pull[community] += weight
                else:
                    pull[community] = weight
        total[here] -= degree[node]
        price = scale * degree[node]
        best, gain = here, pull.get(here, 0.0) - price * total[here]
        for community, weight in pull.items():
            value = weight - price * total[community]
            if value > gain + 1e-12:
                best, gain = community, value
        total[best] += degree[node]
        if best != here:
            place[node] = best
            for other, _ in links:
                if not waiting[other] and place[other] != best:
                    waiting[other] = True
                    queue.append(other)
    return renumbered(place)


def renumbered(membership: Sequence[int]) -> list[int]:
    """The same partition with communities numbered from 0 in order of their first nodes."""
    numbers: dict[int, int] = {}
    return [numbers.setdefault(community, len(numbers)) for community in membership]


def merged(graph: Adjacency, membership: Sequence[int], count: int) -> Adjacency:
    """The graph whose nodes are the ``count`` communities of ``graph``."""
    level: Adjacency = [{} for _ in range(count)]
    for node, links in enumerate(graph):
        here = membership[node]
        row = level[here]
        for other, weight in links.items():
            there = membership[other]
            if there != here or node <= other:
                if there in row:
                    row[there] += weight
                else:
                    row[there] = weight
    return level


def modularity(graph: Adjacency, membership: Sequence[int], resolution: float = 1.0) -> float:
    """Newman's modularity of a partition, in -0.5..1; 0 for a graph without weight."""
    inside: dict[int, float] = {}
    total: dict[int, float] = {}
    for node, links in enumerate(graph):
        here = membership[node]
        for other, weight in links.items():
            share = 2.0 * weight if other == node else weight
            total[here] = total.get(here, 0.0) + share
            if membership[other] == here:
                inside[here] = inside.get(here, 0.0) + share
    whole = sum(total.values())
    if whole <= 0.0:
        return 0.0
    return sum(inside.get(c, 0.0) / whole - resolution * (total[c] / whole) ** 2 for c in total)


def agreement(first: Sequence[int], second: Sequence[int]) -> float:
    """The adjusted Rand index of two partitions of the same nodes: 1 when equal, about 0 for chance (Hubert, Arabie 1985)."""
    if len(first) < 2:
        return 1.0
    cells: dict[tuple[int, int], int] = {}
    rows: dict[int, int] = {}
    columns: dict[int, int] = {}
    for pair in zip(first, second, strict=True):
        cells[pair] = cells.get(pair, 0) + 1
        rows[pair[0]] = rows.get(pair[0], 0) + 1
        columns[pair[1]] = columns.get(pair[1], 0) + 1
    together = _pairs(cells.values())
    expected = _pairs(rows.values()) * _pairs(columns.values()) / (len(first) * (len(first) - 1) / 2)
    most = (_pairs(rows.values()) + _pairs(columns.values())) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)


def _pairs(counts: Iterable[int]) -> float:
    return sum(count * (count - 1) / 2 for count in counts)
