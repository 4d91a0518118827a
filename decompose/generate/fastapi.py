"""The FastAPI service of a context on SQLAlchemy: its own code under the old names, and an application around it."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.generate.moved import moved
from decompose.generate.render import Render
from decompose.model.artifacts import Artifact
from decompose.model.service import ServicePlan


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """Everything below the service's folder but its boundary package, its data and its delivery."""
    yield from moved(plan)
