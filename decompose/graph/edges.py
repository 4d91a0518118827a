"""Dependencies between modules and definitions, with every place they come from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from decompose.link.program import Program
from decompose.model import facts as f
from decompose.model.codegraph import Edge, EdgeKind, EdgeWhen
from decompose.model.location import Location
from decompose.model.syntax import Call, Definition, ModuleSummary, Use, When

_Key = tuple[str, EdgeKind, EdgeWhen]
"""An edge of a known source: target, kind, when."""

_Places = dict[str, dict[_Key, tuple[Location, ...]]]
"""The places of edges in order, by source."""

_Extra = tuple[str, str, EdgeKind, Location]

_RANK: dict[EdgeWhen, int] = {"load": 0, "call": 1, "string": 2, "typing": 3}
"""An import that runs on load outweighs the same import inside a function, then one by name, then one for type checkers."""


def edges(
    program: Program,
    sends: Iterable[f.TaskSend],
    tasks: Iterable[f.Task],
    subscriptions: Iterable[f.Subscription],
    emissions: Iterable[f.Emission],
    model_uses: Iterable[f.ModelUse] = (),
    strings: Iterable[f.StringReference] = (),
) -> tuple[Edge, ...]:
    """All edges, sorted by source, target and kind; each with its places in order."""
    places: _Places = {}
    for module in program.modules.values():
        _add(places, _of_module(program, module))
    extra: dict[str, dict[_Key, set[Location]]] = {}
    for src, dst, kind, at in (*_task_edges(sends, tasks), *_signal_edges(subscriptions, emissions), *_row_edges(program, model_uses)):
        extra.setdefault(src, {}).setdefault((dst, kind, "load"), set()).add(at)
    for src, dst, at in _named_modules(program, strings):
        # Where a statement imports the module too, the statement says more.
        if not any((dst, "import", when) in places.get(src, ()) for when in ("load", "call")):
            extra.setdefault(src, {}).setdefault((dst, "import", "string"), set()).add(at)
    _add(places, {src: {key: tuple(sorted(at)) for key, at in targets.items()} for src, targets in extra.items()})
    return tuple(Edge(src, key[0], key[1], places[src][key], key[2]) for src in sorted(places) for key in sorted(places[src]))


def _add(places: _Places, further: _Places) -> None:
    for src, targets in further.items():
        known = places.setdefault(src, targets)
        if known is not targets:
            for key, at in targets.items():
                known[key] = tuple(sorted({*known[key], *at})) if key in known else at


def _of_module(program: Program, module: ModuleSummary) -> _Places:
    """The edges that the text of one module makes."""
    name, path = module.name, module.path
    found: dict[str, dict[_Key, list[int]]] = {}
    for dst, (when, lines) in _imports(program, module).items():
        found.setdefault(name, {})[dst, "import", when] = lines
    for use, position, prefix in program.prefixes.named(module):
        if prefix.definition:
            dst, src = prefix.state.id, use.scope or name
            if dst != src:
                key: _Key = (dst, _kind(use, position), "load")
                targets = found[src] if src in found else found.setdefault(src, {})
                if key in targets:
                    targets[key].append(use.span.line)
                else:
                    targets[key] = [use.span.line]
    at: dict[int, Location] = {}

    def places(lines: list[int]) -> tuple[Location, ...]:
        in_order = lines if len(lines) == 1 else sorted({*lines})
        return tuple([at[line] if line in at else at.setdefault(line, Location(path, line)) for line in in_order])

    return {src: {key: places(lines) for key, lines in targets.items()} for src, targets in found.items()}


def _imports(program: Program, module: ModuleSummary) -> dict[str, tuple[When, list[int]]]:
    """The modules of the project that a module imports, each with the strongest ``when`` and all lines."""
    found: dict[str, tuple[When, list[int]]] = {}
    for dst, when, line in imported_modules(program, module):
        if dst != module.name:
            known, lines = found.get(dst, (when, []))
            lines.append(line)
            found[dst] = (when if _RANK[when] < _RANK[known] else known, lines)
    return found


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


def _kind(use: Use, position: int) -> EdgeKind:
    """How a use reaches what the first ``position`` of its steps stand for."""
    steps = use.chain.steps
    if position == len(steps):
        return "inherit" if use.sink == "base" else "reference"
    return "call" if steps[position].__class__ is Call else "reference"


_CALLED = re.compile(r"(\w+)\(")


def _row_edges(program: Program, uses: Iterable[f.ModelUse]) -> Iterator[_Extra]:
    """Calls of a model's own methods on rows, where the detector knows the row's model: ``Order.objects.get(pk=1).cancel()``."""
    methods: dict[tuple[str, str], tuple[str, ...]] = {}
    for use in uses:
        if use.certain and "(" in use.shape:
            form = (use.model, use.shape)
            called = methods.get(form)
            if called is None:
                called = methods[form] = tuple(_methods(program, *form))
            for method in called:
                if method != use.definition:
                    yield use.definition, method, "call", use.at


def _methods(program: Program, model: str, shape: str) -> Iterator[str]:
    """The model's own methods that a shape calls."""
    for name in _CALLED.findall(shape):
        member = program.member(model, name)
        if isinstance(member, Definition) and member.kind == "method":
            yield member.id


def _named_modules(program: Program, strings: Iterable[f.StringReference]) -> Iterator[tuple[str, str, Location]]:
    """Modules that a literal names where it will be imported."""
    for each in strings:
        if each.kind == "dotted" and each.target:
            src, dst = program.module_of(each.definition), program.module_of(each.target)
            if src and dst and src != dst:
                yield src, dst, each.at


def _task_edges(sends: Iterable[f.TaskSend], tasks: Iterable[f.Task]) -> Iterator[_Extra]:
    definitions = {task.name: task.definition for task in tasks}
    for send in sends:
        if send.task in definitions:
            yield send.definition, definitions[send.task], "task", send.at


def _signal_edges(subscriptions: Iterable[f.Subscription], emissions: Iterable[f.Emission]) -> Iterator[_Extra]:
    handlers: dict[str, list[f.Subscription]] = {}
    for subscription in subscriptions:
        handlers.setdefault(subscription.signal, []).append(subscription)
        if subscription.sender:
            yield subscription.handler, subscription.sender, "signal", subscription.at
    for emission in emissions:
        for subscription in handlers.get(emission.signal, ()):
            yield emission.definition, subscription.handler, "signal", emission.at
