"""Where and how services run: what ``[target.ecs]`` says, with its defaults."""

from __future__ import annotations

from typing import Literal

import msgspec

from decompose.model.priorities import Block

Strategy = Literal["ROLLING", "BLUE_GREEN", "CANARY", "LINEAR"]
FARGATE = ("FARGATE", "FARGATE_SPOT")
"""Capacity providers that need no machines of one's own; another name is a provider with EC2 instances behind it."""
FORMATS = ("cloudformation", "terraform")
ENVIRONMENTS = ("staging", "production")


class Sizes(msgspec.Struct, frozen=True, rename="kebab"):
    """CPU in ECS units (1024 = one vCPU), memory in MiB, both 0 for what the code seems to need; task counts."""

    cpu: int = 0
    memory: int = 0
    desired: int = 2
    minimum: int = 2
    maximum: int = 6


class Capacity(msgspec.Struct, frozen=True, rename="kebab"):
    """A share of the tasks: ``base`` of them first, then by ``weight``."""

    provider: str
    base: int = 0
    weight: int = 1


class Scaling(msgspec.Struct, frozen=True, rename="kebab"):
    """What scaling aims at: percent of CPU and memory, requests per minute and task, waiting messages per worker task; cool-downs in seconds."""

    cpu: int = 60
    memory: int = 75
    requests: int = 1000
    backlog: int = 100
    scale_out: int = 60
    scale_in: int = 300


class Database(msgspec.Struct, frozen=True, rename="kebab"):
    """The service's own database. ``rds`` and ``aurora-serverless`` are created, on an ``existing`` server only role and database are.

    ``instance_class`` is empty where it depends on the environment, ``version`` for a PostgreSQL 15; units are those of Aurora Serverless v2.
    """

    kind: Literal["rds", "aurora-serverless", "existing"] = "rds"
    instance_class: str = ""
    version: str = ""
    storage: int = 20
    maximum_storage: int = 100
    minimum_units: float = 0.5
    maximum_units: float = 8.0


class Target(msgspec.Struct, frozen=True, rename="kebab"):
    """All settings of ``[target.ecs]``; for one service those of ``[target.ecs.services.NAME]`` on top.

    ``capacity`` and ``worker_capacity`` are empty for the default. ``routes`` says whom the listener's rules send to: ``split`` while they
    share requests between monolith and service, ``service`` after the cut-over; every other ``strategy`` than ROLLING needs the latter.
    ``log_retention_days`` of 0 leaves it to the environment. ``efs`` is a shared file system at ``/srv/files``: ``auto`` where the moved code
    keeps files. ``join`` has values of the shared stack by environment (``""`` for all) and key, ``services`` the services' own targets.
    """

    region: str = "eu-west-1"
    cluster: str = ""
    architecture: Literal["X86_64", "ARM64"] = "X86_64"
    formats: tuple[str, ...] = FORMATS
    listener_priority: int = 100
    reserved_priorities: tuple[Block, ...] = ()
    capacity: tuple[Capacity, ...] = ()
    worker_capacity: tuple[Capacity, ...] = ()
    strategy: Strategy = "ROLLING"
    routes: Literal["split", "service"] = "split"
    bake_minutes: int = 10
    step_percent: int = 10
    step_minutes: int = 5
    log_retention_days: int = 0
    exec: bool = False
    telemetry: bool = False
    efs: Literal["auto", "on", "off"] = "auto"
    sizes: Sizes = Sizes()
    worker_sizes: Sizes = Sizes(minimum=1, desired=1)
    scaling: Scaling = Scaling()
    database: Database = Database()
    tags: tuple[tuple[str, str], ...] = ()
    join: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    services: tuple[tuple[str, Target], ...] = ()

    def of(self, service: str) -> Target:
        """What holds for one service."""
        return dict(self.services).get(service, self)

    def joined(self, environment: str) -> dict[str, str]:
        """What the shared stack joins in an environment, by key."""
        said = dict(self.join)
        return {**dict(said.get("", ())), **dict(said.get(environment, ()))}
