"""What tables, mapped classes, keys and relationships are while they are put together."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from decompose.model.facts import Column
from decompose.model.location import Location
from decompose.model.syntax import Expression


class Key(msgspec.Struct, frozen=True):
    """A foreign key before its target is looked up: ``table.column`` as text, or a mapped class's or table's column."""

    columns: tuple[str, ...]
    fields: tuple[str, ...]
    target: Expression | str
    at: Location
    on_delete: str = ""
    unique: bool = False
    nullable: bool = False


class Loading(msgspec.Struct, frozen=True):
    """How rows of the other side come and go: ``cascade`` as written, ``passive`` when a deletion leaves them to the database.

    ``eager`` rows are loaded along, ``joined`` ones by the same statement, others by one of their own that is sent when there are rows.
    """

    dynamic: bool = False
    eager: bool = False
    joined: bool = False
    passive: bool = False
    cascade: str = ""

    @property
    def deletes(self) -> bool:
        """Whether the rows of the other side are deleted with their owner."""
        return "delete" in self.cascade or "all" in self.cascade


class Relation(msgspec.Struct, frozen=True):
    """A ``relationship``. ``target`` is a class id once linked; ``many`` says whether the attribute is a collection.

    ``back`` is how the other side's attribute loads when ``backref`` makes it, ``remote`` are the columns of ``remote_side``, ``listed``
    means ``uselist=True``.
    """

    name: str
    target: str
    many: bool
    at: Location
    secondary: str = ""
    backref: str = ""
    back_populates: str = ""
    loading: Loading = Loading()
    back: Loading = Loading()
    foreign_keys: tuple[str, ...] = ()
    remote: tuple[str, ...] = ()
    listed: bool = False
    join: str = ""

    def runs_over(self, key: Key) -> bool:
        """Whether nothing that the relationship says excludes this key."""
        if self.foreign_keys:
            return bool(set(self.foreign_keys) & {*key.columns, *key.fields})
        return not self.join or any(re.search(rf"\b{re.escape(each)}\b", self.join) for each in (*key.columns, *key.fields))


class Mapped:
    """A class that maps a table. ``columns`` and ``relations`` go by attribute and include what it inherits."""

    def __init__(self, id: str, table: str) -> None:
        self.id = id
        self.table = table
        self.columns: dict[str, Column] = {}
        self.relations: dict[str, Relation] = {}
        self.parent = ""


class Drafted:
    """A table while it is put together."""

    def __init__(self, id: str, at: Location, model: str) -> None:
        self.id = id
        self.at = at
        self.model = model
        self.models: list[str] = [model] if model else []
        self.columns: dict[str, Column] = {}
        self.keys: list[Key] = []
        self.schema = ""

    def add(self, columns: Iterable[Column]) -> None:
        for column in columns:
            self.columns.setdefault(column.name, column)


class Body(msgspec.Struct):
    """What a class body (or the arguments of ``Table``) declares. ``guards``: attributes that are there only if a class attribute says so."""

    columns: dict[str, Column]
    keys: list[Key]
    relations: dict[str, Relation]
    guards: dict[str, str]
