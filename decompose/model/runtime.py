"""What was seen while the program ran: coverage, the database's own statistics, spans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from decompose.model.location import Location

RuntimeKind = Literal["coverage", "statement", "span", "trace"]


class Tie(msgspec.Struct, frozen=True):
    """Two things that were seen together at run time: ids of modules, or ``table:<id>``.

    ``strength`` is damped and says how strongly they pull before the kind's weight. ``count`` is how often it was seen (of ``coverage``:
    places that ran), ``figures`` are the numbers behind it as a person reads them (``12,345 times``), ``at`` the places that show it: lines
    of the program, else of the evidence's file. Of ``coverage`` the first depends on the second; others have no direction.
    ``shares`` are the definitions between which it was seen, as ``(of the first, of the second, share)``: together 1, or none where only the
    two are known. A cut that takes a module apart gives each definition its share.
    """

    kind: RuntimeKind
    first: str
    second: str
    strength: float
    count: int
    figures: str
    at: tuple[Location, ...] = ()
    shares: tuple[tuple[str, str, float], ...] = ()


class Runtime(msgspec.Struct, frozen=True):
    """All evidence from run time, sorted. ``files`` are those it was read from, relative to the project.

    ``measured`` are the modules that coverage speaks of, ``never_run`` those of them in which no function ran.
    """

    files: tuple[str, ...] = ()
    ties: tuple[Tie, ...] = ()
    measured: tuple[str, ...] = ()
    never_run: tuple[str, ...] = ()

    @property
    def strengths(self) -> Mapping[str, Mapping[tuple[str, str], float]]:
        """The ties as the cut takes them: by kind, the strength between two ids, of definitions where these are known."""
        found: dict[str, dict[tuple[str, str], float]] = {}
        for tie in self.ties:
            links = found.setdefault(tie.kind, {})
            for first, second, share in tie.shares or ((tie.first, tie.second, 1.0),):
                links[first, second] = links.get((first, second), 0.0) + tie.strength * share
        return found
