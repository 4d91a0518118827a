"""All that a generator may know of one service."""

from __future__ import annotations

import msgspec

from decompose.model.facts import Route
from decompose.model.migration import ContextPlan, Project
from decompose.model.priorities import Priorities
from decompose.model.target import Target


def boundary_of(context: str) -> str:
    """How the package of a context's boundary begins: who has nothing else to go by recognises it by that."""
    return f"The boundary of the context {context}:"


class ServicePlan(msgspec.Struct, frozen=True):
    """A context on its way to a service.

    ``name`` is the context's name as a DNS label (``customer-care``), ``package`` the service's own Python package
    (``customer_care_service``), ``root`` its folder relative to the project (``services/customer-care``), ``boundary`` the
    dotted name of its boundary package (``shop.boundaries.customer_care``). ``sources`` maps paths of moved and shared
    files to their text. ``other_routes`` are the routes of the rest of the monolith: a load balancer's pattern must not
    catch them; empty when they are not known. ``priorities`` are those that services got before.
    """

    name: str
    package: str
    root: str
    boundary: str
    port: int
    project: Project
    context: ContextPlan
    target: Target
    sources: dict[str, bytes]
    other_routes: tuple[Route, ...] = ()
    priorities: Priorities = Priorities()
