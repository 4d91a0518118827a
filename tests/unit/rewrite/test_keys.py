"""Foreign keys lose their constraints and nothing else of their text."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

from decompose.rewrite.keys import declared_at, without_constraints


def changed(text: str, *fields: tuple[str, str]) -> str:
    return without_constraints("models.py", dedent(text).encode(), fields or [("Loan", "book")]).decode()


def formatted(text: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=100", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


CALLS = {
    "one line": "models.ForeignKey(Book, on_delete=models.CASCADE)",
    "one line that gets too long": 'models.ForeignKey(Book, on_delete=models.CASCADE, related_name="lent", null=True)',
    "one line of arguments": 'models.ForeignKey(\n        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="x"\n    )',
    "a line of arguments that gets too long": (
        'models.ForeignKey(\n        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="loans_of_reader"\n    )'
    ),
    "one argument a line": "models.ForeignKey(\n        Book,\n        on_delete=models.CASCADE,\n    )",
    "one argument": 'models.ForeignKey("Book")',
    "said already": "models.ForeignKey(Book, db_constraint=True, on_delete=models.CASCADE)",
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_declaration_keeps_the_layout_that_a_formatter_gives_it(call: str) -> None:
    text = f"class Loan(models.Model):\n    book = {call}  # x\n    note = models.TextField()\n"
    assert formatted(text) == text
    found = changed(text)
    assert found.count("db_constraint=False") == 1 and "db_constraint=True" not in found
    assert formatted(found) == found
    assert changed(found) == found, "twice is once"
    assert found.endswith("  # x\n    note = models.TextField()\n")


def test_only_the_field_of_the_class_is_changed() -> None:
    text = """
    class Other(models.Model):
        book = models.ForeignKey(Book, on_delete=models.CASCADE)

    class Loan(models.Model):
        class Inner:
            book = models.ForeignKey(Book, on_delete=models.CASCADE)
        book: models.ForeignKey = models.ForeignKey(Book, on_delete=models.CASCADE)
    """
    lines = changed(text).splitlines()
    assert [number for number, line in enumerate(lines, 1) if "db_constraint" in line] == [8]


def test_a_relation_over_a_model_of_its_own_has_no_constraint_to_lose() -> None:
    text = 'class Loan(models.Model):\n    book = models.ManyToManyField(Book, through="Copy")\n'
    assert changed(text) == text


@pytest.mark.parametrize(("line", "found"), [(2, ("Loan", "book")), (4, ("Loan", "book")), (6, ("Loan.Inner", "x")), (1, None), (7, None)])
def test_a_field_is_found_by_any_line_of_its_declaration(line: int, found: tuple[str, str] | None) -> None:
    text = b"class Loan:\n    book = Key(\n        Book,\n    )\n    class Inner:\n        x = Key(Book)\nother = Key()\n"
    assert declared_at(text, line) == found
