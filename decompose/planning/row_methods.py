"""Methods of models at the end of an expression: ``Token.check(user)``, ``Order.objects.get(pk=pk).cancel()``, ``line.order.total()``."""

from __future__ import annotations

from typing import NamedTuple

from decompose.link.program import Program
from decompose.model.syntax import Chain, Definition, Parameter
from decompose.planning.shape import Part

_ONE_ROW = {"get", "first", "last", "latest", "earliest", "create", "get_object_or_404"}
"""Calls that give a row: what follows is a method of the model."""


class RowMethod(NamedTuple):
    """A method of a model; ``bound`` is true when it is called on a row, false when on the class."""

    definition: Definition
    bound: bool

    @property
    def name(self) -> str:
        return self.definition.id.rpartition(".")[2]


def method_at_end(program: Program, model: str, found: tuple[Part, ...], *, on_row: bool = False) -> RowMethod | None:
    """The model's own method that an expression ends in; ``on_row`` when the expression before the parts is a row already."""
    if not found or found[-1].arguments is None or not found[-1].name:
        return None
    member = program.member(model, found[-1].name)
    if not isinstance(member, Definition) or member.kind != "method" or program.is_property(member):
        return None
    before = found[-2] if len(found) > 1 else None
    if before is None and not on_row:
        return RowMethod(member, False) if decorated(program, member, "staticmethod", "classmethod") else None
    gives_row = on_row and before is None
    if before is not None and before.arguments is not None:
        gives_row = before.name in _ONE_ROW
    return RowMethod(member, True) if gives_row else None


def decorated(program: Program, method: Definition, *names: str) -> bool:
    """Whether a method has one of Python's own decorators."""
    roots = {each.root.removeprefix("builtins.") for each in method.decorators if isinstance(each, Chain) and not each.steps}
    return bool(roots & {*names})


def argument_of(program: Program, method: RowMethod, index: int, argument: str) -> Parameter | None:
    """The parameter that an argument of a shape fills: by keyword, else by position after ``self`` or ``cls``."""
    named = method.definition.parameters[0 if decorated(program, method.definition, "staticmethod") else 1 :]
    if argument != "?":
        return next((each for each in named if argument == f"{each.name}="), None)
    found = named[index] if index < len(named) else None
    return found if found is not None and found.kind in ("positional", "normal") else None
