"""What goes along with a call besides its arguments: the trace, the time that is left, and how deep the chain of calls is.

A caller that waits two seconds waits for everything that its call sets off. So the time that is left travels, as
milliseconds and not as a time of day: clocks differ. Monolith and service call one another, so a mistake could send
calls round in a circle; the depth ends that.

====================  ==================================================================================
header                meaning
====================  ==================================================================================
``traceparent``       W3C Trace Context
``boundary-time``     milliseconds after which nobody waits for the answer any more
``boundary-depth``    how many boundary calls led to this one, this one included
====================  ==================================================================================
"""

from __future__ import annotations

import contextvars
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from .runtime import current_trace

TIME_HEADER = "boundary-time"
DEPTH_HEADER = "boundary-depth"

DEEPEST = 5
"""Calls that may lead to one another; more is taken for a circle. The option ``max_depth`` changes it."""

_deadline: contextvars.ContextVar[float] = contextvars.ContextVar("boundary_deadline", default=0.0)
_depth: contextvars.ContextVar[int] = contextvars.ContextVar("boundary_depth", default=0)


def remaining() -> float | None:
    """Seconds for which somebody still waits for what this process is doing, ``None`` when nobody said."""
    deadline = _deadline.get()
    return deadline - time.monotonic() if deadline else None


def depth() -> int:
    """How many boundary calls led here: 0 outside of one."""
    return _depth.get()


@contextmanager
def arrived(headers: Mapping[str, str]) -> Iterator[None]:
    """Serves one request with what came along with it. ``headers`` are looked up in lower case."""
    trace = current_trace.set(headers.get("traceparent", ""))
    time_left = headers.get(TIME_HEADER, "")
    level = headers.get(DEPTH_HEADER, "")
    until = time.monotonic() + int(time_left) / 1000 if time_left.isdecimal() else 0.0
    deadline = _deadline.set(until)
    deeper = _depth.set(int(level) if level.isdecimal() else 0)
    try:
        yield
    finally:
        _depth.reset(deeper)
        _deadline.reset(deadline)
        current_trace.reset(trace)


@contextmanager
def alone() -> Iterator[None]:
    """For work that nobody waits for: it has its own time limits."""
    deadline = _deadline.set(0.0)
    try:
        yield
    finally:
        _deadline.reset(deadline)


def trace() -> str:
    """The trace that this work belongs to; a new one when it belongs to none."""
    return current_trace.get() or f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def leaving(seconds: float) -> dict[str, str]:
    """Headers of a call that is waited for as long as ``seconds``."""
    return {
        "traceparent": trace(),
        TIME_HEADER: str(max(0, round(seconds * 1000))),
        DEPTH_HEADER: str(depth() + 1),
    }
