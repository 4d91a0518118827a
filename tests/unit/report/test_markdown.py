from __future__ import annotations

import re

import msgspec
from drawn_plans import EVIL, drawn_plan

from decompose.report.markdown import code, plan_markdown, table, text


def test_every_section_has_its_heading() -> None:
    found = [line for line in plan_markdown(drawn_plan()).splitlines() if line.startswith("## ")]
    assert [re.sub(r"\d+\. ", "", line) for line in found] == [
        "## The decision on one page",
        "## Context map",
        "## Data ownership",
        "## Foreign keys across contexts",
        "## Transactions across contexts",
        "## Interfaces per context",
        "## What is easily forgotten",
        "## Order of extraction",
        "## Steps per service",
        "## Decisions",
        "## Appendix: what the analysis could not see",
    ]


def test_cut_keys_transactions_and_tables_carry_their_ids_and_places() -> None:
    page = plan_markdown(drawn_plan())
    for identifier in ("FK-001", "TX-001", "TBL-stock"):
        assert any(identifier in line and ".py:" in line for line in page.splitlines())


def test_all_rows_of_a_table_have_as_many_cells_as_its_head() -> None:
    width = 0
    for line in plan_markdown(drawn_plan(EVIL)).splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not cells or not width or cells == width, line
        width = cells


def test_names_of_the_target_cannot_become_markup() -> None:
    page = plan_markdown(drawn_plan(EVIL))
    outside_code = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", re.sub(r"\\.", "", page))
    assert "<script" not in outside_code
    assert "[click" not in outside_code


def test_fences_are_balanced_whatever_the_target_is_called() -> None:
    assert sum(line.startswith("```") for line in plan_markdown(drawn_plan(EVIL)).splitlines()) % 2 == 0


def test_the_same_plan_gives_the_same_page() -> None:
    assert plan_markdown(drawn_plan()) == plan_markdown(msgspec.json.decode(msgspec.json.encode(drawn_plan()), type=type(drawn_plan())))


def test_what_only_people_know_is_asked() -> None:
    assert plan_markdown(drawn_plan()).count("- [ ] **Q-") >= 6


def test_running_text_is_escaped() -> None:
    assert text("a|b\n*c* <i>") == r"a\|b \*c\* \<i\>"


def test_code_with_backticks_gets_a_longer_fence() -> None:
    assert code("a`b") == "``a`b``"


def test_control_characters_are_spelled_out() -> None:
    assert code("a\x1b[31m") == r"`a\x1b[31m`"


def test_long_tables_fold_the_rest_away() -> None:
    lines = table(["n"], [[str(number)] for number in range(30)])
    assert "<details><summary>20 more</summary>" in lines
    assert sum(line.startswith("| ") and line[2].isdigit() for line in lines) == 30


def test_an_empty_table_says_so() -> None:
    assert table(["n"], []) == ["None."]




def test_calls_in_loops_are_listed_with_what_asks_for_all_at_once() -> None:
    from projects import Monolith
    from reviews_shop import MODELS, SHOP, VIEW

    view = f"{MODELS}\ndef page(keys):\n    for key in keys:\n        print(Review.objects.filter(pk=key).count())\n"
    lines = plan_markdown(Monolith(SHOP, f"# {VIEW}\n{view}").plan()).splitlines()
    [row] = lines[lines.index("### Calls in loops") :][6:7]
    assert "| `count_reviews` | line 5 | `count_reviews_for_each` |" in row
