from __future__ import annotations

import ast
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decompose.errors import RefusedInput
from decompose.generate import layout

LONG = "Review.objects.filter(product=product, status='published').exclude(author=author).order_by('-created_at', 'pk').select_related('author')"
WIDE = "Review.objects.filter(" + ", ".join(f"a_rather_long_name_{n}=a_rather_long_name_{n}" for n in range(5)) + ")"

literals = st.recursive(
    st.one_of(st.integers(), st.text(max_size=30), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(max_size=9), inner), st.tuples(inner)),
    max_leaves=12,
)


def formatted(source: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=100", "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout


@given(literals)
def test_a_literal_means_what_it_was_made_from(data: object) -> None:
    assert ast.literal_eval(layout.value(data)) == data


@pytest.mark.parametrize("source", [LONG, WIDE, "Review.objects.count()", "f(x)[:5]", "Review.objects.get(pk=pk).title"])
def test_a_returned_expression_is_laid_out_as_the_formatter_would(source: str) -> None:
    text = f"def f():\n{layout.returning(layout.expression(source))}\n"
    assert formatted(text) == text


@pytest.mark.parametrize(
    "data",
    [["word" * 5] * 6, {"key": ["word" * 8] * 4, "other": {}}, (("a" * 50, "b" * 50),), {"one": ("x" * 99,)}, []],
)
def test_a_long_literal_is_laid_out_as_the_formatter_would(data: object) -> None:
    text = f"NAME = {layout.value(data, 0, len('NAME = '))}\n"
    assert formatted(text) == text


def test_a_long_signature_has_one_parameter_a_line() -> None:
    text = layout.signature("f", ["*", *(f"parameter_number_{n}: int" for n in range(5))], "None")
    assert formatted(f"{text}\n    pass\n") == f"{text}\n    pass\n"


def test_imports_stand_in_the_formatters_order() -> None:
    symbols = ["shop.x.UNSET", "shop.x.Boundary", "shop.x.call", "datetime", "django.db.models", "os.path"]
    assert layout.imports(symbols, own="shop") == (
        "import datetime\nfrom os import path\n\nfrom django.db import models\n\nfrom shop.x import UNSET, Boundary, call"
    )


@given(st.text())
def test_no_text_passes_for_a_name_that_is_none(text: str) -> None:
    try:
        assert ast.parse(f"{layout.dotted(text)} = 1")
    except RefusedInput:
        assert not text.isidentifier() or text in ("None", "True", "False") or __import__("keyword").iskeyword(text)


def test_strings_of_an_expression_get_double_quotes_where_they_need_no_escape() -> None:
    assert layout.expression("""f('a', "b", 'say "x"')""") == """f("a", "b", 'say "x"')"""


@pytest.mark.parametrize(("source", "known"), [("1", True), ("'a'", True), ("()", True), ("[]", False), ("x", False), ("UNSET", False)])
def test_only_immutable_literals_are_defaults(source: str, known: bool) -> None:
    assert layout.is_literal(source) is known
