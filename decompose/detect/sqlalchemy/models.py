"""Mapped classes and tables: declarative (all styles), ``Table`` objects, imperative mappings; columns, keys, relationships."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingOf

import msgspec

from decompose.detect.sqlalchemy.names import Names, Root
from decompose.detect.sqlalchemy.types import Annotated, Type, annotated, column_type
from decompose.link.expressions import (
    argument,
    bound_arguments,
    elements,
    entries,
    keyword,
    last_name,
    literal,
    source,
    substitute,
    value_of,
)
from decompose.link.program import Program
from decompose.model.facts import Column, Fact, ForeignKey, Table, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import (
    Binding,
    Call,
    Chain,
    Constant,
    Definition,
    Expression,
    Opaque,
    Operation,
    Sequence,
    Template,
    Use,
)

_COLUMNS = ("Column", "mapped_column", "Field", "column")
_RELATIONS = ("relationship", "relation", "Relationship", "dynamic_loader")
_WRAPPING = ("deferred", "column_property", "query_expression")


class Key(msgspec.Struct, frozen=True):
    """A foreign key before its target is looked up: ``table.column`` as text, or a mapped class's or table's column."""

    columns: tuple[str, ...]
    fields: tuple[str, ...]
    target: Expression | str
    at: Location
    on_delete: str = ""
    unique: bool = False
    nullable: bool = False


class Relation(msgspec.Struct, frozen=True):
    """A ``relationship``. ``target`` is a class id once linked; ``many`` says whether the attribute is a collection."""

    name: str
    target: str
    many: bool
    at: Location
    secondary: str = ""
    backref: str = ""
    back_populates: str = ""
    dynamic: bool = False
    eager: bool = False
    foreign_keys: tuple[str, ...] = ()
    join: str = ""

    def runs_over(self, key: Key) -> bool:
        """Whether nothing that the relationship says excludes this key."""
        if self.foreign_keys:
            return bool(set(self.foreign_keys) & {*key.columns, *key.fields})
        return not self.join or any(re.search(rf"\b{re.escape(each)}\b", self.join) for each in (*key.columns, *key.fields))


class Mapped:
    """A class that maps a table. ``columns`` and ``relations`` go by attribute and include what it inherits."""

    def __init__(self, id: str, table: str) -> None:
        self.id = id
        self.table = table
        self.columns: dict[str, Column] = {}
        self.relations: dict[str, Relation] = {}
        self.parent = ""


class Drafted:
    """A table while it is put together."""

    def __init__(self, id: str, at: Location, model: str) -> None:
        self.id = id
        self.at = at
        self.model = model
        self.models: list[str] = [model] if model else []
        self.columns: dict[str, Column] = {}
        self.keys: list[Key] = []
        self.schema = ""

    def add(self, columns: Iterable[Column]) -> None:
        for column in columns:
            self.columns.setdefault(column.name, column)


class Body(msgspec.Struct):
    """What a class body (or the arguments of ``Table``) declares."""

    columns: dict[str, Column]
    keys: list[Key]
    relations: dict[str, Relation]


class Models:
    """All that the target maps. ``mapped`` goes by class id, ``tables`` by table id, ``objects`` by the binding of a ``Table``."""

    def __init__(self, program: Program, names: Names) -> None:
        self.program = program
        self.names = names
        self.mapped: dict[str, Mapped] = {}
        self.tables: dict[str, Drafted] = {}
        self.objects: dict[str, str] = {}
        self.unresolved: list[Unresolved] = []
        self.symbolic: set[str] = set()
        """Classes that are not mapped themselves but are mixed into mapped ones."""
        self._bodies: dict[str, Body] = {}
        self._by_name: dict[str, list[str]] = {}
        self._snake: dict[str, str] | None = None
        self._relations: list[tuple[str, Relation]] = []
        self._secondary: set[str] = set()
        self._roots = self._declarative()
        self._tables()
        self._classes()
        self._imperative()
        self._link()

    # --- which classes --------------------------------------------------------------------------

    def _declarative(self) -> dict[str, Root]:
        """Base names that make a class declarative, with the way they name tables."""
        found: dict[str, Root] = {}
        seen: set[str] = set()
        for definition in self.program.definitions:
            if definition.kind != "class":
                continue
            for base in (definition.id, *self.program.bases(definition.id)):
                if base not in seen:
                    seen.add(base)
                    root = self.names.root(base)
                    if root is not None:
                        found[base] = root
        return found

    def _classes(self) -> None:
        candidates = {*self.program.subclasses(*self._roots)} - {each for each in self._roots if self.program.definition(each)}
        for definition in self.program.definitions:
            if definition.kind == "class" and any(
                isinstance(each, Chain) and last_name(each) in ("mapped", "mapped_as_dataclass") and self._is_registry(each)
                for each in definition.decorators
            ):
                candidates.add(definition.id)
        ordered = sorted(candidates, key=lambda id: (len([a for a in self.program.ancestors(id) if a in candidates]), id))
        for id in ordered:
            if not self._abstract(id):
                self._map(id)
        for mapped in self.mapped.values():
            for ancestor in self.program.ancestors(mapped.id):
                if ancestor not in self.mapped and self.program.definition(ancestor) is not None:
                    self.symbolic.add(ancestor)

    def _is_registry(self, decorator: Chain) -> bool:
        state, _ = self.program.head(decorator)
        if state.kind == "binding":
            reached = self.program.evaluate_binding(state.id)
            return reached.kind == "result" and self.names.meaning(reached.id) == "registry"
        return False

    def _abstract(self, id: str) -> bool:
        own = self.program.bindings(id).get("__abstract__")
        return own is not None and self.program.constant(own[-1].value) is True

    def _root_of(self, id: str) -> Root:
        found = {self._roots[each] for each in (id, *self.program.ancestors(id)) if each in self._roots}
        return next((each for each in ("flask", "sqlmodel", "alchemy") if each in found), "plain")

    def _map(self, id: str) -> None:
        program = self.program
        definition = program.definition(id)
        assert definition is not None
        root = self._root_of(id)
        if root == "sqlmodel" and not any(name == "table" and program.constant(value) is True for name, value in definition.keywords):
            return
        ancestors = program.ancestors(id)
        parent = next((each for each in ancestors if each in self.mapped), "")
        mixins = [id, *(each for each in ancestors if each not in self.mapped and program.definition(each) is not None)]
        for base in ancestors:
            call = self.names.maker_call(base) if base in self._roots and program.definition(base) is None else None
            given = keyword(call, "cls", "model_class") if call is not None else None
            state = program.head(given)[0] if isinstance(given, Chain) else None
            if state is not None and state.kind == "class" and state.id not in mixins:
                mixins.append(state.id)
        if parent:
            above = set(program.ancestors(parent))
            mixins = [each for each in mixins if each not in above]
        body = self._collected(mixins, root)
        existing = self._given_table(id)
        if existing:
            self._finish(id, existing, parent, body)
            return
        name, reason = self._table_name(id, mixins, parent, root, body)
        if name is None:
            if parent:
                self._finish(id, self.mapped[parent].table, parent, body)
            elif reason:
                self.unresolved.append(Unresolved("table", id.rpartition(".")[2], reason, program.place(id)))
            return
        schema = self._schema(id)
        table_id = f"{schema}.{name}" if schema else name
        draft = self.tables.get(table_id)
        if draft is None:
            draft = self.tables[table_id] = Drafted(table_id, program.place(id), id)
            draft.schema = schema
        elif not draft.model:
            draft.model = id
        self._finish(id, table_id, parent, body)
        draft.keys.extend(self._argument_keys(mixins, body))

    def _finish(self, id: str, table: str, parent: str, body: Body) -> None:
        draft = self.tables[table]
        mapped = self.mapped[id] = Mapped(id, table)
        mapped.parent = parent
        self._by_name.setdefault(id.rpartition(".")[2], []).append(id)
        if not draft.model:
            draft.model = id
        if id not in draft.models:
            draft.models.append(id)
        draft.add(body.columns.values())
        draft.keys.extend(body.keys)
        if parent:
            above = self.mapped[parent]
            mapped.columns.update(above.columns)
            mapped.relations.update(above.relations)
        for column in draft.columns.values() if not body.columns else body.columns.values():
            mapped.columns[column.field or column.name] = column
        for name, relation in body.relations.items():
            mapped.relations[name] = relation
            self._relations.append((id, relation))

    # --- names of tables ------------------------------------------------------------------------

    def _table_name(self, id: str, mixins: list[str], parent: str, root: Root, body: Body) -> tuple[str | None, str]:
        """The table's name, or ``None`` with the reason it is not known (``""`` when the class just has no table of its own)."""
        program = self.program
        class_name = id.rpartition(".")[2]
        for owner in mixins:
            bound = program.bindings(owner).get("__tablename__")
            if bound:
                value = bound[-1].value
                if program.constant(value) is None and isinstance(value_of(program, value), Constant):
                    return None, ""
                name = self._string(value, class_name, owner)
                return name, "" if name else f"its __tablename__ is computed: {source(value)}"
            method = program.members(owner).get("__tablename__")
            if method is not None:
                name = self._returned_name(method, class_name)
                return name, "" if name else "its __tablename__ is computed by a method that is not followed"
        if parent and root != "flask":
            return None, ""
        if root == "flask":
            keyed = any(column.primary_key for column in body.columns.values())
            return (camel_to_snake(class_name), "") if keyed or not parent else (None, "")
        if root == "sqlmodel":
            return class_name.lower(), ""
        if root == "alchemy":
            return camel_to_snake(class_name), ""
        return None, ""

    def _returned_name(self, method: Definition, class_name: str) -> str | None:
        for value in method.returned:
            name = self._string(value, class_name, method.id)
            if name:
                return name
        return None

    def _string(self, expression: Expression, class_name: str, scope: str = "", given: MappingOf[str, str] | None = None, depth: int = 0) -> str | None:
        """A string made from constants and the class's own name, as far as the text fixes it; ``given`` are parameters."""
        if depth > 8:
            return None
        fixed = literal(self.program, expression)
        if fixed is not None:
            return fixed
        given = given or {}
        if isinstance(expression, Template):
            return self._template(expression, class_name, scope, given, depth)
        if isinstance(expression, Operation) and expression.operator == "+":
            parts = [self._string(each, class_name, scope, given, depth + 1) for each in expression.operands]
            return "".join(part for part in parts if part is not None) if all(part is not None for part in parts) else None
        return self._chained(expression, class_name, scope, given, depth) if isinstance(expression, Chain) else None

    def _template(self, template: Template, class_name: str, scope: str, given: MappingOf[str, str], depth: int) -> str | None:
        """A string with holes, filled with what stands in the holes where the text has exactly as many values as holes."""
        parts = template.text.split("{}")
        values = [
            text
            for use in self._uses_of(scope)
            if use.sink in ("other", "argument", "return")
            and (text := self._string(use.chain, class_name, scope, given, depth + 1)) is not None
        ]
        if len(values) != len(parts) - 1:
            return None
        return "".join(each for pair in zip(parts, [*values, ""], strict=True) for each in pair)

    def _uses_of(self, scope: str) -> list[Use]:
        module = self.program.modules.get(self.program.module_of(scope)) if scope else None
        return [use for use in module.uses if use.scope == scope] if module is not None else []

    def _chained(self, chain: Chain, class_name: str, scope: str, given: MappingOf[str, str], depth: int) -> str | None:
        """``cls.__name__.lower()``, ``snake_case(cls.__name__) + "s"``, ``re.sub(pattern, "_", cls.__name__).lower()``."""
        steps = [step for step in chain.steps if isinstance(step, (str, Call))]
        if chain.origin in ("cls", "self", "parameter") and steps[:1] == ["__name__"]:
            return _applied(class_name, steps[1:])
        if chain.origin == "parameter":
            return _applied(given[chain.root], steps) if chain.root in given else None
        state, rest = self.program.head(chain)
        pattern = None
        if state.kind == "binding" and len(rest) > 1 and rest[0] in ("sub", "split") and isinstance(rest[1], Call):
            # NAME = re.compile(r"(?=[A-Z])"); NAME.sub("_", cls.__name__)
            pattern = self._compiled(self.program.value(state.id))
            rest = rest[1:]
        if not rest or not isinstance(rest[0], Call):
            return None
        after = [step for step in rest[1:] if isinstance(step, (str, Call))]
        words = [self._string(each, class_name, scope, given, depth + 1) for each in rest[0].arguments]
        if pattern is not None:
            words = [pattern, *words]
        if (pattern is not None or state.id == "re.sub") and len(words) >= 3:
            made = _substituted(words[0], words[1], words[2])
            return _applied(made, after) if made is not None else None
        if state.kind == "function":
            made = self._of_function(state.id, rest[0], words, class_name, depth)
            return _applied(made, after) if made is not None else None
        named = re.search(r"snake|underscore", state.id.rpartition(".")[2])
        if state.kind == "external" and named and len(words) == 1 and words[0]:
            return _applied(camel_to_snake(words[0]), after)
        return None

    def _compiled(self, expression: Expression | None) -> str | None:
        if isinstance(expression, Chain):
            state, rest = self.program.head(expression)
            if state.id == "re.compile" and rest and isinstance(rest[0], Call):
                return literal(self.program, argument(rest[0], 0, "pattern"))
        return None

    def _of_function(self, function: str, call: Call, words: list[str | None], class_name: str, depth: int) -> str | None:
        """What a function of the project makes of its arguments: by following it, else by recognising a snake-case converter."""
        definition = self.program.definition(function)
        if definition is None:
            return None
        names = [each.name for each in definition.parameters if each.kind in ("positional", "normal")]
        given = {name: word for name, word in zip(names, words, strict=False) if word is not None}
        for name, value in call.keywords:
            word = self._string(value, class_name, "", {}, depth + 1)
            if word is not None:
                given[name] = word
        for value in definition.returned:
            made = self._string(value, class_name, function, given, depth + 1)
            if made is not None:
                return made
        known = [word for word in words if word]
        return camel_to_snake(known[0]) if len(known) == 1 and self._makes_snake(function) else None

    def _makes_snake(self, function: str) -> bool:
        """Whether a function of the project puts underscores between words: by name, or since it splits before capitals."""
        if re.search(r"snake|underscore", function.rpartition(".")[2]):
            return True
        return any(
            isinstance(each, Constant) and isinstance(each.value, str) and "A-Z" in each.value
            for use in self._uses_of(function)
            for step in use.chain.steps
            if isinstance(step, Call)
            for each in step.arguments
        )

    def _given_table(self, id: str) -> str:
        """The table of ``__table__ = Table(...)`` or ``__table__ = users``; ``""`` when the class has none."""
        bound = self.program.bindings(id).get("__table__")
        if not bound:
            return ""
        return self._table_object(bound[-1].value, self.program.at(self.program.module_of(id), bound[-1].line), id)

    def _schema(self, id: str) -> str:
        program = self.program
        for owner in (id, *program.ancestors(id)):
            for value in self._attribute_values(owner, "__table_args__"):
                for mapping in (value, *((value.items[-1:]) if isinstance(value, Sequence) else ())):
                    for key, each in entries(program, mapping):
                        if isinstance(key, Constant) and key.value == "schema":
                            return literal(program, each) or ""
            for value in self._attribute_values(owner, "metadata"):
                call = self.names.call(value, "MetaData")
                if call is not None:
                    return literal(program, argument(call, 1, "schema")) or ""
            call = self.names.maker_call(owner) if owner in self._roots else None
            if call is not None:
                return self._metadata_schema(keyword(call, "metadata"))
        return ""

    def _metadata_schema(self, expression: Expression | None) -> str:
        call = self.names.call(value_of(self.program, expression), "MetaData")
        return literal(self.program, argument(call, 1, "schema")) or "" if call is not None else ""

    def _attribute_values(self, owner: str, name: str) -> Iterator[Expression]:
        """What a class attribute is set to, in the body or by a ``declared_attr``."""
        bound = self.program.bindings(owner).get(name)
        if bound:
            value = value_of(self.program, bound[-1].value)
            if value is not None:
                yield value
        method = self.program.members(owner).get(name)
        if method is not None:
            yield from method.returned

    # --- bodies ---------------------------------------------------------------------------------

    def _collected(self, classes: list[str], root: Root) -> Body:
        collected = Body({}, [], {})
        removed: set[str] = set()
        for owner in classes:
            body = self._body(owner, root)
            for name, column in body.columns.items():
                if name not in collected.columns and name not in removed:
                    collected.columns[name] = column
                    collected.keys.extend(key for key in body.keys if name in key.fields)
            for name, relation in body.relations.items():
                collected.relations.setdefault(name, relation)
            removed.update(name for name, bound in self.program.bindings(owner).items() if bound[-1].value == Constant(None))
        return collected

    def _body(self, owner: str, root: Root) -> Body:
        known = self._bodies.get(owner)
        if known is not None:
            return known
        body = self._bodies[owner] = Body({}, [], {})
        module = self.program.module_of(owner)
        for name, bound in self.program.bindings(owner).items():
            if not name.startswith("__"):
                self._declare(body, name, bound[-1], module, owner, root)
        for name, method in self.program.members(owner).items():
            if any(isinstance(each, Chain) and last_name(each) in ("declared_attr", "cascading") for each in method.decorators):
                for value in method.returned[:1]:
                    binding = Binding(owner, name, value, method.line, method.returns, None)
                    self._declare(body, name, binding, module, owner, root)
        return body

    def _declare(self, body: Body, name: str, binding: Binding, module: str, owner: str, root: Root) -> None:
        at = self.program.at(module, binding.line)
        value = self._inlined(binding.value)
        meaning, rest = self.names.called(value)
        call = rest[0] if rest and isinstance(rest[0], Call) else None
        if meaning in _WRAPPING and call is not None and call.arguments:
            value = self._inlined(call.arguments[0])
            meaning, rest = self.names.called(value)
            call = rest[0] if rest and isinstance(rest[0], Call) else None
        said = annotated(self.program, self.names, binding.annotation_value, module)
        if call is not None and meaning in _RELATIONS:
            body.relations[name] = self._relation(name, call, said, module, at, meaning)
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

    def _inlined(self, value: Expression) -> Expression:
        """A call of a project function that just returns a construct, replaced by that construct."""
        if not isinstance(value, Chain):
            return value
        state, rest = self.program.head(value)
        if state.kind == "function" and len(rest) == 1 and isinstance(rest[0], Call):
            definition = self.program.definition(state.id)
            if definition is not None and len(definition.returned) == 1:
                return substitute(definition.returned[0], bound_arguments(definition, rest[0]))
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
                targets.append((text if text is not None else reference, _upper(literal(program, keyword(one, "ondelete")))))
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
        rule = _upper(literal(self.program, keyword(key, "ondelete")))
        return (text if text is not None else target if target is not None else Opaque("")), rule

    def _argument_keys(self, classes: list[str], body: Body) -> Iterator[Key]:
        """``ForeignKeyConstraint`` in ``__table_args__``."""
        for owner in classes:
            for value in self._attribute_values(owner, "__table_args__"):
                at = self.program.at(self.program.module_of(owner), self._line_of(owner, "__table_args__"))
                for each in elements(self.program, value) or ():
                    yield from self._constraint(each, at, {column.name: column for column in body.columns.values()})

    def _line_of(self, owner: str, name: str) -> int:
        bound = self.program.bindings(owner).get(name)
        if bound:
            return bound[-1].line
        method = self.program.members(owner).get(name)
        return method.line if method is not None else self.program.place(owner).line

    def _constraint(self, expression: Expression, at: Location, columns: dict[str, Column]) -> Iterator[Key]:
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
            yield Key(tuple(own), fields, text if text is not None else targets[0], at, _upper(literal(program, keyword(call, "ondelete"))), False, nullable)  # fmt: skip

    def _relation(self, name: str, call: Call, said: Annotated, module: str, at: Location, meaning: str) -> Relation:
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
        lazy = literal(program, keyword(call, "lazy")) or ""
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
            dynamic=lazy in ("dynamic", "write_only") or meaning == "dynamic_loader",
            eager=lazy in ("joined", "subquery", "selectin", "immediate") or program.constant(keyword(call, "lazy")) is False,
            join=source(keyword(call, "primaryjoin")),
            foreign_keys=self._key_names(keyword(call, "foreign_keys")),
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
            inline = self._table_object(expression, at, "")
            if inline:
                return f"={module}:{inline}"
        return f"?{source(expression)}"

    # --- Table objects --------------------------------------------------------------------------

    def _tables(self) -> None:
        for module in self.program.modules.values():
            for binding in module.bindings:
                if not isinstance(binding.value, Chain) or binding.name == "__table__":
                    continue
                if self.names.call(binding.value, "Table") is not None:
                    table = self._table_object(binding.value, self.program.at(module.name, binding.line), "")
                    if table:
                        self.objects[f"{binding.scope or module.name}.{binding.name}"] = table

    def _table_object(self, expression: Expression, at: Location, model: str) -> str:
        """The id of the table that an expression is: a ``Table(...)`` call, a name bound to one, ``Model.__table__``."""
        program = self.program
        if isinstance(expression, Chain):
            state, rest = program.head(expression)
            if state.kind == "binding" and not rest and state.id in self.objects:
                return self.objects[state.id]
            if state.kind == "class" and rest == ("__table__",) and state.id in self.mapped:
                return self.mapped[state.id].table
        call = self.names.call(expression, "Table")
        if call is None:
            return ""
        name = literal(program, argument(call, 0, "name"))
        if name is None:
            self.unresolved.append(Unresolved("table", source(expression)[:80], "the table's name is computed", at))
            return ""
        metadata = argument(call, 1, "metadata")
        schema = literal(program, keyword(call, "schema")) or self._metadata_schema(metadata)
        id = f"{schema}.{name}" if schema else name
        draft = self.tables.get(id)
        if draft is None:
            draft = self.tables[id] = Drafted(id, at, model)
            draft.schema = schema
        unpacked = elements(program, Sequence(call.arguments[1:])) or ()
        columns: list[Column] = []
        for each in unpacked:
            each = self._inlined(each)
            column_call = self.names.call(each, "Column")
            if column_call is not None:
                label = literal(program, argument(column_call, 0, "name")) or ""
                column, keys = self.column(label, column_call, Annotated(), at, "plain")
                columns.append(column)
                draft.keys.extend(keys)
        draft.add(columns)
        for each in unpacked:
            draft.keys.extend(self._constraint(each, at, {column.name: column for column in columns}))
        return id

    def _imperative(self) -> None:
        """``mapper_registry.map_imperatively(User, users, properties={...})`` and the older ``mapper(User, users)``."""
        for module in self.program.modules.values():
            for use in module.uses:
                if not use.chain.steps or not isinstance(use.chain.steps[-1], Call):
                    continue
                if last_name(use.chain) not in ("map_imperatively", "mapper"):
                    continue
                call = use.chain.steps[-1]
                target, table = argument(call, 0, "class_"), argument(call, 1, "local_table")
                if not isinstance(target, Chain) or table is None:
                    continue
                state, rest = self.program.head(target)
                at = self.program.at(module.name, use.span.line)
                found = self._table_object(table, at, "")
                if state.kind == "class" and not rest and found and state.id not in self.mapped:
                    self._finish(state.id, found, "", self._properties(keyword(call, "properties"), module.name, at))
                elif state.kind == "class" and not rest and not found:
                    self.unresolved.append(Unresolved("table", source(target), "it is mapped to a table that is not followed", at))

    def _properties(self, expression: Expression | None, module: str, at: Location) -> Body:
        body = Body({}, [], {})
        for key, value in entries(self.program, expression):
            name = literal(self.program, key)
            call = self.names.call(value, *_RELATIONS)
            if name and call is not None:
                body.relations[name] = self._relation(name, call, Annotated(), module, at, "relationship")
        return body

    # --- linking --------------------------------------------------------------------------------

    def _link(self) -> None:
        for id, mapped in self.mapped.items():
            for name, relation in list(mapped.relations.items()):
                mapped.relations[name] = self._linked(relation, self.program.module_of(id), mapped)
        for id, relation in self._relations:
            linked = self.mapped[id].relations.get(relation.name)
            if linked is None or not linked.target:
                if relation.target:
                    reason = "no mapped class of the target has this name" if linked is None or not self._by_name.get(relation.target.rpartition(".")[2]) else "several mapped classes have this name"  # fmt: skip
                    self.unresolved.append(Unresolved("relationship", relation.target, reason, relation.at))
                else:
                    self.unresolved.append(Unresolved("relationship", relation.name, "its target is computed", relation.at))
                continue
            if linked.secondary:
                self._secondary.add(linked.secondary)
            if linked.backref:
                back = Relation(
                    name=linked.backref,
                    target=id,
                    many=bool(linked.secondary) or not linked.many,
                    at=linked.at,
                    secondary=linked.secondary,
                    back_populates=linked.name,
                    foreign_keys=linked.foreign_keys,
                    join=linked.join,
                )
                self.mapped[linked.target].relations.setdefault(linked.backref, back)
        for mapped in self.mapped.values():
            if mapped.parent:
                for name, relation in self.mapped[mapped.parent].relations.items():
                    mapped.relations.setdefault(name, relation)

    def _linked(self, relation: Relation, module: str, owner: Mapped) -> Relation:
        target = self.model_named(relation.target, module)
        secondary = self._linked_secondary(relation.secondary, module)
        many = relation.many
        if many and target and not relation.secondary and not relation.dynamic:
            many = self._is_collection(owner, target, relation)
        return msgspec.structs.replace(relation, target=target, secondary=secondary, many=many)

    def _is_collection(self, owner: Mapped, target: str, relation: Relation) -> bool:
        """Without an annotation the direction decides: a key on this side makes it a single object."""
        table = self.mapped[target].table
        ours = [key for key in self.tables[owner.table].keys if self._key_table(key) == table]
        ours = [key for key in ours if relation.runs_over(key)]
        return not ours if owner.table != table else not any(set(relation.foreign_keys) & set(key.columns + key.fields) for key in ours)

    def _linked_secondary(self, text: str, module: str) -> str:
        if not text or text.startswith("?"):
            return ""
        if text.startswith("="):
            name = text.partition(":")[2]
            if name in self.tables:
                return name
            state = self.program.resolve(f"{module}.{name}")
            text = state.id
        if text in self.objects:
            return self.objects[text]
        text = text.removesuffix(".__table__")
        return self.mapped[text].table if text in self.mapped else ""

    def eager(self, id: str) -> tuple[str, ...]:
        """Tables that are loaded together with a model, since its relationships say so (``lazy="joined"``); one step deep."""
        mapped = self.mapped.get(id)
        if mapped is None:
            return ()
        tables = [
            table
            for relation in mapped.relations.values()
            if relation.eager and relation.target
            for table in (self.mapped[relation.target].table, relation.secondary)
            if table
        ]
        return tuple(dict.fromkeys(tables))

    def conventional(self, name: str) -> tuple[str, bool]:
        """The model that a variable's name suggests (``topic``, ``topics``), and whether it suggests several; ``""`` if none."""
        for id, many in ((self._by_snake().get(name, ""), False), (self._by_snake().get(name.removesuffix("s"), ""), True)):
            if id:
                return id, many
        return "", False

    def _by_snake(self) -> dict[str, str]:
        if self._snake is None:
            self._snake = {}
            for class_name, ids in self._by_name.items():
                if len(ids) == 1:
                    self._snake[camel_to_snake(class_name)] = ids[0]
        return self._snake

    def model_named(self, text: str, module: str = "") -> str:
        """The mapped class that a relationship's text means: an id, or a class name with as much of its path as it takes."""
        if not text or text in self.mapped:
            return text
        found = [id for id in self._by_name.get(text.rpartition(".")[2], ()) if id == text or id.endswith(f".{text}")]
        if len(found) > 1 and module:
            near = self.program.resolve(f"{module}.{text}")
            if near.id in found:
                return near.id
            package = module.rpartition(".")[0]
            found = [id for id in found if id.startswith(f"{package}.")] or found
        return found[0] if len(found) == 1 else ""

    def declared(self, owner: str) -> frozenset[str]:
        """Attributes that a class body declares as columns or relationships."""
        body = self._body(owner, self._root_of(owner))
        return frozenset({*body.columns, *body.relations})

    def _key_table(self, key: Key) -> str:
        """The table that a key points to; ``""`` when the text does not say."""
        target = key.target
        if isinstance(target, Operation) and target.operator == "lambda":
            target = target.operands[0]
        if isinstance(target, str):
            return target.rpartition(".")[0]
        if isinstance(target, Chain):
            state, _ = self.program.head(target)
            if state.kind == "class" and state.id in self.mapped:
                return self.mapped[state.id].table
            if state.kind == "binding" and state.id in self.objects:
                return self.objects[state.id]
        if isinstance(target, Template) and target.text.count("{}") == 0:
            return target.text.rpartition(".")[0]
        return ""

    # --- facts ----------------------------------------------------------------------------------

    def facts(self) -> Iterator[Fact]:
        """Tables, foreign keys and what could not be followed."""
        for draft in self.tables.values():
            yield self._table(draft)
        for draft in self.tables.values():
            yield from self._foreign_keys(draft)
        yield from self._many_to_many()
        yield from self.unresolved

    def _table(self, draft: Drafted) -> Table:
        only_keys = all(column.primary_key or column.name in {c for key in draft.keys for c in key.columns} for column in draft.columns.values())
        joins = draft.id in self._secondary and not draft.model and only_keys
        return Table(
            id=draft.id,
            model=draft.model,
            at=draft.at,
            origin="sqlalchemy",
            kind="join" if joins else "entity",
            label=draft.model.rpartition(".")[2],
            models=tuple(dict.fromkeys((*([draft.model] if draft.model else []), *sorted(draft.models)))),
            columns=tuple(self._typed(draft, column) for column in draft.columns.values()),
        )

    def _typed(self, draft: Drafted, column: Column, depth: int = 0) -> Column:
        """A column without a type of its own has that of the column it refers to."""
        if column.type != "other" or column.declared or depth > 4:
            return column
        for key in draft.keys:
            if key.columns == (column.name,):
                target = self.tables.get(self._key_table(key))
                name = key.target.rpartition(".")[2] if isinstance(key.target, str) else source(key.target).rpartition(".")[2]
                if target is not None and name in target.columns:
                    found = self._typed(target, target.columns[name], depth + 1)
                    return msgspec.structs.replace(column, type=found.type, max_length=found.max_length)
        return column

    def _foreign_keys(self, draft: Drafted) -> Iterator[Fact]:
        primary = [column.name for column in draft.columns.values() if column.primary_key]
        seen: set[tuple[tuple[str, ...], str]] = set()
        for key in draft.keys:
            target = self._key_table(key)
            if not target:
                yield Unresolved("foreign key", source(key.target) if not isinstance(key.target, str) else key.target, "its target is computed", key.at)  # fmt: skip
                continue
            if isinstance(key.target, str) and target not in self.tables and draft.schema and f"{draft.schema}.{target}" in self.tables:
                target = f"{draft.schema}.{target}"
            if (key.columns, target) in seen:
                continue
            seen.add((key.columns, target))
            single = key.unique or primary == list(key.columns)
            drafted = self.tables.get(target)
            model, target_model = draft.model, drafted.model if drafted is not None else ""
            yield ForeignKey(
                table=draft.id,
                column=",".join(key.columns),
                field=",".join(key.fields),
                target=target,
                kind="one-to-one" if single else "many-to-one",
                at=key.at,
                on_delete=key.on_delete,
                accessor=self._accessor(model, target_model, key),
                nullable=key.nullable,
                model=model,
                target_model=target_model,
            )

    def _accessor(self, model: str, target_model: str, key: Key) -> str:
        """The attribute on the target's side: a backref, or the relationship over there that leads back here."""
        if model not in self.mapped or target_model not in self.mapped:
            return ""
        here = [r for r in self.mapped[model].relations.values() if r.target == target_model and not r.secondary and r.runs_over(key)]
        for relation in here:
            if relation.backref or relation.back_populates:
                return relation.backref or relation.back_populates
        there = [r for r in self.mapped[target_model].relations.values() if r.target == model and not r.secondary and r.runs_over(key)]
        return there[0].name if len(there) == 1 and model != target_model else ""

    def _many_to_many(self) -> Iterator[ForeignKey]:
        seen: set[tuple[str, str, str]] = set()
        for id, declared in sorted(self._relations, key=lambda pair: (pair[1].at, pair[0])):
            relation = self.mapped[id].relations[declared.name]
            if not relation.secondary or not relation.target:
                continue
            table, target = self.mapped[id].table, self.mapped[relation.target].table
            first, second = sorted((table, target))
            mirrored = relation.back_populates and (first, second, relation.secondary) in seen
            if mirrored or (table, relation.name, relation.secondary) in seen:
                continue
            seen |= {(first, second, relation.secondary), (table, relation.name, relation.secondary)}
            yield ForeignKey(
                table=table,
                column="",
                field=relation.name,
                target=target,
                kind="many-to-many",
                at=relation.at,
                accessor=relation.backref or relation.back_populates,
                through=relation.secondary,
                model=id,
                target_model=relation.target,
            )


def camel_to_snake(name: str) -> str:
    """``CamelCase`` as Flask-SQLAlchemy writes it: ``HTTPLog`` is ``http_log``, ``Item2`` is ``item2``."""
    return re.sub(r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))", r"_\1", name).lower().lstrip("_")


_HARMLESS = re.compile(r"[\w()?<!=^$\[\]\-+*|.\\ ]{1,80}")


def _substituted(pattern: str | None, replacement: str | None, text: str | None) -> str | None:
    """``re.sub`` for patterns that cannot run away: short, few repetitions, none of a group."""
    if pattern is None or replacement is None or text is None or len(text) > 200:
        return None
    if not _HARMLESS.fullmatch(pattern) or re.search(r"\)[+*?{]", pattern) or len(re.findall(r"[+*]", pattern)) > 2:
        return None
    try:
        return re.sub(pattern, replacement, text)
    except re.error:
        return None


def _applied(text: str, steps: list[str | Call]) -> str | None:
    """String methods applied one after the other; ``None`` at one that is not known."""
    position = 0
    while position < len(steps):
        name = steps[position]
        call = steps[position + 1] if position + 1 < len(steps) else None
        if not isinstance(name, str) or not isinstance(call, Call):
            return None
        words = [each.value for each in call.arguments if isinstance(each, Constant) and isinstance(each.value, str)]
        if name in ("lower", "upper", "capitalize", "title", "casefold") and not call.arguments:
            text = str(getattr(text, name)())
        elif name == "replace" and len(words) == 2:
            text = text.replace(words[0], words[1])
        elif name in ("removesuffix", "removeprefix", "strip", "lstrip", "rstrip") and len(words) <= 1:
            text = str(getattr(text, name)(*words))
        else:
            return None
        position += 2
    return text


def _upper(text: str | None) -> str:
    return (text or "").upper()
