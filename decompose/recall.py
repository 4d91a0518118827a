"""The last result of ``analyze``, kept with everything it depends on: when nothing of that has changed, nothing is computed again.

A result depends on this installation of decompose, the configuration in force, the names of all files, the contents of those that are
read (evidence from run time among them), the git history, and the accepted map. Contents count as unchanged while time and size of a file are what they were; a file that was touched, or
checked out anew, is read and compared. What is kept may be lost or damaged at any time: then the project is analyzed again.

Kept are ``.decompose/analysis.json``, which is the JSON form of the result, ``.decompose/cache/last`` with the text form's figures
and what both depend on, and ``.decompose/options.json`` with what the command line said, from which other commands continue. A project in which decompose has rewritten files is analyzed each time.
"""

# Paths are plain strings here: there are tens of thousands, and pathlib costs ten times as much.
# ruff: noqa: PTH116, PTH118

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from decompose import __version__
from decompose.errors import FileError
from decompose.model.lock import PlanLock
from decompose.model.settings import Config, Options
from decompose.model.source import CRASHED, SkippedFile, SourceTree
from decompose.planning.signing import LOCK, read_lock
from decompose.project import read_paths, source_tree
from decompose.report.text import Summary
from decompose.scan import evidence
from decompose.scan.history import ORDINARY, state
from decompose.scan.tree import LARGEST

DOCUMENT = ".decompose/analysis.json"
PLAN = ".decompose/plan.json"
_CACHE = ".decompose/cache"
KEPT = f"{_CACHE}/last"
OPTIONS = ".decompose/options.json"
_WRITTEN = (".decompose/lock.json", ".decompose/journal.json", ".decompose/rollback.json")
"""Records of what decompose wrote into the project, whole or in the middle of it."""

_SETTLED = 2_000_000_000
"""Nanoseconds after which a further change to a file is sure to show in its time."""

_LARGEST = 512 * 1024 * 1024
_DIGEST = 16


class Mark(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a file's status says: a file with the same mark has the same contents. ``changed`` is 0 where that is not certain."""

    size: int
    modified: int
    changed: int


class Contents(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The contents of a file; ``digest`` is empty for one that cannot be read."""

    mark: Mark
    digest: bytes


class Last(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A result: ``key`` stands for all that it depends on but the contents of ``files``, ``document`` for its JSON form."""

    key: bytes
    files: dict[str, Contents]
    document: Mark
    summary: Summary
    failed: tuple[SkippedFile, ...]
    count: int
    history_problem: str


class Result:
    """A result that is still right."""

    def __init__(self, base: Path, last: Last) -> None:
        self._base = base
        self._last = last
        self.summary = last.summary
        self.failed = last.failed
        self.files = last.count
        self.history_problem = last.history_problem

    def document(self) -> bytes | None:
        """The JSON form, ``None`` when it is no longer what was kept."""
        return _read(self._base / DOCUMENT, self._last.document)


class Inputs(msgspec.Struct, frozen=True):
    """What a result will depend on, as it was before the first file was read."""

    key: bytes
    marks: dict[str, Mark]


def last(base: Path, config: Config) -> Result | None:
    """The result of the last analysis, ``None`` when there is none or anything it depends on has changed."""
    kept = _kept(base)
    if kept is None or _written(base):
        return None
    tree = source_tree(base, config)
    if kept.key != _key(base, config, tree) or _mark(str(base / DOCUMENT)) != kept.document:
        return None
    renewed = _unchanged(tree, _paths(base, config, tree), kept.files)
    if renewed is None:
        return None
    if renewed:
        _keep(base, msgspec.structs.replace(kept, files={**kept.files, **renewed}))
    return Result(base, kept)


def _unchanged(tree: SourceTree, paths: Mapping[str, int], files: Mapping[str, Contents]) -> dict[str, Contents] | None:
    """What to remember anew of files that were touched, when all contents are what they were; ``None`` when they are not."""
    if len(paths) != len(files):
        return None
    renewed: dict[str, Contents] = {}
    for path, largest in paths.items():
        known = files.get(path)
        if known is None:
            return None
        mark = _mark(os.path.join(tree.base, path))
        if mark == known.mark == _GONE:
            continue
        if mark.changed == 0 or mark != known.mark or not known.digest:
            content = _contents(tree.base, path, largest)
            if content != known.digest:
                return None
            if not content:
                continue  # it could not be read then, nor can it now
            renewed[path] = Contents(_certain(mark, time.time_ns()), content)
    return renewed


def kept_document(base: Path) -> bytes | None:
    """The JSON form of the analysis before, right or not; ``None`` when there is none."""
    return _read(base / DOCUMENT)


def options(base: Path) -> Options | None:
    """What the last analysis was told on the command line; ``None`` when what is kept of that cannot be understood."""
    content = _read(base / OPTIONS)
    if content is None:
        return None if os.path.lexists(base / OPTIONS) else Options()
    try:
        return msgspec.json.decode(content, type=Options)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def keep_options(base: Path, said: Options) -> None:
    """Keeps what an analysis was told, for the commands that continue from it. Raises :class:`FileError`, :class:`RefusedInput`."""
    from decompose import emit

    if options(base) != said:
        emit.save(base, {OPTIONS.removeprefix(".decompose/"): msgspec.json.encode(said) + b"\n"})


def inputs(base: Path, config: Config, tree: SourceTree) -> Inputs | None:
    """What an analysis that begins now depends on; ``None`` for a project whose results are not kept."""
    if _written(base):
        return None
    return Inputs(_key(base, config, tree), {path: _mark(os.path.join(tree.base, path)) for path in _paths(base, config, tree)})


def keep(
    base: Path, tree: SourceTree, found: Inputs, digests: Mapping[str, bytes], document: bytes, summary: Summary, failed: tuple[SkippedFile, ...],
    history_problem: str,
) -> None:  # fmt: skip
    """Keeps a result whose JSON form has just been saved, unless something it depends on has changed meanwhile.

    ``digests`` are those of the files' contents, taken since ``found``. A result with something in it that may go better the next time
    (a process that ended, a git that did not answer) is not kept.
    """
    if history_problem not in ("", *ORDINARY) or any(each.reason == CRASHED for each in failed):
        return
    now = time.time_ns()
    files: dict[str, Contents] = {}
    for path, mark in found.marks.items():
        if _mark(os.path.join(tree.base, path)) != mark:
            return
        files[path] = Contents(_certain(mark, now), digests.get(path, b""))
    saved = _mark(str(base / DOCUMENT))
    if saved.size == len(document):
        _keep(base, Last(found.key, files, saved, summary, failed, len(tree.python), history_problem))


# --- other results of the same source ------------------------------------------------------------


class Found(msgspec.Struct, frozen=True, array_like=True):
    """Something computed from the source alone: ``key`` stands for all that it depends on but the contents of ``files``."""

    key: bytes
    files: dict[str, Contents]
    content: bytes


def found_inputs(base: Path, config: Config, tree: SourceTree, more: bytes) -> Inputs:
    """What something that is computed now depends on, with ``more``: also in a project where decompose has written files."""
    parts = (_key(base, config, tree), more, *(_read(base / path) for path in _WRITTEN))
    return Inputs(_digest(repr(parts).encode()), {path: _mark(os.path.join(tree.base, path)) for path in _paths(base, config, tree)})


def found(base: Path, config: Config, tree: SourceTree, name: str, more: bytes) -> bytes | None:
    """What was kept under a name, ``None`` when there is nothing or anything it depends on has changed."""
    content = _intact(_read(base / f"{_CACHE}/{name}"))
    try:
        kept = None if content is None else msgspec.msgpack.decode(content, type=Found)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        kept = None
    if kept is None or kept.key != found_inputs(base, config, tree, more).key:
        return None
    renewed = _unchanged(tree, _paths(base, config, tree), kept.files)
    if renewed:
        _keep_found(base, name, msgspec.structs.replace(kept, files={**kept.files, **renewed}))
    return None if renewed is None else kept.content


def keep_found(base: Path, tree: SourceTree, name: str, before: Inputs, digests: Mapping[str, bytes], content: bytes) -> None:
    """Keeps what was computed under a name, unless something it depends on has changed since ``before``."""
    now = time.time_ns()
    files: dict[str, Contents] = {}
    for path, mark in before.marks.items():
        if _mark(os.path.join(tree.base, path)) != mark:
            return
        files[path] = Contents(_certain(mark, now), digests.get(path, b""))
    _keep_found(base, name, Found(before.key, files, content))


def _keep_found(base: Path, name: str, kept: Found) -> None:
    from decompose import emit
    from decompose.errors import DecomposeError

    try:
        content = msgspec.msgpack.encode(kept)
        emit.save(base, {f"{_CACHE.removeprefix('.decompose/')}/{name}": _digest(content) + content})
    except (DecomposeError, UnicodeEncodeError):
        return  # it is computed again


# --- what a result depends on --------------------------------------------------------------------


def _key(base: Path, config: Config, tree: SourceTree) -> bytes:
    names = (
        tree.roots,
        [(file.path, file.module, file.is_package, file.root) for file in tree.python],
        [file.path for file in tree.other],
        tree.skipped,
    )
    owner = base.stat().st_uid  # git and the file system look at who asks
    accepted = _digest(saved_plan(base) or b"")
    parts = (_installation(), base.name, config, names, state(base), owner, os.geteuid(), accepted)
    return _digest(repr(parts).encode("utf-8", "surrogatepass"))


def _installation() -> tuple[object, ...]:
    """What tells this decompose from another one: its version, its files, the Python that runs it, and when libraries were last installed."""
    here = os.path.dirname(__file__)  # noqa: PTH120
    libraries = os.stat(os.path.dirname(os.path.dirname(msgspec.__file__))).st_mtime_ns  # noqa: PTH120
    return (__version__, sys.version, libraries, sorted(_stamps(here, "")))


def _stamps(folder: str, inside: str) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    yield from _stamps(entry.path, f"{inside}{entry.name}/")
            elif entry.name.endswith(".py"):
                status = entry.stat()
                yield (f"{inside}{entry.name}", status.st_size, status.st_mtime_ns)


def _paths(base: Path, config: Config, tree: SourceTree) -> dict[str, int]:
    """Every file that is read, with the bytes that one of its sort may have."""
    paths = dict.fromkeys(read_paths(tree), LARGEST)
    paths.update(dict.fromkeys(evidence.present(base, config.evidence), evidence.LARGEST))
    return dict(sorted(paths.items()))


def _written(base: Path) -> bool:
    return any(os.path.lexists(base / path) for path in _WRITTEN)


_GONE = Mark(0, 0, -1)


def _mark(full: str) -> Mark:
    try:
        status = os.stat(full, follow_symlinks=False)
    except OSError:
        return _GONE
    return _mark_of(status)


def _mark_of(status: os.stat_result) -> Mark:
    return Mark(status.st_size, status.st_mtime_ns, status.st_ctime_ns) if stat.S_ISREG(status.st_mode) else Mark(0, 0, 0)


def _certain(mark: Mark, now: int) -> Mark:
    """The mark, of a file that changed just now without the time of that: another change might leave no trace in it."""
    return mark if mark.changed < now - _SETTLED else Mark(mark.size, mark.modified, 0)


def _contents(base: str, path: str, largest: int) -> bytes:
    from decompose.scan.read import Unread, contents

    try:
        return _digest(contents(base, path, largest))
    except Unread:
        return b""


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST).digest()


def saved_plan(base: Path) -> bytes | None:
    """The plan that ``decompose plan`` saved; ``None`` where there is none, nor for a link or anything else that is no file of ours."""
    return _read(base / PLAN)


def load_lock(base: Path) -> PlanLock | None:
    """What was signed, ``None`` when nothing ever was. Raises :class:`FileError` when it cannot be read, :class:`RefusedInput` when its map is not the signed one."""
    try:
        content = (base / LOCK).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileError(f"cannot read the signatures: {error.strerror}", place=LOCK) from error
    return read_lock(content, LOCK)


# --- where it is kept ----------------------------------------------------------------------------


def _kept(base: Path) -> Last | None:
    content = _intact(_read(base / KEPT))
    if content is None:
        return None
    try:
        return msgspec.msgpack.decode(content, type=Last)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _intact(content: bytes | None) -> bytes | None:
    """What a file of the cache holds behind its own digest, ``None`` for a damaged one."""
    return None if content is None or _digest(content[_DIGEST:]) != content[:_DIGEST] else content[_DIGEST:]


def _keep(base: Path, result: Last) -> None:
    from decompose import emit
    from decompose.errors import DecomposeError

    try:
        content = msgspec.msgpack.encode(result)
        emit.save(base, {KEPT.removeprefix(".decompose/"): _digest(content) + content})
    except (DecomposeError, UnicodeEncodeError):
        return  # it is computed again


def _read(file: Path, mark: Mark | None = None) -> bytes | None:
    """A regular file of ours, reached through no link and with the given mark; ``None`` for anything else."""
    folders: Iterable[Path] = list(file.parents)[: 2 if file.parent.name == "cache" else 1]
    try:
        if any(folder.is_symlink() for folder in folders):
            return None
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        with os.fdopen(descriptor, "rb") as stream:
            found = _mark_of(os.fstat(descriptor))
            return stream.read() if 0 < found.size <= _LARGEST and mark in (None, found) else None
    except OSError:  # a folder cannot even be wrapped
        return None
