"""Pydantic schemas filled from rows: which relationships they walk, although the code only passes an object on."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.detect.sqlalchemy.drafts import Relation
from decompose.detect.sqlalchemy.models import Models
from decompose.detect.sqlalchemy.names import Names
from decompose.link.expressions import argument, literal
from decompose.link.program import Program
from decompose.model.syntax import Binding, Chain, Expression, Operation

VALIDATING = frozenset({"from_orm", "model_validate"})
"""Class methods that fill a schema from the attributes of an object."""

_BASES = ("pydantic.BaseModel", "pydantic.main.BaseModel")
_DEPTH = 4
"""Schemas inside schemas that are followed: they refer to one another in circles."""


class Schemas:
    """Schemas of the project by their fields. Answers are kept."""

    def __init__(self, program: Program, names: Names, models: Models) -> None:
        self.program = program
        self.names = names
        self.models = models
        self._fields: dict[str, dict[str, str]] = {}
        self._reads: dict[tuple[str, str], tuple[str, ...]] = {}

    def is_schema(self, id: str) -> bool:
        """Whether a class is a Pydantic model that maps no table."""
        return id not in self.models.mapped and self.program.inherits(id, *_BASES)

    def fields(self, id: str) -> dict[str, str]:
        """Fields with the schema that their annotation names, ``""`` where it names none."""
        known = self._fields.get(id)
        if known is None:
            known = self._fields[id] = {}
            for owner in (id, *self.program.ancestors(id)):
                for name, bound in self.program.bindings(owner).items():
                    if bound[-1].annotation:
                        known.setdefault(name, next(self._named(bound[-1].annotation_value, 0), ""))
        return known

    def _named(self, annotation: Expression | None, depth: int) -> Iterator[str]:
        if isinstance(annotation, Chain):
            state, rest = self.program.head(annotation)
            if state.kind == "class" and not rest and self.is_schema(state.id):
                yield state.id
        elif isinstance(annotation, Operation) and depth < _DEPTH:
            for each in annotation.operands:
                yield from self._named(each, depth + 1)

    def reads(self, schema: str, model: str) -> tuple[str, ...]:
        """Tables behind the relationships of a model that a schema has fields for, and behind theirs."""
        known = self._reads.get((schema, model))
        if known is None:
            found: dict[str, None] = {}
            self._walk(schema, model, found, 0)
            known = self._reads[schema, model] = tuple(found)
        return known

    def _walk(self, schema: str, model: str, found: dict[str, None], depth: int) -> None:
        mapped = self.models.mapped.get(model)
        if mapped is None or depth > _DEPTH:
            return
        for name, inner in self.fields(schema).items():
            relation = mapped.relations.get(name) or self._behind(model, name)
            if relation is not None and relation.target:
                found.update(dict.fromkeys(table for table in (self.models.mapped[relation.target].table, relation.secondary) if table))
                if inner:
                    self._walk(inner, relation.target, found, depth + 1)

    def _behind(self, model: str, name: str) -> Relation | None:
        """The relationship that an ``association_proxy`` goes through."""
        proxy = self.program.member(model, name)
        call = self.names.call(proxy.value, "association_proxy") if isinstance(proxy, Binding) else None
        through = literal(self.program, argument(call, 0, "target_collection")) if call is not None else None
        return self.models.mapped[model].relations.get(through) if through else None
