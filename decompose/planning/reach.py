"""What a piece of code needs: top-level definitions and module bodies, and the mentions between them.

A *unit* is what can be moved on its own: a top-level definition (by id) or the rest of a module (by the module's id: its
assignments and other statements outside definitions).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from decompose.link.program import Program
from decompose.model.codegraph import CodeGraph
from decompose.model.location import Location
from decompose.model.syntax import Call, Use


class Mention(NamedTuple):
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
        self._tops = {definition.id: definition.top for definition in graph.definitions}
        self._mentions: dict[str, dict[str, list[Mention]]] = {}
        self._touching: frozenset[str] | None = None
        self._touching_units: set[str] | None = None

    def unit(self, id: str) -> str:
        """The unit that holds a definition, binding or module."""
        return self._tops.get(id) or self._program.module_of(id)

    def units(self, module: str) -> tuple[str, ...]:
        """The top-level definitions of a module, in source order."""
        members = self._program.members(module).values()
        return tuple(definition.id for definition in sorted(members, key=lambda each: each.line))

    def mentions(self, unit: str) -> list[Mention]:
        """Everything of the project that a unit names, in source order."""
        module = self._program.module_of(unit)
        if module not in self._mentions:
            by_unit: dict[str, list[Mention]] = {}
            summary = self._program.modules.get(module)
            for use in summary.uses if summary is not None else ():
                for mention in self._of(module, use):
                    by_unit.setdefault(mention.source_unit, []).append(mention)
            self._mentions[module] = by_unit
        return self._mentions[module].get(unit, [])

    def _of(self, module: str, use: Use) -> Iterator[Mention]:
        program = self._program
        source = use.scope or module
        at = program.at(module, use.span.line)
        state = program.start(use.chain)
        steps = use.chain.steps
        for position in range(len(steps) + 1):
            following = steps[position] if position < len(steps) else None
            named = state.kind in ("class", "function", "binding") and (position or use.chain.origin == "global")
            if named or (state.kind == "module" and following is None):
                kind: Literal["class", "function", "binding", "module"] = state.kind  # type: ignore[assignment]
                called = isinstance(following, Call)
                yield Mention(source, self.unit(source), state.id, self.unit(state.id), kind, called, use, at)
            if following is None or state.kind == "unknown":
                return
            state = program.step(state, following)

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

    @property
    def touching(self) -> frozenset[str]:
        """Definitions that certainly read or write a table, send a task or touch the outside, themselves or through calls.

        What is only taken to be a row (``request.user``) does not tie code to a context.
        """
        if self._touching is None:
            graph = self._graph
            direct = {access.definition for access in graph.accesses if access.certain}
            direct |= {send.definition for send in graph.task_sends} | {each.definition for each in graph.externals}
            callers: dict[str, list[str]] = {}
            for edge in graph.edges:
                if edge.kind == "call":
                    callers.setdefault(edge.dst, []).append(edge.src)
            found, waiting = set[str](), sorted(direct)
            while waiting:
                definition = waiting.pop()
                if definition not in found:
                    found.add(definition)
                    waiting.extend(callers.get(definition, ()))
            self._touching = frozenset(found)
        return self._touching

    def touches(self, unit: str) -> bool:
        """Whether a definition or anything inside it is :attr:`touching`; for a module, whether its body is."""
        if unit in self._program.modules:
            return unit in self.touching
        if self._touching_units is None:
            self._touching_units = {prefix for id in self.touching for prefix in _prefixes(id)}
        return unit in self._touching_units


def _prefixes(id: str) -> Iterator[str]:
    while id:
        yield id
        id = id.rpartition(".")[0]
