"""What class bodies and the arguments of ``Table`` declare: columns, keys, relationships."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from typing import Protocol

from decompose.detect.sqlalchemy.drafts import Body, Key, Loading, Relation
from decompose.detect.sqlalchemy.names import Names, Root
from decompose.detect.sqlalchemy.types import Annotated, Type, annotated, column_type
from decompose.link.expressions import (
    argument,
    bound_arguments,
    elements,
    keyword,
    last_name,
    literal,
    source,
    substitute,
    value_of,
)
from decompose.link.program import Program
from decompose.model.facts import Column
from decompose.model.location import Location
from decompose.model.syntax import (
    Binding,
    Call,
    Chain,
    Constant,
    Definition,
    Expression,
    Mapping,
    ModuleSummary,
    Opaque,
    Operation,
    Sequence,
)

_COLUMNS = ("Column", "mapped_column", "Field", "column")
RELATIONS = ("relationship", "relation", "Relationship", "dynamic_loader")
_WRAPPING = ("deferred", "column_property", "query_expression")


class Tables(Protocol):
    """Where a ``Table(...)`` written in the middle of a declaration goes."""

    def table(self, expression: Expression, at: Location, model: str) -> str:
        """The id of the table that an expression is, ``""`` when it is none."""
        ...


class Bodies:
    """Declarations of classes. Bodies are kept."""

    def __init__(self, program: Program, names: Names, tables: Tables) -> None:
        self.program = program
        self.names = names
        self.tables = tables
        self._bodies: dict[str, Body] = {}
        self._calls: dict[str, dict[Expression, list[tuple[int, int]]]] = {}

    def collected(self, classes: list[str], root: Root) -> Body:
        collected = Body({}, [], {}, {})
        removed: set[str] = set()
        for owner in classes:
            body = self.body(owner, root)
            absent = {name for name, guard in body.guards.items() if self._refuses(classes[0], guard)}
            removed |= absent
            for name, column in body.columns.items():
                if name not in collected.columns and name not in removed:
                    collected.columns[name] = column
                    collected.keys.extend(key for key in body.keys if name in key.fields)
            for name, relation in body.relations.items():
                if name not in absent:
                    collected.relations.setdefault(name, relation)
            removed.update(name for name, bound in self.program.bindings(owner).items() if bound[-1].value == Constant(None))
        return collected

    def _guard(self, method: Definition) -> str:
        """The class attribute on which a ``declared_attr`` depends: ``if cls.allow_roles: return Column(...)``, or its early ``return``."""
        module = self.program.modules[self.program.module_of(method.id)]
        tests = [use.chain for use in module.uses if use.scope == method.id and use.sink == "test"]
        if len(tests) == 1 and tests[0].origin in ("cls", "self") and len(tests[0].steps) == 1 and isinstance(tests[0].steps[0], str):
            return tests[0].steps[0]
        return ""

    def _refuses(self, id: str, guard: str) -> bool:
        found = self.program.member(id, guard)
        refusing = guard.lstrip("_").startswith(("disable", "no_", "without_", "skip_", "exclude_"))
        return isinstance(found, Binding) and self.program.constant(found.value) is refusing

    def body(self, owner: str, root: Root) -> Body:
        known = self._bodies.get(owner)
        if known is not None:
            return known
        body = self._bodies[owner] = Body({}, [], {}, {})
        module = self.program.module_of(owner)
        for name, bound in self.program.bindings(owner).items():
            if not name.startswith("__"):
                self._declare(body, name, bound[-1], module, owner, root)
        for name, method in self.program.members(owner).items():
            if any(isinstance(each, Chain) and last_name(each) in ("declared_attr", "cascading") for each in method.decorators):
                guard = self._guard(method)
                if guard:
                    body.guards[name] = guard
                for value in [each for each in self.program.returned(method) if each != Constant(None)][:1]:
                    binding = Binding(owner, name, value, method.line, method.returns, None)
                    self._declare(body, name, binding, module, owner, root)
        return body

    def _declare(self, body: Body, name: str, binding: Binding, module: str, owner: str, root: Root) -> None:
        at = self.program.at(module, binding.line)
        value = self.inlined(binding.value)
        meaning, rest = self.names.called(value)
        call = rest[0] if rest and isinstance(rest[0], Call) else None
        if meaning in _WRAPPING and call is not None and call.arguments:
            value = self.inlined(call.arguments[0])
            meaning, rest = self.names.called(value)
            call = rest[0] if rest and isinstance(rest[0], Call) else None
        said = annotated(self.program, self.names, binding.annotation_value, module)
        if call is not None and meaning in RELATIONS:
            body.relations[name] = self.relation(name, call, said, module, at, meaning)
            return
        if call is not None and meaning in _COLUMNS:
            self._column(body, name, call, said, at, root)
            return
        bare = isinstance(value, Opaque) and value.text == ""
        if said.mapped and (bare or meaning not in ("association_proxy", "synonym", "composite", "column_property")):
            if said.many and said.type is None:
                return
            self._column(body, name, Call(), said, at, root)
        elif root == "sqlmodel" and said.type is not None and not said.many and not name.startswith("model_") and not meaning:
            given = () if bare else (("default", value),)
            self._column(body, name, Call((), given), said, at, root)

    def own_place(self, value: Expression, at: Location, last: int) -> Location:
        """Where a call in a statement that stands ``at`` a place and ends with the line ``last`` begins itself."""
        line, _ = self.lines(value, at)
        return Location(at.path, line) if line <= last else at

    def lines(self, value: Expression, at: Location) -> tuple[int, int]:
        """The first and last line of the first such call from a place on; two equal ones are told apart by where they are looked for."""
        known = self._calls.get(at.path)
        if known is None:
            known = self._calls[at.path] = {}
            for use in self._by_path[at.path].uses if at.path in self._by_path else ():
                if use.chain.steps and use.chain.steps[-1].__class__ is Call:
                    known.setdefault(use.chain, []).append((use.span.line, use.span.end_line))
        found = known.get(value, [])
        position = bisect_left(found, (at.line, 0))
        return found[position] if position < len(found) else (sys.maxsize, 0)

    @cached_property
    def _by_path(self) -> dict[str, ModuleSummary]:
        return {module.path: module for module in self.program.modules.values()}

    def inlined(self, value: Expression) -> Expression:
        """A call of a project function that just returns a construct, replaced by that construct."""
        if not isinstance(value, Chain):
            return value
        state, rest = self.program.head(value)
        if state.kind == "function" and len(rest) == 1 and isinstance(rest[0], Call):
            definition = self.program.definition(state.id)
            returned = self.program.returned(definition) if definition is not None else ()
            if definition is not None and len(returned) == 1:
                return substitute(returned[0], bound_arguments(definition, rest[0]))
        return value

    def _column(self, body: Body, name: str, call: Call, said: Annotated, at: Location, root: Root) -> None:
        inner = keyword(call, "sa_column")
        if inner is not None:
            call = self.names.call(inner, "Column") or call
        column, keys = self.column(name, call, said, at, root)
        body.columns[name] = column
        body.keys.extend(keys)

    def column(self, field: str, call: Call, said: Annotated, at: Location, root: Root) -> tuple[Column, list[Key]]:
        """The column that ``Column(...)`` or its equals declare under an attribute, with its foreign keys."""
        program = self.program
        name = field
        found: Type | None = None
        extra = [each for each in said.extras if self.names.call(each, "mapped_column", "Column", "Field") is not None]
        calls = [call, *(inner for each in extra if (inner := self.names.call(each, "mapped_column", "Column", "Field")) is not None)]
        targets: list[tuple[Expression | str, str]] = []
        positional = [each for one in calls for each in one.arguments]
        for position, each in enumerate(positional):
            text = literal(program, each)
            if text is not None and position == 0 and root != "sqlmodel":
                name = text
                continue
            key = self.names.call(each, "ForeignKey")
            if key is not None:
                targets.append(self._target(key))
                continue
            found = found or column_type(program, self.names, each)
        for one in calls:
            given = keyword(one, "name")
            if given is not None and literal(program, given):
                name = literal(program, given) or name
            found = found or column_type(program, self.names, keyword(one, "type_", "sa_type"))
            reference = keyword(one, "foreign_key")
            if reference is not None:
                text = literal(program, reference)
                targets.append((text if text is not None else reference, upper(literal(program, keyword(one, "ondelete")))))
        flags = {
            flag: next((program.constant(value) for one in calls if (value := keyword(one, flag)) is not None), None)
            for flag in ("primary_key", "nullable", "unique", "autoincrement")
        }
        primary = flags["primary_key"] is True
        nullable = flags["nullable"]
        if nullable is None:
            nullable = said.optional if said.mapped or root == "sqlmodel" else not primary
        type_ = found or said.type or Type()
        length = next((number for one in calls if isinstance(number := program.constant(keyword(one, "max_length")), int)), type_.max_length)
        defaults = [keyword(one, key) for one in calls for key in ("default", "insert_default", "default_factory", "server_default")]
        default = next((source(each) for each in defaults if each is not None), "")
        column = Column(
            name=name,
            field=field,
            type=type_.name,
            nullable=bool(nullable) and not primary,
            primary_key=primary,
            unique=flags["unique"] is True,
            default="" if default == "None" else default,
            declared=type_.declared,
            choices=type_.choices,
            max_length=length,
            auto=primary and type_.name in ("integer", "big") and flags["autoincrement"] is not False and not targets,
            line=at.line,
        )
        keys = [Key((name,), (field,), target, at, rule, column.unique, column.nullable) for target, rule in targets]
        return column, keys

    def _target(self, key: Call) -> tuple[Expression | str, str]:
        target = argument(key, 0, "column")
        text = literal(self.program, target)
        rule = upper(literal(self.program, keyword(key, "ondelete")))
        return (text if text is not None else target if target is not None else Opaque("")), rule

    def argument_keys(self, classes: list[str], body: Body) -> Iterator[Key]:
        """``ForeignKeyConstraint`` in ``__table_args__``."""
        for owner in classes:
            for value in self.table_arguments(owner, classes[0]):
                at = self.program.at(self.program.module_of(owner), self._line_of(owner, "__table_args__"))
                definition = self.program.definition(owner)
                last = definition.end_line if definition is not None else at.line
                for each in elements(self.program, value) or ():
                    yield from self.constraint(each, at, last, {column.name: column for column in body.columns.values()})

    def _line_of(self, owner: str, name: str) -> int:
        bound = self.program.bindings(owner).get(name)
        if bound:
            return bound[-1].line
        method = self.program.members(owner).get(name)
        return method.line if method is not None else self.program.place(owner).line

    def constraint(self, expression: Expression, at: Location, last: int, columns: dict[str, Column]) -> Iterator[Key]:
        """The key of a ``ForeignKeyConstraint`` in a statement that stands ``at`` a place and ends with the line ``last``."""
        call = self.names.call(expression, "ForeignKeyConstraint")
        if call is None:
            return
        program = self.program
        own = [literal(program, each) or source(each).rpartition(".")[2] for each in elements(program, argument(call, 0, "columns")) or ()]
        targets = elements(program, argument(call, 1, "refcolumns")) or ()
        if own and targets:
            text = literal(program, targets[0])
            nullable = any(columns[each].nullable for each in own if each in columns)
            fields = tuple(columns[each].field if each in columns else each for each in own)
            at = self.own_place(expression, at, last)
            yield Key(tuple(own), fields, text if text is not None else targets[0], at, upper(literal(program, keyword(call, "ondelete"))), False, nullable)  # fmt: skip

    def relation(self, name: str, call: Call, said: Annotated, module: str, at: Location, meaning: str) -> Relation:
        program = self.program
        target = said.target
        given = argument(call, 0, "argument") if meaning != "Relationship" else None
        if isinstance(given, Operation) and given.operator == "lambda":
            given = given.operands[0]
        if given is not None:
            text = literal(program, given)
            if text is not None:
                target = text
            elif isinstance(given, Chain):
                state, _ = program.head(given)
                target = state.id if state.kind == "class" else source(given)
        uselist = keyword(call, "uselist")
        secondary = argument(call, 1, "secondary") if meaning != "Relationship" else keyword(call, "link_model")
        backref = self._backref(keyword(call, "backref"))
        return Relation(
            name=name,
            target=target,
            many=said.many or (program.constant(uselist) is not False and not said.mapped and not said.target),
            at=at,
            secondary=self._secondary_of(secondary, module, at),
            backref=backref,
            back_populates=literal(program, keyword(call, "back_populates")) or "",
            loading=self._loading(call, meaning),
            back=self._loading(self.names.call(keyword(call, "backref"), "backref") or Call(), "backref"),
            join=source(keyword(call, "primaryjoin")),
            foreign_keys=self._key_names(keyword(call, "foreign_keys")),
            remote=self._key_names(keyword(call, "remote_side")),
            listed=program.constant(uselist) is True,
        )

    def _loading(self, call: Call, meaning: str) -> Loading:
        program = self.program
        lazy = literal(program, keyword(call, "lazy")) or ""
        return Loading(
            dynamic=lazy in ("dynamic", "write_only") or meaning == "dynamic_loader",
            eager=lazy in ("joined", "subquery", "selectin", "immediate") or program.constant(keyword(call, "lazy")) is False,
            joined=lazy == "joined" or program.constant(keyword(call, "lazy")) is False,
            passive=program.constant(keyword(call, "passive_deletes")) in (True, "all") or program.constant(keyword(call, "viewonly")) is True,
            cascade=literal(program, keyword(call, "cascade", "cascades")) or "",
        )

    def _key_names(self, expression: Expression | None) -> tuple[str, ...]:
        """Columns in ``foreign_keys=[customer_id]``, ``foreign_keys="Order.customer_id"`` and the like."""
        if expression is None:
            return ()
        if isinstance(expression, Operation) and expression.operator == "lambda":
            expression = expression.operands[0]
        found = elements(self.program, expression) or (expression,)
        return tuple(name for each in found for part in source(each).split(",") if (name := part.rpartition(".")[2].strip("'[] ")))

    def _backref(self, expression: Expression | None) -> str:
        text = literal(self.program, expression)
        if text is not None:
            return text
        call = self.names.call(expression, "backref")
        return literal(self.program, argument(call, 0, "name")) or "" if call is not None else ""

    def table_arguments(self, owner: str, id: str) -> Iterator[Expression]:
        """What ``__table_args__`` holds; where a function of the project puts it together, keywords given to it and what it collects
        from the class ``id``.

        Such functions gather what mixins and the class declare under names that end in ``table_args``.
        """
        for value in self.attribute_values(owner, "__table_args__"):
            yield value
            for part in (value, *(value.items if isinstance(value, Sequence) else ())):
                # ``*auto_table_args(cls, schema="events")`` among others stands as an item.
                if isinstance(part, Chain) and part.steps and isinstance(part.steps[-1], Call) and self.program.head(part)[0].kind == "function":
                    yield Mapping(tuple((Constant(name), given) for name, given in part.steps[-1].keywords if name != "**"))
                    for each in (id, *self.program.ancestors(id)):
                        for name in (*self.program.bindings(each), *self.program.members(each)):
                            if name.endswith("table_args") and name != "__table_args__":
                                yield from self.attribute_values(each, name)

    def attribute_values(self, owner: str, name: str) -> Iterator[Expression]:
        """What a class attribute is set to, in the body or by a ``declared_attr``."""
        bound = self.program.bindings(owner).get(name)
        if bound:
            value = value_of(self.program, bound[-1].value)
            if value is not None:
                yield value
        method = self.program.members(owner).get(name)
        if method is not None:
            yield from self.program.returned(method)

    def _secondary_of(self, expression: Expression | None, module: str, at: Location) -> str:
        """The text or binding of ``secondary=``: a table's name, a ``Table`` object, or a mapped class; linked later."""
        if expression is None or expression == Constant(None):
            return ""
        if isinstance(expression, Operation) and expression.operator == "lambda":
            expression = expression.operands[0]
        text = literal(self.program, expression)
        if text is not None:
            return f"={module}:{text}"
        if isinstance(expression, Chain):
            state, rest = self.program.head(expression)
            names = [each for each in rest if isinstance(each, str)]
            if state.kind in ("binding", "class"):
                return ".".join((state.id, *names))
            inline = self.tables.table(expression, at, "")
            if inline:
                return f"={module}:{inline}"
        return f"?{source(expression)}"



def upper(text: str | None) -> str:
    return (text or "").upper()
