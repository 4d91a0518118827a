"""Edits of a plan as changes to the text of decompose.toml."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Any

import pytest

from decompose.config_edits import SettingsText, read_edits
from decompose.errors import RefusedInput, UsageError
from decompose.model.edits import Accept, Edit, Library, Merge, Move, Own, Pin, Rename, Split, Waive

PLACE = {"shop.orders": "orders", "shop.orders.models": "orders", "shop.orders.tax": "orders", "shop.billing.models": "billing", "shop.cart": "cart"}
DEFINITIONS = {"shop.orders.models.Order": "shop.orders.models"}

TEXT = """\
# How we cut the shop.

[decompose]
seed = 3  # never change

# agreed with sales
[contexts.orders]  # the heart
description = "Cart to order"
modules = [
    "shop.orders.**",  # all of it
]

# finance asked for it
[contexts.money]
was = "billing"
owns = ["billing_*"]

[[decisions]]
id = "FK-001"  # the invoice
choice = "replica"

# last words
"""


def edited(text: str, *edits: Edit, prefix: str = "") -> str:
    found = SettingsText(text, prefix=prefix, proposed={"orders", "billing", "cart"}, definitions=DEFINITIONS, place=PLACE)
    for edit in edits:
        found.apply(edit)
    return found.text


def told(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def comments(text: str) -> list[str]:
    return [line.partition("#")[2].strip() for line in text.splitlines() if "#" in line]


@pytest.mark.parametrize(
    "edit",
    [
        Move(("shop.cart",), "orders"), Move(("shop.orders.tax",), "tax"), Pin(("shop.cart",)), Library(("shop.cart",)), Own("cart_item", "orders"),
        Rename("orders", "sales"), Merge("cart", "orders"), Accept("FK-001", "reference-by-key", "cheap", "mk"), Waive("TX-002", "rare", "mk"),
    ],
    ids=lambda edit: type(edit).__name__,
)  # fmt: skip
def test_comments_stay(edit: Edit) -> None:
    assert comments(edited(TEXT, edit)) == comments(TEXT)


def test_a_move_leaves_the_old_pin() -> None:
    text = edited(TEXT, Move(("shop.orders.tax",), "money"), Move(("shop.orders.tax",), "orders"))
    assert told(text)["contexts"]["orders"]["modules"] == ["shop.orders.**", "shop.orders.tax"] and "modules" not in told(text)["contexts"]["money"]


def test_a_package_takes_the_pins_inside_along() -> None:
    text = edited("", Move(("shop.orders.tax",), "tax"), Move(("shop.orders.**",), "sales"))
    assert told(text)["contexts"]["sales"]["modules"] == ["shop.orders.**"] and told(text)["contexts"]["tax"] == {}


def test_a_module_takes_the_pins_of_its_definitions_along() -> None:
    text = edited("", Move(("shop.orders.models.Order",), "sales"), Move(("shop.orders.models",), "cart"))
    assert told(text)["contexts"]["cart"]["modules"] == ["shop.orders.models"] and told(text)["contexts"]["sales"] == {}


def test_a_split_is_pins_in_a_new_context() -> None:
    assert told(edited(TEXT, Split("orders", ("shop.orders.tax",), "tax")))["contexts"]["tax"] == {"modules": ["shop.orders.tax"]}


def test_a_rename_remembers_the_proposed_name_once() -> None:
    contexts = told(edited("", Rename("orders", "sales"), Rename("sales", "selling")))["contexts"]
    assert contexts == {"selling": {"was": "orders"}}


def test_a_renamed_context_keeps_its_operations_and_decisions() -> None:
    text = '[operations.orders.list_orders]\ntimeout = 1\n\n[[decisions]]\nid = "orders:orm:shop.*"\nchoice = "operation"\n'
    found = told(edited(text, Rename("orders", "sales")))
    assert list(found["operations"]) == ["sales"] and found["decisions"][0]["id"] == "sales:orm:shop.*"


def test_a_merge_takes_all_that_was_decided_along() -> None:
    found = told(edited(TEXT, Merge("money", "orders")))["contexts"]
    assert list(found) == ["orders"] and found["orders"]["merge"] == ["billing"] and found["orders"]["owns"] == ["billing_*"]


def test_a_library_stands_under_shared() -> None:
    assert told(edited("", Library(("shop.cart",))))["shared"] == {"modules": ["shop.cart"]}


def test_decisions_are_changed_in_place_or_added_after_the_last() -> None:
    text = edited(TEXT, Accept("FK-001", "reference-by-key", by="mk"), Accept("FK-002", "replica", 'it "never" moves'))
    first, second = told(text)["decisions"]
    assert first == {"id": "FK-001", "choice": "reference-by-key", "by": "mk"} and second == {"id": "FK-002", "choice": "replica", "reason": 'it "never" moves'}
    assert text.index('by = "mk"') < text.index("# last words")


def test_a_waiver_is_written_as_one_and_changed_in_place() -> None:
    text = edited(TEXT, Waive("FK-002", "rare", "mk", "2027-03-01"), Waive("TX-*", "together"), Waive("FK-002", "still rare", until="2027-04-01"))
    assert told(text)["waivers"] == [{"id": "FK-002", "reason": "still rare", "until": date(2027, 4, 1)}, {"id": "TX-*", "reason": "together"}]
    assert told(text)["decisions"] == told(TEXT)["decisions"] and comments(text) == comments(TEXT)


@pytest.mark.parametrize("text", ["a = 1\n", "# ours\n", "[x]\na = 1", "[[waivers]]\nid = \"TX-001\"\nreason = \"r\"\n[x]\n", "[x]\na = 1\n\n\n# behind\n"])
def test_a_waiver_stands_behind_a_blank_line(text: str) -> None:
    lines = edited(text, Waive("FK-002", "rare")).splitlines()
    assert lines[lines.index('id = "FK-002"') - 2] == ""


def test_what_is_accepted_is_no_longer_waived() -> None:
    waived = edited(TEXT, Waive("FK-002", "rare"), Waive("FK-*", "all of them"))
    text = edited(waived, Accept("FK-002", "replica"))
    assert [each["id"] for each in told(text)["waivers"]] == ["FK-*"]
    assert comments(text) == comments(TEXT) and "\n\n\n" not in text


@pytest.mark.parametrize("edit", [Waive("FK-001", ""), Waive("FK-001", "rare", until="soon")])
def test_half_a_waiver_is_refused(edit: Edit) -> None:
    with pytest.raises(UsageError):
        edited(TEXT, edit)


def test_what_is_added_stands_before_the_comment_of_the_next_table() -> None:
    text = edited(TEXT, Own("order_item", "orders"), Merge("cart", "orders"))
    assert text.index('owns = ["order_item"]') < text.index('merge = ["cart"]') < text.index("# finance asked") < text.index("[contexts.money]")


def test_the_same_in_pyproject() -> None:
    text = '[project]\nname = "shop"  # ours\n\n[tool.decompose]\nseed = 1\n\n[tool.ruff]\nline-length = 90\n'
    found = told(edited(text, Move(("shop.cart",), "basket"), Rename("orders", "sales"), Waive("FK-001", "why"), prefix="tool.decompose."))
    assert found["tool"]["decompose"]["contexts"] == {"basket": {"modules": ["shop.cart"]}, "sales": {"was": "orders"}}
    assert found["tool"]["ruff"] == {"line-length": 90} and found["tool"]["decompose"]["waivers"][0]["id"] == "FK-001"


def test_a_context_without_code_goes() -> None:
    found = SettingsText(TEXT, prefix="", proposed=set(), definitions={}, place={})
    found.settle({"orders"})
    assert list(told(found.text)["contexts"]) == ["orders"]


def test_long_lists_stand_one_entry_a_line() -> None:
    text = edited("", *(Move((f"shop.orders.module_number_{n}",), "orders") for n in range(6)))
    assert "\n    \"shop.orders.module_number_5\",\n]" in text


@pytest.mark.parametrize("name", ["Orders", "class", "", "unassigned", "a b"])
def test_a_name_that_no_context_can_have(name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a context"):
        edited(TEXT, Rename("orders", name))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"edits": [{"op": "explode"}]}', b'{"edits": [], "schema": "decompose/edits/9"}', b'{"edits": [{"op": "move", "to": "a"}]}', b"\xff"])
def test_what_are_no_edits(content: bytes) -> None:
    with pytest.raises(RefusedInput) as found:
        read_edits(content, "edits.json")
    assert found.value.place == "edits.json" and found.value.hint
