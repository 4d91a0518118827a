"""The accepted map is kept, and what changes of it has a reason."""

from __future__ import annotations

import msgspec
import pytest
from drawing import draw
from test_propose import SHOP, application, places

from decompose.config import parse
from decompose.cut.kept import with_changes
from decompose.cut.propose import propose
from decompose.model.contexts import ContextMap
from decompose.model.settings import Config

REFUNDS = "shop.billing.refunds: imports shop.billing.models, shop.billing.services; writes billing_item; reads billing_item\n"


def mapped(text: str, previous: ContextMap | None = None, toml: str = "") -> ContextMap:
    config = parse(toml, "decompose.toml").config if toml else Config()
    return propose(draw(text), config, previous=previous)


def moved(found: ContextMap) -> dict[str, tuple[str, str]]:
    return {change.subject: (change.source, change.target) for change in found.changes if change.kind == "module"}


def test_the_same_code_has_the_same_map() -> None:
    accepted = mapped(SHOP)
    again = mapped(SHOP, accepted)
    assert again == msgspec.structs.replace(accepted, kept=True)


def test_an_accepted_map_that_the_evidence_would_not_give_is_kept() -> None:
    accepted = mapped(SHOP)
    odd = tuple(msgspec.structs.replace(p, context="stock", rival=1000.0) if p.node == "shop.orders.views" else p for p in accepted.proposal)
    assert places(mapped(SHOP, msgspec.structs.replace(accepted, proposal=odd)))["shop.orders.views"] == "stock"


def test_names_are_kept() -> None:
    accepted = mapped(SHOP)
    renamed = tuple(msgspec.structs.replace(p, context="sales" if p.context == "orders" else p.context) for p in accepted.proposal)
    found = mapped(SHOP, msgspec.structs.replace(accepted, proposal=renamed))
    assert places(found)["shop.orders.views"] == "sales"
    assert "orders" not in {context.name for context in found.contexts}


@pytest.mark.parametrize(
    "added",
    [
        "shop.orders.extra: imports shop.billing.services\n",
        "shop.stock.extra: class Thing\n",
        "shop.core.more: imports shop.core.tools\n",
        "shop.billing.extra: imports shop.orders.views; writes orders_item\n",
    ],
)
def test_a_new_module_changes_no_other_and_goes_where_it_is_pulled(added: str) -> None:
    found = mapped(SHOP + added, mapped(SHOP))
    assert list(moved(found)) == [added.partition(":")[0]]
    assert all(change.reason.startswith("new; ") for change in found.changes)


@pytest.mark.parametrize("target", ["stock.models", "billing.views", "people.services", "core.tools"])
@pytest.mark.parametrize("source", ["orders.views", "stock.services", "people.models", "billing.views"])
def test_one_import_moves_nothing(source: str, target: str) -> None:
    text = SHOP.replace(f"shop.{source}: imports ", f"shop.{source}: imports shop.{target}, ").replace(f"shop.{source}: app; imports ", f"shop.{source}: app; imports shop.{target}, ")
    assert text != SHOP
    assert moved(mapped(text, mapped(SHOP))) == {}


def test_a_module_that_works_for_another_context_moves_with_a_reason() -> None:
    accepted = mapped(SHOP + REFUNDS + "tools.refunds: imports shop.billing.refunds\n")
    stock = "shop.stock.models, shop.stock.services, shop.stock.views"
    text = SHOP + f"shop.billing.refunds: imports {stock}; writes stock_item; reads stock_item; calls shop.stock.services.commit\ntools.refunds: imports shop.billing.refunds\n"
    found = mapped(text, accepted, "[weights]\npackage = 0.0\n")
    assert moved(found)["shop.billing.refunds"] == ("billing", "stock")
    reason = next(change.reason for change in found.changes if change.subject == "shop.billing.refunds")
    assert reason.startswith("pulled by stock with ")
    assert reason.endswith(" at home")


def test_a_shared_module_with_one_user_left_is_still_shared() -> None:
    text = SHOP.replace(", shop.core.pages", "").replace("shop.orders.views: imports ", "shop.orders.views: imports shop.core.pages, ")
    assert places(mapped(text, mapped(SHOP)))["shop.core.pages"] == "shared"


def test_a_new_application_is_a_new_context() -> None:
    found = mapped(SHOP + application("returns") + "shop.returns.labels: imports shop.returns.models; writes returns_item\n", mapped(SHOP))
    assert places(found)["shop.returns.views"] == "returns"
    assert {(c.subject, c.source) for c in found.changes if c.kind == "context"} == {("returns", "")}
    assert all(module.startswith("shop.returns.") for module in moved(found))


def test_a_context_of_which_nothing_is_left_is_gone() -> None:
    text = "\n".join(line for line in SHOP.splitlines() if "shop.people" not in line)
    found = mapped(text, mapped(SHOP))
    assert [(c.subject, c.source, c.target, c.reason) for c in found.changes if c.kind == "context"] == [("people", "people", "", "nothing of it is left")]
    assert {change.reason for change in found.changes if change.kind == "module" and change.subject.startswith("shop.people.")} == {"gone"}


def test_without_its_decisions_a_map_is_what_it_was_before_them() -> None:
    before = mapped(SHOP)
    toml = '[contexts.sales]\nmerge = ["orders", "stock"]\n[contexts.billing]\nmodules = ["shop.people.views"]\n[shared]\nmodules = ["shop.stock.views"]\n'
    decided = mapped(SHOP, before, toml)
    assert places(decided) != places(before)
    assert {change.reason for change in decided.changes if change.subject == "shop.people.views"} == {"decided in decompose.toml"}
    after = mapped(SHOP, decided)
    assert (places(after), after.scores, after.proposal) == (places(before), before.scores, before.proposal)
    assert {change.reason for change in after.changes if change.subject == "shop.people.views"} == {"a decision in decompose.toml is gone"}


def test_decisions_stand_when_the_map_is_made_again() -> None:
    toml = '[contexts.sales]\nwas = "orders"\n[contexts.people]\nmerge = ["stock"]\n'
    decided = mapped(SHOP, None, toml)
    assert mapped(SHOP, decided, toml) == msgspec.structs.replace(decided, kept=True)


def test_a_number_of_contexts_that_was_asked_for_makes_the_map_anew() -> None:
    found = propose(draw(SHOP), Config(contexts_min=2, contexts_max=2), previous=mapped(SHOP))
    assert found.scores.contexts == 2
    assert not found.kept
    assert {change.reason for change in found.changes if change.kind == "context"} == {"2 contexts were asked for, 4 were accepted"}


def test_a_map_made_anew_is_compared_with_the_accepted_one() -> None:
    accepted = mapped(SHOP)
    found = with_changes(mapped(SHOP + "shop.orders.extra: imports shop.orders.models\n"), accepted)
    assert moved(found) == {"shop.orders.extra": ("", "orders")}
    assert {change.reason for change in found.changes} == {"proposed anew"}


def test_tests_follow_code_that_has_left_and_stay_while_it_is_a_near_thing() -> None:
    tests = "shop.mixed.tests [test]: imports shop.mixed.a\n"
    code = "".join(f"shop.mixed.{n}: imports shop.orders.models, shop.orders.services; writes orders_item\n" for n in "ab")
    accepted = mapped(SHOP + code + tests)
    assert places(accepted)["shop.mixed.tests"] == "orders"
    toml = '[contexts.stock]\nmodules = ["shop.mixed.{}"]\n'
    one_of_two = mapped(SHOP + code + tests, accepted, toml.format("b"))
    assert places(one_of_two)["shop.mixed.tests"] == "orders"
    both = mapped(SHOP + code + tests, accepted, toml.format("?"))
    assert (places(both)["shop.mixed.tests"], moved(both)["shop.mixed.tests"]) == ("stock", ("orders", "stock"))


def test_what_had_no_context_is_placed_when_something_speaks_for_one() -> None:
    accepted = mapped(SHOP + "odds.ends:\n")
    assert accepted.unassigned == ("odds.ends",)
    found = mapped(SHOP + "odds.ends: imports shop.orders.models, shop.orders.services\n", accepted)
    assert [(change.subject, change.source, change.target) for change in found.changes] == [("odds.ends", "", "orders")]
    assert found.changes[0].reason.startswith("had no context; pulled by orders")


def one_file(*names: str) -> str:
    tables = "; ".join(f"table {name}" for name in names)
    parts = "".join(
        f"""
        app.{name}_views: imports app.models, app.{name}_forms; def page_{name} writes {name}; route /{name}/; reads {name}
        app.{name}_forms: imports app.models; def form_{name} reads {name}; reads {name}
        app.{name}_tasks: imports app.{name}_views; def job_{name} writes {name}; writes {name}
        """
        for name in names
    )
    return f"app.models: {tables}\n{parts}"


def test_definitions_that_are_apart_already_stay_where_they_are() -> None:
    before = mapped(one_file("orders", "stock", "billing"))
    (one, _), (two, _) = before.definitions
    assert mapped(one_file("orders", "stock", "billing"), toml=f'[decompose]\napart = [["{one}", "{two}"]]\n').definitions == before.definitions


def test_a_file_that_was_taken_apart_stays_as_it_was() -> None:
    accepted = mapped(one_file("orders", "stock", "billing"))
    assert len(accepted.definitions) == 2
    assert mapped(one_file("orders", "stock", "billing"), accepted) == msgspec.structs.replace(accepted, kept=True)
    more = mapped(one_file("orders", "stock", "billing") + "app.extra: imports app.models; writes stock\n", accepted)
    assert more.definitions == accepted.definitions
    assert list(moved(more)) == ["app.extra"]
