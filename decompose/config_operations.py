"""``[operations.CONTEXT.NAME]`` of the configuration: settings of the operations of boundaries."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from decompose.model.settings import OperationSettings

if TYPE_CHECKING:
    from decompose.config import Reader

SETTINGS = ("fallback", "idempotent", "name", "page-size", "parameters", "returns", "timeout")
PLAIN_TYPES = (
    "big", "binary", "boolean", "date", "datetime", "decimal", "duration", "float", "integer", "json", "string", "text", "time", "uuid",
)  # fmt: skip
"""Neutral types of single values that a person may name; rows are ``entity:Name``."""

_NAME = re.compile(r"[a-z_]\w*", re.ASCII)
_PATTERN = re.compile(r"[\w*?\[\]-]+", re.ASCII)
_TYPE = re.compile(rf"(list:)?({'|'.join(PLAIN_TYPES)}|entity:[A-Za-z_]\w*)", re.ASCII)
_RETURNED = re.compile(rf"none|{_TYPE.pattern}", re.ASCII)
_FALLBACK = re.compile(r"raise|empty|none|last|default:.+", re.DOTALL)

_A_TYPE = f"a type: {', '.join(PLAIN_TYPES)}, entity:<model>, or list: before one of them"


def operations(document: Mapping[str, Any], reader: Reader) -> tuple[OperationSettings, ...]:
    """The settings of all operations, those that name many before those that name one."""
    contexts = document.get("operations", {})
    if not isinstance(contexts, dict):
        raise reader.error("operations", "[operations.CONTEXT.NAME] must be tables")
    found = [each for context in sorted(contexts) for each in _of_context(contexts[context], context, reader)]
    return tuple(sorted(found, key=lambda each: (each.context, each.exact, each.operation)))


def _of_context(tables: Any, context: str, reader: Reader) -> Iterator[OperationSettings]:
    if not isinstance(tables, dict):
        raise reader.error(f"operations.{context}", f"[operations.{context}.NAME] must be tables")
    for operation in sorted(tables):
        key = f"operations.{context}.{operation}"
        if not _PATTERN.fullmatch(operation):
            raise reader.error(key, f"{operation!r} is no name of an operation and no glob over names")
        reader.note(key)
        yield _settings(reader.checked(tables[operation], key, SETTINGS), context, operation, key, reader)


def _settings(table: Mapping[str, Any], context: str, operation: str, key: str, reader: Reader) -> OperationSettings:
    idempotent = table.get("idempotent")
    if idempotent is not None and not isinstance(idempotent, bool):
        raise reader.error(f"{key}.idempotent", "idempotent must be true or false")
    returns = reader.text(table, f"{key}.returns", pattern=_RETURNED, form=_A_TYPE + ", or none")
    settings = OperationSettings(
        context=context,
        operation=operation,
        name=reader.text(table, f"{key}.name", pattern=_NAME, form="a name for a function"),
        timeout=reader.number(table, f"{key}.timeout", 0.0, above=0.001) if "timeout" in table else 0.0,
        idempotent=idempotent,
        fallback=reader.text(table, f"{key}.fallback", pattern=_FALLBACK, form="raise, empty, none, last or default:<literal>"),
        page_size=reader.integer(table, f"{key}.page-size", 0, 1, 100_000) if "page-size" in table else 0,
        returns=returns,
        parameters=tuple(_parameters(table, f"{key}.parameters", reader)),
    )
    if settings.name and not settings.exact:
        raise reader.error(f"{key}.name", "a name is for one operation, and this is a glob")
    if keyword.iskeyword(settings.name):
        raise reader.error(f"{key}.name", f"{settings.name!r} is a word of Python's own")
    return settings


def _parameters(table: Mapping[str, Any], key: str, reader: Reader) -> Iterator[tuple[str, str]]:
    parameters = table.get("parameters", {})
    if not isinstance(parameters, dict):
        raise reader.error(key, f"[{key}] must be a table of types")
    for name in sorted(parameters):
        yield name, reader.text(parameters, f"{key}.{name}", pattern=_TYPE, form=_A_TYPE)


# --- for `config show` and `schema config` ------------------------------------------------------


def operation_values(settings: Iterable[OperationSettings]) -> dict[str, Any]:
    """What is said of operations by dotted key, as it would stand in ``decompose.toml``."""
    found: dict[str, Any] = {}
    for each in settings:
        said = {
            "name": each.name, "timeout": each.timeout, "fallback": each.fallback, "page-size": each.page_size, "returns": each.returns,
        }  # fmt: skip
        found |= {f"{each.key}.{name}": value for name, value in said.items() if value}
        if each.idempotent is not None:
            found[f"{each.key}.idempotent"] = each.idempotent
        found |= {f"{each.key}.parameters.{name}": type_ for name, type_ in each.parameters}
    return found


def operation_schema() -> dict[str, Any]:
    """The part of the JSON Schema for ``[operations]``."""

    def text(pattern: re.Pattern[str]) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^({pattern.pattern})$"}

    properties = {
        "name": text(_NAME),
        "timeout": {"type": "number", "minimum": 0.001},
        "idempotent": {"type": "boolean"},
        "fallback": text(_FALLBACK),
        "page-size": {"type": "integer", "minimum": 1, "maximum": 100_000},
        "returns": text(_RETURNED),
        "parameters": {"type": "object", "additionalProperties": text(_TYPE)},
    }
    operation = {"type": "object", "properties": properties, "additionalProperties": False}
    context = {"type": "object", "propertyNames": text(_PATTERN), "additionalProperties": operation}
    return {"type": "object", "additionalProperties": context}
