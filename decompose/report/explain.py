"""Explanations for reading: why something is where it is, and what an error code means. Each as text and as data."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

import msgspec

from decompose.config import did_you_mean
from decompose.errors import UsageError
from decompose.model.contexts import Evidence, Explanation
from decompose.model.location import Location
from decompose.model.migration import BoundaryEdge, Decision, Step
from decompose.report.codes import CODES
from decompose.report.printable import printable
from decompose.report.text import Terminal

Explained = tuple[str, dict[str, object]]
_WIDEST = 110
_LISTED = 8


def code(name: str, terminal: Terminal) -> Explained:
    """What an error code means. Raises :class:`UsageError` when there is no such code."""
    if name not in CODES:
        raise UsageError(f"there is no error code {name!r}", hint=did_you_mean(name, CODES))
    found = CODES[name]
    text = "\n".join(
        [
            terminal.paint(f"{name}  {found.title}", "bold") + f"   exit code {found.exit_code}",
            "",
            *_wrapped(found.text, terminal),
        ]
    )
    return text + "\n", {"schema": "decompose/code/1", "code": name, **found._asdict()}


def explanation(found: Explanation, terminal: Terminal, decision: Decision | None = None) -> Explained:
    """Evidence for and against, strongest first, then the alternative with its cost, last the treatment where one is needed."""
    lines = [
        f"{terminal.paint(printable(found.subject), 'bold')}   {found.kind}"
        + (f" in {printable(found.context)}" if found.context else "")
    ]
    lines += [*_wrapped(printable(found.summary), terminal)]
    lines += _evidence("for", found.evidence_for)
    lines += _evidence("against", found.evidence_against)
    if found.alternative:
        lines += ["", f"  instead  {printable(found.alternative)}"]
    lines += [f"           {printable(cost)}" for cost in found.cost]
    lines += _treatment(decision) if decision is not None else []
    data = {"schema": "decompose/explanation/1", **msgspec.to_builtins(found)}
    return "\n".join(lines) + "\n", data if decision is None else {**data, "decision": msgspec.to_builtins(decision)}


def edge(found: BoundaryEdge, terminal: Terminal) -> Explained:
    """One use across a boundary, what becomes of it and what else could."""
    lines = [
        f"{terminal.paint(printable(found.id), 'bold')}   {found.kind}, {'into' if found.direction == 'in' else 'out of'} the context",
        f"  from      {printable(found.source)}",
        f"  to        {printable(found.target)}",
        f"  where     {_places([found.at])}",
        f"  text      {printable(found.text)}",
        f"  becomes   {found.disposition}{f' ({printable(found.operation)})' if found.operation else ''}: {printable(found.reason)}",
    ]
    if found.alternatives:
        lines.append(f"  instead   {', '.join(found.alternatives)}")
    if found.blocks:
        lines.append(f"  blocks    step {found.blocks}")
    return "\n".join(lines) + "\n", {"schema": "decompose/edge/1", **msgspec.to_builtins(found)}


def step(found: Step, terminal: Terminal) -> Explained:
    """One step of an extraction: what it changes, what proves it, the way back, and what it waits for."""
    lines = [
        f"{terminal.paint(printable(found.id), 'bold')}   step {found.name}{', the last from which the way back loses nothing' if found.last_safe else ''}",
        *_wrapped(printable(found.title), terminal),
        "",
        f"  run       {printable(found.command)}",
        f"  proof     {printable(found.proof)}",
        f"  way back  {printable(found.reverse)}",
    ]
    lines += [f"  {'waits for' if not index else '':9} {printable(edge)}   decompose explain {printable(edge)}" for index, edge in enumerate(found.blocked_by[:_LISTED])]
    if len(found.blocked_by) > _LISTED:
        lines.append(f"  {'':9} and {len(found.blocked_by) - _LISTED:,} more edges")
    return "\n".join(lines) + "\n", {"schema": "decompose/step/1", **msgspec.to_builtins(found)}


def _treatment(decision: Decision) -> list[str]:
    """What becomes of a thing that the cut leaves to decide, and what else could, at which cost."""
    by = (f" by {printable(decision.by)}" if decision.by else "") + (f" until {decision.until}" if decision.until else "")
    lines = ["", f"  {decision.state:9}  {printable(decision.proposal)}{by}: {printable(decision.reason)}"]
    return lines + [f"  {'or' if index == 0 else '':9}  {printable(each.choice)}: {printable(each.cost)}" for index, each in enumerate(decision.alternatives)]


def _evidence(title: str, found: Sequence[Evidence]) -> Iterable[str]:
    if not found:
        return
    yield ""
    for index, each in enumerate(found):
        weight = f"{each.weight:8.1f}" if each.weight else " " * 8
        yield f"  {title if not index else '':8}{weight}  {printable(each.text)}"
        if each.at:
            yield f"  {'':18}{_places(each.at)}"


def _places(at: Iterable[Location]) -> str:
    return ", ".join(printable(str(place)) for place in at)


def _wrapped(text: str, terminal: Terminal) -> list[str]:
    return textwrap.wrap(text, max(min(terminal.columns, _WIDEST) - 2, 20), initial_indent="  ", subsequent_indent="  ")
