"""Neutral types of values that cross a boundary, found in annotations, defaults, call sites and bodies.

A type is one of the neutral column types, ``entity:<Name>`` (a row of the context), ``replica:<model>`` (an object of the outside),
``key:<model>``, ``schema:<class>`` (a Pydantic model), ``session`` (does not travel), ``list:<type>``, ``json`` or ``none``. What the text does
not say is ``""``: unknown, never guessed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import msgspec

from decompose.link.program import State
from decompose.model.facts import Annotation, ForeignKey, ModelUse, Table
from decompose.model.syntax import (
    Call,
    Chain,
    Constant,
    Definition,
    Expression,
    Mapping,
    Operation,
    Parameter,
    Sequence,
    Template,
)
from decompose.planning.handles import Handles
from decompose.planning.sight import Sight

_BUILTIN = {
    "int": "integer",
    "str": "string",
    "bool": "boolean",
    "float": "float",
    "bytes": "binary",
    "dict": "json",
    "list": "json",
    "object": "json",
    "None": "none",
}

_EXTERNAL = {
    "decimal.Decimal": "decimal",
    "datetime.datetime": "datetime",
    "datetime.date": "date",
    "datetime.time": "time",
    "datetime.timedelta": "duration",
    "uuid.UUID": "uuid",
    "typing.Any": "json",
    "typing.Mapping": "json",
    "typing.Dict": "json",
    "collections.abc.Mapping": "json",
}

_COLLECTIONS = {
    "list", "tuple", "set", "frozenset", "typing.List", "typing.Sequence", "typing.Iterable", "typing.Tuple", "typing.Set",
    "collections.abc.Sequence", "collections.abc.Iterable", "collections.abc.Collection", "collections.abc.Iterator",
    "django.db.models.QuerySet", "django.db.models.query.QuerySet",
}  # fmt: skip

_SCHEMAS = ("pydantic.BaseModel", "pydantic.main.BaseModel")

USER_MODELS = frozenset({
    "django.contrib.auth.models.User",
    "django.contrib.auth.models.AbstractUser",
    "django.contrib.auth.base_user.AbstractBaseUser",
    "django.contrib.auth.models.AbstractBaseUser",
})
"""What a user is annotated as when the project's own user model is meant."""


class Type(msgspec.Struct, frozen=True):
    """A neutral type; ``name`` is ``""`` when unknown, with ``reason`` where there is more to say about why."""

    name: str
    nullable: bool = False
    reason: str = ""


UNKNOWN = Type("")


class Annotated(msgspec.Struct, frozen=True):
    """Rows of a model that have the ``annotations`` of a query set beside their columns."""

    model: str
    annotations: tuple[Annotation, ...]


class Types:
    """Answers what values are, for one context: ``models`` are its own model classes."""

    def __init__(self, sight: Sight, models: frozenset[str]) -> None:
        self._sight = sight
        self._models = models
        self._handles = Handles(sight)
        self._parameters: dict[tuple[str, int, str], Type] = {}
        self._returned: dict[tuple[str, int], Type] = {}
        self.annotated_rows: dict[str, Annotated] = {}
        """Types of rows with annotations that were asked for, by name."""

    # --- models --------------------------------------------------------------------------------

    def of_model(self, model: str) -> str:
        """The type of an instance of a model class, ``""`` for a class that is no model."""
        if model in self._models:
            return f"entity:{model.rpartition('.')[2]}"
        if self._sight.model_table(model) is not None:
            return f"replica:{model}"
        if model in USER_MODELS:
            return f"replica:{self._sight.user_model}"
        return ""

    def row(self, model: str, annotations: tuple[Annotation, ...]) -> Type:
        """The type of a row with what its query set adds to it: unknown where the type of that is, for it would be lost."""
        plain = self.of_model(model)
        if not annotations or not plain.startswith("entity:"):
            return Type(plain)
        untyped = next((each for each in annotations if not each.type), None)
        if untyped is not None:
            return Type("", reason=lost(untyped))
        annotations = tuple(sorted((msgspec.structs.replace(each, at=None) for each in annotations), key=lambda each: each.name))
        name = f"{plain.removeprefix('entity:')}With{'And'.join(_in_camel_case(each.name) for each in annotations)}"
        rows = Annotated(model, annotations)
        if self.annotated_rows.get(name, rows) != rows:
            name += "".join(f"As{each.type.capitalize()}{'OrNone' if each.nullable else ''}" for each in annotations)
        self.annotated_rows[name] = rows
        return Type(f"entity:{name}")

    def _without_annotations(self, found: Type) -> Type:
        """The type of a row, or of a list of rows, as one without annotations."""
        head, _, name = found.name.rpartition("entity:")
        rows = self.annotated_rows.get(name) if found.name else None
        return msgspec.structs.replace(found, name=f"{head}{self.of_model(rows.model)}") if rows is not None else found

    def relation(self, table: str, field: str) -> ForeignKey | None:
        """The foreign key behind an attribute (``customer``) or its column (``customer_id``)."""
        keys = self._sight.keys.get(table)
        if keys is None:
            return None
        return keys.get(field) or next((key for key in keys.values() if field in (key.column, key.relation)), None)

    def gives_row(self, key: ForeignKey, attribute: str) -> bool:
        """Whether an attribute gives the row that a key refers to, not the key itself."""
        table = self._sight.tables.get(key.table)
        return attribute == (key.relation if table is not None and table.origin == "sqlalchemy" else key.field)

    def lookup(self, table: Table, keyword: str) -> Type:
        """The type of a value given to a lookup such as ``customer``, ``created__gte`` or ``pk__in``."""
        path = keyword.split("__")
        suffix = path[1:]
        name = path[0]
        key = self.relation(table.id, name)
        if key is not None and key.kind != "many-to-many":
            if suffix and suffix[0] not in _LOOKUPS:
                further = self._sight.tables.get(key.target)
                return self.lookup(further, "__".join(suffix)) if further is not None else UNKNOWN
            by_column = not self.gives_row(key, name)
            base = Type(self._key_type(key.target)) if by_column else Type(f"key:{key.target_model or key.target}", key.nullable)
            return _collected(base, suffix)
        for column in table.columns:
            if name in (column.field, column.name) or (name == "pk" and column.primary_key):
                return _collected(Type(_scalar(column.type), column.nullable), suffix)
        return UNKNOWN

    def _key_type(self, table: str) -> str:
        known = self._sight.tables.get(table)
        for column in known.columns if known is not None else ():
            if column.primary_key:
                return _scalar(column.type)
        return "integer"

    def follow(self, model: str, path: str) -> Type:
        """The type at the end of an attribute path on an instance (``customer.email``)."""
        table = self._sight.model_table(model)
        for index, name in enumerate(names := path.split(".")):
            if table is None:
                return UNKNOWN
            key = self.relation(table.id, name)
            last = index == len(names) - 1
            if key is not None and self.gives_row(key, name):
                if last:
                    return Type(self.of_model(key.target_model), key.nullable)
                table = self._sight.tables.get(key.target)
                continue
            return self.lookup(table, name) if last else UNKNOWN
        return UNKNOWN

    # --- annotations ---------------------------------------------------------------------------

    def annotated(self, text: str, module: str) -> Type:
        """The type that an annotation's source text means in a module."""
        if not text:
            return UNKNOWN
        try:
            node = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError):
            return UNKNOWN
        return self._node(node, module)

    def _node(self, node: ast.expr, module: str) -> Type:
        if isinstance(node, ast.Constant):
            if node.value is None:
                return Type("none")
            return self.annotated(node.value, module) if isinstance(node.value, str) else UNKNOWN
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return _union(self._node(node.left, module), self._node(node.right, module))
        if isinstance(node, ast.Subscript):
            outer = self._dotted(node.value, module)
            if outer in ("typing.Optional",):
                return _union(self._node(node.slice, module), Type("none"))
            if outer in ("typing.Annotated", "typing_extensions.Annotated") and isinstance(node.slice, ast.Tuple):
                return self._node(node.slice.elts[0], module)
            if outer in _COLLECTIONS:
                first = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
                inner = self._node(first, module)
                return Type(f"list:{inner.name}") if inner.name else UNKNOWN
            return Type("json") if _EXTERNAL.get(outer) == "json" or outer == "dict" else UNKNOWN
        if isinstance(node, (ast.Name, ast.Attribute)):
            return self._named(self._dotted(node, module))
        return UNKNOWN

    def _dotted(self, node: ast.expr, module: str) -> str:
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        state = self._sight.program.resolve(".".join((module, node.id, *names)))
        if state == State("external", f"{module}.{node.id}") and not names:
            return node.id
        return state.id

    def _named(self, dotted: str) -> Type:
        if not dotted:
            return UNKNOWN
        return Type(_BUILTIN.get(dotted) or _EXTERNAL.get(dotted) or self.of_model(dotted) or self._schema(dotted))

    def _schema(self, dotted: str) -> str:
        """The type of a Pydantic model of the project: it says itself how it is written as JSON."""
        known = self._sight.program.definition(dotted)
        schema = known is not None and known.kind == "class" and self._sight.program.inherits(dotted, *_SCHEMAS)
        return f"schema:{dotted}" if schema else ""

    # --- values --------------------------------------------------------------------------------

    def value(self, expression: Expression, path: str) -> Type:
        """The type of an expression written in the file ``path``."""
        match expression:
            case Constant(value=None):
                return Type("none", True)
            case Constant(value=bool()):
                return Type("boolean")
            case Constant(value=int()):
                return Type("integer")
            case Constant(value=float()):
                return Type("float")
            case Constant() | Template():
                return Type("string")
            case Mapping():
                return Type("json")
            case Sequence(items=items):
                inner = {self.value(item, path).name for item in items}
                return Type(f"list:{inner.pop()}") if len(inner) == 1 and "" not in inner else Type("json") if not items else UNKNOWN
            case Chain():
                return self._chain(expression, path)
            case Operation(operator=operator, operands=operands):
                return self._operation(operator, operands, path)
        return UNKNOWN

    def _operation(self, operator: str, operands: tuple[Expression, ...], path: str) -> Type:
        """A negation or comparison is a truth value; ``and``, ``or`` and ``if`` give one of their operands."""
        if operator == "not" or {*operator.split()} <= _COMPARING:
            return Type("boolean")
        if operator in ("and", "or", "if"):
            found = [self.value(each, path) for each in operands if not is_empty(each)] or [UNKNOWN]
            result = found[0]
            for each in found[1:]:
                result = _union(result, each)
            return result
        return UNKNOWN

    def _chain(self, chain: Chain, path: str) -> Type:
        state = self._sight.program.evaluate(chain)
        if state.kind == "instance":
            named = self._named(state.id)
            if named.name:
                return named
        called = self._called(chain)
        if called.name:
            return called
        use = self._sight.held(chain, path)
        if use is not None:
            return self.result(use)
        match chain:
            case Chain(origin="builtin", root="list" | "tuple" | "sorted", steps=(Call(arguments=(rows, *_)),)):
                found = self.value(rows, path)
                return found if found.name.startswith("list:") else Type("", reason=found.reason)
        if chain.origin == "instance" and chain.steps and all(isinstance(step, str) for step in chain.steps):
            root = self._sight.program.resolve(chain.root).id
            return self.follow(root, ".".join(step for step in chain.steps if isinstance(step, str)))
        return UNKNOWN

    def _called(self, chain: Chain) -> Type:
        """What a call of the project's own function or method at the end of a chain gives back."""
        if not chain.steps or not isinstance(chain.steps[-1], Call):
            return UNKNOWN
        called = self._sight.program.definition(self._sight.program.evaluate(Chain(chain.root, chain.origin, chain.steps[:-1])).id)
        return self.returned(called) if called is not None and called.kind != "class" else UNKNOWN

    def result(self, use: ModelUse) -> Type:
        """The type that a model expression yields."""
        if use.attributes and use.result != "class":
            return self.follow(use.model, use.attributes[-1])
        if use.result == "instance":
            optional = use.shape.endswith((".first()", ".last()"))
            return msgspec.structs.replace(self.row(use.model, use.annotations), nullable=optional)
        if use.result == "queryset":
            inner = self.row(use.model, use.annotations)
            return Type(f"list:{inner.name}") if inner.name else inner
        if use.result == "scalar":
            return Type(scalar_of(use.shape))
        return Type({"values": "json", "none": "none"}.get(use.result, ""))

    # --- functions -----------------------------------------------------------------------------

    def parameter(self, definition: Definition, parameter: Parameter) -> Type:
        """What a parameter takes: by annotation, default, callers and use in the body, in this order."""
        key = (definition.id, definition.line, parameter.name)
        known = self._parameters.get(key)
        if known is None:
            known = self._parameters[key] = self._parameter(definition, parameter)
        return known

    def _parameter(self, definition: Definition, parameter: Parameter) -> Type:
        module = self._sight.program.module_of(definition.id)
        if self._handles.annotated(definition, parameter) or self._handles.used_as_session(definition, parameter):
            return Type("session")
        annotated = self.annotated(parameter.annotation, module)
        if annotated.name:
            return annotated
        given = [found for found in self._arguments(definition, parameter) if found.name and found.name != "none"]
        missed = self._read_of(definition, parameter, given)
        if missed is not None:
            return Type("", reason=f"{definition.id.rpartition('.')[2]}() reads {missed!r} of the rows that it is given, an annotation that does not travel with them")
        names = {self._without_annotations(found).name for found in given}
        if len(names) == 1:
            return Type(names.pop(), parameter.default == "None")
        inside = {found.name for found in self._inside(definition, parameter) if found.name}
        if len(inside) == 1:
            return Type(inside.pop(), parameter.default == "None")
        return self._defaulted(parameter, module)

    def _read_of(self, definition: Definition, parameter: Parameter, given: Iterable[Type]) -> str | None:
        """The annotation of a row that callers give which the function reads."""
        rows = (self.annotated_rows.get(found.name.rpartition("entity:")[2]) for found in given)
        names = {each.name for found in rows if found is not None for each in found.annotations}
        for use in self._sight.scope(definition.id) if names else ():
            if use.chain.origin == "parameter" and use.chain.root == parameter.name:
                read = next((step for step in use.chain.steps if isinstance(step, str)), "")
                if read in names:
                    return read
        return None

    def _defaulted(self, parameter: Parameter, module: str) -> Type:
        try:
            node = ast.parse(parameter.default or "...", mode="eval").body
        except (SyntaxError, ValueError, RecursionError):
            return UNKNOWN
        if isinstance(node, ast.Constant) and node.value not in (None, ...):
            return self.value(Constant(node.value), "") if isinstance(node.value, (str, int, float, bool)) else UNKNOWN
        # An empty display says nothing of what callers put into it.
        items = [self.value(Constant(each.value), "").name for each in getattr(node, "elts", ()) if isinstance(each, ast.Constant) and isinstance(each.value, (str, int, float, bool))]
        if isinstance(node, (ast.List, ast.Tuple)) and len(items) == len(node.elts) and len({*items}) == 1:
            return Type(f"list:{items[0]}")
        return Type("json") if isinstance(node, ast.Dict) and node.keys else UNKNOWN

    def _arguments(self, definition: Definition, parameter: Parameter) -> Iterator[Type]:
        names = [each.name for each in definition.parameters]
        position = names.index(parameter.name)
        for call, path in self._sight.calls(definition.id):
            given = next((value for keyword, value in reversed(call.keywords) if keyword == parameter.name), None)
            if given is None and position < len(call.arguments):
                given = call.arguments[position]
            if given is not None and not is_empty(given):
                yield self.value(given, path)

    def _inside(self, definition: Definition, parameter: Parameter) -> Iterator[Type]:
        """Types of the columns that a parameter is compared with or stored in."""
        path = self._sight.program.modules[self._sight.program.module_of(definition.id)].path
        plain = Chain(parameter.name, "parameter")
        for use in self._sight.scope(definition.id):
            yield from self._compared(use.chain, plain)
            found = self._sight.model_use(path, use.span)
            table = self._sight.model_table(found.model) if found is not None else None
            if table is None:
                continue
            for step in use.chain.steps:
                if isinstance(step, Call):
                    for keyword, value in step.keywords:
                        if value == plain:
                            yield self.lookup(table, keyword)

    def _compared(self, chain: Chain, value: Chain) -> Iterator[Type]:
        """Types of the columns that an expression compares a value with: ``Order.state == state``, ``Order.id.in_(ids)``."""
        waiting: list[Expression] = [each for step in chain.steps if isinstance(step, Call) for each in step.arguments]
        while waiting:
            match waiting.pop():
                case Operation(operands=operands):
                    if value in operands:
                        for each in operands:
                            yield self._column(each)
                    waiting += operands
                case Chain(steps=steps) as inner:
                    calls = [step for step in steps if isinstance(step, Call)]
                    if len(steps) > 1 and steps[-2] == "in_" and calls[-1].arguments == (value,):
                        found = self._column(Chain(inner.root, inner.origin, steps[:-2]))
                        yield Type(f"list:{found.name}") if found.name else found
                    waiting += (each for call in calls for each in call.arguments)

    def _column(self, expression: Expression) -> Type:
        """The type of a column that is named on its class."""
        if not isinstance(expression, Chain) or expression.origin != "global":
            return UNKNOWN
        state, rest = self._sight.program.head(expression)
        table = self._sight.model_table(state.id)
        if table is None or len(rest) != 1 or not isinstance(rest[0], str):
            return UNKNOWN
        return self.lookup(table, rest[0])

    def returned(self, definition: Definition) -> Type:
        """What a function gives back: by annotation, else when all its return statements agree."""
        key = (definition.id, definition.line)
        known = self._returned.get(key)
        if known is None:
            self._returned[key] = UNKNOWN  # what a function that calls itself gives back is not known on the way
            known = self._returned[key] = self._returns(definition)
        return known

    def _returns(self, definition: Definition) -> Type:
        module = self._sight.program.modules[self._sight.program.module_of(definition.id)]
        if definition.returns:
            said = self.annotated(definition.returns, module.name)
            return self._with_annotations(said, definition, module.path) if "entity:" in said.name else said
        if definition.generator:
            return UNKNOWN
        returned = self._sight.program.returned(definition)
        if not returned:
            return Type("none")
        found = [self.value(expression, module.path) for expression in returned]
        result = found[0]
        for each in found[1:]:
            result = _union(result, each)
        return result

    def _with_annotations(self, said: Type, definition: Definition, path: str) -> Type:
        """What a function gives whose annotation names a model's rows, with what their query set adds to them."""
        found = [self.value(expression, path) for expression in self._sight.program.returned(definition)]
        missing = next((each for each in found if each.reason), None)
        if missing is not None:
            return missing
        head, _, _ = said.name.rpartition("entity:")
        names = {each.name.rpartition("entity:")[2] for each in found if "entity:" in each.name}
        added = names & self.annotated_rows.keys()
        if not added:
            return said
        if len(names) > 1:
            several = self.annotated_rows[min(added)].annotations[0]
            return Type("", reason=lost(msgspec.structs.replace(several, at=None, obstacle="only some of the rows have it")))
        return Type(f"{head}entity:{added.pop()}", said.nullable)


_COMPARING = frozenset({"==", "!=", "<", "<=", ">", ">=", "in", "not", "is"})
"""Words of the operators that compare. What a project's own class makes of them is taken for a truth value too, as ``if`` takes it."""

_LOOKUPS = frozenset(
    ["exact", "iexact", "contains", "icontains", "in", "gt", "gte", "lt", "lte", "startswith", "istartswith", "endswith", "iendswith", "range", "isnull", "date", "year", "month", "day", "week", "week_day", "quarter", "time", "hour", "minute", "second", "regex", "iregex"]
)

_LOOKUP_TYPES = {
    "isnull": "boolean", "date": "date", "year": "integer", "month": "integer", "day": "integer", "week": "integer",
    "week_day": "integer", "quarter": "integer", "hour": "integer", "minute": "integer", "second": "integer", "time": "time",
}  # fmt: skip


def _collected(base: Type, suffix: list[str]) -> Type:
    if not suffix:
        return base
    if suffix[-1] in ("in", "range"):
        return Type(f"list:{base.name}")
    return Type(_LOOKUP_TYPES.get(suffix[-1], base.name), base.nullable)


def _scalar(column_type: str) -> str:
    return {"big": "integer", "text": "string", "other": "json"}.get(column_type, column_type)


def is_empty(expression: Expression) -> bool:
    """Whether an expression is a display of nothing: it says nothing of what would be in it."""
    return isinstance(expression, (Sequence, Mapping)) and not expression.items


def lost(annotation: Annotation) -> str:
    """Why rows with an annotation cannot cross, in words that say what a person can do."""
    what = "an annotation without a name" if annotation.name == "**" else f"the annotation {annotation.name!r}"
    where = f" ({annotation.at})" if annotation.at is not None else ""
    return f"{what}{where} of the rows would be lost: {annotation.obstacle}"


def _in_camel_case(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _union(left: Type, right: Type) -> Type:
    unknown = next((each for each in (left, right) if each.reason), None)
    if unknown is not None:
        return unknown
    if left.name == "none":
        return Type(right.name, True) if right.name else UNKNOWN
    if right.name == "none":
        return Type(left.name, True) if left.name else UNKNOWN
    if left.name == right.name:
        return Type(left.name, left.nullable or right.nullable)
    return UNKNOWN


def scalar_of(shape: str) -> str:
    """The type of a query set's scalar result by its last call: ``count()``, ``exists()`` or a row count."""
    last = shape.rpartition(".")[2]
    return {"exists": "boolean", "contains": "boolean", "count": "integer", "update": "integer"}.get(last.partition("(")[0], "json")
