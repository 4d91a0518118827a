"""Detectors: one file per framework, each a function from the linked program to facts.

A detector matches names after they were resolved through imports and inheritance, so that an alias does not hide a model
and a namesake does not fake one. Detectors do not know one another; a new framework is one file and one line here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from decompose.link.program import Program
from decompose.model.facts import Fact

Detector = Callable[[Program], Iterator[Fact]]


def detectors() -> tuple[tuple[str, Detector], ...]:
    """All detectors with their names, in the order they run."""
    from decompose.detect import (
        apscheduler,
        celery,
        django,
        dramatiq,
        environment,
        fastapi,
        flask,
        flask_config,
        graphene,
        huey,
        imports,
        odoo,
        outside,
        peewee,
        pony,
        rq,
        sql,
        sqlalchemy,
        strawberry,
        tortoise,
    )

    return (
        ("django", django.detect),
        ("sqlalchemy", sqlalchemy.detect),
        ("peewee", peewee.detect),
        ("tortoise", tortoise.detect),
        ("pony", pony.detect),
        ("odoo", odoo.detect),
        ("flask", flask.detect),
        ("flask configuration", flask_config.detect),
        ("fastapi", fastapi.detect),
        ("graphene", graphene.detect),
        ("strawberry", strawberry.detect),
        ("celery", celery.detect),
        ("rq", rq.detect),
        ("dramatiq", dramatiq.detect),
        ("apscheduler", apscheduler.detect),
        ("huey", huey.detect),
        ("sql", sql.detect),
        ("environment", environment.detect),
        ("outside", outside.detect),
        ("imports", imports.detect),
    )
