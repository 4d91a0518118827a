"""Periodic tasks of Celery as EventBridge Scheduler writes them."""

from __future__ import annotations

import ast
import re

_UNITS = {"weeks": 10_080, "days": 1_440, "hours": 60, "minutes": 1, "seconds": 1 / 60}
_CRONTAB = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year")
_TIMEDELTA = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def expression(when: str) -> tuple[str, str]:
    """``(expression, "")`` for a schedule's source text (``crontab(hour=3)``, ``timedelta(hours=1)``, ``300``), or ``("", reason)``."""
    try:
        node = ast.parse(when.strip(), mode="eval").body
    except SyntaxError:
        return "", "its schedule is not a plain expression"
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return _rate(node.value / 60)
    if not isinstance(node, ast.Call):
        return "", "its schedule is computed"
    name = ast.unparse(node.func).rpartition(".")[2]
    try:
        given = {k.arg or "": ast.literal_eval(k.value) for k in node.keywords}
        positional = [ast.literal_eval(a) for a in node.args]
    except ValueError:
        return "", "its schedule is computed"
    if name == "crontab":
        return _cron({**dict(zip(_CRONTAB, positional, strict=False)), **given})
    if name == "timedelta":
        values = {**dict(zip(_TIMEDELTA, positional, strict=False)), **given}
        return _rate(sum(_UNITS.get(unit, 0) * value for unit, value in values.items()))
    return "", f"{name} has no equal in EventBridge Scheduler"


def _rate(minutes: float) -> tuple[str, str]:
    whole = round(minutes)
    if whole < 1 or abs(whole - minutes) > 1e-9:
        return "", "EventBridge Scheduler counts in whole minutes"
    for unit, size in (("day", 1_440), ("hour", 60), ("minute", 1)):
        if whole % size == 0:
            count = whole // size
            return f"rate({count} {unit}{'s' if count > 1 else ''})", ""
    raise AssertionError("every whole number is a number of minutes")


def _cron(fields: dict[str, object]) -> tuple[str, str]:
    text = {name: re.sub(r"\s", "", str(value)) for name, value in fields.items()}
    minute, hour = (_steps(text.get(name, "*"), 0) for name in ("minute", "hour"))
    day, month = (_steps(text.get(name, "*"), 1) for name in ("day_of_month", "month_of_year"))
    weekday = text.get("day_of_week", "*")
    if weekday != "*" and day != "*":
        return "", "EventBridge Scheduler takes a day of the month or of the week, not both"
    if weekday != "*":
        if "/" in weekday:
            return "", "a step over days of the week has no equal in EventBridge Scheduler"
        # Celery counts the days from Sunday = 0; names say the same in both.
        weekday = re.sub(r"\d+", lambda m: _WEEKDAYS[int(m[0]) % 7], weekday).upper()
        day = "?"
    else:
        weekday = "?"
    return f"cron({minute} {hour} {day} {month} {weekday} *)", ""


def _steps(field: str, start: int) -> str:
    return re.sub(r"\*/(\d+)", lambda m: "*" if m[1] == "1" else f"{start}/{m[1]}", field)
