"""The source as every use case reads it: files, their digests, what they say together, and the graph of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from decompose import emit
from decompose.errors import FileError
from decompose.graph.build import build as build_graph
from decompose.link.program import Program
from decompose.model.codegraph import CodeGraph
from decompose.model.facts import Fact
from decompose.model.settings import Config, EvidenceSettings
from decompose.model.source import History, SourceTree
from decompose.model.syntax import ModuleSummary
from decompose.project import packaging_paths, read_paths, sql_paths
from decompose.scan.cache import Cache, digest
from decompose.scan.read import Unread, collector_off, contents
from decompose.syntax import summaries

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from decompose.steps import Texts


PLAN = ".decompose/plan.json"

Progress = Callable[[str, int, int], None]
"""Called with the name of a stage, the work done and the whole of it (0: not known)."""


def source_texts(base: Path, tree: SourceTree, view: emit.Footprint) -> Texts:
    from decompose.steps import Texts

    def current(path: str) -> bytes | None:
        return contents(str(base), path) if (base / path).is_file() else None

    paths = frozenset(file.path for file in (*tree.python, *tree.other))
    return Texts(lambda path: text_of(tree, view, path), current, paths, frozenset(view.generated))


PLACES = 3
"""Places named for one reason."""


def heal(base: Path) -> None:
    """Finishes what a dead run left half-renamed, so that nobody analyzes a mixture."""
    if emit.interrupted(base):
        with emit.exclusive(base):
            pass


def looked_through(base: Path, without: Collection[str] | None) -> emit.Footprint:
    """What to look through. Generated services are always left out: they are copies of what is analyzed."""
    everything = emit.footprint(base)
    if without is None:
        return everything
    chosen = set(without)
    return msgspec.structs.replace(emit.footprint(base, chosen), generated=everything.generated)


@collector_off()
def linked(
    tree: SourceTree, view: emit.Footprint, progress: Progress | None, *, jobs: int | None, cache: bool, executor: Executor | None
) -> tuple[Program, CodeGraph, dict[str, bytes]]:
    """As the first half of :func:`analyze`, for those who have a cut already: the program, its graph, and the digests of the files."""
    return linked_by_stages(tree, view, Clock(progress), jobs=jobs, cache=cache, executor=executor)


def boundary_package(tree: SourceTree, view: emit.Footprint, program: Program, graph: CodeGraph, config: Config) -> str:
    """The dotted package of generated boundaries in the monolith."""
    from decompose.planning.project import project

    return project(program, graph, config, packaging_texts(tree, view), Path(tree.base).name).package


def linked_by_stages(
    tree: SourceTree, view: emit.Footprint, clock: Clock, *, jobs: int | None, cache: bool, executor: Executor | None
) -> tuple[Program, CodeGraph, dict[str, bytes]]:
    """The program and its graph before any opinion about contexts, with the digests of the files."""
    known: dict[str, bytes] = {}
    with clock("read"):
        summarized = _summaries(
            tree, view, known, jobs=jobs, cache=cache, progress=clock.report("read"), executor=executor
        )
    with clock("link"):
        program = Program(summarized, _sql_texts(tree, view))
    with clock("detect"):
        found = list(_facts(program, clock.report("detect")))
    with clock("graph"):
        whole, digests = source_digests(tree, view, known)
        graph = build_graph(program, tree, found, digest=whole)
    return program, graph, digests


def _summaries(
    tree: SourceTree,
    view: emit.Footprint,
    digests: dict[str, bytes],
    *,
    jobs: int | None,
    cache: bool,
    progress: Callable[[int, int], None],
    executor: Executor | None,
) -> tuple[ModuleSummary, ...]:
    """A summary of every Python file; one that could not be read has its reason as the failure. ``digests`` is filled with those of the files."""
    store = Cache(Path(tree.base) / ".decompose" / "cache" / "facts.sqlite") if cache else None
    try:
        return summaries(tree, jobs=jobs, cache=store, progress=progress, executor=executor, instead=view.originals, digests=digests)
    finally:
        if store is not None:
            store.close()


def _sql_texts(tree: SourceTree, view: emit.Footprint) -> dict[str, str]:
    """The files of SQL statements that can be read."""
    found: dict[str, str] = {}
    for path in sql_paths(tree):
        with suppress(FileError):  # gone since it was found: nothing says that anybody names it
            found[path] = text_of(tree, view, path).decode("utf-8-sig", "replace")
    return found


def _facts(program: Program, progress: Callable[[int, int], None]) -> Iterator[Fact]:
    from decompose.detect import detectors

    found = detectors()
    for index, (_, detect) in enumerate(found):
        progress(index, len(found))
        yield from detect(program)


def source_digest(tree: SourceTree, view: emit.Footprint) -> str:
    return source_digests(tree, view, {})[0]


def source_digests(tree: SourceTree, view: emit.Footprint, known: Mapping[str, bytes]) -> tuple[str, dict[str, bytes]]:
    """A hash over what a plan is made from: Python, SQL and packaging files, and the names of files that lie in packages.

    What decompose wrote does not count, nor do its settings, nor notes and data beside the code. With it the digest of each file
    that could be read; files whose digest is ``known`` are not read again.
    """
    whole = hashlib.blake2b(digest_size=16)
    digests: dict[str, bytes] = {}
    for path in sorted(read_paths(tree)):
        if path in view.generated:
            continue
        own = known.get(path) if path not in view.originals else None
        if own is None:
            try:
                own = digest(text_of(tree, view, path))
            except FileError:
                continue
        digests[path] = own
        whole.update(f"{path}\n".encode("utf-8", "surrogateescape"))
        whole.update(own)
    packages = {file.path.rpartition("/")[0] for file in tree.python if file.is_package}
    for file in tree.other:
        if file.path not in view.generated and not packages.isdisjoint(_folders(file.path)):
            whole.update(f"{file.path}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest(), digests


def _folders(path: str) -> Iterator[str]:
    while path:
        path = path.rpartition("/")[0]
        yield path


def text_of(tree: SourceTree, view: emit.Footprint, path: str) -> bytes:
    if (original := view.originals.get(path)) is not None:
        return original
    try:
        return contents(tree.base, path)
    except Unread as error:
        raise FileError(f"cannot read {path}: {error}", place=path) from error


def packaging_texts(tree: SourceTree, view: emit.Footprint) -> dict[str, str]:
    """The texts of files that say how the project is packaged, installed and tested."""
    texts = {}
    for path in sorted(packaging_paths(tree)):
        try:
            texts[path] = text_of(tree, view, path).decode("utf-8", "replace")
        except FileError:
            continue
    return texts


def past_commits(base: Path, config: Config) -> History:
    from decompose.scan.history import history

    return history(base, since=config.since)


def with_evidence(graph: CodeGraph, base: Path, config: Config) -> tuple[CodeGraph, dict[str, bytes]]:
    """The graph with what was seen at run time, where the settings name files of that, and the digests of these."""
    if config.evidence == EvidenceSettings():
        return graph, {}
    from decompose.observe.evidence import observed, recorded
    from decompose.scan.evidence import evidence

    files = list(evidence(base, config.evidence))
    return observed(graph, recorded(files)), {path: digest(content) for _, path, content in files}


class Clock:
    """Seconds by stage, and progress by stage for whoever watches."""

    def __init__(self, progress: Progress | None) -> None:
        self.timings: dict[str, float] = {}
        self._progress = progress

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        if self._progress:
            self._progress(stage, 0, 0)
        start = time.perf_counter()
        yield
        self.timings[stage] = time.perf_counter() - start

    def report(self, stage: str) -> Callable[[int, int], None]:
        watcher = self._progress
        return (lambda done, total: watcher(stage, done, total)) if watcher else (lambda done, total: None)
