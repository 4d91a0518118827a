"""The analysis as JSON that other programs may rely on: keys may be added, never renamed or removed.

Lists are sorted; nothing depends on time, machine, hash seed or number of workers. A location is ``["path", line]``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from decompose.model import codegraph
from decompose.model.codegraph import CodeGraph, EdgeKind
from decompose.model.contexts import ContextMap, KeyKind, Membership
from decompose.model.contexts import Scores as ScoresOfCut
from decompose.model.location import Location
from decompose.model.source import SkippedFile
from decompose.report.places import Places


class Project(msgspec.Struct, frozen=True):
    """``newer_syntax`` are files that were read although they are written for a newer Python than the one that read them."""

    frameworks: tuple[str, ...]
    files: int
    lines: int
    failed: tuple[SkippedFile, ...]
    newer_syntax: tuple[str, ...] = ()


class Module(msgspec.Struct, frozen=True):
    """``confidence`` is the share of its coupling that stays in its context, ``stability`` the share of cuts of perturbed evidence in
    which it is with most of that context, ``alternative`` where it would go next."""

    id: str
    path: str
    lines: int
    context: str | None
    role: Literal["code", "test", "migration", "settings"]
    confidence: float | None = None
    stability: float | None = None
    alternative: str | None = None


class Definition(msgspec.Struct, frozen=True):
    id: str
    kind: Literal["class", "function", "method"]
    line: int
    context: str | None


class Edge(msgspec.Struct, frozen=True):
    """``when`` is there for imports that do not run while the module loads; ``string`` is one by a literal name."""

    src: str
    dst: str
    kind: EdgeKind
    weight: int
    at: tuple[Location, ...]
    when: Literal["call", "string", "typing"] | msgspec.UnsetType = msgspec.UNSET


class Table(msgspec.Struct, frozen=True):
    """``model`` is ``""`` for a table without a class, ``owner`` ``null`` for one that belongs to no context."""

    id: str
    model: str
    owner: str | None
    contested: bool
    kind: Literal["entity", "join", "framework"]
    at: Location


class Join(msgspec.Struct, frozen=True):
    """A place that goes through a cut key; ``context`` is that of the code."""

    how: Literal["lookup", "preload", "traversal", "accessor", "join"]
    at: Location
    context: str


class ForeignKey(msgspec.Struct, frozen=True):
    """``joins`` are the places that go through a key that is cut, ``[]`` for one that is not."""

    id: str
    src: str
    dst: str
    on_delete: str
    at: Location
    cut: bool
    kind: KeyKind
    joins: tuple[Join, ...] = ()


class Access(msgspec.Struct, frozen=True):
    definition: str
    table: str
    mode: Literal["read", "write"]
    at: Location
    via: Literal["orm", "core", "sql"]
    certain: bool


class Route(msgspec.Struct, frozen=True):
    """``kind`` ``graphql``: ``path`` is a field of the schema, ``methods`` its operation."""

    methods: tuple[str, ...]
    path: str
    handler: str
    at: Location
    context: str | None
    kind: Literal["view", "api", "admin", "graphql"]


class Task(msgspec.Struct, frozen=True):
    name: str
    definition: str
    at: Location
    context: str | None


class Schedule(msgspec.Struct, frozen=True):
    """``when`` is the source text of the schedule, ``task`` the name of a task (of the project or not)."""

    name: str
    task: str
    when: str
    at: Location


class External(msgspec.Struct, frozen=True):
    """Something outside the process that a definition touches; ``{}`` in ``text`` is known only when it runs."""

    definition: str
    kind: str
    text: str
    mode: Literal["", "read", "write"]
    at: Location
    context: str | None


class Variable(msgspec.Struct, frozen=True):
    """An environment variable that a definition reads; ``default`` is source text, ``""`` when there is none."""

    name: str
    definition: str
    default: str
    at: Location
    context: str | None


class Transaction(msgspec.Struct, frozen=True):
    """``cut`` is true when tables of two or more contexts are written in one commit."""

    id: str
    definition: str
    tables: tuple[str, ...]
    contexts: tuple[str, ...]
    at: Location
    written: tuple[str, ...]
    cut: bool


class Context(msgspec.Struct, frozen=True):
    """``own_data`` is the share of its accesses that go to its own tables, ``exclusivity`` that of the accesses to its tables that it makes itself."""

    name: str
    modules: int
    tables: tuple[str, ...]
    cohesion: float
    stability: float
    readiness: Literal["ready", "decisions", "inseparable"]
    role: Literal["domain", "shared", "hub"]
    team: str = ""
    own_data: float = 1.0
    exclusivity: float = 1.0


class Crud(msgspec.Struct, frozen=True):
    """Places in one context's code by what they do to one table; ``write`` where the text does not say what."""

    table: str
    context: str
    create: int
    read: int
    update: int
    delete: int
    write: int


class Change(msgspec.Struct, frozen=True):
    """A difference from the accepted map; ``from`` is ``null`` for what is new, ``to`` for what is gone."""

    subject: str
    kind: Literal["context", "module", "definition", "table"]
    source: str | None = msgspec.field(name="from")
    target: str | None = msgspec.field(name="to")
    reason: str


class Unresolved(msgspec.Struct, frozen=True):
    kind: str
    text: str
    reason: str
    at: Location


class Tie(msgspec.Struct, frozen=True):
    """Modules or ``table:<id>`` that were seen together at run time; ``figures`` as a person reads them."""

    kind: Literal["coverage", "statement", "span", "trace"]
    first: str
    second: str
    strength: float
    count: int
    figures: str
    at: tuple[Location, ...]


class Runtime(msgspec.Struct, frozen=True):
    """What was seen at run time: the files that say it, modules that were measured and those of them in which no function ran."""

    files: tuple[str, ...]
    measured: tuple[str, ...]
    never_run: tuple[str, ...]
    ties: tuple[Tie, ...]


class Scores(msgspec.Struct, frozen=True):
    """``cut_foreign_keys`` are those of every kind, ``cut_many_to_many`` the relations among them."""

    contexts: int
    largest_share: float
    coverage: float
    inter_context_share: float
    cut_foreign_keys: int
    cut_transactions: int
    contested_tables: int
    modularity: float
    stability: float
    cut_many_to_many: int


class OtherCut(msgspec.Struct, frozen=True):
    """A cut that was not chosen, with the same figures; ``contexts`` maps names to modules."""

    kind: Literal["coarser", "finer"]
    contexts: dict[str, tuple[str, ...]]
    definitions: dict[str, str]
    scores: Scores


class AnalysisDocument(msgspec.Struct, frozen=True):
    """What ``decompose analyze --format json`` writes. ``kept``: the accepted map was kept, but for ``changes``; ``runtime`` is there when evidence from run time was given."""

    project: Project
    modules: tuple[Module, ...]
    definitions: tuple[Definition, ...]
    edges: tuple[Edge, ...]
    tables: tuple[Table, ...]
    foreign_keys: tuple[ForeignKey, ...]
    accesses: tuple[Access, ...]
    routes: tuple[Route, ...]
    tasks: tuple[Task, ...]
    schedules: tuple[Schedule, ...]
    externals: tuple[External, ...]
    environment: tuple[Variable, ...]
    transactions: tuple[Transaction, ...]
    contexts: tuple[Context, ...]
    unresolved: tuple[Unresolved, ...]
    scores: Scores
    crud: tuple[Crud, ...] = ()
    kept: bool = False
    changes: tuple[Change, ...] = ()
    alternatives: tuple[OtherCut, ...] = ()
    runtime: Runtime | msgspec.UnsetType = msgspec.UNSET
    schema: Literal["decompose/analysis/1"] = "decompose/analysis/1"


def analysis_document(graph: CodeGraph, context_map: ContextMap) -> AnalysisDocument:
    """The analysis in the published form."""
    places = Places(graph, context_map)
    members = {membership.module: membership for membership in context_map.memberships}
    return AnalysisDocument(
        project=Project(
            graph.frameworks,
            graph.files,
            graph.lines,
            tuple(sorted(graph.failed, key=lambda f: (f.path, f.line))),
            graph.newer_syntax,
        ),
        modules=tuple(
            _module(m, members.get(m.id))
            for m in sorted(graph.modules, key=lambda m: m.id)
        ),
        definitions=tuple(
            Definition(d.id, d.kind, d.line, places.code(d.id))
            for d in sorted(graph.definitions, key=lambda d: (d.id, d.line))
        ),
        edges=tuple(sorted(_edges(graph), key=lambda e: (e.src, e.dst, e.kind, e.when or ""))),
        tables=tuple(sorted(_tables(graph, context_map), key=lambda t: t.id)),
        foreign_keys=tuple(
            ForeignKey(k.id, k.src, k.dst, k.on_delete, k.at, k.cut, k.kind, tuple(Join(j.how, j.at, j.context) for j in k.joins))
            for k in sorted(context_map.foreign_keys, key=lambda k: k.id)
        ),
        accesses=tuple(
            sorted(
                {Access(a.definition, a.table, a.mode, a.at, a.via, a.certain) for a in graph.accesses},
                key=lambda a: (a.definition, a.table, a.mode, a.at, a.via, a.certain),
            )
        ),
        routes=tuple(
            Route(r.methods, r.path, r.handler, r.at, places.code(r.handler), r.kind)
            for r in sorted(graph.routes, key=lambda r: (r.path, r.methods, r.handler, r.at))
        ),
        tasks=tuple(
            Task(t.name, t.definition, t.at, places.code(t.definition))
            for t in sorted(graph.tasks, key=lambda t: (t.name, t.definition, t.at))
        ),
        schedules=tuple(
            Schedule(s.name, s.task, s.when, s.at)
            for s in sorted(graph.schedules, key=lambda s: (s.name, s.task, s.when, s.at))
        ),
        externals=tuple(
            External(e.definition, e.kind, e.text, e.mode, e.at, places.code(e.definition))
            for e in sorted(graph.externals, key=lambda e: (e.definition, e.kind, e.text, e.mode, e.at))
        ),
        environment=tuple(
            Variable(v.name, v.definition, v.default, v.at, places.code(v.definition))
            for v in sorted(graph.environment, key=lambda v: (v.name, v.definition, v.default, v.at))
        ),
        transactions=tuple(
            Transaction(
                t.id,
                t.definition,
                tuple(sorted(t.tables)),
                tuple(sorted(t.contexts)),
                t.at,
                tuple(sorted(t.written)),
                t.cut,
            )
            for t in sorted(context_map.transactions, key=lambda t: t.id)
        ),
        contexts=tuple(
            Context(
                c.name,
                len(c.modules),
                tuple(sorted(c.tables)),
                _figure(c.cohesion),
                _figure(c.stability),
                c.readiness,
                c.role,
                c.team,
                _figure(c.own_data),
                _figure(c.exclusivity),
            )
            for c in sorted(context_map.contexts, key=lambda c: c.name)
        ),
        unresolved=tuple(
            Unresolved(u.kind, u.text, u.reason, u.at)
            for u in sorted(graph.unresolved, key=lambda u: (u.at, u.kind, u.text, u.reason))
        ),
        crud=tuple(
            Crud(c.table, c.context, c.create, c.read, c.update, c.delete, c.write) for c in sorted(context_map.crud, key=lambda c: (c.table, c.context))
        ),
        kept=context_map.kept,
        changes=tuple(Change(c.subject, c.kind, c.source or None, c.target or None, c.reason) for c in context_map.changes),
        scores=_scores(context_map.scores),
        alternatives=tuple(
            OtherCut(o.kind, dict(o.contexts), dict(o.definitions), _scores(o.scores)) for o in context_map.others
        ),
        runtime=_runtime(graph) if graph.runtime.files else msgspec.UNSET,
    )


def to_json(graph: CodeGraph, context_map: ContextMap) -> dict[str, Any]:
    """The document as plain dicts, lists and strings; ``schema`` comes first."""
    document = msgspec.json.decode(encode(analysis_document(graph, context_map)))
    return {"schema": document.pop("schema"), **document}


def encode(value: Any, *, sorted_keys: bool = False) -> bytes:
    """``value`` as indented UTF-8 JSON with a line end; objects keep their order unless ``sorted_keys``.

    Text that is no Unicode (half a surrogate pair from a string in the target, a file name in another encoding) is written
    with ``\\udcxx`` spelled out, so that every reader can read it.
    """
    order: Literal["sorted"] | None = "sorted" if sorted_keys else None
    try:
        text = msgspec.json.encode(value, order=order)
    except UnicodeEncodeError:
        text = msgspec.json.encode(_readable(msgspec.to_builtins(value)), order=order)
    del value  # of a large project each of these forms takes as much memory as the next
    text = msgspec.json.format(text, indent=1)
    return text + b"\n"


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_readable(item) for item in value]
    return value


def _edges(graph: CodeGraph) -> Iterable[Edge]:
    for edge in graph.edges:
        when = edge.when if edge.kind == "import" and edge.when != "load" else msgspec.UNSET
        yield Edge(edge.src, edge.dst, edge.kind, edge.weight, tuple(sorted(edge.at)), when)


def _module(module: codegraph.Module, member: Membership | None) -> Module:
    if member is None:
        return Module(module.id, module.path, module.lines, None, module.role)
    return Module(
        module.id, module.path, module.lines, member.context, module.role, _figure(member.confidence), _figure(member.stability), member.alternative or None
    )


def _tables(graph: CodeGraph, context_map: ContextMap) -> Iterable[Table]:
    owners = {ownership.table: ownership for ownership in context_map.ownership}
    for table in graph.tables:
        ownership = owners.get(table.id)
        owner = ownership.owner or None if ownership else None
        yield Table(table.id, table.model, owner, bool(ownership and ownership.contested), table.kind, table.at)


def _runtime(graph: CodeGraph) -> Runtime:
    seen = graph.runtime
    ties = (Tie(t.kind, t.first, t.second, _figure(t.strength), t.count, t.figures, t.at) for t in seen.ties)
    return Runtime(seen.files, seen.measured, seen.never_run, tuple(sorted(ties, key=lambda t: (t.kind, t.first, t.second))))


def _scores(s: ScoresOfCut) -> Scores:
    return Scores(
        contexts=s.contexts,
        largest_share=_figure(s.largest_share),
        coverage=_figure(s.coverage),
        inter_context_share=_figure(s.inter_context_share),
        cut_foreign_keys=s.cut_foreign_keys,
        cut_transactions=s.cut_transactions,
        contested_tables=s.contested_tables,
        modularity=_figure(s.modularity),
        stability=_figure(s.stability),
        cut_many_to_many=s.cut_many_to_many,
    )


def _figure(value: float) -> float:
    """Four digits: the same on every machine, and no more than is meant."""
    return round(value, 4)
