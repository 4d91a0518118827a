"""Compares the accesses that decompose finds with the SQL that a project's tests sent (see ``sqlalchemy_accesses.py``).

``python tests/oracle/compare_accesses.py PROJECT accesses.json``. A fact is (definition, table, mode). Found are facts of the oracle that
we state as well; the precision is over certain accesses of definitions that the tests have run (a definition that sent no statement at
all proves nothing about what it would send).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from decompose.detect import sql, sqlalchemy
from decompose.detect.sqlalchemy.models import Models
from decompose.detect.sqlalchemy.names import Names
from decompose.link.program import Program
from decompose.model.facts import Access
from decompose.syntax.summary import summarize_sources

Fact = tuple[str, str, str]


def program_of(project: Path) -> Program:
    """The linked project."""
    sources = {path.relative_to(project).as_posix(): path.read_bytes() for path in sorted(project.rglob("*.py"))}
    return Program(summarize_sources(sources))


def executed(program: Program, statements: list[tuple[list[tuple[str, int]], str]], left_out: tuple[str, ...]) -> set[Fact]:
    """(definition, table, mode) for each statement, by the innermost definition that is no method of a mixin of models."""
    modules = {module.path: module for module in program.modules.values()}
    shared = Models(program, Names(program)).symbolic
    parsed: dict[str, sql.Parsed] = {}
    found = set()
    for places, statement in statements:
        scopes = []
        for path, line in places:
            module = modules.get(path)
            around = [each for each in module.definitions if each.start <= line <= each.end_line and each.kind != "class"] if module else []
            inner = max(around, key=lambda each: each.line) if around else None
            if module is not None and (inner is None or inner.parent not in shared):
                scopes.append(inner.id if inner is not None else module.name)
        if not scopes or any(path.startswith(left_out) for path, _ in places):
            continue
        if statement not in parsed:
            parsed[statement] = sql.parse(statement)
        found.update((scopes[0], named.table, "write" if named.write else "read") for named in parsed[statement].tables)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("oracle", type=Path)
    parser.add_argument("--leave-out", action="append", default=[], help="folders such as migrations/")
    options = parser.parse_args()
    program = program_of(options.project)
    true = executed(program, json.loads(options.oracle.read_text()), tuple(options.leave_out) or ("\0",))
    accesses = [fact for detect in (sqlalchemy.detect, sql.detect) for fact in detect(program) if isinstance(fact, Access)]
    found = {(each.definition, each.table, each.mode) for each in accesses}
    ran = {definition for definition, _, _ in true}
    certain = {(each.definition, each.table, each.mode) for each in accesses if each.certain and each.definition in ran}
    print(f"executed {len(true)}, found {len(true & found)}, recall {len(true & found) / max(len(true), 1):.1%}")
    print(f"certain in definitions that ran {len(certain)}, executed {len(certain & true)}, precision {len(certain & true) / max(len(certain), 1):.1%}")
    for label, difference in (("missed", true - found), ("not executed", certain - true)):
        for each in sorted(difference):
            print(f"    {label}: {' '.join(each)}")


if __name__ == "__main__":
    main()
