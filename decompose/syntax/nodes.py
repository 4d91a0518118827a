"""Small questions about nodes of the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

Node = Any
"""A node of the syntax tree: the walk dispatches on classes itself, which no annotation could follow."""


def is_string(node: Node) -> bool:
    return node.__class__ is ast.JoinedStr or (node.__class__ is ast.Constant and isinstance(node.value, str))


def docstring(body: list[Node]) -> str | None:
    if body and body[0].__class__ is ast.Expr:
        value = body[0].value
        if value.__class__ is ast.Constant and isinstance(value.value, str):
            return value.value
    return None


def start(node: Any) -> int:
    return int((node.decorator_list[0] if node.decorator_list else node).lineno)


def imported(alias: ast.alias) -> tuple[str, str]:
    """The name that ``import a.b`` binds and the symbol it stands for."""
    if alias.asname:
        return alias.asname, alias.name
    first = alias.name.split(".", 1)[0]
    return first, first


def dotted(node: Node) -> str:
    """``a.b.c`` as text, ``""`` for anything else."""
    if node.__class__ is ast.Name:
        return node.id
    parts: list[str] = []
    inner: Any = node
    while inner.__class__ is ast.Attribute:
        parts.append(inner.attr)
        inner = inner.value
    if inner.__class__ is not ast.Name:
        return ""
    parts.append(inner.id)
    return ".".join(reversed(parts))


def is_type_checking(test: Node) -> bool:
    return (test.__class__ is ast.Name and test.id == "TYPE_CHECKING") or (
        test.__class__ is ast.Attribute and test.attr == "TYPE_CHECKING"
    )


def arguments(arguments: Node) -> Iterator[ast.arg]:
    yield from arguments.posonlyargs
    yield from arguments.args
    yield from arguments.kwonlyargs
    if arguments.vararg is not None:
        yield arguments.vararg
    if arguments.kwarg is not None:
        yield arguments.kwarg


def stored(target: Node) -> Iterator[str]:
    """The names that an assignment to this target binds."""
    kind = target.__class__
    if kind is ast.Name:
        yield target.id
    elif kind is ast.Tuple or kind is ast.List:
        for item in target.elts:
            yield from stored(item)
    elif kind is ast.Starred:
        yield from stored(target.value)


def targets(node: Node) -> list[Node]:
    """What a statement other than ``=`` binds by itself."""
    if isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.For, ast.AsyncFor)):
        return [node.target]
    if isinstance(node, (ast.With, ast.AsyncWith)):
        return [item.optional_vars for item in node.items if item.optional_vars is not None]
    name = getattr(node, "name", None)
    return [name] if isinstance(name, ast.Name) else []


def blocks(node: Node) -> Iterator[list[Node]]:
    """The blocks of a compound statement."""
    for field in ("body", "orelse", "finalbody"):
        inner = getattr(node, field, None)
        if inner:
            yield inner
    for handler in getattr(node, "handlers", ()):
        yield handler.body
    for case in getattr(node, "cases", ()):
        yield case.body


def assigned(body: Iterable[Node]) -> Iterator[str]:
    """Names that statements of a block bind, those of nested blocks included and of nested functions not."""
    for node in body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from stored(target)
        elif isinstance(node, ast.Expr):
            continue
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        else:
            for target in targets(node):
                yield from stored(target)
            for inner in blocks(node):
                yield from assigned(inner)
