"""Foreign keys of Django models that point over the cut, without their constraints."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence

import libcst as cst

from decompose.errors import RefusedInput
from decompose.rewrite.seal import parsed_module

WIDTH = 100
"""Columns of a line that is written here; the same as for sealed call sites."""


def declared_at(source: bytes, line: int) -> tuple[str, str] | None:
    """The class, with those around it, and the name of the field whose declaration covers a line; ``None`` where no field stands there."""
    return _declared(ast.parse(source).body, line, "")


def _declared(body: Sequence[ast.stmt], line: int, prefix: str) -> tuple[str, str] | None:
    for node in body:
        if not node.lineno <= line <= (node.end_lineno or node.lineno):
            continue
        if isinstance(node, ast.ClassDef):
            return _declared(node.body, line, f"{prefix}{node.name}.")
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Call) and prefix:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            return (prefix[:-1], target.id) if isinstance(target, ast.Name) else None
        if isinstance(node, (ast.If, ast.Try, ast.With)):
            return _declared(node.body, line, prefix)
    return None


def without_constraints(path: str, source: bytes, fields: Collection[tuple[str, str]]) -> bytes:
    """The module with ``db_constraint=False`` in the declarations of these fields, each given by its class and name.

    Raises :class:`RefusedInput` when the text does not survive.
    """
    tree = parsed_module(path, source)
    text = tree.visit(_Unconstrained(frozenset(fields))).bytes
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise RefusedInput(f"the rewritten module would not parse: {error}", place=path) from error
    return text


class _Unconstrained(cst.CSTTransformer):
    def __init__(self, fields: frozenset[tuple[str, str]]) -> None:
        self._fields = fields
        self._classes: list[str] = []

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._classes.append(node.name.value)

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:
        self._classes.pop()
        return updated_node

    def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign) -> cst.Assign:
        target = updated_node.targets[0].target
        value = self._changed(target, updated_node.value)
        return updated_node.with_changes(value=value) if value is not None else updated_node

    def leave_AnnAssign(self, original_node: cst.AnnAssign, updated_node: cst.AnnAssign) -> cst.AnnAssign:
        value = self._changed(updated_node.target, updated_node.value)
        return updated_node.with_changes(value=value) if value is not None else updated_node

    def _changed(self, target: cst.BaseExpression, value: cst.BaseExpression | None) -> cst.Call | None:
        if not isinstance(target, cst.Name) or not isinstance(value, cst.Call) or (".".join(self._classes), target.value) not in self._fields:
            return None
        if any(argument.keyword is not None and argument.keyword.value == "through" for argument in value.args):
            return None  # the keys of the model in between are fields of their own
        indent = 4 * len(self._classes)
        return with_argument(value, "db_constraint", "False", taken=indent + len(target.value) + 3)


def with_argument(call: cst.Call, name: str, value: str, *, taken: int = 0) -> cst.Call:
    """The call with a keyword argument, in its place where it has one, else at the end and laid out as the others are.

    ``taken`` are the columns of its line that are not the call's.
    """
    given = call.args
    for index, argument in enumerate(given):
        if argument.keyword is not None and argument.keyword.value == name:
            return call.with_changes(args=[*given[:index], argument.with_changes(value=cst.parse_expression(value)), *given[index + 1 :]])
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    added = cst.Arg(cst.parse_expression(value), cst.Name(name), equal)
    if not given:
        return call.with_changes(args=[added])
    between = given[0].comma if len(given) > 1 and isinstance(given[0].comma, cst.Comma) else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    last = given[-1]
    added = added.with_changes(comma=last.comma, whitespace_after_arg=last.whitespace_after_arg)
    last = last.with_changes(comma=between, whitespace_after_arg=cst.SimpleWhitespace(""))
    made = call.with_changes(args=[*given[:-1], last, added])
    lines = cst.Module([]).code_for_node(made).split("\n")
    # Inside a class body the module does not indent what it writes: a line of arguments stands four columns in.
    widest = max([taken + len(lines[0]), *(taken + 4 + len(line.strip()) for line in lines[1:])])
    return made if widest <= WIDTH else _one_a_line(made)


def _one_a_line(call: cst.Call) -> cst.Call:
    def line(columns: int) -> cst.ParenthesizedWhitespace:
        return cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(" " * columns))

    arguments = [each.with_changes(comma=cst.Comma(whitespace_after=line(4)), whitespace_after_arg=cst.SimpleWhitespace("")) for each in call.args]
    arguments[-1] = arguments[-1].with_changes(comma=cst.Comma(whitespace_after=line(0)))
    return call.with_changes(whitespace_before_args=line(4), args=arguments)
