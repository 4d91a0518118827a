"""SQLAlchemy: tables and keys of declarative, Core and imperative mappings; data access through sessions, queries and statements.

Covers 1.4 and 2.0 styles, Flask-SQLAlchemy, SQLModel and Advanced Alchemy. ``names`` recognises, ``types`` translates column types; ``models``
finds what is mapped, with ``tablenames`` and ``bodies``, and ``schema`` makes facts of it. ``chains`` follows chains to the tables they touch, with
``promises`` (annotations, conventions), ``given`` (what a call gives to a function or repository that works for any model) and ``methods``
(sessions, queries, results); ``schemas`` and ``loaders`` know what Pydantic and Marshmallow do with rows. ``values`` is what they all speak of, and
``accesses`` makes facts of it, with the transactions of ``units``. ``migrations`` knows Alembic's operations.
"""

from __future__ import annotations

from collections.abc import Iterator

from decompose.detect.sqlalchemy.accesses import Accesses
from decompose.detect.sqlalchemy.chains import Chains
from decompose.detect.sqlalchemy.migrations import detect_migrations
from decompose.detect.sqlalchemy.models import Models
from decompose.detect.sqlalchemy.names import Names
from decompose.detect.sqlalchemy.schema import Schema
from decompose.link.program import Program
from decompose.model.facts import Fact


def detect(program: Program) -> Iterator[Fact]:
    """Tables, foreign keys, accesses, model uses and transactions; nothing when the target does not use SQLAlchemy."""
    names = Names(program)
    if not names.present:
        return
    models = Models(program, names)
    yield from Schema(models).facts()
    yield from Accesses(program, models, Chains(program, names, models)).facts()
    yield from detect_migrations(program)
