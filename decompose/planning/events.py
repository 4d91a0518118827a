"""Who has to hear of changes on the other side of a cut: keys that point at rows there, and handlers of their models' signals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from decompose.model.facts import Table
from decompose.model.migration import BoundaryEdge, Field, Listener, Pointer, Replica
from decompose.planning.placement import Cut
from decompose.planning.sight import Sight
from decompose.planning.types import Types

HEARD = {"django.db.models.signals.post_save": "post_save", "django.db.models.signals.post_delete": "post_delete"}
"""Signals that tell of what is done. Those sent before may change it and those of others carry anything: no event replaces them."""


def pointers(sight: Sight, cut: Cut) -> Iterator[Pointer]:
    """Foreign keys of other tables to the context's rows."""
    for key in sight.keys_to.of(cut.tables):
        table, owner = sight.tables.get(key.table), sight.tables.get(key.target)
        if key.kind == "many-to-many" or key.table in cut.tables or table is None or owner is None or not table.label or not owner.label:
            continue
        yield Pointer(owner.label, table.label, key.column, key.on_delete or "DO_NOTHING")


def listeners(sight: Sight, cut: Cut, types: Types, edges: Iterable[BoundaryEdge], shadows: Iterable[Replica]) -> Iterator[Listener]:
    """Handlers of models' signals across the cut, where the edge is to become an event and the model is known on the handler's side."""
    wanted = {(edge.source, edge.target) for edge in edges if edge.kind == "signal" and edge.disposition == "event"}
    labels = {replica.model: replica.label for replica in shadows}
    for each in sight.graph.subscriptions:
        signal = HEARD.get(each.signal)
        table = sight.model_table(each.sender)
        if signal is None or table is None:
            continue
        if (each.sender, each.handler) in wanted and each.sender in labels:
            yield Listener(signal, labels[each.sender], each.handler, "service")  # type: ignore[arg-type]
        elif (each.handler, each.sender) in wanted and table.label:
            yield Listener(signal, table.label, each.handler, "monolith", tuple(_columns(types, table)))  # type: ignore[arg-type]


def _columns(types: Types, table: Table) -> Iterator[Field]:
    for column in table.columns:
        if not column.primary_key:
            relation = types.relation(table.id, column.field)
            yield Field(column.name if relation is not None else column.field, column.type, column.nullable)
