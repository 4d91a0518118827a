"""Graphene: the fields of a schema's query, mutation and subscription types, with what resolves them."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.link.expressions import keyword, literal, source
from decompose.link.functions import function_named
from decompose.link.program import Program
from decompose.link.schemas import Root, camel_case, class_of, roots
from decompose.model.facts import Fact, Route, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import Binding, Call, Chain, Constant, Definition, Expression

_PACKAGES = frozenset({"graphene", "graphene_django", "graphene_sqlalchemy", "graphene_mongo", "graphene_federation", "graphene_pydantic", "graphene_django_extras", "graphene_django_cud", "graphene_django_plus"})  # fmt: skip
_SCHEMAS = frozenset({"Schema", "build_schema", "LazySchema"})
_MUTATIONS = ("mutate", "mutate_and_get_payload")
_NO_FIELDS = frozenset({"Argument", "InputField", "Enum", "Union"})


def detect(program: Program) -> Iterator[Fact]:
    """One route for each field of a schema's root types; nothing when the target does not import Graphene."""
    if not program.imported.isdisjoint(_PACKAGES):
        yield from Schemas(program).facts()


def _is_schema(dotted: str) -> bool:
    return dotted.partition(".")[0] in _PACKAGES and dotted.rpartition(".")[2] in _SCHEMAS


def _plain_names(call: Call) -> bool:
    return keyword(call, "auto_camelcase") == Constant(False)


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
        id = class_of(self.program, root.given)
        if not id:
            yield Unresolved("route", source(root.given)[:160], f"the schema's {root.operation.lower()} type is not known", root.at)
            return
        for name, owner, binding in self._fields(id):
            path = self._declared_name(binding.value) or (camel_case(name) if root.camel else name)
            at = Location(self.program.modules[self.program.module_of(owner)].path, binding.line)
            yield Route((root.operation,), path, self._handler(owner, id, name, binding.value), at, "graphene", kind="graphql")

    def _fields(self, id: str) -> Iterator[tuple[str, str, Binding]]:
        """Name, declaring class and binding of each field, those of nearer classes before what they hide."""
        seen: set[str] = set()
        for owner in (id, *self.program.ancestors(id)):
            for name, bound in self.program.bindings(owner).items():
                if name not in seen and not name.startswith("__"):
                    seen.add(name)
                    if self._is_field(bound[-1].value):
                        yield name, owner, bound[-1]

    def _is_field(self, value: Expression) -> bool:
        """``graphene.Field(...)``, a field class of the project, ``CreateOrder.Field()``, a function of the project that makes one."""
        if not isinstance(value, Chain) or value.origin != "global" or not any(isinstance(step, Call) for step in value.steps):
            return False
        state, rest = self.program.head(value)
        if state.kind == "external":
            return state.id.partition(".")[0] in _PACKAGES and state.id.rpartition(".")[2] not in _NO_FIELDS
        if state.kind == "class":
            ours = any(each.partition(".")[0] in _PACKAGES for each in self.program.ancestors(state.id))
            return ours and (rest[:1] == ("Field",) or isinstance(rest[0], Call))
        return state.kind == "function" and isinstance(rest[0], Call)

    def _declared_name(self, value: Expression) -> str:
        """The name that a field gives itself, ``""`` when it goes by the attribute's."""
        call = value.steps[-1] if isinstance(value, Chain) else None
        return (literal(self.program, keyword(call, "name")) or "") if isinstance(call, Call) else ""

    def _handler(self, owner: str, id: str, name: str, value: Expression) -> str:
        """The resolver: what ``resolver=`` says, the method ``resolve_<name>`` or ``subscribe_<name>``, the mutation's class; else the type itself."""
        program = self.program
        if isinstance(value, Chain):
            state, rest = program.head(value)
            if state.kind == "class" and rest[:1] == ("Field",) and any(program.declaring_class(state.id, each) for each in _MUTATIONS):
                return state.id
            if state.kind == "class" and rest[:1] == ("Field",) and not program.member(id, f"resolve_{name}"):
                return state.id
            call = next((step for step in value.steps if isinstance(step, Call)), Call())
            named = function_named(program, keyword(call, "resolver"))
            if named is not None:
                return named.id
        members = (program.member(id, f"{prefix}_{name}") for prefix in ("resolve", "subscribe"))
        return next((each.id for each in members if isinstance(each, Definition)), owner)
