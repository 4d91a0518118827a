from __future__ import annotations

import pytest
from drawing import draw

from decompose.cut.atoms import atoms
from decompose.cut.coupling import Coupling, coupling, route_word, weights
from decompose.cut.structure import domain_package, outer_package, packages
from decompose.cut.transactions import units_of_work
from decompose.errors import ConfigError
from decompose.model.codegraph import CodeGraph


def pull(graph: CodeGraph, kind: str, first: str, second: str) -> float:
    modules = [module.id for module in graph.modules if module.role == "code"]
    found = coupling(graph, atoms(graph, modules), units_of_work(graph))
    i, j = sorted((found.index[first], found.index[second]))
    return found.links[kind].get((i, j), 0.0)


def test_a_module_that_everybody_imports_pulls_little() -> None:
    graph = draw("a: imports util, b\nb: imports util\nc: imports util\nd: imports util\nutil:")
    assert pull(graph, "import", "a", "util") == pytest.approx(pull(graph, "import", "a", "b") / 2)


def test_more_places_pull_more_but_not_in_proportion() -> None:
    graph = draw("a: calls c.f; calls c.f; calls c.f\nb: calls d.f\nc: def f\nd: def f")
    assert pull(graph, "call", "b", "d") < pull(graph, "call", "a", "c") < 3 * pull(graph, "call", "b", "d")


def test_writing_a_table_pulls_more_than_reading_it() -> None:
    graph = draw("a: writes t\nb: reads t")
    assert pull(graph, "data", "a", "table:t") > pull(graph, "data", "b", "table:t")


def test_tables_of_one_transaction_pull_each_other() -> None:
    graph = draw("a: atomic writes t, u\nb: writes v")
    assert pull(graph, "tx", "table:t", "table:u") > 0.0


def test_a_transaction_over_many_tables_pulls_each_pair_less() -> None:
    narrow, wide = draw("a: atomic writes t, u"), draw("a: atomic writes t, u, v, w")
    assert pull(wide, "tx", "table:t", "table:u") < pull(narrow, "tx", "table:t", "table:u")


def test_modules_with_a_domain_word_in_common_share_a_node_across_layers() -> None:
    graph = draw("app.models.order:\napp.api.orders:\napp.api.users:\napp.main:")
    assert pull(graph, "package", "app.models.order", "package:order") == pull(graph, "package", "app.api.orders", "package:order") > 0.0


def test_folders_pull_nothing_when_their_weight_is_zero() -> None:
    graph = draw("shop.orders.a:\nshop.orders.b:\nshop.cart.a:\nshop.cart.b:")
    found = coupling(graph, atoms(graph, [module.id for module in graph.modules]), overrides=[("package", 0.0)])
    assert not any(node.startswith("package:") for node in found.nodes)


def test_foreign_keys_pull_nothing_by_default() -> None:
    graph = draw("a: table t; key u_id -> u\nb: table u")
    assert "fk" not in coupling(graph, atoms(graph, ["a", "b"])).links


def test_files_committed_together_more_than_once_pull() -> None:
    graph = draw("a:\nb:\nc:")
    found = coupling(graph, atoms(graph, ["a", "b", "c"]), commits=[{"a.py", "b.py"}, {"a.py", "b.py"}, {"a.py", "c.py"}])
    assert list(found.links["cochange"]) == [(0, 1)]


def test_a_word_of_every_file_of_a_layer_pulls_nothing() -> None:
    layer = "\n".join(f"app.{name}.views: class PaginatedThing" for name in ("cart", "order", "stock", "user", "label"))
    graph = draw(layer + "\napp.paging: class Unrelated")
    assert pull(graph, "name", "app.cart.views", "app.order.views") == 0.0


def test_a_word_of_a_table_is_a_topic_of_what_names_it_in_any_layer() -> None:
    graph = draw("a.models: class Order; table order\nb.api: def list_orders\nb.other: def compute\nb.more: def compute\na.x: def compute")
    assert pull(graph, "topic", "a.models", "topic:order") > 0.0 < pull(graph, "topic", "b.api", "topic:order")


def test_an_import_into_a_file_that_is_taken_apart_counts_for_what_is_used_of_it() -> None:
    graph = draw("everything: def f; def g\na: imports everything; calls everything.f\nb: imports everything; calls everything.g")
    found = coupling(graph, atoms(graph, ["a", "b", "everything"], frozenset({"everything"})))
    ends = [sorted(found.nodes[node] for node in pair) for pair in found.links["import"]]
    assert sorted(ends) == [["a", "everything.f"], ["b", "everything.g"]]


def test_an_unknown_kind_of_weight_is_an_error() -> None:
    with pytest.raises(ConfigError, match="imprt"):
        weights([("imprt", 1.0)])


@pytest.mark.parametrize(("path", "word"), [("/api/v1/orders/<int:pk>/", "order"), ("^gift-cards/$", "gift-card"), ("/{id}/", "")])
def test_the_word_of_a_route_is_its_first_domain_segment(path: str, word: str) -> None:
    assert route_word(path) == word


def test_the_project_package_is_a_container() -> None:
    graph = draw("shop.orders.models: app\nshop.cart.models: app\nshop.stock.models: app")
    found = packages(graph, [module.id for module in graph.modules])
    assert domain_package("shop.orders.models", found) == "shop.orders"


def test_a_layer_is_an_outer_package_but_not_a_domain_package() -> None:
    graph = draw("app.models.order:\napp.models.user:\napp.views.order:\napp.views.user:\napp.tasks.order:")
    found = packages(graph, [module.id for module in graph.modules])
    assert (outer_package("app.views.order", found), domain_package("app.views.order", found)) == ("app.views", "")


def test_what_was_seen_at_run_time_goes_to_the_definitions_of_a_module_that_is_taken_apart() -> None:
    graph = draw("a: def f; def g\nb: def h")
    seen = {"span": {("a.f", "b.h"): 0.5, ("a.g", "b.h"): 0.25, ("a.f", "table:orders"): 1.0, ("a.f", "tests.x"): 1.0}}
    whole = coupling(graph, atoms(graph, ["a", "b"]), observed=seen)
    assert named(whole)["span"] == {("a", "b"): 0.75, ("a", "table:orders"): 1.0}
    apart = coupling(graph, atoms(graph, ["a", "b"], frozenset({"a"})), observed=seen)
    assert named(apart)["span"] == {("b", "a.f"): 0.5, ("b", "a.g"): 0.25, ("a.f", "table:orders"): 1.0}


def named(found: Coupling) -> dict[str, dict[tuple[str, str], float]]:
    return {kind: {(found.nodes[i], found.nodes[j]): strength for (i, j), strength in links.items()} for kind, links in found.links.items()}


def test_every_kind_of_evidence_can_be_weighed_in_the_configuration() -> None:
    from decompose.config import WEIGHT_KINDS
    from decompose.cut.coupling import KINDS

    assert set(WEIGHT_KINDS) == set(KINDS)
