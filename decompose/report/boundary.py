"""The boundary of a context as a page: what waits for a person first, then what becomes of the rest, alike things together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from textwrap import wrap

from decompose.model.disposition import Disposition
from decompose.model.migration import BoundaryEdge, ContextPlan, Operation
from decompose.report.printable import clipped, printable
from decompose.report.text import Terminal, plural

ORDER: tuple[Disposition, ...] = ("decide", "operation", "event", "replica", "proxy-route", "stay", "shared-kernel")
"""The dispositions as a person reads them: what to decide, what is built, what is left."""

_SAID: dict[Disposition, str] = {
    "decide": "a person must decide",
    "operation": "calls on the boundary's API",
    "event": "messages that are published or sent",
    "replica": "read-only copies of rows",
    "proxy-route": "routes that move",
    "stay": "left as it is in the monolith",
    "shared-kernel": "code that both sides keep",
}

WIDEST = 100
"""Columns of the page on a screen that has more."""

_NAMED = re.compile(r"'[^']*'|[A-Za-z_][\w.]*\([^()]*\)|\S+:\d+\b|(?<=over )\S+|\S+(?= is (?:computed|a method of))|(?<=writes )\S+|(?<=which )\S+(?= owns)")


def general(reason: str) -> str:
    """A reason without the names that differ from one edge to the next, so that edges of one kind are found together."""
    return _NAMED.sub("…", reason)


def groups(edges: Iterable[BoundaryEdge]) -> list[tuple[str, list[BoundaryEdge]]]:
    """Edges by direction, kind and general reason, those of which there are most first; each group in the order of its places."""
    found: dict[tuple[str, str, str], list[BoundaryEdge]] = {}
    for edge in edges:
        found.setdefault((edge.direction, edge.kind, general(edge.reason)), []).append(edge)
    ordered = sorted(found.items(), key=lambda each: (-len(each[1]), each[0]))
    return [(f"{way} {kind}", sorted(alike, key=_place)) for (way, kind, _), alike in ordered]


def page(plan: ContextPlan, edges: Sequence[BoundaryEdge], terminal: Terminal) -> str:
    """The given edges of a plan, every one with its id and place; tests are counted by file."""
    if not edges:
        return f"Nothing of that kind crosses the boundary of {printable(plan.name)}.\n"
    columns = min(terminal.columns, WIDEST)
    counts = Counter(edge.disposition for edge in edges)
    lines = [f"{printable(plan.name)}: {plural(len(edges), 'edge')}, " + ", ".join(f"{counts[each]:,} {each}" for each in ORDER if counts[each])]
    operations = {operation.name: operation for operation in plan.operations}
    for disposition in ORDER:
        chosen = [edge for edge in edges if edge.disposition == disposition]
        if chosen:
            lines += ["", terminal.paint(f"{disposition.upper()}  {_SAID[disposition]}", "yellow" if disposition == "decide" else "bold")]
            own = [edge for edge in chosen if not edge.test]
            lines += _operations(own, operations, columns) if disposition == "operation" else _alike(own, columns)
            lines += _tests([edge for edge in chosen if edge.test], columns)
    return "\n".join(lines) + "\n"


def _alike(edges: Sequence[BoundaryEdge], columns: int) -> Iterator[str]:
    for title, alike in groups(edges):
        first = alike[0]
        same = len({edge.reason for edge in alike}) == 1
        yield ""
        yield from _paragraph(f"{len(alike):,} {title}: {first.reason if same else general(first.reason)}", columns, 2, 4)
        if first.disposition == "decide":
            choices = ", ".join(dict.fromkeys(choice for edge in alike for choice in edge.alternatives))
            yield f"    choices: {choices or 'none: change the code'}"
        if first.blocks and first.disposition != "decide":
            yield f"    to be solved before: {first.blocks}"
        for edge in alike:
            yield from _edge(edge, columns, "" if same else edge.reason)


def _operations(edges: Sequence[BoundaryEdge], operations: dict[str, Operation], columns: int) -> Iterator[str]:
    """Each operation with what it takes and gives, and the calls that become it; exceptions after them."""
    for name, alike in groupby(sorted(edges, key=lambda edge: (edge.operation not in operations, edge.operation, _place(edge))), key=lambda edge: edge.operation):
        yield ""
        yield from _paragraph(signature(operations[name]) if name in operations else f"{name}, raised by the operations", columns, 2, 6)
        for edge in alike:
            yield from _edge(edge, columns, edge.reason if "loop" in edge.reason else "")


def signature(operation: Operation) -> str:
    """``count_reviews(product, rating=) -> integer; query, 2 s``: optional parameters with ``=``."""
    given = ", ".join(each.name if each.required else f"{each.name}=" for each in operation.parameters)
    returned = operation.returns.replace("entity:", "") + (" or none" if operation.optional else "")
    notes = [operation.kind, f"{operation.timeout:g} s", *(["idempotent"] if operation.idempotent and operation.kind == "command" else [])]
    notes += [f"falls back to {operation.fallback}"] if operation.fallback else []
    notes += [f"blocked by {', '.join(operation.blocked_by)}"] if operation.blocked_by else []
    return f"{operation.name}({given}) -> {returned}; {', '.join(notes)}"


def _edge(edge: BoundaryEdge, columns: int, reason: str = "") -> Iterator[str]:
    """Id and place, then what stands there: two lines at most on a narrow screen."""
    head = f"    {edge.id}  {printable(str(edge.at))}"
    said = f"{edge.source.rpartition('.')[2]}: {edge.text or edge.target.rpartition('.')[2]}"
    if edge.decided:
        said += "  (decided)"
    if len(head) + 2 + len(said) <= columns:
        yield f"{head}  {printable(said)}"
    else:
        yield head
        yield f"      {clipped(printable(said), columns - 6)}"
    if reason:
        yield from _paragraph(reason, columns, 6, 6)


def _tests(edges: Sequence[BoundaryEdge], columns: int) -> Iterator[str]:
    """Tests are not changed: how many uses there are in which file is enough."""
    if edges:
        files = Counter(edge.at.path for edge in edges)
        yield ""
        yield from _paragraph(f"{plural(len(edges), 'use')} in tests, which run unchanged: " + ", ".join(f"{path} ({n})" for path, n in sorted(files.items())), columns, 2, 4)


def _paragraph(text: str, columns: int, first: int, rest: int) -> list[str]:
    return wrap(printable(text), max(columns, 40), initial_indent=" " * first, subsequent_indent=" " * rest, break_long_words=False, break_on_hyphens=False)


def _place(edge: BoundaryEdge) -> tuple[object, ...]:
    return (edge.at, edge.id)
