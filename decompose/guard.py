"""The use cases after a plan is made: sign it, hold the code to it, and say what differs from it.

``plan.lock`` is what they share: :mod:`decompose.planning.signing` says what stands in it. A check needs the source and that file only, so that it gives
the same answer on a fresh checkout. Where nothing has changed it is to be quick: what reads source is imported when source is read.
"""

from __future__ import annotations

import io
import tokenize
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from decompose import emit, recall
from decompose.config import FILE_NAME, find, load, parse
from decompose.errors import Drifted, FileError, UsageError
from decompose.model.findings import Checked, Ignore
from decompose.model.location import Location
from decompose.model.lock import Crossing, PlanLock
from decompose.model.source import CRASHED, SkippedFile
from decompose.planning import signing
from decompose.planning.checking import checked, edited, ignore, over
from decompose.project import project_folder, source_tree

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from decompose.model.changes import PlanDiff
    from decompose.model.migration import MigrationPlan
    from decompose.model.settings import Config
    from decompose.model.source import SourceTree
    from decompose.pipeline import Progress
    from decompose.planning.comparing import Snapshot
    from decompose.report.exports import Cut

_KEPT = "crossings"
"""Name of what a check keeps in the cache."""


class _Seen(msgspec.Struct, frozen=True, array_like=True):
    """What a check found in the source, before it is compared with anything."""

    crossings: tuple[Crossing, ...]
    ignores: tuple[Ignore, ...]
    package: str
    unread: tuple[SkippedFile, ...]


# --- signing ------------------------------------------------------------------------------------


def accept(base: Path, migration: MigrationPlan, ids: Collection[str] = (), *, by: str, on: str) -> tuple[PlanLock, tuple[str, ...]]:
    """Writes ``plan.lock`` after ``by`` accepted parts of the plan, and gives back what of it is still unsigned.

    Raises :class:`UsageError` without a name, and what :func:`decompose.planning.signing.accept` raises.
    """
    if not by.strip():
        raise UsageError("nobody signs: git knows no name here", hint="say who you are with --by NAME, or set user.name in git")
    known = {crossing.key for crossing in migration.crossings}
    lock = signing.accept(migration, recall.load_lock(base), ids, by=by.strip(), on=on, known=known)
    emit.save_output(base / signing.LOCK, signing.write_lock(lock))
    return lock, tuple(signing.unsigned(migration, lock, today=on))


def waive(base: Path, id: str, *, reason: str, until: str = "", by: str = "", file: Path | None = None) -> Path:
    """Adds ``[[waivers]]`` to the project's settings, or changes the one with this id, and names the file. Comments and order stay.

    Raises :class:`UsageError` for a day that is none, :class:`ConfigError` and :class:`FileError` where the settings cannot be read.
    """
    from decompose.config_edits import SettingsText

    path = file or find(base) or base / FILE_NAME
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    parse(before, str(path))
    text = SettingsText(before, prefix="tool.decompose." if path.name == "pyproject.toml" else "", proposed=(), definitions={}, place={})
    text.waive(id, reason=reason, until=until, by=by)
    parse(text.text, str(path))
    emit.save_output(path, text.text.encode())
    return path


# --- checking -----------------------------------------------------------------------------------


def check(
    path: str | Path,
    *,
    config: Config | None = None,
    today: str = "",
    update_baseline: bool = False,
    jobs: int | None = None,
    cache: bool = True,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Checked:
    """What crosses the accepted cut and was not there when the plan was signed. Nothing of the target is imported or run.

    With ``update_baseline`` crossings that are gone leave ``plan.lock``: once mended, they are new when they come back. New ones never get in that
    way: a person signs them. Nothing leaves it while the check is not complete. ``today`` is for waivers that end. Raises :class:`UsageError` when nothing was ever signed.
    """
    base = project_folder(path)
    settings = config or load(base)
    lock = recall.load_lock(base)
    if lock is None:
        raise UsageError("no plan is signed here, so there is nothing to check against", hint="run `decompose plan`, then `decompose plan --accept`", place=signing.LOCK)
    view = emit.footprint(base)
    tree = source_tree(base, settings, view.generated)
    if not tree.python:
        raise UsageError(f"there is no Python file in {base}", hint="give the folder that holds the monolith")
    seen = _seen(base, settings, tree, view, lock, jobs=jobs, cache=cache, progress=progress, executor=executor)
    found = checked(seen.crossings, lock, seen.ignores, _sealed(base, seen.package), seen.unread)
    more = [*edited(emit.edited_by_hand(base)), *over(settings.waivers, today, _inside(base, settings.path))]
    if update_baseline and found.fixed:
        kept = msgspec.structs.replace(lock, known=tuple(sorted(set(lock.known) - set(found.fixed))))
        emit.save_output(base / signing.LOCK, signing.write_lock(kept))
    return msgspec.structs.replace(found, findings=tuple(sorted((*found.findings, *more), key=lambda each: (each.at, each.code, each.key))))


def _sealed(base: Path, package: str) -> dict[str, str]:
    """The generated boundary package of every context of which the monolith uses one."""
    written = emit.written_steps(base)
    if not written:
        return {}
    from decompose.steps import SEAL

    return {context: f"{package}.{context.replace('-', '_')}" for context, taken in written.items() if SEAL in taken}


def _inside(base: Path, path: str) -> str:
    """The configuration's path from the project where it lies in it."""
    with suppress(ValueError):
        return Path(path).resolve().relative_to(base.resolve()).as_posix()
    return path or "decompose.toml"


def _seen(
    base: Path, config: Config, tree: SourceTree, view: emit.Footprint, lock: PlanLock,
    *, jobs: int | None, cache: bool, progress: Progress | None, executor: Executor | None,
) -> _Seen:  # fmt: skip
    """Crossings and comments of today's source: those of the last check while nothing has changed."""
    about = msgspec.json.encode(lock.map, order="sorted")
    if cache:
        kept = recall.found(base, config, tree, _KEPT, about)
        with suppress(msgspec.DecodeError):
            if kept is not None:
                return msgspec.msgpack.decode(kept, type=_Seen)
    from decompose import pipeline
    from decompose.planning.accepted import accepted_map
    from decompose.planning.crossings import crossings

    before = recall.found_inputs(base, config, tree, about)
    program, graph, digests = pipeline.linked(tree, view, progress, jobs=jobs, cache=cache, executor=executor)
    found = crossings(graph, accepted_map(graph, lock.map, config))
    package = pipeline.boundary_package(tree, view, program, graph, config)
    failed = {each.path for each in graph.failed}
    seen = _Seen(found, tuple(_ignores(tree, view, failed)), package, graph.failed)
    if cache and not any(each.reason == CRASHED for each in graph.failed):  # that may go better the next time
        recall.keep_found(base, tree, _KEPT, before, digests, msgspec.msgpack.encode(seen))
    return seen


def _ignores(tree: SourceTree, view: emit.Footprint, failed: Collection[str]) -> Iterator[Ignore]:
    """Our comments in all files but those that ``failed`` to be read: of these nobody knows what there is to ignore."""
    from decompose import pipeline

    for file in tree.python:
        if file.path in failed:
            continue
        with suppress(FileError):  # gone since it was read
            text = pipeline.text_of(tree, view, file.path)
            if b"decompose:" in text:
                yield from _in_comments(file.path, text)


def _in_comments(path: str, text: bytes) -> Iterator[Ignore]:
    with suppress(tokenize.TokenError, SyntaxError):  # what stands before the place that is no Python is told
        for token in tokenize.tokenize(io.BytesIO(text).readline):
            if token.type == tokenize.COMMENT:
                found = ignore(token.string, Location(path, token.start[0]))
                if found is not None:
                    yield found


# --- comparing ----------------------------------------------------------------------------------


def diff(
    path: str | Path,
    against: str = "",
    *,
    config: Config | None = None,
    jobs: int | None = None,
    cache: bool = True,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> PlanDiff:
    """What the plan of today's source says differently from ``against``: a file (a plan or a plan.lock), or a git revision; by default what was signed.

    Of a revision its ``.decompose/plan.json`` is read, where that was not committed its ``plan.lock``. Raises :class:`UsageError` when there is
    neither.
    """
    from decompose import pipeline
    from decompose.planning.comparing import compared, of_plan

    base = project_folder(path)
    settings = config or load(base)
    before, name = _earlier(base, against)
    view = emit.footprint(base)
    tree = source_tree(base, settings, view.generated)
    try:
        now = pipeline.current_plan(base, settings, tree, view)
    except (Drifted, UsageError):
        now = pipeline.plan(base, config=settings, jobs=jobs, cache=cache, progress=progress, executor=executor)
    return compared(before, of_plan(now), name)


_TO_SIGN = "sign with `decompose plan --accept`, which writes plan.lock"


def _earlier(base: Path, against: str) -> tuple[Snapshot, str]:
    """What is compared with, and its name."""
    from decompose.pipeline import PLAN
    from decompose.scan.history import at_revision

    file = Path(against) if against else base / signing.LOCK
    if not file.is_absolute() and not file.is_file() and (base / file).is_file():
        file = base / file
    if file.is_file():
        try:
            return _snapshot(file.read_bytes(), str(against or signing.LOCK)), against or signing.LOCK
        except OSError as error:
            raise FileError(f"cannot read {file}: {error.strerror}", place=str(file)) from error
    if not against:
        raise UsageError("nothing is signed here to compare with", hint="name a plan or a git revision, or sign with `decompose plan --accept`", place=signing.LOCK)
    for kept in (PLAN, signing.LOCK):
        content = at_revision(base, against, kept)
        if content is not None:
            return _snapshot(content, f"{against}:{kept}"), f"{kept} at {against}"
    if file.name == signing.LOCK:
        raise UsageError("nothing is signed here to compare with", hint=_TO_SIGN, place=against)
    raise UsageError(
        f"{against!r} is no file, and no git revision with {PLAN} or {signing.LOCK} in it", hint="commit one of them, so that later states can be compared with it"
    )


def _snapshot(content: bytes, place: str) -> Snapshot:
    """A plan or a lock, told apart by what it says it is. Raises :class:`FileError` for anything else."""
    from decompose.pipeline import read_plan
    from decompose.planning.comparing import of_lock, of_plan

    try:
        kind = msgspec.json.decode(content, type=_Schema).schema
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        kind = ""
    if kind.startswith("decompose/plan/"):
        return of_plan(read_plan(content, place))
    return of_lock(signing.read_lock(content, place))


class _Schema(msgspec.Struct, frozen=True):
    schema: str


# --- other tools --------------------------------------------------------------------------------


def export(base: Path) -> tuple[Cut, tuple[str, ...]]:
    """The signed cut in packages and modules, and the import roots. Raises :class:`UsageError` when nothing is signed or there is no plan."""
    from decompose.pipeline import load_plan
    from decompose.report.exports import exported

    lock = recall.load_lock(base)
    if lock is None:
        raise UsageError("no plan is signed here", hint="run `decompose plan`, then `decompose plan --accept`", place=signing.LOCK)
    migration = load_plan(base)
    return exported(lock, migration.modules), (migration.project.source,)
