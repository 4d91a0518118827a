"""Everything that was recorded at run time, judged against the graph."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from decompose.model.codegraph import CodeGraph
from decompose.model.facts import Unresolved
from decompose.model.runtime import Runtime
from decompose.observe import coverage, spans, statements
from decompose.observe.names import Names
from decompose.observe.queried import Queried
from decompose.observe.ran import Ran
from decompose.observe.traced import Traced


class Recorded(msgspec.Struct, frozen=True):
    """What the files of evidence hold."""

    files: tuple[str, ...] = ()
    reports: tuple[coverage.Report, ...] = ()
    statements: tuple[statements.Statement, ...] = ()
    spans: tuple[spans.Span, ...] = ()


def recorded(files: Iterable[tuple[str, str, bytes]]) -> Recorded:
    """The contents of ``(kind, path, bytes)``, in that order; ``kind`` is ``coverage``, ``statements`` or ``spans``.

    Raises :class:`ConfigError` with file and line for one that is not what it should be.
    """
    paths: list[str] = []
    reports: list[coverage.Report] = []
    found_statements: list[statements.Statement] = []
    found_spans: list[spans.Span] = []
    for kind, path, content in files:
        paths.append(path)
        if kind == "coverage":
            reports.append(coverage.read(content, path))
        elif kind == "statements":
            found_statements += statements.read(content, path)
        else:
            found_spans += spans.read(content, path)
    return Recorded(tuple(paths), tuple(reports), tuple(found_statements), tuple(found_spans))


def observed(graph: CodeGraph, evidence: Recorded) -> CodeGraph:
    """The graph with what was seen at run time, and with what of it belongs to nothing in the project as unresolved."""
    names = Names(graph)
    ran, queried, traced = Ran(graph, names, evidence.reports), Queried(names, evidence.statements), Traced(names, evidence.spans)
    unresolved: tuple[Unresolved, ...] = (*graph.unresolved, *ran.unresolved, *queried.unresolved, *traced.unresolved)
    runtime = Runtime(
        files=evidence.files,
        ties=(*ran.ties, *queried.ties, *traced.ties),
        measured=ran.measured,
        never_run=ran.never,
    )
    return msgspec.structs.replace(graph, runtime=runtime, unresolved=unresolved)
