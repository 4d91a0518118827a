"""Connects outbox and inbox with models, as the ``events`` module of each context says.

In the monolith the option ``events`` of a context (``<CONTEXT>_EVENTS=on``) switches it on: from then on changes are
written to the outbox, and a dispatcher has to run. In mode ``remote`` handlers that moved to the service no longer run in
the monolith.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import logging
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models, router, transaction
from django.db.models import signals

from .. import wire
from ..objects import Detached
from ..runtime import Boundary, resolve
from . import inbox, outbox
from .events import Listener, Shadow

logger = logging.getLogger(__name__)

PACKAGE = __name__.removesuffix(".exchange.wiring")

_PLAIN: Any = SimpleNamespace(ENTITIES={}, REPLICAS={})


def contexts() -> Iterator[tuple[str, ModuleType]]:
    """The contexts with events, and what their modules say."""
    package = importlib.import_module(PACKAGE)
    for found in pkgutil.iter_modules(package.__path__):
        name = f"{PACKAGE}.{found.name}.events"
        if found.ispkg and found.name != "exchange" and importlib.util.find_spec(name) is not None:
            yield found.name, importlib.import_module(name)


def connect() -> None:
    """Publishes the changes that the other side wants to hear of."""
    here = inbox.name()
    for context, events in contexts():
        if here == "monolith":
            boundary = Boundary(context, f"{PACKAGE}.{context}")
            if not is_on(boundary):
                continue
            _publish_all(context, "service", events)
            if boundary.mode == "remote":
                _silence(events.LISTENERS)
        elif here == context:
            _publish_all("monolith", "monolith", events)


def is_on(boundary: Boundary) -> bool:
    """Whether the events of a context are switched on in the monolith."""
    return str(boundary.option("events", "off")).lower() in ("on", "1", "true", "yes")


# What happens here ----------------------------------------------------------------------------------


def _publish_all(target: str, side: str, events: ModuleType) -> None:
    """Tells ``target`` of the models that code on its side wants to hear of."""
    changed: dict[str, dict[str, str]] = {}
    deleted: set[str] = set()
    if side == "service":
        for shadow in events.SHADOWS:
            changed.setdefault(shadow.label, {}).update(shadow.columns)
            deleted.add(shadow.label)
    else:
        deleted |= {pointer.owner for pointer in events.POINTERS}
    for listener in events.LISTENERS:
        if listener.side == side:
            changed.setdefault(listener.label, {}).update(listener.columns)
            deleted.add(listener.label)
    for label in sorted({*changed, *deleted}):
        publish_model(target, label, changed.get(label))


def publish_model(target: str, label: str, columns: Mapping[str, str] | None) -> None:
    """Writes an event for each change of a model's rows; with ``columns`` ``None`` for each deletion only."""
    kind = apps.get_model(label)
    for each in [
        kind,
        *(one for one in apps.get_models() if issubclass(one, kind) and one is not kind),
    ]:
        uid = f"boundary-exchange:{target}:{label}:{each._meta.label}"
        gone = functools.partial(_deleted, target, label, dict(columns or {}))
        signals.post_delete.connect(gone, sender=each, weak=False, dispatch_uid=uid)
        if columns is not None:
            saved = functools.partial(_saved, target, label, dict(columns))
            signals.post_save.connect(saved, sender=each, weak=False, dispatch_uid=uid)
    if columns is not None and not hasattr(kind.save_base, "_with_event"):
        kind.save_base = _with_event(kind.save_base)  # type: ignore[method-assign]


def _with_event(save: Callable[..., None]) -> Callable[..., None]:
    """A save whose event is committed with it: Django sends ``post_save`` when the row is already there for others."""

    @functools.wraps(save)
    def save_base(self: models.Model, *arguments: Any, **named: Any) -> None:
        using = named.get("using") or router.db_for_write(type(self), instance=self)
        if transaction.get_connection(using).in_atomic_block:
            save(self, *arguments, **named)
            return
        with transaction.atomic(using=using):
            save(self, *arguments, **named)

    save_base._with_event = True  # type: ignore[attr-defined]
    return save_base


def _saved(
    target: str,
    label: str,
    columns: Mapping[str, str],
    *,
    instance: models.Model,
    using: str,
    created: bool = False,
    raw: bool = False,
    update_fields: Any = None,
    **_: Any,
) -> None:
    if raw:
        return
    if update_fields is not None and not _touched(instance, columns, set(update_fields)):
        return
    publish_row(target, label, columns, instance.pk, using, created)


def _touched(instance: models.Model, columns: Mapping[str, str], fields: set[str]) -> bool:
    """Whether saving some fields may change what travels: computed values may depend on any."""
    names = {field.name: field.attname for field in instance._meta.concrete_fields}
    plain = {name for pair in names.items() for name in pair}
    changed = {name for field in fields for name in (field, names.get(field, field))}
    return any(path in changed or path.partition(".")[0] not in plain for path in columns.values())


def publish_row(
    target: str, label: str, columns: Mapping[str, str], key: Any, using: str | None, created: bool
) -> None:
    """Writes the event of a row as it is now: read anew, for the object in hand may hold expressions and unparsed text."""
    row = apps.get_model(label)._base_manager.using(using).filter(pk=key).first()
    if row is not None:
        body = {"key": _tagged(key), "columns": _columns(row, columns), "created": created}
        outbox.publish(target, f"{label}.changed", f"{label}:{key}", body, using)


def _deleted(
    target: str,
    label: str,
    columns: Mapping[str, str],
    *,
    instance: models.Model,
    using: str,
    **_: Any,
) -> None:
    body = {"key": _tagged(instance.pk), "columns": _columns(instance, columns)}
    outbox.publish(target, f"{label}.deleted", f"{label}:{instance.pk}", body, using)


def _columns(row: models.Model, columns: Mapping[str, str]) -> dict[str, Any]:
    return {name: _tagged(wire._follow(row, path)) for name, path in columns.items()}


def _tagged(value: Any) -> Any:
    name = (
        getattr(value, "name", value) if isinstance(value, models.fields.files.FieldFile) else value
    )
    return wire.tag(name, _PLAIN, SimpleNamespace(name="event"))  # type: ignore[arg-type]


def _silence(listeners: tuple[Listener, ...]) -> None:
    """Handlers that run in the service do not run here as well. Raises ``RuntimeError`` for one that is not found."""
    for listener in listeners:
        if listener.side == "service":
            signal = getattr(signals, listener.signal)
            handler = resolve(listener.handler)
            sender = apps.get_model(listener.label)
            if not signal.disconnect(handler, sender=sender):
                raise RuntimeError(
                    f"{listener.handler} is not connected to {listener.signal} of {listener.label} here: "
                    f"let {__package__} be the last of INSTALLED_APPS"
                )


# What happened there --------------------------------------------------------------------------------


def apply(source: str, kind: str, body: dict[str, Any]) -> None:
    """The effect of an event; raises ``LookupError`` for one that nobody here wants."""
    label, _, what = kind.rpartition(".")
    key = wire.untag(body["key"], _PLAIN)
    columns = {name: wire.untag(value, _PLAIN) for name, value in body.get("columns", {}).items()}
    here = inbox.name()
    wanted = False
    for context, events in contexts():
        if here == context and source == "monolith":
            wanted |= _in_service(events, label, what, key, columns, bool(body.get("created")))
        elif here == "monolith" and source == context:
            wanted |= _in_monolith(events, label, what, key, columns, bool(body.get("created")))
    if not wanted:
        raise LookupError(f"nobody here listens to {kind} of {source}")


def _in_service(
    events: ModuleType, label: str, what: str, key: Any, columns: dict[str, Any], created: bool
) -> bool:
    shadow: Shadow | None = next((each for each in events.SHADOWS if each.label == label), None)
    kind = apps.get_model(label)
    row = None
    if what == "deleted":
        # What points at the shadow goes the way its ``on_delete`` says, and handlers hear of it as ever.
        gone, _ = kind._base_manager.filter(pk=key).delete()
        if gone:
            return True
    elif shadow is not None:
        shadows: Any = importlib.import_module(settings.BOUNDARY_SHADOWS)
        shadows.store(kind, key, _stored(kind, shadow, columns))
        row = kind._base_manager.get(pk=key)
    heard = _tell(events, "service", label, what, row or _row(label, key, columns), created)
    return shadow is not None or heard


def _stored(kind: type[models.Model], shadow: Shadow, columns: dict[str, Any]) -> dict[str, Any]:
    names = {
        name: field.attname
        for field in kind._meta.concrete_fields
        for name in (field.name, field.attname)
        if not field.primary_key
    }
    return {
        names[each]: columns[each] for each in shadow.columns if each in names and each in columns
    }


def _in_monolith(
    events: ModuleType, label: str, what: str, key: Any, columns: dict[str, Any], created: bool
) -> bool:
    pointers = [each for each in events.POINTERS if each.owner == label]
    for pointer in pointers if what == "deleted" else ():
        rows = apps.get_model(pointer.label)._base_manager.filter(**{pointer.column: key})
        if pointer.on_delete == "CASCADE":
            rows.delete()
        elif pointer.on_delete == "SET_NULL":
            rows.update(**{pointer.column: None})
        elif pointer.on_delete != "DO_NOTHING" and rows.exists():
            raise models.ProtectedError(
                f"{label} {key} was deleted, and {pointer.label}.{pointer.column} ({pointer.on_delete}) points at it",
                set(rows[:10]),
            )
    heard = _tell(events, "monolith", label, what, _row(label, key, columns), created)
    return bool(pointers) or heard


def _tell(
    events: ModuleType, side: str, label: str, what: str, row: models.Model, created: bool
) -> bool:
    """Calls the handlers of this side; whether there are any for the model."""
    heard = [each for each in events.LISTENERS if each.side == side and each.label == label]
    for listener in heard:
        if listener.signal == ("post_delete" if what == "deleted" else "post_save"):
            more = (
                {}
                if what == "deleted"
                else {"created": created, "raw": False, "update_fields": None}
            )
            signal = getattr(signals, listener.signal)
            resolve(listener.handler)(
                sender=apps.get_model(label), instance=row, using="default", signal=signal, **more
            )
    return bool(heard)


def _row(label: str, key: Any, columns: dict[str, Any]) -> models.Model:
    """A row of the other side as an object that is not saved here: what did not travel cannot be read."""
    kind = apps.get_model(label)
    found: models.Model = Detached("event")._instance(
        label, {**columns, kind._meta.pk.attname: key}
    )
    return found
