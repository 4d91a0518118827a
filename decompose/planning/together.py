"""Queries that are built in one place and go on in another: where the rest stays as it is, so does the beginning.

A sealed beginning gives its rows; what goes on with ``filter`` or hands the query to ``get_object_or_404`` would find a list there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from decompose.model.location import Location
from decompose.model.migration import BoundaryEdge, Operation
from decompose.planning.declared import holds

GOES_ON = "a query that began earlier"
"""How the reason of an edge begins that carries a query on, as opposed to one about a row that a variable holds."""

_TAKE_QUERIES = ("get_object_or_404(", "get_list_or_404(")

Continued = Mapping[Location, Sequence[Location]]
"""Places where queries go on, by the place where they began."""


def together(edges: Sequence[BoundaryEdge], operations: Iterable[Operation], continued: Continued) -> tuple[BoundaryEdge, ...]:
    """The edges with those beginnings left as they are whose rest is not sealed; they wait for a person while the rest does."""
    rows = {operation.name for operation in operations if operation.returns.startswith(("list:entity:", "page:entity:"))}
    waiting: dict[Location, list[BoundaryEdge]] = {}
    for edge in edges:
        if edge.direction == "in" and edge.disposition in ("decide", "stay"):
            waiting.setdefault(edge.at, []).append(edge)
    return tuple(_with_rest(edge, _rest(edge, waiting, continued)) if edge.operation in rows and edge.direction == "in" else edge for edge in edges)


def _rest(edge: BoundaryEdge, waiting: Mapping[Location, list[BoundaryEdge]], continued: Continued) -> list[BoundaryEdge]:
    later = (each for at in continued.get(edge.at, ()) for each in waiting.get(at, ()))
    found = [each for each in later if each.target == edge.target and each.reason.startswith(GOES_ON)]
    around = [each for each in waiting.get(edge.at, ()) if each.text.startswith(_TAKE_QUERIES) and _is_around(each, edge)]
    return found + around


def _with_rest(edge: BoundaryEdge, rest: Sequence[BoundaryEdge]) -> BoundaryEdge:
    if not rest or edge.disposition != "operation":
        return edge
    kept = "decide" if any(each.disposition == "decide" for each in rest) else "stay"
    reason = f"its query goes on at {rest[0].at}, which {'waits for a person' if kept == 'decide' else 'stays as it is'}: both are one"
    return msgspec.structs.replace(
        edge, disposition=kept, proposal=kept, reason=reason, operation="", batch="", alternatives=("stay",), blocks=edge.blocks or "switch", decided=False
    )


def _is_around(outer: BoundaryEdge, inner: BoundaryEdge) -> bool:
    return outer.span is not None and inner.span is not None and outer.span != inner.span and holds(outer.span, inner.span)
