"""All files or none: staging, a journal whose rename is the one commit point, and healing after a crash.

::

    stage      new texts and second names of the old files in .decompose/staging, synced     (nothing of the user's is touched)
    commit     staging/journal -> .decompose/journal.json                                    (one rename)
    apply      every staged file is renamed over its target                                  (an error here rolls back)
    clear      the journal and the staging folder go

A run that dies before the commit leaves a staging folder that the next run throws away. One that dies after it leaves the
journal, and the next run finishes the renames; if a person changed one of the files meanwhile it goes back to the state before.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from decompose.emit.interrupts import Deferred
from decompose.emit.ledger import MOST, digest
from decompose.emit.tree import Tree, check_path, failure
from decompose.errors import Drifted, FileError, RefusedInput

STATE = ".decompose"
STAGING = f"{STATE}/staging"
JOURNAL = f"{STATE}/journal.json"
ROLLBACK = f"{STATE}/rollback.json"


class Operation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file: ``old`` and ``new`` are hashes of its text before and after, ``None`` when it does not exist then."""

    path: str
    old: str | None = None
    new: str | None = None


class Journal(msgspec.Struct, frozen=True):
    """What is about to happen, in order; ``folders`` are those that do not exist yet, parents first."""

    operations: tuple[Operation, ...]
    folders: tuple[str, ...]
    schema: Literal["decompose/journal/1"] = "decompose/journal/1"


class Change(msgspec.Struct, frozen=True):
    """A file to be written (``after`` is its text) or removed (``None``); ``before`` is the text that was read."""

    path: str
    before: bytes | None
    after: bytes | None
    executable: bool = False


def commit(tree: Tree, changes: Sequence[Change], applied: Callable[[], None] = lambda: None) -> None:
    """Makes all changes or none of them.

    Raises :class:`FileError` with the tree as it was when the disk refuses, :class:`Drifted` when a file changed since it was read.
    A signal ends the run before the commit or after the last rename, never between; ``applied`` is called in the latter case.
    """
    if not changes:
        return
    with Deferred() as deferred:
        journal = _stage(tree, changes, deferred)
        if journal is not None:
            _apply(tree, journal)
            applied()


def pending(tree: Tree) -> bool:
    """True when an earlier run died in the middle of its renames."""
    return any(tree.status(path) is not None for path in (JOURNAL, ROLLBACK))


def heal(tree: Tree) -> None:
    """Finishes or takes back what a dead run left, and throws its staging folder away."""
    with Deferred():
        if (content := tree.read(ROLLBACK, most=MOST)) is not None:
            _roll_back(tree, _decoded(content, ROLLBACK))
        elif (content := tree.read(JOURNAL, most=MOST)) is not None:
            journal = _decoded(content, JOURNAL)
            if _may_go_forward(tree, journal):
                _apply(tree, journal)
            else:
                _switch_to_rollback(tree)
                _roll_back(tree, journal)
        try:
            _discard_staging(tree)
        except OSError as error:
            raise failure("clear", tree.full(STAGING), error) from error


def _decoded(content: bytes, place: str) -> Journal:
    try:
        journal = msgspec.json.decode(content, type=Journal)
        for operation in journal.operations:
            check_path(operation.path)
        for folder in journal.folders:
            check_path(folder)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, RefusedInput) as error:
        raise FileError(
            f"the journal of an interrupted run is damaged: {error}",
            place=place,
            hint=f"look at your files, then remove {place}",
        ) from error
    return journal


# --- stage --------------------------------------------------------------------------------------


def _staged(kind: str, index: int) -> str:
    return f"{STAGING}/{kind}-{index}"


def _stage(tree: Tree, changes: Sequence[Change], deferred: Deferred) -> Journal | None:
    """The committed journal, ``None`` when a signal came first. On any failure the staging folder is gone again."""
    journal = Journal(
        operations=tuple(Operation(c.path, _hash(c.before), _hash(c.after)) for c in changes),
        folders=_missing_folders(tree, changes),
    )
    place = STAGING
    try:
        tree.folder(STAGING)
        for index, change in enumerate(changes):
            place = change.path
            if deferred.received:
                _discard_staging(tree)
                return None
            _stage_one(tree, index, change)
        for index, change in enumerate(changes):
            place = change.path
            if change.after is not None:
                tree.sync(_staged("new", index))
        place = JOURNAL
        tree.create(f"{STAGING}/journal", msgspec.json.encode(journal), 0o644)
        tree.sync(f"{STAGING}/journal")
        tree.sync_folder(STAGING)
        tree.rename(f"{STAGING}/journal", JOURNAL)
    except (OSError, Drifted, RefusedInput, FileError) as error:
        _discard_quietly(tree)
        if isinstance(error, OSError):
            raise failure("write", tree.full(place), error) from error
        raise
    try:
        tree.sync_folder(STATE)
    except OSError as error:
        _undo_after(tree, journal, error, JOURNAL)
    return journal


def _stage_one(tree: Tree, index: int, change: Change) -> None:
    """The new text and a second name of the old file, which must still be what was read."""
    found = tree.status(change.path)
    if tree.read(change.path) != change.before:
        raise Drifted(
            f"{change.path} changed while it was being worked on", place=change.path, hint="run the same command again"
        )
    mode = stat.S_IMODE(found.st_mode) if found else None
    if change.before is not None:
        tree.link(change.path, _staged("old", index))
    if change.after is not None:
        if mode is None:
            tree.create(_staged("new", index), change.after, 0o777 if change.executable else 0o666)
        else:
            tree.create(
                _staged("new", index), change.after, mode | (_execute(mode) if change.executable else 0), exact=True
            )


def _execute(mode: int) -> int:
    """The permission to execute for everybody who may read."""
    return (mode & 0o444) >> 2


def _hash(content: bytes | None) -> str | None:
    return None if content is None else digest(content)


def _missing_folders(tree: Tree, changes: Sequence[Change]) -> tuple[str, ...]:
    needed = {parent for change in changes if change.after is not None for parent in _parents(change.path)}
    return tuple(folder for folder in sorted(needed) if tree.status(folder) is None)


def _parents(path: str) -> list[str]:
    """``a/b/c`` gives ``a``, ``a/b``."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


# --- apply --------------------------------------------------------------------------------------


def _apply(tree: Tree, journal: Journal) -> None:
    place = ""
    try:
        for folder in journal.folders:
            place = folder
            tree.folder(folder)
        for index, operation in enumerate(journal.operations):
            place = operation.path
            _apply_one(tree, index, operation)
        for folder in _touched(journal):
            place = folder
            if tree.status(folder) is not None or not folder:
                tree.sync_folder(folder)
    except (OSError, RefusedInput) as error:
        _undo_after(tree, journal, error, place)
    _remove_emptied(tree, journal)
    _clear(tree, JOURNAL)


def _apply_one(tree: Tree, index: int, operation: Operation) -> None:
    """Renames one file into place; nothing when an earlier run did so already."""
    new = _staged("new", index)
    if operation.new is not None:
        if tree.status(new) is not None:
            tree.rename(new, operation.path)
    elif tree.status(operation.path) is not None:
        tree.unlink(operation.path)


def _touched(journal: Journal) -> list[str]:
    """The folders whose entries changed, the project itself being ``""``."""
    paths = [operation.path for operation in journal.operations] + list(journal.folders)
    return sorted({path.rpartition("/")[0] for path in paths})


def _remove_emptied(tree: Tree, journal: Journal) -> None:
    """Takes away folders that a removal left empty, deepest first."""
    candidates = {parent for op in journal.operations if op.new is None for parent in _parents(op.path)}
    for folder in sorted(candidates, key=lambda path: (-path.count("/"), path)):
        if folder != STATE:
            tree.remove_folder(folder)


def _clear(tree: Tree, journal: str) -> None:
    try:
        tree.unlink(journal)
        tree.sync_folder(STATE)
        _discard_staging(tree)
    except OSError as error:
        raise failure("clear", tree.full(journal), error) from error


def _discard_staging(tree: Tree) -> None:
    for name in tree.names(STAGING):
        tree.unlink(f"{STAGING}/{name}")
    tree.remove_folder(STAGING)


def _discard_quietly(tree: Tree) -> None:
    """As above on the way out with an error that matters more; the next run throws away what is left."""
    try:
        _discard_staging(tree)
    except OSError:
        pass


# --- way back -----------------------------------------------------------------------------------


def _undo_after(tree: Tree, journal: Journal, error: OSError | RefusedInput, place: str) -> None:
    """Takes everything back after ``error`` and raises it as one that names the path."""
    _switch_to_rollback(tree)
    _roll_back(tree, journal)
    if isinstance(error, OSError):
        raise failure("write", tree.full(place), error) from error
    raise error


def _switch_to_rollback(tree: Tree) -> None:
    try:
        tree.rename(JOURNAL, ROLLBACK)
        tree.sync_folder(STATE)
    except OSError as error:
        raise failure("take back", tree.full(JOURNAL), error) from error


def _roll_back(tree: Tree, journal: Journal) -> None:
    place = ROLLBACK
    try:
        for index, operation in reversed(list(enumerate(journal.operations))):
            place = operation.path
            _roll_back_one(tree, index, operation)
        for folder in reversed(journal.folders):
            tree.remove_folder(folder)
    except OSError as error:
        raise failure("take back", tree.full(place), error) from error
    _clear(tree, ROLLBACK)


def _roll_back_one(tree: Tree, index: int, operation: Operation) -> None:
    """Puts the old file back where ours stands. What a person wrote in the meantime stays."""
    new, old = _staged("new", index), _staged("old", index)
    if operation.new is not None and tree.status(new) is not None:
        return
    current = _hash(tree.read(operation.path))
    if current != operation.new:
        return
    if operation.old is None:
        tree.unlink(operation.path)
    elif tree.status(old) is not None:
        tree.rename(old, operation.path)


def _may_go_forward(tree: Tree, journal: Journal) -> bool:
    """False when a file that is still to be replaced is no longer the one that was read."""
    for index, operation in enumerate(journal.operations):
        waiting = operation.new is None or tree.status(_staged("new", index)) is not None
        current = _hash(tree.read(operation.path)) if waiting else None
        if waiting and current not in (operation.old, operation.new):
            return False
    return True
