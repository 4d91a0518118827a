"""What a local variable stands for when there is more than one way to get there."""

from __future__ import annotations

from decompose.model.syntax import Bound, Chain, Constant, Expression, Mapping, Operation, Template

NONE = Constant(None)

Environment = dict[str, Expression]
"""What each local name stands for at one point of a function."""


def merged(start: Environment, ends: list[Environment]) -> Environment:
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
            if other is None:
                result[name] = value
            elif other is not value:
                unchanged = value is start.get(name)
                result[name] = either(name, value, other) if unchanged else either(name, other, value)
    return result


def uncertain(chain: Chain, prefix: int = -1) -> Chain:
    steps = chain.steps
    if steps and steps[-1].__class__ is Bound:
        last = steps[-1]
        if last.certain:
            return Chain(
                chain.root, chain.origin, (*steps[:-1], Bound(last.variable, last.line, False, last.symbol, prefix))
            )
        if last.prefix != prefix:
            return Chain(chain.root, chain.origin, (*steps[:-1], Bound(last.variable, last.line, False, last.symbol)))
    return chain


def either(name: str, earlier: Expression, later: Expression) -> Expression:
    """A variable that holds one or the other."""
    if later == NONE:
        return earlier
    if earlier == NONE:
        return later
    if isinstance(later, Chain):
        if not isinstance(earlier, Chain):
            return uncertain(later) if later.steps else Chain(name, "local")
        if not later.steps:
            # names of imports and definitions: the first is the intended one; else nothing is known
            return earlier if earlier.origin == "global" and not earlier.steps else Chain(name, "local")
        if later == earlier:
            return later
        known = len(earlier.steps)
        if later.root == earlier.root and later.origin == earlier.origin and later.steps[:known] == earlier.steps:
            return uncertain(later, known)
        return uncertain(later)
    if isinstance(later, (Constant, Template)) and isinstance(earlier, (Constant, Template)):
        texts = [held.value if isinstance(held, Constant) else held.text for held in (earlier, later)]
        if isinstance(texts[0], str) and isinstance(texts[1], str) and texts[1].startswith(texts[0]):
            return Template(texts[1])
    if (
        isinstance(later, Mapping)
        and isinstance(earlier, Mapping)
        and later.items[: len(earlier.items)] == earlier.items
    ):
        return later
    return later if later == earlier else Chain(name, "local")


def followed(held: Expression, line: int) -> Chain | None:
    """The chain to go on with from a value: itself, or the likely one of ``(a or b)``."""
    if isinstance(held, Chain):
        return held
    found = choice(held) if isinstance(held, Operation) else None
    if found is None:
        return None
    chain, certain = found
    return Chain(chain.root, chain.origin, (*chain.steps, Bound("", line, certain)))


def choice(held: Operation) -> tuple[Chain, bool] | None:
    """The chain that ``a or b`` or ``a if t else b`` most likely stands for, and whether it can be nothing else."""
    operands = held.operands
    if held.operator == "and":
        last = operands[-1]
        return (last, False) if isinstance(last, Chain) else None
    if held.operator not in ("or", "if"):
        return None
    chains = [operand for operand in operands if isinstance(operand, Chain)]
    if not chains:
        return None
    return chains[0], all(isinstance(operand, Chain) or operand == NONE for operand in operands) and len(chains) == 1
