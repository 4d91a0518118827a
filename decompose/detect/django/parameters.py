"""What a parameter stands for: by its annotation, its function's role, its callers, or at last by its name."""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from msgspec.structs import replace

from decompose.detect.django.schema import Model
from decompose.detect.django.values import DEPTH, REQUEST, Value, agreed
from decompose.link.expressions import bound_arguments, elements
from decompose.link.program import State
from decompose.model.syntax import Bound, Call, Chain, Constant, Definition, Parameter

if TYPE_CHECKING:
    from decompose.detect.django.evaluate import Evaluator

_CALLERS = 40
"""Calls of one name looked at before its parameters are given up."""
_MIGRATED = Value("state", state=State("external", "django.apps.apps"), certain=False)
"""The registry that a function of a migration gets: the models as they were then, so that today's tables are not certain."""
_CHOICES = 12
"""Models that a parameter may stand for at most."""


class Parameters:
    """Types of parameters, found once each."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self._parameters: dict[tuple[str, str], Value | None] = {}
        self._choices: dict[tuple[str, str], tuple[Value, ...]] = {}
        self._called: dict[str, list[tuple[str, Chain]]] = {}

    def conventional(self, name: str) -> Value | None:
        """A variable named after exactly one model, where nothing else is known; the walker checks that its attributes fit."""
        return self._conventional.get(name)

    @cached_property
    def _conventional(self) -> dict[str, Value]:
        return {
            name: Value("instance", found[0], name="convention", certain=False)
            for name, found in self.evaluator.registry.by_name.items()
            if len(found) == 1 and len(name) > 2
        }

    def value(self, scope: str, name: str) -> Value | None:
        """What a parameter without a plain class annotation stands for, by the role of its function."""
        key = (scope, name)
        if key not in self._parameters:
            self._parameters[key] = None
            self._parameters[key] = self._parameter(scope, name)
        return self._parameters[key]

    def choices(self, scope: str, name: str) -> tuple[Value, ...]:
        """What a parameter may stand for whose callers pass different models; empty where they agree or nothing is known."""
        if not self._choices:
            return ()
        while scope and (scope, name) not in self._choices:
            definition = self.evaluator.program.definition(scope)
            if definition is None or any(each.name == name for each in definition.parameters):
                return ()
            scope = definition.parent
        return self._choices.get((scope, name), ())

    def _parameter(self, scope: str, name: str) -> Value | None:
        while scope:
            definition = self.evaluator.program.definition(scope)
            if definition is None:
                break
            found = next((each for each in definition.parameters if each.name == name), None)
            if found is not None:
                return self._role_of_parameter(definition, found)
            scope = definition.parent
        return REQUEST if name == "request" else self.conventional(name)

    def _role_of_parameter(self, definition: Definition, parameter: Parameter) -> Value | None:
        name = parameter.name
        if parameter.annotation_value is not None:
            annotated = self.evaluator.annotated(parameter.annotation_value)
            if annotated is not None and annotated.model is not None and annotated.model.abstract:
                self._choices[(definition.id, name)] = tuple(replace(annotated, model=each, certain=False) for each in self.evaluator.tables_under(annotated.model))
                return None
            if annotated is not None:
                return annotated
        if name == "request":
            return REQUEST
        if name == "apps" and any(each.name == "schema_editor" for each in definition.parameters):
            return _MIGRATED
        if name == "queryset" and definition.id in self._actions:
            models = self._actions[definition.id]
            held = tuple(self.evaluator.default_queryset(model) for model in models)
            if len(held) > 1:
                self._choices[(definition.id, name)] = tuple(each.uncertain() for each in held)
            return held[0] if len(held) == 1 else None
        if definition.id in self.evaluator.handlers and name in ("instance", "sender"):
            kind = "instance" if name == "instance" else "class"
            models = self.evaluator.handlers[definition.id]
            if len(models) > 1:
                self._choices[(definition.id, name)] = tuple(Value(kind, model, certain=False) for model in models)
                return None
            return Value(kind, models[0])
        if definition.kind == "method":
            role = self.evaluator.roles.of(definition.parent)
            method = definition.id.rpartition(".")[2]
            if role in ("admin", "serializer", "form", "filter", "view"):
                found = self._role_argument(role, definition.parent, method, name)
                if found is not None:
                    return found
        return self._given_by_callers(definition, name) or self.conventional(name)

    @cached_property
    def _actions(self) -> dict[str, list[Model]]:
        """Models whose admin pages offer a function for chosen rows (``actions = [close]``)."""
        program = self.evaluator.program
        found: dict[str, list[Model]] = {}
        for definition in program.definitions:
            if definition.kind != "class" or "actions" not in program.bindings(definition.id) or self.evaluator.roles.of(definition.id) != "admin":
                continue
            model = self.evaluator.served.class_model(definition.id)
            for each in elements(program, program.bindings(definition.id)["actions"][-1].value) or () if model is not None else ():
                state = program.head(each)[0] if isinstance(each, Chain) else None
                if state is not None and state.kind == "function" and model is not None and model not in found.setdefault(state.id, []):
                    found[state.id].append(model)
        return found

    def _given_by_callers(self, definition: Definition, name: str) -> Value | None:
        """What all calls of a function in the project pass for a parameter; a few calls that are not understood make it uncertain."""
        if self.evaluator.depth >= DEPTH:
            return None
        self.evaluator.depth += 1
        found: list[Value] = []
        missed = 0
        for scope, chain in self._callers(definition.id.rpartition(".")[2]):
            call = chain.steps[-1]
            if not isinstance(call, Call) or self._callee(chain) != definition.id:
                continue
            given = bound_arguments(definition, call, 1 if definition.kind == "method" else 0).get(name)
            if given is None or given == Constant(None):
                continue
            value = self.evaluator.evaluate(given, scope)
            if value is None or value.kind not in ("instance", "class", "queryset", "list", "manager"):
                missed += 1
            else:
                found.append(value)
        self.evaluator.depth -= 1
        common = agreed(found)
        if common is None and found:
            several = {(each.kind, each.model): replace(each, certain=False, relation=None, owner=None, name="") for each in found if each.model is not None}
            self._choices[(definition.id, name)] = tuple(several.values())[:_CHOICES]
        if common is None or missed > len(found):
            return None
        # What one caller's query set loads beside its model is read there, not by the others.
        joins = tuple(table for table in common.joins if all(table in each.joins for each in found))
        along = tuple(table for table in common.along if all(table in each.along for each in found))
        return replace(common, certain=common.certain and not missed, relation=None, owner=None, name="", joins=joins, along=along)

    def _callers(self, name: str) -> list[tuple[str, Chain]]:
        """The project's calls by a name, at most so many: where they stand, and the chain up to the call."""
        known = self._called.get(name)
        if known is None:
            calls = ((use.scope, called) for _, use in self.evaluator.program.uses.calling((name,)) if (called := _up_to_call(use.chain, name)) is not None)
            known = self._called[name] = [*islice(calls, _CALLERS)]
        return known

    def _callee(self, chain: Chain) -> str:
        """The function of the project that a chain's last call runs, where its text says so."""
        if chain.origin == "global":
            state, rest = self.evaluator.program.head(chain)
            if state.kind == "function" and len(rest) == 1:
                return state.id
            if state.kind == "class" and len(rest) == 2 and isinstance(rest[0], str):
                member = self.evaluator.program.member(state.id, rest[0])
                return member.id if isinstance(member, Definition) else ""
            return f"{state.id}.__init__" if state.kind == "class" and len(rest) == 1 else ""
        name = chain.steps[0]
        member = self.evaluator.program.member(chain.root, name) if isinstance(name, str) and len(chain.steps) == 2 else None
        return member.id if isinstance(member, Definition) else ""

    def _role_argument(self, role: str, class_id: str, method: str, name: str) -> Value | None:
        """Arguments that the framework passes: the object of an admin or serializer method, the form of a view."""
        if role == "view":
            if name in ("serializer", "form"):
                attribute = self.evaluator.served.class_of_attribute(class_id, f"{name}_class")
                if attribute:
                    return Value("state", state=State("instance", attribute))
                # A view that names no form makes one for its model.
                model = self.evaluator.served.own_form(class_id) if name == "form" else None
                return Value("form", model) if model is not None else None
            if method in ("perform_destroy",) and name == "instance":
                return self.evaluator.served.object(class_id)
            return None
        model = self.evaluator.served.class_model(class_id)
        if model is None:
            return None
        if name == "queryset" or (role == "filter" and name == "queryset"):
            return self.evaluator.default_queryset(model)
        if name in ("obj", "instance") and (role in ("admin", "serializer") or name == "instance"):
            return Value("instance", model, certain=role == "serializer")
        return None


def _up_to_call(chain: Chain, name: str) -> Chain | None:
    """The chain up to its call by a name; ``None`` when what is called was kept in a variable since: where it was kept, it stands too."""
    if chain.origin not in ("global", "self", "cls"):
        return None
    steps = chain.steps
    for position in range(len(steps) - 1, -1, -1):
        step = steps[position]
        if step.__class__ is Bound:
            return None
        if step.__class__ is Call and (steps[position - 1] if position else chain.root.rpartition(".")[2]) == name:
            return chain if position == len(steps) - 1 else Chain(chain.root, chain.origin, steps[: position + 1])
    return None
