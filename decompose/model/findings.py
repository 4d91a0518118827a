"""What ``check`` found: uses that nobody accepted, and what has become better."""

from __future__ import annotations

from typing import Literal

import msgspec

from decompose.model.location import Location
from decompose.model.lock import Link
from decompose.model.source import SkippedFile

UNREAD = "D210"
"""The code of a file that could not be read."""


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something to mend. ``key`` tells it from others whatever its line; ``next`` is what to do. A ``warning`` does not fail the check."""

    code: str
    key: str
    message: str
    next: str
    at: Location
    level: Literal["error", "warning"] = "error"
    places: tuple[Location, ...] = ()
    chain: tuple[Link, ...] = ()


class Checked(msgspec.Struct, frozen=True):
    """The outcome of a check: ``known`` crossings that were there when the plan was signed and still are, ``fixed`` keys of those that are gone,
    and how many new places are ``ignored`` by a comment with a reason.

    ``unread`` are the files that could not be read. While one of them was not unread already when the plan was signed the check is not ``complete``:
    known crossings that are not seen then are counted as ``unseen``, and none as fixed.
    """

    findings: tuple[Finding, ...]
    known: int
    fixed: tuple[str, ...]
    ignored: int
    unread: tuple[SkippedFile, ...] = ()
    unseen: int = 0
    schema: str = "decompose/check/1"

    @property
    def failed(self) -> bool:
        return any(finding.level == "error" for finding in self.findings)

    @property
    def complete(self) -> bool:
        return not any(finding.code == UNREAD and finding.level == "error" for finding in self.findings)


class Ignore(msgspec.Struct, frozen=True, array_like=True):
    """A comment ``# decompose: ignore[D201] reason``; ``codes`` and ``reason`` may be missing."""

    at: Location
    codes: tuple[str, ...]
    reason: str


class EditedFile(msgspec.Struct, frozen=True, array_like=True):
    """A generated file that is no longer as it was generated although edits belong elsewhere; ``gone`` when it was deleted."""

    path: str
    contexts: tuple[str, ...]
    gone: bool = False
