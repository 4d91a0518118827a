"""Whose each piece of code is."""

from __future__ import annotations

from projects import Monolith

from decompose.cut.territory import Territories
from decompose.model.settings import Config, ContextSettings

SHOP = """
# shop/work.py
LIMIT = 3

def order():
    def inner():
        pass

def pay():
    pass

class Bill:
    def total(self):
        pass

# shop/stock.py
def count():
    pass

# shop/tests/test_work.py
def test_order():
    pass
"""


def territories(*given: str) -> Territories:
    contexts = (ContextSettings("orders", modules=("shop.**",)), ContextSettings("billing", modules=given))
    project = Monolith(SHOP, settings=Config(contexts=contexts))
    return Territories(project.graph, project.map)


def test_a_definition_is_with_its_module() -> None:
    assert territories("shop.stock").context_of("shop.work.order") == "orders"


def test_a_definition_may_be_elsewhere_than_its_module() -> None:
    found = territories("shop.work.Bill")
    assert (found.context_of("shop.work.Bill"), found.context_of("shop.work")) == ("billing", "orders")


def test_what_is_inside_a_definition_is_with_it() -> None:
    assert territories("shop.work.Bill").context_of("shop.work.Bill.total") == "billing"


def test_a_mixed_module_is_in_both_territories_and_its_statements_in_one() -> None:
    found = territories("shop.work.Bill")
    assert found.of("billing").units == {"shop.work.Bill"}
    assert found.of("billing").modules == {"shop.work"}
    assert found.of("orders").units >= {"shop.work", "shop.work.order", "shop.work.pay", "shop.stock", "shop.stock.count"}
    assert not found.of("orders").contains("shop.work.Bill")


def test_tests_are_in_no_territory() -> None:
    assert not any("test" in unit for unit in territories("shop.stock").of("orders").units)


def test_a_mixed_module_counts_in_proportion_to_its_definitions() -> None:
    sizes = territories("shop.work.Bill").sizes
    assert (round(sizes["billing"], 3), round(sizes["orders"] % 1, 3)) == (0.333, 0.667)


def test_every_module_of_code_counts_once() -> None:
    assert round(sum(territories("shop.work.Bill").sizes.values()), 6) == round(sum(territories("shop.stock").sizes.values()), 6)
