"""What a person decides is obeyed, and what cannot be carried out is refused with both places."""

from __future__ import annotations

import pytest
from drawing import draw
from test_propose import SHOP, places, proposed

from decompose.config import parse
from decompose.cut.propose import propose
from decompose.errors import ConfigError
from decompose.model.contexts import ContextMap

MONEY = SHOP.replace("imports shop.orders.views, shop.stock.views, shop.billing.views, shop.people.views", "imports shop.orders.views") + """
    shop.billing.invoices: imports shop.billing.models; table billing_invoice; def draft writes billing_invoice
    shop.billing.reminders: imports shop.billing.invoices; def remind writes billing_invoice
    shop.billing.payments: imports shop.billing.models; table billing_payment; def charge writes billing_payment
    shop.billing.refunds: imports shop.billing.payments; def refund writes billing_payment
"""


def decided(text: str, toml: str) -> ContextMap:
    return propose(draw(text), parse(toml, "decompose.toml").config)


# --- splits --------------------------------------------------------------------------------------


def test_a_context_is_split_by_the_words_of_its_parts() -> None:
    found = places(decided(MONEY, '[contexts.billing]\nsplit = ["invoices", "payments"]\n'))
    assert {found["shop.billing.invoices"], found["shop.billing.reminders"]} == {"invoices"}
    assert {found["shop.billing.payments"], found["shop.billing.refunds"]} == {"payments"}
    assert "billing" not in found.values()


def test_a_split_changes_no_other_context() -> None:
    before = places(proposed(MONEY))
    after = places(decided(MONEY, '[contexts.billing]\nsplit = ["invoices", "payments"]\n'))
    assert {m: c for m, c in after.items() if before[m] != c} == {m: after[m] for m, c in before.items() if c == "billing"}


def test_a_part_grows_from_the_modules_that_a_person_gave_it() -> None:
    toml = '[contexts.billing]\nsplit = ["alpha", "beta"]\n[contexts.alpha]\nmodules = ["shop.billing.invoices"]\n[contexts.beta]\nmodules = ["shop.billing.payments"]\n'
    found = places(decided(MONEY, toml))
    assert (found["shop.billing.reminders"], found["shop.billing.refunds"]) == ("alpha", "beta")


def test_a_part_grows_from_the_tables_that_a_person_gave_it() -> None:
    toml = '[contexts.billing]\nsplit = ["alpha", "beta"]\n[contexts.alpha]\nowns = ["billing_invoice"]\n[contexts.beta]\nowns = ["billing_payment"]\n'
    found = places(decided(MONEY, toml))
    assert (found["shop.billing.invoices"], found["shop.billing.payments"]) == ("alpha", "beta")


def test_parts_without_a_word_come_from_the_evidence() -> None:
    found = decided(MONEY, '[contexts.billing]\nsplit = ["first", "second"]\n')
    assert {c.name for c in found.contexts} >= {"first", "second"}
    assert all(context.modules for context in found.contexts)


def test_a_part_may_keep_the_name() -> None:
    found = places(decided(MONEY, '[contexts.billing]\nsplit = ["billing", "payments"]\n'))
    assert (found["shop.billing.models"], found["shop.billing.refunds"]) == ("billing", "payments")


def test_a_model_goes_with_its_part_out_of_a_common_file() -> None:
    text = MONEY + "shop.billing.ledger: table billing_booking; table billing_refund; imports shop.billing.models\n"
    found = decided(text, '[contexts.billing]\nsplit = ["billing", "refunds"]\n')
    split, home = dict(found.definitions), places(found)["shop.billing.ledger"]
    assert [split.get(f"shop.billing.ledger.{name}", home) for name in ("Booking", "Refund")] == ["billing", "refunds"]
    assert {entry.table: entry.owner for entry in found.ownership}["billing_refund"] == "refunds"


# --- single definitions --------------------------------------------------------------------------


def test_a_definition_is_pinned_without_its_module() -> None:
    found = decided(MONEY, '[contexts.orders]\nmodules = ["shop.billing.invoices.Invoice"]\n')
    assert dict(found.definitions) == {"shop.billing.invoices.Invoice": "orders"}
    assert places(found)["shop.billing.invoices"] == "billing"
    assert {entry.table: entry.owner for entry in found.ownership}["billing_invoice"] == "orders"


def test_the_table_of_a_pinned_model_is_owned_there_whoever_writes_it() -> None:
    text = MONEY + "".join(f"shop.billing.writer{n}: imports shop.billing.models; writes billing_invoice; imports shop.billing.invoices\n" for n in range(5))
    found = decided(text, '[contexts.claims]\nmodules = ["shop.billing.invoices.Invoice"]\n')
    assert {entry.table: entry.owner for entry in found.ownership}["billing_invoice"] == "claims"


def test_a_context_can_be_made_of_definitions() -> None:
    found = decided(MONEY, '[contexts.claims]\nmodules = ["shop.billing.invoices.*"]\n')
    assert next(c.tables for c in found.contexts if c.name == "claims") == ("billing_invoice",)


def test_a_definition_of_a_pinned_module_stays_in_it() -> None:
    found = decided(MONEY, '[contexts.billing]\nmodules = ["shop.billing.invoices", "shop.billing.invoices.Invoice"]\n')
    assert found.definitions == ()


# --- apart ---------------------------------------------------------------------------------------


def test_what_must_be_apart_is_in_different_contexts() -> None:
    found = places(decided(MONEY, '[decompose]\napart = [["shop.billing.invoices", "shop.billing.payments"]]\n'))
    assert found["shop.billing.invoices"] != found["shop.billing.payments"]


def test_the_side_that_is_bound_less_leaves() -> None:
    found = places(decided(MONEY, '[decompose]\napart = [["shop.billing.reminders", "shop.billing.models"]]\n'))
    assert found["shop.billing.models"] == "billing"
    assert found["shop.billing.reminders"] != "billing"


def test_a_pinned_side_stays() -> None:
    toml = '[decompose]\napart = [["shop.billing.reminders", "shop.billing.models"]]\n[contexts.billing]\nmodules = ["shop.billing.reminders"]\n'
    found = places(decided(MONEY, toml))
    assert found["shop.billing.reminders"] == "billing"
    assert found["shop.billing.models"] != "billing"


def test_tests_go_with_their_side() -> None:
    found = decided(SHOP, '[decompose]\napart = [["shop.orders.**", "shop.stock.**"]]\n[contexts.orders]\nmodules = ["shop.orders.views"]\n')
    sides = [{c for m, c in places(found).items() if m.startswith(f"shop.{name}.")} for name in ("orders", "stock")]
    assert not sides[0] & sides[1]


def test_apart_changes_nothing_where_both_sides_are_apart() -> None:
    assert places(decided(SHOP, '[decompose]\napart = [["shop.orders.**", "shop.stock.**"]]\n')) == places(proposed(SHOP))


def test_definitions_can_be_apart() -> None:
    text = MONEY + "shop.billing.ledger: table billing_booking; table billing_refund; imports shop.billing.models\n"
    found = decided(text, '[decompose]\napart = [["shop.billing.ledger.Booking", "shop.billing.ledger.Refund"]]\n')
    split = dict(found.definitions)
    assert {split.get(f"shop.billing.ledger.{name}", "billing") for name in ("Booking", "Refund")} > {"billing"}


# --- contradictions ------------------------------------------------------------------------------

CONTRADICTIONS = [
    ('[contexts.orders]\nmodules = ["shop.stock.views"]\n[contexts.billing]\nmodules = ["shop.stock.views"]\n', "shop.stock.views is claimed by", 4, 2),
    ('[contexts.a]\nmerge = ["orders"]\n[contexts.b]\nmerge = ["orders"]\n', "becomes part of", 2, 4),
    ('[contexts.a]\nwas = "orders"\n[contexts.b]\nmerge = ["orders"]\n', "becomes part of", 2, 4),
    ('[contexts.a]\nmerge = ["orders"]\n[contexts.orders]\nsplit = ["b", "c"]\n', "is split and becomes part of", 4, 2),
    ('[contexts.orders]\nsplit = ["b", "c"]\nmodules = ["shop.stock.views"]\n', "is split and has modules", 2, 3),
    ('[contexts.orders]\nsplit = ["b", "c"]\n[contexts.stock]\nsplit = ["b", "d"]\n', "'b' is a part of", 2, 4),
    ('[decompose]\napart = [["shop.orders.**", "shop.stock.**"]]\n[contexts.orders]\nmerge = ["stock"]\n', "must be apart", 2, 4),
    ('[decompose]\napart = [["shop.orders.**", "shop.stock.**"]]\n[contexts.x]\nmodules = ["shop.orders.views", "shop.stock.views"]\n', "must be apart", 2, 4),
    ('[contexts.orders]\nowns = ["stock_item"]\n[contexts.billing]\nowns = ["stock_item"]\n', "stock_item is claimed by", 4, 2),
    ('[contexts.orders]\nmodules = ["shop.stock.views"]\n[shared]\nmodules = ["shop.stock.views"]\n', "shop.stock.views is claimed by", 2, 4),
]


@pytest.mark.parametrize(("toml", "message", "first", "second"), CONTRADICTIONS)
def test_a_contradiction_names_both_places_and_a_next_step(toml: str, message: str, first: int, second: int) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        decided(SHOP, toml)
    assert caught.value.place == f"decompose.toml:{first}"
    assert f"decompose.toml:{second})" in caught.value.message
    assert caught.value.hint


def test_a_model_and_its_table_are_not_given_to_two_contexts() -> None:
    model = next(table.model for table in draw(MONEY).tables if table.id == "billing_invoice")
    toml = f'[contexts.orders]\nmodules = ["{model}"]\n[contexts.stock]\nowns = ["billing_invoice"]\n'
    with pytest.raises(ConfigError, match="'stock' is to own its table billing_invoice"):
        decided(MONEY, toml)


@pytest.mark.parametrize(
    "toml",
    [
        '[contexts.orders]\nsplit = ["stock", "b"]\n',
        '[contexts.nothing]\nsplit = ["a", "b"]\n',
        '[contexts.orders]\nowns = ["nothing_*"]\n',
        '[decompose]\napart = [["shop.nothing.**", "shop.stock.**"]]\n',
        '[decompose]\napart = [["shop.stock.**", "shop.stock.views"]]\n',
    ],
)
def test_what_cannot_be_is_refused_with_its_place(toml: str) -> None:
    with pytest.raises(ConfigError) as caught:
        decided(SHOP, toml)
    assert caught.value.place == "decompose.toml:2"
    assert caught.value.hint


def test_the_more_specific_pattern_owns_a_table() -> None:
    found = decided(SHOP, '[contexts.orders]\nowns = ["*_item"]\n[contexts.stock]\nowns = ["stock_item"]\n')
    assert {entry.table: entry.owner for entry in found.ownership}["stock_item"] == "stock"
