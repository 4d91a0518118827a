"""``decompose extract``"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from decompose.cli import candidates
from decompose.cli.session import (
    Session,
    configured,
    examples,
    formatted,
    in_project,
    scanned,
    session_of,
    shared,
)

FORMATS = ("cloudformation", "terraform")
"""As :data:`decompose.model.target.FORMATS`, which is not loaded to show the help."""

if TYPE_CHECKING:
    from decompose.emit import WriteReport
    from decompose.pipeline import Extraction
    from decompose.report.text import Terminal

_GROUPED = (("create", "+", ""), ("update", "~", "updated"), ("remove", "-", "removed"))
_MARKS = {"update": "~", "merge": "~", "restore": "~", "conflict": "!", "kept": "=", "deleted": "="}
_SAID = {
    "merge": "merged with your edits",
    "conflict": "your edits and new output meet: resolve the markers",
    "kept": "kept with your edits",
    "deleted": "you deleted it: stays so",
    "restore": "rewrite taken back",
}


@click.command(
    name="extract",
    epilog=examples(
        "decompose extract CONTEXT --dry-run",
        "decompose extract CONTEXT --dry-run --diff",
        "decompose extract CONTEXT",
        "decompose extract CONTEXT --target terraform",
        "decompose extract CONTEXT --step split",
        "decompose extract CONTEXT --undo",
    ),
)
@click.argument("name", metavar="CONTEXT", shell_complete=candidates.contexts)
@click.option("--dry-run", is_flag=True, help="Write nothing, say what would be written.")
@click.option("--diff", is_flag=True, help="Print the change as a unified diff; with --dry-run it is only printed.")
@click.option("--undo", is_flag=True, help="Take back what was written for the context, or by one step; your own edits stay.")
@click.option("--step", metavar="STEP", shell_complete=candidates.steps, help="Only one step, a change of its own: seal, serve, shadow, split, switch or retire.")
@click.option(
    "--target", "targets", multiple=True, type=click.Choice(FORMATS), help="What the deployment is written for, besides the JSON inputs of ECS; may be repeated.  [default: both]"
)
@click.option("--allow-dirty", is_flag=True, help="Write also where git has changes that are not committed.")
@click.option("--replan", is_flag=True, help="Make the plan anew when source or decisions changed.")
@in_project
@scanned
@formatted("text", "json")
@configured
@shared
@click.pass_context
def command(
    context: click.Context,
    name: str,
    dry_run: bool,
    diff: bool,
    undo: bool,
    step: str | None,
    targets: tuple[str, ...],
    allow_dirty: bool,
    replan: bool,
    project: str,
    jobs: int | None,
    no_cache: bool,
    format: str,
    output: str,
) -> None:
    """Write the service, the boundary and the rewritten call sites of one context.

    Starts from the saved plan and writes all files or none. The mode is set to local: the monolith behaves as before. Your
    edits in generated files are merged, never overwritten.
    """
    from decompose import pipeline
    from decompose.config import with_formats
    from decompose.emit import UNWRITTEN, WRITTEN
    from decompose.project import project_folder

    session = session_of(context)
    base = project_folder(project)
    settings = with_formats(session.settings(base), targets)
    session.standing = UNWRITTEN
    if undo:
        taken_back = pipeline.undo(base, name, step=step, dry_run=dry_run, config=settings)
        session.standing = UNWRITTEN if dry_run else WRITTEN
        _put(session, name, taken_back, None, diff, format, output)
        return
    with session.progress() as progress, session.executor() as executor:
        done = pipeline.extract(
            base,
            name,
            config=settings,
            dry_run=dry_run,
            allow_dirty=allow_dirty,
            replan=replan,
            step=step,
            jobs=jobs,
            cache=not no_cache,
            progress=progress,
            executor=executor,
        )
        session.standing = UNWRITTEN if dry_run else WRITTEN
    _put(session, name, done.report, done, diff, format, output)


def _put(
    session: Session, name: str, report: WriteReport, done: Extraction | None, diff: bool, format: str, output: str
) -> None:
    from decompose.report.json import encode
    from decompose.report.printable import printable_lines

    terminal = session.terminal(output)
    if format == "json":
        session.data(encode(_data(name, report, done)), output)
    elif diff:
        shown = report.diff()
        # Bytes go into a pipe as they are, so that `git apply` gets them back; a screen gets nothing that could drive it.
        session.result(printable_lines(shown) if terminal.colour else shown, output)
    else:
        session.result(_text(report, done, terminal), output)
    if report.dry_run:
        session.note("Nothing written. Show the change: --diff   Write: drop --dry-run")
    elif done is not None and not report.conflicts:
        session.note(f"Next: decompose verify {name}")
    report.raise_conflicts()


def _text(report: WriteReport, done: Extraction | None, terminal: Terminal) -> str:
    """Generated files counted by folder, everything of the user's by name, then what becomes of the boundary."""
    from decompose.report.printable import printable
    from decompose.report.text import plural

    lines = []
    for action, mark, said in _GROUPED:
        counts = Counter(_folder(o.path) for o in report.outcomes if o.action == action and o.file_class != "edited")
        lines += [
            f"  {mark} {printable(folder)}  {plural(count, 'file')} {said}".rstrip()
            for folder, count in sorted(counts.items())
        ]
    for outcome in report.outcomes:
        if outcome.action in _SAID or (outcome.action == "update" and outcome.file_class == "edited"):
            lines.append(
                f"  {_MARKS[outcome.action]} {printable(outcome.path)}  {_SAID.get(outcome.action, 'rewritten')}"
            )
    if not lines:
        lines.append("  Nothing to write: every file is already right.")
    if done is not None:
        counts = Counter(edge.disposition for edge in done.plan.edges)
        lines += [
            "",
            f"  {plural(len(done.plan.edges), 'edge')} across the boundary: "
            + ", ".join(f"{n} {name}" for name, n in sorted(counts.items())),
        ]
        lines += [
            f"  {terminal.paint('!', 'yellow')} {printable(place)}  {printable(reason)}" for place, reason in done.left
        ]
    return "\n".join(lines) + "\n"


def _folder(path: str) -> str:
    """The folder that a reader thinks of: two levels at most."""
    parts = path.split("/")[:-1]
    return "/".join(parts[:2]) + "/" if parts else path


def _data(name: str, report: WriteReport, done: Extraction | None) -> dict[str, object]:
    files = [{"path": o.path, "action": o.action, "class": o.file_class} for o in report.outcomes]
    data: dict[str, object] = {
        "schema": "decompose/extraction/1",
        "context": name,
        "dry_run": report.dry_run,
        "files": files,
    }
    if done is not None:
        data["dispositions"] = dict(sorted(Counter(edge.disposition for edge in done.plan.edges).items()))
        data["left"] = [{"place": place, "reason": reason} for place, reason in done.left]
    return data
