"""The HTTP client of a boundary: one pool of connections per service and process.

A call has one time limit for all its tries together, and never more than is left of the request that made it. What may
be repeated is repeated with exponential back-off and full jitter: queries and idempotent operations because they may
happen twice, commands because they carry an ``Idempotency-Key`` under which the service answers a repetition with the
first reply. Only :meth:`Client.post` sends what is neither, and tries once. A service that is slow is not asked again: a try may take all the time that is left. When many calls fail,
repetitions stop (the budget), and after several failures in a row the circuit opens: calls fail at once until a probe
succeeds.
"""

from __future__ import annotations

import functools
import os
import random
import threading
import time
import uuid
from collections.abc import Iterable
from typing import Any

import httpx

from . import passage, tokens
from .runtime import (
    Answer,
    Boundary,
    BoundaryError,
    BoundaryUnavailable,
    OperationContract,
    current_user,
    setting,
)

FIRST_DELAY = 0.05
"""Upper bound of the first pause between tries, in seconds; it doubles each time."""

LONGEST_DELAY = 1.0
"""Upper bound of any pause between tries, in seconds."""

LARGEST_REPLY = 64 * 1024 * 1024
"""Bytes of a reply that are read; the contract has pages for more."""

_OVERLOADED = frozenset({429, 502, 503, 504})
"""Replies of a service that is not up to it, or of what stands before it.

429 and 503 say that nothing happened; after 502 and 504 nobody knows whether the request was worked on. All may be tried
again, since no request does anything twice, see above.
"""


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

    @property
    def is_open(self) -> bool:
        """Whether a call would be refused now. Unlike :meth:`admits` it lets no probe through."""
        with self._lock:
            return self._failures >= self.limit and time.monotonic() < self._retry_at

    def record(self, succeeded: bool) -> None:
        with self._lock:
            self._failures = 0 if succeeded else self._failures + 1
            if self._failures >= self.limit:
                self._retry_at = time.monotonic() + self.seconds


class RetryBudget:
    """Keeps repetitions from becoming the load that a struggling service dies of.

    A failure costs one, an answer earns a tenth; below half of ``size`` nothing is repeated.
    """

    def __init__(self, size: float = 10) -> None:
        self.size = size
        self._left = size
        self._lock = threading.Lock()

    def record(self, succeeded: bool) -> None:
        with self._lock:
            change = 0.1 if succeeded else -1
            self._left = min(self.size, max(0.0, self._left + change))

    def allows(self) -> bool:
        return self._left > self.size / 2


class ServiceClient:
    """Sends serialised requests to one service. ``attempts`` and ``limit`` (seconds) replace the options' values."""

    def __init__(
        self,
        boundary: Boundary,
        url: str,
        transport: httpx.BaseTransport | None = None,
        *,
        attempts: int | None = None,
        limit: float | None = None,
    ) -> None:
        self.name = boundary.name
        self.key = boundary.option("token_key")
        self.limit = limit
        self.patience = float(boundary.option("timeout_factor", 1))
        self.attempts = attempts or int(boundary.option("attempts", 3))
        self.connect = float(boundary.option("connect_timeout", 0.5))
        self.deepest = int(boundary.option("max_depth", passage.DEEPEST))
        self.path = str(boundary.option("path", "/boundary/v1"))
        self.issuer = str(setting("BOUNDARY_NAME", "monolith"))
        self.circuit = Circuit(
            int(boundary.option("breaker_failures", 5)),
            float(boundary.option("breaker_seconds", 10)),
        )
        self.budget = RetryBudget()
        connections = int(boundary.option("max_connections", 50))
        self.url = httpx.URL(url.rstrip("/"))
        self._known = functools.lru_cache(maxsize=256)(self.address)
        # Not a client: that keeps cookies, and would send what one user was given along with the next user's request.
        # It also takes twice the time of what it is built on.
        self.transport = transport or httpx.HTTPTransport(
            trust_env=False,
            limits=httpx.Limits(
                max_connections=connections,
                max_keepalive_connections=max(1, connections * 2 // 5),
                keepalive_expiry=30,
            ),
        )

    def send(self, operation: OperationContract, body: bytes, offset: int = 0) -> Answer:
        """The service's answer. Raises :class:`BoundaryUnavailable` when there is none in time."""
        name = f"{self.name}.{operation.name}"
        if passage.depth() >= self.deepest:
            raise BoundaryError(
                name, f"{passage.depth()} calls led to this one: they go in a circle"
            )
        deadline = time.monotonic() + self._allowed(operation)
        path = f"{self.path}/{operation.name}" + (f"?offset={offset}" if offset else "")
        key = (
            {"idempotency-key": str(uuid.uuid4())}
            if operation.kind == "command" and not operation.idempotent
            else {}
        )
        problem = "no time is left"
        for attempt in range(1, self.attempts + 1):
            if not self.circuit.admits():
                raise BoundaryUnavailable(name, "the circuit is open after repeated failures")
            left = deadline - time.monotonic()
            if left <= 0:
                break
            try:
                answer, pause = self._try(path, body, key, deadline)
            except httpx.RequestError as error:
                self._record(succeeded=False)
                problem = (
                    f"{type(error).__name__} after {attempt} tr{'ies' if attempt > 1 else 'y'}"
                )
                if not self._again(attempt, 0.0, deadline):
                    raise BoundaryUnavailable(name, problem) from error
            else:
                self._record(succeeded=answer.status not in _OVERLOADED)
                if answer.status not in _OVERLOADED or not self._again(attempt, pause, deadline):
                    return answer
        raise BoundaryUnavailable(name, problem)

    def _allowed(self, operation: OperationContract) -> float:
        """Seconds that all tries may take together."""
        own = operation.timeout * self.patience if self.limit is None else self.limit
        outer = passage.remaining()
        return own if outer is None else min(own, outer)

    def post(self, path: str, body: bytes, seconds: float) -> Answer:
        """The answer to one request that is no operation, tried once. Raises :class:`BoundaryUnavailable`."""
        name = f"{self.name}{path}"
        if not self.circuit.admits():
            raise BoundaryUnavailable(name, "the circuit is open after repeated failures")
        try:
            answer, _ = self._try(path, body, {}, time.monotonic() + seconds)
        except httpx.RequestError as error:
            self._record(succeeded=False)
            raise BoundaryUnavailable(name, type(error).__name__) from error
        self._record(succeeded=answer.status not in _OVERLOADED)
        return answer

    def _try(
        self, path: str, body: bytes, key: dict[str, str], deadline: float
    ) -> tuple[Answer, float]:
        """One request: the answer and the seconds that the service wants to be left alone."""
        left = max(0.001, deadline - time.monotonic())
        reply = self.request(
            "POST",
            self._known(path),
            [
                ("user-agent", f"boundary/{self.issuer}"),
                ("content-type", "application/json"),
                ("authorization", f"Bearer {self._token()}"),
                *passage.leaving(left).items(),
                *key.items(),
            ],
            body,
            left,
        )
        try:
            parts: list[bytes] = []
            size = 0
            # Each read has a limit of its own: a reply that trickles in would have no limit at all.
            for part in reply.iter_bytes():
                parts.append(part)
                size += len(part)
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the reply did not end in time")
                if size > LARGEST_REPLY:
                    raise BoundaryError(f"{self.name}{path}", "the reply is too large")
        finally:
            reply.close()
        pause = _seconds(reply.headers.get("retry-after", ""))
        return Answer(reply.status_code, b"".join(parts)), pause

    def request(
        self,
        method: str,
        url: httpx.URL,
        headers: list[tuple[str, str]],
        content: bytes | Iterable[bytes] | None,
        seconds: float,
    ) -> httpx.Response:
        """The reply to one request, its body still to be read; whoever reads it closes it.

        Connecting, sending and each read may take ``seconds``. Raises :class:`httpx.TransportError`.
        """
        limits = httpx.Timeout(seconds, connect=min(seconds, self.connect))
        outgoing = httpx.Request(
            method, url, headers=headers, content=content, extensions={"timeout": limits.as_dict()}
        )
        return self.transport.handle_request(outgoing)

    def address(self, target: str) -> httpx.URL:
        """Where ``target`` is, path and query, encoded; they are set as they came."""
        # A target such as ``//elsewhere/`` must not choose another host.
        return self.url.copy_with(raw_path=self.url.raw_path.rstrip(b"/") + target.encode("ascii"))

    def _record(self, succeeded: bool) -> None:
        # A service that fails in one operation answers: only silence and overload open the circuit.
        self.circuit.record(succeeded)
        self.budget.record(succeeded)

    def _again(self, attempt: int, pause: float, deadline: float) -> bool:
        """Waits for the next try; ``False`` when there is none."""
        if attempt == self.attempts or not self.budget.allows():
            return False
        wait = max(pause, random.uniform(0, min(LONGEST_DELAY, FIRST_DELAY * 2**attempt)))
        if time.monotonic() + wait >= deadline:
            return False
        time.sleep(wait)
        return True

    def _token(self) -> str:
        # As text now: a middleware may have left the answer open until somebody asks.
        subject = str(current_user.get())
        return tokens.sign(subject, self.issuer, self.name, tokens.signing_key(self.key))


def _seconds(header: str) -> float:
    return float(header) if header.isdecimal() else 0.0


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


def _after_fork() -> None:
    # Another thread may have held the lock when this process was forked.
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
