"""Managers of outside models that moved code uses: which of their methods a replica needs, and how it declares them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from decompose.link.program import Program
from decompose.model.facts import ModelUse
from decompose.model.syntax import Call, Chain, Expression
from decompose.planning import shape as shapes
from decompose.planning.sight import Sight


class Managers(msgspec.Struct, frozen=True):
    """``methods`` are ids of manager and query set methods in use, ``classes`` those of the classes around them and their bases.

    ``declared`` lists (attribute, expression, symbols) by model.
    """

    methods: frozenset[str]
    classes: frozenset[str]
    declared: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]]


def managers_in_use(sight: Sight, uses: Iterable[ModelUse]) -> Managers:
    """What the given uses of outside models need of the project's own managers, methods that call one another included."""
    program, classes = sight.program, sight.manager_classes
    wanted: dict[str, set[str]] = {}
    for use in uses:
        if use.shape and use.head in ("class", "accessor", "continuation"):
            try:
                found = shapes.parts(use.shape)
            except ValueError:
                continue
            wanted.setdefault(use.model, set()).update(part.name for part in found)
    methods: set[str] = set()
    declared: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {}
    for model, names in sorted(wanted.items()):
        own = tuple(_declared(program, model, classes))
        needed = {id for _, _, symbols in own for id in _methods(program, symbols, names, classes)}
        attributes = {attribute for attribute, _, _ in own if attribute in names}
        if needed or attributes - {"objects"}:
            declared[model] = own
            methods |= needed
    methods = _closed(sight, methods)
    around = {method.rpartition(".")[0] for method in methods}
    around |= {symbol for own in declared.values() for _, _, symbols in own for symbol in symbols}
    around |= {base for each in around for base in program.ancestors(each)}
    return Managers(frozenset(methods), frozenset(around & classes), declared)


def _declared(program: Program, model: str, classes: frozenset[str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """The managers in a model's body or its bases: attribute, source of the expression, classes it names."""
    seen: set[str] = set()
    for owner in (model, *program.ancestors(model)):
        for name, bindings in program.bindings(owner).items():
            value = bindings[-1].value
            text, symbols = _source(program, value)
            if name not in seen and text and any(symbol in classes for symbol in symbols):
                seen.add(name)
                yield name, text, tuple(sorted(symbols))


def _source(program: Program, value: Expression) -> tuple[str, set[str]]:
    """A manager expression as source with plain class names: ``ProductManager.from_queryset(ProductQuerySet)()``."""
    if not isinstance(value, Chain) or value.origin != "global":
        return "", set()
    state, rest = program.head(value)
    symbols = {state.id}
    text = state.id.rpartition(".")[2]
    for step in rest:
        if isinstance(step, str):
            text += f".{step}"
        elif isinstance(step, Call) and not step.keywords:
            inner = [_source(program, argument) for argument in step.arguments]
            if not all(part for part, _ in inner):
                return "", set()
            text += f"({', '.join(part for part, _ in inner)})"
            symbols |= {symbol for _, found in inner for symbol in found}
        else:
            return "", set()
    return text, symbols


def _methods(program: Program, symbols: Iterable[str], names: set[str], classes: frozenset[str]) -> Iterator[str]:
    for symbol in symbols:
        for owner in (symbol, *program.ancestors(symbol)):
            if owner in classes:
                for name, member in program.members(owner).items():
                    if name in names or name == "get_queryset":
                        yield member.id


def _closed(sight: Sight, methods: set[str]) -> set[str]:
    """The methods and those of the same classes that they call on ``self`` or on what it gives."""
    program, classes = sight.program, sight.manager_classes
    found: set[str] = set()
    waiting = sorted(methods)
    while waiting:
        id = waiting.pop()
        if id in found:
            continue
        found.add(id)
        owner = id.rpartition(".")[0]
        called = {step for use in sight.scope(id) for step in use.chain.steps if isinstance(step, str)}
        for each in (owner, *program.ancestors(owner), *sight.managers_beside(id)):
            if each in classes:
                for name, member in program.members(each).items():
                    if name in called and member.id not in found:
                        waiting.append(member.id)
    return found
