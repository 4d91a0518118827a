"""The monolith that is measured is the same everywhere, and decompose finds in it what was put there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from decompose.pipeline import analyze

from . import monolith

LINES = 6_000


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    return monolith.files(LINES)


def test_it_is_python_of_about_the_size_asked_for(drawn: dict[str, str]) -> None:
    for text in drawn.values():
        ast.parse(text)
    assert abs(sum(text.count("\n") for text in drawn.values()) - LINES) < LINES / 5


def test_it_is_the_same_every_time(drawn: dict[str, str]) -> None:
    assert monolith.files(LINES) == drawn


def test_its_tables_routes_and_tasks_are_found(tmp_path: Path) -> None:
    monolith.write(tmp_path, LINES)
    graph = analyze(tmp_path, cache=False, jobs=1).graph
    models = sum(len(app.models) for app in monolith.apps(LINES))
    own = {table.id for table in graph.tables if table.kind != "framework"}
    assert sorted(own) == monolith.tables(LINES)
    assert len(graph.routes) >= 2 * models
    assert len(graph.tasks) == models
