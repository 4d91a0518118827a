"""The contents of the target's files, and what a compiler makes of each of them, in worker processes when that is faster."""

# Paths are plain strings here: there are tens of thousands, and pathlib costs ten times as much.
# ruff: noqa: PTH116, PTH118

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from decompose.model.source import SkippedFile, SourceFile, SourceTree
from decompose.scan.cache import Cache, Entry, digest
from decompose.scan.tree import LARGEST

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from multiprocessing.connection import Connection

T = TypeVar("T")


class Compiler(NamedTuple, Generic[T]):
    """What is made of one file. The functions are importable by name and free of side effects, so that they run anywhere."""

    make: Callable[[str, str, bool, bytes], T]
    """``(path, module, is_package, contents)`` -> the result."""
    pack: Callable[[T], bytes]
    """The form in which results are stored and sent."""
    unpack: Callable[[bytes], T | None]
    """The result again, ``None`` for bytes that hold none."""
    crashed: Callable[[str, str, bool, bytes], T]
    """The result for a file that ended the process which read it."""
    version: str
    """Changes when results do."""


Progress = Callable[[int, int], None]
"""Called with the number of files done and of all files."""

WORTH_WORKERS = 2_000_000
"""Bytes of source below which starting processes takes longer than it saves."""
BATCH = 300_000
"""Bytes of source sent to a worker at once."""
MOST_RUNNING = 64
"""Batches that wait in an executor at a time: they are held in memory."""


class WorkerLost(Exception):
    """Raised by the future of an executor whose worker ended while it had the work."""


class Unread(Exception):
    """A file cannot be read; the message is the reason."""


def contents(base: str, path: str, largest: int = LARGEST) -> bytes:
    """The bytes of a regular file of the tree. Raises :class:`Unread`: gone, no permission, special, too large."""
    return _read(os.path.join(base, path), largest)[0]


def _read(full: str, largest: int = LARGEST) -> tuple[bytes, int]:
    """The bytes, and the time in ns under which they may be taken as known: that from before they were read."""
    try:
        # Non-blocking, because a file may have become a pipe since it was found; links are never followed.
        descriptor = os.open(full, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Unread("link, not followed") from None
        raise Unread(f"cannot be read: {error.strerror}") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)  # a folder cannot even be wrapped
        raise Unread("not a regular file")
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        try:
            if status.st_size > largest:
                raise Unread(f"larger than {largest // (1024 * 1024)} MiB ({status.st_size} bytes)")
            return file.read(largest), status.st_ctime_ns
        except OSError as error:
            raise Unread(f"cannot be read: {error.strerror}") from None


def text(base: str, path: str) -> str:
    """The text of a file that is not Python source, as UTF-8 with what cannot be decoded replaced. Raises :class:`Unread`."""
    return contents(base, path).decode("utf-8-sig", "replace")


class _Job(NamedTuple):
    position: int
    path: str
    module: str
    is_package: bool
    size: int
    """Bytes, as far as known: batches are made of about as many."""
    source: bytes | None = None
    """``None`` where whoever does the job reads the file."""
    mtime: int = 0


class _Done(NamedTuple):
    """What became of a job. ``unread`` is the reason why there is no result; ``packed`` is empty where it was not sent."""

    position: int
    packed: bytes = b""
    unread: str = ""
    mtime: int = 0
    size: int = 0
    digest: bytes = b""


def compile_all(
    tree: SourceTree,
    compiler: Compiler[T],
    *,
    jobs: int | None = None,
    cache: Cache | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    digests: dict[str, bytes] | None = None,
) -> list[tuple[SourceFile, T | SkippedFile]]:
    """For each Python file of the tree, in its order, what the compiler made of it, or why it could not be read.

    ``digests`` is filled with what identifies the contents of each file that was read, or is known to hold what it did.

    The results do not depend on ``jobs``, the number of worker processes: ``None`` for one per processor, 1 for none.
    ``executor`` replaces the processes; file contents travel, so its workers need not see the files.
    """
    files = tree.python
    results: dict[int, T | SkippedFile] = {}
    version = compiler.version
    with collector_off():
        pending = [
            _Job(index, file.path, file.module, file.is_package, file.size) for index, file in enumerate(files)
        ]
        known: dict[str, bytes] = {}
        if cache is not None:
            pending = list(_changed(tree, pending, compiler, cache, results, known))
        if progress is not None:
            progress(len(results), len(files))
        where = _Where(tree.base, marked=cache is not None or digests is not None)
        all_done = _made(pending, compiler, where, jobs, executor)
        with closing(all_done):
            for done, made in all_done:
                file = files[done.position]
                if made is None:
                    results[done.position] = SkippedFile(file.path, 1, done.unread)
                else:
                    results[done.position] = made
                    if done.digest:
                        known[file.path] = done.digest
                    if cache is not None and done.digest:  # what ended a process may not do it again
                        packed = done.packed or compiler.pack(made)
                        cache.put(version, _key(file), done.mtime, done.size, done.digest, packed)
                if progress is not None:
                    progress(len(results), len(files))
        if cache is not None:
            cache.commit(version, {_key(file) for file in files})
    if digests is not None:
        digests.update(known)
    return [(file, results[index]) for index, file in enumerate(files)]


def _changed(
    tree: SourceTree, jobs: list[_Job], compiler: Compiler[T], cache: Cache, results: dict[int, T | SkippedFile], digests: dict[str, bytes]
) -> Iterator[_Job]:
    """The jobs whose results are not stored; those that are go to ``results``, and to ``digests``. By time and size first, then by contents."""
    known = cache.stored(compiler.version)
    keys = [_key(file) for file in tree.python]
    unchanged = {
        job.position: entry
        for job, key in zip(jobs, keys, strict=True)
        if (entry := known.get(key)) is not None and _unchanged(f"{tree.base}/{job.path}", entry)
    }
    stored = cache.load_many(unchanged.values())
    for job, key in zip(jobs, keys, strict=True):
        entry = known.get(key)
        if entry is None:
            yield job
            continue
        packed = stored.pop(entry.row, None)
        result = compiler.unpack(packed) if packed is not None else None
        if result is None and job.position not in unchanged:
            try:
                source, mtime = _read(f"{tree.base}/{job.path}")
            except Unread as error:
                results[job.position] = SkippedFile(job.path, 1, str(error))
                continue
            job = job._replace(source=source, mtime=mtime, size=len(source))
            if entry.digest == digest(source) and (packed := cache.load(entry)) is not None:
                result = compiler.unpack(packed)
                if result is not None:
                    cache.touch(compiler.version, key, mtime, len(source), entry.digest)
        if result is None:
            yield job
        else:
            results[job.position] = result
            digests[job.path] = entry.digest


def _key(file: SourceFile) -> str:
    # The result depends on the module's name too, which changes with the import roots.
    return f"{file.path}\n{file.module}\n{int(file.is_package)}"


def _unchanged(full: str, entry: Entry) -> bool:
    try:
        status = os.stat(full, follow_symlinks=False)
    except OSError:
        return False
    # The time of the change, which nobody can set back, not that of the modification: unpacking an archive keeps the latter.
    return (status.st_ctime_ns, status.st_size) == entry.mark and stat.S_ISREG(status.st_mode)


@contextmanager
def collector_off() -> Iterator[None]:
    """What an analysis makes (syntax trees, summaries, facts) holds no cycles that matter; the collector would only walk it again and again."""
    import gc

    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.freeze()
            gc.enable()


# --- where the compiler runs ----------------------------------------------------------------------


class _Where(NamedTuple):
    """Where the files of jobs are, and whether what identifies their contents is wanted."""

    base: str
    marked: bool


def _made(
    pending: Sequence[_Job], compiler: Compiler[T], where: _Where, jobs: int | None, executor: Executor | None
) -> Generator[tuple[_Done, T | None], None, None]:
    """What became of each job, and its result."""
    workers = jobs or processors()
    size = sum(job.size for job in pending)
    if executor is None and (workers <= 1 or size < WORTH_WORKERS or len(pending) < 2):
        for job in pending:
            yield _do(job, where, compiler.make)
        return
    if executor is not None:
        sent = _through(executor, pending, compiler, where)
    else:
        sent = _in_processes(pending, compiler, where, workers)
    with closing(sent):
        for done in sent:
            made = None if done.unread else compiler.unpack(done.packed)
            if made is None and not done.unread:
                raise ValueError(f"a worker returned bytes that are no result for file {done.position}")
            yield done, made


def _do(job: _Job, where: _Where, make: Callable[[str, str, bool, bytes], T]) -> tuple[_Done, T | None]:
    try:
        job = _filled(job, where.base)
    except Unread as error:
        return _Done(job.position, unread=str(error)), None
    assert job.source is not None
    made = make(job.path, job.module, job.is_package, job.source)
    return _Done(job.position, b"", "", job.mtime, job.size, digest(job.source) if where.marked else b""), made


def _filled(job: _Job, base: str) -> _Job:
    """The job with what the file holds. Raises :class:`Unread`."""
    if job.source is not None:
        return job
    source, mtime = _read(f"{base}/{job.path}")
    return job._replace(source=source, mtime=mtime, size=len(source))


def _sent(job: _Job, where: _Where, make: Callable[[str, str, bool, bytes], T], pack: Callable[[T], bytes]) -> _Done:
    done, made = _do(job, where, make)
    return done if made is None else done._replace(packed=pack(made))


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _batches(pending: Sequence[_Job]) -> Iterator[list[_Job]]:
    batch: list[_Job] = []
    size = 0
    for job in pending:
        batch.append(job)
        size += job.size
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _run(
    make: Callable[[str, str, bool, bytes], T], pack: Callable[[T], bytes], where: _Where, batch: list[_Job]
) -> list[_Done]:
    return [_sent(job, where, make, pack) for job in batch]


def _through(
    executor: Executor, pending: Sequence[_Job], compiler: Compiler[T], where: _Where
) -> Generator[_Done, None, None]:
    """Batches through somebody's executor, at most as many at a time as are likely to run.

    A file that ends its worker is found where the executor survives that and says so by :class:`WorkerLost`.
    """
    from concurrent.futures import FIRST_COMPLETED, Future, wait

    batches = _batches(pending)
    alone: list[list[_Job]] = []
    running: dict[Future[list[_Done]], list[_Job]] = {}
    try:
        while True:
            while len(running) < MOST_RUNNING and (batch := alone.pop() if alone else next(batches, None)) is not None:
                ready: list[_Job] = []
                for job in batch:
                    try:
                        ready.append(_filled(job, where.base))
                    except Unread as error:
                        yield _Done(job.position, unread=str(error))
                if ready:
                    running[executor.submit(_run, compiler.make, compiler.pack, where, ready)] = ready
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                batch = running.pop(future)
                try:
                    yield from future.result()
                except WorkerLost:
                    if len(batch) > 1:
                        alone.extend([job] for job in batch)
                    else:
                        yield _sent(batch[0], where, compiler.crashed, compiler.pack)._replace(digest=b"")
    finally:
        for future in running:
            future.cancel()


class _Worker:
    """A process that takes one batch at a time; its end shows as the end of its connection."""

    def __init__(self, compiler: Compiler[T], where: _Where, others: Iterable[_Worker]) -> None:
        import multiprocessing
        import threading

        # Forking starts at once and imports nothing; with other threads about it could inherit their locks.
        forks = sys.platform == "linux" and threading.active_count() == 1
        context = multiprocessing.get_context("fork" if forks else "spawn")
        self.connection, end = context.Pipe()
        # A forked process would hold its siblings' connections open, and they would not notice when this process ends.
        inherited = [self.connection, *(other.connection for other in others)] if forks else []
        self.process = context.Process(  # type: ignore[attr-defined]
            target=_serve, args=(end, inherited, compiler.make, compiler.pack, where), daemon=True
        )
        with _safe_path():
            self.process.start()
        end.close()
        self.batch: list[_Job] = []

    def give(self, batch: list[_Job]) -> None:
        import msgspec

        self.batch = batch
        with suppress(OSError):  # it died while idle: noticed when the answer is read
            self.connection.send_bytes(msgspec.msgpack.encode(batch))

    def take(self) -> list[_Done] | None:
        """The answer: empty when the compiler raised, ``None`` when the process has ended."""
        import msgspec

        try:
            return msgspec.msgpack.decode(self.connection.recv_bytes(), type=list[_Done])
        except (EOFError, OSError):
            return None

    def end(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join()
        self.process.close()


def _serve(connection: Connection, inherited: list[Connection], make: Any, pack: Any, where: _Where) -> None:
    """The life of a worker. Ctrl-C is left to the process that started it."""
    import gc
    import signal

    import msgspec

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.disable()
    for other in inherited:
        other.close()
    limits = _Limits()
    while True:
        try:
            batch = msgspec.msgpack.decode(connection.recv_bytes(), type=list[_Job])
        except (EOFError, OSError):
            return
        limits.renew(sum(job.size for job in batch))
        try:
            answer = _run(make, pack, where, batch)
        except MemoryError:
            return
        except Exception:
            answer = []  # a bug of the compiler: raised again where it can be seen
        try:
            connection.send_bytes(msgspec.msgpack.encode(answer))
        except OSError:
            return


WORKER_SECONDS = 30
SECONDS_PER_MEGABYTE = 30
"""Processor time that a worker may take for a batch: many times what the slowest source needs."""
WORKER_MEMORY = 3 << 30
"""Bytes of address space that a worker may take beyond what it began with."""


class _Limits:
    """What the system enforces on a worker: one that computes or allocates without end is ended, and its batch tried file by file."""

    def __init__(self) -> None:
        try:
            import resource
        except ImportError:  # not on this system
            self._resource = None
            return
        self._resource = resource
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (_address_space() + WORKER_MEMORY, hard))

    def renew(self, size: int) -> None:
        """A new allowance of processor time for so many bytes of source."""
        if self._resource is None:
            return
        resource = self._resource
        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = used.ru_utime + used.ru_stime + WORKER_SECONDS + SECONDS_PER_MEGABYTE * size / 1_000_000
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, hard))


def _address_space() -> int:
    """Bytes of address space in use, 0 where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _in_processes(
    pending: Sequence[_Job], compiler: Compiler[T], where: _Where, count: int
) -> Generator[_Done, None, None]:
    """Batches through worker processes of our own. A file that ends its worker is found, and costs only itself."""
    from multiprocessing.connection import wait

    batches = _batches(pending)
    alone: list[list[_Job]] = []
    workers: list[_Worker] = []
    try:
        while True:
            for worker in [worker for worker in workers if not worker.batch]:
                batch = alone.pop() if alone else next(batches, None)
                if batch is None:
                    worker.end()
                    workers.remove(worker)
                else:
                    worker.give(batch)
            while len(workers) < count and (batch := alone.pop() if alone else next(batches, None)) is not None:
                workers.append(_Worker(compiler, where, workers))
                workers[-1].give(batch)
            if not workers:
                return
            ready = wait([worker.connection for worker in workers])
            for worker in [worker for worker in workers if worker.connection in ready]:
                batch, answer = worker.batch, worker.take()
                worker.batch = []
                if answer and (following := alone.pop() if alone else next(batches, None)) is not None:
                    worker.give(following)  # it goes on while this answer is looked at
                if answer is None:
                    worker.end()
                    workers.remove(worker)
                    if len(batch) > 1:
                        alone.extend([job] for job in batch)
                    else:
                        yield _sent(batch[0], where, compiler.crashed, compiler.pack)._replace(digest=b"")
                else:
                    yield from answer or _run(compiler.make, compiler.pack, where, batch)
    finally:
        for worker in workers:
            worker.end()


@contextmanager
def _safe_path() -> Iterator[None]:
    """A process started here never imports anything from the current folder."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before
