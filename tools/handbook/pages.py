"""A page of the documentation as blocks, with the directives that say how each block is tested.

A directive is a comment on a line of its own above a fence. Readers never see it: :func:`published` takes it out.

==============================  =====================================================================
``<!-- start: sample -->``      what follows runs in a fresh copy of a project, in a new shell
``<!-- file: PATH -->``         the block is written to a file of the project
``<!-- append: PATH -->``       the block is added at the end of a file of the project
``<!-- patch: PATH -->``        the block is a difference, applied to the project
``<!-- exit: 1 -->``            how the block's last command ends, 0 when nothing is said
``<!-- lines: 1-4, 9, -2 -->``  which lines of the output are shown (``-2``: the last two); what is left out is a line ``...``
``<!-- long: why -->``          the block takes minutes: ``make e2e`` runs it
``<!-- elsewhere: PATH why -->``  the block is proven by the test in that file
``<!-- shown: why -->``         a form or a part of a file, which nothing runs
==============================  =====================================================================

In a block ``console`` lines after ``$`` are commands, those after ``>`` go on with one, the rest is what they print.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_DIRECTIVE = re.compile(r"<!-- (start|file|append|patch|exit|lines|long|elsewhere|shown): (.*?) -->$")
_FENCE = re.compile(r"( *)(`{3,})([\w-]*)(.*)$")


@dataclass(frozen=True)
class Block:
    """A fence of a page: ``line`` is that of its first line inside, counted from 1."""

    kind: str
    lines: tuple[str, ...]
    line: int
    directives: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


@dataclass(frozen=True)
class Command:
    """A command of a block and the output that is shown for it; ``line`` is where the output begins, relative to the block."""

    words: str
    output: tuple[str, ...]
    line: int


def blocks(text: str) -> Iterator[Block]:
    """The fences of a page in their order."""
    lines = text.splitlines()
    directives: dict[str, str] = {}
    position = 0
    while position < len(lines):
        if found := _DIRECTIVE.match(lines[position].strip()):
            directives[found[1]] = found[2]
        elif fence := _FENCE.match(lines[position]):
            start = position + 1
            position = next(number for number in range(start, len(lines)) if lines[number].strip() == fence[2])
            inside = tuple(line.removeprefix(fence[1]) for line in lines[start:position])
            yield Block(fence[3], inside, start + 1, directives)
            directives = {}
        elif lines[position].strip() and "start" not in directives:
            directives = {}
        position += 1


def commands(block: Block) -> list[Command]:
    """The commands of a block ``console``."""
    found: list[Command] = []
    for number, line in enumerate(block.lines):
        if line.startswith("$ "):
            found.append(Command(line[2:], (), number + 1))
        elif line.startswith("> ") and found and not found[-1].output:
            found[-1] = Command(f"{found[-1].words}\n{line[2:]}", (), number + 1)
        elif found:
            found[-1] = Command(found[-1].words, (*found[-1].output, line), found[-1].line)
    return found


def chosen(output: Iterable[str], ranges: str) -> list[str]:
    """The lines of an output that a page shows, with ``...`` for what is left out."""
    lines = list(output)
    if not ranges:
        return lines
    shown: list[str] = []
    last = 0
    for part in map(str.strip, ranges.split(",")):
        first, _, end = part.partition("-")
        start, stop = (int(first), min(int(end or first), len(lines))) if first else (len(lines) - int(end) + 1, len(lines))
        shown += ["..."] if start > last + 1 else []
        shown += lines[start - 1 : stop]
        last = stop
    return shown if last >= len(lines) else [*shown, "..."]


def published(text: str) -> str:
    """The page without directives."""
    kept = [line for line in text.splitlines() if not _DIRECTIVE.match(line.strip())]
    return "\n".join(kept) + "\n"
