"""What differs between two plans, as text and as Markdown for a pull request."""

from __future__ import annotations

from itertools import groupby

from decompose.model.changes import PlanChange, PlanDiff
from decompose.report.markup import table
from decompose.report.markup import text as cell
from decompose.report.printable import printable
from decompose.report.text import Terminal

_TITLES = {
    "context": "Contexts", "module": "Modules", "definition": "Definitions", "table": "Table ownership", "foreign-key": "Foreign keys across the cut",
    "transaction": "Transactions across the cut", "import": "Imports across the cut", "write": "Foreign tables written", "read": "Foreign tables read",
    "call": "Calls across the cut", "unassigned": "Modules without a context", "decision": "Treatments", "edge": "Boundary edges", "boundary": "Boundaries",
}  # fmt: skip
_COUNTED = {
    "contexts": "contexts", "foreign-key": "cut foreign keys", "transaction": "cut transactions", "import": "imports across", "write": "foreign tables written",
    "read": "foreign tables read", "call": "calls across", "unassigned": "modules without a context",
}  # fmt: skip
_SHOWN = 200
"""Rows of a kind in Markdown: a comment on a forge holds no more; all are in the JSON form."""


def as_text(found: PlanDiff, terminal: Terminal) -> str:
    """The figures that changed, then every difference under its kind."""
    if not found.changes:
        return f"Nothing differs from {printable(found.before)}.\n"
    lines = [f"Differences from {printable(found.before)}"]
    lines += [f"  {_COUNTED[name]} {before:,} -> {after:,} ({after - before:+,})" for name, before, after in found.counts if before != after]
    for kind, changes in groupby(found.changes, key=lambda each: each.kind):
        lines += ["", _TITLES[kind], *(f"  {_line(each, terminal)}" for each in changes)]
    return "\n".join(lines) + "\n"


def _line(change: PlanChange, terminal: Terminal) -> str:
    place = f"   {printable(str(change.at))}" if change.at is not None else ""
    subject = printable(change.subject)
    if not change.before:
        return f"{terminal.paint('+', 'red')} {subject}{_whose(change.after)}{place}"
    if not change.after:
        return f"{terminal.paint('-', 'green')} {subject}{_whose(change.before)}"
    return f"{terminal.paint('~', 'yellow')} {subject}   {printable(change.before)} -> {printable(change.after)}{place}"


def _whose(side: str) -> str:
    return "" if side == "there" else f"   {printable(side)}"


def as_markdown(found: PlanDiff) -> str:
    """A table of figures, then one for each kind, folded up where it is long."""
    lines = ["## Migration plan", ""]
    if not found.changes:
        return "\n".join([*lines, f"Nothing differs from {cell(found.before)}.", ""])
    rows = [[_COUNTED[name], f"{before:,}", f"{after:,}", f"{after - before:+,}"] for name, before, after in found.counts if before != after]
    lines += [f"Differences from {cell(found.before)}.", ""]
    lines += [*table(["", "before", "now", "change"], rows), ""] if rows else []
    for kind, group in groupby(found.changes, key=lambda each: each.kind):
        changes = list(group)
        rows = [[_sign(each), cell(each.subject), cell(_side(each.before)), cell(_side(each.after)), cell(str(each.at or ""))] for each in changes[:_SHOWN]]
        lines += [f"<details><summary>{_TITLES[kind]} ({len(changes):,})</summary>", "", *table(["", "what", "before", "now", "where"], rows), ""]
        lines += [f"and {len(changes) - _SHOWN:,} more", ""] if len(changes) > _SHOWN else []
        lines += ["</details>", ""]
    return "\n".join(lines)


def _sign(change: PlanChange) -> str:
    return "+" if not change.before else "-" if not change.after else "~"


def _side(side: str) -> str:
    return "yes" if side == "there" else side
