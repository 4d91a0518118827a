"""Classes that serve a model: which model a view, serializer, form or admin class is about, and what they inherit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from decompose.detect.django import standard
from decompose.detect.django.lookups import attribute_tables
from decompose.detect.django.schema import Model
from decompose.detect.django.values import DEPTH, MAYBE, Effect, Value
from decompose.link.expressions import elements, keyword, literal
from decompose.link.program import State
from decompose.model.syntax import Call, Chain, Definition, Expression

if TYPE_CHECKING:
    from decompose.detect.django.evaluate import Evaluator


class ServedModels:
    """Models of classes, found once each."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self._view_models: dict[str, Value | None] = {}
        self._chosen: dict[str, tuple[str, ...]] = {}

    def inherited_effects(self, class_id: str, name: str, effects: list[Effect]) -> None:
        """What ``super().form_valid(form)`` and the like do to the table of a view's model."""
        bases = {each.rpartition(".")[2] for each in self.evaluator.program.ancestors(class_id) if self.evaluator.program.definition(each) is None}
        modes: tuple[str, ...] = ()
        if any(each in standard.VIEWSET_ACTIONS for each in bases):
            modes = standard.INHERITED_MODES.get(name, ())
        else:
            generic = {mode for each in bases for mode in standard.GENERIC_VIEW_MODES.get(each, ())}
            if name == "form_valid":
                # The row was looked up before.
                modes = ("write",) if "write" in generic else ()
            elif name in standard.FORM_METHODS:
                modes = tuple(sorted(generic))
            elif name in standard.OBJECT_METHODS:
                modes = ("read",) if "read" in generic else ()
        held = self.view_queryset(class_id) if modes else None
        if held is None or held.model is None:
            return
        for mode in modes:
            effects.extend((table, mode) for table in (held.model.written if mode == "write" else held.model.tables))
        if "read" in modes:
            effects.extend(self.view_effects(class_id))

    def class_model(self, class_id: str) -> Model | None:
        """The model of a form, serializer, filter or admin class: ``Meta.model``, ``model``, or its registration."""
        for ancestor in (class_id, *self.evaluator.program.ancestors(class_id)):
            meta = self.evaluator.program.members(ancestor).get("Meta")
            if meta is not None:
                declared = self.evaluator.program.declaring_class(meta.id, "model")
                value = self.evaluator.binding(f"{declared}.model") if declared else None
                if value is not None and value.kind == "class":
                    return value.model
        declared = self.evaluator.program.declaring_class(class_id, "model")
        value = self.evaluator.binding(f"{declared}.model") if declared else None
        if value is not None and value.kind == "class":
            return value.model
        return self.evaluator.roles.registered.get(class_id)

    def view_queryset(self, class_id: str) -> Value | None:
        """The query set of a generic view or view set: ``get_queryset``, ``queryset``, ``model``, else its serializer's or form's model."""
        if class_id not in self._view_models:
            self._view_models[class_id] = None
            self._view_models[class_id] = self._find_view_queryset(class_id)
        return self._view_models[class_id]

    def _find_view_queryset(self, class_id: str) -> Value | None:
        program = self.evaluator.program
        method = program.member(class_id, "get_queryset")
        if isinstance(method, Definition):
            returned = self.evaluator.returned(method.id, Value("state", state=State("instance", class_id)))
            if returned is not None and returned.kind in ("queryset", "manager", "list"):
                return replace(returned, kind="queryset")
        for name in ("queryset", "model"):
            owner = program.declaring_class(class_id, name)
            value = self.evaluator.binding(f"{owner}.{name}") if owner else None
            if value is not None and value.model is not None and value.kind in ("queryset", "manager", "class"):
                if value.kind == "class":
                    return self.evaluator.default_queryset(value.model)
                return replace(value, kind="queryset")
        for name in ("serializer_class", "form_class"):
            attribute = self.class_of_attribute(class_id, name)
            model = self.class_model(attribute) if attribute else None
            if model is not None:
                return self.evaluator.default_queryset(model)
        return None

    def view_effects(self, class_id: str) -> tuple[Effect, ...]:
        """What evaluating a view's query set reads: what its ``get_queryset`` or ``queryset`` joins and loads along."""
        method = self.evaluator.program.member(class_id, "get_queryset")
        receiver = Value("state", state=State("instance", class_id))
        if isinstance(method, Definition):
            expressions: tuple[Expression, ...] = self.evaluator.program.returned(method)
            # `self.queryset = self.queryset.filter(...)` on the way to what is returned, as the case may be.
            kept = [use.chain for use in self.evaluator.uses_in(method.id) if use.target == "self.queryset" and use.sink == "assign"]
        else:
            kept = []
            owner = self.evaluator.program.declaring_class(class_id, "queryset")
            value = self.evaluator.program.value(f"{owner}.queryset") if owner else None
            expressions = (value,) if value is not None else ()
        found: dict[Effect, None] = {}
        if self.evaluator.depth < DEPTH:
            self.evaluator.depth += 1
            for each in (*expressions, *kept):
                trace = self.evaluator.follow(each, method.id if isinstance(method, Definition) else "", receiver) if isinstance(each, Chain) else None
                for table, mode in (effect for effects in trace.effects for effect in effects) if trace is not None else ():
                    if mode != "write":
                        found.setdefault((table, MAYBE if each in kept else mode))
            self.evaluator.depth -= 1
        held = self.view_queryset(class_id)
        if held is not None and held.kind == "queryset":
            found.update(dict.fromkeys((table, "read") for table in held.joins))
            found.update(dict.fromkeys((table, MAYBE) for table in held.along))
        return tuple(found)

    def chosen_from(self, class_id: str) -> tuple[str, ...]:
        """Tables that a form or serializer reads to check values: those its relations lead to, and its model's own for what must be unique."""
        if class_id not in self._chosen:
            self._chosen[class_id] = tuple(dict.fromkeys(self._find_chosen(class_id)))
        return self._chosen[class_id]

    def _find_chosen(self, class_id: str) -> Iterator[str]:
        program = self.evaluator.program
        for owner in (class_id, *program.ancestors(class_id)):
            for bindings in program.bindings(owner).values():
                value = bindings[-1].value
                call = value.steps[-1] if isinstance(value, Chain) and value.steps else None
                if not isinstance(value, Chain) or not isinstance(call, Call) or not call.keywords:
                    continue
                names = (value.root.rpartition(".")[2], *value.steps)
                if standard.MODEL_CHOICES.intersection(each for each in names if isinstance(each, str)):
                    held = self.evaluator.evaluate(keyword(call, "queryset"), owner)
                    yield from held.model.tables if held is not None and held.model is not None else ()
        model = self.class_model(class_id)
        if model is None:
            return
        listed = self.meta_fields(class_id)
        for each in [each for parent in model.lineage for each in parent.local.values()]:
            if listed is None or each.name in listed:
                if each.unique and not each.primary:
                    yield from model.tables
                if each.kind in ("fk", "o2o", "m2m") and each.target is not None:
                    yield from each.target.tables

    def shown(self, class_id: str, depth: int = 0) -> tuple[str, ...]:
        """Tables that a serializer reads to show a row: its model's, and those of the serializers among its fields."""
        program = self.evaluator.program
        model = self.class_model(class_id)
        found = dict.fromkeys(model.tables if model is not None else ())
        for owner in (class_id, *program.ancestors(class_id)) if depth < DEPTH else ():
            for name, bindings in program.bindings(owner).items():
                value = bindings[-1].value
                call = value.steps[-1] if isinstance(value, Chain) and value.steps else None
                if not isinstance(value, Chain) or not isinstance(call, Call):
                    continue
                state = program.head(value)[0]
                if state.kind == "class" and state.id != class_id and self.evaluator.roles.of(state.id) == "serializer":
                    found.update(dict.fromkeys(self.shown(state.id, depth + 1)))
                    if model is not None:
                        found.update(dict.fromkeys(attribute_tables(model, literal(program, keyword(call, "source")) or name, full=True)))
        return tuple(found)

    def linked(self, class_id: str) -> tuple[str, ...]:
        """The tables between its model and others that a model serializer's ``create`` and ``update`` fill with what it was given."""
        model = self.class_model(class_id)
        listed = self.meta_fields(class_id)
        found: dict[str, None] = {}
        for each in [each for parent in model.lineage for each in parent.local.values()] if model is not None else ():
            if each.kind == "m2m" and (listed is None or each.name in listed):
                found.update(dict.fromkeys(each.through.tables if each.through is not None else (each.join,)))
        return tuple(found)

    def meta_fields(self, class_id: str) -> frozenset[str] | None:
        """The fields that a form or serializer lists, ``None`` for all of its model's."""
        program = self.evaluator.program
        for owner in (class_id, *program.ancestors(class_id)):
            meta = program.members(owner).get("Meta")
            declaring = program.declaring_class(meta.id, "fields") if meta is not None else ""
            if declaring:
                items = elements(program, program.value(f"{declaring}.fields"))
                return frozenset(str(program.constant(each)) for each in items) if items is not None else None
        return None

    def own_form(self, class_id: str) -> Model | None:
        """The model of the form that a generic editing view makes itself: it names no form, only its model or query set."""
        program = self.evaluator.program
        edits = any("write" in standard.GENERIC_VIEW_MODES.get(each.rpartition(".")[2], ()) for each in program.ancestors(class_id) if program.definition(each) is None)
        if not edits or program.declaring_class(class_id, "form_class") or isinstance(program.member(class_id, "get_form_class"), Definition):
            return None
        held = self.view_queryset(class_id)
        return held.model if held is not None and held.certain else None

    def object(self, class_id: str) -> Value | None:
        """What ``self.object`` and ``self.get_object()`` are in a view."""
        held = self.view_queryset(class_id)
        return Value("instance", held.model, certain=held.certain) if held is not None and held.model is not None else None

    def class_of_attribute(self, class_id: str, name: str) -> str:
        """The project's class that an attribute such as ``serializer_class`` names, ``""`` when it names none."""
        owner = self.evaluator.program.declaring_class(class_id, name)
        value = self.evaluator.program.value(f"{owner}.{name}") if owner else None
        if isinstance(value, Chain):
            state, rest = self.evaluator.program.head(value)
            if state.kind == "class" and not rest:
                return state.id
            held = self.evaluator.evaluate(value, owner) if state.kind in ("binding", "function") else None
            return held.state.id if held is not None and held.state.kind == "class" else ""
        return ""
