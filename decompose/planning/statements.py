"""What an SQLAlchemy statement asks for, from its normal form: the call it ends in, what that gives, and the types of its parameters."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import msgspec

from decompose.model.facts import ModelUse
from decompose.model.migration import OperationParameter
from decompose.model.syntax import Definition
from decompose.planning.sight import Sight
from decompose.planning.types import UNKNOWN, Type, Types

ORIGIN = "sqlalchemy"
"""The detector whose tables are asked with statements."""

_NOT_FOUND = ("werkzeug.exceptions.NotFound",)
_NO_ROW = ("sqlalchemy.exc.NoResultFound",)


class End(msgspec.Struct, frozen=True):
    """What the last call of a statement does: verb and number for the operation's name, what a caller gets, errors that are part of that."""

    verb: str
    many: bool
    result: str
    command: bool = False
    idempotent: bool = True
    errors: tuple[str, ...] = ()


_ENDS = {
    "get": End("get", False, "optional"),
    "get_one": End("get", False, "instance", errors=_NO_ROW),
    "get_or_404": End("get", False, "instance", errors=_NOT_FOUND),
    "first": End("first", False, "optional"),
    "first_or_404": End("first", False, "instance", errors=_NOT_FOUND),
    "one": End("get", False, "instance", errors=_NO_ROW),
    "one_or_404": End("get", False, "instance", errors=_NOT_FOUND),
    "one_or_none": End("get", False, "optional"),
    "scalar_one": End("get", False, "instance", errors=_NO_ROW),
    "scalar_one_or_none": End("get", False, "optional"),
    "scalar": End("get", False, "optional"),
    "all": End("list", True, "list"),
    "fetchall": End("list", True, "list"),
    "to_list": End("list", True, "list"),
    "scalars": End("list", True, "list"),
    "count": End("count", True, "integer"),
}
"""Calls that send a query (SQLAlchemy 2.0: "Session API", "Query", "Result"; Flask-SQLAlchemy: "Query")."""

_FUNCTION = re.compile(r"\bfunc\.(\w+)")

_CHANGES = {"delete": End("delete", True, "integer", True), "update": End("update", True, "integer", True)}
"""Calls of a query that change what it selects: they give the number of rows."""

_OF_ROWS = {
    "add": End("add", False, "none", True, False),
    "add_all": End("add", True, "none", True, False),
    "delete": End("delete", False, "none", True),
    "merge": End("merge", False, "instance", True),
    "refresh": End("refresh", False, "none", True),
    "expunge": End("expunge", False, "none", True),
    "expire": End("expire", False, "none", True),
}
"""Calls of a session that are given rows."""


def end_of(use: ModelUse) -> str:
    """The name of the call that a statement ends in; of ``Order(...)`` that of the class; ``""`` where it ends in none."""
    try:
        node: ast.AST = ast.parse(use.shape, mode="eval").body
    except SyntaxError:
        return ""
    match node:
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)):
            return name
    return ""


def ending(use: ModelUse, end: str) -> End | None:
    """What the call does, ``None`` for one that is not known."""
    about_rows = any(" " in hole and hole.partition("=")[2].startswith(("row ", "rows ")) for hole in use.holes)
    if about_rows and end in _OF_ROWS:
        return _OF_ROWS[end]
    if end in _CHANGES:
        return _CHANGES[end]
    found = _ENDS.get(end)
    if use.result == "scalar" and end not in ("count",):
        function = _FUNCTION.search(use.shape)
        verb = function.group(1) if function is not None else "value_of"
        return End(verb, True, "integer" if verb == "count" else "json") if found is not None and not found.many else None
    if found is None and use.result == "queryset" and use.sink == "iterate":
        return _ENDS["all"]
    if use.result == "values" and found is not None:
        return msgspec.structs.replace(found, result="json", errors=())  # rows of columns travel as named tuples
    if found is not None and use.result != {"list": "queryset", "integer": "scalar"}.get(found.result, "instance"):
        return None
    return found


def parameters(use: ModelUse, sight: Sight, types: Types) -> Iterator[OperationParameter]:
    """The statement's parameters; of one whose type is not known the type is ``""``."""
    for hole in use.holes:
        name, _, what = hole.partition("=")
        found = _type(what, sight, types)
        yield OperationParameter(name, found.name, found.nullable)


def _type(what: str, sight: Sight, types: Types) -> Type:
    kind, _, rest = what.partition(" ")
    owner, _, last = rest.rpartition(".")
    match kind:
        case "session" | "integer":
            return Type(kind)
        case "column":
            table = sight.model_table(owner)
            return types.lookup(table, last) if table is not None else UNKNOWN
        case "row":
            return Type(types.of_model(rest))
        case "rows":
            return Type(f"list:{types.of_model(rest)}") if types.of_model(rest) else UNKNOWN
        case "parameter":
            method = sight.program.definition(owner)
            found = next((each for each in method.parameters if each.name == last), None) if method is not None else None
            return types.parameter(method, found) if method is not None and found is not None else UNKNOWN
    return UNKNOWN


def own_method(use: ModelUse, end: str, sight: Sight) -> Definition | None:
    """The project's own class method that a statement is a call of: ``Order.create(...)``, not ``Order.query.delete()``."""
    on_class = use.shape.startswith(f"{use.model.rpartition('.')[2]}.{end}(")
    found = sight.program.member(use.model, end) if on_class else None
    return found if isinstance(found, Definition) and found.kind == "method" else None
