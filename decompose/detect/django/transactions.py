"""Units of work: ``atomic`` as a block or decorator, and whole requests where the settings say so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from decompose.link.expressions import argument, first_call
from decompose.link.program import Program
from decompose.model.facts import Route, Transaction
from decompose.model.syntax import Call, Chain, Definition, Expression

_ATOMIC = frozenset({"django.db.transaction.atomic", "django.db.atomic"})
_OPT_OUT = "django.db.transaction.non_atomic_requests"
_ON_COMMIT = frozenset({"django.db.transaction.on_commit", "django.db.on_commit"})
_PARTIAL = frozenset({"functools.partial"})
_METHOD_DECORATOR = "django.utils.decorators.method_decorator"


def transaction_facts(program: Program) -> Iterator[Transaction]:
    """All ``atomic`` blocks and decorators."""
    deferred = _deferred(program)
    for each in _covering(program):
        within = tuple(lines for lines in deferred.get(each.at.path, ()) if each.at.line <= lines[0] <= each.end_line)
        yield msgspec.structs.replace(each, deferred=within) if within else each


def _deferred(program: Program) -> dict[str, list[tuple[int, int]]]:
    """First and last lines of what each file puts off until after the commit: calls of ``on_commit``, and functions that they or it as a decorator name."""
    found: dict[str, list[tuple[int, int]]] = {}
    for module, use in program.uses.calling({"on_commit"}):
        if not _refers_to(program, use.chain, _ON_COMMIT):
            continue
        lines = found.setdefault(module.path, [])
        lines.append((use.span.line, use.span.end_line))
        call = first_call(use.chain.steps)
        callback = _called(program, argument(call, 0, "func") if call is not None else None)
        state = program.head(callback)[0] if isinstance(callback, Chain) and callback.origin == "global" else None
        named = program.definition(state.id) if state is not None and state.kind == "function" else None
        if named is not None and program.module_of(named.id) == module.name:
            lines.append((named.start, named.end_line))
    return found


def _called(program: Program, callback: Expression | None) -> Expression | None:
    """The function behind ``partial(function, order)``."""
    if isinstance(callback, Chain) and len(callback.steps) < 3 and _refers_to(program, callback, _PARTIAL):
        call = first_call(callback.steps)
        return call.arguments[0] if call is not None and call.arguments else None
    return callback


def _covering(program: Program) -> Iterator[Transaction]:
    for module in program.modules.values():
        for block in module.blocks:
            if _is_atomic(program, block.manager):
                yield Transaction(block.scope or module.name, program.at(module.name, block.line), block.end_line)
        for definition in module.definitions:
            for decorator in definition.decorators:
                if _is_atomic(program, decorator):
                    yield _decorated(program, definition)
                    break
                method = _method(program, decorator)
                if method is not None:
                    member = program.members(definition.id).get(method) if method and definition.kind == "class" else None
                    yield _decorated(program, member or definition)
                    break


def request_facts(program: Program, routes: Iterable[Route]) -> Iterator[Transaction]:
    """One transaction for each routed view of the project, for ``ATOMIC_REQUESTS``."""
    for handler in dict.fromkeys(route.handler for route in routes):
        definition = program.definition(handler)
        if definition is not None and not any(_refers_to(program, each, frozenset({_OPT_OUT})) for each in definition.decorators):
            yield Transaction(handler, program.place(handler), definition.end_line, "request")


def _decorated(program: Program, definition: Definition) -> Transaction:
    return Transaction(definition.id, program.place(definition.id), definition.end_line, "decorator")


def _is_atomic(program: Program, expression: Expression) -> bool:
    return _refers_to(program, expression, _ATOMIC)


def _refers_to(program: Program, expression: Expression, names: frozenset[str]) -> bool:
    if not isinstance(expression, Chain):
        return False
    state, _ = program.head(expression)
    return state.kind == "external" and state.id in names


def _method(program: Program, decorator: Expression) -> str | None:
    """The name in ``@method_decorator(transaction.atomic, name="dispatch")``; ``None`` for other decorators."""
    if not isinstance(decorator, Chain) or not _refers_to(program, decorator, frozenset({_METHOD_DECORATOR})):
        return None
    call = next((step for step in decorator.steps if isinstance(step, Call)), None)
    if call is None or not call.arguments or not _is_atomic(program, call.arguments[0]):
        return None
    name = program.constant(dict(call.keywords).get("name"))
    return name if isinstance(name, str) else ""
