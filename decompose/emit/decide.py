"""What becomes of every file, decided before anything is written.

A pure function of three texts each: what is there (``current``), what was generated last (the base) and what is generated now.

=========  ==================================================================================================
create     the file does not exist and never did
update     nobody changed it since it was generated
merge      a person and decompose changed different lines
conflict   they changed the same lines: both versions stand between markers
kept       a person changed it, decompose has nothing new; or the file is written once and is theirs
deleted    a person deleted it, and it stays so
unchanged  it is already what it should be
remove     decompose generates it no longer and nobody changed it
restore    a rewrite of the monolith is taken back
=========  ==================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal

import msgspec

from decompose.emit.ledger import REMOVED, Edit, Entry, digest
from decompose.emit.merge import has_markers, merge, mergeable
from decompose.errors import Drifted, EditConflict, FileError
from decompose.model.artifacts import Artifact, FileClass

Action = Literal["create", "update", "merge", "conflict", "kept", "deleted", "unchanged", "remove", "restore"]
Base = Callable[[str], bytes | None]
"""The kept text with a hash, ``None`` when it is lost."""


class Outcome(msgspec.Struct, frozen=True):
    """What happens to one file: its text ``before`` and ``after``, ``None`` where it does not exist."""

    path: str
    action: Action
    file_class: FileClass
    before: bytes | None
    after: bytes | None
    executable: bool = False


def generated(
    artifact: Artifact, current: bytes | None, entry: Entry | None, base: Base
) -> tuple[Outcome, Entry | None]:
    """The outcome for a generated file and what the ledger says of it afterwards (``None``: nothing).

    Raises :class:`EditConflict` when a file that decompose never wrote is in the way.
    """

    def outcome(action: Action, after: bytes | None) -> Outcome:
        return Outcome(artifact.path, action, artifact.file_class, current, after, artifact.executable)

    contexts = tuple(sorted({artifact.owner, *(entry.contexts if entry else ())}))
    fresh = Entry(artifact.file_class, digest(artifact.content), contexts)
    if entry is None:
        if current is None:
            return outcome("create", artifact.content), fresh
        if current == artifact.content:
            return outcome("unchanged", current), fresh
        if artifact.file_class == "once":
            return outcome("kept", current), None
        raise EditConflict(
            f"{artifact.path} exists and was not written by decompose",
            place=artifact.path,
            hint="move it away or remove it",
        )
    if artifact.file_class == "rendered":
        return outcome("create" if current is None else "unchanged" if current == artifact.content else "update", artifact.content), fresh
    same = msgspec.structs.replace(entry, contexts=contexts)
    if current is None:
        return outcome("deleted", None), msgspec.structs.replace(same, deleted=True, conflict=False)
    if artifact.file_class == "once" or entry.file_class == "once":
        return outcome("unchanged" if current == artifact.content else "kept", current), msgspec.structs.replace(
            same, deleted=False
        )
    if current == artifact.content:
        return outcome("unchanged", current), fresh
    if entry.conflict and has_markers(current):
        return outcome("conflict", current), same
    if digest(current) == entry.hash:
        return outcome("update", artifact.content), fresh
    if fresh.hash == entry.hash:
        return outcome("kept", current), msgspec.structs.replace(same, deleted=False, conflict=False)
    return _merged(artifact.path, entry.hash, current, artifact.content, base, outcome, fresh, same)


def _merged(
    path: str,
    base_hash: str,
    current: bytes,
    content: bytes,
    base: Base,
    outcome: Callable[[Action, bytes | None], Outcome],
    fresh: Entry,
    same: Entry,
) -> tuple[Outcome, Entry]:
    old = base(base_hash)
    if old is None:
        raise FileError(
            f"the generated text that {path} was edited from is lost",
            place=path,
            hint="restore .decompose/base from version control",
        )
    if not mergeable(old, current, content):
        return outcome("conflict", current), same
    merged = merge(old, current, content)
    if merged.conflicts:
        return outcome("conflict", merged.text), msgspec.structs.replace(fresh, conflict=True)
    return outcome("kept" if merged.text == current else "merge", merged.text), fresh


def edited(artifact: Artifact, current: bytes | None, chain: tuple[Edit, ...]) -> tuple[Outcome, tuple[Edit, ...]]:
    """The outcome for a rewritten file of the monolith and the rewrites of it on record afterwards.

    Raises :class:`Drifted` when the file is no longer the text that was read.
    """

    def outcome(action: Action, after: bytes | None) -> Outcome:
        return Outcome(artifact.path, action, "edited", current, after, artifact.executable)

    if current == artifact.wanted:
        return outcome("unchanged", current), chain
    if current is None or current != artifact.base:
        raise Drifted(
            f"{artifact.path} changed since it was analyzed", place=artifact.path, hint="run the same command again"
        )
    edit = Edit(digest(current), REMOVED if artifact.removed else digest(artifact.content))
    if chain and chain[-1].result == edit.original:
        edit = Edit(chain[-1].original, edit.result)
        chain = chain[:-1]
    return outcome("remove" if artifact.removed else "update", artifact.wanted), (*chain, edit)


def dropped(path: str, current: bytes | None, entry: Entry) -> Outcome:
    """The outcome for a file that is generated no longer: removed unless a person changed it."""
    if current is None:
        return Outcome(path, "unchanged", entry.file_class, None, None)
    if digest(current) == entry.hash:
        return Outcome(path, "remove", entry.file_class, current, None)
    return Outcome(path, "kept", entry.file_class, current, current)


def restored(path: str, current: bytes | None, edits: Collection[Edit], base: Base) -> Outcome:
    """The outcome of taking rewrites of a file back, newest first, with everything else in it kept."""
    remaining = [edit for edit in edits if edit.result != REMOVED]
    removals = [edit for edit in edits if edit.result == REMOVED]
    start = current if current is not None or not removals else _kept(path, removals[-1].original, base)
    if start is None:
        return Outcome(path, "deleted", "edited", None, None)
    text, conflicts = start, 0
    while remaining:
        edit = _newest(remaining, digest(text))
        remaining.remove(edit)
        merged = merge(_kept(path, edit.result, base), text, _kept(path, edit.original, base), neighbours=True)
        text, conflicts = merged.text, conflicts + merged.conflicts
    action: Action = "conflict" if conflicts else "unchanged" if text == current else "restore"
    return Outcome(path, action, "edited", current, text)


def _kept(path: str, hash_: str, base: Base) -> bytes:
    text = base(hash_)
    if text is None:
        raise FileError(
            f"the text that {path} had before is lost", place=path, hint="restore .decompose/base from version control"
        )
    return text


def _newest(edits: Sequence[Edit], current: str) -> Edit:
    """The rewrite that made the current text, else one that no other was made on top of, else the last on record."""
    earlier = {edit.original for edit in edits}
    ends = [edit for edit in edits if edit.result not in earlier]
    return next((edit for edit in edits if edit.result == current), (ends or edits)[-1])
