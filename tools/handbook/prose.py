"""Docstrings as Markdown: the few marks of reStructuredText that ours have."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence

_ROLE = re.compile(r":(?:class|func|meth|mod|data|attr|exc):`~?([^`]+)`")
_RULE = re.compile(r"=+( +=+)+ *$")
_TERM = re.compile(r"(``[^`]+``) {2,}(\S.*)$")


def markdown(docstring: str) -> str:
    """The docstring with code in single backticks, literal blocks as fences and tables as tables."""
    lines = inspect.cleandoc(docstring).splitlines()
    shown: list[str] = []
    position = 0
    while position < len(lines):
        line = lines[position]
        if _RULE.match(line):
            rows, position = _table(lines, position)
            shown += rows
        elif line.endswith("::"):
            block, position = _literal(lines, position + 1)
            said = line[:-2].rstrip()
            shown += [_inline(f"{said}:"), ""] if said else []
            shown += ["```text", *block, "```", ""]
        elif term := _TERM.match(line):
            shown.append(_inline(f"- {term[1]}: {term[2]}"))
            position += 1
        else:
            shown.append(_inline(line))
            position += 1
    return "\n".join(shown).strip()


def one_line(docstring: str) -> str:
    """The same in one line, for a cell of a table."""
    return " ".join(markdown(docstring).split()).replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    return [f"| {' | '.join(head)} |", f"|{'|'.join('---' for _ in head)}|", *(f"| {' | '.join(row)} |" for row in rows), ""]


def code(value: str) -> str:
    """``value`` as code that may stand in a table's cell."""
    return f"`{value}`".replace("|", "\\|") if value else ""


def _inline(text: str) -> str:
    return _ROLE.sub(r"`\1`", text).replace("``", "`")


def _literal(lines: list[str], start: int) -> tuple[list[str], int]:
    end = start
    while end < len(lines) and (not lines[end].strip() or lines[end].startswith(" ")):
        end += 1
    return inspect.cleandoc("\n".join(["", *lines[start:end]])).splitlines(), end


def _table(lines: list[str], start: int) -> tuple[list[str], int]:
    """A table between rules of equals signs, with a head or without one."""
    columns = len(lines[start].split())
    end = start + 1
    rules = [start]
    while end < len(lines) and lines[end].strip():
        if _RULE.match(lines[end]):
            rules.append(end)
        end += 1

    def cells(line: str) -> list[str]:
        found = re.split(r" {2,}", line.strip(), maxsplit=columns - 1)
        return [_inline(each) for each in found] + [""] * (columns - len(found))

    body = [cells(line) for line in lines[rules[-2] + 1 : rules[-1]]]
    head = cells(lines[start + 1]) if len(rules) > 2 else [""] * columns
    return table(head, body), end
