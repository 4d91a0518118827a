from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import cut
import graphs
import partitions

from decompose.cut.propose import propose
from decompose.model.settings import Config

TRUE = {"a": 1, "b": 1, "c": 1, "d": 2, "e": 2, "f": 2}


def test_equal_partitions_agree_whatever_their_parts_are_called() -> None:
    found = {element: f"part {part}" for element, part in TRUE.items()}
    assert partitions.ari(found, TRUE) == partitions.mojofm(found, TRUE) == 1.0


def test_one_element_astray_is_one_move() -> None:
    # Of six elements in two parts of three each, the worst partition keeps two in place.
    assert partitions.mojofm({**TRUE, "c": 2}, TRUE) == pytest.approx(1 - 1 / 4)


def test_the_best_matching_lets_what_was_split_go_to_either_part() -> None:
    true = {"a": frozenset({"users"}), "b": frozenset({"users", "mail"}), "c": frozenset({"orders"})}
    assert partitions.matched({"a": 1, "b": 1, "c": 2}, true)[:2] == (3, 3)
    assert partitions.matched({"a": 1, "b": 1, "c": 1}, true)[:2] == (2, 3)


def test_a_grown_monolith_is_found_in_its_packages() -> None:
    graph = graphs.grown(400, 1200, tables=80)
    assert graph == graphs.grown(400, 1200, tables=80)
    found = cut.places(propose(graph, Config(weights=(("package", 0.0),))))
    assert partitions.ari(found, {module.id: module.id.split(".")[1] for module in graph.modules}) > 0.6


def test_vertical_labels_are_words_that_two_layers_have(tmp_path: Path) -> None:
    from decompose.pipeline import analyze

    for path in ("__init__.py", "models/__init__.py", "views/__init__.py", "services/__init__.py", "models/order.py", "views/orders.py", "views/help.py", "services/order_invoice.py", "models/invoice.py"):
        file = tmp_path / "app" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x = 1\n")
    found = cut.vertical_labels(analyze(tmp_path, cache=False, jobs=1).graph)
    # ``help`` is in one layer only, ``order_invoice`` carries two such words.
    assert found == {"app.models.order": "order", "app.views.orders": "order", "app.models.invoice": "invoice"}
