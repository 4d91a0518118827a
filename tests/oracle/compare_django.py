"""Compares the Django detector's facts with what the running Django says (see ``django_registry.py``).

``python tests/oracle/compare_django.py PROJECT registry.json`` prints true, found, missed and wrong facts per kind, for the project's own
modules, and ends with 1 when a target of the project's quality bar is not reached.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from decompose.detect.django import detect
from decompose.link.program import Program
from decompose.model.facts import Fact, ForeignKey, Route, Table
from decompose.syntax import summarize_sources

BAR = {"tables": 0.99, "columns": 0.98, "relations": 0.98, "on_delete and accessor": 0.98, "route paths": 0.97, "route methods": 0.97, "route handlers": 0.97}


def read(project: Path) -> tuple[Program, list[Fact]]:
    sources = {path.relative_to(project).as_posix(): path.read_bytes() for path in sorted(project.rglob("*.py")) if "node_modules" not in path.parts}
    program = Program(summarize_sources(sources))
    return program, list(detect(program))


def normal(path: str) -> str:
    """A path without what regular expressions and converters write differently."""
    path = path.replace("\\Z", "").replace("\\.", ".").replace("\\-", "-").replace("\\/", "/")
    path = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"<\1>", path)
    path = re.sub(r"<\w+:(\w+)>", r"<\1>", path)
    path = path.replace("^", "").replace("$", "").replace("/?", "/")
    return re.sub(r"//+", "/", path)


def compare(project: Path, registry: dict[str, list[dict[str, object]]], show: int = 12) -> bool:
    program, facts = read(project)
    own = set(program.modules)
    tables = [each for each in registry["tables"] if each["module"] in own or (each["join"] and each["module"] in own)]
    names = {str(each["table"]) for each in tables}
    joins = {str(each["table"]) for each in tables if each["join"]}
    fine = True

    def line(kind: str, true: Iterable[object], found: Iterable[object]) -> None:
        nonlocal fine
        a, b = set(true), set(found)
        missed, wrong = sorted(map(str, a - b)), sorted(map(str, b - a))
        recall = len(a & b) / len(a) if a else 1.0
        precision = len(a & b) / len(b) if b else 1.0
        print(f"{kind:24} true {len(a):5} found {len(a & b):5} missed {len(missed):4} wrong {len(wrong):4} recall {recall:6.1%} precision {precision:6.1%}")
        for word, items in (("missed", missed), ("wrong", wrong)):
            for item in items[:show]:
                print(f"    {word}: {item}")
        fine = fine and recall >= BAR[kind] and precision >= BAR[kind]

    found_tables = {each.id: each for each in facts if isinstance(each, Table) and each.kind != "framework"}
    line("tables", names, found_tables)
    line(
        "columns",
        [(t["table"], c["name"], c["nullable"], c["primary_key"]) for t in tables if t["table"] in found_tables and not t["proxy"] for c in t["columns"]],
        [(t.id, c.name, c.nullable, c.primary_key) for t in found_tables.values() if t.id in names for c in t.columns],
    )
    relations = [each for each in registry["relations"] if each["table"] in names - joins]
    found_relations = [each for each in facts if isinstance(each, ForeignKey)]
    line(
        "relations",
        [(r["table"], r["column"], r["target"], r["kind"], r.get("through", "")) for r in relations],
        [(r.table, r.column, r.target, r.kind, r.through) for r in found_relations],
    )
    line(
        "on_delete and accessor",
        [(r["table"], r["column"], r["on_delete"], r["accessor"], r["nullable"]) for r in relations],
        [(r.table, r.column, "SET" if r.on_delete == "SET" else r.on_delete, r.accessor, r.nullable) for r in found_relations],
    )
    found_routes = [each for each in facts if isinstance(each, Route)]
    if found_routes:
        routes = [each for each in registry["routes"] if own & {str(each["handler"]).rpartition(".")[0]} and "format" not in str(each["path"])]
        ours = [each for each in found_routes if program.module_of(each.handler)]
        line("route paths", {normal(str(each["path"])) for each in routes}, {normal(each.path) for each in ours})
        line(
            "route methods",
            {(normal(str(each["path"])), m) for each in routes if each["methods"] is not None for m in each["methods"]},
            {(normal(each.path), m) for each in ours for m in each.methods if normal(each.path) not in _unknown(routes)},
        )
        true = {(normal(str(each["path"])), str(each["handler"]), each["name"]) for each in routes}
        inherited = {(path, name): handler for path, handler, name in true}
        found = set()
        for each in ours:
            handler = _class(program, each.handler)
            expected = inherited.get((normal(each.path), each.name), "")
            found.add((normal(each.path), expected if program.inherits(expected, handler) else handler, each.name))
        line("route handlers", true, found)
    return fine


def _unknown(routes: list[dict[str, object]]) -> set[str]:
    return {normal(str(each["path"])) for each in routes if each["methods"] is None}


def _class(program: Program, handler: str) -> str:
    """The view set of an action, which may be inherited."""
    definition = program.definition(handler)
    return definition.parent if definition is not None and definition.kind == "method" else handler


if __name__ == "__main__":
    sys.exit(0 if compare(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())) else 1)
