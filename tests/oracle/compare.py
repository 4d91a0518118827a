"""Compares facts of decompose with what a project's running frameworks and its tests say; one place for all families.

A kind of fact is two sets of the same hashable things: what is true, and what decompose states. Registries come from ``django_registry.py``,
``sqlalchemy_metadata.py``, ``flask_url_map.py``, ``fastapi_routes.py`` and ``celery_tasks.py``, statements from ``django_queries.py`` and
``sqlalchemy_accesses.py``. ``docs/decisions/0006-whose-statement.md`` says to whom a statement belongs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from decompose.detect import detectors
from decompose.detect.sql import statements
from decompose.link.program import Program
from decompose.model.facts import Access, Fact, ForeignKey, Route, Schedule, Table, Task
from decompose.model.syntax import Definition
from decompose.scan.tree import discover
from decompose.syntax.summary import summarize

Triple = tuple[str, str, str]
"""Definition, table, mode."""


@dataclass(frozen=True)
class Kind:
    """A kind of fact: ``precise`` where only the share of ``found`` that is ``true`` says something, ``complete`` where only the reverse does."""

    name: str
    true: frozenset[Hashable]
    found: frozenset[Hashable]
    measures: tuple[str, ...] = ("recall", "precision")

    @property
    def right(self) -> int:
        return len(self.true & self.found)

    @property
    def recall(self) -> float:
        return self.right / len(self.true) if self.true else 1.0

    @property
    def precision(self) -> float:
        return self.right / len(self.found) if self.found else 1.0


@dataclass
class Analyzed:
    """A project as decompose sees it."""

    program: Program
    facts: tuple[Fact, ...]
    tests: tuple[str, ...] = ()
    """Words in a dotted name that make a definition a test, beside the usual ones."""
    library: tuple[str, ...] = ()
    """Prefixes of tables, handlers and tasks that belong to an installed library."""
    places: dict[str, list[Definition]] = field(default_factory=dict)

    @cached_property
    def _tables(self) -> dict[str, frozenset[str]]:
        direct = {model: each.id for each in self.of(Table) for model in each.models}
        return {model: frozenset(direct[each] for each in (model, *self.program.ancestors(model)) if each in direct) for model in direct}

    @cached_property
    def _served(self) -> Counter[str]:
        return Counter(base for model in self._tables for base in self.program.ancestors(model))

    def serves_several(self, base: str) -> bool:
        """Whether several models with tables extend a class."""
        return self._served[base] > 1

    def tables_of(self, model: str) -> frozenset[str]:
        """The tables of a model class with those that it extends, empty for any other class."""
        return self._tables.get(model, frozenset())

    def of(self, kind: type[Any]) -> list[Any]:
        return [each for each in self.facts if isinstance(each, kind)]


def analyzed(project: Path, exclude: Iterable[str] = (), tests: Iterable[str] = (), library: Iterable[str] = ()) -> Analyzed:
    """All facts of a project; nothing of it is run."""
    tree = discover(project, exclude=tuple(exclude))
    program = Program(tuple(summarize(each.path, each.module, each.is_package, (project / each.path).read_bytes()) for each in tree.python))
    facts = tuple(fact for _, detect in detectors() for fact in detect(program))
    places = {module.path: list(module.definitions) for module in program.modules.values()}
    return Analyzed(program, facts, tuple(tests), tuple(library), places)


def kinds(found: Analyzed, registry: dict[str, Any]) -> Iterator[Kind]:
    """What a registry can say, compared."""
    if isinstance(registry.get("tables"), list):
        yield from _django(found, registry)
    elif "tables" in registry:
        yield from _sqlalchemy(found, registry)
    if "routes" in registry and not isinstance(registry.get("tables"), list):
        yield from _routes(found, registry)
    if "tasks" in registry:
        yield from _tasks(found, registry)


def _kind(name: str, true: Iterable[Hashable], found: Iterable[Hashable]) -> Kind:
    return Kind(name, frozenset(true), frozenset(found))


# --- Django ----------------------------------------------------------------------------------------


def _django(found: Analyzed, registry: dict[str, Any]) -> Iterator[Kind]:
    program = found.program
    ours = {each.id: each for each in found.of(Table) if each.kind != "framework" and not is_test(each.model or _dotted(each.at.path), found.tests)}
    # A model that a test puts in the place of the project's own has the same table.
    tables = [each for each in registry["tables"] if each["module"] in program.modules and (each["table"] in ours or not is_test(each["module"], found.tests))]
    names = {each["table"] for each in tables}
    yield _kind("tables", names, ours)
    yield _kind(
        "columns",
        [(t["table"], c["name"], c["nullable"], c["primary_key"]) for t in tables if t["table"] in ours and not t["proxy"] for c in t["columns"]],
        [(t.id, c.name, c.nullable, c.primary_key) for t in ours.values() if t.id in names for c in t.columns],
    )
    joins = {each["table"] for each in tables if each["join"]}
    relations = [each for each in registry["relations"] if each["table"] in names - joins]
    stated = [each for each in found.of(ForeignKey) if each.table in ours]
    yield _kind(
        "relations",
        [(r["table"], r["column"], r["target"], r["kind"], r.get("through", "")) for r in relations],
        [(r.table, r.column, r.target, r.kind, r.through) for r in stated],
    )
    yield _kind(
        "delete, accessor",
        [(r["table"], r["column"], r["on_delete"], r["accessor"], r["nullable"]) for r in relations],
        [(r.table, r.column, r.on_delete, r.accessor, r.nullable) for r in stated],
    )
    yield from _django_routes(found, registry)


def _django_routes(found: Analyzed, registry: dict[str, Any]) -> Iterator[Kind]:
    program = found.program
    routes = [
        each
        for each in registry["routes"]
        if program.module_of(each["handler"]) and not _of_format(each["path"]) and not is_test(each["handler"], found.tests)
    ]
    ours = [each for each in found.of(Route) if each.framework == "django" and program.module_of(each.handler) and not is_test(each.handler, found.tests)]
    if not routes and not ours:
        return
    unknown = {normal(each["path"]) for each in routes if each["methods"] is None}
    yield _kind(
        "routes",
        {(normal(each["path"]), method) for each in routes for method in each["methods"] or ("",)},
        {(normal(each.path), method) for each in ours for method in ([""] if normal(each.path) in unknown else each.methods)},
    )
    inherited = {(normal(each["path"]), each["name"]): each["handler"] for each in routes}
    handlers = set()
    for each in ours:
        handler = _view(program, each.handler)
        expected = inherited.get((normal(each.path), each.name), "")
        handlers.add((normal(each.path), expected if program.inherits(expected, handler) else handler, each.name))
    yield _kind("route handlers", {(path, handler, name) for (path, name), handler in inherited.items()}, handlers)


def _of_format(path: str) -> bool:
    """Whether Django REST framework adds this path for a suffix such as ``.json``."""
    return "format" in path and ("(?P<format>" in path or "drf_format_suffix" in path)


def normal(path: str) -> str:
    """A path without what regular expressions and converters write differently."""
    path = path.replace("\\Z", "").replace("\\.", ".").replace("\\-", "-").replace("\\/", "/")
    path = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"<\1>", path)
    path = re.sub(r"<\w+:(\w+)>", r"<\1>", path)
    path = path.replace("^", "").replace("$", "").replace("/?", "/")
    return re.sub(r"//+", "/", path)


def _view(program: Program, handler: str) -> str:
    """The view set of an action, which may be inherited."""
    definition = program.definition(handler)
    return definition.parent if definition is not None and definition.kind == "method" else handler


# --- other families ----------------------------------------------------------------------------------


def _sqlalchemy(found: Analyzed, registry: dict[str, Any]) -> Iterator[Kind]:
    tables = {name for name in registry["tables"] if not name.startswith(found.library or ("\0",))}
    ours = [each for each in found.of(Table) if not is_test(each.model, found.tests)]
    yield _kind("tables", tables, {each.id for each in ours})
    columns = {(table, column) for table in tables for column in registry["tables"][table]}
    yield _kind("columns", columns, {(each.id, column.name) for each in ours for column in each.columns})
    keys = {tuple(key) for key in registry["foreign_keys"] if key[0] in tables}
    stated = [each for each in found.of(ForeignKey) if each.column]
    yield _kind("relations", keys, {(key.table, key.column, key.target, key.on_delete) for key in stated})


def _routes(found: Analyzed, registry: dict[str, Any]) -> Iterator[Kind]:
    own = [(path, methods) for path, methods, name in registry["routes"] if not name.startswith(found.library or ("\0",)) and _of_project(found, name)]
    # By the module: a handler of the program itself may be called test_one.
    stated = [each for each in found.of(Route) if not is_test(found.program.module_of(each.handler) or each.handler, found.tests)]
    routes = {(path, method) for path, methods in own for method in methods}
    yield _kind("routes", routes, {(each.path, method) for each in stated for method in each.methods})


def _of_project(found: Analyzed, handler: str) -> bool:
    return bool(found.program.module_of(handler))


def _tasks(found: Analyzed, registry: dict[str, Any]) -> Iterator[Kind]:
    yield _kind("tasks", {name for name in registry["tasks"] if not name.startswith(found.library or ("\0",))}, {each.name for each in found.of(Task)})
    if "schedules" in registry:
        yield _kind("beat entries", {tuple(each) for each in registry["schedules"]}, {(each.name, each.task) for each in found.of(Schedule)})


# --- accesses ----------------------------------------------------------------------------------------


@dataclass
class Executed:
    """What tests ran: ``facts`` with all definitions that may stand for the first, ``seen`` every triple that a statement bears out,
    ``loaded`` those that a row in memory bears out, ``lines`` the lines that ran (``None``: not known)."""

    facts: dict[Triple, set[Triple]] = field(default_factory=dict)
    seen: set[Triple] = field(default_factory=set)
    loaded: set[Triple] = field(default_factory=set)
    owners: set[tuple[str, str]] = field(default_factory=set)
    """Definitions with a mode of which they own some statement."""
    lines: dict[str, set[int]] | None = None
    unsent: set[tuple[str, int]] = field(default_factory=set)
    """Lines that built queries of which none was ever sent."""


def accesses(found: Analyzed, captured: dict[str, Any]) -> Iterator[Kind]:
    """Accesses seen in statements against accesses stated: recall by mode, and precision of the certain ones among those whose line ran."""
    tables = {each.id for each in found.of(Table)}
    executed = _executed(found, captured, tables)
    stated = [each for each in found.of(Access) if not is_test(each.definition, found.tests) and each.table in tables]
    ours = {(each.definition, each.table, each.mode) for each in stated}
    for mode in ("read", "write", ""):
        facts = {fact: others for fact, others in executed.facts.items() if mode in ("", fact[2])}
        right = frozenset(fact for fact, others in facts.items() if others & ours)
        yield Kind(f"accesses {mode or 'all'}", frozenset(facts), right, ("recall",))
    certain = {(each.definition, each.table, each.mode) for each in stated if each.certain and _ran(found, each, executed)}
    yield Kind("certain, sent", frozenset(certain & executed.seen), frozenset(certain), ("precision",))
    yield Kind("certain", frozenset(certain & (executed.seen | executed.loaded)), frozenset(certain), ("precision",))


Owner = tuple[list[str], frozenset[str]]
"""Names of definitions: a fact belongs to the first, and stating it for one of the others is right too; the tables it is about, empty for all."""


def _executed(found: Analyzed, captured: dict[str, Any], tables: set[str]) -> Executed:
    if any("causes" in each for each in captured["statements"]):
        from sqlalchemy_owners import executed_by as executed_by_sqlalchemy  # it builds on this module

        return executed_by_sqlalchemy(found, captured, tables)
    return executed_by(found, captured, tables)


def executed_by(found: Analyzed, captured: dict[str, Any], tables: set[str]) -> Executed:
    """The triples of all captured statements."""
    executed = Executed()
    if captured.get("lines"):
        executed.lines = {path: set(lines) for path, lines in captured["lines"].items()}
    executed.unsent = {(path, line) for path, line in captured.get("unsent", ())}
    parsed: dict[str, list[tuple[str, str]]] = {}
    for each in captured["statements"]:
        places = _owners(found, each)
        if each.get("how") == "loaded":
            executed.loaded.update((name, each["sql"], "read") for names, _ in places for name in names)
            continue
        if each["sql"] not in parsed:
            parsed[each["sql"]] = named_in(each["sql"])
        named = [(table, mode) for table, mode in parsed[each["sql"]] if table in tables]
        if each.get("cascade"):
            named = [(table, mode) for table, mode in named if mode == "write" and table in each["cascade"]]
        state(executed, places, named)
        for frames, built in each.get("built", ()):
            read = [(table, mode) for table, mode in named if mode == "read" and (table in built or built == ["*"])]
            state(executed, _owners(found, {"frames": frames}), read)
    return executed


def state(executed: Executed, owners: list[Owner], named: list[tuple[str, str]]) -> None:
    """Notes that the owners of a statement access the tables that it names."""
    for names, only in owners:
        own = [(table, mode) for table, mode in named if not only or table in only]
        executed.owners.update((name, mode) for name in names for _, mode in own)
        for table, mode in own:
            alternatives = {(name, table, mode) for name in names}
            executed.facts.setdefault((names[0], table, mode), set()).update(alternatives)
            executed.seen.update(alternatives)


def _owners(found: Analyzed, statement: dict[str, Any]) -> list[Owner]:
    """The definitions to which a statement belongs, see the decision; none for tests and migrations."""
    classes = [each for each in statement.get("classes", ()) if not is_test(each, found.tests)]
    owners: list[Owner] = []
    generic: list[str] = []
    only: frozenset[str] = frozenset()
    for path, line, on, role in statement["frames"]:
        inner = definition_at(found, path, line)
        if not inner or is_test(inner, found.tests):
            break
        definition = found.program.definition(inner)
        inherited = definition is not None and definition.parent and on not in ("", definition.parent) and found.program.inherits(on, definition.parent)
        if inherited and role in ("layer", "table") and found.serves_several(definition.parent):
            generic += [inner, on]  # one code for many tables: whoever calls it names the table
            only = only or found.tables_of(on)
            continue
        owners.append(([inner, *generic, *([on] if inherited else ())], only))
        generic = []
        only = only or found.tables_of(on)  # what else the override of a model does is its own affair
        if role not in ("layer", "override"):
            break
    if generic:
        owners.append((generic, only))
    return owners or ([(classes, frozenset())] if classes else [])


def definition_at(found: Analyzed, path: str, line: int) -> str:
    """The innermost definition around a line, else the module; ``""`` for a file that is not read."""
    if path not in found.places:
        return ""
    around = [each for each in found.places[path] if each.start <= line <= each.end_line]
    if around:
        return max(around, key=lambda each: each.line).id
    return next((module.name for module in found.program.modules.values() if module.path == path), "")


def _ran(found: Analyzed, access: Access, executed: Executed) -> bool:
    """Whether the tests ran the line of an access.

    A class or module says what libraries do for it, so it ran when they did anything of that mode for it.
    """
    definition = found.program.definition(access.definition)
    if executed.lines is None or definition is None or definition.kind == "class":
        return (access.definition, access.mode) in executed.owners
    unsent = access.mode == "read" and (access.at.path, access.at.line) in executed.unsent
    return not unsent and access.at.line in executed.lines.get(access.at.path, ())


def named_in(statement: str) -> list[tuple[str, str]]:
    """Tables with their modes: what a statement changes is not counted as read by it as well."""
    parsed = statements.parse(statement).tables
    written = {each.table for each in parsed if each.write}
    return [(each.table, "write" if each.write else "read") for each in parsed if each.write or each.table not in written]


def _dotted(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


def is_test(definition: str, more: tuple[str, ...] = ()) -> bool:
    """Whether a dotted name is a test, something only tests use, or a migration."""
    parts = definition.split(".")
    return any(part in ("tests", "test", "testing", "factories", "conftest", "migrations", "alembic", *more) or part.startswith("test_") for part in parts)
