"""From the saved plan to what the generators of one service need."""

from __future__ import annotations

from collections.abc import Mapping

from decompose.model.migration import ContextPlan, MigrationPlan
from decompose.model.priorities import NONE, Priorities
from decompose.model.service import ServicePlan
from decompose.model.settings import Config

PORT = 8000
"""Where a service listens inside its container; outside, the load balancer and Service Connect give it an address."""


def service_plan(
    migration: MigrationPlan, context: ContextPlan, config: Config, sources: Mapping[str, bytes], priorities: Priorities = NONE
) -> ServicePlan:
    """The plan of one service. ``sources`` are the texts that go to it by path, split where a module is split; ``priorities`` what services got before."""
    identifier = context.name.replace("-", "_")
    going = set(context.routes)
    return ServicePlan(
        name=context.name,
        package=f"{identifier}_service",
        root=f"{config.services_folder}/{context.name}",
        boundary=f"{migration.project.package}.{identifier}",
        port=PORT,
        project=migration.project,
        context=context,
        target=config.target.of(context.name),
        sources=dict(sources),
        other_routes=tuple(route for route in migration.routes if route not in going),
        priorities=priorities,
    )
