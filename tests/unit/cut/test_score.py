from __future__ import annotations

from drawing import draw

from decompose.cut.score import crossing, dependencies, scores

TEXT = "a.x: imports a.y, b.x, lib\na.y:\nb.x: imports lib\nlib:\ntests.test_a [test]: imports a.x, b.x"
PLACE = {"a.x": "a", "a.y": "a", "b.x": "b", "lib": "shared", "tests.test_a": "a"}
ROLES = {"a": "domain", "b": "domain", "shared": "shared"}


def test_use_of_shared_code_and_tests_crosses_nothing() -> None:
    assert crossing(dependencies(draw(TEXT)), PLACE, ROLES) == (1, 2)


def test_shares_count_code_without_tests() -> None:
    found = scores(draw(TEXT), dependencies(draw(TEXT)), PLACE, ROLES, (), (), (), 0.0, 1.0)
    assert (found.contexts, found.largest_share, found.coverage, found.inter_context_share) == (2, 0.5, 1.0, 0.5)


def test_one_context_for_everything_shows_in_the_largest_share() -> None:
    found = scores(draw(TEXT), dependencies(draw(TEXT)), dict.fromkeys(PLACE, "a"), {"a": "domain"}, (), (), (), 0.0, 1.0)
    assert (found.inter_context_share, found.largest_share) == (0.0, 1.0)
