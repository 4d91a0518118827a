"""Holds back SIGINT and SIGTERM while files change places."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Deferred:
    """Remembers signals that arrive inside the ``with`` block and delivers them, once, at its end.

    Python runs signal handlers in the main thread only; elsewhere there is nothing to hold back.
    """

    def __init__(self) -> None:
        self.received: list[int] = []
        self._handlers: dict[int, object] = {}

    def __enter__(self) -> Deferred:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                self._handlers[number] = signal.signal(number, self._remember)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handlers.items():
            # A handler that was not installed from Python reads as None and cannot be put back but by its default.
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)  # type: ignore[arg-type]
        if self.received:
            signal.raise_signal(self.received[0])

    def _remember(self, number: int, _: FrameType | None) -> None:
        self.received.append(number)
