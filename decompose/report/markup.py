"""Markdown in which names from the target cannot become markup: they pass through :func:`text` or :func:`code`, never straight into a page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from decompose.model.location import Location
from decompose.report.printable import printable

TOP = 10
"""Rows shown at once; longer tables fold the rest away."""

_EVIDENCE = 3
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~&!$])")


def text(value: str) -> str:
    """``value`` as running text on one line: nothing in it is markup, in a table cell neither."""
    return _SPECIAL.sub(r"\\\1", printable(" ".join(value.split())))


def code(value: str) -> str:
    """``value`` as a code span on one line, also inside a table cell; ``""`` for an empty one."""
    line = printable(" ".join(value.split()))
    if not line:
        return ""
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}".replace("|", "\\|")


def places(found: Iterable[Location], most: int = _EVIDENCE) -> str:
    """The first places as ``path:line``, with the number of those left out."""
    listed = list(dict.fromkeys(found))
    shown = ", ".join(code(str(at)) for at in listed[:most])
    return shown + (f" and {len(listed) - most} more" if len(listed) > most else "")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table; beyond :data:`TOP` rows the rest is folded. Cells must be escaped already."""
    if not rows:
        return ["None."]
    title = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    if len(rows) <= TOP + 2:
        return [*title, *lines]
    rest = len(rows) - TOP
    return [*title, *lines[:TOP], "", f"<details><summary>{rest} more</summary>", "", *title, *lines[TOP:], "", "</details>"]


def label(value: str) -> str:
    """``value`` inside a quoted Mermaid label."""
    return re.sub(r"[^\w .,:;/()%+-]", lambda found: f"#{ord(found[0])};", printable(" ".join(value.split())))


def counts(names: Iterable[str]) -> str:
    """``2 decide, 1 event``, or ``none``."""
    return ", ".join(f"{count} {name}" for name, count in sorted(Counter(names).items())) or "none"
