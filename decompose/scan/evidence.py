"""The files of evidence from run time that the settings name: which they are, and their contents.

They are made by other tools, often ignored by git, and so no part of the source tree. Links are not followed.
"""

# Paths are plain strings where they are files of the project, as everywhere in this package.
# ruff: noqa: PTH118

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from decompose.errors import ConfigError, FileError
from decompose.model.settings import EvidenceSettings
from decompose.scan.read import Unread, contents

LARGEST = 128 * 1024 * 1024
"""Bytes of one file: ten times what a million measured lines take."""

MOST = 1_000
"""Files that one glob may stand for."""

_MADE = {
    "coverage": "`coverage run` and `coverage xml` make it",
    "statements": "export pg_stat_statements into it",
    "spans": "the collector's file exporter makes it",
}


def evidence_files(base: Path, settings: EvidenceSettings) -> list[tuple[str, str]]:
    """``(kind, path)`` of every file in force, sorted within its kind; paths are relative to ``base``.

    Raises :class:`FileError` for a name that no file has: without it the cut would be another one, and nobody would know.
    """
    found: list[tuple[str, str]] = []
    for kind in ("coverage", "statements", "spans"):
        paths: dict[str, None] = {}
        for pattern in getattr(settings, kind):
            matching = _matching(base, pattern, kind)
            if not pattern.startswith("/"):  # settings come with the project; only a person may name what lies elsewhere
                _check_inside(base, matching)
            paths.update(dict.fromkeys(matching))
        found += [(kind, path) for path in sorted(paths)]
    return found


def present(base: Path, settings: EvidenceSettings) -> list[str]:
    """The paths of the files in force, ``[]`` when one is missing: what a kept result is compared by."""
    try:
        return sorted({path for _, path in evidence_files(base, settings)})
    except (ConfigError, FileError):
        return []


def evidence(base: Path, settings: EvidenceSettings) -> Iterator[tuple[str, str, bytes]]:
    """``(kind, path, contents)`` of every file in force. Raises :class:`FileError` for one that cannot be read."""
    for kind, path in evidence_files(base, settings):
        try:
            yield kind, path, contents(str(base), path, LARGEST)
        except Unread as error:
            raise FileError(f"the evidence of {kind} cannot be used: {error}", place=path, hint=_MADE[kind]) from error


def _matching(base: Path, pattern: str, kind: str) -> list[str]:
    full = os.path.join(base, pattern)
    if os.path.lexists(full):
        return [_path(base, full)]
    if not any(mark in pattern for mark in "*?["):
        raise FileError(f"there is no {pattern}, which is to be evidence of {kind}", place=pattern, hint=f"{_MADE[kind]}; or leave it out")
    start = Path(pattern[:1]) if pattern.startswith("/") else base
    try:
        files = (each for each in start.glob(pattern.lstrip("/")) if each.is_file() and not each.is_symlink())
        found = [_path(base, str(each)) for each in islice(files, MOST + 1)]
    except (OSError, ValueError) as error:
        raise FileError(f"cannot look for {pattern}: {error}", place=pattern) from error
    if len(found) > MOST:
        raise ConfigError(f"{pattern} stands for more than {MOST:,} files", place=pattern, hint="give a narrower glob in [evidence]")
    if not found:
        raise FileError(f"no file fits {pattern}, which is to be evidence of {kind}", place=pattern, hint=f"{_MADE[kind]}; or leave it out")
    return found


def _check_inside(base: Path, paths: list[str]) -> None:
    inside = base.resolve()
    for path in paths:
        if not (base / path).parent.resolve().is_relative_to(inside):
            raise FileError("the evidence lies outside the project, behind a link", place=path, hint="copy it into the project, or name it on the command line")


def _path(base: Path, file: str) -> str:
    """Relative to the project even from outside of it, so that a result says the same on every machine."""
    return Path(os.path.relpath(file, base)).as_posix()
