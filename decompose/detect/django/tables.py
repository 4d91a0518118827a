"""Tables and foreign keys as facts."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.detect.django.models import Registry
from decompose.detect.django.schema import SINGULAR, Field, Model
from decompose.model.facts import Column, ForeignKey, StringReference, Table, Unresolved
from decompose.model.location import Location


class TableReader:
    """Turns a registry into facts."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.program = registry.program
        self.settings = registry.settings

    def facts(self) -> Iterator[Table | ForeignKey | Unresolved | StringReference]:
        """Tables and foreign keys of all concrete models, and of libraries' models as far as they are referred to."""
        proxies: dict[Model, list[str]] = {}
        for model in self.registry.models.values():
            if model.proxy:
                proxies.setdefault(model.concrete, []).append(model.id)
        for model in sorted(self.registry.models.values(), key=lambda each: (each.table, each.id)):
            if model.abstract or model.proxy:
                if model.proxy and model.concrete.origin:
                    model.concrete.referenced = True
                continue
            if model.origin or not model.installed:
                continue
            yield self._table(model, proxies.get(model, []))
            for each in model.local.values():
                yield from self._relation(model, each)
        for model in sorted(self.registry.models.values(), key=lambda each: each.table):
            if model.origin and model.referenced:
                yield self._table(model, proxies.get(model, []))
        for model in self.registry.models.values():
            if not model.installed and not model.abstract and model.at is not None:
                yield Unresolved("model", model.id, "its module belongs to no installed application, so Django does not load it", model.at)
        yield from dict.fromkeys(self.registry.unresolved)
        yield from dict.fromkeys(self.registry.strings)

    def _table(self, model: Model, proxies: list[str]) -> Table:
        at = model.at or self._library_place()
        columns = tuple(self._column(each) for each in model.local.values() if each.column)
        kind = "framework" if model.origin else "entity"
        return Table(model.table, model.id, at, "django", "framework" if kind == "framework" else "entity", model.label, (model.id, *sorted(proxies)), columns)

    def _library_place(self) -> Location:
        """Libraries' models have no line in the project; the list of installed applications brings them in."""
        for binding in self.settings.bindings("INSTALLED_APPS"):
            for module in (self.settings.primary, *self.settings.modules):
                if binding in self.program.bindings(module).get("INSTALLED_APPS", ()):
                    return self.program.at(module, binding.line)
        first = next(iter(self.program.modules.values()))
        return Location(first.path, 1)

    def _column(self, each: Field) -> Column:
        kind, length = self._column_type(each, 0)
        return Column(
            each.column, each.name, kind, each.nullable, each.primary, each.unique or each.primary, each.default, each.declared, each.choices, length,
            each.auto, each.at.line if each.at else 0,
        )  # fmt: skip

    def _column_type(self, each: Field, depth: int) -> tuple[str, int | None]:
        if each.kind in SINGULAR and each.target is not None and depth < 8:
            key = each.target.key
            return self._column_type(key, depth + 1) if key is not None else ("integer", None)
        return each.type, each.max_length

    def _relation(self, model: Model, each: Field) -> Iterator[Table | ForeignKey]:
        if each.target is None or each.kind not in ("fk", "o2o", "m2m") or each.virtual:
            return
        target = each.target.concrete
        at = each.at or model.at or self._library_place()
        accessor = each.related_name or ""
        if each.kind != "m2m":
            kind = "many-to-one" if each.kind == "fk" else "one-to-one"
            yield ForeignKey(
                model.table, each.column, each.name, target.table, "many-to-one" if kind == "many-to-one" else "one-to-one", at, each.on_delete,
                accessor, "", each.nullable, model.id, each.target.id,
            )  # fmt: skip
            return
        if each.through is None:
            yield self._join(model, each, target, at)
        join = each.through.table if each.through is not None else each.join
        yield ForeignKey(model.table, each.name, each.name, target.table, "many-to-many", at, "", accessor, join, False, model.id, each.target.id)

    def _join(self, model: Model, each: Field, target: Model, at: Location) -> Table:
        keys = [self._column_type(key, 0) if (key := end.key) else ("integer", None) for end in (model, target)]
        columns = (
            Column("id", "id", self.registry.automatic_key(model).type, primary_key=True, unique=True, auto=True, line=at.line),
            *(Column(f"{name}_id", name, kind, max_length=length, line=at.line) for name, (kind, length) in zip(each.ends, keys, strict=True)),
        )
        return Table(each.join, "", at, "django", "join", f"{model.app}.{model.name}_{each.name}", (), columns)
