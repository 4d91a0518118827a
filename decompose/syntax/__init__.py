"""The compile step: each file's text -> its :class:`~decompose.model.syntax.ModuleSummary`, symbolic and cached.

:func:`summaries` does it for a whole tree, :func:`~decompose.syntax.summary.summarize` for one text.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from decompose import __version__
from decompose.model.source import SkippedFile, SourceFile, SourceTree
from decompose.model.syntax import ModuleSummary
from decompose.scan.cache import SCHEMA, Cache
from decompose.scan.read import Compiler, Progress, compile_all
from decompose.syntax.summary import VERSION, crashed, packed, silent, summarize, summarize_sources, unpacked

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["failures", "summaries", "summarize", "summarize_sources"]


def summaries(
    tree: SourceTree,
    *,
    jobs: int | None = None,
    cache: Cache | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    instead: Mapping[str, bytes] | None = None,
    digests: dict[str, bytes] | None = None,
) -> tuple[ModuleSummary, ...]:
    """One summary for each Python file of the tree, in its order. Files that cannot be read or parsed have a ``failure``.

    ``jobs``, ``progress``, ``executor`` and ``digests`` are as in :func:`~decompose.scan.read.compile_all`. ``instead`` has contents, by
    path, that are taken in place of what the file holds now.
    """
    compiler = Compiler(summarize, packed, unpacked, crashed, _version())
    with silent():
        made = compile_all(tree, compiler, jobs=jobs, cache=cache, progress=progress, executor=executor, digests=digests)
    given = instead or {}
    return tuple(
        summarize(file.path, file.module, file.is_package, given[file.path])
        if file.path in given
        else result if isinstance(result, ModuleSummary) else _unread(file, result)
        for file, result in made
    )  # fmt: skip


def _unread(file: SourceFile, skipped: SkippedFile) -> ModuleSummary:
    return ModuleSummary(
        file.path, file.module, file.is_package, 0, failure=skipped.reason, failure_line=max(skipped.line, 1)
    )


def failures(summarized: Iterable[ModuleSummary]) -> tuple[SkippedFile, ...]:
    """The files without facts, with place and reason."""
    return tuple(
        SkippedFile(summary.path, summary.failure_line, summary.failure) for summary in summarized if summary.failure
    )


def _version() -> str:
    """Under which cached summaries are still true."""
    return f"{SCHEMA}.{VERSION} {__version__} {sys.implementation.cache_tag}"
