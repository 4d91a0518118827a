"""Where everything in a project stands in the cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from decompose.cut.territory import Territories

if TYPE_CHECKING:
    from decompose.model.codegraph import CodeGraph
    from decompose.model.contexts import ContextMap


class Places:
    """The context of modules, definitions and tables; ``None`` for what belongs to none."""

    def __init__(self, graph: CodeGraph, context_map: ContextMap) -> None:
        self._modules = {membership.module: membership.context for membership in context_map.memberships}
        self._tables = {ownership.table: ownership.owner for ownership in context_map.ownership if ownership.owner}
        self._territories = Territories(graph, context_map)

    def module(self, module: str) -> str | None:
        return self._modules.get(module)

    def table(self, table: str) -> str | None:
        return self._tables.get(table)

    def code(self, id: str) -> str | None:
        """The context of a definition, or of a module where code at module level is meant."""
        return self._territories.context_of(id) or None
