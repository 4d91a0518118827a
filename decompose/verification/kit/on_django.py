"""Django's side of the kit.

Models of the context have two homes while the suite runs: the service's database for tests, fixtures and factories, and the
monolith's own table for monolith code, as in production. ``frames`` tells which. Nothing helps monolith code: what still uses a moved
model directly finds its table as it would be, and the record of that use leads to the edge of the plan.
"""

from __future__ import annotations

import importlib
import json
import re
import unittest
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import django

from . import boundary, tracebacks
from .frames import Asked, Frames
from .processes import Isolation, Services
from .records import Records
from .spec import Spec

DEFAULT = "default"


class Kit:
    """The parts of the kit for one process, and those forked from it."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.frames = Frames(spec)
        self.records = Records(spec.folder)
        self.services = Services(spec, lambda: _complete(self), lambda: _answer(spec))
        self.isolation = Isolation(self.services)
        self.tables = frozenset(spec.tables)
        self.busy = False

    def owns(self, model: Any) -> bool:
        return model._meta.db_table in self.tables

    def for_tests(self) -> bool:
        """Whether what is asked for now is a test's own doing. If not, it is noted."""
        asked = self.frames.asked()
        if asked.side == "test":
            return True
        self.note(asked)
        return self.spec.helped

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """Statements of the kit itself: they are no uses, and none of those that a test counts."""
        from django.db import connections

        opened = [connections[DEFAULT], connections[self.spec.alias]]
        before, forced = self.busy, [each.force_debug_cursor for each in opened]
        self.busy = True
        for each in opened:
            each.force_debug_cursor = False
        try:
            yield
        finally:
            self.busy = before
            for each, was in zip(opened, forced):  # noqa: B905 - also for Python 3.9
                each.force_debug_cursor = was

    def note(self, asked: Asked) -> None:
        """Notes a use of the monolith's own table of a moved model."""
        if asked.path:
            self.records.note("direct", path=asked.path, line=asked.line, function=asked.function)


_kits: list[Kit] = []


def kit() -> Kit:
    return _kits[0]


def arm(spec: Spec) -> None:
    """Waits for ``django.setup``: settings are known by then and nothing has used them yet."""
    _kits.append(Kit(spec))
    setup = django.setup

    def set_up(*arguments: Any, **named: Any) -> None:
        django.setup = setup
        _settings(spec)
        setup(*arguments, **named)
        _install(kit())

    django.setup = set_up


def _settings(spec: Spec) -> None:
    from django.conf import settings

    configured = getattr(settings, "BOUNDARIES", {})
    if spec.context in configured:
        settings.BOUNDARIES = {**configured, spec.context: {**configured[spec.context], "mode": spec.mode}}
    if spec.mode != "remote":
        return
    settings.DATABASES[spec.alias] = {"ENGINE": f"{__package__}.django_sqlite3", "NAME": spec.alias, "OPTIONS": {"timeout": 30}}
    settings.DATABASE_ROUTERS = [f"{__name__}.Router", *settings.DATABASE_ROUTERS]
    exchange = f"{spec.package}.exchange"
    if not any(app == exchange or app.startswith(f"{exchange}.") for app in settings.INSTALLED_APPS) and _has_callbacks(spec):
        settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, exchange]
    middleware = f"{spec.package}.django_routes.MovedRoutes"
    if middleware not in settings.MIDDLEWARE:
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, middleware]


def _has_callbacks(spec: Spec) -> bool:
    """Whether the service asks the monolith for anything."""
    folder = Path(spec.root, *spec.package.split("."))
    return (folder / "exchange" / "urls.py").exists() and (folder / f"{spec.context}_callbacks").is_dir()


def _answer(spec: Spec) -> dict[str, str]:
    """Starts to answer callbacks; the variables that a service needs to find the monolith, and the settings of a suite."""
    variables = _settings_of_the_suite(spec)
    if _has_callbacks(spec):
        from .django_callbacks import serve

        variables["MONOLITH_URL"] = serve(f"{spec.package}.exchange.urls", [DEFAULT])
    return variables


def _settings_of_the_suite(spec: Spec) -> dict[str, str]:
    """The service's own settings, but a cache that can be emptied between tests, and tasks that run at once where the suite's do.

    There is no worker, neither here nor there, and what a service remembers of one test must not be told to the next.
    """
    from django.conf import settings

    eager = getattr(settings, "CELERY_TASK_ALWAYS_EAGER", False) or getattr(settings, "CELERY_ALWAYS_EAGER", False)
    folder = Path(spec.folder, "service-settings")
    folder.mkdir(exist_ok=True)
    lines = [
        "import os",
        f"from {spec.variables['DJANGO_SETTINGS_MODULE']} import *",
        'CACHES = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": os.environ["SUITE_CACHE"]}}',
        *(["CELERY_TASK_ALWAYS_EAGER = True"] if eager else []),
    ]
    (folder / "settings_of_the_suite.py").write_text("\n".join(lines) + "\n")
    return {"DJANGO_SETTINGS_MODULE": "settings_of_the_suite", "PYTHONPATH": str(folder)}


def _install(kit: Kit) -> None:
    kit.records.present()
    tracebacks.travel()
    boundary.arm(kit.spec, kit.records, kit.services, lambda: _feed(kit))
    _name_tests(kit)
    if kit.spec.mode == "remote":
        _leave_the_alias_alone(kit)
        _mirror_isolation(kit)
        _route_fixtures(kit)
        _bring_shadows(kit)
        _allow_references(kit)
        _stay_on_one_side(kit)
        _look_up_targets(kit)
        _watch_statements(kit)
        _count_queries(kit)
        _follow_relations(kit)
        _read_replies(kit)


# Where models live ------------------------------------------------------------------------------------


class Router:
    """Database router: see the module."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return self._database(model, hints)

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return self._database(model, hints)

    def _database(self, model: Any, hints: dict[str, Any]) -> str | None:
        alias = kit().spec.alias
        if kit().owns(model) and kit().for_tests():
            return alias
        # What is related to a row of the service is still the monolith's own.
        state = getattr(hints.get("instance"), "_state", None)
        return DEFAULT if state is not None and state.db == alias else None

    def allow_relation(self, first: Any, second: Any, **hints: Any) -> bool | None:
        return True if kit().spec.alias in (first._state.db, second._state.db) else None

    def allow_migrate(self, database: str, label: str, **hints: Any) -> bool | None:
        return False if database == kit().spec.alias else None


def _stay_on_one_side(kit: Kit) -> None:
    """Deleting a row of the service reaches no tables of the monolith: a foreign key between the two is an id by then."""
    from django.db.models.deletion import Collector

    related_objects = Collector.related_objects

    def on_one_side(self: Any, model: Any, fields: Any, objects: Any) -> Any:
        found = related_objects(self, model, fields, objects)
        return found.none() if self.using == kit.spec.alias and not kit.owns(model) else found

    Collector.related_objects = on_one_side


def _watch_statements(kit: Kit) -> None:
    """Queries on the monolith's models reach tables of the context by joins and sub-queries, and SQL texts name them: no router is asked.

    Queries are lazy: what counts is who built one, not who looks at the result.
    """
    from django.db.backends.utils import CursorWrapper
    from django.db.models.sql.compiler import SQLCompiler
    from django.db.models.sql.query import Query

    join, from_clause, execute = Query.join, SQLCompiler.get_from_clause, CursorWrapper.execute
    named_tables = re.compile("|".join(rf"\b{re.escape(table)}\b" for table in sorted(kit.tables)) or r"(?!)")

    def joined(self: Any, table: Any, *arguments: Any, **named: Any) -> Any:
        if table.table_name in kit.tables:
            asked = kit.frames.asked()
            if asked.side == "monolith" and asked.path:
                self.asked_by_the_monolith = asked
        return join(self, table, *arguments, **named)

    def compiled(self: Any) -> Any:
        asked = getattr(self.query, "asked_by_the_monolith", None)
        if asked is not None and self.connection.alias != kit.spec.alias:
            kit.note(asked)
        return from_clause(self)

    def executed(self: Any, sql: Any, params: Any = None) -> Any:
        if self.db.alias != kit.spec.alias and not kit.busy and named_tables.search(str(sql)):
            kit.note(kit.frames.asked())
            if kit.spec.helped:
                _copy_over(kit, self.db)
        return execute(self, sql, params)

    Query.join, SQLCompiler.get_from_clause, CursorWrapper.execute = joined, compiled, executed


def _look_up_targets(kit: Kit) -> None:
    """What generic relations of the service's rows lead to is found where its model lives."""
    from django.apps import apps

    if not apps.is_installed("django.contrib.contenttypes"):
        return
    from django.contrib.contenttypes.models import ContentType

    one, several = ContentType.get_object_for_this_type, ContentType.get_all_objects_for_this_type

    def rows(self: Any, using: Any) -> Any:
        model = self.model_class()
        elsewhere = model is not None and not kit.owns(model) and kit.spec.alias in (using, self._state.db)
        return model._base_manager.using(DEFAULT) if elsewhere else None

    def object_for_type(self: Any, using: Any = None, **wanted: Any) -> Any:
        found = rows(self, using)
        named = {"using": using} if using else {}
        return one(self, **named, **wanted) if found is None else found.get(**wanted)

    def objects_for_type(self: Any, **wanted: Any) -> Any:
        found = rows(self, None)
        return several(self, **wanted) if found is None else found.filter(**wanted)

    ContentType.get_object_for_this_type, ContentType.get_all_objects_for_this_type = object_for_type, objects_for_type


def _follow_relations(kit: Kit) -> None:
    """What many-to-many relations of the service's rows lead to is found where the rows in between are."""
    from django.db.models.fields import related_descriptors

    make = related_descriptors.create_forward_many_to_many_manager

    def made(superclass: Any, relation: Any, reverse: bool) -> Any:
        manager = make(superclass, relation, reverse)
        if not kit.owns(relation.through):
            return manager

        class Followed(manager):  # type: ignore[misc, valid-type]
            def _apply_rel_filters(self, queryset: Any) -> Any:
                found = super()._apply_rel_filters(queryset)
                return found.using(kit.spec.alias) if self.instance._state.db == kit.spec.alias else found

        Followed.__name__, Followed.__qualname__ = manager.__name__, manager.__qualname__
        return Followed

    related_descriptors.create_forward_many_to_many_manager = made


# Test runners -----------------------------------------------------------------------------------------


def _name_tests(kit: Kit) -> None:
    run, only = unittest.TestCase.run, frozenset(kit.spec.only)

    def named(self: Any, result: Any = None) -> Any:
        kit.records.test = self.id()
        if only and self.id() not in only:
            self.setUp = self.tearDown = _nothing
            setattr(self, self._testMethodName, unittest.skip("not asked for")(_nothing))
        try:
            return run(self, result)
        finally:
            kit.records.write()
            kit.records.test = ""

    unittest.TestCase.run = named  # type: ignore[method-assign]
    set_up: Callable[..., Any] = unittest.TestSuite._handleClassSetUp  # type: ignore[attr-defined]

    def of_class(self: Any, test: Any, result: Any) -> Any:
        kit.records.test = f"{type(test).__module__}.{type(test).__qualname__}"
        try:
            return set_up(self, test, result)
        finally:
            kit.records.test = ""

    unittest.TestSuite._handleClassSetUp = of_class  # type: ignore[attr-defined]


def _nothing() -> None:
    """Stands in for a test that is not asked for."""


def _leave_the_alias_alone(kit: Kit) -> None:
    """Runners neither make, clone, flush nor wrap the service's database; tests that may use a database may use it."""
    from django.test import testcases, utils

    alias = kit.spec.alias
    unique = utils.get_unique_databases_and_mirrors

    def without_the_alias(aliases: Any = None) -> Any:
        from django.db import connections

        chosen = [each for each in connections if each != alias] if aliases is None else [each for each in aliases if each != alias]
        return unique(chosen)

    utils.get_unique_databases_and_mirrors = without_the_alias
    validate = testcases.SimpleTestCase._validate_databases.__func__

    def with_the_alias(cls: Any) -> frozenset[str]:
        found = frozenset(validate(cls))
        return found | {alias} if found else found

    testcases.SimpleTestCase._validate_databases = classmethod(with_the_alias)
    names = testcases.TransactionTestCase._databases_names.__func__

    def own_names(cls: Any, include_mirrors: bool = True) -> list[str]:
        return [each for each in names(cls, include_mirrors) if each != alias]

    testcases.TransactionTestCase._databases_names = classmethod(own_names)


def _mirror_isolation(kit: Kit) -> None:
    from django.test import TestCase, TransactionTestCase

    enter, roll_back = TestCase._enter_atomics.__func__, TestCase._rollback_atomics.__func__
    tear_down = TransactionTestCase._fixture_teardown

    def entered(cls: Any) -> Any:
        kit.isolation.enter()
        return enter(cls)

    def rolled_back(cls: Any, atomics: Any) -> Any:
        try:
            return roll_back(cls, atomics)
        finally:
            kit.isolation.leave()

    def torn_down(self: Any) -> Any:
        try:
            return tear_down(self)
        finally:
            kit.isolation.clear()

    TestCase._enter_atomics, TestCase._rollback_atomics = classmethod(entered), classmethod(rolled_back)
    TransactionTestCase._fixture_teardown = torn_down


def _route_fixtures(kit: Kit) -> None:
    """Fixtures name a database themselves. A moved row in one that a test loads goes to the service."""
    from django.core.management.color import no_style
    from django.core.management.commands import loaddata
    from django.core.serializers.base import DeserializedObject
    from django.db import connections

    save, handle = DeserializedObject.save, loaddata.Command.handle
    loading: list[set[Any]] = []

    def saved(self: Any, save_m2m: bool = True, using: Any = None, **named: Any) -> Any:
        model = type(self.object)
        if loading and using != kit.spec.alias and kit.owns(model) and kit.for_tests():
            using = kit.spec.alias
            loading[-1].add(model)
        return save(self, save_m2m, using, **named)

    def handled(self: Any, *labels: Any, **options: Any) -> Any:
        loading.append(set())
        try:
            return handle(self, *labels, **options)
        finally:
            models = sorted(loading.pop(), key=lambda model: str(model._meta.label))
            if models:
                connection = connections[kit.spec.alias]
                with connection.cursor() as cursor:
                    for statement in connection.ops.sequence_reset_sql(no_style(), models):
                        cursor.execute(statement)

    DeserializedObject.save, loaddata.Command.handle = saved, handled


# Rows of the monolith that rows of the service point at -------------------------------------------------


def _bring_shadows(kit: Kit) -> None:
    from django.db.models.sql.compiler import SQLInsertCompiler, SQLUpdateCompiler

    insert, update = SQLInsertCompiler.execute_sql, SQLUpdateCompiler.execute_sql

    def inserted(self: Any, *arguments: Any, **named: Any) -> Any:
        if self.using == kit.spec.alias:
            for field in self.query.fields:
                if field.remote_field is not None:
                    _bring(kit, field, {getattr(each, field.attname) for each in self.query.objs})
        return insert(self, *arguments, **named)

    def updated(self: Any, *arguments: Any, **named: Any) -> Any:
        if self.using == kit.spec.alias:
            for field, _, value in self.query.values:
                if field.remote_field is not None and not hasattr(value, "resolve_expression"):
                    _bring(kit, field, {getattr(value, "pk", value)})
        return update(self, *arguments, **named)

    SQLInsertCompiler.execute_sql, SQLUpdateCompiler.execute_sql = inserted, updated


def _bring(kit: Kit, field: Any, keys: set[Any]) -> None:
    """The rows behind a foreign key, and what they point at in turn."""
    model, target = field.remote_field.model, field.target_field
    keys = keys - {None}
    if not kit.owns(model) and keys:
        _bring_rows(kit, model, {f"{target.attname}__in": keys})


def _bring_rows(kit: Kit, model: Any, wanted: dict[str, Any]) -> None:
    """Rows of the monolith as they are now, as rows of the service."""
    from django.db import connections

    columns = list(model._meta.local_concrete_fields)
    names = [each.attname for each in columns]
    with kit.unseen():
        rows = {row[model._meta.pk.attname]: row for row in model._base_manager.using(DEFAULT).filter(**wanted).values(*names)}
        held = {row[model._meta.pk.attname]: row for row in model._base_manager.using(kit.spec.alias).filter(**wanted).values(*names)}
        changed = [row for key, row in rows.items() if held.get(key) != row]
    for each in columns:
        # A tree's rows point at rows of their own table.
        if each.remote_field is not None and each.remote_field.model is not model:
            _bring(kit, each, {row[each.attname] for row in changed})
    with kit.unseen():
        for row in changed:
            _store(connections[kit.spec.alias], model, columns, row)


def _feed(kit: Kit) -> None:
    """The shadows as they are once the monolith's events have been delivered, which nobody does while a suite runs."""
    from django.apps import apps

    kit.services.running()
    for label in kit.spec.replicas:
        _bring_rows(kit, apps.get_model(label), {})


def _complete(kit: Kit) -> None:
    """Adds what the monolith's own models have beyond the service's shadows of them, so that queries of tests may join them.

    The service's own code knows nothing of it: its models say which columns there are.
    """
    from django.apps import apps
    from django.db import connections

    connection = connections.create_connection(kit.spec.alias)
    quote = connection.ops.quote_name
    with closing(connection), connection.cursor() as cursor:
        known = set(connection.introspection.table_names(cursor))
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            if kit.owns(model) or not model._meta.managed or model._meta.proxy:
                continue
            held = {each.name for each in connection.introspection.get_table_description(cursor, table)} if table in known else set()
            types = {each.column: each.db_type(connection) for each in model._meta.local_concrete_fields}
            missing = {column: kind for column, kind in types.items() if column not in held and kind}
            if table in known:
                for column, kind in missing.items():
                    cursor.execute(f"ALTER TABLE {quote(table)} ADD COLUMN {quote(column)} {kind} NULL")
            else:
                known.add(table)
                key = model._meta.pk.column
                parts = [f"{quote(column)} {kind} {'PRIMARY KEY' if column == key else 'NULL'}" for column, kind in missing.items()]
                cursor.execute(f"CREATE TABLE {quote(table)} ({', '.join(parts)})")
        if apps.is_installed("django.contrib.contenttypes"):
            _number_types_alike(kit, cursor, quote, known)


def _number_types_alike(kit: Kit, cursor: Any, quote: Callable[[str], str], known: set[str]) -> None:
    """Gives content types the numbers that they have in the monolith: rows of tests and fixtures point at these."""
    from django.contrib.contenttypes.models import ContentType

    with kit.unseen():
        types = list(ContentType.objects.using(DEFAULT).values_list("pk", "app_label", "model"))
    table = quote(ContentType._meta.db_table)
    cursor.execute("PRAGMA foreign_keys = OFF")
    # Permissions hang on the types; what users may do is vouched for by the monolith.
    for each in sorted({"auth_permission"} & known):
        cursor.execute(f"DELETE FROM {quote(each)}")
    cursor.execute(f"DELETE FROM {table}")
    for row in types:
        cursor.execute(f"INSERT INTO {table} (id, app_label, model) VALUES (%s, %s, %s)", row)
    cursor.execute("PRAGMA foreign_keys = ON")


def _copy_over(kit: Kit, here: Any) -> None:
    """The service's rows in the monolith's own tables, for a run that asks whether a test fails for want of them alone."""
    from django.db import connections

    if kit.services.started is None:
        return
    there = connections[kit.spec.alias]
    quote = here.ops.quote_name
    with kit.unseen(), here.constraint_checks_disabled(), here.cursor() as cursor, there.cursor() as source:
        for table in sorted(kit.tables):
            cursor.execute(f"DELETE FROM {quote(table)}")
            source.execute(f"SELECT * FROM {quote(table)}")
            names = [each[0] for each in source.description]
            into = f"INSERT INTO {quote(table)} ({', '.join(map(quote, names))}) VALUES ({', '.join(['%s'] * len(names))})"
            for row in source.fetchall():
                cursor.execute(into, row)


def _store(there: Any, model: Any, columns: list[Any], row: dict[str, Any]) -> None:
    quote = there.ops.quote_name
    table, key = quote(model._meta.db_table), model._meta.pk
    values = [each.get_db_prep_save(row[each.attname], connection=there) for each in columns]
    identity = key.get_db_prep_save(row[key.attname], connection=there)
    with there.cursor() as cursor:
        changes = ", ".join(f"{quote(each.column)} = %s" for each in columns)
        cursor.execute(f"UPDATE {table} SET {changes} WHERE {quote(key.column)} = %s", [*values, identity])
        if not cursor.rowcount:
            names, places = ", ".join(quote(each.column) for each in columns), ", ".join(["%s"] * len(columns))
            cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", values)


def _allow_references(kit: Kit) -> None:
    """A row of the monolith may point at a row that is in the service: the constraint is dropped when the data is split."""
    from django.db.backends.sqlite3.base import DatabaseWrapper

    check = DatabaseWrapper.check_constraints

    def checked(self: Any, table_names: Any = None) -> Any:
        if self.alias != kit.spec.alias:
            with self.cursor() as cursor:
                broken = cursor.execute("PRAGMA foreign_key_check").fetchall()
            if broken and all(referenced in kit.tables for _, _, referenced, _ in broken):
                return None
        return check(self, table_names)

    DatabaseWrapper.check_constraints = checked


def _count_queries(kit: Kit) -> None:
    """A test that counts queries of this process counts those on the service's database too: in the monolith there was one."""
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    enter, leave = CaptureQueriesContext.__enter__, CaptureQueriesContext.__exit__

    def entered(self: Any) -> Any:
        if self.connection.alias == DEFAULT:
            alias = connections[kit.spec.alias]
            alias.queries_log, alias.force_debug_cursor = self.connection.queries_log, True
        return enter(self)

    def left(self: Any, *raised: Any) -> Any:
        found = leave(self, *raised)
        if self.connection.alias == DEFAULT:
            connections[kit.spec.alias].force_debug_cursor = self.connection.force_debug_cursor
        return found

    CaptureQueriesContext.__enter__, CaptureQueriesContext.__exit__ = entered, left


# Replies ----------------------------------------------------------------------------------------------


def _read_replies(kit: Kit) -> None:
    """Replies of the service have ``data`` for tests, as those of a REST framework in this process: what travelled, as JSON has it."""
    routes: Any = importlib.import_module(f"{kit.spec.package}.django_routes")
    make = routes._response

    def made(reply: Any) -> Any:
        response = make(reply)
        if not response.streaming:
            is_json = "json" in response.headers.get("Content-Type", "")
            response.data = json.loads(response.content) if is_json and response.content else None
        return response

    routes._response = made
