"""Where in a file of JSON a decoder stopped."""

from __future__ import annotations

import re


def line_of(content: bytes, error: Exception) -> int:
    """The line, from 1, of the byte that a decoder's message names; the first when it names none."""
    found = re.search(r"\(byte (\d+)\)", str(error))
    return content.count(b"\n", 0, int(found[1])) + 1 if found else 1
