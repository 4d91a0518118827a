"""Unified diffs that ``git apply`` and ``patch -p1`` accept."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff


def unified(path: str, before: bytes | None, after: bytes | None, *, executable: bool = False) -> str:
    """The change of one file, ``""`` when there is none; ``None`` stands for a file that does not exist.

    Bytes that are not UTF-8 come out as lone surrogates (``surrogateescape``), so that writing them back gives the same bytes.
    """
    if before == after:
        return ""
    return "".join(_header(path, before, after, executable)) + "".join(_hunks(path, before, after))


def _header(path: str, before: bytes | None, after: bytes | None, executable: bool) -> Iterator[str]:
    yield f"diff --git a/{path} b/{path}\n"
    if before is None:
        yield f"new file mode {'100755' if executable else '100644'}\n"
    elif after is None:
        yield f"deleted file mode {'100755' if executable else '100644'}\n"


def _hunks(path: str, before: bytes | None, after: bytes | None) -> Iterator[str]:
    if b"\0" in (before or b"") or b"\0" in (after or b""):
        yield f"Binary files a/{path} and b/{path} differ\n"
        return
    old = "/dev/null" if before is None else f"a/{path}"
    new = "/dev/null" if after is None else f"b/{path}"
    for line in unified_diff(_lines(before), _lines(after), old, new):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: bytes | None) -> list[str]:
    lines = (text or b"").decode("utf-8", "surrogateescape").split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])
