"""Real rows for the contract suite, built from what the models say of their fields.

Required fields get a value by type, within their validators, choices and lengths; foreign keys get a row of their own.
What no introspection can know (a check constraint, a rule in ``save``) goes into ``VALUES`` of ``examples``.
"""

from __future__ import annotations

import datetime
import decimal
import itertools
import math
import uuid
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from django.apps import apps
from django.core import validators
from django.db import models

VALUES: dict[str, Mapping[str, Any]] = {}
"""Field values by model label that take precedence; a callable is called with a running number."""

_numbers = itertools.count(1)
_MOMENT = datetime.datetime(2024, 3, 1, 12, 0, tzinfo=datetime.UTC)
_MISSING = object()


def make(label: str, **given: Any) -> Any:
    """A saved row, as the model saves it."""
    row = draft(label, **given)
    row.save()
    return type(row)._base_manager.get(pk=row.pk)


def draft(label: str, **given: Any) -> Any:
    """A valid row that is not saved; rows that it needs are."""
    kind = apps.get_model(label)
    number = next(_numbers)
    chosen = {**VALUES.get(label, {}), **given}
    values: dict[str, Any] = {}
    for field in kind._meta.concrete_fields:
        if field.name in chosen or field.attname in chosen:
            name = field.name if field.name in chosen else field.attname
            value = chosen[name]
            values[name] = value(number) if callable(value) else value
        elif _wants_value(field):
            values[field.name] = value_of(field, number)
    return kind(**values)


def _wants_value(field: Any) -> bool:
    if isinstance(field, models.AutoField | models.BigAutoField | models.SmallAutoField):
        return False
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return False
    if getattr(field, "generated", False) or (field.is_relation and field.remote_field.parent_link):
        return False
    if field.is_relation:
        # An optional relation is filled too, so that lookups through it find something; a circle ends here.
        return not field.null or field.related_model is not field.model
    return not field.has_default() or field.unique


def value_of(field: Any, number: int) -> Any:
    """A value that the field's own validation accepts; another number gives another value where that is possible."""
    if field.is_relation:
        return make(field.related_model._meta.label)
    if field.choices:
        keys = [key for key, _ in field.flatchoices if key not in ("", None)]
        return keys[number % len(keys)]
    if field.has_default() and not field.unique:
        return field.get_default()
    if field.has_default() and callable(field.default):
        return field.get_default()
    return _by_type(field, number)


def _by_type(field: Any, number: int) -> Any:
    match field:
        case models.BooleanField():
            return False
        case models.DecimalField():
            step = decimal.Decimal(1).scaleb(-field.decimal_places)
            highest = decimal.Decimal(10) ** (field.max_digits - field.decimal_places) - step
            return _within(field, decimal.Decimal(number), highest).quantize(step)
        case models.FloatField():
            return float(_within(field, decimal.Decimal(number), decimal.Decimal(1000)))
        case models.IntegerField():
            return math.floor(_within(field, decimal.Decimal(number), decimal.Decimal(30000)))
        case models.DateTimeField():
            return _MOMENT + datetime.timedelta(hours=number)
        case models.DateField():
            return (_MOMENT + datetime.timedelta(days=number)).date()
        case models.TimeField():
            return datetime.time(number % 24, number % 60)
        case models.DurationField():
            return datetime.timedelta(minutes=number)
        case models.UUIDField():
            return uuid.UUID(int=number)
        case models.EmailField():
            return f"someone{number}@example.org"
        case models.URLField():
            return f"https://example.org/{number}"
        case models.GenericIPAddressField():
            return f"192.0.2.{number % 255}"
        case models.FileField():
            return f"file{number}.txt"
        case models.SlugField():
            return f"{field.name}-{number}"[-(field.max_length or 50) :].strip("-")
        case models.CharField() | models.TextField():
            return f"{field.name} {number}"[-(field.max_length or 200) :].strip()
        case models.BinaryField():
            return b"%d" % number
        case models.JSONField():
            return {}
    raise LookupError(
        f"no value for {field} ({type(field).__name__}): give one in VALUES of examples.py"
    )


def _within(field: Any, number: decimal.Decimal, highest: decimal.Decimal) -> decimal.Decimal:
    """A number inside the field's limits."""
    low, high = decimal.Decimal(0), highest
    for validator in field.validators:
        limit = getattr(validator, "limit_value", None)
        if limit is None or callable(limit):
            continue
        if isinstance(validator, validators.MinValueValidator):
            low = max(low, decimal.Decimal(str(limit)))
        elif isinstance(validator, validators.MaxValueValidator):
            high = min(high, decimal.Decimal(str(limit)))
    found = low + number % max(high - low + 1, decimal.Decimal(1))
    half = found + decimal.Decimal("0.5")
    return half if half <= high else found


# Arguments ------------------------------------------------------------------------------------------


def filled(label: str) -> dict[str, Any]:
    """Values for columns that have a default or may be null, so that a crossing row shows all of them."""
    found = {}
    for field in apps.get_model(label)._meta.concrete_fields:
        of_its_own = any(
            getattr(field, name, False) for name in ("auto_now", "auto_now_add", "generated")
        )
        if not (field.is_relation or field.unique or field.choices or of_its_own):
            found[field.name] = _by_type(field, next(_numbers))
    return found


def pointed_at(label: str, owned: Iterable[str]) -> Any:
    """A row of another context that rows of this one point at."""
    kind = apps.get_model(label)
    target = make(label)
    for each in owned:
        for field in apps.get_model(each)._meta.concrete_fields:
            if (
                field.is_relation
                and field.related_model._meta.concrete_model is kind._meta.concrete_model
            ):
                make(each, **{field.name: target})
                break
    return target


def pointing_at(field: str, label: str) -> Any:
    """Something that leads to a row over a foreign key, as rows of the callers do."""
    target = make(label)
    return SimpleNamespace(**{field: target, f"{field}_id": target.pk})


def argument(name: str, kind: str, owned: Iterable[str]) -> Any:
    """A value for a parameter: that of a column with its name where there is one, else one of its type."""
    for label in owned:
        for field in apps.get_model(label)._meta.concrete_fields:
            if name == field.attname and field.is_relation:
                return pointed_at(field.related_model._meta.label, owned).pk
            if name == field.name and not field.is_relation and not field.primary_key:
                return value_of(field, next(_numbers))
    return (
        _SAMPLES.get(kind.partition(":")[0], _MISSING) if kind.partition(":")[0] in _SAMPLES else []
    )


_SAMPLES: dict[str, Any] = {
    "integer": 1,
    "big": 1,
    "string": "text",
    "text": "text",
    "boolean": True,
    "float": 1.5,
    "decimal": decimal.Decimal("1.50"),
    "date": _MOMENT.date(),
    "datetime": _MOMENT,
    "time": datetime.time(12, 0),
    "duration": datetime.timedelta(hours=1),
    "uuid": uuid.UUID(int=1),
    "binary": b"1",
    "file": "file.txt",
    "json": {},
    "other": {},
}

_PARTS = ("date", "time", "year", "month", "day", "hour", "minute", "second")


def looked_up(row: Any, lookup: str) -> Any:
    """A value with which ``filter(lookup=value)`` finds the row."""
    value = row
    for name in lookup.split("__"):
        match name:
            case (
                "exact"
                | "iexact"
                | "gte"
                | "lte"
                | "contains"
                | "icontains"
                | "startswith"
                | "istartswith"
                | "endswith"
                | "iendswith"
            ):
                return value
            case "in":
                return [value]
            case "range":
                return [value, value]
            case "isnull":
                return value is None
            case "gt" | "lt":
                return _beside(value, -1 if name == "gt" else 1)
        if name in _PARTS and isinstance(value, datetime.date):
            value = getattr(value, name)() if name in ("date", "time") else getattr(value, name)
        else:
            value = getattr(value, name)
    return value


def _beside(value: Any, direction: int) -> Any:
    return value + (
        datetime.timedelta(days=direction)
        if isinstance(value, datetime.date | datetime.timedelta)
        else direction
    )


def fresh(label: str, field: str) -> Any:
    """A new value for a column, as a row that is written would have it."""
    declared = apps.get_model(label)._meta.get_field(field)
    if declared.is_relation and field == declared.attname:
        return value_of(declared, next(_numbers)).pk
    return value_of(declared, next(_numbers))


# Comparing ------------------------------------------------------------------------------------------


NEAR = datetime.timedelta(minutes=1)
"""How far moments may differ that code takes from the clock: it runs twice."""


class Moment:
    """A date and time that equals another one shortly before or after it."""

    def __init__(self, value: datetime.datetime) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moment) and abs(self.value - other.value) <= NEAR

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"about {self.value}"


def volatile(kind: type[models.Model]) -> set[str]:
    """Columns that differ from one run to the next: automatic keys, defaults that are never the same twice."""
    automatic = models.AutoField | models.BigAutoField | models.SmallAutoField
    return {
        field.attname
        for field in kind._meta.concrete_fields
        if isinstance(field, automatic)
        or (callable(field.default) and field.has_default() and _changes(field))
    }


def _changes(field: Any) -> bool:
    return (
        not isinstance(field, models.DateTimeField) and field.get_default() != field.get_default()
    )


def about(value: Any) -> Any:
    """``value``, a moment only about."""
    return Moment(value) if isinstance(value, datetime.datetime) else value


def state(owned: Iterable[str]) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the context without their volatile columns."""
    found = {}
    for label in owned:
        kind = apps.get_model(label)
        columns = sorted({field.attname for field in kind._meta.concrete_fields} - volatile(kind))
        shown = [tuple(map(about, row)) for row in kind._base_manager.values_list(*columns)]
        found[label] = sorted(
            shown, key=lambda row: [repr(v) for v in row if not isinstance(v, Moment)]
        )
    return found
