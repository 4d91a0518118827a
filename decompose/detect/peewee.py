"""Peewee: models with their tables and keys, many-to-many relations, and the calls on model classes that read or write."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from decompose.link.expressions import argument, keyword, literal, source
from decompose.link.objects import Objects
from decompose.link.program import Program
from decompose.link.records import Attribute, Calls, Rows, attributes, uses
from decompose.model.facts import Access, Column, Fact, ForeignKey, Mode, Table, Transaction, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import Binding, Call, Chain, Constant, Expression

_PACKAGES = frozenset({"peewee", "playhouse", "peewee_async", "peewee_aio", "peeweext"})
_MODELS = (
    "peewee.Model", "playhouse.signals.Model", "playhouse.kv.Model", "peewee_async.AioModel", "peewee_aio.AIOModel",
    "playhouse.sqlite_ext.FTSModel", "playhouse.sqlite_ext.FTS5Model",
)  # fmt: skip
_WRAPPER = "playhouse.flask_utils.FlaskDB"

_TYPES: dict[str, str] = {
    "AutoField": "integer", "IntegerField": "integer", "SmallIntegerField": "integer", "PrimaryKeyField": "integer", "RowIDField": "integer",
    "BigAutoField": "big", "BigIntegerField": "big", "IdentityField": "integer", "BitField": "big", "TimestampField": "big",
    "CharField": "string", "FixedCharField": "string", "IPField": "big", "TextField": "text", "BooleanField": "boolean",
    "FloatField": "float", "DoubleField": "float", "DecimalField": "decimal", "DateField": "date", "DateTimeField": "datetime",
    "DateTimeTZField": "datetime", "TimeField": "time", "IntervalField": "duration", "UUIDField": "uuid", "BinaryUUIDField": "uuid",
    "BlobField": "binary", "BigBitField": "binary", "JSONField": "json", "BinaryJSONField": "json", "ArrayField": "json", "HStoreField": "json",
    "TSVectorField": "text", "CompressedField": "binary", "PickleField": "binary", "SearchField": "text", "BareField": "other",
}  # fmt: skip
_AUTOMATIC = frozenset({"AutoField", "BigAutoField", "PrimaryKeyField", "IdentityField", "RowIDField"})
_KEYS = frozenset({"ForeignKeyField", "DeferredForeignKey"})

_READS = frozenset({"select", "get", "get_or_none", "get_by_id", "filter", "raw", "get_or_create", "aio_get", "aio_get_or_none", "aio_get_or_create"})  # fmt: skip
_WRITES = frozenset(
    {
        "create", "insert", "insert_many", "insert_from", "replace", "replace_many", "update", "delete", "bulk_create", "bulk_update",
        "set_by_id", "delete_by_id", "get_or_create", "truncate_table", "aio_create", "aio_get_or_create",
    }
)  # fmt: skip
_INSTANCE_WRITES = frozenset({"save", "delete_instance", "aio_save", "aio_delete_instance"})
_USED = _READS | _WRITES | {"create_table", "table_exists", "drop_table"}
_JOINS = {"join": 0, "join_from": 1, "left_outer_join": 0}
_UNITS = frozenset({"atomic", "transaction", "savepoint"})
_DATABASES = frozenset({"Database", "SqliteDatabase", "PostgresqlDatabase", "MySQLDatabase", "CockroachDatabase"})


def detect(program: Program) -> Iterator[Fact]:
    """Tables, keys, accesses and transactions; nothing when the target does not import Peewee."""
    if not program.imported.isdisjoint(_PACKAGES):
        yield from Peewee(program).facts()


def _field(dotted: str) -> str:
    """The field class that a dotted name stands for: ``CharField``."""
    package, _, last = dotted.rpartition(".")
    known = last in _TYPES or last in _KEYS or last == "ManyToManyField"
    return last if known and package.partition(".")[0] in _PACKAGES else ""


class Mapped(msgspec.Struct, frozen=True):
    """A model: its table, and its fields by attribute."""

    id: str
    table: str
    fields: dict[str, Attribute]
    columns: dict[str, Column]


class Peewee:
    """All models of the target, then what is done with them."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.objects = Objects(program, _database)
        self.bases = (*_MODELS, *self._wrapped())
        self.classes = frozenset(program.subclasses(*self.bases))
        self.mapped: dict[str, Mapped] = {}
        self.by_name: dict[str, list[str]] = {}
        self.unresolved: list[Unresolved] = []

    def facts(self) -> Iterator[Fact]:
        used = self._used()
        for id in sorted(self.classes):
            if self._is_table(id, used):
                self.mapped[id] = self._mapped(id)
                self.by_name.setdefault(id.rpartition(".")[2], []).append(id)
        for model in self.mapped.values():
            yield self._table(model)
        for model in self.mapped.values():
            yield from self._relations(model)
        yield from self.unresolved
        yield from self._accesses()
        yield from self._transactions()

    def _wrapped(self) -> Iterator[str]:
        """``db_wrapper.Model`` where ``db_wrapper = FlaskDB(app)``."""
        if "playhouse" not in self.program.imported:
            return
        for module in self.program.modules.values():
            for binding in module.bindings:
                if isinstance(binding.value, Chain) and self.program.evaluate(binding.value).id == _WRAPPER:
                    yield f"{binding.scope or module.name}.{binding.name}.Model"

    # --- which classes have a table ------------------------------------------------------------------

    def _used(self) -> frozenset[str]:
        """Model classes that are more than a base of others: rows of them are read, written or pointed at."""
        found: set[str] = set()
        rows = Rows(self.program, lambda id: id if id in self.classes else "")
        for _, use, _, _ in uses(self.program):
            # What a base does with ``cls`` and ``self`` it does with the models that inherit from it.
            called = rows.calls(use) if use.chain.origin == "global" else None
            if called is not None and ((called.calls and called.calls[0][0] in _USED) or called.instance):
                found.add(called.model)
        for id in self.classes:
            for field in attributes(self.program, id, _field, ()).values():
                given = argument(field.call, 0, "model", "rel_model")
                if field.maker in _KEYS and isinstance(given, Chain):
                    found.add(self.program.head(given)[0].id)
        return frozenset(found)

    def _is_table(self, id: str, used: frozenset[str]) -> bool:
        """A model that others inherit from and that nothing else names only carries the database, options or common fields."""
        return id in used or self._option(id, "table_name", "db_table") is not None or not self.program.subclasses(id)

    def _option(self, id: str, *names: str) -> Binding | None:
        """An option of the class's own ``Meta``."""
        meta = self.program.members(id).get("Meta")
        bound = self.program.bindings(meta.id) if meta is not None else {}
        return next((bound[name][-1] for name in names if name in bound), None)

    def _inherited(self, id: str, name: str) -> tuple[Binding | None, str]:
        """An option that models take over from their bases, and the class that declares it."""
        for owner in (id, *self.program.ancestors(id)):
            found = self._option(owner, name)
            if found is not None:
                return found, owner
        return None, ""

    # --- tables ---------------------------------------------------------------------------------------

    def _mapped(self, id: str) -> Mapped:
        parents = tuple(each for each in self.program.ancestors(id) if each in self.classes)
        fields = attributes(self.program, id, _field, parents)
        columns = {name: column for name, each in fields.items() if (column := self._column(each)) is not None}
        primary = self._option(id, "primary_key")
        composite = self._composite(primary.value) if primary is not None else ()
        for name in composite:
            if name in columns:
                columns[name] = msgspec.structs.replace(columns[name], primary_key=True)
        keyless = primary is not None and self.program.constant(primary.value) is False
        if not keyless and not any(column.primary_key for column in columns.values()):
            columns = {"id": Column("id", "id", "integer", primary_key=True, auto=True, declared="peewee.AutoField"), **columns}
        return Mapped(id, self._table_name(id), fields, columns)

    def _composite(self, value: Expression) -> tuple[str, ...]:
        if isinstance(value, Chain) and value.steps and isinstance(value.steps[-1], Call) and self.program.head(value)[0].id == "peewee.CompositeKey":
            return tuple(name for each in value.steps[-1].arguments if (name := literal(self.program, each)))
        return ()

    def _table_name(self, id: str) -> str:
        name = id.rpartition(".")[2]
        given = self._option(id, "table_name", "db_table")
        text = literal(self.program, given.value) if given is not None else None
        if text is None and given is not None:
            self.unresolved.append(Unresolved("table", id, "its name is computed", self.program.place(id)))
        made, owner = self._inherited(id, "table_function")
        legacy, _ = self._inherited(id, "legacy_table_names")
        if text is None and made is not None:
            text = self._made(made, owner, name)
            if text is None:
                self.unresolved.append(Unresolved("table", id, "its name is made by a function", self.program.place(id)))
        if text is None and legacy is not None and self.program.constant(legacy.value) is False:
            text = _snake(name)
        text = text or re.sub(r"\W+", "_", name.lower())
        schema, _ = self._inherited(id, "schema")
        prefix = literal(self.program, schema.value) if schema is not None else None
        return f"{prefix}.{text}" if prefix else text

    def _made(self, binding: Binding, owner: str, name: str) -> str | None:
        """The name that a ``table_function`` gives where its body is one of the usual: the class's name, lower, snake or prefixed."""
        if isinstance(binding.value, Chain):
            state, _ = self.program.head(binding.value)
            definition = self.program.definition(state.id)
            returned = self.program.returned(definition) if definition is not None else ()
            if len(returned) == 1:
                return self._named(returned[0], name)
        return None

    def _named(self, expression: Expression, name: str) -> str | None:
        """``model.__name__`` with what a table function makes of it."""
        if isinstance(expression, Constant) and isinstance(expression.value, str):
            return expression.value
        if not isinstance(expression, Chain):
            return None
        if expression.steps and expression.steps[-1] == Call() and expression.steps[-2:-1] == ("lower",):
            inner = self._named(Chain(expression.root, expression.origin, expression.steps[:-2]), name)
            return inner.lower() if inner is not None else None
        if expression.origin in ("parameter", "instance") and expression.steps == ("__name__",):
            return name
        state, rest = self.program.head(expression)
        if state.id == "peewee.make_snake_case" and rest and isinstance(rest[0], Call) and rest[0].arguments:
            inner = self._named(rest[0].arguments[0], name)
            return _snake(inner) if inner is not None else None
        return None

    def _column(self, field: Attribute) -> Column | None:
        program, call = self.program, field.call
        if field.maker == "ManyToManyField":
            return None
        name = literal(program, keyword(call, "column_name", "db_column"))
        kind = _TYPES.get(field.maker, "integer")
        if field.maker in _KEYS:
            name = name or (field.name if field.name.endswith("_id") else f"{field.name}_id")
        length = program.constant(keyword(call, "max_length"))
        if length is None and kind == "string":
            length = 255
        return Column(
            name or field.name,
            field.name,
            kind,
            nullable=program.constant(keyword(call, "null")) is True,
            primary_key=program.constant(keyword(call, "primary_key")) is True or field.maker in _AUTOMATIC,
            unique=program.constant(keyword(call, "unique")) is True,
            default=source(keyword(call, "default")),
            declared=f"peewee.{field.maker}",
            max_length=length if isinstance(length, int) and kind == "string" else None,
            auto=field.maker in _AUTOMATIC,
            line=field.at.line,
        )

    def _table(self, model: Mapped) -> Table:
        place = self.program.place(model.id)
        return Table(model.table, model.id, place, "peewee", "entity", model.id.rpartition(".")[2], (model.id,), tuple(model.columns.values()))

    # --- relations ------------------------------------------------------------------------------------

    def _relations(self, model: Mapped) -> Iterator[Fact]:
        for field in model.fields.values():
            if field.maker in _KEYS:
                yield from self._key(model, field)
            elif field.maker == "ManyToManyField":
                yield from self._many(model, field)

    def _key(self, model: Mapped, field: Attribute) -> Iterator[Fact]:
        given = argument(field.call, 0, "model", "rel_model", "rel_model_name")
        target = self._target(given, model, field)
        if target is None:
            yield Unresolved("foreign-key", source(given)[:160], "the model that it points to is not known", field.at)
            return
        column = model.columns[field.name]
        yield ForeignKey(
            model.table,
            column.name,
            field.name,
            target.table,
            "one-to-one" if column.unique or column.primary_key else "many-to-one",
            field.at,
            (literal(self.program, argument(field.call, 3, "on_delete")) or "").upper(),
            self._accessor(model, field),
            nullable=column.nullable,
            model=model.id,
            target_model=target.id,
        )

    def _accessor(self, model: Mapped, field: Attribute) -> str:
        """The attribute on the other side; Peewee gives a declared name to the class that declares it alone, not to those that inherit."""
        call = field.call if field.owner == model.id else Call()
        return self._backref(call, 2, f"{model.id.rpartition('.')[2].lower()}_set")

    def _backref(self, call: Call, position: int, default: str) -> str:
        given = literal(self.program, argument(call, position, "backref", "related_name"))
        return default if given is None else "" if given in ("+", "!") else given

    def _target(self, given: Expression | None, model: Mapped, field: Attribute) -> Mapped | None:
        if isinstance(given, Chain):
            return self.mapped.get(self.program.head(given)[0].id)
        name = literal(self.program, given)
        if name == "self":
            return model
        found = self.by_name.get(name or "", [])
        return self.mapped[found[0]] if len(found) == 1 else None

    def _many(self, model: Mapped, field: Attribute) -> Iterator[Fact]:
        given = argument(field.call, 0, "model", "rel_model")
        target = self._target(given, model, field)
        if target is None:
            yield Unresolved("foreign-key", source(given)[:160], "the model that it points to is not known", field.at)
            return
        through = argument(field.call, 2, "through_model")
        declared = self._through(through, field)
        if through is not None and declared is None:
            yield Unresolved("foreign-key", source(through)[:160], "the model of the join table is not known", field.at)
            return
        first, second = (each.id.rpartition(".")[2].lower() for each in (model, target))
        bare = model.table.rpartition(".")[2], target.table.rpartition(".")[2]
        schema = model.table.rpartition(".")[0]
        table = declared.table if declared is not None else f"{f'{schema}.' if schema else ''}{'_'.join(bare)}_through"
        backref = self._backref(field.call, 1, f"{first}s")
        yield ForeignKey(
            model.table, "", field.name, target.table, "many-to-many", field.at, "", backref, table, model=model.id, target_model=target.id
        )  # fmt: skip
        if declared is not None:
            return
        names = (f"{first}_id", f"{second}_id")
        columns = (
            Column("id", "id", "integer", primary_key=True, auto=True, declared="peewee.AutoField"),
            *(Column(name, name.removesuffix("_id"), "integer", declared="peewee.ForeignKeyField") for name in names),
        )
        yield Table(table, "", field.at, "peewee", "join", columns=columns)
        for name, end in zip(names, (model, target), strict=True):
            on_delete = (literal(self.program, keyword(field.call, "on_delete")) or "").upper()
            yield ForeignKey(table, name, name.removesuffix("_id"), end.table, "many-to-one", field.at, on_delete, target_model=end.id)

    def _through(self, given: Expression | None, field: Attribute) -> Mapped | None:
        """The model of a join table: the class itself, or what a ``DeferredThroughModel`` is given later."""
        if not isinstance(given, Chain):
            return None
        state, _ = self.program.head(given)
        if state.id in self.mapped:
            return self.mapped[state.id]
        if state.kind != "binding":
            return None
        for _, use, _, _ in uses(self.program):
            call = use.chain.steps[-1] if use.chain.steps else None
            if isinstance(call, Call) and call.arguments and use.chain.steps[-2:-1] in (("set_model",), ("set_through_model",)):
                on = self.program.head(use.chain)[0]
                found = self.program.head(call.arguments[0])[0].id if isinstance(call.arguments[0], Chain) else ""
                if on.id == state.id and found in self.mapped:
                    return self.mapped[found]
        return None

    # --- accesses -------------------------------------------------------------------------------------

    def _model(self, id: str) -> str:
        return id if id in self.mapped else ""

    def _accesses(self) -> Iterator[Fact]:
        if not self.mapped:
            return
        seen: set[Access] = set()
        rows = Rows(self.program, self._model)
        for _, use, scope, at in uses(self.program):
            called = rows.calls(use)
            if called is None:
                continue
            for id, mode in self._touched(called):
                access = Access(scope, self.mapped[id].table, mode, at, "orm", called.certain)
                if access not in seen:
                    seen.add(access)
                    yield access

    def _touched(self, called: Calls) -> Iterator[tuple[str, Mode]]:
        """Models that an expression reads or writes."""
        names = [name for name, _ in called.calls]
        if called.subscripted:
            yield called.model, "read"
        if _INSTANCE_WRITES & {*names}:
            yield called.model, "write"
        if not called.instance and not called.continued and names:
            if names[0] in _READS:
                yield called.model, "read"
            if names[0] in _WRITES:
                yield called.model, "write"
        for name, call in called.calls:
            if name in _JOINS or (name == "select" and not called.continued):
                given = call.arguments[_JOINS.get(name, 0) :]
                yield from ((id, "read") for id in self._named_models(given[:1] if name in _JOINS else given))

    def _named_models(self, given: tuple[Expression, ...]) -> Iterator[str]:
        for each in given:
            if isinstance(each, Chain):
                state, _ = self.program.head(each)
                if state.id in self.mapped:
                    yield state.id

    def _transactions(self) -> Iterator[Transaction]:
        """``with db.atomic():`` and ``@db.atomic()`` on a database object of the target."""
        for module in self.program.modules.values():
            for block in module.blocks:
                if self._is_unit(block.manager, module.name, block.scope):
                    yield Transaction(block.scope or module.name, Location(module.path, block.line), block.end_line)
            for definition in module.definitions:
                if any(self._is_unit(each, module.name, definition.parent) for each in definition.decorators):
                    yield Transaction(definition.id, Location(module.path, definition.line), definition.end_line, "decorator")

    def _is_unit(self, expression: Expression, module: str, scope: str) -> bool:
        if not isinstance(expression, Chain) or not any(step in _UNITS for step in expression.steps if isinstance(step, str)):
            return False
        found = self.objects.receiver(expression, module, scope)
        return found is not None and expression.steps[found[1] : found[1] + 1] in tuple((name,) for name in _UNITS)


def _database(dotted: str) -> str:
    """``database`` for what holds the connection: Peewee's own classes, pooled ones, proxies."""
    package, _, last = dotted.rpartition(".")
    known = package.partition(".")[0] in _PACKAGES
    return "database" if known and (last.endswith("Database") or last in ("Proxy", "DatabaseProxy", "FlaskDB") or last in _DATABASES) else ""


def _snake(name: str) -> str:
    """``UserProfile`` -> ``user_profile``, by Peewee's own rule."""
    first = re.sub(r"(.)_*([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z0-9])_*([A-Z])", r"\1_\2", first).lower()


