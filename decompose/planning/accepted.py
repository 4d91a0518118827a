"""The accepted cut laid over today's code: whose is what came after it was signed.

A new module belongs where ``decompose.toml`` says; else to the context that all accepted modules of its package belong to, or of the next package
above that has any. What neither tells has no context, and somebody has to say. A new table belongs to the context of its model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from decompose.cut.globs import matches
from decompose.cut.territory import Territories
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import Context, ContextMap, Membership, Ownership, Scores
from decompose.model.lock import SignedMap
from decompose.model.settings import Config


def accepted_map(graph: CodeGraph, signed: SignedMap, config: Config) -> ContextMap:
    """The cut that was signed, for the modules, definitions and tables of ``graph``. It has no figures."""
    place = {module: name for name, context in signed.contexts.items() for module in context.modules}
    around = _packages(place)
    modules = {module.id: place.get(module.id) or _new(module.id, around, signed, config) for module in graph.modules if module.role in ("code", "settings")}
    tops = {definition.id for definition in graph.definitions if definition.id == definition.top}
    roles = {name: context.role for name, context in signed.contexts.items()}
    found = ContextMap(
        contexts=tuple(
            Context(name, tuple(sorted(module for module, context in modules.items() if context == name)), (), roles[name], team=signed.contexts[name].team)
            for name in sorted(signed.contexts)
        ),
        memberships=tuple(Membership(module, context, 1.0) for module, context in sorted(modules.items()) if context),
        ownership=(),
        foreign_keys=(),
        transactions=(),
        scores=Scores(len(roles), 0, 0, 0, 0, 0, 0),
        unassigned=tuple(sorted(module for module, context in modules.items() if not context)),
        definitions=tuple(sorted((top, name) for top, name in signed.definitions.items() if top in tops)),
    )
    owned = {table: name for name, context in signed.contexts.items() for table in context.tables}
    territories = Territories(graph, found)
    return msgspec.structs.replace(found, ownership=tuple(_ownership(graph, owned, territories)))


def _packages(place: Mapping[str, str]) -> dict[str, set[str]]:
    """The contexts in every package with accepted modules anywhere inside."""
    around: dict[str, set[str]] = {}
    for module, context in place.items():
        package = module
        while package:
            around.setdefault(package, set()).add(context)
            package = package.rpartition(".")[0]
    return around


def _new(module: str, around: Mapping[str, set[str]], signed: SignedMap, config: Config) -> str:
    for context in config.contexts:
        if context.name in signed.contexts and any(matches(pattern, module) for pattern in context.modules):
            return context.name
    package = module
    while package and package not in around:
        package = package.rpartition(".")[0]
    # The whole project is one package, too: a new folder in it tells nothing.
    inside = around.get(package, set()) if "." in package or package == module else set()
    return next(iter(inside)) if len(inside) == 1 else ""


def _ownership(graph: CodeGraph, owned: Mapping[str, str], territories: Territories) -> Iterator[Ownership]:
    declared = {key.through: key.table for key in graph.foreign_keys if key.through}
    model = {table.id: table.model for table in graph.tables}
    for table in graph.tables:
        name = table.model or model.get(declared.get(table.id, ""), "")
        owner = owned.get(table.id) or owned.get(declared.get(table.id, ""), "") or territories.context_of(name)
        if owner:
            yield Ownership(table.id, owner, contested=False)
