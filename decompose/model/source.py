"""The target's files, found and named but not yet read."""

from __future__ import annotations

import msgspec


class SourceFile(msgspec.Struct, frozen=True):
    """One file of the target.

    ``module`` is its dotted name as Python would import it from ``root`` (``""`` for a file that is
    not Python source); ``root`` is the import root's path relative to the project (``"."`` or ``"src"``).
    """

    path: str
    size: int
    module: str = ""
    is_package: bool = False
    root: str = "."


CRASHED = "ended the process that parsed it"
"""The reason of a file that took a worker with it; the next time it may not."""


class SkippedFile(msgspec.Struct, frozen=True):
    """A file that could not be read or parsed: named, with its cause, never dropped in silence."""

    path: str
    line: int
    reason: str


class SourceTree(msgspec.Struct, frozen=True):
    """All files of one project, sorted by path; ``base`` is its absolute folder."""

    base: str
    roots: tuple[str, ...]
    python: tuple[SourceFile, ...]
    other: tuple[SourceFile, ...]
    skipped: tuple[SkippedFile, ...] = ()


class Commit(msgspec.Struct, frozen=True):
    """One change in the target's git history: ``time`` is its Unix time, ``paths`` are relative to the project, sorted."""

    id: str
    time: int
    author: str
    paths: tuple[str, ...]


class History(msgspec.Struct, frozen=True):
    """The project's recent changes, newest first; ``problem`` says why there are none, ``""`` when git answered."""

    commits: tuple[Commit, ...] = ()
    problem: str = ""
