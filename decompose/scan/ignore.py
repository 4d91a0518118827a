"""``.gitignore`` rules: which paths they leave out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

LONGEST = 400
MOST_STARS = 12
MOST_DOUBLE_STARS = 3
"""Patterns beyond these are passed over: matching them could take a very long time."""

_STARS = re.compile(r"(?:\[\^/\]\*){2,}")
# A star, what must follow it in the same name, and another star behind that.
_STAR_BEFORE_STAR = re.compile(r"\[\^/\]\*((?:\\.|\[(?:\\.|[^\]\\])+\](?!\*)|[^\[\]\\()/.*+?|$])+)(?=\[\^/\]\*)")


class Ignore(NamedTuple):
    """The patterns of one file; ``folder`` is where it lies, relative to the project (``""`` for the project)."""

    patterns: tuple[tuple[bool, re.Pattern[str]], ...]
    folder: str = ""
    any: re.Pattern[str] | None = None
    """Matches whatever any of the patterns matches: one search settles nearly every path."""

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def verdict(self, place: str) -> bool | None:
        """True: left out; false: kept by a ``!`` pattern; ``None``: nothing is said. Folders end with ``/``."""
        if self.any is None:
            return None
        inner = place[len(self.folder) + 1 :] if self.folder else place
        if self.any.match(inner) is None:
            return None
        for include, pattern in reversed(self.patterns):
            if pattern.match(inner) is not None:
                return include
        return None


def parse(lines: Iterable[str], folder: str = "") -> Ignore:
    """The rules of a ``.gitignore`` that lies in ``folder``; lines that are no valid pattern are passed over, as git does."""
    from pathspec import GitIgnoreSpec

    patterns: list[tuple[bool, re.Pattern[str]]] = []
    for line in lines:
        if not line.strip() or line.startswith("#") or len(line) > LONGEST or line.count("*") > MOST_STARS:
            continue
        if line.count("**") > MOST_DOUBLE_STARS:
            continue
        try:
            compiled = GitIgnoreSpec.from_lines([line]).patterns
        except ValueError:
            continue
        patterns.extend(
            (pattern.include, re.compile(_without_retrying(pattern.regex.pattern)))
            for pattern in compiled
            if pattern.include is not None and pattern.regex is not None
        )
    if not patterns:
        return Ignore((), folder)
    # Named groups may occur once in an expression only.
    joined = "|".join(re.sub(r"\(\?P<\w+>", "(?:", pattern.pattern) for _, pattern in patterns)
    return Ignore(tuple(patterns), folder, re.compile(joined))


def _without_retrying(expression: str) -> str:
    """The same rule without exponential time: where a star is followed by another one, its first match is as good as any later."""
    return _STAR_BEFORE_STAR.sub(r"(?>[^/]*?\1)", _STARS.sub("[^/]*", expression))
