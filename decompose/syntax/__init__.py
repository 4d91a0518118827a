"""The compile step: each file's text -> its :class:`~decompose.model.syntax.ModuleSummary`, symbolic and cached.

:func:`summaries` does it for a whole tree, :func:`~decompose.syntax.summary.summarize` for one text.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from concurrent.futures import Executor

from msgspec import DecodeError

from decompose import __version__
from decompose.model.source import SkippedFile, SourceTree
from decompose.model.syntax import ModuleSummary
from decompose.scan.cache import SCHEMA, Cache
from decompose.scan.read import Progress, compile_all
from decompose.syntax.summary import VERSION, compiled, crashed, loaded, summarize, summarize_sources

__all__ = ["failures", "summaries", "summarize", "summarize_sources"]


def summaries(
    tree: SourceTree,
    *,
    jobs: int | None = None,
    cache: Cache | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> tuple[ModuleSummary, ...]:
    """One summary for each Python file of the tree, in its order. Files that cannot be read or parsed have a ``failure``.

    ``jobs``, ``progress`` and ``executor`` are as in :func:`~decompose.scan.read.compile_all`.
    """
    made = compile_all(
        tree, compiled, crashed=crashed, version=_version(), jobs=jobs, cache=cache, progress=progress, executor=executor
    )
    result = []
    for file, stored in made:
        if isinstance(stored, SkippedFile):
            result.append(ModuleSummary(file.path, file.module, file.is_package, 0, failure=stored.reason, failure_line=stored.line))
            continue
        result.append(loaded(stored))
    return tuple(result)


def failures(summarized: Iterable[ModuleSummary]) -> tuple[SkippedFile, ...]:
    """The files without facts, with place and reason."""
    return tuple(SkippedFile(summary.path, summary.failure_line, summary.failure) for summary in summarized if summary.failure)


def _version() -> str:
    """Under which cached summaries are still true."""
    return f"{SCHEMA}.{VERSION} {__version__} {sys.implementation.cache_tag}"
