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
    ``own_data`` and ``exclusivity`` in 0..1 are about its tables, see :mod:`decompose.cut.crud`.
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
    own_data: float = 1.0
    exclusivity: float = 1.0


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


class Crud(msgspec.Struct, frozen=True):
    """What the code of one context does with one table: places that create, read, update and delete rows.

    ``write`` counts places that write in a way that the text does not tell. Tests and migrations do not count.
    """

    context: str
    table: str
    create: int = 0
    read: int = 0
    update: int = 0
    delete: int = 0
    write: int = 0

    @property
    def writes(self) -> int:
        return self.create + self.update + self.delete + self.write


class JoinSite(msgspec.Struct, frozen=True, array_like=True):
    """A place that goes through a foreign key: ``how`` is ``lookup`` (``customer__name=``), ``preload`` (``select_related``), ``traversal``
    (``order.customer.name``), ``accessor`` (``customer.order_set``) or ``join`` (both tables in one statement)."""

    how: Literal["lookup", "preload", "traversal", "accessor", "join"]
    at: Location
    context: str


class CutForeignKey(msgspec.Struct, frozen=True):
    """A foreign key or many-to-many relation with its stable id; ``cut`` is true when it crosses contexts.

    ``joins`` are the places that go through a cut key: each has to ask another service, or a copy, afterwards.
    """

    id: str
    src: str
    dst: str
    on_delete: str
    at: Location
    src_context: str
    dst_context: str
    cut: bool
    kind: KeyKind = "foreign-key"
    joins: tuple[JoinSite, ...] = ()


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

    ``kind``: ``context``, ``module``, ``definition``, ``table``, ``foreign-key`` or ``transaction``. ``context`` is where the subject is now,
    ``alternative`` where it would go next, ``cost`` what that move would change, one line each.
    """

    subject: str
    kind: Literal["context", "module", "definition", "table", "foreign-key", "transaction"]
    context: str
    summary: str
    evidence_for: tuple[Evidence, ...] = ()
    evidence_against: tuple[Evidence, ...] = ()
    alternative: str = ""
    cost: tuple[str, ...] = ()


class Placed(msgspec.Struct, frozen=True, array_like=True):
    """Where the evidence put a node of the coupling (a module, ``table:<id>`` or a word) before anybody decided.

    ``rival`` and ``others`` say how firmly, at the time when it came there: the pull of the next best context and of all other
    contexts, relative to that of its own (see :mod:`decompose.cut.kept`).
    """

    node: str
    context: str
    rival: float = 0.0
    others: float = 0.0


class Change(msgspec.Struct, frozen=True):
    """A difference from the accepted map: ``source`` is ``""`` for what is new, ``target`` for what is gone."""

    subject: str
    kind: Literal["context", "module", "definition", "table"]
    source: str
    target: str
    reason: str


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
    """The whole cut, with a coarser and a finer one beside it where there are any (``others``). ``definitions`` maps a top-level definition to its context where it differs from its module's.

    ``kept`` is true when an accepted map was kept, ``changes`` are then all differences from it. ``proposal`` is what the next run keeps.
    """

    contexts: tuple[Context, ...]
    memberships: tuple[Membership, ...]
    ownership: tuple[Ownership, ...]
    foreign_keys: tuple[CutForeignKey, ...]
    transactions: tuple[ContextTransaction, ...]
    scores: Scores
    unassigned: tuple[str, ...] = ()
    definitions: tuple[tuple[str, str], ...] = ()
    advice: str = ""
    crud: tuple[Crud, ...] = ()
    kept: bool = False
    changes: tuple[Change, ...] = ()
    proposal: tuple[Placed, ...] = ()
    others: tuple[OtherCut, ...] = ()
