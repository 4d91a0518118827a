"""Places in the target's source; every claim that decompose makes carries one."""

from __future__ import annotations

import msgspec


class Location(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """A line in a file of the target: path relative to the project root with ``/``, line from 1."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class Span(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """The extent of an expression: lines from 1, columns in UTF-8 bytes from 0, end exclusive.

    These are the numbers of the standard library's ``ast``.
    """

    line: int
    column: int
    end_line: int
    end_column: int
