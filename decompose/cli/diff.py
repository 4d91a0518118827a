"""``decompose diff``"""

from __future__ import annotations

import click

from decompose.cli import candidates
from decompose.cli.session import configured, examples, formatted, in_project, scanned, session_of, shared


@click.command(
    name="diff",
    epilog=examples(
        "decompose diff",
        "decompose diff plan.lock --exit-code",
        "decompose diff HEAD --format md",
        "decompose diff HEAD --format json -o diff.json",
    ),
)
@click.argument("against", default="", metavar="[REV|FILE]", shell_complete=candidates.files)
@click.option("--exit-code", is_flag=True, help="End with 1 when anything differs.")
@in_project
@scanned
@formatted("text", "json", "md")
@configured
@shared
@click.pass_context
def command(context: click.Context, against: str, exit_code: bool, project: str, jobs: int | None, no_cache: bool, format: str, output: str) -> int:
    """Show what the plan of today's source says differently: cut, ownership, foreign keys, transactions, boundary edges.

    Compared with plan.lock, or with REV|FILE: a saved plan, a plan.lock, or a git revision that has one of them. md is for the description of a pull
    request.
    """
    from decompose import guard
    from decompose.project import project_folder
    from decompose.report import diff as report
    from decompose.report import json

    session = session_of(context)
    base = project_folder(project)
    with session.progress() as progress, session.executor() as executor:
        found = guard.diff(base, against, config=session.settings(base), jobs=jobs, cache=not no_cache, progress=progress, executor=executor)
    if format == "json":
        session.data(json.encode(found), output)
    elif format == "md":
        session.result(report.as_markdown(found), output)
    else:
        session.result(report.as_text(found, session.terminal(output)), output)
    return 1 if exit_code and found.changes else 0
