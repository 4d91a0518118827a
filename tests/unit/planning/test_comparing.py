"""Two plans compared."""

from __future__ import annotations

from decompose.planning.comparing import compared, of_lock, of_plan
from tests.unit.planning.test_signing import VIEWS, plan, signed


def changes(before: object, after: object) -> list[tuple[str, str, str, str]]:
    return [(each.kind, each.subject, each.before, each.after) for each in compared(before, after, "before").changes]  # type: ignore[arg-type]


def test_a_plan_does_not_differ_from_itself_nor_from_its_signature() -> None:
    assert changes(of_plan(plan()), of_plan(plan())) == []
    assert changes(of_lock(signed(plan())), of_plan(plan())) == []


def test_another_owner_changes_the_table_and_whether_its_key_is_cut() -> None:
    found = changes(of_plan(plan()), of_plan(plan(owns="billing_*")))
    assert ("table", "billing_invoice", "billing", "orders") in found
    assert ("foreign-key", "orders_order.invoice_id -> billing_invoice", "there", "") in found


def test_another_treatment_is_told_and_what_moved_by_lines_is_not() -> None:
    found = changes(of_lock(signed(plan())), of_plan(plan(VIEWS.replace("\n\n\ndef", "\n\nX = 1\n\n\ndef"), choice="replica")))
    assert [(kind, after) for kind, _, _, after in found] == [("decision", "replica")]


def test_a_new_use_is_an_edge_between_two_plans_and_a_boundary_to_a_signature() -> None:
    now = of_plan(plan(VIEWS + "\n\ndef again():\n    return charge(4)\n"))
    assert {kind for kind, *_ in changes(of_plan(plan()), now)} >= {"call", "edge"}
    assert {kind for kind, *_ in changes(of_lock(signed(plan())), now)} >= {"call", "boundary"}


def test_every_change_is_taken_back_by_the_comparison_the_other_way_round() -> None:
    one, other = of_plan(plan()), of_plan(plan(VIEWS + "\n\ndef again():\n    return charge(4)\n", owns="billing_*"))
    assert {(kind, subject, after, before) for kind, subject, before, after in changes(one, other)} == set(changes(other, one))


def test_the_figures_are_those_of_both_sides() -> None:
    counts = {name: (before, after) for name, before, after in compared(of_plan(plan()), of_plan(plan(owns="billing_*")), "x").counts}
    assert counts["contexts"] == (3, 3) and counts["foreign-key"] == (1, 0)
