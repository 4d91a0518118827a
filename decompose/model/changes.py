"""What differs between two plans."""

from __future__ import annotations

from typing import Literal

import msgspec

from decompose.model.location import Location

ChangeKind = Literal[
    "context", "module", "definition", "table", "foreign-key", "transaction", "import", "write", "read", "call", "unassigned", "decision", "edge", "boundary",
]


class PlanChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One difference: ``before`` is ``""`` for what is new, ``after`` for what is gone; between them they say whose it is, or how it is treated."""

    kind: ChangeKind
    subject: str
    before: str
    after: str
    at: Location | None = None


class PlanDiff(msgspec.Struct, frozen=True):
    """All differences of the plan now from an earlier one, which ``before`` names, with how many there were and are of each kind."""

    before: str
    counts: tuple[tuple[str, int, int], ...]
    changes: tuple[PlanChange, ...]
    schema: str = "decompose/diff/1"
