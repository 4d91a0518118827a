from __future__ import annotations

import time
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decompose.scan.ignore import parse


def test_the_last_matching_pattern_decides() -> None:
    rules = parse(["*.py", "!keep.py"])
    assert (rules.verdict("a.py"), rules.verdict("keep.py"), rules.verdict("a.txt")) == (True, False, None)


def test_a_pattern_with_a_slash_is_relative_to_its_folder() -> None:
    rules = parse(["/out/"], "shop")
    assert (rules.verdict("shop/out/"), rules.verdict("shop/deep/out/")) == (True, None)


def test_comments_blank_lines_and_nonsense_are_passed_over() -> None:
    assert not parse(["", "# *.py", "   ", "!"])


@pytest.mark.parametrize("pattern", ["*a" * 50 + "b", "*a" * 11 + "b", "a*" * 12 + "b", "[a-z]*" * 11 + "_", "a**" * 3 + "*a" * 5 + "b"])
def test_a_pattern_made_to_take_forever_does_not(pattern: str) -> None:
    rules = parse([pattern])
    started = time.perf_counter()
    rules.verdict("a" * 250)
    assert time.perf_counter() - started < 1


def test_folders_without_end_do_not_make_a_pattern_slow() -> None:
    rules = parse(["**/a/**/a/**/a/**/b", "a/**/b"])
    started = time.perf_counter()
    rules.verdict("a/" * 250 + "c")
    assert time.perf_counter() - started < 1


@given(st.text("ab*?", min_size=1, max_size=8), st.text("ab", min_size=1, max_size=8))
def test_several_stars_match_as_in_a_shell(pattern: str, name: str) -> None:
    assert bool(parse([pattern]).verdict(name)) == fnmatchcase(name, pattern)
