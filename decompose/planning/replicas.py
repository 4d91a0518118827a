"""Models of other contexts whose rows a service keeps as shadows: the key and the columns that moved code reads, nothing more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile

from decompose.model.facts import Column, Table
from decompose.model.location import Location
from decompose.model.migration import Field, Operation, Replica
from decompose.model.syntax import Bound, Call, Chain, Constant, Definition, Sequence
from decompose.planning.parameters import parameter_uses
from decompose.planning.placement import Cut
from decompose.planning.sight import Sight
from decompose.planning.types import USER_MODELS, Types


def replicas(sight: Sight, cut: Cut, types: Types, operations: Iterable[Operation]) -> tuple[Replica, ...]:
    """The shadow rows of one context, sorted by model."""
    need = _Need(sight, cut, types)
    need.collect(operations)
    return tuple(need.replica(model) for model in sorted(need.paths))


class _Need:
    """Which attributes of which outside models moved code reads, and where."""

    def __init__(self, sight: Sight, cut: Cut, types: Types) -> None:
        self._sight = sight
        self._cut = cut
        self._types = types
        self.paths: dict[str, set[str]] = {}
        self._parents: dict[str, dict[str, str]] = {}
        self._reasons: dict[str, set[Location]] = {}

    def collect(self, operations: Iterable[Operation]) -> None:
        sight, cut = self._sight, self._cut
        for key in sight.keys_from.of(cut.tables):
            if key.target not in cut.tables and key.kind != "many-to-many":
                self._model(key.target_model or self._external(key.target), key.at)
        for mention in cut.outward:
            if sight.model_table(mention.target) is not None:
                self._model(mention.target, mention.at)
        for operation in operations:
            for parameter in operation.parameters:
                kind, _, model = parameter.type.rpartition(":")
                if kind in ("replica", "key") and model not in cut.models:
                    for at in operation.at[:1]:
                        self._model(self._external(model), at)
        for given in parameter_uses(sight, operations):
            if not given.method:
                self._path(given.model, [*given.path], given.at)
        placed = cut.moved | cut.shared
        for use in sight.uses_in.of({*placed, *(sight.reach.unit(method) for method in cut.managers.methods)}):
            shared_method = use.definition in cut.managers.methods and use.model in cut.managers.declared
            if shared_method or (sight.reach.unit(use.definition) in placed and not self._manager(use.definition)):
                for path in (*use.attributes, *(keyword.replace("__", ".") for keyword in use.keywords)):
                    self._path(use.model, path.split("."), use.at)
                if use.head == "accessor":
                    self._path(use.model, _beyond(use.shape), use.at)
        for unit in sorted(placed):
            self._logged_in(unit)
            self._serializer_sources(unit)
            self._serializer_fields(unit)

    def _logged_in(self, unit: str) -> None:
        """What is read of Flask-Login's ``current_user``: the row of a user behind a proxy."""
        module = self._sight.program.module_of(unit)
        for use in self._sight.within(unit) if unit != module else ():
            steps = [step for step in use.chain.steps if not isinstance(step, Bound)]
            if use.chain.root in CURRENT_USER and use.chain.origin == "global":
                if steps[:1] == ["_get_current_object"]:
                    steps = steps[2:]
                names = list(takewhile(lambda step: isinstance(step, str), steps))
                self._model(self._sight.user_model, self._sight.program.at(module, use.span.line))
                self._path(self._sight.user_model, [str(name) for name in names], self._sight.program.at(module, use.span.line))

    def _manager(self, definition: str) -> bool:
        """Whether this is a method of a manager of which only some methods are shared."""
        return self._sight.reach.unit(definition) in self._cut.managers.classes

    def _external(self, model: str) -> str:
        """The model behind a table or class name that the project may not define itself."""
        table = self._sight.tables.get(model)
        if table is not None and table.model:
            return table.model
        if model == "auth_user" or model in USER_MODELS:
            return self._sight.user_model
        return model

    def _model(self, model: str, at: Location) -> None:
        if model in self._cut.models:
            return
        self.paths.setdefault(model, set())
        self._reasons.setdefault(model, set()).add(at)

    def _path(self, model: str, names: list[str], at: Location) -> None:
        """Follows an attribute path; every outside model on it gets the attribute that is read of it."""
        table = self._sight.model_table(model)
        for index, name in enumerate(names):
            if table is None:
                return
            relation = self._types.relation(table.id, name)
            outside = model not in self._cut.models
            if relation is not None and relation.kind != "many-to-many" and self._types.gives_row(relation, name):
                target = relation.target_model or self._external(relation.target)
                if outside:
                    self._model(model, at)
                    self._parents.setdefault(model, {})[name] = target
                if target not in self._cut.models and (outside or index + 1 < len(names)):
                    self._model(target, at)
                model, table = target, self._sight.model_table(target)
                continue
            if outside and (self._column(table, name) is not None or self._computed(model, name)):
                self._model(model, at)
                self.paths[model].add(name)
            return

    def _column(self, table: Table, name: str) -> Column | None:
        return next((column for column in table.columns if name in (column.field, column.name)), None)

    def _computed(self, model: str, name: str) -> bool:
        member = self._sight.program.member(model, name)
        return isinstance(member, Definition) and self._sight.program.is_property(member)

    def _serializer_sources(self, unit: str) -> None:
        """``source="product.name"`` in serializer fields: attribute paths given as strings."""
        program = self._sight.program
        for bindings in program.bindings(unit).values():
            for binding in bindings:
                for source in _sources(binding.value):
                    if "." not in source:
                        self._own_source(unit, source, program.at(program.module_of(unit), binding.line))
                        continue
                    for model in sorted(self._cut.models):
                        self._path(model, source.split("."), program.at(program.module_of(unit), binding.line))

    def _own_source(self, unit: str, name: str, at: Location) -> None:
        """``source="display_name"``: an attribute of the serializer's own model."""
        program = self._sight.program
        meta = program.members(unit).get("Meta")
        options = program.bindings(meta.id) if meta is not None else {}
        if "model" in options and isinstance(options["model"][-1].value, Chain):
            self._path(program.head(options["model"][-1].value)[0].id, [name], at)

    def _serializer_fields(self, unit: str) -> None:
        """``class Meta: model = User; fields = ["username"]``: columns named as strings, by serializers and forms."""
        program = self._sight.program
        meta = program.members(unit).get("Meta")
        if meta is None:
            return
        options = program.bindings(meta.id)
        if "model" not in options or "fields" not in options:
            return
        value, fields = options["model"][-1].value, options["fields"][-1].value
        if isinstance(value, Chain) and isinstance(fields, Sequence):
            model = program.head(value)[0].id
            at = program.at(program.module_of(unit), options["fields"][-1].line)
            for item in fields.items:
                name = program.constant(item)
                if isinstance(name, str):
                    self._path(model, [name], at)

    def replica(self, model: str) -> Replica:
        """The shadow of one model with everything collected for it."""
        table = self._sight.model_table(model)
        user = model == self._sight.user_model
        reasons = tuple(sorted(self._reasons[model]))
        if table is None or not table.columns:
            label = "auth.User" if user else ".".join(model.split(".")[-3::2])
            name = table.id if table is not None else "auth_user" if user else label.replace(".", "_").lower()
            fields = tuple(Field(each, "string") for each in sorted(self.paths[model]))
            return Replica(model, label, name, Field("id", "integer"), fields, user=user, reasons=reasons)
        key = next((column for column in table.columns if column.primary_key), table.columns[0])
        # A key that is itself a relation is kept as a plain column, and a relation that is kept brings its column along.
        parents = tuple(sorted((name, target) for name, target in self._parents.get(model, {}).items() if name != key.field))
        kept = {key.field, key.name} | {each for column in table.columns if column.field in dict(parents) for each in (column.field, column.name)}
        fields = tuple(self._field(model, table, name) for name in sorted(self.paths[model] - kept))
        managers = self._cut.managers.declared.get(model, ())
        key_type = self._types.lookup(table, key.name).name or "integer"
        key_name = key.name if self._types.relation(table.id, key.field) is not None else key.field
        return Replica(model, table.label, table.id, Field(key_name, key_type), fields, parents, managers, user, reasons)

    def _field(self, model: str, table: Table, name: str) -> Field:
        column = self._column(table, name)
        if column is not None and self._types.relation(table.id, column.field) is not None:
            return Field(column.name, self._types.lookup(table, column.name).name or "json", True)
        if column is not None:
            return Field(column.field, self._types.lookup(table, column.field).name or "json", True)
        member = self._sight.program.member(model, name)
        found = self._types.returned(member).name if isinstance(member, Definition) else ""
        return Field(name, found or "json", True)


CURRENT_USER = frozenset({"flask_login.current_user", "flask_login.utils.current_user"})


def _beyond(shape: str) -> list[str]:
    """What is read of the row that an accessor gives: ``["name"]`` in ``owner.name``."""
    plain = re.match(r"\w+((?:\.\w+)*)(?![\w(\[])", shape)
    return plain[1].split(".")[1:] if plain else []


def _sources(expression: object) -> Iterator[str]:
    if isinstance(expression, Chain):
        for step in expression.steps:
            if isinstance(step, Call):
                for keyword, value in step.keywords:
                    if keyword == "source" and isinstance(value, Constant) and isinstance(value.value, str):
                        yield value.value
