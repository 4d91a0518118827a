"""What a call gives to a function or repository that works for any model: the model itself, its name in a string, a schema to fill."""

from __future__ import annotations

from decompose.detect.sqlalchemy.models import Models
from decompose.detect.sqlalchemy.promises import Promises
from decompose.detect.sqlalchemy.schemas import Schemas
from decompose.detect.sqlalchemy.values import UNKNOWN, Evaluator, Value
from decompose.link.expressions import bound_arguments, last_name
from decompose.link.program import Program
from decompose.model.syntax import Call, Chain, Definition, Expression

_REGISTRIES = frozenset({"mappers", "_class_registry", "_decl_class_registry", "__subclasses__", "sorted_tables"})
"""Attributes under which SQLAlchemy and Python list the mapped classes."""


class Given:
    """Arguments that say which model or schema a call is about."""

    def __init__(self, program: Program, models: Models, schemas: Schemas, promises: Promises, chains: Evaluator) -> None:
        self.program = program
        self.models = models
        self.schemas = schemas
        self.promises = promises
        self.chains = chains
        self._searching: dict[str, bool] = {}

    def looked_up(self, definition: Definition, call: Call, scope: str) -> Value:
        """``get_class("orders")`` of a function that searches the registry of mapped classes or tables."""
        given = [*call.arguments, *(each for _, each in call.keywords)]
        if len(given) != 1 or not self._searches(definition):
            return UNKNOWN
        model, _ = self.named(given[0], scope)
        return Value("class", model, certain=False) if model else UNKNOWN

    def _searches(self, definition: Definition) -> bool:
        known = self._searching.get(definition.id)
        if known is None:
            inside = (use for each in (definition.id, *(inner.id for inner in self.program.members(definition.id).values())) for use in self.chains.uses(each))
            known = self._searching[definition.id] = any(step in _REGISTRIES for use in inside for step in use.chain.steps if isinstance(step, str))
        return known

    def model(self, parameter: str, definition: Definition, call: Call, scope: str) -> tuple[str, bool]:
        """The model that a call passes for a parameter, and whether that is certain."""
        static = definition.kind != "method" or any(isinstance(each, Chain) and last_name(each) == "staticmethod" for each in definition.decorators)
        return self.named(bound_arguments(definition, call, 0 if static else 1).get(parameter), scope)

    def named(self, expression: Expression | None, scope: str) -> tuple[str, bool]:
        """The model that an argument is or names in a string."""
        value = self.chains.value(expression, scope)
        if value.model:
            return value.model, value.certain
        text = self.program.constant(expression)
        return (self.models.named(text), False) if isinstance(text, str) else ("", False)

    def schema(self, receiver: Value, owner: str, call: Call) -> str:
        """The schema that a method of a repository fills: one that the call names, else the one that the repository is made for."""
        named = [id for each in (*call.arguments, *(each for _, each in call.keywords)) if (id := self.promises.class_named(each)) and self.schemas.is_schema(id)]
        return (named[0] if len(named) == 1 else receiver.schema) or self.promises.argument_schema(owner)
