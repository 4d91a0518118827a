"""The side of Flask on SQLAlchemy, as a plugin of pytest. In mode loopback it serves FastAPI too: only remote needs the framework.

Models of the context have two homes while the suite runs: the service's database for tests, fixtures and factories, and the
monolith's own table for monolith code, as in production. A session asks for each model or statement which of the two it is for;
``frames`` tells. Nothing helps monolith code: what still uses a moved model directly finds its table as it would be, and the record of
that use leads to the edge of the plan.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from typing import Any

import pytest

from . import boundary, spec
from .frames import Frames
from .processes import Services
from .records import Records, _as_reported


class Kit:
    """The parts of the kit for one process."""

    def __init__(self, found: spec.Spec) -> None:
        self.spec = found
        self.frames = Frames(found)
        self.records = Records(found.folder)
        self.services = Services(found, _nothing)
        self.tables = frozenset(found.tables)
        self.engines: dict[str, Any] = {}
        self.levels: list[Any] = []

    def for_tests(self) -> bool:
        """Whether what is asked for now is a test's own doing. If not, it is noted."""
        asked = self.frames.asked()
        if asked.side == "test":
            return True
        if asked.path:
            self.records.note("direct", path=asked.path, line=asked.line, function=asked.function)
        return self.spec.helped

    def engine(self) -> Any:
        """The service's database, seen from this process."""
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        path = self.services.running().database
        if path not in self.engines:
            # No connection outlives its use: the file is put back after each test.
            self.engines[path] = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": 30})
        return self.engines[path]

    # The service's database as it was ---------------------------------------------------------------

    def keep(self) -> Any:
        running = self.services.started
        # A service that starts later starts with a database in which nothing has happened.
        return None if running is None else running.snapshots.keep()

    def put_back(self, kept: Any) -> None:
        running = self.services.started
        if running is not None:
            running.snapshots.put_back(running.pristine if kept is None else kept)


def _kit() -> Kit:
    path = os.environ["DECOMPOSE_KIT"]
    if path not in _kits:
        _kits[path] = Kit(spec.read(path))
    return _kits[path]


_kits: dict[str, Kit] = {}


def _nothing() -> None:
    """A migrated database is all that a new service needs."""


# pytest ------------------------------------------------------------------------------------------------


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """All test modules are read by now, and with them the application: nothing has run yet."""
    kit = _kit()
    kit.records.present()
    boundary.arm(kit.spec, kit.records, kit.services, lambda: _feed(kit))
    if kit.spec.mode == "remote":
        _route_sessions(kit)
        _bring_shadows(kit)
        _forward_routes(kit)
        _see_changes(kit)
    if kit.spec.only:
        chosen = [each for each in items if _as_reported(each.nodeid) in kit.spec.only]
        config.hook.pytest_deselected(items=[each for each in items if each not in chosen])
        items[:] = chosen


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: Any) -> Iterator[None]:
    """What a test leaves in the service's database goes with the test."""
    kit = _kit()
    kit.levels.append(kit.keep())
    yield
    kit.put_back(kit.levels.pop())
    kit.records.write()


@pytest.hookimpl(hookwrapper=True)
def pytest_fixture_setup(fixturedef: Any, request: Any) -> Iterator[None]:
    """Rows of a fixture that serves more than one test stay until it ends."""
    kit = _kit()
    if fixturedef.scope == "function" or not kit.levels:
        yield
        return
    before = kit.levels[-1]

    def end() -> None:
        kit.put_back(before)
        if kit.levels:
            kit.levels[-1] = before

    fixturedef.addfinalizer(end)
    yield
    kit.levels[-1] = kit.keep()


# Where models live ------------------------------------------------------------------------------------


def _route_sessions(kit: Kit) -> None:
    from sqlalchemy.orm import Session

    kinds: list[Any] = [Session]
    try:
        from flask_sqlalchemy.session import Session as of_flask
    except ImportError:
        pass
    else:
        kinds.append(of_flask)
    for kind in kinds:
        kind.get_bind = _routed(kit, kind.get_bind)


def _routed(kit: Kit, get_bind: Any) -> Any:
    @functools.wraps(get_bind)
    def routed(self: Any, mapper: Any = None, *, clause: Any = None, bind: Any = None, **named: Any) -> Any:
        if bind is None and _moved(kit, mapper, clause) and kit.for_tests():
            return kit.engine()
        return get_bind(self, mapper, clause=clause, bind=bind, **named)

    return routed


def _moved(kit: Kit, mapper: Any, clause: Any) -> bool:
    """Whether a model or statement is about a table of the context."""
    from sqlalchemy import inspect
    from sqlalchemy.sql import visitors

    if mapper is not None:
        found = inspect(mapper).mapper.local_table
        return _name(found) in kit.tables
    if clause is None:
        return False
    return any(_name(each) in kit.tables for each in visitors.iterate(clause) if each.__visit_name__ == "table") or _name(getattr(clause, "table", None)) in kit.tables


def _name(table: Any) -> str:
    return str(getattr(table, "fullname", "") or getattr(table, "name", ""))


# Rows of the monolith that rows of the service point at -------------------------------------------------


def _bring_shadows(kit: Kit) -> None:
    from sqlalchemy import event
    from sqlalchemy.orm import Session

    def flushed(session: Any, context: Any) -> None:
        engine = _engine_in_use(kit, session)
        if engine is None:
            return
        for row in [*session.new, *session.dirty]:
            _bring_parents(kit, session, engine, row, set())

    event.listen(Session, "after_flush", flushed)


def _engine_in_use(kit: Kit, session: Any) -> Any:
    """The service's engine when the session has a transaction there."""
    transaction = session.get_transaction()
    connections = getattr(transaction, "_connections", {})
    return next((engine for engine in kit.engines.values() if engine in connections), None)


def _bring_parents(kit: Kit, session: Any, engine: Any, row: Any, seen: set[Any]) -> None:
    """The rows behind the foreign keys of a row of the context, as shadows: those columns that the service has."""
    from sqlalchemy import inspect

    mapper = inspect(type(row))
    if _name(mapper.local_table) not in kit.tables and not seen:
        return
    for key in mapper.local_table.foreign_keys:
        target = key.column.table
        value = getattr(row, mapper.get_property_by_column(key.parent).key)
        if value is None or _name(target) in kit.tables or (_name(target), value) in seen:
            continue
        seen.add((_name(target), value))
        kind = next((each.class_ for each in mapper.registry.mappers if each.local_table is target), None)
        if kind is not None:
            with session.no_autoflush:
                behind = session.get(kind, value)
            connection = session.connection(bind_arguments={"bind": engine})
            if behind is not None and _store(connection, target, behind):
                _bring_parents(kit, session, engine, behind, seen)


def _feed(kit: Kit) -> None:
    """All rows of which the service keeps shadows, as they are now: events would have brought them."""
    import importlib

    from flask import current_app
    from sqlalchemy import inspect, select

    session = current_app.extensions["sqlalchemy"].session
    with kit.engine().begin() as connection:
        for label in kit.spec.replicas:
            module, _, name = label.rpartition(".")
            kind = getattr(importlib.import_module(module), name)
            with session.no_autoflush:
                rows = session.scalars(select(kind)).all()
            for row in rows:
                _store(connection, inspect(kind).local_table, row)


def _store(connection: Any, table: Any, row: Any) -> bool:
    """Whether the service keeps shadows of a table; the row is one of them afterwards."""
    from sqlalchemy import MetaData, Table, inspect
    from sqlalchemy.dialects.sqlite import insert

    if not inspect(connection).has_table(table.name):
        return False
    there = Table(table.name, MetaData(), autoload_with=connection)
    values = {each.name: _plain(getattr(row, each.name, None)) for each in there.columns}
    stored = insert(there).values(values)
    key = [each.name for each in there.primary_key]
    connection.execute(stored.on_conflict_do_update(index_elements=key, set_={name: value for name, value in values.items() if name not in key} or values))
    return True


def _plain(value: Any) -> Any:
    """An enumeration's member is stored as its name."""
    return getattr(value, "name", value) if type(value).__mro__[-2].__name__ == "Enum" else value


# Routes -----------------------------------------------------------------------------------------------


def _forward_routes(kit: Kit) -> None:
    """Requests for moved routes go to the service, as in production: in every application that the tests make."""
    import importlib

    from flask import Flask

    routes: Any = importlib.import_module(f"{kit.spec.package}.flask_routes")
    dispatch = Flask.full_dispatch_request

    def dispatched(self: Any) -> Any:
        if "boundary_kit" not in self.extensions:
            self.extensions["boundary_kit"] = True
            if routes._arrive not in self.before_request_funcs.get(None, ()):
                self.before_request_funcs.setdefault(None, []).append(routes._arrive)
                self.teardown_request_funcs.setdefault(None, []).append(routes._leave)
        return dispatch(self)

    Flask.full_dispatch_request = dispatched  # type: ignore[method-assign]


def _see_changes(kit: Kit) -> None:
    """What the service wrote is seen by the test's session, as if code in this process had committed it."""
    import importlib

    runtime: Any = importlib.import_module(f"{kit.spec.package}.runtime")
    proxy: Any = importlib.import_module(f"{kit.spec.package}.proxy")
    exchange, forward = runtime.Boundary.exchange, proxy.forward

    def exchanged(self: Any, operation: Any, *rest: Any) -> Any:
        try:
            return exchange(self, operation, *rest)
        finally:
            if operation.kind == "command":
                _end_transaction(kit)

    def forwarded(context: Any, request: Any, *rest: Any) -> Any:
        try:
            return forward(context, request, *rest)
        finally:
            if request.method not in ("GET", "HEAD", "OPTIONS"):
                _end_transaction(kit)

    runtime.Boundary.exchange, proxy.forward = exchanged, forwarded


def _end_transaction(kit: Kit) -> None:
    from flask import current_app

    session = current_app.extensions["sqlalchemy"].session
    if _engine_in_use(kit, session()) is not None:
        session.commit()
