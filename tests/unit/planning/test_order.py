from __future__ import annotations

import msgspec
from drawing import draw

from decompose.cut.propose import propose
from decompose.model.location import Location
from decompose.model.migration import BoundaryEdge, Disposition
from decompose.model.settings import Config
from decompose.planning.order import Ranked, order

SHOP = "shop.core.tools: lines 80\n" + "".join(
    f"""
    shop.{name}.models: app; imports shop.core.tools; table {name}_item
    shop.{name}.views: imports shop.{name}.models, shop.core.tools; writes {name}_item; route /{name}/
    shop.{name}.jobs: imports shop.{name}.models, shop.core.tools; reads {name}_item
    """
    for name in ("orders", "stock", "billing")
)
GRAPH = draw(SHOP)
MAP = propose(GRAPH, Config())


def use(number: int, disposition: Disposition = "operation") -> BoundaryEdge:
    return BoundaryEdge(f"e{number}", "in", "orm", "a.b", "c.D", Location("a.py", number), "x", disposition, disposition, "")


def ranked(edges: dict[str, list[BoundaryEdge]]) -> dict[str, Ranked]:
    return {each.name: each for each in order(GRAPH, MAP, edges)}


def test_ranks_count_from_one_without_gaps() -> None:
    assert sorted(each.rank for each in ranked({}).values() if each.rank) == [1, 2, 3]


def test_the_more_it_is_used_the_later_it_goes() -> None:
    found = ranked({"orders": [use(i) for i in range(50)], "stock": [use(i) for i in range(5)]})
    assert found["billing"].rank < found["stock"].rank < found["orders"].rank


def test_an_open_question_costs_more_than_a_use() -> None:
    found = ranked({"orders": [use(i, "decide") for i in range(9)], "stock": [use(i) for i in range(9)]})
    assert found["orders"].score < found["stock"].score


def test_what_must_change_before_the_split_counts_once_the_rest_is_equal() -> None:
    pages = [msgspec.structs.replace(use(i, "stay"), direction="in", blocks="split") for i in range(9)]
    found = ranked({"orders": pages, "stock": [use(i, "stay") for i in range(9)]})
    assert found["orders"].score < found["stock"].score
    assert "9 places to solve before the split: -2.3" in found["orders"].reasons


def test_the_terms_add_up_to_the_score() -> None:
    found = ranked({"orders": [use(i) for i in range(7)]})["orders"]
    assert abs(sum(float(reason.rpartition(": ")[2]) for reason in found.reasons) - found.score) < 0.3


def test_shared_code_is_not_worth_extracting() -> None:
    found = ranked({})["shared"]
    assert (found.rank, "library" in found.reasons[0]) == (0, True)


def test_a_hub_is_not_worth_extracting_and_says_who_refers_to_it() -> None:
    keys = SHOP
    for name in ("orders", "stock", "billing"):
        keys = keys.replace(f"table {name}_item", f"table {name}_item; key owner_id -> people_item")
    graph = draw(keys + "shop.people.models: app; table people_item\nshop.people.views: imports shop.people.models; writes people_item; route /people/\nshop.people.jobs: imports shop.people.models")
    found = {each.name: each for each in order(graph, propose(graph, Config()), {})}["people"]
    assert (found.rank, "billing, orders, stock" in found.reasons[0]) == (0, True)
