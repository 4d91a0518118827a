"""What a person changes of a proposed map, in the order of their doing: the content of ``edits.json``."""

from __future__ import annotations

import msgspec


class Move(msgspec.Struct, frozen=True, tag_field="op", tag="move"):
    """Modules, packages (``shop.orders.**``) and top-level definitions go to context ``to``, which may be a new one."""

    subjects: tuple[str, ...]
    to: str


class Pin(msgspec.Struct, frozen=True, tag_field="op", tag="pin"):
    """Modules, packages and definitions stay in the context where they are, whatever the evidence says later."""

    subjects: tuple[str, ...]


class Split(msgspec.Struct, frozen=True, tag_field="op", tag="split"):
    """Some modules of ``context`` make a context of their own, called ``to``."""

    context: str
    subjects: tuple[str, ...]
    to: str


class Merge(msgspec.Struct, frozen=True, tag_field="op", tag="merge"):
    """``context`` becomes part of ``to``."""

    context: str
    to: str


class Rename(msgspec.Struct, frozen=True, tag_field="op", tag="rename"):
    """``context`` is called ``to`` from now on."""

    context: str
    to: str


class Own(msgspec.Struct, frozen=True, tag_field="op", tag="own"):
    """Context ``to`` owns a table."""

    table: str
    to: str


class Library(msgspec.Struct, frozen=True, tag_field="op", tag="library"):
    """Modules and packages stay a library: they belong to no context."""

    subjects: tuple[str, ...]


class Accept(msgspec.Struct, frozen=True, tag_field="op", tag="accept"):
    """A treatment is chosen for a foreign key, a transaction or a table by the id of its decision."""

    id: str
    choice: str
    reason: str = ""
    by: str = ""


class Waive(msgspec.Struct, frozen=True, tag_field="op", tag="waive"):
    """Something is left as it is, for a reason: to the end of ``until``, a day (``2027-03-01``), or for good."""

    id: str
    reason: str
    by: str = ""
    until: str = ""


Edit = Move | Pin | Split | Merge | Rename | Own | Library | Accept | Waive


class Edits(msgspec.Struct, frozen=True):
    """``edits.json``. ``plan`` is the digest of the source that the edited plan was made from, ``""`` where that is not known."""

    edits: tuple[Edit, ...]
    plan: str = ""
    schema: str = "decompose/edits/1"
