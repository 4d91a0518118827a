"""The contract of a service plan as plain values: classes with their members, operations, errors.

Python and OpenAPI are two renderings of these values; the service builds its OpenAPI from the Python, so each checks the
other.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from decompose.errors import RefusedInput
from decompose.generate.layout import class_name, dotted, identifier, is_literal
from decompose.model.migration import Entity, Operation, OperationParameter, Replica
from decompose.model.service import ServicePlan

WIRE_TYPES: Mapping[str, str] = {
    "integer": "int",
    "big": "int",
    "string": "str",
    "text": "str",
    "boolean": "bool",
    "float": "float",
    "decimal": "Decimal",
    "date": "Date",
    "datetime": "DateTime",
    "time": "Time",
    "duration": "Duration",
    "uuid": "Uuid",
    "binary": "Binary",
    "file": "FileName",
    "json": "Json",
    "other": "Json",
    "none": "None",
}
"""Names of the types that ``wire`` offers, by neutral type."""

PLAIN_TYPES: Mapping[str, str] = {
    "decimal": "decimal.Decimal",
    "date": "datetime.date",
    "datetime": "datetime.datetime",
    "time": "datetime.time",
    "duration": "datetime.timedelta",
    "uuid": "uuid.UUID",
    "binary": "bytes",
    "file": "str",
    "json": "Any",
    "other": "Any",
}
"""What a caller of the API sees, by neutral type where it is not the wire's own name."""

SCHEMAS: Mapping[str, Mapping[str, object]] = {
    "int": {"type": "integer"},
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "float": {"type": "number"},
    "Binary": {"type": "string", "contentEncoding": "base64"},
    "Decimal": {"type": "string", "format": "decimal"},
    "Date": {"type": "string", "format": "date"},
    "DateTime": {"type": "string", "format": "date-time"},
    "Time": {"type": "string", "format": "time"},
    "Duration": {"type": "string", "format": "duration"},
    "Uuid": {"type": "string", "format": "uuid"},
    "FileName": {"type": "string"},
    "Json": {},
    "None": {"type": "null"},
}
"""JSON Schema by wire type; ``wire`` holds the same table for the running service."""

SESSION = "session"
"""The type of a parameter that does not travel: whoever runs the operation gives its own."""

OF_PYDANTIC = frozenset(
    f"model_{name}"
    for name in (
        "computed_fields", "config", "construct", "copy", "dump", "dump_json", "extra", "fields", "fields_set", "json_schema", "parametrized_name",
        "post_init", "rebuild", "validate", "validate_json", "validate_strings",
    )
)  # fmt: skip
"""Names that a field of a message cannot have: pydantic works with them."""

SHADOWING = frozenset(
    {
        "construct", "copy", "dict", "from_orm", "json", "parse_file", "parse_obj", "parse_raw", "schema", "schema_json", "update_forward_refs",
        "validate",
    }
)  # fmt: skip
"""Methods of pydantic's first version: a field may have such a name, but is required only where that is said."""

_RESERVED = frozenset({*WIRE_TYPES.values(), "Any", "Anonymous", "Unsaved", "Message", "Record", "Source", "ModelContract"})

_STATUS = {"DoesNotExist": 404, "Http404": 404, "MultipleObjectsReturned": 409, "PermissionDenied": 403, "ValidationError": 400, "ValueError": 400}
"""HTTP status by the last part of an exception's name; any other declared error is a conflict, 409."""


class Shape(msgspec.Struct, frozen=True):
    """A type of the contract: alternatives of a wire type or class, each perhaps in a list."""

    names: tuple[str, ...]
    listed: bool = False
    nullable: bool = False

    @property
    def python(self) -> str:
        inner = " | ".join(self.names)
        text = f"list[{inner}]" if self.listed else inner
        return f"{text} | None" if self.nullable and "Json" not in self.names and text != "None" else text

    def schema(self) -> dict[str, object]:
        each: list[dict[str, object]] = [dict(SCHEMAS[name]) if name in SCHEMAS else {"$ref": f"#/components/schemas/{name}"} for name in self.names]
        if self.listed:
            each = [{"type": "array", "items": each[0] if len(each) == 1 else {"anyOf": each}}]
        if self.nullable and "Json" not in self.names and self.names != ("None",):
            each = [*each, {"type": "null"}]
        return each[0] if len(each) == 1 else {"anyOf": each}


class Member(msgspec.Struct, frozen=True):
    """A field of a class. ``default`` is Python source, ``""`` when the field is required."""

    name: str
    shape: Shape
    default: str = ""


def member_name(name: str, place: str) -> str:
    """``name`` itself. Raises :class:`RefusedInput` when no field of a message can have it."""
    if name in OF_PYDANTIC:
        raise RefusedInput(
            f"a field called {name!r} cannot cross the boundary: pydantic uses the name for itself",
            place=place,
            hint="give the attribute another name; its column keeps the name with db_column (Django) or as the first argument of the column (SQLAlchemy)",
        )
    return identifier(name)


class Class(msgspec.Struct, frozen=True):
    """A class of the contract. ``key`` is the name of a record's primary key, ``""`` for other messages.

    ``related`` are a record's foreign keys to rows of the caller, with the labels of their models.
    """

    name: str
    doc: str
    members: tuple[Member, ...]
    key: str = ""
    related: tuple[tuple[str, str], ...] = ()

    def schema(self) -> dict[str, object]:
        return {
            "type": "object",
            "properties": {member.name: member.shape.schema() for member in self.members},
            "required": [member.name for member in self.members if not member.default],
            "additionalProperties": False,
        }


class Origin(msgspec.Struct, frozen=True):
    """Where a record's values come from: the framework's label, paths and parents as in ``wire.Source``."""

    name: str
    type: str
    label: str
    paths: tuple[tuple[str, str], ...] = ()
    parents: tuple[tuple[str, str], ...] = ()


class Error(msgspec.Struct, frozen=True):
    """A declared error as in ``runtime.ErrorContract``."""

    name: str
    path: str
    status: int
    moved: bool
    bases: tuple[str, ...] = ()


class Call(msgspec.Struct, frozen=True):
    """An operation as in ``runtime.OperationContract``; ``parameters`` are those that travel."""

    operation: Operation
    request: Class
    response: Class
    parameters: tuple[tuple[str, str], ...]
    errors: tuple[str, ...]
    doc: str


class Contract(msgspec.Struct, frozen=True):
    """Everything that both sides of a boundary agree on. Classes stand in an order in which each knows its parts.

    ``bases`` are classes of rows with the class of the same rows whose members they begin with.
    """

    records: tuple[Class, ...]
    entities: tuple[Origin, ...]
    replicas: tuple[Origin, ...]
    models: tuple[tuple[str, str, bool], ...]
    errors: tuple[Error, ...]
    calls: tuple[Call, ...]
    bases: tuple[tuple[str, str], ...] = ()


def contract_of(plan: ServicePlan) -> Contract:
    """The contract of a plan. Raises :class:`decompose.errors.RefusedInput` for names that are no Python names."""
    return _Builder(plan).build()


def title(plan: ServicePlan) -> str:
    """The title of the service's OpenAPI document."""
    return f"{plan.project.name}: {plan.context.name}"


class _Builder:
    def __init__(self, plan: ServicePlan) -> None:
        self.plan = plan
        self.context = plan.context
        self.entities = {entity.name: entity for entity in self.context.entities}
        self.replicas = {replica.model: replica for replica in self.context.replicas}
        self.labels = {table.model: table.label for table in self.context.tables if table.model and table.label}
        self.moved = {placement.module for placement in self.context.placements if placement.action == "move"}

    def build(self) -> Contract:
        calls = [self._call(operation) for operation in self.context.operations]
        used_errors = sorted({path for operation in self.context.operations for path in self._errors(operation)})
        snapshots = self._in_order()
        return Contract(
            records=(*map(self._entity, self.context.entities), *map(self._snapshot, snapshots)),
            entities=tuple(
                Origin(entity.name, self._entity_class(entity.name), self._label(entity.model), _paths(entity.fields))
                for entity in self.context.entities
            ),
            replicas=tuple(
                Origin(
                    replica.model, self._snapshot_class(replica), self._label(replica.model), _paths((replica.key, *replica.fields)),
                    self._parents(replica),
                )
                for replica in snapshots
            ),
            models=self._models(),
            errors=tuple(self._error(path) for path in used_errors),
            calls=tuple(sorted(calls, key=lambda call: call.operation.name)),
            bases=tuple((self._entity_class(each.name), self._entity_class(each.extends)) for each in self.context.entities if each.extends),
        )  # fmt: skip

    # Records ---------------------------------------------------------------------------------------

    def _entity_class(self, name: str) -> str:
        return f"{name}Entity" if name in _RESERVED else identifier(name)

    def _entity(self, entity: Entity) -> Class:
        members = tuple(
            Member(member_name(field.name, entity.model), self._shape(field.type, field.nullable), "None" if field.nullable else "")
            for field in entity.fields
        )
        related = tuple((name, self._label(model)) for name, model in entity.relations)
        doc = f"A row of {entity.table} with what a query adds to it." if entity.extends else f"A row of {entity.table} ({entity.model})."
        return Class(self._entity_class(entity.name), doc, members, entity.key, related)

    def _snapshot_class(self, replica: Replica) -> str:
        name = replica.model.rpartition(".")[2]
        if sum(other.model.rpartition(".")[2] == name for other in self.replicas.values()) > 1:
            name = class_name(replica.label.replace(".", "_"))
        return identifier(f"{name}Snapshot")

    def _snapshot(self, replica: Replica) -> Class:
        members = [
            Member(member_name(field.name, replica.model), self._shape(field.type, field.nullable), "None" if field.nullable else "")
            for field in (replica.key, *replica.fields)
        ]
        for name, model in self._parents(replica):
            shape = Shape((self._snapshot_class(self.replicas[model]),), nullable=True)
            members.append(Member(member_name(name, replica.model), shape, "None"))
        doc = f"What the context sees of a row of {replica.table} ({replica.model})."
        return Class(self._snapshot_class(replica), doc, tuple(members), replica.key.name)

    def _in_order(self) -> list[Replica]:
        """Replicas with parents before children."""
        done: dict[str, Replica] = {}

        def visit(model: str) -> None:
            if model not in done:
                for _, parent in self._parents(self.replicas[model]):
                    visit(parent)
                done[model] = self.replicas[model]

        for model in sorted(self.replicas):
            visit(model)
        return list(done.values())

    def _parents(self, replica: Replica) -> tuple[tuple[str, str], ...]:
        """Parents that travel inside the snapshot. One that would close a circle does not: its key is a plain column."""
        known = [(field, model) for field, model in replica.parents if model in self.replicas]
        return tuple((field, model) for field, model in sorted(known) if not self._reaches(model, replica.model))

    def _reaches(self, start: str, goal: str) -> bool:
        seen, waiting = set[str](), [start]
        while waiting:
            model = waiting.pop()
            if model == goal:
                return True
            if model not in seen and model in self.replicas:
                seen.add(model)
                waiting += [parent for _, parent in self.replicas[model].parents]
        return False

    # Operations ------------------------------------------------------------------------------------

    def _call(self, operation: Operation) -> Call:
        stem = class_name(identifier(operation.name))
        members, parameters = self._draft(operation) if operation.shape == "draft" else self._arguments(operation)
        response = [Member("result", self._returned(operation))]
        if operation.returns.startswith("page:"):
            response.append(Member("more", Shape(("bool",))))
        for name, kind in changed(operation):
            response.append(Member(f"changed_{name}", self._shape(kind, True), "None"))
        return Call(
            operation=operation,
            request=Class(f"{stem}Request", f"Arguments of {operation.name}.", tuple(members)),
            response=Class(f"{stem}Response", f"What {operation.name} returns.", tuple(response)),
            parameters=tuple(parameters),
            errors=tuple(sorted(map(error_name, self._errors(operation)))),
            doc=doc_of(operation),
        )

    def _arguments(self, operation: Operation) -> tuple[list[Member], list[tuple[str, str]]]:
        members = []
        for parameter in operation.parameters:
            if parameter.type == SESSION:
                continue
            literal = not parameter.required and is_literal(parameter.default)
            nullable = parameter.nullable or not (parameter.required or literal)
            default = "" if parameter.required else parameter.default if literal else "None"
            members.append(Member(member_name(parameter.name, operation.name), self._given(parameter.type, nullable), default))
        return members, [(parameter.name, parameter.type) for parameter in operation.parameters]

    def _draft(self, operation: Operation) -> tuple[list[Member], list[tuple[str, str]]]:
        """All columns, none required: what is not given is left to the model's defaults."""
        entity = self.entities[operation.returns.removeprefix("entity:")]
        fields = [(field.name, field.type) for field in entity.fields if not field.path]
        fields += [(each.name, each.type) for each in operation.parameters if each.type.startswith("replica:")]
        return [Member(member_name(name, operation.name), self._shape(kind, True), "None") for name, kind in fields], fields

    def _given(self, kind: str, nullable: bool) -> Shape:
        """The type of an argument: where callers make rows of an entity they may hand on one that they did not save."""
        shape = self._shape(kind, nullable)
        entity = kind.rpartition("entity:")
        drafted = any(each.shape == "draft" and each.returns == f"entity:{entity[2]}" for each in self.context.operations)
        return msgspec.structs.replace(shape, names=(*shape.names, "Unsaved")) if entity[1] and drafted else shape

    def _returned(self, operation: Operation) -> Shape:
        return self._shape(operation.returns, operation.optional)

    def _shape(self, kind: str, nullable: bool) -> Shape:
        head, _, rest = kind.partition(":")
        match head:
            case "list" | "page":
                inner = self._shape(rest, False)
                return Shape(inner.names, True, nullable)
            case "entity":
                return Shape((self._entity_class(rest),), False, nullable)
            case "replica":
                replica = self.replicas[rest]
                names = (self._snapshot_class(replica), *(("Anonymous",) if replica.user else ()))
                return Shape(names, False, nullable)
            case "key" | "related":
                return Shape(self._key_types(rest.rpartition(":")[2]), False, nullable)
            case "row" | "schema":
                return Shape(("Json",), False, nullable)
            case _:
                return Shape((WIRE_TYPES[kind],), False, nullable)

    def _key_types(self, model: str) -> tuple[str, ...]:
        if model in self.replicas:
            return (WIRE_TYPES[self.replicas[model].key.type],)
        for entity in self.context.entities:
            if entity.model == model:
                return (next(WIRE_TYPES[field.type] for field in entity.fields if field.name == entity.key),)
        return ("int", "str")

    def _models(self) -> tuple[tuple[str, str, bool], ...]:
        """Models that cross as keys: dotted name, label and whether the context owns it."""
        owned = {entity.model for entity in self.context.entities}
        kinds = {parameter.type for operation in self.context.operations for parameter in operation.parameters}
        models = {kind.removeprefix("list:").removeprefix("key:") for kind in kinds if "key:" in kind}
        models |= {kind.rpartition(":")[2] for kind in kinds if kind.removeprefix("list:").startswith("related:")}
        models |= {model for kind in kinds if kind.startswith("row:") for model in kind.removeprefix("row:").split("|") if model not in self.replicas}
        return tuple((dotted(model), self._label(model), model in owned) for model in sorted(models))

    def _label(self, model: str) -> str:
        if self.plan.project.framework != "django":
            return dotted(model)  # SQLAlchemy has no names of its own for models.
        if model in self.replicas:
            return self.replicas[model].label
        if model in self.labels:
            return self.labels[model]
        packages = {label: app_package(config) for label, config in self.plan.project.apps}
        inside = [label for label, package in packages.items() if model.startswith(f"{package}.")]
        app = max(inside, key=lambda label: len(packages[label]), default=model.split(".")[-3] if model.count(".") > 1 else model)
        return f"{app}.{model.rpartition('.')[2]}"

    # Errors ----------------------------------------------------------------------------------------

    def _errors(self, operation: Operation) -> tuple[str, ...]:
        """Declared errors; a row that is fetched by its key may also be gone."""
        fetched = [
            f"{parameter.type.removeprefix('key:')}.DoesNotExist"
            for parameter in operation.parameters
            if operation.shape in ("function", "method") and parameter.type.startswith("key:")
            and any(entity.model == parameter.type.removeprefix("key:") for entity in self.context.entities)
        ]  # fmt: skip
        return tuple(sorted({_full_error(path) for path in (*operation.errors, *fetched)}))

    def _error(self, path: str) -> Error:
        last = path.rpartition(".")[2]
        moved = any(path.startswith(f"{module}.") for module in self.moved)
        return Error(
            name=error_name(path),
            path=dotted(path),
            status=_STATUS.get(last, 409),
            moved=moved,
            bases=self._bases(path) if moved else (),
        )

    def _bases(self, path: str) -> tuple[str, ...]:
        """Base classes that exist on both sides, read from the source of the class."""
        last = path.rpartition(".")[2]
        if last == "DoesNotExist":
            return ("django.core.exceptions.ObjectDoesNotExist",)
        if last == "MultipleObjectsReturned":
            return ("django.core.exceptions.MultipleObjectsReturned",)
        found: list[str] = []
        for base in class_bases(self.plan, path):
            if any(base.startswith(f"{module}.") for module in self.moved):
                found += self._bases(base)
            else:
                found.append(base)
        return tuple(dict.fromkeys(found))


def changed(operation: Operation) -> list[tuple[str, str]]:
    """Rows of the context that a command is given: their state afterwards travels back to the caller's objects."""
    if operation.kind != "command":
        return []
    return [(each.name, each.type) for each in operation.parameters if each.type.startswith("entity:")]


def _paths(fields: Iterable[object]) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, field.path) for field in fields if getattr(field, "path", ""))  # type: ignore[attr-defined]


def _full_error(path: str) -> str:
    return path if "." in path else f"builtins.{path}"


def error_name(path: str) -> str:
    """The name under which an error crosses: ``shop.reviews.models.Review.DoesNotExist`` is ``ReviewDoesNotExist``."""
    parts = path.split(".")
    classes = [part for part in parts if part[:1].isupper()] or parts[-1:]
    return identifier("".join(classes))


def app_package(config: str) -> str:
    """The package of an installed app, given as its package or as its config class."""
    module, _, last = config.rpartition(".")
    return module.removesuffix(".apps") if last[:1].isupper() else config


def doc_of(operation: Operation) -> str:
    """What an operation does, in a sentence."""
    if operation.doc.strip():
        return " ".join(operation.doc.split())
    match operation.shape:
        case "function":
            return f"Calls {operation.target}."
        case "draft":
            return f"An unsaved {operation.target.rpartition('.')[2]}."
        case "method":
            return f"Calls {operation.expression} of a {operation.target.rpartition('.')[2]}."
        case _:
            return f"The value of {operation.expression}."


def caller_type(shape_of: str, nullable: bool) -> str:
    """How the API annotates a neutral type for its callers."""
    head, _, rest = shape_of.partition(":")
    match head:
        case "list" | "page":
            inner = caller_type(rest, False)
            text = f"Iterable[{inner}]"
        case "entity":
            text = f"contract.{rest}"
        case "replica" | "key" | "related" | "row" | "schema" | "session":
            return "Any"
        case _:
            text = PLAIN_TYPES.get(shape_of, WIRE_TYPES[shape_of])
    return text if text in ("Any", "None") or not nullable else f"{text} | None"


def travelling(parameter: OperationParameter) -> str:
    """What of an argument travels, for documentation; ``""`` for plain values."""
    head, _, rest = parameter.type.removeprefix("list:").partition(":")
    name = rest.rpartition(".")[2]
    match head:
        case "replica":
            return f"a {name}; what the contract lists of it travels"
        case "key":
            return f"a {name} or its key; only the key travels"
        case "related":
            return f"a row with a {name} behind it; only the key of that travels"
        case "row":
            return f"one of {', '.join(each.rpartition('.')[2] for each in rest.split('|'))}"
        case "schema":
            return f"a {name}, which travels as its fields"
        case "session":
            return "stays here; the service has one of its own"
        case _:
            return ""


def class_bases(plan: ServicePlan, path: str) -> tuple[str, ...]:
    """Dotted base classes of a class in the plan's sources, ``()`` when its source is not among them."""
    module, _, name = path.rpartition(".")
    text = module_source(plan, module)
    if text is None:
        return ()
    tree = _parsed(text)
    node = next((each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == name), None)
    if node is None:
        return ()
    known = _bindings(tree, module)
    found = []
    for base in node.bases:
        head, _, tail = ast.unparse(base).partition(".")
        if head in known:
            found.append(f"{known[head]}.{tail}" if tail else known[head])
        elif hasattr(builtins, head):
            found.append(f"builtins.{head}")
    return tuple(found)


def module_source(plan: ServicePlan, module: str) -> bytes | None:
    """The text of a moved or shared module, ``None`` when the plan does not carry it."""
    for placement in plan.context.placements:
        if placement.module == module and placement.path in plan.sources:
            return plan.sources[placement.path]
    return None


@lru_cache(maxsize=64)
def _parsed(text: bytes) -> ast.Module:
    return ast.parse(text)


def _bindings(tree: ast.Module, module: str) -> dict[str, str]:
    found = {node.name: f"{module}.{node.name}" for node in tree.body if isinstance(node, ast.ClassDef)}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            anchor = ".".join(module.split(".")[: -node.level])
            inside = f"{anchor}.{node.module}" if node.module else anchor
            found |= {alias.asname or alias.name: f"{inside}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.asname or alias.name.split(".")[0]: alias.name if alias.asname else alias.name.split(".")[0] for alias in node.names}
    return found
