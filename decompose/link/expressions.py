"""Reading expressions: arguments of calls, elements of displays, strings that the text fixes, source form.

Everything here is pure reading of :mod:`decompose.model.syntax` values, with a :class:`Program` where a name has to be looked up.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from collections.abc import Mapping as MappingOf

from decompose.link.program import Program, Step
from decompose.model.location import Location
from decompose.model.syntax import (
    Bound,
    Call,
    Chain,
    Constant,
    Definition,
    Expression,
    Item,
    Mapping,
    Opaque,
    Operation,
    Sequence,
    Slice,
    Template,
)

_DEPTH = 12
"""Bindings looked through before a value is given up."""


# --- calls -------------------------------------------------------------------------------------


def argument(call: Call, position: int, *names: str) -> Expression | None:
    """The argument at a position or under one of the names; ``None`` when absent or hidden behind an unpacking."""
    for name, value in call.keywords:
        if name in names:
            return value
    if 0 <= position < len(call.arguments):
        if any(isinstance(each, Operation) and each.operator == "*" for each in call.arguments[: position + 1]):
            return None
        return call.arguments[position]
    return None


def keyword(call: Call, *names: str) -> Expression | None:
    """The argument under one of the names; ``None`` when absent."""
    return argument(call, -1, *names)


def first_call(steps: tuple[Step, ...]) -> Call | None:
    """The call that comes first among the steps."""
    for step in steps:
        if isinstance(step, Call):
            return step
    return None


def last_name(chain: Chain) -> str:
    """The last attribute of a chain: ``mapped`` in ``registry.mapped``, ``task`` in ``app.task(name="x")``; else the root's name."""
    for step in reversed(chain.steps):
        if isinstance(step, str):
            return step
    return chain.root.rpartition(".")[2]


def last_bound(chain: Chain) -> int:
    """The number of steps up to and including the last passage through a variable; 0 when there is none."""
    steps = chain.steps
    index = len(steps)
    for step in reversed(steps):
        if step.__class__ is Bound:
            return index
        index -= 1
    return 0


def shape(steps: tuple[Step, ...]) -> str:
    """The normal form of a chain's steps: ``objects.filter(user=,read=).order_by('-date')``.

    Keywords without their values, literal positional arguments as they are, ``?`` for other positional ones and for the bounds of slices.
    """
    parts: list[str] = []
    for step in steps:
        if isinstance(step, str):
            parts.append(f".{step}" if parts else step)
        elif isinstance(step, Call):
            given = [repr(each.value) if isinstance(each, Constant) else "?" for each in step.arguments]
            given += ["**" if name == "**" else f"{name}=" for name, _ in step.keywords]
            parts.append(f"({','.join(given)})")
        elif isinstance(step, Item):
            parts.append(f"[{step.key!r}]" if step.key is not None else "[]")
        elif isinstance(step, Slice):
            parts.append("[:]" if step.step else f"[{'?' * step.lower}:{'?' * step.upper}]")
    return "".join(parts)


def bound_arguments(definition: Definition, call: Call, skip: int = 0) -> dict[str, Expression]:
    """Arguments by parameter name; ``skip`` parameters (``self``) are filled by the receiver. Unpackings are left out.

    Extra keywords go by their own name: the name of a ``**`` parameter stands for them.
    """
    given: dict[str, Expression] = {}
    positional = [each for each in definition.parameters if each.kind in ("positional", "normal")][skip:]
    for parameter, value in zip(positional, call.arguments, strict=False):
        if isinstance(value, Operation) and value.operator == "*":
            break
        given[parameter.name] = value
    given.update({name: value for name, value in call.keywords if name != "**"})
    for parameter in definition.parameters:
        if parameter.name not in given:
            default = parameter.default_value if parameter.default_value is not None else _constant(parameter.default)
            if default is not None:
                given[parameter.name] = default
    return given


def turns(call: Call) -> tuple[Call, ...]:
    """The calls that a call in a loop over a display stands for: ``f(name, prefix=prefix)`` in ``for name, prefix in [(a, "/a"), (b, "/b")]``.

    Itself outside such a loop, and where variables of two loops meet whose turns differ in number.
    """
    given = (*call.arguments, *(value for _, value in call.keywords))
    counts = {len(each.operands) for each in given if isinstance(each, Operation) and each.operator == "each"}
    if len(counts) != 1:
        return (call,)
    return tuple(
        Call(
            tuple(_turn(each, turn) for each in call.arguments),
            tuple((name, _turn(value, turn)) for name, value in call.keywords),
        )
        for turn in range(counts.pop())
    )


def _turn(expression: Expression, turn: int) -> Expression:
    return expression.operands[turn] if isinstance(expression, Operation) and expression.operator == "each" else expression


def _constant(text: str) -> Constant | None:
    """The literal that a default is written as, ``None`` for anything else."""
    if not text or len(text) > 1_000:
        return None
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return Constant(value) if value is None or isinstance(value, (str, int, float, bool)) else None


def substitute(expression: Expression, values: MappingOf[str, Expression], depth: int = 0) -> Expression:
    """The expression with parameters replaced by what they were given; others stay as they are."""
    if depth > _DEPTH:
        return expression
    if isinstance(expression, Chain):
        steps = tuple(
            Call(
                tuple(substitute(each, values, depth + 1) for each in step.arguments),
                tuple((name, substitute(each, values, depth + 1)) for name, each in step.keywords),
            )
            if isinstance(step, Call)
            else step
            for step in expression.steps
        )
        if expression.origin == "parameter" and expression.root in values:
            given = values[expression.root]
            if isinstance(given, Chain):
                return Chain(given.root, given.origin, given.steps + steps)
            if not steps:
                return given
            if isinstance(given, Sequence) and isinstance(steps[0], Item) and steps[0].key is None and len(given.items) == 1:
                only = given.items[0]
                if all(isinstance(step, Bound) for step in steps[1:]):
                    return only
                if isinstance(only, Chain):
                    return Chain(only.root, only.origin, only.steps + steps[1:])
        return Chain(expression.root, expression.origin, steps)
    if isinstance(expression, Sequence):
        return Sequence(tuple(substitute(each, values, depth + 1) for each in expression.items))
    if isinstance(expression, Mapping):
        return Mapping(tuple((substitute(k, values, depth + 1), substitute(v, values, depth + 1)) for k, v in expression.items), expression.lines)
    if isinstance(expression, Operation):
        return Operation(expression.operator, tuple(substitute(each, values, depth + 1) for each in expression.operands))
    return expression


# --- values ------------------------------------------------------------------------------------


def literal(program: Program, expression: Expression | None) -> str | None:
    """The string an expression stands for, through bindings and ``+``; ``None`` when it is not fixed by the text."""
    value = program.constant(expression)
    if isinstance(value, str):
        return value
    if isinstance(expression, Operation) and expression.operator == "+":
        parts = [literal(program, each) for each in expression.operands]
        if all(part is not None for part in parts):
            return "".join(part for part in parts if part is not None)
    if isinstance(expression, Chain):
        reached = value_of(program, expression)
        if reached is not expression and not isinstance(reached, Chain):
            return literal(program, reached)
    return None


def value_of(program: Program, expression: Expression | None) -> Expression | None:
    """What a name finally holds, through bindings of the project and plain local variables; else the expression itself."""
    for _ in range(_DEPTH):
        if not isinstance(expression, Chain):
            return expression
        if expression.steps and all(isinstance(step, Bound) for step in expression.steps):
            expression = Chain(expression.root, expression.origin)
        state, rest = program.head(expression)
        if state.kind == "class" and len(rest) == 1 and isinstance(rest[0], str):
            owner = program.declaring_class(state.id, rest[0])
            value = program.value(f"{owner}.{rest[0]}") if owner else None
        elif state.kind == "binding" and not rest:
            value = program.value(state.id)
        else:
            return expression
        if value is None:
            return expression
        expression = value
    return expression


def elements(program: Program, expression: Expression | None, depth: int = 0) -> tuple[Expression, ...] | None:
    """The elements of a display, through names, ``+``, ``+=``, ``list(...)`` and ``*``; ``None`` when it is not a display."""
    if depth > _DEPTH or expression is None:
        return None
    if isinstance(expression, Sequence):
        found: list[Expression] = []
        for item in expression.items:
            # ``*names`` stands as its item: a name that holds a display is taken apart.
            inner = elements(program, item, depth + 1) if isinstance(item, Chain) else None
            found.extend([item] if inner is None else inner)
        return tuple(found)
    if isinstance(expression, Operation) and expression.operator == "+":
        parts = [elements(program, each, depth + 1) for each in expression.operands]
        if all(part is not None for part in parts):
            return tuple(each for part in parts if part is not None for each in part)
        return None
    if isinstance(expression, Chain):
        state, rest = program.head(expression)
        if state.kind == "binding" and not rest:
            scope, _, name = state.id.rpartition(".")
            found = []
            known = False
            for binding in program.bindings(scope).get(name, ()):
                part = elements(program, binding.value, depth + 1)
                if part is None:
                    continue
                known = True
                found = [*found, *part] if binding.augmented else [*part]
            return tuple(found) if known else None
        if state.id in ("builtins.list", "builtins.tuple", "builtins.set", "builtins.sorted"):
            call = first_call(rest)
            if call is not None and len(call.arguments) == 1:
                return elements(program, call.arguments[0], depth + 1)
    return None


def entries(program: Program, expression: Expression | None) -> Iterator[tuple[Expression, Expression]]:
    """Key and value pairs of a mapping, through names, ``|``, ``**`` and later ``name[key] = value``."""
    for key, value, _ in placed_entries(program, expression, _NOWHERE):
        yield key, value


def placed_entries(
    program: Program, expression: Expression | None, at: Location, depth: int = 0
) -> Iterator[tuple[Expression, Expression, Location]]:
    """As :func:`entries`, with the line of each entry as far as it is known: else that of the mapping, which stands ``at``."""
    if depth > _DEPTH or expression is None:
        return
    if isinstance(expression, Mapping):
        known = len(expression.lines) == len(expression.items)
        for number, (key, value) in enumerate(expression.items):
            if isinstance(key, Opaque) and key.text == "**":
                yield from placed_entries(program, value, at, depth + 1)
            else:
                yield key, value, Location(at.path, expression.lines[number]) if known else at
    elif isinstance(expression, Operation) and expression.operator == "|":
        for each in expression.operands:
            yield from placed_entries(program, each, at, depth + 1)
    elif isinstance(expression, Chain):
        state, rest = program.head(expression)
        if state.kind == "binding" and not rest:
            scope, _, name = state.id.rpartition(".")
            for binding in program.bindings(scope).get(name, ()):
                yield from placed_entries(program, binding.value, program.at(program.module_of(scope), binding.line), depth + 1)


_NOWHERE = Location("", 0)


# --- source form -------------------------------------------------------------------------------


def source(expression: Expression | None) -> str:
    """The expression much as it was written, with variables looked through; ``""`` for ``None``."""
    return _source(expression, 0)[:4000]


def _source(expression: Expression | None, depth: int) -> str:
    if expression is None:
        return ""
    if depth > _DEPTH:
        return "..."
    if isinstance(expression, Constant):
        return repr(expression.value)
    if isinstance(expression, Template):
        return f"f{expression.text!r}"
    if isinstance(expression, Opaque):
        return expression.text
    if isinstance(expression, Sequence):
        return f"[{', '.join(_source(each, depth + 1) for each in expression.items)}]"
    if isinstance(expression, Mapping):
        return "{" + ", ".join(f"{_source(k, depth + 1)}: {_source(v, depth + 1)}" for k, v in expression.items) + "}"
    if isinstance(expression, Operation):
        return _operation(expression, depth)
    name = expression.root if expression.origin in ("parameter", "local") else expression.root.rpartition(".")[2]
    return "".join(["super()" if expression.origin == "super" else name, *(_step(step, depth) for step in expression.steps)])


def _operation(expression: Operation, depth: int) -> str:
    operands = [_source(each, depth + 1) for each in expression.operands]
    if expression.operator == "*" and len(operands) == 1:
        return f"*{operands[0]}"
    if expression.operator == "lambda":
        return f"lambda: {operands[0]}"
    if expression.operator == "each":
        return f"each of ({', '.join(operands)})"
    if expression.operator == "[]":
        return f"{operands[0]}[{', '.join(operands[1:])}]"
    if len(operands) == 1:
        return f"{expression.operator} {operands[0]}"
    return f" {expression.operator} ".join(operands)


def _step(step: Step, depth: int) -> str:
    if isinstance(step, str):
        return f".{step}"
    if isinstance(step, Call):
        given = [_source(each, depth + 1) for each in step.arguments]
        given += [f"**{_source(v, depth + 1)}" if k == "**" else f"{k}={_source(v, depth + 1)}" for k, v in step.keywords]
        return f"({', '.join(given)})"
    if isinstance(step, Item):
        return f"[{step.key!r}]" if step.key is not None else "[...]"
    if isinstance(step, Slice):
        return "[:]"
    return ""
