"""The neutral model of a deployable service, derived from its plan."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from decompose.generate import schedules
from decompose.generate.routing import rules
from decompose.model.credentials import CONCEALED, is_credential
from decompose.model.deployment import Deployment, Gap, Grant, Process, ScheduledJob, Secret, Variable
from decompose.model.facts import EnvironmentRead, Route
from decompose.model.location import Location
from decompose.model.migration import ContextPlan
from decompose.model.service import ServicePlan
from decompose.planning.requirements import normal

# CPU units -> MiB. Source: "Task CPU and memory" in the Amazon ECS developer guide, Fargate on Linux.
FARGATE_SIZES: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
    4096: tuple(range(8192, 30720 + 1, 1024)),
    8192: tuple(range(16384, 61440 + 1, 4096)),
    16384: tuple(range(32768, 122880 + 1, 8192)),
}

# Requirement -> Debian packages to build it, and to run it. Only requirements whose wheels do not carry what they link.
# Source: the installation pages of each project.
SYSTEM_PACKAGES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "mysqlclient": (("build-essential", "default-libmysqlclient-dev", "pkg-config"), ("libmariadb3",)),
    "psycopg2": (("build-essential", "libpq-dev"), ("libpq5",)),
    "pycairo": (("build-essential", "libcairo2-dev", "pkg-config"), ("libcairo2",)),
    "python-ldap": (("build-essential", "libldap2-dev", "libsasl2-dev"), ("libldap2",)),
    "uwsgi": (("build-essential",), ()),
    "weasyprint": ((), ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")),
    "xmlsec": (("build-essential", "libxmlsec1-dev", "pkg-config"), ("libxmlsec1-openssl",)),
}

MONOLITH_URL = "MONOLITH_URL"
BROKER_URL = "CELERY_BROKER_URL"

CONTRACT_SECRETS = (
    Secret("DATABASE_URL", "database", "the service's own role in its own database"),
    Secret("SECRET_KEY", "generated", "signs what the framework signs; made once per environment"),
    Secret("BOUNDARY_TOKEN_KEY", "shared", "signs calls between monolith and service; both hold the same key"),
)
_BROKER = Secret(BROKER_URL, "given", "the message broker that monolith and workers share")
# The task role replaces these; a long-lived key in a container is what it is there to avoid.
_ROLE_INSTEAD = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
# Said by the platform or by this model itself.
_OWN = ("PORT", "LOG_LEVEL", "DJANGO_SETTINGS_MODULE", "AWS_REGION", "AWS_DEFAULT_REGION", "HOME", "PATH")


def deployment(plan: ServicePlan) -> Deployment:
    """The service as it runs, with everything that could not be derived listed in ``gaps``."""
    context, target = plan.context, plan.target
    moved = tuple(route for route in context.routes if moves(route, context))
    stays = tuple(route for route in (*context.routes, *plan.other_routes) if route.is_url and route not in moved)
    listener_rules, route_gaps = rules(moved, stays, target.listener_priority)
    variables, secrets, environment_gaps = _environment(plan)
    grants, grant_gaps = _grants(context)
    jobs, job_gaps = _jobs(plan)
    (cpu, memory), size_gaps = _size(target.sizes.cpu, target.sizes.memory)
    build, run = _system_packages(context.requirements)
    return Deployment(
        context=context.name,
        name=plan.name,
        package=plan.package,
        root=plan.root,
        project=re.sub(r"[^a-z0-9]+", "-", plan.project.name.lower()).strip("-") or "project",
        framework=plan.project.framework,
        python=_python(plan.project.python),
        entry=_entry(plan),
        region=target.region,
        cluster=target.cluster,
        architecture="ARM64" if target.architecture.upper() in ("ARM64", "AARCH64") else "X86_64",
        web=_web(plan, cpu, memory),
        worker=_worker(plan, cpu, memory) if context.tasks else None,
        database=re.sub(r"[^a-z0-9]+", "_", context.name.lower()).strip("_")[:63],
        migrate=_migrate(plan),
        copy=("python", "-m", f"{plan.package}.copy_data"),
        variables=variables,
        secrets=secrets,
        rules=listener_rules,
        grants=grants,
        schedules=jobs,
        gaps=(*route_gaps, *_state_gaps(plan), *_requirement_gaps(plan), *environment_gaps, *grant_gaps, *job_gaps, *size_gaps),
        build_packages=build,
        run_packages=run,
        description=_first_line(plan),
        priority=target.listener_priority,
        tables=tuple(sorted({*(table.id for table in context.tables), *(replica.table for replica in context.replicas)})),
        broker=_broker_of(context.requirements) if context.tasks or context.sent else "",
    )


def moves(route: Route, context: ContextPlan) -> bool:
    """Whether a route moves to the service with its handler: pages, the admin and other code that stays keeps its routes."""
    if route.kind == "admin" or not route.is_url:
        return False
    actions = {
        placement.action
        for placement in context.placements
        if route.handler.startswith(placement.module + ".")
        and (not placement.definitions or any(_within(route.handler, top) for top in placement.definitions))
    }
    return not actions or "move" in actions


def fargate_size(cpu: int, memory: int) -> tuple[int, int]:
    """The smallest pair that Fargate accepts with at least this CPU (units) and memory (MiB).

    Raises :class:`ValueError` when no task is that large.
    """
    for units, sizes in FARGATE_SIZES.items():
        for size in sizes:
            if units >= cpu and size >= memory:
                return units, size
    raise ValueError(f"no Fargate task has {cpu} CPU units and {memory} MiB")


def health_command(path: str, port: int) -> tuple[str, ...]:
    """A check of the web process from inside, with the standard library only: slim images carry no curl."""
    url = f"'http://127.0.0.1:%s{path}' % os.environ.get('PORT', '{port}')"
    return ("python", "-c", f"import os, urllib.request; urllib.request.urlopen({url}, timeout=3)")


def _within(handler: str, top: str) -> bool:
    return handler == top or handler.startswith(top + ".")


def _size(cpu: int, memory: int) -> tuple[tuple[int, int], tuple[Gap, ...]]:
    pair = fargate_size(cpu, memory)
    if pair == (cpu, memory):
        return pair, ()
    reason = f"Fargate has no such pair; the next larger one is {pair[0]} units and {pair[1]} MiB"
    return pair, (Gap(f"{cpu} CPU units with {memory} MiB", reason),)


def _python(declared: str) -> str:
    found = re.search(r"3\.\d+", declared)
    return found[0] if found else "3.12"


def _entry(plan: ServicePlan) -> str:
    asynchronous = plan.project.framework in ("fastapi", "plain")
    return f"{plan.package}.asgi:application" if asynchronous else f"{plan.package}.wsgi:application"


def _migrate(plan: ServicePlan) -> tuple[str, ...]:
    if plan.project.framework == "django":
        return ("python", "manage.py", "migrate", "--noinput")
    return ("python", "-m", f"{plan.package}.migrate") if plan.context.tables else ()


def _web(plan: ServicePlan, cpu: int, memory: int) -> Process:
    sizes, drain = plan.target.sizes, 30
    if plan.project.framework in ("fastapi", "plain"):
        serve = f'exec uvicorn {_entry(plan)} --host 0.0.0.0 --port "$PORT" --timeout-graceful-shutdown {drain} --no-server-header'
        command: tuple[str, ...] = ("sh", "-c", serve)
    else:
        # gunicorn binds to 0.0.0.0:$PORT by itself. /dev/shm is memory: heartbeats must not wait for a disk.
        command = (
            "gunicorn", "--workers=2", "--threads=4", f"--graceful-timeout={drain}", "--timeout=60", "--keep-alive=75",
            "--worker-tmp-dir=/dev/shm", "--access-logfile=-", _entry(plan),
        )
    return Process(
        name=plan.name,
        command=command,
        health=("CMD", *health_command("/healthz", plan.port)),
        cpu=cpu,
        memory=memory,
        minimum=max(sizes.minimum, 1),
        maximum=max(sizes.maximum, sizes.minimum, 1),
        port=plan.port,
        drain=drain,
    )


def _worker(plan: ServicePlan, cpu: int, memory: int) -> Process:
    app = f"{plan.package}.celery:app"
    queues = sorted({task.queue or plan.name for task in plan.context.tasks})
    return Process(
        name=f"{plan.name}-worker",
        command=("celery", f"--app={app}", "worker", "--loglevel=INFO", "--concurrency=2", f"--queues={','.join(queues)}"),
        health=("CMD-SHELL", f'celery --app={app} inspect ping --destination "celery@$HOSTNAME" --timeout 8'),
        cpu=cpu,
        memory=memory,
        minimum=1,
        maximum=max(plan.target.sizes.maximum, 1),
        # Celery finishes running tasks after SIGTERM for as long as it is let: Fargate allows 120 seconds.
        drain=110,
        stop_timeout=120,
    )


def _environment(plan: ServicePlan) -> tuple[tuple[Variable, ...], tuple[Secret, ...], tuple[Gap, ...]]:
    variables = [Variable("LOG_LEVEL", "INFO"), Variable("PORT", str(plan.port))]
    if plan.project.framework == "django":
        variables.append(Variable("DJANGO_SETTINGS_MODULE", f"{plan.package}.settings"))
    secrets = list(CONTRACT_SECRETS)
    gaps: list[Gap] = []
    uses = [
        *(["callbacks"] if plan.context.callbacks else []),
        *(["events"] if plan.context.pointers or any(each.side == "monolith" for each in plan.context.listeners) else []),
    ]
    if uses and plan.project.framework == "django":
        purpose = f"where the monolith answers {' and '.join(uses)} of this service, such as http://monolith.internal:8000"
        variables.append(Variable(MONOLITH_URL, None, None, purpose))
    taken = {MONOLITH_URL, *_OWN, *(secret.name for secret in secrets)}
    settings = [
        # The service's settings read the same variable as the monolith's, with the same default.
        EnvironmentRead("", setting.environment, setting.value, setting.at)
        for setting in plan.context.settings if setting.environment
    ]
    for read in _first_reads((*plan.context.environment, *settings)):
        if read.name in taken:
            continue
        if read.name in _ROLE_INSTEAD:
            gaps.append(Gap(read.name, "not passed on: the task role gives the rights", read.at))
        elif is_credential(read.name):
            secrets.append(Secret(read.name, "given", "read by the moved code", read.at))
            gaps += [Gap(read.name, _in_the_code(), read.at)] if read.default == CONCEALED else []
        else:
            value = _default(read)
            variables.append(Variable(read.name, value, read.at))
            if value is None:
                gaps.append(Gap(read.name, _no_default(read), read.at))
    if (plan.context.tasks or plan.context.sent) and _BROKER.name not in {secret.name for secret in secrets}:
        secrets.append(_BROKER)
    return tuple(sorted(variables, key=lambda v: v.name)), tuple(sorted(secrets, key=lambda s: s.name)), tuple(gaps)


def _state_gaps(plan: ServicePlan) -> Iterator[Gap]:
    """What the monolith keeps beside its database and no copy of rows brings along: files and caches."""
    django = plan.project.framework == "django"
    where = "MEDIA_ROOT or STORAGES" if django else "its storage"
    for table in plan.context.tables:
        for column in table.columns:
            if column.type == "file":
                reason = f"the rows move, the files in the monolith's storage do not: copy them, and set {where} of the service"
                yield Gap(f"{table.id}.{column.name}", reason, Location(table.at.path, column.line or table.at.line))
    taken = {setting.name for setting in plan.context.settings}
    for setting in plan.context.left_settings:
        if setting.name not in taken:
            yield Gap(setting.name, "the monolith configures it, the service does not: its cache is one of each process unless it is set", setting.at)


def _requirement_gaps(plan: ServicePlan) -> Iterator[Gap]:
    """Requirements that only bear the name of an import: whoever owns that name in the index would be installed."""
    declared = {name for name, _ in plan.project.requirements}
    for line in plan.context.requirements if declared else ():
        name = normal(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0])
        if name not in declared and not line.startswith("kombu["):
            yield Gap(f"requirement {name}", "no file of the monolith declares a distribution for this import: see what brings it before it is installed")


def _first_reads(reads: Iterable[EnvironmentRead]) -> list[EnvironmentRead]:
    """One read per name, with a default where any read has one."""
    chosen: dict[str, EnvironmentRead] = {}
    for read in sorted(reads, key=lambda r: (r.name, _default(r) is None, r.at)):
        chosen.setdefault(read.name, read)
    return list(chosen.values())


def _in_the_code() -> str:
    return "the code's default is a secret and goes where the code goes: take it out there, and set it for each environment"


def _no_default(read: EnvironmentRead) -> str:
    if read.default == CONCEALED:
        return _in_the_code()
    if not read.default or any(isinstance(node, ast.Constant) and node.value == read.name for node in _nodes(read.default)):
        return "the code gives no default: set it for each environment"
    return f"the code's default is {read.default}: set it for each environment where something else is wanted"


def _default(read: EnvironmentRead) -> str | None:
    """The text that the variable has when nobody sets it: a literal, or that of the one read inside an expression."""
    value = _literal(read.default)
    if value is not None:
        return value
    calls = [node for node in _nodes(read.default) if isinstance(node, ast.Call) and len(node.args) == 2]
    inner = {_literal(ast.unparse(call.args[1])) for call in calls if _asks(call, read.name)}
    return inner.pop() if len(inner) == 1 else None


def _asks(call: ast.Call, variable: str) -> bool:
    """Whether a call such as ``os.environ.get("X", "50")`` asks for the variable."""
    return isinstance(call.args[0], ast.Constant) and call.args[0].value == variable


def _nodes(source: str) -> list[ast.AST]:
    """The parts of an expression, none where the source is no expression."""
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError):
        return []
    return list(ast.walk(tree))


def _literal(source: str) -> str | None:
    try:
        value = ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return None
    # An empty string and None mean "not set" to nearly all code that reads them.
    return str(value) if isinstance(value, str | int | float) and value != "" else None


def _grants(context: ContextPlan) -> tuple[tuple[Grant, ...], tuple[Gap, ...]]:
    actions: dict[str, set[str]] = {}
    first: dict[str, Location] = {}
    gaps: dict[str, Gap] = {}
    for external in sorted((e for e in context.externals if e.kind == "aws"), key=lambda e: (e.text, e.at)):
        service, _, action = external.text.partition(":")
        service = re.sub(r"[^a-z0-9-]", "", service.lower())
        if re.fullmatch(r"[A-Z][A-Za-z0-9]+", action):
            actions.setdefault(service, set()).add(f"{service}:{action}")
            first.setdefault(service, external.at)
        else:
            reason = "the actions are not known: grant them to the task role"
            gaps.setdefault(service, Gap(f"rights on {service}", reason, external.at))
    grants = tuple(Grant(service, tuple(sorted(names)), first[service]) for service, names in sorted(actions.items()))
    # A client that is only made is no gap where it is known what is done with clients of the service.
    return grants, tuple(gap for service, gap in gaps.items() if service not in actions)


def _jobs(plan: ServicePlan) -> tuple[tuple[ScheduledJob, ...], tuple[Gap, ...]]:
    jobs: list[ScheduledJob] = []
    gaps: list[Gap] = []
    for schedule in sorted(plan.context.schedules, key=lambda s: (s.name, s.at)):
        text, reason = schedules.expression(schedule.when)
        if reason:
            gaps.append(Gap(f"schedule {schedule.name}", reason, schedule.at))
            continue
        command = ("celery", f"--app={plan.package}.celery:app", "call", schedule.task)
        jobs.append(ScheduledJob(schedule.name, text, command, schedule.at))
    return tuple(jobs), tuple(gaps)


def _system_packages(requirements: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = {re.split(r"[^A-Za-z0-9._-]", line.strip(), maxsplit=1)[0].lower().replace("_", "-") for line in requirements}
    build: set[str] = set()
    run: set[str] = set()
    for name in names & SYSTEM_PACKAGES.keys():
        build.update(SYSTEM_PACKAGES[name][0])
        run.update(SYSTEM_PACKAGES[name][1])
    return tuple(sorted(build)), tuple(sorted(run))


def _broker_of(requirements: Sequence[str]) -> Literal["amqp", "redis"]:
    """Celery speaks AMQP by itself, to Redis with that installed: beside it, or as an extra of it."""
    redis = any(re.match(r"redis(?![\w.-])|(celery|kombu)\[[^]]*\bredis\b", line.strip(), re.IGNORECASE) for line in requirements)
    return "redis" if redis else "amqp"


def _first_line(plan: ServicePlan) -> str:
    return f"{plan.context.name}, extracted from {plan.project.name}"
