"""The HTTP client of a boundary: one pool of connections per service and process.

A call has a time limit. What may be repeated is repeated with exponential back-off and full jitter: queries and
idempotent operations because they may happen twice, commands because they carry an ``Idempotency-Key`` under which the
service answers a repetition with the first reply. After several failures in a row the circuit opens: calls fail at
once until a probe succeeds.
"""

from __future__ import annotations

import os
import random
import secrets
import threading
import time
import uuid
from typing import Any

import httpx

from . import tokens
from .runtime import (
    Answer,
    Boundary,
    BoundaryError,
    BoundaryUnavailable,
    OperationContract,
    current_trace,
    current_user,
)

FIRST_DELAY = 0.05
"""Upper bound of the first pause between tries, in seconds; it doubles each time."""

LONGEST_DELAY = 1.0
"""Upper bound of any pause between tries, in seconds."""

_OVERLOADED = frozenset({429, 502, 503, 504})
"""Replies that say nothing happened: the service, or what stands before it, took no request."""


class Circuit:
    """Counts failures in a row; open, it refuses calls but for one probe at a time."""

    def __init__(self, failures: int, seconds: float) -> None:
        self.limit = failures
        self.seconds = seconds
        self._failures = 0
        self._retry_at = 0.0
        self._lock = threading.Lock()

    def admits(self) -> bool:
        with self._lock:
            if self._failures < self.limit:
                return True
            if time.monotonic() < self._retry_at:
                return False
            self._retry_at = time.monotonic() + self.seconds
            return True

    def record(self, succeeded: bool) -> None:
        with self._lock:
            self._failures = 0 if succeeded else self._failures + 1
            if self._failures >= self.limit:
                self._retry_at = time.monotonic() + self.seconds


class ServiceClient:
    """Sends serialised requests to one service."""

    def __init__(
        self, boundary: Boundary, url: str, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.name = boundary.name
        self.key = boundary.option("token_key")
        self.patience = float(boundary.option("timeout_factor", 1))
        self.attempts = int(boundary.option("attempts", 3))
        self.connect = float(boundary.option("connect_timeout", 0.5))
        self.page_size = int(boundary.option("page_size", 500))
        self.circuit = Circuit(
            int(boundary.option("breaker_failures", 5)),
            float(boundary.option("breaker_seconds", 10)),
        )
        self.http = httpx.Client(
            base_url=url.rstrip("/"),
            transport=transport,
            trust_env=False,
            limits=httpx.Limits(
                max_connections=50, max_keepalive_connections=20, keepalive_expiry=30
            ),
        )

    def send(self, operation: OperationContract, body: bytes, offset: int = 0) -> Answer:
        """The service's answer. Raises :class:`BoundaryUnavailable` when there is none in time."""
        name = f"{self.name}.{operation.name}"
        headers = self._headers(operation)
        for attempt in range(1, self.attempts + 1):
            if not self.circuit.admits():
                raise BoundaryUnavailable(name, "the circuit is open after repeated failures")
            try:
                reply = self.http.post(
                    f"/boundary/v1/{operation.name}",
                    params={"offset": offset} if offset else None,
                    content=body,
                    headers=headers | {"authorization": f"Bearer {self._token()}"},
                    timeout=httpx.Timeout(operation.timeout * self.patience, connect=self.connect),
                )
            except httpx.TransportError as error:
                self.circuit.record(succeeded=False)
                if attempt == self.attempts:
                    raise BoundaryUnavailable(
                        name, f"{type(error).__name__} after {attempt} tries"
                    ) from error
            else:
                self.circuit.record(succeeded=reply.status_code < 500)
                if reply.status_code not in _OVERLOADED or attempt == self.attempts:
                    return Answer(reply.status_code, reply.content)
            time.sleep(random.uniform(0, min(LONGEST_DELAY, FIRST_DELAY * 2**attempt)))
        raise BoundaryUnavailable(name, "no tries allowed")

    def _headers(self, operation: OperationContract) -> dict[str, str]:
        trace = current_trace.get() or f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
        headers = {"content-type": "application/json", "traceparent": trace}
        if operation.kind == "command" and not operation.idempotent:
            headers["idempotency-key"] = str(uuid.uuid4())
        return headers

    def _token(self) -> str:
        # As text now: a middleware may have left the answer open until somebody asks.
        subject = str(current_user.get())
        return tokens.sign(subject, "monolith", self.name, tokens.signing_key(self.key))


_clients: dict[tuple[int, str, str], ServiceClient] = {}
_lock = threading.Lock()


def of(boundary: Boundary) -> ServiceClient:
    """The process's client for a context. A forked worker makes its own: sockets are not shared."""
    url: Any = boundary.option("url")
    if not url:
        raise BoundaryError(boundary.name, f"mode remote wants {boundary.name.upper()}_URL")
    key = (os.getpid(), boundary.name, str(url))
    with _lock:
        if key not in _clients:
            _clients[key] = ServiceClient(boundary, str(url))
        return _clients[key]
