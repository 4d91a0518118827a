"""Follows expressions through models in bounded, certain steps.

:class:`Evaluator` makes a value of a chain's root and advances it step by step, noting which tables a step reads or writes. Functions are
followed by their return annotation, else by what their ``return`` statements agree on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice

from msgspec.structs import replace

from decompose.detect.django import standard
from decompose.detect.django.annotations import added
from decompose.detect.django.lookups import call_tables, expression_name, spread_tables
from decompose.detect.django.models import Registry
from decompose.detect.django.parameters import Parameters
from decompose.detect.django.querysets import collection_effects, collection_result, joined_by
from decompose.detect.django.roles import Roles
from decompose.detect.django.schema import SINGULAR, Field, Model, ModelManager, Reverse
from decompose.detect.django.served import ServedModels
from decompose.detect.django.values import (
    DEPTH,
    MAYBE,
    MODEL_KINDS,
    REQUEST,
    SCALAR,
    Effect,
    Step,
    Trace,
    Value,
    agreed,
    sometimes,
    together,
)
from decompose.link.expressions import argument, keyword, last_bound
from decompose.link.program import Program, State
from decompose.model.location import Location
from decompose.model.syntax import (
    Binding,
    Bound,
    Call,
    Chain,
    Constant,
    Definition,
    Expression,
    Item,
    Operation,
    Sequence,
    Slice,
    Template,
    Use,
)

_COLLECTORS = frozenset({"list", "sorted", "tuple", "set", "reversed", "iter", "frozenset"})
_PICKERS = frozenset({"next", "max", "min"})
_BUILTINS = _COLLECTORS | _PICKERS | {"enumerate", "getattr", "type"}
_COLLECTION_TYPES = frozenset({
    "list", "List", "Iterable", "Sequence", "set", "Set", "Iterator", "Collection", "tuple", "Tuple", "Generator", "AsyncIterator", "frozenset",
})  # fmt: skip
_REQUESTS = frozenset({"HttpRequest", "Request", "WSGIRequest", "ASGIRequest", "AuthenticatedHttpRequest"})
_TRANSPARENT = standard.CASTS | standard.COPIES
_TRANSPARENT_MODULES = frozenset(name.rpartition(".")[0] for name in _TRANSPARENT)
_CONCRETE = 12
"""Models for which a method of an abstract one is read at most."""
_ROOT_PACKAGES = frozenset({"django", "rest_framework", "annoying", "builtins"})

class Evaluator:
    """Follows expressions; answers are cached per function, class and binding."""

    def __init__(self, program: Program, registry: Registry) -> None:
        self.program = program
        self.registry = registry
        self.roles = Roles(program, registry)
        self.handlers: dict[str, list[Model]] = {}
        """Senders' models by signal handler: the types of its ``instance``."""
        self._starts: dict[str, Value | None] = {}
        self._bindings: dict[str, Value | None] = {}
        self._returned: dict[tuple[str, str, str], Value | None] = {}
        self.parameters = Parameters(self)
        self.served = ServedModels(self)
        self._attributes: dict[tuple[str, str], Value | None] = {}
        self._method_effects: dict[tuple[str, str], tuple[Effect, ...]] = {}
        self._managers: dict[tuple[str, str], ModelManager | None] = {}
        self.depth = 0
        self._uses: dict[str, dict[str, list[Use]]] = {}
        self._variables: dict[tuple[str, str, str, int, str, int, bool], Trace | None] = {}

    # --- chains --------------------------------------------------------------------------------

    def follow(self, chain: Chain, scope: str, context: Value | None = None, stored: bool = False) -> Trace | None:
        """The chain's values and effects; ``None`` when its root says nothing about models.

        ``context`` is what ``self`` stands for where the class alone does not say it. ``stored``: the last step is assigned to.
        """
        first = self.start(chain, scope, context)
        if first is None:
            return self._from_variable(chain, scope, context, stored)
        steps = chain.steps
        if first.kind == "state" and first.state.kind == "function" and steps and self._ends(first, steps):
            return None
        start = last_bound(chain)
        if not start or context is not None:
            return self._walk(chain, start, Trace([first], [], start, first.model is not None), scope, context, stored)
        bound = steps[start - 1]
        assert isinstance(bound, Bound)
        # All uses of a variable repeat the way to its value: it is walked once.
        key = (scope, chain.root, chain.origin, start, bound.variable, bound.line, bound.certain)
        held = self._variables.get(key)
        if held is None:
            way = Chain(chain.root, chain.origin, steps[:start])
            walked = self._walk(way, start, Trace([first], [], start, False), scope, context, False)
            reached = len(walked.values) > start and walked.values[-1].model is not None
            held = self._variables[key] = replace(walked, telling=reached)
        if len(held.values) <= start or start == len(steps):
            return held
        return self._walk(chain, start, held, scope, context, stored)

    def release(self) -> None:
        """Lets go of all that is known. The parts refer to one another, and no collector runs during an analysis."""
        vars(self).clear()

    def follow_from(self, first: Value, chain: Chain, scope: str, stored: bool) -> Trace:
        """The chain with one of the values that its root may have."""
        return self._walk(chain, last_bound(chain), Trace([first], [], last_bound(chain), first.model is not None), scope, None, stored)

    def choices(self, chain: Chain, scope: str) -> tuple[Value, ...]:
        """What the root of a chain may be where no one value is known: what callers pass, or rows of all that an abstract model becomes."""
        if chain.origin == "parameter":
            return self.parameters.choices(scope, chain.root)
        first = self.start(chain, scope, None)
        if first is None or first.model is None or not first.model.abstract:
            return ()
        return tuple(replace(first, model=each, certain=False) for each in self.tables_under(first.model))

    def _from_variable(self, chain: Chain, scope: str, context: Value | None, stored: bool) -> Trace | None:
        """The chain from its last variable on, where the way there is not known but the variable is named after a model."""
        start = last_bound(chain)
        if not start or start == len(chain.steps):
            return None
        bound = chain.steps[start - 1]
        assert isinstance(bound, Bound)
        named = self.parameters.conventional(bound.variable)
        if named is None:
            return None
        unknown = Trace([*[Value("unknown")] * start, named], [()] * start, start, True)
        trace = self._walk(chain, start, unknown, scope, context, stored)
        return trace if len(trace.values) > start + 1 else None

    def _ends(self, first: Value, steps: tuple[Step, ...]) -> bool:
        """Whether nothing is known of what a function of the project gives: most chains end there."""
        following = steps[1] if len(steps) > 1 else None
        if following.__class__ is Bound and following.symbol:
            return False
        return steps[0].__class__ is not Call or (self.returned(first.state.id, None) or self._of_arguments(first.state.id, steps[0])) is None

    def _walk(self, chain: Chain, start: int, held: Trace, scope: str, context: Value | None, stored: bool) -> Trace:
        """The chain step by step, from where ``held`` ends. A step that is not followed ends it."""
        values, effects, telling = [*held.values], [*held.effects], held.telling
        value = values[-1]
        steps = chain.steps
        last = len(steps) - 1
        for position in range(len(effects), len(steps)):
            step = steps[position]
            done: tuple[Effect, ...] = ()
            if step.__class__ is Bound:
                reached = self._bound(step, values)
            else:
                noted: list[Effect] = []
                reached = self.advance(value, step, noted, scope, context)
                if noted and not (stored and position == last):
                    done, telling = tuple(noted), True
                if reached is not None and not value.certain and reached.certain:
                    reached = reached.uncertain()
            if reached is None:
                # A later variable's annotation can still say what it holds.
                reached = self._annotated_later(chain, position + 1)
                if reached is None:
                    effects.append(done)
                    break
            value = reached
            telling = telling or value.model is not None
            values.append(value)
            effects.append(done)
        return Trace(values, effects, start, telling)

    def _annotated_later(self, chain: Chain, position: int) -> Value | None:
        step = chain.steps[position] if position < len(chain.steps) else None
        if isinstance(step, Bound) and step.symbol:
            return Value("unknown")
        return None

    def _bound(self, step: Bound, values: list[Value]) -> Value | None:
        value = values[-1]
        if step.symbol:
            annotated = self._instance_of(self.program.resolve(step.symbol))
            if annotated is not None and annotated.kind == "instance":
                return annotated
        if value.kind == "unknown":
            return None
        if step.certain:
            return value
        if 0 <= step.prefix < len(values):
            earlier = values[step.prefix]
            if earlier.kind == value.kind and earlier.model is value.model:
                return replace(value, annotations=sometimes(earlier.annotations, value.annotations)) if value.annotations else value
        return value.uncertain()

    def evaluate(self, expression: Expression | None, scope: str, context: Value | None = None) -> Value | None:
        """What an expression stands for in the end; ``None`` when that is not known."""
        if isinstance(expression, Chain):
            trace = self.follow(expression, scope, context)
            if trace is None or len(trace.values) != len(expression.steps) + 1:
                return None
            value = trace.values[-1]
            return None if value.kind == "unknown" else value
        if isinstance(expression, Operation):
            if expression.operator in ("if", "or"):
                return agreed(self.evaluate(each, scope, context) for each in expression.operands if each != Constant(None))
            if expression.operator == "for" and expression.operands:
                element = self.evaluate(expression.operands[0], scope, context)
                return Value("list", element.model, certain=element.certain) if element and element.kind == "instance" else None
            if expression.operator == "|" and expression.operands:
                first = self.evaluate(expression.operands[0], scope, context)
                return first if first is not None and first.kind == "queryset" else None
        if isinstance(expression, Sequence) and expression.items:
            element = agreed(self.evaluate(each, scope, context) for each in expression.items[:5])
            return Value("list", element.model, certain=element.certain) if element and element.kind == "instance" else None
        return None

    # --- roots ---------------------------------------------------------------------------------

    def start(self, chain: Chain, scope: str, context: Value | None) -> Value | None:
        """What the root of a chain stands for."""
        origin = chain.origin
        if origin == "global":
            root = chain.root
            if root in self._starts:
                return self._starts[root]
            value = self._starts[root] = self._of_state(self.program.resolve(root))
            return value
        if origin == "builtin":
            return Value("state", state=State("external", f"builtins.{chain.root}")) if chain.root in _BUILTINS and chain.steps else None
        if origin == "instance":
            key = f"={chain.root}"
            if key not in self._starts:
                self._starts[key] = self._instance_of(self.program.resolve(chain.root))
            return self._starts[key]
        if origin in ("self", "cls", "super"):
            return self._of_class(chain, context)
        if origin == "parameter":
            return self.parameters.value(scope, chain.root)
        return self.parameters.conventional(chain.root)

    def _of_class(self, chain: Chain, context: Value | None) -> Value | None:
        class_id = chain.root
        if context is not None:
            above = chain.origin == "super" and context.kind in ("manager", "queryset")
            return replace(context, name="super", state=State("class", class_id)) if above else context
        model = self.registry.models.get(class_id)
        if model is not None:
            return Value("class" if chain.origin == "cls" else "instance", model, name="super" if chain.origin == "super" else "")
        role = self.roles.of(class_id)
        if role in ("manager", "queryset"):
            using = self.roles.models_using(class_id)
            return self.collection(role, using[0], class_id, len(using) == 1) if using else None
        if chain.origin == "cls":
            return Value("state", state=State("class", class_id))
        return Value("state", state=State("instance", class_id), name="super" if chain.origin == "super" else "")

    def concrete(self, chain: Chain) -> tuple[Value | None, ...]:
        """What ``self`` stands for in a method of a model: nothing special, and for an abstract one a row of each table that it has in the end."""
        model = self.registry.models[chain.root]
        kind, name = ("class", "") if chain.origin == "cls" else ("instance", "super" if chain.origin == "super" else "")
        tables = self.tables_under(model) if model.abstract else ()
        return (None, *(Value(kind, each, name=name, certain=False) for each in tables))

    def tables_under(self, model: Model) -> tuple[Model, ...]:
        """The models with tables that an abstract one becomes, so many at most."""
        return tuple(self._concrete.get(model.id, ())[:_CONCRETE])

    @cached_property
    def _concrete(self) -> dict[str, list[Model]]:
        found: dict[str, list[Model]] = {}
        for model in self.registry.models.values():
            if not model.abstract and not model.origin and not model.proxy:
                for each in self.program.ancestors(model.id):
                    base = self.registry.models.get(each)
                    if base is not None and base.abstract:
                        found.setdefault(each, []).append(model)
        return found

    def collection(self, role: str, model: Model, class_id: str, certain: bool = True) -> Value:
        """``self`` in the methods of a manager or query set class that ``model`` uses."""
        manager = ModelManager(class_id, self.roles.queryset_of(class_id)) if role == "manager" else ModelManager("", class_id)
        return Value(role, model, manager, certain=certain)

    # --- states --------------------------------------------------------------------------------

    def _of_state(self, state: State) -> Value | None:
        kind = state.kind
        if kind == "class":
            model = self.registry.models.get(state.id)
            return Value("class", model) if model is not None else Value("state", state=state)
        if kind in ("module", "function"):
            return Value("state", state=state)
        if kind == "instance":
            return self._instance_of(State("class", state.id))
        if kind == "binding":
            return self.binding(state.id)
        if kind == "external":
            return self._external(state)
        return None

    def _external(self, state: State) -> Value | None:
        model = self.registry.get(state.id)
        if model is not None:
            return Value("class", model)
        top = state.id.partition(".")[0]
        if top in _ROOT_PACKAGES or ".models" in state.id or state.id in standard.SHORTCUTS or state.id in _TRANSPARENT or state.id in _TRANSPARENT_MODULES or top in self.roles.library_packages:
            return Value("state", state=state)
        return None

    def _instance_of(self, state: State) -> Value | None:
        if state.kind == "class":
            model = self.registry.models.get(state.id)
            return Value("instance", model) if model is not None else Value("state", state=State("instance", state.id))
        if state.kind == "external":
            model = self.registry.get(state.id)
            if model is not None:
                return Value("instance", model)
            if state.id.rpartition(".")[2] in _REQUESTS:
                return REQUEST
        if state.kind == "binding":
            value = self.binding(state.id)
            return Value("instance", value.model) if value is not None and value.kind == "class" else None
        return None

    def binding(self, id: str) -> Value | None:
        """What a module-level or class-level name holds."""
        if id not in self._bindings:
            self._bindings[id] = None
            scope, _, name = id.rpartition(".")
            bound = self.program.bindings(scope).get(name)
            if bound:
                self._bindings[id] = self._bound_value(bound[-1], scope)
        return self._bindings[id]

    def _bound_value(self, binding: Binding, scope: str) -> Value | None:
        if binding.annotation_value is not None:
            annotated = self.annotated(binding.annotation_value)
            if annotated is not None:
                return annotated
        return self.evaluate(binding.value, scope if self.program.definition(scope) else "")

    def annotated(self, expression: Expression) -> Value | None:
        """A value of an annotated type: a class, ``QuerySet[Order]``, ``list[Order]``, ``Order | None``."""
        if isinstance(expression, Chain):
            state, rest = self.program.head(expression)
            value = self._instance_of(state) if not rest else None
            return value if value is not None and (value.kind in ("instance", "request") or value.state.kind == "instance") else None
        if isinstance(expression, Constant) and isinstance(expression.value, str):
            return None
        if isinstance(expression, Operation):
            if expression.operator == "|":
                return next((found for found in map(self.annotated, expression.operands) if found is not None), None)
            if expression.operator == "[]" and len(expression.operands) > 1 and isinstance(expression.operands[0], Chain):
                generic = expression.operands[0]
                names = [step for step in generic.steps if isinstance(step, str)]
                name = names[-1] if names else generic.root.rpartition(".")[2]
                element = self.annotated(expression.operands[1])
                if element is None or element.kind != "instance" or element.model is None:
                    return None
                if name in ("QuerySet", "ValuesQuerySet", "BaseManager", "Manager", "RelatedManager", "QuerySetAny"):
                    return self.default_queryset(element.model)
                if name in _COLLECTION_TYPES:
                    return Value("list", element.model)
                if name in ("Optional", "Annotated", "type", "Type"):
                    return Value("class", element.model) if name in ("type", "Type") else element
        return None

    # --- steps ---------------------------------------------------------------------------------

    def advance(self, value: Value, step: Step, effects: list[Effect], scope: str, context: Value | None) -> Value | None:
        """What a value becomes by one step; effects on tables are appended. ``None`` when it is not followed."""
        kind = value.kind
        if kind == "state":
            return self._advance_state(value, step, effects, scope, context)
        if kind == "method":
            return self._call_method(value, step, effects, scope, context) if isinstance(step, Call) else None
        if kind == "instance":
            return self._advance_instance(value, step, effects)
        if kind in ("manager", "queryset"):
            return self._advance_collection(value, step)
        if kind == "class":
            return self._advance_class(value, step)
        if kind in ("values", "list"):
            return self._advance_list(value, step)
        if kind == "descriptor" and step == "through" and value.relation is not None:
            return self._between(value.relation)
        if kind == "pair" and isinstance(step, Item):
            return Value("instance", value.model) if step.key == 0 else SCALAR
        if kind == "enumerated" and isinstance(step, Item):
            return Value("indexed", value.model)
        if kind == "indexed" and isinstance(step, Item):
            return Value("instance", value.model) if step.key == 1 else SCALAR
        if kind == "request":
            if step == "user":
                user = self.registry.user
                if user is None:
                    return None
                # The user is loaded when the request's lazy object is first looked at; the middleware may have done so.
                effects.extend((table, "read") for table in user.tables)
                return Value("instance", user, certain=False)
            return REQUEST if step in ("_request", "request") else None
        if kind == "form":
            if step == "save":
                return Value("method", value.model, name="save", owner=value)
            return Value("instance", value.model) if step == "instance" else SCALAR
        if kind in ("row", "scalar", "exception"):
            return SCALAR
        return None

    def _advance_class(self, value: Value, step: Step) -> Value | None:
        model = value.model
        assert model is not None
        if isinstance(step, Call):
            return Value("instance", model)
        if not isinstance(step, str):
            return SCALAR
        manager = self.manager(model, step)
        if manager is not None:
            return Value("manager", model, manager)
        if step in ("DoesNotExist", "MultipleObjectsReturned", "NotUpdated"):
            return Value("exception", model)
        member = self._member(model, step)
        if isinstance(member, Definition) and member.kind != "class":
            return Value("method", model, state=State("function", member.id), name=step, owner=value)
        if step in standard.CLASS_WRITES or step in standard.CLASS_QUERYSETS:
            return Value("method", model, name=step, owner=value)
        reverse = model.accessor(step)
        if reverse is not None and reverse.field.kind == "history":
            return Value("manager", reverse.source, ModelManager())
        found = model.field(step) or (reverse.field if reverse is not None else None)
        if found is not None and found.kind == "m2m":
            return Value("descriptor", relation=found)
        return SCALAR

    @staticmethod
    def _between(relation: Field) -> Value | None:
        return Value("class", relation.between) if relation.between is not None else None

    def _member(self, model: Model, name: str) -> Definition | Binding | None:
        for each in (model, *model.lineage[1:]):
            if not each.origin:
                found = self.program.member(each.id, name)
                if found is not None:
                    return found
        return None

    def _advance_instance(self, value: Value, step: Step, effects: list[Effect]) -> Value | None:
        model = value.model
        assert model is not None
        if not isinstance(step, str):
            return SCALAR
        found = model.field(step)
        if found is not None:
            if found.kind in ("fk", "o2o"):
                if step != found.name and step != "pk":
                    return SCALAR
                if found.target is None or step == "pk":
                    return SCALAR
                effects.extend((table, "read") for table in found.target.tables)
                return Value("instance", found.target, relation=found)
            if found.kind in ("m2m", "collection") and found.target is not None:
                return Value("manager", found.target, self.default_manager(found.target), found, owner=value)
            return SCALAR
        reverse = model.accessor(step)
        if reverse is not None:
            return self._reverse(value, reverse, effects)
        if step in standard.INSTANCE_QUERIES or standard.ASYNCHRONOUS.get(step, step) in ("save", "delete", "refresh_from_db"):
            return Value("method", model, name=step, owner=value)
        member = self._member(model, step)
        if isinstance(member, Definition):
            if member.kind == "class":
                return SCALAR
            if self.program.is_property(member):
                returned = self.returned(member.id, value)
                return returned if returned is not None else Value("scalar", name="property")
            return Value("method", model, state=State("function", member.id), name=step, owner=value)
        if step in standard.INSTANCE_METHODS or step in standard.INSTANCE_QUERYSETS or step.startswith(("get_next_by_", "get_previous_by_")):
            return Value("method", model, name=step, owner=value)
        if step.startswith("get_") and step.endswith("_display"):
            return Value("method", model, name=step, owner=value)
        if step == "__class__":
            return Value("class", model)
        if step in ("DoesNotExist", "MultipleObjectsReturned"):
            return Value("exception", model)
        if value.name == "convention" and step not in standard.INSTANCE_FLAGS and not isinstance(member, Binding):
            return None
        return Value("scalar", name="" if isinstance(member, Binding) else "attribute")

    def _reverse(self, value: Value, reverse: Reverse, effects: list[Effect]) -> Value:
        source = reverse.source
        if reverse.many:
            return Value("manager", source, self.default_manager(source), reverse.field, owner=value)
        effects.extend((table, "read") for table in source.tables)
        return Value("instance", source, relation=reverse.field)

    def _advance_collection(self, value: Value, step: Step) -> Value | None:
        model = value.model
        assert model is not None
        if isinstance(step, Item):
            return Value("instance", model, annotations=value.annotations)
        if isinstance(step, Slice):
            return replace(value, kind="queryset")
        if isinstance(step, Call):
            return value if value.kind == "manager" else None
        assert isinstance(step, str)
        if step == "model":
            return Value("class", model)
        if step == "instance" and value.owner is not None:
            return value.owner
        if step in ("query", "db", "ordered", "_db", "_hints", "_result_cache", "name"):
            return SCALAR
        if step == "through" and value.relation is not None:
            return self._between(value.relation)
        for class_id in self._searched(value):
            member = self.program.members(class_id).get(step)
            if member is not None:
                return Value("method", model, state=State("function", member.id), name=step, owner=value)
        return Value("method", model, name=step, owner=value)

    def _searched(self, value: Value) -> tuple[str, ...]:
        """The project's classes in which a method of a collection is looked up: for ``super()``, those after the class that says it."""
        order = self.roles.method_order(value.manager)
        if value.name != "super":
            return order
        own = value.state.id
        return order[order.index(own) + 1 :] if own in order else self.program.ancestors(own)

    def _advance_list(self, value: Value, step: Step) -> Value | None:
        if isinstance(step, Item):
            return Value("row" if value.kind == "values" else "instance", value.model, annotations=value.annotations)
        if isinstance(step, Slice):
            return value
        if isinstance(step, str):
            return Value("method", value.model, value.manager, name=step, owner=value)
        return None

    # --- calls ---------------------------------------------------------------------------------

    def _call_method(self, value: Value, call: Call, effects: list[Effect], scope: str, context: Value | None) -> Value | None:
        owner = value.owner
        assert owner is not None
        if owner.kind in ("manager", "queryset"):
            return self._call_collection(value, owner, call, effects, scope, context)
        if owner.kind == "instance":
            return self._call_instance(value, owner, effects)
        if owner.kind == "class":
            return self._call_class(value, owner, effects)
        if owner.kind == "form":
            return self._saved(owner.model, call, effects)
        if owner.kind == "values":
            return self._call_values(value, owner, call, effects, scope, context)
        if owner.kind == "list":
            return Value("instance", owner.model, annotations=owner.annotations) if value.name == "pop" else SCALAR
        if owner.kind == "state":
            return self._call_role(value, owner, call, effects)
        return None

    def _call_collection(self, value: Value, owner: Value, call: Call, effects: list[Effect], scope: str, context: Value | None) -> Value | None:
        model = owner.model
        assert model is not None
        name = value.name
        owner = self._begun(owner)
        if value.state.kind == "function" and not (name == "get_queryset" and owner.name == "super"):
            if owner.kind == "manager" and self.roles.of(value.state.id.rpartition(".")[0]) == "queryset":
                owner = replace(owner, kind="queryset")  # the manager hands the call on to a query set that it makes
            done = self.method_effects(value.state.id, owner)
            # Answers are kept by model: what this one query set reads beside it is added below.
            returned = self.returned(value.state.id, replace(owner, joins=(), along=(), annotations=()))
            if returned is not None and returned.kind == "queryset":
                # What it only loads along, or joins in one branch of several, is read as the case may be.
                fixed = {*model.tables, *returned.joins}
                effects.extend((table, MAYBE if mode == "read" and table not in fixed else mode) for table, mode in done)
            else:
                effects.extend(done)
            if not any(table in model.tables for table, _ in done):
                effects.extend((table, "read") for table in model.tables)
            effects.extend((table, "read") for table in owner.joins)
            if returned is not None:
                if returned.kind in ("queryset", "values"):
                    returned = replace(returned, joins=tuple(dict.fromkeys((*owner.joins, *returned.joins))), along=tuple(dict.fromkeys((*owner.along, *returned.along)))
                    )
                if owner.annotations and returned.model is model:
                    returned = replace(returned, annotations=together(owner.annotations, returned.annotations))
                if returned.kind == "queryset" and returned.model is model and returned.manager is None:
                    return replace(returned, manager=owner.manager)
                return returned
            if standard.ASYNCHRONOUS.get(name, name) not in standard.LAZY | standard.TO_INSTANCE:
                return Value("scalar", name="project")
        name = standard.ASYNCHRONOUS.get(name, name)
        done = tuple(collection_effects(name, owner, call))
        effects.extend(done)
        if name == "prefetch_related":
            self._prefetched(call, effects, scope, context)
        elif name in standard.TAKES_QUERIES:
            within = [effect for effect in self._inner(call, scope, context, 0) if effect[0] not in model.tables]
            effects.extend(within)
            done = (*done, *within)
        if name not in standard.NOT_READING:
            effects.extend((table, "read") for table in owner.joins)
        if name in standard.TO_INSTANCE and name not in standard.WRITES:
            effects.extend((table, "read") for table in owner.along)
        result = self._annotated(collection_result(name, owner), name, call, owner, scope, context)
        if result is not None and result.kind in ("queryset", "values"):
            # What is only loaded along (`select_related`) is not read by `count()` or `values()`, so it is carried on apart.
            if name in standard.JOIN_METHODS:
                along = tuple((table, "read") for table, mode in effects if mode != "write")
                return replace(result, joins=owner.joins, along=joined_by(replace(owner, joins=owner.along), along))
            return replace(result, joins=joined_by(owner, done), along=owner.along if result.kind == "queryset" else ())
        return result

    def _annotated(self, result: Value, name: str, call: Call, owner: Value, scope: str, context: Value | None) -> Value:
        """What a method of a query set gives, with what its rows have beside their columns."""
        if result.kind not in ("queryset", "instance", "values", "list") or name in standard.WRITES:
            return result
        more = () if name not in standard.ANNOTATING else tuple(
            added(name, call, owner, lambda each: self.evaluate(each, scope, context), self._place(scope, call))
        )
        return replace(result, annotations=together(owner.annotations, more)) if owner.annotations or more else result

    def _place(self, scope: str, call: Call) -> Location | None:
        """Where a call is written, as the beginning of the expression around it; ``None`` where no function holds it."""
        for use in self.uses_in(scope) if scope else ():
            if call in use.chain.steps:
                return self.program.at(self.program.module_of(scope), use.span.line)
        return None

    def _begun(self, owner: Value) -> Value:
        """A manager with what the query sets read that its class makes (``get_queryset``), beside its model's table."""
        if owner.kind != "manager" or owner.manager is None or not owner.manager.manager or owner.name == "super":
            return owner
        for class_id in self.roles.lineage(owner.manager.manager):
            method = self.program.members(class_id).get("get_queryset")
            made = self.returned(method.id, owner) if method is not None else None
            if method is not None:
                return replace(owner, joins=made.joins, along=made.along, annotations=made.annotations) if made is not None and made.kind == "queryset" else owner
        return owner

    def _inner(self, call: Call, scope: str, context: Value | None, depth: int) -> Iterator[Effect]:
        """What the query sets among a call's arguments read: ``filter(order__in=Order.objects.open())``, ``Exists(...)``."""
        waiting: list[Expression] = [*call.arguments, *(value for _, value in call.keywords)]
        while waiting:
            each = waiting.pop()
            if each.__class__ is Operation:
                waiting.extend(each.operands)
            elif each.__class__ is Chain and each.steps:
                if expression_name(each):
                    for step in each.steps if depth < 4 else ():
                        if step.__class__ is Call:
                            yield from self._inner(step, scope, context, depth + 1)
                    continue
                held = self.evaluate(each, scope, context)
                if held is not None and held.model is not None and held.kind in ("queryset", "values"):
                    yield from ((table, "read") for table in (*held.model.tables, *held.joins))

    def _prefetched(self, call: Call, effects: list[Effect], scope: str, context: Value | None) -> None:
        """What the query sets inside ``Prefetch("lines", queryset=...)`` read."""
        for each in call.arguments:
            if not isinstance(each, Chain) or expression_name(each) != "Prefetch":
                continue
            for step in each.steps:
                queryset = keyword(step, "queryset") if isinstance(step, Call) else None
                trace = self.follow(queryset, scope, context) if isinstance(queryset, Chain) else None
                for noted in trace.effects if trace is not None else ():
                    effects.extend(effect for effect in noted if effect[1] == "read")

    def _call_values(self, value: Value, owner: Value, call: Call, effects: list[Effect], scope: str, context: Value | None) -> Value | None:
        name = standard.ASYNCHRONOUS.get(value.name, value.name)
        assert owner.model is not None
        inner = (table for table, _ in self._inner(call, scope, context, 0)) if name in standard.TAKES_QUERIES else ()
        joined = tuple(dict.fromkeys((*call_tables(owner.model, name, call), *inner)))
        effects.extend((table, "read") for table in (*owner.model.tables, *joined, *owner.joins))
        if name in standard.LAZY or name in standard.TO_VALUES:
            return self._annotated(replace(owner, joins=tuple(dict.fromkeys((*owner.joins, *joined)))), name, call, owner, scope, context)
        return Value("row", owner.model) if name in standard.TO_INSTANCE else SCALAR

    def _call_instance(self, value: Value, owner: Value, effects: list[Effect]) -> Value | None:
        model = owner.model
        assert model is not None
        name = standard.ASYNCHRONOUS.get(value.name, value.name)
        if name in ("delete", "save") or value.name in standard.INSTANCE_WRITES:
            effects.extend((table, "write") for table in model.written)
            if value.name in ("add_child", "add_sibling"):
                return Value("instance", model)
            return Value("none", model)
        if value.name in standard.INSTANCE_CHECKS:
            # What is unique and which keys changed decides whether anything is asked.
            targets = {each.target: None for parent in model.lineage for each in parent.local.values() if each.kind in SINGULAR and each.target is not None}
            asked = (model, *(targets if value.name == "full_clean" else ()))
            effects.extend((table, MAYBE) for each in asked for table in each.tables)
            return Value("none", model)
        if name == "refresh_from_db" or value.name in standard.INSTANCE_READS:
            effects.extend((table, "read") for table in model.tables)
            return Value("none", model)
        if value.name in standard.INSTANCE_QUERYSETS and value.state.kind != "function":
            effects.extend((table, "read") for table in model.tables)
            return self.default_queryset(model)
        if value.name.startswith(("get_next_by_", "get_previous_by_")):
            effects.extend((table, "read") for table in model.tables)
            return Value("instance", model)
        if value.state.kind == "function":
            effects.extend(self._shared_effects(value, owner))
            return self.returned(value.state.id, owner) or Value("scalar", name="project")
        return SCALAR

    def _call_class(self, value: Value, owner: Value, effects: list[Effect]) -> Value | None:
        model = owner.model
        assert model is not None
        if value.state.kind == "function":
            effects.extend(self._shared_effects(value, owner))
            return self.returned(value.state.id, owner) or SCALAR
        if value.name in standard.CLASS_WRITES:
            effects.extend((table, "write") for table in model.written)
            return Value("instance", model)
        effects.extend((table, "read") for table in model.tables)
        return self.default_queryset(model)

    def _shared_effects(self, method: Value, owner: Value) -> tuple[Effect, ...]:
        """What a method of an abstract model does for a concrete one: one text for many tables, and who calls it says which.

        Where an abstract model becomes one table alone, its methods say themselves what they do; a query set that they give may still be run
        by who calls them.
        """
        declaring = self.registry.models.get(method.state.id.rpartition(".")[0])
        if declaring is None or not declaring.abstract:
            return ()
        done = self.method_effects(method.state.id, owner)
        if len(self._concrete.get(declaring.id, ())) > 1:
            return done
        return tuple((table, MAYBE) for table, mode in done if mode != "write")

    # --- everything that is not a model -----------------------------------------------------------

    def _advance_state(self, value: Value, step: Step, effects: list[Effect], scope: str, context: Value | None) -> Value | None:
        state = value.state
        if isinstance(step, str):
            if state.kind == "module":
                return self._of_state(self.program.resolve(f"{state.id}.{step}"))
            if state.kind == "external":
                return self._external(State("external", f"{state.id}.{step}"))
            if state.kind == "class":
                member = self.program.member(state.id, step)
                if isinstance(member, Definition):
                    return Value("state", state=State("class" if member.kind == "class" else "function", member.id, state.id)) if member.kind == "class" else Value("method", state=State("function", member.id), name=step, owner=value)
                if isinstance(member, Binding):
                    return self.binding(f"{self.program.declaring_class(state.id, step)}.{step}")
                return None
            if state.kind == "instance":
                return self._attribute(value, step, effects)
            return None
        if isinstance(step, Call):
            if state.kind == "class":
                if self.roles.of(state.id) == "form":
                    effects.extend((table, MAYBE) for table in self.served.chosen_from(state.id))
                return self._made_collection(state.id, step, scope) or Value("state", state=State("instance", state.id))
            if state.kind == "function":
                return self.returned(state.id, None) or self._of_arguments(state.id, step)
            if state.kind == "external":
                return self._call_external(state.id, step, effects, scope, context)
        return None

    def _of_arguments(self, function: str, call: Call) -> Value | None:
        """What a function gives that takes only strings: a model by its label, or the one class that they name (``load("orders.forms", "OrderForm")``)."""
        given = call.arguments
        if not given or given[0].__class__ is not Constant or len(given) > 3:
            return None
        words = [each.value for each in given if isinstance(each, Constant) and isinstance(each.value, str)]
        if len(words) != len(given):
            return None
        model = self.registry.got_by(function, call)
        if model is not None:
            return Value("class", model)
        symbol, _ = self.program.loaders.symbol(function, (call,))
        if symbol:
            return self._of_state(self.program.resolve(symbol))
        named = [each for each in self._classes.get(words[1], ()) if f".{each}".endswith(f".{words[0]}.{words[1]}")] if len(words) == 2 else []
        value = self._of_state(State("class", named[0])) if len(named) == 1 else None
        return value.uncertain() if value is not None else None

    @cached_property
    def _classes(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for each in self.program.definitions:
            if each.kind == "class":
                found.setdefault(each.id.rpartition(".")[2], []).append(each.id)
        return found

    def _hooked(self, owner: Value, name: str, effects: list[Effect]) -> None:
        """What a hook of a library does that a class of the project overrides: what it would do, for the model it returns."""
        class_id = owner.state.id
        if self.roles.of(class_id) == "view":
            held = self.served.view_queryset(class_id)
            if held is not None and held.model is not None:
                effects.extend((table, "read") for table in held.model.tables)
                effects.extend(self.served.view_effects(class_id))
        elif name == "save":
            model = self.served.class_model(class_id)
            effects.extend((table, "write") for table in (model.written if model is not None else ()))

    def _made_collection(self, class_id: str, call: Call, scope: str) -> Value | None:
        """``OrderQuerySet(model=Order)``: a query set made by its class."""
        role = self.roles.of(class_id)
        if role != "queryset":
            return None
        model = self.evaluate(argument(call, 0, "model"), scope)
        return self.collection(role, model.model, class_id) if model is not None and model.kind == "class" and model.model else None

    def _call_external(self, name: str, call: Call, effects: list[Effect], scope: str, context: Value | None) -> Value | None:
        if name in standard.SHORTCUTS:
            asked = self.evaluate(call.arguments[0], scope, context) if call.arguments else None
            if asked is None or asked.model is None or asked.kind not in ("class", "manager", "queryset"):
                return None
            effects.extend((table, "read") for table in asked.model.tables)
            effects.extend((table, "read") for table in call_tables(asked.model, "filter", call))
            effects.extend((table, MAYBE) for table in spread_tables(asked.model, "filter", call))
            return Value(standard.SHORTCUTS[name], asked.model, asked.manager, certain=asked.certain, annotations=self._begun(asked).annotations)
        if name == standard.GET_USER_MODEL:
            user = self.registry.user
            return Value("class", user) if user is not None else None
        if name in ("django.apps.apps.get_model", "django.apps.apps.get_registered_model"):
            model = self.registry.by_arguments(call)
            return Value("class", model) if model is not None else None
        if name in standard.SIGN_IN and self.registry.user is not None:
            # Signing in notes the time with the user.
            effects.extend((table, "write") for table in self.registry.user.written)
            return Value("scalar", certain=False)
        if name in standard.USER_FUNCTIONS:
            user = self.registry.user
            effects.extend((table, "read") for table in (user.tables if user is not None else ()))
            return Value("instance", user, certain=False) if user is not None else None
        if name in standard.CASTS:
            return self._cast(call.arguments[0], scope) if call.arguments else None
        if name in standard.COPIES:
            return self.evaluate(call.arguments[0], scope, context) if call.arguments else None
        builtin = name.removeprefix("builtins.")
        if builtin in ("getattr", "type"):
            return self._of_builtin(builtin, call, effects, scope, context)
        if builtin in _COLLECTORS or builtin in _PICKERS or builtin == "enumerate":
            held = self.evaluate(call.arguments[0], scope, context) if call.arguments else None
            if held is None or held.model is None or held.kind not in ("queryset", "manager", "list", "values"):
                return None
            if held.kind in ("queryset", "values"):
                effects.extend((table, "read") for table in (*held.model.tables, *held.joins, *held.along))
            if builtin in _PICKERS:
                return Value("row" if held.kind == "values" else "instance", held.model, certain=held.certain, annotations=held.annotations)
            if held.kind == "values":
                return held
            return Value("enumerated" if builtin == "enumerate" else "list", held.model, certain=held.certain, annotations=held.annotations)
        return None

    def _cast(self, type_given: Expression, scope: str) -> Value | None:
        """``cast(Order, value)``, ``cast("Order", value)``."""
        if isinstance(type_given, Constant) and isinstance(type_given.value, str):
            module = self.program.module_of(scope) if scope else ""
            return self._instance_of(self.program.resolve(f"{module}.{type_given.value}")) if type_given.value.isidentifier() and module else None
        return self.annotated(type_given)

    def _of_builtin(self, name: str, call: Call, effects: list[Effect], scope: str, context: Value | None) -> Value | None:
        """``type(order)`` and ``getattr(order, "customer", None)``."""
        held = self.evaluate(call.arguments[0], scope, context) if call.arguments else None
        if held is None:
            return None
        if name == "type":
            return Value("class", held.model, certain=held.certain) if held.kind == "instance" and len(call.arguments) == 1 else None
        named = call.arguments[1] if len(call.arguments) > 1 else None
        if held.kind == "instance" and held.model is not None and isinstance(named, Template):
            effects.extend((table, MAYBE) for table in held.model.reached(named.text))
            return Value("scalar")
        attribute = self.program.constant(named)
        return self.advance(held, attribute, effects, scope, context) if isinstance(attribute, str) else None

    def _attribute(self, value: Value, name: str, effects: list[Effect]) -> Value | None:
        """An attribute of an instance of a project class: by its role in Django, its declaration or what a method assigned."""
        class_id = value.state.id
        role = self.roles.of(class_id)
        member = self._super_member(class_id, name) if value.name == "super" else self.program.member(class_id, name)
        if isinstance(member, Definition):
            if member.kind == "class":
                return Value("state", state=State("class", member.id))
            if self.program.is_property(member):
                return self.returned(member.id, value)
            return Value("method", state=State("function", member.id), name=name, owner=value)
        if role == "view":
            if name == "request":
                return REQUEST
            if name == "object":
                return self.served.object(class_id)
            if name in ("get_object", "get_queryset", "filter_queryset", "paginate_queryset", "get_serializer", "get_form"):
                return Value("method", name=name, owner=value)
            if value.name == "super" and name in standard.INHERITED_MODES.keys() | standard.FORM_METHODS | standard.OBJECT_METHODS:
                return Value("method", name=name, owner=value)
        elif role in ("serializer", "form"):
            if name == "instance":
                model = self.served.class_model(class_id)
                return Value("instance", model) if model is not None else None
            if name == "save":
                return Value("method", name=name, owner=value)
            if name in standard.VALIDATION:
                effects.extend((table, MAYBE) for table in self.served.chosen_from(class_id))
                return Value("scalar")
            if name == "data" and role == "serializer":
                effects.extend((table, MAYBE) for table in self.served.shown(class_id))
                return Value("scalar")
            if name == "__init__" and role == "form":
                effects.extend((table, MAYBE) for table in self.served.chosen_from(class_id))
            if name in ("get_user", "user_cache") and role == "form":
                return Value("instance", self.registry.user, certain=False) if self.registry.user else None
            if name == "request":
                return REQUEST
        elif role == "admin":
            if name == "model":
                model = self.served.class_model(class_id)
                return Value("class", model) if model is not None else None
            if name == "get_queryset" or (value.name == "super" and name in standard.ADMIN_WRITES):
                return Value("method", name=name, owner=value)
        if isinstance(member, Binding):
            return self.binding(f"{self.program.declaring_class(class_id, name)}.{name}")
        if name in ("create", "update") and role == "serializer":
            return Value("method", name=name, owner=value)
        return self._assigned_attribute(class_id, name)

    def _super_member(self, class_id: str, name: str) -> Definition | Binding | None:
        for ancestor in self.program.ancestors(class_id):
            found = self.program.members(ancestor).get(name)
            if found is not None:
                return found
        return None

    def _assigned_attribute(self, class_id: str, name: str) -> Value | None:
        key = (class_id, name)
        if key not in self._attributes:
            self._attributes[key] = None
            for owner in (class_id, *self.program.ancestors(class_id)):
                uses = [use for _, use in islice(self.program.uses.assigned(owner, name), 8)]
                if uses:
                    self._attributes[key] = agreed(self.evaluate(each.chain, each.scope) for each in uses)
                    break
        return self._attributes[key]

    def _call_role(self, value: Value, owner: Value, call: Call, effects: list[Effect]) -> Value | None:
        class_id = owner.state.id
        name = value.name
        role = self.roles.of(class_id)
        if value.state.kind == "function":
            returned = self.returned(value.state.id, owner)
            if returned is not None or name not in standard.HOOKS:
                if name in standard.HOOKS:
                    self._hooked(owner, name, effects)
                return returned
        if role == "view":
            if name == "get_object":
                found = self.served.object(class_id)
                if found is not None and found.model is not None:
                    effects.extend((table, "read") for table in found.model.tables)
                    effects.extend(self.served.view_effects(class_id))
                return found
            if name in ("get_queryset", "filter_queryset", "paginate_queryset"):
                held = self.served.view_queryset(class_id)
                if held is None or held.model is None:
                    return None
                effects.extend((table, "read") for table in held.model.tables)
                effects.extend(self.served.view_effects(class_id))
                return Value("list", held.model) if name == "paginate_queryset" else held
            if owner.name == "super":
                self.served.inherited_effects(class_id, name, effects)
                return None
            attribute = self.served.class_of_attribute(class_id, f"{name.removeprefix('get_')}_class")
            return Value("state", state=State("instance", attribute)) if attribute else None
        if role in ("serializer", "form") and name in ("save", "create", "update"):
            return self._saved(self.served.class_model(class_id), call, effects)
        if role == "admin":
            model = self.served.class_model(class_id)
            if name in standard.ADMIN_WRITES:
                effects.extend((table, "write") for table in (model.written if model is not None else ()))
                return None
            return self.default_queryset(model) if model is not None else None
        return None

    @staticmethod
    def _saved(model: Model | None, call: Call, effects: list[Effect]) -> Value | None:
        """What ``save()`` of a form or serializer does and gives."""
        if model is None:
            return None
        if not any(key == "commit" and each == Constant(False) for key, each in call.keywords):
            effects.extend((table, "write") for table in model.written)
        return Value("instance", model)

    # --- managers ------------------------------------------------------------------------------

    def manager(self, model: Model, name: str) -> ModelManager | None:
        """The manager that a model class has under a name."""
        if name == "_base_manager":
            return ModelManager()
        if name == "_default_manager":
            return self.default_manager(model)
        key = (model.id, name)
        if key not in self._managers:
            found: ModelManager | None = None
            declared = False
            for each in (model, *model.lineage[1:]):
                if each.origin:
                    continue
                owner = self.program.declaring_class(each.id, name)
                if owner:
                    declared = True
                    value = self.program.value(f"{owner}.{name}")
                    found = self.roles.manager_made_by(value) or self._loaded_manager(value, name) if value is not None else None
                    break
            if found is None and not declared and name == "objects":
                found = ModelManager()
            self._managers[key] = found
        return self._managers[key]

    def _loaded_manager(self, value: Expression, name: str) -> ModelManager | None:
        """The manager that a class makes which the project gets by name; Django's own for ``objects`` made by something that is not followed."""
        if not isinstance(value, Chain) or not value.steps or value.steps[-1].__class__ is not Call:
            return None
        state, rest = self.program.head(value)
        held = self.binding(state.id) if state.kind == "binding" else None
        if held is not None and held.state.kind == "class":
            role = self.roles.of(held.state.id)
            if role == "queryset" and rest[:1] == ("as_manager",):
                return ModelManager("", held.state.id)
            if role == "manager":
                return ModelManager(held.state.id, self.roles.queryset_of(held.state.id))
        return ModelManager() if name == "objects" else None

    def default_manager(self, model: Model) -> ModelManager:
        """The manager that related managers and generic views use: the first that the model declares."""
        if model.origin:
            return ModelManager()
        name = self.roles.default_name(model)
        return (self.manager(model, name) if name else None) or ModelManager()

    def default_queryset(self, model: Model) -> Value:
        return Value("queryset", model, self.default_manager(model))

    # --- functions -----------------------------------------------------------------------------

    def returned(self, function: str, receiver: Value | None) -> Value | None:
        """What a call of a project's function gives: its return annotation, else what its returns agree on."""
        about = receiver.model.id if receiver is not None and receiver.model is not None else receiver.state.id if receiver is not None else ""
        key = (function, receiver.kind if receiver is not None else "", about)
        if key not in self._returned:
            self._returned[key] = None
            if self.depth < DEPTH:
                self.depth += 1
                self._returned[key] = self._find_returned(function, receiver)
                self.depth -= 1
        return self._returned[key]

    def _find_returned(self, function: str, receiver: Value | None) -> Value | None:
        definition = self.program.definition(function)
        if definition is None:
            return None
        if definition.returns_symbol:
            state = self.program.resolve(definition.returns_symbol)
            annotated = self._instance_of(state)
            if annotated is not None and annotated.kind == "instance":
                return Value("list", annotated.model) if definition.generator else annotated
        if definition.returns.strip("'\"") in ("Self", "typing.Self", "t.Self"):
            made = self._agreed_on(definition, receiver) if receiver is not None and receiver.kind in ("manager", "queryset") else None
            return replace(receiver, annotations=made.annotations) if receiver is not None and made is not None and made.annotations else receiver
        value = self._agreed_on(definition, receiver)
        if value is not None:
            return replace(value, relation=None, owner=None, name="") if value.kind in MODEL_KINDS else value
        if "[" in definition.returns:
            return self._generic(definition)
        return None

    def _agreed_on(self, definition: Definition, receiver: Value | None) -> Value | None:
        """What the ``return`` statements of a function agree on."""
        context = receiver if receiver is not None and receiver.kind in ("manager", "queryset", "instance", "class") else None
        if context is None and receiver is not None and receiver.kind == "state" and receiver.state.kind == "instance":
            context = replace(receiver, name="")
        returns = [each for each in self.program.returned(definition) if each != Constant(None)]
        if not returns or definition.generator:
            return None
        return agreed(self.evaluate(each, definition.id, context) for each in returns[:8])

    def _generic(self, definition: Definition) -> Value | None:
        """``QuerySet["Order"]``, ``list[Order]`` and the like, read from the text of the annotation."""
        outer, _, inner = definition.returns.partition("[")
        name = inner.rstrip("]").partition(",")[0].strip(" '\"")
        element = self._instance_of(self.program.resolve(f"{self.program.module_of(definition.id)}.{name}")) if name else None
        if element is None or element.kind != "instance" or element.model is None:
            return None
        outer = outer.rpartition(".")[2].strip(" '\"")
        if outer in ("QuerySet", "Manager", "BaseManager"):
            return self.default_queryset(element.model)
        if outer in _COLLECTION_TYPES:
            return Value("list", element.model)
        return element if outer == "Optional" else None

    def uses_in(self, function: str) -> list[Use]:
        """The uses in a function's own body."""
        module = self.program.module_of(function)
        known = self._uses.get(module)
        if known is None:
            known = self._uses[module] = {}
            for use in self.program.modules[module].uses:
                known.setdefault(use.scope, []).append(use)
        return known.get(function, [])

    def method_effects(self, function: str, receiver: Value) -> tuple[Effect, ...]:
        """What a method of a manager or query set class does to tables when called for the receiver's model."""
        assert receiver.model is not None
        key = (function, receiver.model.id)
        if key not in self._method_effects:
            self._method_effects[key] = ()
            if self.depth < DEPTH:
                self.depth += 1
                found: dict[Effect, None] = {}
                for use in self.uses_in(function):
                    trace = self.follow(use.chain, function, receiver if use.chain.origin in ("self", "cls", "super") else None)
                    if trace is not None:
                        start = last_bound(use.chain)
                        for effects in trace.effects[start:]:
                            found.update(dict.fromkeys(effects))
                self.depth -= 1
                self._method_effects[key] = tuple(found)
        return self._method_effects[key]
