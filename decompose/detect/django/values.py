"""What an expression is in terms of models: class, manager, query set, instance.

A :class:`Value` is what a prefix of a chain stands for; :class:`decompose.detect.django.evaluate.Evaluator` makes and advances them.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from decompose.detect.django.schema import Field, Model, ModelManager
from decompose.link.program import State
from decompose.model.facts import Annotation
from decompose.model.syntax import Bound, Call, Item, Slice

Step = str | Call | Item | Slice | Bound
Effect = tuple[str, str]
"""Table and mode: ``read``, ``write``, or :data:`MAYBE` for a read that happens only as the case may be."""
MAYBE = "read?"

DEPTH = 5
"""Calls followed within calls."""


class Value(msgspec.Struct, frozen=True, gc=False):
    """``kind``: ``class manager queryset values row instance list pair enumerated indexed scalar none exception`` of ``model``;
    ``form`` (of a view, about ``model``), ``method`` (``name`` of ``owner``, or the project's function in ``state``), ``request``, or ``state`` for anything else.
    """

    kind: str
    model: Model | None = None
    manager: ModelManager | None = None
    relation: Field | None = None
    state: State = State("unknown")
    name: str = ""
    owner: Value | None = None
    certain: bool = True
    joins: tuple[str, ...] = ()
    """Tables beyond the model's own that evaluating a query set reads."""
    along: tuple[str, ...] = ()
    """Tables that are read as well where rows are taken (``select_related``, ``prefetch_related``), though not by ``count()``."""
    annotations: tuple[Annotation, ...] = ()
    """What rows have beside their columns, aliases included."""

    def uncertain(self) -> Value:
        """The same, not fixed by the text."""
        return replace(self, certain=False) if self.certain else self


SCALAR = Value("scalar")
MODEL_KINDS = frozenset({"class", "manager", "queryset", "values", "row", "instance", "list", "pair", "enumerated", "indexed", "exception"})
REQUEST = Value("request")


class Trace(msgspec.Struct, frozen=True, gc=False):
    """A chain followed: the value before the first and after each step, as far as it was known, and what each step does to tables."""

    values: list[Value]
    effects: list[tuple[Effect, ...]]
    start: int
    """The number of steps up to and including the last passage through a variable: what comes before was done elsewhere."""
    telling: bool
    """Whether any value from ``start`` on is a model's, or any step from there does something to a table."""


def agreed(values: Iterable[Value | None]) -> Value | None:
    """The value that several possibilities have in common; ``None`` when one is unknown or they differ."""
    found: Value | None = None
    for value in values:
        if value is None:
            return None
        if value.kind == "none":
            continue
        if found is None:
            found = value
        elif (found.kind, found.model, found.state) != (value.kind, value.model, value.state):
            return None
        else:
            if found.joins and found.joins != value.joins:
                found = replace(found, joins=tuple(table for table in found.joins if table in value.joins))
            if found.annotations != value.annotations:
                found = replace(found, annotations=sometimes(found.annotations, value.annotations))
            if not value.certain:
                found = found.uncertain()
    return found


def together(first: tuple[Annotation, ...], then: tuple[Annotation, ...]) -> tuple[Annotation, ...]:
    """What rows have after a query set that has the first was given the others."""
    if not first or not then:
        return first or then
    return tuple({each.name: each for each in (*first, *then)}.values())


def sometimes(one: tuple[Annotation, ...], other: tuple[Annotation, ...]) -> tuple[Annotation, ...]:
    """What rows have that come from one of two query sets: what only one of them has is there as the case may be."""
    if one == other:
        return one
    both = {each.name: each for each in one}.keys() & {each.name for each in other if each in one}
    return tuple(
        each if each.name in both else replace(each, type="", obstacle="only some of the rows have it")
        for each in together(one, other)
    )
