"""The part a class plays in Django: manager, query set, view, serializer, form, filter, admin; and which models use a manager."""

from __future__ import annotations

from decompose.detect.django import standard
from decompose.detect.django.models import Registry
from decompose.detect.django.schema import Model, ModelManager
from decompose.link.program import Program
from decompose.model.syntax import Call, Chain, Definition, Expression

_TABLES = (
    ("admin", standard.ADMIN_BASES),
    ("serializer", standard.SERIALIZER_BASES),
    ("form", standard.FORM_BASES),
    ("filter", standard.FILTER_BASES),
)
_VIEWS = frozenset(standard.VIEW_METHODS) | frozenset(standard.VIEWSET_ACTIONS) | {
    "View", "APIView", "GenericAPIView", "ViewSet", "GenericViewSet", "ViewSetMixin", "SingleObjectMixin", "MultipleObjectMixin",
    "FormMixin", "ModelFormMixin", "ContextMixin", "SingleObjectTemplateResponseMixin", "LoginRequiredMixin", "PermissionRequiredMixin",
    "UserPassesTestMixin", "AccessMixin", "FilterView", "WizardView", "SessionWizardView",
}  # fmt: skip


class Roles:
    """Roles by class id, decided once per class."""

    def __init__(self, program: Program, registry: Registry) -> None:
        self.program = program
        self.registry = registry
        self.registered: dict[str, Model] = {}
        """Models by the admin class they are registered with."""
        self.library_packages = frozenset(name.partition(".")[0] for name in standard.SHORTCUTS)
        self._roles: dict[str, str] = {}
        self._lineages: dict[str, tuple[str, ...]] = {}
        self._using: dict[str, list[Model]] | None = None
        self._default_names: dict[str, str] = {}
        self.manager_classes = frozenset(
            each.id for each in program.definitions if each.kind == "class" and self.of(each.id) in ("manager", "queryset")
        )

    def of(self, class_id: str) -> str:
        """``model manager queryset view serializer form filter admin`` or ``""``."""
        known = self._roles.get(class_id)
        if known is None:
            self._roles[class_id] = ""
            known = self._roles[class_id] = self._decide(class_id)
        return known

    def _decide(self, class_id: str) -> str:
        if class_id in self.registry.models:
            return "model"
        for base in self.program.ancestors(class_id):
            base = base.removesuffix("()")
            if base.endswith(".from_queryset"):
                return "manager"
            if self.program.definition(base) is not None:
                continue
            value = self.program.value(base)
            if isinstance(value, Chain) and "from_queryset" in value.steps:
                return "manager"
            role = external_role(base)
            if role:
                return role
        return ""

    # --- managers ------------------------------------------------------------------------------

    def method_order(self, manager: ModelManager | None) -> tuple[str, ...]:
        """The project's classes in which a method of a manager or query set is looked up, in order."""
        if manager is None:
            return ()
        found: dict[str, None] = {}
        for class_id in (manager.manager, manager.queryset):
            if class_id:
                found.update(dict.fromkeys(self.lineage(class_id)))
        return tuple(found)

    def lineage(self, class_id: str) -> tuple[str, ...]:
        """A manager or query set class with its project bases, and the query set classes that ``from_queryset`` brings."""
        known = self._lineages.get(class_id)
        if known is None:
            self._lineages[class_id] = ()
            found: dict[str, None] = {class_id: None}
            definition = self.program.definition(class_id)
            for base in definition.bases if definition is not None else ():
                found.update(dict.fromkeys(self._lineage_of_base(base, 0)))
            known = self._lineages[class_id] = tuple(found)
        return known

    def _lineage_of_base(self, base: Expression | None, depth: int) -> tuple[str, ...]:
        if not isinstance(base, Chain) or depth > 6:
            return ()
        state, rest = self.program.head(base)
        found: dict[str, None] = {}
        if state.kind == "class":
            found.update(dict.fromkeys(self.lineage(state.id)))
        elif state.kind == "binding" and not rest:
            return self._lineage_of_base(self.program.value(state.id), depth + 1)
        made = rest[0] == "from_queryset" if rest else False
        call = next((step for step in rest if isinstance(step, Call)), None)
        if (made or state.id.endswith(".from_queryset")) and call is not None and call.arguments:
            found.update(dict.fromkeys(self._lineage_of_base(call.arguments[0], depth + 1)))
        return tuple(found)

    def queryset_of(self, class_id: str) -> str:
        """The project's query set class behind a manager class, ``""`` when it uses Django's."""
        for each in self.lineage(class_id):
            if self._roles.get(each) == "queryset" or (each != class_id and self.of(each) == "queryset"):
                return each
        for each in self.lineage(class_id):
            method = self.program.members(each).get("get_queryset")
            if method is not None:
                for expression in self.program.returned(method):
                    if isinstance(expression, Chain):
                        state, _ = self.program.head(expression)
                        if state.kind == "class" and self.of(state.id) == "queryset":
                            return state.id
        return ""

    def manager_made_by(self, expression: Expression, depth: int = 0) -> ModelManager | None:
        """The manager that ``objects = ...`` makes; ``None`` when it makes none."""
        if not isinstance(expression, Chain) or depth > 4:
            return None
        state, rest = self.program.head(expression)
        if not rest or not isinstance(rest[-1], Call):
            return None
        names = tuple(step for step in rest if isinstance(step, str))
        if state.kind == "binding" and not names:
            value = self.program.value(state.id)
            if not isinstance(value, Chain):
                return None
            return self.manager_made_by(Chain(value.root, value.origin, (*value.steps, Call())), depth + 1)
        own = state.id if state.kind == "class" else ""
        role = self.of(own) if own else ""
        if state.kind == "external":
            dotted, _, last = state.id.rpartition(".")
            if last in ("from_queryset", "as_manager"):
                names = (last, *names)
            else:
                dotted = state.id
            # In a model's body a library's `...Manager(...)` is a manager, whichever library it is.
            role = external_role(dotted) or ("manager" if last.endswith("Manager") and last != "TaggableManager" else "")
        if names == ("as_manager",) and role == "queryset":
            return ModelManager("", own)
        if role != "manager":
            return None
        if names == ("from_queryset",):
            first = next((step for step in rest if isinstance(step, Call)), None)
            lineage = self._lineage_of_base(first.arguments[0], 0) if first is not None and first.arguments else ()
            return ModelManager(own, lineage[0] if lineage else "")
        if names:
            return None
        return ModelManager(own, self.queryset_of(own)) if own else self._handed_manager(rest[-1], depth) or ModelManager()

    def _handed_manager(self, call: Call, depth: int) -> ModelManager | None:
        """The project's manager that a library's manager is given to work with: ``ScopedManager(_manager_class=OrderManager)``."""
        for each in (*call.arguments, *(value for _, value in call.keywords)):
            if isinstance(each, Chain) and each.origin == "global":
                found = self.manager_made_by(Chain(each.root, each.origin, (*each.steps, Call())), depth + 1)
                if found is not None and (found.manager or found.queryset):
                    return found
        return None

    def default_name(self, model: Model) -> str:
        """The name of the first manager that a model declares or inherits, ``objects`` when it declares none."""
        if model.id not in self._default_names:
            self._default_names[model.id] = self._find_default_name(model)
        return self._default_names[model.id]

    def _find_default_name(self, model: Model) -> str:
        for class_id in (model.id, *self.program.ancestors(model.id)):
            for name, bindings in self.program.bindings(class_id).items():
                if self.manager_made_by(bindings[-1].value) is not None:
                    return name
        return "objects"

    def models_using(self, class_id: str) -> list[Model]:
        """The concrete models that use a manager or query set class, sorted by id; without those that extend another of them."""
        if self._using is None:
            self._using = {}
            for model in sorted(self.registry.models.values(), key=lambda each: each.id):
                if model.abstract or model.origin:
                    continue
                seen: set[str] = set()
                for each in (model.id, *self.program.ancestors(model.id)):
                    for bindings in self.program.bindings(each).values():
                        made = self.manager_made_by(bindings[-1].value)
                        if made is not None:
                            seen.update(self.method_order(made))
                for name in sorted(seen):
                    self._using.setdefault(name, []).append(model)
            for name, models in self._using.items():
                self._using[name] = [each for each in models if not any(parent in models for parent in each.lineage[1:])]
        return self._using.get(class_id, [])

    # --- admin ---------------------------------------------------------------------------------

    def is_class(self, expression: Expression) -> Definition | None:
        """The project's class that an expression names."""
        if isinstance(expression, Chain):
            state, rest = self.program.head(expression)
            if state.kind == "class" and not rest:
                return self.program.definition(state.id)
        return None


def external_role(dotted: str) -> str:
    """The role that a class outside the project gives its subclasses."""
    top = dotted.partition(".")[0]
    name = dotted.rpartition(".")[2]
    if top in standard.MANAGER_PACKAGES or "managers" in dotted.split("."):
        if name in standard.MANAGER_BASES:
            return "manager"
        if name in standard.QUERYSET_BASES:
            return "queryset"
    if "." not in dotted or top == "builtins":
        return ""
    for role, names in _TABLES:
        if name in names:
            return role
    if name in _VIEWS or (name.endswith(("View", "ViewSet", "APIView")) and ("views" in dotted or "generics" in dotted or "viewsets" in dotted)):
        return "view"
    return ""
