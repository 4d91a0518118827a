from __future__ import annotations

from decompose.model.location import Location
from decompose.model.migration import BoundaryEdge, Project
from decompose.planning.steps import STEPS, steps

PROJECT = Project("shop", "django", ("django",), ".", "shop.boundaries", "3.12", test_command="{python} manage.py test")


def waiting(identifier: str, blocks: str) -> BoundaryEdge:
    return BoundaryEdge(identifier, "in", "orm", "a", "b", Location("a.py", 1), "x", "decide", "decide", "why", blocks=blocks)


def test_the_six_steps_come_in_order() -> None:
    assert tuple(step.name for step in steps("gift-cards", PROJECT, ())) == STEPS


def test_commands_carry_the_contexts_names() -> None:
    found = {step.name: step for step in steps("gift-cards", PROJECT, ())}
    assert found["seal"].command == "decompose extract gift-cards --step seal"
    assert "GIFT_CARDS_MODE=remote" in found["switch"].command
    assert found["shadow"].command.startswith("GIFT_CARDS_MODE=loopback python manage.py test")
    assert found["split"].command.endswith("python -m gift_cards_service.copy_data copy")


def test_every_step_has_a_proof_and_a_way_back() -> None:
    assert all(step.proof and step.reverse for step in steps("orders", PROJECT, ()))


def test_rows_move_before_calls() -> None:
    assert STEPS.index("split") < STEPS.index("switch")


def test_the_last_safe_point_is_before_the_old_tables_go() -> None:
    assert [step.name for step in steps("orders", PROJECT, ()) if step.last_safe] == ["switch"]


def test_an_open_edge_blocks_the_step_it_names() -> None:
    found = {step.name: step.blocked_by for step in steps("orders", PROJECT, [waiting("e2", "split"), waiting("e1", "")])}
    assert (found["seal"], found["switch"], found["split"]) == ((), ("e1",), ("e2",))
