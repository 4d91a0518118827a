"""How many contexts: the cut at the resolution that the figures favour, and how firmly it stands."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from heapq import heapify, heappop, heappush

from decompose.cut.partition import Adjacency, agreement, communities, merged, modularity, moved, renumbered
from decompose.cut.score import GOOD_LARGEST
from decompose.model.settings import Config

RESOLUTIONS = (0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.4, 2.8, 3.4)
"""Resolutions tried; modularity finds about the square root of what a higher one finds, so the range is wide."""

_FINER = (5.0, 8.0, 12.0)
"""Tried besides when a least number of contexts is asked for."""

TOLERANCE = 0.0125
"""Share of the best value that a finer cut may give up. Modularity alone merges small contexts (its resolution limit); on systems whose
modules are known the finest cut within one to one and a half percent of the best comes nearest to them."""

_PERTURBED = 0.05
_LARGE = 1500
"""Nodes from which the sweep runs over groups found at the finest resolution, to stay within seconds."""

_SEEDS = 4
_WITHOUT_TABLE = 0.04


def chosen_cut(
    graph: Adjacency, modules: int, written: Sequence[Sequence[int]] = (), config: Config | None = None
) -> tuple[list[int], float]:
    """The communities of the best cut and the resolution that gave it; the first ``modules`` nodes are modules.

    Over a sweep of resolutions the finest cut is taken whose value is within :data:`TOLERANCE` of the best. A cut's value is
    its modularity, less half of what its largest context exceeds 40 %, less a tenth of the share of single modules, less a tenth
    of the share of transactions (``written``: nodes of the tables each one writes) that it cuts.
    """
    config = config or Config()
    levels: list[int] | None = None
    base = graph
    if len(graph) > _LARGE:
        levels = communities(graph, RESOLUTIONS[-1] * 2, config.seed)
        base = merged(graph, levels, max(levels) + 1)
    tried: list[tuple[float, int, float, list[int]]] = []
    for resolution in (*RESOLUTIONS, *_FINER) if config.contexts_min else RESOLUTIONS:
        found = communities(base, resolution, config.seed)
        membership = found if levels is None else [found[group] for group in levels]
        value = modularity(base, found) - _penalty(membership, modules, written)
        tried.append((value, _domain_count(membership, modules), resolution, membership))
    low, high = config.contexts_min, config.contexts_max
    allowed = [entry for entry in tried if entry[1] >= low and (not high or entry[1] <= high)]
    if not allowed:
        def miss(entry: tuple[float, int, float, list[int]]) -> int:
            return max(low - entry[1], entry[1] - high if high else 0)

        nearest = min(miss(entry) for entry in tried)
        allowed = [entry for entry in tried if miss(entry) == nearest]
    best = max(value for value, *_ in allowed)
    floor = best - TOLERANCE * abs(best)
    _, _, resolution, membership = max((e for e in allowed if e[0] >= floor), key=lambda e: e[2])
    membership = _refined(graph, membership, resolution, config.seed, exact=levels is not None)
    if high and _domain_count(membership, modules) > high:
        membership = _joined(graph, membership, modules, high)
    return membership, resolution


def _refined(graph: Adjacency, membership: list[int], resolution: float, seed: int, *, exact: bool) -> list[int]:
    """The best of a few runs at one resolution; on a large graph one pass over single nodes."""
    if exact:
        return moved(graph, membership, resolution, range(len(graph)))
    runs = [membership, *(communities(graph, resolution, seed + extra) for extra in range(1, _SEEDS))]
    return max(runs, key=lambda run: round(modularity(graph, run, resolution), 12))


def _domain_count(membership: Sequence[int], modules: int) -> int:
    """Communities that are more than a single module."""
    return sum(1 for size in Counter(membership[:modules]).values() if size > 1)


def _penalty(membership: Sequence[int], modules: int, written: Sequence[Sequence[int]]) -> float:
    sizes = Counter(membership[:modules])
    largest = max(sizes.values(), default=0) / max(modules, 1)
    single = sum(1 for size in sizes.values() if size == 1) / max(modules, 1)
    wide = [nodes for nodes in written if len(nodes) > 1]
    cut = sum(1 for nodes in wide if len({membership[node] for node in nodes}) > 1) / len(wide) if wide else 0.0
    return 0.5 * max(0.0, largest - GOOD_LARGEST) + 0.1 * single + 0.1 * cut


def _joined(graph: Adjacency, membership: list[int], modules: int, most: int) -> list[int]:
    """The same cut after joining contexts until there are ``most``, each time the two that cost least modularity."""
    found = list(membership)
    while _domain_count(found, modules) > most:
        groups = sorted(c for c, size in Counter(found[:modules]).items() if size > 1)
        between: dict[tuple[int, int], float] = {}
        total: dict[int, float] = {}
        for node, links in enumerate(graph):
            here = found[node]
            for other, weight in links.items():
                total[here] = total.get(here, 0.0) + weight
                if here < found[other]:
                    between[here, found[other]] = between.get((here, found[other]), 0.0) + weight
        whole = sum(total.values()) or 1.0
        gains = [
            (between.get((a, b), 0.0) - total.get(a, 0.0) * total.get(b, 0.0) / whole, -a, -b) for a in groups for b in groups if a < b
        ]
        _, a, b = max(gains)
        keep, drop = -a, -b
        found = [keep if community == drop else community for community in found]
    return renumbered(found)


def without_slivers(graph: Adjacency, modules: int, membership: Sequence[int], tables: Collection[int]) -> list[int]:
    """The cut with groups too weak to be a context given to their strongest neighbour; -1 for modules without any.

    A group needs at least three modules, or two and one of ``tables`` (nodes that give a group data of its own). In a project with
    tables a group without any needs five, :data:`_WITHOUT_TABLE` of all, and half of its coupling inside: a
    handful of pages and functions over other contexts' data is no context.
    """
    start = renumbered(membership)
    count = max(start, default=-1) + 1
    links = merged(graph, start, count)
    inside = [links[group].pop(group, 0.0) for group in range(count)]
    size = [0] * count
    for node in range(modules):
        size[start[node]] += 1
    rich = [False] * count
    for table in tables:
        rich[start[table]] = True
    least = max(5.0, _WITHOUT_TABLE * modules) if tables else 3.0
    into = list(range(count))

    def weak(group: int) -> bool:
        if rich[group]:
            return size[group] < 2
        held = 2.0 * inside[group]
        return size[group] < least or (bool(tables) and held < sum(links[group].values()))

    waiting = [(size[group], group) for group in range(count) if size[group] and weak(group)]
    heapify(waiting)
    while waiting:
        _, group = heappop(waiting)
        if into[group] != group or not weak(group):
            continue
        near = {other: weight for other, weight in links[group].items() if size[other]}
        if not near:
            if not rich[group]:
                into[group] = -1
            continue
        target = max(near, key=lambda other: (near[other], -other))
        into[group] = target
        size[target] += size[group]
        rich[target] |= rich[group]
        inside[target] += inside[group] + links[group].get(target, 0.0)
        size[group] = 0
        for other, weight in links[group].items():
            links[other].pop(group, None)
            if other != target:
                links[other][target] = links[other].get(target, 0.0) + weight
                links[target][other] = links[target].get(other, 0.0) + weight
        links[group] = {}
        if weak(target):
            heappush(waiting, (size[target], target))

    def final(group: int) -> int:
        while group >= 0 and into[group] != group:
            group = into[group]
        return group

    return [final(group) for group in start]


def stability(
    graph: Adjacency,
    modules: int,
    membership: Sequence[int],
    resolution: float,
    groups: Mapping[str, Collection[int]],
    seed: int = 0,
    finish: Callable[[Adjacency, Sequence[int]], Sequence[int]] = lambda _, found: found,
) -> tuple[float, dict[str, float]]:
    """How much of a cut comes back when five percent of the links are missing and the seed is another.

    ``finish`` is what is done to communities to make them a cut.

    First the mean agreement of the whole cut (adjusted Rand index), then for each of ``groups`` the mean overlap with its nearest
    counterpart (Jaccard). Few runs on a large graph, for time.
    """
    runs = 5 if len(graph) <= 400 else 3 if len(graph) <= _LARGE else 1
    shuffle = random.Random(seed)
    own = {name: set(members) for name, members in groups.items()}
    overlaps: dict[str, list[float]] = {name: [] for name in own}
    overall = []
    for run in range(1, runs + 1):
        thinner: Adjacency = [{} for _ in graph]
        for i, links in enumerate(graph):
            for j, weight in links.items():
                if i <= j and shuffle.random() >= _PERTURBED:
                    thinner[i][j] = weight
                    thinner[j][i] = weight
        again = finish(thinner, communities(thinner, resolution, seed + run))
        overall.append(agreement(membership[:modules], again[:modules]))
        met: dict[int, set[int]] = {}
        for position in range(modules):
            met.setdefault(again[position], set()).add(position)
        for name, members in own.items():
            near = {again[position] for position in members}
            overlaps[name].append(max((len(members & met[c]) / len(members | met[c]) for c in near), default=0.0))
    return sum(overall) / runs, {name: sum(values) / runs for name, values in overlaps.items()}
