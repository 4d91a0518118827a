"""The proposed or accepted cut: bounded contexts and who owns which data."""

from __future__ import annotations

from typing import Literal

import msgspec

from decompose.model.location import Location


class Membership(msgspec.Struct, frozen=True):
    """A module's place in the cut. ``confidence`` in 0..1: share of its coupling that stays inside.

    ``stability`` in 0..1 is the share of cuts of perturbed evidence in which it is with most of its context. ``alternative`` is the context it is drawn to next, ``""`` when none. ``pinned`` is true when a person said so.
    """

    module: str
    context: str
    confidence: float
    alternative: str = ""
    pinned: bool = False
    stability: float = 1.0


class Context(msgspec.Struct, frozen=True):
    """A bounded context. ``role``: ``domain``, ``shared`` (shared kernel: stays a library) or ``hub``.

    ``cohesion`` in 0..1 is the share of its members' coupling weight that stays inside. ``stability`` in 0..1 is the
    mean of its members'. ``readiness``: ``ready``, ``decisions``, ``inseparable``.
    """

    name: str
    modules: tuple[str, ...]
    tables: tuple[str, ...]
    role: Literal["domain", "shared", "hub"] = "domain"
    cohesion: float = 0.0
    stability: float = 0.0
    readiness: Literal["ready", "decisions", "inseparable"] = "decisions"
    description: str = ""
    team: str = ""


class Ownership(msgspec.Struct, frozen=True):
    """Who owns a table: one writing context. ``writers`` and ``readers`` are contexts with the places they do so."""

    table: str
    owner: str
    contested: bool
    writers: tuple[tuple[str, tuple[Location, ...]], ...] = ()
    readers: tuple[tuple[str, tuple[Location, ...]], ...] = ()
    reason: str = ""


KeyKind = Literal["foreign-key", "one-to-one", "many-to-many", "inheritance"]
"""``many-to-many`` is a relation with a table in between, ``inheritance`` the key by which a row continues one of a parent class."""


class CutForeignKey(msgspec.Struct, frozen=True):
    """A foreign key or many-to-many relation with its stable id; ``cut`` is true when it crosses contexts."""

    id: str
    src: str
    dst: str
    on_delete: str
    at: Location
    src_context: str
    dst_context: str
    cut: bool
    kind: KeyKind = "foreign-key"


class ContextTransaction(msgspec.Struct, frozen=True):
    """A transaction with the tables written or read in it through certain calls.

    ``contexts`` own the tables it touches, ``writing`` those it writes: with two or more of them the commit is cut, and only
    such transactions count in :class:`Scores`. ``places`` are the accesses as ``(table, mode, location)``: the
    transaction's own lines first, then those of what it calls, by distance.
    """

    id: str
    definition: str
    tables: tuple[str, ...]
    written: tuple[str, ...]
    contexts: tuple[str, ...]
    at: Location
    writing: tuple[str, ...] = ()
    places: tuple[tuple[str, str, Location], ...] = ()

    @property
    def cut(self) -> bool:
        """Whether tables of two or more contexts are written in one commit."""
        return len(self.writing) > 1


class Scores(msgspec.Struct, frozen=True):
    """Figures that are always shown together: one of them alone can be gamed.

    ``cut_foreign_keys`` are those of every kind, ``cut_many_to_many`` the relations among them.
    """

    contexts: int
    largest_share: float
    coverage: float
    inter_context_share: float
    cut_foreign_keys: int
    cut_transactions: int
    contested_tables: int
    modularity: float = 0.0
    stability: float = 0.0
    cut_many_to_many: int = 0


class Evidence(msgspec.Struct, frozen=True):
    """One piece of evidence about a membership: what was seen, how strongly it pulls, and the places that show it.

    ``weight`` is in units of coupling (see :mod:`decompose.cut.coupling`), 0 for a fact without pull.
    """

    text: str
    weight: float
    at: tuple[Location, ...] = ()


class Explanation(msgspec.Struct, frozen=True):
    """Why something in the cut is as it is: strongest evidence first, for and against.

    ``kind``: ``context``, ``module``, ``table``, ``foreign-key`` or ``transaction``. ``context`` is where the subject is now,
    ``alternative`` where it would go next, ``cost`` what that move would change, one line each.
    """

    subject: str
    kind: Literal["context", "module", "table", "foreign-key", "transaction"]
    context: str
    summary: str
    evidence_for: tuple[Evidence, ...] = ()
    evidence_against: tuple[Evidence, ...] = ()
    alternative: str = ""
    cost: tuple[str, ...] = ()


class OtherCut(msgspec.Struct, frozen=True):
    """A cut that was not chosen: ``contexts`` by name with their modules, ``definitions`` that leave their module, and the same figures.

    ``kind`` is ``coarser`` or ``finer``; ``resolution`` is what it was found at.
    """

    kind: Literal["coarser", "finer"]
    resolution: float
    contexts: tuple[tuple[str, tuple[str, ...]], ...]
    scores: Scores
    definitions: tuple[tuple[str, str], ...] = ()


class ContextMap(msgspec.Struct, frozen=True):
    """The whole cut, with a coarser and a finer one beside it where there are any. ``definitions`` maps a top-level definition to its context where it differs from its module's."""

    contexts: tuple[Context, ...]
    memberships: tuple[Membership, ...]
    ownership: tuple[Ownership, ...]
    foreign_keys: tuple[CutForeignKey, ...]
    transactions: tuple[ContextTransaction, ...]
    scores: Scores
    unassigned: tuple[str, ...] = ()
    definitions: tuple[tuple[str, str], ...] = ()
    advice: str = ""
    others: tuple[OtherCut, ...] = ()
