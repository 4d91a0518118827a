"""``decompose analyze``"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from decompose.cli import candidates
from decompose.cli.session import Session, configured, examples, formatted, found_upwards, scanned, session_of, shared

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from decompose.model.settings import Config, EvidenceSettings, Options
    from decompose.model.source import SkippedFile
    from decompose.pipeline import Analysis
    from decompose.recall import Result


@click.command(
    name="analyze",
    epilog=examples(
        "decompose analyze .",
        "decompose analyze . --contexts 4-8 --exclude '**/legacy/**'",
        "decompose analyze . --format json -o analysis.json",
        "decompose analyze . --format mermaid",
    ),
)
@click.argument("path", default=".", metavar="[PATH]", shell_complete=candidates.folders, callback=found_upwards)
@click.option("--contexts", metavar="N|MIN-MAX", help="How many contexts; default: chosen by the score.")
@click.option(
    "--weight", "weights", multiple=True, metavar="KIND=FLOAT", shell_complete=candidates.weights, help="Weight of a kind of evidence; may be repeated."
)
@click.option(
    "--pin", "pins", multiple=True, metavar="MODULE=CONTEXT", shell_complete=candidates.places, help="Force a module or table; may be repeated."
)
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave files out, besides .gitignore; may be repeated.")
@click.option("--coverage", multiple=True, metavar="FILE", shell_complete=candidates.files, help="coverage.xml: code that ran weighs more; may be repeated.")
@click.option(
    "--query-stats", "statements", multiple=True, metavar="FILE", shell_complete=candidates.files, help="pg_stat_statements as CSV or JSON; may be repeated."
)
@click.option("--spans", multiple=True, metavar="FILE", shell_complete=candidates.files, help="OpenTelemetry spans as OTLP JSON; may be repeated.")
@click.option("--since", metavar="DATE", help="The git history from this day on, as in 2025-01-31; default: two years before the newest commit.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), metavar="INT", help="Start of the search.  [default: 0]")
@click.option("--fresh", is_flag=True, help="Propose anew instead of keeping the accepted map of the saved plan.")
@click.option("--strict", is_flag=True, help="End with 6 when a file cannot be read.")
@click.option("--timings", is_flag=True, help="Say how long each stage took.")
@scanned
@formatted("text", "json", "csv", "mermaid", "dot", "graphml")
@configured
@shared
@click.pass_context
def command(
    context: click.Context,
    path: str,
    contexts: str | None,
    weights: tuple[str, ...],
    pins: tuple[str, ...],
    exclude: tuple[str, ...],
    coverage: tuple[str, ...],
    statements: tuple[str, ...],
    spans: tuple[str, ...],
    since: str | None,
    seed: int | None,
    fresh: bool,
    strict: bool,
    timings: bool,
    jobs: int | None,
    no_cache: bool,
    format: str,
    output: str,
) -> None:
    """Read a Python monolith and propose bounded contexts. Never imports your code.

    The analysis is kept as .decompose/analysis.json with the options that shape it, unless --no-cache is given; `show`, `explain`, `plan` and
    `extract` continue from it. csv has one row for each context, dot the modules, mermaid the context
    map, graphml and json everything.
    """
    from decompose.config import with_kept
    from decompose.model.settings import Options
    from decompose.project import complete, project_folder

    session = session_of(context)
    base = project_folder(path)
    seen = _evidence(coverage, statements, spans)
    said = Options(contexts or "", exclude, weights, pins, seed, session.configuration, seen, fresh, since or "")
    settings = with_kept(session.config(base), said)
    limit = 0.0 if strict else 1.0
    if not (no_cache or timings):
        known = _recalled(session, base, settings, format, output)
        if known is not None:
            session.keep_options(base, said)
            complete(known.failed, known.files, limit)
            return
    from decompose import pipeline

    with session.progress() as progress, session.executor() as executor:
        analysis = pipeline.analyze(
            base, config=settings, jobs=jobs, cache=not no_cache, progress=progress, executor=executor
        )
        kept = "" if no_cache else keep(session, analysis, said)
    _put(session, analysis, format, output)
    if format != "text":
        _warn_unread(session, analysis.graph.failed)
    _say_history(session, analysis.history_problem)
    if timings:
        session.note("  ".join(f"{stage} {seconds:.2f} s" for stage, seconds in analysis.timings.items()))
    if format == "text" and output == "-":
        _next(session, kept, next((each.name for each in analysis.context_map.contexts if each.role != "shared"), ""))
    pipeline.check_complete(analysis, limit)


def _evidence(*given: tuple[str, ...]) -> EvidenceSettings:
    """Files as a person names them, from where that person is, in the order coverage, statements, spans."""
    from pathlib import Path

    from decompose.errors import UsageError
    from decompose.model.settings import EvidenceSettings

    for file in (file for files in given for file in files):
        if not file or not file.isprintable():
            raise UsageError(f"{file!r} cannot be the name of a file of evidence", hint="rename the file")
    return EvidenceSettings(*(tuple(str(Path(file).absolute()) for file in files) for files in given))


def _recalled(session: Session, base: Path, settings: Config, format: str, output: str) -> Result | None:
    """Puts out the result of the last analysis if it is still right and has what the format needs."""
    from decompose import recall

    if format not in ("text", "json"):
        return None
    known = recall.last(base, settings)
    if known is None:
        return None
    if format == "json":
        document = known.document()
        if document is None:
            return None
        session.data(document, output)
        _warn_unread(session, known.failed)
        _say_history(session, known.history_problem)
    else:
        from decompose.report import text

        session.result(text.screen(known.summary, session.terminal(output)), output)
        _say_history(session, known.history_problem)
        if output == "-":
            _next(session, f"Nothing has changed since {recall.DOCUMENT} was written", next((row[0] for row in known.summary.rows), ""))
    return known


def _next(session: Session, kept: str, context: str) -> None:
    """What to do now; ``context`` is one that can be asked about, ``""`` for none."""
    from decompose.report.printable import printable

    steps = [("decompose plan --open", "review and adjust the cut")]
    steps += [(f"decompose explain {printable(context)}", "why this code is together")] if context else []
    width = max(len(command) for command, _ in steps)
    lines = [f"{'Next:' if not index else '':5} {command:{width}}   {reason}" for index, (command, reason) in enumerate(steps)]
    session.note("\n".join(["", *([kept] if kept else []), *lines]))


def _warn_unread(session: Session, failed: Sequence[SkippedFile]) -> None:
    """Names the files that could not be read; the text form lists them itself."""
    from decompose.report.printable import printable

    for each in failed[:_NAMED]:
        session.warn(printable(f"{each.path}:{each.line} could not be read: {each.reason}"))
    if len(failed) > _NAMED:
        session.warn(f"and {len(failed) - _NAMED} more files could not be read")


def _say_history(session: Session, problem: str) -> None:
    """Why changes over time are no part of the evidence: worth a line where there is a repository, else only with ``-v``."""
    from decompose.report.printable import printable
    from decompose.scan.history import ORDINARY

    if problem:
        say = session.detail if problem in ORDINARY else session.note
        say(f"The git history is not used: {printable(problem)}")


_NAMED = 10
"""Unreadable files that are named one by one."""


def keep(session: Session, analysis: Analysis, said: Options) -> str:
    """Saves the analysis and says so; a project that cannot be written to is analyzed all the same, with a warning."""
    from decompose import pipeline
    from decompose.errors import FileError, RefusedInput

    _say_changes(session, analysis)
    try:
        written = pipeline.save_analysis(analysis)
    except (FileError, RefusedInput) as error:
        session.warn(f"the analysis is not kept: {error.message}")
        return ""
    session.keep_options(analysis.base, said)
    return f"Wrote {pipeline.ANALYSIS}" if written else f"{pipeline.ANALYSIS} stays as it is: the result is the same"


def _say_changes(session: Session, analysis: Analysis) -> None:
    """Names of contexts that have gone or come since the analysis that is kept."""
    from decompose import recall
    from decompose.report.changes import changed_names, kept_contexts
    from decompose.report.printable import printable

    before = kept_contexts(recall.kept_document(analysis.base) or b"")
    after = {each.module: each.context for each in analysis.context_map.memberships}
    lines = changed_names(before, after) if before else []
    if lines:
        session.note("\nContexts changed since the last analysis (to keep one, name it in decompose.toml):")
    for line in lines[:_NAMED]:
        session.note(f"  {printable(line)}")
    if len(lines) > _NAMED:
        session.note(f"  and {len(lines) - _NAMED} more")


def _put(session: Session, analysis: Analysis, format: str, output: str) -> None:
    from decompose.report import graphs, text

    graph, context_map = analysis.graph, analysis.context_map
    if format == "json":
        session.data(analysis.document, output)
    elif format == "csv":
        session.data(text.contexts_listing(graph, context_map).csv().encode(), output)
    elif format == "text":
        session.result(text.summary(analysis.name, graph, context_map, session.terminal(output)), output)
    else:
        drawing = {"mermaid": graphs.mermaid, "dot": graphs.dot, "graphml": graphs.graphml}[format]
        session.data(drawing(graph, context_map).encode(), output)
