"""Comprehensions whose turns are one call each: where a batch may stand for all of them without any change of what happens.

``[Order.objects.get(pk=line.order_id).total for line in lines]`` evaluates the same calls in the same order as
``[line.total for line in orders.get_order_for_each(pks=[line.order_id for line in lines])]``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import libcst as cst

_TAKES_ALL = {"frozenset", "list", "set", "sorted", "sum", "tuple"}
"""Builtins that go through all of a generator: a generator given to others may end early or run later."""


class Repeated(NamedTuple):
    """A comprehension around a call: ``node`` gives way to the batch, ``depth`` attributes and subscripts follow the call in its element."""

    node: cst.ListComp | cst.GeneratorExp
    depth: int


def repeated(parents: Mapping[cst.CSTNode, cst.CSTNode], call: cst.BaseExpression, given: cst.BaseExpression) -> Repeated | None:
    """The comprehension of which ``call`` is the element; ``given`` is the call's only argument."""
    node, depth = call, 0
    while isinstance(parent := parents.get(node), (cst.Attribute, cst.Subscript)) and parent.value is node:
        if isinstance(parent, cst.Subscript) and not _is_literal(parent):
            return None
        node, depth = parent, depth + 1
    if not isinstance(parent, (cst.ListComp, cst.GeneratorExp)) or parent.elt is not node:
        return None
    loop = parent.for_in
    if loop.ifs or loop.inner_for_in or loop.asynchronous or not isinstance(loop.target, cst.Name):
        return None
    if isinstance(parent, cst.GeneratorExp) and not _is_taken_whole(parents, parent):
        return None
    return Repeated(parent, depth) if _leads_from(given, loop.target.value) else None


def _is_literal(node: cst.Subscript) -> bool:
    return all(isinstance(each.slice, cst.Index) and isinstance(each.slice.value, (cst.Integer, cst.SimpleString)) for each in node.slice)


def _is_taken_whole(parents: Mapping[cst.CSTNode, cst.CSTNode], node: cst.GeneratorExp) -> bool:
    argument = parents.get(node)
    call = parents.get(argument) if isinstance(argument, cst.Arg) else None
    return isinstance(call, cst.Call) and isinstance(call.func, cst.Name) and call.func.value in _TAKES_ALL and call.args[0] is argument


def _leads_from(node: cst.BaseExpression, name: str) -> bool:
    """Whether an expression is the loop's variable or attributes of it."""
    while isinstance(node, cst.Attribute):
        node = node.value
    return isinstance(node, cst.Name) and node.value == name


def in_one_call(updated: cst.ListComp | cst.GeneratorExp, depth: int, name: str, parameter: str, given: cst.BaseExpression) -> cst.BaseExpression:
    """The comprehension with the batch in the place of its calls."""
    loop = updated.for_in
    items: cst.BaseExpression = loop.iter
    if not (isinstance(given, cst.Name) and isinstance(loop.target, cst.Name) and given.value == loop.target.value):
        items = cst.ListComp(given, loop)
    batch = cst.Call(cst.parse_expression(name), [cst.Arg(items, keyword=cst.Name(parameter), equal=_EQUAL)])
    if not depth:
        return batch
    return updated.with_changes(elt=_on(updated.elt, depth, loop.target), for_in=loop.with_changes(iter=batch))


def _on(element: cst.BaseExpression, depth: int, name: cst.BaseAssignTargetExpression) -> cst.BaseExpression:
    """What follows the call in an element, on the loop's variable."""
    if not depth:
        assert isinstance(name, cst.Name)
        return name
    assert isinstance(element, (cst.Attribute, cst.Subscript))
    return element.with_changes(value=_on(element.value, depth - 1, name))


_EQUAL = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))


def only(values: Sequence[cst.BaseExpression]) -> cst.BaseExpression | None:
    """The value when there is one."""
    return values[0] if len(values) == 1 else None
