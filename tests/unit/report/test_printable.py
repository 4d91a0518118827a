"""Names from the target must not drive the reader's terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decompose.report.printable import clipped, printable, printable_lines, width

ANYTHING = st.text(st.characters(codec=None, exclude_categories=()))


@settings(deadline=None)
@given(ANYTHING)
def test_no_control_direction_or_half_character_is_left(text: str) -> None:
    assert not [c for c in printable(text) if unicodedata.category(c) in ("Cc", "Cs") or c in "\u202e\u2066\u200f\u2028\u2029"]


@settings(deadline=None)
@given(ANYTHING)
def test_lines_stay_lines(text: str) -> None:
    assert printable_lines(text).count("\n") == text.count("\n")
    assert not [c for c in printable_lines(text) if unicodedata.category(c) == "Cc" and c not in "\n\t"]


@pytest.mark.parametrize(("text", "shown"), [("\x1b[2J", "\\x1b[2J"), ("a\nb", "a\\nb"), ("\u202egpj", "\\u202egpj"), ("größe 表", "größe 表")])
def test_what_is_harmless_stays_and_the_rest_is_spelled_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@settings(deadline=None)
@given(st.text(), st.integers(1, 20))
def test_clipped_text_fits(text: str, columns: int) -> None:
    assert width(clipped(printable(text), columns)) <= columns
