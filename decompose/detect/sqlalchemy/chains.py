"""Following chains: what each prefix stands for, step by step, and the tables it touches on the way.

Tables are noted where they are named: ``select(User)``, ``.join(Order)``, ``user.orders``, ``session.add(user)``. In a base class or mixin
the table is not known: the access is then noted for the class's own caller (``create`` of ``CRUDMixin`` becomes a write where
``User.create()`` stands).
"""

from __future__ import annotations

import msgspec

from decompose.detect.sqlalchemy.drafts import Relation
from decompose.detect.sqlalchemy.given import Given
from decompose.detect.sqlalchemy.loaders import Loaders
from decompose.detect.sqlalchemy.methods import Methods
from decompose.detect.sqlalchemy.models import Models
from decompose.detect.sqlalchemy.names import Names
from decompose.detect.sqlalchemy.promises import Promises
from decompose.detect.sqlalchemy.schemas import VALIDATING, Schemas
from decompose.detect.sqlalchemy.values import (
    ACTING,
    DEPTH,
    ENGINES,
    MAKERS,
    SESSION_METHODS,
    SESSION_NAMES,
    SESSIONS,
    UNKNOWN,
    Along,
    Seen,
    Trace,
    Value,
    within,
)
from decompose.link.expressions import argument, keyword, last_bound, last_name, literal, source
from decompose.link.program import Program, State, Step
from decompose.model.facts import Mode
from decompose.model.location import Span
from decompose.model.syntax import (
    Binding,
    Bound,
    Call,
    Chain,
    Constant,
    Definition,
    Expression,
    Item,
    ModuleSummary,
    Operation,
    Sequence,
    Slice,
    Use,
)

_BUILTINS = frozenset({"setattr", "list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "next", "max", "min", "enumerate"})

_MODULES = frozenset({"orm", "sql", "ext", "future", "engine", "dialects", "asyncio", "session", "postgresql", "expression"})
_CLASSES = 64
"""Classes in a display that are followed one by one."""

_UNFOLLOWED = frozenset({"annotation", "base", "except", "decorator"})
_INERT = frozenset({"pydantic.BaseModel", "pydantic.main.BaseModel", "pydantic_settings.BaseSettings", "enum.Enum", "enum.StrEnum", "enum.IntEnum", "builtins.Exception", "typing.TypedDict", "typing.NamedTuple"})  # fmt: skip
"""Bases of classes whose instances carry values and hold no session."""


def _annotated_at(steps: tuple[Step, ...], position: int) -> int:
    """The next passage through a variable whose annotation names a class, -1 when there is none."""
    for index in range(position, len(steps)):
        step = steps[index]
        if step.__class__ is Bound and step.symbol:
            return index
    return -1


def _reads_as_attribute(definition: Definition) -> bool:
    """Whether a method is read without a call: ``property`` and the many decorators that are named after it."""
    return any(isinstance(each, Chain) and "property" in last_name(each) for each in definition.decorators)


def _validates(chain: Chain) -> bool:
    """Whether a chain ends in the call that fills a schema."""
    steps = chain.steps
    return len(steps) > 1 and steps[-1].__class__ is Call and steps[-2] in VALIDATING


class Chains:
    """Follows the chains of a program. Results of bindings, functions and scopes are kept."""

    def __init__(self, program: Program, names: Names, models: Models) -> None:
        self.program = program
        self.names = names
        self.models = models
        self.schemas = Schemas(program, names, models)
        self.loaders = Loaders(program, models)
        self.promises = Promises(program, names, models, self.schemas, self)
        self.methods = Methods(program, models, self)
        self.given = Given(program, models, self.schemas, self.promises, self)
        self._uses: dict[str, list[Use]] = {}
        self.scopes: dict[str, list[str]] = {}
        """The definitions of each module that have uses, and the module itself, in the order of their first use."""
        for module in program.modules.values():
            self._read(module)
        self._seen: dict[str, list[Seen]] = {}
        self._bindings: dict[str, Value] = {}
        self._returns: dict[str, Value] = {}
        self._classes: dict[tuple[str, str, str], Value] = {}
        self._states: dict[tuple[State, str, str, str], Value] = {}
        self._alive: dict[tuple[str, str, str, bool], bool] = {}
        self._parameters: dict[tuple[str, str], Value] = {}
        self._variables: dict[tuple[str, str, int, bool, int], tuple[Value, str]] = {}
        self._depth = 0
        tops = {name.split(".", 1)[0] for name in program.modules}
        self._followed = tops | {imported.module.split(".", 1)[0] for m in program.modules.values() for imported in m.imports if names.meaning(f"{imported.module}.x")}  # fmt: skip

    def _read(self, module: ModuleSummary) -> None:
        scopes = self.scopes[module.name] = []
        last, held = "", list[Use]()
        for use in module.uses:
            scope = use.scope or module.name
            if scope != last:
                last = scope
                known = self._uses.get(scope)
                if known is None:
                    known = self._uses[scope] = []
                    scopes.append(scope)
                held = known
            held.append(use)

    def uses(self, scope: str) -> list[Use]:
        """The uses in a definition or module, in source order."""
        return self._uses.get(scope, [])

    def follow(self, chain: Chain, scope: str, trace: Trace) -> Value:
        """What a chain stands for; what it touches is noted in the trace."""
        return self._chain(chain, scope, trace)

    def seen(self, scope: str) -> list[Seen]:
        """All uses of a definition (or module) that touch a model or session."""
        known = self._seen.get(scope)
        if known is None:
            found: list[Seen] = []
            self._seen[scope] = found
            for use in self._uses.get(scope, ()):
                if self._worth(use, scope):
                    seen = self._follow(use, scope)
                    if seen is not None:
                        found.append(seen)
            known = found
        return known

    def _worth(self, use: Use, scope: str) -> bool:
        """Whether a use may lead to something of SQLAlchemy, as far as its root tells."""
        chain = use.chain
        origin = chain.origin
        if use.sink in _UNFOLLOWED:
            return False
        if _validates(chain):
            return True
        if origin == "parameter":
            return bool(chain.steps) and self._parameter(chain.root, scope).kind != "unknown"
        if origin == "local":
            return bool(chain.steps) and (chain.root in SESSION_NAMES or chain.steps[0].__class__ is Bound)
        if origin == "builtin":
            return chain.root in _BUILTINS
        first = chain.steps[0] if chain.steps else ""
        # A maker that is only named gives nothing; one that is called gives a session.
        key = (origin, chain.root, first if first.__class__ is str else "", bool(chain.steps))
        alive = self._alive.get(key)
        if alive is None:
            alive = self._alive[key] = self._leads_on(chain, key[2])
        return alive

    def _leads_on(self, chain: Chain, first: str) -> bool:
        """Whether what a root (and the attribute after it) stands for has anything to do with sessions and models."""
        if chain.origin == "global" and chain.root.split(".", 1)[0] not in self._followed:
            return chain.root == "typing.cast"
        state = self.program.start(chain)
        if state.kind == "module" and first:
            state, first = self.program.resolve(f"{state.id}.{first}"), ""
        if state.kind == "external":
            if state.id in ("typing.cast", "typing_extensions.cast"):
                return True
            if chain.origin != "global":
                return bool(chain.steps)
            meaning = self.names.meaning(f"{state.id}.{first}" if first else state.id)
            return meaning in ACTING or (not first and bool(self.names.meaning(f"{state.id}.x")) and self.names.meaning(state.id) in ("", *_MODULES)) or first in _MODULES
        if state.kind == "function":
            definition = self.program.definition(state.id)
            return definition is not None and (self._serves(definition) or self._result_of(definition, None).kind != "unknown")
        if state.kind == "module":
            return True
        if chain.origin == "instance" and self.program.resolve(chain.root).kind == "binding":
            return True
        value = self.of_state(state, chain.origin)
        if value.kind != "state" or value.state is None or value.state.kind not in ("instance", "class"):
            return value.kind != "unknown" and bool(chain.steps or value.model)
        if any(each in _INERT for each in self.program.ancestors(value.state.id)):
            filled = value.state.kind == "class" and self.schemas.is_schema(value.state.id)
            return filled and (first in VALIDATING or (not first and any(self.schemas.fields(value.state.id).values())))
        return not first or chain.origin == "super" or self._attribute_leads_on(value, first)

    def _attribute_leads_on(self, value: Value, name: str) -> bool:
        """Whether an attribute of a class that is not mapped gives something, or does something to the model of its receiver."""
        found = self._member(value, name)
        if isinstance(found, Definition) and found.kind != "class":
            return bool(self.effects(found.id)) or self._result_of(found, value).kind != "unknown"
        return self._state_attribute(value, name, "").kind != "unknown"

    def _parameter(self, name: str, scope: str) -> Value:
        known = self._parameters.get((scope, name))
        if known is None:
            self._parameters[scope, name] = UNKNOWN
            known = self._parameters[scope, name] = self.promises.parameter(name, scope)
        return known

    def _follow(self, use: Use, scope: str) -> Seen | None:
        chain = use.chain
        steps = chain.steps
        start = last_bound(chain)
        trace = Trace()
        if start:
            value, trace.model = self._reached(chain, start, scope)
            value = self._walk(value, steps, start, scope, trace, use.sink == "store")
        else:
            value = self._chain(chain, scope, trace, use.sink == "store")
        if use.sink != "assign":
            value = self.methods.loaded(value, trace)
        if value.kind == "unknown" and _validates(chain):
            self._filled_by_caller(chain, scope, trace)
        events = tuple([event for event in trace.events if event.index >= start]) if trace.events else ()
        commits = trace.commits and start <= len(steps) - 2
        missing = trace.missing if trace.missed >= start else ""
        if not events and not commits and not missing and not trace.model and not trace.states:
            return None
        return Seen(use, value, events, trace.model, commits, missing, trace.states)

    def _reached(self, chain: Chain, start: int, scope: str) -> tuple[Value, str]:
        """What a variable holds where a chain passes through it, with the first model on the way; followed once for all its uses."""
        bound = chain.steps[start - 1]
        assert isinstance(bound, Bound)
        key = (scope, bound.variable, bound.line, bound.certain, bound.prefix)
        known = self._variables.get(key) if bound.variable else None
        if known is None:
            trace = Trace()
            value = self._chain(Chain(chain.root, chain.origin, chain.steps[:start]), scope, trace)
            known = (value, trace.model)
            if bound.variable and self._depth == 0:
                self._variables[key] = known
        return known

    def _path(self, target: str, method: str) -> str:
        """A symbolic model as the callers of a method see it: an attribute of the receiver, or ``%parameter``; another function's stays as it is."""
        owner, _, path = target[1:].partition(":")
        if owner == method:
            return f"%{path}"
        definition = self.program.definition(owner)
        return path if definition is None or definition.kind == "class" else target

    def effects(self, method: str) -> dict[tuple[str, Mode, Along, bool], bool]:
        """What a method does to the model behind ``self``, ``self.attribute`` or a parameter: (path, mode, along, deletes) -> certain."""
        if self._depth > DEPTH:
            return {}
        self._depth += 1
        found: dict[tuple[str, Mode, Along, bool], bool] = {}
        statements: list[Span] = []
        for seen in self.seen(method):
            if seen.states:
                statements.append(seen.use.span)
            for event in seen.events:
                if event.target.startswith("@"):
                    # A column that is only named is read by the statement around it.
                    stated = not (event.mention and event.mode == "read") or any(within(seen.use.span, each) for each in statements)
                    key = (self._path(event.target, method), event.mode, event.along, event.deletes)
                    found[key] = found.get(key, False) or (event.certain and stated)
        self._depth -= 1
        return found

    def value(self, expression: Expression | None, scope: str) -> Value:
        """What an expression stands for, without noting what it touches."""
        if isinstance(expression, Chain):
            return self._chain(expression, scope, Trace())
        if isinstance(expression, Operation):
            return self._operation(expression, scope)
        if isinstance(expression, Sequence) and expression.items:
            inner = self.value(expression.items[0], scope)
            if inner.kind == "class":
                return self._classes_of(expression.items, scope)
            return Value("collection", inner.model, certain=inner.certain) if inner.kind == "instance" else UNKNOWN
        return UNKNOWN

    def _classes_of(self, items: tuple[Expression, ...], scope: str) -> Value:
        """A display of mapped classes; unknown when one of them is something else."""
        values = [self.value(each, scope) for each in items[:_CLASSES]]
        if len(values) == len(items) and all(each.kind == "class" and each.model[:1] not in "@&" for each in values):
            return Value("classes", entities=tuple(each.model for each in values))
        return UNKNOWN

    def _operation(self, operation: Operation, scope: str) -> Value:
        if operation.operator == "for" and operation.operands:
            inner = self.value(operation.operands[0], scope)
            return Value("collection", inner.model, certain=inner.certain) if inner.kind == "instance" else UNKNOWN
        if operation.operator == "each":
            return self._item(self._classes_of(operation.operands, scope), Item())
        if operation.operator in ("if", "or", "and", "+"):
            values = [value for each in operation.operands if (value := self.value(each, scope)) is not UNKNOWN and value.kind != "unknown"]
            if values:
                return msgspec.structs.replace(values[0], certain=values[0].certain and len({v.model for v in values}) == 1)
        return UNKNOWN

    def _chain(self, chain: Chain, scope: str, trace: Trace, stored: bool = False) -> Value:
        value, steps = self._root(chain, scope)
        position = len(chain.steps) - len(steps)
        trace.index = position
        self._noted(value, trace)
        return self._walk(value, chain.steps, position, scope, trace, stored)

    def prefixes(self, chain: Chain, scope: str) -> list[Value]:
        """What a chain stands for after each number of steps; unknown between the name of a method and its call, and within dotted names."""
        record = [UNKNOWN] * (len(chain.steps) + 1)
        value, steps = self._root(chain, scope)
        position = len(chain.steps) - len(steps)
        record[position] = value
        self._walk(value, chain.steps, position, scope, Trace(), False, record)
        return record

    def _walk(
        self, value: Value, steps: tuple[Step, ...], position: int, scope: str, trace: Trace, stored: bool, record: list[Value] | None = None
    ) -> Value:
        """The steps of a chain from a position on. What is not known may be again where an annotated variable holds it.

        What is reached is written into ``record``, by the number of steps.
        """
        if self._depth > DEPTH:
            return UNKNOWN
        self._depth += 1
        end = len(steps)
        while position < end:
            if value.kind == "unknown":
                position = _annotated_at(steps, position)
                if position < 0:
                    break
            trace.index = position
            step = steps[position]
            position += 1
            kind = step.__class__
            if kind is Bound:
                value = self._bound(value, step)  # type: ignore[arg-type]
            elif kind is Call:
                value = self._called(value, step, scope, trace)  # type: ignore[arg-type]
            elif kind is Item:
                value = self._item(self.methods.loaded(value, trace), step)  # type: ignore[arg-type]
            elif kind is Slice:
                value = self.methods.loaded(value, trace)
                value = Value("collection", value.model, certain=value.certain) if value.kind in ("query", "related") else value
            elif stored and position == end:
                self._store(value, step, scope, trace)  # type: ignore[arg-type]
                value = UNKNOWN
            elif position < end and steps[position].__class__ is Call:
                position += 1
                value = self._method(value, step, steps[position - 1], scope, trace)  # type: ignore[arg-type]
            else:
                value = self._attribute(value, step, scope, trace)  # type: ignore[arg-type]
            if record is not None:
                record[position] = value
            if not trace.model and value.model:
                self._noted(value, trace)
        self._depth -= 1
        return value

    def _noted(self, value: Value, trace: Trace) -> None:
        if not trace.model and value.model and value.kind not in ("table", "columns", "loader"):
            trace.model = value.model

    def _root(self, chain: Chain, scope: str) -> tuple[Value, tuple[Step, ...]]:
        if chain.origin == "parameter":
            return self._parameter(chain.root, scope), chain.steps
        if chain.origin == "local":
            first = chain.steps[0] if chain.steps else ""
            named = chain.root in SESSION_NAMES and isinstance(first, str) and first in SESSION_METHODS
            return (Value("session", certain=False) if named else UNKNOWN), chain.steps
        if chain.origin == "super":
            return self.of_class(chain.root, "instance", "super"), chain.steps
        if chain.origin == "builtin":
            return (Value("builtin", name=chain.root) if chain.root in _BUILTINS else UNKNOWN), chain.steps
        if chain.origin == "instance":
            state = self.program.resolve(chain.root)
            if state.kind == "binding":
                return self.promises.alias(state.id), chain.steps
        state, rest = self.program.head(chain)
        return self.of_state(state, chain.origin), rest

    def of_state(self, state: State, origin: str = "") -> Value:
        """The value that the program's own knowledge gives."""
        if state.kind == "class":
            return self.of_class(state.id, "class", origin)
        if state.kind == "instance":
            return self.of_class(state.id, "instance", origin)
        if state.kind == "binding":
            return self._binding(state.id)
        if state.kind == "external":
            if state.id in ("typing.cast", "typing_extensions.cast"):
                return Value("cast")
            meaning = self.names.meaning(state.id)
            return Value("construct", name=meaning) if meaning else UNKNOWN
        if state.kind == "result":
            return self.methods.construct(self.names.meaning(state.id), Call(), "", Trace())
        if state.kind in ("function", "module"):
            return Value("state", state=state)
        return UNKNOWN

    def of_class(self, id: str, kind: str, origin: str = "") -> Value:
        known = self._classes.get((id, kind, origin))
        if known is None:
            known = self._classes[id, kind, origin] = self._class_value(id, kind, origin)
        return known

    def _class_value(self, id: str, kind: str, origin: str) -> Value:
        if id in self.models.mapped:
            return Value(kind, id, name="super" if origin == "super" else "")
        if id in self.models.symbolic:
            return Value(kind, f"@{id}:", name="super" if origin == "super" else "")
        loaded = self.loaders.model(id)
        if loaded:
            return Value("loader", loaded, "class" if kind == "class" else "")
        meanings = [self.names.meaning(each) for each in (id, *self.program.ancestors(id))]
        for meaning in meanings:
            if meaning in SESSIONS:
                return Value("session") if kind == "instance" else Value("construct", name=meaning)
            if meaning in MAKERS:
                return Value("maker") if kind == "instance" else Value("construct", name=meaning)
            if meaning in ENGINES:
                return Value("engine") if kind == "instance" else Value("construct", name=meaning)
            if meaning in ("Select", "Query") and kind == "instance":
                # Who made it sends it: what is added here is known for certain to be asked for there alone.
                return Value("query", name="given", certain=False)
        if kind == "instance" and self.program.definition(id) is None and id.split(".", 1)[0] in ("flask_sqlalchemy", "quart_sqlalchemy"):
            return Value("extension")
        if self.program.definition(id) is not None:
            return Value("state", name=origin, state=State("class" if kind == "class" else "instance", id))
        return Value("construct", name=meanings[0]) if meanings[0] and kind == "class" else UNKNOWN

    def _binding(self, id: str) -> Value:
        known = self._bindings.get(id)
        if known is None:
            self._bindings[id] = UNKNOWN
            known = self._bindings[id] = self._held(id)
        return known

    def _held(self, id: str) -> Value:
        if id in self.models.objects:
            return Value("table", self.models.objects[id])
        if self.names.is_extension(id):
            return Value("extension")
        scope, _, name = id.rpartition(".")
        found = self.program.bindings(scope).get(name)
        if not found:
            return UNKNOWN
        annotation = found[-1].annotation_value
        if annotation is not None:
            value = self.promises.annotation(annotation, self.program.module_of(scope))
            if value.kind != "unknown":
                return value
        for binding in reversed(found):
            value = self.value(binding.value, scope)
            if value.kind != "unknown":
                return value
        return UNKNOWN

    def _bound(self, value: Value, step: Bound) -> Value:
        if step.symbol and value.kind == "unknown":
            return self.of_class(step.symbol, "instance")
        if step.certain or step.prefix >= 0 or not value.certain:
            return value
        return msgspec.structs.replace(value, certain=False)

    def _item(self, value: Value, step: Item) -> Value:
        kind = value.kind
        if kind == "state" and value.state is not None and value.state.kind == "class":
            return value  # ``Repository[Order](session)``
        if kind == "classes":
            at = value.entities[step.key : step.key + 1] if isinstance(step.key, int) and step.key >= 0 else value.entities
            return Value("class", at[0] if len(at) == 1 else "".join(f"&{each}" for each in at)) if at else UNKNOWN
        if kind == "tables":
            if value.name == "mapping":
                # Which table a name that is only known when it runs means, nobody can say; all of them would be a claim.
                return Value("table", step.key) if isinstance(step.key, str) and step.key in self.models.tables else UNKNOWN
            if value.name == "pairs":
                return Value("tables", name="pair")
            return self._every_table() if value.name != "pair" or step.key == 1 else UNKNOWN
        if kind in ("collection", "related", "query", "result", "pagination"):
            if kind == "query" and len(value.entities) > 1:
                return Value("row", value.model, certain=value.certain, entities=value.entities)
            return Value("instance", value.model, certain=value.certain)
        if kind == "columns":
            return Value("column", value.model)
        if kind == "rows":
            return Value("row", value.model, certain=value.certain, entities=value.entities)
        if kind == "row":
            index = step.key if isinstance(step.key, int) else None
            if index is not None and 0 <= index < len(value.entities) and value.entities[index]:
                return Value("instance", value.entities[index], certain=value.certain)
            if index is None and isinstance(step.key, str):
                return self._row_attribute(value, step.key)
        return UNKNOWN

    def _every_table(self) -> Value:
        """Each table in turn: which of them a ``MetaData`` knows depends on what was imported."""
        return Value("table", "".join(f"&{each}" for each in sorted(self.models.tables)), certain=False)

    def _row_attribute(self, value: Value, name: str) -> Value:
        for entity in value.entities:
            if entity.rpartition(".")[2] == name:
                return Value("instance", entity, certain=value.certain)
        return UNKNOWN

    def _store(self, value: Value, name: str, scope: str, trace: Trace) -> None:
        """``order.paid = True``: a write of the table when the attribute is mapped; constructors only prepare an object."""
        if value.kind != "instance" or value.name == "new" or scope.endswith(".__init__"):
            return
        mapped = self.models.mapped.get(value.model)
        if self._listens(scope):
            # A listener is also called for objects that no session has yet.
            value = msgspec.structs.replace(value, certain=False)
        if mapped is None:
            if value.model.startswith("@"):
                own = self._symbolic_attribute(value.model, name)
                if own or not value.model.endswith(":"):
                    trace.touch(value.model, "write", value.certain and own)
        elif name in mapped.columns:
            trace.touch(value.model, "write", value.certain)
        elif name in mapped.relations:
            relation = mapped.relations[name]
            own = not self.models.points_here(mapped, relation)
            changed = relation.secondary or (value.model if own else relation.target)
            if relation.many:
                # The collection that is replaced is loaded first; what differs from it is written.
                trace.touch(relation.target, "read", False)
                trace.touch(relation.secondary, "read", False)
            trace.touch(changed, "write", value.certain and not relation.many)

    def _listens(self, scope: str) -> bool:
        definition = self.program.definition(scope)
        return definition is not None and any(
            isinstance(each, Chain) and last_name(each) in ("listens_for", "validates", "listen", "observes") for each in definition.decorators
        )

    def _symbolic_attribute(self, model: str, name: str) -> bool:
        body = self.models.declared(model[1:].partition(":")[0])
        return name in body

    def _attribute(self, value: Value, name: str, scope: str, trace: Trace) -> Value:
        kind = value.kind
        if kind in ("class", "instance") and value.model:
            reached = self._model_attribute(value, name, scope, trace)
            if reached.kind == "unknown" and kind == "class" and value.model.startswith("@") and not value.model.endswith(":"):
                # ``self.model.id`` in a repository: whatever the model is, its columns are named.
                trace.touch(value.model, "read", value.certain, "orm", True)
                return Value("attribute", value.model, name, value.certain)
            return reached
        if kind == "attribute":
            # ``Order.customer.name`` is not valid, ``Order.id.desc`` is: still the column.
            return value
        if kind == "extension":
            if name == "session":
                return Value("session")
            if name in ("engine", "engines"):
                return Value("engine")
            return Value("construct", name=name)
        if kind == "construct":
            if value.name == "metadata" and name in ("sorted_tables", "tables"):
                return Value("tables", name="mapping" if name == "tables" else "")
            return Value("construct", name="func" if value.name == "func" else name)
        if kind == "table" and name in ("c", "columns"):
            return Value("columns", value.model)
        if kind == "columns":
            trace.touch(value.model, "read", value.certain, "core", True)
            return Value("attribute", "", name)
        if kind == "pagination":
            return Value("collection", value.model, certain=value.certain) if name == "items" else UNKNOWN
        if kind == "row":
            return self._row_attribute(value, name)
        if kind == "session":
            return value if name in ("registry", "no_autoflush", "sync_session") else UNKNOWN
        if kind == "state" and value.state is not None:
            return self._state_attribute(value, name, scope)
        return UNKNOWN

    def _model_attribute(self, value: Value, name: str, scope: str, trace: Trace) -> Value:
        mapped = self.models.mapped.get(value.model)
        if mapped is not None and name in mapped.columns:
            if value.kind == "class":
                trace.touch(value.model, "read", value.certain, "orm", True)
                return Value("attribute", value.model, name, value.certain)
            return UNKNOWN
        if mapped is not None and name in mapped.relations:
            return self._related(value, mapped.relations[name], trace)
        if name in ("query", "query_") and value.kind == "class":
            trace.touch(value.model, "read", value.certain, along="all")
            return Value("query", value.model, certain=value.certain, entities=(value.model,))
        if name == "__table__":
            return Value("table", mapped.table) if mapped is not None else UNKNOWN
        if name == "__class__":
            return Value("class", value.model, certain=value.certain)
        if name == "data" and value.name == "loaded":
            return msgspec.structs.replace(value, name="new")  # what Marshmallow 2 gives
        if name == "metadata" and value.kind == "class":
            return Value("construct", name="metadata")
        found = self._member(value, name)
        if isinstance(found, Definition):
            if found.kind == "class":
                return UNKNOWN
            if _reads_as_attribute(found):
                if value.kind == "class":
                    trace.touch(value.model, "read", value.certain, "orm", True)
                    return Value("attribute", value.model, name, value.certain)
                return self._method(value, name, Call(), scope, trace)
            return Value("method", value.model, name, value.certain)
        if isinstance(found, Binding) and mapped is not None:
            proxy = self.names.call(found.value, "association_proxy")
            relation_name = literal(self.program, argument(proxy, 0, "target_collection")) if proxy is not None else None
            if proxy is not None and relation_name in mapped.relations:
                inner = self._related(value, mapped.relations[relation_name], trace)
                attribute = literal(self.program, argument(proxy, 1, "attr")) or ""
                reached = self._model_attribute(self._item(inner, Item()), attribute, scope, trace) if inner.kind == "related" else UNKNOWN
                return Value("collection", reached.model, certain=reached.certain) if reached.kind == "instance" else reached
        if value.model.startswith("@") and value.kind == "class" and self._symbolic_attribute(value.model, name):
            trace.touch(value.model, "read", value.certain, "orm", True)
            return Value("attribute", value.model, name)
        return UNKNOWN

    def _related(self, value: Value, relation: Relation, trace: Trace) -> Value:
        """Through a relationship: of a class it is a join, of an instance its rows are loaded."""
        if relation.loading.dynamic and value.kind == "instance":
            return Value("query", relation.target, "dynamic", value.certain, join=relation.secondary)
        if value.kind == "class":
            for each in (relation.target, relation.secondary, value.model):
                trace.touch(each, "read", value.certain, "orm", True)
            return Value("attribute", relation.target, relation.name, value.certain)
        stored = value.certain and value.name != "new"  # of an object that was just made nothing is loaded
        trace.touch(relation.target, "read", stored, along="maybe")
        trace.touch(relation.secondary, "read", stored)
        return Value("related" if relation.many else "instance", relation.target, certain=value.certain, join=relation.secondary)

    def _class_of(self, value: Value) -> str:
        if value.model:
            if not value.model.startswith("@"):
                return value.model
            owner, _, path = value.model[1:].partition(":")
            return "" if path else owner
        return value.state.id if value.state is not None else ""

    def _member(self, value: Value, name: str) -> Definition | Binding | None:
        id = self._class_of(value)
        if value.name == "super":
            for base in self.program.ancestors(id):
                if self.program.declaring_class(base, name):
                    return self.program.member(base, name)
            return None
        return self.program.member(id, name)

    def _state_attribute(self, value: Value, name: str, scope: str) -> Value:
        """An attribute of a project class or module: ``self.session``, ``self.model``, ``crud.user``."""
        assert value.state is not None
        key = (value.state, value.made, value.schema, name)
        known = self._states.get(key)
        if known is None:
            self._states[key] = UNKNOWN
            known = self._states[key] = self._state_value(value, name)
        return known

    def _state_value(self, value: Value, name: str) -> Value:
        assert value.state is not None
        state = value.state
        if state.kind in ("instance", "class"):
            found = self.program.member(state.id, name)
            if not isinstance(found, Definition):
                if found is not None:
                    reached = self._binding(f"{self.program.declaring_class(state.id, name)}.{name}")
                    if reached.kind != "unknown":
                        return reached
                reached = self.promises.assigned(state.id, name)
                if reached.kind != "unknown":
                    return reached
                if name in SESSION_NAMES or name == "_session":
                    return Value("session", certain=False)
                if self.promises.means_model(name):
                    model = value.made or self.promises.attribute_model(state.id, name)
                    if model:
                        return Value("class", model)
                if self.promises.means_model(name) or self.promises.some_subclass_names(state.id, name):
                    return Value("class", f"@{state.id}:{name}")
                return UNKNOWN
            if self.program.is_property(found):
                return self._result_of(found, value)
        reached_state = self.program.step(state, name)
        return self.of_state(reached_state) if reached_state != state else UNKNOWN

    def _called(self, value: Value, call: Call, scope: str, trace: Trace) -> Value:
        kind = value.kind
        if kind == "class":
            return Value("instance", value.model, "new", value.certain)
        if kind == "loader":
            given = self.value(keyword(call, "instance"), scope)
            return msgspec.structs.replace(value, name="stored" if given.kind == "instance" else "", certain=given.certain)
        if kind == "builtin":
            return self._builtin(value.name, call, scope, trace)
        if kind == "cast":
            return self.promises.annotation(argument(call, 0, "typ"), self.program.module_of(scope))
        if kind == "construct":
            return self.methods.construct(value.name, call, scope, trace)
        if kind in ("session", "maker"):
            return Value("session", certain=value.certain)
        if kind == "extension":
            return value
        if kind == "method":
            return self._method(Value("instance", value.model, certain=value.certain), value.name, call, scope, trace)
        if kind == "state" and value.state is not None:
            return self._state_called(value, call, scope, trace)
        return value if kind in ("query", "dml") else UNKNOWN

    def _filled(self, schema: str, call: Call, scope: str, trace: Trace) -> Value:
        """``OrderRead(customer=customer)``: fields that are schemas themselves walk the relationships of the object that they are given."""
        fields = self.schemas.fields(schema)
        for name, given in call.keywords:
            inner = fields.get(name)
            if inner:
                self._validated(inner, given, scope, trace)
        return UNKNOWN

    def _validated(self, schema: str, given: Expression | None, scope: str, trace: Trace) -> None:
        value = self.value(given, scope)
        if value.kind in ("instance", "collection", "related") and value.model:
            self._filled_from(schema, value.model, trace)
        elif value.kind == "unknown" and isinstance(given, Chain) and given.origin in ("self", "local"):
            self._filled_from(schema, self._dealt_with(scope), trace)

    def _filled_by_caller(self, chain: Chain, scope: str, trace: Trace) -> None:
        """``self.schema.model_validate(found)`` in a repository: which schema is filled, and from which model, its callers know."""
        last = len(chain.steps) - 1
        call = chain.steps[last]
        target = self.value(argument(call, 0, "obj"), scope).model if isinstance(call, Call) else ""
        target = target or self._dealt_with(scope)
        trace.index = last
        if target.startswith("@"):
            trace.touch(target, "read", False, along="filled")
        elif target and (definition := self.program.definition(scope)) is not None and definition.kind == "method":
            self._filled_from(self.promises.argument_schema(definition.parent), target, trace)

    def _dealt_with(self, scope: str) -> str:
        """The repository's own model, when one of its methods has dealt with it: what went through tuples or functions is most likely of it."""
        definition = self.program.definition(scope)
        if definition is None or definition.kind != "method":
            return ""
        dealt = {event.target for seen in self._seen.get(scope, ()) for event in seen.events if not event.mention and event.along != "called"}
        own = self.promises.attribute_model(definition.parent, "model")
        symbolic = {each for each in dealt if each.startswith("@") and self._path(each, scope)[:1] not in "@%"}
        return own if own in dealt else symbolic.pop() if len(symbolic) == 1 else ""

    def _builtin(self, name: str, call: Call, scope: str, trace: Trace) -> Value:
        """Functions of Python that hand on what they are given, and ``setattr``."""
        given = self.value(call.arguments[0], scope) if call.arguments else UNKNOWN
        if name == "setattr":
            named = argument(call, 1)
            attribute = named.value if isinstance(named, Constant) and isinstance(named.value, str) else ""
            if attribute:
                self._store(given, attribute, scope, trace)
            elif given.kind == "instance" and given.name != "new":
                trace.touch(given.model, "write", given.certain)
            return UNKNOWN
        if given.kind in ("classes", "tables"):
            return given if name not in ("next", "max", "min", "enumerate") else UNKNOWN
        if given.kind not in ("collection", "related", "query", "result", "rows"):
            return UNKNOWN
        if name in ("next", "max", "min"):
            return self._item(given, Item())
        if given.kind == "rows":
            return given
        return Value("rows", entities=("", given.model), certain=given.certain) if name == "enumerate" else Value("collection", given.model, certain=given.certain)

    def _state_called(self, value: Value, call: Call, scope: str, trace: Trace) -> Value:
        assert value.state is not None
        if value.state.kind == "class":
            if self.schemas.is_schema(value.state.id):
                return self._filled(value.state.id, call, scope, trace)
            given = (*call.arguments, *(argument for _, argument in call.keywords))
            return self.promises.made(Value("state", state=State("instance", value.state.id)), given, scope)
        definition = self.program.definition(value.state.id)
        if definition is None:
            return UNKNOWN
        if self._serves(definition):
            self._effects_on(value, definition, call, scope, trace)
        return self._result_given(definition, None, call, scope)

    def _serves(self, definition: Definition) -> bool:
        """Whether a function is given the model that it works for."""
        return any(
            self.promises.takes_model(each, definition) and self._parameter(each.name, definition.id).model.startswith(f"@{definition.id}:")
            for each in definition.parameters
        )

    def _result_given(self, definition: Definition, receiver: Value | None, call: Call, scope: str) -> Value:
        """What a call gives, where the function returns rows of a model that it was given, or a class that it looks up by its name."""
        result = self._result_of(definition, None)
        own = f"@{definition.id}:"
        if not result.model.startswith(own):
            if receiver is not None:
                return self._result_of(definition, receiver)
            return result if result.kind != "unknown" else self.given.looked_up(definition, call, scope)
        model, certain = self.given.model(result.model[len(own) :], definition, call, scope)
        return msgspec.structs.replace(result, model=model, entities=(), certain=result.certain and certain) if model else UNKNOWN

    def _result_of(self, definition: Definition, receiver: Value | None) -> Value:
        """What a function of the project gives: by annotation, else by its return statements."""
        known = self._returns.get(definition.id)
        if known is None:
            self._returns[definition.id] = UNKNOWN
            known = self._returns[definition.id] = self._returned(definition)
        if receiver is not None and known.model.startswith("@"):
            model = self._concrete(known.model.partition(":")[2], receiver)
            return msgspec.structs.replace(known, model=model, entities=(), certain=known.certain and receiver.certain) if model else UNKNOWN
        return known

    def _returned(self, definition: Definition) -> Value:
        module = self.program.module_of(definition.id)
        owner = definition.parent if definition.kind == "method" else ""
        receiver = self.of_class(owner, "instance") if owner else None
        promised = self.promises.returns_annotation(definition, module, receiver) if definition.returns else UNKNOWN
        # ``-> Model`` of a type variable promises its bound; the return statements may say more.
        vague = promised.model.startswith("@") and promised.model.endswith(":")
        if promised.kind not in ("unknown", "state") and not vague:
            return promised
        if promised.kind == "unknown" and (definition.generator or self._is_context(definition)):
            return self._yielded(definition)
        for expression in self.program.returned(definition):
            value = self.value(expression, definition.id)
            if value.made or (value.kind != "unknown" and promised.kind in ("unknown", value.kind if vague and value.model else "")):
                return value if value.name != "new" else msgspec.structs.replace(value, name="")
        return promised

    def _is_context(self, definition: Definition) -> bool:
        return any(isinstance(each, Chain) and source(each).rpartition(".")[2].startswith(("contextmanager", "asynccontextmanager")) for each in definition.decorators)  # fmt: skip

    def _yielded(self, definition: Definition) -> Value:
        """The session that a generator makes: ``yield`` of a dependency or context manager."""
        for use in self._uses.get(definition.id, ()):
            if use.chain.origin in ("global", "instance") and use.sink in ("assign", "return", "other", "iterate"):
                value = self._chain(use.chain, definition.id, Trace())
                if value.kind in ("session", "maker"):
                    return Value("session", certain=value.certain)
        return UNKNOWN

    def _concrete(self, path: str, receiver: Value) -> str:
        """The model behind a symbolic one, seen from the receiver of the call; symbolic again inside another base class."""
        if not path:
            return receiver.model
        if receiver.made and self.promises.means_model(path):
            return receiver.made
        owner = self._class_of(receiver)
        if not owner:
            return ""
        found = self.promises.attribute_model(owner, path)
        return found or (f"@{owner}:{path}" if self.promises.means_model(path) or self.promises.some_subclass_names(owner, path) else "")

    def _method(self, value: Value, name: str, call: Call, scope: str, trace: Trace) -> Value:
        kind = value.kind
        if kind == "session":
            return self.methods.of_session(value, name, call, scope, trace)
        if kind == "loader":
            return self.methods.of_loader(value, name, call, scope, trace)
        if kind == "maker":
            return Value("session", name="begin", certain=value.certain) if name == "begin" else value
        if kind == "engine":
            if name in ("begin", "connect"):
                return Value("session", name="begin" if name == "begin" else "")
            return self.methods.of_session(Value("session"), name, call, scope, trace) if name in ("execute", "scalar") else UNKNOWN
        if kind in ("query", "dml"):
            return self.methods.of_query(value, name, call, scope, trace)
        if kind in ("result", "rows", "collection", "related"):
            return self.methods.of_result(value, name, call, scope, trace)
        if kind == "table":
            return self.methods.of_table(value, name, call, trace)
        if kind == "tables" and value.name == "mapping":
            return Value("tables", name="pairs") if name == "items" else Value("tables") if name == "values" else UNKNOWN
        if kind == "extension":
            return self.methods.of_extension(value, name, call, scope, trace)
        if kind == "construct":
            if value.name in SESSIONS and name == "object_session":
                return Value("session")
            return self.methods.construct("func" if value.name == "func" else name, call, scope, trace)
        if kind == "attribute":
            if name in ("has", "any", "of_type", "and_"):
                return value
            return UNKNOWN
        if kind in ("class", "instance") or (kind == "state" and value.state is not None and value.state.kind in ("class", "instance")):
            return self._own_method(value, name, call, scope, trace)
        if kind == "state":
            return self._called(self._state_attribute(value, name, scope), call, scope, trace)
        return UNKNOWN

    def _own_method(self, value: Value, name: str, call: Call, scope: str, trace: Trace) -> Value:
        """A method of a mapped class, mixin or repository: its effects on the model happen here."""
        found = self._member(value, name)
        if name in VALIDATING and found is None and value.state is not None and value.state.kind == "class" and self.schemas.is_schema(value.state.id):
            self._validated(value.state.id, argument(call, 0, "obj"), scope, trace)
            return UNKNOWN
        if not isinstance(found, Definition) or found.kind == "class":
            if value.model.startswith("@") and not value.model.endswith(":") and found is None and not name.startswith("__"):
                trace.touch(f"{value.model}.{name}({'' if value.kind == 'instance' else 'cls'})", "read", value.certain, along="called")
                return UNKNOWN
            if value.model:
                return self._called(self._model_attribute(value, name, scope, trace), call, scope, trace)
            return self._called(self._state_attribute(value, name, scope), call, scope, trace)
        owner = found.parent
        if owner not in self.models.mapped:
            self._effects_on(value, found, call, scope, trace)
            if name == "commit" and any(each.commits for each in self.seen(found.id)):
                trace.commits = True  # a unit of work of the project hands the commit on to its session
        return self._result_given(found, value, call, scope)

    def _effects_on(self, receiver: Value, method: Definition, call: Call, scope: str, trace: Trace) -> None:
        """What a method of a mixin or repository does to the model of its receiver."""
        if self._depth > DEPTH:
            return
        self._depth += 1
        for (path, mode, along, deletes), certain in sorted(self.effects(method.id).items()):
            certain = certain and receiver.certain
            if along == "called":
                path, _, called = path.rpartition(".")
            if path.startswith("%"):
                target, proven = self.given.model(path[1:], method, call, scope)
                certain = certain and proven
            else:
                target = path if path.startswith("@") else self._concrete(path, receiver)
            if target.startswith("@"):
                trace.touch(f"{target}.{called}" if along == "called" else target, mode, certain, along=along, deletes=deletes)
            elif along == "called":
                name, _, how = called.partition("(")
                if target:
                    self._own_method(Value("class" if how == "cls)" else "instance", target, certain=certain), name, Call(), scope, trace)
            elif along == "filled":
                self._filled_from(self.given.schema(receiver, self._class_of(receiver), call), target, trace)
            else:
                trace.touch(target, mode, certain, along=along, deletes=deletes)
        self._depth -= 1

    def _filled_from(self, schema: str, model: str, trace: Trace) -> None:
        for table in self.schemas.reads(schema, model) if schema else ():
            trace.touch(table, "read", False)
