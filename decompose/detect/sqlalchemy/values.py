"""The small algebra that chains are followed in: values, what happens on the way, and the names that make sessions and engines."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from decompose.link.program import State
from decompose.model.facts import Mode
from decompose.model.location import Span
from decompose.model.syntax import Chain, Expression, Use

DEPTH = 24
"""Calls and names followed from one chain: far above what real code needs, it bounds hostile input."""

SESSIONS = frozenset({"Session", "AsyncSession", "scoped_session", "async_scoped_session", "SQLAlchemySession", "create_session", "object_session", "async_object_session", "SignallingSession"})  # fmt: skip
MAKERS = frozenset({"sessionmaker", "async_sessionmaker"})
ENGINES = frozenset({"create_engine", "create_async_engine", "Engine", "AsyncEngine", "Connection", "AsyncConnection", "engine_from_config"})
SESSION_NAMES = frozenset({"session", "db", "db_session", "dbsession", "sess", "async_session", "async_db", "database_session", "sql_session"})

READING = frozenset({"get", "get_one", "query", "execute", "scalars", "scalar", "exec", "stream", "stream_scalars", "refresh"})
WRITING = frozenset({"add", "add_all", "delete", "merge", "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings", "delete_all"})
CONTROL = frozenset({"commit", "flush", "rollback", "begin", "begin_nested", "close", "expire", "expunge"})
SESSION_METHODS = READING | WRITING | CONTROL

ONE = frozenset({"first", "one", "one_or_none", "get", "get_or_404", "first_or_404", "one_or_404", "scalar_one", "scalar_one_or_none", "get_or_create"})  # fmt: skip
ALL = frozenset({"all", "fetchall", "fetchmany", "partitions", "unique", "yield_per"})
NUMBERS = frozenset({"count", "exists", "sum"})
JOINS = frozenset({"join", "outerjoin", "select_from", "with_entities", "add_entity", "add_columns", "join_from", "outerjoin_from", "select_entity_from"})  # fmt: skip
COMBINE = frozenset({"union", "union_all", "intersect", "except_", "intersect_all", "except_all", "exists", "lateral"})
COLLECTION_WRITES = frozenset({"append", "remove", "extend", "add", "discard", "clear", "insert", "pop", "set", "update"})
SAME_CLASS = frozenset({"aliased", "with_polymorphic", "of_type", "alias", "with_loader_criteria"})
ACTING = SESSIONS | MAKERS | ENGINES | COMBINE | SAME_CLASS | {"select", "Query", "insert", "update", "delete", "join", "outerjoin", "text", "SQLAlchemy", "subqueryload_all", "table", "Table", "get_bind"}  # fmt: skip
"""SQLAlchemy's names that give something to follow; of columns, types and options nothing follows."""


Along = Literal["", "maybe", "all", "filled", "called"]


class Value(msgspec.Struct, frozen=True):
    """What a prefix of a chain stands for.

    ``kind``: ``class instance collection related query dml result rows row attribute pagination`` of a ``model`` (a mapped class,
    or symbolic: ``@class:attribute`` inside a class that others inherit, ``@function:parameter`` inside one that is given it; each of several
    in turn: ``&one&other``); ``session maker engine transaction extension`` of the
    session world; ``loader`` a Marshmallow schema of the model; ``classes`` several in a display; ``table`` and ``columns`` of the table ``model``, ``tables`` all of a ``MetaData``; ``construct`` is a name of SQLAlchemy in ``name``; ``method`` a
    method ``name`` of the model; ``text`` SQL in a string; ``state`` anything else that the program knows; ``unknown``.

    ``made`` is the mapped class that the instance of a project class was made for (``Repository(session, Order, OrderOut)``), ``schema`` the
    Pydantic model, ``join`` the table behind a many-to-many collection.
    """

    kind: str
    model: str = ""
    name: str = ""
    certain: bool = True
    entities: tuple[str, ...] = ()
    state: State | None = None
    made: str = ""
    schema: str = ""
    join: str = ""


UNKNOWN = Value("unknown")


class Event(msgspec.Struct, frozen=True):
    """A table (or symbolic model) touched at a step of a chain.

    ``mention`` marks a read that only names a column, and a write that makes the reads of its own statement part of it. ``along``: whether
    relationships that load along do so here (``maybe``: unless the row is in the session already; ``filled``: those alone that a schema has
    fields for, which only who calls the method knows; ``called``: what happens is up to a method of the model, which stands in the target:
    ``@class:attribute.method()``). ``deletes``: rows that hang on this one go, or are changed, with it.
    """

    target: str
    mode: Mode
    index: int
    via: str = "orm"
    certain: bool = True
    mention: bool = False
    along: Along = ""
    deletes: bool = False


class Seen(msgspec.Struct, frozen=True):
    """One use with what it does: ``value`` is what it yields, ``model`` the first model it goes through; ``states``: it makes a statement."""

    use: Use
    value: Value
    events: tuple[Event, ...]
    model: str
    commits: bool
    missing: str
    states: bool


class Trace:
    """What happens while one chain is followed."""

    __slots__ = ("commits", "events", "index", "missed", "missing", "model", "states")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.model = ""
        self.commits = False
        self.states = False
        self.missing = ""
        self.missed = 0
        self.index = 0

    def touch(
        self, target: str, mode: Mode, certain: bool = True, via: str = "orm", mention: bool = False, along: Along = "", deletes: bool = False
    ) -> None:
        if target:
            self.events.append(Event(target, mode, self.index, via, certain, mention, along, deletes))

    def narrowed(self) -> None:
        """Nothing is loaded along: the rows are counted, deleted or reduced to columns."""
        self.events = [msgspec.structs.replace(each, along="") if each.along else each for each in self.events]


class Evaluator(Protocol):
    """What rooms that know one kind of value ask of the one that follows chains."""

    def value(self, expression: Expression | None, scope: str) -> Value:
        """What an expression stands for."""
        ...

    def follow(self, chain: Chain, scope: str, trace: Trace) -> Value:
        """What a chain stands for; what it touches is noted in the trace."""
        ...

    def prefixes(self, chain: Chain, scope: str) -> list[Value]:
        """What a chain stands for after each number of steps."""
        ...

    def of_class(self, id: str, kind: str, origin: str = "") -> Value:
        """The class itself or an instance of it."""
        ...

    def uses(self, scope: str) -> list[Use]:
        """The uses in a definition or module, in source order."""
        ...


def within(inner: Span, outer: Span) -> bool:
    """Whether a span lies inside another."""
    return (outer.line, outer.column) <= (inner.line, inner.column) and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)
