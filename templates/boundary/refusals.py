"""What a web framework makes of code that says no: ``abort(404)``, ``raise Http404``, ``raise HTTPException(403)``.

Such code stands anywhere below an operation, in a base class as well as in a library, and means the same to every
caller: nobody catches it, and the framework answers with its status. So it crosses without being declared, as the
framework's own class.
"""

from __future__ import annotations

from typing import NamedTuple

from . import runtime

MODULES = (
    "django.core.exceptions",
    "django.http.response",
    "fastapi.exceptions",
    "rest_framework.exceptions",
    "starlette.exceptions",
    "werkzeug.exceptions",
)

_DJANGO = {"Http404": 404, "PermissionDenied": 403, "SuspiciousOperation": 400}
"""Django's exceptions do not carry the status with which it answers them."""


class Refusal(NamedTuple):
    """The framework's class by its path, and the status of the reply that carries it."""

    path: str
    status: int


def of(raised: BaseException) -> Refusal | None:
    """The refusal that an exception is, ``None`` for a failure."""
    for kind in type(raised).__mro__:
        if kind.__module__ in MODULES:
            status = _DJANGO.get(kind.__name__) or _status(raised)
            # A reply that says "too many" or "unavailable" would be asked for again.
            return Refusal(f"{kind.__module__}.{kind.__name__}", _quiet(status)) if status else None
    return None


def _status(raised: BaseException) -> int:
    for name in ("status_code", "code"):
        found = getattr(raised, name, None)
        if isinstance(found, int) and 400 <= found < 600:
            return found
    return 0


def _quiet(status: int) -> int:
    return status if status < 500 and status != 429 else 500


def named(path: str) -> type[Exception] | None:
    """The class of a refusal, ``None`` for what is none and where this process has no such framework."""
    found = runtime._find(path) if path.rpartition(".")[0] in MODULES else None
    return found if isinstance(found, type) and issubclass(found, Exception) else None
