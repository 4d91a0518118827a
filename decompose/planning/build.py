"""The migration plan: the accepted cut, its decisions, and for each context everything that extraction needs."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType

import msgspec

from decompose.link.program import Program
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import Context, ContextMap
from decompose.model.facts import Setting
from decompose.model.migration import ContextPlan, Decision, MigrationPlan, Project
from decompose.model.settings import Config
from decompose.planning import queues
from decompose.planning.boundary import Boundary, boundary
from decompose.planning.crossings import crossings
from decompose.planning.decisions import decisions
from decompose.planning.drift import config_digest
from decompose.planning.events import listeners, pointers
from decompose.planning.order import Ranked, order
from decompose.planning.placement import Cut, cut, placements
from decompose.planning.project import project
from decompose.planning.readiness import Readiness, readiness_of, with_readiness
from decompose.planning.replicas import replicas
from decompose.planning.requirements import needed
from decompose.planning.settings import merged
from decompose.planning.sight import Sight
from decompose.planning.steps import steps
from decompose.planning.types import Types
from decompose.planning.wanted import Names, check_contexts, wanted


def build(
    graph: CodeGraph,
    program: Program,
    context_map: ContextMap,
    config: Config,
    texts: Mapping[str, str],
    *,
    name: str,
    kept_name: str = "",
    version: str,
    files: Collection[str] = (),
    names: Mapping[str, Names] = MappingProxyType({}),
) -> MigrationPlan:
    """The plan for every context.

    ``names`` are those of the operations in an accepted plan, by context: an operation keeps its name when others come before it.
    ``texts`` are packaging files by path, ``name`` is the project folder's name, ``kept_name`` the name that services
    extracted before have in theirs: it stays, wherever the project lies now. ``files`` are the paths of files that are not Python.
    """
    monolith = project(program, graph, config, texts, name)
    if kept_name:
        monolith = msgspec.structs.replace(monolith, name=kept_name)
    sight = Sight(program, graph, context_map)
    check_contexts(config, (context.name for context in context_map.contexts if context.role != "shared"))
    surveyed = [
        (context, placed, boundary(sight, placed, config.decisions, wanted(context.name, config, names.get(context.name))))
        for context in context_map.contexts
        if context.role != "shared"
        for placed in (cut(sight, context.name),)
    ]
    ranks = _ranks(order(graph, context_map, {context.name: found.edges for context, _, found in surveyed}), surveyed)
    readiness = {context.name: readiness_of(context, found.waiting) for context, _, found in surveyed}
    plans = tuple(
        _context_plan(sight, monolith, placed, found, readiness[context.name], ranks[context.name], files)
        for context, placed, found in surveyed
    )
    return MigrationPlan(
        project=monolith,
        digest=graph.digest,
        config_digest=config_digest(config),
        context_map=with_readiness(context_map, readiness),
        modules=graph.modules,
        tables=graph.tables,
        decisions=(*decisions(graph, context_map, config), *_edge_decisions(plans)),
        contexts=tuple(sorted(plans, key=lambda plan: (plan.rank == 0, plan.rank, plan.name))),
        routes=graph.routes,
        unresolved=graph.unresolved,
        failed=graph.failed,
        crossings=tuple(msgspec.structs.replace(each, chain=(), places=()) for each in crossings(graph, context_map)),
        version=version,
    )


def _ranks(ordered: Iterable[Ranked], surveyed: Iterable[tuple[Context, Cut, Boundary]]) -> dict[str, Ranked]:
    """The order without contexts of which nothing would move, closed up again."""
    moving = {context.name for context, placed, _ in surveyed if placed.moved}
    found: dict[str, Ranked] = {}
    rank = 0
    for each in sorted(ordered, key=lambda each: (each.rank == 0, each.rank)):
        if each.rank and each.name not in moving:
            found[each.name] = msgspec.structs.replace(each, rank=0, reasons=(NOTHING_MOVES,))
            continue
        rank += bool(each.rank)
        found[each.name] = msgspec.structs.replace(each, rank=rank if each.rank else 0)
    return found


NOTHING_MOVES = "nothing of it would run in a service: it has no data, API or tasks of its own, and pages and commands stay in the monolith"


def _context_plan(sight: Sight, monolith: Project, placed: Cut, found: Boundary, readiness: Readiness, ranked: Ranked, files: Collection[str]) -> ContextPlan:
    graph = sight.graph
    types = Types(sight, placed.models)

    def going(definition: str) -> bool:
        return sight.reach.unit(definition) in placed.moved

    def running(definition: str) -> bool:
        return sight.reach.unit(definition) in placed.moved or sight.reach.unit(definition) in placed.shared

    tasks = tuple(queues.moving(sight, [task for task in graph.tasks if going(task.definition)]))
    names = {task.name for task in tasks}
    shadows = replicas(sight, placed, types, found.operations)
    return ContextPlan(
        name=placed.context,
        readiness=readiness,
        rank=ranked.rank,
        score=ranked.score,
        reasons=ranked.reasons,
        edges=found.edges,
        operations=found.operations,
        entities=found.entities,
        replicas=shadows,
        placements=placements(sight, placed),
        tables=tuple(table for table in graph.tables if table.id in placed.tables),
        foreign_keys=tuple(key for key in graph.foreign_keys if key.table in placed.tables),
        routes=tuple(route for route in graph.routes if going(route.handler)),
        tasks=tasks,
        schedules=tuple(schedule for schedule in graph.schedules if schedule.task in names),
        subscriptions=tuple(each for each in graph.subscriptions if going(each.handler)),
        environment=tuple(each for each in graph.environment if running(each.definition)),
        settings=tuple(_settings(sight, placed)),
        left_settings=tuple(merged(list(sight.settings.of((name,)))) for name in LEFT_SETTINGS if any(each.name == name for each in sight.graph.settings)),
        externals=tuple(each for each in graph.externals if running(each.definition)),
        requirements=needed(_imports(sight, placed), dict(monolith.requirements), frozenset(sys.stdlib_module_names)),
        files=tuple(sorted(_files(sight, placed, files))),
        steps=steps(placed.context, monolith, found.edges),
        callbacks=found.callbacks,
        sent=tuple(queues.sent(sight, found.edges)),
        pointers=tuple(sorted(pointers(sight, placed), key=lambda each: (each.owner, each.label, each.column))),
        listeners=tuple(sorted(listeners(sight, placed, types, found.edges, shadows), key=lambda each: (each.label, each.handler, each.signal))),
    )


def _settings(sight: Sight, placed: Cut) -> Iterator[Setting]:
    """Settings that code going to the service reads, and those of the framework that change how it behaves."""
    read = {
        each.name
        for each in sight.graph.setting_reads
        if sight.reach.unit(each.definition) in placed.moved or sight.reach.unit(each.definition) in placed.shared
    }
    for name in dict.fromkeys(setting.name for setting in sight.graph.settings):
        if name in read or name in FRAMEWORK_SETTINGS:
            yield merged(list(sight.settings.of((name,))))


FRAMEWORK_SETTINGS = frozenset({"USE_TZ", "TIME_ZONE", "LANGUAGE_CODE", "USE_I18N", "DEFAULT_AUTO_FIELD", "AUTH_USER_MODEL", "REST_FRAMEWORK", "APPEND_SLASH"})
"""Settings that change what moved code does without being read by it."""


LEFT_SETTINGS = ("CACHES", "CACHE_TYPE")
"""Settings of Django and of Flask-Caching that name something outside of the process, which a service may not share."""


def _files(sight: Sight, placed: Cut, files: Collection[str]) -> Iterator[str]:
    """Templates that code going to the service names."""
    named = {
        each.text
        for each in sight.graph.strings
        if each.kind == "template" and sight.reach.unit(each.definition) in placed.moved
    }
    for path in files:
        _, _, inside = path.rpartition("/templates/")
        if inside in named:
            yield path


def _imports(sight: Sight, placed: Cut) -> Iterator[str]:
    """External modules that the service's code imports, and the names that it takes from them."""
    program = sight.program
    for module in sorted({program.module_of(unit) for unit in placed.moved | placed.shared}):
        for imported in program.modules[module].imports:
            if imported.when != "typing" and not program.module_of(imported.module):
                yield imported.module
                yield f"{imported.module}.{imported.name}"


def _edge_decisions(plans: Iterable[ContextPlan]) -> Iterator[Decision]:
    """The boundary edges that a person must decide, or has decided, among the plan's decisions."""
    for plan in plans:
        for edge in plan.edges:
            if edge.proposal == "decide":
                yield Decision(
                    id=edge.id,
                    kind="edge",
                    subject=f"{edge.source} -> {edge.target}: {edge.text}",
                    contexts=(plan.name,),
                    evidence=(edge.at,),
                    proposal=edge.disposition,
                    reason=f"{edge.reason}; in the loop on line {edge.loop}" if edge.loop and edge.disposition != "operation" else edge.reason,
                    state="accepted" if edge.decided else "open",
                )
