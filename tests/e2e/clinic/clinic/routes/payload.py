"""What a request brings, checked."""

from decimal import Decimal, InvalidOperation
from typing import Any

from flask import request

from clinic.errors import ClinicError


def body() -> dict[str, Any]:
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise ClinicError("a JSON object is wanted")
    return found


def text(values: dict[str, Any], name: str, default: str | None = None) -> str:
    found = values.get(name, default)
    if not isinstance(found, str) or (default is None and not found.strip()):
        raise ClinicError(f"{name} is missing")
    return found


def number(values: dict[str, Any], name: str, default: int | None = None) -> int:
    found = values.get(name, default)
    if not isinstance(found, int) or isinstance(found, bool):
        raise ClinicError(f"{name} is a number")
    return found


def money(values: dict[str, Any], name: str) -> Decimal:
    try:
        return Decimal(str(values.get(name)))
    except InvalidOperation:
        raise ClinicError(f"{name} is an amount") from None
