"""Settings that come from the environment, and what is wrong with them when they do not fit."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}

_ENGINES = {
    "postgres": "django.db.backends.postgresql",
    "postgresql": "django.db.backends.postgresql",
    "sqlite": "django.db.backends.sqlite3",
}


def flag(name: str, default: bool = False) -> bool:
    """``1``, ``true``, ``yes`` and ``on`` are true."""
    value = os.environ.get(name)
    return default if value is None else value.strip().lower() in _TRUE


def listed(name: str, default: str = "") -> list[str]:
    """Parts between commas."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def required(name: str) -> str:
    """The variable's text. Raises ``ImproperlyConfigured`` when it is missing."""
    try:
        return os.environ[name]
    except KeyError:
        raise ImproperlyConfigured(f"the environment variable {name} is missing") from None


def computed(name: str, place: str) -> Any:
    """A setting that the monolith computes at ``place``: here it comes from a variable, JSON or plain text."""
    if name not in os.environ:
        raise ImproperlyConfigured(f"{name} is computed at {place} in the monolith: give it here")
    text = os.environ[name]
    try:
        return json.loads(text)
    except ValueError:
        return text


def database(url: str) -> dict[str, Any]:
    """Django's settings for ``postgres://user:password@host:5432/name?sslmode=require`` or ``sqlite:///path``.

    ``sqlite:///data/x.db`` is relative to the working directory, ``sqlite:////data/x.db`` absolute, ``sqlite://:memory:`` in
    memory. Options of the query go to the driver. Raises ``ImproperlyConfigured`` for other schemes.
    """
    parts = urlsplit(url)
    if parts.scheme not in _ENGINES:
        raise ImproperlyConfigured(
            f"DATABASE_URL begins with {parts.scheme!r}, not one of {', '.join(_ENGINES)}"
        )
    engine = _ENGINES[parts.scheme]
    options = dict(parse_qsl(parts.query))
    if parts.scheme == "sqlite":
        name = url.removeprefix("sqlite://").partition("?")[0]
        name = name if name == ":memory:" else unquote(name[1:])
        # A writer waits for another instead of failing at once.
        return {
            "ENGINE": engine,
            "NAME": name,
            "CONN_MAX_AGE": 60,
            "OPTIONS": {"timeout": 20, **options},
        }
    return {
        "ENGINE": engine,
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, **options},
    }


def secret(name: str) -> str:
    """A secret from ``NAME``, or from the file that ``NAME_FILE`` names; ``""`` when there is neither."""
    path = os.environ.get(f"{name}_FILE")
    return Path(path).read_text().strip() if path else os.environ.get(name, "")
