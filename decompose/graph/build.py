"""From linked summaries and facts to the :class:`~decompose.model.codegraph.CodeGraph`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

import msgspec

from decompose.graph.edges import edges
from decompose.graph.roles import role
from decompose.link.program import Program
from decompose.model import facts as f
from decompose.model.codegraph import CodeGraph, Definition, Edge, Module
from decompose.model.credentials import CONCEALED, concealed
from decompose.model.source import SkippedFile, SourceTree

_FRAMEWORKS = {
    "django": "django",
    "rest_framework": "drf",
    "celery": "celery",
    "flask": "flask",
    "flask_sqlalchemy": "sqlalchemy",
    "sqlalchemy": "sqlalchemy",
    "sqlmodel": "sqlalchemy",
    "fastapi": "fastapi",
    "starlette": "starlette",
    "peewee": "peewee",
    "tortoise": "tortoise",
    "pony": "pony",
    "odoo": "odoo",
    "graphene": "graphene",
    "graphene_django": "graphene",
    "strawberry": "strawberry",
    "rq": "rq",
    "django_rq": "rq",
    "dramatiq": "dramatiq",
    "apscheduler": "apscheduler",
    "huey": "huey",
    "django_q": "django-q",
}
"""Top-level imports that say which frameworks a project is built with, in the order they are reported."""


def build(program: Program, tree: SourceTree, found: Iterable[f.Fact], *, digest: str = "") -> CodeGraph:
    """Everything known of the project, sorted, without any opinion on contexts.

    ``found`` are the facts of all detectors, in any order; the same fact given twice counts once. ``digest`` identifies the
    analysed texts.
    """
    facts = _by_type(map(_discreet, found))
    found_edges = edges(program, facts[f.TaskSend], facts[f.Task], facts[f.Subscription], facts[f.Emission], facts[f.ModelUse], facts[f.StringReference])
    return CodeGraph(
        frameworks=_frameworks(program),
        sources=tree.roots,
        files=len(tree.python),
        lines=sum(module.lines for module in program.modules.values()) + sum(each.lines for each in program.shadowed),
        digest=digest,
        modules=tuple(_with_test_support(_modules(program), found_edges)),
        definitions=tuple(_definitions(program)),
        edges=found_edges,
        tables=_unique(facts[f.Table]),
        foreign_keys=facts[f.ForeignKey],
        accesses=facts[f.Access],
        model_uses=facts[f.ModelUse],
        transactions=facts[f.Transaction],
        routes=facts[f.Route],
        tasks=facts[f.Task],
        task_sends=facts[f.TaskSend],
        schedules=facts[f.Schedule],
        subscriptions=facts[f.Subscription],
        emissions=facts[f.Emission],
        commands=facts[f.Command],
        settings=facts[f.Setting],
        setting_reads=facts[f.SettingRead],
        environment=facts[f.EnvironmentRead],
        strings=facts[f.StringReference],
        externals=facts[f.External],
        unresolved=facts[f.Unresolved],
        failed=_failed(program, tree),
        newer_syntax=tuple(sorted(each.path for each in (*program.modules.values(), *program.shadowed) if each.newer)),
    )


def _discreet(fact: f.Fact) -> f.Fact:
    """A fact without the secrets of the code that it is about: nothing later than this sees them."""
    match fact:
        case f.EnvironmentRead() if (default := concealed(fact.name, fact.default, variable=True)) != fact.default:
            return msgspec.structs.replace(fact, default=default)
        case f.Setting() if (value := concealed(fact.name, fact.value)) != fact.value:
            # Whoever takes the setting over asks for it where its own secrets come from.
            return msgspec.structs.replace(fact, value=value, environment=fact.environment or (fact.name if value == CONCEALED else ""))
    return fact


class _Facts(dict[type, tuple]):  # type: ignore[type-arg]
    """Facts by type, each tuple sorted; a type without facts is an empty tuple."""

    def __missing__(self, key: type) -> tuple[()]:
        return ()


def _by_type(found: Iterable[f.Fact]) -> _Facts:
    groups: dict[type, dict[f.Fact, None]] = {}
    for fact in found:
        groups.setdefault(type(fact), {})[fact] = None
    return _Facts({kind: tuple(_in_order(group)) for kind, group in groups.items()})


def _in_order(facts: Iterable[f.Fact]) -> Iterator[f.Fact]:
    """Facts by place; those of one place by their own text, which is made for these alone."""
    for _, group in groupby(sorted(facts, key=_place), key=_place):
        at_place = tuple(group)
        yield from at_place if len(at_place) == 1 else sorted(at_place, key=repr)


_place = attrgetter("at")


def _unique(tables: tuple[f.Table, ...]) -> tuple[f.Table, ...]:
    """One entry for each table id: the one that knows most (a mapped entity before a bare name), then sorted by id."""
    best: dict[str, f.Table] = {}
    for table in tables:
        known = best.get(table.id)
        if known is None or (bool(table.model), len(table.columns)) > (bool(known.model), len(known.columns)):
            best[table.id] = table
    return tuple(best[id] for id in sorted(best))


def _frameworks(program: Program) -> tuple[str, ...]:
    tops = {imported.module.partition(".")[0] for module in program.modules.values() for imported in module.imports}
    return tuple(dict.fromkeys(name for top, name in _FRAMEWORKS.items() if top in tops))


def _modules(program: Program) -> Iterator[Module]:
    for name in sorted(program.modules):
        summary = program.modules[name]
        purpose = role(summary.path)
        if purpose == "code" and "/versions/" in f"/{summary.path}" and any(binding.name == "down_revision" for binding in summary.bindings):
            purpose = "migration"  # Alembic's folder may have any name: its scripts say what they follow
        yield Module(name, summary.path, summary.lines, purpose, summary.is_package, summary.doc.strip().partition("\n")[0])


_SUPPORT = re.compile(r"test|factor|fixture|mock|dummy|fake|stub")


def _with_test_support(modules: Iterable[Module], found: Iterable[Edge]) -> Iterator[Module]:
    """Modules, those counted as tests that only tests import and whose name says what they are for (``testing``, ``factories``)."""
    listed = list(modules)
    tests = {module.id for module in listed if module.role == "test"}
    importers: dict[str, set[str]] = {}
    for edge in found:
        if edge.kind == "import" and edge.when != "string":
            importers.setdefault(edge.dst, set()).add(edge.src)
    for module in listed:
        by = importers.get(module.id, set())
        if module.role == "code" and by and by <= tests and _SUPPORT.search(module.id.rpartition(".")[2]):
            module = msgspec.structs.replace(module, role="test")
        yield module


def _definitions(program: Program) -> Iterator[Definition]:
    for definition in sorted(program.definitions, key=lambda each: each.id):
        module = program.module_of(definition.id)
        top = definition
        while top.parent:
            above = program.definition(top.parent)
            if above is None:
                break
            top = above
        yield Definition(definition.id, module, definition.kind, definition.line, definition.end_line, top.id)


def _failed(program: Program, tree: SourceTree) -> tuple[SkippedFile, ...]:
    unread = [SkippedFile(each.path, max(each.failure_line, 1), each.failure) for each in program.modules.values() if each.failure]
    twice = [
        SkippedFile(each.path, 1, f"the module name {each.name} is already taken by {program.modules[each.name].path}")
        for each in program.shadowed
    ]
    return tuple(sorted((*tree.skipped, *unread, *twice), key=lambda each: (each.path, each.line)))
