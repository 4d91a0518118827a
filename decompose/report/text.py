"""What a person reads in a terminal: the summary of an analysis and the tables of ``show``.

Everything here is a pure function of values and a :class:`Terminal`; names from the target are made :func:`printable` first.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from decompose.model.source import SkippedFile
from decompose.report.places import Places
from decompose.report.printable import clipped, printable, width

if TYPE_CHECKING:
    from decompose.model.codegraph import CodeGraph
    from decompose.model.contexts import Context, ContextMap, CutForeignKey, KeyKind, Scores
    from decompose.model.migration import BoundaryEdge, MigrationPlan
    from decompose.model.runtime import RuntimeKind

Colour = Literal["bold", "dim", "red", "green", "yellow", "cyan"]
_CODES: dict[Colour, str] = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}

FRAMEWORKS = {
    "django": "Django",
    "drf": "DRF",
    "celery": "Celery",
    "flask": "Flask",
    "sqlalchemy": "SQLAlchemy",
    "fastapi": "FastAPI",
    "starlette": "Starlette",
    "peewee": "Peewee",
    "tortoise": "Tortoise",
    "pony": "Pony",
    "odoo": "Odoo",
    "graphene": "Graphene",
    "strawberry": "Strawberry",
    "rq": "RQ",
    "dramatiq": "Dramatiq",
    "apscheduler": "APScheduler",
    "huey": "Huey",
    "django-q": "Django-Q",
}
"""Names as their makers write them."""


class Terminal(msgspec.Struct, frozen=True):
    """What the reader's screen can show: ``columns`` wide, with or without colour and characters beyond ASCII."""

    columns: int = 100
    colour: bool = False
    unicode: bool = True

    def paint(self, text: str, colour: Colour) -> str:
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.colour else text

    @property
    def more(self) -> str:
        return "…" if self.unicode else "..."

    @property
    def arrow(self) -> str:
        return "→" if self.unicode else "->"


_NARROWEST = 16
"""Columns that every flexible column keeps."""


class Column(msgspec.Struct, frozen=True):
    """A column of a table: numbers stand ``right``; a ``flexible`` one gives way when the screen is narrow.

    ``tail`` says that its end matters more than its beginning, as in a path with a line number. An ``optional`` one is left
    out where the screen has no room for it at all.
    """

    title: str
    right: bool = False
    flexible: bool = False
    tail: bool = False
    optional: bool = False


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], terminal: Terminal) -> str:
    """Rows under their titles, as narrow as their content, cut to the screen where a flexible column allows it."""
    cells = [[printable(cell) for cell in row] for row in rows]
    least = sum(
        _NARROWEST if column.flexible else max([width(column.title), *(width(row[i]) for row in cells)])
        for i, column in enumerate(columns)
    )
    if least + 2 * len(columns) > terminal.columns and any(column.optional for column in columns):
        shown = [i for i, column in enumerate(columns) if not column.optional]
        return table([columns[i] for i in shown], [[row[i] for i in shown] for row in cells], terminal)
    widths = [max([width(column.title), *(width(row[i]) for row in cells)]) for i, column in enumerate(columns)]
    _fit(columns, widths, terminal.columns - 2 * len(columns) + 1)
    lines = [terminal.paint(_row(columns, widths, [column.title for column in columns], terminal), "dim")]
    lines += [_row(columns, widths, row, terminal) for row in cells]
    return "\n".join(lines) + "\n"


def _fit(columns: Sequence[Column], widths: list[int], room: int) -> None:
    """Takes from the widest flexible column, until the row fits or none has more to give."""
    flexible = [i for i, column in enumerate(columns) if column.flexible]
    for _ in range(sum(widths) - room):
        widest = max(flexible, key=lambda i: widths[i], default=-1)
        if widest < 0 or widths[widest] <= _NARROWEST:
            return
        widths[widest] -= 1


def _row(columns: Sequence[Column], widths: Sequence[int], cells: Sequence[str], terminal: Terminal) -> str:
    shown = []
    for column, room, cell in zip(columns, widths, cells, strict=True):
        text = clipped(cell, room, terminal.more, tail=column.tail) if column.flexible else cell
        pad = " " * (room - width(text))
        shown.append(pad + text if column.right else text + pad)
    return (" " + "  ".join(shown)).rstrip()


def number(value: int) -> str:
    """``12,345``."""
    return f"{value:,}"


def plural(count: int, one: str, many: str = "") -> str:
    """``1 table``, ``2 tables``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


# --- analyze ------------------------------------------------------------------------------------


class Summary(msgspec.Struct, frozen=True, array_like=True):
    """The figures of the first screen."""

    name: str
    counts: str
    frameworks: tuple[str, ...]
    failed: tuple[SkippedFile, ...]
    newer_syntax: int
    contexts: int
    rows: tuple[tuple[str, ...], ...]
    figures: tuple[str, ...]
    advice: str
    kept: bool = False
    changes: tuple[tuple[str, ...], ...] = ()
    changed: int = 0


def summary(name: str, graph: CodeGraph, context_map: ContextMap, terminal: Terminal) -> str:
    """The first screen: what was read, the proposed contexts with their figures, what needs attention."""
    return screen(summarized(name, graph, context_map), terminal)


def summarized(name: str, graph: CodeGraph, context_map: ContextMap) -> Summary:
    """The figures of an analysis."""
    counts = [
        plural(len(graph.modules), "module"),
        plural(graph.lines, "line"),
        plural(len(graph.tables), "table"),
        plural(len(graph.routes), "route"),
        plural(len(graph.tasks), "task"),
    ]
    return Summary(
        name,
        ", ".join(counts),
        graph.frameworks,
        graph.failed,
        len(graph.newer_syntax),
        context_map.scores.contexts,
        tuple(context_rows(graph, context_map)),
        tuple(_figures(graph, context_map)),
        context_map.advice,
        context_map.kept,
        tuple((each.kind, each.subject, each.source or "-", each.target or "-", each.reason) for each in context_map.changes[:_CHANGES]),
        len(context_map.changes),
    )


def screen(found: Summary, terminal: Terminal) -> str:
    """The figures as a page for a terminal."""
    contexts = f"{'Accepted' if found.kept else 'Proposed'} contexts ({found.contexts})\n" + table(_CONTEXT_COLUMNS, found.rows, terminal)
    advice = ["", terminal.paint(printable(found.advice), "yellow")] if found.advice else []
    parts = [_headline(found, terminal), "", contexts, "", *found.figures, *_since(found, terminal), *advice]
    return "\n".join(part.rstrip("\n") if part else "" for part in parts) + "\n"


_CHANGES = 10
"""Differences from the accepted map that the first screen shows."""

_CHANGE_COLUMNS = (Column("what"), Column("name", flexible=True, tail=True), Column("from"), Column("to"), Column("because", flexible=True))


def _since(found: Summary, terminal: Terminal) -> list[str]:
    """What differs from the accepted map, where there is one."""
    if not found.changed:
        return ["The map is the accepted one of .decompose/plan.json; --fresh proposes anew"] if found.kept else []
    title = f"{plural(found.changed, 'difference')} from the accepted map of .decompose/plan.json" + ("; --fresh proposes anew" if found.kept else "")
    more = [f"and {found.changed - len(found.changes)} more: decompose show changes"] if found.changed > len(found.changes) else []
    return ["", title, table(_CHANGE_COLUMNS, found.changes, terminal), *more]


def _headline(found: Summary, terminal: Terminal) -> str:
    lines = [f"Analyzed {terminal.paint(printable(found.name), 'bold')}: {found.counts}"]
    if found.frameworks:
        lines.append(", ".join(FRAMEWORKS.get(framework, printable(framework)) for framework in found.frameworks))
    if found.newer_syntax:
        running = f"{sys.version_info.major}.{sys.version_info.minor}"
        lines.append(f"{plural(found.newer_syntax, 'file')} in syntax newer than Python {running}, read all the same")
    if found.failed:
        lines.append(terminal.paint(f"{plural(len(found.failed), 'file')} could not be read:", "yellow"))
        lines += [f"  {printable(each.path)}:{each.line}  {printable(each.reason)}" for each in found.failed[:5]]
        if len(found.failed) > 5:
            lines.append(f"  and {len(found.failed) - 5} more: decompose show unresolved")
    return "\n".join(lines)


def confidence(context: Context) -> str:
    """``high``, ``medium`` or ``low``: how often the members stay together when a part of the evidence is left out."""
    if context.role == "shared":
        return "stays a library"
    level = "high" if context.stability >= 0.8 else "medium" if context.stability >= 0.6 else "low"
    return f"{level} (hub)" if context.role == "hub" else level


_CONTEXT_COLUMNS = (
    Column("context"),
    Column("holds", flexible=True, optional=True),
    Column("cohesion", right=True),
    Column("modules", right=True),
    Column("tables", right=True),
    Column("cut edges", right=True),
    Column("keys cut", right=True),
    Column("tx cut", right=True),
    Column("confidence"),
)


def context_rows(graph: CodeGraph, context_map: ContextMap) -> list[tuple[str, ...]]:
    """A row for each context, domain contexts first; the last is what belongs to none."""
    edges, keys, transactions = cut_counts(graph, context_map)
    rows: list[tuple[str, ...]] = []
    for context in sorted(context_map.contexts, key=lambda c: (c.role == "shared", c.name)):
        shared = context.role == "shared"
        rows.append(
            (
                context.name,
                context.description,
                "-" if shared else f"{context.cohesion:.2f}",
                number(len(context.modules)),
                number(len(context.tables)),
                *(("-", "-", "-") if shared else (number(c[context.name]) for c in (edges, keys, transactions))),
                confidence(context),
            )
        )
    if context_map.unassigned:
        rows.append(("unassigned", "", "-", number(len(context_map.unassigned)), "", "-", "-", "-", "needs you"))
    return rows


def cut_counts(graph: CodeGraph, context_map: ContextMap) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Edges, foreign keys and transactions that each context has in common with others; shared code does not count."""
    places = Places(graph, context_map)
    real = {context.name for context in context_map.contexts if context.role != "shared"}
    edges: Counter[str] = Counter()
    for edge in graph.edges:
        pair = {places.code(edge.src), places.code(edge.dst)} & real
        if len(pair) == 2:
            edges.update(name for name in pair if name)
    keys = Counter(name for key in context_map.foreign_keys if key.cut for name in {key.src_context, key.dst_context})
    transactions = Counter(name for unit in context_map.transactions if unit.cut for name in unit.writing)
    return edges, keys, transactions


_KEYS: dict[KeyKind, tuple[str, str]] = {
    "foreign-key": ("foreign key", "foreign keys"),
    "one-to-one": ("one-to-one key", "one-to-one keys"),
    "many-to-many": ("many-to-many relation", "many-to-many relations"),
    "inheritance": ("key of inheritance", "keys of inheritance"),
}


def key_counts(keys: Iterable[CutForeignKey]) -> list[str]:
    """How many keys of each kind there are: ``3 foreign keys``, ``1 many-to-many relation``; kinds without any are left out but the first."""
    counts = Counter(key.kind for key in keys)
    return [plural(counts[kind], *words) for kind, words in _KEYS.items() if counts[kind] or kind == "foreign-key"]


def _figures(graph: CodeGraph, context_map: ContextMap) -> list[str]:
    scores = context_map.scores
    cut_keys = key_counts(key for key in context_map.foreign_keys if key.cut)
    lines = [
        (
            f"{1 - scores.inter_context_share:.0%} of dependencies stay inside, largest context {scores.largest_share:.0%}, "
            f"modularity {scores.modularity:.2f}, stability {scores.stability:.2f}"
        ),
        f"{', '.join(cut_keys)} and {plural(scores.cut_transactions, 'transaction')} cross contexts: decompose show cuts",
    ]
    contested = [each for each in context_map.ownership if each.contested]
    if contested:
        named = [
            f"{printable(each.table)} ({', '.join(sorted(writer for writer, _ in each.writers))})"
            for each in contested[:3]
        ]
        more = f" and {len(contested) - 3} more" if len(contested) > 3 else ""
        lines.append(f"{plural(len(contested), 'table')} written from two or more contexts: {', '.join(named)}{more}")
    if context_map.unassigned:
        named = [printable(module) for module in context_map.unassigned[:3]]
        more = f" and {len(context_map.unassigned) - 3} more" if len(context_map.unassigned) > 3 else ""
        count = plural(len(context_map.unassigned), "module")
        lines.append(f"{count} without any evidence, to be named in decompose.toml: {', '.join(named)}{more}")
    lines += _seen(graph)
    if graph.unresolved:
        lines.append(f"{plural(len(graph.unresolved), 'reference')} not resolved: decompose show unresolved")
    return lines


def _seen(graph: CodeGraph) -> list[str]:
    """What evidence from run time there was, and the modules that never ran."""
    seen = graph.runtime
    if not seen.files:
        return []
    counts = Counter(tie.kind for tie in seen.ties)
    ties = ", ".join(f"{counts[kind]:,} by {name}" for kind, name in _EVIDENCE if counts[kind]) or "none"
    lines = [f"Seen at run time in {plural(len(seen.files), 'file')}: ties between modules and tables, {ties}"]
    if seen.measured:
        named = ", ".join(printable(module) for module in seen.never_run[:5])
        more = f" and {len(seen.never_run) - 5} more" if len(seen.never_run) > 5 else ""
        lines.append(f"{plural(len(seen.never_run), 'module')} of {number(len(seen.measured))} measured never ran{': ' if named else ''}{named}{more}")
    return lines


_EVIDENCE: tuple[tuple[RuntimeKind, str], ...] = (("coverage", "coverage"), ("statement", "statements"), ("span", "spans"), ("trace", "units of work"))


# --- show ---------------------------------------------------------------------------------------


class Listing(msgspec.Struct, frozen=True):
    """A list for reading: ``empty`` is said when there are no rows, ``note`` at the end when there are."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str
    note: str = ""

    def text(self, terminal: Terminal) -> str:
        if not self.rows:
            return self.empty + "\n"
        return table(self.columns, self.rows, terminal) + (f"\n{self.note}\n" if self.note else "")

    def csv(self) -> str:
        """The rows for a spreadsheet: none of the cells can be taken for a formula."""
        lines = [",".join(_csv(column.title) for column in self.columns)]
        lines += [",".join(_csv(cell) for cell in row) for row in self.rows]
        return "\r\n".join(lines) + "\r\n"


def _csv(cell: str) -> str:
    text = printable(cell)
    if text.startswith(("=", "+", "-", "@")) and text != "-":
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ",\"' ") else text


def contexts_listing(graph: CodeGraph, context_map: ContextMap) -> Listing:
    """The contexts with all their figures: own data and exclusivity besides those of the first screen."""
    shares = {c.name: ("-", "-") if c.role == "shared" else (f"{c.own_data:.0%}", f"{c.exclusivity:.0%}") for c in context_map.contexts}
    teams = {context.name: context.team for context in context_map.contexts}
    rows = tuple((*row[:-1], *shares.get(row[0], ("-", "-")), row[-1], teams.get(row[0], "")) for row in context_rows(graph, context_map))
    columns = (*_CONTEXT_COLUMNS[:-1], Column("own data", right=True), Column("exclusive", right=True), _CONTEXT_COLUMNS[-1], Column("team"))
    return Listing(columns, rows, "No contexts: there is no code to cut.", "own data: its accesses that go to its own tables; exclusive: accesses to its tables that it makes itself")


def crud_listing(_: CodeGraph, context_map: ContextMap) -> Listing:
    """Who creates, reads, updates and deletes rows of which table: a row for each context that uses it, the owner marked."""
    owners = {each.table: each.owner for each in context_map.ownership}
    rows = tuple(
        (each.table, each.context, "owner" if owners.get(each.table) == each.context else "", *(number(n) if n else "" for n in counts))
        for each in sorted(context_map.crud, key=lambda each: (each.table, each.context))
        for counts in ((each.create, each.read, each.update, each.delete, each.write),)
    )
    columns = (
        Column("table", flexible=True),
        Column("context"),
        Column(""),
        *(Column(verb, right=True) for verb in ("create", "read", "update", "delete", "write")),
    )
    return Listing(columns, rows, "No table is accessed.", "places in the code; write: one that the text does not tell apart")


def changes_listing(_: CodeGraph, context_map: ContextMap) -> Listing:
    """Every difference from the accepted map."""
    rows = tuple((each.kind, each.subject, each.source or "-", each.target or "-", each.reason) for each in context_map.changes)
    empty = "The map is the accepted one." if context_map.kept else "No map was accepted before: `decompose plan` keeps this one."
    return Listing(_CHANGE_COLUMNS, rows, empty)


def alternatives_listing(context_map: ContextMap) -> Listing:
    """The cut beside those that were not chosen, and where the contexts of each of these come from."""
    columns = (
        Column("cut"),
        Column("contexts", right=True),
        Column("largest", right=True),
        Column("crossing", right=True),
        Column("keys cut", right=True),
        Column("tx cut", right=True),
        Column("contested", right=True),
        Column("modularity", right=True),
        Column("stability", right=True),
        Column("differs in", flexible=True, optional=True),
    )
    here = {membership.module: membership.context for membership in context_map.memberships}
    rows = [("proposed", *_compared(context_map.scores), "")]
    rows += [(other.kind, *_compared(other.scores), "; ".join(differences(here, dict(other.contexts)))) for other in context_map.others]
    choose = ["", "Choose another with `decompose analyze --contexts N`."] if context_map.others else []
    return Listing(columns, tuple(rows), "There is no cut to compare.", "\n".join([*about_others(context_map), *choose]))


def about_others(context_map: ContextMap) -> list[str]:
    """What explains the figures of the cuts that were not chosen, and which of them there is not, a line each."""
    from decompose.cut.naming import SHARED

    library = {m for context in context_map.contexts if context.role == "shared" for m in context.modules}
    pinned = sorted(each.module for each in context_map.memberships if each.pinned)
    found = []
    for other in context_map.others:
        there = {module: name for name, modules in other.contexts for module in modules}
        moved = sorted(module for module in library & there.keys() if there[module] != SHARED)
        kept = sorted(module for module, name in there.items() if name == SHARED and module not in library)
        if moved:
            into = ", ".join(printable(name) for name in sorted({there[module] for module in moved}))
            one = len(moved) == 1
            found.append(
                f"{other.kind}: {plural(len(moved), 'module')} of the library {'is' if one else 'are'} in contexts there ({into}): "
                f"what uses {'it' if one else 'them'} from outside counts as crossing, and does not here."
            )
        if kept:
            one = len(kept) == 1
            found.append(
                f"{other.kind}: {plural(len(kept), 'module')} of contexts {'belongs' if one else 'belong'} to the library there: "
                f"what uses {'it' if one else 'them'} does not count as crossing, and may here."
            )
    if context_map.others and pinned:
        found.append("Cuts that were not chosen are as the evidence has them: what decompose.toml says of modules is not applied to them.")
    kinds = {other.kind for other in context_map.others}
    found += [f"{kind}: none found that holds with a quarter {more} contexts." for kind, more in (("coarser", "fewer"), ("finer", "more")) if kind not in kinds]
    return found


def _compared(figures: Scores) -> tuple[str, ...]:
    return (
        str(figures.contexts), f"{figures.largest_share:.0%}", f"{figures.inter_context_share:.0%}", str(figures.cut_foreign_keys),
        str(figures.cut_transactions), str(figures.contested_tables), f"{figures.modularity:.2f}", f"{figures.stability:.2f}",
    )


def differences(here: Mapping[str, str], there: Mapping[str, Sequence[str]]) -> list[str]:
    """What another cut does with the contexts of this one: ``a + b`` are joined, ``a / x, y`` is split; those of one context last.

    A context goes where most of its modules are; a part of it that is at least a quarter of it counts as well.
    """
    parts: dict[str, Counter[str]] = {}
    for name, modules in there.items():
        for module in modules:
            if module in here:
                parts.setdefault(here[module], Counter())[name] += 1
    joined: dict[str, list[str]] = {}
    split = []
    for name in sorted(parts):
        shares = [other for other, count in parts[name].most_common() if count >= 0.25 * sum(parts[name].values())]
        if len(shares) > 1:
            split.append(f"{name} / {', '.join(shares)}")
        elif shares:
            joined.setdefault(shares[0], []).append(name)
    return [" + ".join(names) for _, names in sorted(joined.items()) if len(names) > 1] + split


def tables_listing(graph: CodeGraph, context_map: ContextMap) -> Listing:
    owners = {each.table: each for each in context_map.ownership}
    rows = []
    for each in sorted(graph.tables, key=lambda t: t.id):
        own = owners.get(each.id)
        writers = ", ".join(sorted(name for name, _ in own.writers)) if own else ""
        readers = ", ".join(sorted(name for name, _ in own.readers)) if own else ""
        mark = "contested" if own and own.contested else ""
        rows.append((each.id, own.owner if own else "", writers, readers, mark, each.model, str(each.at)))
    columns = (
        Column("table"),
        Column("owner"),
        Column("writers", flexible=True),
        Column("readers", flexible=True),
        Column("state"),
        Column("model", flexible=True, tail=True),
        Column("declared", flexible=True, tail=True),
    )
    return Listing(columns, tuple(rows), "No tables found.")


def routes_listing(graph: CodeGraph, context_map: ContextMap) -> Listing:
    places = Places(graph, context_map)
    rows = tuple(
        (" ".join(each.methods) or "any", each.path, places.code(each.handler) or "", each.handler, str(each.at))
        for each in sorted(graph.routes, key=lambda r: (r.path, r.methods, r.handler, r.at))
    )
    columns = (
        Column("methods"),
        Column("path", flexible=True),
        Column("context"),
        Column("handler", flexible=True, tail=True),
        Column("declared", flexible=True, tail=True),
    )
    return Listing(columns, rows, "No routes found.")


def tasks_listing(graph: CodeGraph, context_map: ContextMap) -> Listing:
    places = Places(graph, context_map)
    sends = Counter(send.task for send in graph.task_sends)
    periodic = {schedule.task: schedule.when for schedule in graph.schedules}
    rows = tuple(
        (
            each.name,
            places.code(each.definition) or "",
            each.queue,
            number(sends[each.name]),
            periodic.get(each.name, ""),
            str(each.at),
        )
        for each in sorted(graph.tasks, key=lambda t: (t.name, t.at))
    )
    columns = (
        Column("task", flexible=True),
        Column("context"),
        Column("queue"),
        Column("sent from", right=True),
        Column("schedule", flexible=True),
        Column("declared", flexible=True, tail=True),
    )
    return Listing(columns, rows, "No background tasks found.")


def cuts_listing(context_map: ContextMap) -> Listing:
    """Foreign keys and transactions that cross contexts: the price of the cut."""
    rows: list[tuple[str, ...]] = [
        (key.id, key.kind, f"{key.src_context} -> {key.dst_context}", f"{key.src} -> {key.dst}", key.on_delete, _joined(key), str(key.at))
        for key in context_map.foreign_keys
        if key.cut
    ]
    rows += [
        (unit.id, "transaction", ", ".join(unit.writing), f"{unit.definition} writes {', '.join(unit.written)}", "", "", str(unit.at))
        for unit in context_map.transactions
        if unit.cut
    ]
    columns = (
        Column("id"),
        Column("kind"),
        Column("contexts", flexible=True),
        Column("what", flexible=True),
        Column("on delete"),
        Column("joined at", flexible=True),
        Column("where", flexible=True, tail=True),
    )
    note = "decompose explain ID says more of each" if rows else ""
    return Listing(columns, tuple(rows), "No foreign key and no transaction crosses contexts.", note)


_JOINS = 3


def _joined(key: CutForeignKey) -> str:
    """The number of places that go through a key, and the first of them."""
    at = list(dict.fromkeys(site.at for site in key.joins))
    shown = ", ".join(str(place) for place in at[:_JOINS])
    return f"{number(len(at))}: {shown}" + (f" and {len(at) - _JOINS} more" if len(at) > _JOINS else "") if at else ""


def unresolved_listing(graph: CodeGraph) -> Listing:
    rows = [("file", each.path, each.reason, f"{each.path}:{each.line}") for each in graph.failed]
    rows += [
        (each.kind, each.text, each.reason, str(each.at))
        for each in sorted(graph.unresolved, key=lambda u: (u.at, u.kind, u.text))
    ]
    columns = (
        Column("kind"),
        Column("what", flexible=True),
        Column("why", flexible=True),
        Column("where", flexible=True, tail=True),
    )
    return Listing(
        columns, tuple(rows), "Everything was resolved.", f"{plural(len(rows), 'reference')} seen and not followed"
    )


def order_listing(plan: MigrationPlan) -> Listing:
    """Contexts in the order of extraction; those that should stay come last, without a rank."""
    rows = tuple(
        (
            str(each.rank) if each.rank else "-",
            each.name,
            # Without a rank and without a question there is nothing to be ready for.
            each.readiness if each.rank or each.readiness != "ready" else "-",
            waiting(each.edges),
            ", ".join(each.depends_on),
            "; ".join(each.reasons),
        )
        for each in sorted(plan.contexts, key=lambda c: (c.rank == 0, c.rank, c.name))
    )
    columns = (
        Column("rank", right=True),
        Column("context"),
        Column("readiness"),
        Column("to decide", right=True),
        Column("after"),
        Column("because", flexible=True),
    )
    return Listing(columns, rows, "Nothing to extract.")


def waiting(edges: Iterable[BoundaryEdge]) -> str:
    """How many edges wait for a person."""
    return number(sum(edge.disposition == "decide" for edge in edges))


def boundary_listing(context: str, edges: Sequence[BoundaryEdge]) -> Listing:
    """The boundary of one context, what waits for a decision first."""
    ordered = sorted(edges, key=lambda e: (e.disposition != "decide", e.direction, e.at, e.id))
    rows = tuple(
        (e.id, e.direction, e.kind, e.disposition, f"{e.source} -> {e.target}", e.reason, str(e.at)) for e in ordered
    )
    counts = Counter(edge.disposition for edge in edges)
    columns = (
        Column("id"),
        Column("way"),
        Column("kind"),
        Column("disposition"),
        Column("from and to", flexible=True),
        Column("because", flexible=True),
        Column("where", flexible=True, tail=True),
    )
    note = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    return Listing(columns, rows, f"Nothing crosses the boundary of {printable(context)}.", note)
