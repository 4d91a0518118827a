"""``decompose verify``"""

from __future__ import annotations

from collections.abc import Callable
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
    with session.progress() as progress:
        found = pipeline.verify(
            base, name, config=session.settings(base), report=lambda gate: _heard(session, progress, gate)
        )
    if format == "json":
        session.data(encode(found), output)
    elif format == "junit":
        session.data(verification.junit(found).encode(), output)
    else:
        session.result(verification.text(found, session.terminal(output)), output)
    if found.failed and not exit_zero:
        context.exit(1)


def _heard(session: Session, progress: Callable[[str, int, int], None] | None, gate: Gate) -> None:
    """Says how far it is, since a whole run takes minutes."""
    if progress:
        progress(f"{gate.name} {gate.outcome}", 0, 0)
    session.detail(f"{gate.outcome} {gate.name} {gate.seconds:.1f} s")
