"""Tables that are read through ``__`` paths: lookups, ``select_related``, ``values``, expressions."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.detect.django import standard
from decompose.detect.django.schema import Model
from decompose.model.syntax import Call, Chain, Constant, Expression, Mapping, Operation, Sequence


def path_tables(model: Model, path: str, related: bool = False) -> Iterator[str]:
    """Tables beyond the model's own that a path such as ``customer__city__name`` joins.

    The last relation of a lookup is a column of the table before it and joins nothing; with ``related`` (``select_related``,
    ``prefetch_related``) the path names relations only, and the last one is read too.
    """
    parts = path.lstrip("-+").split("__")
    current = model
    for index, part in enumerate(parts):
        following = parts[index + 1] if index + 1 < len(parts) else ""
        found = current.field(part)
        if found is not None and part != "pk":
            if found.kind in ("fk", "o2o"):
                if found.target is None or part != found.name or (not related and _ends_here(found.target, following)):
                    return
                yield from found.target.tables
            elif found.kind == "m2m" and found.target is not None:
                yield from found.through.tables if found.through is not None else (found.join,)
                if related or not _ends_here(found.target, following):
                    yield from found.target.tables
            elif found.kind == "collection" and found.target is not None:
                yield from found.target.tables
            else:
                return
            current = found.target
            continue
        reverse = current.query(part) or (current.accessor(part) if related else None)
        if reverse is None:
            return
        field = reverse.field
        if field.kind == "m2m":
            yield from field.through.tables if field.through is not None else (field.join,)
            if related or not _ends_here(reverse.source, following):
                yield from reverse.source.tables
        else:
            yield from reverse.source.tables
        current = reverse.source


def attribute_tables(model: Model, path: str, *, full: bool) -> tuple[str, ...]:
    """Tables read to follow a dotted path of attributes; with ``full`` the last relation's rows are read too, not just their keys."""
    found: dict[str, None] = {}
    current = model
    parts = path.split(".")
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        field = current.field(part)
        reverse = current.accessor(part) if field is None else None
        if field is not None and field.target is not None and part == field.name:
            if field.kind == "m2m":
                found.update(dict.fromkeys(field.through.tables if field.through is not None else (field.join,)))
            elif last and not full:
                break
            found.update(dict.fromkeys(field.target.tables))
            current = field.target
        elif reverse is not None:
            found.update(dict.fromkeys(reverse.source.tables))
            current = reverse.source
        else:
            break
    return tuple(found)


def _ends_here(target: Model, following: str) -> bool:
    """Whether the key column of a relation is enough for what follows in the path."""
    if not following or following == "pk":
        return True
    key = target.key
    if key is not None and following in (key.name, key.column):
        return True
    return following in standard.LOOKUPS and target.field(following) is None and target.query(following) is None


def call_tables(model: Model, method: str, call: Call) -> Iterator[str]:
    """Tables that a query set method joins by its direct arguments."""
    if method in standard.LOOKUP_METHODS:
        for name, _ in call.keywords:
            if "__" in name or model.field(name) is None:
                yield from path_tables(model, name)
        if method in ("first", "last", "get"):
            return
    if method in standard.PATH_METHODS or method in standard.JOIN_METHODS:
        related = method in standard.JOIN_METHODS
        if method == "select_related" and not call.arguments:
            yield from _all_along(model, 5)
        for argument in call.arguments:
            if isinstance(argument, Constant) and isinstance(argument.value, str):
                yield from path_tables(model, argument.value, related)
            elif related and isinstance(argument, Chain) and argument.root.startswith("django.db.models"):
                for path in expression_paths(argument):
                    yield from path_tables(model, path, True)
    if method in standard.EXPRESSION_METHODS or method in standard.LOOKUP_METHODS:
        for argument in (*call.arguments, *(value for _, value in call.keywords)):
            for path in expression_paths(argument):
                yield from path_tables(model, path)


def spread_tables(model: Model, method: str, call: Call) -> Iterator[str]:
    """Tables that the keys of ``filter(**{"customer__city": 1})`` join; which of them a dictionary has in the end may depend on conditions."""
    if method in standard.LOOKUP_METHODS:
        for name, value in call.keywords:
            if name == "**" and isinstance(value, Mapping):
                for key, _ in value.items:
                    if isinstance(key, Constant) and isinstance(key.value, str):
                        yield from path_tables(model, key.value)


def _all_along(model: Model, depth: int) -> Iterator[str]:
    """The tables that a bare ``select_related()`` joins: those of keys that are never null, five relations deep."""
    for each in [each for parent in model.lineage for each in parent.local.values()] if depth else ():
        if each.kind in ("fk", "o2o") and each.target is not None and not each.nullable:
            yield from each.target.tables
            yield from _all_along(each.target, depth - 1)


def expression_paths(expression: Expression) -> Iterator[str]:
    """Paths that query expressions name: ``Q(a__b=1)``, ``F("a__b")``, ``Sum("a__b", filter=Q(...))``."""
    if isinstance(expression, Operation):
        for operand in expression.operands:
            yield from expression_paths(operand)
    elif isinstance(expression, Sequence):
        for item in expression.items:
            yield from expression_paths(item)
    elif isinstance(expression, Mapping):
        for _, value in expression.items:
            yield from expression_paths(value)
    elif isinstance(expression, Chain) and not expression_name(expression):
        for each in _handed(expression):
            yield from expression_paths(each)
    elif isinstance(expression, Chain):
        if expression_name(expression) in standard.OUTER_EXPRESSIONS:
            return
        for step in expression.steps:
            if isinstance(step, Call):
                for argument in step.arguments:
                    if isinstance(argument, Constant):
                        if isinstance(argument.value, str):
                            yield argument.value
                    elif isinstance(argument, Sequence) and argument.items and isinstance(argument.items[0], Constant):
                        first = argument.items[0].value
                        if isinstance(first, str):
                            yield first
                    else:
                        yield from expression_paths(argument)
                for name, value in step.keywords:
                    if name not in ("output_field", "distinct", "default", "then", "filter", "queryset", "to_attr", "order_by", "partition_by", "**"):
                        yield name
                    if name not in ("queryset", "to_attr"):
                        yield from expression_paths(value)


def _handed(chain: Chain) -> Iterator[Expression]:
    """Query expressions that something of the project is made of: ``Rounded(Avg("lines__price"))``."""
    call = chain.steps[0] if chain.steps else None
    if chain.origin == "global" and isinstance(call, Call):
        yield from (each for each in call.arguments if isinstance(each, Chain))


def expression_name(chain: Chain) -> str:
    """``Q``, ``F``, ``Count`` for a chain that makes a query expression of Django's, else ``""``."""
    if chain.origin != "global" or not chain.root.startswith(standard.EXPRESSION_PACKAGES) or not chain.steps:
        return ""
    name = chain.root.rpartition(".")[2]
    for step in chain.steps:
        if isinstance(step, Call):
            return name if name[:1].isupper() else ""
        if isinstance(step, str):
            name = step
    return ""
