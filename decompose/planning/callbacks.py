"""Operations of the monolith: what moved code calls of code that stays, described as the other direction of the boundary.

The allow-list is what moved code gives and takes: a parameter that it never gives is left out, a result that it never looks at does
not travel. A row of the monolith crosses as its key, for the monolith has the row; a row of the context crosses as a snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from decompose.model.location import Location
from decompose.model.migration import Operation, OperationParameter
from decompose.model.nouns import snake
from decompose.model.syntax import Call, Chain, Definition, Expression, Parameter, Use
from decompose.model.syntax import Operation as Operands
from decompose.planning import shape as shapes
from decompose.planning.contract import Obstacle, is_exception
from decompose.planning.index import Index
from decompose.planning.parameters import ParameterUse
from decompose.planning.placement import Cut
from decompose.planning.reach import Mention
from decompose.planning.sight import Sight
from decompose.planning.types import Type, Types


class Site(NamedTuple):
    """A place in moved code that names a function or method of the monolith. ``call`` is ``None`` where it is not called."""

    scope: str
    call: Call | None
    use: Use


class RowCall(NamedTuple):
    """A method of the monolith's ``model`` that moved code calls on a row in an expression."""

    source: str
    model: str
    method: str
    at: Location
    use: Use


def row_calls(sight: Sight, cut: Cut) -> Iterator[RowCall]:
    """The project's own methods that moved code calls on rows of other contexts' models, wherever it has the rows from."""
    program = sight.program
    for found in sight.uses_in.of(cut.moved):
        if found.model in cut.models or found.result == "class":
            continue
        for name in _called_names(found.shape):
            member = program.member(found.model, name)
            if isinstance(member, Definition) and member.kind == "method" and not program.is_property(member):
                use = next((each for each in sight.scope(found.definition) if each.span == found.span), None)
                if use is not None:
                    yield RowCall(found.definition, found.model, member.id, found.at, use)
                break


def _called_names(shape: str) -> list[str]:
    try:
        return [part.name for part in shapes.parts(shape) if part.arguments is not None]
    except ValueError:
        return []


class Callbacks:
    """Collected for one context. ``given`` are the methods that moved functions call on objects they are given."""

    def __init__(self, sight: Sight, cut: Cut, types: Types, given: Iterable[ParameterUse]) -> None:
        self._sight = sight
        self._cut = cut
        self._types = types
        self._models = {model.rpartition(".")[2]: model for model in cut.models}
        self.rows = tuple(row_calls(sight, cut))
        self._sites: Index[str, Site] = Index(self._found(cut.outward, given))
        self._known: dict[tuple[str, str], Operation | Obstacle] = {}

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All that were described, sorted by name."""
        return tuple(sorted((each for each in self._known.values() if isinstance(each, Operation)), key=lambda each: each.name))

    def function(self, target: str) -> Operation | Obstacle:
        """The operation for a function of the monolith that moved code calls."""
        return self._described(target, "")

    def method(self, model: str, target: str) -> Operation | Obstacle:
        """The operation for a method that moved code calls on a row of the monolith's ``model``."""
        return self._described(target, model)

    def with_errors(self, operation: Operation) -> Operation:
        """The operation with those of the exceptions it may raise that code in the service knows as well."""
        known = self._cut.shared | self._cut.moved
        reach = self._sight.reach
        definition = f"{operation.target}.{operation.expression}" if operation.shape == "method" else operation.target
        raised = {
            mention.target
            for unit in reach.closure({reach.unit(definition)})
            for mention in reach.mentions(unit)
            if mention.kind == "class" and mention.called and mention.target in known and is_exception(self._sight.program, mention.target)
        }
        return msgspec.structs.replace(operation, errors=tuple(sorted(raised)))

    # --- where it is called --------------------------------------------------------------------

    def _found(self, outward: Iterable[Mention], given: Iterable[ParameterUse]) -> Iterator[tuple[str, Site]]:
        seen: set[tuple[str, Use]] = set()
        for target, scope, use, call in self._all(outward, given):
            if (target, use) not in seen:
                seen.add((target, use))
                yield target, Site(scope, call, use)

    def _all(self, outward: Iterable[Mention], given: Iterable[ParameterUse]) -> Iterator[tuple[str, str, Use, Call | None]]:
        for mention in outward:
            yield mention.target, mention.source, mention.use, self._sight.call_of(mention.use.chain, mention.target)
        for each in given:
            if each.method:
                yield each.method, each.function, each.use, _first_call(each.use.chain, each.path[0])
        for row in self.rows:
            yield row.method, row.source, row.use, _first_call(row.use.chain, row.method.rpartition(".")[2])

    # --- what it takes and gives ---------------------------------------------------------------

    def _described(self, target: str, model: str) -> Operation | Obstacle:
        key = (target, model)
        if key not in self._known:
            found = self._describe(target, model, self._sites.of((target,)))
            self._known[key] = msgspec.structs.replace(found, name=self._name(found, target)) if isinstance(found, Operation) else found
        return self._known[key]

    def _name(self, operation: Operation, target: str) -> str:
        """The operation's name; with its module where another callback has it already."""
        taken = {each.name for each in self._known.values() if isinstance(each, Operation)}
        if operation.name not in taken:
            return operation.name
        name = f"{operation.name}_of_{self._sight.program.module_of(target).replace('.', '_')}"
        number = 2
        while name in taken:
            name, number = f"{operation.name}_{number}", number + 1
        return name

    def _describe(self, target: str, model: str, sites: Sequence[Site]) -> Operation | Obstacle:
        program = self._sight.program
        definition = program.definition(target)
        problem = self._problem(definition, model, sites)
        if definition is None or problem:
            return Obstacle(problem)
        calls = [(each, each.call) for each in sites if each.call is not None]
        parameters = self._parameters(definition, calls, skip=1 if model else 0)
        if isinstance(parameters, Obstacle):
            return parameters
        returns = Type("none") if all(each.use.sink == "discard" for each in sites) else self._types.returned(definition)
        if not returns.name:
            return Obstacle(f"what it returns is not known: annotate it at {program.place(definition.id)}")
        if "replica:" in returns.name or "entity:" in returns.name:
            return Obstacle(f"it returns a row, and the service would hold a copy of it: return what is needed of it at {program.place(definition.id)}")
        name = target.rpartition(".")[2]
        writes = definition.id in self._sight.changing
        row: tuple[OperationParameter, ...] = ()
        if model:
            noun = snake(model.rpartition(".")[2])
            taken = {each.name for each in parameters}
            row = (OperationParameter(noun if noun not in taken else f"{noun}_row", f"key:{model}"),)
        return Operation(
            name=f"{name}_of_{snake(model.rpartition('.')[2])}" if model else name,
            shape="method" if model else "function",
            kind="command" if writes else "query",
            target=model or target,
            parameters=(*row, *parameters),
            returns=returns.name,
            expression=name if model else "",
            imports=(model,) if model else (),
            optional=returns.nullable,
            idempotent=not writes,
            doc=definition.doc.strip().partition("\n")[0],
            uses=len(sites),
            at=tuple(sorted({program.at(program.module_of(each.scope), each.use.span.line) for each in sites})),
        )

    def _problem(self, definition: Definition | None, model: str, sites: Sequence[Site]) -> str:
        """Why a function cannot be called from another process, ``""`` when it can."""
        if "django" not in self._sight.program.imported:
            return "only a monolith in Django can serve one yet"
        if definition is None or definition.kind == "class" or (definition.parent and not model):
            return "it is no function of a module"
        if model and (definition.kind != "method" or any(_named(each) in _NO_METHOD for each in definition.decorators)):
            return "it is no plain method of a row"
        if definition.generator or definition.is_async:
            return "a generator or coroutine cannot be called over a boundary: return a list from a plain function"
        if not sites:
            return "the place that calls it is not known"
        if any(each.call is None for each in sites):
            return "the function itself is passed on: call it at this place"
        return ""

    def _parameters(self, definition: Definition, calls: Sequence[tuple[Site, Call]], skip: int) -> tuple[OperationParameter, ...] | Obstacle:
        """The parameters that moved code gives, those behind ``**`` by the names it gives."""
        given: dict[str, list[tuple[Site, Expression]]] = {}
        declared = {each.name: each for each in definition.parameters[skip:]}
        plain = [each for each in declared.values() if each.kind in ("positional", "normal")]
        open_ended = any(each.kind == "varkeywords" for each in declared.values())
        for site, call in calls:
            bound = _bound(call, plain)
            if isinstance(bound, Obstacle):
                return bound
            for name, value in bound:
                if name not in declared and not open_ended:
                    return Obstacle(f"it takes no {name!r}")
                given.setdefault(name, []).append((site, value))
        found: list[OperationParameter] = []
        for name in [*(each for each in declared if each in given), *(each for each in given if each not in declared)]:
            values, parameter = given[name], declared.get(name)
            if parameter is not None and parameter.kind == "positional":
                return Obstacle(f"{name!r} can be given by position only")
            kind = self._type(definition, parameter, values)
            if not kind.name:
                return Obstacle(f"the type of {name!r} is not known: annotate it at {self._sight.program.place(definition.id)}")
            required = parameter is not None and not parameter.default and len(values) == len(calls)
            default = "" if required else (parameter.default if parameter is not None and parameter.default else "UNSET")
            found.append(OperationParameter(name, kind.name, kind.nullable, required, default))
        return tuple(found)

    def _type(self, definition: Definition, parameter: Parameter | None, values: Sequence[tuple[Site, Expression]]) -> Type:
        """What travels for an argument: by annotation, by what moved code gives, by what anybody gives."""
        module = self._sight.program.module_of(definition.id)
        found = self._types.annotated(parameter.annotation, module) if parameter is not None else Type("")
        nullable = found.nullable or (parameter is not None and parameter.default == "None")
        if not found.name or found.name == "json":
            seen = [self._value(site, value) for site, value in values]
            names = {each.name for each in seen} - {"none"}
            nullable = nullable or any(each.nullable or each.name == "none" for each in seen)
            if len(names) == 1 and "" not in names:
                found = Type(names.pop())
            elif names and all(each.startswith(("entity:", "replica:")) for each in names):
                return Type("row:" + "|".join(sorted({self._model(each) for each in names})), nullable)
        if not found.name and parameter is not None:
            found = self._types.parameter(definition, parameter)
        return Type(self._crossing(found.name), nullable or found.nullable)

    def _value(self, site: Site, value: Expression) -> Type:
        """The type of an argument; one that is a parameter of the calling function has that one's type."""
        path = self._sight.program.modules[self._sight.program.module_of(site.scope)].path
        found = self._types.value(value, path)
        caller = self._sight.program.definition(site.scope)
        if not found.name and isinstance(value, Chain) and value.origin == "parameter" and not value.steps and caller is not None:
            own = next((each for each in caller.parameters if each.name == value.root), None)
            return self._types.parameter(caller, own) if own is not None else found
        return found

    def _model(self, kind: str) -> str:
        head, _, name = kind.partition(":")
        return self._models[name] if head == "entity" else name

    def _crossing(self, kind: str) -> str:
        """A type as it crosses from the service to the monolith."""
        head, _, rest = kind.partition(":")
        match head:
            case "list":
                inner = self._crossing(rest)
                return f"list:{inner}" if inner else ""
            case "entity":
                return f"replica:{self._models[rest]}"
            case "replica":
                return f"key:{rest}"
            case _:
                return kind


_NO_METHOD = frozenset({"property", "cached_property", "staticmethod", "classmethod"})


def _named(expression: Expression) -> str:
    """The last name of a decorator."""
    if not isinstance(expression, Chain):
        return ""
    names = [step for step in expression.steps if isinstance(step, str)]
    return names[-1] if names else expression.root.rpartition(".")[2]


def _first_call(chain: Chain, method: str) -> Call | None:
    """The call that directly follows the name of a method."""
    for step, following in zip(chain.steps, (*chain.steps[1:], None), strict=True):
        if step == method:
            return following if isinstance(following, Call) else None
    return None


def _bound(call: Call, plain: Sequence[Parameter]) -> list[tuple[str, Expression]] | Obstacle:
    """The arguments of a call by the names of the parameters that take them."""
    if any(isinstance(each, Operands) and each.operator == "*" for each in call.arguments) or any(name == "**" for name, _ in call.keywords):
        return Obstacle("a call unpacks its arguments: write them out")
    if len(call.arguments) > len(plain):
        return Obstacle("a call gives more arguments by position than the function names")
    return [*((parameter.name, value) for parameter, value in zip(plain, call.arguments, strict=False)), *call.keywords]
