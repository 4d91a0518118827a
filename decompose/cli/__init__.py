"""The command line: options -> pipeline -> exit code, one file for each command, no logic of its own.

::

    app       the group of commands, imported one by one when they are used
    session   what every command shares: result, messages, progress, colour
    failures  the one place where errors become messages and exit codes

Results go to standard output and nothing else does, so that they can be piped.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType


class Terminated(BaseException):
    """SIGTERM, on its way to exit code 143 through everything that has to be cleaned up."""


received: list[int] = []
"""Signals that were to end this process. What they raise does not always arrive: libcst's visitors make other errors of it."""


def main() -> None:
    """Runs the command line of this process and ends it with the exit code."""
    try:
        signal.signal(signal.SIGTERM, _terminate)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else a shell started this in the background
            signal.signal(signal.SIGINT, _interrupt)
        from decompose.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    except Terminated:
        code = 143
    sys.exit(code)


def _interrupt(number: int, _: FrameType | None) -> None:
    received.append(number)
    raise KeyboardInterrupt


def _terminate(number: int, _: FrameType | None) -> None:
    received.append(number)
    raise Terminated
