"""Shadow rows: what this service keeps of rows that belong to the monolith.

They come with the snapshots in requests. A foreign key to a row that never came gets a placeholder with nothing but the
key, so that constraints hold; the next snapshot fills it. No signals are sent: a shadow is no event of this context.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models

from library.boundaries import wire


class Stored(wire.Detached):
    """Snapshots and keys as rows of this service's database."""

    def replica(
        self, source: wire.Source, columns: Mapping[str, Any], parents: Mapping[str, Any]
    ) -> Any:
        kind = apps.get_model(source.label)
        names = {
            alias: field.attname
            for field in kind._meta.concrete_fields
            for alias in (field.name, field.attname)
        }
        values = {names[name]: value for name, value in columns.items() if name in names}
        for name, parent in parents.items():
            values[kind._meta.get_field(name).attname] = None if parent is None else parent.pk
        key = values.pop(kind._meta.pk.attname)
        store(kind, key, values)
        instance = self._instance(
            source.label, {**columns, kind._meta.pk.attname: key, **values}, closed=False
        )
        for name, parent in parents.items():
            setattr(instance, name, parent)
        return instance

    def key(self, model: wire.ModelContract, key: Any, operation: Any) -> Any:
        if is_replica(model.label) and operation.kind == "command":
            ensure(apps.get_model(model.label), key)
        found = super().key(model, key, operation)
        # What of a shadow is read beyond its key comes from its row.
        if isinstance(found, models.Model):
            vars(found).pop("refresh_from_db", None)
        return found


def is_replica(label: str) -> bool:
    """Whether a model's rows belong to the monolith."""
    return label.lower() in {each.lower() for each in settings.REPLICA_MODELS}


def store(kind: type[models.Model], key: Any, values: Mapping[str, Any]) -> None:
    """Makes the shadow of ``key`` show ``values``; writes only when something changed."""
    rows = kind._base_manager.filter(pk=key)
    present = rows.values(*values).first() if values else ({} if rows.exists() else None)
    if present is None:
        _insert(kind, key, values)
    elif present != dict(values):
        rows.update(**values)


def ensure(kind: type[models.Model], key: Any) -> None:
    """Makes a placeholder for ``key`` when there is no shadow yet."""
    if not kind._base_manager.filter(pk=key).exists():
        _insert(kind, key, {})


def _insert(kind: type[models.Model], key: Any, values: Mapping[str, Any]) -> None:
    given = dict(values)
    for field in kind._meta.concrete_fields:
        if field.primary_key or field.attname in given:
            continue
        if field.unique and not field.null and isinstance(field, models.CharField):
            given[field.attname] = f"shadow-{key}"[: field.max_length]
    row = kind(**{kind._meta.pk.attname: key}, **given)
    # Another request may have brought the same row meanwhile.
    kind._base_manager.bulk_create([row], ignore_conflicts=True)


def before_save(
    sender: type[models.Model], instance: models.Model, raw: bool = False, **_: Any
) -> None:
    """Receiver of ``pre_save``: a row of the context may point at a row of the monolith that never came here."""
    if raw or is_replica(sender._meta.label):
        return
    for field in sender._meta.concrete_fields:
        target = field.related_model if isinstance(field, models.ForeignKey) else None
        if (
            target is None
            or not is_replica(target._meta.label)
            or not field.target_field.primary_key
        ):
            continue
        key = getattr(instance, field.attname)
        if key is not None:
            ensure(target, key)
