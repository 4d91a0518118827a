"""Which priorities of the listener's rules belong to which service, kept from the first extraction on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

Block = tuple[int, int]
"""First and last priority, both included."""

SIZE = 50
"""Priorities of a block: a context with many routes needs several rules, and grows."""
LAST = 50_000
"""The largest priority that a load balancer takes."""


class Priorities(msgspec.Struct, frozen=True):
    """The blocks of every service by name, each service's in ascending order: its rules take their numbers in this order.

    A block is never given back, because the service may be deployed.
    """

    services: dict[str, tuple[Block, ...]] = {}

    def room(self, name: str, count: int, first: int, reserved: Sequence[Block] = ()) -> Priorities:
        """With at least ``count`` priorities for a service: new blocks from ``first`` on, past everybody's and the reserved ones.

        What a service has stays. A further block follows its last one, so that rules keep their order. Raises :class:`ValueError` when
        there is no room.
        """
        blocks = list(self.services.get(name, ()))
        missing = count - sum(last - start + 1 for start, last in blocks)
        if missing <= 0:
            return self
        taken = [*reserved, *(block for mine in self.services.values() for block in mine)]
        while missing > 0:
            block = _free(max(first, blocks[-1][1] + 1 if blocks else first), taken)
            blocks.append(block)
            taken.append(block)
            missing -= SIZE
        return Priorities({**self.services, name: tuple(blocks)})

    def numbers(self, name: str) -> list[int]:
        """All priorities of a service, ascending."""
        return [number for start, last in self.services.get(name, ()) for number in range(start, last + 1)]

    def overlap(self) -> tuple[str, str] | None:
        """Two services that have a priority both, ``None`` when every one has its own."""
        blocks = sorted((block, name) for name, mine in self.services.items() for block in mine)
        for (before, one), (after, other) in pairwise(blocks):
            if after[0] <= before[1]:
                return one, other
        return None


NONE = Priorities()
"""No service has any yet."""


def _free(start: int, taken: Sequence[Block]) -> Block:
    """The lowest block at or after ``start`` that touches nothing of what is taken."""
    while start + SIZE - 1 <= LAST:
        hit = max((last for first, last in taken if first <= start + SIZE - 1 and last >= start), default=0)
        if not hit:
            return start, start + SIZE - 1
        start = hit + 1
    raise ValueError(f"no {SIZE} priorities in a row are free up to {LAST}")
