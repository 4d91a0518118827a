"""What `verify` found: one outcome per gate, in the order of the ladder."""

from __future__ import annotations

from typing import Literal

import msgspec

Outcome = Literal["passed", "failed", "skipped"]


class Gate(msgspec.Struct, frozen=True):
    """One rung of the ladder.

    ``name`` is stable (``boot``, ``contract-remote``), ``summary`` says in one line what was seen, ``details`` are lines of evidence
    (the end of a log, differing tests, the boundary edge behind a regression). A skipped gate says why and never counts as passed.
    ``seconds`` is wall time.
    """

    name: str
    outcome: Outcome
    summary: str
    details: tuple[str, ...] = ()
    seconds: float = 0.0


class Verification(msgspec.Struct, frozen=True):
    """All gates of one context."""

    context: str
    gates: tuple[Gate, ...]
    schema: str = "decompose/verification/1"

    @property
    def failed(self) -> tuple[Gate, ...]:
        return tuple(gate for gate in self.gates if gate.outcome == "failed")

    def count(self, outcome: Outcome) -> int:
        return sum(gate.outcome == outcome for gate in self.gates)
