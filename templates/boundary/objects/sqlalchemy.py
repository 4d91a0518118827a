"""Objects of this process: what the serialised form has to know of SQLAlchemy's models, and requests that stay here.

``wire`` turns values into the contract's terms and back; here stands what differs from one framework to the next.
"""

from __future__ import annotations

import contextvars
import io
from collections import namedtuple
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Result, Row, RowMapping, ScalarResult, event, inspect
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import (
    InstanceState,
    Mapper,
    Query,
    Session,
    make_transient_to_detached,
    scoped_session,
)
from sqlalchemy.orm.attributes import set_committed_value

from .runtime import BoundaryError, BoundaryTypeError, OperationContract, resolve

if TYPE_CHECKING:
    from .wire import ModelContract, Record, Source

current_session: contextvars.ContextVar[Any] = contextvars.ContextVar("boundary_session")
"""The session that serves the present request; Flask-SQLAlchemy's own is found without it."""


def session() -> Session:
    """The session in which moved code works. Raises :class:`BoundaryError` when nobody opened one."""
    held = current_session.get(None)
    if held is not None:
        return held() if isinstance(held, scoped_session) else held  # type: ignore[no-any-return]
    extension = _flask_extension()
    if extension is None:
        raise BoundaryError(
            "session", "no session is open: set current_session, or run in an app context"
        )
    return extension.session()  # type: ignore[no-any-return]


@contextmanager
def lending(sessions: list[Any]) -> Iterator[None]:
    """A caller's session: an operation that runs in this process works in it."""
    held = current_session.set(sessions[0]) if sessions else None
    try:
        yield
    finally:
        if held is not None:
            current_session.reset(held)


def _flask_extension() -> Any:
    try:
        from flask import current_app
    except ImportError:
        return None
    return current_app.extensions.get("sqlalchemy") if current_app else None


# Values -------------------------------------------------------------------------------------------------


def key_of(value: Any) -> Any:
    """The primary key of a row, ``None`` when it is not stored; any other value is a key itself."""
    state = _state(value)
    if state is None:
        return getattr(value, "pk", value)
    # What was added is a row with a key once it was sent: the monolith's code may rely on that.
    if state.key is None and state.session is not None:
        state.session.flush()
    found = state.identity or tuple(state.mapper.primary_key_from_instance(state.obj()))
    return found[0] if len(found) == 1 else None if None in found else tuple(found)


def row_of(label: str, key: Any) -> Any:
    """The row of this process's own model with a key. Raises ``NoResultFound``."""
    row = session().get(resolve(label), key)
    if row is None:
        raise NoResultFound(f"no {label} {key!r}")
    return row


def is_saved(value: Any) -> bool:
    """Whether a value is a row with a key. A proxy such as ``current_user`` speaks for what is behind it."""
    if _state(value) is None:
        return getattr(value, "pk", None) is not None
    return key_of(value) is not None


def label_of(value: Any) -> str:
    """The name of a row's model as contracts write it, ``""`` for what is no row."""
    state = _state(value)
    return "" if state is None else label_of_class(state.mapper.class_)


def label_of_class(kind: type) -> str:
    """The name of a model as contracts write it: the dotted path of its class."""
    return f"{kind.__module__}.{kind.__qualname__}"


def beside_columns(value: Any) -> dict[str, Any]:
    """What a row has beside its columns because somebody set it."""
    state = _state(value)
    if state is None:
        return {}
    return {
        name: each
        for name, each in vars(state.obj()).items()
        if not name.startswith("_") and not hasattr(state.mapper.class_, name)
    }


def is_query(value: Any) -> bool:
    """Whether a value gives its rows only when they are asked for."""
    return isinstance(value, Query | Result | ScalarResult)


def upload(name: str, kind: str | None, content: bytes) -> Any:
    """A file as somebody uploaded it: what Werkzeug gives to views, elsewhere a file in memory with its name."""
    import importlib.util

    if importlib.util.find_spec("werkzeug") is not None:
        from werkzeug.datastructures import FileStorage

        return FileStorage(io.BytesIO(content), filename=name, content_type=kind)
    file = io.BytesIO(content)
    file.name = name
    return file


def file_of(label: str, column: str, name: str) -> Any:
    """A column that holds a file's name holds a text here, and nothing more."""
    raise AttributeError(f"{label}.{column} is a text")


def in_order(result: Any) -> Any:
    """Rows in an order that stays: pages of an unordered query would overlap."""
    if not isinstance(result, Query) or result._order_by_clauses:
        return result if isinstance(result, Query | list) else list(result)
    entity = result.column_descriptions[0]["entity"]
    return result if entity is None else result.order_by(*inspect(entity).primary_key)


def plain(value: Any) -> Any:
    """A value without the classes of the library: rows of columns become named tuples and dictionaries."""
    if isinstance(value, Row):
        return namedtuple("Row", value._fields)(*value)
    return dict(value) if isinstance(value, RowMapping) else value


def _state(value: Any) -> InstanceState[Any] | None:
    behind = getattr(value, "_get_current_object", None)
    found = inspect(value if behind is None else behind(), raiseerr=False)
    return found if isinstance(found, InstanceState) else None


# Reading beside a caller ----------------------------------------------------------------------------------


def is_ordered(result: Any) -> bool:
    """Whether the order of a result's items means something: of a query, whether it asks for one."""
    return not isinstance(result, Query) or bool(result._order_by_clauses)


def reread(result: Any) -> Any:
    """The result as it can be read without reading it for its caller: a query is asked again."""
    if isinstance(result, Result | ScalarResult | Iterator):
        raise TypeError(f"a {type(result).__name__} can be read only once, and the caller reads it")
    return result


@contextmanager
def apart() -> Iterator[None]:
    """Database work whose failure leaves the caller's transaction as it is."""
    opened = session()
    with opened.begin_nested() if opened.in_transaction() else nullcontext():
        yield


# Objects for moved code -----------------------------------------------------------------------------------


class Detached:
    """Snapshots and keys as objects of this process's own models that belong to no session.

    A column that did not travel cannot be read, though the row may be right here: a service would not have it either.
    """

    def __init__(self, operation: str) -> None:
        self.operation = operation

    def session(self) -> Any:
        """The session for an operation that is given one."""
        return session()

    def replica(
        self, source: Source, columns: Mapping[str, Any], parents: Mapping[str, Any]
    ) -> Any:
        return self._instance(source.label, {**columns, **parents})

    def key(self, model: ModelContract, key: Any, operation: OperationContract) -> Any:
        try:
            kind = resolve(model.label)
        except ImportError:
            return key
        if model.owned and operation.shape in ("function", "method"):
            return row_of(model.label, key)
        return self._instance(model.label, {_key_name(kind): key})

    def row(self, model: ModelContract, key: Any) -> Any:
        """A row of the context itself, which is in this process. Raises ``NoResultFound``."""
        return row_of(model.label, key)

    def entity(self, source: Source, value: Record) -> Any:
        """The row that a caller holds, with the values that it has there."""
        kind = resolve(source.label)
        # What the model computes it computes again.
        names = [name for name in type(value).model_fields if name not in source.paths]
        columns = {name: getattr(value, name) for name in names}
        known = {name: each for name, each in columns.items() if name in inspect(kind).attrs}
        row = None if value.pk is None else session().get(kind, value.pk)
        if row is None:
            return kind(**known)
        for name, each in known.items():
            if getattr(row, name) != each:
                setattr(row, name, each)
        return row

    def unsaved(self, source: Source, columns: Mapping[str, Any]) -> Any:
        """A row that the caller made and did not save."""
        kind = resolve(source.label)
        return kind(**{name: each for name, each in columns.items() if name in inspect(kind).attrs})

    def anonymous(self) -> Any:
        try:
            from flask_login import AnonymousUserMixin
        except ImportError:
            return None
        return AnonymousUserMixin()

    def save(self, instance: Any) -> Any:
        """Stores a draft and reads it back, so that the reply shows what the database holds."""
        opened = session()
        stored = opened.merge(instance)
        opened.flush()
        opened.refresh(stored)
        return stored

    def _instance(self, label: str, values: Mapping[str, Any]) -> Any:
        kind = resolve(label)
        mapper = inspect(kind)
        computed = {name: value for name, value in values.items() if name not in mapper.attrs}
        unknown = [name for name in computed if not hasattr(kind, name)]
        if unknown:
            raise BoundaryTypeError(self.operation, f"{label} has no {', '.join(unknown)}")
        _keep_own_rows(mapper.registry)
        instance = mapper.class_manager.new_instance()
        for name, value in values.items():
            if name not in computed:
                set_committed_value(instance, name, value)
        if computed:
            instance.__class__ = _with_values(kind, tuple(sorted(computed)))
            vars(instance).update(computed)
        make_transient_to_detached(instance)
        inspect(instance).info["boundary"] = True
        return instance


World = Detached
"""Where a request runs; a service has its own with shadow rows."""


def _key_name(kind: type) -> str:
    mapper: Mapper[Any] = inspect(kind)
    return str(mapper.get_property_by_column(mapper.primary_key[0]).key)


@cache
def _with_values(kind: Any, names: tuple[str, ...]) -> Any:
    """``kind`` with plain attributes where it computes properties: their values travelled.

    Abstract, so that it is no model of its own; instances stay rows of ``kind``.
    """
    shown = dict.fromkeys(names)
    return type(kind)(
        kind.__name__, (kind,), {"__module__": kind.__module__, "__abstract__": True, **shown}
    )


@cache
def _keep_own_rows(registry: Any) -> None:
    """A row of the context that is given a snapshot for a relationship gets this process's own row instead.

    The session may hold that row already; it could not take in a second object for it.
    """

    def own(target: Any, value: Any, *_: Any) -> Any:
        state = _state(value)
        if state is None or "boundary" not in state.info:
            return value
        return session().get(type(value), state.identity) or value

    for mapper in registry.mappers:
        for relationship in mapper.relationships:
            attribute = getattr(mapper.class_, relationship.key)
            event.listen(attribute, "set", own, retval=True)
            event.listen(attribute, "append", own, retval=True)
