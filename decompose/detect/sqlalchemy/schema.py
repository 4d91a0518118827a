"""Facts from mapped classes and tables: tables with their columns, foreign keys, many-to-many relations."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from decompose.detect.sqlalchemy.drafts import Drafted, Key
from decompose.detect.sqlalchemy.models import Models
from decompose.link.expressions import source
from decompose.model.facts import Column, Fact, ForeignKey, StringReference, Table, Unresolved


class Schema:
    """What a program maps, as facts."""

    def __init__(self, models: Models) -> None:
        self.models = models

    def facts(self) -> Iterator[Fact]:
        """Tables, foreign keys and what could not be followed."""
        for draft in self.models.tables.values():
            yield self._table(draft)
        for draft in self.models.tables.values():
            yield from self._foreign_keys(draft)
        yield from self._many_to_many()
        yield from self._named_models()
        yield from self.models.unresolved

    def _named_models(self) -> Iterator[StringReference]:
        """Relationships that name the class on the other side by a string: nothing is imported for them."""
        for id, declared in self.models.declared_relations:
            linked = self.models.mapped[id].relations.get(declared.name)
            if linked is not None and linked.target and declared.target != linked.target:
                yield StringReference(id, "model", declared.target, linked.target, declared.at)

    def _table(self, draft: Drafted) -> Table:
        only_keys = all(column.primary_key or column.name in {c for key in draft.keys for c in key.columns} for column in draft.columns.values())
        joins = draft.id in self.models.secondary and not draft.model and only_keys
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
                target = self.models.tables.get(self.models.key_table(key))
                name = key.target.rpartition(".")[2] if isinstance(key.target, str) else source(key.target).rpartition(".")[2]
                if target is not None and name in target.columns:
                    found = self._typed(target, target.columns[name], depth + 1)
                    return msgspec.structs.replace(column, type=found.type, max_length=found.max_length)
        return column

    def _foreign_keys(self, draft: Drafted) -> Iterator[Fact]:
        primary = [column.name for column in draft.columns.values() if column.primary_key]
        seen: set[tuple[tuple[str, ...], str]] = set()
        for key in draft.keys:
            target = self.models.key_table(key)
            if not target:
                yield Unresolved("foreign key", source(key.target) if not isinstance(key.target, str) else key.target, "its target is computed", key.at)  # fmt: skip
                continue
            if isinstance(key.target, str) and target not in self.models.tables and draft.schema and f"{draft.schema}.{target}" in self.models.tables:
                target = f"{draft.schema}.{target}"
            if (key.columns, target) in seen:
                continue
            seen.add((key.columns, target))
            single = key.unique or primary == list(key.columns)
            drafted = self.models.tables.get(target)
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
                relation=self._relation(model, target_model, key),
            )

    def _relation(self, model: str, target_model: str, key: Key) -> str:
        """The relationship that gives the row which a key refers to."""
        if model not in self.models.mapped or not target_model:
            return ""
        relations = self.models.mapped[model].relations.values()
        found = [each.name for each in relations if each.target == target_model and not each.secondary and not each.many and each.runs_over(key)]
        return found[0] if found else ""

    def _accessor(self, model: str, target_model: str, key: Key) -> str:
        """The attribute on the target's side: a backref, or the relationship over there that leads back here."""
        if model not in self.models.mapped or target_model not in self.models.mapped:
            return ""
        here = [r for r in self.models.mapped[model].relations.values() if r.target == target_model and not r.secondary and r.runs_over(key)]
        for relation in here:
            if relation.backref or relation.back_populates:
                return relation.backref or relation.back_populates
        there = [r for r in self.models.mapped[target_model].relations.values() if r.target == model and not r.secondary and r.runs_over(key)]
        return there[0].name if len(there) == 1 and model != target_model else ""

    def _many_to_many(self) -> Iterator[ForeignKey]:
        seen: set[tuple[str, str, str]] = set()
        for id, declared in sorted(self.models.declared_relations, key=lambda pair: (pair[1].at, pair[0])):
            relation = self.models.mapped[id].relations[declared.name]
            if not relation.secondary or not relation.target:
                continue
            table, target = self.models.mapped[id].table, self.models.mapped[relation.target].table
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
