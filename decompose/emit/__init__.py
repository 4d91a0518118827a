"""The only writer of the user's tree.

::

    tree         the project folder, reached without following links
    merge        three-way merge by lines
    ledger       what was written, remembered in .decompose/lock.json and .decompose/base/
    decide       what becomes of every file, before anything is written
    transaction  all files or none, healed after a crash
    exclusive    one writer at a time
    diff         the change as a unified diff
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import msgspec

from decompose.emit import decide
from decompose.emit.decide import Action, Outcome
from decompose.emit.diff import unified
from decompose.emit.exclusive import exclusive
from decompose.emit.ledger import LEDGER, MOST, Entry, Ledger, base_path, decode, digest, encode
from decompose.emit.transaction import STATE, Change, commit, pending
from decompose.emit.tree import Tree, check_path, failure
from decompose.errors import EditConflict, FileError, RefusedInput, UsageError
from decompose.model.artifacts import Artifact
from decompose.model.findings import EditedFile

__all__ = [
    "Outcome",
    "WriteReport",
    "edited_by_hand",
    "exclusive",
    "interrupted",
    "save",
    "save_output",
    "undo",
    "write",
    "written_contexts",
    "written_steps",
]

IGNORED = b"# What decompose can make again. The rest of this folder belongs into version control.\n" + b"".join(
    name + b"\n" for name in (b"analysis.json", b"cache/", b"journal.json", b"rollback.json", b"run.pid", b"staging/", b"environments/")
)
RECORD = LEDGER
"""Where it is remembered what was written."""
IGNORE = f"{STATE}/.gitignore"
WRITTEN, UNWRITTEN = "all files were written", "nothing was written"
"""Notes on the exception that a signal raises during a write."""
SHARED = ""
"""Context of artifacts that belong to all contexts together."""


class WriteReport(msgspec.Struct, frozen=True):
    """What became of every file, sorted by path. ``dry_run`` is true when nothing was written."""

    outcomes: tuple[Outcome, ...]
    dry_run: bool = False

    @property
    def changed(self) -> tuple[Outcome, ...]:
        """The files whose text differs from before."""
        return tuple(outcome for outcome in self.outcomes if outcome.before != outcome.after)

    @property
    def conflicts(self) -> tuple[Outcome, ...]:
        """The files that a person has to finish."""
        return tuple(outcome for outcome in self.outcomes if outcome.action == "conflict")

    def count(self, action: Action) -> int:
        return sum(outcome.action == action for outcome in self.outcomes)

    def diff(self) -> str:
        """All changes as one unified diff."""
        return "".join(unified(o.path, o.before, o.after, executable=o.executable) for o in self.outcomes)

    def raise_conflicts(self) -> None:
        """Raises :class:`EditConflict` when a person's edits and new output met; the markers are in the files by then."""
        if self.conflicts:
            paths = ", ".join(outcome.path for outcome in self.conflicts)
            raise EditConflict(
                f"your edits and new output meet in {paths}",
                place=self.conflicts[0].path,
                hint="resolve the parts between <<<<<<< yours and >>>>>>> decompose, then run the same command again",
            )


def write(
    base: Path, artifacts: Sequence[Artifact], *, dry_run: bool = False, complete: Collection[str] = (), needed: Collection[str] = ()
) -> WriteReport:
    """Writes all artifacts below ``base`` in one transaction and says what became of each.

    ``complete`` names owners (see :attr:`Artifact.owner`) of which ``artifacts`` holds everything: what they generated before and do no longer is
    removed, unless a person edited it. Files that are already right are not touched. Edits are merged; where that fails both
    versions stand between markers and the report has ``conflicts``. A generated file that a person deleted stays deleted, but
    for the ``needed`` ones: other texts of this run do not work without them.

    Raises with the tree as it was: :class:`RefusedInput` (a path leads out of the tree), :class:`Drifted` (a file of the
    monolith is no longer the text that was read), :class:`EditConflict` (a file not written by decompose is in the way, or a ``needed`` one was deleted),
    :class:`FileError` (disk full, read-only), :class:`Locked` (another run is writing).
    """
    _check_paths(artifacts)
    if dry_run:
        with Tree(base) as tree:
            _refuse_pending(tree)
            outcomes, _ = _decide(tree, _ledger(tree), artifacts, complete)
            _refuse_deleted(outcomes, needed)
            return WriteReport(outcomes, dry_run=True)
    with exclusive(base), Tree(base) as tree:
        ledger = _ledger(tree)
        outcomes, after = _decide(tree, ledger, artifacts, complete)
        _refuse_deleted(outcomes, needed)
        texts = [artifact.content for artifact in artifacts] + [a.base for a in artifacts if a.base is not None]
        with _stopped() as applied:
            commit(tree, [*_file_changes(outcomes), *_state_changes(tree, ledger, after, texts)], applied)
        return WriteReport(outcomes)


@contextmanager
def _stopped() -> Iterator[Callable[[], None]]:
    """Gives whatever a signal raises inside a note of what became of the files."""
    done: list[str] = []
    try:
        yield lambda: done.append(WRITTEN)
    except Exception:
        raise
    except BaseException as stop:
        stop.add_note(done[0] if done else UNWRITTEN)
        raise


def undo(base: Path, context: str, *, step: str | None = None, dry_run: bool = False) -> WriteReport:
    """Takes back everything that was written for ``context``, or by one ``step`` of it (``""`` for the first, which has no name of its own).

    Rewrites of the monolith are reversed with a person's other edits kept; generated files go, except those that a person
    edited and those that other contexts share. Raises :class:`UsageError` when nothing was written for it, else as :func:`write`.
    """
    if dry_run:
        with Tree(base) as tree:
            _refuse_pending(tree)
            return WriteReport(_decide_undo(tree, _ledger(tree), context, step)[0], dry_run=True)
    with exclusive(base), Tree(base) as tree:
        ledger = _ledger(tree)
        outcomes, after = _decide_undo(tree, ledger, context, step)
        with _stopped() as applied:
            commit(tree, [*_file_changes(outcomes), *_state_changes(tree, ledger, after, ())], applied)
        return WriteReport(outcomes)


def written_contexts(base: Path) -> tuple[str, ...]:
    """The contexts that something was written for, sorted."""
    with Tree(base) as tree:
        return _contexts(_ledger(tree))


def written_steps(base: Path) -> dict[str, frozenset[str]]:
    """The steps that something was written for, by context; ``""`` is the first, which has no name of its own."""
    with Tree(base) as tree:
        found: dict[str, set[str]] = {}
        for owner in _owners(_ledger(tree)):
            context, _, step = owner.partition("/")
            found.setdefault(context, set()).add(step)
        return {context: frozenset(steps) for context, steps in sorted(found.items())}


class Footprint(msgspec.Struct, frozen=True):
    """What decompose wrote into a project, for looking at the project as if it had not.

    ``generated`` are the paths of generated files with the contexts that generate each; ``originals`` maps rewritten files to
    their text with the rewrites taken back. A file where a person's edits stand in the way of that is not in ``originals``.
    """

    generated: dict[str, tuple[str, ...]] = {}
    originals: dict[str, bytes] = {}


def footprint(base: Path, contexts: Collection[str] | None = None) -> Footprint:
    """What was written for ``contexts``, by default for all. Nothing when ``base`` holds no record."""
    with Tree(base) as tree:
        if not _remembers(tree):
            return Footprint()
        ledger = _ledger(tree)
        chosen = {owner for owner in _owners(ledger) if contexts is None or _context(owner) in contexts}
        generated = {
            path: tuple(sorted({_context(owner) for owner in entry.contexts}))
            for path, entry in sorted(ledger.files.items())
            if contexts is None or chosen & set(entry.contexts)
        }
        originals: dict[str, bytes] = {}
        for path in sorted({path for context in chosen for path in ledger.edits.get(context, {})}):
            edits = [edit for context in sorted(chosen) for edit in ledger.edits.get(context, {}).get(path, ())]
            outcome = decide.restored(path, tree.read(path), edits, _bases(tree))
            if outcome.action in ("restore", "unchanged") and outcome.after is not None:
                originals[path] = outcome.after
        return Footprint(generated, originals)


def edited_by_hand(base: Path) -> tuple[EditedFile, ...]:
    """Generated files that are no longer as they were generated although edits to them belong elsewhere."""
    with Tree(base) as tree:
        if not _remembers(tree):
            return ()
        found = []
        for path, entry in sorted(_ledger(tree).files.items()):
            if entry.file_class == "owned" and not entry.deleted:
                content = tree.read(path)
                if content is None or digest(content) != entry.hash:
                    found.append(EditedFile(path, tuple(sorted({_context(owner) for owner in entry.contexts})), gone=content is None))
        return tuple(found)


def interrupted(base: Path) -> bool:
    """True when an earlier run died in the middle of its renames, so that the tree is neither old nor new."""
    with Tree(base) as tree:
        return _remembers(tree) and pending(tree)


def _remembers(tree: Tree) -> bool:
    """Whether there is a folder of ours. A link in its place, or a file, is nothing that decompose made: only writing there is refused."""
    found = tree.status(STATE)
    return found is not None and stat.S_ISDIR(found.st_mode)


def _contexts(ledger: Ledger) -> tuple[str, ...]:
    return tuple(sorted({_context(owner) for owner in _owners(ledger)}))


def _owners(ledger: Ledger) -> list[str]:
    """Contexts, and contexts with a step of theirs, that something was written for."""
    generated = {owner for entry in ledger.files.values() for owner in entry.contexts}
    return sorted(owner for owner in generated | set(ledger.edits) if owner and owner[0].isalpha())


def _context(owner: str) -> str:
    return owner.partition("/")[0]


def _refuse_pending(tree: Tree) -> None:
    if pending(tree):
        raise FileError(
            "an earlier run was interrupted while writing",
            place=tree.full(STATE),
            hint="run once without --dry-run: it finishes or takes back that run",
        )


def _refuse_deleted(outcomes: Iterable[Outcome], needed: Collection[str]) -> None:
    gone = [outcome.path for outcome in outcomes if outcome.action == "deleted" and outcome.path in needed]
    if gone:
        rest = f" and {len(gone) - 3:,} more" if len(gone) > 3 else ""
        raise EditConflict(
            f"you deleted files that others of this run do not work without: {', '.join(gone[:3])}{rest}. Nothing was written",
            place=gone[0],
            hint="restore them from version control, or take everything back with `decompose extract CONTEXT --undo` and extract again",
        )


def _check_paths(artifacts: Iterable[Artifact]) -> None:
    folded: dict[str, str] = {}
    for artifact in artifacts:
        check_path(artifact.path)
        if artifact.path.split("/")[0].lower() == STATE:
            raise RefusedInput(f"refusing to write to {artifact.path!r}: the folder is decompose's own memory")
        # Folded, because on some file systems names that differ in case only are one file.
        other = folded.get(artifact.path.lower())
        folded[artifact.path.lower()] = artifact.path
        if other is not None:
            raise RefusedInput(f"refusing to write both {other!r} and {artifact.path!r} in one run")
    for path in folded:
        for parent in PurePosixPath(path).parents:
            if str(parent) in folded:
                raise RefusedInput(f"refusing to write {folded[path]!r} below the file {folded[str(parent)]!r}")


# --- decisions ----------------------------------------------------------------------------------


def _ledger(tree: Tree) -> Ledger:
    return decode(tree.read(LEDGER, most=MOST))


def _bases(tree: Tree) -> decide.Base:
    """The kept texts by hash. One that is damaged counts as lost."""

    def kept(hash_: str) -> bytes | None:
        text = tree.read(base_path(hash_))
        return text if text is not None and digest(text) == hash_ else None

    return kept


def _decide(
    tree: Tree, ledger: Ledger, artifacts: Sequence[Artifact], complete: Collection[str]
) -> tuple[tuple[Outcome, ...], Ledger]:
    files = dict(ledger.files)
    edits = {context: dict(paths) for context, paths in ledger.edits.items()}
    outcomes: list[Outcome] = []

    base = _bases(tree)
    for artifact in artifacts:
        current = tree.read(artifact.path)
        if artifact.file_class == "edited":
            chain = edits.get(artifact.owner, {}).get(artifact.path, ())
            outcome, chain = decide.edited(artifact, current, chain)
            if chain:
                edits.setdefault(artifact.owner, {})[artifact.path] = chain
        else:
            outcome, entry = decide.generated(artifact, current, files.get(artifact.path), base)
            if entry is not None:
                files[artifact.path] = entry
        outcomes.append(outcome)
    outcomes += _drop(tree, files, {artifact.path for artifact in artifacts}, complete)
    return tuple(sorted(outcomes, key=lambda outcome: outcome.path)), Ledger(files, edits)


def _drop(tree: Tree, files: dict[str, Entry], generated: Collection[str], contexts: Collection[str]) -> list[Outcome]:
    """Gives up the files of ``contexts`` that are not in ``generated``, and takes them out of ``files``."""
    outcomes = []
    for path, entry in sorted(files.items()):
        if path in generated or not set(entry.contexts) & set(contexts):
            continue
        others = tuple(name for name in entry.contexts if name not in contexts)
        if others:
            files[path] = msgspec.structs.replace(entry, contexts=others)
            continue
        outcomes.append(decide.dropped(path, tree.read(path), entry))
        del files[path]
    return outcomes


def _decide_undo(tree: Tree, ledger: Ledger, context: str, step: str | None) -> tuple[tuple[Outcome, ...], Ledger]:
    from decompose.config import did_you_mean

    known = _contexts(ledger)
    if context not in known:
        raise UsageError(f"nothing was written for {context!r}", hint=did_you_mean(context, known))
    chosen = [owner for owner in _owners(ledger) if _context(owner) == context and step in (None, owner.partition("/")[2])]
    files = dict(ledger.files)
    outcomes = _drop(tree, files, (), chosen)

    for path in sorted({path for owner in chosen for path in ledger.edits.get(owner, {})}):
        chain = [edit for owner in chosen for edit in ledger.edits.get(owner, {}).get(path, ())]
        outcome = decide.restored(path, tree.read(path), chain, _bases(tree))
        others = sorted(name for name, paths in ledger.edits.items() if name not in chosen and path in paths)
        if outcome.action == "conflict" and others:
            raise EditConflict(
                f"{path} was rewritten in the same lines for {', '.join(others)}",
                place=path,
                hint=f"take back {others[-1]} first",
            )
        outcomes.append(outcome)
    edits = {name: paths for name, paths in ledger.edits.items() if name not in chosen}
    if not _contexts(Ledger(files, edits)):
        # What all contexts share goes with the last of them.
        outcomes += _drop(tree, files, (), (SHARED,))
    return tuple(sorted(outcomes, key=lambda outcome: outcome.path)), Ledger(files, edits)


# --- changes ------------------------------------------------------------------------------------


def _file_changes(outcomes: Iterable[Outcome]) -> list[Change]:
    return [Change(o.path, o.before, o.after, o.executable) for o in outcomes if o.before != o.after]


def _state_changes(tree: Tree, before: Ledger, after: Ledger, texts: Iterable[bytes]) -> list[Change]:
    """The changes of decompose's own memory: kept texts that come and go, then the ledger."""
    if after == before:
        return []
    changes = [change] if (change := _ignored(tree)) is not None else []
    known = {digest(text): text for text in texts}
    for hash_ in sorted(after.bases() - before.bases()):
        text = known.get(hash_)
        if text is not None and tree.status(base_path(hash_)) is None:
            changes.append(Change(base_path(hash_), None, text))
    for hash_ in sorted(before.bases() - after.bases()):
        text = tree.read(base_path(hash_))
        if text is not None:
            changes.append(Change(base_path(hash_), text, None))
    empty = not after.files and not after.edits
    changes.append(Change(LEDGER, tree.read(LEDGER), None if empty else encode(after)))
    return [change for change in changes if change.before != change.after]


def _ignored(tree: Tree) -> Change | None:
    """What git is told to leave out of decompose's own folder: a file that is there keeps its lines, and gets the one that earlier versions did not write."""
    found = tree.status(IGNORE)
    if found is None:
        return Change(IGNORE, None, IGNORED)
    there = tree.read(IGNORE) if stat.S_ISREG(found.st_mode) else None
    if there is None or b"environments" in there:  # also where somebody said otherwise
        return None
    return Change(IGNORE, there, there + (b"" if not there or there.endswith(b"\n") else b"\n") + b"environments/\n")


# --- single files -------------------------------------------------------------------------------


def save(base: Path, contents: Mapping[str, bytes]) -> tuple[str, ...]:
    """Writes files of decompose's own memory (``plan.json``, ``cache/last``) below ``.decompose``, each in one step, and names those written.

    Without ``contents`` only git is told what to leave out of that folder, for whoever writes there by other means.

    A file that is already right is not touched. Raises :class:`FileError`, :class:`RefusedInput`.
    """
    written = []
    with Tree(base) as tree:
        place = STATE
        try:
            tree.folder(STATE)
            if (ignored := _ignored(tree)) is not None and ignored.after is not None:
                _replace(tree, IGNORE, ignored.after)
            for name, content in sorted(contents.items()):
                place = f"{STATE}/{name}"
                check_path(place)
                tree.folder(place.rpartition("/")[0])
                if _replace(tree, place, content):
                    written.append(name)
        except OSError as error:
            raise failure("write", tree.full(place), error) from error
    return tuple(written)


def save_output(path: Path, content: bytes) -> None:
    """Writes what ``--output`` asks for, in one step where the target is a regular file. Raises :class:`FileError`."""
    path = Path(os.path.realpath(path))
    try:
        special = path.exists() and not stat.S_ISREG(path.stat().st_mode)
        if special:
            path.write_bytes(content)
            return
        with Tree(path.parent) as tree:
            _replace(tree, path.name, content)
    except OSError as error:
        raise failure("write", str(path), error) from error


def _replace(tree: Tree, path: str, content: bytes) -> bool:
    """Puts ``content`` in place by a rename, and says whether it was not there already. The new text waits under a name that a later run may throw away."""
    folder, _, name = path.rpartition("/")
    _sweep(tree, folder, name)
    found = tree.status(path)
    regular = found is not None and stat.S_ISREG(found.st_mode)
    # A link is replaced and never followed; what differs in size need not be read.
    if found is not None and regular and found.st_size == len(content) and tree.read(path) == content:
        return False
    waiting = f"{folder}/.{name}.{os.getpid()}.new" if folder else f".{name}.{os.getpid()}.new"
    mode = stat.S_IMODE(found.st_mode) if found is not None and regular else 0o666
    try:
        tree.create(waiting, content, mode, exact=regular)
        tree.sync(waiting)
        tree.rename(waiting, path)
    except BaseException:
        tree.unlink(waiting)
        raise
    tree.sync_folder(folder)
    return True


def _sweep(tree: Tree, folder: str, name: str) -> None:
    """Removes what dead runs left waiting for ``name``."""
    for other in tree.names(folder or "."):
        number = other.removeprefix(f".{name}.").removesuffix(".new")
        if other == f".{name}.{number}.new" and number.isdigit() and not _alive(int(number)):
            tree.unlink(f"{folder}/{other}" if folder else other)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return process != os.getpid()
