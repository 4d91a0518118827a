"""``decompose review``"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from decompose.cli import candidates
from decompose.cli.session import configured, examples, found_upwards, scanned, session_of, shared

if TYPE_CHECKING:
    from pathlib import Path

    from decompose.cli.session import Session
    from decompose.model.edits import Edits
    from decompose.pipeline import Analysis, Progress


@click.command(name="review", epilog=examples("decompose review", "decompose review . --no-open --port 8765"))
@click.argument("path", default=".", metavar="[PATH]", shell_complete=candidates.folders, callback=found_upwards)
@click.option("--port", type=click.IntRange(0, 65_535), default=0, metavar="N", help="Port on this machine; default: any that is free.")
@click.option("--no-open", is_flag=True, help="Open no browser; the address is printed either way.")
@scanned
@configured
@shared
@click.pass_context
def command(context: click.Context, path: str, port: int, no_open: bool, jobs: int | None, no_cache: bool) -> None:
    """Look at the plan in the browser, edit it there, and save the edits into decompose.toml.

    The page of `decompose plan` is served to this machine only, at an address that nobody can guess. Saving reads the source again where it has
    changed, writes decompose.toml, comments kept, and makes the plan anew; the page tells what is done, and shows the new figures. End it with Ctrl-C.
    """
    from decompose.cli.serving import serve
    from decompose.project import project_folder

    session = session_of(context)
    base = project_folder(path)
    desk = _Desk(session, base, jobs, not no_cache)
    desk.plan()
    session.note("Serving the plan to this machine only; end with Ctrl-C.")

    def opened(address: str) -> None:
        session.result(address + "\n")
        if not no_open:
            import webbrowser

            if not webbrowser.open(address):
                session.warn("no browser was found: open the address in one")

    serve(desk.page, desk.save, port=port, ready=opened)


class _Desk:
    """The plan under review: made anew after each save."""

    def __init__(self, session: Session, base: Path, jobs: int | None, cache: bool) -> None:
        self._session, self._base, self._jobs, self._cache = session, base, jobs, cache

    def plan(self) -> None:
        """Analyzes and plans, as `decompose plan` does."""
        from decompose import pipeline

        with self._session.progress() as progress:
            self._analysis = self._analyzed(progress)
            self._migration = pipeline.plan(self._analysis, progress=progress)

    def _analyzed(self, progress: Progress | None) -> Analysis:
        from decompose import pipeline

        settings, self._options = self._session.continued(self._base)
        with self._session.executor() as executor:
            return pipeline.analyze(self._base, config=settings, jobs=self._jobs, cache=self._cache, progress=progress, executor=executor)

    def page(self, token: str) -> str:
        from decompose import pipeline

        return pipeline.review_page(self._analysis, self._migration, token=token)

    def save(self, wanted: Edits, doing: Progress) -> dict[str, Any]:
        """Writes the edits into the settings and keeps the plan that they give. Raises what `decompose plan --apply` raises.

        The source may have changed since the page was opened: the edits are made on what it is now.
        """
        import msgspec

        from decompose import pipeline
        from decompose.cli.plan import changes, revise, save_settings

        def told(stage: str, done: int = 0, of: int = 0) -> None:
            doing(_STAGES.get(stage, stage), done, of)

        analysis = self._analyzed(told)
        told("revise")
        revised = revise(self._session, analysis, wanted, self._base, self._options)
        told("plan")
        migration = pipeline.plan(revised.analysis)
        told("write")
        save_settings(revised)
        self._analysis, self._migration = revised.analysis, migration
        lines = changes(revised)
        self._session.note(lines)
        report = pipeline.save_plan(self._base, migration, pipeline.plan_document(self._analysis, migration), pipeline.review_page(self._analysis, migration))
        self._session.keep_options(self._base, msgspec.structs.replace(self._options, fresh=False))
        report.raise_conflicts()
        stale = bool(wanted.plan) and wanted.plan != self._analysis.graph.digest
        return {"lines": [line.strip() for line in lines.splitlines()] + ["The source has changed since the page was opened; the plan is that of today's."] * stale}


_STAGES = {
    "scan": "Looking for files that have changed", "read": "Reading the source", "link": "Linking names", "detect": "Looking for what the code does", "graph": "Putting it together", "evidence": "Reading evidence", "cut": "Making the cut",
    "survey": "Describing the contexts", "revise": "Trying the edits", "plan": "Planning every context", "write": "Writing decompose.toml and the plan",
}  # fmt: skip
"""Stages of the work in words for the page."""
