"""Chains at the places where they are evaluated, and the form in which a file's uses are kept: each chain once.

A chain says what its variables went through, so written out in full the uses of a file hold the same calls again and again, five to
fifteen times over in real code. Kept, a chain names the use that it continues, and an argument that is a chain is the number of the
use that it is. Written out again, the parts are shared.
"""

from __future__ import annotations

from itertools import chain as joined
from itertools import repeat
from typing import Any, Literal, get_args

import msgspec

from decompose.model.expressions import (
    Call,
    Chain,
    Constant,
    Continued,
    Expression,
    Mapping,
    Operation,
    Sequence,
    Step,
)
from decompose.model.location import Span

Sink = Literal["discard", "assign", "argument", "return", "iterate", "test", "store", "delete", "decorator", "base", "annotation", "except", "other"]


class Use(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A maximal chain evaluated somewhere in the file.

    A variable by itself is a use when it stands for something global or an instance, not when it is a bare builtin,
    an unknown local or an unannotated parameter. Decorators, bases, defaults and annotations belong to the scope of
    the definition that they are part of. Displays, ``a or b`` and ``a if t else b`` hand ``argument`` and ``return`` down
    to what they hold.

    ``scope`` is the id of the innermost definition, ``""`` at module level. ``sink`` says what becomes of the
    value: thrown away, assigned to a variable, passed on, returned, looped over, tested, ``store`` when an
    attribute of it is assigned (the attribute is the last step), ``delete`` for ``del``, ``except`` for an
    exception class in an ``except`` clause. ``loop`` is the line of the innermost enclosing loop or
    comprehension, 0 outside loops. ``target`` is the variable for ``assign`` (``self.order`` for an attribute) and the
    alias for ``iterate``.
    """

    scope: str
    chain: Chain
    span: Span
    sink: Sink
    loop: int = 0
    target: str = ""


SINKS: tuple[Sink, ...] = get_args(Sink)


Returned = tuple[int, tuple[Expression, ...]]
"""The position of a function among the file's definitions, and what its ``return`` statements give."""


class KeptUses(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The uses of a file as columns, in the order in which their evaluation ends: what a chain is made of comes before it.

    ``heads`` has the number of the use that the chain continues, or ``-1 - n`` when it begins at the ``n``-th of ``roots``, which may be
    a variable that continues an earlier use; ``steps`` are those after that. ``inside`` is how many of the uses just before belong to arguments of this one, which comes before them in
    the file; -1 for none when there are numbers of uses in the arguments all the same. ``scopes`` has scopes with their number of uses
    in ``counts``; ``sinks`` are positions in :data:`SINKS`. ``returned`` is what functions return, its chains as numbers of uses too.
    """

    roots: tuple[Chain | Continued, ...] = ()
    scopes: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    heads: tuple[int, ...] = ()
    steps: tuple[tuple[Step, ...], ...] = ()
    inside: tuple[int, ...] = ()
    lines: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()
    end_lines: tuple[int, ...] = ()
    end_columns: tuple[int, ...] = ()
    sinks: tuple[int, ...] = ()
    loops: tuple[int, ...] = ()
    targets: tuple[str, ...] = ()
    returned: tuple[Returned, ...] = ()

    def written_out(self) -> tuple[tuple[Use, ...], tuple[Returned, ...]]:
        """The uses in the order in which they begin, and what functions return."""
        roots = [*self.roots]
        # Read from bytes, each name is a string of its own: the same ones are shared here.
        attributes: dict[tuple[Step, ...], tuple[Step, ...]] = {}
        names: dict[str, str] = {}
        chains: list[Chain] = []
        uses: list[Use] = []
        scopes = joined.from_iterable(map(repeat, self.scopes, self.counts))
        for scope, head, steps, inside, line, column, end_line, end_column, sink, loop, target in zip(
            scopes, self.heads, self.steps, self.inside, self.lines, self.columns, self.end_lines, self.end_columns,
            self.sinks, self.loops, self.targets, strict=True,
        ):  # fmt: skip
            if head >= 0:
                base = chains[head]
            else:
                root = roots[-1 - head]
                if root.__class__ is Continued:
                    before = chains[root.use]
                    root = roots[-1 - head] = Chain(before.root, before.origin, before.steps + root.steps)
                base = root
            if not steps:
                chain = base
            elif inside:
                chain = Chain(base.root, base.origin, base.steps + steps_with(steps, chains, names))
            else:
                if len(steps) == 1:
                    if steps[0].__class__ is str:
                        steps = attributes.setdefault(steps, steps)
                elif len(steps) == 2 and steps[0].__class__ is str:
                    steps = (names.setdefault(steps[0], steps[0]), steps[1])
                chain = Chain(base.root, base.origin, base.steps + steps)
            chains.append(chain)
            # Most expressions end on their line: one number for both.
            span = Span(line, column, line if end_line == line else end_line, end_column)
            use = Use(scope, chain, span, SINKS[sink], loop, names.setdefault(target, target) if target else "")
            if inside > 0:
                uses.insert(len(uses) - inside, use)
            else:
                uses.append(use)
        return tuple(uses), tuple([(index, _all(values, chains)) for index, values in self.returned])


def steps_with(steps: tuple[Step, ...], chains: Any, names: dict[str, str]) -> tuple[Step, ...]:
    """The steps with the chains of uses, by number, in the place of the numbers; the same ``names`` become one string."""
    found: list[Step] = []
    for step in steps:
        if step.__class__ is Call:
            arguments, keywords = step.arguments, step.keywords
            if arguments:
                arguments = _all(arguments, chains)
            if keywords:
                keywords = tuple([(names.setdefault(name, name), value_with(held, chains)) for name, held in keywords])
            step = Call(arguments, keywords)
        elif step.__class__ is str:
            step = names.setdefault(step, step)
        found.append(step)
    return tuple(found)


def value_with(held: Any, chains: Any) -> Expression:
    """The value with the chains of uses, by number, in the place of the numbers."""
    kind = held.__class__
    if kind is int:
        found: Chain = chains[held]
        return found
    if kind is Continued:
        base: Chain = chains[held.use]
        return Chain(base.root, base.origin, base.steps + held.steps)
    if kind is Sequence:
        return Sequence(_all(held.items, chains))
    if kind is Operation:
        operands = []
        for each in held.operands:  # not a comprehension: one frame for each level, where the walk itself needed two
            operands.append(value_with(each, chains))  # noqa: PERF401
        return Operation(held.operator, tuple(operands))
    if kind is Mapping:
        items = []
        for key, each in held.items:
            items.append((key if key.__class__ is Constant else value_with(key, chains), value_with(each, chains)))
        return Mapping(tuple(items), held.lines)
    plain: Expression = held
    return plain


def _all(values: tuple[Expression, ...], chains: Any) -> tuple[Expression, ...]:
    return tuple([held if held.__class__ is Constant else value_with(held, chains) for held in values])
