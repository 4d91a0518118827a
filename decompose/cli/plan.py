"""``decompose plan``"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from decompose.cli import candidates
from decompose.cli.session import configured, examples, formatted, scanned, session_of, shared

if TYPE_CHECKING:
    from pathlib import Path

    from decompose.cli.session import Session
    from decompose.model.edits import Edits
    from decompose.model.migration import MigrationPlan
    from decompose.model.settings import Options
    from decompose.pipeline import Analysis, Revised
    from decompose.report.text import Terminal


@click.command(
    name="plan",
    epilog=examples(
        "decompose plan .",
        "decompose plan . --check",
        "decompose plan . --format json -o plan.json",
        'decompose plan . --accept --by platform-team',
        "decompose plan . --accept map FK-001 'TX-*'",
        'decompose plan . --waive FK-001 --until 2099-12-31 --reason "replica ok"',
        "decompose plan . --open",
        "decompose plan . --apply edits.json",
    ),
)
@click.argument("words", nargs=-1, metavar="[PATH] [ID]...", shell_complete=candidates.parts)
@click.option("--contexts", metavar="N|MIN-MAX", help="How many contexts; default: chosen by the score.")
@click.option("--fresh", is_flag=True, help="Propose anew instead of keeping the accepted map of the saved plan.")
@click.option("--check", is_flag=True, help="Write nothing; end with 1 when the saved plan no longer fits the source.")
@click.option("--accept", is_flag=True, help="Sign the plan, or what the IDs name: map, decisions (globs too), contexts. Writes plan.lock.")
@click.option("--by", metavar="NAME", help="Who signs or waives; default: user.name and user.email of git.")
@click.option("--waive", metavar="ID", shell_complete=candidates.decisions, help="Leave a decision as it is: written to decompose.toml as [[waivers]].")
@click.option("--until", metavar="DATE", help="The last day of the waiver: 2027-03-01.")
@click.option("--reason", metavar="TEXT", help="Why the waiver is right.")
@click.option("--apply", "edits", metavar="FILE", shell_complete=candidates.files, help="Write edits that the review page exported into decompose.toml, then plan; - reads standard input.")
@click.option("--open", "opened", is_flag=True, help="Open the review page, plan/plan.html, in the browser.")
@scanned
@formatted("text", "json", "md")
@configured
@shared
@click.pass_context
def command(
    context: click.Context,
    words: tuple[str, ...],
    contexts: str | None,
    fresh: bool,
    check: bool,
    accept: bool,
    by: str | None,
    waive: str | None,
    until: str | None,
    reason: str | None,
    edits: str | None,
    opened: bool,
    jobs: int | None,
    no_cache: bool,
    format: str,
    output: str,
) -> None:
    """Write the migration plan: context map, data ownership, decisions, boundaries, order and steps.

    It is kept as .decompose/plan.json, which `extract` starts from, as plan/plan.md for reading, and as plan/plan.html for looking at and editing: one
    file that needs no network. With --accept it is signed: plan.lock says who accepted what and when; from then on `extract` takes only what is signed,
    and `check` fails on new uses across the cut.
    """
    import msgspec

    from decompose import pipeline
    from decompose.cut.propose import other_count
    from decompose.errors import UsageError
    from decompose.project import project_folder
    from decompose.report.printable import printable

    session = session_of(context)
    path, ids = _path_and_ids(context, words, accept)
    base = project_folder(path)
    waiver = (waive, reason) if waive and reason else None
    if (waive or until or reason) and waiver is None:
        raise UsageError("a waiver needs --waive ID and --reason TEXT", hint='as in --waive FK-001 --until 2027-03-01 --reason "replica ok"')
    if waiver is not None and check:
        raise click.UsageError("--waive writes and --check does not: give one of them")
    if edits is not None and check:
        raise click.UsageError("--apply writes and --check does not: give one of them")
    wanted = read_wanted(edits) if edits is not None else None
    revised: Revised | None = None
    settings, options = session.continued(base, contexts or "")
    with session.progress() as progress, session.executor() as executor:
        analysis = pipeline.analyze(
            base,
            config=settings,
            jobs=jobs,
            cache=not no_cache,
            progress=progress,
            executor=executor,
            fresh=fresh,
        )
        if check:
            saved = pipeline.load_plan(base)
            pipeline.check_drift(saved, analysis)
            pipeline.check_accepted(base, saved)
            session.note("The saved plan fits the source.")
            return
        if waiver is not None:
            analysis = _waived(session, analysis, *waiver, until or "", by)
        if wanted is not None:
            revised = revise(session, analysis, wanted, base, options)
            analysis = revised.analysis
        migration = pipeline.plan(analysis, progress=progress)
    if revised is not None:  # only now: a treatment that a decision does not have ends before anything is written
        save_settings(revised)
        session.note(changes(revised))
    unsigned = _sign(session, analysis, migration, ids, by) if accept else ()
    if accept:
        migration = pipeline.plan(analysis)  # the signatures are part of what is shown
    document = pipeline.plan_document(analysis, migration)
    report = pipeline.save_plan(base, migration, document, pipeline.review_page(analysis, migration))
    # What is extracted from the plan must be shaped as the plan was; and its map is the accepted one from now on.
    session.keep_options(base, msgspec.structs.replace(options, fresh=False))
    if format == "json":
        session.data(pipeline.encode_plan(migration), output)
    elif format == "md":
        session.result(document, output)
    else:
        session.result(_summary(migration, session.terminal(output)), output)
        session.note(f"\nWrote {pipeline.PLAN}  {pipeline.PLAN_DOCUMENT}  {pipeline.PLAN_PAGE}")
        if told := other_count(analysis.context_map.scores, analysis.config):
            session.note(told)
        for decision in pipeline.unused_decisions(migration, analysis.config):
            session.warn(f"{decision!r}, decided or waived in the settings, fits no edge, foreign key, transaction or table of this plan")
        for line in unsigned[:_UNSIGNED]:
            session.note(f"Not signed: {printable(line)}")
        if len(unsigned) > _UNSIGNED:
            session.note(f"and {len(unsigned) - _UNSIGNED:,} more are not signed")
        session.note(f"Next: {_next(base, migration, opened)}")
    if opened:
        import webbrowser

        if not webbrowser.open((base / pipeline.PLAN_PAGE).resolve().as_uri()):
            session.warn(f"no browser was found: open {pipeline.PLAN_PAGE} in one")
    report.raise_conflicts()


_UNSIGNED = 5
"""Unsigned parts that are named one by one."""


def _path_and_ids(context: click.Context, words: tuple[str, ...], accept: bool) -> tuple[str, tuple[str, ...]]:
    """The project's folder, which may stand first, and the ids to accept. In a project with a plan a plain word is an id, though a folder is called so."""
    from pathlib import Path

    from decompose.pipeline import PLAN
    from decompose.project import project_around

    here = project_around(Path.cwd())
    named = bool(words) and (not accept or words[0] in (".", "..") or "/" in words[0] or (Path(words[0]).is_dir() and not (here / PLAN).is_file()))
    ids = words[1:] if named else words
    if ids and not accept:
        raise click.UsageError(f"Got unexpected extra argument{'s' if len(ids) > 1 else ''} ({' '.join(ids)}); ids are given with --accept", context)
    if named:
        return words[0], ids
    if here != Path.cwd():
        session_of(context).note(f"Project: {here}")
    return str(here), ids


def _sign(session: Session, analysis: Analysis, migration: MigrationPlan, ids: tuple[str, ...], by: str | None) -> tuple[str, ...]:
    """Writes plan.lock, says so, and gives back what is still unsigned."""
    from datetime import UTC, datetime

    from decompose import guard
    from decompose.scan.history import person

    lock, unsigned = guard.accept(analysis.base, migration, ids, by=by or person(analysis.base), on=datetime.now(UTC).date().isoformat())
    signed = {each.id for each in lock.accepted}
    taken = sum(each.state == "proposed" and each.id in signed for each in migration.decisions)
    told = f" ({taken:,} {'proposal' if taken == 1 else 'proposals'} accepted as proposed)" if taken else ""
    session.note(f"Wrote plan.lock: {len(lock.accepted):,} parts of the plan are signed{told}, {len(lock.known):,} uses across the cut are known")
    return unsigned


def _waived(session: Session, analysis: Analysis, id: str, reason: str, until: str, by: str | None) -> Analysis:
    """Writes a waiver into the project's settings, with everything else there kept, and gives back the analysis with it. A misspelt id waives nothing."""
    from dataclasses import replace

    import msgspec

    from decompose import guard, pipeline
    from decompose.planning.signing import waivable
    from decompose.scan.history import person

    base = analysis.base
    waivable(pipeline.plan(analysis), id)
    path = guard.waive(base, id, reason=reason, until=until, by=by or person(base), file=session.config_file)
    session.note(f"Wrote {path}: {id} is waived{f' until {until}' if until else ''}")
    return replace(analysis, config=msgspec.structs.replace(analysis.config, waivers=session.config(base).waivers))


# --- edits --------------------------------------------------------------------------------------


def read_wanted(file: str) -> Edits:
    """The edits in a file, ``-`` for standard input. Raises :class:`FileError`, :class:`RefusedInput`."""
    import sys
    from pathlib import Path

    from decompose.config_edits import read_edits
    from decompose.errors import FileError

    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        hint = "give the file that the review page exports (`decompose plan --open`), or - for standard input"
        raise FileError(f"cannot read the edits: {error.strerror}", place=file, hint=hint) from error
    return read_edits(content, "standard input" if file == "-" else file)


def revise(session: Session, analysis: Analysis, wanted: Edits, base: Path, options: Options) -> Revised:
    """The map and the text of the settings after ``wanted``; nothing is written."""
    from decompose import pipeline
    from decompose.config import FILE_NAME, find, with_kept, with_options
    from decompose.errors import UsageError

    if session.isolated:
        raise UsageError("edits are written into decompose.toml, and --isolated leaves it out", hint="drop --isolated")
    if wanted.plan and wanted.plan != analysis.graph.digest:
        session.warn("the source has changed since the page was made that these edits come from")
    path = session.config_file or find(base) or base / FILE_NAME
    return pipeline.revise(analysis, wanted, path, lambda own: with_kept(with_options(own), options))


def save_settings(revised: Revised) -> None:
    """Writes the settings where edits changed them."""
    from decompose.emit import save_output

    if revised.done:
        save_output(revised.path, revised.text.encode())


def changes(revised: Revised) -> str:
    """What the edits changed, a line each with the figures that moved, and where it was written."""
    from collections import Counter

    from decompose.report.edits import edit_lines, kept_lines
    from decompose.report.text import plural

    lines = [*edit_lines(revised.done), *kept_lines(revised.kept)]
    counts = Counter(type(edit).__name__.lower() for edit, _, _ in revised.done)
    told = ", ".join(plural(count, _NOUNS[kind]) for kind, count in sorted(counts.items()))
    return "\n".join([*lines, f"Plan: {told or 'no edits'}." + (f" Written to {revised.path.name} (comments kept)." if revised.done else "")])


_NOUNS = {
    "move": "move", "pin": "pin", "split": "split", "merge": "merge", "rename": "new name", "own": "ownership", "library": "library", "accept": "acceptance", "waive": "waiver",
}  # fmt: skip


def _next(base: Path, migration: MigrationPlan, opened: bool) -> str:
    """What to do now: review the plan and sign it; then extract the first context that is ready and signed, else decide about the first in the order."""
    from decompose import recall
    from decompose.pipeline import EXTRACTABLE
    from decompose.planning.signing import MAP, standing, unsigned

    lock = recall.load_lock(base)
    if not any(each.part.id == MAP and each.state == "signed" for each in standing(migration, lock)):
        review = "decompose plan --open     review it, and decide what waits for you\n      "
        return ("" if opened else review) + "decompose plan --accept   sign what is ready"
    if migration.project.framework not in EXTRACTABLE:
        return "decompose show order (extracting from this framework is not possible yet)"
    ranked = sorted((each for each in migration.contexts if each.rank), key=lambda each: each.rank)
    ready = next((each.name for each in ranked if each.readiness == "ready"), "")
    if ready and lock is not None and any(unsigned(migration, lock, ready)):
        return f"decompose plan --accept   sign {ready}, which is ready"
    if ready:
        return f"decompose extract {ready} --dry-run"
    return f"decompose show boundary {ranked[0].name}, and decide in decompose.toml" if ranked else "decompose show order"


def _summary(migration: MigrationPlan, terminal: Terminal) -> str:
    """Decisions by kind and the order of extraction."""
    from collections import Counter

    from decompose.report.text import order_listing, plural

    names = {
        "foreign-key": "foreign key",
        "transaction": "transaction",
        "table": "table",
        "edge": "boundary edge",
        "module": "module",
    }
    open_ = Counter(decision.kind for decision in migration.decisions if decision.state == "open")
    states = Counter(decision.state for decision in migration.decisions)
    told = [f"{states['proposed']} have a proposal"]
    told += [f"{states['accepted']} {'is' if states['accepted'] == 1 else 'are'} decided"] if states["accepted"] else []
    told += [f"{states['waived']} {'is' if states['waived'] == 1 else 'are'} waived"] if states["waived"] else []
    counts = ", ".join(plural(count, names[kind]) for kind, count in sorted(open_.items()))
    head = f"{plural(len(migration.decisions), 'decision')}: {sum(open_.values())} need you{f' ({counts})' if counts else ''}, {', '.join(told)}"
    return f"{head}\n\n{order_listing(migration).text(terminal)}"
