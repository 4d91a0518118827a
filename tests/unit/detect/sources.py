"""Small programs for detectors: sources by path in, facts of one kind out, in a short form that a test can show."""

from __future__ import annotations

from textwrap import dedent
from typing import TypeVar

from decompose.detect import Detector
from decompose.link.program import Program
from decompose.model.facts import Access, Fact
from decompose.syntax.summary import summarize_sources

F = TypeVar("F")


def detected(detect: Detector, *texts: str, **files: str) -> list[Fact]:
    """All facts; one text alone is ``app.py``, keywords are module names with ``__`` for dots."""
    sources = {f"{name.replace('__', '/')}.py": dedent(text) for name, text in files.items()}
    if texts:
        sources["app.py"] = dedent("".join(texts))
    return list(detect(Program(summarize_sources(sources))))


def only(kind: type[F], facts: list[Fact]) -> list[F]:
    """The facts of one kind, in the order they were found."""
    return [fact for fact in facts if isinstance(fact, kind)]


def accesses(facts: list[Fact]) -> set[str]:
    """Accesses as ``function reads table`` and ``function writes table``, with ``maybe`` where they are not certain."""
    return {
        f"{access.definition.rpartition('.')[2]} {'' if access.certain else 'maybe '}{access.mode}s {access.table}"
        for access in only(Access, facts)
    }
