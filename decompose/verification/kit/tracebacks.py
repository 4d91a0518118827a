"""Tracebacks that travel between the processes of a suite: a failure in a worker must reach its runner, which prints it.

Runners use the library ``tblib`` for that where it is installed. Where it is not, the first failing test would end the whole run.
"""

from __future__ import annotations

import copyreg
import importlib.util
from types import CodeType, TracebackType
from typing import Any

Place = tuple[str, str, int]


def travel() -> None:
    """Lets tracebacks be pickled, unless something else does."""
    if importlib.util.find_spec("tblib") is None:
        copyreg.pickle(TracebackType, _reduced)


def _reduced(found: TracebackType) -> tuple[Any, tuple[tuple[Place, ...]]]:
    places = []
    step: TracebackType | None = found
    while step is not None:
        code = step.tb_frame.f_code
        places.append((code.co_filename, code.co_name, step.tb_lineno))
        step = step.tb_next
    return rebuilt, (tuple(places),)


def rebuilt(places: tuple[Place, ...]) -> TracebackType | None:
    """A traceback that reads the same. Its frames hold nothing."""
    found: TracebackType | None = None
    for path, function, line in reversed(places):
        frame = _frame(path, function, line)
        found = TracebackType(found, frame, frame.f_lasti, line)
    return found


def _frame(path: str, function: str, line: int) -> Any:
    def renamed(code: CodeType) -> CodeType:
        return code.replace(co_filename=path, co_name=function)

    try:
        exec(renamed(compile("\n" * (line - 1) + "raise ValueError", path, "exec")), {})
    except ValueError as raised:
        assert raised.__traceback__ is not None and raised.__traceback__.tb_next is not None
        return raised.__traceback__.tb_next.tb_frame
    raise AssertionError("a frame is made by raising in it")
