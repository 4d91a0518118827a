"""Compares certain and conventional accesses with the SQL that a project's own tests ran (see ``django_queries.py``).

``python tests/oracle/compare_django_accesses.py PROJECT queries.json``. A fact is (definition, table, mode). Recall is over what was executed
by code that is no test and no migration; precision is over certain accesses of the definitions that executed anything.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from compare_django import read

from decompose.detect import sql
from decompose.model.facts import Access, Table

Fact = tuple[str, str, str]


def is_test(definition: str) -> bool:
    parts = definition.split(".")
    return "migrations" in parts or any(part in ("tests", "test", "testing", "factories") or part.startswith("test_") for part in parts)


def compare(project: Path, executed: list[tuple[str, str, str, int]], show: int) -> None:
    program, facts = read(project)
    facts += list(sql.detect(program))
    tables = {each.id for each in facts if isinstance(each, Table)}
    true: set[Fact] = {(definition, table, mode) for definition, table, mode, _ in executed if table in tables and not is_test(definition)}
    accesses = [each for each in facts if isinstance(each, Access) and not is_test(each.definition)]
    found: set[Fact] = {(each.definition, each.table, each.mode) for each in accesses}
    ran = {definition for definition, _, _ in true}
    certain: set[Fact] = {(each.definition, each.table, each.mode) for each in accesses if each.certain and each.definition in ran}
    for mode in ("read", "write"):
        of_mode = {each for each in true if each[2] == mode}
        print(f"{mode:6} executed {len(of_mode):5} found {len(of_mode & found):5} recall {len(of_mode & found) / max(1, len(of_mode)):6.1%}")
    print(f"all    executed {len(true):5} found {len(true & found):5} recall {len(true & found) / max(1, len(true)):6.1%}")
    print(f"certain {len(certain):5} seen {len(certain & true):5} precision {len(certain & true) / max(1, len(certain)):6.1%}")
    for word, items in (("missed", true - found), ("not seen", certain - true)):
        for each in sorted(items)[:show]:
            print(f"    {word}: {' '.join(each)}")


if __name__ == "__main__":
    compare(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text()), int(sys.argv[3]) if len(sys.argv) > 3 else 30)
