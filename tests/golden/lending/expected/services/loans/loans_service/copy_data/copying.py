"""Rows from one database to the other: in batches by key, then whatever changed meanwhile; and the same backwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .databases import Database, Key, Refused, Shape, quoted
from .ranges import Comparison, Pieces, Range, shape_of
from .state import State
from .tables import TABLES, Table

CHUNK = 400
"""Rows asked for by their keys at once."""
PASSES = 5
"""Over one table: a row that holds a value which another needs is in its way once or twice."""


class Copied(NamedTuple):
    """What happened to one table in this run: rows new by key order, then rows brought up to date."""

    table: str
    rows: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0


def copy(
    source: Database, target: Database, batch: int, report: Callable[[str], None]
) -> list[Copied]:
    """Brings every table of the service to what the monolith's has; each batch is committed with how far it is.

    Foreign keys of the service's tables are set aside meanwhile, for rows may come before those that they point at, and are put back at
    the end. Raises :class:`Refused` when they cannot be: then rows point at nothing.
    """
    state = State(target)
    state.refuse_after_cut_over()
    shapes = [shape_of(source, target, table) for table in TABLES]
    state.prepare()
    set_keys_aside(target, state)
    done = []
    for shape in shapes:
        rows = copy_new(source, target, state, shape, batch, report)
        changed = catch_up(source, target, shape, batch, each=True)
        done.append(changed._replace(rows=rows))
    put_keys_back(target, state)
    for shape in shapes:
        advance_sequences(source, target, shape)
    return done


def copy_back(service: Database, monolith: Database, batch: int) -> list[Copied]:
    """Brings the monolith's tables to what the service has, all in one transaction; shadows are the monolith's own.

    ``service`` is the side that is read here. Foreign keys stay in force: what the monolith's other tables still point at cannot go.
    """
    shapes = [shape_of(service, monolith, table) for table in TABLES if not table.shadow]
    monolith.begin()
    try:
        monolith.defer()
        deleted = [
            catch_up(service, monolith, shape, batch, insert=False) for shape in reversed(shapes)
        ]
        written = [catch_up(service, monolith, shape, batch, delete=False) for shape in shapes]
        monolith.commit()
    except BaseException:
        monolith.rollback()
        raise
    for shape in shapes:
        advance_sequences(service, monolith, shape)
    gone = {each.table: each.deleted for each in deleted}
    return [each._replace(deleted=each.deleted + gone[each.table]) for each in written]


# --- the first time -----------------------------------------------------------------------------------


def copy_new(
    source: Database,
    target: Database,
    state: State,
    shape: Shape,
    batch: int,
    report: Callable[[str], None],
) -> int:
    """Copies the rows after the last key that was copied; a batch and its last key are one transaction."""
    if not shape.key:
        return 0
    pieces, name = Pieces(source, shape, by_bytes=False), f"copied:{shape.name}"
    copied = 0
    while True:
        target.begin()
        try:
            state.lock()
            last = state.get(name) or {"key": None, "alone": is_empty(target, shape)}
            after = tuple(last["key"]) if last["key"] else None
            end = pieces.end(Range(after, None), batch)
            if end is None:
                target.rollback()
                return copied
            copied += copy_range(
                source, target, pieces, shape, Range(after, end), alone=last["alone"]
            )
            state.set(name, {"key": end, "alone": last["alone"]})
            target.commit()
        except target.not_unique:
            target.rollback()
            if not last["alone"]:
                raise
            state.set(name, {**last, "alone": False})
            continue
        except BaseException:
            target.rollback()
            raise
        report(f"{shape.name}: {copied} rows, up to {', '.join(end)}")


def copy_range(
    source: Database, target: Database, pieces: Pieces, shape: Shape, range: Range, *, alone: bool
) -> int:
    """Copies one range; unless the copy is ``alone`` with the table, rows may be there already and become the copied ones."""
    where, values = pieces.within(range)
    sql = pieces.read_for(target, where)
    if alone:
        return target.fill(quoted(shape.name), shape, source, sql, values)
    return target.upsert(shape, source, sql, values)


def is_empty(target: Database, shape: Shape) -> bool:
    return target.execute(f"SELECT 1 FROM {quoted(shape.name)} LIMIT 1").fetchone() is None


# --- what changed meanwhile ---------------------------------------------------------------------------


def catch_up(
    source: Database,
    target: Database,
    shape: Shape,
    batch: int,
    *,
    each: bool = False,
    insert: bool = True,
    delete: bool = True,
) -> Copied:
    """Makes rows that differ the same; ``each`` commits by itself, else the caller's transaction holds it all."""
    done = Copied(shape.name)
    for _ in range(PASSES):
        before = done
        comparison = Comparison(source, target, shape, batch)
        for compared in comparison.ranges():
            if compared.same:
                continue
            if each:
                target.begin()
            try:
                done = make_same(
                    source, target, comparison, compared.range, done, batch, insert, delete
                )
                if each:
                    target.commit()
            except BaseException:
                if each:
                    target.rollback()
                raise
        if done == before:
            return done
    return done


def make_same(
    source: Database,
    target: Database,
    comparison: Comparison,
    range: Range,
    done: Copied,
    batch: int,
    insert: bool,
    delete: bool,
) -> Copied:
    """Makes the rows of one range the same."""
    shape = comparison.shape
    if not shape.key:
        return replace_all(source, target, comparison, done) if insert else done
    while True:
        found = comparison.rows(range, batch)
        if delete:
            for keys in chunks(found.extra):
                comparison.target.delete(keys)
            done = done._replace(deleted=done.deleted + len(found.extra))
        if insert:
            for keys in chunks([*found.changed, *found.missing]):
                write(source, target, comparison, keys)
            done = done._replace(
                inserted=done.inserted + len(found.missing),
                updated=done.updated + len(found.changed),
            )
        if found.up_to == range.up_to:
            return done
        range = Range(found.up_to, range.up_to)


def write(source: Database, target: Database, comparison: Comparison, keys: list[Key]) -> None:
    """Puts rows into the target.

    A row in the target may hold a value that must be unique and that the source has given to another row since. Then these rows are
    taken away, so that the other can have it; the next pass brings them back.
    """
    sql, values = comparison.source.all_of(target, keys)
    target.execute("SAVEPOINT written")
    try:
        target.upsert(comparison.shape, source, sql, values)
    except target.not_unique:
        target.execute("ROLLBACK TO SAVEPOINT written")
        comparison.target.delete(keys)
        for key in keys:
            write_alone(source, target, comparison, key)
    target.execute("RELEASE SAVEPOINT written")


def write_alone(source: Database, target: Database, comparison: Comparison, key: Key) -> None:
    """Puts one row into the target, unless another is in its way."""
    sql, values = comparison.source.all_of(target, [key])
    target.execute("SAVEPOINT alone")
    try:
        target.upsert(comparison.shape, source, sql, values)
    except target.not_unique:
        target.execute("ROLLBACK TO SAVEPOINT alone")
    target.execute("RELEASE SAVEPOINT alone")


def replace_all(source: Database, target: Database, comparison: Comparison, done: Copied) -> Copied:
    """A table without a key is the same or it is written anew."""
    name = quoted(comparison.shape.name)
    before = comparison.target.count()
    target.execute(f"DELETE FROM {name}")
    rows = target.fill(name, comparison.shape, source, comparison.source.read_for(target, ""), [])
    return done._replace(deleted=done.deleted + before, inserted=done.inserted + rows)


def chunks(keys: list[Key]) -> list[list[Key]]:
    return [keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK)]


# --- foreign keys and sequences -----------------------------------------------------------------------


def set_keys_aside(target: Database, state: State) -> None:
    """Takes the foreign keys of the service's tables away (PostgreSQL), remembered until they are put back."""
    if not target.is_postgres:
        return  # there they are not enforced on this connection
    target.begin()
    for table in TABLES:
        for name, definition, *_ in target.foreign_keys(table.name):
            state.set(f"foreign-key:{table.name}:{name}", definition)
            target.execute(f"ALTER TABLE {quoted(table.name)} DROP CONSTRAINT {quoted(name)}")
    target.commit()


def put_keys_back(target: Database, state: State) -> None:
    """Puts the foreign keys back, each in a transaction of its own."""
    wrong = []
    for entry, definition in state.all("foreign-key:").items():
        _, table, name = entry.split(":", 2)
        target.begin()
        try:
            target.execute(
                f"ALTER TABLE {quoted(table)} ADD CONSTRAINT {quoted(name)} {definition}"
            )
            state.forget(entry)
            target.commit()
        except target.errors as error:
            target.rollback()
            wrong.append(
                f"{table}.{name}: {str(error).splitlines()[-1].removeprefix('DETAIL:').strip()}"
            )
    if wrong:
        raise Refused(
            "rows point at rows that are not there, so these foreign keys wait: " + "; ".join(wrong)
        )


def advance_sequences(source: Database, target: Database, shape: Shape) -> None:
    """Lets new rows begin after all numbers that were ever given, those of deleted rows included."""
    given = {column: last for column, _, last, _ in source.sequences(shape)}
    for column, sequence, last, highest in list(target.sequences(shape)):
        number = max(highest, given.get(column, 0), last)
        if number > last:
            target.set_sequence(shape.name, sequence, number)


def tables_of(names: list[str]) -> list[Table]:
    """The tables with these names, all by default."""
    known = {table.name: table for table in TABLES}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Refused(f"not a table of this service: {', '.join(unknown)}")
    return [known[name] for name in names] or TABLES
