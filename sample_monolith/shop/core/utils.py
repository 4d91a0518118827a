from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.text import slugify

CENT = Decimal("0.01")
REFERENCE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def to_money(value) -> Decimal:
    return Decimal(value).quantize(CENT, rounding=ROUND_HALF_UP)


def percent_of(amount, percent) -> Decimal:
    return to_money(Decimal(amount) * Decimal(percent) / Decimal(100))


def generate_reference(prefix: str, length: int = 8) -> str:
    return f"{prefix}-{get_random_string(length, REFERENCE_ALPHABET)}"


def day_bounds(day: date) -> tuple[datetime, datetime]:
    start = timezone.make_aware(datetime.combine(day, time.min))
    return start, start + timedelta(days=1)


def unique_slug(model, value, field="slug"):
    base = slugify(value)[:60] or "item"
    manager = getattr(model, "all_objects", model._default_manager)
    candidate, counter = base, 2
    while manager.filter(**{field: candidate}).exists():
        candidate = f"{base}-{counter}"
        counter += 1
    return candidate


def cache_key(*parts) -> str:
    return ":".join(str(part) for part in parts)
