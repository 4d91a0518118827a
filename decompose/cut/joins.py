"""Where code goes through a foreign key that is cut: the queries that lose their join."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import msgspec

from decompose.cut.structure import owners_of_code
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import CutForeignKey, JoinSite
from decompose.model.facts import ForeignKey, ModelUse
from decompose.model.location import Location

_PRELOADS = re.compile(r"(?:select|prefetch)_related\(([^()]*)\)")
_WIDEST = 6
"""Tables that one place reaches through models, beyond which it is code for any model: it goes through no key in particular."""

_QUOTED = re.compile(r"['\"]([A-Za-z_]\w*)['\"]")


def with_joins(graph: CodeGraph, keys: Iterable[CutForeignKey], place: Mapping[str, str]) -> tuple[CutForeignKey, ...]:
    """The keys, those that are cut with the places that go through them, by context; tests and migrations do not count.

    ``place`` maps modules and definitions to contexts.
    """
    keys = tuple(keys)
    declared: dict[tuple[str, str], ForeignKey] = {(f"{key.table}.{key.column or key.field}", key.target): key for key in graph.foreign_keys}
    cut = {key.id: found for key in keys if key.cut and (found := declared.get((key.src, key.dst))) is not None}
    if not cut:
        return keys
    sites = _sites(graph, cut, place)
    return tuple(msgspec.structs.replace(key, joins=tuple(sorted(sites[key.id], key=lambda site: (site.at, site.how)))) if key.id in sites else key for key in keys)


def _sites(graph: CodeGraph, cut: Mapping[str, ForeignKey], place: Mapping[str, str]) -> dict[str, set[JoinSite]]:
    code = {module.id for module in graph.modules if module.role in ("code", "settings")}
    module_of = owners_of_code(graph)
    table_of = {model: table.id for table in graph.tables for model in (*table.models, table.model) if model}
    mapped = {table.id for table in graph.tables if table.origin == "sqlalchemy"}
    ahead_of = {identifier: _relation(key, by_column=key.table in mapped) for identifier, key in cut.items()}
    forward: dict[str, list[tuple[str, ForeignKey]]] = {}
    backward: dict[str, list[tuple[str, ForeignKey]]] = {}
    for identifier, key in cut.items():
        forward.setdefault(key.table, []).append((identifier, key))
        if key.accessor:
            backward.setdefault(key.target, []).append((identifier, key))
    found: dict[str, set[JoinSite]] = {}
    taken: set[tuple[str, Location]] = set()

    def context_of(definition: str) -> str:
        module = module_of.get(definition, definition)
        return (place.get(definition) or place.get(module, "")) if module in code else ""

    def site(identifier: str, how: str, at: Location, context: str) -> None:
        found.setdefault(identifier, set()).add(JoinSite(how, at, context))  # type: ignore[arg-type]
        taken.add((identifier, at))

    for use in graph.model_uses:
        table = table_of.get(use.model, "")
        ahead, back = forward.get(table, ()), backward.get(table, ())
        over = forward.get(table, ()) if use.head == "accessor" and use.owner else ()
        if not (ahead or back) or not (context := context_of(use.definition)):
            continue
        for identifier, _ in ahead:
            if how := _through(use, ahead_of[identifier]):
                site(identifier, how, use.at, context)
        for identifier, key in back:
            if how := _through(use, key.accessor):
                site(identifier, "accessor" if how == "traversal" else how, use.at, context)
        for identifier, key in over:
            if table_of.get(use.owner) == key.target and key.accessor and use.shape.split(".")[0].split("(")[0] == key.accessor:
                site(identifier, "accessor", use.at, context)
    _statements(graph, cut, context_of, site, taken)
    return found


def _relation(key: ForeignKey, *, by_column: bool) -> str:
    """The attribute that leads from a row to the row that its key names, ``""`` when it is not known.

    Where columns are mapped one by one (SQLAlchemy) the key's own attribute is the column; the relationship beside it is called as the column without
    ``_id``, by convention.
    """
    if not by_column or key.kind == "many-to-many":
        return key.field
    return key.field.removesuffix("_id") if key.field.endswith("_id") else ""


def _through(use: ModelUse, field: str) -> str:
    """How a use of a model goes through one of its relations, ``""`` when it does not."""
    if not field:
        return ""
    if any(keyword.startswith(f"{field}__") and keyword != f"{field}__id" for keyword in use.keywords):
        return "lookup"
    for arguments in _PRELOADS.findall(use.shape) if "_related(" in use.shape else ():
        if any(name == field or name.startswith(f"{field}__") for name in _QUOTED.findall(arguments)):
            return "preload"
    written = use.mode == "write"
    if any(attribute.split(".")[0] == field and not (written and "." not in attribute) for attribute in use.attributes):
        return "traversal"
    return ""


def _statements(
    graph: CodeGraph, cut: Mapping[str, ForeignKey], context_of: Callable[[str], str], site: Callable[[str, str, Location, str], None], taken: set[tuple[str, Location]]
) -> None:
    """Places that access both tables of a key at once, where nothing else says how the target is reached there."""
    said = {(cut[identifier].target, at) for identifier, at in taken}
    tables: dict[Location, dict[str, str]] = {}
    wanted = {table for key in cut.values() for table in (key.table, key.target)}
    reached: dict[Location, set[str]] = {}
    for access in graph.accesses:
        if access.via == "orm":
            reached.setdefault(access.at, set()).add(access.table)
        if access.table in wanted:
            tables.setdefault(access.at, {})[access.table] = access.definition
    pairs: dict[tuple[str, str], list[str]] = {}
    for identifier, key in cut.items():
        if key.table != key.target:
            pairs.setdefault((key.table, key.target), []).append(identifier)
    for at, there in sorted(tables.items()):
        if len(there) < 2 or len(reached.get(at, ())) > _WIDEST:
            continue
        for (source, target), identifiers in pairs.items():
            if source in there and target in there and (context := context_of(there[source])):
                for identifier in identifiers:
                    if (target, at) not in said:
                        site(identifier, "join", at, context)
