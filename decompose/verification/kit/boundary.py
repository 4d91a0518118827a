"""The calls that leave the monolith: recorded for each test, and sent to this process's own service."""

from __future__ import annotations

import functools
import importlib
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from .processes import Services
from .records import Records
from .spec import Spec

_now = time.time
"""The real clock: a test that stops time must not make tokens that have run out."""


def arm(spec: Spec, records: Records, services: Services, feed: Callable[[], None]) -> None:
    """Watches the boundary's calls; in mode remote they start the service and find it.

    ``feed`` brings the service's shadows up to date, which requests for routes rely on: calls bring what they need themselves.
    """
    runtime: Any = importlib.import_module(f"{spec.package}.runtime")
    runtime.Boundary.exchange = _noting(spec, records, services, runtime.Boundary.exchange)
    if spec.mode != "remote":
        return
    client: Any = importlib.import_module(f"{spec.package}.client")
    client.of = _found(spec, services, client.of)
    tokens: Any = importlib.import_module(f"{spec.package}.tokens")
    tokens.sign = _signed(tokens.sign)
    proxy: Any = importlib.import_module(f"{spec.package}.proxy")
    proxy.forward = _forwarded(records, services, feed, proxy.forward)


_STAYS = re.compile(r"stays in the monolith \((\S+) at ")
_LACKS = re.compile(r"the shadow of (\S+) has no '(\w+)'")
_ANYWHERE = re.compile(r"get_(?:all_)?objects?_for_this_type\b.*?AttributeError: 'NoneType'")
"""What a placeholder in the service says when moved code calls it, a shadow of what it does not have, and a generic relation that leads to
a model which the service does not have."""


def _note_placeholders(records: Records, services: Services) -> None:
    running = services.started
    said = running.said() if running is not None else ""
    for edge in _STAYS.findall(said):
        records.note("placeholder", name=edge)
    for label, attribute in _LACKS.findall(said):
        records.note("placeholder", name=f"{label}.{attribute}")
    if _ANYWHERE.search(said):
        records.note("placeholder", name="GenericForeignKey")


def _noting(spec: Spec, records: Records, services: Services, exchange: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(exchange)
    def noting(boundary: Any, operation: Any, given: Mapping[str, Any]) -> Any:
        if boundary.name != spec.context:
            return exchange(boundary, operation, given)
        try:
            result = exchange(boundary, operation, given)
        except Exception as raised:
            records.note("operation", name=operation.name, raised=type(raised).__name__)
            _note_placeholders(records, services)
            raise
        records.note("operation", name=operation.name)
        return result

    return noting


def _found(spec: Spec, services: Services, of: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(of)
    def found(boundary: Any) -> Any:
        if boundary.name == spec.context:
            services.running()
        return of(boundary)

    return found


def _signed(sign: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(sign)
    def signed(subject: str, issuer: str, audience: str, key: str, now: float | None = None, **named: Any) -> str:
        return sign(subject, issuer, audience, key, _now() if now is None else now, **named)

    return signed


def _forwarded(records: Records, services: Services, feed: Callable[[], None], forward: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(forward)
    def forwarded(boundary: Any, request: Any, *rest: Any) -> Any:
        path = request.target.partition("?")[0]
        feed()
        try:
            reply = forward(boundary, request, *rest)
        except Exception as raised:
            records.note("route", method=request.method, path=path, raised=type(raised).__name__)
            raise
        records.note("route", method=request.method, path=path, status=reply.status)
        if reply.status >= 500:
            _note_placeholders(records, services)
        return reply

    return forwarded
