from __future__ import annotations

import msgspec
import pytest
from drawing import draw

from decompose.cut.propose import propose
from decompose.errors import ConfigError
from decompose.model.migration import Decision
from decompose.model.settings import Config, ContextSettings, EdgeDecision
from decompose.planning.decisions import decisions

TEXT = """
    orders.models: table order; key customer_id -> customer CASCADE; key country_id -> country PROTECT; key product_id -> product
    orders.services: imports orders.models, people.models; atomic writes order; calls people.services.visit
    orders.views: imports orders.services; reads product; reads product; reads product; reads product
    people.models: table customer; table country
    people.services: imports people.models; def visit writes customer
    people.views: imports people.services; writes customer
    goods.models: table product
    goods.services: imports goods.models; writes product
    sales.jobs: imports goods.models; writes product
"""
PINS = tuple(ContextSettings(name, modules=(f"{name}.**",)) for name in ("orders", "people", "goods", "sales"))


def decided(*choices: EdgeDecision) -> dict[str, Decision]:
    graph, config = draw(TEXT), Config(contexts=PINS, decisions=choices)
    return {decision.id: decision for decision in decisions(graph, propose(graph, config), config)}


def by_subject(part: str) -> Decision:
    return next(decision for decision in decided().values() if part in decision.subject)


def test_a_cascade_across_contexts_needs_a_contract_about_deletion() -> None:
    assert by_subject("order.customer_id").proposal == "soft-delete-contract"


def test_a_table_that_nobody_writes_is_reference_data() -> None:
    assert by_subject("order.country_id").proposal == "reference-data"


def test_many_reads_through_a_key_call_for_a_copy() -> None:
    found = by_subject("order.product_id")
    assert (found.proposal, len(found.evidence)) == ("replica", 5)


def test_a_write_that_can_follow_goes_through_an_outbox() -> None:
    found = decided()["TX-001"]
    assert (found.proposal, found.contexts) == ("outbox", ("orders", "people"))


def test_a_contested_table_gets_a_single_writer() -> None:
    found = decided()["TBL-product"]
    assert (found.proposal, found.contexts) == ("single-writer", ("goods", "sales"))


def test_every_decision_has_evidence_and_priced_alternatives() -> None:
    for decision in decided().values():
        assert decision.evidence
        assert all(alternative.cost for alternative in decision.alternatives)
        assert decision.proposal not in {alternative.choice for alternative in decision.alternatives}


def test_a_choice_by_id_is_accepted() -> None:
    found = decided(EdgeDecision("TX-001", "saga", "we have an orchestrator", "mk"))["TX-001"]
    assert (found.state, found.proposal, found.reason, found.by) == ("accepted", "saga", "we have an orchestrator", "mk")


def test_a_choice_by_glob_over_sources_is_accepted() -> None:
    found = decided(EdgeDecision("orders:foreign-key:order.*", "reference-by-key"))
    assert {d.proposal for d in found.values() if d.kind == "foreign-key"} == {"reference-by-key"}


def test_what_was_proposed_stays_among_the_alternatives() -> None:
    found = decided(EdgeDecision("TX-001", "saga"))["TX-001"]
    assert "outbox" in {alternative.choice for alternative in found.alternatives}


def test_a_treatment_of_another_kind_is_an_error() -> None:
    with pytest.raises(ConfigError, match="TX-001"):
        decided(EdgeDecision("TX-001", "replica"))


def test_a_glob_passes_over_what_it_does_not_fit() -> None:
    assert decided(EdgeDecision("*", "saga"))["TBL-product"].state == "proposed"


def test_three_transactions_between_two_contexts_argue_for_one() -> None:
    more = "".join(f"orders.more{i}: imports orders.models; atomic writes order; calls people.services.visit\n" for i in range(2))
    graph, config = draw(TEXT + more), Config(contexts=PINS)
    found = decisions(graph, propose(graph, config), config)
    assert {d.proposal for d in found if d.kind == "transaction"} == {"merge-contexts"}


def test_nothing_is_left_to_decide_inside_one_context() -> None:
    graph, config = draw(TEXT), Config(contexts=(ContextSettings("all", modules=("**",)),))
    assert decisions(graph, propose(graph, config), config) == ()


def test_decisions_survive_the_saved_plan() -> None:
    found = tuple(decided().values())
    assert msgspec.json.decode(msgspec.json.encode(found), type=tuple[Decision, ...]) == found


def test_settings_know_every_treatment() -> None:
    from decompose.config import TREATMENTS
    from decompose.planning.decisions import COMMIT_TREATMENTS, KEY_TREATMENTS, TABLE_TREATMENTS

    assert set(TREATMENTS) == {*KEY_TREATMENTS, *COMMIT_TREATMENTS, *TABLE_TREATMENTS}
