from __future__ import annotations

import re
from math import ceil

import msgspec
from drawn_plans import EVIL, drawn_plan

from decompose.model.contexts import OtherCut
from decompose.model.location import Location
from decompose.model.lock import Crossing, PlanLock, Signature, SignedMap
from decompose.model.migration import Field, Listener, MigrationPlan, Pointer, Replica
from decompose.model.settings import Waiver
from decompose.model.target import Sizes, Target
from decompose.planning.signing import with_states
from decompose.report.markdown import plan_markdown
from decompose.report.markup import code, table, text


def test_every_section_has_its_heading() -> None:
    found = [line for line in plan_markdown(drawn_plan()).splitlines() if line.startswith("## ")]
    assert [re.sub(r"\d+\. ", "", line) for line in found] == [
        "## The decision on one page",
        "## Context map",
        "## Data ownership",
        "## Foreign keys across contexts",
        "## Transactions across contexts",
        "## Interfaces per context",
        "## Events",
        "## What is easily forgotten",
        "## Effort and risk per context",
        "## Order of extraction",
        "## Where the services run",
        "## Steps per service",
        "## What proves a step",
        "## What to watch",
        "## Who decides and who runs it",
        "## Decisions, questions and signatures",
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


def test_what_only_people_know_is_asked_where_it_matters_and_listed_once_with_its_owner() -> None:
    page = plan_markdown(drawn_plan())
    asked = re.findall(r"- \[ \] \*\*(Q-[\w-]+)\*\* .* _\(to be answered by: ([\w ]+)\)_", page)
    listed = re.findall(r"^\| (Q-[\w-]+) \| .* \| ([\w ]+) \|$", page, re.MULTILINE)
    assert len(asked) > 12 and len({number for number, _ in asked}) == len(asked)
    assert sorted(asked) == sorted(listed)
    assert listed[0][0] == "Q-01"


def section(page: str, title: str) -> str:
    return re.split(r"^## ", page.partition(f". {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def test_decisions_say_who_accepted_or_waived_them_and_until_when() -> None:
    lock = PlanLock("h", (Signature("map", "2 contexts", "as proposed", "m", "Ann", "2026-11-27"),), SignedMap(), ())
    plan = drawn_plan()
    waived = tuple(with_states(plan.decisions, None, [Waiver("FK-001", "replica ok", "2027-03-01", "Bob")]))
    page = plan_markdown(msgspec.structs.replace(plan, decisions=waived), lock=lock)
    assert "waived by Bob until 2027-03-01" in section(page, "Foreign keys across contexts")
    assert "Decisions: 1 waived." in section(page, "Foreign keys across contexts")
    assert "The cut is signed by Ann, 2026-11-27." in section(page, "Context map")
    assert "| `map` | 2 contexts | as proposed | Ann | 2026-11-27 |" in page and "Nothing is signed" not in page


def ranked() -> MigrationPlan:
    """A plan in which stock goes first and orders second."""
    plan = drawn_plan()
    ranks = {"stock": 1, "orders": 2}
    return msgspec.structs.replace(plan, contexts=tuple(msgspec.structs.replace(each, rank=ranks[each.name]) for each in plan.contexts))


def test_the_effort_is_the_sum_that_the_page_shows() -> None:
    page = section(plan_markdown(ranked()), "Effort and risk per context")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    assert [row[0].strip("| ") for row in rows] == ["`stock`", "`orders`"]
    for row in rows:
        lines, sites, operations, keys, commits, contested, waiting, sql, loops = (int(cell.strip(" |")) for cell in row[3:])
        least = lines / 1000 + sites / 10 + operations / 5 + 2 * keys + 8 * commits + 3 * contested + sql + loops
        assert row[2] == f"{ceil(least)} to {ceil(least + 2 * waiting)}"


def test_contexts_that_use_one_another_are_in_different_waves() -> None:
    rows = [line.split(" | ") for line in section(plan_markdown(ranked()), "Order of extraction").splitlines() if line.startswith(("| 1 ", "| 2 "))]
    assert [row[1] for row in rows] == ["1", "2"]


def test_other_cuts_are_compared_by_the_same_figures() -> None:
    plan = drawn_plan()
    other = OtherCut("finer", 1.5, (), msgspec.structs.replace(plan.context_map.scores, contexts=3))
    page = plan_markdown(msgspec.structs.replace(plan, context_map=msgspec.structs.replace(plan.context_map, others=(other,))))
    assert "| this plan | 2 |" in page and "| finer | 3 |" in page
    assert "- coarser: none found that holds with a quarter fewer contexts." in page and "finer: none" not in page


def test_events_name_who_hears_of_what() -> None:
    plan = drawn_plan()
    key = Field("id", "integer")
    replica = Replica("shop.stock.Item", "stock.Item", "stock_item", key, (Field("size", "integer"),), reasons=(Location("orders/views.py", 3),))
    more = {
        "replicas": (replica,), "pointers": (Pointer("orders.Order", "billing.Invoice", "order_id", "SET_NULL"),),
        "listeners": (Listener("post_save", "orders.Order", "billing.signals.heard", "monolith"),),
    }  # fmt: skip
    contexts = tuple(msgspec.structs.replace(each, **more) if each.name == "orders" else each for each in plan.contexts)
    page = section(plan_markdown(msgspec.structs.replace(plan, contexts=contexts)), "Events")
    assert "| EVT-orders-stock.Item | a row of `stock.Item` is saved or deleted in the monolith | `orders` |" in page and "`id`, `size` | `orders/views.py:3` |" in page
    assert "EVT-orders-orders.Order-deleted" in page and r"`billing.Invoice.order_id` (SET\_NULL)" in page
    assert "| EVT-orders-orders.Order-post_save | `post_save` of `orders.Order` | the monolith | `billing.signals.heard` |" in page


def test_what_a_service_gets_is_what_the_settings_say() -> None:
    target = Target(region="eu-north-1", services=(("stock", Target(sizes=Sizes(cpu=1024, memory=2048, desired=3))),))
    page = section(plan_markdown(ranked(), target), "Where the services run")
    assert "Amazon ECS in eu-north-1" in page
    assert "| `stock` | 1024 / 2048 | 2 / 3 / 6 |" in page and "| `orders` | *by the code* / *by the code* | 2 / 2 / 6 |" in page


def test_every_use_across_the_cut_is_in_the_appendix() -> None:
    crossing = Crossing("D201", "orders.services", "stock.models", ("orders", "stock"), Location("orders/services.py", 1))
    page = plan_markdown(msgspec.structs.replace(drawn_plan(), crossings=(crossing,)))
    assert "| D201 | `orders.services` | `stock.models` | orders → stock | `orders/services.py:1` |" in page and "| uses across the cut | 1 import |" in page


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
