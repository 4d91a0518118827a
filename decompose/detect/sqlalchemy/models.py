"""Mapped classes and tables: declarative (all styles), ``Table`` objects, imperative mappings, and the relationships between them."""

from __future__ import annotations

import msgspec

from decompose.detect.sqlalchemy.bodies import RELATIONS, Bodies
from decompose.detect.sqlalchemy.drafts import Body, Drafted, Key, Mapped, Relation
from decompose.detect.sqlalchemy.names import Names, Root
from decompose.detect.sqlalchemy.tablenames import TableNames, camel_to_snake
from decompose.detect.sqlalchemy.types import Annotated
from decompose.link.expressions import argument, elements, entries, keyword, last_name, literal, source, value_of
from decompose.link.program import Program
from decompose.model.facts import Column, Mode, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import Call, Chain, Constant, Expression, Operation, Sequence, Template

_EAGER = 4
"""Relationships loaded along that are followed from one model: SQLAlchemy itself joins no deeper without being told to."""


class Models:
    """All that the target maps. ``mapped`` goes by class id, ``tables`` by table id, ``objects`` by the binding of a ``Table``."""

    def __init__(self, program: Program, names: Names) -> None:
        self.program = program
        self.names = names
        self.mapped: dict[str, Mapped] = {}
        self.tables: dict[str, Drafted] = {}
        self.objects: dict[str, str] = {}
        self.unresolved: list[Unresolved] = []
        self._eager: dict[str, dict[str, bool]] = {}
        self._cascades: dict[str, tuple[tuple[str, Mode], ...]] = {}
        self.symbolic: set[str] = set()
        """Classes that are not mapped themselves but are mixed into mapped ones."""
        self.naming = TableNames(program)
        self.bodies = Bodies(program, names, self)
        self._by_name: dict[str, list[str]] = {}
        self._by_table: dict[str, list[str]] | None = None
        self._snake: dict[str, str] | None = None
        self.declared_relations: list[tuple[str, Relation]] = []
        self.secondary: set[str] = set()
        self._roots = self._declarative()
        self._tables()
        self._classes()
        self._imperative()
        self._link()

    # --- which classes ----------------------------------------------------------------------------

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
        ordered = sorted(candidates, key=lambda id: (self._is_snapshot(id), len([a for a in self.program.ancestors(id) if a in candidates]), id))
        for id in ordered:
            if not self._abstract(id):
                self._map(id)
        for mapped in self.mapped.values():
            for ancestor in self.program.ancestors(mapped.id):
                if ancestor not in self.mapped and self.program.definition(ancestor) is not None:
                    self.symbolic.add(ancestor)

    def _is_snapshot(self, id: str) -> bool:
        """Whether a class or table stands in an Alembic migration: what it says was so once, and is not the model of its table."""
        held = self.program.bindings(self.program.module_of(id))
        return "down_revision" in held and "revision" in held

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
        body = self.bodies.collected(mixins, root)
        existing = self._given_table(id)
        if existing:
            self._finish(id, existing, parent, body)
            return
        name, reason = self.naming.table_name(id, mixins, parent, root, body)
        if name is None:
            if parent:
                self._finish(id, self.mapped[parent].table, parent, body)
            elif reason:
                self.unresolved.append(Unresolved("table", id.rpartition(".")[2], reason, program.place(id)))
            return
        schema = self._schema(id)
        table_id = f"{schema}.{name}" if schema else name
        draft = self.tables.get(table_id)
        if self._is_snapshot(id):
            if draft is not None:
                self._remembered(id, table_id, body)
            return
        if draft is None:
            draft = self.tables[table_id] = Drafted(table_id, program.place(id), id)
            draft.schema = schema
        elif not draft.model:
            draft.model = id
        self._finish(id, table_id, parent, body)
        draft.keys.extend(self.bodies.argument_keys(mixins, body))

    def _remembered(self, id: str, table: str, body: Body) -> None:
        """A migration's own picture of a table: followed where the migration uses it."""
        mapped = self.mapped[id] = Mapped(id, table)
        mapped.columns.update({column.field or column.name: column for column in body.columns.values()})

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
            self.declared_relations.append((id, relation))

    # --- tables of classes ------------------------------------------------------------------------

    def _given_table(self, id: str) -> str:
        """The table of ``__table__ = Table(...)`` or ``__table__ = users``; ``""`` when the class has none."""
        bound = self.program.bindings(id).get("__table__")
        if not bound:
            return ""
        return self.table(bound[-1].value, self.program.at(self.program.module_of(id), bound[-1].line), id)

    def _schema(self, id: str) -> str:
        program = self.program
        for owner in (id, *program.ancestors(id)):
            for value in self.bodies.table_arguments(owner, id):
                for mapping in (value, *((value.items[-1:]) if isinstance(value, Sequence) else ())):
                    for key, each in entries(program, mapping):
                        if isinstance(key, Constant) and key.value == "schema":
                            return literal(program, each) or ""
            for value in self.bodies.attribute_values(owner, "metadata"):
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

    # --- Table objects ----------------------------------------------------------------------------

    def _tables(self) -> None:
        for module in self.program.modules.values():
            if self._is_snapshot(module.name):
                continue
            for binding in module.bindings:
                if not isinstance(binding.value, Chain) or binding.name == "__table__":
                    continue
                if self.names.call(binding.value, "Table") is not None:
                    table = self.table(binding.value, self.program.at(module.name, binding.line), "")
                    if table:
                        self.objects[f"{binding.scope or module.name}.{binding.name}"] = table
        for module, use in self.program.uses.calling(("Table",)):
            # A table that only its name in strings refers to.
            if use.sink == "discard" and not use.scope and not self._is_snapshot(module.name) and self.names.call(use.chain, "Table") is not None:
                self.table(use.chain, self.program.at(module.name, use.span.line), "")

    def table(self, expression: Expression, at: Location, model: str) -> str:
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
        _, last = self.bodies.lines(expression, at)
        columns: list[Column] = []
        for each in unpacked:
            column_call = self.names.call(self.bodies.inlined(each), "Column")
            if column_call is not None:
                label = literal(program, argument(column_call, 0, "name")) or ""
                column, keys = self.bodies.column(label, column_call, Annotated(), self.bodies.own_place(each, at, last), "plain")
                columns.append(column)
                draft.keys.extend(keys)
        draft.add(columns)
        for each in unpacked:
            draft.keys.extend(self.bodies.constraint(each, at, last, {column.name: column for column in columns}))
        return id

    def _imperative(self) -> None:
        """``mapper_registry.map_imperatively(User, users, properties={...})`` and the older ``mapper(User, users)``."""
        for module, use in self.program.uses.calling(("map_imperatively", "mapper")):
            if not use.chain.steps or not isinstance(use.chain.steps[-1], Call) or last_name(use.chain) not in ("map_imperatively", "mapper"):
                continue
            call = use.chain.steps[-1]
            target, table = argument(call, 0, "class_"), argument(call, 1, "local_table")
            if not isinstance(target, Chain) or table is None:
                continue
            state, rest = self.program.head(target)
            at = self.program.at(module.name, use.span.line)
            found = self.table(table, at, "")
            if state.kind == "class" and not rest and found and state.id not in self.mapped:
                self._finish(state.id, found, "", self._properties(keyword(call, "properties"), module.name, at))
            elif state.kind == "class" and not rest and not found:
                self.unresolved.append(Unresolved("table", source(target), "it is mapped to a table that is not followed", at))

    def _properties(self, expression: Expression | None, module: str, at: Location) -> Body:
        body = Body({}, [], {}, {})
        for key, value in entries(self.program, expression):
            name = literal(self.program, key)
            call = self.names.call(value, *RELATIONS)
            if name and call is not None:
                body.relations[name] = self.bodies.relation(name, call, Annotated(), module, at, "relationship")
        return body

    # --- linking ----------------------------------------------------------------------------------

    def _link(self) -> None:
        for id, mapped in self.mapped.items():
            for name, relation in list(mapped.relations.items()):
                mapped.relations[name] = self._linked(relation, self.program.module_of(id), mapped)
        for id, relation in self.declared_relations:
            linked = self.mapped[id].relations.get(relation.name)
            if linked is None or not linked.target:
                if relation.target:
                    reason = "no mapped class of the target has this name" if linked is None or not self._by_name.get(relation.target.rpartition(".")[2]) else "several mapped classes have this name"  # fmt: skip
                    self.unresolved.append(Unresolved("relationship", relation.target, reason, relation.at))
                else:
                    self.unresolved.append(Unresolved("relationship", relation.name, "its target is computed", relation.at))
                continue
            if linked.secondary:
                self.secondary.add(linked.secondary)
            if linked.backref:
                back = Relation(
                    name=linked.backref,
                    target=id,
                    many=bool(linked.secondary) or not linked.many,
                    at=linked.at,
                    secondary=linked.secondary,
                    back_populates=linked.name,
                    loading=linked.back,
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
        if many and target and not relation.secondary and not relation.loading.dynamic:
            many = self._is_collection(owner, target, relation)
        return msgspec.structs.replace(relation, target=target, secondary=secondary, many=many)

    def _is_collection(self, owner: Mapped, target: str, relation: Relation) -> bool:
        """Without an annotation the direction decides: a key on this side makes it a single object."""
        table = self.mapped[target].table
        ours = [key for key in self.tables[owner.table].keys if self.key_table(key) == table]
        ours = [key for key in ours if relation.runs_over(key)]
        if owner.table == table and relation.remote and not relation.listed:
            # Of a table with itself: the remote side is the key where there are several, and what it points to where there is one.
            return any(set(relation.remote) & set(key.columns + key.fields) for key in ours)
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

    # --- answers ----------------------------------------------------------------------------------

    def eager(self, id: str) -> dict[str, bool]:
        """Tables that are loaded together with a model, since its relationships and theirs say so; true for those that the same statement joins."""
        known = self._eager.get(id)
        if known is None:
            known = self._eager[id] = {}
            waiting, seen = [(id, True)], {id}
            for _ in range(_EAGER):
                following = []
                for each, joined in waiting:
                    for relation in self.mapped[each].relations.values() if each in self.mapped else ():
                        if relation.loading.eager and relation.target:
                            along = joined and relation.loading.joined
                            for table in filter(None, (self.mapped[relation.target].table, relation.secondary)):
                                known[table] = along or known.get(table, False)
                            if relation.target not in seen:
                                seen.add(relation.target)
                                following.append((relation.target, along))
                waiting = following
        return known

    def deleted_along(self, id: str) -> tuple[tuple[str, Mode], ...]:
        """Tables that a session reads and changes when it deletes an instance: cascades, keys set to null, rows of join tables."""
        known = self._cascades.get(id)
        if known is None:
            found: dict[tuple[str, Mode], None] = {}
            waiting, seen = [id], {id}
            while waiting:
                mapped = self.mapped.get(waiting.pop())
                for relation in mapped.relations.values() if mapped is not None else ():
                    if not relation.target or relation.loading.passive:
                        continue
                    target = self.mapped[relation.target].table
                    if relation.secondary:
                        found[relation.secondary, "read"] = found[relation.secondary, "write"] = found[target, "read"] = None
                    elif self.points_here(mapped, relation) or relation.loading.deletes:
                        found[target, "read"] = found[target, "write"] = None
                    if relation.loading.deletes and relation.target not in seen:
                        seen.add(relation.target)
                        waiting.append(relation.target)
            known = self._cascades[id] = tuple(found)
        return known

    def points_here(self, owner: Mapped | None, relation: Relation) -> bool:
        """Whether the key of a relationship is on the other side."""
        return owner is not None and (relation.many or self._is_collection(owner, relation.target, relation))

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

    def named(self, text: str) -> str:
        """The only mapped class that a string names, by itself or by its table; ``""`` when there is none or several."""
        if self._by_table is None:
            self._by_table = {}
            for id, mapped in self.mapped.items():
                for name in {mapped.table, mapped.table.rpartition(".")[2]}:
                    self._by_table.setdefault(name.lower(), []).append(id)
        found = self.model_named(text)
        by_table = self._by_table.get(text.lower(), [])
        return found or (by_table[0] if len(by_table) == 1 else "")

    def declared(self, owner: str) -> frozenset[str]:
        """Attributes that a class body declares as columns or relationships."""
        body = self.bodies.body(owner, self._root_of(owner))
        return frozenset({*body.columns, *body.relations})

    def key_table(self, key: Key) -> str:
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
