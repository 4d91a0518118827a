"""One neutral model of a deployable service: everything that ECS, compose, CI and runbook say the same about."""

from __future__ import annotations

from typing import Literal

import msgspec

from decompose.model.location import Location


class Variable(msgspec.Struct, frozen=True):
    """A plain environment variable. ``value`` is ``None`` when the code gives no default: each environment must say it.

    ``purpose`` is what it is for where that is known; then the service is of no use without it.
    """

    name: str
    value: str | None
    at: Location | None = None
    purpose: str = ""


class Secret(msgspec.Struct, frozen=True):
    """An environment variable whose value comes from a secret store; the value itself is never known here.

    ``source``: ``database`` (made with the database), ``generated`` (made once by the store), ``shared`` (made once for
    monolith and services), ``given`` (exists already, each environment names it). ``purpose`` is a phrase for a reviewer.
    """

    name: str
    source: Literal["database", "generated", "shared", "given"]
    purpose: str
    at: Location | None = None


class Process(msgspec.Struct, frozen=True):
    """A long-running container of the service: CPU in ECS units, memory in MiB, times in seconds.

    ``drain`` is how long the process itself finishes work after SIGTERM, ``stop_timeout`` when it is killed.
    ``health`` is the command that judges it from inside, ``port`` is 0 for a process that listens to nothing.
    """

    name: str
    command: tuple[str, ...]
    health: tuple[str, ...]
    cpu: int
    memory: int
    minimum: int
    maximum: int
    port: int = 0
    drain: int = 30
    stop_timeout: int = 45


class Rule(msgspec.Struct, frozen=True):
    """A rule of the load balancer's listener: requests that match a path pattern, and a method where ``methods`` is not empty.

    ``forward``: ``testers`` (with the testers' header, all to the service), ``weighted`` (split between monolith and
    service), ``monolith`` (kept, because a wider pattern of a later rule would catch them). ``routes`` are the paths as
    the framework writes them.
    """

    priority: int
    forward: Literal["testers", "weighted", "monolith"]
    paths: tuple[str, ...]
    routes: tuple[str, ...]
    methods: tuple[str, ...] = ()


class Gap(msgspec.Struct, frozen=True):
    """Something the generated files leave to a person, with the reason and the place it comes from."""

    subject: str
    reason: str
    at: Location | None = None


class Grant(msgspec.Struct, frozen=True):
    """Actions on one AWS service that the moved code calls (``s3``: ``s3:GetObject``)."""

    service: str
    actions: tuple[str, ...]
    at: Location


class ScheduledJob(msgspec.Struct, frozen=True):
    """A periodic task: ``expression`` as EventBridge Scheduler writes it, ``command`` what the one-off task runs."""

    name: str
    expression: str
    command: tuple[str, ...]
    at: Location


class Deployment(msgspec.Struct, frozen=True):
    """A service as it runs, independent of the tool that creates it.

    ``context`` is the context's name, ``name`` the service's DNS label, ``database`` the name of its database and of its
    role in it. ``migrate`` and ``copy`` are the commands of the one-off tasks (``migrate`` is empty when the service has
    no tables). ``entry`` is the application object as ``module:name``. ``build_packages`` and ``run_packages`` are
    Debian packages that requirements without a self-contained wheel need. ``scratch`` is the only writable folder, ``priority`` the first
    of the service's listener rules. ``tables`` are those that the copy job fills: the service's own and its replicas. ``broker`` is the
    protocol that the installed Celery speaks to its broker, ``""`` without tasks.
    """

    context: str
    name: str
    package: str
    root: str
    project: str
    framework: Literal["django", "flask", "fastapi", "plain"]
    python: str
    entry: str
    region: str
    cluster: str
    architecture: Literal["X86_64", "ARM64"]
    web: Process
    worker: Process | None
    database: str
    migrate: tuple[str, ...]
    copy: tuple[str, ...]
    variables: tuple[Variable, ...]
    secrets: tuple[Secret, ...]
    rules: tuple[Rule, ...]
    grants: tuple[Grant, ...] = ()
    schedules: tuple[ScheduledJob, ...] = ()
    gaps: tuple[Gap, ...] = ()
    build_packages: tuple[str, ...] = ()
    run_packages: tuple[str, ...] = ()
    description: str = ""
    user: int = 10001
    scratch: str = "/tmp"
    live: str = "/healthz"
    ready: str = "/readyz"
    deregistration_delay: int = 30
    priority: int = 100
    tables: tuple[str, ...] = ()
    broker: Literal["", "amqp", "redis"] = ""

    def reads(self, name: str) -> bool:
        """Whether the service is given an environment variable, in the open or as a secret."""
        return name in {*(variable.name for variable in self.variables), *(secret.name for secret in self.secrets)}

    @property
    def processes(self) -> tuple[Process, ...]:
        """The long-running processes, the web process first."""
        return (self.web,) if self.worker is None else (self.web, self.worker)
