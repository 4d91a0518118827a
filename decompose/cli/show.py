"""``decompose show``"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from decompose.cli import candidates
from decompose.cli.session import (
    configured,
    examples,
    formatted,
    in_project,
    scanned,
    session_of,
    shared,
)

if TYPE_CHECKING:
    from decompose.cli.session import Session
    from decompose.model.migration import BoundaryEdge, ContextPlan
    from decompose.pipeline import Analysis
    from decompose.report.text import Listing

DISPOSITIONS = ("decide", "operation", "event", "replica", "proxy-route", "stay", "shared-kernel")

THINGS = {
    "contexts": "the proposed contexts with their figures",
    "alternatives": "a coarser and a finer cut beside the proposed one",
    "tables": "every table and the context that owns it",
    "crud": "who creates, reads, updates and deletes rows of which table",
    "routes": "HTTP routes by context",
    "tasks": "background tasks by context",
    "cuts": "foreign keys and transactions across contexts",
    "changes": "differences from the accepted map",
    "boundary": "every use across one context's edge: decompose show boundary CONTEXT",
    "unresolved": "what the analysis could not follow or read",
    "order": "the order of extraction",
}
"""What can be listed, and what that is."""


@click.command(
    name="show",
    epilog=examples(
        "decompose show contexts",
        "decompose show tables --format csv -o tables.csv",
        "decompose show crud --format csv -o crud.csv",
        "decompose show cuts",
        "decompose show alternatives",
        "decompose show boundary CONTEXT",
        "decompose show boundary CONTEXT --disposition decide --direction in",
    ),
)
@click.argument("thing", type=click.Choice(tuple(THINGS)), required=False, metavar="{" + ",".join(THINGS) + "}")
@click.argument("name", required=False, metavar="[CONTEXT]", shell_complete=candidates.bounded)
@click.option("--kind", multiple=True, metavar="KIND", shell_complete=candidates.edge_kinds, help="Of a boundary: edges of this kind only (orm, call, ...); may be repeated.")
@click.option("--disposition", multiple=True, type=click.Choice(DISPOSITIONS), metavar="DISPOSITION", help="Of a boundary: these edges only; may be repeated.")
@click.option("--direction", type=click.Choice(("in", "out")), metavar="in|out", help="Of a boundary: uses of the context, or its uses of others.")
@in_project
@scanned
@formatted("text", "json", "csv")
@configured
@shared
@click.pass_context
def command(
    context: click.Context,
    thing: str | None,
    name: str | None,
    kind: tuple[str, ...],
    disposition: tuple[str, ...],
    direction: str | None,
    project: str,
    jobs: int | None,
    no_cache: bool,
    format: str,
    output: str,
) -> None:
    """List what the analysis found, with the place of each claim.

    crud is who creates, reads, updates and deletes rows of which table; cuts are the foreign keys and transactions across contexts, with the
    places that go through each key; changes are the differences from the accepted map. boundary needs the name of a context and shows every
    use across it, what a person must decide first; order is the order of extraction; alternatives are a coarser and a finer cut beside the proposed one.
    """
    from decompose import pipeline
    from decompose.errors import UsageError
    from decompose.project import project_folder
    from decompose.report import json

    session = session_of(context)
    if thing is None:
        width = max(map(len, THINGS))
        raise UsageError("nothing is named to show", hint="\n        ".join(["name one of", *(f"{each:{width}}  {told}" for each, told in THINGS.items())]))
    if (thing == "boundary") != (name is not None):
        wanted = "needs the name of a context" if name is None else f"takes no name: {name!r}"
        raise click.UsageError(f"show {thing} {wanted}", context)
    if thing != "boundary" and (kind or disposition or direction):
        raise click.UsageError(f"show {thing} has no edges to choose from: --kind, --disposition and --direction are for a boundary", context)
    base = project_folder(project)
    with session.progress() as progress, session.executor() as executor:
        analysis = pipeline.analyze(
            base, config=session.settings(base), jobs=jobs, cache=not no_cache, progress=progress, executor=executor
        )
    if thing == "boundary":
        plan = pipeline.context_plan(pipeline.plan(analysis), name or "")
        _put_boundary(session, plan, _chosen(context, plan.edges, kind, disposition, direction), format, output)
        return
    listing, data = (_ordered if thing == "order" else _found)(analysis, thing)
    if format == "json":
        session.data(json.encode({"schema": f"decompose/{thing}/1", **data}), output)
    elif format == "csv":
        session.data(listing.csv().encode(), output)
    else:
        session.result(listing.text(session.terminal(output)), output)


def _chosen(
    context: click.Context, edges: tuple[BoundaryEdge, ...], kinds: tuple[str, ...], dispositions: tuple[str, ...], direction: str | None
) -> list[BoundaryEdge]:
    """The edges that the options ask for. A kind that no boundary knows is an error, one that this boundary has not gives none."""
    from typing import get_args

    from decompose.model.migration import EdgeKind

    for kind in kinds:
        if kind not in get_args(EdgeKind):
            raise click.UsageError(f"no edge is of kind {kind!r}; kinds are {', '.join(get_args(EdgeKind))}", context)
    return [
        edge
        for edge in edges
        if (not kinds or edge.kind in kinds) and (not dispositions or edge.disposition in dispositions) and direction in (None, edge.direction)
    ]


def _put_boundary(session: Session, plan: ContextPlan, edges: list[BoundaryEdge], format: str, output: str) -> None:
    from decompose.report import boundary, json, text

    if format == "json":
        session.data(json.encode({"schema": "decompose/boundary/1", "context": plan.name, "boundary": edges}), output)
    elif format == "csv":
        session.data(text.boundary_listing(plan.name, edges).csv().encode(), output)
    else:
        session.result(boundary.page(plan, edges, session.terminal(output)), output)


def _found(analysis: Analysis, thing: str) -> tuple[Listing, dict[str, Any]]:
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


def _ordered(analysis: Analysis, _: str) -> tuple[Listing, dict[str, Any]]:
    """The order of extraction, which needs the plan."""
    from decompose import pipeline
    from decompose.report import text

    migration = pipeline.plan(analysis)
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
