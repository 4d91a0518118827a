"""What classes do to their model's table by inheritance alone: generic views, view sets, admin classes."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.detect.django import standard
from decompose.detect.django.evaluate import Evaluator
from decompose.detect.django.lookups import attribute_tables, path_tables
from decompose.detect.django.schema import Model
from decompose.detect.django.values import MAYBE, Effect, Value
from decompose.link.expressions import argument, elements, first_call, keyword, literal
from decompose.link.program import Program, State
from decompose.model.facts import Access
from decompose.model.location import Location
from decompose.model.syntax import Binding, Call, Chain, Definition, Expression, Sequence, Use

_REGISTER = frozenset({"django.contrib.admin.register", "django.contrib.admin.decorators.register", "django.contrib.gis.admin.register"})
_SITE_REGISTER = "django.contrib.admin.site.register"
_BEHIND = frozenset({"create", "update", "save"}) | standard.INHERITED_MODES.keys() | standard.FORM_METHODS | standard.OBJECT_METHODS
"""Methods of libraries' classes that are reached by ``super()``."""
_SERVED = 24
"""Classes for which a method of their base is read at most: one that serves more is a part of everything."""


class AdminRegistrations:
    """Models registered with the admin: ``classes`` by admin class, ``plain`` those registered without one and where."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.program: Program = evaluator.program
        self.registry = evaluator.registry
        self.plain: list[tuple[str, Model, Location]] = []
        self.classes: dict[str, Model] = evaluator.roles.registered
        for module in self.program.modules.values():
            for definition in module.definitions:
                for decorator in definition.decorators:
                    if definition.kind == "class" and isinstance(decorator, Chain):
                        self._decorated(decorator, definition)
        for module, use in self.program.uses.calling(("register",)):
            steps = use.chain.steps
            if len(steps) > 1 and steps[-2] == "register" and isinstance(steps[-1], Call) and use.chain.origin == "global":
                self._called(use.chain, steps[-1], use.scope or module.name, self.program.at(module.name, use.span.line))

    def _decorated(self, decorator: Chain, definition: Definition) -> None:
        state, rest = self.program.head(decorator)
        call = first_call(rest)
        if call is None or not (state.id in _REGISTER or (rest and rest[-2:-1] == ("register",))):
            return
        for each in call.arguments:
            model = self.registry.class_of(each)
            if model is not None:
                self.classes.setdefault(definition.id, model)

    def _called(self, chain: Chain, call: Call, definition: str, at: Location) -> None:
        state, rest = self.program.head(chain)
        site = state.kind == "external" and state.id == _SITE_REGISTER
        if not site and not (state.kind == "binding" and rest and rest[0] == "register"):
            return
        first, admin = argument(call, 0, "model_or_iterable"), argument(call, 1, "admin_class")
        if first is None:
            return
        models = [self.registry.class_of(each) for each in elements(self.program, first) or (first,)]
        reached = self.program.head(admin)[0] if isinstance(admin, Chain) else None
        for model in models:
            if model is None:
                continue
            if reached is not None and reached.kind == "class":
                self.classes.setdefault(reached.id, model)
            elif site:
                self.plain.append((definition, model, at))


Done = tuple[str, str, int]
"""Table, mode, line."""


class FixedByClass:
    """What methods of a base class do for a subclass that fixes a model: ``model = Order`` beside ``self.model.objects`` in the base.

    It is stated at the line of the class, which says what its inherited methods are about, and at the lines of the method, which does it. None of
    it is certain: the class does not say when the methods run, nor the method for which class.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self.program = evaluator.program
        self.evaluator = evaluator
        self._done: dict[tuple[str, tuple[tuple[str, str], ...]], frozenset[Done]] = {}
        """Effects by method and what the class fixes of what the method uses: many classes fix the same."""
        self._uses: dict[str, dict[str, list[Use]]] = {}

    def facts(self) -> Iterator[Access]:
        """Accesses of each class that inherits methods of the project, then those of the methods."""
        for definition in self.program.definitions:
            if definition.kind == "class" and definition.bases and self.evaluator.roles.of(definition.id) not in ("model", "manager", "queryset"):
                yield from self._class(definition)
        yield from self._methods()

    def _methods(self) -> Iterator[Access]:
        found: dict[str, list[frozenset[Done]]] = {}
        for (method, _), done in self._done.items():
            found.setdefault(method, []).append(done)
        for method, each in found.items():
            if len(each) <= _SERVED:
                path = self.program.place(method).path
                for table, mode, line in sorted(frozenset().union(*each)):
                    yield from _accesses(method, (table,), (mode,), Location(path, line), False)

    def _class(self, definition: Definition) -> Iterator[Access]:
        fixed = tuple(self._fixed(definition.id))
        if not fixed:
            return
        at = self.program.place(definition.id)
        own = self.program.members(definition.id)
        if self.evaluator.roles.of(definition.id) == "serializer":
            yield from self._linked(definition.id, own)
        found: dict[tuple[str, str], None] = {}
        for ancestor in self.program.ancestors(definition.id):
            for name, member in self.program.members(ancestor).items():
                if member.kind == "method":
                    done = sorted(self._effects(member, definition.id, fixed))
                    if name not in own:
                        found.update(dict.fromkeys((table, mode) for table, mode, _ in done))
        for table, mode in found:
            yield from _accesses(definition.id, (table,), (mode,), at, False)

    def _linked(self, class_id: str, own: dict[str, Definition]) -> Iterator[Access]:
        """The tables that the library's ``create`` and ``update`` fill beside the model's: for the class, or for its method that goes on to them."""
        linked = self.evaluator.served.linked(class_id)
        if not linked:
            return
        calls = [(name, use) for name in ("create", "update") if name in own for use in self._on_self(own[name].id).get("super", ()) if use.chain.steps[0] == name]
        for name, use in calls:
            at = Location(self.program.place(class_id).path, use.span.line)
            yield from _accesses(own[name].id, linked, ("write",), at, False)
        if "create" not in own or "update" not in own:
            yield from _accesses(class_id, linked, ("write",), self.program.place(class_id), False)

    def _fixed(self, class_id: str) -> Iterator[tuple[str, str]]:
        """Names that the class binds to something about a model, with what that is; ``super`` for what its library makes of it."""
        served = self.evaluator.served
        for name, bindings in self.program.bindings(class_id).items():
            value = bindings[-1].value
            if not isinstance(value, Chain) or value.origin != "global":
                continue
            held = self.evaluator.binding(f"{class_id}.{name}")
            if held is not None and held.model is not None:
                yield name, held.model.id
            elif held is not None and held.state.kind == "class" and served.class_model(held.state.id) is not None:
                yield name, held.state.id
        role = self.evaluator.roles.of(class_id)
        if role in ("serializer", "form"):
            model = served.class_model(class_id)
        else:
            queryset = served.view_queryset(class_id) if role == "view" else None
            model = queryset.model if queryset is not None else None
        if model is not None:
            yield "super", model.id

    def _effects(self, method: Definition, class_id: str, fixed: tuple[tuple[str, str], ...]) -> frozenset[Done]:
        uses = self._on_self(method.id)
        if not uses:
            return frozenset()
        hooked = not standard.HOOKS.isdisjoint(uses)
        told = tuple(each for each in fixed if each[0] in uses or (hooked and each[0] != "super"))
        if not told:
            return frozenset()
        known = self._done.get((method.id, told))
        if known is None:
            found: set[Done] = set()
            for use in (use for name in (*standard.HOOKS, *(name for name, _ in told)) for use in uses.get(name, ())):
                found.update((table, "write" if mode == "write" else "read", use.span.line) for table, mode in self._done_by(use, method.id, class_id))
            known = self._done[(method.id, told)] = frozenset(found)
        return known

    def _done_by(self, use: Use, method: str, class_id: str) -> list[Effect]:
        if use.chain.origin == "super":
            return self._inherited(str(use.chain.steps[0]), class_id)
        trace = self.evaluator.follow(use.chain, method, Value("state", state=State("instance", class_id)), use.sink == "store")
        return [each for effects in trace.effects[trace.start :] for each in effects] if trace is not None else []

    def _inherited(self, name: str, class_id: str) -> list[Effect]:
        """What the library's method behind ``super().create(...)`` does for a class."""
        served = self.evaluator.served
        effects: list[Effect] = []
        role = self.evaluator.roles.of(class_id)
        if role == "view":
            served.inherited_effects(class_id, name, effects)
        elif role in ("serializer", "form") and name in ("create", "update", "save"):
            model = served.class_model(class_id)
            effects.extend((table, "write") for table in (model.written if model is not None else ()))
        return effects

    def _on_self(self, method: str) -> dict[str, list[Use]]:
        """The uses in a method that begin with an attribute of ``self``, by its name, and calls behind ``super()``."""
        known = self._uses.get(method)
        if known is None:
            known = self._uses[method] = {}
            for use in self.evaluator.uses_in(method):
                steps = use.chain.steps
                if len(steps) > 1 and isinstance(steps[0], str):
                    if use.chain.origin == "self":
                        known.setdefault(steps[0], []).append(use)
                    elif use.chain.origin == "super" and steps[0] in _BEHIND:
                        known.setdefault("super", []).append(use)
        return known


class ViewReader:
    """Reads the accesses that generic classes make."""

    def __init__(self, evaluator: Evaluator, admin: AdminRegistrations) -> None:
        self.program = evaluator.program
        self.evaluator = evaluator
        self.admin = admin

    def facts(self) -> Iterator[Access]:
        """Accesses by view and admin classes, at the line of the class."""
        for definition in self.program.definitions:
            if definition.kind != "class":
                continue
            role = self.evaluator.roles.of(definition.id)
            if role == "view":
                yield from self._view(definition)
            elif role == "serializer":
                yield from self._serializer(definition)
            elif role == "form":
                chosen = self.evaluator.served.chosen_from(definition.id)
                yield from _accesses(definition.id, chosen, ("read",), self.program.place(definition.id), False)
            elif role == "admin":
                model = self.evaluator.served.class_model(definition.id)
                if model is not None:
                    at = self.program.place(definition.id)
                    yield from _accesses(definition.id, model.tables, ("read", "write"), at, True)
                    yield from _accesses(definition.id, self._along_admin(definition.id, model), ("read",), at, False)
        for name, model, at in self.admin.plain:
            yield from _accesses(name, model.tables, ("read", "write"), at, True)
        yield from FixedByClass(self.evaluator).facts()

    def _along_admin(self, class_id: str, model: Model) -> tuple[str, ...]:
        """Tables that an admin's pages read beside the model's: through the paths that it lists, and for the choices of its forms."""
        found: dict[str, None] = {}
        for name, related in standard.ADMIN_PATHS.items():
            owner = self.program.declaring_class(class_id, name)
            value = self.program.value(f"{owner}.{name}") if owner else None
            for item in elements(self.program, value) or () if value is not None else ():
                first = item.items[0] if isinstance(item, Sequence) and item.items else item
                path = self.program.constant(first)
                if isinstance(path, str):
                    found.update(dict.fromkeys(path_tables(model, path.lstrip("^=@-"), related)))
        if isinstance(self.program.member(class_id, "get_queryset"), Definition):
            found.update(dict.fromkeys(table for table, _ in self.evaluator.served.view_effects(class_id)))
        for each in model.local.values():
            if each.kind in ("fk", "o2o", "m2m") and each.target is not None:
                found.update(dict.fromkeys(each.target.tables))
        return tuple(table for table in found if table not in model.tables)

    def _view(self, definition: Definition) -> Iterator[Access]:
        actions: set[str] = set()
        modes: set[str] = set()
        for ancestor in self.program.ancestors(definition.id):
            if self.program.definition(ancestor) is None and ancestor.startswith(standard.VIEW_PACKAGES):
                name = ancestor.rpartition(".")[2]
                actions.update(standard.VIEWSET_ACTIONS.get(name, ()))
                modes.update(standard.GENERIC_VIEW_MODES.get(name, ()))
        if not actions and not modes:
            return
        held = self.evaluator.served.view_queryset(definition.id)
        if held is None or held.model is None:
            return
        allowed = self._methods(definition.id)
        for action in actions:
            hooks = standard.ACTION_HOOKS.get("update" if action == "partial_update" else action, ())
            if any(self._says_itself(definition.id, hook) for hook in hooks):
                continue
            if allowed is None or any(method in allowed for method, name in (*standard.LIST_ROUTE, *standard.DETAIL_ROUTE) if name == action):
                modes.update(standard.ACTION_MODES[action])
        at = self.program.place(definition.id)
        # A view that finds its object itself may read nothing by its library.
        found_here = isinstance(self.program.member(definition.id, "get_object"), Definition)
        for mode in sorted(modes):
            yield from _accesses(definition.id, held.model.tables, (mode,), at, held.certain and not (found_here and mode == "read"))
        if "read" in modes:
            along: dict[str, bool] = {}
            for table, mode in self.evaluator.served.view_effects(definition.id):
                if table not in held.model.tables:
                    along[table] = along.get(table, False) or (held.certain and mode != MAYBE)
            for table, certain in along.items():
                yield from _accesses(definition.id, (table,), ("read",), at, certain)
        if "write" in modes and held.model.history is not None:
            yield from _accesses(definition.id, held.model.history.tables, ("write",), at, held.certain)

    def _says_itself(self, class_id: str, hook: str) -> bool:
        """Whether a view set's own method, or that of a base with a model of its own, already states what the action does.

        A method of a mixin that many view sets share states nothing for any of them.
        """
        owner = self.program.declaring_class(class_id, hook)
        return bool(owner) and (owner == class_id or self.evaluator.served.view_queryset(owner) is not None)

    def _serializer(self, definition: Definition) -> Iterator[Access]:
        """What a serializer reads through its fields: relations listed, nested serializers, ``source="customer.name"``.

        None of it is certain: whoever asks for the rows may have loaded the relations along, or a request may only write.
        """
        model = self.evaluator.served.class_model(definition.id)
        if model is None:
            return
        module = self.program.module_of(definition.id)
        yield from _accesses(definition.id, self.evaluator.served.chosen_from(definition.id), ("read",), self.program.place(definition.id), False)
        for name, bindings in self.program.bindings(definition.id).items():
            value = bindings[-1].value
            call = first_call(value.steps) if isinstance(value, Chain) else None
            if call is None:
                continue
            path = literal(self.program, keyword(call, "source")) or name
            tables = attribute_tables(model, path, full=not _keys_only(value))
            yield from _accesses(definition.id, tables, ("read",), self.program.at(module, bindings[-1].line), False)
        meta = self.program.members(definition.id).get("Meta")
        listed = self.program.bindings(meta.id).get("fields") if meta is not None else None
        if not listed:
            return
        declared = self.program.bindings(definition.id)
        names = (self.program.constant(each) for each in elements(self.program, listed[-1].value) or ())
        at = self.program.at(module, listed[-1].line)
        for each in names:
            if isinstance(each, str) and each not in declared:
                yield from _accesses(definition.id, attribute_tables(model, each, full=False), ("read",), at, False)

    def _methods(self, class_id: str) -> set[str] | None:
        owner = self.program.declaring_class(class_id, "http_method_names")
        found = self.program.bindings(owner).get("http_method_names") if owner else None
        if not found:
            return None
        values = elements(self.program, found[-1].value if isinstance(found[-1], Binding) else None)
        return {str(self.program.constant(each)) for each in values or ()}


def _keys_only(expression: Expression) -> bool:
    """Whether a serializer field shows only the key of what it relates to."""
    if not isinstance(expression, Chain):
        return False
    names = [expression.root.rpartition(".")[2], *(step for step in expression.steps if isinstance(step, str))]
    return names[-1] in ("PrimaryKeyRelatedField", "ReadOnlyField") or "HiddenField" in names


def _accesses(definition: str, tables: tuple[str, ...], modes: tuple[str, ...], at: Location, certain: bool) -> Iterator[Access]:
    for table in tables:
        for mode in modes:
            yield Access(definition, table, "write" if mode == "write" else "read", at, "orm", certain)
