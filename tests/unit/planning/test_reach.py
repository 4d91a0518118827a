"""What units mention and which of them touch data."""

from __future__ import annotations

from projects import Monolith
from reviews_shop import SHOP

TEXT = """
# shop/catalog/tools.py
from shop.reviews.models import Review
from shop.reviews import services

STEP = 3

def pure(a):
    return a + STEP

class Report:
    def rows(self):
        return self.count()

    def count(self):
        return Review.objects.count()

def show():
    return Report().rows(), services.best(1)
"""

TOOLS = "shop.catalog.tools"


def test_a_unit_mentions_what_its_expressions_reach() -> None:
    reach = Monolith(SHOP, TEXT).sight.reach
    assert [mention.target for mention in reach.mentions(f"{TOOLS}.show")] == [
        f"{TOOLS}.Report", f"{TOOLS}.Report.rows", "shop.reviews.services.best",
    ]  # fmt: skip


def test_a_binding_belongs_to_the_body_of_its_module() -> None:
    reach = Monolith(SHOP, TEXT).sight.reach
    (mention,) = reach.mentions(f"{TOOLS}.pure")
    assert (mention.target, mention.target_unit, mention.kind) == (f"{TOOLS}.STEP", TOOLS, "binding")


def test_touching_goes_up_from_queries_to_callers() -> None:
    reach = Monolith(SHOP, TEXT).sight.reach
    assert {name: reach.touches(f"{TOOLS}.{name}") for name in ("pure", "Report", "show")} == {"pure": False, "Report": True, "show": True}


def test_a_closure_holds_everything_mentioned_on_the_way() -> None:
    reach = Monolith(SHOP, TEXT).sight.reach
    assert {"shop.reviews.services.best", "shop.reviews.models.Review", f"{TOOLS}.Report"} <= reach.closure([f"{TOOLS}.show"])
