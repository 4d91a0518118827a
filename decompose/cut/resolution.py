"""How many contexts: cuts at several resolutions, their figures, and the one that these favour."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush

from decompose.cut.consensus import Consensus
from decompose.cut.partition import Adjacency, merged, modularity, renumbered
from decompose.cut.score import GOOD_LARGEST
from decompose.model.settings import Config

_CANDIDATES = tuple(round(0.3 * 1.2**step, 3) for step in range(14))
"""Each a fifth finer than the one before, from 0.3 to 3.2: beyond, groups fall apart that every run found."""

_FINER = (5.0, 8.0, 12.0)
"""Tried besides when a least number of contexts is asked for."""

_STEP = 0.9
"""What a cut with two contexts joined is entered as, relative to the resolution of the one before: it has none of its own."""

USUAL = 0.75
"""The resolution of the consensus graph whose cuts came nearest to the known modules of systems with hidden names, and moved least
when a part of the evidence was left out."""

TOLERANCE = 0.03
"""Share of the best value that the cut at the usual resolution may give up."""

_SMALL, _TOO_SMALL = 4.0, 0.15
"""Modules from which a context is worth a service of its own, and what a cut loses if all its contexts have fewer."""

_LEAST_WITH_TABLE, _WITHOUT_TABLE = 1.5, 0.04
"""The least size of a context with a table, in modules, and of one without, as a share of all."""


@dataclass(frozen=True)
class Candidate:
    """A cut: the community of every node, the same from ``resolution`` to ``last``. ``value`` is what it is chosen by, ``contexts`` its
    communities of more than one module, ``largest`` the share of the largest."""

    resolution: float
    last: float
    value: float
    contexts: int
    largest: float
    membership: Sequence[int]


def candidates(
    agreed: Consensus, sizes: Sequence[float], written: Sequence[Sequence[int]] = (), *, finer: bool = False
) -> list[Candidate]:
    """Cuts from coarse to fine, none twice. ``sizes`` are those of the first nodes, the atoms, in modules.

    A cut's value is its modularity, less half of what its largest context exceeds 40 %, less :data:`_TOO_SMALL` of the share of
    modules in contexts that are too small for a service, less a tenth of the share of transactions (``written``: nodes of the tables each one writes) that it cuts.
    """
    found: list[Candidate] = []

    def add(resolution: float, groups: Sequence[int], contexts: Adjacency, at: int) -> None:
        membership = agreed.spread(groups)
        value = modularity(contexts, range(len(contexts))) - _penalty(membership, sizes, written)
        if found and membership == found[at].membership:
            if at:
                found[at] = replace(found[at], last=resolution)
            return
        found.insert(at if at == 0 else len(found), Candidate(resolution, resolution, value, _domain_count(membership, sizes), _largest(membership, sizes), membership))

    coarsest: list[int] = []
    for resolution in (*_CANDIDATES, *_FINER) if finer else _CANDIDATES:
        groups = agreed.at(resolution)
        coarsest = coarsest or groups
        add(resolution, groups, merged(agreed.base, groups, max(groups, default=-1) + 1), -1)
    # Below what the runs agree on, contexts are joined one by one.
    resolution = _CANDIDATES[0]
    for groups, contexts in _joined(agreed.base, coarsest):
        resolution *= _STEP
        add(resolution, groups, contexts, 0)
    return found


def chosen(found: Sequence[Candidate], config: Config) -> Candidate:
    """The good cut nearest to the usual resolution, of those with the number of contexts asked for.

    Good is what loses no more than :data:`TOLERANCE` of the best value. Modularity is flat about its best, so the best itself
    jumps between coarse and fine with every detail; the usual resolution does not.
    """
    low, high = config.contexts_min, config.contexts_max
    allowed = [each for each in found if each.contexts >= low and (not high or each.contexts <= high)]
    if not allowed:
        def miss(each: Candidate) -> int:
            return max(low - each.contexts, each.contexts - high if high else 0)

        nearest = min(miss(each) for each in found)
        allowed = [each for each in found if miss(each) == nearest]
    allowed = [each for each in allowed if each.largest <= GOOD_LARGEST] or allowed
    best = max(each.value for each in allowed)
    good = [each for each in allowed if each.value >= best - TOLERANCE * abs(best)]
    return min(good, key=lambda each: max(each.resolution / USUAL, USUAL / max(each.last, each.resolution), 1.0))


def neighbours(found: Sequence[Candidate], choice: Candidate, contexts: Callable[[Candidate], int]) -> list[Candidate]:
    """The next coarser and the next finer cut that differ by at least a quarter of the ``contexts`` that are left of them in the end."""
    here = next(position for position, each in enumerate(found) if each.resolution == choice.resolution)
    own = contexts(choice)
    coarser = (each for each in reversed(found[:here]) if 1 < contexts(each) <= 0.75 * own)
    finer = (each for each in found[here + 1 :] if contexts(each) >= 1.25 * own)
    return [each for each in (next(coarser, None), next(finer, None)) if each is not None]


def _sizes(membership: Sequence[int], sizes: Sequence[float]) -> dict[int, float]:
    found: dict[int, float] = {}
    for community, size in zip(membership, sizes, strict=False):
        found[community] = found.get(community, 0.0) + size
    return found


def _domain_count(membership: Sequence[int], sizes: Sequence[float]) -> int:
    """Communities that are more than a single module."""
    return sum(1 for size in _sizes(membership, sizes).values() if size > 1.0)


def _largest(membership: Sequence[int], sizes: Sequence[float]) -> float:
    found = _sizes(membership, sizes).values()
    return max(found, default=0.0) / (sum(found) or 1.0)


def _penalty(membership: Sequence[int], sizes: Sequence[float], written: Sequence[Sequence[int]]) -> float:
    found = _sizes(membership, sizes).values()
    whole = sum(found) or 1.0
    largest = _largest(membership, sizes)
    small = sum(size for size in found if size < _SMALL) / whole
    wide = [nodes for nodes in written if len(nodes) > 1]
    cut = sum(1 for nodes in wide if len({membership[node] for node in nodes}) > 1) / len(wide) if wide else 0.0
    return 0.5 * max(0.0, largest - GOOD_LARGEST) + _TOO_SMALL * small + 0.1 * cut


def _joined(graph: Adjacency, membership: Sequence[int]) -> Iterator[tuple[list[int], Adjacency]]:
    """The cut after joining the two contexts whose union costs least modularity, and so on down to two; with the graph of the contexts."""
    found = list(membership)
    count = max(found, default=-1) + 1
    links = merged(graph, found, count)
    degree = [sum(row.values()) + row.get(context, 0.0) for context, row in enumerate(links)]
    whole = sum(degree) or 1.0
    coupled = sorted(context for context in range(count) if degree[context] > 0.0)
    while len(coupled) > 2:
        gains = [
            (links[a].get(b, 0.0) - degree[a] * degree[b] / whole, -a, -b)
            for position, a in enumerate(coupled) for b in coupled[position + 1 :]
        ]
        _, a, b = max(gains)
        keep, drop = -a, -b
        between = links[drop].pop(keep, 0.0)
        links[keep].pop(drop, None)
        links[keep][keep] = links[keep].get(keep, 0.0) + links[drop].pop(drop, 0.0) + between
        for other, weight in links[drop].items():
            links[other].pop(drop)
            links[keep][other] = links[other][keep] = links[keep].get(other, 0.0) + weight
        links[drop] = {}
        degree[keep] += degree[drop]
        coupled.remove(drop)
        found = [keep if community == drop else community for community in found]
        yield found, links


def without_slivers(graph: Adjacency, sizes: Sequence[float], membership: Sequence[int], tables: Collection[int]) -> list[int]:
    """The cut with groups too weak to be a context given to their strongest neighbour; -1 for modules without any.

    A group needs at least three modules, or two and one of ``tables`` (nodes that give a group data of its own). In a project with
    tables a group without any needs five, :data:`_WITHOUT_TABLE` of all, and half of its coupling inside: a
    handful of pages and functions over other contexts' data is no context.
    """
    start = renumbered(membership)
    count = max(start, default=-1) + 1
    links = merged(graph, start, count)
    inside = [links[group].pop(group, 0.0) for group in range(count)]
    size = [0.0] * count
    for group, weight in zip(start, sizes, strict=False):
        size[group] += weight
    rich = [False] * count
    for table in tables:
        rich[start[table]] = True
    least = max(5.0, _WITHOUT_TABLE * sum(sizes)) if tables else 3.0
    into = list(range(count))

    def weak(group: int) -> bool:
        if rich[group]:
            return size[group] < _LEAST_WITH_TABLE
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
        size[group] = 0.0
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
