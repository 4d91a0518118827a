"""``decompose explain``"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

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
    from decompose.report.text import Terminal


@click.command(
    name="explain",
    epilog=examples(
        "decompose explain CONTEXT",
        "decompose explain FK-001",
        "decompose explain orders_order",
        "decompose explain D310",
        "decompose explain D310 --format json",
    ),
)
@click.argument("subject", metavar="SUBJECT", shell_complete=candidates.subjects)
@in_project
@scanned
@formatted("text", "json")
@configured
@shared
@click.pass_context
def command(
    context: click.Context, subject: str, project: str, jobs: int | None, no_cache: bool, format: str, output: str
) -> None:
    """Say why something is as it is: the evidence for and against, the alternative and its cost.

    SUBJECT is a context, a module, a class or function (shop.models.Invoice), a path (shop/models.py, shop/models.py:12), a table (also TBL-shop_invoice), a
    foreign key (FK-001), a transaction (TX-001), an edge of a boundary or a step by its id, or an error code (D310).
    """
    from decompose.report import explain, json

    session = session_of(context)
    terminal = session.terminal(output)
    if re.fullmatch(r"[dD]\d{3}", subject):
        text, data = explain.code(subject.upper(), terminal)
    else:
        text, data = _of_project(context, subject, project, jobs, not no_cache, terminal)
    if format == "json":
        session.data(json.encode(data), output)
    else:
        session.result(text, output)


def _of_project(
    context: click.Context, subject: str, project: str, jobs: int | None, cache: bool, terminal: Terminal
) -> tuple[str, dict[str, object]]:
    from decompose import pipeline
    from decompose.cut.explain import explain
    from decompose.errors import UsageError
    from decompose.project import project_folder
    from decompose.report import explain as report

    session = session_of(context)
    base = project_folder(project)
    with session.progress() as progress, session.executor() as executor:
        analysis = pipeline.analyze(
            base, config=session.settings(base), jobs=jobs, cache=cache, progress=progress, executor=executor
        )
    try:
        found = explain(analysis.graph, analysis.context_map, subject, analysis.config)
        return report.explanation(found, terminal, pipeline.decision(analysis, found))
    except UsageError:
        contexts = pipeline.plan(analysis).contexts
        edge = next((e for each in contexts for e in each.edges if e.id == subject), None)
        if edge is not None:
            return report.edge(edge, terminal)
        step = next((s for each in contexts for s in each.steps if s.id == subject), None)
        if step is None:
            raise
        return report.step(step, terminal)
