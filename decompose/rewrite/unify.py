"""Finding an operation's statement in the user's text: the template's parameters stand for whatever the text has there.

The template is written with the last names of what it imports; the text may say the same with a module in front or under another name.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence

import libcst as cst

_CONSTANTS = frozenset({"True", "False", "None"})
_DISPLAYS = (cst.List, cst.Tuple, cst.Set)


def unify(
    template: cst.BaseExpression, text: cst.BaseExpression, holes: Collection[str], held: Mapping[str, cst.BaseExpression] | None = None
) -> dict[str, cst.BaseExpression] | None:
    """What stands in the place of each parameter, ``None`` where the text is another expression.

    ``held`` are the values of variables that the text may have in the place of an expression.
    """
    found: dict[str, cst.BaseExpression] = {}
    waiting: list[tuple[cst.CSTNode, cst.CSTNode]] = [(template, text)]
    while waiting:
        wanted, given = waiting.pop()
        if isinstance(wanted, cst.Name) and wanted.value in holes:
            if not isinstance(given, cst.BaseExpression):
                return None
            found[wanted.value] = given
            continue
        if held and isinstance(given, cst.Name) and given.value in held and not isinstance(wanted, cst.Name):
            given = held[given.value]
        parts = _parts(wanted, given)
        if parts is None:
            return None
        waiting += parts
    return found


def _parts(wanted: cst.CSTNode, given: cst.CSTNode) -> list[tuple[cst.CSTNode, cst.CSTNode]] | None:
    """The parts of two nodes of one form that have to agree; ``None`` for nodes that differ."""
    match wanted:
        case cst.Name():
            return [] if _same_name(wanted.value, given) else None
        case cst.Attribute():
            return [(wanted.value, given.value)] if isinstance(given, cst.Attribute) and given.attr.value == wanted.attr.value else None
        case cst.Call():
            if not isinstance(given, cst.Call) or [*map(_how, wanted.args)] != [*map(_how, given.args)]:
                return None
            return [(wanted.func, given.func), *((a.value, b.value) for a, b in zip(wanted.args, given.args, strict=True))]
        case cst.Comparison():
            return _compared(wanted, given)
        case cst.BinaryOperation() | cst.BooleanOperation():
            same = isinstance(given, type(wanted)) and isinstance(given.operator, type(wanted.operator))
            return [(wanted.left, given.left), (wanted.right, given.right)] if same else None  # type: ignore[attr-defined]
        case cst.UnaryOperation():
            same = isinstance(given, cst.UnaryOperation) and isinstance(given.operator, type(wanted.operator))
            return [(wanted.expression, given.expression)] if same else None  # type: ignore[attr-defined]
        case cst.List():
            return _together([e.value for e in wanted.elements], [e.value for e in given.elements]) if isinstance(given, _DISPLAYS) else None
        case cst.Dict():
            return _together([*_sides(wanted)], [*_sides(given)]) if isinstance(given, cst.Dict) else None
        case _:
            return [] if _same_value(wanted, given) else None


def _same_name(name: str, given: cst.CSTNode) -> bool:
    if name in _CONSTANTS:
        return isinstance(given, cst.Name) and given.value == name
    if isinstance(given, cst.Attribute):
        return given.attr.value == name and _dotted(given.value)
    # A plain name may be another name for the same thing: ``from sqlalchemy import func as f``.
    return isinstance(given, cst.Name) and given.value not in _CONSTANTS


def _dotted(node: cst.BaseExpression) -> bool:
    while isinstance(node, cst.Attribute):
        node = node.value
    return isinstance(node, cst.Name)


def _how(argument: cst.Arg) -> tuple[str, str]:
    return argument.star, argument.keyword.value if argument.keyword is not None else ""


def _compared(wanted: cst.Comparison, given: cst.CSTNode) -> list[tuple[cst.CSTNode, cst.CSTNode]] | None:
    if not isinstance(given, cst.Comparison) or len(given.comparisons) != len(wanted.comparisons):
        return None
    pairs = [*zip(wanted.comparisons, given.comparisons, strict=True)]
    if any(not isinstance(b.operator, type(a.operator)) for a, b in pairs):
        return None
    return [(wanted.left, given.left), *((a.comparator, b.comparator) for a, b in pairs)]


def _together(wanted: Sequence[cst.CSTNode], given: Sequence[cst.CSTNode]) -> list[tuple[cst.CSTNode, cst.CSTNode]] | None:
    return [*zip(wanted, given, strict=True)] if len(wanted) == len(given) else None


def _sides(display: cst.Dict) -> Iterator[cst.CSTNode]:
    for element in display.elements:
        if isinstance(element, cst.DictElement):
            yield element.key
        yield element.value


def _same_value(wanted: cst.CSTNode, given: cst.CSTNode) -> bool:
    """Whether two nodes are the same literal, however it is written, or the same text."""
    texts = [cst.Module([]).code_for_node(each) for each in (wanted, given)]
    try:
        values = [ast.literal_eval(text) for text in texts]
    except (ValueError, SyntaxError):
        return texts[0] == texts[1]
    return type(values[0]) is type(values[1]) and bool(values[0] == values[1])
