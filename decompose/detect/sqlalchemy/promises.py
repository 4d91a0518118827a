"""What the text promises without a value in sight: annotations, parameters, dependencies, type arguments of base classes."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from decompose.detect.sqlalchemy.callers import Callers
from decompose.detect.sqlalchemy.models import Models
from decompose.detect.sqlalchemy.names import Names
from decompose.detect.sqlalchemy.schemas import Schemas
from decompose.detect.sqlalchemy.types import annotated
from decompose.detect.sqlalchemy.values import SESSION_NAMES, UNKNOWN, Evaluator, Trace, Value, within
from decompose.link.expressions import bound_arguments, last_name
from decompose.link.program import Program
from decompose.model.syntax import Call, Chain, Constant, Definition, Expression, Operation, Parameter

_PASSED = frozenset({"class", "instance", "collection", "query", "related", "session", "maker", "table"})
"""Kinds of values that are followed into the functions they are passed to."""

_MODEL_NAMES = frozenset({"model", "model_class", "model_type", "entity", "klass", "model_cls", "table", "sql_model", "orm_model", "db_model"})


class Promises:
    """Values by annotation and convention. Answers are kept."""

    def __init__(self, program: Program, names: Names, models: Models, schemas: Schemas, chains: Evaluator) -> None:
        self.program = program
        self.names = names
        self.models = models
        self.schemas = schemas
        self.chains = chains
        self._aliases: dict[str, Value] = {}
        self._arguments: dict[str, tuple[str, str]] = {}
        self._passed: dict[str, Value] = {}
        self.callers = Callers(program)

    def annotation(self, expression: Expression | None, module: str, receiver: Value | None = None) -> Value:
        """An instance (or collection) of what an annotation names."""
        said = annotated(self.program, self.names, expression, module)
        if not said.target and isinstance(expression, Operation) and expression.operator == "[]" and isinstance(expression.operands[0], Chain):
            # ``Repository[Order]``: an instance of a generic class of the project.
            state, rest = self.program.head(expression.operands[0])
            if state.kind == "class" and not rest and state.id not in self.models.mapped:
                value = self.chains.of_class(state.id, "instance")
                return self.made(value, expression.operands[1:], module) if value.kind == "state" else value
        if not said.target:
            return UNKNOWN
        last = said.target.rpartition(".")[2]
        if last == "Self" and receiver is not None:
            return Value("collection" if said.many else "instance", receiver.model, certain=receiver.certain) if receiver.model else UNKNOWN
        value = self.chains.of_class(said.target, "instance")
        if value.kind == "unknown" and not self.program.definition(said.target):
            named = self.models.model_named(said.target, module) if "." not in said.target else ""
            value = Value("instance", named) if named else value
        if value.kind == "instance" and said.many:
            return Value("collection", value.model)
        return value if not said.many else UNKNOWN

    def alias(self, id: str) -> Value:
        """The instance that ``SessionDep = Annotated[Session, Depends(get_db)]`` promises."""
        known = self._aliases.get(id)
        if known is not None:
            return known
        self._aliases[id] = UNKNOWN
        scope, _, name = id.rpartition(".")
        value = UNKNOWN
        module = self.program.modules.get(scope)
        held = self.program.value(id)
        if isinstance(held, Operation):
            value = self.annotation(held, scope)
        elif module is not None:
            outer = next((use for use in module.uses if use.sink == "assign" and use.target == name and not use.scope), None)
            inner = [use for use in module.uses if outer is not None and use is not outer and use.sink == "argument" and within(use.span, outer.span)]
            for use in inner[:1]:
                value = self.annotation(use.chain, scope)
        if value.kind == "unknown" and isinstance(held, Chain) and self.chains.value(held, scope).kind in ("maker", "session"):
            value = Value("session")  # ``db: SessionLocal`` where ``SessionLocal = sessionmaker(...)``
        if value.kind == "unknown" and name in ("SessionDep", "DbSession", "AsyncSessionDep", "DBSession"):
            value = Value("session", certain=False)
        self._aliases[id] = value
        return value

    def parameter(self, name: str, scope: str) -> Value:
        definition = self.program.definition(scope)
        while definition is not None:
            for parameter in definition.parameters:
                if parameter.name == name:
                    return self.given(parameter, definition)
            definition = self.program.definition(definition.parent) if definition.parent else None
        return Value("session", certain=False) if name in SESSION_NAMES else UNKNOWN

    def given(self, parameter: Parameter, definition: Definition) -> Value:
        module = self.program.module_of(definition.id)
        if parameter.annotation_value is not None:
            value = self.annotation(parameter.annotation_value, module)
            if value.kind != "unknown":
                return value
        if isinstance(parameter.default_value, Chain):
            # ``db = Depends(get_db)``: what the dependency gives.
            calls = [step for step in parameter.default_value.steps if isinstance(step, Call)]
            state, _ = self.program.head(parameter.default_value)
            if calls and calls[0].arguments and state.id.rpartition(".")[2] in ("Depends", "Security", "Provide"):
                target = calls[0].arguments[0]
                if isinstance(target, Chain):
                    value = self.chains.follow(Chain(target.root, target.origin, (*target.steps, Call())), definition.id, Trace())
                    if value.kind != "unknown":
                        return value
        if parameter.symbol and self.program.definition(parameter.symbol) is not None:
            return UNKNOWN
        agreed = self._agreed(parameter, definition)
        if agreed.kind == "unknown" and self.takes_model(parameter, definition):
            return Value("class", f"@{definition.id}:{parameter.name}")
        if agreed.kind != "unknown" or parameter.annotation:
            return agreed
        if parameter.name in SESSION_NAMES:
            return Value("session", certain=False)
        model, many = self.models.conventional(parameter.name)
        return Value("collection" if many else "instance", model, certain=False) if model else UNKNOWN

    def takes_model(self, parameter: Parameter, definition: Definition) -> bool:
        """Whether a function serves the model that it is given: ``def first(session, model)``."""
        if definition.kind == "class" or definition.id.endswith(".__init__"):
            return False
        annotation = parameter.annotation.rpartition("typing.")[2]
        if annotation.startswith(("type[", "Type[")):
            return True
        return self.means_model(parameter.name) and annotation in ("", "str", "Any", "type", "Type", "DeclarativeMeta")

    def _agreed(self, parameter: Parameter, definition: Definition) -> Value:
        """What all calls of the function pass for a parameter; certain when each of them is understood."""
        key = f"{definition.id}:{parameter.name}"
        known = self._passed.get(key)
        if known is None:
            self._passed[key] = UNKNOWN
            known = self._passed[key] = self._of_calls(parameter, definition)
        return known

    def _of_calls(self, parameter: Parameter, definition: Definition) -> Value:
        agreed, certain = UNKNOWN, True
        static = any(isinstance(each, Chain) and last_name(each) == "staticmethod" for each in definition.decorators)
        skip = int(definition.kind == "method" and not static)
        for site in self.callers.sites(definition):
            given = bound_arguments(definition, site.call, skip).get(parameter.name)
            if given is None or given == Constant(None):
                continue
            value = self.chains.value(given, site.scope)
            if value.kind not in _PASSED:
                certain = False
                continue
            if agreed.kind != "unknown" and (value.kind, value.model) != (agreed.kind, agreed.model):
                return UNKNOWN
            agreed, certain = value, certain and value.certain and site.certain
        if agreed.kind == "unknown":
            return UNKNOWN
        return msgspec.structs.replace(agreed, certain=certain, name="" if agreed.name == "new" else agreed.name)

    def assigned(self, class_id: str, name: str) -> Value:
        """What ``__init__`` takes under the name that the attribute has: ``def __init__(self, session: Session)``."""
        init = self.program.member(class_id, "__init__")
        if isinstance(init, Definition):
            for parameter in init.parameters:
                if parameter.name in (name, name.lstrip("_")):
                    if parameter.symbol:
                        state = self.program.resolve(parameter.symbol)
                        return self.alias(state.id) if state.kind == "binding" else self.chains.of_class(state.id, "instance")
                    return self.given(parameter, init)
        found = UNKNOWN
        for use in self.callers.assigned(class_id, name)[:4]:
            value = self.chains.value(use.chain, use.scope)
            if value.kind == "unknown":
                continue
            if found.kind != "unknown" and (found.kind, found.model) != (value.kind, value.model):
                return msgspec.structs.replace(found, certain=False)
            found = value
        return found

    def returns_annotation(self, definition: Definition, module: str, receiver: Value | None) -> Value:
        if definition.returns_symbol:
            if definition.returns_symbol.rpartition(".")[2] == "Self" and receiver is not None:
                return Value("instance", receiver.model) if receiver.model else receiver
            state = self.program.resolve(definition.returns_symbol)
            if state.kind == "binding":
                return self.alias(state.id)
            return self.chains.of_class(state.id, "instance") if state.kind in ("class", "external") else UNKNOWN
        return self.annotation(Constant(definition.returns), module, receiver)

    def some_subclass_names(self, class_id: str, name: str) -> bool:
        for id in self.program.subclasses(class_id):
            bound = self.program.bindings(id).get(name)
            if bound and self.chains.value(bound[-1].value, id).kind == "class":
                return True
            if self._argument_model(id, name):
                return True
        return False

    @staticmethod
    def means_model(name: str) -> bool:
        """Whether a repository's attribute of this name holds the class that it is made for."""
        return name.strip("_") in _MODEL_NAMES

    def class_named(self, expression: Expression) -> str:
        """The project's class that an expression is the name of."""
        if not isinstance(expression, Chain):
            return ""
        state, rest = self.program.head(expression)
        return state.id if state.kind == "class" and not rest else ""

    def made(self, instance: Value, arguments: Iterable[Expression], scope: str) -> Value:
        """An instance of a project class with what it is made for: the one mapped class and the one schema among what its constructor or generic is given.

        What is given something that was made for a model (a wrapped repository) is made for it too.
        """
        models, schemas = dict[str, None](), dict[str, None]()
        for each in arguments:
            named = self.class_named(each)
            if named:
                if named in self.models.mapped:
                    models[named] = None
                elif self.schemas.is_schema(named):
                    schemas[named] = None
            elif isinstance(each, Chain) and each.origin in ("self", "global", "instance"):
                value = self.chains.value(each, scope)
                if value.made:
                    models[value.made] = None
                    schemas.update(dict.fromkeys(filter(None, (value.schema,))))
        made, schema = (next(iter(found)) if len(found) == 1 else "" for found in (models, schemas))
        return msgspec.structs.replace(instance, made=made, schema=schema)

    def _argument_model(self, class_id: str, name: str) -> str:
        """The model that a repository is made for: its first mapped type argument (``CRUDBase[User, UserCreate]``)."""
        return self._arguments_of(class_id)[0] if self.means_model(name) else ""

    def argument_schema(self, class_id: str) -> str:
        """The schema among the type arguments of a repository, its own or those of its nearest base that has one."""
        return next((schema for id in (class_id, *self.program.ancestors(class_id)) if (schema := self._arguments_of(id)[1])), "")

    def _arguments_of(self, class_id: str) -> tuple[str, str]:
        """The first mapped class and the first schema among the type arguments of a class's bases."""
        known = self._arguments.get(class_id)
        if known is None:
            model = schema = ""
            uses = self.chains.uses(class_id)
            bases = [use.span for use in uses if use.sink == "base"]
            for use in uses:
                if use.sink == "argument" and any(within(use.span, span) for span in bases):
                    named = self.class_named(use.chain)
                    if named in self.models.mapped:
                        model = model or named
                    elif named and self.schemas.is_schema(named):
                        schema = schema or named
            known = self._arguments[class_id] = (model, schema)
        return known

    def attribute_model(self, class_id: str, name: str) -> str:
        """The mapped class that ``self.<name>`` holds in a class."""
        for id in (class_id, *self.program.ancestors(class_id)):
            bound = self.program.bindings(id).get(name)
            if bound:
                value = self.chains.value(bound[-1].value, id)
                if value.kind == "class" and not value.model.startswith("@"):
                    return value.model
            model = self._argument_model(id, name) if self.program.definition(id) is not None else ""
            if model:
                return model
        return ""
