"""Strawberry: the fields of a schema's query, mutation and subscription types, with what resolves them."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.link.expressions import argument, elements, keyword, literal, source, value_of
from decompose.link.functions import function_named
from decompose.link.program import Program
from decompose.link.schemas import Root, camel_case, class_of, roots
from decompose.model.facts import Fact, Route, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import Binding, Call, Chain, Constant, Definition, Expression, Opaque

_PACKAGES = frozenset({"strawberry", "strawberry_django", "strawberry_django_plus", "strawberry_sqlalchemy_mapper", "gqlauth", "strawberry_django_auth"})
_SCHEMAS = frozenset({"Schema", "AsyncSchema"})
_MERGES = frozenset({"strawberry.tools.merge_types", "strawberry.tools.merge_types.merge_types"})
_CREATES = frozenset({"strawberry.tools.create_type", "strawberry.tools.create_type.create_type"})
_HIDDEN = ("ClassVar", "Private", "InitVar")


def detect(program: Program) -> Iterator[Fact]:
    """One route for each field of a schema's root types; nothing when the target does not import Strawberry."""
    if not program.imported.isdisjoint(_PACKAGES):
        yield from Schemas(program).facts()


def _is_schema(dotted: str) -> bool:
    return dotted.partition(".")[0] in _PACKAGES and dotted.rpartition(".")[2] in _SCHEMAS


def _plain_names(call: Call) -> bool:
    config = keyword(call, "config")
    made = config.steps[-1] if isinstance(config, Chain) and config.steps else None
    return isinstance(made, Call) and keyword(made, "auto_camel_case") == Constant(False)


class Schemas:
    """The root types of the target's schemas."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def facts(self) -> Iterator[Fact]:
        emitted: set[Fact] = set()
        for root in roots(self.program, _is_schema, _plain_names):
            for fact in self._root(root):
                if fact not in emitted:
                    emitted.add(fact)
                    yield fact

    def _root(self, root: Root) -> Iterator[Fact]:
        known = list(self._parts(root.given))
        for part in known:
            id = class_of(self.program, part)
            if id:
                yield from self._type(id, root)
            else:
                yield from self._loose(part, root)
        if not known:
            yield Unresolved("route", source(root.given)[:160], f"the schema's {root.operation.lower()} type is not known", root.at)

    def _parts(self, given: Expression) -> Iterator[Expression]:
        """What a root is made of: the class, the classes that ``merge_types`` joins, the fields given to ``create_type``."""
        if class_of(self.program, given):
            yield given
            return
        value = value_of(self.program, given)
        if not isinstance(value, Chain):
            return
        state, rest = self.program.head(value)
        call = rest[0] if rest and isinstance(rest[0], Call) else None
        if call is not None and state.id in _MERGES | _CREATES:
            yield from elements(self.program, argument(call, 1, "types", "fields")) or ()

    def _made_type(self, owner: str, root: Root) -> Iterator[Fact]:
        """A base that is no class statement: ``UserQuery = create_type("UserQuery", [me])``."""
        for part in self._parts(Chain(owner, "global")) if self.program.module_of(owner) else ():
            id = class_of(self.program, part)
            yield from self._type(id, root) if id else self._loose(part, root)

    def _loose(self, part: Expression, root: Root) -> Iterator[Fact]:
        """A function that is a field by itself: ``create_type("Query", [orders])``."""
        function = function_named(self.program, part)
        if function is not None:
            yield self._route(root, self._given_name(function), function.id.rpartition(".")[2], function.id, self.program.place(function.id))
        else:
            yield Unresolved("route", source(part)[:160], f"a part of the schema's {root.operation.lower()} type is not known", root.at)

    def _route(self, root: Root, given: str, name: str, handler: str, at: Location) -> Route:
        return Route((root.operation,), given or (camel_case(name) if root.camel else name), handler, at, "strawberry", kind="graphql")

    def _type(self, id: str, root: Root) -> Iterator[Fact]:
        program = self.program
        seen: set[str] = set()
        for owner in (id, *program.ancestors(id)):
            if program.definition(owner) is None:
                yield from self._made_type(owner, root)
                continue
            path = program.modules[program.module_of(owner)].path
            for name, definition in program.members(owner).items():
                if name not in seen and definition.kind == "method" and self._field(definition) is not None:
                    seen.add(name)
                    yield self._route(root, self._given_name(definition), name, definition.id, Location(path, definition.line))
            for name, bound in program.bindings(owner).items():
                if name not in seen and self._is_field(bound[-1]) and not name.startswith("__"):
                    seen.add(name)
                    given, handler = self._resolved(bound[-1].value, owner)
                    yield self._route(root, given, name, handler, Location(path, bound[-1].line))

    def _field(self, definition: Definition) -> Call | None:
        """The arguments of the decorator that makes a method a field, ``None`` when it is none."""
        for decorator in definition.decorators:
            if isinstance(decorator, Chain) and decorator.origin == "global":
                state, _ = self.program.head(decorator)
                if state.kind == "external" and state.id.partition(".")[0] in _PACKAGES:
                    last = decorator.steps[-1] if decorator.steps else None
                    return last if isinstance(last, Call) else Call()
        return None

    def _given_name(self, definition: Definition) -> str:
        return literal(self.program, keyword(self._field(definition) or Call(), "name")) or ""

    def _is_field(self, binding: Binding) -> bool:
        """An annotated attribute, or one that a function of the library makes."""
        if binding.annotation:
            return not any(hidden in binding.annotation for hidden in _HIDDEN)
        return isinstance(binding.value, Chain) and self._made_by_library(binding.value)

    def _made_by_library(self, value: Chain) -> bool:
        state, rest = self.program.head(value)
        return state.kind == "external" and state.id.partition(".")[0] in _PACKAGES and any(isinstance(step, Call) for step in rest)

    def _resolved(self, value: Expression, owner: str) -> tuple[str, str]:
        """The name that a field gives itself and what resolves it: the function in ``resolver=`` or the one called with it."""
        if isinstance(value, Opaque) or not isinstance(value, Chain) or not self._made_by_library(value):
            return "", owner
        calls = [step for step in value.steps if isinstance(step, Call)]
        name = literal(self.program, keyword(calls[0], "name")) or ""
        function = function_named(self.program, argument(calls[0], 0, "resolver"))
        if function is None and len(calls) > 1:
            function = function_named(self.program, argument(calls[1], 0, "resolver"))
        return name, function.id if function is not None else owner
