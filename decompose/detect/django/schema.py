"""What a model is to us: fields, tables, relations and their reverse sides."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from decompose.model.location import Location
from decompose.model.syntax import Expression

SINGULAR = ("fk", "o2o")
"""Kinds of fields whose column holds the key of one row elsewhere."""


@dataclass(eq=False, slots=True, repr=False)
class Field:
    """A declared field. ``kind``: ``column fk o2o m2m generic`` (GenericForeignKey) ``collection`` (GenericRelation).

    ``expression`` is the relation's target as written; ``target`` the model it means. ``model`` is the concrete model that has the
    field. ``column`` is ``""`` for fields without one. ``at`` is where the field is written, which may be an abstract base.
    """

    name: str
    kind: str
    type: str
    declared: str
    at: Location | None
    scope: str = ""
    column: str = ""
    nullable: bool = False
    unique: bool = False
    primary: bool = False
    auto: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    max_length: int | None = None
    expression: Expression | str | None = None
    on_delete: str = ""
    related_name: str | None = None
    related_query_name: str | None = None
    parent_link: bool = False
    virtual: bool = False
    """A ``ForeignObject``: a relation over columns that other fields declare, without a key of its own."""
    symmetrical: bool = False
    """A many-to-many relation of a model with itself that has no other side."""
    through_expression: Expression | str | None = None
    through: Model | None = None
    join: str = ""
    target: Model | None = None
    model: Model | None = None
    _between: Model | None = None

    @property
    def ends(self) -> tuple[str, str]:
        """The names of the two keys in the join table that Django makes for a many-to-many field."""
        assert self.model is not None and self.target is not None
        own, other = self.model.name.lower(), self.target.name.lower()
        return (f"from_{own}", f"to_{own}") if self.target.concrete is self.model else (own, other)

    @property
    def between(self) -> Model | None:
        """The model between the two sides of a many-to-many field: the one it goes through, else Django's own, which no text names and so has no id."""
        if self.through is None and self._between is None and self.join and self.model is not None and self.target is not None:
            made = self._between = Model("", f"{self.model.name}_{self.name}", self.model.app, self.join, self.at)
            for name, target in zip(self.ends, (self.model, self.target), strict=True):
                key = Field(name, "fk", "other", "django.db.models.ForeignKey", self.at, column=f"{name}_id", target=target, model=made)
                made.local[name] = made.attributes[key.column] = key
        return self.through or self._between


@dataclass(eq=False, slots=True, repr=False)
class Reverse:
    """The target's side of a relation: ``source`` has the field ``field``; ``many`` when the accessor is a related manager."""

    source: Model
    field: Field
    accessor: str
    query: str
    many: bool


@dataclass(eq=False, slots=True, repr=False)
class ModelManager:
    """A manager or query set class by id; ``""`` where Django's own is used."""

    manager: str = ""
    queryset: str = ""


@dataclass(eq=False, slots=True, repr=False)
class Model:
    """A model class. ``local`` are the fields of its own table, ``parents`` the concrete models it extends.

    ``origin`` is ``""`` for the project's own and the library's dotted class for others. ``installed`` is false when no installed
    application holds it, so that Django does not know it.
    """

    id: str
    name: str
    app: str
    table: str
    at: Location | None
    origin: str = ""
    abstract: bool = False
    proxy: bool = False
    installed: bool = True
    auto_field: str = ""
    related_name: str = ""
    ordered: bool = False
    bases: tuple[Model, ...] = ()
    parents: tuple[Model, ...] = ()
    specs: dict[str, Field] = field(default_factory=dict)
    local: dict[str, Field] = field(default_factory=dict)
    managers: dict[str, ModelManager] = field(default_factory=dict)
    accessors: dict[str, Reverse] = field(default_factory=dict)
    queries: dict[str, Reverse] = field(default_factory=dict)
    attributes: dict[str, Field] = field(default_factory=dict)
    referenced: bool = False
    history: Model | None = None
    _tables: tuple[str, ...] | None = None

    @property
    def label(self) -> str:
        return f"{self.app}.{self.name}"

    @property
    def concrete(self) -> Model:
        """The model whose table it maps: itself unless it is a proxy."""
        each = self
        while each.proxy and each.parents:
            each = each.parents[0]
        return each

    @property
    def lineage(self) -> tuple[Model, ...]:
        """Itself and every concrete or proxied model above it, nearest first."""
        found: dict[Model, None] = {self: None}
        for parent in self.parents:
            found.update(dict.fromkeys(parent.lineage))
        return tuple(found)

    @property
    def tables(self) -> tuple[str, ...]:
        """Its table and those of the models it extends; none for an abstract model."""
        if self._tables is None:
            self._tables = tuple(dict.fromkeys(each.table for each in self.lineage if each.table and not each.abstract and not each.proxy))
        return self._tables

    @property
    def written(self) -> tuple[str, ...]:
        """The tables that saving an instance writes: its own and those of its history."""
        return self.tables + self.history.tables if self.history is not None else self.tables

    def field(self, name: str) -> Field | None:
        """The field with this name, column name or, for ``pk``, the primary key; also of the models it extends."""
        found = self.local.get(name) or self.attributes.get(name)
        if found is not None:
            return found
        for each in self.lineage if self.parents else ():
            found = each.local.get(name) or each.attributes.get(name)
            if found is not None:
                return found
        return self.key if name == "pk" else None

    def accessor(self, name: str) -> Reverse | None:
        """The reverse relation behind an attribute of its instances."""
        for each in self.lineage if self.parents else (self,):
            if name in each.accessors:
                return each.accessors[name]
        return None

    def reached(self, pattern: str) -> tuple[str, ...]:
        """The tables behind all its relations whose names fit a text with holes (``{}config_set``)."""
        fits = re.compile(".+".join(map(re.escape, pattern.split("{}")))).fullmatch
        found: dict[str, None] = {}
        for each in self.lineage:
            for name, relation in each.local.items():
                if relation.target is not None and fits(name):
                    found.update(dict.fromkeys(relation.target.tables))
            for name, reverse in each.accessors.items():
                if fits(name):
                    found.update(dict.fromkeys(reverse.source.tables))
        return tuple(found)

    def query(self, name: str) -> Reverse | None:
        """The reverse relation behind a name in a lookup."""
        for each in self.lineage:
            if name in each.queries:
                return each.queries[name]
        return None

    @property
    def key(self) -> Field | None:
        """Its primary key."""
        return next((each for each in self.concrete.local.values() if each.primary), None)
