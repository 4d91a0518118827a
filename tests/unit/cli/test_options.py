"""The options of `analyze` that shape the result are kept with it: the commands that continue from it start from the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Typed = Callable[..., Any]

OPTIONS = ("--exclude", "shop/reviews/", "--contexts", "2")


def tables(decompose: Typed, shop: Path, *more: str) -> set[str]:
    return {each["id"] for each in json.loads(decompose("show", "tables", "-C", shop, "-f", "json", *more).out)["tables"]}


def contexts(decompose: Typed, shop: Path) -> list[str]:
    return [each["name"] for each in json.loads(decompose("show", "contexts", "-C", shop, "-f", "json").out)["contexts"]]


def test_show_continues_from_the_options_of_the_analysis_and_says_so(decompose: Typed, shop: Path) -> None:
    decompose("analyze", shop, *OPTIONS)
    answer = decompose("show", "tables", "-C", shop, "-f", "json")
    assert "reviews_review" not in answer.out and "orders_order" in answer.out
    assert "--contexts 2 --exclude shop/reviews/" in answer.err
    assert decompose("show", "tables", "-C", shop, "-q").err == ""


def test_the_day_from_which_history_counts_holds_in_what_follows(decompose: Typed, shop: Path) -> None:
    assert decompose("analyze", shop, "--since", "2025-01-31").code == 0
    assert "--since 2025-01-31" in decompose("show", "contexts", "-C", shop).err
    answer = decompose("analyze", shop, "--since", "soon")
    assert answer.code == 2 and "2025-01-31" in answer.err


def test_a_pin_holds_in_what_follows(decompose: Typed, shop: Path) -> None:
    decompose("analyze", shop, "--pin", "shop.reviews.words=vocabulary")
    assert "vocabulary" in contexts(decompose, shop)
    assert decompose("explain", "vocabulary", "-C", shop).code == 0


def test_plan_and_extract_continue_from_the_options_of_the_analysis(decompose: Typed, shop: Path) -> None:
    decompose("analyze", shop, *OPTIONS)
    answer = decompose("plan", shop)
    assert "--exclude shop/reviews/" in answer.err and "reviews_review" not in (shop / ".decompose/plan.json").read_text()
    assert decompose("plan", shop, "--check").code == 0
    assert decompose("extract", "nothing-of-the-kind", "--dry-run", "-C", shop).code == 2  # known plan, unknown context: no drift


def test_an_option_of_plan_wins_and_holds_for_what_follows(decompose: Typed, shop: Path) -> None:
    decompose("analyze", shop, "--contexts", "2")
    decompose("plan", shop, "--contexts", "3")
    answer = decompose("plan", shop, "--check")
    assert answer.code == 0 and "--contexts 3" in answer.err


@pytest.mark.parametrize("again", [(), ("--timings",)], ids=["as it is", "computed"])
def test_an_analysis_without_options_starts_from_the_configuration_again(decompose: Typed, shop: Path, again: tuple[str, ...]) -> None:
    decompose("analyze", shop, *OPTIONS)
    decompose("analyze", shop, *again)
    answer = decompose("show", "tables", "-C", shop, "-f", "json")
    assert "reviews_review" in answer.out and "--exclude" not in answer.err


def test_options_that_the_configuration_has_taken_over_are_not_mentioned(decompose: Typed, shop: Path) -> None:
    decompose("analyze", shop, *OPTIONS)
    (shop / "decompose.toml").write_text('[decompose]\nexclude = ["shop/reviews/"]\ncontexts = 2\n')
    answer = decompose("show", "tables", "-C", shop, "-f", "json")
    assert "reviews_review" not in answer.out and answer.err == ""


def test_the_same_analysis_told_otherwise_is_recalled_with_what_it_was_told(decompose: Typed, shop: Path) -> None:
    (shop / "decompose.toml").write_text('[decompose]\nexclude = ["shop/reviews/"]\n')
    decompose("analyze", shop, "--exclude", "shop/reviews/")
    decompose("analyze", shop)
    (shop / "decompose.toml").write_text("[decompose]\n")
    assert "reviews_review" in tables(decompose, shop)


def test_isolated_and_a_named_configuration_start_from_that_alone(decompose: Typed, shop: Path, tmp_path: Path) -> None:
    decompose("analyze", shop, *OPTIONS)
    assert "reviews_review" in tables(decompose, shop, "--isolated")
    (tmp_path / "other.toml").write_text("[decompose]\n")
    assert "reviews_review" in tables(decompose, shop, "--config", str(tmp_path / "other.toml"))


def test_another_configuration_than_that_of_the_analysis_is_said(decompose: Typed, shop: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('[decompose]\nexclude = ["shop/reviews/"]\n')
    decompose("analyze", shop, "--config", other)
    assert f"--config {other}" in decompose("show", "tables", "-C", shop).err
    assert decompose("show", "tables", "-C", shop, "--config", other).err == ""
    decompose("analyze", shop, "--isolated")
    assert "--isolated" in decompose("show", "tables", "-C", shop).err


def test_config_show_names_the_analysis_as_the_source_of_a_value(decompose: Typed, shop: Path) -> None:
    decompose("analyze", shop, *OPTIONS)
    settings = {each["key"]: each for each in json.loads(decompose("config", "show", "--source", "-C", shop, "-f", "json").out)["settings"]}
    assert settings["decompose.exclude"] == {"key": "decompose.exclude", "value": ["shop/reviews/"], "source": "options of the last analysis"}
    assert settings["decompose.seed"]["source"] == "default"


@pytest.mark.parametrize("content", [b"\0", b"[]", b'{"weights": ["none=1"]}', b'{"contexts": 3}'])
def test_damaged_options_are_left_out_with_a_warning(decompose: Typed, shop: Path, content: bytes) -> None:
    decompose("analyze", shop, *OPTIONS)
    (shop / ".decompose/options.json").write_bytes(content)
    answer = decompose("show", "tables", "-C", shop, "-f", "json")
    assert answer.code == 0 and "reviews_review" in answer.out and "options of the last analysis" in answer.err


def test_an_analysis_that_keeps_nothing_leaves_the_options_of_the_one_before(decompose: Typed, shop: Path) -> None:
    decompose("analyze", shop, *OPTIONS)
    decompose("analyze", shop, "--no-cache")
    assert "reviews_review" not in tables(decompose, shop)
