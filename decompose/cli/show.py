"""``decompose show``"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from decompose.cli.session import (
    configured,
    examples,
    formatted,
    in_project,
    known_contexts,
    scanned,
    session_of,
    shared,
)

if TYPE_CHECKING:
    from decompose.pipeline import Analysis
    from decompose.report.text import Listing

THINGS = ("contexts", "alternatives", "tables", "crud", "routes", "tasks", "cuts", "changes", "boundary", "unresolved", "order")


@click.command(
    name="show",
    epilog=examples(
        "decompose show contexts",
        "decompose show tables --format csv -o tables.csv",
        "decompose show crud --format csv -o crud.csv",
        "decompose show cuts",
        "decompose show alternatives",
        "decompose show boundary CONTEXT",
    ),
)
@click.argument("thing", type=click.Choice(THINGS), metavar="{" + ",".join(THINGS) + "}")
@click.argument("name", required=False, metavar="[CONTEXT]", shell_complete=known_contexts)
@in_project
@scanned
@formatted("text", "json", "csv")
@configured
@shared
@click.pass_context
def command(
    context: click.Context,
    thing: str,
    name: str | None,
    project: str,
    jobs: int | None,
    no_cache: bool,
    format: str,
    output: str,
) -> None:
    """List what the analysis found, with the place of each claim.

    crud is who creates, reads, updates and deletes rows of which table; cuts are the foreign keys and transactions across contexts, with the
    places that go through each key; changes are the differences from the accepted map. boundary needs the name of a context and lists every
    use across it; order is the order of extraction; alternatives are a coarser and a finer cut beside the proposed one.
    """
    from decompose import pipeline
    from decompose.project import project_folder
    from decompose.report import json

    session = session_of(context)
    if (thing == "boundary") != (name is not None):
        wanted = "needs the name of a context" if name is None else f"takes no name: {name!r}"
        raise click.UsageError(f"show {thing} {wanted}", context)
    base = project_folder(project)
    with session.progress() as progress, session.executor() as executor:
        analysis = pipeline.analyze(
            base, config=session.settings(base), jobs=jobs, cache=not no_cache, progress=progress, executor=executor
        )
    listing, data = (_planned if thing in ("boundary", "order") else _found)(analysis, thing, name or "")
    if format == "json":
        session.data(json.encode({"schema": f"decompose/{thing}/1", **data}), output)
    elif format == "csv":
        session.data(listing.csv().encode(), output)
    else:
        session.result(listing.text(session.terminal(output)), output)


def _found(analysis: Analysis, thing: str, _: str) -> tuple[Listing, dict[str, Any]]:
    """A list that the analysis holds."""
    from decompose.report import json, text

    graph, context_map = analysis.graph, analysis.context_map
    document = json.analysis_document(graph, context_map)
    if thing == "cuts":
        cut = {
            "foreign_keys": [key for key in document.foreign_keys if key.cut],
            "transactions": [t for t in document.transactions if t.cut],
        }
        return text.cuts_listing(context_map), cut
    if thing == "alternatives":
        return text.alternatives_listing(context_map), {"scores": document.scores, "alternatives": document.alternatives}
    if thing == "unresolved":
        return text.unresolved_listing(graph), {"unresolved": document.unresolved, "failed": document.project.failed}
    listings = {
        "contexts": text.contexts_listing,
        "tables": text.tables_listing,
        "crud": text.crud_listing,
        "changes": text.changes_listing,
        "routes": text.routes_listing,
        "tasks": text.tasks_listing,
    }
    return listings[thing](graph, context_map), {thing: getattr(document, thing)}


def _planned(analysis: Analysis, thing: str, name: str) -> tuple[Listing, dict[str, Any]]:
    """A list that needs the plan."""
    from decompose import pipeline
    from decompose.report import text

    migration = pipeline.plan(analysis)
    if thing == "boundary":
        edges = pipeline.context_plan(migration, name).edges
        return text.boundary_listing(name, edges), {"context": name, "boundary": edges}
    order = [
        {
            "rank": each.rank,
            "context": each.name,
            "readiness": each.readiness,
            "score": round(each.score, 4),
            "reasons": each.reasons,
            "depends_on": each.depends_on,
        }
        for each in migration.contexts
    ]
    return text.order_listing(migration), {"order": order}
