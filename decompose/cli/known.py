"""Names in the last analysis and in the saved plan, for a shell to complete: read in a few milliseconds, the rest of both files is passed over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")
Named = tuple[str, str]
"""A name and what a shell may show beside it, ``""`` for nothing."""


class Names(msgspec.Struct, frozen=True):
    """What a person may name. Each list is in the order of its file."""

    contexts: tuple[Named, ...] = ()
    tables: tuple[Named, ...] = ()
    modules: tuple[Named, ...] = ()
    definitions: tuple[Named, ...] = ()
    decisions: tuple[Named, ...] = ()
    edges: tuple[Named, ...] = ()
    steps: tuple[Named, ...] = ()


class _Context(msgspec.Struct):
    name: str
    readiness: str = ""
    role: str = "domain"


class _Owned(msgspec.Struct):
    id: str
    owner: str | None = None


class _Placed(msgspec.Struct):
    id: str
    context: str | None = None


class _Analysis(msgspec.Struct):
    contexts: tuple[_Context, ...] = ()
    tables: tuple[_Owned, ...] = ()
    modules: tuple[_Placed, ...] = ()
    definitions: tuple[_Placed, ...] = ()


class _Decision(msgspec.Struct):
    id: str
    kind: str
    subject: str = ""
    proposal: str = ""


class _Edge(msgspec.Struct):
    id: str
    text: str = ""
    target: str = ""


class _Step(msgspec.Struct):
    id: str
    title: str = ""


class _Planned(msgspec.Struct):
    edges: tuple[_Edge, ...] = ()
    steps: tuple[_Step, ...] = ()


class _Member(msgspec.Struct):
    name: str
    readiness: str = ""
    role: str = "domain"
    modules: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()


class _Map(msgspec.Struct):
    contexts: tuple[_Member, ...] = ()


class _Plan(msgspec.Struct):
    """The saved plan: in version control, while an analysis is not."""

    decisions: tuple[_Decision, ...] = ()
    contexts: tuple[_Planned, ...] = ()
    context_map: _Map = msgspec.field(default_factory=_Map)


def names(base: Path) -> Names:
    """What the project at ``base`` has names for; empty where nothing was kept, or what was kept cannot be read."""
    analysis = _read(base / ".decompose/analysis.json", _Analysis)
    plan = _read(base / ".decompose/plan.json", _Plan)
    planned = plan.context_map.contexts
    return Names(
        contexts=tuple((each.name, _state(each)) for each in analysis.contexts or planned),
        tables=tuple((each.id, _of(each.owner)) for each in analysis.tables) or tuple((table, _of(each.name)) for each in planned for table in each.tables),
        modules=tuple((each.id, _of(each.context)) for each in analysis.modules) or tuple((module, _of(each.name)) for each in planned for module in each.modules),
        definitions=tuple((each.id, _of(each.context)) for each in analysis.definitions),
        decisions=tuple((each.id, f"{_line(each.subject)} ({each.proposal})") for each in plan.decisions if each.kind != "edge"),
        edges=tuple((each.id, _line(each.text or each.target)) for context in plan.contexts for each in context.edges),
        steps=tuple((each.id, _line(each.title)) for context in plan.contexts for each in context.steps),
    )


def _read(path: Path, kind: type[T]) -> T:
    with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(path.read_bytes(), type=kind)
    return kind()


def _state(context: _Context | _Member) -> str:
    return "stays a library" if context.role == "shared" else context.readiness


def _of(owner: str | None) -> str:
    return f"of {owner}" if owner else ""


def _line(text: str) -> str:
    """Text of the target on one line: a shell takes a line for a candidate."""
    return " ".join(_printable(text))[:_WIDE]


def _printable(text: str) -> Iterator[str]:
    yield from ("".join(char for char in word if char.isprintable()) for word in text.split())


_WIDE = 80
