"""Pony: entities with their tables and keys, many-to-many tables, and the calls and generators that read or write entities."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from decompose.link.expressions import argument, keyword, last_bound, literal, source, value_of
from decompose.link.program import Program
from decompose.link.records import Attribute, Calls, Rows, attributes, uses
from decompose.model.facts import Access, Column, Fact, ForeignKey, Mode, Table, Transaction, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import Call, Chain, Constant, Expression, Operation, Sequence

_DATABASES = frozenset({"pony.orm.Database", "pony.orm.core.Database"})
_ATTRIBUTES = frozenset({"Required", "Optional", "PrimaryKey", "Set", "Discriminator"})
_SIMPLE: dict[str, str] = {
    "builtins.int": "integer", "builtins.str": "string", "builtins.bool": "boolean", "builtins.float": "float", "builtins.bytes": "binary",
    "builtins.buffer": "binary", "builtins.unicode": "string", "builtins.long": "big", "decimal.Decimal": "decimal", "datetime.date": "date",
    "datetime.datetime": "datetime", "datetime.time": "time", "datetime.timedelta": "duration", "uuid.UUID": "uuid",
    "pony.orm.LongStr": "text", "pony.orm.LongUnicode": "text", "pony.orm.Json": "json", "pony.orm.IntArray": "json",
    "pony.orm.StrArray": "json", "pony.orm.FloatArray": "json", "pony.orm.buffer": "binary",
}  # fmt: skip
_READS = frozenset({"get", "select", "select_random", "exists", "select_by_sql", "get_by_sql", "get_for_update", "filter", "order_by"})
_INSTANCE_WRITES = frozenset({"delete", "set"})
_GENERATORS: dict[str, Mode] = dict.fromkeys(("select", "get", "exists", "count", "sum", "avg", "min", "max", "left_join", "distinct", "group_concat"), "read")
_GENERATORS["delete"] = "write"
_UNITS = frozenset({"pony.orm.db_session", "pony.orm.core.db_session"})


def detect(program: Program) -> Iterator[Fact]:
    """Tables, keys, accesses and transactions; nothing when the target does not import Pony."""
    if "pony" in program.imported:
        yield from Pony(program).facts()


def _attribute(dotted: str) -> str:
    package, _, last = dotted.rpartition(".")
    return last if last in _ATTRIBUTES and package.startswith("pony.") else ""


class Mapped(msgspec.Struct, frozen=True):
    """An entity: ``root`` is the entity whose table it shares, ``attributes`` include what it inherits."""

    id: str
    root: str
    table: str
    attributes: dict[str, Attribute]


class Pony:
    """All entities of the target, then what is done with them."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.mapped: dict[str, Mapped] = {}
        self.by_name: dict[str, list[str]] = {}

    def facts(self) -> Iterator[Fact]:
        entities = self._entities()
        for id, root in sorted(entities.items()):
            name = self._declared_name(root)
            parents = tuple(each for each in self.program.ancestors(id) if each in entities)
            self.mapped[id] = Mapped(id, root, name or root.rpartition(".")[2], attributes(self.program, id, _attribute, parents))
            self.by_name.setdefault(id.rpartition(".")[2], []).append(id)
        yield from self._tables()
        for model in self.mapped.values():
            for each in model.attributes.values():
                if each.owner == model.id:
                    yield from self._relation(model, each)
        yield from self._accesses()
        yield from self._transactions()

    # --- tables ---------------------------------------------------------------------------------------

    def _entities(self) -> dict[str, str]:
        """Every entity with the entity whose table it lives in: the topmost one that it inherits from."""
        program = self.program
        bases = [f"{id}.Entity" for id in self._databases()]
        handed = [each.id for each in program.definitions if each.kind == "class" and any(self._is_handed(each.id, base) for base in each.bases)]
        known = frozenset((*program.subclasses(*bases, *handed), *handed))
        return {id: next((each for each in reversed(program.ancestors(id)) if each in known), id) for id in known}

    def _is_handed(self, class_id: str, base: Expression) -> bool:
        """``db.Entity`` of a database that a function is given, in a module that imports Pony."""
        if not isinstance(base, Chain) or base.steps[-1:] != ("Entity",):
            return False
        if base.origin == "instance":
            return self.program.head(base)[0].id in _DATABASES
        module = self.program.modules[self.program.module_of(class_id)]
        return base.origin in ("parameter", "local") and any(each.module.partition(".")[0] == "pony" for each in module.imports)

    def _databases(self) -> Iterator[str]:
        for module in self.program.modules.values():
            for binding in module.bindings:
                value = binding.value
                if isinstance(value, Chain) and value.origin == "global" and self.program.head(value)[0].id in _DATABASES:
                    yield f"{binding.scope or module.name}.{binding.name}"

    def _declared_name(self, id: str) -> str:
        bound = self.program.bindings(id).get("_table_")
        value = value_of(self.program, bound[-1].value) if bound else None
        if isinstance(value, Sequence):
            return ".".join(literal(self.program, each) or "?" for each in value.items)
        return literal(self.program, value) or ""

    def _tables(self) -> Iterator[Fact]:
        columns: dict[str, dict[str, Column]] = {}
        models: dict[str, list[str]] = {}
        for id, model in self.mapped.items():
            models.setdefault(model.root, []).append(id)
            found = columns.setdefault(model.root, {})
            for each in model.attributes.values():
                for column in self._columns(model, each):
                    found.setdefault(column.name, column)
        for root, ids in models.items():
            found = columns[root]
            ordered = [root, *sorted(each for each in ids if each != root)]
            if len(ordered) > 1 and not any(column.declared == "pony.orm.Discriminator" for column in found.values()):
                found["classtype"] = Column("classtype", "classtype", "string", declared="pony.orm.Discriminator")
            if not any(column.primary_key for column in found.values()):
                found = {"id": Column("id", "id", "integer", primary_key=True, auto=True, declared="pony.orm.PrimaryKey"), **found}
            table = self.mapped[root].table
            yield Table(
                table, root, self.program.place(root), "pony", "entity", root.rpartition(".")[2], tuple(ordered), tuple(found.values())
            )  # fmt: skip

    def _columns(self, model: Mapped, each: Attribute) -> Iterator[Column]:
        """The columns of an attribute: none for a collection and for the side of a one-to-one relation that holds no key."""
        if each.maker == "Set":
            return
        target = self._target(each)
        if target is not None and not self._holds_key(self.mapped[each.owner], each, target):
            return
        program, call = self.program, each.call
        given = argument(call, 0)
        kind = _SIMPLE.get(program.head(given)[0].id, "other") if isinstance(given, Chain) else "other"
        names = self._composite_key(target) if target is not None else ()
        name = literal(program, keyword(call, "column")) or each.name
        length = program.constant(argument(call, 1, "max_len"))
        inherited = model.root != each.owner
        for column in [f"{each.name}_{part}" for part in names] if len(names) > 1 else [name]:
            yield Column(
                column,
                each.name,
                "integer" if target is not None else kind,
                nullable=(each.maker == "Optional" and kind not in ("string", "text")) or inherited or program.constant(keyword(call, "nullable")) is True,
                primary_key=each.maker == "PrimaryKey" or each.name in self._composite(each.owner),
                unique=program.constant(keyword(call, "unique")) is True,
                default=source(keyword(call, "default")),
                declared=f"pony.orm.{each.maker}",
                max_length=length if kind == "string" and isinstance(length, int) else None,
                auto=program.constant(keyword(call, "auto")) is True,
                line=each.at.line,
            )

    def _composite(self, id: str) -> tuple[str, ...]:
        """Attributes named by a ``PrimaryKey(a, b)`` that stands alone in a class body."""
        module = self.program.modules.get(self.program.module_of(id))
        for use in module.uses if module is not None else ():
            if use.scope == id and use.sink == "discard" and self.program.head(use.chain)[0].id == "pony.orm.PrimaryKey":
                call = use.chain.steps[-1]
                arguments = call.arguments if isinstance(call, Call) else ()
                return tuple(each.root.rpartition(".")[2] for each in arguments if isinstance(each, Chain))
        return ()

    def _composite_key(self, target: Mapped) -> tuple[str, ...]:
        return self._composite(target.root)

    # --- relations ------------------------------------------------------------------------------------

    def _target(self, each: Attribute) -> Mapped | None:
        """The entity that an attribute refers to: a class, its name, or a ``lambda`` that gives the class."""
        given = argument(each.call, 0)
        if isinstance(given, Operation) and given.operator == "lambda" and given.operands:
            given = given.operands[0]
        if isinstance(given, Chain):
            return self.mapped.get(self.program.head(given)[0].id)
        found = self.by_name.get(literal(self.program, given) or "", [])
        near = [id for id in found if self.program.module_of(id) == self.program.module_of(each.owner)]
        chosen = found if len(found) == 1 else near
        return self.mapped[chosen[0]] if len(chosen) == 1 else None

    def _reverse(self, model: Mapped, each: Attribute, target: Mapped) -> Attribute | None:
        """The attribute on the other side, as ``reverse=`` says or as the only one that points back."""
        named = keyword(each.call, "reverse")
        name = literal(self.program, named) or (named.root.rpartition(".")[2] if isinstance(named, Chain) else "")
        candidates = []
        for other in target.attributes.values():
            back = self._target(other)
            if back is None or back.id != model.id or (other is each):
                continue
            said = keyword(other.call, "reverse")
            if said is not None and (literal(self.program, said) or source(said)).rpartition(".")[2] != each.name:
                continue
            if not name or other.name == name:
                candidates.append(other)
        if not candidates and target.id == model.id:
            return each
        return candidates[0] if len(candidates) == 1 else None

    def _holds_key(self, model: Mapped, each: Attribute, target: Mapped) -> bool:
        """Of a one-to-one relation the required side holds the key; of two optional ones the one that names its column or comes first."""
        other = self._reverse(model, each, target)
        if other is None or other.maker == "Set":
            return True
        if each.maker in ("Required", "PrimaryKey"):
            return True
        if other.maker in ("Required", "PrimaryKey"):
            return False
        if keyword(each.call, "column", "columns") is not None or keyword(other.call, "column", "columns") is not None:
            return keyword(each.call, "column", "columns") is not None
        mine, theirs = model.id.rpartition(".")[2], target.id.rpartition(".")[2]
        return (mine, each.name) <= (theirs, other.name)

    def _relation(self, model: Mapped, each: Attribute) -> Iterator[Fact]:
        target = self._target(each)
        if target is None:
            given = argument(each.call, 0)
            simple = isinstance(given, Chain) and self.program.head(given)[0].kind == "external"
            if (isinstance(given, Constant) and isinstance(given.value, str)) or (each.maker == "Set" and not simple):
                yield Unresolved("foreign-key", source(given)[:160], "the entity that it points to is not known", each.at)
            return
        other = self._reverse(model, each, target)
        if each.maker == "Set":
            if other is not None and other.maker == "Set":
                yield from self._many(model, each, target, other)
            return
        if not self._holds_key(model, each, target):
            return
        single = other is not None and other.maker != "Set"
        for column in self._columns(model, each):
            yield ForeignKey(
                model.table,
                column.name,
                each.name,
                target.table,
                "one-to-one" if single else "many-to-one",
                each.at,
                self._on_delete(each, other, column),
                other.name if other is not None and other is not each else "",
                nullable=column.nullable,
                model=model.id,
                target_model=target.id,
            )

    def _on_delete(self, each: Attribute, other: Attribute | None, column: Column) -> str:
        given = self.program.constant(keyword(other.call, "cascade_delete")) if other is not None else None
        cascades = given if given is not None else other is not None and other.maker == "Set" and each.maker in ("Required", "PrimaryKey")
        if cascades:
            return "CASCADE"
        return "SET NULL" if each.maker == "Optional" and column.nullable else ""

    def _many(self, model: Mapped, each: Attribute, target: Mapped, other: Attribute) -> Iterator[Fact]:
        mine, theirs = model.id.rpartition(".")[2], target.id.rpartition(".")[2]
        symmetric = other is each
        name = self._join_name(each) or self._join_name(other)
        if not name:
            first, second = sorted((mine, theirs))
            name = f"{mine}_{each.name}" if symmetric else f"{first}_{second}"
        if (mine, each.name) > (theirs, other.name):
            return  # the other side says the same
        yield ForeignKey(
            model.table, "", each.name, target.table, "many-to-many", each.at, "", other.name if not symmetric else "", name,
            model=model.id, target_model=target.id,
        )  # fmt: skip
        ends = [(column, model) for column in self._join_columns(other, model)]
        taken = {column for column, _ in ends}
        ends += [(f"{column}_2" if column in taken else column, target) for column in self._join_columns(each, target)]
        columns = tuple(Column(column, column, "integer", primary_key=True) for column, _ in ends)
        yield Table(name, "", each.at, "pony", "join", columns=columns)
        for column, end in ends:
            yield ForeignKey(name, column, column, end.table, "many-to-one", each.at, "CASCADE", target_model=end.id)

    def _join_name(self, each: Attribute) -> str:
        value = value_of(self.program, keyword(each.call, "table"))
        if isinstance(value, Sequence):
            return ".".join(literal(self.program, part) or "?" for part in value.items)
        return literal(self.program, value) or ""

    def _join_columns(self, each: Attribute, end: Mapped) -> list[str]:
        """The columns of a join table that hold the key of the entity at one end."""
        given = literal(self.program, keyword(each.call, "column"))
        name = end.id.rpartition(".")[2].lower()
        parts = self._composite_key(end)
        return [given] if given else [f"{name}_{part}" for part in parts] if len(parts) > 1 else [name]

    # --- accesses -------------------------------------------------------------------------------------

    def _model(self, id: str) -> str:
        return id if id in self.mapped else ""

    def _accesses(self) -> Iterator[Fact]:
        seen: set[Access] = set()
        rows = Rows(self.program, self._model)
        for _, use, scope, at in uses(self.program) if self.mapped else ():
            called = rows.calls(use)
            touched = list(self._touched(called)) if called is not None else list(self._generated(use.chain))
            for id, mode in touched:
                access = Access(scope, self.mapped[id].table, mode, at, "orm", called is None or called.certain)
                if access not in seen:
                    seen.add(access)
                    yield access

    def _touched(self, called: Calls) -> Iterator[tuple[str, Mode]]:
        names = [name for name, _ in called.calls]
        if called.subscripted:
            yield called.model, "read"
        if called.instance and not called.continued and not names:
            yield called.model, "write"  # ``Person(name=...)`` is the insertion
        elif not called.instance and not called.continued and names and names[0] in _READS:
            yield called.model, "read"
        if names and names[-1] in _INSTANCE_WRITES and (called.instance or called.continued or called.subscripted or len(names) > 1):
            yield called.model, "write"

    def _generated(self, chain: Chain) -> Iterator[tuple[str, Mode]]:
        """``select(p for p in Person for c in p.cars)``: the entities that the generator goes over."""
        if chain.origin not in ("global", "builtin") or not chain.steps:
            return
        state, rest = self.program.head(chain)
        last = state.id.rpartition(".")[2]
        if not state.id.startswith("pony.orm.") or last not in _GENERATORS or not rest or not isinstance(rest[0], Call) or last_bound(chain):
            return
        for given in rest[0].arguments[:1]:
            if isinstance(given, Operation) and given.operator == "for":
                for each in given.operands[1:]:
                    if isinstance(each, Chain) and (id := self.program.head(each)[0].id) in self.mapped:
                        yield id, _GENERATORS[last]
            elif isinstance(given, Chain) and (id := self.program.head(given)[0].id) in self.mapped:
                yield id, _GENERATORS[last]

    def _transactions(self) -> Iterator[Transaction]:
        for module in self.program.modules.values():
            for block in module.blocks:
                if self._is_unit(block.manager):
                    yield Transaction(block.scope or module.name, Location(module.path, block.line), block.end_line)
            for definition in module.definitions:
                if any(self._is_unit(each) for each in definition.decorators):
                    yield Transaction(definition.id, Location(module.path, definition.line), definition.end_line, "decorator")

    def _is_unit(self, expression: Expression) -> bool:
        return isinstance(expression, Chain) and expression.origin == "global" and self.program.head(expression)[0].id in _UNITS
