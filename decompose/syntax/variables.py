"""What a local variable stands for when there is more than one way to get there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from decompose.model.expressions import Bound, Chain, Constant, Continued, Expression, Mapping, Operation, Template

NONE = Constant(None)

Held = Any
"""A value during the walk: an expression in which a number stands for the chain of the use with that number.

The chain of a use is never written out while variables are followed: ``order.save()`` continues the use that ``order`` holds. What
type checkers cannot know here the walk asks of the class itself.
"""

CHAINS: frozenset[Any] = frozenset({int, Continued, Chain})
"""The classes of values that are chains."""

Environment = dict[str, Held]
"""What each local name stands for at one point of a function; never a bare number."""

Whole = Callable[[Held], Expression]
"""Writes a value out in full."""


def merged(start: Environment, ends: list[Environment], whole: Whole) -> Environment:
    """The environment behind branches that began in ``start``: names that differ become uncertain.

    A value that a branch assigned counts more than the one from before; of several the last one counts.
    """
    result = ends[0]
    if len(ends) == 1:
        return result
    result = result.copy()
    for end in ends[1:]:
        for name, value in end.items():
            other = result.get(name)
            if other is value:
                continue
            if other is None:
                result[name] = value
            else:
                unchanged = value is start.get(name)
                result[name] = either(name, value, other, whole) if unchanged else either(name, other, value, whole)
    return result


def length(chain: Held) -> int:
    """The number of steps of a variable's whole chain."""
    size: int = chain.length if chain.__class__ is Continued else len(chain.steps)
    return size


def uncertain(chain: Held, prefix: int = -1) -> Held:
    steps = chain.steps
    if steps and steps[-1].__class__ is Bound:
        last = steps[-1]
        if last.certain:
            return _ending(chain, Bound(last.variable, last.line, False, last.symbol, prefix))
        if last.prefix != prefix:
            return _ending(chain, Bound(last.variable, last.line, False, last.symbol))
    return chain


def _ending(chain: Held, last: Bound) -> Held:
    steps = (*chain.steps[:-1], last)
    if chain.__class__ is Chain:
        return Chain(chain.root, chain.origin, steps)
    return Continued(chain.use, steps, chain.origin, chain.length)


def either(name: str, earlier: Held, later: Held, whole: Whole) -> Held:
    """A variable that holds one or the other."""
    if later == NONE:
        return earlier
    if earlier == NONE:
        return later
    if later.__class__ in CHAINS:
        if earlier.__class__ not in CHAINS:
            return uncertain(later) if later.steps else Chain(name, "local")
        if not later.steps:
            # names of imports and definitions: the first is the intended one; else nothing is known
            return earlier if earlier.origin == "global" and not earlier.steps else Chain(name, "local")
        if earlier.origin != later.origin:
            return uncertain(later)
        before, after = whole(earlier), whole(later)
        assert isinstance(before, Chain)
        assert isinstance(after, Chain)
        if after == before:
            return later
        known = len(before.steps)
        if after.root == before.root and after.origin == before.origin and after.steps[:known] == before.steps:
            return uncertain(later, known)
        return uncertain(later)
    if isinstance(later, (Constant, Template)) and isinstance(earlier, (Constant, Template)):
        texts = [held.value if isinstance(held, Constant) else held.text for held in (earlier, later)]
        if isinstance(texts[0], str) and isinstance(texts[1], str) and texts[1].startswith(texts[0]):
            return Template(texts[1])
    before, after = whole(earlier), whole(later)
    if isinstance(after, Mapping) and isinstance(before, Mapping) and after.items[: len(before.items)] == before.items:
        return later
    return later if after == before else Chain(name, "local")


def choice(held: Operation) -> tuple[Held, bool] | None:
    """The chain that ``a or b`` or ``a if t else b`` most likely stands for, and whether it can be nothing else."""
    operands: tuple[Held, ...] = held.operands
    if held.operator == "and":
        last = operands[-1]
        return (last, False) if last.__class__ in CHAINS else None
    if held.operator not in ("or", "if"):
        return None
    chains = [operand for operand in operands if operand.__class__ in CHAINS]
    if not chains:
        return None
    return chains[0], len(chains) == 1 and all(operand.__class__ in CHAINS or operand == NONE for operand in operands)
