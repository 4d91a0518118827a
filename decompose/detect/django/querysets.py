"""Methods of Django's own managers and query sets: what they read and write, and what they give."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.detect.django import standard
from decompose.detect.django.lookups import call_tables, path_tables, spread_tables
from decompose.detect.django.schema import Model
from decompose.detect.django.values import MAYBE, Effect, Value
from decompose.model.syntax import Call, Constant


def collection_effects(name: str, owner: Value, call: Call) -> list[Effect]:
    """What a method of a manager or query set, Django's own, does to tables."""
    model = owner.model
    assert model is not None
    found: list[Effect] = []
    relation = owner.relation
    many = relation is not None and relation.kind == "m2m" and owner.kind == "manager"
    join = (relation.through.tables if relation.through is not None else (relation.join,)) if relation is not None and relation.kind == "m2m" else ()
    if owner.kind == "manager" and relation is not None and name in standard.RELATED_WRITES:
        written = join if many else model.tables
        found.extend((table, "write") for table in written)
        if name == "set":
            found.extend((table, "read") for table in written)
        return found
    if name in standard.NO_QUERY:
        return found
    if name in standard.WRITES:
        written = _updated(model, call) if name == "update" else model.written
        found.extend((table, "write") for table in written)
        if name == "update" and model.tables[1:] and written != model.tables[:1]:
            # Which rows of the extended model are meant, the model's own table says.
            found.append((model.tables[0], "read"))
        if many:
            found.extend((table, "write") for table in join)
    if name not in standard.WRITES or name in standard.READS_AND_WRITES:
        found.extend((table, "read") for table in model.tables)
        if join:
            found.extend((table, "read") for table in join)
    if name == "prefetch_related":
        found.extend(_prefetched(model, call))
    else:
        found.extend((table, "read") for table in call_tables(model, name, call))
    found.extend((table, MAYBE) for table in spread_tables(model, name, call))
    return found


def _prefetched(model: Model, call: Call) -> Iterator[Effect]:
    """What is loaded beside rows, relation by relation, each by a query of its own: those behind the first only if that gave rows."""
    for argument in call.arguments:
        path = argument.value.partition("__") if isinstance(argument, Constant) and isinstance(argument.value, str) else ("", "", "")
        near = set(path_tables(model, path[0], True)) if path[2] else None
        for table in call_tables(model, "prefetch_related", Call((argument,))):
            yield table, "read" if near is None or table in near else MAYBE


def _updated(model: Model, call: Call) -> tuple[str, ...]:
    """The tables that hold the columns which ``update(...)`` sets: of a model that extends another, perhaps one alone."""
    fields = [model.field(name) for name, _ in call.keywords]
    owners = [each.model for each in fields if each is not None and each.model is not None]
    if len(model.tables) == 1 or not fields or len(owners) < len(fields):
        return tuple(table for table in model.written if table in model.tables)
    return tuple(dict.fromkeys(owner.concrete.table for owner in owners))


def collection_result(name: str, owner: Value) -> Value:
    """What such a method gives."""
    model = owner.model
    if name in standard.LAZY:
        return Value("queryset", model, owner.manager, owner.relation, certain=owner.certain)
    if name in standard.TO_INSTANCE or name == "add_root":
        return Value("instance", model)
    if name in standard.TO_VALUES:
        return Value("values", model, owner.manager)
    if name in standard.TO_PAIR:
        return Value("pair", model)
    if name in standard.TO_LIST:
        return Value("list", model)
    if name in standard.RELATED_WRITES:
        return Value("none", model)
    return Value("scalar")


def joined_by(owner: Value, done: tuple[Effect, ...]) -> tuple[str, ...]:
    """The tables that a query set reads beside its model's own, after one more step."""
    assert owner.model is not None
    read = (table for table, mode in done if mode == "read" and table not in owner.model.tables)
    return tuple(dict.fromkeys((*owner.joins, *read)))
