"""The neutral model of a deployable service, derived from its plan."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from decompose.errors import NotReady
from decompose.generate import schedules
from decompose.generate.routing import rules
from decompose.generate.settings import taken_over
from decompose.generate.sizing import Size, job_size, web_size, worker_size
from decompose.model.credentials import CONCEALED, is_credential
from decompose.model.deployment import Deployment, Gap, Grant, Process, Rule, ScheduledJob, Secret, Variable
from decompose.model.facts import EnvironmentRead, Route
from decompose.model.location import Location
from decompose.model.migration import ContextPlan
from decompose.model.priorities import Priorities
from decompose.model.service import ServicePlan
from decompose.model.target import FARGATE, Capacity
from decompose.planning.requirements import normal

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

HEARTBEAT_AGE = 60
"""Seconds after which a worker whose file says nothing new counts as hung; it says something every two."""

FILES = "/srv/files"
"""Where a shared file system is mounted."""

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
    listener_rules, route_gaps = rules(moved, stays)
    priorities, listener_rules = _allocated(plan, listener_rules)
    listener_rules = _after_cutover(plan, listener_rules)
    variables, secrets, environment_gaps = _environment(plan)
    grants, grant_gaps = _grants(context)
    jobs, job_gaps = _jobs(plan)
    files, file_gaps = mounted_files(plan)
    web, worker, size_gaps = _processes(plan, len(moved))
    build, run = _system_packages(context.requirements)
    project = re.sub(r"[^a-z0-9]+", "-", plan.project.name.lower()).strip("-") or "project"
    gaps = [*route_gaps, *_long_names(project, plan.name), *_state_gaps(plan, files), *file_gaps, *_requirement_gaps(plan)]
    gaps += [*environment_gaps, *grant_gaps, *job_gaps, *size_gaps]
    return Deployment(
        context=context.name,
        name=plan.name,
        package=plan.package,
        root=plan.root,
        project=project,
        framework=plan.project.framework,
        python=_python(plan.project.python),
        entry=_entry(plan),
        region=target.region,
        cluster=target.cluster,
        architecture=target.architecture,
        web=web,
        worker=worker,
        database=re.sub(r"[^a-z0-9]+", "_", context.name.lower()).strip("_")[:63],
        migrate=_migrate(plan),
        copy=("python", "-m", f"{plan.package}.copy_data"),
        variables=variables,
        secrets=secrets,
        rules=listener_rules,
        grants=grants,
        schedules=jobs,
        gaps=tuple(gaps),
        build_packages=build,
        run_packages=run,
        description=_first_line(plan),
        priority=priorities.numbers(plan.name)[0],
        allocated=priorities,
        files=files,
        target=target,
        serves=_serves(plan, bool(moved)),
        events=("python", "manage.py", "dispatch_events", "--report=60") if plan.project.framework == "django" and _tells(plan) else (),
        measured=plan.project.framework == "django" and bool(context.tasks),
        tables=tuple(sorted({*(table.id for table in context.tables), *(replica.table for replica in context.replicas)})),
        broker=_broker_of(context.requirements) if context.tasks or context.sent else "",
    )


def _allocated(plan: ServicePlan, listener_rules: tuple[Rule, ...]) -> tuple[Priorities, tuple[Rule, ...]]:
    """The priorities of all services with room for this one, and its rules with their own. Raises :class:`NotReady`."""
    target = plan.target
    # Without routes a service keeps a place all the same: routes may come, and a laptop's ports follow the places.
    count = max(len(listener_rules), 1)
    try:
        priorities = plan.priorities.room(plan.name, count, target.listener_priority, target.reserved_priorities)
    except ValueError as error:
        raise NotReady(
            f"{plan.name} needs {count} priorities for its listener rules, and {error}",
            hint="lower [target.ecs] listener-priority, or reserve less in reserved-priorities",
        ) from error
    numbers = priorities.numbers(plan.name)[:count]
    reserved = next((n for n in numbers if any(first <= n <= last for first, last in target.reserved_priorities)), None)
    if reserved is not None:
        raise NotReady(
            f"priority {reserved} is reserved in [target.ecs] reserved-priorities, and {plan.name} has it already",
            hint="take it out of reserved-priorities; or, while the service is not deployed, remove its block from priorities.json",
        )
    return priorities, tuple(msgspec.structs.replace(rule, priority=number) for rule, number in zip(listener_rules, numbers, strict=False))


def _after_cutover(plan: ServicePlan, listener_rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The rules as they are once all requests go to the service, each with the priority that it had. Raises :class:`NotReady`."""
    if plan.target.routes == "split":
        return listener_rules
    found = tuple(
        msgspec.structs.replace(rule, forward="service") if rule.forward == "weighted" else rule for rule in listener_rules if rule.forward != "testers"
    )
    count = sum(rule.forward == "service" for rule in found)
    if plan.target.strategy != "ROLLING" and count != 1:
        raise NotReady(
            f"{plan.target.strategy} moves requests with one listener rule, and {plan.name} has {count or 'none'}",
            hint="set strategy = \"ROLLING\" for it in [target.ecs.services]; only a service whose routes fit one rule can be deployed otherwise",
        )
    return found


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


def health_command(path: str, port: int) -> tuple[str, ...]:
    """A check of the web process from inside, with the standard library only: slim images carry no curl."""
    url = f"'http://127.0.0.1:%s{path}' % os.environ.get('PORT', '{port}')"
    return ("python", "-c", f"import os, urllib.request; urllib.request.urlopen({url}, timeout=3)")


def _within(handler: str, top: str) -> bool:
    return handler == top or handler.startswith(top + ".")


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


def _processes(plan: ServicePlan, routes: int) -> tuple[Process, Process | None, tuple[Gap, ...]]:
    """Web and worker process, each as large as its work seems to need."""
    target, requirements = plan.target, plan.context.requirements
    capacity = target.capacity or (Capacity("FARGATE", target.sizes.minimum, 1),)
    # Half of what is above the first on spot capacity, because tasks are redelivered.
    spot = (Capacity("FARGATE", target.worker_sizes.minimum, 1), Capacity("FARGATE_SPOT", 0, 1))
    others = target.worker_capacity or target.capacity or spot
    telling = plan.project.framework == "django" and _tells(plan)
    size = web_size(target.sizes, requirements, routes, fargate=_fargate(capacity), telemetry=target.telemetry, events=telling)
    if not _serves(plan, routes > 0):
        size = job_size(target.sizes, requirements, fargate=_fargate(capacity))
    if not plan.context.tasks:
        return _web(plan, size, capacity), None, size.gaps
    worker = worker_size(target.worker_sizes, requirements, fargate=_fargate(others), telemetry=target.telemetry)
    return _web(plan, size, capacity), _worker(plan, worker, others), (*size.gaps, *worker.gaps)


def _fargate(capacity: Sequence[Capacity]) -> bool:
    return all(each.provider in FARGATE for each in capacity)


def _web(plan: ServicePlan, size: Size, capacity: tuple[Capacity, ...]) -> Process:
    sizes, drain = plan.target.sizes, 30
    if plan.project.framework in ("fastapi", "plain"):
        serve = f'exec uvicorn {_entry(plan)} --host 0.0.0.0 --port "$PORT" --timeout-graceful-shutdown {drain} --no-server-header'
        command: tuple[str, ...] = ("sh", "-c", serve)
    else:
        # The application is imported once, before the workers are: on a small task each import takes seconds.
        # gunicorn binds to 0.0.0.0:$PORT by itself. /dev/shm is memory: heartbeats must not wait for a disk.
        command = (
            "gunicorn", "--preload", "--workers=2", "--threads=4", f"--graceful-timeout={drain}", "--timeout=60", "--keep-alive=75",
            "--worker-tmp-dir=/dev/shm", "--access-logfile=-", _entry(plan),
        )
    return Process(
        name=plan.name,
        command=command,
        health=("CMD", *health_command("/healthz", plan.port)),
        cpu=size.cpu,
        memory=size.memory,
        minimum=max(sizes.minimum, 1),
        maximum=max(sizes.maximum, sizes.minimum, 1),
        desired=max(sizes.desired, sizes.minimum, 1),
        port=plan.port,
        drain=drain,
        capacity=capacity,
        reason=size.reason,
    )


def _worker(plan: ServicePlan, size: Size, capacity: tuple[Capacity, ...]) -> Process:
    sizes = plan.target.worker_sizes
    app = f"{plan.package}.celery:app"
    queues = sorted({task.queue or plan.name for task in plan.context.tasks})
    return Process(
        name=f"{plan.name}-worker",
        command=("celery", f"--app={app}", "worker", "--loglevel=INFO", "--concurrency=2", f"--queues={','.join(queues)}"),
        health=("CMD-SHELL", f"test $(( $(date +%s) - $(stat -c %Y /tmp/worker-heartbeat) )) -lt {HEARTBEAT_AGE}"),
        cpu=size.cpu,
        memory=size.memory,
        # One worker at least: it says how many messages wait, and without it nothing would start the first.
        minimum=max(sizes.minimum, 1),
        maximum=max(sizes.maximum, 1),
        desired=max(sizes.desired, 1),
        # Celery finishes running tasks after SIGTERM for as long as it is let: Fargate allows 120 seconds.
        drain=110,
        stop_timeout=120,
        capacity=capacity,
        reason=size.reason,
    )


def _environment(plan: ServicePlan) -> tuple[tuple[Variable, ...], tuple[Secret, ...], tuple[Gap, ...]]:
    variables = [Variable("LOG_LEVEL", "INFO"), Variable("PORT", str(plan.port))]
    if plan.project.framework == "django":
        variables.append(Variable("DJANGO_SETTINGS_MODULE", f"{plan.package}.settings"))
        if mounted_files(plan)[0]:
            variables.append(Variable("MEDIA_ROOT", FILES))
    signs = plan.project.framework in ("django", "flask")
    secrets = [secret for secret in CONTRACT_SECRETS if signs or secret.name != "SECRET_KEY"]
    gaps: list[Gap] = []
    uses = [
        *(["callbacks"] if plan.context.callbacks else []),
        *(["events"] if _tells(plan) else []),
    ]
    if uses and plan.project.framework == "django":
        purpose = f"where the monolith answers {' and '.join(uses)} of this service, such as http://monolith.internal:8000"
        variables.append(Variable(MONOLITH_URL, None, None, purpose))
    if plan.target.telemetry:
        variables += [Variable("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"), Variable("OTEL_SERVICE_NAME", plan.name)]
        gaps.append(Gap("traces", "the collector runs beside the service: add opentelemetry-distro and opentelemetry-exporter-otlp, and start with opentelemetry-instrument"))
    taken = {MONOLITH_URL, *_OWN, *(variable.name for variable in variables), *(secret.name for secret in secrets)}
    settings = [
        # The service's settings read the same variable as the monolith's, with the same default.
        EnvironmentRead("", setting.environment, setting.value, setting.at)
        for setting in plan.context.settings if setting.environment
    ]
    named = {setting.name for setting in settings}
    computed = [each for each in taken_over(plan.project.framework, plan.context.settings) if each.asked and each.asked not in named]
    settings += [EnvironmentRead("", each.asked, "", each.at) for each in computed]
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


def _long_names(project: str, name: str) -> Iterator[Gap]:
    """Names begin with project and environment; that of a database is the shortest that AWS takes, 63 characters."""
    room = 63 - len(f"{project}--{name}")
    if room < len("production"):
        yield Gap(f"{project}-<environment>-{name}", f"names of AWS resources leave {max(room, 0)} characters for the environment: choose shorter ones")


def _tells(plan: ServicePlan) -> bool:
    """Whether the monolith hears of changes in the service's rows."""
    return bool(plan.context.pointers or any(each.side == "monolith" for each in plan.context.listeners))


def _serves(plan: ServicePlan, routes: bool) -> bool:
    """Whether anybody asks the service something: users, the monolith by the boundary API, or whoever tells it of changes."""
    context = plan.context
    told = context.replicas or any(each.side == "service" for each in context.listeners)
    return bool(routes or context.operations or told or not context.tasks)


def mounted_files(plan: ServicePlan) -> tuple[str, tuple[Gap, ...]]:
    """Where a shared file system is mounted, ``""`` for none. By itself it is where rows name files, and no setting keeps them elsewhere."""
    context, choice = plan.context, plan.target.efs
    django = plan.project.framework == "django"
    named = any(column.type == "file" for table in context.tables for column in table.columns)
    elsewhere = {setting.name for setting in (*context.settings, *context.left_settings)} & {"STORAGES", "DEFAULT_FILE_STORAGE"}
    buckets = any(external.kind == "aws" and external.text.startswith("s3") for external in context.externals)
    if choice == "off" or (choice == "auto" and not (django and named and not elsewhere and not buckets)):
        return "", ()
    if django:
        return FILES, ()
    return FILES, (Gap(FILES, "the shared file system is mounted here: make the code keep its files below it"),)


def _state_gaps(plan: ServicePlan, files: str) -> Iterator[Gap]:
    """What the monolith keeps beside its database and no copy of rows brings along: files and caches."""
    django = plan.project.framework == "django"
    where = f"them into the shared file system, mounted at {files}" if files else f"them, and set {'MEDIA_ROOT or STORAGES' if django else 'its storage'} of the service"
    for table in plan.context.tables:
        for column in table.columns:
            if column.type == "file":
                reason = f"the rows move, the files in the monolith's storage do not: copy {where}"
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
