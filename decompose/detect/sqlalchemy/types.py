"""Column types: SQLAlchemy's and Python's names to neutral ones."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from decompose.detect.sqlalchemy.names import Names
from decompose.link.expressions import elements, literal
from decompose.link.program import Program
from decompose.model.syntax import Binding, Call, Chain, Constant, Expression, Item, Operation

NEUTRAL: dict[str, str] = {
    "Integer": "integer", "INTEGER": "integer", "INT": "integer", "SmallInteger": "integer", "SMALLINT": "integer", "TINYINT": "integer",
    "MEDIUMINT": "integer", "SERIAL": "integer", "Identity": "integer",
    "BigInteger": "big", "BIGINT": "big", "BIGSERIAL": "big", "BigIntIdentity": "big",
    "String": "string", "VARCHAR": "string", "NVARCHAR": "string", "CHAR": "string", "NCHAR": "string", "Unicode": "string",
    "AutoString": "string", "Enum": "string", "ENUM": "string", "ChoiceType": "string", "EmailType": "string", "URLType": "string",
    "PasswordType": "string", "CountryType": "string", "INET": "string", "CIDR": "string", "MACADDR": "string", "IPAddressType": "string",
    "PhoneNumberType": "string", "LocaleType": "string", "CITEXT": "string", "ColorType": "string", "TimezoneType": "string",
    "Text": "text", "TEXT": "text", "UnicodeText": "text", "CLOB": "text", "LONGTEXT": "text", "MEDIUMTEXT": "text", "TSVECTOR": "text",
    "TSVectorType": "text",
    "Boolean": "boolean", "BOOLEAN": "boolean", "BIT": "boolean",
    "Float": "float", "FLOAT": "float", "REAL": "float", "Double": "float", "DOUBLE": "float", "DOUBLE_PRECISION": "float",
    "Numeric": "decimal", "NUMERIC": "decimal", "DECIMAL": "decimal", "MONEY": "decimal",
    "Date": "date", "DATE": "date",
    "DateTime": "datetime", "DATETIME": "datetime", "TIMESTAMP": "datetime", "ArrowType": "datetime", "DateTimeUTC": "datetime",
    "Time": "time", "TIME": "time", "Interval": "duration", "INTERVAL": "duration",
    "Uuid": "uuid", "UUID": "uuid", "UUIDType": "uuid", "GUID": "uuid",
    "JSON": "json", "JSONB": "json", "HSTORE": "json", "JSONType": "json", "ARRAY": "json", "MutableJson": "json", "PickleType": "binary",
    "LargeBinary": "binary", "BLOB": "binary", "BYTEA": "binary", "BINARY": "binary", "VARBINARY": "binary", "LONGBLOB": "binary",
    "EncryptedType": "string", "StringEncryptedType": "string",
}  # fmt: skip
"""SQLAlchemy's type names (generic, upper case, dialects, SQLAlchemy-Utils) to the neutral types of :class:`Column`."""

PYTHON: dict[str, str] = {
    "builtins.int": "integer", "builtins.str": "string", "builtins.bool": "boolean", "builtins.float": "float", "builtins.bytes": "binary",
    "decimal.Decimal": "decimal", "datetime.date": "date", "datetime.datetime": "datetime", "datetime.time": "time",
    "datetime.timedelta": "duration", "uuid.UUID": "uuid", "builtins.dict": "json", "builtins.list": "json", "typing.Dict": "json",
    "typing.List": "json", "typing.Any": "json", "enum.Enum": "string", "pydantic.EmailStr": "string", "pydantic.UUID4": "uuid",
    "pydantic.HttpUrl": "string", "pydantic.AnyUrl": "string", "pydantic.types.UUID4": "uuid", "pydantic.networks.EmailStr": "string",
}  # fmt: skip
"""Types in ``Mapped[...]`` and SQLModel annotations, as SQLAlchemy's ``type_annotation_map`` and SQLModel map them."""

_WRAPPERS = frozenset({"MutableDict", "MutableList", "MutableSet", "as_mutable", "with_variant"})


class Type(msgspec.Struct, frozen=True):
    """A column's type: ``name`` is neutral, ``declared`` as in the text."""

    name: str = "other"
    declared: str = ""
    max_length: int | None = None
    choices: tuple[str, ...] = ()


def column_type(program: Program, names: Names, expression: Expression | None, depth: int = 0) -> Type | None:
    """The type that an argument of ``Column`` stands for, ``None`` when it is not a type."""
    if not isinstance(expression, Chain) or depth > 6:
        return None
    state, _ = program.head(expression)
    meaning, after = names.called(expression)
    if state.kind == "class":
        return _own_type(program, names, state.id, depth)
    if meaning:
        # ``MutableDict.as_mutable(JSON)`` and ``Text().with_variant(...)``: the type inside counts.
        call = next((step for step in (*after,) if isinstance(step, Call)), None)
        if meaning in _WRAPPERS and call is not None and call.arguments:
            return column_type(program, names, call.arguments[0], depth + 1)
        if meaning not in NEUTRAL:
            return None
        return _sized(program, meaning, call)
    if state.kind == "binding":
        value = program.value(state.id)
        return column_type(program, names, value, depth + 1) if value is not expression else None
    if state.kind == "external" and state.id.rpartition(".")[2] in NEUTRAL and state.id.split(".", 1)[0] not in ("typing", "uuid", "datetime"):
        return Type(NEUTRAL[state.id.rpartition(".")[2]], state.id)
    return None


def _sized(program: Program, meaning: str, call: Call | None) -> Type:
    length: int | None = None
    choices: tuple[str, ...] = ()
    if call is not None:
        if NEUTRAL[meaning] in ("string", "text"):
            for value in (*call.arguments[:1], *(each for name, each in call.keywords if name == "length")):
                number = program.constant(value)
                length = number if isinstance(number, int) and not isinstance(number, bool) else length
        if meaning in ("Enum", "ENUM"):
            choices = tuple(text for each in call.arguments if (text := literal(program, each)) is not None)
            if not choices and call.arguments:
                choices = tuple(enum_values(program, call.arguments[0]))
    return Type(NEUTRAL[meaning], f"sqlalchemy.{meaning}", length, choices)


def enum_values(program: Program, expression: Expression) -> Iterator[str]:
    """The values (by name) of an enumeration class of the project, or the strings of a display."""
    found = elements(program, expression)
    if found is not None:
        yield from (text for each in found if (text := literal(program, each)) is not None)
    elif isinstance(expression, Chain):
        state, rest = program.head(expression)
        if state.kind == "class" and not rest:
            yield from (name for name in program.bindings(state.id) if not name.startswith("_"))


def _own_type(program: Program, names: Names, class_id: str, depth: int) -> Type | None:
    """A project's ``TypeDecorator`` through its ``impl``, or a subclass of a type."""
    ancestors = [names.meaning(each) for each in program.ancestors(class_id)]
    impl = program.member(class_id, "impl")
    if isinstance(impl, Binding):
        found = column_type(program, names, impl.value, depth + 1)
        if found is not None:
            return Type(found.name, class_id, found.max_length, found.choices)
    for meaning in ancestors:
        if meaning in NEUTRAL:
            return Type(NEUTRAL[meaning], class_id)
    if any(meaning in ("TypeDecorator", "UserDefinedType", "TypeEngine") for meaning in ancestors):
        return Type("other", class_id)
    return None


class Annotated(msgspec.Struct, frozen=True):
    """What ``Mapped[...]`` (or a bare SQLModel annotation) says.

    ``target`` is a project class id, or the text of a name that was written as a string. ``many`` is true for a collection.
    ``extras`` are the arguments of ``Annotated``.
    """

    mapped: bool = False
    optional: bool = False
    many: bool = False
    type: Type | None = None
    target: str = ""
    extras: tuple[Expression, ...] = ()


_MANY = frozenset({"List", "Set", "Sequence", "Collection", "Iterable", "list", "set", "FrozenSet", "AppenderQuery", "AbstractSet", "MutableSequence", "deque", "Dict", "dict"})  # fmt: skip
_FIRST = frozenset({"Generator", "AsyncGenerator", "Iterator", "AsyncIterator", "Annotated", "Awaitable", "Coroutine", "ContextManager"})
"""Generics whose first argument is the one of interest."""
_MAPPED = frozenset({"Mapped", "DynamicMapped", "WriteOnlyMapped"})


def annotated(program: Program, names: Names, expression: Expression | None, module: str, depth: int = 0) -> Annotated:
    """The parts of an annotation; names given as strings are looked up in ``module``."""
    if depth > 10 or expression is None:
        return Annotated()
    if isinstance(expression, Constant):
        if isinstance(expression.value, str):
            return _quoted(program, names, expression.value, module, depth)
        return Annotated(optional=expression.value is None)
    if isinstance(expression, Operation):
        if expression.operator == "|":
            return _union(program, names, expression.operands, module, depth)
        if expression.operator == "[]":
            return _generic(program, names, expression.operands, module, depth)
        return Annotated()
    if not isinstance(expression, Chain):
        return Annotated()
    return _plain(program, names, expression, module, depth)


def _plain(program: Program, names: Names, expression: Chain, module: str, depth: int) -> Annotated:
    state, rest = program.head(expression)
    if state.kind == "class" and not rest:
        found = _own_type(program, names, state.id, 0)
        if found is None and any(each in ("enum.Enum", "enum.IntEnum", "enum.StrEnum") for each in program.ancestors(state.id)):
            found = Type("string", state.id, None, tuple(enum_values(program, expression)))
        return Annotated(type=found, target=state.id)
    if state.kind == "external" and not rest:
        id = state.id
        if id in PYTHON:
            return Annotated(type=Type(PYTHON[id], id.removeprefix("builtins.")))
        meaning = names.meaning(id)
        if meaning in NEUTRAL:
            return Annotated(type=Type(NEUTRAL[meaning], id))
        return Annotated(target=id, type=Type("other", id))
    if state.kind == "binding" and not rest:
        # ``intpk = Annotated[int, mapped_column(primary_key=True)]``
        value = program.value(state.id)
        if isinstance(value, Chain) and value.steps and isinstance(value.steps[-1], Item):
            return _alias(program, names, state.id, depth)
        if value is not None and value != expression:
            return annotated(program, names, value, program.module_of(state.id), depth + 1)
    if state.kind == "unknown" and expression.origin in ("local", "parameter") and not rest:
        return Annotated(target=expression.root)
    return Annotated()


def _alias(program: Program, names: Names, id: str, depth: int) -> Annotated:
    """``pk = Annotated[int, mapped_column(primary_key=True)]`` as a value: what its brackets hold are uses inside it."""
    scope, _, name = id.rpartition(".")
    module = program.modules.get(scope)
    outer = next((use for use in module.uses if use.sink == "assign" and use.target == name and not use.scope), None) if module else None
    if module is None or outer is None:
        return Annotated()
    inner = [use.chain for use in module.uses if use is not outer and use.sink == "argument" and (outer.span.line, outer.span.column) <= (use.span.line, use.span.column) <= (outer.span.end_line, outer.span.end_column)]
    calls = tuple(chain for chain in inner if any(isinstance(step, Call) for step in chain.steps))
    plain = [chain for chain in inner if chain not in calls]
    found = annotated(program, names, plain[0], scope, depth + 1) if plain and plain[0] is inner[0] else Annotated()
    return msgspec.structs.replace(found, extras=(*found.extras, *calls))


def _quoted(program: Program, names: Names, text: str, module: str, depth: int) -> Annotated:
    """A name in a string; brackets inside it are read by hand, since forward references are seldom more than ``list["X"]``."""
    text = text.strip().strip("'\"")
    parts = [part.strip() for part in text.split("|")] if "[" not in text else [text]
    if len(parts) > 1:
        rest = [part for part in parts if part != "None"]
        inner = _quoted(program, names, rest[0], module, depth + 1) if rest else Annotated()
        return msgspec.structs.replace(inner, optional="None" in parts or inner.optional)
    outer, bracket, inside = text.partition("[")
    if bracket:
        last = outer.strip().rpartition(".")[2]
        given = _arguments(inside.rpartition("]")[0])
        if last == "Union":
            return _quoted(program, names, "|".join(given), module, depth + 1)
        first = last in _FIRST
        inner = _quoted(program, names, given[0 if first else -1] if given else "", module, depth + 1)
        if last == "Optional":
            return msgspec.structs.replace(inner, optional=True)
        if last in _MAPPED:
            return msgspec.structs.replace(inner, mapped=True, many=inner.many or last != "Mapped")
        if last in _MANY:
            return msgspec.structs.replace(inner, many=True)
        return inner if first else Annotated()
    if not text.replace(".", "").isidentifier():
        return Annotated()
    state = program.resolve(f"{module}.{text}")
    if state.kind in ("class", "binding") or (state.kind == "external" and not state.id.startswith(f"{module}.")):
        return _plain(program, names, Chain(state.id, "global"), module, depth + 1)
    if f"builtins.{text}" in PYTHON:
        return Annotated(type=Type(PYTHON[f"builtins.{text}"], text))
    return Annotated(target=text)


def _arguments(text: str) -> list[str]:
    """The parts between commas that are not inside brackets."""
    parts, level, start = [], 0, 0
    for index, character in enumerate(text):
        level += (character == "[") - (character == "]")
        if character == "," and not level:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


def _union(program: Program, names: Names, operands: tuple[Expression, ...], module: str, depth: int) -> Annotated:
    parts = [annotated(program, names, each, module, depth + 1) for each in operands]
    optional = any(part.optional and not part.target and part.type is None for part in parts)
    for part in parts:
        if part.target or part.type is not None:
            return msgspec.structs.replace(part, optional=optional or part.optional)
    return Annotated(optional=optional)


def _generic(program: Program, names: Names, operands: tuple[Expression, ...], module: str, depth: int) -> Annotated:
    outer = operands[0]
    if not isinstance(outer, Chain):
        return Annotated()
    state, rest = program.head(outer)
    name = next((step for step in reversed(rest) if isinstance(step, str)), state.id.rpartition(".")[2] or outer.root.rpartition(".")[2])
    inner = annotated(program, names, operands[1] if name in _FIRST else operands[-1], module, depth + 1)
    if name in _MAPPED:
        return msgspec.structs.replace(inner, mapped=True, many=inner.many or name != "Mapped")
    if name == "Optional":
        return msgspec.structs.replace(inner, optional=True)
    if name == "Union":
        return _union(program, names, operands[1:], module, depth)
    if name == "Annotated":
        return msgspec.structs.replace(inner, extras=(*inner.extras, *operands[2:]))
    if name in ("ClassVar",):
        return Annotated()
    if name == "Literal":
        choices = tuple(each.value for each in operands[1:] if isinstance(each, Constant) and isinstance(each.value, str))
        return Annotated(type=Type("string", "typing.Literal", None, choices))
    if name in _MANY:
        return msgspec.structs.replace(inner, many=True, type=Type("json", name))
    return inner if name in _FIRST or name in ("Required", "NotRequired", "Final") else Annotated()
