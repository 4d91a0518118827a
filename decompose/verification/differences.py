"""Two runs of one suite compared: each test that ends in another way, and the boundary edges that make it so.

What leads from a test to an edge, the strongest first: monolith code that used the context's rows directly while it ran, a traceback
that names an operation or passes a call site, a name that the test replaces by a string, and the operations and routes that it used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from decompose.model.migration import BoundaryEdge, ContextPlan
from decompose.model.verification import Cause, Difference
from decompose.verification.parity import SuiteRun

GOOD = frozenset({"passed", "skipped", "expected"})
"""Outcomes that are no worse than any other."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the test kit noted.

    An ``operation`` by name, a ``route`` by method and path, a ``direct`` use of the context's rows by monolith code, or what the service
    does not have: a ``placeholder`` by the id of the edge that left its code in the monolith, or the attribute of a shadow.
    """

    kind: str
    name: str = ""
    raised: str = ""
    method: str = ""
    path: str = ""
    status: int = 0
    line: int = 0
    function: str = ""


class Noted(msgspec.Struct, frozen=True):
    """What one test, or the set-up of one class, used of the boundary."""

    test: str
    events: tuple[Event, ...]


Notes = Mapping[str, tuple[Event, ...]]


def worse(before: SuiteRun, after: SuiteRun) -> tuple[str, ...]:
    """The tests that end worse than they did."""
    return tuple(id for id in sorted(before.outcomes.keys() | after.outcomes.keys()) if _worse(before, after, id))


def _worse(before: SuiteRun, after: SuiteRun, id: str) -> bool:
    was, now = before.outcomes.get(id, ""), after.outcomes.get(id, "not run")
    return was in GOOD and now != "passed" and was != now


def differences(
    before: SuiteRun,
    after: SuiteRun,
    context: ContextPlan,
    notes: Notes,
    helped: frozenset[str] = frozenset(),
    root: str = "",
) -> Iterator[Difference]:
    """Every test that ends in another way, in the tree at ``root``.

    ``helped`` are those that a further run proved to fail only because of edges that stay.
    """
    blocked = {operation.name: operation.blocked_by for operation in context.operations}
    for id in sorted(before.outcomes.keys() | after.outcomes.keys()):
        was, now = before.outcomes.get(id, "not run"), after.outcomes.get(id, "not run")
        if was == now:
            continue
        trace = after.traces.get(id, "")
        causes = tuple(_causes(id, trace, context.edges, _events(id, notes), blocked))
        regression = _worse(before, after, id)
        expected = _expected(id, trace, causes, helped, _innermost(trace, root)) if regression else ""
        yield Difference(id, was, now, message(trace), causes if regression else (), expected, regression and not expected)


def _events(id: str, notes: Notes) -> tuple[Event, ...]:
    """Those of the test itself and of the set-up of its class."""
    owner = id.rpartition(".")[0]
    return (*notes.get(id, ()), *notes.get(owner, ()))


def message(trace: str) -> str:
    """The last line of a traceback: the exception and what it says."""
    # pytest marks what was raised with an E.
    lines = [line.removeprefix("E  ").strip() for line in trace.splitlines()]
    told = [line for line in lines if line and not set(line) <= {"-", "="}]
    raised = [line for line in told if re.match(r"[\w.]+(?:Error|Exception|Warning|DoesNotExist|Unavailable|Failure|Rejected|Exit|Interrupt)\b", line)]
    return (raised or told or [""])[-1][:300]


_COUNTS_QUERIES = re.compile(r"\d+ queries executed, \d+ expected")


def _innermost(trace: str, root: str) -> tuple[str, str]:
    """Path and function of the last frame of a traceback in the project's own code, generated code left out."""
    frames = re.findall(r'File "([^"]+)", line \d+, in (\w+)', trace)
    own = [(path.removeprefix(f"{root}/"), function) for path, function in frames if root and path.startswith(f"{root}/") and "/boundaries/" not in path]
    return own[-1] if own else ("", "")


def _expected(id: str, trace: str, causes: Sequence[Cause], helped: frozenset[str], innermost: tuple[str, str]) -> str:
    """Why the plan knows that the test cannot end as it did, ``""`` when it should."""
    if id in helped:
        return "passes as soon as the code that stays sees the service's rows"
    if any(cause.how in (BEHIND, BLOCKED) for cause in causes):
        return "the service needs code that stays in the monolith"
    if any(cause.how == PASSED and cause.blocks == "switch" and cause.function == innermost[1] and cause.place.startswith(f"{innermost[0]}:") for cause in causes):
        return "fails in code that stays and works in mode local only"
    if any(cause.how == REPLACED for cause in causes):
        return "replaces a name in this process, which the service does not see"
    if _COUNTS_QUERIES.search(trace) and causes:
        return "counts queries of this process, and calls over the boundary make none here"
    return ""


DIRECT = "monolith code used the context's rows directly"
BLOCKED = "the plan says that the operation cannot run in the service before it is decided"
BEHIND = "the service ran into code that stays in the monolith"
NAMED = "named in the traceback"
PASSED = "the traceback passes it"
REPLACED = "the test replaces a name by a string"
CALLED = "the test called it"
OWN = "the test itself uses the context"


def _causes(id: str, trace: str, edges: Sequence[BoundaryEdge], events: Iterable[Event], blocked: Mapping[str, tuple[str, ...]]) -> Iterator[Cause]:
    """The edges that the evidence leads to, the strongest first; each edge once. Edges of the test itself only where nothing else leads anywhere."""
    given: set[str] = set()
    noted = tuple(events)
    calls, routes = {event.name for event in noted if event.kind == "operation"}, [event for event in noted if event.kind == "route"]
    failed = {event.name for event in noted if event.kind == "operation" and event.raised}
    blocking = {id for name in failed for id in blocked.get(name, ())}
    evidence: tuple[tuple[str, Callable[[BoundaryEdge], bool]], ...] = (
        (DIRECT, lambda edge: _used_directly(edge, noted)),
        (BEHIND, lambda edge: any(_left_behind(edge, event) for event in noted)),
        (BLOCKED, lambda edge: edge.id in blocking),
        (NAMED, lambda edge: bool(edge.operation) and re.search(rf"\b{re.escape(edge.operation)}\b", trace) is not None),
        (PASSED, lambda edge: _passed(edge, trace)),
        (REPLACED, lambda edge: edge.kind == "patch" and id.startswith(edge.source)),
        (CALLED, lambda edge: edge.operation in calls if edge.operation else edge.kind == "route" and any(_answers(edge, each) for each in routes)),
    )
    for how, leads in evidence:
        for edge in edges:
            if edge.id not in given and (not edge.test or how == REPLACED) and leads(edge):
                given.add(edge.id)
                yield _cause(edge, how)
    if not given:
        yield from (_cause(edge, OWN) for edge in edges if edge.test and id.startswith(edge.source))


def _cause(edge: BoundaryEdge, how: str) -> Cause:
    return Cause(edge.id, edge.kind, edge.disposition, str(edge.at), how, edge.source.rpartition(".")[2], edge.blocks)


def _left_behind(edge: BoundaryEdge, event: Event) -> bool:
    if event.kind != "placeholder" or edge.direction != "out":
        return False
    if event.name == "GenericForeignKey":
        return edge.text.endswith(f" = {event.name}")
    return event.name == edge.id or ("." in event.name and edge.target.rpartition(".")[2] == event.name.rpartition(".")[2])


def _used_directly(edge: BoundaryEdge, events: Iterable[Event]) -> bool:
    """Whether a use was in the code of an edge; one at module level, such as an SQL text, is of the whole file."""
    function = edge.source.rpartition(".")[2]
    whole = edge.kind == "sql"
    return (
        edge.direction == "in"
        and not edge.operation
        and edge.kind not in ("route", "foreign-key")
        and any(event.kind == "direct" and event.path == edge.at.path and (whole or event.function == function) for event in events)
    )


def _passed(edge: BoundaryEdge, trace: str) -> bool:
    if edge.kind in ("route", "foreign-key") or edge.at.path not in trace:
        return False
    return re.search(rf"{re.escape(edge.at.path)}\", line \d+, in {re.escape(edge.source.rpartition('.')[2])}\b", trace) is not None


def _answers(edge: BoundaryEdge, event: Event) -> bool:
    """Whether a request went to the route of an edge. Its text is methods and path, parameters as the framework writes them."""
    *methods, path = edge.text.split(" ")
    pattern = re.sub(r"\\?\(\?P<\w+>(?:[^()]|\([^()]*\))*\)|<[^>]+>|\\\{[^}]+\\\}|\{[^}]+\}", "\0", path.strip("^$"))
    expression = "[^/]+".join(re.escape(part) for part in pattern.split("\0"))
    return event.method in (*methods, *([event.method] if not methods else ()), "HEAD", "OPTIONS") and re.fullmatch(expression + "/?", event.path) is not None


def changed_totals(before: SuiteRun, after: SuiteRun) -> str:
    return f"{before.total} tests before, {after.total} after" if before.total > after.total else ""
