"""What a person must decide before a context can be extracted, as text that says where and what to write."""

from __future__ import annotations

from collections.abc import Iterable

from decompose.model.migration import BoundaryEdge, ContextPlan
from decompose.report.printable import printable

SHOWN = 25
"""Edges listed one by one; the rest is counted."""


def undecided(plan: ContextPlan) -> str:
    """The open edges of a context with place, reason and choices, and a decision to copy into ``decompose.toml``."""
    edges = [edge for edge in plan.edges if edge.disposition == "decide"]
    lines: list[str] = []
    for edge in edges[:SHOWN]:
        lines.append(f"  {edge.id}  {printable(str(edge.at))}  {edge.kind}  {printable(_short(edge))}")
        lines.append(f"      {printable(edge.reason)}")
        lines.append(f"      choices: {', '.join(edge.alternatives) or 'none: change the code'}")
    if len(edges) > SHOWN:
        lines.append(f"  and {len(edges) - SHOWN} more: decompose show boundary {plan.name}")
    return "\n".join([*lines, "", *_snippet(plan, edges)])


def _short(edge: BoundaryEdge) -> str:
    text = edge.text or edge.target
    return f"{edge.source.rpartition('.')[2]} -> {text}"


def _snippet(plan: ContextPlan, edges: Iterable[BoundaryEdge]) -> list[str]:
    """The first edge as a decision in TOML: ``stay`` keeps the code as it is while the mode is local."""
    first = next((edge for edge in edges if edge.alternatives), None)
    if first is None:
        return []
    return [
        "  For example, in decompose.toml:",
        "",
        "    [[decisions]]",
        f'    id = "{first.id}"',
        f'    choice = "{first.alternatives[0]}"',
        '    reason = "why"',
        "",
        f'  An id may be a glob, also over <context>:<kind>:<source>, such as "{plan.name}:{first.kind}:*".',
    ]
