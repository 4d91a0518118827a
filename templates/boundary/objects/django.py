"""Objects of this process: what the serialised form has to know of Django's models, and requests that stay in this process.

``wire`` turns values into the contract's terms and back; here stands what differs from one framework to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

from .runtime import BoundaryTypeError, OperationContract

if TYPE_CHECKING:
    from .wire import ModelContract, Record, Source


@contextmanager
def lending(sessions: list[Any]) -> Iterator[None]:
    """A caller's session. Django's connections belong to the process: there is none to lend."""
    yield


def key_of(value: Any) -> Any:
    """The primary key of a row, ``None`` when it is not saved; any other value is a key itself."""
    return getattr(value, "pk", value)


def row_of(label: str, key: Any) -> Any:
    """The row of this process's own model with a key. Raises the model's ``DoesNotExist``."""
    return _installed(label)._base_manager.get(pk=key)


def is_saved(value: Any) -> bool:
    """Whether a value is a row with a key. A lazy object speaks for the row behind it."""
    return getattr(value, "pk", None) is not None


def label_of(value: Any) -> str:
    """The name of a row's model as contracts write it, ``""`` for what is no row."""
    return str(getattr(getattr(type(value), "_meta", None), "label", ""))


def beside_columns(value: Any) -> dict[str, Any]:
    """What a row has beside its columns: what its query added, or somebody set. Caches of the model's own and of the framework do not count."""
    fields = value._meta.concrete_fields
    columns = {name for field in fields for name in (field.name, field.attname)}
    return {
        name: each
        for name, each in vars(value).items()
        if not name.startswith("_") and name not in columns and not hasattr(type(value), name)
    }


def is_query(value: Any) -> bool:
    """Whether a value gives its rows only when they are asked for."""
    return hasattr(value, "model") and hasattr(value, "iterator")


def upload(name: str, kind: str | None, content: bytes) -> Any:
    """A file as somebody uploaded it."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile(name, content, kind or "application/octet-stream")


def file_of(label: str, column: str, name: str) -> Any:
    """The value of a file field with this name, which knows the field's storage."""
    field = _installed(label)._meta.get_field(column)
    return field.attr_class(None, field, name)


def in_order(result: Any) -> Any:
    """Rows in an order that stays: pages of an unordered query would overlap.

    Where a query gives a part of its rows only, its order cannot be changed any more.
    """
    if getattr(result, "ordered", True) is not False or result.query.is_sliced:
        return result
    return result.order_by("pk")


def plain(value: Any) -> Any:
    """A value without the classes of the library: text that is translated when read is text by the time it travels."""
    return str(value) if any(base.__name__ == "Promise" for base in type(value).__mro__) else value


# Reading beside a caller ----------------------------------------------------------------------------


def is_ordered(result: Any) -> bool:
    """Whether the order of a result's items means something: of a query, whether it asks for one."""
    return getattr(result, "ordered", True) is not False


def reread(result: Any) -> Any:
    """The result as it can be read without reading it for its caller: a lazy query is asked again."""
    if isinstance(result, Iterator):
        raise TypeError(f"a {type(result).__name__} can be read only once, and the caller reads it")
    return result._chain() if is_query(result) and hasattr(result, "_chain") else result


@contextmanager
def apart() -> Iterator[None]:
    """Database work whose failure leaves the caller's transaction as it is."""
    from django.db import connection, transaction

    with transaction.atomic() if connection.in_atomic_block else nullcontext():
        yield


# Where a request runs -------------------------------------------------------------------------------


class Detached:
    """Snapshots and keys as unsaved objects of this process's own models.

    A field that did not travel cannot be read, though the row may be right here: a service would not have it either.
    """

    def __init__(self, operation: str) -> None:
        self.operation = operation

    def replica(
        self, source: Source, columns: Mapping[str, Any], parents: Mapping[str, Any]
    ) -> Any:
        instance = self._instance(source.label, columns)
        for name, parent in parents.items():
            setattr(instance, name, parent)
        return instance

    def key(self, model: ModelContract, key: Any, operation: OperationContract) -> Any:
        kind = _installed(model.label)
        if kind is None:
            return key
        if model.owned and operation.shape in ("function", "method"):
            return kind._base_manager.get(pk=key)
        return self._instance(model.label, {kind._meta.pk.attname: key}, closed=not model.owned)

    def row(self, model: ModelContract, key: Any) -> Any:
        """A row of the context itself, which is in this process. Raises the model's ``DoesNotExist``."""
        return row_of(model.label, key)

    def entity(self, source: Source, value: Record) -> Any:
        # What the model computes it computes again.
        names = [name for name in type(value).model_fields if name not in source.paths]
        return self._instance(source.label, {name: getattr(value, name) for name in names})

    def unsaved(self, source: Source, columns: Mapping[str, Any]) -> Any:
        """A row that the caller made and did not save."""
        kind = _installed(source.label)
        names = {field.attname for field in kind._meta.concrete_fields}
        return kind(**{name: value for name, value in columns.items() if name in names})

    def anonymous(self) -> Any:
        from django.contrib.auth.models import AnonymousUser

        return AnonymousUser()

    def save(self, instance: Any) -> Any:
        """Saves a draft and reads it back, so that the reply shows what the database holds."""
        kind = type(instance)
        known = instance.pk is not None and kind._base_manager.filter(pk=instance.pk).exists()
        instance._state.adding = not known
        instance.save()
        return kind._base_manager.get(pk=instance.pk)

    def _instance(self, label: str, values: Mapping[str, Any], closed: bool = True) -> Any:
        from django.apps import apps

        kind = apps.get_model(label)
        names = {
            alias: field.attname
            for field in kind._meta.concrete_fields
            for alias in (field.name, field.attname)
        }
        given = {names[name]: value for name, value in values.items() if name in names}
        columns = [field.attname for field in kind._meta.concrete_fields if field.attname in given]
        computed = {name: value for name, value in values.items() if name not in names}
        if computed:
            kind = _with_values(kind, tuple(sorted(computed)))
        instance = kind.from_db(None, columns, [given[name] for name in columns])
        vars(instance).update(computed)
        if closed:
            instance.refresh_from_db = self._refuse(label)
        return instance

    def _refuse(self, label: str) -> Any:
        def refresh_from_db(*_: Any, fields: Any = (), **__: Any) -> None:
            names = ", ".join(fields or ["the row"])
            raise BoundaryTypeError(
                self.operation, f"{names} of {label} does not travel over the boundary"
            )

        return refresh_from_db


World = Detached
"""Where a request runs; a service has its own with shadow rows."""


@cache
def _with_values(kind: Any, names: tuple[str, ...]) -> Any:
    """``kind`` with plain attributes where it computes properties: their values travelled.

    Made past Django's metaclass, so that it is no model of its own; instances pass for instances of ``kind``.
    """
    shown = dict.fromkeys(names)
    return type.__new__(
        type(kind), kind.__name__, (kind,), {"__module__": kind.__module__, **shown}
    )


def _installed(label: str) -> Any:
    """The model class with a label, ``None`` when this process has no such model."""
    from django.apps import apps

    app, _, name = label.rpartition(".")
    return apps.all_models[app].get(name.lower()) if app in apps.all_models else None
