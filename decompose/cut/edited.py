"""A map while a person edits it: where everything is after each edit, and the figures of that.

What is moved goes alone; nothing follows it. A module takes the definitions along that had left it, and the tables that its models map, for whoever places
a model decides about its table, too. Tests and migrations are looked at when the map is made, not here: they go after the code.
The page that shows a plan computes the same figures in the browser; ``tests/unit/report/test_review_page.py`` compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from functools import cached_property

import msgspec

from decompose.cut import score
from decompose.cut.globs import matches, plain
from decompose.cut.naming import SHARED
from decompose.cut.ownership import DECIDED_MODEL, foreign_keys, owner_decided, ownership
from decompose.cut.structure import owners_of_code
from decompose.cut.transactions import UnitOfWork, in_contexts, units_of_work
from decompose.errors import UsageError
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import ContextMap, Ownership, Scores
from decompose.model.edits import Edit, Library, Merge, Move, Own, Pin, Rename, Split
from decompose.model.settings import Config, ContextSettings


class Edited:
    """One map and the edits that were made to it so far. Only code counts in ``place``; ``parts`` are definitions that are not with their module."""

    def __init__(self, graph: CodeGraph, context_map: ContextMap, config: Config) -> None:
        self._graph, self._map, self._config = graph, context_map, config
        self._code = frozenset(module.id for module in graph.modules if module.role in ("code", "settings"))
        self._module_of = owners_of_code(graph)
        self._tops = frozenset(definition.top for definition in graph.definitions)
        self._model = {table.id: table.model for table in graph.tables}
        self.place = {each.module: each.context for each in context_map.memberships if each.module in self._code}
        self.parts = dict(context_map.definitions)
        self.roles: dict[str, str] = {context.name: context.role for context in context_map.contexts}
        self.decided = {entry.table: entry.owner for entry in context_map.ownership if entry.reason == DECIDED_MODEL}
        self.owns = {table.id: owner for table in graph.tables if (owner := owner_decided(table.id, config))}
        self.loose = {entry.table: entry.owner for entry in context_map.ownership if not self._model.get(entry.table)}
        """Owners of tables that no class maps: they have no home in the code."""

    # --- edits ----------------------------------------------------------------------------------

    def apply(self, edit: Edit) -> None:
        """Changes the map. Raises :class:`UsageError` when the edit speaks of what is not there, or contradicts an earlier one."""
        if isinstance(edit, (Move, Split)):
            if isinstance(edit, Split):
                self._known(edit.context)
                if edit.to in self.contexts:
                    raise UsageError(f"{edit.context!r} cannot be split into {edit.to!r}: there is such a context already", hint="give the part another name")
            self._move(edit.subjects, edit.to)
        elif isinstance(edit, Library):
            self._move(edit.subjects, SHARED)
        elif isinstance(edit, Pin):
            for subject in edit.subjects:
                self._pin(subject)
        elif isinstance(edit, Own):
            self._own(edit.table, edit.to)
        elif isinstance(edit, Merge):
            self._known(edit.to)
            self._join(edit.context, edit.to)
        elif isinstance(edit, Rename):
            if edit.to in self.contexts:
                raise UsageError(f"{edit.context!r} cannot be called {edit.to!r}: there is such a context already", hint="merge the two instead")
            self._join(edit.context, edit.to)

    def after(self, *edits: Edit, owners: Mapping[str, str] | None = None) -> Edited:
        """Another map: this one after ``edits``, with ``owners`` of tables whatever else is decided about these. Raises as :meth:`apply`."""
        found = copy(self)
        for name in ("place", "parts", "roles", "decided", "owns", "loose"):
            setattr(found, name, dict(getattr(self, name)))
        for edit in edits:
            found.apply(edit)
        found.owns.update(owners or {})
        return found

    @property
    def contexts(self) -> tuple[str, ...]:
        """The contexts that hold code, sorted."""
        return tuple(sorted({*self.place.values(), *self.parts.values()}))

    def subjects(self, pattern: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The modules of code and, where no module fits, the top-level definitions that fit. Raises :class:`UsageError` when there are none."""
        modules = tuple(sorted(module for module in self._code if matches(pattern, module)))
        definitions = () if modules else tuple(sorted(top for top in self._tops if matches(pattern, top) and self._module_of[top] in self._code))
        if not modules and not definitions:
            near = plain(pattern).rpartition(".")[0]
            raise UsageError(f"no module and no top-level definition fits {pattern!r}", hint=f"`decompose explain {near}` tells what is there" if near else "")
        return modules, definitions

    def _known(self, context: str) -> None:
        if context not in self.contexts:
            raise UsageError(f"no context is called {context!r}", hint=f"contexts are {', '.join(self.contexts)}")

    def _move(self, subjects: Iterable[str], to: str) -> None:
        for subject in subjects:
            modules, definitions = self.subjects(subject)
            for module in modules:
                self._settle(module, to)
            for definition in definitions:
                self._settle_part(definition, to)
        self.roles.setdefault(to, "shared" if to == SHARED else "domain")

    def _pin(self, subject: str) -> None:
        modules, definitions = self.subjects(subject)
        for module in modules:
            if module not in self.place:
                raise UsageError(f"{module} belongs to no context", hint="move it to one: that pins it")
            self._decide(module, self.place[module])
        for definition in definitions:
            self._settle_part(definition, self.parts.get(definition) or self.place.get(self._module_of[definition], ""))

    def _settle(self, module: str, to: str) -> None:
        self.place[module] = to
        for part in [part for part in self.parts if self._module_of.get(part) == module]:
            del self.parts[part]
        self._decide(module, to)

    def _decide(self, module: str, to: str) -> None:
        for table in self._tables_of.get(module, ()):
            if self._model[table] in self.parts:
                continue
            if self.roles.get(to) == "shared" or to == SHARED:
                self.decided.pop(table, None)
            else:
                self.decided[table] = to

    def _settle_part(self, definition: str, to: str) -> None:
        tables = [table for table, model in self._model.items() if model == definition]
        for table in tables:
            if self.owns.get(table, to) != to:
                raise UsageError(f"{definition} is put into {to!r}, and {self.owns[table]!r} is to own its table {table}", hint="give both to one context: the table goes with its model")
            self.decided[table] = to
        if to == self.place.get(self._module_of[definition]):
            self.parts.pop(definition, None)
        else:
            self.parts[definition] = to

    def _own(self, table: str, to: str) -> None:
        self._known(to)
        if table not in self._model:
            raise UsageError(f"no table is called {table!r}", hint="`decompose show tables` lists them")
        model = self._model[table]
        if model in self.parts and self.parts[model] != to:
            raise UsageError(f"{to!r} is to own {table}, and its model {model} is put into {self.parts[model]!r}", hint="move the model: the table goes with it")
        self.owns[table] = to

    def _join(self, name: str, to: str) -> None:
        self._known(name)
        for each in (self.place, self.parts, self.decided, self.owns, self.loose):
            for key, context in each.items():
                if context == name:
                    each[key] = to
        self.parts = {part: context for part, context in self.parts.items() if self.place.get(self._module_of[part]) != context}
        role = self.roles.pop(name, "domain")
        self.roles.setdefault(to, role)

    # --- what follows ---------------------------------------------------------------------------

    @cached_property
    def _units(self) -> tuple[UnitOfWork, ...]:
        return units_of_work(self._graph)

    @cached_property
    def _depends(self) -> dict[tuple[str, str], int]:
        return score.dependencies(self._graph)

    @cached_property
    def _tables_of(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for table, model in self._model.items():
            if model:
                module = self._module_of.get(model, "")
                found[module] = (*found.get(module, ()), table)
        return found

    @cached_property
    def _top(self) -> dict[str, str]:
        return {definition.id: definition.top for definition in self._graph.definitions}

    def ownership(self) -> tuple[Ownership, ...]:
        """Who owns each table now."""
        split = {id: self.parts[top] for id, top in self._top.items() if top in self.parts}
        home = {table: self._home(model) if model else self.loose.get(table, "") for table, model in self._model.items()}
        owning: dict[str, list[str]] = {}
        for table, context in self.owns.items():
            owning.setdefault(context, []).append(table)
        config = msgspec.structs.replace(self._config, contexts=tuple(ContextSettings(name, owns=tuple(tables)) for name, tables in sorted(owning.items())))
        return ownership(self._graph, {**self.place, **split}, home, self._present, self._units, config, self.decided)

    def _home(self, model: str) -> str:
        return self.parts.get(self._top.get(model, model), "") or self.place.get(self._module_of.get(model, ""), "")

    @property
    def _present(self) -> dict[str, str]:
        found = {name: self.roles.get(name, "domain") for name in self.contexts}
        return found | {name: role for name, role in self.roles.items() if role == "shared"}  # tests may be all that is there

    def scores(self) -> Scores:
        """The figures of the map as it is now; modularity and stability are those of the evidence and no edit changes them."""
        owned = self.ownership()
        owner = {entry.table: entry.owner for entry in owned}
        roles = self._present
        shared = {name for name, role in roles.items() if role == "shared"}
        before = self._map.scores
        return score.scores(
            self._graph, self._depends, self.place, roles, owned, foreign_keys(self._graph, owner, shared), in_contexts(self._units, owner, shared),
            before.modularity, before.stability,
        )  # fmt: skip


def differences(wanted: Edited, found: ContextMap) -> tuple[tuple[str, str, str], ...]:
    """Where a map differs from the edited one, as ``(kind, subject, wanted context)``: ``module``, ``definition`` or ``table``."""
    place = {each.module: each.context for each in found.memberships}
    parts = dict(found.definitions)
    strays = [("module", module, context) for module, context in sorted(wanted.place.items()) if place.get(module) != context]
    gone = {module for _, module, _ in strays}

    def where(top: str, own: Callable[[str], str | None]) -> str:
        return own(wanted._module_of[top]) or ""

    for top in sorted({*parts, *wanted.parts}):
        module = wanted._module_of.get(top, "")
        if module in gone or module not in wanted.place:
            continue
        expected = wanted.parts.get(top) or where(top, wanted.place.get)
        if (parts.get(top) or where(top, place.get)) != expected:
            strays.append(("definition", top, expected))
    if strays:
        return tuple(strays)
    owner = {entry.table: entry.owner for entry in found.ownership}
    return tuple(("table", entry.table, entry.owner) for entry in wanted.ownership() if owner.get(entry.table) != entry.owner and entry.owner)
