from __future__ import annotations

import time

from decompose.scan.ignore import parse


def test_the_last_matching_pattern_decides() -> None:
    rules = parse(["*.py", "!keep.py"])
    assert (rules.verdict("a.py"), rules.verdict("keep.py"), rules.verdict("a.txt")) == (True, False, None)


def test_a_pattern_with_a_slash_is_relative_to_its_folder() -> None:
    rules = parse(["/out/"], "shop")
    assert (rules.verdict("shop/out/"), rules.verdict("shop/deep/out/")) == (True, None)


def test_comments_blank_lines_and_nonsense_are_passed_over() -> None:
    assert not parse(["", "# *.py", "   ", "!"])


def test_a_pattern_made_to_take_forever_is_passed_over() -> None:
    rules = parse(["*a" * 50 + "b"])
    started = time.perf_counter()
    rules.verdict("a" * 250)
    assert time.perf_counter() - started < 1
