"""The project as one graph."""

from __future__ import annotations

import pytest
from projects import Monolith, written

from decompose.graph.build import build
from decompose.graph.roles import role
from decompose.link.program import Program
from decompose.model.facts import Table
from decompose.model.location import Location
from decompose.model.source import SourceTree
from decompose.syntax.summary import summarize_sources

EMPTY = SourceTree("/", (".",), (), ())


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("shop/orders/models.py", "code"),
        ("shop/orders/tests.py", "test"),
        ("tests/orders.py", "test"),
        ("shop/test_orders.py", "test"),
        ("shop/conftest.py", "test"),
        ("shop/contest.py", "code"),
        ("shop/orders/migrations/0001_initial.py", "migration"),
        ("alembic/versions/0a_x.py", "migration"),
        ("shop/versions/x.py", "code"),
        ("shop/settings/base.py", "settings"),
        ("shop/settings.py", "settings"),
        ("shop/tester/x.py", "code"),
    ],
)
def test_a_file_has_a_role_by_its_place(path: str, wanted: str) -> None:
    assert role(path) == wanted


def test_a_script_of_alembic_is_a_migration_in_a_folder_of_any_name() -> None:
    text = '# shop/revisions/versions/1_x.py\nrevision = "1"\ndown_revision = None\n\n# shop/versions/y.py\nrevision = "1"\n'
    roles = {module.path: module.role for module in Monolith(text).graph.modules if not module.path.endswith("__init__.py")}
    assert roles == {"shop/revisions/versions/1_x.py": "migration", "shop/versions/y.py": "code"}


def test_support_that_only_tests_import_counts_as_a_test() -> None:
    text = "# a/x/factories.py\n\n# a/x/fixtures.py\n\n# a/x/tests.py\nimport a.x.factories, a.x.fixtures\n\n# a/x/m.py\nimport a.x.fixtures\n"
    roles = {module.id: module.role for module in Monolith(text).graph.modules}
    assert (roles["a.x.factories"], roles["a.x.fixtures"]) == ("test", "code")


def test_of_two_facts_on_a_table_the_richer_one_counts() -> None:
    at = Location("a.py", 1)
    bare, mapped = Table("t", "", at, "sql"), Table("t", "a.T", at, "django")
    program = Program(summarize_sources(written("# a.py\nclass T: ...\n")))
    assert build(program, EMPTY, [bare, mapped, bare]).tables == build(program, EMPTY, [mapped, bare]).tables == (mapped,)


def test_facts_in_any_order_make_the_same_graph() -> None:
    at = [Table(f"t{n}", "", Location("a.py", n), "sql") for n in range(5)]
    program = Program(summarize_sources(written("# a.py\n")))
    assert build(program, EMPTY, at) == build(program, EMPTY, at[::-1])


def test_files_that_cannot_be_read_are_named_with_their_reason() -> None:
    program = Program(summarize_sources({"a.py": "def f(:\n", "b.py": "", "b/__init__.py": ""}))
    found = build(program, EMPTY, []).failed
    assert [(each.path, each.line) for each in found] == [("a.py", 1), ("b/__init__.py", 1)]
    assert "b.py" in found[1].reason


def test_a_nested_definition_knows_the_outermost_one() -> None:
    text = "# a/x/m.py\nclass A:\n    def f(self):\n        def g(): ...\n"
    tops = {each.id: each.top for each in Monolith(text).graph.definitions}
    assert tops == {"a.x.m.A": "a.x.m.A", "a.x.m.A.f": "a.x.m.A", "a.x.m.A.f.g": "a.x.m.A"}


def test_frameworks_are_known_by_what_is_imported() -> None:
    assert Monolith("# a/x/m.py\nimport flask_sqlalchemy, celery.app\nfrom flask import Flask\n").graph.frameworks == ("celery", "flask", "sqlalchemy")
