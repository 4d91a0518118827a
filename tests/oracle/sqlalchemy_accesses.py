"""A pytest plugin that writes down which lines of a project caused which SQL statement, as JSON.

Runs in the project's own environment with the project's own tests (SQLAlchemy 1.4 and 2)::

    ORACLE_ROOT=/path/to/project ORACLE_OUTPUT=accesses.json PYTHONPATH=tests/oracle pytest -p sqlalchemy_accesses

SQLAlchemy sends statements at other places than those that ask for them, so beside the frames that run a statement it records what the
library itself knows of the cause (``docs/decisions/0006-whose-statement.md`` says to whom a statement then belongs):

* ``flush``: a unit of work is written. ``causes`` are the lines that added, changed or deleted the objects that the statement is about.
* ``refresh``: a row that is in the session is read again since a commit or rollback has expired it.
* ``sent``: anything else: a statement that is executed, a relationship that is loaded. ``built`` are the lines that made the statement.
* ``loaded``: no statement; a relationship is taken whose rows are in memory already (``sql`` holds their table).
* ``pending``: no statement yet; an object of a session is added, changed or deleted (``sql`` holds the table that this changes).
* ``cascade``: the same for an object that hangs on the one which is added or deleted.

Each cause and each line that built a statement comes with the frames around it, as ``frames`` does.
"""

# Runs in environments of every age: paths are handled without pathlib, and types are left out, on purpose.
# ruff: noqa: B905
import os
import sys

import places
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Mapper, Query, Session, attributes, unitofwork

SEEN = {}
CAUSES = "_oracle_causes"
BUILT = "_oracle_built"
ROWS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
DEPTH = 8
"""Frames of the project that are kept for each statement and each cause."""


def note(frames, sql, how, causes=(), built=()):
    if frames or causes or built:
        SEEN.setdefault((frames, sql, how, tuple(causes), tuple(built)))


def chain_of(frame):
    """``(path, line, class)`` of the project's frames from the innermost outwards: the innermost may be a helper for many tables."""
    found = []
    while frame is not None and len(found) < DEPTH:
        path = places.own(frame.f_code)
        if path:
            cls = places.receiver(frame)
            found.append((path, frame.f_lineno, ".".join((cls.__module__, cls.__qualname__)) if cls is not None else ""))
        frame = frame.f_back
    return tuple(found)


def here(depth):
    """The frames of the project from a call of the library outwards."""
    return chain_of(sys._getframe(depth + 1))


# --- statements ----------------------------------------------------------------------------------


def library_frames(frame):
    """What SQLAlchemy is busy with below the project's innermost frame: names of functions, and the flush that goes on."""
    flush, refresh = None, False
    while frame is not None and not places.own(frame.f_code):
        code = frame.f_code
        if code.co_name.lstrip("_") == "load_scalar_attributes":
            refresh = True
        elif code.co_name == "_flush" and code.co_filename.endswith("session.py"):
            flush = frame.f_locals.get("flush_context") or flush
        frame = frame.f_back
    return flush, refresh


@event.listens_for(Engine, "before_cursor_execute")
def sent(connection, cursor, statement, parameters, context, executemany):
    if not statement.lstrip("( \n").upper().startswith(ROWS):
        return
    frame = sys._getframe(1)
    flush, refresh = library_frames(frame)
    frames = chain_of(frame)
    sql = places.shortened(statement)
    if flush is not None and statement.lstrip()[:6].upper() != "SELECT":
        note(frames, sql, "flush", causes_of(flush, context))
    elif refresh:
        note(frames, sql, "refresh")
    else:
        invoked = getattr(context, "invoked_statement", None)
        note(frames, sql, "sent", (), getattr(invoked, BUILT, ()))


def causes_of(flush, context):
    """The lines that touched the objects of a flush which the statement's table holds; all of the flush when none is known."""
    table = getattr(getattr(getattr(context, "compiled", None), "statement", None), "table", None)
    every, of_table = [], []
    for state in list(flush.states):
        for frames, name in state.__dict__.get(CAUSES, ()):
            every.append(frames)
            if table is None or table in changed_by(state, name):
                of_table.append(frames)
    return sorted(set(of_table or every))


def changed_by(state, name):
    """The tables that change when this attribute of an object does (``""``: when the object is added or deleted)."""
    relation = state.mapper.relationships.get(name) if name else None
    if relation is None:
        return state.mapper.tables
    if relation.secondary is not None:
        return [relation.secondary]
    return state.mapper.tables if relation.direction.name == "MANYTOONE" else relation.mapper.tables


# --- pending writes ------------------------------------------------------------------------------


def loading(frame):
    """Whether SQLAlchemy makes a statement of its own to load what belongs to the rows of another."""
    while frame is not None and not places.own(frame.f_code):
        if frame.f_code.co_filename.endswith(("orm/strategies.py", "orm/loading.py")):
            return True
        frame = frame.f_back
    return False


def caused(state, name, depth, how="pending"):
    """Notes who changes an object; what is set on an object before a session has it only prepares it."""
    frames = here(depth + 1) if not name or state.session_id is not None else ()
    if frames:
        held = state.__dict__.setdefault(CAUSES, [])
        if (frames, name) not in held:
            held.append((frames, name))
            for table in changed_by(state, name):
                note(frames, getattr(table, "fullname", ""), how)


@event.listens_for(Mapper, "mapper_configured")
def watch_attributes(mapper, cls):
    for attribute in mapper.attrs:
        key = attribute.key
        if not hasattr(getattr(cls, key, None), "impl") or not hasattr(attribute, "strategy"):
            continue

        def changed(target, *arguments, _key=key, **keywords):
            state = attributes.instance_state(target)
            # What listeners set while a flush goes on belongs to whoever caused the flush.
            if state.session is None or not state.session._flushing:
                caused(state, _key, 1)

        for name in ("set", "append", "remove"):
            if name == "set" or (hasattr(attribute, "uselist") and attribute.uselist):
                event.listen(getattr(cls, key), name, changed)


def watch_sessions():
    save, save_along, delete = Session._save_or_update_state, Session._save_impl, Session._delete_impl

    def saved(self, state, *arguments, **keywords):
        if not self._flushing:
            caused(state, "", 1)
        return save(self, state, *arguments, **keywords)

    def saved_along(self, state, *arguments, **keywords):
        if not self._flushing:
            caused(state, "", 1, "cascade")
        return save_along(self, state, *arguments, **keywords)

    def deleted(self, state, instance, head):
        if not self._flushing:
            caused(state, "", 1, "pending" if head else "cascade")
        return delete(self, state, instance, head)

    Session._save_or_update_state, Session._save_impl, Session._delete_impl = saved, saved_along, deleted

    # What a flush has written needs no cause any more.
    finished = unitofwork.UOWTransaction.finalize_flush_changes

    def finish(self):
        for state in list(self.states):
            state.__dict__.pop(CAUSES, None)
        return finished(self)

    unitofwork.UOWTransaction.finalize_flush_changes = finish


# --- statements built elsewhere ------------------------------------------------------------------


def watch_statements():
    """Notes the lines that make a statement and add to it; copies carry what they were made from."""
    from sqlalchemy.sql import base, dml, selectable

    def mark(made, depth):
        frame = sys._getframe(depth + 1)
        frames = () if loading(frame) else chain_of(frame)
        if frames:
            held = made.__dict__.get(BUILT, ())
            if frames not in held:
                made.__dict__[BUILT] = (*held, frames)

    def starting(cls):
        init = cls.__init__

        def started(self, *arguments, **keywords):
            init(self, *arguments, **keywords)
            mark(self, 1)

        cls.__init__ = started

    for cls in (selectable.Select, dml.Insert, dml.Update, dml.Delete, Query):
        starting(cls)
    generate = base.Generative._generate

    def generated(self):
        made = generate(self)
        mark(made, 1)
        return made

    base.Generative._generate = generated
    whole = Query._statement_20

    def statement(self, *arguments, **keywords):
        made = whole(self, *arguments, **keywords)
        made.__dict__[BUILT] = self.__dict__.get(BUILT, ())
        return made

    Query._statement_20 = statement


# --- rows that were loaded before ----------------------------------------------------------------


def watch_relations():
    """Notes who takes related rows that an earlier statement has loaded: it reads the table without sending anything."""
    get = attributes.InstrumentedAttribute.__get__

    def taken(self, instance, owner):
        if instance is not None:
            frame = sys._getframe(1)
            if places.own(frame.f_code):
                relation = getattr(self, "prop", None) or getattr(self, "property", None)
                if hasattr(relation, "mapper") and self.key in attributes.instance_dict(instance):
                    held = [*relation.mapper.tables, *([relation.secondary] if relation.secondary is not None else [])]
                    for table in held:
                        note(chain_of(frame)[:1], getattr(table, "fullname", ""), "loaded")
        return get(self, instance, owner)

    attributes.InstrumentedAttribute.__get__ = taken


watch_sessions()
watch_statements()
watch_relations()
places.watch_lines()


def result():
    names = ("frames", "sql", "how", "causes", "built")
    return [dict(zip(names, each)) for each in sorted(SEEN, key=repr)]


def pytest_sessionfinish(session, exitstatus):
    places.write(os.environ.get("ORACLE_OUTPUT", "accesses.json"), result())
