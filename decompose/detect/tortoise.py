"""Tortoise ORM: models with their tables and keys, many-to-many relations, and the calls on models that read or write."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from decompose.link.expressions import argument, keyword, literal, source
from decompose.link.program import Program
from decompose.link.records import Attribute, Calls, Rows, attributes, uses
from decompose.model.facts import Access, Column, Fact, ForeignKey, Mode, Table, Transaction, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import Call, Chain, Expression

_MODELS = ("tortoise.models.Model", "tortoise.Model")

_TYPES: dict[str, str] = {
    "IntField": "integer", "SmallIntField": "integer", "BigIntField": "big", "CharField": "string", "TextField": "text",
    "BooleanField": "boolean", "FloatField": "float", "DecimalField": "decimal", "DateField": "date", "DatetimeField": "datetime",
    "TimeField": "time", "TimeDeltaField": "duration", "UUIDField": "uuid", "JSONField": "json", "BinaryField": "binary",
    "IntEnumField": "integer", "CharEnumField": "string", "IntEnumFieldInstance": "integer", "CharEnumFieldInstance": "string",
    "ArrayField": "json", "TSVectorField": "text",
}  # fmt: skip
_KEYS = {
    "ForeignKeyField": "many-to-one", "OneToOneField": "one-to-one", "ForeignKeyFieldInstance": "many-to-one", "OneToOneFieldInstance": "one-to-one",
}  # fmt: skip
_MANY = frozenset({"ManyToManyField", "ManyToManyFieldInstance"})

_READS = frozenset(
    {
        "filter", "all", "get", "get_or_none", "first", "last", "latest", "earliest", "exclude", "annotate", "in_bulk", "exists", "raw", "get_or_create",
        "update_or_create", "prefetch_related", "select_related", "values", "values_list", "count", "order_by", "select_for_update", "fetch_for_list",
    }
)  # fmt: skip
_WRITES = frozenset({"create", "bulk_create", "bulk_update", "get_or_create", "update_or_create"})
_SET_WRITES = frozenset({"update", "delete"})
_INSTANCE_WRITES = frozenset({"save", "delete"})
_WALKS = frozenset({"prefetch_related", "select_related", "fetch_related", "values", "values_list", "order_by"})
_CONDITIONS = frozenset({"filter", "exclude", "get", "get_or_none", "exists"})
_UNITS = frozenset({"tortoise.transactions.in_transaction", "tortoise.transactions.atomic"})


def detect(program: Program) -> Iterator[Fact]:
    """Tables, keys, accesses and transactions; nothing when the target does not import Tortoise."""
    if "tortoise" in program.imported:
        yield from Tortoise(program).facts()


def _field(dotted: str) -> str:
    package, _, last = dotted.rpartition(".")
    known = last in _TYPES or last in _KEYS or last in _MANY
    return last if known and package.partition(".")[0] == "tortoise" else ""


class Mapped(msgspec.Struct, frozen=True):
    """A model: its table with schema, its fields and columns by attribute; ``primary`` is the column that keys point at."""

    id: str
    table: str
    schema: str
    fields: dict[str, Attribute]
    columns: dict[str, Column]

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}" if self.schema else self.table


class Tortoise:
    """All models of the target, then what is done with them."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.mapped: dict[str, Mapped] = {}
        self.by_name: dict[str, list[Mapped]] = {}
        self.related: dict[str, dict[str, str]] = {}
        """Model reached from a model by the name of a relation, forwards and backwards."""
        self.unresolved: list[Unresolved] = []

    def facts(self) -> Iterator[Fact]:
        for id in self.program.subclasses(*_MODELS):
            if not self._abstract(id) and not self._is_base(id):
                model = self.mapped[id] = self._mapped(id)
                self.by_name.setdefault(id.rpartition(".")[2], []).append(model)
        for model in self.mapped.values():
            label = model.id.rpartition(".")[2]
            yield Table(
                model.name, model.id, self.program.place(model.id), "tortoise", "entity", label, (model.id,), tuple(model.columns.values())
            )  # fmt: skip
        for model in self.mapped.values():
            for field in model.fields.values():
                if field.maker in _KEYS:
                    yield from self._key(model, field)
                elif field.maker in _MANY:
                    yield from self._many(model, field)
        yield from self.unresolved
        yield from self._accesses()
        yield from self._transactions()

    # --- tables ---------------------------------------------------------------------------------------

    def _option(self, id: str, name: str) -> Expression | None:
        """An option of the model's own ``Meta``, or of the class that ``Meta`` inherits from."""
        meta = self.program.members(id).get("Meta")
        for owner in (meta.id, *self.program.ancestors(meta.id)) if meta is not None else ():
            bound = self.program.bindings(owner).get(name)
            if bound:
                return bound[-1].value
        return None

    def _abstract(self, id: str) -> bool:
        meta = self.program.members(id).get("Meta")
        bound = self.program.bindings(meta.id).get("abstract") if meta is not None else None
        return bool(bound) and bound is not None and self.program.constant(bound[-1].value) is True

    def _is_base(self, id: str) -> bool:
        """A class that others inherit from and that declares neither fields nor a table is no model of its own."""
        declares = self._option(id, "table") is not None or attributes(self.program, id, _field, ())
        return not declares and bool(self.program.subclasses(id))

    def _mapped(self, id: str) -> Mapped:
        fields = attributes(self.program, id, _field)
        columns = {name: self._column(each) for name, each in fields.items() if each.maker not in _MANY}
        if not any(column.primary_key for column in columns.values()):
            columns = {"id": Column("id", "id", "integer", primary_key=True, auto=True, declared="tortoise.fields.IntField"), **columns}
        given = self._option(id, "table")
        name = literal(self.program, given)
        if given is not None and name is None:
            self.unresolved.append(Unresolved("table", id, "its name is computed", self.program.place(id)))
        schema = literal(self.program, self._option(id, "schema"))
        return Mapped(id, name or id.rpartition(".")[2].lower(), schema or "", fields, columns)

    def _column(self, field: Attribute) -> Column:
        program, call = self.program, field.call
        name = literal(program, keyword(call, "source_field", "db_column"))
        primary = any(program.constant(keyword(call, each)) is True for each in ("pk", "primary_key"))
        kind = _TYPES.get(field.maker, "integer")
        length = program.constant(argument(call, 0, "max_length")) if field.maker == "CharField" else None
        generated = program.constant(keyword(call, "generated"))
        return Column(
            name or (f"{field.name}_id" if field.maker in _KEYS else field.name),
            field.name,
            kind,
            nullable=program.constant(keyword(call, "null")) is True,
            primary_key=primary,
            unique=program.constant(keyword(call, "unique")) is True or _KEYS.get(field.maker) == "one-to-one",
            default=source(keyword(call, "default")),
            declared=f"tortoise.fields.{field.maker}",
            max_length=length if isinstance(length, int) else None,
            auto=primary and kind in ("integer", "big") and generated is not False,
            line=field.at.line,
        )

    # --- relations ------------------------------------------------------------------------------------

    def _target(self, field: Attribute) -> Mapped | None:
        given = argument(field.call, 0, "model_name", "to", "reference")
        if isinstance(given, Chain):
            found = self.mapped.get(self.program.head(given)[0].id)
            if found is not None:
                return found
        name = literal(self.program, given) or ""
        label, _, last = name.rpartition(".")
        named = self.by_name.get(last, [])
        if len(named) > 1:
            named = [each for each in named if label in each.id.split(".")] or [each for each in named if each.id.rpartition(".")[0] == field.owner.rpartition(".")[0]]
        return named[0] if len(named) == 1 else None

    def _unknown(self, field: Attribute) -> Unresolved:
        text = source(argument(field.call, 0, "model_name", "to", "reference"))[:160]
        return Unresolved("foreign-key", text, "the model that it points to is not known", field.at)

    def _related_name(self, field: Attribute, position: int, default: str) -> str:
        given = argument(field.call, position, "related_name")
        if given is not None and self.program.constant(given) is False:
            return ""
        return literal(self.program, given) or default

    def _relate(self, model: Mapped, name: str, target: Mapped, back: str) -> None:
        self.related.setdefault(model.id, {})[name] = target.id
        if back:
            self.related.setdefault(target.id, {})[back] = model.id

    def _key(self, model: Mapped, field: Attribute) -> Iterator[Fact]:
        target = self._target(field)
        if target is None:
            yield self._unknown(field)
            return
        column = model.columns[field.name]
        back = self._related_name(field, 1, f"{model.table}s")
        self._relate(model, field.name, target, back)
        yield ForeignKey(
            model.name,
            column.name,
            field.name,
            target.name,
            "one-to-one" if _KEYS[field.maker] == "one-to-one" else "many-to-one",
            field.at,
            self._on_delete(field, 2),
            back,
            nullable=column.nullable,
            model=model.id,
            target_model=target.id,
        )

    def _on_delete(self, field: Attribute, position: int) -> str:
        given = argument(field.call, position, "on_delete")
        if given is None:
            return "CASCADE"
        text = literal(self.program, given) or source(given).rpartition(".")[2]
        return text.upper().replace("_", " ")

    def _many(self, model: Mapped, field: Attribute) -> Iterator[Fact]:
        target = self._target(field)
        if target is None:
            yield self._unknown(field)
            return
        call, program = field.call, self.program
        through = literal(program, argument(call, 1, "through")) or f"{model.table}_{target.table}"
        forward = literal(program, argument(call, 2, "forward_key")) or f"{target.id.rpartition('.')[2].lower()}_id"
        backward = literal(program, argument(call, 3, "backward_key")) or f"{model.table}_id"
        if backward == forward:
            backward = f"{model.table}_rel_id"
        back = self._related_name(field, 4, f"{model.table}s")
        self._relate(model, field.name, target, back)
        full = f"{model.schema}.{through}" if model.schema else through
        yield ForeignKey(
            model.name, "", field.name, target.name, "many-to-many", field.at, "", back, full, model=model.id, target_model=target.id
        )  # fmt: skip
        if any(each.name == full for each in self.mapped.values()):
            return
        columns = tuple(Column(name, name.removesuffix("_id"), "integer") for name in (backward, forward))
        yield Table(full, "", field.at, "tortoise", "join", columns=columns)
        on_delete = self._on_delete(field, 5)
        for name, end in ((backward, model), (forward, target)):
            yield ForeignKey(full, name, name.removesuffix("_id"), end.name, "many-to-one", field.at, on_delete, target_model=end.id)

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
            for id, mode in self._touched(called) if called is not None else ():
                access = Access(scope, self.mapped[id].name, mode, at, "orm", called is not None and called.certain)
                if access not in seen:
                    seen.add(access)
                    yield access

    def _touched(self, called: Calls) -> Iterator[tuple[str, Mode]]:
        """Models that an expression reads or writes, with those that its lookups walk through."""
        names = [name for name, _ in called.calls]
        if not names:
            return
        if called.instance or called.continued:
            if called.instance and names[0] == "refresh_from_db":
                yield called.model, "read"
            if names[-1] in (_INSTANCE_WRITES | _SET_WRITES if called.continued else _INSTANCE_WRITES):
                yield called.model, "write"
        else:
            if names[0] in _READS and not (names[-1] in _SET_WRITES and len(names) > 1):
                yield called.model, "read"
            if names[0] in _WRITES or (names[-1] in _SET_WRITES and len(names) > 1):
                yield called.model, "write"
        for name, call in called.calls:
            yield from ((id, "read") for id in self._walked(called.model, name, call))

    def _walked(self, model: str, name: str, call: Call) -> Iterator[str]:
        paths: list[str] = []
        if name in _WALKS:
            paths = [text.lstrip("-") for each in call.arguments if (text := literal(self.program, each))]
        elif name in _CONDITIONS:
            paths = [key for key, _ in call.keywords]
        for path in paths:
            reached = model
            for part in path.split("__"):
                following = self.related.get(reached, {}).get(part)
                if following is None:
                    break
                reached = following
                # A key compared with a value stands in the model's own table.
                if name in _WALKS or path.rpartition("__")[2] != part:
                    yield reached

    def _transactions(self) -> Iterator[Transaction]:
        for module in self.program.modules.values():
            for block in module.blocks:
                if self._is_unit(block.manager):
                    yield Transaction(block.scope or module.name, Location(module.path, block.line), block.end_line)
            for definition in module.definitions:
                if any(self._is_unit(each) for each in definition.decorators):
                    yield Transaction(definition.id, Location(module.path, definition.line), definition.end_line, "decorator")

    def _is_unit(self, expression: Expression) -> bool:
        return isinstance(expression, Chain) and expression.origin == "global" and self.program.head(expression)[0].id in _UNITS
