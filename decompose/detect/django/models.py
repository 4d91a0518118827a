"""The project's models as Django's application registry would hold them: tables, columns, relations and their reverse sides."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from decompose.detect.django.settings import Settings
from decompose.detect.django.standard import (
    AUTO_FIELDS,
    FIELD_LENGTHS,
    FIELD_TYPES,
    GET_USER_MODEL,
    MODEL_BASES,
    SETTINGS,
    STANDARD_MODELS,
    VIRTUAL_FIELDS,
)
from decompose.link.expressions import bound_arguments, source, substitute
from decompose.link.program import Program
from decompose.model.facts import Column, ForeignKey, StringReference, Table, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import Binding, Call, Chain, Constant, Definition, Expression, Opaque, Sequence

_BASES = {(each.package, each.name): each.fields for each in MODEL_BASES}
_SUFFIXES = sorted(FIELD_TYPES, key=lambda name: (-len(name), name))
_RELATIONS = {"ForeignKey": "fk", "OneToOneField": "o2o", "ManyToManyField": "m2m"}
_SINGULAR = ("fk", "o2o")


@dataclass(eq=False, slots=True, repr=False)
class Field:
    """A declared field. ``kind``: ``column fk o2o m2m generic`` (GenericForeignKey) ``collection`` (GenericRelation).

    ``expression`` is the relation's target as written; ``target`` the model it means. ``model`` is the concrete model that has the
    field. ``column`` is ``""`` for fields without one. ``at`` is where the field is written, which may be an abstract base.
    """

    name: str
    kind: str
    type: str
    declared: str
    at: Location | None
    scope: str = ""
    column: str = ""
    nullable: bool = False
    unique: bool = False
    primary: bool = False
    auto: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    max_length: int | None = None
    expression: Expression | str | None = None
    on_delete: str = ""
    related_name: str | None = None
    related_query_name: str | None = None
    parent_link: bool = False
    through_expression: Expression | str | None = None
    through: Model | None = None
    join: str = ""
    target: Model | None = None
    model: Model | None = None


@dataclass(eq=False, slots=True, repr=False)
class Reverse:
    """The target's side of a relation: ``source`` has the field ``field``; ``many`` when the accessor is a related manager."""

    source: Model
    field: Field
    accessor: str
    query: str
    many: bool


@dataclass(eq=False, slots=True, repr=False)
class ModelManager:
    """A manager or query set class by id; ``""`` where Django's own is used."""

    manager: str = ""
    queryset: str = ""


@dataclass(eq=False, slots=True, repr=False)
class Model:
    """A model class. ``local`` are the fields of its own table, ``parents`` the concrete models it extends.

    ``origin`` is ``""`` for the project's own and the library's dotted class for others. ``installed`` is false when no installed
    application holds it, so that Django does not know it.
    """

    id: str
    name: str
    app: str
    table: str
    at: Location | None
    origin: str = ""
    abstract: bool = False
    proxy: bool = False
    installed: bool = True
    auto_field: str = ""
    related_name: str = ""
    ordered: bool = False
    bases: tuple[Model, ...] = ()
    parents: tuple[Model, ...] = ()
    specs: dict[str, Field] = field(default_factory=dict)
    local: dict[str, Field] = field(default_factory=dict)
    managers: dict[str, ModelManager] = field(default_factory=dict)
    accessors: dict[str, Reverse] = field(default_factory=dict)
    queries: dict[str, Reverse] = field(default_factory=dict)
    attributes: dict[str, Field] = field(default_factory=dict)
    referenced: bool = False
    history: Model | None = None
    _tables: tuple[str, ...] | None = None

    @property
    def label(self) -> str:
        return f"{self.app}.{self.name}"

    @property
    def concrete(self) -> Model:
        """The model whose table it maps: itself unless it is a proxy."""
        each = self
        while each.proxy and each.parents:
            each = each.parents[0]
        return each

    @property
    def lineage(self) -> tuple[Model, ...]:
        """Itself and every concrete or proxied model above it, nearest first."""
        found: dict[Model, None] = {self: None}
        for parent in self.parents:
            found.update(dict.fromkeys(parent.lineage))
        return tuple(found)

    @property
    def tables(self) -> tuple[str, ...]:
        """Its table and those of the models it extends; none for an abstract model."""
        if self._tables is None:
            self._tables = tuple(dict.fromkeys(each.table for each in self.lineage if each.table and not each.abstract and not each.proxy))
        return self._tables

    @property
    def written(self) -> tuple[str, ...]:
        """The tables that saving an instance writes: its own and those of its history."""
        return self.tables + self.history.tables if self.history is not None else self.tables

    def field(self, name: str) -> Field | None:
        """The field with this name, column name or, for ``pk``, the primary key; also of the models it extends."""
        for each in self.lineage:
            found = each.local.get(name) or each.attributes.get(name)
            if found is not None:
                return found
        return self.key if name == "pk" else None

    def accessor(self, name: str) -> Reverse | None:
        """The reverse relation behind an attribute of its instances."""
        for each in self.lineage:
            if name in each.accessors:
                return each.accessors[name]
        return None

    def query(self, name: str) -> Reverse | None:
        """The reverse relation behind a name in a lookup."""
        for each in self.lineage:
            if name in each.queries:
                return each.queries[name]
        return None

    @property
    def key(self) -> Field | None:
        """Its primary key."""
        return next((each for each in self.concrete.local.values() if each.primary), None)


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
        self._kinds: dict[str, tuple[str, str, str] | None] = {}
        self._library: dict[str, Model | None] = {}
        self._standard = _standard_models()
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
        kind = self._field_kind(binding.value)
        return kind is not None and kind[2].startswith("django.db.models.")

    def _is_external_base(self, dotted: str) -> bool:
        return (dotted.partition(".")[0], dotted.rpartition(".")[2]) in _BASES or dotted in self._standard_by_class

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
                for spec in _notation(_BASES.get((base.partition(".")[0], base.rpartition(".")[2]), "")):
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
        model.specs = {**inherited, **self._own_specs(class_id, module, inherited)}
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

    def _own_specs(self, class_id: str, module: str, inherited: dict[str, Field]) -> dict[str, Field]:
        found: dict[str, Field] = {}
        for name, bindings in self.program.bindings(class_id).items():
            for binding in reversed(bindings):
                if name in inherited and binding.value == Constant(None):
                    found[name] = Field(name, "none", "", "", None)
                    break
                spec = self._spec(class_id, module, binding)
                if spec is not None:
                    found[name] = spec
                    break
        return found

    def _field_kind(self, value: Expression) -> tuple[str, str, str] | None:
        """Kind, neutral type and dotted class of a field made by an expression; ``None`` when it makes none."""
        if not isinstance(value, Chain) or not value.steps or not isinstance(value.steps[-1], Call) or value.origin != "global":
            return None
        state, rest = self.program.head(value)
        if len(rest) != 1 or state.kind not in ("external", "class"):
            return None
        if state.id not in self._kinds:
            self._kinds[state.id] = self._class_kind(state.id) if state.kind == "external" else self._project_kind(state.id)
        return self._kinds[state.id]

    def _project_kind(self, class_id: str) -> tuple[str, str, str] | None:
        for ancestor in self.program.ancestors(class_id):
            if self.program.definition(ancestor) is None:
                kind = self._class_kind(ancestor)
                if kind is not None:
                    return (kind[0], kind[1], class_id)
        return None

    @staticmethod
    def _class_kind(dotted: str) -> tuple[str, str, str] | None:
        name = dotted.rpartition(".")[2]
        if name in VIRTUAL_FIELDS or dotted.startswith(("django.forms", "rest_framework.", "django_filters", "marshmallow", "wtforms", "django.core")):
            return None
        if name in ("GenericForeignKey", "GenericRelation"):
            return ("generic" if name == "GenericForeignKey" else "collection", "other", dotted)
        if name == "CompositePrimaryKey":
            return ("key", "other", dotted)
        if name == "ParentalKey":
            return ("fk", "other", dotted)
        if name == "TaggableManager":
            return ("collection", "other", dotted)
        for suffix, kind in _RELATIONS.items():
            if name.endswith(suffix):
                return (kind, "other", dotted)
        if name in FIELD_TYPES:
            return ("column", FIELD_TYPES[name], dotted)
        if not name.endswith("Field"):
            return None
        return ("column", next((FIELD_TYPES[suffix] for suffix in _SUFFIXES if name.endswith(suffix)), "other"), dotted)

    def _made_by_function(self, value: Expression) -> Expression:
        """The field call behind a call of the project's own ``money_field(...)``; the expression itself when it is none."""
        if not isinstance(value, Chain) or value.origin != "global" or not value.steps or not isinstance(value.steps[-1], Call):
            return value
        state, rest = self.program.head(value)
        function = self.program.definition(state.id) if state.kind == "function" and len(rest) == 1 else None
        if function is None or len(function.returned) != 1 or not isinstance(function.returned[0], Chain):
            return value
        call = rest[0]
        assert isinstance(call, Call)
        given = bound_arguments(function, call)
        made = substitute(function.returned[0], given)
        if not isinstance(made, Chain) or not made.steps or not isinstance(made.steps[-1], Call):
            return value
        last = made.steps[-1]
        named = {parameter.name for parameter in function.parameters}
        extra = tuple((name, each) for name, each in given.items() if name not in named)
        keywords = (*((name, each) for name, each in last.keywords if name != "**"), *extra)
        return Chain(made.root, made.origin, (*made.steps[:-1], Call(last.arguments, keywords)))

    def _spec(self, class_id: str, module: str, binding: Binding) -> Field | None:
        value = self._made_by_function(binding.value)
        kind = self._field_kind(value)
        if kind is None or not isinstance(value, Chain):
            return None
        call = value.steps[-1]
        assert isinstance(call, Call)
        keywords = dict(call.keywords)
        program = self.program

        def flag(name: str) -> bool:
            return program.constant(keywords.get(name)) is True

        def text(name: str) -> str | None:
            value = program.constant(keywords.get(name))
            return value if isinstance(value, str) else None

        last = kind[2].rpartition(".")[2]
        length = program.constant(keywords.get("max_length"))
        spec = Field(
            binding.name,
            kind[0],
            kind[1],
            kind[2],
            program.at(module, binding.line),
            scope=class_id,
            column=text("db_column") or "",
            nullable=flag("null") or last == "NullBooleanField",
            unique=flag("unique") or kind[0] == "o2o",
            primary=flag("primary_key") or kind[0] == "key",
            auto=last in AUTO_FIELDS,
            default=source(keywords["default"]) if "default" in keywords else "",
            choices=_choices(program, keywords.get("choices")),
            max_length=length if isinstance(length, int) else FIELD_LENGTHS.get(last),
        )
        if kind[0] in ("fk", "o2o", "m2m", "collection"):
            spec.expression = keywords.get("to", call.arguments[0] if call.arguments else None)
            if last == "TaggableManager":
                spec.expression, spec.declared = "taggit.Tag", kind[2]
            spec.related_name = text("related_name")
            spec.related_query_name = text("related_query_name")
            spec.parent_link = flag("parent_link")
            spec.through_expression = keywords.get("through")
            spec.join = text("db_table") or ""
            deletion = keywords.get("on_delete", call.arguments[1] if len(call.arguments) > 1 and kind[0] != "m2m" else None)
            spec.on_delete = _on_delete(deletion)
        return spec

    # --- linking -------------------------------------------------------------------------------

    def _link(self) -> None:
        for model in [each for each in self.models.values() if not each.abstract]:
            for spec in model.specs.values():
                self._instantiate(model, spec)
        # Abstract models keep their own view of relations so that `self` can be followed in their methods.
        for model in [each for each in self.models.values() if each.abstract]:
            for spec in model.specs.values():
                self._instantiate(model, spec)
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
            made.target = self._target(model, made, made.expression)
            if made.through_expression is not None:
                made.through = self._target(model, made, made.through_expression)
        if made.kind in _SINGULAR:
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
                model.local = {"id": self._automatic_key(model), **model.local}
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
            if each.kind in _SINGULAR:
                kept.kind, kept.nullable, kept.on_delete = "fk", True, "DO_NOTHING"
                made.attributes[kept.column] = kept
            made.local[kept.name] = kept
        for kept in _notation("history_id:integer# history_date:datetime history_change_reason:string(100)? history_type:string(1)"):
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

    def _automatic_key(self, model: Model) -> Field:
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
        symmetrical = each.kind == "m2m" and target is model and name is None
        hidden = symmetrical or (name is not None and name.endswith("+"))
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
            if state.id in ("django.apps.apps.get_model", "django.apps.apps.get_registered_model") and isinstance(rest[0], Call):
                return self.by_arguments(rest[0])
        if state.kind == "binding" and not rest:
            value = self.program.value(state.id)
            return self.class_of(value, depth + 1) if value is not None else None
        return None

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
                    found.local["id"] = self._automatic_key(found)
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
        for each in _notation_fields(standard):
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
            standard.local = {"id": self._automatic_key(standard), **standard.local}
        return standard

    # --- facts ---------------------------------------------------------------------------------

    def facts(self) -> Iterator[Table | ForeignKey | Unresolved | StringReference]:
        """Tables and foreign keys of all concrete models, and of libraries' models as far as they are referred to."""
        proxies: dict[Model, list[str]] = {}
        for model in self.models.values():
            if model.proxy:
                proxies.setdefault(model.concrete, []).append(model.id)
        for model in sorted(self.models.values(), key=lambda each: (each.table, each.id)):
            if model.abstract or model.proxy:
                if model.proxy and model.concrete.origin:
                    model.concrete.referenced = True
                continue
            if model.origin or not model.installed:
                continue
            yield self._table(model, proxies.get(model, []))
            for each in model.local.values():
                yield from self._relation(model, each)
        for model in sorted(self.models.values(), key=lambda each: each.table):
            if model.origin and model.referenced:
                yield self._table(model, proxies.get(model, []))
        for model in self.models.values():
            if not model.installed and not model.abstract and model.at is not None:
                yield Unresolved("model", model.id, "its module belongs to no installed application, so Django does not load it", model.at)
        yield from dict.fromkeys(self.unresolved)
        yield from dict.fromkeys(self.strings)

    def _table(self, model: Model, proxies: list[str]) -> Table:
        at = model.at or self._library_place()
        columns = tuple(self._column(each) for each in model.local.values() if each.column)
        kind = "framework" if model.origin else "entity"
        return Table(model.table, model.id, at, "django", "framework" if kind == "framework" else "entity", model.label, (model.id, *sorted(proxies)), columns)

    def _library_place(self) -> Location:
        """Libraries' models have no line in the project; the list of installed applications brings them in."""
        for binding in self.settings.bindings("INSTALLED_APPS"):
            for module in (self.settings.primary, *self.settings.modules):
                if binding in self.program.bindings(module).get("INSTALLED_APPS", ()):
                    return self.program.at(module, binding.line)
        first = next(iter(self.program.modules.values()))
        return Location(first.path, 1)

    def _column(self, each: Field) -> Column:
        kind, length = self._column_type(each, 0)
        return Column(
            each.column, each.name, kind, each.nullable, each.primary, each.unique or each.primary, each.default, each.declared, each.choices, length,
            each.auto, each.at.line if each.at else 0,
        )  # fmt: skip

    def _column_type(self, each: Field, depth: int) -> tuple[str, int | None]:
        if each.kind in _SINGULAR and each.target is not None and depth < 8:
            key = each.target.key
            return self._column_type(key, depth + 1) if key is not None else ("integer", None)
        return each.type, each.max_length

    def _relation(self, model: Model, each: Field) -> Iterator[Table | ForeignKey]:
        if each.target is None or each.kind not in ("fk", "o2o", "m2m"):
            return
        target = each.target.concrete
        at = each.at or model.at or self._library_place()
        accessor = each.related_name or ""
        if each.kind != "m2m":
            kind = "many-to-one" if each.kind == "fk" else "one-to-one"
            yield ForeignKey(
                model.table, each.column, each.name, target.table, "many-to-one" if kind == "many-to-one" else "one-to-one", at, each.on_delete,
                accessor, "", each.nullable, model.id, each.target.id,
            )  # fmt: skip
            return
        if each.through is None:
            yield self._join(model, each, target, at)
        join = each.through.table if each.through is not None else each.join
        yield ForeignKey(model.table, each.name, each.name, target.table, "many-to-many", at, "", accessor, join, False, model.id, each.target.id)

    def _join(self, model: Model, each: Field, target: Model, at: Location) -> Table:
        own, other = model.name.lower(), target.name.lower()
        names = (f"from_{own}", f"to_{other}") if target is model else (own, each.target.name.lower() if each.target else other)
        keys = [self._column_type(key, 0) if (key := end.key) else ("integer", None) for end in (model, target)]
        columns = (
            Column("id", "id", self._automatic_key(model).type, primary_key=True, unique=True, auto=True, line=at.line),
            *(Column(f"{name}_id", name, kind, max_length=length, line=at.line) for name, (kind, length) in zip(names, keys, strict=True)),
        )
        return Table(each.join, "", at, "django", "join", f"{model.app}.{model.name}_{each.name}", (), columns)


# --- reading ---------------------------------------------------------------------------------------


class _Meta:
    """The effective ``Meta`` of a model: its own, what that inherits, else that of the nearest abstract base."""

    def __init__(self, program: Program, class_id: str, bases: list[Model]) -> None:
        self._program = program
        found = program.members(class_id).get("Meta")
        self._own = found.id if found is not None else ""
        self._inherited = ""
        if not self._own:
            waiting = [each.id for each in bases if each.abstract]
            while waiting and not self._inherited:
                candidate = waiting.pop(0)
                inherited: Definition | None = program.members(candidate).get("Meta")
                if inherited is not None:
                    self._inherited = inherited.id
                waiting.extend(base for base in program.bases(candidate) if program.definition(base) is not None)

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


def _on_delete(expression: Expression | None) -> str:
    if not isinstance(expression, Chain):
        return ""
    names = [step for step in expression.steps if isinstance(step, str)]
    return (names[-1] if names else expression.root.rpartition(".")[2]).upper()


def _choices(program: Program, expression: Expression | None) -> tuple[str, ...]:
    """The stored values of literal choices: pairs, groups of pairs, or a ``TextChoices`` class."""
    if isinstance(expression, Chain):
        steps = [step for step in expression.steps if not isinstance(step, Call)]
        plain = Chain(expression.root, expression.origin, tuple(steps[:-1] if steps and steps[-1] == "choices" else steps))
        state, rest = program.head(plain)
        if state.kind == "class":
            if not rest and any(name.rpartition(".")[2] in ("TextChoices", "IntegerChoices", "Choices", "Enum", "StrEnum") for name in program.ancestors(state.id)):
                return tuple(_stored(each[-1].value) for each in program.bindings(state.id).values() if not each[-1].name.startswith("_"))
            if len(rest) == 1 and isinstance(rest[0], str):
                owner = program.declaring_class(state.id, rest[0])
                held = program.value(f"{owner}.{rest[0]}") if owner else None
                return _choices(program, held) if isinstance(held, Sequence) else ()
        if state.kind == "binding" and not rest:
            held = program.value(state.id)
            return _choices(program, held) if isinstance(held, Sequence) else ()
        return ()
    if not isinstance(expression, Sequence):
        return ()
    found: list[str] = []
    for item in expression.items:
        if isinstance(item, Sequence) and len(item.items) == 2:
            first, second = item.items
            if isinstance(second, Sequence):
                found.extend(_choices(program, second))
                continue
            value = program.constant(first)
            found.append(str(value) if value is not None else source(first))
    return tuple(found)


def _stored(expression: Expression) -> str:
    value = expression.items[0] if isinstance(expression, Sequence) and expression.items else expression
    if isinstance(value, Constant):
        return str(value.value)
    return value.text if isinstance(value, Opaque) else source(value)


# --- the notation of standard models ---------------------------------------------------------------

_NOTATION = re.compile(r"(?P<name>\w+)(?P<kind>[:>=*])(?P<type>[\w.]+)(?:\((?P<length>\d+)\))?(?P<flags>[?!#+]*)(?:~(?P<accessor>\w+))?$")
_KINDS = {":": "column", ">": "fk", "=": "o2o", "*": "m2m"}


def _notation(text: str) -> list[Field]:
    found = []
    for word in text.split():
        match = _NOTATION.match(word)
        assert match is not None, word
        kind = _KINDS[match["kind"]]
        flags = match["flags"]
        each = Field(match["name"], kind, match["type"] if kind == "column" else "other", "", None)
        each.nullable, each.unique, each.primary = "?" in flags, "!" in flags or kind == "o2o", "#" in flags
        each.max_length = int(match["length"]) if match["length"] else None
        if kind != "column":
            each.expression = match["type"]
            each.on_delete = "SET_NULL" if each.nullable else "CASCADE" if kind != "m2m" else ""
            each.related_name = "+" if "+" in flags else match["accessor"]
        found.append(each)
    return found


def _standard_models() -> dict[tuple[str, str], Model]:
    found: dict[tuple[str, str], Model] = {}
    for line in STANDARD_MODELS.strip().splitlines():
        dotted, label, table, notation = line.split(" ", 3)
        app, _, name = label.partition(".")
        model = Model(dotted, name, app, table, None, origin=dotted)
        model.specs = {each.name: each for each in _notation(notation)}
        found[(app, name.lower())] = model
    return found


def _notation_fields(model: Model) -> list[Field]:
    return [copy.copy(each) for each in model.specs.values()]
