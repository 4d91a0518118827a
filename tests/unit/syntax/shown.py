"""Expressions of a summary as short text, so that a test shows a program and what is said of it side by side.

``shop.Order.objects.get(pk=1)<order@7>.save()``: a chain on a global symbol; ``<order@7>`` is the passage through a variable,
``<order@7?>`` an uncertain one, ``<order@7?:3>`` one whose only other value is what the first three steps yield, ``<order@7:m.Order>``
one with an annotation. Other origins come first: ``instance m.Order``, ``self m.View``, ``parameter request``, ``local x``, ``builtin len``.
"""

from __future__ import annotations

from textwrap import dedent

from decompose.model.syntax import (
    Bound,
    Call,
    Chain,
    Constant,
    Expression,
    Item,
    Mapping,
    ModuleSummary,
    Opaque,
    Operation,
    Sequence,
    Slice,
    Template,
    Use,
)
from decompose.syntax.summary import summarize


def summary(text: str, name: str = "m", *, is_package: bool = False) -> ModuleSummary:
    found = summarize(name.replace(".", "/") + ".py", name, is_package, dedent(text).lstrip("\n"))
    assert not found.failure, found.failure
    return found


def uses(text: str, name: str = "m", *, sink: str = "", scope: str | None = None) -> list[str]:
    """The chains of a program in order, as text."""
    return [
        shown(use.chain)
        for use in summary(text, name).uses
        if (not sink or use.sink == sink) and (scope is None or use.scope == scope)
    ]


def use(text: str, beginning: str) -> Use:
    """The first use whose chain as text begins so."""
    found = [use for use in summary(text).uses if shown(use.chain).startswith(beginning)]
    assert found, [shown(use.chain) for use in summary(text).uses]
    return found[0]


def shown(value: Expression) -> str:
    match value:
        case Chain(root, origin, steps):
            return (root if origin == "global" else f"{origin} {root}") + "".join(_step(step) for step in steps)
        case Constant(held):
            return repr(held)
        case Template(text):
            return f"t{text!r}"
        case Sequence(items):
            return f"[{', '.join(map(shown, items))}]"
        case Mapping(items):
            return "{" + ", ".join(f"{shown(key)}: {shown(held)}" for key, held in items) + "}"
        case Operation(operator, operands):
            return f"({operator} {' '.join(map(shown, operands))})"
        case Opaque(text):
            return f"`{text}`"
    raise AssertionError(value)


def _step(step: object) -> str:
    match step:
        case str(name):
            return f".{name}"
        case Call(arguments, keywords):
            return f"({', '.join([*map(shown, arguments), *(f'{name}={shown(held)}' for name, held in keywords)])})"
        case Item(None):
            return "[]"
        case Item(key):
            return f"[{key!r}]"
        case Slice():
            return "[:]"
        case Bound(variable, line, certain, symbol, prefix):
            doubt = "" if certain else "?" if prefix < 0 else f"?:{prefix}"
            return f"<{variable}@{line}{doubt}{':' + symbol if symbol else ''}>"
    raise AssertionError(step)
