"""The time, in one place so that everybody means the same zone."""

from datetime import UTC, date, datetime


def now() -> datetime:
    """Now in UTC, naive: that is what the columns hold."""
    return datetime.now(UTC).replace(tzinfo=None)


def today() -> date:
    return now().date()
