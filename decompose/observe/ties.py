"""From counts to ties: numbers that may differ by millions become pulls between 0 and 1."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

Pair = tuple[str, str]


SWEEPING = 12
"""A statement or unit of work over more tables than this says nothing about any two of them."""


def pulls(counts: Mapping[Pair, float]) -> dict[Pair, float]:
    """The strength of every pair: the logarithm of its count, relative to the greatest, damped at both ends.

    As with dependencies (:mod:`decompose.cut.coupling`) it counts ``1 / sqrt(n of one * n of the other)`` with the number of partners
    of each end: a table that is queried with every other says little about any. Partners count by their own logarithms,
    relative to the end's greatest, so that a few stray statements make nobody a hub.
    """
    logs = {pair: math.log1p(counts[pair]) for pair in sorted(counts) if counts[pair] > 0.0}  # sums of floats know an order
    most = max(logs.values(), default=0.0)
    whole: dict[str, float] = {}
    greatest: dict[str, float] = {}
    for pair, value in logs.items():
        for end in pair:
            whole[end] = whole.get(end, 0.0) + value
            greatest[end] = max(greatest.get(end, 0.0), value)
    partners = {end: whole[end] / greatest[end] for end in whole}
    return {(a, b): value / most / math.sqrt(partners[a] * partners[b]) for (a, b), value in logs.items()}


def shares(counts: Mapping[Pair, float]) -> tuple[tuple[str, str, float], ...]:
    """What each pair has of all, sorted; together 1."""
    whole = sum(counts[pair] for pair in sorted(counts))
    return tuple((*pair, counts[pair] / whole) for pair in sorted(counts))


def ordered(first: str, second: str) -> Pair:
    return (first, second) if first < second else (second, first)


def times(count: float) -> str:
    """``1 time``, ``12,345 times``."""
    return f"{count:,.0f} time" + ("" if count == 1 else "s")


def shown(names: Iterable[str], most: int = 3) -> str:
    """The first names, and how many there are beside them."""
    listed = list(names)
    more = f" and {len(listed) - most:,} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
