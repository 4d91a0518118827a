"""SQLAlchemy: tables and keys of declarative, Core and imperative mappings; data access through sessions, queries and statements.

Covers 1.4 and 2.0 styles, Flask-SQLAlchemy, SQLModel and Advanced Alchemy. ``names`` recognises, ``types`` translates column types,
``models`` finds what is mapped, ``queries`` follows chains to the tables they touch.
"""

from __future__ import annotations

from collections.abc import Iterator

from decompose.detect.sqlalchemy.models import Models
from decompose.detect.sqlalchemy.names import Names
from decompose.detect.sqlalchemy.queries import Queries
from decompose.link.program import Program
from decompose.model.facts import Fact


def detect(program: Program) -> Iterator[Fact]:
    """Tables, foreign keys, accesses, model uses and transactions; nothing when the target does not use SQLAlchemy."""
    names = Names(program)
    if not names.present:
        return
    models = Models(program, names)
    yield from models.facts()
    yield from Queries(program, names, models).facts()
