"""Odoo: models and their extensions by ``_name`` and ``_inherit``, tables, keys, relation tables, ``env["model"]`` accesses, and controllers' routes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

import msgspec

from decompose.link.expressions import argument, elements, entries, keyword, last_bound, literal, source
from decompose.link.program import Program
from decompose.link.records import Attribute, attributes
from decompose.model.facts import Access, Column, Fact, ForeignKey, Mode, Route, Table, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import Binding, Bound, Call, Chain, Definition, Item, Use

_PACKAGES = frozenset({"odoo", "openerp"})
_MODELS = tuple(f"{package}.models.{name}" for package in sorted(_PACKAGES) for name in ("Model", "TransientModel"))
_ABSTRACT = tuple(f"{package}.models.AbstractModel" for package in sorted(_PACKAGES))

_TYPES: dict[str, str] = {
    "Integer": "integer", "Float": "float", "Monetary": "decimal", "Char": "string", "Text": "text", "Html": "text", "Boolean": "boolean",
    "Date": "date", "Datetime": "datetime", "Binary": "binary", "Image": "binary", "Selection": "string", "Reference": "string",
    "Many2one": "integer", "Many2oneReference": "integer", "Id": "integer", "Json": "json", "Properties": "json", "PropertiesDefinition": "json",
    "Serialized": "json",
}  # fmt: skip
_ROUTES = frozenset(f"{package}.http.route" for package in _PACKAGES)
_COLLECTIONS = frozenset({"One2many", "Many2many"})

_READS = frozenset(
    {
        "search", "browse", "read", "search_read", "search_count", "read_group", "_read_group", "search_fetch", "name_search", "mapped", "filtered",
        "exists", "web_read_group", "formatted_read_group", "name_get",
    }
)  # fmt: skip
_WRITES = frozenset({"create", "write", "unlink", "copy", "name_create", "toggle_active", "action_archive", "action_unarchive", "update"})
_PASSING = frozenset({"sudo", "with_context", "with_user", "with_company", "with_env", "with_prefetch"})


def detect(program: Program) -> Iterator[Fact]:
    """Tables, keys and accesses; nothing when the target does not import Odoo."""
    if not program.imported.isdisjoint(_PACKAGES):
        yield from Odoo(program).facts()


def _field(dotted: str) -> str:
    package, _, last = dotted.rpartition(".")
    known = last in _TYPES or last in _COLLECTIONS
    return last if known and package.endswith(".fields") and package.partition(".")[0] in _PACKAGES else ""


class Part(msgspec.Struct, frozen=True):
    """One class of the target that makes a model or extends one. ``parents`` are the models that it takes fields from."""

    id: str
    name: str
    parents: tuple[str, ...]
    abstract: bool
    fields: dict[str, Attribute]

    @property
    def extends(self) -> bool:
        return self.name in self.parents


class Odoo:
    """All models of the target by name; a model's fields are those of all classes that make it up."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.parts: dict[str, list[Part]] = {}
        self.by_class: dict[str, str] = {}
        self.unresolved: list[Unresolved] = []
        self._tables: dict[str, str] = {}

    def facts(self) -> Iterator[Fact]:
        for id in self.program.subclasses(*_MODELS, *_ABSTRACT):
            part = self._part(id)
            if part is not None:
                self.parts.setdefault(part.name, []).append(part)
                self.by_class[id] = part.name
        joins: dict[str, Fact] = {}
        for name, parts in sorted(self.parts.items()):
            if self._stored(name):
                yield from self._table(name, parts)
                yield from self._keys(name, joins)
        yield from self.unresolved
        yield from self._accesses()
        yield from self._routes()

    # --- models ---------------------------------------------------------------------------------------

    def _declared(self, id: str, name: str) -> Binding | None:
        bound = self.program.bindings(id).get(name)
        return bound[-1] if bound else None

    def _part(self, id: str) -> Part | None:
        program = self.program
        named, inherited = self._declared(id, "_name"), self._declared(id, "_inherit")
        name = literal(program, named.value) if named is not None else None
        parents: tuple[str, ...] = ()
        if inherited is not None:
            single = literal(program, inherited.value)
            several = elements(program, inherited.value)
            parents = (single,) if single else tuple(text for each in several or () if (text := literal(program, each)))
        if name is None and named is None and parents:
            name = parents[0]
        if name is None:
            if named is not None:
                self.unresolved.append(Unresolved("table", source(named.value)[:160], "the model's name is computed", program.place(id)))
            return None
        if name not in parents and named is not None and inherited is None:
            parents = ()
        abstract = program.inherits(id, *_ABSTRACT) and not program.inherits(id, *_MODELS)
        return Part(id, name, parents, abstract, attributes(program, id, _field))

    def _stored(self, name: str) -> bool:
        """Whether the target itself makes the model's table or adds to a table of a library."""
        made = [part for part in self.parts.get(name, ()) if not part.extends]
        if made:
            return not all(part.abstract for part in made)
        return not all(part.abstract for part in self.parts.get(name, ())) and any(part.fields for part in self.parts.get(name, ()))

    def _table_of(self, name: str) -> str:
        known = self._tables.get(name)
        if known is None:
            given = next((literal(self.program, found.value) for part in self.parts.get(name, ()) if (found := self._declared(part.id, "_table"))), None)
            known = self._tables[name] = given or name.replace(".", "_")
        return known

    def _fields(self, name: str, seen: frozenset[str] = frozenset()) -> dict[str, Attribute]:
        """Fields of a model by name: of its classes, then of the models and mixins that they inherit from."""
        if name in seen:
            return {}
        found: dict[str, Attribute] = {}
        for part in self.parts.get(name, ()):
            for each in part.fields.values():
                known = found.get(each.name)
                # An extension that says ``fields.Many2one(string="...")`` changes a field and keeps what it points at.
                if known is None or argument(known.call, 0, "comodel_name", "relation", "related", "compute") is None:
                    found[each.name] = each
        for part in self.parts.get(name, ()):
            for parent in part.parents:
                for each in self._fields(parent, seen | {name}).values():
                    found.setdefault(each.name, each)
        return found

    def _is_stored(self, field: Attribute) -> bool:
        program, call = self.program, field.call
        stored = program.constant(keyword(call, "store"))
        if stored is not None:
            return stored is True
        if field.maker in ("Binary", "Image") and program.constant(keyword(call, "attachment")) is not False:
            return False
        return keyword(call, "compute") is None and keyword(call, "related") is None

    def _table(self, name: str, parts: list[Part]) -> Iterator[Fact]:
        first = next((part for part in parts if not part.extends), parts[0])
        columns = {"id": Column("id", "id", "integer", primary_key=True, auto=True, declared="odoo.fields.Id")}
        for field in self._fields(name).values():
            if field.maker not in _COLLECTIONS and self._is_stored(field):
                columns[field.name] = self._column(field)
        models = tuple(dict.fromkeys((first.id, *(part.id for part in parts))))
        kind: Literal["entity", "framework"] = "framework" if first.extends else "entity"
        yield Table(self._table_of(name), first.id, self.program.place(first.id), "odoo", kind, name, models, tuple(columns.values()))

    def _column(self, field: Attribute) -> Column:
        required = self.program.constant(keyword(field.call, "required")) is True
        size = self.program.constant(keyword(field.call, "size"))
        kind = _TYPES[field.maker]
        if field.maker == "Float" and keyword(field.call, "digits") is not None:
            kind = "decimal"
        default = source(keyword(field.call, "default"))
        return Column(
            field.name, field.name, kind, nullable=not required, default=default, declared=f"odoo.fields.{field.maker}",
            max_length=size if isinstance(size, int) else None, line=field.at.line,
        )  # fmt: skip

    # --- relations ------------------------------------------------------------------------------------

    def _keys(self, name: str, joins: dict[str, Fact]) -> Iterator[Fact]:
        made = any(not part.extends for part in self.parts[name])
        inherited = self._fields(name)
        own = {id(each) for part in self.parts[name] for each in part.fields.values()}
        for field in inherited.values():
            if not made and id(field) not in own:
                continue
            if field.maker == "Many2one" and self._is_stored(field):
                yield from self._key(name, field)
            elif field.maker == "Many2many" and self._is_stored(field):
                yield from self._many(name, field, joins)
        for part in self.parts[name]:
            delegated = self._declared(part.id, "_inherits")
            for key, value in entries(self.program, delegated.value) if delegated is not None else ():
                parent, column = literal(self.program, key), literal(self.program, value)
                if parent and column and delegated is not None and column not in inherited:
                    at = self.program.at(self.program.module_of(part.id), delegated.line)
                    yield self._reference(name, column, parent, at, "CASCADE", part.id, False)

    def _comodel(self, field: Attribute) -> str | None:
        return literal(self.program, argument(field.call, 0, "comodel_name"))

    def _reference(self, name: str, column: str, target: str, at: Location, on_delete: str, model: str, nullable: bool) -> ForeignKey:
        return ForeignKey(
            self._table_of(name), column, column, self._table_of(target), "many-to-one", at, on_delete, nullable=nullable, model=model,
            target_model=self._class_of(target),
        )  # fmt: skip

    def _class_of(self, name: str) -> str:
        parts = self.parts.get(name, [])
        return next((part.id for part in parts if not part.extends), parts[0].id if parts else "")

    def _key(self, name: str, field: Attribute) -> Iterator[Fact]:
        target = self._comodel(field)
        if target is None:
            if argument(field.call, 0, "comodel_name") is not None:
                yield Unresolved("foreign-key", source(argument(field.call, 0, "comodel_name"))[:160], "the model that it points to is computed", field.at)
            return
        required = self.program.constant(keyword(field.call, "required")) is True
        on_delete = literal(self.program, keyword(field.call, "ondelete")) or ("restrict" if required else "set null")
        yield self._reference(name, field.name, target, field.at, on_delete.upper(), self._class_of(name), not required)

    def _many(self, name: str, field: Attribute, joins: dict[str, Fact]) -> Iterator[Fact]:
        program, call = self.program, field.call
        target = self._comodel(field)
        if target is None:
            if argument(call, 0, "comodel_name") is not None:
                yield Unresolved("foreign-key", source(argument(call, 0, "comodel_name"))[:160], "the model that it points to is computed", field.at)
            return
        mine, theirs = self._table_of(name), self._table_of(target)
        relation = literal(program, argument(call, 1, "relation")) or "{}_{}_rel".format(*sorted((mine, theirs)))
        first = literal(program, argument(call, 2, "column1")) or f"{mine}_id"
        second = literal(program, argument(call, 3, "column2")) or f"{theirs}_id"
        yield ForeignKey(
            mine, "", field.name, theirs, "many-to-many", field.at, "", "", relation, model=self._class_of(name), target_model=self._class_of(target)
        )  # fmt: skip
        if relation in joins or any(self._table_of(each) == relation for each in self.parts):
            return
        columns = tuple(Column(column, column, "integer", primary_key=True) for column in (first, second))
        joins[relation] = table = Table(relation, "", field.at, "odoo", "join", columns=columns)
        yield table
        for column, end in ((first, name), (second, target)):
            yield ForeignKey(relation, column, column, self._table_of(end), "many-to-one", field.at, "CASCADE", target_model=self._class_of(end))

    # --- controllers ----------------------------------------------------------------------------------

    def _routes(self) -> Iterator[Fact]:
        """``@http.route(["/shop", "/shop/<int:page>"], type="http", methods=["GET"])`` on methods of controllers."""
        for module in self.program.modules.values():
            for definition in module.definitions:
                for decorator in definition.decorators:
                    call = decorator.steps[-1] if isinstance(decorator, Chain) and decorator.steps else None
                    if isinstance(call, Call) and isinstance(decorator, Chain) and self.program.head(decorator)[0].id in _ROUTES:
                        yield from self._routed(definition, call, Location(module.path, definition.line))

    def _routed(self, definition: Definition, call: Call, at: Location) -> Iterator[Fact]:
        given = argument(call, 0, "route")
        if given is None:
            return  # a controller that extends another says its route anew only to change options
        remote = literal(self.program, keyword(call, "type")) in ("json", "jsonrpc")
        listed = elements(self.program, keyword(call, "methods"))
        methods = tuple(sorted(name.upper() for each in listed or () if (name := literal(self.program, each)))) or (("POST",) if remote else ())
        for each in elements(self.program, given) or (given,):
            path = literal(self.program, each)
            if path is None:
                yield Unresolved("route", source(each)[:160], "the path is computed", at)
            else:
                yield Route(methods, path, definition.id, at, "odoo", kind="api" if remote else "view")

    # --- accesses -------------------------------------------------------------------------------------

    def _accesses(self) -> Iterator[Fact]:
        for module in self.program.modules.values():
            seen: set[Access] = set()
            for use in module.uses:
                name, start, certain = self._records(use)
                modes = list(_modes(use.chain, max(start, last_bound(use.chain)))) if start or name else []
                if modes and not name:
                    yield Unresolved("access", source(use.chain)[:160], "the model's name is computed", Location(module.path, use.span.line))
                for mode in modes if name else ():
                    access = Access(use.scope or module.name, self._table_of(name), mode, Location(module.path, use.span.line), "orm", certain)
                    if access not in seen:
                        seen.add(access)
                        yield access

    def _records(self, use: Use) -> tuple[str, int, bool]:
        """The model whose records an expression begins with, where its own steps begin, and whether that is certain."""
        steps = use.chain.steps
        for index, (step, following) in enumerate(pairwise(steps)):
            if step == "env" and isinstance(following, Item):
                named = isinstance(following.key, str)
                after = steps[index + 2 :]
                bounds = [each for each in after if isinstance(each, Bound)]
                return str(following.key) if named else "", index + 2, all(each.certain for each in bounds)
        if use.chain.origin == "self" and use.chain.root in self.by_class:
            name = self.by_class[use.chain.root]
            made = [part for part in self.parts[name] if not part.abstract]
            return (name, 0, True) if made and steps and steps[0] in _READS | _WRITES | _PASSING else ("", 0, False)
        return "", 0, False


def _modes(chain: Chain, start: int) -> Iterator[Mode]:
    """What the methods after the records do to their table; what follows another field belongs to another table."""
    for step, following in pairwise(chain.steps[start:]):
        if not isinstance(step, str):
            continue
        if not isinstance(following, Call):
            return
        if step in _READS:
            yield "read"
        elif step in _WRITES:
            yield "write"
        elif step not in _PASSING:
            return
