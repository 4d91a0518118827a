"""What a person must decide, told where and with what to write."""

from __future__ import annotations

import tomllib

import msgspec
from projects import Monolith
from reviews_shop import MODELS, VIEW, shop

from decompose.model.location import Location
from decompose.model.migration import BoundaryEdge, ContextPlan
from decompose.model.settings import EdgeDecision
from decompose.report.decisions import PLACES, SHOWN, undecided

OPEN = f"{MODELS}\ndef page():\n    return page(Review)\n"


def reviews(project: Monolith) -> ContextPlan:
    return next(each for each in project.plan().contexts if each.name == "reviews")


def test_an_open_question_says_where_why_and_what_to_write() -> None:
    context = reviews(shop(OPEN))
    (edge,) = [edge for edge in context.edges if edge.disposition == "decide"]
    text = undecided(context)
    assert f"{edge.id}  {VIEW}:5  page -> shop.reviews.models.Review" in text
    assert f"1 in import: {edge.reason}" in " ".join(text.split())
    assert f'id = "{edge.id}"\n    choice = "stay"' in text


def test_what_is_written_as_an_example_is_accepted() -> None:
    text = undecided(reviews(shop(OPEN)))
    example = text.partition("in decompose.toml:")[2].partition("  An id may be")[0]
    (decision,) = tomllib.loads("\n".join(line.strip() for line in example.splitlines()))["decisions"]
    assert reviews(shop(OPEN, decisions=[EdgeDecision(**decision)])).readiness == "ready"


def test_of_many_questions_the_first_places_are_shown_and_the_rest_is_counted() -> None:
    text = undecided(reviews(shop(OPEN + "    page(Review)\n" * 20)))
    assert "   21 in import: the model class" in text
    assert text.count(VIEW) == PLACES
    assert f"        and {21 - PLACES} more" in text
    assert "decompose show boundary reviews --disposition decide" in text


def test_of_many_reasons_the_rest_is_counted() -> None:
    words = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen")
    edges = tuple(
        BoundaryEdge(f"reviews-{word}", "in", "call", "shop.page", "shop.reviews.add", Location("shop/page.py", 1), "add", "decide", "decide", word)
        for word in words
    )
    text = undecided(msgspec.structs.replace(reviews(shop("")), edges=edges))
    assert text.count(" in call: ") == SHOWN
    assert f"    {len(words) - SHOWN} for {len(words) - SHOWN} more reasons" in text


def test_a_context_without_questions_has_nothing_to_say() -> None:
    assert undecided(reviews(shop(""))).strip() == ""
