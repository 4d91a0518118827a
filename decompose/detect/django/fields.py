"""Fields as their declaration says: which class makes them, and with which options."""

from __future__ import annotations

from decompose.detect.django.schema import Field
from decompose.detect.django.standard import AUTO_FIELDS, FIELD_LENGTHS, FIELD_TYPES, VIRTUAL_FIELDS
from decompose.link.expressions import bound_arguments, source, substitute
from decompose.link.program import Program
from decompose.model.syntax import Binding, Call, Chain, Constant, Expression, Opaque, Sequence

_SUFFIXES = sorted(FIELD_TYPES, key=lambda name: (-len(name), name))
TAG = "tag of the through model"
"""Stands for the target of a django-taggit manager until its ``through`` model is known."""
_RELATIONS = {"ForeignKey": "fk", "OneToOneField": "o2o", "ManyToManyField": "m2m"}


class FieldReader:
    """Reads field declarations; the kind of a field class is decided once."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._kinds: dict[str, tuple[str, str, str] | None] = {}

    def own(self, class_id: str, module: str, inherited: dict[str, Field]) -> dict[str, Field]:
        """The fields that a class body declares, by name; ``kind`` is ``none`` where it removes an inherited one."""
        found: dict[str, Field] = {}
        for name, bindings in self.program.bindings(class_id).items():
            for binding in reversed(bindings):
                if name in inherited and binding.value == Constant(None):
                    found[name] = Field(name, "none", "", "", None)
                    break
                spec = self._read(class_id, module, binding)
                if spec is not None:
                    found[name] = spec
                    break
        return found

    def kind(self, value: Expression) -> tuple[str, str, str] | None:
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
        if name == "ForeignObject":
            return ("object", "other", dotted)
        if name == "TaggableManager":
            return ("tags", "other", dotted)
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
        returned = self.program.returned(function) if function is not None else ()
        if function is None or len(returned) != 1 or not isinstance(returned[0], Chain):
            return value
        call = rest[0]
        assert isinstance(call, Call)
        given = bound_arguments(function, call)
        made = substitute(returned[0], given)
        if not isinstance(made, Chain) or not made.steps or not isinstance(made.steps[-1], Call):
            return value
        last = made.steps[-1]
        named = {parameter.name for parameter in function.parameters}
        extra = tuple((name, each) for name, each in given.items() if name not in named)
        keywords = (*((name, each) for name, each in last.keywords if name != "**"), *extra)
        return Chain(made.root, made.origin, (*made.steps[:-1], Call(last.arguments, keywords)))

    def _read(self, class_id: str, module: str, binding: Binding) -> Field | None:
        value = self._made_by_function(binding.value)
        kind = self.kind(value)
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
            "fk" if kind[0] == "object" else kind[0],
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
        if kind[0] in ("fk", "o2o", "m2m", "tags", "collection", "object"):
            spec.virtual = kind[0] == "object"
            spec.expression = keywords.get("to", call.arguments[0] if call.arguments else None)
            spec.related_name = text("related_name")
            spec.related_query_name = text("related_query_name")
            spec.parent_link = flag("parent_link")
            said = program.constant(keywords.get("symmetrical"))
            spec.symmetrical = kind[0] == "m2m" and (said if isinstance(said, bool) else spec.expression == Constant("self"))
            spec.through_expression = keywords.get("through")
            spec.join = text("db_table") or ""
            if kind[0] == "tags":
                spec.kind = "m2m"
                # Its target is the tag of the model that joins the two.
                spec.through_expression = keywords.get("through", Constant("taggit.TaggedItem"))
                spec.expression, spec.related_name = TAG, spec.related_name or "+"
            deletion = keywords.get("on_delete", call.arguments[1] if len(call.arguments) > 1 and spec.kind in ("fk", "o2o") else None)
            spec.on_delete = _on_delete(deletion)
        return spec


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
