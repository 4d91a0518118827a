"""To whom the judge gives a statement that a generic repository sent, as docs/decisions/0006-whose-statement.md says."""

from __future__ import annotations

from pathlib import Path

import compare
import pytest
from sqlalchemy_owners import Owners

TEXT = """\
class Repository:
    def get(self):
        return select(self.model)


class Answers:
    def get(self):
        return self.repository.get()


def tools(answers):
    return answers.get()


def tags(answers):
    return answers.get()
"""
REPOSITORY, ANSWERS, TOOLS, TAGS, TEST = (["shop.py", 3, ""], ["shop.py", 8, ""], ["shop.py", 12, ""], ["shop.py", 16, ""], ["tests/test_it.py", 1, ""])


def owners(tmp_path: Path, *frames: tuple[str, list[list[object]]]) -> Owners:
    (tmp_path / "shop.py").write_text(TEXT)
    statements = [{"how": "sent", "sql": f"SELECT {table}.id FROM {table}", "frames": each, "built": [each]} for table, each in frames]
    return Owners(compare.analyzed(tmp_path), statements, {"tools", "tags"})


def test_what_wraps_a_generic_repository_passes_on_to_its_caller(tmp_path: Path) -> None:
    found = owners(tmp_path, ("tools", [REPOSITORY, ANSWERS, TOOLS]), ("tags", [REPOSITORY, ANSWERS, TAGS]))
    assert found.of([REPOSITORY, ANSWERS, TOOLS]) == ["shop.tools", "shop.Answers.get", "shop.Repository.get"]


def test_what_was_seen_to_serve_one_table_owns_the_statement(tmp_path: Path) -> None:
    found = owners(tmp_path, ("tools", [REPOSITORY, ANSWERS, TOOLS]), ("tags", [REPOSITORY, TAGS]))
    assert found.of([REPOSITORY, ANSWERS, TOOLS]) == ["shop.Answers.get", "shop.Repository.get"]


@pytest.mark.parametrize(
    ("frames", "owner"),
    [([REPOSITORY, TEST], []), ([REPOSITORY, ANSWERS, TEST], ["shop.Answers.get", "shop.Repository.get"])],
)
def test_a_test_owns_nothing_and_leaves_it_to_the_wrapper_that_it_calls(tmp_path: Path, frames: list[list[object]], owner: list[str]) -> None:
    found = owners(tmp_path, ("tools", [REPOSITORY, ANSWERS, TOOLS]), ("tags", [REPOSITORY, ANSWERS, TAGS]))
    assert found.of(frames) == owner
