"""What `verify` found: one outcome per gate, in the order of the ladder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

Begins = Callable[[str], None]
"""Hears the name of a gate before it is tried."""

Outcome = Literal["passed", "failed", "skipped"]


class Cause(msgspec.Struct, frozen=True):
    """A boundary edge behind a difference: its id, kind and disposition, its ``place`` as ``path:line``, and ``how`` the test leads to it.

    ``function`` is the bare name of what holds the place. ``blocks`` is the step that cannot be taken while the edge stays as it is, ``""`` when none.
    """

    edge: str
    kind: str
    disposition: str
    place: str
    how: str
    function: str = ""
    blocks: str = ""


class Difference(msgspec.Struct, frozen=True):
    """A test that ends in another way than in the untouched monolith.

    ``message`` is the last line of its traceback. ``expected`` says why the plan knows of it, ``""`` when it does not.
    A ``regression`` is worse than before and not expected.
    """

    test: str
    before: str
    after: str
    message: str = ""
    causes: tuple[Cause, ...] = ()
    expected: str = ""
    regression: bool = False


class Gate(msgspec.Struct, frozen=True):
    """One rung of the ladder.

    ``name`` is stable (``boot``, ``contract-remote``), ``summary`` says in one line what was seen, ``details`` are lines of evidence
    (the end of a log, differing tests, the boundary edge behind a regression). A skipped gate says why and never counts as passed.
    ``seconds`` is wall time. ``differences`` are the tests of the monolith's own suite that end in another way, one by one.
    """

    name: str
    outcome: Outcome
    summary: str
    details: tuple[str, ...] = ()
    seconds: float = 0.0
    differences: tuple[Difference, ...] = ()


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
