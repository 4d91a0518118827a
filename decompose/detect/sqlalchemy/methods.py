"""Calls on the values of the session world: sessions, queries, statements, results, tables and the constructs that make them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from decompose.detect.sqlalchemy.models import Models
from decompose.detect.sqlalchemy.values import (
    ALL,
    COLLECTION_WRITES,
    COMBINE,
    ENGINES,
    JOINS,
    MAKERS,
    NUMBERS,
    ONE,
    SAME_CLASS,
    SESSIONS,
    UNKNOWN,
    WRITING,
    Evaluator,
    Trace,
    Value,
)  # fmt: skip
from decompose.link.expressions import argument, elements, keyword, literal
from decompose.link.program import Program
from decompose.model.syntax import Binding, Call, Chain, Constant, Definition, Expression, Sequence


class Methods:
    """What a call on a value gives and touches. Arguments are followed by the evaluator."""

    def __init__(self, program: Program, models: Models, chains: Evaluator) -> None:
        self.program = program
        self.models = models
        self.chains = chains

    def of_session(self, value: Value, name: str, call: Call, scope: str, trace: Trace) -> Value:
        certain = value.certain
        if name == "query":
            return self._selected(call.arguments, scope, trace, certain)
        if name in ("get", "get_one"):
            target = self.chains.value(argument(call, 0, "entity", "ident"), scope)
            if target.kind != "class":
                return UNKNOWN if not certain or target.kind != "unknown" else self.missing(trace, "which model is read is not known")
            trace.touch(target.model, "read", certain and target.certain, along="all")
            return Value("instance", target.model, certain=certain and target.certain)
        if name in WRITING:
            return self._written(name, call, scope, trace, certain)
        if name == "refresh":
            target = self.chains.value(argument(call, 0, "instance"), scope)
            if target.model:
                trace.touch(target.model, "read", certain and target.certain, along="all")
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

    def missing(self, trace: Trace, reason: str) -> Value:
        if reason not in trace.missing:
            trace.missing, trace.missed = reason, trace.index
        return UNKNOWN

    def _written(self, name: str, call: Call, scope: str, trace: Trace, certain: bool) -> Value:
        given = argument(call, 0, "instance", "instances", "objects", "mapper")
        # Each of a written list has a model of its own: ``add_all([Order(), Item()])``.
        target = UNKNOWN if isinstance(given, Sequence) else self.chains.value(given, scope)
        if target.kind in ("instance", "collection", "related", "class", "row", "query") and target.model:
            trace.touch(target.model, "write", certain and target.certain, deletes=name == "delete")
            return Value("instance", target.model, certain=certain) if name == "merge" else UNKNOWN
        found = elements(self.program, given) or self._gathered(given, scope)
        values = [each for each in (self.chains.value(item, scope) for item in found) if each.model and each.kind in ("instance", "collection")]
        for each in values:
            trace.touch(each.model, "write", certain and each.certain)
        if not values and certain:
            return self.missing(trace, f"what is passed to {name}() is not known")
        return UNKNOWN

    def _gathered(self, expression: Expression | None, scope: str) -> tuple[Expression, ...]:
        """What the function puts into a local list: ``orders.append(Order(...))``."""
        if not isinstance(expression, Chain) or expression.origin != "local" or expression.steps:
            return ()
        found: list[Expression] = []
        for use in self.chains.uses(scope):
            chain = use.chain
            if chain.root == expression.root and chain.origin == "local" and len(chain.steps) == 2 and chain.steps[0] in ("append", "add"):
                call = chain.steps[1]
                found.extend(call.arguments if isinstance(call, Call) else ())
        return tuple(found)

    def _executed(self, name: str, call: Call, scope: str, trace: Trace, certain: bool) -> Value:
        given = argument(call, 0, "statement", "clause")
        statement = self.chains.value(given, scope)
        if statement.kind in ("query", "dml"):
            trace.states = True
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
            return self.missing(trace, f"which statement is passed to {name}() is not known")
        return UNKNOWN

    def _selected(self, arguments: Iterable[Expression], scope: str, trace: Trace, certain: bool = True) -> Value:
        trace.states = True
        entities: list[str] = []
        scalar = False
        for each in arguments:
            value = self.chains.value(each, scope)
            if value.kind == "class":
                trace.touch(value.model, "read", certain and value.certain, along="all")
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

    def construct(self, name: str, call: Call, scope: str, trace: Trace) -> Value:
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
            target = self.chains.value(argument(call, 0, "table"), scope)
            if target.kind in ("class", "table"):
                trace.touch(target.model, "write", target.certain, "core" if target.kind == "table" else "orm")
                return Value("dml", target.model, name, target.certain)
            return self.missing(trace, f"which table {name}() changes is not known") if scope else UNKNOWN
        if name in SAME_CLASS:
            target = self.chains.value(argument(call, 0, "element", "base"), scope)
            return target if target.kind in ("class", "query", "table") else UNKNOWN
        if name in COMBINE:
            values = [self.chains.value(each, scope) for each in call.arguments]
            return next((each for each in values if each.kind == "query"), Value("query") if name == "exists" else UNKNOWN)
        if name in ("text",):
            return Value("text")
        if name in ("table", "Table"):
            return self._named_table(call)
        if name == "get_bind":
            return Value("session")  # the connection of an Alembic migration
        if name in ("join", "outerjoin"):
            for each in call.arguments[:2]:
                value = self.chains.value(each, scope)
                if value.kind in ("class", "table"):
                    trace.touch(value.model, "read", value.certain, "core" if value.kind == "table" else "orm")
            return UNKNOWN
        if name == "func":
            return UNKNOWN
        return UNKNOWN

    def _named_table(self, call: Call) -> Value:
        """``table("orders", column("id"))`` and ``Table("orders", MetaData(), autoload_with=engine)``, written where they are used."""
        named, schema = literal(self.program, argument(call, 0, "name")), literal(self.program, keyword(call, "schema"))
        return Value("table", f"{schema}.{named}" if schema else named) if named else UNKNOWN

    def of_extension(self, value: Value, name: str, call: Call, scope: str, trace: Trace) -> Value:
        if name == "session":
            return Value("session")
        if name in ("get_or_404",):
            return self.of_session(Value("session"), "get", call, scope, trace)
        if name in ("first_or_404", "one_or_404", "paginate"):
            statement = self.chains.value(argument(call, 0, "statement", "select"), scope)
            if statement.kind == "query":
                return Value("pagination" if name == "paginate" else "instance", statement.model, certain=statement.certain)
            return UNKNOWN
        if name in ("create_scoped_session",):
            return Value("session")
        return self.construct(name, call, scope, trace)

    def of_query(self, value: Value, name: str, call: Call, scope: str, trace: Trace) -> Value:
        model, certain = value.model, value.certain
        if name in NUMBERS or name in ("scalar", "value", "with_entities", "delete", "update", "only_return_tuples"):
            trace.narrowed()
        if value.kind == "query" and name in ("delete", "update"):
            trace.touch(model, "write", certain, "orm", True)
            return UNKNOWN
        if value.kind == "dml":
            for each in call.arguments if name in ("from_select", "returning") else ():
                self.chains.value(each, scope)
            return value
        if name in JOINS:
            for each in call.arguments:
                target = self.chains.value(each, scope)
                if target.kind in ("class", "table", "attribute"):
                    trace.touch(target.model, "read", certain and target.certain, "core" if target.kind == "table" else "orm")
                    if name in ("with_entities", "select_from") and not model:
                        value = msgspec.structs.replace(value, model=target.model)
            return value if name != "with_entities" else Value("query", "", "columns", certain)
        if value.name == "dynamic":
            if name in ("append", "add", "remove", "extend"):
                trace.touch(value.join or model, "write", certain)
                return UNKNOWN
            value = self.loaded(value, trace)
        whole = value.name == "" and bool(model)
        if name in ONE:
            if len(value.entities) > 1:
                return Value("row", model, certain=certain, entities=value.entities)
            return Value("instance", model, certain=certain) if whole else UNKNOWN
        if name in ("all", "unique"):
            if len(value.entities) > 1:
                return Value("rows", model, certain=certain, entities=value.entities)
            return Value("collection", model, certain=certain) if whole else UNKNOWN
        if name in NUMBERS or name in ("scalar", "value"):
            return UNKNOWN
        if name == "paginate":
            return Value("pagination", model, certain=certain)
        owner = self._query_class(model, name)
        if owner is not None:
            return Value("query", model, certain=certain, entities=value.entities)
        return value

    def loaded(self, value: Value, trace: Trace) -> Value:
        """A dynamic relationship when its rows are asked for: until then it is only a query."""
        if value.kind != "query" or value.name != "dynamic":
            return value
        trace.touch(value.model, "read", value.certain, along="maybe")
        trace.touch(value.join, "read", value.certain)
        return msgspec.structs.replace(value, name="")

    def _query_class(self, model: str, name: str) -> Definition | None:
        """A method of the project's own query class (``query_class = ActiveQuery``)."""
        found = self.program.member(model, "query_class") if model in self.models.mapped else None
        if not isinstance(found, Binding):
            return None
        state = self.program.evaluate(found.value)
        member = self.program.member(state.id, name) if state.kind == "class" else None
        return member if isinstance(member, Definition) else None

    def of_result(self, value: Value, name: str, call: Call, scope: str, trace: Trace) -> Value:
        model, certain = value.model, value.certain
        if value.kind == "related" and name in COLLECTION_WRITES:
            trace.touch(value.join or model, "write", certain)
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
            return value if name in ALL or name in ("tuples", "columns") else UNKNOWN
        if name in ONE or name == "next":
            return Value("instance", entity, certain=certain) if entity else UNKNOWN
        if name in ("all", "fetchall", "to_list"):
            return Value("collection", entity, certain=certain) if entity else UNKNOWN
        return value if name in ALL or name in ("scalars",) else UNKNOWN

    def of_loader(self, value: Value, name: str, call: Call, scope: str, trace: Trace) -> Value:
        """``schema.load(data)`` makes an object; with ``instance=`` here or in the constructor it changes one."""
        if name != "load":
            return UNKNOWN
        given = self.chains.value(keyword(call, "instance"), scope)
        if given.kind == "instance" or value.name == "stored":
            trace.touch(value.model, "write", value.certain and given.certain)
        return Value("instance", value.model, "loaded", value.certain)

    def of_table(self, value: Value, name: str, call: Call, trace: Trace) -> Value:
        if name in ("insert", "update", "delete"):
            trace.touch(value.model, "write", value.certain, "core")
            return Value("dml", value.model, name)
        if name in ("select", "join", "outerjoin", "count"):
            trace.touch(value.model, "read", value.certain, "core")
            return Value("query", "", "columns") if name == "select" else UNKNOWN
        return value if name == "alias" else UNKNOWN
