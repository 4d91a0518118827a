"""Operations of a boundary: one for each distinct use of the context from outside, named from its shape.

The allow-list is what the code uses, nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

import msgspec

from decompose.link.program import Program
from decompose.model.facts import ForeignKey, ModelUse, Table
from decompose.model.location import Location
from decompose.model.migration import Entity, Field, Operation, OperationParameter
from decompose.model.nouns import plural, snake
from decompose.model.syntax import Chain, Definition, Parameter
from decompose.planning import shape as shapes
from decompose.planning import statements
from decompose.planning.naming import distinct, holder
from decompose.planning.placement import Cut
from decompose.planning.related import followed, lent, refers_by_key, related_operation, row_attribute
from decompose.planning.row_methods import RowMethod, argument_of, method_at_end
from decompose.planning.sight import Sight
from decompose.planning.types import Type, Types
from decompose.planning.wanted import Wanted


class Obstacle(msgspec.Struct, frozen=True):
    """Why no operation can be made of a use, in words that say what a person can do."""

    reason: str


_QUERY_ENDS = {
    # last call -> (verb, object is plural, result)
    "get": ("get", False, "instance"),
    "first": ("first", False, "optional"),
    "last": ("last", False, "optional"),
    "latest": ("latest", False, "instance"),
    "earliest": ("earliest", False, "instance"),
    "count": ("count", True, "integer"),
    "exists": ("exists", False, "boolean"),
    "aggregate": ("aggregate", True, "json"),
    "values": ("list", True, "json"),
    "values_list": ("list", True, "json"),
    "in_bulk": ("map", True, "json"),
    "get_object_or_404": ("get", False, "instance"),
    "get_list_or_404": ("list", True, "list"),
}
"""Terminal query methods of Django's QuerySet (docs, "QuerySet API reference") and what a caller gets."""

_COMMAND_ENDS = {
    "create": ("create", False, "instance"),
    "get_or_create": ("get_or_create", False, "pair"),
    "update_or_create": ("update_or_create", False, "pair"),
    "update": ("update", True, "integer"),
    "delete": ("delete", True, "json"),
    "bulk_create": ("bulk_create", True, "list"),
}

_IDEMPOTENT_COMMANDS = {"update", "delete", "update_or_create", "get_or_create"}

_LAZY = {"all", "filter", "exclude", "order_by", "distinct", "select_related", "prefetch_related", "only", "defer", "none", "reverse", "using"}
"""Methods that give a query set again: the caller sees a list of rows."""

_SHORTCUTS = {"get_object_or_404", "get_list_or_404"}

_KNOWN = _QUERY_ENDS.keys() | _COMMAND_ENDS.keys() | _LAZY

QUERYING = _KNOWN - {"get_object_or_404", "get_list_or_404", "delete"}
"""Methods of query sets, as opposed to methods of rows."""

_OF_COLUMNS = {"values", "values_list"}
"""Methods after which rows are dictionaries or tuples of columns, whatever follows."""

_NAMING = {"order_by", "latest", "earliest", "values", "values_list", "only", "defer", "select_related", "prefetch_related"}
"""Methods whose positional arguments are names of fields."""

_OPTIONS = {"flat": "boolean", "named": "boolean", "defaults": "json", "nowait": "boolean", "skip_locked": "boolean", "ignore_conflicts": "boolean"}
"""Keyword arguments of Django's own methods that are no lookups."""

_LIMIT = (OperationParameter("limit", "integer", True, False, "None"),)
_BOUNDS = (OperationParameter("start", "integer", True, False, "None"), OperationParameter("stop", "integer", True, False, "None"))
"""Parameters of an operation that gives a part of its rows."""

_TAKING = frozenset(each.name for each in (*_LIMIT, *_BOUNDS))
_LIMITED, _IN_BOUNDS = "[:limit]", "[start:stop]"

_GIVEN = {"instance": "instance", "queryset": "list", "values": "json", "none": "none"}
"""What a method of the project's own gives, by what the analysis says of the expression."""


class Catalogue:
    """Operations collected for one context, each name once. Not shared between contexts."""

    def __init__(self, sight: Sight, cut: Cut, types: Types, wanted: Wanted) -> None:
        self._sight = sight
        self._wanted = wanted
        self._program: Program = sight.program
        self._cut = cut
        self._types = types
        self._by_key: dict[tuple[str, ...], Operation] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._places: dict[tuple[str, ...], list[Location]] = {}
        self._made: dict[str, tuple[set[str], set[str]]] = {}
        self.computed: dict[str, dict[str, Type]] = {}
        """Properties that rows carry like columns, by model."""

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All operations found so far, sorted by name, with the places that use them."""
        found = (
            msgspec.structs.replace(operation, uses=len(places), at=tuple(sorted({*places})))
            for (key, operation) in self._by_key.items()
            for places in (self._places[key],)
        )
        return tuple(sorted(found, key=lambda each: each.name))

    def with_errors(self, operation: Operation) -> Operation:
        """The operation with the exceptions of the project's own that its function raises."""
        return msgspec.structs.replace(operation, errors=self._raised(operation.target)) if operation.shape == "function" else operation

    def _add(self, key: tuple[str, ...], operation: Operation, at: Location) -> Operation:
        known = self._by_key.get(key)
        if known is None:
            name = self._name(key, operation)
            known = self._by_key[key] = msgspec.structs.replace(operation, name=name)
            self._names[name] = key
        self._places.setdefault(key, []).append(at)
        return known

    def _name(self, key: tuple[str, ...], operation: Operation) -> str:
        """The operation's name: that of the accepted plan, its plain one, or one that tells it from another of that name."""
        ends = ("", _LIMITED, _IN_BOUNDS)
        kept = next(filter(None, (self._wanted.kept.get((operation.shape, operation.target, operation.expression + end)) for end in ends)), "")
        if kept and self._names.get(kept, key) == key:
            return kept
        if self._names.get(operation.name, key) == key and operation.name not in self._reserved:
            return operation.name
        return distinct(operation, holder(operation.name, self._by_key.values()), {*self._names, *self._reserved}, _OPTIONS)

    @cached_property
    def _reserved(self) -> frozenset[str]:
        """Names that belong to operations of the accepted plan."""
        return frozenset(self._wanted.kept.values())

    # --- functions -----------------------------------------------------------------------------

    def function(self, definition: Definition, at: Location) -> Operation | Obstacle:
        """The operation that stands for a function of the context; it keeps the function's name and signature."""
        key = ("function", definition.id)
        if key in self._by_key:
            return self._add(key, self._by_key[key], at)
        if definition.generator or definition.is_async:
            return Obstacle("a generator or coroutine cannot be called over the boundary: return a list from a plain function")
        name = definition.id.rpartition(".")[2]
        name = f"{snake(definition.parent.rpartition('.')[2])}_{name}" if definition.parent else name
        parameters: list[OperationParameter] = []
        for parameter in _given_by_callers(definition):
            if parameter.kind in ("varargs", "varkeywords"):
                return Obstacle(f"the parameter *{parameter.name} is open: name the arguments that callers give")
            found = self._given(name, parameter.name) or self._types.parameter(definition, parameter)
            if not found.name:
                return Obstacle(found.reason or f"the type of {parameter.name!r} is not known: {self._say(definition, name, parameter.name)}")
            parameters.append(
                OperationParameter(
                    parameter.name, found.name, found.nullable or parameter.default == "None", not parameter.default, parameter.default
                )
            )
        returned = self._given(name) or self._types.returned(definition)
        if not returned.name:
            return Obstacle(returned.reason or f"what it returns is not known: {self._say(definition, name)}")
        operation = Operation(
            name=name,
            shape="function",
            kind="command" if self._writes(definition.id) else "query",
            target=definition.id,
            parameters=tuple(parameters),
            returns=returned.name,
            optional=returned.nullable,
            idempotent=not self._writes(definition.id),
            doc=definition.doc.strip().partition("\n")[0],
        )
        return self._add(key, operation, at)

    def _given(self, operation: str, parameter: str = "") -> Type | None:
        """The type of a parameter, or of the result, as a person gave it."""
        said = self._wanted.type_of(operation, parameter)
        return Type(said) if said else None

    def _say(self, definition: Definition, operation: str, parameter: str = "") -> str:
        """Where a type can be said: in the code, or in the configuration."""
        key = f"parameters.{parameter}" if parameter else "returns"
        return f"annotate it at {self._program.place(definition.id)}, or set {key} of [operations.{self._cut.context}.{operation}]"

    def _raised(self, function: str) -> tuple[str, ...]:
        """The project's own exceptions that a function makes, itself or in code that goes to the service with it."""
        found: set[str] = set()
        seen: set[str] = set()
        waiting = {self._sight.reach.unit(function)}
        while waiting:
            unit = waiting.pop()
            seen.add(unit)
            exceptions, further = self._made_in(unit)
            found |= exceptions
            waiting |= further - seen
        return tuple(sorted(found))

    def _made_in(self, unit: str) -> tuple[set[str], set[str]]:
        """The project's own exceptions that a unit makes, and the units it uses that go to the service."""
        known = self._made.get(unit)
        if known is None:
            mentions = self._sight.reach.mentions(unit)
            classes = {mention.target for mention in mentions if mention.kind == "class" and mention.called}
            further = {mention.target_unit for mention in mentions if mention.kind in ("function", "class")}
            moved, shared = self._cut.moved, self._cut.shared
            known = self._made[unit] = (
                {each for each in classes if is_exception(self._program, each)},
                {each for each in further if each in moved or each in shared},
            )
        return known

    def _writes(self, definition: str) -> bool:
        """Whether a function changes anything, itself or through calls."""
        return definition in self._sight.changing

    def carries(self, model: str, name: str) -> bool:
        """Whether a row can carry a property of its model: it is computed from the row alone, and its type is known."""
        member = self._program.member(model, name)
        if not isinstance(member, Definition) or not self._program.is_property(member) or self._sight.reach.touches(member.id):
            return False
        returned = self._types.returned(member)
        if not returned.name or returned.name == "none" or ":" in returned.name:
            return False
        self.computed.setdefault(model, {})[name] = returned
        return True

    # --- model expressions ---------------------------------------------------------------------

    def chain(self, use: ModelUse) -> Operation | Obstacle:
        """The operation that evaluates a model expression with its argument values as parameters."""
        table = self._sight.model_tables[use.model]
        if table.origin == statements.ORIGIN:
            return self._statement(use, table)
        if not use.sealable:
            added = f": the annotation {use.annotations[-1].name!r} belongs into a method of the query set" if use.annotations else ""
            return Obstacle(f"{use.obstacle or 'an argument'} cannot be passed over the boundary{added}")
        try:
            found = shapes.parts(use.shape)
        except ValueError:
            return Obstacle("the expression has a form that is not followed")
        if any("**" in (part.arguments or ()) for part in found):
            return Obstacle("** cannot be passed over the boundary")
        owner: OperationParameter | None = None
        over = followed(self._sight, use, found[0]) if use.head == "accessor" and found else None
        if over is not None:
            return self._behind(use, found, over)
        if use.head == "accessor":
            key = self._accessed(table, use, found)
            if key is None:
                return Obstacle("the reverse accessor is not a plain foreign key")
            owner = OperationParameter(key.field, f"key:{key.target_model or key.target}")
            found = _through_accessor(found, key)
        whole, found = found, covered(found)
        if found and found[0].name == "":
            return self._draft(use, table, found)
        end = next((part.name for part in reversed(found) if part.arguments is not None), "")
        if not end:
            return Obstacle("a manager or query set is passed on as it is: take the rows at this place")
        method = None if end in _KNOWN or self._custom(end) is not None else method_at_end(self._program, use.model, found)
        if method is not None:
            return self._ending_in(use, found, method, owner)
        if end not in _KNOWN and self._custom(end) is None:
            return Obstacle(f"the method {end}() is not one whose result is known")
        parameters: list[OperationParameter] = []
        row = self._types.row(use.model, use.annotations)
        plain = ""
        for name, (part, index, argument) in zip(shapes.parameter_names(found), shapes.slots(found), strict=True):
            if owner is not None and name == owner.name and owner not in parameters:
                parameters.append(owner)
                continue
            plain = plain or self._plain_name(use, found, end)
            type_ = self._given(plain, name) or self._slot(table, part, index, argument)
            if not type_.name and not row.name:
                return Obstacle(row.reason)
            if not type_.name:
                what = f"argument {argument}" if argument != "?" else f"positional argument of {part.name}()"
                return Obstacle(f"the type of the {what} is not known: set parameters.{name} of [operations.{self._cut.context}.{plain}]")
            parameters.append(OperationParameter(name, type_.name, type_.nullable))
        operation = self._chain_operation(use, found, end, tuple(parameters))
        if isinstance(operation, Obstacle):
            return operation
        known_as = ("chain", use.model, operation.expression)
        made = self._add(known_as, operation, use.at)
        in_part = operation.kind == "query" and end not in _SHORTCUTS and (operation.returns.startswith("list:") or (operation.returns == "json" and end in _LAZY | _OF_COLUMNS))
        return self._limited(known_as, made, shapes.taken(whole, len(found))) if in_part else made

    def _limited(self, key: tuple[str, ...], operation: Operation, taken: str) -> Operation:
        """The operation with a limit, or with both bounds, once a place asks for a part of its rows: the others need not travel there.

        Every place that asks for these rows shares the operation; those that want all leave the bounds out.
        """
        has = {each.name for each in operation.parameters if not each.required}
        if {each.name for each in operation.parameters if each.required} & _TAKING:
            return operation  # a column has the name
        if not taken or "stop" in has or (taken != "bounds" and "limit" in has):
            return operation
        kept = tuple(each for each in operation.parameters if each.required)
        expression = _whole(operation.expression) + (_IN_BOUNDS if taken == "bounds" else _LIMITED)
        self._by_key[key] = msgspec.structs.replace(operation, parameters=kept + (_BOUNDS if taken == "bounds" else _LIMIT), expression=expression)
        return self._by_key[key]

    def _behind(self, use: ModelUse, found: tuple[shapes.Part, ...], key: ForeignKey) -> Operation | Obstacle:
        """The row behind a foreign key of a row that the caller holds; what is read of it further stays where it is."""
        if not refers_by_key(self._sight, key):
            return Obstacle(f"{key.field} refers by another column than the primary key")
        if use.sink in ("store", "delete"):
            return Obstacle(f"the row behind {key.field} is changed here: change it in a function of the context")
        operation = related_operation(use, key, snake(use.owner.rpartition(".")[2]), snake(use.model.rpartition(".")[2]))
        call = next((part for part in found[1:] if part.arguments is not None and part.name != "[]"), None)
        if call is not None and not self._goes_further(use):
            method = method_at_end(self._program, use.model, found[1:2], on_row=True)
            if method is None or call is not found[1]:
                return Obstacle(f"{call.name}() is called on the row behind {key.field}: make it a function of the context")
            return self._ending_in(use, found[1:2], method, operation.parameters[0], operation)
        return self._add(("related", use.owner, key.field), operation, use.at)

    def _ending_in(
        self, use: ModelUse, found: tuple[shapes.Part, ...], method: RowMethod, owner: OperationParameter | None, before: Operation | None = None
    ) -> Operation | Obstacle:
        """The operation for an expression that ends in a method of the model; ``before`` is the operation that gives the row."""
        table, name = self._sight.model_tables[use.model], use.model.rpartition(".")[2]
        writes = self._writes(method.definition.id)
        noun = before.name.removeprefix("get_") if before is not None else snake(name)
        plain = f"{method.name}_{noun}" if writes and method.bound else f"{method.name}_of_{noun}" if method.bound else method.name
        parameters = [owner] if before is not None and owner is not None else []
        for slot, (part, index, argument) in zip(shapes.parameter_names(found), shapes.slots(found), strict=True):
            if owner is not None and slot == owner.name and owner not in parameters:
                parameters.append(owner)
                continue
            chosen = argument_of(self._program, method, index, argument) if part is found[-1] else None
            type_ = self._given(plain, slot) or (self._types.parameter(method.definition, chosen) if chosen is not None else None)
            if type_ is None and part is not found[-1]:
                type_ = self._slot(table, part, index, argument)
            if type_ is None or not type_.name:
                what = slot if chosen is None else chosen.name
                return Obstacle(f"the type of {what!r} of {method.name}() is not known: {self._say(method.definition, plain, slot)}")
            parameters.append(OperationParameter(slot, type_.name, type_.nullable))
        returned = self._given(plain) or self._types.returned(method.definition)
        if not returned.name:
            return Obstacle(returned.reason or f"what {method.name}() returns is not known: {self._say(method.definition, plain)}")
        missing = any(part.name in ("get", "latest", "earliest") for part in found[:-1])
        operation = Operation(
            name=plain, shape="chain", kind="command" if writes else "query", target=use.model, parameters=tuple(parameters), returns=returned.name,
            expression=shapes.expression(name if before is None else before.expression, found), imports=(use.model,) if before is None else (),
            optional=returned.nullable, errors=(f"{use.model}.DoesNotExist",) if missing or before is not None else (), idempotent=not writes,
            doc=method.definition.doc.strip().partition("\n")[0],
        )  # fmt: skip
        return self._add(("chain", use.model, operation.expression), operation, use.at)

    def _goes_further(self, use: ModelUse) -> bool:
        """Whether the expression goes on over a relation to rows of the context, which is an edge of its own."""
        return any(each.span == use.span and each.owner == use.model and each.model in self._cut.models for each in self._sight.uses_at(use.at))

    def _slot(self, table: Table, part: shapes.Part, index: int, argument: str) -> Type:
        """The type of an argument: of the project's own method by its parameter, of Django's by the column it is compared with."""
        custom = self._custom(part.name)
        if custom is not None:
            named = custom.parameters[1:]
            chosen = next((each for each in named if argument == f"{each.name}="), None)
            if argument == "?" and index < len(named):
                chosen = named[index]
            return self._types.parameter(custom, chosen) if chosen is not None else Type("")
        if argument == "?":
            if part.name == "bulk_create":
                return Type(f"list:entity:{table.model.rpartition('.')[2]}")
            return Type("string") if part.name in _NAMING else Type("")
        keyword = argument[:-1]
        if keyword in _OPTIONS:
            return Type(_OPTIONS[keyword])
        return self._types.lookup(table, keyword)

    def _custom(self, method: str) -> Definition | None:
        """The project's own query set or manager method of this name, ``None`` when there is none or more than one meaning."""
        return None if method in _KNOWN else self._sight.manager_methods.get(method)

    def _plain_name(self, use: ModelUse, found: tuple[shapes.Part, ...], end: str) -> str:
        """The name of a chain's operation before it is told from others."""
        custom = self._custom(end)
        verb, many, result = (_COMMAND_ENDS if end in _COMMAND_ENDS else _QUERY_ENDS).get(end, ("list", True, "list"))
        if custom is not None:
            result = _GIVEN.get(use.result) or self._types.returned(custom).name
            verb, many = ("list", True) if result == "list" else (end, True)
        return _named(verb, many, snake(use.model.rpartition(".")[2]), self._method_words(found, end, verb))

    def _method_words(self, found: tuple[shapes.Part, ...], end: str, verb: str) -> list[str]:
        words = [part.name for part in found if part.name != end and self._custom(part.name) is not None]
        return words + ([end] if verb == "list" and self._custom(end) is not None else [])

    def _chain_operation(
        self, use: ModelUse, found: tuple[shapes.Part, ...], end: str, parameters: tuple[OperationParameter, ...]
    ) -> Operation | Obstacle:
        name = use.model.rpartition(".")[2]
        noun = snake(name)
        custom = self._custom(end)
        command = end in _COMMAND_ENDS or (custom is not None and use.mode == "write")
        verb, many, result = (_COMMAND_ENDS if end in _COMMAND_ENDS else _QUERY_ENDS).get(end, ("list", True, "list"))
        if custom is not None:
            said = self._given(self._plain_name(use, found, end))
            result = said.name if said is not None else _GIVEN.get(use.result) or self._types.returned(custom).name
            if not result:
                return Obstacle(f"what {end}() returns is not known: {self._say(custom, self._plain_name(use, found, end))}")
            verb, many = ("list", True) if result == "list" else (end, True)
        optional = result == "optional"
        if result in ("instance", "optional", "list") and (use.result == "values" or any(part.name in _OF_COLUMNS for part in found)):
            result = "json"
        row = self._types.row(use.model, use.annotations)
        if not row.name and result in ("instance", "optional", "list"):
            return Obstacle(row.reason)
        errors = (f"{use.model}.DoesNotExist",) if end in ("get", "latest", "earliest") else ()
        errors = ("django.http.Http404",) if end in _SHORTCUTS else errors
        match result:
            case "instance" | "optional":
                returns = row.name
            case "list":
                returns = f"list:{row.name}"
            case "pair":
                return Obstacle(f"{end}() gives a pair of a row and a flag: make it a function of the context")
            case _:
                returns = result
        words = self._method_words(found, end, verb)
        shortcut = found[0].name in _SHORTCUTS
        expression = shapes.expression("" if shortcut else name, found)
        if shortcut:
            expression = expression.replace(f"{end}(", f"{end}({name}, ", 1).replace(", )", ")")
        return Operation(
            name=_named(verb, many, noun, words),
            shape="chain",
            kind="command" if command else "query",
            target=use.model,
            parameters=parameters,
            returns=returns,
            expression=expression,
            imports=tuple(sorted({use.model, *({f"django.shortcuts.{end}"} if shortcut else ())})),
            optional=optional,
            errors=errors,
            idempotent=not command or end in _IDEMPOTENT_COMMANDS,
            doc=_sentence(verb, many, noun, words, parameters),
        )

    def _statement(self, use: ModelUse, table: Table) -> Operation | Obstacle:
        """The operation that sends an SQLAlchemy statement with its values as parameters."""
        name = use.model.rpartition(".")[2]
        if not use.sealable:
            return Obstacle(use.obstacle)
        foreign = sorted(model for model in use.joins if model not in self._cut.models)
        if foreign:
            return Obstacle(f"the statement also asks for {', '.join(model.rpartition('.')[2] for model in foreign)}, of another context: compose it of two calls")
        end = statements.end_of(use)
        if not end:
            return Obstacle("a column or query of the model is passed on: write the statement as one expression")
        if end == name:
            return self._drafted(use, table, use.keywords)
        parameters = tuple(statements.parameters(use, self._sight, self._types))
        unknown = next((each.name for each in parameters if not each.type), "")
        if unknown:
            return Obstacle(f"the type of the argument {unknown} is not known")
        own = statements.own_method(use, end, self._sight)
        found = self._own_end(use, own) if own is not None else statements.ending(use, end)
        if found is None:
            return Obstacle(f"what {end}() gives here is not known, or cannot cross the boundary: make it a function of the context")
        if isinstance(found, Obstacle):
            return found
        returns = {"instance": f"entity:{name}", "optional": f"entity:{name}", "list": f"list:entity:{name}"}.get(found.result, found.result)
        noun = snake(name)
        operation = Operation(
            name=_named(found.verb, found.many, noun),
            shape="chain",
            kind="command" if found.command else "query",
            target=use.model,
            parameters=parameters,
            returns=returns,
            expression=use.shape,
            imports=use.imports,
            optional=found.result == "optional",
            errors=found.errors,
            idempotent=found.idempotent,
            doc=_sentence(found.verb, found.many, noun, (), tuple(each for each in parameters if each.type != "session" and ":" not in each.type)),
        )
        return self._add(("chain", use.model, operation.expression), operation, use.at)

    def _own_end(self, use: ModelUse, own: Definition) -> statements.End | Obstacle:
        """What a class method of the project gives, by its annotation, else by what is known of its rows."""
        name = own.id.rpartition(".")[2]
        returned = self._types.returned(own)
        kind = {"instance": "instance", "queryset": "list"}.get(use.result) or returned.name
        if not kind:
            return Obstacle(f"what {name}() returns is not known: annotate it at {self._program.place(own.id)}")
        result = "optional" if kind == "instance" and returned.nullable else kind
        writes = use.mode == "write"
        return statements.End(name, kind not in ("instance", "none"), result, writes, not writes)

    def _draft(self, use: ModelUse, table: Table, found: tuple[shapes.Part, ...]) -> Operation | Obstacle:
        """A constructor call: an unsaved row. Every such call of a model is one operation with all its columns optional."""
        if len(found) > 1:
            return Obstacle("the constructor is given a further call")
        return self._drafted(use, table, shapes.keywords(found))

    def _drafted(self, use: ModelUse, table: Table, keywords: Iterable[str]) -> Operation | Obstacle:
        columns = {column.field for column in table.columns} | {column.name for column in table.columns}
        unknown = [keyword for keyword in keywords if keyword not in columns]
        if unknown:
            return Obstacle(f"the constructor is given {', '.join(unknown)}")
        parameters = tuple(
            OperationParameter(column.field, self._types.lookup(table, column.field).name or "json", True, False, "UNSET")
            for column in table.columns
            if not column.auto
        )
        name = use.model.rpartition(".")[2]
        operation = Operation(
            name=f"new_{snake(name)}",
            shape="draft",
            kind="command",
            target=use.model,
            parameters=parameters,
            returns=f"entity:{name}",
            imports=(use.model,),
            doc=f"An unsaved {_words(snake(name))}" + (", stored when it is added." if table.origin == statements.ORIGIN else "; its save() stores it."),
        )
        return self._add(("draft", use.model), operation, use.at)

    def method(self, use: ModelUse, name: str) -> Operation | Obstacle:
        """A method called on a row that the caller holds: ``save``, ``delete`` or one of the model's own."""
        model = use.model.rpartition(".")[2]
        row = OperationParameter(snake(model), f"entity:{model}")
        key = ("method", use.model, name)
        given = shapes.keywords(shapes.parts(use.shape))
        if "**" in use.shape:
            return Obstacle("** cannot be passed over the boundary")
        if not use.sealable:
            return Obstacle(f"{use.obstacle or 'an argument'} cannot be passed over the boundary")
        if name in ("save", "delete"):
            if any(not argument.endswith("=") for argument in shapes.parts(use.shape)[0].arguments or ()):
                return Obstacle(f"{name}() is given positional arguments")
            unknown = sorted({*given} - ({"update_fields"} if name == "save" else set()))
            if unknown:
                return Obstacle(f"{name}() is given {', '.join(unknown)}")
            # Every place that saves a row shares one operation, so it offers what one of them gives.
            partly = bool(given) or (key in self._by_key and len(self._by_key[key].parameters) > 1)
            fields = (OperationParameter("update_fields", "list:string", True, False, "None"),) if partly else ()
            returns, parameters, doc = "none" if name == "save" else "json", (row, *fields), f"{name.capitalize()} a {_words(snake(model))} that the caller holds."
            if key in self._by_key:
                self._by_key[key] = msgspec.structs.replace(self._by_key[key], parameters=parameters)
            return self._add(
                key,
                Operation(
                    f"{name}_{snake(model)}", "method", "command", use.model, parameters, returns,
                    expression=name, imports=(use.model,), idempotent=True, doc=doc,
                ),
                use.at,
            )  # fmt: skip
        declared = self._program.member(use.model, name)
        if not isinstance(declared, Definition):
            return Obstacle(f"the method {name}() is not one whose result is known")
        writes = self._writes(declared.id)
        called = f"{name}_{snake(model)}" if writes else f"{name}_of_{snake(model)}"
        extra: list[OperationParameter] = []
        for parameter in declared.parameters[1:]:
            if parameter.kind in ("varargs", "varkeywords"):
                return Obstacle(f"the parameter *{parameter.name} of {name}() is open: name the arguments that callers give")
            found = self._given(called, parameter.name) or self._types.parameter(declared, parameter)
            if not found.name:
                return Obstacle(f"the type of {parameter.name!r} of {name}() is not known: {self._say(declared, called, parameter.name)}")
            extra.append(OperationParameter(parameter.name, found.name, found.nullable, not parameter.default, parameter.default))
        returned = self._given(called) or self._types.returned(declared)
        if not returned.name:
            return Obstacle(returned.reason or f"what {name}() returns is not known: {self._say(declared, called)}")
        return self._add(
            key,
            Operation(
                called,
                "method", "command" if writes else "query", use.model, (row, *extra), returned.name,
                expression=name, imports=(use.model,), optional=returned.nullable, idempotent=not writes,
                doc=declared.doc.strip().partition("\n")[0],
            ),
            use.at,
        )  # fmt: skip

    def _accessed(self, table: Table, use: ModelUse, found: tuple[shapes.Part, ...]) -> ForeignKey | None:
        """The foreign key that a reverse accessor goes back over."""
        for key in self._sight.keys_from.of((table.id,)) if found else ():
            if key.accessor == found[0].name and key.kind != "many-to-many" and use.owner in (key.target_model, "", *self._sight.heirs(key.target_model)):
                return key
        return None


def _given_by_callers(definition: Definition) -> tuple[Parameter, ...]:
    """The parameters of a function, without the class that a class method is given."""
    first = definition.parameters[:1]
    of_class = any(isinstance(each, Chain) and each.root == "classmethod" for each in definition.decorators)
    return definition.parameters[1:] if of_class and first else definition.parameters


def is_exception(program: Program, class_id: str) -> bool:
    """Whether a class of the project is an exception."""
    return any(base.startswith("builtins.") and base.endswith(("Error", "Exception", "Warning")) for base in program.ancestors(class_id))


def covered(found: tuple[shapes.Part, ...]) -> tuple[shapes.Part, ...]:
    """The part of a shape that becomes the operation: up to the last call, without attributes and subscripts after it."""
    last = max((index for index, part in enumerate(found) if part.arguments is not None and part.name != "[]"), default=-1)
    first_item = next((index for index, part in enumerate(found) if part.name == "[]"), len(found))
    return found[: min(last + 1, first_item)]


def _whole(expression: str) -> str:
    """The expression of an operation without the part of its rows that it takes."""
    return expression.removesuffix(_LIMITED).removesuffix(_IN_BOUNDS)


def _through_accessor(found: tuple[shapes.Part, ...], key: ForeignKey) -> tuple[shapes.Part, ...]:
    """``reviews.filter(rating=).count()`` on a product as ``objects.filter(product=,rating=).count()``."""
    given = f"{key.field}="
    _, *rest = found
    manager = shapes.Part("objects", None)
    if key.kind == "one-to-one":
        return (manager, shapes.Part("get", (given,)), *rest)
    if rest and rest[0].name in ("filter", "create", "get") and rest[0].arguments is not None:
        return (manager, shapes.Part(rest[0].name, (given, *rest[0].arguments)), *rest[1:])
    remaining = rest[1:] if rest and rest[0] == shapes.Part("all", ()) else rest
    return (manager, shapes.Part("filter", (given,)), *remaining)


def entities(
    sight: Sight, cut: Cut, types: Types, operations: Iterable[Operation], computed: Mapping[str, Mapping[str, Type]] = MappingProxyType({})
) -> tuple[Entity, ...]:
    """The contract types that the operations name, each with the concrete columns of its table and the ``computed`` properties in use."""
    named = {
        match
        for operation in operations
        for text in (operation.returns, *(parameter.type for parameter in operation.parameters))
        for match in re.findall(r"entity:(\w+)", text)
    }
    annotated = {name: rows for name, rows in types.annotated_rows.items() if name in named}
    named |= {rows.model.rpartition(".")[2] for rows in annotated.values()}
    found: list[Entity] = []
    for model in sorted(cut.models):
        table = sight.model_tables[model]
        name = model.rpartition(".")[2]
        if name not in named or not table.columns:
            continue
        key = next((column for column in table.columns if column.primary_key), table.columns[0])
        fields = tuple(
            Field(column.name if types.relation(table.id, column.field) else column.field, _field_type(types, table, column.name), column.nullable)
            for column in table.columns
        )
        fields += tuple(Field(each, type_.name, type_.nullable, path=each) for each, type_ in sorted(computed.get(model, {}).items()))
        relations = tuple((row_attribute(sight, each), each.target_model) for each in sight.keys_from.of((table.id,)) if each.target_model not in cut.models and lent(sight, each))
        found.append(Entity(name, model, table.id, key.field, fields, relations))
        for more, rows in sorted(annotated.items()):
            if rows.model == model:
                added = tuple(Field(each.name, each.type, each.nullable, path=each.name) for each in rows.annotations)
                found.append(Entity(more, model, table.id, key.field, fields + added, relations, extends=name))
    return tuple(found)


def _field_type(types: Types, table: Table, column: str) -> str:
    found = types.lookup(table, column).name
    return found if found and not found.startswith("key:") else "integer" if found else "json"


def _words(noun: str) -> str:
    return noun.replace("_", " ")


def _named(verb: str, many: bool, noun: str, words: Sequence[str] = ()) -> str:
    """``list_pending_reviews_for_page``: methods of one word go before the noun, longer ones after it."""
    thing = plural(noun) if many else noun
    before = "".join(f"{word}_" for word in words if "_" not in word)
    after = "".join(f"_{word}" for word in words if "_" in word)
    return f"{before}{noun}{after}_exists" if verb == "exists" else f"{verb}_{before}{thing}{after}"


def _sentence(verb: str, many: bool, noun: str, words: Sequence[str], parameters: tuple[OperationParameter, ...]) -> str:
    given = " and ".join(parameter.name for parameter in parameters)
    what = " ".join([*(word for word in words if "_" not in word), _words(plural(noun) if many else noun)])
    what += "".join(f" {_words(word)}" for word in words if "_" in word)
    first = {"exists": f"Whether a {what} exists", "list": f"The {what}", "count": f"The number of {what}"}.get(
        verb, f"{verb.replace('_', ' ').capitalize()} {what}"
    )
    return f"{first} by {given}." if given else f"{first}."
