"""Statements that are built in a variable first: where the variable gets its value, and whether the call may do without it.

``query = select(Order).where(Order.state == state)`` and ``session.scalars(query).all()`` some lines below are one expression when nothing between changes
what the first line says. The line goes when the call takes its values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import libcst as cst
import msgspec
from libcst import matchers as m


class Held(msgspec.Struct, frozen=True):
    """A variable's one value in a function, and the line that assigns it."""

    value: cst.BaseExpression
    line: cst.SimpleStatementLine


def held_in(function: cst.FunctionDef) -> dict[str, Held]:
    """The variables of a function that are assigned once, by a line of their own without comments, and used once."""
    assigned: dict[str, list[Held | None]] = {}
    used: dict[str, int] = {}
    for name in _names(function.body):
        used[name] = used.get(name, 0) + 1
    for parameter in m.findall(function.params, m.Param()):
        assert isinstance(parameter, cst.Param)
        assigned.setdefault(parameter.name.value, []).append(None)
    alone = [block.body[0] for block in m.findall(function, m.IndentedBlock()) if isinstance(block, cst.IndentedBlock) and len(block.body) == 1]
    for line in m.findall(function.body, m.SimpleStatementLine()):
        assert isinstance(line, cst.SimpleStatementLine)
        needed = any(line is each for each in alone)
        for name_, value in _assigned(line):
            assigned.setdefault(name_, []).append(None if needed else value)
    return {name: held for name, (held, *others) in assigned.items() if held is not None and not others and used.get(name) == 2}


def _assigned(line: cst.SimpleStatementLine) -> Iterable[tuple[str, Held | None]]:
    for small in line.body:
        alone = len(line.body) == 1 and not m.findall(line, m.Comment())
        match small:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value):
                yield name, Held(value, line) if alone else None
            case cst.AnnAssign(target=cst.Name(value=name), value=cst.BaseExpression() as value):
                yield name, Held(value, line) if alone else None
            case _:
                for target in m.findall(small, m.AssignTarget() | m.AugAssign() | m.NamedExpr()):
                    for each in m.findall(target.target, m.Name()):  # type: ignore[attr-defined]
                        yield each.value, None  # type: ignore[attr-defined]


def taken(held: Mapping[str, Held], expression: cst.CSTNode) -> dict[str, Held]:
    """The variables among ``held`` that an expression goes on from, those that their values go on from included."""
    found: dict[str, Held] = {}
    waiting = [expression]
    while waiting:
        for name in _names(waiting.pop()):
            if name in held and name not in found:
                found[name] = held[name]
                waiting.append(held[name].value)
    return found


def changes_between(function: cst.FunctionDef, taken_: Iterable[Held], values: Iterable[cst.BaseExpression]) -> bool:
    """Whether a name in one of the values is bound after a line that is to go: the call would see another value."""
    lines = [each.line for each in taken_]
    names = {name for value in values for name in _names(value)}
    reached = False
    for line in m.findall(function.body, m.SimpleStatementLine() | m.For() | m.With() | m.ExceptHandler()):
        if any(line is each for each in lines):
            reached = True
            continue
        if reached and names & {name for name, _ in _bound(line)}:
            return True
    return False


def _names(node: cst.CSTNode) -> list[str]:
    """The names of variables in a piece of code, as often as they stand there: no attributes, no keywords."""
    names = _Names()
    node.visit(names)
    return names.found


class _Names(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def visit_Name(self, node: cst.Name) -> None:
        self.found.append(node.value)

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        node.value.visit(self)
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:
        node.value.visit(self)
        return False


def _bound(node: cst.CSTNode) -> Iterable[tuple[str, object]]:
    if isinstance(node, cst.SimpleStatementLine):
        return _assigned(node)
    targets = [node.target] if isinstance(node, cst.For) else m.findall(node, m.AsName())
    return [(name.value, None) for target in targets for name in m.findall(target, m.Name()) if isinstance(name, cst.Name)]
