from __future__ import annotations

import pytest
from drawing import draw
from test_propose import SHOP

from decompose.cut.explain import explain
from decompose.cut.propose import propose
from decompose.errors import UsageError
from decompose.model.contexts import Explanation
from decompose.model.settings import Config

GRAPH = draw(SHOP.replace("table orders_item", "table orders_item; key stock_id -> stock_item CASCADE"))
MAP = propose(GRAPH, Config())


def explained(subject: str) -> Explanation:
    return explain(GRAPH, MAP, subject)


def test_a_module_is_explained_by_what_it_is_coupled_to() -> None:
    found = explained("shop.orders.services")
    assert found.context == "orders"
    assert any("shop.orders.models" in evidence.text for evidence in found.evidence_for)
    assert any("stock" in evidence.text or "billing" in evidence.text for evidence in found.evidence_against)


def test_evidence_has_places_and_the_strongest_comes_first() -> None:
    found = explained("shop.orders.services").evidence_for
    assert any(evidence.at for evidence in found)
    assert [e.weight for e in found] == sorted((e.weight for e in found), reverse=True)


def test_a_definition_is_explained_by_its_module() -> None:
    assert explained("shop.orders.services.commit").subject == "shop.orders.services"


def test_a_context_names_its_alternative_and_the_cost() -> None:
    found = explained("orders")
    assert found.alternative.startswith("merge with ")
    assert any("cut transactions" in line for line in found.cost)


def test_a_table_names_who_writes_it() -> None:
    found = explained("stock_item")
    assert (found.context, found.evidence_for[0].text) == ("stock", "stock writes it in 1 place")


def test_a_cut_key_says_between_which_contexts_it_runs() -> None:
    assert "from orders to stock" in explained("FK-001").summary


def test_a_cut_transaction_names_its_contexts() -> None:
    cut = next(transaction for transaction in MAP.transactions if transaction.cut)
    assert "billing, orders, stock" in explained(cut.id).summary


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    with pytest.raises(UsageError) as caught:
        explained("shop.ordres.services")
    assert "shop.orders.services" in caught.value.hint
