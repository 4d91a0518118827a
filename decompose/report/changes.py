"""What became of the contexts since the analysis before: a name that goes or comes is said, for people have it in their notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from decompose.report.text import plural


class _Module(msgspec.Struct):
    id: str
    context: str | None


class _Kept(msgspec.Struct):
    """The part of a kept analysis that says where modules were."""

    modules: list[_Module]


def kept_contexts(document: bytes) -> dict[str, str]:
    """The context of each module in an analysis as it is kept; empty when the document is none."""
    try:
        found = msgspec.json.decode(document, type=_Kept)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return {module.id: module.context for module in found.modules if module.context}


def changed_names(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """A line for each name of a context that has gone or come, with where most of its modules went or come from; modules by context."""
    gone = sorted(set(before.values()) - set(after.values()))
    came = sorted(set(after.values()) - set(before.values()))
    lines = [_line(name, "is no more", "now in", before, after) for name in gone]
    return lines + [_line(name, "is new", "before in", after, before) for name in came]


def _line(name: str, what: str, where: str, own: Mapping[str, str], other: Mapping[str, str]) -> str:
    modules = [module for module, context in own.items() if context == name]
    places = Counter(other[module] for module in modules if module in other)
    if not places:
        return f"{name} {what}: none of {plural(len(modules), 'module')} in another context"
    most, count = min(places.items(), key=lambda place: (-place[1], place[0]))
    return f"{name} {what}: {count} of {plural(len(modules), 'module')} {where} {most}"
