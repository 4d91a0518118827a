"""Coverage against the graph: which dependencies are on lines that ran, and which modules never did.

Only places inside functions tell anything: what stands at the top of a module runs whenever it is imported, so the lines of imports and
class bodies say nothing about use. A dependency on lines that never ran is not taken away (nobody may have tried that path while
it was measured): it gets nothing on top, and so counts less beside those that ran.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence

from decompose.errors import ConfigError
from decompose.model.codegraph import CodeGraph, Definition
from decompose.model.facts import Unresolved
from decompose.model.location import Location
from decompose.model.runtime import Tie
from decompose.observe.coverage import Report
from decompose.observe.names import Names
from decompose.observe.ties import Pair, shares, shown

_PLACES = 5


class Ran:
    """What reports say of the project: ``ties`` for dependencies that ran, modules ``measured`` and those that ``never`` ran."""

    def __init__(self, graph: CodeGraph, names: Names, reports: Sequence[Report]) -> None:
        self.unresolved: list[Unresolved] = []
        self._hits = self._merged(names, reports)
        self._lines = {path: sorted(hits) for path, hits in self._hits.items()}
        self._functions = {d.id: d for d in graph.definitions if d.kind != "class"}
        self.measured = tuple(sorted(names.paths[path] for path in self._hits))
        self.never = tuple(self._never(graph)) if reports else ()
        self.ties = tuple(self._ties(graph, names)) if reports else ()

    def _merged(self, names: Names, reports: Sequence[Report]) -> dict[str, dict[int, int]]:
        """Hits by path and line over all reports. Raises :class:`ConfigError` for a report of another project."""
        merged: dict[str, dict[int, int]] = {}
        for report in reports:
            ours = names.files([file.name for file in report.files], report.roots)
            if not ours:
                known = f"; its root is {report.roots[0]}" if report.roots else ""
                raise ConfigError(
                    f"none of the {len(report.files)} files in the coverage report is a module of this project{known}",
                    place=str(report.files[0].at),
                    hint="measure this project, or take the report out of [evidence]",
                )
            others = [file for file in report.files if file.name not in ours]
            if others:
                reason = f"{len(others)} of {len(report.files)} files of the report are no modules of the project"
                self.unresolved.append(Unresolved("coverage", shown(file.name for file in others), reason, others[0].at))
            for file in report.files:
                if file.name in ours:
                    hits = merged.setdefault(ours[file.name], {})
                    for line, count in file.lines:
                        hits[line] = max(hits.get(line, 0), count)
        return merged

    def _ran(self, at: Location, inside: Definition) -> bool | None:
        """Whether the statement at a place in a function ran; ``None`` where that was not measured.

        A statement is listed by its first line, so a place further down belongs to the last line before it. Decorators and the
        function's own line run when the module is imported.
        """
        lines = self._lines.get(at.path)
        if not lines:
            return None
        position = bisect_right(lines, at.line) - 1
        if position < 0 or lines[position] <= inside.line:
            return None
        return self._hits[at.path][lines[position]] > 0

    def _never(self, graph: CodeGraph) -> Iterator[str]:
        """Measured modules of which nothing ran but the import, in order; those of tests and migrations are of no interest."""
        bodies: dict[str, set[int]] = {}
        path_of = {module.id: module.path for module in graph.modules if module.role == "code"}
        for function in self._functions.values():
            path = path_of.get(function.module, "")
            lines = self._lines.get(path, ())
            body = lines[bisect_right(lines, function.line) : bisect_right(lines, function.end_line)] if lines else ()
            bodies.setdefault(path, set()).update(body)
        for module, path in sorted(path_of.items()):
            hits = self._hits.get(path)
            counted = bodies.get(path) or hits
            if hits and counted and not any(hits[line] for line in counted):
                yield module

    def _ties(self, graph: CodeGraph, names: Names) -> Iterator[Tie]:
        ran: dict[Pair, set[Location]] = {}
        measured: dict[Pair, set[Location]] = {}
        finely: dict[Pair, Counter[Pair]] = {}
        for pair, exact, at in _dependencies(graph, names):
            function = self._functions.get(exact[0])
            did = self._ran(at, function) if function is not None else None
            if did is not None:
                measured.setdefault(pair, set()).add(at)
                if did:
                    ran.setdefault(pair, set()).add(at)
                    finely.setdefault(pair, Counter())[exact] += 1
        leaving, entering = Counter(source for source, _ in ran), Counter(target for _, target in ran)
        for (source, target), places in sorted(ran.items()):
            strength = (1.0 + math.log(len(places))) / math.sqrt(leaving[source] * entering[target])
            whole = len(measured[source, target])
            figures = f"{len(places)} of {whole} place{'' if whole == 1 else 's'} ran"
            exactly = shares(finely[source, target])
            yield Tie("coverage", source, target, strength, len(places), figures, tuple(sorted(places)[:_PLACES]), exactly)


def _dependencies(graph: CodeGraph, names: Names) -> Iterator[tuple[Pair, Pair, Location]]:
    """Uses of other modules and of tables: the modules (or the table), the definitions, of which the first has the place, and the place."""
    for edge in graph.edges:
        if edge.kind not in ("import", "inherit"):
            source, target = names.module_of.get(edge.src, ""), names.module_of.get(edge.dst, "")
            if source in names.code and target in names.code and source != target:
                for at in edge.at:
                    yield (source, target), (edge.src, edge.dst), at
    for access in graph.accesses:
        source = names.module_of.get(access.definition, "")
        if source in names.code:
            table = f"table:{access.table}"
            yield (source, table), (access.definition, table), access.at
