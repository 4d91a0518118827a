"""Flask's configuration: what the objects given to ``app.config.from_object`` set, and which code reads ``current_app.config``.

A name that several of them set is reported with each place; the one that production would use comes first: the parent of the others, or
what a mapping calls ``production`` or ``default``.
"""

from __future__ import annotations

from collections.abc import Iterator

from decompose.link.expressions import argument, source
from decompose.link.objects import text
from decompose.link.program import Program, Step
from decompose.model.facts import Fact, Setting, SettingRead, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import (
    Call,
    Chain,
    Constant,
    Expression,
    Item,
    Mapping,
    ModuleSummary,
    Operation,
    Sequence,
    Use,
)

_PREFERRED = ("production", "prod", "default")
_READING = frozenset({"get", "setdefault", "pop"})
_DEPTH = 6


def detect(program: Program) -> Iterator[Fact]:
    """Settings and reads of settings, each once."""
    if program.imported.isdisjoint(("flask", "quart")):
        return
    seen: set[Fact] = set()
    for fact in (*_settings(program), *_reads(program)):
        if fact not in seen:
            seen.add(fact)
            yield fact


# Settings -------------------------------------------------------------------------------------------


def _settings(program: Program) -> Iterator[Fact]:
    found: dict[str, None] = {}
    for module, use in program.uses.calling(("from_object",)):
        call = _configuring(use.chain, "from_object")
        if call is None:
            continue
        holders = list(_holders(program, argument(call, 0, "obj"), module, use))
        found |= dict.fromkeys(holders)
        if not holders:
            yield Unresolved("setting", source(use.chain)[:120], "what the application is configured from is not known", Location(module.path, use.span.line))
    for holder in found:
        yield from _values(program, holder)


def _configuring(chain: Chain, method: str) -> Call | None:
    """The call of ``<application>.config.<method>``."""
    for before, name, call in zip(chain.steps, chain.steps[1:], chain.steps[2:], strict=False):
        if before == "config" and name == method and isinstance(call, Call):
            return call
    return None


def _holders(program: Program, given: Expression | None, module: ModuleSummary, use: Use, depth: int = 0) -> Iterator[str]:
    """The classes and modules that an argument stands for, those that production would use first."""
    if given is None or depth > _DEPTH:
        return
    named = text(program, given, module, use)
    if named:
        state = program.resolve(named)
        if state.kind in ("class", "module"):
            yield state.id
        return
    if isinstance(given, Chain) and given.origin in ("parameter", "instance"):
        definition = program.definition(use.scope)
        for parameter in definition.parameters if definition is not None else ():
            if parameter.name == given.root or parameter.symbol == given.root:
                yield from _holders(program, parameter.default_value, module, use, depth + 1)
        return
    if isinstance(given, Operation) and given.operator in ("or", "if"):
        for each in given.operands:
            yield from _holders(program, each, module, use, depth + 1)
        return
    if isinstance(given, Chain):
        state, rest = program.head(given)
        if state.kind in ("class", "module") and all(isinstance(step, Call) for step in rest):
            yield state.id
        elif state.kind == "binding" and _looks_up(rest):
            yield from _in_mapping(program, program.value(state.id), module, use, depth)


def _looks_up(steps: tuple[Step, ...]) -> bool:
    """``CONFIGS[name]`` and ``CONFIGS.get(name)``."""
    return bool(steps) and (isinstance(steps[0], Item) or steps[0] == "get")


def _in_mapping(program: Program, value: Expression | None, module: ModuleSummary, use: Use, depth: int) -> Iterator[str]:
    if not isinstance(value, Mapping):
        return
    names = {str(key.value).lower(): each for key, each in value.items if isinstance(key, Constant)}
    for name in sorted(names, key=lambda each: (_PREFERRED.index(each) if each in _PREFERRED else len(_PREFERRED), each)):
        yield from _holders(program, names[name], module, use, depth + 1)


def _values(program: Program, holder: str) -> Iterator[Setting]:
    """The settings of a class, its own and what it inherits, or of a module."""
    definition = program.definition(holder)
    scopes = (holder, *program.ancestors(holder)) if definition is not None else (holder,)
    for scope in scopes:
        module = program.module_of(scope)
        for name, bindings in program.bindings(scope).items() if module else ():
            if name.isupper():
                last = bindings[-1]
                yield Setting(name, source(last.value), program.at(module, last.line), _variable(program, last.value))


def _variable(program: Program, value: Expression, depth: int = 0) -> str:
    """The environment variable that a value is read from, ``""`` when there is none."""
    if depth > _DEPTH:
        return ""
    inside: list[Expression] = []
    match value:
        case Chain(root=root, steps=steps):
            names = ".".join([root, *(step for step in steps if isinstance(step, str))])
            for step in steps:
                if isinstance(step, Item) and isinstance(step.key, str) and "environ" in names:
                    return step.key
                if isinstance(step, Call):
                    first = program.constant(step.arguments[0]) if step.arguments else None
                    if isinstance(first, str) and ("environ" in names or names.endswith("getenv")):
                        return first
                    inside += [*step.arguments, *(each for _, each in step.keywords)]
        case Operation(operands=operands):
            inside += operands
        case Sequence(items=items):
            inside += items
    return next((found for each in inside if (found := _variable(program, each, depth + 1))), "")


# Reads ----------------------------------------------------------------------------------------------


def _reads(program: Program) -> Iterator[Fact]:
    """``current_app.config["NAME"]``, ``app.config.get("NAME")``."""
    for module in program.modules.values():
        for use in module.uses:
            steps = use.chain.steps
            for position, step in enumerate(steps):
                if step == "config" and position + 1 < len(steps) and _is_application(program, use.chain, steps[:position]):
                    name = _name_read(program, steps[position + 1 :])
                    if name:
                        yield SettingRead(use.scope or module.name, name, Location(module.path, use.span.line))


def _is_application(program: Program, chain: Chain, before: tuple[Step, ...]) -> bool:
    if before:
        return chain.origin == "global" and before[-1] in ("current_app", "app")
    if chain.origin == "global":
        state = program.resolve(chain.root)
        return state.id in ("flask.current_app", "quart.current_app") or chain.root.rpartition(".")[2] in ("app", "current_app")
    return chain.origin in ("parameter", "instance") and (chain.root in ("app", "application") or chain.root in ("flask.Flask", "quart.Quart"))


def _name_read(program: Program, steps: tuple[Step, ...]) -> str:
    first = steps[0]
    if isinstance(first, Item):
        return first.key if isinstance(first.key, str) else ""
    if first in _READING and len(steps) > 1 and isinstance(steps[1], Call) and steps[1].arguments:
        found = program.constant(steps[1].arguments[0])
        return found if isinstance(found, str) else ""
    return ""
