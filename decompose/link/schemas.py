"""GraphQL schemas as libraries are given them: the classes for queries, mutations and subscriptions, and the names that fields get.

Graphene and Strawberry share this; how a class declares its fields is for their detectors to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from decompose.link.expressions import argument, last_bound, value_of
from decompose.link.objects import Objects
from decompose.link.program import Program
from decompose.model.location import Location
from decompose.model.syntax import Call, Chain, Constant, Expression

OPERATIONS = ("query", "mutation", "subscription")


class Root(msgspec.Struct, frozen=True):
    """A class (or what else is given) as the root of a schema's operations; ``camel`` when names are turned into camelCase.

    ``operation`` is upper case: ``QUERY``. ``at`` is the place of the schema.
    """

    operation: str
    given: Expression
    camel: bool
    at: Location


def roots(program: Program, is_schema: Callable[[str], bool], plain_names: Callable[[Call], bool]) -> Iterator[Root]:
    """The roots of all schemas, also of those made in a function that is given the classes.

    ``is_schema`` says whether calling a dotted name makes a schema; ``plain_names`` whether its arguments keep names as they are written.
    """
    objects = Objects(program, lambda _: "")
    for module, use in program.uses.calling([name for name in program.uses.called if name.endswith("chema")]):
        chain = use.chain
        # What is done with a schema later, through the variable that holds it, does not make it again.
        if chain.origin != "global" or use.sink in ("base", "annotation", "decorator") or last_bound(chain):
            continue
        state, rest = program.head(chain)
        if not rest or not isinstance(rest[0], Call) or not _makes(program, state.kind, state.id, is_schema):
            continue
        position = len(chain.steps) - len(rest)
        for site in objects.sites(use, module):
            call = site.chain.steps[position]
            if isinstance(call, Call):
                yield from _given(call, not plain_names(call), program.at(site.module, site.line))


def _makes(program: Program, kind: str, id: str, is_schema: Callable[[str], bool]) -> bool:
    if kind == "external":
        return is_schema(id)
    return kind == "class" and any(is_schema(each) for each in program.ancestors(id))


def _given(call: Call, camel: bool, at: Location) -> Iterator[Root]:
    for position, operation in enumerate(OPERATIONS):
        given = argument(call, position, operation)
        if given is not None and given != Constant(None):
            yield Root(operation.upper(), given, camel, at)


def class_of(program: Program, given: Expression) -> str:
    """The class of the project that a root is, through names that hold it; ``""`` when it is none."""
    value = value_of(program, given)
    if isinstance(value, Chain):
        state, rest = program.head(value)
        if state.kind == "class" and not any(isinstance(step, str) for step in rest):
            return state.id
    return ""


def camel_case(name: str) -> str:
    """``order_lines`` -> ``orderLines``, as both libraries turn names."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() if part else "_" for part in others)
