"""The contents of the target's files, and what a compiler makes of each of them, in worker processes when that is faster."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import NamedTuple

from decompose.model.source import SkippedFile, SourceFile, SourceTree
from decompose.scan.cache import Cache, digest
from decompose.scan.tree import LARGEST

Compiler = Callable[[str, str, bool, bytes], bytes]
"""``(path, module, is_package, contents) -> bytes``: importable by name and free of side effects, so that it can run elsewhere."""

Progress = Callable[[int, int], None]
"""Called with the number of files done and of all files."""

WORTH_WORKERS = 2_000_000
"""Bytes of source below which starting processes takes longer than it saves."""
BATCH = 300_000
"""Bytes of source sent to a worker at once."""


class Unread(Exception):
    """A file cannot be read; the message is the reason."""


def contents(base: str, path: str) -> bytes:
    """The bytes of a regular file of the tree. Raises :class:`Unread`: gone, no permission, special, too large."""
    try:
        # Non-blocking, because a file may have become a pipe since it was found; links are never followed.
        descriptor = os.open(os.path.join(base, path), os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Unread("link, not followed") from None
        raise Unread(f"cannot be read: {error.strerror}") from None
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise Unread("not a regular file")
            if status.st_size > LARGEST:
                raise Unread(f"larger than {LARGEST // (1024 * 1024)} MiB ({status.st_size} bytes)")
            return file.read(LARGEST)
        except OSError as error:
            raise Unread(f"cannot be read: {error.strerror}") from None


def text(base: str, path: str) -> str:
    """The text of a file that is not Python source, as UTF-8 with what cannot be decoded replaced. Raises :class:`Unread`."""
    return contents(base, path).decode("utf-8-sig", "replace")


class Compiled(NamedTuple):
    """What the compiler made of one file, or why the file could not be read."""

    file: SourceFile
    result: bytes | SkippedFile


class _Job(NamedTuple):
    index: int
    path: str
    module: str
    is_package: bool
    source: bytes


def compile_all(
    tree: SourceTree,
    compiler: Compiler,
    *,
    crashed: Compiler,
    version: str,
    jobs: int | None = None,
    cache: Cache | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> list[Compiled]:
    """One result for each Python file of the tree, in its order, whatever the number of workers.

    ``version`` changes when the compiler's results do. ``crashed`` makes the result for a file that ended a worker
    process. ``jobs`` is the number of worker processes: ``None`` for one per processor, 1 for none. ``executor`` replaces
    the processes; file contents travel, so its workers need not see the files.
    """
    files = tree.python
    results: list[bytes | SkippedFile | None] = [None] * len(files)
    done = 0
    pending: list[_Job] = []
    marks: dict[int, tuple[int, int, bytes]] = {}
    size = 0
    report = progress or (lambda done, total: None)

    with _collector_off():
        known = cache.stored(version) if cache is not None else {}
        for index, file in enumerate(files):
            key = _key(file)
            full = os.path.join(tree.base, file.path)
            entry = known.get(key)
            if entry is not None and cache is not None:
                try:
                    status = os.stat(full, follow_symlinks=False)
                except OSError:
                    entry = None
                else:
                    if (status.st_mtime_ns, status.st_size) == entry.mark and stat.S_ISREG(status.st_mode):
                        found = cache.load(entry)
                        if found is not None:
                            results[index] = found
                            done += 1
                            continue
            try:
                source = contents(tree.base, file.path)
            except Unread as error:
                results[index] = SkippedFile(file.path, 0, str(error))
                done += 1
                continue
            if cache is not None:
                mark = _mark(full, source)
                hashed = digest(source)
                if entry is not None and entry.digest == hashed and (found := cache.load(entry)) is not None:
                    results[index] = found
                    cache.touch(version, key, *mark, hashed)
                    done += 1
                    continue
                marks[index] = (*mark, hashed)
            pending.append(_Job(index, file.path, file.module, file.is_package, source))
            size += len(source)
        del known
        report(done, len(files))
        for index, made in _made(pending, size, compiler, crashed, jobs, executor):
            results[index] = made
            done += 1
            if index in marks and cache is not None:
                cache.put(version, _key(files[index]), *marks[index], made)
            report(done, len(files))
        if cache is not None:
            cache.commit(version, {_key(file) for file in files})
    return [Compiled(file, result) for file, result in zip(files, results, strict=True) if result is not None]


def _key(file: SourceFile) -> str:
    # The result depends on the module's name too, which changes with the import roots.
    return f"{file.path}\n{file.module}\n{int(file.is_package)}"


def _mark(full: str, source: bytes) -> tuple[int, int]:
    """Time and size under which the contents may be taken as known; 0 when the file changed while it was read."""
    try:
        status = os.stat(full, follow_symlinks=False)
    except OSError:
        return 0, 0
    return (status.st_mtime_ns, status.st_size) if status.st_size == len(source) else (0, 0)


@contextmanager
def _collector_off() -> Iterator[None]:
    """Syntax trees hold no cycles that matter; the collector would only walk them again and again."""
    import gc

    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


# --- where the compiler runs ----------------------------------------------------------------------


def _made(
    pending: Sequence[_Job],
    size: int,
    compiler: Compiler,
    crashed: Compiler,
    jobs: int | None,
    executor: Executor | None,
) -> Iterable[tuple[int, bytes]]:
    if executor is not None:
        return _spread(pending, compiler, executor, None)
    workers = jobs or processors()
    if workers <= 1 or size < WORTH_WORKERS or len(pending) < 2:
        return ((job.index, compiler(job.path, job.module, job.is_package, job.source)) for job in pending)
    return _in_processes(pending, compiler, crashed, workers)


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _batches(pending: Sequence[_Job]) -> Iterator[list[_Job]]:
    batch: list[_Job] = []
    size = 0
    for job in pending:
        batch.append(job)
        size += len(job.source)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _run(compiler: Compiler, batch: list[_Job]) -> list[tuple[int, bytes]]:
    return [(job.index, compiler(job.path, job.module, job.is_package, job.source)) for job in batch]


def _spread(
    pending: Sequence[_Job], compiler: Compiler, executor: Executor, lost: list[list[_Job]] | None
) -> Iterator[tuple[int, bytes]]:
    """Batches through an executor. Batches of workers that died are put into ``lost``."""
    from concurrent.futures import FIRST_COMPLETED, wait
    from concurrent.futures.process import BrokenProcessPool

    running: dict[Future[list[tuple[int, bytes]]], list[_Job]] = {}
    batches = _batches(pending)
    exhausted = broken = False
    while running or not exhausted:
        while not exhausted and len(running) < 64:
            batch = next(batches, None)
            if batch is None:
                exhausted = True
            elif broken and lost is not None:
                lost.append(batch)
            else:
                try:
                    running[executor.submit(_run, compiler, batch)] = batch
                except BrokenProcessPool:
                    if lost is None:
                        raise
                    broken = True
                    lost.append(batch)
        if not running:
            continue
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            batch = running.pop(future)
            try:
                yield from future.result()
            except BrokenProcessPool:
                if lost is None:
                    raise
                broken = True
                lost.append(batch)


def _in_processes(
    pending: Sequence[_Job], compiler: Compiler, crashed: Compiler, workers: int
) -> Iterator[tuple[int, bytes]]:
    lost: list[list[_Job]] = []
    with _pool(min(workers, len(pending))) as pool:
        yield from _spread(pending, compiler, pool, lost)
    # A worker died: one file at a time, each in a process of its own, finds the file that did it.
    for batch in lost:
        for job in batch:
            alone: list[list[_Job]] = []
            with _pool(1) as pool:
                yield from _spread([job], compiler, pool, alone)
            if alone:
                yield job.index, crashed(job.path, job.module, job.is_package, job.source)


@contextmanager
def _pool(workers: int) -> Iterator[Executor]:
    """Worker processes that never import anything from the current folder."""
    import multiprocessing
    import threading
    from concurrent.futures import ProcessPoolExecutor

    # Forking starts at once and imports nothing; with other threads about it could inherit their locks.
    forks = sys.platform == "linux" and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if forks else "spawn")
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_quiet)
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list((getattr(pool, "_processes", None) or {}).values()):
                process.terminate()
            raise
        pool.shutdown()
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def _quiet() -> None:
    """In a worker: leave Ctrl-C to the main process, and the collector off."""
    import gc
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.disable()
