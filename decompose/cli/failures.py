"""The one place where errors become messages and exit codes."""

from __future__ import annotations

import json
import signal
import sys
import traceback
from collections.abc import Sequence

import click

from decompose.cli import Terminated, received
from decompose.cli.session import Session
from decompose.errors import DecomposeError, FileError, UsageError

BUG = 70
INTERRUPTED = 130
TERMINATED = 143


def exit_code(error: BaseException, session: Session, arguments: Sequence[str]) -> int:
    """Says what went wrong on standard error and returns the exit code. Prints no traceback without ``--debug``."""
    stop = error.__cause__ if isinstance(error, click.exceptions.Abort) else error  # click makes an Abort of Ctrl-C
    if isinstance(error, click.exceptions.Abort) and not isinstance(stop, KeyboardInterrupt):
        return INTERRUPTED  # the end of input at a question
    if isinstance(stop, Terminated) or signal.SIGTERM in received:
        _say(_ended("terminated", stop, session))
        return TERMINATED
    if isinstance(stop, KeyboardInterrupt) or received:
        _say(_ended("interrupted", stop, session))
        return INTERRUPTED
    if session.debug:
        traceback.print_exception(error)
    known = _known(error)
    if known is None:
        _say(_bug(error, session))
        return BUG
    _say(_as_json(known) if session.format == "json" or _wants_json(arguments) else _as_text(known, session))
    return known.exit_code


def _ended(how: str, stop: BaseException | None, session: Session) -> str:
    """``interrupted; nothing was written``: what the writer noted on the exception comes first."""
    return "; ".join([how, *(getattr(stop, "__notes__", []) or filter(None, [session.standing]))])


def _known(error: BaseException) -> DecomposeError | None:
    """The error as one that tells a user what to change; ``None`` for a bug of ours."""
    if isinstance(error, DecomposeError):
        return error
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        hint = f"see `{context.command_path} --help`" if context else ""
        if context and "unexpected extra argument" in error.format_message() and any(each.name == "project" for each in context.command.params):
            hint = f"the folder of the monolith is no argument here: {context.command_path} NAME --project PATH"
        return UsageError(error.format_message(), hint=hint)
    if isinstance(error, OSError) and error.errno:
        return FileError(
            f"{error.strerror}: {error.filename}" if error.filename else f"{error.strerror}",
            place=str(error.filename or ""),
        )
    if isinstance(error, MemoryError):
        return FileError("not enough memory", hint="use --jobs 1, or exclude folders that need no analysis")
    return None


def _as_text(error: DecomposeError, session: Session) -> str:
    from decompose.report.printable import printable, printable_lines

    lines = [f"{session.paint('Error', 'red')} {error.code}: {printable_lines(error.message)}"]
    if error.place and error.place not in error.message:
        lines.append(f"  at    {printable(error.place)}")
    if error.hint:
        lines.append(f"  hint  {printable_lines(error.hint)}")
    if session.verbose:
        lines.append(f"  more  decompose explain {error.code}")
    return "\n".join(lines)


def _as_json(error: DecomposeError) -> str:
    found = {"code": error.code, "message": error.message, "hint": error.hint, "place": error.place}
    return json.dumps({"error": found}, ensure_ascii=True)


def _bug(error: BaseException, session: Session) -> str:
    from decompose.report.printable import printable

    what = printable(f"{type(error).__name__}: {error}")
    first = f"{session.paint('Error', 'red')}: this is a bug in decompose: {what}"
    return first if session.debug else f"{first}\n  hint  run again with --debug and report the traceback"


def _wants_json(arguments: Sequence[str]) -> bool:
    """Whether the command line asks for JSON, also where it could not be parsed."""
    for index, argument in enumerate(arguments):
        if argument in ("--format=json", "-fjson", "-f=json"):
            return True
        if argument in ("--format", "-f") and list(arguments[index + 1 : index + 2]) == ["json"]:
            return True
    return False


def _say(text: str) -> None:
    encoding = sys.stderr.encoding or "ascii"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr, flush=True)
    except OSError:
        # Nowhere left to complain: the exit code says it.
        pass
