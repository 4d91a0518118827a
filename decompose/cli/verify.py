"""``decompose verify``"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from decompose.cli import candidates
from decompose.cli.session import (
    Session,
    configured,
    examples,
    formatted,
    in_project,
    session_of,
    shared,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from decompose.model.verification import Gate


@click.command(
    name="verify",
    epilog=examples("decompose verify CONTEXT", "decompose verify CONTEXT --format junit -o verify.xml"),
)
@click.argument("name", metavar="CONTEXT", shell_complete=candidates.contexts)
@click.option("--exit-zero", is_flag=True, help="End with 0 also when a gate fails: for jobs that only report.")
@in_project
@formatted("text", "json", "junit")
@configured
@shared
@click.pass_context
def command(context: click.Context, name: str, exit_zero: bool, project: str, format: str, output: str) -> None:
    """Prove that an extracted service works and that the monolith still does.

    This is the only command that runs your code: in copies, in subprocesses, with time limits. A gate that cannot be tried
    is skipped with the reason and never counts as passed. Ends with 1 when a gate fails.
    """
    from decompose import pipeline
    from decompose.project import project_folder
    from decompose.report import verification
    from decompose.report.json import encode

    session = session_of(context)
    base = project_folder(project)
    streamed = format == "text" and output == "-"
    with session.progress(after=0) as progress:
        heard = _Heard(session, progress, name, streamed)
        found = pipeline.verify(base, name, config=session.settings(base), begins=heard.begins, report=heard.ended)
    if format == "json":
        session.data(encode(found), output)
    elif format == "junit":
        session.data(verification.junit(found).encode(), output)
    else:
        session.result(verification.count_text(found) if streamed else verification.text(found, session.terminal(output)), output)
    if found.failed and not exit_zero:
        context.exit(1)


class _Heard:
    """What is said while the gates run, since a whole run takes minutes: each as soon as it ends, and when somebody stops it, where that was.

    The gates are the result where that is text on standard output, and messages where the result is another.
    """

    def __init__(self, session: Session, progress: Callable[[str, int, int], None] | None, context: str, streamed: bool) -> None:
        self._session, self._progress, self._context, self._streamed = session, progress, context, streamed
        self._installed = False

    def begins(self, name: str) -> None:
        if self._progress:
            self._progress(name, 0, 0)
        rerun = "uses the environment that was made" if self._installed else "begins anew"
        self._session.standing = f"stopped in: {name}; `decompose verify {self._context}` {rerun}"

    def ended(self, gate: Gate) -> None:
        from decompose.report import verification

        if self._streamed:
            self._session.result(verification.gate_text(gate, self._session.terminal()))
        else:
            self._session.note(verification.gate_line(gate, self._session.screen()))
        self._session.detail(f"{gate.name} took {gate.seconds:.1f} s")
        self._installed = self._installed or (gate.name == "environment" and gate.outcome == "passed")
