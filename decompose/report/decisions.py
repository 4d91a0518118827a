"""What a person must decide before a context can be extracted, as text that says where and what to write."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap

from decompose.model.migration import BoundaryEdge, ContextPlan
from decompose.report.boundary import general, groups
from decompose.report.printable import printable

SHOWN = 8
"""Reasons that are listed; the rest is counted."""

PLACES = 3
"""Places named for one reason."""

SINGLE = 6
"""Up to so many open edges are listed one by one: then each has its own id to decide by."""


def undecided(plan: ContextPlan) -> str:
    """The open edges of a context by reason, with the first places and the choices, and a decision to copy into ``decompose.toml``."""
    edges = [edge for edge in plan.edges if edge.disposition == "decide"]
    found = groups(edges)
    lines: list[str] = []
    for title, alike in found[:SHOWN]:
        same = len({edge.reason for edge in alike}) == 1
        lines += _paragraph(f"{len(alike):>5,} {title}: {alike[0].reason if same else general(alike[0].reason)}", 2, 8)
        shown = alike if len(edges) <= SINGLE else alike[:PLACES]
        lines += [f"        {edge.id}  {printable(str(edge.at))}  {printable(_short(edge))}" for edge in shown]
        if len(shown) < len(alike):
            lines.append(f"        and {len(alike) - len(shown):,} more")
        choices = dict.fromkeys(choice for edge in alike for choice in edge.alternatives)
        lines.append(f"        choices: {', '.join(choices) or 'none: change the code'}")
    if len(found) > SHOWN:
        rest = sum(len(alike) for _, alike in found[SHOWN:])
        lines.append(f"  {rest:>5,} for {len(found) - SHOWN} more reasons")
    if edges:
        lines += ["", f"  All of them: decompose show boundary {plan.name} --disposition decide", ""]
    return "\n".join([*lines, *_snippet(plan, edges)])


def _paragraph(text: str, first: int, rest: int) -> list[str]:
    return wrap(printable(text), 80, initial_indent=" " * first, subsequent_indent=" " * rest, break_long_words=False, break_on_hyphens=False)


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
