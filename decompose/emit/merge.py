"""Three-way merge of texts by lines: what a person changed and what decompose changed since both had the same text.

The method is that of diff3 (Khanna, Kunal, Pierce: A Formal Investigation of Diff3, 2007): lines that both sides kept are
anchors, and between two anchors a side that left the base alone gives way to the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

YOURS = b"<<<<<<< yours\n"
MIDDLE = b"=======\n"
OURS = b">>>>>>> decompose\n"


@dataclass(frozen=True)
class Merged:
    """The merged text; ``conflicts`` counts the regions that stand between markers."""

    text: bytes
    conflicts: int = 0


def merge(base: bytes, yours: bytes, ours: bytes, *, neighbours: bool = False) -> Merged:
    """``base`` with the changes of both sides.

    Where both changed the same lines differently, both versions stand between conflict markers, ``yours`` first. Texts are
    bytes and lines end at ``\\n``, so nothing is decoded and nothing else is touched. With ``neighbours`` lines taken out by
    one side and lines put in or taken out beside them by the other are no conflict: right for taking back one of several
    changes, too bold where a person's work meets news.
    """
    if yours == ours or ours == base:
        return Merged(yours)
    if yours == base:
        return Merged(ours)
    merged: list[bytes] = []
    conflicts = 0
    for chunk in _chunks(_lines(base), _lines(yours), _lines(ours)):
        old, mine, theirs = chunk
        if mine == theirs or theirs == old:
            merged += mine
        elif mine == old:
            merged += theirs
        elif neighbours and (both := _side_by_side(old, mine, theirs)) is not None:
            merged += both
        else:
            conflicts += 1
            merged += _conflict(mine, theirs)
    return Merged(b"".join(merged), conflicts)


def has_markers(text: bytes) -> bool:
    """True while a conflict of ours is not resolved."""
    return any(line in (YOURS, OURS) for line in _lines(text))


def mergeable(*texts: bytes) -> bool:
    """True when all are text: a NUL byte means that lines have no meaning."""
    return not any(b"\0" in text for text in texts)


Lines = list[bytes]


def _lines(text: bytes) -> Lines:
    lines = text.split(b"\n")
    last = lines.pop()
    return [line + b"\n" for line in lines] + ([last] if last else [])


def _chunks(base: Lines, yours: Lines, ours: Lines) -> Iterator[tuple[Lines, Lines, Lines]]:
    """The texts cut into aligned pieces, anchors (all three equal) and what lies between them."""
    done = (0, 0, 0)
    for start, mine, theirs, length in _anchors(base, yours, ours):
        between = (base[done[0] : start], yours[done[1] : mine], ours[done[2] : theirs])
        if any(between):
            yield between
        if length:
            anchor = base[start : start + length]
            yield anchor, anchor, anchor
        done = (start + length, mine + length, theirs + length)


def _anchors(base: Lines, yours: Lines, ours: Lines) -> Iterator[tuple[int, int, int, int]]:
    """(base, yours, ours, length) of every run of lines that both sides kept; the end of the texts last."""
    left, right = _matches(base, yours), _matches(base, ours)
    i = j = 0
    while i < len(left) and j < len(right):
        (base_a, at_a, size_a), (base_b, at_b, size_b) = left[i], right[j]
        start, end = max(base_a, base_b), min(base_a + size_a, base_b + size_b)
        if start < end:
            yield start, at_a + start - base_a, at_b + start - base_b, end - start
        if base_a + size_a < base_b + size_b:
            i += 1
        else:
            j += 1
    yield len(base), len(yours), len(ours), 0


def _matches(base: Sequence[bytes], other: Sequence[bytes]) -> list[tuple[int, int, int]]:
    """Matching runs (start in base, start in other, length). Equal ends are cut off first: most edits are small."""
    head = 0
    shorter = min(len(base), len(other))
    while head < shorter and base[head] == other[head]:
        head += 1
    tail = 0
    while tail < shorter - head and base[-1 - tail] == other[-1 - tail]:
        tail += 1
    matcher = SequenceMatcher(None, base[head : len(base) - tail], other[head : len(other) - tail], autojunk=False)
    runs = [(0, 0, head)] if head else []
    runs += [(a + head, b + head, size) for a, b, size in matcher.get_matching_blocks() if size]
    if tail:
        runs.append((len(base) - tail, len(other) - tail, tail))
    return runs


def _side_by_side(old: Lines, mine: Lines, theirs: Lines) -> Lines | None:
    """Both changes of a region when each line is kept, put in or taken out, and none is replaced; else ``None``."""
    left, right = _gaps(old, mine), _gaps(old, theirs)
    if left is None or right is None:
        return None
    (kept_left, new_left), (kept_right, new_right) = left, right
    if any(a and b and a != b for a, b in zip(new_left, new_right, strict=True)):
        return None
    merged: Lines = []
    for index in range(len(old) + 1):
        merged += new_left[index] or new_right[index]
        if index < len(old) and kept_left[index] and kept_right[index]:
            merged.append(old[index])
    return merged


def _gaps(old: Lines, new: Lines) -> tuple[list[bool], list[Lines]] | None:
    """Which old lines are kept, and what was put in before each of them and at the end; ``None`` where a line was replaced."""
    kept = [False] * len(old)
    put: list[Lines] = [[] for _ in range(len(old) + 1)]
    for tag, start, end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "replace":
            return None
        if tag == "insert":
            put[start] = new[first:last]
        elif tag == "equal":
            kept[start:end] = [True] * (end - start)
    return kept, put


def _conflict(mine: Lines, theirs: Lines) -> Lines:
    """Both versions between markers, without the lines at either end that they share."""
    head = 0
    shorter = min(len(mine), len(theirs))
    while head < shorter and mine[head] == theirs[head]:
        head += 1
    tail = 0
    while tail < shorter - head and mine[-1 - tail] == theirs[-1 - tail]:
        tail += 1
    left, right = mine[head : len(mine) - tail], theirs[head : len(theirs) - tail]
    block = [*mine[:head], YOURS, *_closed(left), MIDDLE, *_closed(right), OURS]
    return [*block, *mine[len(mine) - tail :]]


def _closed(lines: Lines) -> Lines:
    """The lines with a line end on the last one, so that a marker starts a line of its own."""
    return [*lines[:-1], lines[-1] + b"\n"] if lines and not lines[-1].endswith(b"\n") else lines
