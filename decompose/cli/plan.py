"""``decompose plan``"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from decompose.cli.session import configured, examples, formatted, found_upwards, scanned, session_of, shared

if TYPE_CHECKING:
    from decompose.model.migration import MigrationPlan
    from decompose.report.text import Terminal


@click.command(
    name="plan",
    epilog=examples("decompose plan .", "decompose plan . --check", "decompose plan . --format json -o plan.json"),
)
@click.argument("path", default=".", metavar="[PATH]", callback=found_upwards)
@click.option("--contexts", metavar="N|MIN-MAX", help="How many contexts; default: chosen by the score.")
@click.option("--fresh", is_flag=True, help="Propose anew instead of keeping the accepted map of the saved plan.")
@click.option("--check", is_flag=True, help="Write nothing; end with 1 when the saved plan no longer fits the source.")
@scanned
@formatted("text", "json", "md")
@configured
@shared
@click.pass_context
def command(
    context: click.Context,
    path: str,
    contexts: str | None,
    fresh: bool,
    check: bool,
    jobs: int | None,
    no_cache: bool,
    format: str,
    output: str,
) -> None:
    """Write the migration plan: context map, data ownership, decisions, boundaries, order and steps.

    It is kept as .decompose/plan.json, which `extract` starts from, and as plan/plan.md for reading and signing.
    """
    import msgspec

    from decompose import pipeline
    from decompose.project import project_folder
    from decompose.report.markdown import plan_markdown

    session = session_of(context)
    base = project_folder(path)
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
            pipeline.check_drift(pipeline.load_plan(base), analysis)
            session.note("The saved plan fits the source.")
            return
        migration = pipeline.plan(analysis, progress=progress)
    document = plan_markdown(migration)
    report = pipeline.save_plan(base, migration, document)
    # What is extracted from the plan must be shaped as the plan was; and its map is the accepted one from now on.
    session.keep_options(base, msgspec.structs.replace(options, fresh=False))
    if format == "json":
        session.data(pipeline.encode_plan(migration), output)
    elif format == "md":
        session.result(document, output)
    else:
        session.result(_summary(migration, session.terminal(output)), output)
        session.note(f"\nWrote {pipeline.PLAN}  {pipeline.PLAN_DOCUMENT}")
        for decision in pipeline.unused_decisions(migration, analysis.config):
            session.warn(f"the decision {decision!r} fits no edge, foreign key, transaction or table of this plan")
        session.note(f"Next: {_next(migration)}")
    report.raise_conflicts()


def _next(migration: MigrationPlan) -> str:
    """What to do now: extract the first context that is ready, else decide about the first in the order."""
    from decompose.pipeline import EXTRACTABLE

    if migration.project.framework not in EXTRACTABLE:
        return "decompose show order (extracting from this framework is not possible yet)"
    ranked = sorted((each for each in migration.contexts if each.rank), key=lambda each: each.rank)
    ready = next((each.name for each in ranked if each.readiness == "ready"), "")
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
    proposed = sum(decision.state == "proposed" for decision in migration.decisions)
    counts = ", ".join(plural(count, names[kind]) for kind, count in sorted(open_.items()))
    head = f"{plural(len(migration.decisions), 'decision')}: {sum(open_.values())} need you{f' ({counts})' if counts else ''}, {proposed} have a proposal"
    return f"{head}\n\n{order_listing(migration).text(terminal)}"
