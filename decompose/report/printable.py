"""Names from the target on their way to a terminal: nothing in them can move the cursor, change colours or turn text around."""

from __future__ import annotations

import re
import unicodedata

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_UNSAFE_IN_LINES = re.compile(_UNSAFE.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f", 1))


def printable(text: str) -> str:
    """``text`` on one line with control, direction and invisible characters spelled out (``\\x1b``, ``\\u202e``)."""
    return _UNSAFE.sub(_spelled, text)


def printable_lines(text: str) -> str:
    """As :func:`printable`, with line ends and tabs kept: for diffs and other text of several lines."""
    return _UNSAFE_IN_LINES.sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def width(text: str) -> int:
    """Columns that ``text`` takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def clipped(text: str, columns: int, mark: str = "…", *, tail: bool = False) -> str:
    """``text`` cut to ``columns``, with a mark where something is missing: at the end, or in front with ``tail``."""
    if width(text) <= columns:
        return text
    kept = text
    while kept and width(kept) > max(columns - len(mark), 0):
        kept = kept[1:] if tail else kept[:-1]
    return mark + kept if tail else kept + mark
