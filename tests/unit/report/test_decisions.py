"""What a person must decide, told where and with what to write."""

from __future__ import annotations

import tomllib

from projects import Monolith
from reviews_shop import MODELS, VIEW, shop

from decompose.model.migration import ContextPlan
from decompose.model.settings import EdgeDecision
from decompose.report.decisions import SHOWN, undecided

OPEN = f"{MODELS}\ndef page():\n    return page(Review)\n"


def reviews(project: Monolith) -> ContextPlan:
    return next(each for each in project.plan().contexts if each.name == "reviews")


def test_an_open_question_says_where_why_and_what_to_write() -> None:
    context = reviews(shop(OPEN))
    (edge,) = [edge for edge in context.edges if edge.disposition == "decide"]
    text = undecided(context)
    assert f"{edge.id}  {VIEW}:5  import  page -> shop.reviews.models.Review" in text
    assert edge.reason in text
    assert f'id = "{edge.id}"\n    choice = "stay"' in text


def test_what_is_written_as_an_example_is_accepted() -> None:
    text = undecided(reviews(shop(OPEN)))
    example = text.partition("in decompose.toml:")[2].partition("  An id may be")[0]
    (decision,) = tomllib.loads("\n".join(line.strip() for line in example.splitlines()))["decisions"]
    assert reviews(shop(OPEN, decisions=[EdgeDecision(**decision)])).readiness == "ready"


def test_of_many_questions_the_rest_is_counted() -> None:
    text = undecided(reviews(shop(OPEN + "    page(Review)\n" * (SHOWN + 3))))
    assert "and 4 more: decompose show boundary reviews" in text


def test_a_context_without_questions_has_nothing_to_say() -> None:
    assert undecided(reviews(shop(""))).strip() == ""
