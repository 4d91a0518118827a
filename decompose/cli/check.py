"""``decompose check``"""

from __future__ import annotations

import click

from decompose.cli import candidates
from decompose.cli.session import configured, examples, formatted, found_upwards, scanned, session_of, shared


@click.command(
    name="check",
    epilog=examples(
        "decompose check",
        "decompose check . --format sarif -o check.sarif",
        "decompose check . --format github",
        "decompose check . --update-baseline",
    ),
)
@click.argument("path", default=".", metavar="[PATH]", shell_complete=candidates.folders, callback=found_upwards)
@click.option("--update-baseline", is_flag=True, help="Take crossings that are gone out of plan.lock: they are new when they come back.")
@click.option("--exit-zero", is_flag=True, help="End with 0 whatever is found.")
@scanned
@formatted("text", "json", "github", "sarif", "junit")
@configured
@shared
@click.pass_context
def command(
    context: click.Context, path: str, update_baseline: bool, exit_zero: bool, jobs: int | None, no_cache: bool, format: str, output: str
) -> int:
    """Fail on what crosses the accepted cut and did not when the plan was signed.

    Looks for imports, calls, table accesses, foreign keys and transactions across contexts, modules without a context, and edited generated files.
    One that is right lets itself be marked: # decompose: ignore[D201] reason. Needs plan.lock, which `decompose plan --accept` writes. Ends with 6 when a
    file cannot be read that was read when the plan was signed, or is new: what it uses is not known then.
    """
    from datetime import UTC, datetime

    from decompose import guard
    from decompose.errors import Incomplete
    from decompose.project import project_folder
    from decompose.report import check as report
    from decompose.report import json
    from decompose.report.printable import printable

    session = session_of(context)
    base = project_folder(path)
    with session.progress() as progress, session.executor() as executor:
        found = guard.check(
            base,
            config=session.settings(base),
            today=datetime.now(UTC).date().isoformat(),
            update_baseline=update_baseline,
            jobs=jobs,
            cache=not no_cache,
            progress=progress,
            executor=executor,
        )
    if format == "json":
        session.data(json.encode(found), output)
    elif format == "sarif":
        session.data(json.encode(report.sarif(found)), output)
    elif format == "text":
        session.result(report.text(found, session.terminal(output)), output)
    else:
        session.result({"github": report.github, "junit": report.junit}[format](found), output)
    if format != "text" or output != "-":
        session.note(report.summary(found))
    if update_baseline and not found.complete:
        session.warn("plan.lock stays as it is: what the files hold that are not read cannot be told from what is gone")
    if found.fixed:
        done = "they left plan.lock" if update_baseline else "keep it so: decompose check --update-baseline"
        session.note(f"{len(found.fixed):,} known when the plan was signed {'is' if len(found.fixed) == 1 else 'are'} gone; {done}")
        for key in found.fixed[:_NAMED]:
            session.note(f"  - {printable(key)}")
        if len(found.fixed) > _NAMED:
            session.note(f"  and {len(found.fixed) - _NAMED:,} more")
    if exit_zero:
        return 0
    return Incomplete.exit_code if not found.complete else int(found.failed)


_NAMED = 10
"""Fixed crossings that are named one by one."""
