"""The cutover runbook of a service, and the SQL that it runs in the monolith's database."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from decompose.generate.cloudformation import TRAFFIC, variable_parameter
from decompose.generate.deployment import MONOLITH_URL, deployment, moves
from decompose.generate.ecs import by_terraform
from decompose.generate.render import Render, code, sql_name, sql_text
from decompose.generate.routing import pattern_of
from decompose.model.artifacts import Artifact
from decompose.model.migration import BoundaryEdge
from decompose.model.service import ServicePlan

SQL = ("back-role", "copy-role", "drop-foreign-keys", "freeze-writes", "thaw-writes")
STEPS = ("seal", "serve", "shadow", "split", "switch", "retire")


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """``RUNBOOK.md`` and ``deploy/sql/*.sql``."""
    service, context = deployment(plan), plan.context
    owned = tuple(sorted(table.id for table in context.tables))
    role = f"{service.database}_copy"[:63]
    blocking = tuple(edge for edge in context.edges if edge.blocks and not edge.test)
    shares = [percent for percent in TRAFFIC if percent]
    variable = re.sub(r"\W", "_", context.name).upper()
    text = render(
        "runbook/RUNBOOK.md.j2",
        service=service,
        project=plan.project.name,
        shared=service.root.rpartition("/")[0] + "/shared",
        stack=f"{service.project}-{service.name}",
        alarms=f"{service.project}-$ENVIRONMENT-{service.name}",
        role=role,
        mode=f"{variable}_MODE",
        variable=variable,
        boundaries=plan.project.package,
        callbacks=[code(each.name) for each in context.callbacks] if plan.project.framework == "django" else [],
        events_of=sorted({code(each.label) for each in context.replicas}) if plan.project.framework == "django" else [],
        url=f"{variable}_URL",
        address=f"http://{service.name}.$ENVIRONMENT.{service.project}.internal:{service.web.port}",
        deploy=f"{service.root}/deploy",
        framework=plan.project.framework,
        audience=plan.boundary.rpartition(".")[2],
        needs_monolith=any(each.name == MONOLITH_URL for each in service.variables),
        terraform=by_terraform(service),
        monolith_parameter=f"variable_{MONOLITH_URL.lower()}" if by_terraform(service) else variable_parameter(MONOLITH_URL),
        tables=[code(table) for table in owned],
        table_names=", ".join(sql_text(table.rpartition(".")[2]) for table in owned) or "NULL",
        dump_tables=" ".join(f"--table={shlex.quote(sql_name(table))}" for table in owned),
        replicas=[code(replica.table) for replica in context.replicas],
        moved=[code(path) for path in _paths(plan, moving=True) if path not in {gap.subject for gap in service.gaps}],
        kept=[code(path) for path in _paths(plan, moving=False)],
        tasks=[code(task.name) for task in context.tasks],
        schedules=[code(schedule.name) for schedule in context.schedules],
        events=sorted({code(edge.target) for edge in context.edges if edge.disposition == "event" and not edge.test}),
        depends_on=[code(name) for name in context.depends_on],
        blocking=blocking,
        blocks={name: _blocking(blocking, name) for name in STEPS},
        middleware=_middleware(plan),
        unhanded=_hands_on(plan) and not _middleware(plan),
        migrated=plan.project.framework == "django",
        keys_back=_keys_back(plan),
        foreign_keys=[edge for edge in context.edges if edge.kind == "foreign-key" and not edge.test],
        gaps=service.gaps,
        operations=context.operations,
        queues=sorted({code(task.queue or plan.name) for task in context.tasks}),
        probes=_probes(plan),
        traffic=shares,
        previous=dict(zip(shares, (0, *shares), strict=False)),
    )
    yield Artifact(f"{service.root}/RUNBOOK.md", text, "merged", context=service.context)
    values = {
        "role": role,
        "owned": owned,
        "read": tuple(sorted({*owned, *(replica.table for replica in context.replicas)})),
        "tables": ", ".join(f"{sql_text(sql_name(table))}::regclass" for table in owned),
    }
    for name in SQL if owned else ():
        path = f"{service.root}/deploy/sql/{name}.sql"
        yield Artifact(path, render(f"deploy/sql/{name}.sql.j2", **values), context=service.context)


def _middleware(plan: ServicePlan) -> str:
    """What sends requests for moved routes on to the service, ``""`` where the framework has no such thing or no route moves."""
    if not _hands_on(plan):
        return ""
    return {
        "django": f"{plan.project.package}.django_routes.MovedRoutes",
        "flask": f"{plan.project.package}.flask_routes.init_app",
    }.get(plan.project.framework, "")


def _hands_on(plan: ServicePlan) -> bool:
    """Whether routes move, so that somebody has to hand their requests on."""
    return any(edge.kind == "route" and edge.disposition == "proxy-route" for edge in plan.context.edges)


def _keys_back(plan: ServicePlan) -> str:
    """How the constraints come back."""
    if plan.project.framework == "django":
        undo = f"decompose extract {shlex.quote(plan.context.name)} --step split --undo"
        return f"`manage.py migrate` each app to the migration before, then `{undo}`, deploy"
    return "the `ADD CONSTRAINT` statements that the same file printed"


def _blocking(edges: tuple[BoundaryEdge, ...], step: str) -> list[BoundaryEdge]:
    return [edge for edge in edges if edge.blocks == step]


def _paths(plan: ServicePlan, moving: bool) -> list[str]:
    return sorted({route.path for route in plan.context.routes if route.is_url and moves(route, plan.context) is moving})


def _probes(plan: ServicePlan) -> str:
    """Paths that can be asked for as they stand; those with variable parts are listed with an example to replace."""
    paths: set[str] = set()
    for route in plan.context.routes:
        if moves(route, plan.context) and (not route.methods or "GET" in route.methods):
            paths.update(sample for pattern in pattern_of(route)[0] for sample in pattern.samples)
    return " ".join(shlex.quote(path) for path in sorted(paths))
