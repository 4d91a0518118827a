"""Dependencies between modules and definitions, with every place they come from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from decompose.link.program import Program
from decompose.model import facts as f
from decompose.model.codegraph import Edge, EdgeKind
from decompose.model.location import Location
from decompose.model.syntax import Call, Definition, ModuleSummary, Use, When

_Key = tuple[str, str, EdgeKind, When]

_RANK: dict[When, int] = {"load": 0, "call": 1, "typing": 2}
"""An import that runs on load outweighs the same import inside a function, which outweighs one for type checkers."""


def edges(
    program: Program,
    sends: Iterable[f.TaskSend],
    tasks: Iterable[f.Task],
    subscriptions: Iterable[f.Subscription],
    emissions: Iterable[f.Emission],
    model_uses: Iterable[f.ModelUse] = (),
) -> tuple[Edge, ...]:
    """All edges, sorted by source, target and kind; each with its places in order."""
    places: dict[_Key, set[Location]] = {}
    for module in program.modules.values():
        for dst, when, line in imported_modules(program, module):
            if dst != module.name:
                places.setdefault((module.name, dst, "import", when), set()).add(Location(module.path, line))
        for use in module.uses:
            for dst, kind in mentions(program, use):
                src = use.scope or module.name
                if dst != src:
                    places.setdefault((src, dst, kind, "load"), set()).add(Location(module.path, use.span.line))
    for key, at in (*_task_edges(sends, tasks), *_signal_edges(subscriptions, emissions), *_row_edges(program, model_uses)):
        places.setdefault(key, set()).add(at)
    return tuple(
        Edge(src, dst, kind, tuple(sorted(at)), when)
        for (src, dst, kind, when), at in sorted(_strongest(places).items(), key=lambda item: item[0])
    )


def _strongest(places: dict[_Key, set[Location]]) -> dict[_Key, set[Location]]:
    """Imports of one module by another merged into one edge under the strongest ``when``."""
    merged: dict[_Key, set[Location]] = {}
    strongest: dict[tuple[str, str], When] = {}
    for src, dst, kind, when in places:
        if kind == "import":
            known = strongest.get((src, dst))
            if known is None or _RANK[when] < _RANK[known]:
                strongest[src, dst] = when
    for (src, dst, kind, when), at in places.items():
        key: _Key = (src, dst, kind, strongest[src, dst] if kind == "import" else when)
        merged.setdefault(key, set()).update(at)
    return merged


def imported_modules(program: Program, module: ModuleSummary) -> Iterator[tuple[str, When, int]]:
    """Modules of the project that an import statement names, as Python would load them: target, when, line.

    ``from a import b`` names ``a.b`` when that is a module, else ``a``. Packages on the way (``a`` of ``a.b``) are loaded too, but
    are not named and make no edge.
    """
    for imported in module.imports:
        target = f"{imported.module}.{imported.name}" if imported.name not in ("", "*") else imported.module
        if target not in program.modules:
            target = imported.module
        while target and target not in program.modules:
            # `import a.b.c` where only a.b is the project's: the edge goes to what exists.
            target = target.rpartition(".")[0] if imported.name == "" else ""
        if target:
            yield target, imported.when, imported.line


def mentions(program: Program, use: Use) -> Iterator[tuple[str, EdgeKind]]:
    """Definitions of the project that an expression certainly reaches, in order, and how.

    A class or function followed by a call is called, else referred to; methods are followed through ``self``, annotated and
    constructed instances and return annotations.
    """
    state = program.start(use.chain)
    steps = use.chain.steps
    for position in range(len(steps) + 1):
        following = steps[position] if position < len(steps) else None
        if state.kind in ("class", "function") and (position or use.chain.origin == "global"):
            yield state.id, _kind(use, following, position, len(steps))
        if following is None or state.kind == "unknown":
            return
        state = program.step(state, following)


def _kind(use: Use, following: object, position: int, length: int) -> EdgeKind:
    if isinstance(following, Call):
        return "call"
    if use.sink == "base" and position == length:
        return "inherit"
    return "reference"


_CALLED = re.compile(r"(\w+)\(")


def _row_edges(program: Program, uses: Iterable[f.ModelUse]) -> Iterator[tuple[_Key, Location]]:
    """Calls of a model's own methods on rows, where the detector knows the row's model: ``Order.objects.get(pk=1).cancel()``."""
    for use in uses:
        if use.certain:
            for name in _CALLED.findall(use.shape):
                member = program.member(use.model, name)
                if isinstance(member, Definition) and member.kind == "method" and member.id != use.definition:
                    yield (use.definition, member.id, "call", "load"), use.at


def _task_edges(sends: Iterable[f.TaskSend], tasks: Iterable[f.Task]) -> Iterator[tuple[_Key, Location]]:
    definitions = {task.name: task.definition for task in tasks}
    for send in sends:
        if send.task in definitions:
            yield (send.definition, definitions[send.task], "task", "load"), send.at


def _signal_edges(subscriptions: Iterable[f.Subscription], emissions: Iterable[f.Emission]) -> Iterator[tuple[_Key, Location]]:
    handlers: dict[str, list[f.Subscription]] = {}
    for subscription in subscriptions:
        handlers.setdefault(subscription.signal, []).append(subscription)
        if subscription.sender:
            yield (subscription.handler, subscription.sender, "signal", "load"), subscription.at
    for emission in emissions:
        for subscription in handlers.get(emission.signal, ()):
            yield (emission.definition, subscription.handler, "signal", "load"), emission.at
