"""One neutral model of a deployable service: everything that ECS, compose, CI and runbook say the same about."""

from __future__ import annotations

from typing import Literal

import msgspec

from decompose.model.location import Location
from decompose.model.priorities import SIZE, Priorities
from decompose.model.target import FARGATE, Capacity, Target


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
    ``health`` is the command that judges it from inside, ``port`` is 0 for a process that listens to nothing. ``reason`` says why this size.
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
    desired: int = 1
    capacity: tuple[Capacity, ...] = (Capacity("FARGATE"),)
    reason: str = ""

    @property
    def fargate(self) -> bool:
        """Whether it runs without machines of one's own."""
        return all(each.provider in FARGATE for each in self.capacity)


class Rule(msgspec.Struct, frozen=True):
    """A rule of the load balancer's listener: requests that match a path pattern, and a method where ``methods`` is not empty.

    ``forward``: ``testers`` (with the testers' header, all to the service), ``weighted`` (split between monolith and
    service), ``service`` (all to the service, after the cut-over), ``monolith`` (kept, because a wider pattern of a later rule would catch them). ``routes`` are the paths as
    the framework writes them.
    """

    priority: int
    forward: Literal["testers", "weighted", "monolith", "service"]
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
    of the service's listener rules, ``allocated`` those of all services. ``tables`` are those that the copy job fills: the service's own and its replicas. ``broker`` is the
    protocol that the installed Celery speaks to its broker, ``""`` without tasks.
    ``files`` is where a shared file system is mounted, ``""`` for none.
    ``events`` is the command
    that sends what the monolith has to hear of, empty where it hears of nothing; ``measured`` says that workers tell how many messages wait.
    ``serves`` is false where nobody ever asks it anything: then there are workers alone, and ``web`` is only the size of one-off tasks.
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
    allocated: Priorities = Priorities()
    tables: tuple[str, ...] = ()
    broker: Literal["", "amqp", "redis"] = ""
    files: str = ""
    target: Target = Target()
    serves: bool = True
    events: tuple[str, ...] = ()
    measured: bool = False

    @property
    def balanced(self) -> bool:
        """Whether the load balancer sends it requests."""
        return bool(self.rules)

    @property
    def split(self) -> bool:
        """Whether the load balancer's rules share requests between monolith and service."""
        return any(rule.forward == "weighted" for rule in self.rules)

    @property
    def rolling(self) -> bool:
        """Whether tasks are replaced a few at a time; otherwise ECS moves requests between two target groups by itself."""
        return self.target.strategy == "ROLLING"

    @property
    def production(self) -> Rule | None:
        """The one rule that ECS moves requests with when it is not :attr:`rolling`."""
        return next((rule for rule in self.rules if rule.forward == "service"), None)

    @property
    def local_port(self) -> int:
        """Where the service answers on a laptop: as its priorities, no other service's, and never 8000, where monoliths are."""
        return 8001 + self.priority // SIZE

    def reads(self, name: str) -> bool:
        """Whether the service is given an environment variable, in the open or as a secret."""
        return name in {*(variable.name for variable in self.variables), *(secret.name for secret in self.secrets)}

    @property
    def processes(self) -> tuple[Process, ...]:
        """The long-running processes, the web process first."""
        return (*((self.web,) if self.serves else ()), *((self.worker,) if self.worker is not None else ()))
