"""What another cut would cost: the figures of a map before and after a change to it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from decompose.cut import score
from decompose.cut.ownership import DECIDED_MODEL, foreign_keys, ownership
from decompose.cut.structure import owners_of_code
from decompose.cut.transactions import UnitOfWork, in_contexts, units_of_work
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import ContextMap
from decompose.model.settings import Config

_NOTHING: Mapping[str, str] = {}


class WhatIf:
    """One map, to be changed in thought."""

    def __init__(self, graph: CodeGraph, context_map: ContextMap, config: Config) -> None:
        self.graph = graph
        self.map = context_map
        self.config = config
        self.module_of = owners_of_code(graph)
        self.place = {membership.module: membership.context for membership in context_map.memberships}
        self.definitions = dict(context_map.definitions)
        self.roles: dict[str, str] = {context.name: context.role for context in context_map.contexts}

    @cached_property
    def _units(self) -> tuple[UnitOfWork, ...]:
        return units_of_work(self.graph)

    def merged(self, name: str, other: str) -> tuple[str, ...]:
        """The cost of having ``other`` in ``name``: its modules, definitions and tables."""
        modules, definitions = ({key: name for key, context in each.items() if context == other} for each in (self.place, self.definitions))
        return self._cost(modules, definitions, renamed={other: name})

    def moved(self, modules: Mapping[str, str] = _NOTHING, definitions: Mapping[str, str] = _NOTHING, tables: Mapping[str, str] = _NOTHING) -> tuple[str, ...]:
        """The cost of having some modules, definitions or tables in other contexts; a model takes its table along."""
        return self._cost(modules, definitions, tables)

    def _cost(
        self, modules: Mapping[str, str], definitions: Mapping[str, str], tables: Mapping[str, str] = _NOTHING, renamed: Mapping[str, str] = _NOTHING
    ) -> tuple[str, ...]:
        graph = self.graph
        place = {**self.place, **modules}
        split = {**self.definitions, **definitions}
        roles = {name: role for name, role in self.roles.items() if name not in renamed}
        parts = {each.id: split[each.top] for each in graph.definitions if each.top in split}
        owners = {each.table: renamed.get(each.owner, each.owner) for each in self.map.ownership}
        home = {
            table.id: split.get(table.model) or place.get(self.module_of.get(table.model, ""), "") if table.model else owners.get(table.id, "")
            for table in graph.tables
        }
        decided = {each.table: renamed.get(each.owner, each.owner) for each in self.map.ownership if each.reason == DECIDED_MODEL}
        decided |= {table.id: definitions[table.model] for table in graph.tables if table.model in definitions}
        owned = ownership(graph, {**place, **parts}, home, roles, self._units, self.config, decided)
        owner = {each.table: tables.get(each.table) or renamed.get(each.owner, each.owner) for each in owned}
        shared = {name for name, role in roles.items() if role == "shared"}
        keys = sum(key.cut for key in foreign_keys(graph, owner, shared))
        commits = sum(unit.cut for unit in in_contexts(self._units, owner, shared))
        contested = sum(each.contested for each in owned)
        crossing, whole = score.crossing(score.dependencies(graph), place, roles)
        before = self.map.scores
        lines = [
            f"cut foreign keys {before.cut_foreign_keys} -> {keys}",
            f"cut transactions {before.cut_transactions} -> {commits}",
            f"contested tables {before.contested_tables} -> {contested}",
        ]
        if not tables:  # the owner of a table changes no dependency of code on code
            lines.append(f"dependencies between contexts {before.inter_context_share:.1%} -> {crossing / whole if whole else 0.0:.1%}")
        if renamed:
            counted = [module.id for module in graph.modules if module.role in ("code", "settings")]
            largest = sum(1 for module in counted if place.get(module) in renamed.values()) / len(counted) if counted else 0.0
            lines.append(f"the joined context would hold {largest:.0%} of the modules")
        return tuple(lines)
