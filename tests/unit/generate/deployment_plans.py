"""A small fictional context on its way to a service, drawn by hand."""

from __future__ import annotations

from typing import Any

import msgspec

from decompose.generate import cloudformation, delivery, ecs, runbook, terraform
from decompose.generate.render import make_render
from decompose.model.artifacts import Artifact
from decompose.model.facts import Column, EnvironmentRead, External, Route, Schedule, Table, Task
from decompose.model.location import Location
from decompose.model.migration import BoundaryEdge, ContextPlan, Field, Operation, Placement, Pointer, Project, Replica
from decompose.model.service import ServicePlan
from decompose.model.target import Capacity, Database, Sizes, Target
from decompose.resources import templates

AT = Location("library/loans/views.py", 7)


def route(path: str, handler: str = "library.loans.views.page", **more: Any) -> Route:
    return Route(more.pop("methods", ()), path, handler, AT, "django", **more)


LOANS = ContextPlan(
    name="book_loans",
    readiness="ready",
    rank=1,
    score=0.8,
    reasons=("fewest foreign keys",),
    edges=(
        BoundaryEdge(
            "book_loans-1f", "out", "foreign-key", "loans_loan.reader_id", "people_reader", AT, "ForeignKey(Reader)",
            "replica", "replica", "the reader's name is shown", operation="",
        ),
        BoundaryEdge(
            "book_loans-2a", "in", "sql", "library.reports.totals", "loans_loan", AT, "SELECT ... FROM loans_loan",
            "decide", "decide", "SQL text names a moved table", blocks="split",
        ),
    ),
    operations=(Operation("open_loans", "function", "query", "library.loans.services.open_loans", (), "json"),),
    entities=(),
    replicas=(
        Replica("library.people.models.Reader", "people.Reader", "people_reader", Field("id", "big"), (Field("name", "string"),)),
    ),
    placements=(
        Placement("library.loans.views", "library/loans/views.py", "move", "belongs to the context"),
        Placement("library.loans.pages", "library/loans/pages.py", "stay", "a page"),
    ),
    tables=(Table("loans_loan", "library.loans.models.Loan", AT, "django", label="loans.Loan"),),
    routes=(
        route("/loans/"),
        route("/loans/<int:pk>/"),
        route("/loans/<int:pk>/return/"),
        route("/loans/overdue/", "library.loans.pages.overdue"),
        route(r"^archive/(?P<year>[0-9]{4}|all)/$", regex=True),
    ),
    environment=(
        EnvironmentRead("library.loans.services", "LOAN_DAYS", "'28'", AT),
        EnvironmentRead("library.loans.services", "FINE_RULES", "", AT),
        EnvironmentRead("library.loans.services", "POSTAGE_API_KEY", "'abc-not-to-be-copied'", AT),
    ),
    externals=(External("library.loans.services.export", "aws", "s3:PutObject", AT),),
    requirements=("Django==4.2.16", "gunicorn==23.0.0", "psycopg2==2.9.9"),
)

LOANS_WITH_TASKS = msgspec.structs.replace(
    LOANS,
    tasks=(Task("library.loans.tasks.remind", "library.loans.tasks.remind", AT, "celery", "mail"),),
    schedules=(
        Schedule("remind", "library.loans.tasks.remind", "crontab(hour=7, minute=30, day_of_week='1-5')", AT),
        Schedule("often", "library.loans.tasks.remind", "timedelta(seconds=10)", AT),
    ),
)

PROJECT = Project(
    name="Library", framework="django", frameworks=("django",), source=".", package="library.boundaries", python="3.11",
    settings_module="library.settings", manage="manage.py",
)


def service_plan(context: ContextPlan = LOANS, **changes: Any) -> ServicePlan:
    plan = ServicePlan(
        name="book-loans",
        package="book_loans_service",
        root="services/book-loans",
        boundary="library.boundaries.book_loans",
        port=8000,
        project=PROJECT,
        context=context,
        target=Target(),
        sources={},
        other_routes=(route("/"), route("/people/<int:pk>/", "library.people.views.reader")),
    )
    return msgspec.structs.replace(plan, **changes)


WORKER_ONLY = msgspec.structs.replace(LOANS_WITH_TASKS, routes=(), operations=(), replicas=())
"""A context that is its tasks: nobody asks it anything."""
WITH_FILES = msgspec.structs.replace(
    LOANS, externals=(), tables=(msgspec.structs.replace(LOANS.tables[0], columns=(Column("scan", "scan", "file", line=9),)),)
)
ONE_RULE = msgspec.structs.replace(LOANS, routes=LOANS.routes[:2])

TARGETS: dict[str, tuple[ContextPlan, Target]] = {
    "worker-only": (WORKER_ONLY, Target()),
    "telling": (msgspec.structs.replace(LOANS_WITH_TASKS, pointers=(Pointer("people.Reader", "loans.Loan", "loan_id", "CASCADE"),)), Target()),
    "no-routes": (msgspec.structs.replace(LOANS, routes=()), Target()),
    "files": (WITH_FILES, Target()),
    "ec2": (LOANS_WITH_TASKS, Target(capacity=(Capacity("machines", 1),))),
    "spot": (LOANS_WITH_TASKS, Target(capacity=(Capacity("FARGATE", 2), Capacity("FARGATE_SPOT", 0, 3)), worker_capacity=(Capacity("FARGATE_SPOT"),))),
    "after": (LOANS, Target(routes="service")),
    "blue-green": (ONE_RULE, Target(routes="service", strategy="BLUE_GREEN")),
    "canary": (ONE_RULE, Target(routes="service", strategy="CANARY", step_percent=5, bake_minutes=20)),
    "linear": (ONE_RULE, Target(routes="service", strategy="LINEAR", step_percent=25)),
    "aurora": (LOANS, Target(database=Database(kind="aurora-serverless", minimum_units=1))),
    "existing": (LOANS_WITH_TASKS, Target(database=Database(kind="existing"))),
    "watched": (
        LOANS_WITH_TASKS,
        Target(exec=True, telemetry=True, tags=(("team", "books"),), log_retention_days=60, architecture="ARM64", sizes=Sizes(cpu=1024, memory=2048)),
    ),
}
"""Settings of ``[target.ecs]`` with a context that they mean something for."""

RENDER = make_render(templates())
_made: dict[bytes, dict[str, Artifact]] = {}


def artifacts(plan: ServicePlan) -> dict[str, Artifact]:
    """Everything that the deployment generators write for a plan, by path below the service's folder where it lies there."""
    key = msgspec.json.encode(plan)
    if key not in _made:
        made = [a for module in (cloudformation, terraform, delivery, ecs, runbook) for a in module.generate(plan, RENDER)]
        _made[key] = {artifact.path.removeprefix(plan.root + "/"): artifact for artifact in made}
    return dict(_made[key])
