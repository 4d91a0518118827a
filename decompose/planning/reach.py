"""What a piece of code needs: top-level definitions and module bodies, and the mentions between them.

A *unit* is what can be moved on its own: a top-level definition (by id) or the rest of a module (by the module's id: its
assignments and other statements outside definitions).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from typing import Literal

import msgspec

from decompose.link.program import Program
from decompose.model.codegraph import CodeGraph, Edge
from decompose.model.location import Location, Span
from decompose.model.syntax import Call, Chain, Expression, Mapping, ModuleSummary, Operation, Sequence, Use
from decompose.planning.index import Index


class Mention(msgspec.Struct, frozen=True, gc=False):
    """A use of one unit in another. ``target`` is the definition, binding or module that is named."""

    source: str
    source_unit: str
    target: str
    target_unit: str
    kind: Literal["class", "function", "binding", "module"]
    called: bool
    use: Use
    at: Location


class Reach:
    """Answers what units mention and which of them touch data. Computed lazily, module by module."""

    def __init__(self, program: Program, graph: CodeGraph) -> None:
        self._program = program
        self._graph = graph
        self._units = {definition.id: definition.top for definition in graph.definitions}
        self._listed: dict[str, tuple[str, ...]] = {}
        self._mentions: dict[str, dict[str, list[Mention]]] = {}
        self._named_in: dict[str, frozenset[str]] = {}
        self._incoming: dict[tuple[str, ...], Index[str, Mention]] = {}
        self._within_value: dict[str, tuple[Mention, ...]] = {}

    def unit(self, id: str) -> str:
        """The unit that holds a definition, binding or module; that of a binding in a class is the class's."""
        known = self._units.get(id)
        if known is None:
            module, owner = self._program.module_of(id), id.rpartition(".")[0]
            while len(owner) > len(module) and owner not in self._units:
                owner = owner.rpartition(".")[0]
            known = self._units[id] = self._units.get(owner, module) if len(owner) > len(module) else module
        return known

    def units(self, module: str) -> tuple[str, ...]:
        """The top-level definitions of a module, in source order."""
        known = self._listed.get(module)
        if known is None:
            members = self._program.members(module).values()
            known = self._listed[module] = tuple(definition.id for definition in sorted(members, key=lambda each: each.line))
        return known

    def mentions(self, unit: str) -> list[Mention]:
        """Everything of the project that a unit names, in source order."""
        return self._of(self._program.module_of(unit)).get(unit, [])

    def within_value(self, binding: str) -> tuple[Mention, ...]:
        """The definitions beside a name of a module that its value mentions: ``STATES = [state.value for state in State]``."""
        known = self._within_value.get(binding)
        if known is None:
            module, name = self._program.module_of(binding), binding.rpartition(".")[2]
            beside = [each for each in self.mentions(module) if each.target_unit != module and self._program.module_of(each.target) == module]
            values = self._program.bindings(module).get(name, ()) if beside and binding == f"{module}.{name}" else ()
            roots = {root for each in values for root in roots_of(each.value)}
            # What stands in the brackets of a generic is not part of the value: ``Annotated[Session, Depends(get_db)]``.
            around = [use.span for use in self._program.modules[module].uses if values and not use.scope and use.sink == "assign" and use.target == name]
            known = self._within_value[binding] = tuple(
                each for each in beside if each.use.chain.root in roots or any(_within(each.use.span, outer) for outer in around)
            )
        return known

    def _of(self, module: str) -> dict[str, list[Mention]]:
        """The mentions of a module by unit."""
        found = self._mentions.get(module)
        if found is None:
            found = self._mentions[module] = {}
            summary = self._program.modules.get(module)
            if summary is not None:
                for mention in self._mentioned(summary):
                    found.setdefault(mention.source_unit, []).append(mention)
        return found

    def _mentioned(self, module: ModuleSummary) -> Iterator[Mention]:
        unit, path = self.unit, module.path
        for use, position, prefix in self._program.prefixes.named(module):
            steps = use.chain.steps
            following = steps[position] if position < len(steps) else None
            kind, id = prefix.state.kind, prefix.state.id
            if kind != "module" or following is None:
                source = use.scope or module.name
                yield Mention(
                    source, unit(source), id, unit(id), kind, following.__class__ is Call, use, Location(path, use.span.line)  # type: ignore[arg-type]
                )

    def mentions_of(self, units: Collection[str], roles: tuple[str, ...]) -> list[Mention]:
        """What names one of the units from another one, in modules of the given roles; in the order of modules, units and source."""
        index = self._incoming.get(roles)
        if index is None:
            index = self._incoming[roles] = Index((each.target_unit, each) for each in self._all(roles) if each.source_unit != each.target_unit)
        return index.of(units)

    def _all(self, roles: tuple[str, ...]) -> Iterator[Mention]:
        for module in self._graph.modules:
            if module.role in roles:
                by_unit = self._of(module.id)
                for unit in (module.id, *self.units(module.id)):
                    yield from by_unit.get(unit, ())

    def modules_named_in(self, module: str) -> frozenset[str]:
        """The modules whose definitions and bindings a module names."""
        known = self._named_in.get(module)
        if known is None:
            named = {mention.target for mentions in self._of(module).values() for mention in mentions}
            known = self._named_in[module] = frozenset(self._program.module_of(target) for target in named)
        return known

    def closure(self, roots: Iterable[str]) -> frozenset[str]:
        """The units that are mentioned, directly or not, starting with the roots themselves."""
        found: set[str] = set()
        waiting = sorted(roots)
        while waiting:
            unit = waiting.pop()
            if unit not in found:
                found.add(unit)
                waiting.extend(mention.target_unit for mention in self.mentions(unit) if mention.target_unit not in found)
        return frozenset(found)

    @cached_property
    def _calls(self) -> dict[str, list[Edge]]:
        found: dict[str, list[Edge]] = {}
        for edge in self._graph.edges:
            if edge.kind == "call":
                if edge.dst in found:
                    found[edge.dst].append(edge)
                else:
                    found[edge.dst] = [edge]
        return found

    def calls_to(self, definition: str) -> Collection[Edge]:
        """The calls of a definition, sorted by caller."""
        return self._calls.get(definition, ())

    def callers_of(self, definitions: Iterable[str]) -> frozenset[str]:
        """The definitions themselves and all that call them, directly or not."""
        found, waiting = set[str](), list(definitions)
        while waiting:
            definition = waiting.pop()
            if definition not in found:
                found.add(definition)
                waiting.extend([edge.src for edge in self.calls_to(definition)])
        return frozenset(found)

    @cached_property
    def touching(self) -> frozenset[str]:
        """Definitions that certainly read or write a table, send a task or touch the outside, themselves or through calls.

        What is only taken to be a row (``request.user``) does not tie code to a context. A statement that is written out does, though nothing
        but its name says that it is sent through a session.
        """
        graph = self._graph
        direct = {access.definition for access in graph.accesses if access.certain}
        direct |= {use.definition for use in graph.model_uses if use.holes and use.mode != "none"}
        return self.callers_of(direct | {send.definition for send in graph.task_sends} | {each.definition for each in graph.externals})

    @cached_property
    def _touching_units(self) -> frozenset[str]:
        return frozenset(prefix for id in self.touching for prefix in _prefixes(id))

    def touches(self, unit: str) -> bool:
        """Whether a definition or anything inside it is :attr:`touching`; for a module, whether its body is."""
        return unit in (self.touching if unit in self._program.modules else self._touching_units)


def _within(inner: Span, outer: Span) -> bool:
    return (outer.line, outer.column) <= (inner.line, inner.column) and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)


def roots_of(expression: Expression) -> Iterator[str]:
    """The names that the chains in an expression begin with."""
    waiting = [expression]
    while waiting:
        match waiting.pop():
            case Chain(root=root, steps=steps):
                yield root
                waiting += (each for step in steps if isinstance(step, Call) for each in (*step.arguments, *(value for _, value in step.keywords)))
            case Sequence(items=items):
                waiting += items
            case Mapping(items=pairs):
                waiting += (each for pair in pairs for each in pair)
            case Operation(operands=operands):
                waiting += operands


def _prefixes(id: str) -> Iterator[str]:
    while id:
        yield id
        id = id.rpartition(".")[0]
