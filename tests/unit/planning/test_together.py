"""A query that goes on where nothing is sealed is not sealed where it begins."""

from __future__ import annotations

import pytest
from projects import Monolith
from reviews_shop import MODELS, SHOP, VIEW

from decompose.model.settings import EdgeDecision

STAY = (EdgeDecision("reviews:orm:*", "stay"),)


def shown(code: str, decisions: tuple[EdgeDecision, ...] = ()) -> list[str]:
    head = f"from django.shortcuts import get_object_or_404\n{MODELS}"
    found = Monolith(SHOP, f"# {VIEW}\n{head}\ndef page(product: Product, pk: int):\n    {code}\n", decisions=decisions).edges("reviews", direction="in")
    return sorted(f"{edge.disposition} {edge.text}" for edge in found if edge.at.path == VIEW and edge.kind not in ("annotation", "import"))


GOES_ON = "found = Review.objects.filter(rating=3)\n    return found.filter(text='x').count()"


@pytest.mark.parametrize(("decisions", "disposition"), [((), "decide"), (STAY, "stay")])
def test_the_beginning_waits_with_the_rest_and_stays_with_it(decisions: tuple[EdgeDecision, ...], disposition: str) -> None:
    assert shown(GOES_ON, decisions) == [f"{disposition} filter(text=).count()", f"{disposition} objects.filter(rating=)"]


def test_rows_that_are_only_looped_over_are_sealed() -> None:
    assert shown("found = Review.objects.filter(rating=3)\n    return [each.text for each in found]") == ["operation objects.filter(rating=)"]


def test_a_query_inside_a_call_that_takes_queries_goes_with_it() -> None:
    code = "return get_object_or_404(Review.objects.filter(rating=3), **{'pk': pk})"
    assert {each.split()[0] for each in shown(code)} == {"decide"}
    assert {each.split()[0] for each in shown(code, STAY)} == {"stay"}


def test_a_row_that_is_held_is_no_query() -> None:
    assert shown("review = Review.objects.get(pk=pk)\n    review.nothing()") == ["decide nothing()", "operation objects.get(pk=)"]
