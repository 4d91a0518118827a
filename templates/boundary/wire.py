"""The serialised form of a boundary: values of Python to JSON and back, exactly.

A contract's models are pydantic classes. Four kinds of values need more than validation:

* an object of a model that the caller's side owns (``replica:``) travels as a snapshot of the fields in the contract,
* an object of which only the identity matters (``key:``) travels as its primary key,
* of an object that leads to a row of the context (``related:``) only the key of that row travels,
* a row of the context (``entity:``) travels as its columns,
* ``json`` values keep their Python types through tags: ``{"$decimal": "4.50"}``, ``{"$tuple": [1, 2]}``.

What cannot cross is a :class:`BoundaryTypeError` that names the operation; nothing is left out silently.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import decimal
import json
import math
import sys
import uuid
import warnings
from collections import namedtuple
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    PrivateAttr,
    ValidationInfo,
)
from pydantic_core.core_schema import SerializationInfo

from . import databases, objects, refusals
from .objects import World
from .runtime import (
    Answer,
    Boundary,
    BoundaryFailure,
    BoundaryRejected,
    BoundaryTypeError,
    BoundaryUnavailable,
    OperationContract,
    resolve,
)

# Types of the contract ----------------------------------------------------------------------------
# Capitalised, so that no column (``date``, ``uuid``) can hide the type of the next one.

Date = datetime.date
DateTime = datetime.datetime
Time = datetime.time
Duration = datetime.timedelta
Decimal = decimal.Decimal
Uuid = uuid.UUID


def _binary(value: Any) -> Any:
    return bytes(value) if isinstance(value, bytearray | memoryview) else value


def _file_name(value: Any) -> Any:
    # A file field's value knows its name; the bytes stay in the storage, which both sides share.
    return str(getattr(value, "name", value) or "")


def _untag(value: Any, info: ValidationInfo) -> Any:
    # Only what comes off the wire is tagged; a caller's own dict may hold "$" keys.
    return (
        untag(value, info.context["contract"]) if info.context and info.context["wire"] else value
    )


def _tag(value: Any, info: SerializationInfo) -> Any:
    return tag(value, info.context["contract"], info.context["operation"])


Binary = Annotated[bytes, BeforeValidator(_binary)]


class StoredFile(str):
    """The name of a file; what else a file field's value can be asked (``url``, ``size``, ``open``), its model's storage here answers."""

    _column: tuple[str, str] | None = None
    """Label of the model and name of the column; unknown outside of a record."""

    def __getattr__(self, name: str) -> Any:
        if self._column is None or name.startswith("__"):
            raise AttributeError(f"the name of a file has no attribute {name!r}")
        return getattr(objects.file_of(*self._column, str(self)), name)


FileName = Annotated[str, BeforeValidator(_file_name), AfterValidator(StoredFile)]
Json = Annotated[Any, BeforeValidator(_untag), PlainSerializer(_tag)]


# A column may be called like a method of pydantic's first version, of which nothing is used here.
warnings.filterwarnings(
    "ignore", r'Field name "\w+" in "\w+" shadows an attribute in parent "(Message|Record)"'
)


class Message(BaseModel):
    """The base of everything that a contract declares."""

    model_config = ConfigDict(
        from_attributes=True,
        validate_assignment=True,
        extra="forbid",
        protected_namespaces=(),
        ser_json_bytes="base64",
        val_json_bytes="base64",
        ser_json_inf_nan="constants",
    )


class Record(Message):
    """A row: attributes as on the model, ``pk`` for its key. A change is sent by an operation that takes the row."""

    _key: ClassVar[str] = "id"
    _related: ClassVar[Mapping[str, str]] = {}
    """Foreign keys to models of the caller's side, by their labels: the row behind one is loaded there when it is asked for."""

    _loaded: dict[tuple[str, Any], Any] = PrivateAttr(default_factory=dict)
    _beside: dict[str, Any] = PrivateAttr(default_factory=dict)
    """What a row inside of a JSON value has beside its columns, such as what its query added."""

    def model_post_init(self, context: Any) -> None:
        for name, value in self.__dict__.items():
            if isinstance(value, StoredFile):
                value._column = (_label_of_type(type(self)), name)

    @property
    def pk(self) -> Any:
        return getattr(self, self._key)

    def __getattr__(self, name: str) -> Any:
        label = type(self)._related.get(name)
        if label is None:
            if not name.startswith("_") and name in self._beside:
                return self._beside[name]
            return super().__getattr__(name)  # type: ignore[misc]
        key = getattr(self, f"{name}_id")
        if key is None:
            return None
        if (name, key) not in self._loaded:
            self._loaded[name, key] = objects.row_of(label, key)
        return self._loaded[name, key]


@cache
def _label_of_type(kind: type[Record]) -> str:
    """The framework's name of the model that a contract's record stands for."""
    for each in kind.__mro__:
        module = sys.modules.get(each.__module__)
        for source in (
            *getattr(module, "ENTITIES", {}).values(),
            *getattr(module, "REPLICAS", {}).values(),
        ):
            if source.type is each:
                return str(source.label)
    raise LookupError(f"no contract knows {kind.__name__}")


class Anonymous(Message):
    """The caller's user when nobody is logged in."""

    anonymous: Literal[True] = True


class Unsaved(Message):
    """A row that the caller made and did not save: the columns that were given; the others take the model's defaults."""

    unsaved: Json


class Source(NamedTuple):
    """Where a record comes from.

    ``label`` is the framework's name of the model, ``paths`` how a field is read when not by its own name, ``parents``
    the fields that hold a snapshot of another replica, by that replica's model.
    """

    type: type[Record]
    label: str
    paths: Mapping[str, str] = {}
    parents: Mapping[str, str] = {}


class ModelContract(NamedTuple):
    """A model whose objects cross as keys. ``owned`` ones belong to the context."""

    label: str
    owned: bool


# Requests and responses -----------------------------------------------------------------------------


def encode_request(
    boundary: Boundary, operation: OperationContract, given: Mapping[str, Any]
) -> bytes:
    """The request as JSON. Raises :class:`BoundaryTypeError` when an argument does not fit the contract."""
    contract = boundary.contract
    values = {
        name: outgoing(contract, operation, value, operation.parameters.get(name, ""))
        for name, value in given.items()
        if operation.parameters.get(name) != "session"
    }
    return _dump(contract, operation, operation.request, values, exclude_unset=True)


def parse_request(operation: OperationContract, body: bytes) -> Any:
    """The validated request. Raises ``ValueError`` (pydantic's) when it is against the contract."""
    import importlib

    contract = importlib.import_module(operation.request.__module__)
    return operation.request.model_validate_json(
        body or b"{}", context={"contract": contract, "wire": True}
    )


def decode_request(
    boundary: Boundary, operation: OperationContract, request: Any, world: World
) -> dict[str, Any]:
    """Arguments for the local implementation: those that were given, as objects of this process."""
    found = {
        name: incoming(
            boundary.contract, operation, getattr(request, name), operation.parameters[name], world
        )
        for name in sorted(request.model_fields_set)
    }
    # A session does not travel: whoever runs the operation has one.
    handles = [name for name, kind in operation.parameters.items() if kind == "session"]
    found |= {name: world.session() for name in handles}
    if operation.shape == "draft":
        # An object speaks for its key: a model takes one of the two.
        for name in [name for name in found if f"{name}_id" in found]:
            del found[f"{name}_id"]
    return found


def encode_response(
    boundary: Boundary,
    operation: OperationContract,
    result: Any,
    arguments: Mapping[str, Any],
    offset: int,
    size: int,
) -> bytes:
    """The result as JSON; of a page, ``size`` items from ``offset`` on and whether there are more.

    Rows that a command was given go back as they are now (``changed_<parameter>``).
    """
    contract = boundary.contract
    if operation.returns == "none":
        result = None  # Whatever the code gives: nobody looks at it.
    if operation.returns.startswith("page:"):
        window = list(objects.in_order(result)[offset : offset + size + 1])
        items = outgoing(contract, operation, window[:size], operation.returns)
        return _dump(
            contract, operation, operation.response, {"result": items, "more": len(window) > size}
        )
    values = {"result": outgoing(contract, operation, result, operation.returns)}
    for field, parameter in _changed(operation):
        row = arguments.get(parameter)
        if row is not None and objects.key_of(row) is not None:
            values[field] = outgoing(contract, operation, row, operation.parameters[parameter])
    return _dump(contract, operation, operation.response, values)


def apply_changes(
    boundary: Boundary, operation: OperationContract, reply: Any, given: Mapping[str, Any]
) -> None:
    """Brings the rows that the caller gave to a command to the state in which the context left them.

    What a model computes is set on records only: the context's own objects compute it themselves.
    """
    for field, parameter in _changed(operation):
        row = getattr(reply, field)
        if row is not None:
            paths = boundary.contract.ENTITIES[
                operation.parameters[parameter].partition(":")[2]
            ].paths
            for name in type(row).model_fields:
                own = name not in paths or isinstance(given[parameter], Record)
                if own and getattr(given[parameter], name, None) != getattr(row, name):
                    setattr(given[parameter], name, getattr(row, name))


def _changed(operation: OperationContract) -> list[tuple[str, str]]:
    names = [name for name in operation.response.model_fields if name.startswith("changed_")]
    return [(name, name.removeprefix("changed_")) for name in names]


def decode_answer(boundary: Boundary, operation: OperationContract, answer: Answer) -> Any:
    """The response's model. Raises the declared error that the answer names, else a :class:`BoundaryError`."""
    name = f"{boundary.name}.{operation.name}"
    if answer.status == 200:
        context = {"contract": boundary.contract, "wire": True}
        try:
            return operation.response.model_validate_json(answer.body, context=context)
        except ValueError as wrong:
            raise BoundaryFailure(name, "the answer is against the contract") from wrong
    document = _problem_document(answer.body)
    if document.get("error") in operation.errors:
        raise _rebuilt(boundary, boundary.error_class(document["error"]), document)
    refusal = refusals.named(str(document.get("error", "")))
    if refusal is not None:
        raise _rebuilt(boundary, refusal, document)
    detail = f"{document.get('title', 'no problem document')} (status {answer.status})"
    if answer.status in (502, 503, 504):
        raise BoundaryUnavailable(name, detail) from answer.cause
    if answer.status >= 500:
        failure = databases.also(BoundaryFailure, str(document.get("database", "")))
        raise failure(name, detail) from answer.cause
    raise BoundaryRejected(name, f"{detail} {document.get('invalid', '')}".rstrip())


def _dump(
    contract: ModuleType, operation: OperationContract, model: Any, values: Any, **how: Any
) -> bytes:
    context = {"contract": contract, "operation": operation, "wire": False}
    try:
        text: str = model.model_validate(values, context=context).model_dump_json(
            context=context, **how
        )
    except BoundaryTypeError:
        raise
    except ValueError as wrong:
        raise BoundaryTypeError(operation.name, f"against the contract: {wrong}") from wrong
    return text.encode()


# Values ---------------------------------------------------------------------------------------------


def outgoing(contract: ModuleType, operation: OperationContract, value: Any, kind: str) -> Any:
    """``value`` as the contract's model of type ``kind`` takes it."""
    head, _, rest = kind.partition(":")
    if value is None:
        return None
    if head in ("list", "page"):
        return [outgoing(contract, operation, item, rest) for item in value]
    if head == "entity":
        if isinstance(value, Draft) and value.pk is None:
            return Unsaved(unsaved=value.columns())
        return record(contract.ENTITIES[rest], value)
    if head == "replica":
        if getattr(value, "is_anonymous", False) is True:
            return Anonymous()
        return snapshot(contract, operation, rest, value)
    if head == "row":
        return _one_of(contract, operation, rest.split("|"), value)
    if head == "key":
        key = objects.key_of(value)
        if key is None:
            raise BoundaryTypeError(
                operation.name, f"an unsaved {type(value).__name__} has no key to send"
            )
        return key
    if head == "related":
        return getattr(value, f"{rest.partition(':')[0]}_id")
    if head == "schema":
        return value.model_dump(mode="json", exclude_unset=True)
    return objects.plain(value)


def _one_of(
    contract: ModuleType, operation: OperationContract, models: list[str], value: Any
) -> Any:
    """A row of one of several models: a snapshot where the contract has one, else the model and the key."""
    label = objects.label_of(value)
    for model in models:
        source = contract.REPLICAS.get(model)
        if source is not None and (source.label == label or isinstance(value, source.type)):
            return snapshot(contract, operation, model, value)
        if source is None and contract.MODELS[model].label == label and objects.is_saved(value):
            return {"model": model, "key": objects.key_of(value)}
    wanted = ", ".join(model.rpartition(".")[2] for model in models)
    raise BoundaryTypeError(
        operation.name, f"a saved {wanted} is wanted, not {type(value).__name__}"
    )


def received(value: Any, kind: str) -> Any:
    """A result as its caller gets it: a Pydantic model of the project is made of its fields again."""
    head, _, rest = kind.partition(":")
    if value is None or "schema:" not in kind:
        return value
    if head in ("list", "page"):
        return [received(item, rest) for item in value]
    return resolve(rest).model_validate(value)


def record(source: Source, value: Any) -> Record:
    """The columns of an object, read by the contract's paths."""
    if isinstance(value, source.type):
        return value
    fields = source.type.model_fields
    return source.type.model_validate(
        {name: _follow(value, source.paths.get(name, name)) for name in fields}
    )


def snapshot(contract: ModuleType, operation: OperationContract, model: str, value: Any) -> Record:
    """What of a foreign object travels, its parents included."""
    source: Source = contract.REPLICAS[model]
    if isinstance(value, source.type):
        return value
    if not objects.is_saved(value):
        raise BoundaryTypeError(
            operation.name, f"a saved {source.label} is wanted, not {type(value).__name__}"
        )
    values: dict[str, Any] = {}
    for name in source.type.model_fields:
        read = _follow(value, source.paths.get(name, name))
        parent = source.parents.get(name)
        values[name] = (
            read if parent is None or read is None else snapshot(contract, operation, parent, read)
        )
    return source.type.model_validate(values)


def _follow(value: Any, path: str) -> Any:
    for name in path.split("."):
        if value is None:
            return None
        value = getattr(value, name)
    return objects.plain(value)


def incoming(
    contract: ModuleType, operation: OperationContract, value: Any, kind: str, world: World
) -> Any:
    """A decoded value as an object of this process."""
    head, _, rest = kind.partition(":")
    if head == "related":
        field, _, model = rest.partition(":")
        row = None if value is None else world.row(contract.MODELS[model], value)
        return SimpleNamespace(**{field: row})
    if value is None:
        return None
    if head in ("list", "page"):
        return [incoming(contract, operation, item, rest, world) for item in value]
    if head == "entity":
        source = contract.ENTITIES[rest]
        if isinstance(value, Unsaved):
            return world.unsaved(source, value.unsaved)
        return world.entity(source, value)
    if head == "replica":
        return (
            world.anonymous()
            if isinstance(value, Anonymous)
            else _shadow(contract, rest, value, world)
        )
    if head == "key":
        return world.key(contract.MODELS[rest], value, operation)
    if head == "row" and isinstance(value, Record):
        model = next(name for name, each in contract.REPLICAS.items() if each.type is type(value))
        return _shadow(contract, model, value, world)
    if head == "row":
        return world.key(contract.MODELS[value["model"]], value["key"], operation)
    if head == "schema":
        return resolve(rest).model_validate(value)
    return value


def restored(contract: ModuleType, label: str, value: Record, world: World) -> Any:
    """The object of a model of the monolith that a snapshot shows."""
    model = next(name for name, source in contract.REPLICAS.items() if source.label == label)
    return _shadow(contract, model, value, world)


def _shadow(contract: ModuleType, model: str, value: Record, world: World) -> Any:
    source: Source = contract.REPLICAS[model]
    parents: dict[str, Any] = {}
    for name, parent in source.parents.items():
        child = getattr(value, name)
        parents[name] = None if child is None else _shadow(contract, parent, child, world)
    columns = {
        name: getattr(value, name)
        for name in type(value).model_fields
        if name not in source.parents
    }
    return world.replica(source, columns, parents)


# Tagged JSON ------------------------------------------------------------------------------------------


def tag(value: Any, contract: ModuleType, operation: OperationContract) -> Any:
    """A JSON value from which :func:`untag` makes an equal Python value."""

    def down(item: Any) -> Any:
        return tag(item, contract, operation)

    value = objects.plain(value)
    match value:
        case None | bool():
            return value
        case str():
            return str(value)
        case int():
            return int(value)
        case float():
            return float(value) if math.isfinite(value) else {"$float": str(float(value))}
        case decimal.Decimal():
            return {"$decimal": str(value)}
        case datetime.datetime():
            return {"$datetime": value.isoformat()}
        case datetime.date():
            return {"$date": value.isoformat()}
        case datetime.time():
            return {"$time": value.isoformat()}
        case datetime.timedelta():
            return {"$duration": [value.days, value.seconds, value.microseconds]}
        case uuid.UUID():
            return {"$uuid": str(value)}
        case bytes() | bytearray() | memoryview():
            return {"$binary": base64.b64encode(bytes(value)).decode()}
        case tuple() if hasattr(value, "_fields"):
            return {
                "$record": [
                    type(value).__name__,
                    list(value._fields),
                    [down(item) for item in value],
                ]
            }
        case tuple():
            return {"$tuple": [down(item) for item in value]}
        case set() | frozenset():
            return {"$set": sorted((down(item) for item in value), key=repr)}
        case dict():
            if all(type(key) is str and not key.startswith("$") for key in value):
                return {key: down(item) for key, item in value.items()}
            return {"$dict": [[down(key), down(item)] for key, item in value.items()]}
        case list():
            return [down(item) for item in value]
        case Record():
            name = next(name for name, source in _sources(contract) if source.type is type(value))
            context = {"contract": contract, "operation": operation}
            beside = [down(value._beside)] if value._beside else []
            return {"$row": [name, value.model_dump(mode="json", context=context), *beside]}
    return _tag_object(value, contract, operation)


def _tag_object(value: Any, contract: ModuleType, operation: OperationContract) -> Any:
    label = objects.label_of(value)
    for name, source in _sources(contract):
        if source.label == label:
            in_entities = name in contract.ENTITIES
            row = (
                record(source, value) if in_entities else snapshot(contract, operation, name, value)
            )
            found: dict[str, Any] = tag(row, contract, operation)
            beside = dict(_beside_columns(value, contract, operation))
            return {"$row": [*found["$row"], beside]} if beside else found
    if objects.is_query(value):
        return [tag(item, contract, operation) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {
            "$object": [
                type(value).__name__,
                {name: tag(item, contract, operation) for name, item in fields.items()},
            ]
        }
    if hasattr(value, "read") and hasattr(value, "content_type"):
        return {"$upload": _uploaded(value, operation)}
    raise BoundaryTypeError(operation.name, f"a {type(value).__name__} cannot cross as JSON")


def _beside_columns(
    value: Any, contract: ModuleType, operation: OperationContract
) -> Iterator[tuple[str, Any]]:
    """What of it can cross; a caller who asks for anything else hears that the row has no such attribute."""
    for name, each in objects.beside_columns(value).items():
        with suppress(BoundaryTypeError):
            yield name, tag(each, contract, operation)


LARGEST_UPLOAD = 5 * 1024 * 1024
"""Bytes of a file that may cross as a part of a request: what is larger belongs into a storage that both sides see."""


def _uploaded(value: Any, operation: OperationContract) -> list[Any]:
    """Name, media type and content of a file that somebody uploaded; reading it leaves it as it was."""
    place = value.tell()
    value.seek(0)
    content = value.read(LARGEST_UPLOAD + 1)
    value.seek(place)
    if len(content) > LARGEST_UPLOAD:
        raise BoundaryTypeError(operation.name, f"a file of more than {LARGEST_UPLOAD} bytes")
    name = getattr(value, "filename", None) or getattr(value, "name", "")
    return [str(name or ""), value.content_type, base64.b64encode(content).decode()]


def untag(value: Any, contract: ModuleType) -> Any:
    """The Python value that was tagged; dataclasses and named tuples come back as records with the same attributes."""
    if isinstance(value, list):
        return [untag(item, contract) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) != 1 or not next(iter(value)).startswith("$"):
        return {key: untag(item, contract) for key, item in value.items()}
    [(name, content)] = value.items()
    match name:
        case "$row":
            row = dict(_sources(contract))[content[0]].type.model_validate_json(
                json.dumps(content[1]), context={"contract": contract, "wire": True}
            )
            for beside in content[2:]:
                row._beside.update({key: untag(item, contract) for key, item in beside.items()})
            return row
        case "$record":
            return _record_type(content[0], tuple(content[1]))(*untag(content[2], contract))
        case "$object":
            return SimpleNamespace(
                **{key: untag(item, contract) for key, item in content[1].items()}
            )
        case "$upload":
            return objects.upload(content[0], content[1], base64.b64decode(content[2]))
        case "$tuple":
            return tuple(untag(content, contract))
        case "$set":
            return set(untag(content, contract))
        case "$dict":
            return {untag(key, contract): untag(item, contract) for key, item in content}
        case _ if name in _SCALARS:
            return _SCALARS[name](content)
    raise ValueError(f"unknown tag {name!r}")


_SCALARS = {
    "$float": float,
    "$decimal": decimal.Decimal,
    "$datetime": datetime.datetime.fromisoformat,
    "$date": datetime.date.fromisoformat,
    "$time": datetime.time.fromisoformat,
    "$duration": lambda parts: datetime.timedelta(*parts),
    "$uuid": uuid.UUID,
    "$binary": base64.b64decode,
}


@cache
def _record_type(name: str, fields: tuple[str, ...]) -> Any:
    return namedtuple(name, fields)


def _sources(contract: ModuleType) -> list[tuple[str, Source]]:
    return [*contract.ENTITIES.items(), *contract.REPLICAS.items()]


# Problems ---------------------------------------------------------------------------------------------


def problem(
    status: int,
    title: str,
    operation: str,
    *,
    raised: Exception | None = None,
    invalid: Any = None,
    database: str = "",
) -> Answer:
    """A problem document (RFC 9457). A declared error carries what its class needs to be raised again."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "instance": operation,
    }
    if raised is not None:
        document |= {"type": f"urn:boundary:error:{title}", "error": title, "detail": str(raised)}
        document |= _exception_state(raised)
    if invalid is not None:
        # The values themselves stay out of replies and logs.
        details = invalid.errors(include_url=False, include_input=False, include_context=False)
        document["invalid"] = [
            {"at": list(each["loc"]), "problem": each["msg"]} for each in details
        ]
    if database:
        document["database"] = database
    return Answer(status, json.dumps(document).encode())


def raising(boundary: Boundary, operation: OperationContract, raised: Exception) -> Answer:
    """The answer of an operation that raised something; ``cause`` is set where that is a failure."""
    declared = boundary.declared(operation, raised)
    if declared is not None:
        return problem(declared.status, declared.name, operation.name, raised=raised)
    refusal = refusals.of(raised)
    if refusal is not None:
        return problem(refusal.status, refusal.path, operation.name, raised=raised)
    return failed(operation.name, raised)


def failed(operation: str, raised: Exception) -> Answer:
    """The answer where an operation failed in a way that it does not declare.

    Of what was raised only the kind of database error crosses, where it is one. Without its database a service is not there: 503, as
    for every other reason, so that callers do what they declared for that.
    """
    status, title = 500, "the operation failed"
    if databases.is_cut_off(raised):
        status, title = 503, "the database does not answer"
    answer = problem(status, title, operation, database=databases.name_of(raised))
    return answer._replace(cause=raised)


_NO_CONTRACT = SimpleNamespace(ENTITIES={}, REPLICAS={})


def _exception_state(raised: Exception) -> dict[str, Any]:
    """Arguments and attributes of an exception; ``omitted`` names those that cannot cross."""
    if hasattr(raised, "error_dict"):
        return {
            "construct": True,
            "args": [{"$dict": [[k, list(map(str, v))] for k, v in raised.message_dict.items()]}],
        }
    if hasattr(raised, "error_list"):
        return {"construct": True, "args": [list(map(str, raised.messages))]}
    omitted: list[str] = []
    args: list[Any] = []
    for index, argument in enumerate(raised.args):
        if not _keep(argument, args.append):
            args.append(str(argument))
            omitted.append(f"args[{index}]")
    state: dict[str, Any] = {}
    for name, attribute in sorted(vars(raised).items()):
        if not _keep(attribute, lambda tagged, name=name: state.__setitem__(name, tagged)):
            omitted.append(name)
    return {"args": args, "attributes": state, "omitted": omitted}


def _keep(value: Any, put: Any) -> bool:
    operation: Any = SimpleNamespace(name="error")
    try:
        put(tag(value, _NO_CONTRACT, operation))  # type: ignore[arg-type]
    except BoundaryTypeError:
        return False
    return True


def _rebuilt(boundary: Boundary, kind: type[Exception], document: dict[str, Any]) -> Exception:
    args = [untag(argument, boundary.contract) for argument in document.get("args", [])]
    if document.get("construct"):
        return kind(*args)
    # The class may want other arguments than the exception shows: its state is restored, not its construction.
    raised = kind.__new__(kind)
    raised.args = tuple(args)
    for name, attribute in document.get("attributes", {}).items():
        setattr(raised, name, untag(attribute, boundary.contract))
    return raised


def _problem_document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


# Drafts ----------------------------------------------------------------------------------------------------


class Draft:
    """An object of the context that is not saved yet: attributes as on the model, ``save()`` sends them.

    Setting ``user`` sets ``user_id`` too, as on the model. After ``save()`` all columns show what the service stored.
    """

    def __init__(
        self, boundary: Boundary, operation: OperationContract, values: Mapping[str, Any]
    ) -> None:
        vars(self).update(_boundary=boundary, _operation=operation)
        for name, value in values.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        vars(self)[name] = value
        fields = self._operation.request.model_fields
        if f"{name}_id" in fields:
            vars(self)[f"{name}_id"] = objects.key_of(value)
        elif name.endswith("_id") and name in fields:
            related = vars(self).get(name.removesuffix("_id"))
            if related is not None and objects.key_of(related) != value:
                del vars(self)[name.removesuffix("_id")]

    @property
    def pk(self) -> Any:
        return getattr(self, self._entity.type._key, None)

    @property
    def _entity(self) -> Source:
        source: Source = self._boundary.contract.ENTITIES[
            self._operation.returns.removeprefix("entity:")
        ]
        return source

    def columns(self) -> dict[str, Any]:
        """The columns that were given. Raises :class:`BoundaryTypeError` for an attribute that is none."""
        columns = self._entity.type.model_fields
        return {name: value for name, value in self._given().items() if name in columns}

    def _given(self) -> dict[str, Any]:
        fields = self._operation.request.model_fields
        values: dict[str, Any] = {}
        for name, value in vars(self).items():
            if name in fields:
                values[name] = value
            elif (
                not name.startswith("_")
                and f"{name}_id" not in fields
                and name not in self._entity.paths
            ):
                raise BoundaryTypeError(
                    self._operation.name, f"{name} is no column of {self._entity.label}"
                )
        return values

    def save(self) -> None:
        """Creates the row, or updates it once it was created."""
        saved = self._boundary.exchange(self._operation, self._given())
        for name in type(saved).model_fields:
            vars(self)[name] = getattr(saved, name)


# Description ----------------------------------------------------------------------------------------------

_FORMATS = {
    int: {"type": "integer"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    bytes: {"type": "string", "contentEncoding": "base64"},
    Decimal: {"type": "string", "format": "decimal"},
    Date: {"type": "string", "format": "date"},
    DateTime: {"type": "string", "format": "date-time"},
    Time: {"type": "string", "format": "time"},
    Duration: {"type": "string", "format": "duration"},
    Uuid: {"type": "string", "format": "uuid"},
    Any: {},
}


def openapi(boundary: Boundary, title: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a boundary, read from the contract's classes."""
    contract = boundary.contract
    schemas: dict[str, Any] = {
        "Problem": {
            "type": "object",
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "instance": {"type": "string"},
                "error": {"type": "string"},
                "database": {"type": "string"},
            },
            "required": ["type", "title", "status"],
        }
    }
    paths: dict[str, Any] = {}
    for name, operation in sorted(contract.OPERATIONS.items()):
        paths[f"/boundary/v1/{name}"] = {"post": _describe(contract, operation, schemas)}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": contract.VERSION},
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
        "security": [{"token": []}],
    }


def _describe(
    contract: ModuleType, operation: OperationContract, schemas: dict[str, Any]
) -> dict[str, Any]:
    problems = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses: dict[str, Any] = {
        "200": {
            "description": "The result.",
            "content": {"application/json": {"schema": _schema(operation.response, schemas)}},
        }
    }
    declared: dict[str, list[str]] = {}
    for name in operation.errors:
        declared.setdefault(str(contract.ERRORS[name].status), []).append(name)
    for status, names in sorted(declared.items()):
        responses[status] = {"description": ", ".join(sorted(names)), "content": problems}
    responses["default"] = {"description": "Refused or failed.", "content": problems}
    return {
        "operationId": operation.name,
        "summary": operation.doc,
        "x-kind": operation.kind,
        "x-idempotent": operation.idempotent,
        "x-timeout": operation.timeout,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _schema(operation.request, schemas)}},
        },
        "responses": responses,
    }


def _schema(annotation: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _schema(get_args(annotation)[0], schemas)
    if origin is list:
        return {"type": "array", "items": _schema(get_args(annotation)[0], schemas)}
    if origin is Literal:
        return {"const": get_args(annotation)[0]}
    if annotation is type(None) or annotation is None:
        return {"type": "null"}
    if origin is Union or type(annotation).__name__ == "UnionType":
        return {"anyOf": [_schema(each, schemas) for each in get_args(annotation)]}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        name = annotation.__name__
        if name not in schemas:
            schemas[name] = {}
            fields = annotation.model_fields
            schemas[name] = {
                "type": "object",
                "properties": {
                    key: _schema(field.annotation, schemas) for key, field in fields.items()
                },
                "required": [key for key, field in fields.items() if field.is_required()],
                "additionalProperties": False,
            }
        return {"$ref": f"#/components/schemas/{name}"}
    return dict(_FORMATS[annotation])
