"""The graph in the forms of other tools: each is read back by an independent reader, with hostile names."""

from __future__ import annotations

import io
import re

import msgspec
import networkx as nx
import pytest
from drawing import draw

from decompose.cut.propose import propose
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import ContextMap
from decompose.model.settings import Config
from decompose.report.graphs import dot, graphml, mermaid, networkx_graph

SHOP = """
shop.orders.models: table orders_order; key customer_id -> crm_customer CASCADE
shop.orders.views: imports shop.orders.models; writes orders_order
shop.crm.models: table crm_customer
shop.crm.views: imports shop.crm.models; writes crm_customer
"""
EVIL = 'a"]; x -> y [label="\x1b\\'


def world(text: str = SHOP) -> tuple[CodeGraph, ContextMap]:
    graph = draw(text)
    return graph, propose(graph, Config())


def hostile() -> tuple[CodeGraph, ContextMap]:
    """The shop, with a module and a context of an evil name."""
    graph, cut = world()
    module = msgspec.structs.replace(graph.modules[0], id=EVIL)
    context = msgspec.structs.replace(cut.contexts[0], name=EVIL)
    graph = msgspec.structs.replace(graph, modules=(module, *graph.modules[1:]))
    return graph, msgspec.structs.replace(cut, contexts=(context, *cut.contexts[1:]))


def test_the_graph_has_modules_tables_and_what_joins_them() -> None:
    graph = networkx_graph(*world())
    assert graph.nodes["shop.orders.models"]["kind"] == "module"
    assert graph.nodes["table:orders_order"]["path"] == "shop/orders/models.py"
    assert graph.has_edge("shop.orders.views", "shop.orders.models", "import:load")
    assert graph.has_edge("table:orders_order", "table:crm_customer", "foreign-key:FK-001")


def test_an_edge_carries_its_places() -> None:
    assert networkx_graph(*world()).edges["shop.orders.views", "shop.orders.models", "import:load"]["at"] == "shop/orders/views.py:10"


@pytest.mark.parametrize("shop", [world, hostile])
def test_graphml_reads_back_as_the_same_graph(shop: object) -> None:
    given = shop()  # type: ignore[operator]
    graph = networkx_graph(*given)
    read = nx.read_graphml(io.BytesIO(graphml(*given).encode()))
    assert (read.number_of_nodes(), read.number_of_edges()) == (graph.number_of_nodes(), graph.number_of_edges())


def test_no_name_ends_its_quotes_in_dot() -> None:
    text = dot(*hostile())
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "S", text)
    assert "x -> y" not in outside and outside.count('"') == 0
    assert "\x1b" not in text


def test_no_name_ends_its_label_in_mermaid() -> None:
    text = mermaid(*hostile())
    assert "#34;#93;#59;" in text and "\x1b" not in text
    assert all(line.count('"') in (0, 2) for line in text.splitlines())


def test_dot_marks_what_crosses_contexts() -> None:
    graph, cut = world(SHOP + "shop.crm.jobs: imports shop.orders.models\n")
    home = {each.module: each.context for each in cut.memberships}
    crossing = home["shop.crm.jobs"] != home["shop.orders.models"]
    assert ("#b00020" in dot(graph, cut)) == crossing


def test_mermaid_counts_uses_and_foreign_keys() -> None:
    graph, cut = world()
    keys = sum(key.cut for key in cut.foreign_keys)
    assert ("1 FK" in mermaid(graph, cut)) == (keys == 1)


def test_a_key_to_a_table_outside_the_project_has_a_node_of_its_own() -> None:
    graph = networkx_graph(*world("a.models: table a_x; key u_id -> auth_user CASCADE\n"))
    assert graph.nodes["table:auth_user"]["kind"] == "table"
