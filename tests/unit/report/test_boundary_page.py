"""The boundary of a context as a page."""

from __future__ import annotations

import pytest
from projects import Monolith
from reviews_shop import MODELS, VIEW, shop

from decompose.model.migration import ContextPlan
from decompose.report.boundary import ORDER, general, groups, page
from decompose.report.text import Terminal

CODE = f"""{MODELS}
def view(product: Product, pk: int):
    for number in range(pk):
        Review.objects.filter(rating=number).count()
    view(Review)
    view(Review)
    return product.reviews.all()
"""
TESTS = "# shop/catalog/tests.py\nfrom shop.reviews.models import Review\n\ndef test_it():\n    assert not Review.objects.count()\n"


def plan(*files: str) -> ContextPlan:
    from reviews_shop import SHOP

    return next(each for each in Monolith(SHOP, f"# {VIEW}\n{CODE}", *files).plan().contexts if each.name == "reviews")


def shown(columns: int = 80, plan_: ContextPlan | None = None) -> str:
    chosen = plan_ or plan()
    return page(chosen, chosen.edges, Terminal(columns=columns))


def test_every_edge_is_on_the_page_with_its_place() -> None:
    chosen = plan()
    text = shown(plan_=chosen)
    for edge in chosen.edges:
        assert edge.id in text
        assert str(edge.at) in text


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_the_page_is_no_wider_than_the_screen(columns: int) -> None:
    assert max(map(len, shown(columns).splitlines())) <= min(columns, 100)


def test_what_waits_for_a_person_comes_first() -> None:
    heads = [line.split()[0].lower() for line in shown().splitlines() if line[:1].isupper()]
    assert heads[0] == "decide"
    assert heads == [each for each in ORDER if each in heads]


def test_alike_edges_stand_together_with_their_choices() -> None:
    assert "  2 in import: the model class itself is passed on" in shown()
    assert "    choices: stay\n" in shown()


def test_an_operation_is_shown_with_its_signature_and_the_loop_that_calls_it() -> None:
    text = shown()
    assert "  count_reviews(rating) -> integer; query, 2 s\n" in text
    assert "one call for each turn of the loop on line " in " ".join(text.split())


def test_tests_are_counted_by_file() -> None:
    assert "1 use in tests, which run unchanged: shop/catalog/tests.py (1)" in shown(plan_=plan(TESTS))


def test_a_page_without_edges_says_so() -> None:
    assert page(plan(), (), Terminal()) == "Nothing of that kind crosses the boundary of reviews.\n"


def test_reasons_that_differ_in_names_alone_are_one_group() -> None:
    assert general("save() is given pk") == "… is given pk"
    assert general("the type of 'event' is not known: annotate it at shop/a.py:8") == "the type of … is not known: annotate it at …"
    found = shop(f"{MODELS}\ndef view(product: Product):\n    product.reviews.in_order()\n    product.reviews.in_time()\n").edges("reviews", disposition="decide")
    assert [(title, len(alike)) for title, alike in groups(found)] == [("in accessor", 2)]
