"""Readiness is counted without making the edges that never wait; it must come out as if they had been made."""

from __future__ import annotations

import pytest
from projects import Monolith
from reviews_shop import MODELS, SHOP, shop

from decompose.model.settings import EdgeDecision
from decompose.planning.boundary import open_questions
from decompose.planning.readiness import surveyed
from decompose.planning.sight import ACTIVE, Sight

OPEN = f"{MODELS}\ndef page():\n    return page(Review)\n"

TESTS = """
# shop/tests/test_reviews.py
from shop.reviews.models import Review
from shop.reviews import services

def test_best():
    assert services.best(1) == list(Review.objects.all())
    assert page(Review)
"""


@pytest.mark.parametrize("files", [(), (OPEN,), (OPEN, TESTS), (TESTS,)])
def test_what_waits_is_what_waits_in_the_boundary(files: tuple[str, ...]) -> None:
    project = Monolith(SHOP, *files)
    active = Sight(project.program, project.graph, project.map, ACTIVE)
    for name in ("reviews", "catalog", "stock"):
        assert open_questions(active, project.cut(name)) == project.boundary(name).waiting


@pytest.mark.parametrize("decisions", [(), (EdgeDecision("reviews:*", "stay"),)])
def test_an_analysis_says_what_the_plan_will_say(decisions: tuple[EdgeDecision, ...]) -> None:
    project = shop(OPEN, decisions=decisions)
    found = surveyed(project.graph, project.program, project.map, project.config)
    assert {each.name: each.readiness for each in found.contexts} == {each.name: each.readiness for each in project.plan().context_map.contexts}
