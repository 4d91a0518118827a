"""What a query answers while its service does not: only what the plan declares for the operation.

=======================  ============================================================================
``fallback``             the caller gets
=======================  ============================================================================
``""`` or ``raise``      :class:`~runtime.BoundaryUnavailable`
``empty``                nothing of the declared kind: ``[]``, ``{}``, ``""``, ``0``, ``False``
``none``                 ``None``
``default:<literal>``    the value of a Python literal, such as ``default:{"average": None}``
``last``                 the last answer that this process had to the same question of the same user
=======================  ============================================================================

Each use is logged and counted: a caller that cannot tell the difference needs somebody who can.
"""

from __future__ import annotations

import ast
import hashlib
import logging
import os
import threading
import time
from collections import Counter, OrderedDict
from typing import Any

from . import passage
from .runtime import Answer, Boundary, BoundaryUnavailable, OperationContract, current_user

logger = logging.getLogger(__name__)

KEPT = 1000
"""Answers that a process remembers for ``last``, over all operations."""

OLDEST = 3600.0
"""Seconds after which a remembered answer is not given any more."""

used: Counter[str] = Counter()
"""How often this process answered by a fallback, by ``context.operation``."""

EMPTY: dict[str, Any] = {
    "list": list,
    "page": list,
    "json": dict,
    "string": str,
    "text": str,
    "integer": int,
    "big": int,
    "float": float,
    "boolean": bool,
}
"""What makes the empty value of a type, where it has one."""

_lock = threading.Lock()
_answers: OrderedDict[tuple[str, str], tuple[float, list[Answer]]] = OrderedDict()


def remember(
    boundary: Boundary, operation: OperationContract, body: bytes, answers: list[Answer]
) -> None:
    """Keeps what the service answered, when the operation's fallback is its last answer."""
    if operation.fallback != "last":
        return
    question = _question(boundary, operation, body)
    with _lock:
        _answers[question] = (time.monotonic(), answers)
        _answers.move_to_end(question)
        while len(_answers) > KEPT:
            _answers.popitem(last=False)


def instead(
    boundary: Boundary, operation: OperationContract, body: bytes, error: BoundaryUnavailable
) -> Any:
    """The declared answer of an operation whose service is not available. Raises ``error`` when there is none."""
    kind, _, text = operation.fallback.partition(":")
    if operation.kind != "query" or kind in ("", "raise"):
        raise error
    if kind == "last":
        with _lock:
            asked, answers = _answers.get(_question(boundary, operation, body), (0.0, []))
        if not answers or time.monotonic() - asked > OLDEST:
            raise error
        # Decoded anew: what an earlier caller did with its rows is no part of the answer.
        kept = iter(answers)
        result = boundary.fetch(operation, lambda offset: next(kept), {})
    elif kind == "default":
        result = ast.literal_eval(text)
    else:
        result = None if kind == "none" else EMPTY[operation.returns.partition(":")[0]]()
    name = f"{boundary.name}.{operation.name}"
    used[name] += 1
    details = {"operation": name, "fallback": operation.fallback, "trace": passage.trace()}
    logger.warning("%s answered by its fallback: %s", name, error, extra={"boundary": details})
    return result


def _question(boundary: Boundary, operation: OperationContract, body: bytes) -> tuple[str, str]:
    # What one user may see is no answer for another.
    digest = hashlib.sha256(current_user.get().encode() + b"\0" + body).hexdigest()
    return f"{boundary.name}.{operation.name}", digest


def _after_fork() -> None:
    # Another thread may have held the lock when this process was forked.
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
