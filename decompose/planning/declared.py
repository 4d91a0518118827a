"""Uses of a model in declarations: a class is told what it is about, a field what it refers to, a listener whom it listens to.

Nothing is asked of the context at such a place. What is declared so is run later, by a framework or by the methods of a class, and
stays in the monolith as pages do; or another edge speaks of the same thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from decompose.model.facts import Access, ModelUse
from decompose.model.location import Span
from decompose.model.syntax import Binding, Call, Chain, Constant, Definition, Opaque, Use
from decompose.planning import shape as shapes
from decompose.planning.contract import is_exception
from decompose.planning.sight import Sight

Role = Literal["relation", "sender", "alias", "option", "constant"]

_EAGER = {"bool", "dict", "frozenset", "len", "list", "max", "min", "set", "sorted", "sum", "tuple"}
"""Builtins that run a query which they are given."""


class Declared(msgspec.Struct, frozen=True):
    """What a declaration is: ``relation`` and ``sender`` have edges of their own, the others get ``reason`` and the step that they block."""

    role: Role
    reason: str = ""
    blocks: str = ""


_RELATION, _SENDER = Declared("relation"), Declared("sender")
_ALIAS = Declared("alias", "another name for the class: what is done with it has edges of its own", "retire")
_CONSTANT = Declared("constant", "said by the class itself, without a query: it stays importable until the monolith's copy goes", "retire")


def declared(sight: Sight, use: ModelUse) -> Declared | None:
    """What a use of a model class declares, ``None`` when it is none of these and works on rows."""
    if use.head != "class":
        return None
    if _is_constant(sight, use):
        return _CONSTANT
    if use.result not in ("class", "manager", "queryset"):
        return None
    if _declares_relation(sight, use):
        return _RELATION
    if any(each.sender == use.model and (each.handler == use.definition or each.at == use.at) for each in sight.subscriptions_in(use.at.path)):
        return _SENDER
    definition = sight.program.definition(use.definition)
    if definition is None:
        return _ALIAS if not use.shape and use.sink == "assign" else None
    if definition.kind == "class" or _decorates(sight, use):
        return None if _runs(sight, use) else _option(definition)
    return None


def _option(definition: Definition) -> Declared:
    what = "class" if definition.kind == "class" else "function"
    owner = definition.id.rpartition(".")[2]
    name = definition.parent.rpartition(".")[2] if owner == "Meta" else owner
    return Declared("option", f"tells the {what} {name} its model or query: that runs on the monolith's table until the data is split", "split")


def _is_constant(sight: Sight, use: ModelUse) -> bool:
    """``Order.STATUSES``, ``Order.Status.PAID``, ``Order._meta``: neither a manager nor a column nor a method."""
    if use.result in ("class", "exception", "instance", "manager", "queryset") or not use.shape:
        return False
    try:
        first = shapes.parts(use.shape)[0]
    except ValueError:
        return False
    if first.arguments is not None:
        return False
    if first.name in ("_meta", "__name__", "__qualname__", "__module__", "__doc__"):
        return True
    member = sight.program.member(use.model, first.name)
    if isinstance(member, Binding):
        # A column, a relation and a manager are made by a call.
        return not isinstance(member.value, Opaque) and not (isinstance(member.value, Chain) and any(isinstance(step, Call) for step in member.value.steps))
    return isinstance(member, Definition) and member.kind == "class" and not is_exception(sight.program, member.id)


def _declares_relation(sight: Sight, use: ModelUse) -> bool:
    """Whether the class is what a foreign key refers to, which has an edge of its own."""
    if use.shape:
        return False
    lines = {around.span.line for around in _around(sight, use)} | {use.at.line}
    return any(key.target_model == use.model and key.at.line in lines for key in sight.keys_declared_in(use.at.path))


def _decorates(sight: Sight, use: ModelUse) -> bool:
    return use.sink == "decorator" or any(around.sink == "decorator" for around in _around(sight, use))


def _runs(sight: Sight, use: ModelUse) -> bool:
    """Whether a query runs while the class is made."""
    if use.result == "class":
        return False
    return use.sink == "iterate" or any(not around.chain.steps[:1] or around.chain.root.removeprefix("builtins.") in _EAGER for around in _around(sight, use))


def _around(sight: Sight, use: ModelUse) -> Iterator[Use]:
    """The expressions that a use is part of."""
    for each in sight.scope(use.definition):
        if each.span != use.span and holds(each.span, use.span):
            yield each


def holds(outer: Span, inner: Span) -> bool:
    """Whether one expression stands inside another."""
    return (outer.line, outer.column) <= (inner.line, inner.column) and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)


def of_told_class(sight: Sight, use: ModelUse) -> bool:
    """Whether a row is one that a class works on which is told its model: ``self.instance`` of a form, what ``super().save()`` gives."""
    method = sight.program.definition(use.definition)
    if method is None or method.kind != "method":
        return False
    told = any(each.head == "class" and each.model == use.model and each.definition in (method.parent, f"{method.parent}.Meta") for each in sight.uses_in.of((sight.reach.unit(method.id),)))
    return told and any(each.span == use.span and each.chain.origin in ("self", "super") for each in sight.scope(method.id))


def is_django(sight: Sight, table: str) -> bool:
    """Whether a table is one of Django's models."""
    known = sight.tables.get(table)
    return known is not None and known.origin == "django"


def is_class(sight: Sight, id: str) -> bool:
    """Whether something is done for a class as a whole, which then is a framework's doing."""
    definition = sight.program.definition(id)
    return definition is not None and definition.kind == "class"


_TOLD = ("model", "queryset", "get_queryset", "serializer_class", "form_class")
"""Attributes by which classes tell a framework's view, serializer or form what it is about."""


def through_heirs(sight: Sight, access: Access) -> bool:
    """Whether code is general and works on a table only for a class that extends its own and says so: ``self.model.objects.get()``.

    The table then belongs to what the extending class declares, which is a use of its own.
    """
    method = sight.program.definition(access.definition)
    if method is None or method.kind != "method":
        return False
    on_line = [use for use in sight.scope(method.id) if use.span.line <= access.at.line <= use.span.end_line]
    if any(_speaks_of(sight, use, access) for use in on_line):
        return False
    return any(_is_left_open(sight, method.parent, use.chain) for use in on_line if use.chain.steps)


def _speaks_of(sight: Sight, use: Use, access: Access) -> bool:
    found = sight.model_use(access.at.path, use.span)
    table = sight.model_table(found.model) if found is not None else None
    return table is not None and table.id == access.table


def _is_left_open(sight: Sight, owner: str, chain: Chain) -> bool:
    """Whether a class leaves what an expression begins with to those that extend it: an attribute, or what its framework's methods work on."""
    if chain.origin not in ("self", "cls", "super", "parameter"):
        return False
    name = next((step for step in chain.steps if isinstance(step, str)), "")
    if chain.origin in ("super", "parameter"):
        names: tuple[str, ...] = _TOLD
    else:
        names = (name,) if sight.program.declaring_class(owner, name) else (name, *_TOLD)
    told = any(sight.program.declaring_class(heir, each) == heir for heir in sight.heirs(owner) for each in names)
    return told and all(_says_nothing(sight, owner, each) for each in names)


def _says_nothing(sight: Sight, owner: str, name: str) -> bool:
    declaring = sight.program.declaring_class(owner, name)
    value = sight.program.value(f"{declaring}.{name}") if declaring else None
    return not declaring or value == Constant(None) or isinstance(value, Opaque)
