from __future__ import annotations

import msgspec
from drawing import draw

from decompose.cut.transactions import in_contexts, units_of_work

CHECKOUT = """
    shop.orders: reads catalog; atomic writes orders; calls shop.stock.reserve
    shop.stock: def reserve writes stock
    shop.mail: def send writes outbox
"""


def test_a_transaction_reaches_what_it_calls() -> None:
    (unit,) = units_of_work(draw(CHECKOUT))
    assert unit.written == ("orders", "stock")


def test_accesses_outside_the_block_do_not_count() -> None:
    (unit,) = units_of_work(draw(CHECKOUT))
    assert "catalog" not in unit.tables


def test_its_own_lines_come_before_those_it_calls() -> None:
    (unit,) = units_of_work(draw(CHECKOUT))
    assert [at.path for _, _, at in unit.places] == ["shop/orders.py", "shop/stock.py"]


def test_reach_ends_after_four_calls() -> None:
    chain = "\n".join(f"m{i}: def f writes t{i}; calls m{i + 1}.f" for i in range(1, 8))
    (unit,) = units_of_work(draw(f"m0: atomic writes t0; calls m1.f\n{chain}"))
    assert unit.written == ("t0", "t1", "t2", "t3", "t4")


def test_calls_in_a_circle_end() -> None:
    (unit,) = units_of_work(draw("a: atomic writes x; calls b.f\nb: def f writes y; calls b.f"))
    assert unit.written == ("x", "y")


def test_transactions_of_tests_are_left_out() -> None:
    assert units_of_work(draw("tests.test_a [test]: atomic writes x")) == ()


def test_ids_follow_the_definitions_name() -> None:
    units = units_of_work(draw("b: atomic writes x\na: atomic writes y"))
    assert [(unit.id, unit.definition) for unit in units] == [("TX-001", "a.commit"), ("TX-002", "b.commit")]


def test_a_transaction_is_cut_when_it_writes_for_two_contexts() -> None:
    (found,) = in_contexts(units_of_work(draw(CHECKOUT)), {"orders": "sales", "stock": "warehouse"})
    assert (found.cut, found.writing) == (True, ("sales", "warehouse"))


def test_reading_another_contexts_table_cuts_no_transaction() -> None:
    graph = draw("shop.orders: atomic writes orders; calls shop.stock.look\nshop.stock: def look reads stock")
    (found,) = in_contexts(units_of_work(graph), {"orders": "sales", "stock": "warehouse"})
    assert (found.cut, found.contexts) == (False, ("sales", "warehouse"))


def test_a_table_that_every_service_has_cuts_no_transaction() -> None:
    (found,) = in_contexts(units_of_work(draw(CHECKOUT)), {"orders": "sales", "stock": "shared"}, {"shared"})
    assert (found.cut, found.contexts) == (False, ("sales", "shared"))


def test_what_runs_after_the_commit_is_not_inside() -> None:
    graph = draw(CHECKOUT)
    (transaction,) = graph.transactions
    lines = (transaction.at.line, transaction.end_line)
    (unit,) = units_of_work(msgspec.structs.replace(graph, transactions=(msgspec.structs.replace(transaction, deferred=(lines,)),)))
    assert unit.tables == ()
