from __future__ import annotations

import pytest

from decompose.cut.words import domain_words, segment_word, singular, words


def test_camel_and_snake_case_have_the_same_words() -> None:
    assert words("createOrderLine") == words("create_order_line") == ("create", "order", "line")


def test_abbreviations_stay_whole() -> None:
    assert words("HTTPInvoice2") == ("http", "invoice", "2")


@pytest.mark.parametrize(("plural", "one"), [("orders", "order"), ("categories", "category"), ("boxes", "box"), ("status", "status"), ("address", "address")])
def test_the_regular_plural_is_recognised(plural: str, one: str) -> None:
    assert singular(plural) == one


def test_words_of_layers_and_fillers_are_no_domain_words() -> None:
    assert domain_words("get_order_view_service") == ("order",)


def test_a_folder_that_names_a_layer_has_no_domain_word() -> None:
    assert segment_word("services") == ""


def test_a_file_named_after_domain_and_layer_keeps_the_domain() -> None:
    assert segment_word("order_service") == "order"
