from __future__ import annotations

from drawing import draw

from decompose.cut.atoms import atoms, mixed, settled
from decompose.model.codegraph import CodeGraph

ROUGH = {"app.tasks": 0, "app.billing": 0, "table:invoice": 0, "app.shipping": 1, "table:parcel": 1}


def layered() -> CodeGraph:
    return draw(
        "app.tasks: def bill writes invoice; def file writes invoice; def pack writes parcel; def send writes parcel\n"
        "app.billing: calls app.tasks.bill; writes invoice\napp.shipping: calls app.tasks.pack; writes parcel"
    )


MODULES = ["app.billing", "app.shipping", "app.tasks"]


def test_a_file_whose_definitions_are_drawn_to_two_sides_is_mixed() -> None:
    assert mixed(layered(), MODULES, ROUGH) == {"app.tasks"}


def test_a_file_of_one_side_is_not_mixed() -> None:
    assert mixed(layered(), MODULES, dict.fromkeys(ROUGH, 0)) == frozenset()


def test_one_stray_definition_does_not_open_a_file() -> None:
    graph = draw("app.tasks: def bill writes invoice; def file writes invoice; def pack writes parcel\napp.shipping: writes parcel")
    assert mixed(graph, ["app.shipping", "app.tasks"], ROUGH) == frozenset()


def test_an_opened_module_is_its_definitions_and_the_rest() -> None:
    parts = atoms(layered(), MODULES, frozenset({"app.tasks"}))
    assert parts.ids[:3] == tuple(MODULES)
    assert parts.inside["app.tasks"] == ("app.tasks.bill", "app.tasks.file", "app.tasks.pack", "app.tasks.send")
    assert parts.of["app.tasks.pack"] == "app.tasks.pack"
    assert parts.of["app.billing"] == "app.billing"


def test_definitions_that_disagree_with_their_module_leave_it() -> None:
    parts = atoms(layered(), MODULES, frozenset({"app.tasks"}))
    place = {"app.billing": 0, "app.shipping": 1, "app.tasks": 0, "app.tasks.bill": 0, "app.tasks.file": 0, "app.tasks.pack": 1, "app.tasks.send": 1}
    modules, apart = settled(parts, place)
    assert modules == {"app.billing": 0, "app.shipping": 1, "app.tasks": 0}
    assert apart == {"app.tasks.pack": 1, "app.tasks.send": 1}


def test_a_module_moves_whole_when_its_definitions_agree() -> None:
    parts = atoms(layered(), MODULES, frozenset({"app.tasks"}))
    modules, apart = settled(parts, dict.fromkeys(parts.ids, 1))
    assert (set(modules.values()), apart) == ({1}, {})
