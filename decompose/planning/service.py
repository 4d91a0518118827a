"""From the saved plan to what the generators of one service need."""

from __future__ import annotations

from collections.abc import Mapping

from decompose.model.migration import ContextPlan, MigrationPlan
from decompose.model.service import ServicePlan
from decompose.model.settings import Config

PORT = 8000
"""Where a service listens inside its container; outside, the load balancer and Service Connect give it an address."""

PRIORITIES = 50
"""Listener rule priorities kept free for each context: a context with many routes needs several rules."""


def service_plan(migration: MigrationPlan, context: ContextPlan, config: Config, sources: Mapping[str, bytes]) -> ServicePlan:
    """The plan of one service. ``sources`` are the texts that go to it by path, split where a module is split."""
    identifier = context.name.replace("-", "_")
    target = config.target
    names = sorted(each.name for each in migration.contexts)
    priority = target.listener_priority + names.index(context.name) * PRIORITIES
    going = set(context.routes)
    return ServicePlan(
        name=context.name,
        package=f"{identifier}_service",
        root=f"{config.services_folder}/{context.name}",
        boundary=f"{migration.project.package}.{identifier}",
        port=PORT,
        project=migration.project,
        context=context,
        target=type(target)(
            region=target.region,
            cluster=target.cluster,
            architecture=target.architecture,
            listener_priority=priority,
            sizes=target.sizes,
        ),
        sources=dict(sources),
        other_routes=tuple(route for route in migration.routes if route not in going),
    )
