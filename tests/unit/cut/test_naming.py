from __future__ import annotations

import re

from decompose.cut.naming import context_names


def named(*groups: list[str], packages: dict[str, str] | None = None, tables: list[list[str]] | None = None) -> list[str]:
    none: list[list[str]] = [[] for _ in groups]
    return context_names(list(groups), packages or {}, tables or none, none)


def test_a_folder_names_its_context() -> None:
    assert named(["shop.orders.models", "shop.orders.views"], packages=dict.fromkeys(["shop.orders.models", "shop.orders.views"], "shop.orders")) == ["orders"]


def test_files_by_layer_are_named_after_their_domain_word() -> None:
    assert named(["app.models.order", "app.services.order_service", "app.api.orders"]) == ["order"]


def test_tables_name_what_folders_do_not() -> None:
    assert named(["app.models", "app.views"], tables=[["Invoice", "InvoiceLine"]]) == ["invoice"]


def test_a_word_that_two_groups_want_goes_to_the_one_with_more_of_it() -> None:
    found = named(["a.order_refund"], ["b.order", "c.orders", "d.order_lines"])
    assert found[0] != found[1] == "order"


def test_names_fit_the_pattern_whatever_the_target_calls_itself() -> None:
    found = named(["1x.Ünïcode"], ["x." + "very_long_word_" * 9], ["x.y"], ["shared.shared"])
    assert all(re.fullmatch(r"[a-z][a-z0-9-]{0,39}", name) for name in found)
    assert len(set(found)) == 4


def test_no_context_of_the_domain_is_called_shared() -> None:
    assert named(["shared.a"], packages={"shared.a": "shared"}) != ["shared"]
