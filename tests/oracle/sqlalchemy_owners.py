"""To whom a statement belongs that ``sqlalchemy_accesses.py`` captured: the part of ``docs/decisions/0006-whose-statement.md`` about SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from compare import Analyzed, Executed, definition_at, is_test, named_in, state

Frames = list[list[Any]]


def executed_by(found: Analyzed, captured: dict[str, Any], tables: set[str]) -> Executed:
    """The triples of all captured statements; ``refreshed`` rows count as loaded."""
    executed = Executed()
    if captured.get("lines"):
        executed.lines = {path: set(lines) for path, lines in captured["lines"].items()}
    statements = captured["statements"]
    owners = Owners(found, statements, tables)
    for each in statements:
        how = each["how"]
        if how in ("loaded", "pending", "cascade"):
            mode = "read" if how == "loaded" else "write"
            executed.loaded.update((name, owners.known(each["sql"]), mode) for name in owners.of(each["frames"]))
        elif how == "refresh":
            executed.loaded.update((name, table, mode) for name in owners.of(each["frames"]) for table, mode in owners.named(each["sql"]))
        else:
            # What no line of the project has changed was changed by a test, whoever sends it on.
            asked = each["causes"] if how == "flush" else owners.asking(each)
            state(executed, [(names, frozenset()) for frames in asked if (names := owners.of(frames))], owners.named(each["sql"]))
    return executed


class Owners:
    """Definitions behind frames. A line that was seen to serve several tables, and a method that runs on a subclass, pass on to their caller.

    So does, in turn, the line of that caller when several tables were passed on to it: what wraps a generic repository is as generic.
    """

    def __init__(self, found: Analyzed, statements: list[dict[str, Any]], tables: set[str]) -> None:
        self.found = found
        self.tables = tables
        self._parsed: dict[str, list[tuple[str, str]]] = {}
        seen = list(self._lines_of(statements))
        self._shared: set[tuple[str, int]] = set()
        self._wrapping: set[tuple[str, int]] = set()
        self._shared = self._serving_several([(frames[:1], table) for frames, table in seen])
        while more := self._serving_several(seen) - self._shared - self._wrapping:
            self._wrapping |= more

    def _lines_of(self, statements: list[dict[str, Any]]) -> Iterator[tuple[Frames, str]]:
        """What shows whom a line serves: a pending change, or a statement that the project built, with its first table."""
        for each in statements:
            if each["how"] == "pending":
                yield each["frames"], each["sql"]
            elif each["how"] == "sent" and each["built"] and (named := self.named(each["sql"])):
                yield each["built"][0], next((table for table, mode in named if mode == "write"), named[0][0])

    def _serving_several(self, seen: list[tuple[Frames, str]]) -> set[tuple[str, int]]:
        """Lines that several tables were passed on to, so far as is known of the lines further in."""
        served: dict[tuple[str, int], set[str]] = {}
        for frames, table in seen:
            for path, line, on in frames:
                served.setdefault((path, line), set()).add(table)
                if not self._passes_on(path, line, on):
                    break
        return {place for place, tables in served.items() if len(tables) > 1}

    def _passes_on(self, path: str, line: int, on: str) -> bool:
        return self._is_generic(path, line, on) or (path, line) in self._wrapping

    def _is_generic(self, path: str, line: int, on: str) -> bool:
        definition = self.found.program.definition(definition_at(self.found, path, line))
        parent = definition.parent if definition is not None else ""
        inherited = bool(parent) and on not in ("", parent) and self.found.program.inherits(on, parent)
        return inherited or (path, line) in self._shared

    def named(self, sql: str) -> list[tuple[str, str]]:
        """Tables of the project in a statement, with their modes."""
        if sql not in self._parsed:
            named = ((self.known(table), mode) for table, mode in named_in(sql))
            self._parsed[sql] = [(table, mode) for table, mode in named if table in self.tables]
        return self._parsed[sql]

    def known(self, table: str) -> str:
        """A table's name in the text; the schema of a tenant is chosen when the program runs."""
        return table if table in self.tables else table.rpartition(".")[2]

    def asking(self, statement: dict[str, Any]) -> list[Frames]:
        """Who runs a statement and who built it; built where it is run it has one owner, that of the line which names the table."""
        built = statement["built"][:1]
        if built and statement["frames"] and self._place(built[0]) == self._place(statement["frames"]):
            return built
        return [statement["frames"], *built]

    def _place(self, frames: Frames) -> str:
        path, line, _ = frames[0]
        return definition_at(self.found, path, line)

    def of(self, frames: Frames) -> list[str]:
        """The owner and the names that may stand for it; none when it is a test."""
        names: list[str] = []
        kept = False
        for path, line, on in frames:
            inner = definition_at(self.found, path, line)
            if not inner or is_test(inner, self.found.tests):
                return names if kept else []
            names.insert(0, inner)
            if not self._passes_on(path, line, on):
                break
            # What wraps a generic method has a name of its own for it: that is whom a test calls.
            kept = not self._is_generic(path, line, on)
        return names
