"""Rows of the context behind a foreign key of a row that the caller holds: ``profile.gym``, ``check.project.name``.

The operation is given the row and reads the key from it, so that in the monolith it is the expression that stood there before, with what
the row has loaded already; only the key travels.
"""

from __future__ import annotations

from collections.abc import Sequence

from decompose.model.facts import ForeignKey, ModelUse
from decompose.model.migration import Operation, OperationParameter
from decompose.model.syntax import Call, Chain, Expression
from decompose.planning.shape import Part
from decompose.planning.sight import Sight


def followed(sight: Sight, use: ModelUse, first: Part) -> ForeignKey | None:
    """The foreign key of the owner's table that an expression goes on over, ``None`` when it goes on in another way."""
    owner = sight.model_table(use.owner)
    key = sight.keys.get(owner.id, {}).get(first.name) if owner is not None and first.arguments is None else None
    if key is None or key.kind == "many-to-many":
        return None
    return key if use.model in (key.target_model, *sight.heirs(key.target_model)) else None


def refers_by_key(sight: Sight, key: ForeignKey) -> bool:
    """Whether the column holds the primary key of the other row, not another unique column of it (``to_field``)."""
    for binding in sight.program.bindings(key.model).get(key.field, ()):
        if any(name == "to_field" for name in _keywords(binding.value)):
            return False
    return True


def lent(sight: Sight, key: ForeignKey) -> bool:
    """Whether callers get the row behind a key of the context's rows from their own tables: a row with a known model, by its primary key."""
    table = sight.tables.get(key.table)
    if table is None or key.kind == "many-to-many" or not key.target_model or key.column != f"{row_attribute(sight, key)}_id":
        return False
    return table.origin in ("django", "sqlalchemy") and refers_by_key(sight, key)


def row_attribute(sight: Sight, key: ForeignKey) -> str:
    """The attribute that gives the row behind a key: of SQLAlchemy's models the relationship, ``""`` where there is none."""
    table = sight.tables.get(key.table)
    return key.relation if table is not None and table.origin == "sqlalchemy" else key.field


def _keywords(value: Expression) -> Sequence[str]:
    if not isinstance(value, Chain):
        return ()
    return [name for step in value.steps if isinstance(step, Call) for name, _ in step.keywords]


def related_operation(use: ModelUse, key: ForeignKey, owner: str, noun: str) -> Operation:
    """The operation that gives the row behind ``key``; ``owner`` and ``noun`` are the snake-case names of both models."""
    name = use.model.rpartition(".")[2]
    whose = owner if owner != key.field else f"given_{owner}"
    return Operation(
        name=f"get_{key.field}_of_{owner}",
        shape="chain",
        kind="query",
        target=use.model,
        parameters=(OperationParameter(whose, f"related:{key.field}:{use.model}", key.nullable),),
        returns=f"entity:{name}",
        expression=f"{whose}.{key.field}",
        optional=key.nullable,
        errors=(f"{use.model}.DoesNotExist",),
        idempotent=True,
        doc=f"The {noun.replace('_', ' ')} behind {key.field} of a {owner.replace('_', ' ')}.",
    )
