"""Runs a Django project's own tests and records which of its lines sent which statement, as JSON.

Beside the frames that run a statement it records those that built its query set, rows taken from relations that were loaded before, and
the project's classes on whose behalf a library runs. Runs in the project's environment::

    cd PROJECT && DJANGO_SETTINGS_MODULE=... PYTHONPATH=.:tests/oracle python .../django_queries.py OUTPUT manage.py test [arguments]
    cd PROJECT && DJANGO_SETTINGS_MODULE=... PYTHONPATH=.:tests/oracle python .../django_queries.py OUTPUT pytest [arguments]
"""

from __future__ import annotations

import os
import sys

import places

SEEN: dict[tuple[object, ...], None] = {}
BUILT: set[tuple[str, int]] = set()
SENT: set[tuple[str, int]] = set()
_HANDLERS = "/django/core/handlers/"
_DELETION = "/django/db/models/deletion.py"


def boundary(frame: object) -> bool:
    """Whether the request enters here: what is further out is a middleware that handed it on, or the test that sent it."""
    return _HANDLERS in frame.f_code.co_filename and frame.f_code.co_name in ("inner", "_get_response", "get_response", "get_response_async", "_get_response_async")


def served(frame: object) -> list[str]:
    """The project's classes on whose behalf libraries run, from the innermost to the first frame of the project."""
    found = []
    while frame is not None and not places.own(frame.f_code) and not boundary(frame):
        code = frame.f_code
        if code.co_argcount and code.co_varnames[0] == "self":
            cls = type(frame.f_locals.get("self"))
            file = getattr(sys.modules.get(cls.__module__), "__file__", "") or ""
            dotted = f"{cls.__module__}.{cls.__qualname__}"
            if dotted not in found and file.startswith(places.ROOT) and "site-packages" not in file and not places.is_table(cls) and not hasattr(cls, "as_manager") and not hasattr(cls, "contribute_to_class"):
                found.append(dotted)
        frame = frame.f_back
    return found


def query_of(frame: object) -> object:
    """The query that a compiler's frame runs."""
    while frame is not None and not places.own(frame.f_code):
        if frame.f_code.co_name in ("execute_sql", "explain_query", "results_iter"):
            return getattr(frame.f_locals.get("self"), "query", None)
        frame = frame.f_back
    return None


def cascading(frame: object) -> list[str]:
    """The tables that a deletion is about, when it is a collector of Django's that sends the statement."""
    collector = None
    while frame is not None and not places.own(frame.f_code):
        if frame.f_code.co_filename.endswith(_DELETION) and collector is None:
            collector = frame
        elif collector is not None and frame.f_code.co_name in ("delete", "_raw_delete"):
            model = getattr(frame.f_locals.get("self"), "model", None) or type(frame.f_locals.get("self"))
            if hasattr(model, "_meta"):
                return ["", model._meta.concrete_model._meta.db_table, *(parent._meta.db_table for parent in model._meta.get_parent_list())]
        frame = frame.f_back
    return [""] if collector is not None else []


def record(sql: str) -> None:
    frame = sys._getframe(2)
    query = query_of(frame)
    built = tuple(dict.fromkeys((*(builders(query) if query is not None else ()), *prefetching(frame))))
    SENT.update(each[:2] for place, _ in built for each in place[:1])
    note(places.frames(frame, boundary), places.shortened(sql), built, tuple(served(frame)), tuple(cascading(frame)), "sent")


def note(frames: tuple[object, ...], sql: str, built: tuple[object, ...], classes: tuple[str, ...], cascade: tuple[str, ...], how: str) -> None:
    if frames or classes or built:
        SEEN.setdefault((frames, sql, built, classes, cascade, how))


# --- who built a query set -----------------------------------------------------------------------


def builders(query: object) -> list[tuple[object, tuple[str, ...]]]:
    """Who built a query and the queries inside it, each with the tables that it named then."""
    found = [(place, tables) for place, tables, _ in _steps(query)]
    for each in inner_queries(query):
        found += builders(each)
    return found


def _steps(query: object) -> tuple[tuple[object, tuple[str, ...], bool], ...]:
    last = getattr(query, "_oracle_last", ())
    return (*getattr(query, "_oracle_built", ()), *([(last, tables_of(query), False)] if last else ()))


def prefetching(frame: object) -> list[tuple[object, tuple[str, ...]]]:
    """Who asked for the relations that are being loaded along; ``*`` stands for all tables of the statement."""
    while frame is not None and not places.own(frame.f_code):
        if frame.f_code.co_name == "_prefetch_related_objects":
            query_set = frame.f_locals.get("self")
            asked = [place for place, _, asks in getattr(query_set._query, "_oracle_built", ()) if asks]
            last = getattr(query_set._query, "_oracle_last", ())
            return [(place, ("*",)) for place in (*asked, *([last] if last else ()))]
        frame = frame.f_back
    return []


def tables_of(query: object) -> tuple[str, ...]:
    """The tables that a query names as it stands: its model's, joined ones, loaded along, and those of inner queries."""
    found = {query.model._meta.db_table} if query.model is not None else set()
    found.update(each.table_name for alias, each in query.alias_map.items() if query.alias_refcount.get(alias))
    if isinstance(query.select_related, dict) and query.model is not None:
        found.update(along(query.model, query.select_related))
    for each in inner_queries(query):
        found.update(tables_of(each))
    return tuple(sorted(table for table in found if isinstance(table, str)))


def inner_queries(query: object) -> list[object]:
    """Queries in the annotations and conditions of a query, and those it is combined with."""
    found = list(query.combined_queries)
    waiting = [(each, 0) for each in (*query.annotations.values(), query.where)]
    while waiting:
        expression, depth = waiting.pop()
        held = expression if hasattr(expression, "alias_map") else getattr(expression, "query", None)
        if hasattr(held, "alias_map"):
            found.append(held)
        elif depth < 8:
            children = [*getattr(expression, "children", ()), getattr(expression, "rhs", None)]
            if hasattr(expression, "get_source_expressions"):
                children += expression.get_source_expressions()
            waiting += [(each, depth + 1) for each in children if hasattr(each, "__dict__")]
    return found


def along(model: type, asked: dict[str, object]) -> set[str]:
    found = set()
    fields = {field.name: field for field in model._meta.get_fields()}
    for name, deeper in asked.items():
        field = fields.get(name)
        target = getattr(field, "related_model", None)
        if target is not None:
            found.add(target._meta.db_table)
            found |= along(target, deeper)
    return found


def watch_query_sets() -> None:
    from django.db.models.query import QuerySet

    started, cloned = QuerySet.__init__, QuerySet._clone

    def init(self: object, *arguments: object, **keywords: object) -> None:
        started(self, *arguments, **keywords)
        place = self._query._oracle_last = places.frames(sys._getframe(1), boundary)
        BUILT.update(each[:2] for each in place[:1])

    def clone(self: object) -> object:
        made = cloned(self)
        last = getattr(self._query, "_oracle_last", ())
        if last:
            held = getattr(self._query, "_oracle_built", ())
            step = (last, tables_of(self._query), bool(self._prefetch_related_lookups))
            made._query._oracle_built = held if step in held else (*held, step)
        return made

    QuerySet.__init__, QuerySet._clone = init, clone


# --- rows that were loaded before ----------------------------------------------------------------


def watch_relations() -> None:
    """Notes who takes a related row that an earlier statement has loaded: it reads the table without sending anything."""
    from django.db.models.fields import related_descriptors as related

    def taking(descriptor: type, table_of: object) -> None:
        get = descriptor.__get__

        def taken(self: object, instance: object, cls: object = None) -> object:
            if instance is not None:
                frame = sys._getframe(1)
                if places.own(frame.f_code):
                    for table in table_of(self, instance):
                        note(places.frames(frame, boundary), table, (), (), (), "loaded")
            return get(self, instance, cls)

        descriptor.__get__ = taken

    def forward(self: object, instance: object) -> list[str]:
        return tables(self.field.remote_field.model) if self.field.is_cached(instance) else []

    def backward(self: object, instance: object) -> list[str]:
        return tables(self.related.related_model) if self.related.is_cached(instance) else []

    def many(self: object, instance: object) -> list[str]:
        loaded = getattr(instance, "_prefetched_objects_cache", ())
        reverse = getattr(self, "reverse", True)
        name = self.rel.get_accessor_name() if reverse else self.rel.field.name
        model = self.rel.related_model if reverse else self.rel.model
        through = getattr(self.rel, "through", None)
        return [*tables(model), *(tables(through) if through is not None else ())] if name in loaded else []

    taking(related.ForwardManyToOneDescriptor, forward)
    taking(related.ReverseOneToOneDescriptor, backward)
    taking(related.ReverseManyToOneDescriptor, many)
    taking(related.ManyToManyDescriptor, many)


def tables(model: type) -> list[str]:
    return [model._meta.db_table, *(parent._meta.db_table for parent in model._meta.get_parent_list())]


# --- running -------------------------------------------------------------------------------------


def watch() -> None:
    from django.db.backends import utils

    execute, many = utils.CursorWrapper.execute, utils.CursorWrapper.executemany

    def noted(self: object, sql: object, params: object = None) -> object:
        record(str(sql))
        return execute(self, sql, params)

    def noted_many(self: object, sql: object, params: object) -> object:
        record(str(sql))
        return many(self, sql, params)

    utils.CursorWrapper.execute, utils.CursorWrapper.executemany = noted, noted_many
    watch_query_sets()
    watch_relations()
    places.watch_lines()


def result() -> list[dict[str, object]]:
    names = ("frames", "sql", "built", "classes", "cascade", "how")
    return [dict(zip(names, each, strict=True)) for each in sorted(SEEN, key=repr)]


def main() -> None:
    output = os.path.abspath(sys.argv[1])  # noqa: PTH100
    watch()
    code: object = 0
    try:
        if sys.argv[2] == "pytest":
            import pytest

            code = int(pytest.main(sys.argv[3:]))
        else:
            from django.core.management import execute_from_command_line

            execute_from_command_line(sys.argv[2:])
    except SystemExit as ended:
        code = ended.code
    places.write(output, result(), BUILT - SENT)
    sys.exit(code)


if __name__ == "__main__":
    main()
