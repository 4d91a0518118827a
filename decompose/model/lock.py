"""What a team signed: the accepted cut, who accepted which part of the plan, and the uses across the cut that were there then.

``plan.lock`` holds all of it and lies in version control. With it and the source alone ``check`` can tell what is new.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from decompose.model.location import Location

Rule = Literal["D201", "D202", "D203", "D204", "D205", "D206", "D207"]
"""Import, table write, table read, foreign key, transaction, module without context, call."""


class Link(msgspec.Struct, frozen=True, array_like=True):
    """One step on the way across the cut: ``source`` uses ``target`` at a line."""

    source: str
    target: str
    at: Location


class Crossing(msgspec.Struct, frozen=True, omit_defaults=True):
    """A use of one context by the code of another, however often it is made.

    ``source`` and ``target`` are ids of modules, definitions, tables or columns; the target of a transaction is the contexts it commits in,
    that of a module without context is empty. ``places`` are all lines of it, ``chain`` is the shortest way from the source to the target.
    """

    rule: Rule
    source: str
    target: str
    contexts: tuple[str, str]
    at: Location
    places: tuple[Location, ...] = ()
    chain: tuple[Link, ...] = ()

    @property
    def key(self) -> str:
        """What it is, without line numbers: as it stands in ``plan.lock``."""
        return f"{self.rule} {self.source} -> {self.target}" if self.target else f"{self.rule} {self.source}"


class SignedContext(msgspec.Struct, frozen=True):
    """A context of the accepted cut: ``role`` and ``team`` as in the plan."""

    role: Literal["domain", "shared", "hub"]
    modules: tuple[str, ...]
    tables: tuple[str, ...] = ()
    team: str = ""


class SignedMap(msgspec.Struct, frozen=True):
    """The accepted cut. ``definitions`` are the top-level ones that are not with their module."""

    contexts: dict[str, SignedContext] = {}
    definitions: dict[str, str] = {}


class Signature(msgspec.Struct, frozen=True):
    """One part of the plan that somebody accepted.

    ``id`` is ``map`` for the cut, a decision's id, or a context's name for its boundary. ``subject`` and ``choice`` say what was read,
    ``hash`` stands for it: a part that says something else is not accepted. ``on`` is a day in UTC (``2026-11-27``).
    """

    id: str
    subject: str
    choice: str
    hash: str
    by: str
    on: str


class PlanLock(msgspec.Struct, frozen=True):
    """All that was accepted. ``known`` are the keys of the crossings that were there then, ``unread`` the files that could not be read then,
    ``hash`` stands for the whole plan in these words."""

    hash: str
    accepted: tuple[Signature, ...]
    map: SignedMap
    known: tuple[str, ...]
    unread: tuple[str, ...] = ()
    schema: str = "decompose/plan-lock/1"
