"""Short-lived proof of who is calling: a JSON Web Token signed with HMAC-SHA256 (RFC 7519, HS256).

Both sides share ``BOUNDARY_TOKEN_KEY``. ``BOUNDARY_TOKEN_KEY_PREVIOUS`` is still accepted while keys are being changed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from .runtime import setting

LIFETIME = 60
"""Seconds that a token is valid."""

LEEWAY = 5
"""Seconds that clocks may differ."""

MINIMUM_KEY = 32
"""Bytes of a key; a shorter one can be guessed."""

_HEADER = {"alg": "HS256", "typ": "JWT"}


class InvalidToken(Exception):
    """A token that proves nothing; the message says why."""


def sign(
    subject: str,
    issuer: str,
    audience: str,
    key: str,
    now: float | None = None,
    claims: Mapping[str, Any] | None = None,
) -> str:
    """A token for one call on behalf of the user with key ``subject`` (``""``: nobody is known).

    ``claims`` is what else the caller vouches for.
    """
    issued = int(time.time() if now is None else now)
    every = {
        **(claims or {}),
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "iat": issued,
        "exp": issued + LIFETIME,
    }
    signed = f"{_encode(_HEADER)}.{_encode(every)}"
    return f"{signed}.{_signature(signed, key)}"


def verify(token: str, audience: str, keys: list[str], now: float | None = None) -> dict[str, Any]:
    """The claims of a valid token. Raises :class:`InvalidToken`."""
    parts = token.split(".")
    if len(parts) != 3:
        raise InvalidToken("not a token")
    signed, signature = f"{parts[0]}.{parts[1]}", parts[2]
    if not any(
        hmac.compare_digest(signature.encode(), _signature(signed, key).encode()) for key in keys
    ):
        raise InvalidToken("wrong signature")
    if _decode(parts[0]) != _HEADER:
        raise InvalidToken("another algorithm")
    claims = _decode(parts[1])
    present = time.time() if now is None else now
    if claims.get("aud") != audience:
        raise InvalidToken("made for another service")
    if not isinstance(claims.get("exp"), int) or claims["exp"] + LEEWAY < present:
        raise InvalidToken("expired")
    if not isinstance(claims.get("iat"), int) or claims["iat"] - LEEWAY > present:
        raise InvalidToken("not valid yet")
    return claims


def signing_key(configured: str | None = None) -> str:
    """The key that signs. Raises ``RuntimeError`` when there is none or it is too short."""
    key = configured or setting("BOUNDARY_TOKEN_KEY", "")
    if len(key.encode()) < MINIMUM_KEY:
        raise RuntimeError(f"BOUNDARY_TOKEN_KEY must have at least {MINIMUM_KEY} bytes")
    return str(key)


def accepted_keys() -> list[str]:
    """The keys that verify: the current one and, while it is being changed, the previous one."""
    previous = setting("BOUNDARY_TOKEN_KEY_PREVIOUS", "")
    return [signing_key(), *([signing_key(previous)] if previous else [])]


def _signature(signed: str, key: str) -> str:
    return _base64(hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest())


def _encode(part: dict[str, Any]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _decode(part: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error) as broken:
        raise InvalidToken("not a token") from broken
    if not isinstance(found, dict):
        raise InvalidToken("not a token")
    return found


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
