"""The project's models as Django's application registry would hold them."""

from __future__ import annotations

import copy
import re

from decompose.detect.django.fields import TAG, FieldReader
from decompose.detect.django.library import BASES, fields_of, notation, standard_models
from decompose.detect.django.schema import SINGULAR, Field, Model, Reverse
from decompose.detect.django.settings import Settings
from decompose.detect.django.standard import FIELD_TYPES, GET_USER_MODEL, SETTINGS
from decompose.link.expressions import source
from decompose.link.program import Program
from decompose.model.facts import StringReference, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import Binding, Call, Chain, Constant, Definition, Expression

_GET_MODEL = frozenset({"django.apps.apps.get_model", "django.apps.apps.get_registered_model"})


class Registry:
    """All models of the project and those of libraries that it refers to."""

    def __init__(self, program: Program, settings: Settings) -> None:
        self.program = program
        self.settings = settings
        self.models: dict[str, Model] = {}
        self.unresolved: list[Unresolved] = []
        self.strings: list[StringReference] = []
        self._labels: dict[tuple[str, str], Model] = {}
        self._building: set[str] = set()
        self._is_model: dict[str, bool] = {}
        self._fields = FieldReader(program)
        self._tagged: list[Field] = []
        self._getters: dict[str, bool] = {}
        self._library: dict[str, Model | None] = {}
        self._standard = standard_models()
        self._standard_by_class = {each.origin: each for each in self._standard.values()}
        for definition in program.definitions:
            if definition.kind == "class" and self.is_model(definition.id):
                self._build(definition.id)
        self._link()
        self.by_name: dict[str, list[Model]] = {}
        for model in self.models.values():
            if not model.abstract and not model.origin:
                self.by_name.setdefault(_snake(model.name), []).append(model)

    # --- asking --------------------------------------------------------------------------------

    def get(self, id: str) -> Model | None:
        """The model behind a class of the project or a library's dotted class."""
        found = self.models.get(id)
        if found is not None:
            return found
        return self._external(id)

    def labelled(self, label: str, app: str = "") -> Model | None:
        """The model with a label such as ``orders.Order``, or with just a name in the application ``app``."""
        package, dot, name = label.rpartition(".")
        app = package if dot else app
        found = self._labels.get((app, name.lower()))
        if found is not None:
            return found
        if (app, name.lower()) == ("auth", "user") and self.settings.user_model.lower() != "auth.user":
            return self.user
        standard = self._standard.get((app, name.lower()))
        return self._add_standard(standard) if standard else None

    @property
    def user(self) -> Model | None:
        """The project's user model."""
        label = self.settings.user_model
        package, _, name = label.rpartition(".")
        found = self._labels.get((package, name.lower()))
        if found is None and label.lower() == "auth.user":
            standard = self._standard[("auth", "user")]
            found = self._add_standard(standard)
        return found

    def is_model(self, class_id: str) -> bool:
        """Whether a class of the project is a model, by inheritance resolved through imports."""
        known = self._is_model.get(class_id)
        if known is None:
            self._is_model[class_id] = False
            known = self._is_model[class_id] = self._decide(class_id)
        return known

    def _decide(self, class_id: str) -> bool:
        unknown_base = False
        for base in self.program.bases(class_id):
            if self.program.definition(base) is not None:
                if self.is_model(base):
                    return True
            elif self._is_external_base(base):
                return True
            elif "." in base and not base.startswith("builtins."):
                unknown_base = True
        # A base that no table of ours knows still makes a model when the class declares model fields.
        return unknown_base and any(self._declares_field(each[-1]) for each in self.program.bindings(class_id).values())

    def _declares_field(self, binding: Binding) -> bool:
        kind = self._fields.kind(binding.value)
        return kind is not None and kind[2].startswith("django.db.models.")

    def _is_external_base(self, dotted: str) -> bool:
        return (dotted.partition(".")[0], dotted.rpartition(".")[2]) in BASES or dotted in self._standard_by_class

    # --- building ------------------------------------------------------------------------------

    def _build(self, class_id: str) -> Model | None:
        if class_id in self.models:
            return self.models[class_id]
        definition = self.program.definition(class_id)
        if definition is None or class_id in self._building:
            return None
        self._building.add(class_id)
        program = self.program
        module = program.module_of(class_id)
        name = class_id.rpartition(".")[2]
        bases: list[Model] = []
        inherited: dict[str, Field] = {}
        for base in program.bases(class_id):
            if self.models.get(base) or (program.definition(base) is not None and self.is_model(base)):
                built = self._build(base)
            elif base in self._standard_by_class:
                built = self._add_standard(self._standard_by_class[base])
            else:
                for spec in notation(BASES.get((base.partition(".")[0], base.rpartition(".")[2]), "")):
                    inherited.setdefault(spec.name, spec)
                continue
            if built is None:
                continue
            bases.append(built)
            if built.abstract:
                for spec in built.specs.values():
                    inherited.setdefault(spec.name, spec)
        meta = _Meta(program, class_id, bases)
        application = self.settings.containing(module)
        app = meta.text("app_label") or (application.label if application else _fallback_app(module))
        model = Model(class_id, name, app, "", program.place(class_id))
        model.abstract = program.constant(meta.own("abstract")) is True
        model.proxy = program.constant(meta.own("proxy")) is True
        labels = {each.label for each in self.settings.applications}
        model.installed = not self.settings.complete or (meta.text("app_label") in labels if meta.text("app_label") else bool(application))
        model.auto_field = (application.auto_field if application else "") or self.settings.auto_field
        model.related_name = meta.text("default_related_name")
        model.ordered = meta.value("ordering") is not None
        model.bases = tuple(bases)
        model.parents = _concrete_parents(bases)
        model.specs = {**inherited, **self._fields.own(class_id, module, inherited)}
        for each in [key for key, value in model.specs.items() if value.kind == "none"]:
            del model.specs[each]
        if not model.abstract:
            table = meta.value("db_table")
            written = program.constant(table)
            model.table = written.replace('"."', ".").strip('"') if isinstance(written, str) and written else f"{app}_{name.lower()}"
            if table is not None and not isinstance(written, str):
                reason = "the table name is computed; Django's default name is shown"
                self.unresolved.append(Unresolved("table", source(table), reason, program.place(class_id)))
            if model.proxy:
                model.table = model.concrete.table
        self._building.discard(class_id)
        self.models[class_id] = model
        if not model.abstract and (model.installed or (app, name.lower()) not in self._labels):
            self._labels.setdefault((app, name.lower()), model)
        return model

    # --- linking -------------------------------------------------------------------------------

    def _link(self) -> None:
        for model in [each for each in self.models.values() if not each.abstract]:
            for spec in model.specs.values():
                self._instantiate(model, spec)
        # Abstract models keep their own view of relations so that `self` can be followed in their methods.
        for model in [each for each in self.models.values() if each.abstract]:
            for spec in model.specs.values():
                self._instantiate(model, spec)
        for tagged in self._tagged:
            tag = tagged.through.field("tag") if tagged.through is not None else None
            tagged.target = tag.target if tag is not None else None
        for model in list(self.models.values()):
            if not model.abstract and not model.origin:
                self._complete(model)
        for model in list(self.models.values()):
            if not model.abstract and not model.origin and not model.proxy:
                self._add_history(model)

    def _instantiate(self, model: Model, spec: Field) -> None:
        if model.proxy and spec.kind != "collection":
            return
        made = copy.copy(spec)
        made.model = model
        model.local[made.name] = made
        if made.kind in ("fk", "o2o", "m2m", "collection"):
            if made.expression is TAG:
                self._tagged.append(made)
            else:
                made.target = self._target(model, made, made.expression)
            if made.through_expression is not None:
                made.through = self._target(model, made, made.through_expression)
        if made.kind in SINGULAR and not made.virtual:
            made.column = made.column or f"{made.name}_id"
            model.attributes[f"{made.name}_id"] = made
        elif made.kind == "column":
            made.column = made.column or made.name
        elif made.kind == "m2m" and made.through is None:
            made.join = made.join or f"{model.table}_{made.name}"
        elif made.kind == "generic" and not model.abstract and made.at is not None:
            reason = "a generic relation: its rows may point at any table"
            self.unresolved.append(Unresolved("relation", f"{model.label}.{made.name} = GenericForeignKey", reason, made.at))

    def _complete(self, model: Model) -> None:
        """Parent links, the automatic key, and the reverse side of every relation."""
        if not model.proxy:
            for parent in model.parents:
                target = parent.concrete
                explicit = next(
                    (each for each in model.local.values() if each.kind == "o2o" and each.target is target and (each.parent_link or each.primary)), None
                )
                if explicit is None:
                    name = f"{target.name.lower()}_ptr"
                    link = Field(
                        name, "o2o", "other", "django.db.models.OneToOneField", model.at, scope=model.id, column=f"{name}_id", unique=True,
                        on_delete="CASCADE", parent_link=True, target=target, model=model,
                    )  # fmt: skip
                    link.primary = not any(each.primary for each in model.local.values())
                    model.local = {name: link, **model.local}
                    model.attributes[link.column] = link
                elif not any(each.primary for each in model.local.values()):
                    explicit.primary = True
            if not any(each.primary for each in model.local.values()):
                model.local = {"id": self.automatic_key(model), **model.local}
        for each in model.local.values():
            if each.target is not None and each.kind in ("fk", "o2o", "m2m"):
                each.target.referenced = True
                self._reverse(model, each)
            elif each.target is not None:
                each.target.referenced = True
                each.target.queries.setdefault(each.related_query_name or "+", Reverse(model, each, "", "", True))

    def _add_history(self, model: Model) -> None:
        """The table that django-simple-history keeps beside a model that declares ``HistoricalRecords``."""
        for class_id in (model.id, *self.program.ancestors(model.id)):
            for name, bindings in self.program.bindings(class_id).items():
                value = bindings[-1].value
                if not isinstance(value, Chain) or not value.steps or not isinstance(value.steps[-1], Call):
                    continue
                state, _ = self.program.head(value)
                keywords = dict(value.steps[-1].keywords)
                inherited = class_id != model.id and class_id in self.models and not self.models[class_id].abstract
                if state.id not in ("simple_history.models.HistoricalRecords", "simple_history.HistoricalRecords"):
                    continue
                if inherited and self.program.constant(keywords.get("inherit")) is not True:
                    continue
                at = self.program.at(self.program.module_of(class_id), bindings[-1].line)
                written = self.program.constant(keywords.get("table_name"))
                table = written if isinstance(written, str) else f"{model.app}_historical{model.name.lower()}"
                self._make_history(model, name, table, at)
                return

    def _make_history(self, model: Model, accessor: str, table: str, at: Location) -> None:
        name = f"Historical{model.name}"
        made = Model(f"{model.id.rpartition('.')[0]}.{name}", name, model.app, table, at)
        for each in [each for owner in reversed(model.lineage) for each in owner.local.values() if each.column]:
            kept = copy.copy(each)
            kept.model, kept.primary, kept.unique, kept.auto, kept.related_name = made, False, False, False, ""
            if each.kind in SINGULAR:
                kept.kind, kept.nullable, kept.on_delete = "fk", True, "DO_NOTHING"
                made.attributes[kept.column] = kept
            made.local[kept.name] = kept
        for kept in notation("history_id:integer# history_date:datetime history_change_reason:string(100)? history_type:string(1)"):
            kept.column, kept.model, kept.auto = kept.name, made, kept.primary
            made.local[kept.name] = kept
        user = Field("history_user", "fk", "other", "django.db.models.ForeignKey", at, column="history_user_id", nullable=True, on_delete="SET_NULL")
        user.target, user.model, user.related_name = self.user, made, ""
        made.local["history_user"] = made.attributes["history_user_id"] = user
        self.models[made.id] = made
        self._labels.setdefault((made.app, name.lower()), made)
        model.history = made
        link = Field(accessor, "history", "other", "", at, model=made, target=model)
        model.accessors[accessor] = Reverse(made, link, accessor, "+", True)

    def automatic_key(self, model: Model) -> Field:
        """The ``id`` of a model that declares no key."""
        last = model.auto_field.rpartition(".")[2]
        declared = model.auto_field or "django.db.models.AutoField"
        return Field("id", "column", FIELD_TYPES.get(last, "integer"), declared, model.at, column="id", primary=True, auto=True, unique=True, model=model)

    def _reverse(self, model: Model, each: Field) -> None:
        target = each.target
        assert target is not None
        name = each.related_name if each.related_name is not None else (model.related_name or None)
        lower = model.name.lower()
        if name is not None:
            name = name.replace("%(class)s", lower).replace("%(model_name)s", lower).replace("%(app_label)s", model.app)
        hidden = (each.symmetrical and target is model) or (name is not None and name.endswith("+"))
        accessor = "" if hidden else name or (lower if each.kind == "o2o" else f"{lower}_set")
        query = each.related_query_name or (name if name and not hidden else None) or lower
        query = query.replace("%(class)s", lower).replace("%(model_name)s", lower).replace("%(app_label)s", model.app)
        each.related_name = accessor
        reverse = Reverse(model, each, accessor, query, each.kind != "o2o")
        if accessor:
            target.accessors.setdefault(accessor, reverse)
        if not hidden:
            target.queries.setdefault(query, reverse)

    def _target(self, model: Model, spec: Field, expression: Expression | str | None) -> Model | None:
        if expression is None:
            return None
        text = self._model_text(expression)
        found: Model | None = None
        if text is not None:
            if text == "self":
                return model
            found = self.labelled(text, model.app)
            if found is None and "." not in text and spec.scope:
                application = self.settings.containing(self.program.module_of(spec.scope))
                found = self.labelled(text, application.label if application else "")
            if found is None and "." in text:
                found = self._by_label_of_library(text)
            if isinstance(expression, Constant) and spec.at is not None and found is not None and "." in text:
                self.strings.append(StringReference(spec.scope, "model", text, found.id, spec.at))
        elif not isinstance(expression, str):
            found = self.class_of(expression)
        if found is None and spec.at is not None and not model.abstract:
            shown = text if text is not None else source(expression) if not isinstance(expression, str) else expression
            reason = "the target is not a model that was found"
            self.unresolved.append(Unresolved("relation", f"{model.label}.{spec.name} -> {shown}", reason, spec.at))
        return found

    def _model_text(self, expression: Expression | str) -> str | None:
        """The label that an expression stands for: a string, or a setting that holds one."""
        if isinstance(expression, str):
            return expression
        value = self.program.constant(expression)
        if isinstance(value, str):
            return value
        if isinstance(expression, Chain):
            name = setting_name(self.program, expression)
            if name == "AUTH_USER_MODEL":
                return self.settings.user_model
            if name:
                value = self.program.constant(self.settings.value(name))
                return value if isinstance(value, str) else None
        return None

    def class_of(self, expression: Expression, depth: int = 0) -> Model | None:
        """The model class that an expression certainly stands for."""
        if not isinstance(expression, Chain) or depth > 6:
            return None
        state, rest = self.program.head(expression)
        if state.kind == "class" and not rest:
            return self.models.get(state.id)
        if state.kind == "external":
            if not rest:
                return self._external(state.id)
            if state.id == GET_USER_MODEL:
                return self.user
            if state.id in _GET_MODEL and isinstance(rest[0], Call):
                return self.by_arguments(rest[0])
        if state.kind == "function" and len(rest) == 1 and isinstance(rest[0], Call):
            return self.got_by(state.id, rest[0])
        if state.kind == "binding" and not rest:
            value = self.program.value(state.id)
            return self.class_of(value, depth + 1) if value is not None else None
        return None

    def got_by(self, function: str, call: Call) -> Model | None:
        """The model that a function of the project gets, where it hands its arguments on to ``apps.get_model``."""
        known = self._getters.get(function)
        if known is None:
            definition = self.program.definition(function)
            known = self._getters[function] = definition is not None and any(
                isinstance(each, Chain) and each.origin == "global" and _GET_MODEL & {f"{each.root}.{step}" for step in each.steps if isinstance(step, str)}
                for each in self.program.returned(definition)
            )
        return self.by_arguments(call) if known else None

    def by_arguments(self, call: Call) -> Model | None:
        """The model that ``get_model("orders.Order")`` or ``get_model("orders", "Order")`` names."""
        words = [self.program.constant(each) for each in (*call.arguments, *(value for _, value in call.keywords))]
        texts = [each for each in words if isinstance(each, str)]
        return self.labelled(".".join(texts[:2])) if texts and "." in ".".join(texts[:2]) else None

    # --- models of libraries -------------------------------------------------------------------

    def _external(self, dotted: str) -> Model | None:
        if dotted in self._library:
            return self._library[dotted]
        found = self._find_external(dotted)
        self._library[dotted] = found
        return found

    def _find_external(self, dotted: str) -> Model | None:
        standard = self._standard_by_class.get(dotted)
        package, _, name = dotted.rpartition(".")
        if standard is None and name[:1].isupper() and ".models" in dotted:
            top = dotted.partition(".")[0]
            standard = next((each for each in self._standard_by_class.values() if each.name == name and each.origin.split(".")[:-1] == package.split(".") and each.origin.startswith(top)), None)
        if standard is not None:
            if standard.label == "auth.User" and self.settings.user_model.lower() != "auth.user":
                return self.user
            return self._add_standard(standard)
        # An installed library's `<package>.models.<Name>`: label and table follow Django's defaults.
        if name[:1].isupper() and ".models" in f".{package}." and ("Abstract" not in name) and not name.endswith(("Mixin", "Manager", "QuerySet", "Field", "Choices")):
            application = self.settings.containing(package)
            if application is not None and self.program.module_of(package) == "" and not self._is_external_base(dotted):
                found = self._labels.get((application.label, name.lower()))
                if found is None:
                    found = Model(dotted, name, application.label, f"{application.label}_{name.lower()}", None, origin=dotted)
                    found.local["id"] = self.automatic_key(found)
                    self._labels[(found.app, name.lower())] = found
                    self.models[dotted] = found
                return found
        return None

    def _by_label_of_library(self, label: str) -> Model | None:
        app, _, name = label.rpartition(".")
        for application in self.settings.applications:
            if application.label == app and not any(each.startswith(application.package) for each in self.program.modules):
                return self._external(f"{application.package}.models.{name}")
        return None

    def _add_standard(self, standard: Model) -> Model:
        """A library's model with its relations resolved; added to the registry when first referred to."""
        if standard.origin in self.models:
            return standard
        self.models[standard.origin] = standard
        self._labels.setdefault((standard.app, standard.name.lower()), standard)
        for each in fields_of(standard):
            each.model = standard
            standard.local[each.name] = each
            if each.kind in ("fk", "o2o", "m2m"):
                assert isinstance(each.expression, str)
                each.target = self.user if each.expression == "auth.User" else self.labelled(each.expression)
                if each.kind == "m2m":
                    each.join = f"{standard.table}_{each.name}"
                else:
                    each.column = f"{each.name}_id"
                    standard.attributes[each.column] = each
                if each.target is not None:
                    self._reverse(standard, each)
            else:
                each.column = each.name
        if not any(each.primary for each in standard.local.values()):
            standard.local = {"id": self.automatic_key(standard), **standard.local}
        return standard


class _Meta:
    """The effective ``Meta`` of a model: its own, what that inherits, else that of the nearest abstract base."""

    def __init__(self, program: Program, class_id: str, bases: list[Model]) -> None:
        self._program = program
        found = program.members(class_id).get("Meta")
        self._own = found.id if found is not None else self._assigned(class_id)
        self._inherited = ""
        if not self._own:
            waiting = [each.id for each in bases if each.abstract]
            while waiting and not self._inherited:
                candidate = waiting.pop(0)
                inherited: Definition | None = program.members(candidate).get("Meta")
                if inherited is not None:
                    self._inherited = inherited.id
                waiting.extend(base for base in program.bases(candidate) if program.definition(base) is not None)

    def _assigned(self, class_id: str) -> str:
        """The class in ``Meta = Options``."""
        bound = self._program.bindings(class_id).get("Meta")
        state = self._program.head(bound[-1].value)[0] if bound and isinstance(bound[-1].value, Chain) else None
        return state.id if state is not None and state.kind == "class" else ""

    def own(self, name: str) -> Expression | None:
        """An option that is not inherited (``abstract``, ``proxy``)."""
        return self._program.value(f"{self._own}.{name}") if self._own else None

    def value(self, name: str) -> Expression | None:
        scope = self._own or self._inherited
        owner = self._program.declaring_class(scope, name) if scope else ""
        return self._program.value(f"{owner}.{name}") if owner else None

    def text(self, name: str) -> str:
        value = self._program.constant(self.value(name))
        return value if isinstance(value, str) else ""


def setting_name(program: Program, chain: Chain) -> str:
    """``X`` for ``settings.X`` and ``getattr(settings, "X")``, else ``""``."""
    if chain.origin == "builtin" and chain.root == "getattr" and chain.steps and isinstance(chain.steps[0], Call):
        arguments = chain.steps[0].arguments
        if len(arguments) > 1 and isinstance(arguments[0], Chain) and isinstance(arguments[1], Constant):
            state, rest = program.head(arguments[0])
            if state.id == SETTINGS and not rest and isinstance(arguments[1].value, str):
                return arguments[1].value
        return ""
    if chain.origin != "global":
        return ""
    state, rest = program.head(chain)
    if state.kind == "external" and not rest and state.id.startswith(f"{SETTINGS}."):
        return state.id.removeprefix(f"{SETTINGS}.")
    if state.kind == "binding" and not rest:
        value = program.value(state.id)
        return setting_name(program, value) if isinstance(value, Chain) and value != chain else ""
    return ""


def _concrete_parents(bases: list[Model]) -> tuple[Model, ...]:
    found: dict[Model, None] = {}
    for base in bases:
        if base.abstract:
            found.update(dict.fromkeys(base.parents))
        else:
            found.setdefault(base)
    return tuple(found)


def _fallback_app(module: str) -> str:
    """The application of a module that no installed application claims: the package around ``models``."""
    parts = module.split(".")
    if "models" in parts[1:]:
        parts = parts[: parts.index("models", 1)]
    elif len(parts) > 1:
        parts = parts[:-1]
    return parts[-1]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
