"""Data access through sessions, queries, statements and instances: what each chain stands for, and the tables it touches.

A chain is followed step by step through a small algebra of values (:class:`Value`). Tables are noted where they are named:
``select(User)``, ``.join(Order)``, ``user.orders``, ``session.add(user)``. In a base class or mixin the table is not known: the access
is then noted for the class's own caller (``create`` of ``CRUDMixin`` becomes a write where ``User.create()`` stands).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from decompose.detect.sqlalchemy.models import Models
from decompose.detect.sqlalchemy.names import Names
from decompose.detect.sqlalchemy.types import annotated
from decompose.link.expressions import argument, elements, last_bound, source
from decompose.link.program import Program, State, Step
from decompose.model.facts import Access, Fact, Mode, ModelUse, Transaction, Unresolved
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
    Parameter,
    Sequence,
    Slice,
    Use,
)

_DEPTH = 24
"""Calls and names followed from one chain: far above what real code needs, it bounds hostile input."""

SESSIONS = frozenset({"Session", "AsyncSession", "scoped_session", "async_scoped_session", "SQLAlchemySession", "create_session", "object_session", "async_object_session", "SignallingSession"})  # fmt: skip
MAKERS = frozenset({"sessionmaker", "async_sessionmaker"})
ENGINES = frozenset({"create_engine", "create_async_engine", "Engine", "AsyncEngine", "Connection", "AsyncConnection", "engine_from_config"})
SESSION_NAMES = frozenset({"session", "db", "db_session", "dbsession", "sess", "async_session", "async_db", "database_session", "sql_session"})

_READING = frozenset({"get", "get_one", "query", "execute", "scalars", "scalar", "exec", "stream", "stream_scalars", "refresh"})
_WRITING = frozenset({"add", "add_all", "delete", "merge", "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings", "delete_all"})
_CONTROL = frozenset({"commit", "flush", "rollback", "begin", "begin_nested", "close", "expire", "expunge"})
SESSION_METHODS = _READING | _WRITING | _CONTROL

_ONE = frozenset({"first", "one", "one_or_none", "get", "get_or_404", "first_or_404", "one_or_404", "scalar_one", "scalar_one_or_none", "get_or_create"})  # fmt: skip
_ALL = frozenset({"all", "fetchall", "fetchmany", "partitions", "unique", "yield_per"})
_NUMBERS = frozenset({"count", "exists", "sum"})
_JOINS = frozenset({"join", "outerjoin", "select_from", "with_entities", "add_entity", "add_columns", "join_from", "outerjoin_from", "select_entity_from"})  # fmt: skip
_COMBINE = frozenset({"union", "union_all", "intersect", "except_", "intersect_all", "except_all", "exists", "lateral"})
_COLLECTION_WRITES = frozenset({"append", "remove", "extend", "add", "discard", "clear", "insert", "pop", "set", "update"})
_SAME_CLASS = frozenset({"aliased", "with_polymorphic", "of_type", "alias", "with_loader_criteria"})


class Value(msgspec.Struct, frozen=True):
    """What a prefix of a chain stands for.

    ``kind``: ``class instance collection related query dml result rows row attribute pagination`` of a ``model`` (a mapped class,
    or symbolic: ``@class:attribute`` inside a class that others inherit); ``session maker engine transaction extension`` of the
    session world; ``table`` and ``columns`` of the table ``model``; ``construct`` is a name of SQLAlchemy in ``name``; ``method`` a
    method ``name`` of the model; ``text`` SQL in a string; ``state`` anything else that the program knows; ``unknown``.
    """

    kind: str
    model: str = ""
    name: str = ""
    certain: bool = True
    entities: tuple[str, ...] = ()
    state: State | None = None


UNKNOWN = Value("unknown")


class Event(msgspec.Struct, frozen=True):
    """A table (or symbolic model) touched at a step of a chain.

    ``mention`` marks a read that only names a column, and a write that makes the reads of its own statement part of it.
    """

    target: str
    mode: Mode
    index: int
    via: str = "orm"
    certain: bool = True
    mention: bool = False


class Seen(msgspec.Struct, frozen=True):
    """One use with what it does: ``value`` is what it yields, ``model`` the first model it goes through."""

    use: Use
    value: Value
    events: tuple[Event, ...]
    model: str
    commits: bool
    missing: str


class Trace:
    """What happens while one chain is followed."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.model = ""
        self.commits = False
        self.missing = ""
        self.missed = 0
        self.index = 0

    def touch(self, target: str, mode: Mode, certain: bool = True, via: str = "orm", mention: bool = False) -> None:
        if target:
            self.events.append(Event(target, mode, self.index, via, certain, mention))


class Queries:
    """Follows all chains of the target. Results of bindings, functions and scopes are kept."""

    def __init__(self, program: Program, names: Names, models: Models) -> None:
        self.program = program
        self.names = names
        self.models = models
        self._uses: dict[str, list[Use]] = {}
        self._module: dict[str, ModuleSummary] = {}
        for module in program.modules.values():
            for use in module.uses:
                self._uses.setdefault(use.scope or module.name, []).append(use)
            for scope in {use.scope or module.name for use in module.uses}:
                self._module.setdefault(scope, module)
        self._seen: dict[str, list[Seen]] = {}
        self._bindings: dict[str, Value] = {}
        self._returns: dict[str, Value] = {}
        self._aliases: dict[str, Value] = {}
        self._arguments: dict[str, str] = {}
        self._classes: dict[tuple[str, str, str], Value] = {}
        self._states: dict[tuple[State, str], Value] = {}
        self._depth = 0
        tops = {name.split(".", 1)[0] for name in program.modules}
        self._followed = tops | {imported.module.split(".", 1)[0] for m in program.modules.values() for imported in m.imports if names.meaning(f"{imported.module}.x")}  # fmt: skip

    # --- facts ----------------------------------------------------------------------------------

    def facts(self) -> Iterator[Fact]:
        """Accesses, model uses, transactions and what could not be followed, module by module."""
        for module in self.program.modules.values():
            scopes = dict.fromkeys(use.scope or module.name for use in module.uses)
            for scope in scopes:
                if self._module.get(scope) is module:
                    yield from self._scope_facts(scope, module)
            for block in module.blocks:
                value = self.value(block.manager, block.scope or module.name)
                if value.kind == "transaction" or (value.kind == "session" and value.name == "begin"):
                    yield Transaction(block.scope or module.name, self.program.at(module.name, block.line), block.end_line, "block")

    def _scope_facts(self, scope: str, module: ModuleSummary) -> Iterator[Fact]:
        program = self.program
        definition = program.definition(scope)
        if definition is not None and definition.kind == "class":
            return
        emitted: set[tuple[str, str, int]] = set()
        writing: list[tuple[Span, str]] = []
        first, last = 0, 0
        committing = False
        for seen in self.seen(scope):
            line = seen.use.span.line
            replaced = {event.target for event in seen.events if event.mode == "write" and event.mention}
            writing.extend((seen.use.span, event.target) for event in seen.events if event.mode == "write")
            if seen.value.kind == "dml":
                writing.append((seen.use.span, seen.value.model))
            for event in seen.events:
                if event.mode == "read" and (event.target in replaced or (event.mention and _inside(seen.use.span, event.target, writing))):
                    continue
                loaded = self.models.eager(event.target) if event.mode == "read" and not event.mention else ()
                for table in (*self._tables(event.target), *loaded):
                    first = first or line
                    if (table, event.mode, line) not in emitted:
                        emitted.add((table, event.mode, line))
                        yield Access(scope, table, event.mode, program.at(module.name, line), _via(event.via), event.certain)
            if seen.commits:
                committing, last = True, max(last, seen.use.span.end_line)
                first = first or line
            if seen.missing:
                yield Unresolved("data access", source(seen.use.chain)[:120], seen.missing, program.at(module.name, line))
            if seen.model and not seen.model.startswith("@") and len(seen.use.chain.steps) > last_bound(seen.use.chain):
                yield self._model_use(scope, module, seen)
        if committing and definition is not None:
            yield Transaction(scope, program.at(module.name, min(first, last)), last, "session")

    def _tables(self, target: str) -> Iterator[str]:
        """The tables of a model (those of its parents in joined inheritance too) or the table itself."""
        if target in self.models.tables:
            yield target
        seen: set[str] = set()
        while target in self.models.mapped:
            mapped = self.models.mapped[target]
            if mapped.table not in seen:
                seen.add(mapped.table)
                yield mapped.table
            target = mapped.parent

    def _model_use(self, scope: str, module: ModuleSummary, seen: Seen) -> ModelUse:
        chain = seen.use.chain
        start = last_bound(chain)
        bound = chain.steps[start - 1] if start else None
        attribute = seen.use.sink == "store" and isinstance(chain.steps[-1], str) if chain.steps else False
        writes = attribute or any(event.mode == "write" for event in seen.events)
        head: Literal["class", "instance", "continuation"] = "class"
        if isinstance(bound, Bound):
            head = "continuation"
        elif chain.origin in ("instance", "self", "super"):
            head = "instance"
        keywords = tuple(name for step in chain.steps[start:] if isinstance(step, Call) for name, _ in step.keywords)
        attributes = tuple(step for step in chain.steps[start:] if isinstance(step, str)) if seen.value.kind in ("unknown", "instance") else ()
        return ModelUse(
            definition=scope,
            model=seen.model,
            at=self.program.at(module.name, seen.use.span.line),
            span=seen.use.span,
            head=head,
            shape=_shape(chain.steps[start:]),
            result=_RESULTS.get(seen.value.kind, "unknown"),
            mode="write" if writes else "read" if seen.events else "none",
            sink=seen.use.sink,
            head_line=bound.line if isinstance(bound, Bound) else 0,
            loop=seen.use.loop,
            keywords=keywords,
            attributes=attributes,
            sealable=False,
            obstacle="an SQLAlchemy expression",
            certain=seen.value.certain,
        )

    # --- scopes ---------------------------------------------------------------------------------

    def seen(self, scope: str) -> list[Seen]:
        """All uses of a definition (or module) that touch a model or session."""
        known = self._seen.get(scope)
        if known is None:
            found: list[Seen] = []
            self._seen[scope] = found
            for use in self._uses.get(scope, ()):
                if self._worth(use):
                    seen = self._follow(use, scope)
                    if seen is not None:
                        found.append(seen)
            known = found
        return known

    def _worth(self, use: Use) -> bool:
        chain = use.chain
        if chain.origin == "builtin" or (chain.origin in ("local",) and not chain.steps):
            return False
        if use.sink in ("annotation", "base", "except", "decorator"):
            return False
        if chain.origin == "global":
            return chain.root.split(".", 1)[0] in self._followed or chain.root == "typing.cast"
        return True

    def _follow(self, use: Use, scope: str) -> Seen | None:
        trace = Trace()
        value = self._chain(use.chain, scope, trace, use.sink == "store", use.sink == "iterate")
        start = last_bound(use.chain)
        events = tuple(event for event in trace.events if event.index >= start)
        commits = trace.commits and start <= len(use.chain.steps) - 2
        missing = trace.missing if trace.missed >= start else ""
        if not events and not commits and not missing and not trace.model:
            return None
        return Seen(use, value, events, trace.model, commits, missing)

    def effects(self, method: str) -> dict[tuple[str, Mode], bool]:
        """What a method does to the model behind ``self`` or ``self.attribute``: (attribute or ``""``, mode) -> certain."""
        if self._depth > _DEPTH:
            return {}
        self._depth += 1
        found: dict[tuple[str, Mode], bool] = {}
        for seen in self.seen(method):
            for event in seen.events:
                if event.target.startswith("@"):
                    key = (event.target.partition(":")[2], event.mode)
                    found[key] = found.get(key, False) or event.certain
        self._depth -= 1
        return found

    # --- values ---------------------------------------------------------------------------------

    def value(self, expression: Expression | None, scope: str) -> Value:
        """What an expression stands for, without noting what it touches."""
        if isinstance(expression, Chain):
            return self._chain(expression, scope, Trace(), False, False)
        if isinstance(expression, Operation):
            return self._operation(expression, scope)
        if isinstance(expression, Sequence) and expression.items:
            inner = self.value(expression.items[0], scope)
            return Value("collection", inner.model, certain=inner.certain) if inner.kind == "instance" else UNKNOWN
        return UNKNOWN

    def _operation(self, operation: Operation, scope: str) -> Value:
        if operation.operator == "for" and operation.operands:
            inner = self.value(operation.operands[0], scope)
            return Value("collection", inner.model, certain=inner.certain) if inner.kind == "instance" else UNKNOWN
        if operation.operator in ("if", "or", "and", "+"):
            values = [value for each in operation.operands if (value := self.value(each, scope)) is not UNKNOWN and value.kind != "unknown"]
            if values:
                return msgspec.structs.replace(values[0], certain=values[0].certain and len({v.model for v in values}) == 1)
        return UNKNOWN

    def _chain(self, chain: Chain, scope: str, trace: Trace, stored: bool, iterated: bool) -> Value:
        if self._depth > _DEPTH:
            return UNKNOWN
        self._depth += 1
        try:
            value, steps = self._root(chain, scope)
            position = len(chain.steps) - len(steps)
            trace.index = position
            self._noted(value, trace)
            end = len(chain.steps)
            while position < end:
                trace.index = position
                step = chain.steps[position]
                position += 1
                if isinstance(step, Bound):
                    value = self._bound(value, step)
                elif isinstance(step, Call):
                    value = self._called(value, step, scope, trace)
                elif isinstance(step, Item):
                    value = self._item(value, step)
                elif isinstance(step, Slice):
                    value = Value("collection", value.model, certain=value.certain) if value.kind in ("query", "related") else value
                elif stored and position == end:
                    self._store(value, step, scope, trace)
                    value = UNKNOWN
                elif position < end and isinstance(following := chain.steps[position], Call):
                    trace.index = position
                    position += 1
                    value = self._method(value, step, following, scope, trace)
                else:
                    value = self._attribute(value, step, scope, trace)
                self._noted(value, trace)
                if value.kind == "unknown":
                    break
            return value
        finally:
            self._depth -= 1

    def _noted(self, value: Value, trace: Trace) -> None:
        if not trace.model and value.model and value.kind not in ("table", "columns"):
            trace.model = value.model

    def _root(self, chain: Chain, scope: str) -> tuple[Value, tuple[Step, ...]]:
        if chain.origin == "parameter":
            return self._parameter(chain.root, scope), chain.steps
        if chain.origin == "local":
            first = chain.steps[0] if chain.steps else ""
            named = chain.root in SESSION_NAMES and isinstance(first, str) and first in SESSION_METHODS
            return (Value("session", certain=False) if named else UNKNOWN), chain.steps
        if chain.origin == "super":
            return self._of_class(chain.root, "instance", "super"), chain.steps
        if chain.origin == "instance":
            state = self.program.resolve(chain.root)
            if state.kind == "binding":
                return self._alias(state.id), chain.steps
        state, rest = self.program.head(chain)
        return self.of_state(state, chain.origin), rest

    def of_state(self, state: State, origin: str = "") -> Value:
        """The value that the program's own knowledge gives."""
        if state.kind == "class":
            return self._of_class(state.id, "class", origin)
        if state.kind == "instance":
            return self._of_class(state.id, "instance", origin)
        if state.kind == "binding":
            return self._binding(state.id)
        if state.kind == "external":
            if state.id in ("typing.cast", "typing_extensions.cast"):
                return Value("cast")
            meaning = self.names.meaning(state.id)
            return Value("construct", name=meaning) if meaning else UNKNOWN
        if state.kind == "result":
            return self._construct_called(self.names.meaning(state.id), Call(), "", Trace())
        if state.kind in ("function", "module"):
            return Value("state", state=state)
        return UNKNOWN

    def _of_class(self, id: str, kind: str, origin: str = "") -> Value:
        known = self._classes.get((id, kind, origin))
        if known is None:
            known = self._classes[id, kind, origin] = self._class_value(id, kind, origin)
        return known

    def _class_value(self, id: str, kind: str, origin: str) -> Value:
        if id in self.models.mapped:
            return Value(kind, id, name="super" if origin == "super" else "")
        if id in self.models.symbolic:
            return Value(kind, f"@{id}:", name="super" if origin == "super" else "")
        meanings = [self.names.meaning(each) for each in (id, *self.program.ancestors(id))]
        for meaning in meanings:
            if meaning in SESSIONS:
                return Value("session") if kind == "instance" else Value("construct", name=meaning)
            if meaning in MAKERS:
                return Value("maker") if kind == "instance" else Value("construct", name=meaning)
            if meaning in ENGINES:
                return Value("engine") if kind == "instance" else Value("construct", name=meaning)
            if meaning in ("Select", "Query") and kind == "instance":
                return Value("query")
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
            value = self._annotation(annotation, self.program.module_of(scope))
            if value.kind != "unknown":
                return value
        for binding in reversed(found):
            value = self.value(binding.value, scope)
            if value.kind != "unknown":
                return value
        return UNKNOWN

    def _annotation(self, expression: Expression | None, module: str, receiver: Value | None = None) -> Value:
        """An instance (or collection) of what an annotation names."""
        said = annotated(self.program, self.names, expression, module)
        if not said.target:
            return UNKNOWN
        last = said.target.rpartition(".")[2]
        if last == "Self" and receiver is not None:
            return Value("collection" if said.many else "instance", receiver.model, certain=receiver.certain) if receiver.model else UNKNOWN
        value = self._of_class(said.target, "instance")
        if value.kind == "unknown" and not self.program.definition(said.target):
            named = self.models.model_named(said.target, module) if "." not in said.target else ""
            value = Value("instance", named) if named else value
        if value.kind == "instance" and said.many:
            return Value("collection", value.model)
        return value if not said.many else UNKNOWN

    def _alias(self, id: str) -> Value:
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
            value = self._annotation(held, scope)
        elif module is not None:
            outer = next((use for use in module.uses if use.sink == "assign" and use.target == name and not use.scope), None)
            inner = [use for use in module.uses if outer is not None and use is not outer and use.sink == "argument" and _within(use.span, outer.span)]
            for use in inner[:1]:
                value = self._annotation(use.chain, scope)
        if value.kind == "unknown" and name in ("SessionDep", "DbSession", "AsyncSessionDep", "DBSession"):
            value = Value("session", certain=False)
        self._aliases[id] = value
        return value

    def _parameter(self, name: str, scope: str) -> Value:
        definition = self.program.definition(scope)
        while definition is not None:
            for parameter in definition.parameters:
                if parameter.name == name:
                    return self._given(parameter, definition)
            definition = self.program.definition(definition.parent) if definition.parent else None
        return Value("session", certain=False) if name in SESSION_NAMES else UNKNOWN

    def _given(self, parameter: Parameter, definition: Definition) -> Value:
        module = self.program.module_of(definition.id)
        if parameter.annotation_value is not None:
            value = self._annotation(parameter.annotation_value, module)
            if value.kind != "unknown":
                return value
        if isinstance(parameter.default_value, Chain):
            # ``db = Depends(get_db)``: what the dependency gives.
            calls = [step for step in parameter.default_value.steps if isinstance(step, Call)]
            state, _ = self.program.head(parameter.default_value)
            if calls and calls[0].arguments and state.id.rpartition(".")[2] in ("Depends", "Security", "Provide"):
                target = calls[0].arguments[0]
                if isinstance(target, Chain):
                    value = self._chain(Chain(target.root, target.origin, (*target.steps, Call())), definition.id, Trace(), False, False)
                    if value.kind != "unknown":
                        return value
        if parameter.annotation:
            return UNKNOWN
        if parameter.name in SESSION_NAMES:
            return Value("session", certain=False)
        model, many = self.models.conventional(parameter.name)
        return Value("collection" if many else "instance", model, certain=False) if model else UNKNOWN

    def _bound(self, value: Value, step: Bound) -> Value:
        if step.symbol and value.kind == "unknown":
            return self._of_class(step.symbol, "instance")
        if step.certain or step.prefix >= 0 or not value.certain:
            return value
        return msgspec.structs.replace(value, certain=False)

    # --- steps ----------------------------------------------------------------------------------

    def _item(self, value: Value, step: Item) -> Value:
        kind = value.kind
        if kind in ("collection", "related", "query", "result", "pagination"):
            if kind == "query" and len(value.entities) > 1:
                return Value("row", value.model, certain=value.certain, entities=value.entities)
            return Value("instance", value.model, certain=value.certain)
        if kind == "rows":
            return Value("row", value.model, certain=value.certain, entities=value.entities)
        if kind == "row":
            index = step.key if isinstance(step.key, int) else None
            if index is not None and 0 <= index < len(value.entities) and value.entities[index]:
                return Value("instance", value.entities[index], certain=value.certain)
            if index is None and isinstance(step.key, str):
                return self._row_attribute(value, step.key)
        return UNKNOWN

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
        if mapped is None:
            if value.model.startswith("@") and self._symbolic_attribute(value.model, name):
                trace.touch(value.model, "write", value.certain)
        elif name in mapped.columns:
            trace.touch(value.model, "write", value.certain)
        elif name in mapped.relations:
            relation = mapped.relations[name]
            trace.touch(relation.secondary or (relation.target if relation.many else value.model), "write", value.certain)

    def _symbolic_attribute(self, model: str, name: str) -> bool:
        body = self.models.declared(model[1:].partition(":")[0])
        return name in body

    def _attribute(self, value: Value, name: str, scope: str, trace: Trace) -> Value:
        kind = value.kind
        if kind in ("class", "instance") and value.model:
            return self._model_attribute(value, name, scope, trace)
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
            return Value("construct", name="func" if value.name == "func" else name)
        if kind == "table" and name in ("c", "columns"):
            trace.touch(value.model, "read", value.certain, "core", True)
            return Value("columns", value.model)
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
            relation = mapped.relations[name]
            trace.touch(relation.target, "read", value.certain)
            trace.touch(relation.secondary, "read", value.certain)
            if value.kind == "class":
                trace.touch(value.model, "read", value.certain, "orm", True)
                return Value("attribute", relation.target, name, value.certain)
            kind = "query" if relation.dynamic else "related" if relation.many else "instance"
            return Value(kind, relation.target, relation.secondary, value.certain)
        if name in ("query", "query_") and value.kind == "class":
            trace.touch(value.model, "read", value.certain)
            return Value("query", value.model, certain=value.certain, entities=(value.model,))
        if name == "__table__":
            return Value("table", mapped.table) if mapped is not None else UNKNOWN
        if name == "__class__":
            return Value("class", value.model, certain=value.certain)
        found = self._member(value, name)
        if isinstance(found, Definition):
            if found.kind == "class":
                return UNKNOWN
            if value.kind == "instance" and self.program.is_property(found):
                return self._method(value, name, Call(), scope, trace)
            return Value("method", value.model, name, value.certain)
        if value.model.startswith("@") and value.kind == "class" and self._symbolic_attribute(value.model, name):
            trace.touch(value.model, "read", value.certain, "orm", True)
            return Value("attribute", value.model, name)
        return UNKNOWN

    def _class_of(self, value: Value) -> str:
        if value.model:
            return value.model[1:].partition(":")[0] if value.model.startswith("@") else value.model
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
        known = self._states.get((value.state, name))
        if known is None:
            self._states[value.state, name] = UNKNOWN
            known = self._states[value.state, name] = self._state_value(value, name)
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
                reached = self._assigned(state.id, name)
                if reached.kind != "unknown":
                    return reached
                if name in SESSION_NAMES or name == "_session":
                    return Value("session", certain=False)
                if self._argument_model(state.id, name) or self._some_subclass_names(state.id, name):
                    return Value("class", f"@{state.id}:{name}")
                return UNKNOWN
            if self.program.is_property(found):
                return self._result_of(found, value)
        reached_state = self.program.step(state, name)
        return self.of_state(reached_state) if reached_state != state else UNKNOWN

    def _assigned(self, class_id: str, name: str) -> Value:
        """What ``__init__`` takes under the name that the attribute has: ``def __init__(self, session: Session)``."""
        init = self.program.member(class_id, "__init__")
        if isinstance(init, Definition):
            for parameter in init.parameters:
                if parameter.name in (name, name.lstrip("_")):
                    if parameter.symbol:
                        state = self.program.resolve(parameter.symbol)
                        return self._alias(state.id) if state.kind == "binding" else self._of_class(state.id, "instance")
                    return self._given(parameter, init)
        return UNKNOWN

    def _some_subclass_names(self, class_id: str, name: str) -> bool:
        for id in self.program.subclasses(class_id):
            bound = self.program.bindings(id).get(name)
            if bound and self.value(bound[-1].value, id).kind == "class":
                return True
            if self._argument_model(id, name):
                return True
        return False

    def _argument_model(self, class_id: str, name: str) -> str:
        """The model that a repository is made for: its first mapped type argument (``CRUDBase[User, UserCreate]``)."""
        if name.strip("_") not in ("model", "model_class", "model_type", "entity", "klass", "model_cls", "table"):
            return ""
        known = self._arguments.get(class_id)
        if known is None:
            known = ""
            uses = self._uses.get(class_id, ())
            bases = [use.span for use in uses if use.sink == "base"]
            for use in uses:
                if use.sink == "argument" and any(_within(use.span, span) for span in bases):
                    state, rest = self.program.head(use.chain)
                    if state.kind == "class" and not rest and state.id in self.models.mapped:
                        known = state.id
                        break
            self._arguments[class_id] = known
        return known

    def _attribute_model(self, class_id: str, name: str) -> str:
        """The mapped class that ``self.<name>`` holds in a class."""
        for id in (class_id, *self.program.ancestors(class_id)):
            bound = self.program.bindings(id).get(name)
            if bound:
                value = self.value(bound[-1].value, id)
                if value.kind == "class" and not value.model.startswith("@"):
                    return value.model
            model = self._argument_model(id, name) if self.program.definition(id) is not None else ""
            if model:
                return model
        return ""

    def _called(self, value: Value, call: Call, scope: str, trace: Trace) -> Value:
        kind = value.kind
        if kind == "class":
            return Value("instance", value.model, "new", value.certain)
        if kind == "cast":
            return self._annotation(argument(call, 0, "typ"), self.program.module_of(scope))
        if kind == "construct":
            return self._construct_called(value.name, call, scope, trace)
        if kind in ("session", "maker"):
            return Value("session", certain=value.certain)
        if kind == "extension":
            return value
        if kind == "method":
            return self._method(Value("instance", value.model, certain=value.certain), value.name, call, scope, trace)
        if kind == "state" and value.state is not None:
            return self._state_called(value, call, scope, trace)
        return value if kind in ("query", "dml") else UNKNOWN

    def _state_called(self, value: Value, call: Call, scope: str, trace: Trace) -> Value:
        assert value.state is not None
        if value.state.kind == "class":
            return Value("state", state=State("instance", value.state.id))
        definition = self.program.definition(value.state.id)
        if definition is None:
            return UNKNOWN
        return self._result_of(definition, None)

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
        receiver = self._of_class(owner, "instance") if owner else None
        if definition.returns:
            value = self._returns_annotation(definition, module, receiver)
            if value.kind != "unknown":
                return value
        if definition.generator or self._is_context(definition):
            return self._yielded(definition)
        for expression in definition.returned:
            value = self.value(expression, definition.id)
            if value.kind != "unknown":
                return value if value.name != "new" else msgspec.structs.replace(value, name="")
        return UNKNOWN

    def _returns_annotation(self, definition: Definition, module: str, receiver: Value | None) -> Value:
        if definition.returns_symbol:
            if definition.returns_symbol.rpartition(".")[2] == "Self" and receiver is not None:
                return Value("instance", receiver.model) if receiver.model else receiver
            state = self.program.resolve(definition.returns_symbol)
            if state.kind == "binding":
                return self._alias(state.id)
            return self._of_class(state.id, "instance") if state.kind in ("class", "external") else UNKNOWN
        return self._annotation(Constant(definition.returns), module, receiver)

    def _is_context(self, definition: Definition) -> bool:
        return any(isinstance(each, Chain) and source(each).rpartition(".")[2].startswith(("contextmanager", "asynccontextmanager")) for each in definition.decorators)  # fmt: skip

    def _yielded(self, definition: Definition) -> Value:
        """The session that a generator makes: ``yield`` of a dependency or context manager."""
        for use in self._uses.get(definition.id, ()):
            if use.chain.origin in ("global", "instance") and use.sink in ("assign", "return", "other", "iterate"):
                value = self._chain(use.chain, definition.id, Trace(), False, False)
                if value.kind in ("session", "maker"):
                    return Value("session", certain=value.certain)
        return UNKNOWN

    def _concrete(self, path: str, receiver: Value) -> str:
        """The model behind a symbolic one, seen from the receiver of the call; symbolic again inside another base class."""
        if not path:
            return receiver.model
        owner = self._class_of(receiver)
        found = self._attribute_model(owner, path)
        return found or (f"@{owner}:{path}" if self._some_subclass_names(owner, path) else "")

    def _method(self, value: Value, name: str, call: Call, scope: str, trace: Trace) -> Value:
        kind = value.kind
        if kind == "session":
            return self._session_method(value, name, call, scope, trace)
        if kind == "maker":
            return Value("session", name="begin", certain=value.certain) if name == "begin" else value
        if kind == "engine":
            if name in ("begin", "connect"):
                return Value("session", name="begin" if name == "begin" else "")
            return self._session_method(Value("session"), name, call, scope, trace) if name in ("execute", "scalar") else UNKNOWN
        if kind in ("query", "dml"):
            return self._query_method(value, name, call, scope, trace)
        if kind in ("result", "rows", "collection", "related"):
            return self._result_method(value, name, call, scope, trace)
        if kind == "table":
            return self._table_method(value, name, call, trace)
        if kind == "extension":
            return self._extension_method(value, name, call, scope, trace)
        if kind == "construct":
            if value.name in SESSIONS and name == "object_session":
                return Value("session")
            return self._construct_called("func" if value.name == "func" else name, call, scope, trace)
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
        if not isinstance(found, Definition) or found.kind == "class":
            if value.model:
                return self._called(self._model_attribute(value, name, scope, trace), call, scope, trace)
            return self._called(self._state_attribute(value, name, scope), call, scope, trace)
        owner = found.parent
        if owner not in self.models.mapped:
            for (path, mode), certain in sorted(self.effects(found.id).items()):
                target = self._concrete(path, value)
                trace.touch(target, mode, certain and value.certain)
        return self._result_of(found, value)

    def _session_method(self, value: Value, name: str, call: Call, scope: str, trace: Trace) -> Value:
        certain = value.certain
        if name == "query":
            return self._selected(call.arguments, scope, trace, certain)
        if name in ("get", "get_one"):
            target = self.value(argument(call, 0, "entity", "ident"), scope)
            if target.kind != "class":
                return UNKNOWN if not certain or target.kind != "unknown" else self._missing(trace, "which model is read is not known")
            trace.touch(target.model, "read", certain)
            return Value("instance", target.model, certain=certain and target.certain)
        if name in _WRITING:
            return self._written(name, call, scope, trace, certain)
        if name == "refresh":
            target = self.value(argument(call, 0, "instance"), scope)
            if target.model:
                trace.touch(target.model, "read", certain and target.certain)
            return UNKNOWN
        if name in ("execute", "scalars", "scalar", "exec", "stream", "stream_scalars"):
            return self._executed(name, call, scope, trace, certain)
        if name == "commit":
            trace.commits = True
            return UNKNOWN
        if name in ("begin", "begin_nested"):
            return Value("transaction", certain=certain)
        if name in ("connection", "session_factory", "registry", "__enter__", "__aenter__"):
            return value
        if name in ("object_session",):
            return Value("session")
        return UNKNOWN

    def _missing(self, trace: Trace, reason: str) -> Value:
        if reason not in trace.missing:
            trace.missing, trace.missed = reason, trace.index
        return UNKNOWN

    def _written(self, name: str, call: Call, scope: str, trace: Trace, certain: bool) -> Value:
        target = self.value(argument(call, 0, "instance", "instances", "objects", "mapper"), scope)
        if target.kind in ("instance", "collection", "related", "class", "row", "query") and target.model:
            trace.touch(target.model, "write", certain and target.certain)
            return Value("instance", target.model, certain=certain) if name == "merge" else UNKNOWN
        found = elements(self.program, argument(call, 0, "instances", "objects"))
        if not found:
            found = self._gathered(argument(call, 0, "instances", "objects"), scope)
        models = [each for each in (self.value(item, scope) for item in found or ()) if each.kind == "instance"]
        for each in models:
            trace.touch(each.model, "write", certain and each.certain)
        if not models and certain:
            return self._missing(trace, f"what is passed to {name}() is not known")
        return UNKNOWN

    def _gathered(self, expression: Expression | None, scope: str) -> tuple[Expression, ...]:
        """What the function puts into a local list: ``orders.append(Order(...))``."""
        if not isinstance(expression, Chain) or expression.origin != "local" or expression.steps:
            return ()
        found: list[Expression] = []
        for use in self._uses.get(scope, ()):
            chain = use.chain
            if chain.root == expression.root and chain.origin == "local" and len(chain.steps) == 2 and chain.steps[0] in ("append", "add"):
                call = chain.steps[1]
                found.extend(call.arguments if isinstance(call, Call) else ())
        return tuple(found)

    def _executed(self, name: str, call: Call, scope: str, trace: Trace, certain: bool) -> Value:
        given = argument(call, 0, "statement", "clause")
        statement = self.value(given, scope)
        if statement.kind == "query":
            kind = "rows" if name in ("execute", "stream") else "result"
            if name == "exec" and len(statement.entities) > 1:
                kind = "rows"
            if name == "scalar":
                return Value("instance", statement.model, certain=statement.certain) if statement.name == "" and statement.model else UNKNOWN
            return Value(kind, statement.model, certain=statement.certain and certain, entities=statement.entities)
        if statement.kind == "dml":
            return Value("rows", statement.model, certain=statement.certain, entities=(statement.model,))
        if statement.kind in ("text", "table", "attribute") or isinstance(given, Constant):
            return UNKNOWN
        if certain and statement.kind == "unknown" and isinstance(given, Chain) and given.origin in ("parameter", "local", "self"):
            return self._missing(trace, f"which statement is passed to {name}() is not known")
        return UNKNOWN

    def _selected(self, arguments: Iterable[Expression], scope: str, trace: Trace, certain: bool = True) -> Value:
        entities: list[str] = []
        scalar = False
        for each in arguments:
            value = self.value(each, scope)
            if value.kind == "class":
                trace.touch(value.model, "read", certain and value.certain)
                entities.append(value.model)
            elif value.kind == "table":
                trace.touch(value.model, "read", certain, "core")
                entities.append("")
            elif value.kind == "query":
                entities.append(value.model)
            else:
                scalar = True
                entities.append("")
        model = next((each for each in entities if each), "")
        return Value("query", model, "columns" if scalar or not model else "", certain, tuple(entities))

    def _construct_called(self, name: str, call: Call, scope: str, trace: Trace) -> Value:
        if name in SESSIONS:
            return Value("session")
        if name in MAKERS:
            return Value("maker")
        if name in ENGINES:
            return Value("engine")
        if name == "SQLAlchemy":
            return Value("extension")
        if name in ("select", "Query", "subqueryload_all"):
            first = call.arguments[0] if call.arguments else None
            return self._selected(first.items if isinstance(first, Sequence) else call.arguments, scope, trace)
        if name in ("insert", "update", "delete"):
            target = self.value(argument(call, 0, "table"), scope)
            if target.kind in ("class", "table"):
                trace.touch(target.model, "write", target.certain, "core" if target.kind == "table" else "orm")
                return Value("dml", target.model, name, target.certain)
            return self._missing(trace, f"which table {name}() changes is not known") if scope else UNKNOWN
        if name in _SAME_CLASS:
            target = self.value(argument(call, 0, "element", "base"), scope)
            return target if target.kind in ("class", "query", "table") else UNKNOWN
        if name in _COMBINE:
            values = [self.value(each, scope) for each in call.arguments]
            return next((each for each in values if each.kind == "query"), Value("query") if name == "exists" else UNKNOWN)
        if name in ("text",):
            return Value("text")
        if name in ("join", "outerjoin"):
            for each in call.arguments[:2]:
                value = self.value(each, scope)
                if value.kind in ("class", "table"):
                    trace.touch(value.model, "read", value.certain, "core" if value.kind == "table" else "orm")
            return UNKNOWN
        if name == "func":
            return UNKNOWN
        return UNKNOWN

    def _extension_method(self, value: Value, name: str, call: Call, scope: str, trace: Trace) -> Value:
        if name == "session":
            return Value("session")
        if name in ("get_or_404",):
            return self._session_method(Value("session"), "get", call, scope, trace)
        if name in ("first_or_404", "one_or_404", "paginate"):
            statement = self.value(argument(call, 0, "statement", "select"), scope)
            if statement.kind == "query":
                return Value("pagination" if name == "paginate" else "instance", statement.model, certain=statement.certain)
            return UNKNOWN
        if name in ("create_scoped_session",):
            return Value("session")
        return self._construct_called(name, call, scope, trace)

    def _query_method(self, value: Value, name: str, call: Call, scope: str, trace: Trace) -> Value:
        model, certain = value.model, value.certain
        if value.kind == "query" and name in ("delete", "update"):
            trace.touch(model, "write", certain, "orm", True)
            return UNKNOWN
        if value.kind == "dml":
            for each in call.arguments if name in ("from_select", "returning") else ():
                self.value(each, scope)
            return value
        if name in _JOINS:
            for each in call.arguments:
                target = self.value(each, scope)
                if target.kind in ("class", "table"):
                    trace.touch(target.model, "read", certain and target.certain, "core" if target.kind == "table" else "orm")
                    if name in ("with_entities", "select_from") and not model:
                        value = msgspec.structs.replace(value, model=target.model)
            return value if name != "with_entities" else Value("query", "", "columns", certain)
        whole = value.name == "" and bool(model)
        if name in _ONE:
            if len(value.entities) > 1:
                return Value("row", model, certain=certain, entities=value.entities)
            return Value("instance", model, certain=certain) if whole else UNKNOWN
        if name in ("all", "unique"):
            if len(value.entities) > 1:
                return Value("rows", model, certain=certain, entities=value.entities)
            return Value("collection", model, certain=certain) if whole else UNKNOWN
        if name in _NUMBERS or name in ("scalar", "value"):
            return UNKNOWN
        if name == "paginate":
            return Value("pagination", model, certain=certain)
        if name in ("append", "add", "remove") and value.kind == "query":
            trace.touch(model, "write", certain)
            return UNKNOWN
        owner = self._query_class(model, name)
        if owner is not None:
            return Value("query", model, certain=certain, entities=value.entities)
        return value

    def _query_class(self, model: str, name: str) -> Definition | None:
        """A method of the project's own query class (``query_class = ActiveQuery``)."""
        found = self.program.member(model, "query_class") if model in self.models.mapped else None
        if not isinstance(found, Binding):
            return None
        state = self.program.evaluate(found.value)
        member = self.program.member(state.id, name) if state.kind == "class" else None
        return member if isinstance(member, Definition) else None

    def _result_method(self, value: Value, name: str, call: Call, scope: str, trace: Trace) -> Value:
        model, certain = value.model, value.certain
        if value.kind == "related" and name in _COLLECTION_WRITES:
            trace.touch(value.name or model, "write", certain)
            return UNKNOWN
        if value.kind == "collection":
            return Value("instance", model, certain=certain) if name == "pop" else UNKNOWN
        entity = value.entities[0] if value.entities else model
        if value.kind == "rows":
            if name == "scalars":
                return Value("result", entity, certain=certain, entities=(entity,)) if entity else UNKNOWN
            if name in ("scalar", "scalar_one", "scalar_one_or_none"):
                return Value("instance", entity, certain=certain) if entity else UNKNOWN
            if name in ("first", "one", "one_or_none", "fetchone"):
                return Value("row", model, certain=certain, entities=value.entities)
            return value if name in _ALL or name in ("tuples", "columns") else UNKNOWN
        if name in _ONE or name == "next":
            return Value("instance", entity, certain=certain) if entity else UNKNOWN
        if name in ("all", "fetchall", "to_list"):
            return Value("collection", entity, certain=certain) if entity else UNKNOWN
        return value if name in _ALL or name in ("scalars",) else UNKNOWN

    def _table_method(self, value: Value, name: str, call: Call, trace: Trace) -> Value:
        if name in ("insert", "update", "delete"):
            trace.touch(value.model, "write", value.certain, "core")
            return Value("dml", value.model, name)
        if name in ("select", "join", "outerjoin", "count"):
            trace.touch(value.model, "read", value.certain, "core")
            return Value("query", "", "columns") if name == "select" else UNKNOWN
        return value if name == "alias" else UNKNOWN


_RESULTS = {"class": "class", "instance": "instance", "query": "queryset", "collection": "queryset", "related": "queryset", "result": "queryset", "rows": "values", "row": "values", "dml": "none", "pagination": "queryset"}  # fmt: skip


def _via(text: str) -> Literal["orm", "core"]:
    return "core" if text == "core" else "orm"


def _within(inner: Span, outer: Span) -> bool:
    return (outer.line, outer.column) <= (inner.line, inner.column) and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)


def _inside(span: Span, target: str, writing: list[tuple[Span, str]]) -> bool:
    """Whether a mention stands inside a statement that changes the same table: ``delete(User).where(User.id == 1)``."""
    return any(target == each and _within(span, outer) for outer, each in reversed(writing[-20:]))


def _shape(steps: Iterable[Step]) -> str:
    parts: list[str] = []
    for step in steps:
        if isinstance(step, str):
            parts.append(f".{step}")
        elif isinstance(step, Call):
            given = ["_" for _ in step.arguments] + [f"{name}=" for name, _ in step.keywords]
            parts.append(f"({','.join(given)})")
        elif isinstance(step, Item):
            parts.append("[]")
        elif isinstance(step, Slice):
            parts.append("[:]")
    return "".join(parts).removeprefix(".")
