from __future__ import annotations

from drawing import draw

from decompose.cut.kernel import shared_kernel
from decompose.cut.survey import Survey
from decompose.model.settings import Config

USERS = "\n".join(f"shop.{name}.models: app; table {name}; imports shop.lib.money\nshop.{name}.views: imports shop.{name}.models\nshop.{name}.jobs: imports shop.{name}.models" for name in ("a1", "b1", "c1", "d1"))


def kernel(text: str) -> set[str]:
    survey = Survey(draw(text), Config())
    groups = sorted({module.split(".")[1] for module in survey.members})
    place = {node: groups.index(node.split(".")[1]) if "." in node and ":" not in node else -1 for node in survey.coupling.nodes}
    return shared_kernel(survey, place)


def test_a_library_that_most_contexts_use_is_shared() -> None:
    assert kernel(f"{USERS}\nshop.lib.money: class Money") == {"shop.lib.money"}


def test_a_module_with_a_table_is_not_shared_however_many_use_it() -> None:
    assert kernel(f"{USERS}\nshop.lib.money: table money") == set()


def test_what_only_shared_code_uses_is_shared_too() -> None:
    found = kernel(f"{USERS}\nshop.lib.money: imports shop.lib.rounding\nshop.lib.rounding:")
    assert found == {"shop.lib.money", "shop.lib.rounding"}


def test_what_wires_everything_together_is_shared() -> None:
    wiring = "shop.wiring.registry: imports " + ", ".join(f"shop.{name}.views" for name in ("a1", "b1", "c1", "d1"))
    assert "shop.wiring.registry" in kernel(f"{USERS}\nshop.lib.money:\n{wiring}")


def test_a_library_of_one_context_belongs_to_it() -> None:
    assert "shop.a1.tools" not in kernel(f"{USERS}\nshop.lib.money:\nshop.a1.tools:\nshop.a1.more: imports shop.a1.tools")
