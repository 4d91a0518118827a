"""The project seen with a cut in mind: who owns what, and its facts by what they speak of.

Everything is indexed once and shared by all contexts, so that planning a context costs what its own boundary is long, not what
the project is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Literal

from decompose.cut.territory import Territories
from decompose.link.program import Program
from decompose.model.codegraph import CodeGraph, Edge
from decompose.model.contexts import ContextMap, ContextTransaction
from decompose.model.facts import (
    Access,
    ForeignKey,
    ModelUse,
    Route,
    Setting,
    SettingRead,
    StringReference,
    Subscription,
    Table,
)
from decompose.model.location import Location, Span
from decompose.model.syntax import Call, Chain, Definition, ModuleSummary, Use
from decompose.planning.index import Index
from decompose.planning.reach import Reach

ACTIVE = ("code", "settings")
"""Roles of modules whose uses of a context may have to change."""

ALL = (*ACTIVE, "test", "migration")
"""All roles of modules."""

Passive = Literal["", "test", "migration", "admin", "command"]

MANAGER_BASES = (
    "django.db.models.Manager", "django.db.models.QuerySet", "django.db.models.query.QuerySet",
    "django.db.models.manager.Manager", "django.db.models.manager.BaseManager",
)  # fmt: skip

_EFFECTS = {"aws", "ftp", "http", "mail", "socket", "ssh", "subprocess"}
"""What a call to the outside changes there; a cache only remembers what is known anyway."""


class Sight:
    """Shared by the planning of all contexts. What uses a context is looked for in modules of the given ``roles`` only."""

    def __init__(self, program: Program, graph: CodeGraph, context_map: ContextMap, roles: tuple[str, ...] = ALL) -> None:
        self.seen = roles
        self.program = program
        self.graph = graph
        self.context_map = context_map
        self.reach = Reach(program, graph)
        self.roles = {module.id: module.role for module in graph.modules}
        self.contexts = {context.name: context for context in context_map.contexts}
        self.territories = Territories(graph, context_map)
        self.kinds = {context.name: context.role for context in context_map.contexts}
        self.owner = {ownership.table: ownership.owner for ownership in context_map.ownership}
        self.tables = {table.id: table for table in graph.tables}
        self.model_tables = {model: table for table in graph.tables for model in (table.model, *table.models) if model}
        self.pages = frozenset(_pages(graph.routes))
        self.routed = {route.handler: route for route in graph.routes}
        self.tasks = {task.definition for task in graph.tasks}
        self._scopes: dict[str, dict[str, list[Use]]] = {}
        self._passive: dict[str, Passive] = {}
        self._heirs: dict[str, tuple[str, ...]] = {}
        self._given: dict[str, tuple[tuple[Call, str], ...]] = {}
        self._files: dict[str, tuple[dict[Span, ModelUse], dict[Chain, ModelUse]]] = {}

    # --- places --------------------------------------------------------------------------------

    def context(self, id: str) -> str:
        """The context of a module, definition or binding; ``""`` when it has none."""
        return self.territories.context_of(self.reach.unit(id))

    def is_test(self, id: str) -> bool:
        return self.roles.get(self.program.module_of(id)) == "test"

    def in_code(self, id: str) -> bool:
        return self.roles.get(self.program.module_of(id)) == "code"

    def passive(self, id: str) -> Passive:
        """What code is that no extraction rewrites, whatever it does: a test, a migration, admin, a command; ``""`` for other code."""
        unit = self.reach.unit(id)
        known = self._passive.get(unit)
        if known is None:
            known = self._passive[unit] = self._passivity(unit)
        return known

    def _passivity(self, unit: str) -> Passive:
        module = self.program.module_of(unit)
        role = self.roles.get(module)
        if role == "test" or role == "migration":
            return role
        if module.endswith(".admin") or any(base.endswith(("ModelAdmin", "InlineModelAdmin")) for base in self.program.ancestors(unit)):
            return "admin"
        return "command" if unit in self._commands else ""

    @cached_property
    def _commands(self) -> frozenset[str]:
        # A function that declares a command inside itself is there for that command.
        return frozenset(self.reach.unit(command.definition) for command in self.graph.commands)

    # --- data ----------------------------------------------------------------------------------

    def model_table(self, id: str) -> Table | None:
        """The table that a class maps to, ``None`` for anything else."""
        return self.model_tables.get(id)

    @cached_property
    def user_model(self) -> str:
        """The class that the project uses for users."""
        for setting in self.graph.settings:
            if setting.name == "AUTH_USER_MODEL":
                label = setting.value.strip("'\"")
                for table in self.graph.tables:
                    if table.label.lower() == label.lower():
                        return table.model
        named = (model for model in sorted(self.model_tables) if self.program.inherits(model, "flask_login.UserMixin", "flask_login.mixins.UserMixin"))
        return next(named, "django.contrib.auth.models.User")

    @cached_property
    def keys(self) -> dict[str, dict[str, ForeignKey]]:
        """Foreign keys by table and field."""
        found: dict[str, dict[str, ForeignKey]] = {}
        for key in self.graph.foreign_keys:
            found.setdefault(key.table, {})[key.field] = key
        return found

    @cached_property
    def keys_from(self) -> Index[str, ForeignKey]:
        """Foreign keys by the table that has them."""
        return Index((key.table, key) for key in self.graph.foreign_keys)

    @cached_property
    def keys_to(self) -> Index[str, ForeignKey]:
        """Foreign keys by the table they refer to."""
        return Index((key.target, key) for key in self.graph.foreign_keys)

    def keys_declared_in(self, path: str) -> list[ForeignKey]:
        """Foreign keys that a file declares."""
        return self._keys_by_path.of((path,))

    @cached_property
    def _keys_by_path(self) -> Index[str, ForeignKey]:
        return Index((key.at.path, key) for key in self.graph.foreign_keys)

    def subscriptions_in(self, path: str) -> list[Subscription]:
        """Subscriptions to signals that a file declares."""
        return self._subscriptions_by_path.of((path,))

    @cached_property
    def _subscriptions_by_path(self) -> Index[str, Subscription]:
        return Index((each.at.path, each) for each in self.graph.subscriptions)

    @cached_property
    def _uses_by_path(self) -> dict[str, list[ModelUse]]:
        found: dict[str, list[ModelUse]] = {}
        for use in self.graph.model_uses:
            path = use.at.path
            if path in found:
                found[path].append(use)
            else:
                found[path] = [use]
        return found

    @cached_property
    def _uses(self) -> list[ModelUse]:
        """The model expressions of the modules that are looked at."""
        paths = {module.path for module in self.graph.modules if module.role in self.seen}
        return [use for path, uses in self._uses_by_path.items() if path in paths for use in uses]

    @cached_property
    def uses_of(self) -> Index[str, ModelUse]:
        """Model expressions by model."""
        return Index((use.model, use) for use in self._uses)

    @cached_property
    def uses_in(self) -> Index[str, ModelUse]:
        """Model expressions by the unit that has them."""
        unit = self.reach.unit
        return Index((unit(use.definition), use) for use in self._uses)

    def uses_at(self, at: Location) -> list[ModelUse]:
        """Model expressions that begin on a line."""
        return self._uses_at.get(at, [])

    @cached_property
    def _uses_at(self) -> dict[Location, list[ModelUse]]:
        found: dict[Location, list[ModelUse]] = {}
        for use in self._uses:
            found.setdefault(use.at, []).append(use)
        return found

    def model_use(self, path: str, span: Span) -> ModelUse | None:
        """What goes through a model in the expression at a place."""
        return self._in_file(path)[0].get(span)

    def held(self, chain: Chain, path: str) -> ModelUse | None:
        """What goes through a model in an expression of a file, found by what the expression is."""
        return self._in_file(path)[1].get(chain)

    def _in_file(self, path: str) -> tuple[dict[Span, ModelUse], dict[Chain, ModelUse]]:
        """The model expressions of a file by span, and the first of each text."""
        known = self._files.get(path)
        if known is None:
            by_span = {use.span: use for use in self._uses_by_path.get(path, ())}
            by_chain: dict[Chain, ModelUse] = {}
            module = self._by_path.get(path)
            for use in module.uses if module is not None else ():
                if use.span in by_span:
                    by_chain.setdefault(use.chain, by_span[use.span])
            known = self._files[path] = (by_span, by_chain)
        return known

    @cached_property
    def _by_path(self) -> dict[str, ModuleSummary]:
        return {module.path: module for module in self.program.modules.values()}

    @cached_property
    def accesses_of(self) -> Index[str, Access]:
        """Accesses by table."""
        return Index((access.table, access) for access in self.graph.accesses)

    @cached_property
    def accesses_in(self) -> Index[str, Access]:
        """Accesses by the unit that makes them."""
        return Index((self.reach.unit(access.definition), access) for access in self.graph.accesses)

    @cached_property
    def sql_in(self) -> Index[str, Access]:
        """Accesses by SQL text, by the unit that makes them."""
        return Index((self.reach.unit(access.definition), access) for access in self.graph.accesses if access.via == "sql")

    @cached_property
    def transactions_of(self) -> Index[str, ContextTransaction]:
        """Transactions that write tables of two contexts and more, by these contexts."""
        writing = ((each, self.writing(each)) for each in self.context_map.transactions)
        return Index((context, each) for each, contexts in writing if len(contexts) > 1 for context in contexts)

    def writing(self, transaction: ContextTransaction) -> set[str]:
        """The contexts whose tables a transaction writes, without shared ones."""
        owners = {self.owner.get(table, "") for table in transaction.written}
        return {owner for owner in owners if self.kinds.get(owner, "shared") != "shared"}

    # --- code ----------------------------------------------------------------------------------

    def scope(self, id: str) -> list[Use]:
        """The uses in the body of a definition itself, or of a module outside its definitions."""
        module = self.program.module_of(id)
        return self._scoped(module).get("" if id == module else id, [])

    def within(self, id: str) -> Iterator[Use]:
        """The uses of a definition and of everything defined inside it."""
        inner = f"{id}."
        for scope, uses in self._scoped(self.program.module_of(id)).items():
            if scope == id or scope.startswith(inner):
                yield from uses

    def _scoped(self, module: str) -> dict[str, list[Use]]:
        found = self._scopes.get(module)
        if found is None:
            found = self._scopes[module] = {}
            for use in self.program.modules[module].uses:
                found.setdefault(use.scope, []).append(use)
        return found

    @cached_property
    def entries(self) -> dict[str, set[str]]:
        """Units that answer API requests, run as tasks or listen to signals, by context."""
        graph = self.graph
        found: dict[str, set[str]] = {}
        for id in (
            *(route.handler for route in graph.routes if route.kind == "api"),
            *(task.definition for task in graph.tasks),
            *(subscription.handler for subscription in graph.subscriptions),
        ):
            unit = self.reach.unit(id)
            found.setdefault(self.context(unit), set()).add(unit)
        return found

    @cached_property
    def models(self) -> dict[str, frozenset[str]]:
        """The model classes of each owner's own tables."""
        found: dict[str, set[str]] = {}
        for model, table in self.model_tables.items():
            if table.kind == "entity":
                found.setdefault(self.owner.get(table.id, ""), set()).add(model)
        return {owner: frozenset(models) for owner, models in found.items()}

    @cached_property
    def imports_of(self) -> Index[str, Edge]:
        """Imports by the module they load."""
        return Index((edge.dst, edge) for edge in self.graph.edges if edge.kind == "import" and edge.when != "string")

    @cached_property
    def routes_in(self) -> Index[str, Route]:
        """Routes by the unit that answers them."""
        return Index((self.reach.unit(route.handler), route) for route in self.graph.routes)

    @cached_property
    def strings_to(self) -> Index[str, StringReference]:
        """Strings by the unit of the project that they name, else by what they name."""
        program, unit = self.program, self.reach.unit
        return Index((unit(each.target) if program.module_of(each.target) else each.target, each) for each in self.graph.strings)

    @cached_property
    def dotted(self) -> Index[str, StringReference]:
        """Dotted paths in strings, by the module they lead to."""
        return Index((self.program.module_of(each.target), each) for each in self.graph.strings if each.kind == "dotted")

    @cached_property
    def patched(self) -> frozenset[str]:
        """Names that tests replace."""
        return frozenset(each.text for each in self.graph.strings if each.kind == "patch")

    @cached_property
    def settings(self) -> Index[str, Setting]:
        return Index((setting.name, setting) for setting in self.graph.settings)

    @cached_property
    def setting_reads(self) -> Index[str, SettingRead]:
        """Reads of settings by unit."""
        return Index((self.reach.unit(each.definition), each) for each in self.graph.setting_reads)

    @cached_property
    def task_of(self) -> dict[str, str]:
        """The definition of each task by the name it is sent under."""
        return {task.name: task.definition for task in self.graph.tasks}

    @cached_property
    def signals(self) -> frozenset[str]:
        """Signals that somebody sends or listens to."""
        return frozenset((*(each.signal for each in self.graph.emissions), *(each.signal for each in self.graph.subscriptions)))

    @cached_property
    def manager_classes(self) -> frozenset[str]:
        """The project's own managers and query sets."""
        return frozenset(self.program.subclasses(*MANAGER_BASES))

    def managers_beside(self, id: str) -> list[str]:
        """The managers and query sets of the module that defines ``id``."""
        return self._managers_in.of((self.program.module_of(id),))

    @cached_property
    def _managers_in(self) -> Index[str, str]:
        return Index((self.program.module_of(each), each) for each in sorted(self.manager_classes))

    @cached_property
    def manager_methods(self) -> dict[str, Definition]:
        """The project's own query set and manager methods by name, the first where there are several."""
        found: dict[str, Definition] = {}
        for owner in sorted(self.manager_classes):
            for name, definition in self.program.members(owner).items():
                found.setdefault(name, definition)
        return found

    @cached_property
    def changing(self) -> frozenset[str]:
        """Definitions that change anything: they write a table, send a task or reach the outside, themselves or through calls."""
        graph = self.graph
        direct = {access.definition for access in graph.accesses if access.mode == "write"}
        direct |= {send.definition for send in graph.task_sends}
        direct |= {each.definition for each in graph.externals if each.kind in _EFFECTS}
        return self.reach.callers_of(direct)

    def heirs(self, model: str) -> tuple[str, ...]:
        """Models that inherit a model's relations: children and proxies."""
        known = self._heirs.get(model)
        if known is None:
            known = self._heirs[model] = self.program.subclasses(model) if model else ()
        return known

    def calls(self, definition: str) -> tuple[tuple[Call, str], ...]:
        """The calls of a definition that are certain, each with the path of its file; callers in order of their ids."""
        known = self._given.get(definition)
        if known is None:
            known = self._given[definition] = tuple(self._calls(definition))
        return known

    def _calls(self, definition: str) -> Iterator[tuple[Call, str]]:
        for edge in self.reach.calls_to(definition):
            path = self.program.modules[self.program.module_of(edge.src)].path
            lines = {at.line for at in edge.at}
            for use in self.scope(edge.src):
                if use.span.line in lines:
                    call = self.call_of(use.chain, definition)
                    if call is not None:
                        yield call, path

    def call_of(self, chain: Chain, id: str) -> Call | None:
        """The call of a definition in an expression, ``None`` where it is only named."""
        state = self.program.start(chain)
        for step in chain.steps:
            if state.id == id and isinstance(step, Call):
                return step
            state = self.program.step(state, step)
        return None


def _pages(routes: Iterable[Route]) -> Iterator[str]:
    for route in routes:
        if route.kind != "api":
            yield route.handler
