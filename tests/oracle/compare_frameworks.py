"""Compares what decompose finds in a project with what an oracle printed: true, found, missed, wrong, for each family of facts.

``python tests/oracle/compare_frameworks.py PROJECT ORACLE.json [--library PREFIX ...]``; facts of the oracle whose handler or table begins with a
``--library`` prefix belong to an installed library and are left out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from decompose.detect import fastapi, flask, sqlalchemy
from decompose.link.program import Program
from decompose.model.facts import Fact, ForeignKey, Route, Table
from decompose.syntax.summary import summarize_sources


def facts_of(project: Path) -> list[Fact]:
    """All facts that the three detectors find in the Python files below a folder."""
    sources = {path.relative_to(project).as_posix(): path.read_bytes() for path in sorted(project.rglob("*.py"))}
    program = Program(summarize_sources(sources))
    return [fact for detect in (sqlalchemy.detect, flask.detect, fastapi.detect) for fact in detect(program)]


def compare(facts: Iterable[Fact], oracle: dict[str, Any], library: tuple[str, ...]) -> list[tuple[str, set[Any], set[Any]]]:
    """For each family: its name, what is true, what was found."""
    found = list(facts)
    compared: list[tuple[str, set[Any], set[Any]]] = []
    if "tables" in oracle:
        tables = {name for name in oracle["tables"] if not name.startswith(library)}
        compared.append(("tables", tables, {fact.id for fact in found if isinstance(fact, Table)}))
        columns = {(table, column) for table in tables for column in oracle["tables"][table]}
        ours = {(fact.id, column.name) for fact in found if isinstance(fact, Table) for column in fact.columns}
        compared.append(("columns", columns, ours))
        keys = {tuple(key) for key in oracle["foreign_keys"] if not key[0].startswith(library)}
        declared = [fact for fact in found if isinstance(fact, ForeignKey) and fact.column]
        compared.append(("foreign keys", keys, {(key.table, key.column, key.target, key.on_delete) for key in declared}))
    if "routes" in oracle:
        routes = {(path, method) for path, methods, name in oracle["routes"] if not name.startswith(library) for method in methods}
        ours = {(fact.path, method) for fact in found if isinstance(fact, Route) for method in fact.methods}
        compared.append(("routes", routes, ours))
    return compared


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("oracle", type=Path)
    parser.add_argument("--library", action="append", default=[])
    options = parser.parse_args()
    oracle = json.loads(options.oracle.read_text())
    print(f"{'':14}{'true':>6}{'found':>7}{'missed':>8}{'wrong':>7}{'recall':>9}{'precision':>11}")
    for name, true, found in compare(facts_of(options.project), oracle, tuple(options.library) or ("\0",)):
        both = len(true & found)
        recall, precision = both / max(len(true), 1), both / max(len(found), 1)
        print(f"{name:14}{len(true):6}{both:7}{len(true - found):8}{len(found - true):7}{recall:9.1%}{precision:11.1%}")
        for label, difference in (("missed", true - found), ("wrong", found - true)):
            for each in sorted(difference)[:20]:
                print(f"    {label}: {each}")


if __name__ == "__main__":
    main()
