from __future__ import annotations

import pytest
from drawing import draw
from msgspec.structs import replace
from test_propose import SHOP

from decompose.cut.edited import Edited
from decompose.cut.explain import explain
from decompose.cut.propose import propose
from decompose.errors import UsageError
from decompose.model.contexts import Explanation
from decompose.model.edits import Merge
from decompose.model.location import Location
from decompose.model.runtime import Runtime, Tie
from decompose.model.settings import Config, ContextSettings

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


def test_a_definition_is_explained_by_what_it_uses() -> None:
    found = explained("shop.orders.services.commit")
    assert (found.subject, found.kind, found.context) == ("shop.orders.services.commit", "definition", "orders")
    assert "writes table orders_item (orders)" in [evidence.text for evidence in found.evidence_for]
    assert {evidence.text for evidence in found.evidence_against} >= {"calls shop.billing.services.commit (billing)", "calls shop.stock.services.commit (stock)"}
    assert found.alternative in ("billing", "stock")
    assert {line.partition(" -> ")[0].rpartition(" ")[0] for line in found.cost} == {
        "cut foreign keys", "cut transactions", "contested tables", "uses of it across contexts",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "explained_as"),
    [
        ("shop/orders/services.py", "shop.orders.services"),
        ("./shop/orders/services.py", "shop.orders.services"),
        ("shop/orders/services.py:22", "shop.orders.services.commit"),
        ("shop/orders/services.py:1", "shop.orders.services"),
    ],
)
def test_a_path_is_its_module_and_a_line_what_is_defined_there(subject: str, explained_as: str) -> None:
    assert explained(subject).subject == explained_as


@pytest.mark.parametrize("subject", ["orders", "shop.orders.services", "stock_item", "FK-001", "TX-002"])
def test_the_cost_of_the_alternative_is_in_keys_and_transactions_before_and_after(subject: str) -> None:
    cost = explained(subject).cost
    scores = MAP.scores
    assert any(f"cut foreign keys {scores.cut_foreign_keys} -> " in line for line in cost)
    assert any(f"cut transactions {scores.cut_transactions} -> " in line for line in cost)


@pytest.mark.parametrize("subject", ["orders", "shop.orders.services", "orders_item", "FK-001", "TX-002", "shop.orders.services.commit"])
def test_there_is_evidence_on_both_sides_with_places(subject: str) -> None:
    found = explained(subject)
    assert any(evidence.at for evidence in found.evidence_for)
    assert any(evidence.at for evidence in found.evidence_against)


def test_a_test_is_explained_by_the_code_around_it() -> None:
    found = explained("shop.orders.tests.test_views")
    assert "a test: it goes with the code of its package" in found.summary
    assert [evidence.text for evidence in found.evidence_for] == ["4 modules beside it are in orders", "imports shop.orders.services (orders)"]


def test_the_figures_after_a_merge_are_those_of_the_merged_cut() -> None:
    merged = propose(GRAPH, Config(contexts=(ContextSettings("orders", merge=("stock",)),)))
    after = Edited(GRAPH, MAP, Config()).after(Merge("stock", "orders")).scores()
    assert [after.cut_foreign_keys, after.cut_transactions, after.contested_tables] == [merged.scores.cut_foreign_keys, merged.scores.cut_transactions, merged.scores.contested_tables]


def test_a_thought_changes_nothing() -> None:
    edited = Edited(GRAPH, MAP, Config())
    edited.after(Merge("stock", "orders"), owners={"orders_item": "billing"})
    assert edited.scores() == MAP.scores


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


# --- what was seen at run time ------------------------------------------------------------------

SEEN = Runtime(
    files=("spans.json",),
    ties=(
        Tie("coverage", "shop.orders.services", "shop.stock.services", 1.0, 3, "3 of 4 places ran", (Location("shop/orders/services.py", 7),)),
        Tie("statement", "table:billing_item", "table:orders_item", 1.0, 12_345, "12,345 times", (Location("statements.csv", 3),)),
        Tie("span", "shop.billing.services", "shop.orders.services", 1.0, 12_345, "12,345 times", (Location("spans.json", 9),)),
        Tie("span", "shop.orders.views", "table:orders_item", 1.0, 7, "7 times, 2 of them writing", (Location("spans.json", 1),)),
        Tie("trace", "table:orders_item", "table:stock_item", 1.0, 55, "55 times", (Location("spans.json", 2),)),
    ),
    measured=("shop.orders.views", "shop.stock.views"),
    never_run=("shop.stock.views",),
)
RAN = replace(GRAPH, runtime=SEEN)


def texts(subject: str) -> dict[str, tuple[Location, ...]]:
    found = explain(RAN, MAP, subject)
    return {evidence.text: evidence.at for evidence in (*found.evidence_for, *found.evidence_against)}


def test_what_ran_together_is_evidence_with_its_numbers_and_places() -> None:
    assert texts("shop.orders.services")["ran together with shop.billing.services (billing), 12,345 times"] == (Location("spans.json", 9),)
    assert "ran together with shop.orders.services (orders), 12,345 times" in texts("shop.billing.services")


def test_code_that_ran_has_a_direction() -> None:
    assert "runs code of shop.stock.services (stock), 3 of 4 places ran" in texts("shop.orders.services")
    assert "is run by shop.orders.services (orders), 3 of 4 places ran" in texts("shop.stock.services")


def test_a_table_names_what_it_is_queried_and_written_with() -> None:
    found = texts("orders_item")
    assert "is queried together with table billing_item (billing), 12,345 times" in found
    assert "was written in one unit of work with table stock_item (stock), 55 times" in found
    assert "was used by the running shop.orders.views (orders), 7 times, 2 of them writing" in found
    assert "used when it ran table orders_item (orders), 7 times, 2 of them writing" in texts("shop.orders.views")


def test_a_context_counts_what_was_seen_within_and_across() -> None:
    assert any("12,345 spans" in text for text in texts("billing"))
    assert any(text.startswith("7 spans between its own modules and tables") for text in texts("orders"))


def test_a_module_that_never_ran_says_so() -> None:
    assert "none of its functions ran" in explain(RAN, MAP, "shop.stock.views").summary
    assert "none of its functions ran" not in explain(RAN, MAP, "shop.orders.views").summary


def test_what_was_seen_has_a_place_even_beside_stronger_evidence() -> None:
    weak = replace(SEEN, ties=tuple(replace(tie, strength=0.001) for tie in SEEN.ties))
    found = explain(replace(GRAPH, runtime=weak), MAP, "shop.orders.services")
    assert len([e for e in found.evidence_against if "12,345" in e.text or "places ran" in e.text]) == 1


def test_a_kind_without_weight_is_no_evidence() -> None:
    found = explain(RAN, MAP, "shop.orders.services", Config(weights=(("coverage", 0.0), ("span", 0.0))))
    assert not [e for e in (*found.evidence_for, *found.evidence_against) if "ran" in e.text]


def test_every_kind_of_evidence_has_words() -> None:
    from decompose.cut.coupling import KINDS
    from decompose.cut.explain import _SEEN, _VERBS

    assert set(KINDS) <= {*_VERBS, *(kind for kind, *_ in _SEEN)}


def test_a_module_of_no_context_is_said_to_be_that() -> None:
    graph = draw(SHOP + "\nodds.ends:")
    with pytest.raises(UsageError, match="belongs to no context"):
        explain(graph, propose(graph, Config()), "odds.ends")


def test_shared_code_has_no_share_that_stays() -> None:
    assert explained("shop.core.tools").summary == "belongs to shared; stays a library of the monolith"
