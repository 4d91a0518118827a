"""Operations that are called once for each turn of a loop, and those that do all turns in one call.

The local implementation of a batch runs the same expression for each item, in order: what stands in one place of a comprehension may call
it instead without any change of what happens. Whether a place is one is seen by :mod:`decompose.rewrite.seal`, in the text itself.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from decompose.model.migration import BoundaryEdge, Operation, OperationParameter
from decompose.model.nouns import plural

_SINGLE = {"big", "boolean", "date", "datetime", "decimal", "duration", "float", "integer", "string", "text", "time", "uuid"}


def batches(operations: Iterable[Operation], edges: Iterable[BoundaryEdge]) -> dict[str, Operation]:
    """Batches by the name of the operation that is called in a loop."""
    operations = tuple(operations)
    taken = {operation.name for operation in operations}
    looped: dict[str, list[BoundaryEdge]] = {}
    for edge in edges:
        if edge.loop and edge.direction == "in" and edge.disposition == "operation" and edge.kind != "exception":
            looped.setdefault(edge.operation, []).append(edge)
    found: dict[str, Operation] = {}
    for operation in operations:
        batch = _batch(operation) if operation.name in looped else None
        if batch is not None and batch.name not in taken:
            places = tuple(sorted({edge.at for edge in looped[operation.name]}))
            found[operation.name] = msgspec.structs.replace(batch, uses=len(looped[operation.name]), at=places)
    return found


def _batch(operation: Operation) -> Operation | None:
    """The batch of a query with one argument and one value as its result; a command is not repeated in one call, for it may end half-way."""
    if operation.shape != "chain" or operation.kind != "query" or len(operation.parameters) != 1 or operation.optional:
        return None
    [parameter] = operation.parameters
    if parameter.nullable or parameter.type.startswith("list:") or not (operation.returns in _SINGLE or operation.returns.startswith("entity:")):
        return None
    many = plural(parameter.name)
    return msgspec.structs.replace(
        operation,
        name=f"{operation.name}_for_each",
        parameters=(OperationParameter(many, f"list:{parameter.type}"),),
        returns=f"list:{operation.returns}",
        expression=f"[{operation.expression} for {parameter.name} in {many}]",
        doc=f"{operation.doc.rstrip('.')}, for each of {many} in one call.",
    )


def noted(edge: BoundaryEdge, found: dict[str, Operation]) -> BoundaryEdge:
    """An edge in a loop with the batch of its operation, and the loop's line in its reason."""
    if not edge.loop or edge.direction != "in" or edge.disposition != "operation":
        return edge
    batch = found.get(edge.operation)
    reason = f"{edge.reason}; one call for each turn of the loop on line {edge.loop}"
    if batch is None:
        return msgspec.structs.replace(edge, reason=reason)
    return msgspec.structs.replace(edge, reason=f"{reason}: {batch.name} asks for all in one", batch=batch.name)
