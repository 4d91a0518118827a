"""Hands a request for one of a context's own routes on to its service, and the service's reply back.

The monolith stands in front of moved routes: the service lets nobody in without a token that it signed. What travels is
what a proxy may hand on: no hop-by-hop headers, no cookies, and instead of the caller's credentials a signed token that
says who is calling. Bodies pass through in pieces.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

import httpx

from . import client, tokens
from .runtime import Boundary, BoundaryUnavailable

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that speak of one connection only (RFC 9110, 7.6.1)."""

_REPLACED = frozenset(
    {
        "authorization",
        "cookie",
        "content-length",
        "host",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
    }
)
"""Headers of a request that the service gets anew, or must not get."""

_OF_THE_SERVER = frozenset({"date", "server"})
"""Headers of a reply that the monolith's own server writes."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OVERLOADED = frozenset({502, 503, 504})

WHOLE = 1024 * 1024
"""Bytes of a reply up to which it is read at once; what is longer, or does not say, comes in pieces."""

PIECE = 64 * 1024


class Request(NamedTuple):
    """A request as it came. ``target`` is path and query, encoded; ``length`` that of the body in bytes."""

    method: str
    target: str
    headers: Mapping[str, str]
    host: str
    scheme: str
    address: str
    body: BinaryIO | None = None
    length: int = 0


class Reply(NamedTuple):
    """The service's reply: the whole ``body``, or its ``pieces`` as they come. Compression is left as it is."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    pieces: Iterator[bytes] | None = None


def forward(boundary: Boundary, request: Request, subject: str, claims: Mapping[str, Any]) -> Reply:
    """The service's reply on behalf of ``subject``. Raises :class:`BoundaryUnavailable` when there is none in time.

    Only what changes nothing is tried again, and only while time is left: a service that hangs must not hold a worker for longer.
    """
    service = client.of(boundary)
    name = f"{boundary.name} {request.method} {request.target.partition('?')[0]}"
    deadline = time.monotonic() + float(boundary.option("route_timeout", 10)) * service.patience
    attempts = service.attempts if request.method in _SAFE else 1
    for attempt in range(1, attempts + 1):
        if not service.circuit.admits():
            raise BoundaryUnavailable(name, "the circuit is open after repeated failures")
        left = max(0.001, deadline - time.monotonic())
        token = tokens.sign(
            subject, "monolith", boundary.name, tokens.signing_key(service.key), claims=claims
        )
        try:
            reply = service.request(
                request.method,
                service.address(request.target),
                _request_headers(request, token),
                _pieces(request),
                left,
            )
        except httpx.TransportError as error:
            service.circuit.record(succeeded=False)
            if attempt == attempts or time.monotonic() >= deadline:
                raise BoundaryUnavailable(
                    name, f"{type(error).__name__} after {attempt} tries"
                ) from error
        else:
            service.circuit.record(succeeded=reply.status_code < 500)
            if reply.status_code not in _OVERLOADED or attempt == attempts:
                return _reply(name, reply, deadline)
            reply.close()
        time.sleep(random.uniform(0, min(client.LONGEST_DELAY, client.FIRST_DELAY * 2**attempt)))
    raise BoundaryUnavailable(name, "no tries allowed")


def _request_headers(request: Request, token: str) -> list[tuple[str, str]]:
    listed = _names(request.headers.get("connection", ""))
    kept = [
        (name, value)
        for name, value in request.headers.items()
        if name not in HOP_BY_HOP and name not in _REPLACED and name not in listed
    ]
    seen = request.headers.get("x-forwarded-for", "")
    return [
        *kept,
        ("host", request.host),
        ("authorization", f"Bearer {token}"),
        ("x-forwarded-for", f"{seen}, {request.address}" if seen else request.address),
        ("x-forwarded-host", request.host),
        ("x-forwarded-proto", request.scheme),
        *([("content-length", str(request.length))] if request.body is not None else []),
    ]


def _names(header: str) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in header.split(","))


def _pieces(request: Request) -> Iterable[bytes] | None:
    if request.body is None:
        return None
    body = request.body
    body.seek(0)
    return iter(lambda: body.read(PIECE), b"")


def _reply(name: str, reply: httpx.Response, deadline: float) -> Reply:
    listed = _names(reply.headers.get("connection", ""))
    headers = [
        (key, value)
        for key, value in reply.headers.multi_items()
        if key not in HOP_BY_HOP and key not in _OF_THE_SERVER and key not in listed
    ]
    if int(reply.headers.get("content-length", WHOLE + 1)) > WHOLE:
        return Reply(reply.status_code, headers, pieces=_streamed(reply))
    try:
        return Reply(reply.status_code, headers, b"".join(_in_time(reply, deadline)))
    except httpx.TransportError as error:
        raise BoundaryUnavailable(name, f"{type(error).__name__} in the reply") from error
    finally:
        reply.close()


def _in_time(reply: httpx.Response, deadline: float) -> Iterator[bytes]:
    # Each read has a limit of its own: a reply that trickles in would have no limit at all.
    for piece in reply.iter_raw():
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("the reply did not end in time")
        yield piece


def _streamed(reply: httpx.Response) -> Iterator[bytes]:
    try:
        yield from reply.iter_raw(PIECE)
    finally:
        reply.close()
