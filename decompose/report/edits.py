"""What edits of a plan changed, for the terminal: a line for each, with the figures that moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from decompose.model.contexts import Scores
from decompose.model.edits import Accept, Edit, Library, Merge, Move, Own, Pin, Rename, Split
from decompose.report.printable import printable

_FIGURES = (
    ("inter_context_share", "dependencies across"), ("cut_foreign_keys", "FK cut"), ("cut_transactions", "TX cut"), ("contested_tables", "contested tables"), ("contexts", "contexts"),
)  # fmt: skip
_LISTED = 8


def edit_lines(done: Iterable[tuple[Edit, Scores, Scores]]) -> Iterator[str]:
    """A line for each edit, with what it changed of the figures."""
    for edit, before, after in done:
        moved = [f"{label} {_shown(name, before)} -> {_shown(name, after)}" for name, label in _FIGURES if getattr(before, name) != getattr(after, name)]
        yield printable("   ".join([f"  {_told(edit)}", *moved]))


def kept_lines(kept: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """What was pinned so that it stays where the person saw it."""
    found = list(kept)
    for kind, subject, context in found[:_LISTED]:
        yield printable(f"  = keep   {subject}   {context}   ({kind}: would have followed what was moved)")
    if len(found) > _LISTED:
        yield f"  = keep   {len(found) - _LISTED} more that would have followed"


def _shown(name: str, scores: Scores) -> str:
    value = getattr(scores, name)
    return f"{value:.1%}" if name == "inter_context_share" else str(value)


def _told(edit: Edit) -> str:
    if isinstance(edit, Move):
        return f"~ move   {_names(edit.subjects)} -> {edit.to}"
    if isinstance(edit, Split):
        return f"+ split  {_names(edit.subjects)}   {edit.context} -> {edit.to}"
    if isinstance(edit, Library):
        return f"~ share  {_names(edit.subjects)} stays a library"
    if isinstance(edit, Pin):
        return f"= pin    {_names(edit.subjects)}"
    if isinstance(edit, Merge):
        return f"- merge  {edit.context} -> {edit.to}"
    if isinstance(edit, Rename):
        return f"~ name   {edit.context} -> {edit.to}"
    if isinstance(edit, Own):
        return f"~ own    {edit.table}   {edit.to}"
    by = f" ({edit.by})" if edit.by else ""
    reason = f'   "{edit.reason}"' if edit.reason else ""
    if isinstance(edit, Accept):
        return f"+ accept {edit.id}   {edit.choice}{reason}{by}"
    return f"+ waive  {edit.id}{f' until {edit.until}' if edit.until else ''}{reason}{by}"


def _names(subjects: tuple[str, ...]) -> str:
    return ", ".join(subjects[:3]) + (f" and {len(subjects) - 3} more" if len(subjects) > 3 else "")
