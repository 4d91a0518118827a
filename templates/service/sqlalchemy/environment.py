"""Settings that come from the environment, and what is wrong with them when they do not fit."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

_TRUE = {"1", "true", "yes", "on"}

_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "sqlite": "sqlite",
}


class Misconfigured(RuntimeError):
    """The environment does not say what the service needs to know."""


def flag(name: str, default: bool = False) -> bool:
    """``1``, ``true``, ``yes`` and ``on`` are true."""
    value = os.environ.get(name)
    return default if value is None else value.strip().lower() in _TRUE


def required(name: str) -> str:
    """The variable's text, or that of the file that ``<name>_FILE`` names. Raises :class:`Misconfigured` without."""
    found = secret(name)
    if not found:
        raise Misconfigured(f"the environment variable {name} is missing")
    return found


def secret(name: str) -> str:
    """A secret from ``NAME``, or from the file that ``NAME_FILE`` names; ``""`` when there is neither."""
    path = os.environ.get(f"{name}_FILE")
    return Path(path).read_text().strip() if path else os.environ.get(name, "")


def computed(name: str, place: str) -> Any:
    """A setting that the monolith computes at ``place``: here it comes from a variable, JSON or plain text."""
    if name not in os.environ:
        raise Misconfigured(f"{name} is computed at {place} in the monolith: give it here")
    text = os.environ[name]
    try:
        return json.loads(text)
    except ValueError:
        return text


def database_url() -> str:
    """``DATABASE_URL`` as SQLAlchemy writes it: ``postgres://user:password@host:5432/name`` or ``sqlite:///path``.

    ``sqlite:///data/x.db`` is relative to the working directory, ``sqlite:////data/x.db`` absolute. Raises
    :class:`Misconfigured` for other schemes.
    """
    url = secret("DATABASE_URL") or "sqlite:///service.sqlite3"
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _DRIVERS:
        raise Misconfigured(f"DATABASE_URL begins with {scheme!r}, not one of {', '.join(_DRIVERS)}")
    return f"{_DRIVERS[scheme]}://{rest}"
