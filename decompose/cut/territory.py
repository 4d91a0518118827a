"""Whose each piece of code is: the cut as all who plan with it read it.

The cut places modules, and top-level definitions apart from their module where it is mixed (see ``ContextMap.definitions``). A model class
is with the context that owns its table, wherever its module is: code and data of a model are extracted together.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property

import msgspec

from decompose.model.codegraph import CodeGraph, Definition
from decompose.model.contexts import ContextMap


class Territory(msgspec.Struct, frozen=True):
    """The code of one context. Code of tests, settings and migrations is not part of any.

    ``units`` are top-level definitions, and modules for what stands outside definitions there. ``modules`` are those that any of them is in,
    also those of which the rest is another context's.
    """

    context: str
    units: frozenset[str]
    modules: frozenset[str]

    def contains(self, unit: str) -> bool:
        return unit in self.units


class Territories:
    """The contexts of all code. ``parts`` are the top-level definitions that are not with their module, with their context."""

    def __init__(self, graph: CodeGraph, context_map: ContextMap) -> None:
        self._graph = graph
        self._modules = {membership.module: membership.context for membership in context_map.memberships}
        self._names = tuple(context.name for context in context_map.contexts)
        self.parts = self._apart(context_map)

    def _apart(self, context_map: ContextMap) -> dict[str, str]:
        parts = dict(context_map.definitions)
        owner = {ownership.table: ownership.owner for ownership in context_map.ownership}
        for table in self._graph.tables:
            context = owner.get(table.id, "") if table.kind == "entity" else ""
            for model in {table.model, *table.models} if context else ():
                definition = self._definitions.get(model)
                if definition is not None and definition.top == model:
                    parts[model] = context
        return {top: context for top, context in parts.items() if context != self._modules.get(self._definitions[top].module)}

    @cached_property
    def _definitions(self) -> dict[str, Definition]:
        return {definition.id: definition for definition in self._graph.definitions}

    def context_of(self, id: str) -> str:
        """The context of a definition, or of a module outside its definitions; ``""`` when it has none."""
        definition = self._definitions.get(id)
        if definition is None:
            return self._modules.get(id, "")
        return self.parts.get(definition.top) or self._modules.get(definition.module, "")

    def of(self, context: str) -> Territory:
        """The code of one context."""
        return self._found[context]

    @cached_property
    def _found(self) -> dict[str, Territory]:
        code = {module.id for module in self._graph.modules if module.role == "code"}
        units: dict[str, set[str]] = {name: set() for name in self._names}
        modules: dict[str, set[str]] = {name: set() for name in self._names}
        for module in code:
            context = self._modules.get(module, "")
            if context in units:
                units[context].add(module)
                modules[context].add(module)
        for definition in self._graph.definitions:
            if definition.id == definition.top and definition.module in code:
                context = self.parts.get(definition.id) or self._modules.get(definition.module, "")
                if context in units:
                    units[context].add(definition.id)
                    modules[context].add(definition.module)
        return {name: Territory(name, frozenset(units[name]), frozenset(modules[name])) for name in self._names}

    @cached_property
    def sizes(self) -> dict[str, float]:
        """Modules of code and settings by context; a mixed one is divided in proportion to the top-level definitions."""
        counted = {module.id for module in self._graph.modules if module.role in ("code", "settings")}
        opened = {self._definitions[top].module for top in self.parts} & counted
        members: dict[str, list[str]] = {module: [] for module in opened}
        for definition in self._graph.definitions if opened else ():
            if definition.module in opened and definition.id == definition.top:
                members[definition.module].append(self.context_of(definition.id))
        found: dict[str, float] = dict(Counter(self._modules.get(module, "") for module in counted - opened))
        for contexts in members.values():
            for context in contexts:
                found[context] = found.get(context, 0) + 1 / len(contexts)
        return found
