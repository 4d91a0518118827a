"""Splitting a mixed module: the copy that goes to the service without the definitions that stay behind."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

import libcst as cst
from libcst import matchers as m

from decompose.errors import RefusedInput
from decompose.rewrite.names import names_in
from decompose.rewrite.seal import parsed_module


def prune(path: str, source: bytes, keep: Collection[str], absent: Collection[str] = ()) -> bytes:
    """The module with the top-level functions and classes in ``keep`` only, and what those still need.

    ``Class.method`` in ``keep`` splits a class: of its methods only those named so stay.

    ``absent`` are further names that the service does not have: models of SQLAlchemy, tables of other contexts. Of a class that stays, the
    relationships that lead there go.

    Statements outside definitions stay, but for those that name a definition that is gone; imports stay where a name is
    used, where they may be wanted for their effect, and stars. Raises :class:`RefusedInput` when the text does not survive.
    """
    tree = parsed_module(path, source)
    gone: set[str] = set(absent)
    body: list[cst.BaseStatement] = []
    for statement in tree.body:
        name = statement.name.value if isinstance(statement, (cst.FunctionDef, cst.ClassDef)) else ""
        if name and name not in keep:
            gone.add(name)
        elif isinstance(statement, cst.ClassDef) and (methods := {each.partition(".")[2] for each in keep if each.startswith(f"{name}.")}):
            body.append(_split(statement, methods))
        else:
            body.append(_unrelated(statement, absent) if isinstance(statement, cst.ClassDef) else statement)
    body = _without(body, gone)
    body = _without_unused_imports(body)
    text = tree.with_changes(body=body).bytes
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise RefusedInput(f"the split module would not parse: {error}", place=path) from error
    return text


def _split(definition: cst.ClassDef, methods: Collection[str]) -> cst.ClassDef:
    """The class with these methods only."""
    members = [each for each in definition.body.body if not isinstance(each, cst.FunctionDef) or each.name.value in methods]
    kept = members or [cst.SimpleStatementLine([cst.Pass()])]
    return definition.with_changes(body=definition.body.with_changes(body=kept))


_RELATIONS = frozenset({"relationship", "relation", "dynamic_loader"})


def _unrelated(definition: cst.ClassDef, absent: Collection[str]) -> cst.ClassDef:
    """The class without relationships to models that are not there."""
    members = [each for each in definition.body.body if not (_is_relationship(each) and _leads_to(each, absent))]
    if len(members) == len(definition.body.body):
        return definition
    kept = members or [cst.SimpleStatementLine([cst.Pass()])]
    return definition.with_changes(body=definition.body.with_changes(body=kept))


def _is_relationship(statement: cst.CSTNode) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine) or not isinstance(statement.body[0], (cst.Assign, cst.AnnAssign)):
        return False
    value = statement.body[0].value
    name = value.func if isinstance(value, cst.Call) else None
    return (name.attr.value if isinstance(name, cst.Attribute) else name.value if isinstance(name, cst.Name) else "") in _RELATIONS


def _leads_to(statement: cst.CSTNode, absent: Collection[str]) -> bool:
    """Whether a relationship names one of these, by itself or in a text (``"app.models.Invoice"``)."""
    texts = {word for text in m.findall(statement, m.SimpleString()) for word in re.findall(r"\w+", text.raw_value)}  # type: ignore[attr-defined]
    return not {*absent}.isdisjoint(names_in(statement) | texts)


def _without(body: list[cst.BaseStatement], gone: set[str]) -> list[cst.BaseStatement]:
    """Statements that do not need what is gone; what an outgoing assignment defined is gone too."""
    kept: list[cst.BaseStatement] = []
    for statement in body:
        if isinstance(statement, (cst.FunctionDef, cst.ClassDef)) or _is_import(statement) or not (names_in(statement) & gone):
            kept.append(statement)
        elif isinstance(statement, cst.SimpleStatementLine):
            for small in statement.body:
                if isinstance(small, cst.Assign):
                    gone |= {each for target in small.targets for each in names_in(target.target)}
    return kept


def _without_unused_imports(body: list[cst.BaseStatement]) -> list[cst.BaseStatement]:
    used = {name for statement in body if not _is_import(statement) for name in names_in(statement)}
    return [kept for statement in body if (kept := _import_of(statement, used)) is not None]


def _import_of(statement: cst.BaseStatement, used: set[str]) -> cst.BaseStatement | None:
    """A top-level ``from ... import`` with the names in use; anything else as it is."""
    if not (isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1):
        return statement
    small = statement.body[0]
    if not isinstance(small, cst.ImportFrom) or isinstance(small.names, cst.ImportStar):
        if isinstance(small, cst.Import) and not any((alias.evaluated_alias or alias.evaluated_name.partition(".")[0]) in used for alias in small.names):
            return None
        return statement
    if small.module is not None and cst.Module([]).code_for_node(small.module) == "__future__":
        return statement
    names = [alias for alias in small.names if (alias.evaluated_alias or alias.evaluated_name) in used]
    if not names:
        return None
    if len(names) == len(small.names):
        return statement
    names[-1] = names[-1].with_changes(comma=small.names[-1].comma)
    return statement.with_changes(body=[small.with_changes(names=names)])


def _is_import(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and all(isinstance(small, (cst.Import, cst.ImportFrom)) for small in statement.body)


def name_at(source: bytes, line: int) -> str:
    """The name that the top-level assignment around a line binds, ``""`` when there is none."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return ""
    for statement in body:
        if isinstance(statement, ast.Assign) and statement.lineno <= line <= (statement.end_lineno or line):
            return next((each.id for each in statement.targets if isinstance(each, ast.Name)), "")
    return ""
