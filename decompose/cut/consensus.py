"""What many cuts of one graph agree on.

One run of a community search says little: another seed, or a few links less, gives another cut that is as good. So the search runs
many times, each time on the graph without some of its links and at another resolution, and the links between nodes that mostly
came out together are kept with the share of the runs that agree (consensus clustering: Lancichinetti, Fortunato 2012, arXiv:1203.6093). What is found
in that graph hardly depends on the seed, and the runs say of every node how firmly it stands.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from decompose.cut.partition import Adjacency, communities, merged, renumbered

RESOLUTIONS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
"""Resolutions of the runs; modularity finds about the square root of what a higher one finds, so the range is wide."""

LOST = 0.05
"""Share of the links that each run does without."""

_RUNS, _SMALL = 48, 500
"""Runs; twice as many on graphs of no more nodes than this, where single nodes weigh more and a run costs little."""
_SHARPNESS = 3
"""Power of the agreement: a link between nodes that are together in half of the runs keeps an eighth of its weight."""

_LARGE = 1500
"""Nodes from which the runs work on groups that the finest cuts never part, to stay within seconds."""

_FINEST = 8.0
_FINE_RUNS = 2


@dataclass(frozen=True)
class Consensus:
    """``graph`` has the links of the original with what is left of their weight; ``runs`` are the cuts that it was made from."""

    graph: Adjacency
    base: Adjacency
    """The same nodes with the original weights."""
    runs: tuple[tuple[float, Sequence[int]], ...]
    groups: Sequence[int]
    """For large graphs the group of every node; ``runs`` and ``graph`` are over groups. Else the nodes themselves."""

    def at(self, resolution: float) -> list[int]:
        """The communities at one resolution, of groups."""
        return communities(self.graph, resolution)

    def spread(self, communities_of_groups: Sequence[int]) -> list[int]:
        """The communities of all nodes."""
        return renumbered([communities_of_groups[group] for group in self.groups])

    def firmness(self, members: Sequence[int], resolution: float) -> dict[int, float]:
        """For every one of ``members``, the share of the runs near ``resolution`` in which it is with most of them."""
        near = sorted(RESOLUTIONS, key=lambda r: abs(r - resolution))[:3]
        runs = [run for r, run in self.runs if r in near]
        kept: Counter[int] = Counter()
        for run in runs:
            where = Counter(run[self.groups[node]] for node in members)
            main = min(where, key=lambda c: (-where[c], c))
            kept.update(node for node in members if run[self.groups[node]] == main)
        return {node: kept[node] / len(runs) for node in members}


def consensus(graph: Adjacency, seed: int = 0) -> Consensus:
    """The agreement of many runs; the same for the same graph and seed."""
    groups: Sequence[int] = range(len(graph))
    base = graph
    runs = _RUNS if len(graph) > _SMALL else 2 * _RUNS
    if len(graph) > _LARGE:
        fine = [communities(graph, _FINEST, seed * 1009 + extra) for extra in range(_FINE_RUNS)]
        groups = _never_parted(fine)
        base = merged(graph, groups, max(groups, default=-1) + 1)
    found = []
    for number in range(runs):
        resolution = RESOLUTIONS[number % len(RESOLUTIONS)]
        draw = random.Random(seed * 100_003 + number)
        found.append((resolution, communities(_thinned(base, draw), resolution, draw.randrange(1 << 30))))
    agreed: Adjacency = [{} for _ in base]
    for node, links in enumerate(base):
        for other, weight in links.items():
            if node < other:
                together = sum(1 for _, run in found if run[node] == run[other])
                if together:
                    agreed[node][other] = agreed[other][node] = weight * (together / runs) ** _SHARPNESS
            elif node == other:
                agreed[node][node] = weight
    return Consensus(agreed, base, tuple(found), groups)


def _never_parted(cuts: Sequence[Sequence[int]]) -> list[int]:
    """The groups that no cut parts, numbered in order of their first nodes."""
    numbers: dict[tuple[int, ...], int] = {}
    return [numbers.setdefault(places, len(numbers)) for places in zip(*cuts, strict=True)]


def _thinned(graph: Adjacency, draw: random.Random) -> Adjacency:
    """The graph without :data:`LOST` of its links, at random."""
    thin: Adjacency = [{} for _ in graph]
    for node, links in enumerate(graph):
        for other, weight in links.items():
            if node <= other and (node == other or draw.random() >= LOST):
                thin[node][other] = thin[other][node] = weight
    return thin
