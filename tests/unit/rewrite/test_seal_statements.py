"""SQLAlchemy statements before and after they are sealed."""

from __future__ import annotations

import libcst as cst
import pytest
from orders_shop import PAGE, sealed, shop

from decompose.rewrite.unify import unify


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Order.query.filter_by(state=wanted, paid=True).first()", "orders.first_order(state=wanted, paid=True)"),
        ("db.session.get(Order, 4).state", "orders.get_order(id=4).state"),
        (
            "session.query(Order).filter(Order.state == wanted.lower(), or_(Order.paid.is_(True), Order.id > 3)).limit(9).all()",
            "orders.list_orders(session=session, state=wanted.lower(), id=3, limit=9)",
        ),
        ("db.session.execute(select(Order).where(Order.id.in_([1, wanted]))).scalars().all()", "orders.list_orders(id=[1, wanted])"),
        ("session.query(func.count(Order.id)).filter(Order.state != wanted).scalar()", "orders.count_orders(session=session, state=wanted)"),
        ("session.query(Order).filter_by(paid=False).delete()", "orders.delete_orders(session=session, paid=False)"),
        ("Order(state='new', customer_id=customer.id)", "orders.new_order(state='new', customer_id=customer.id)"),
        ("db.session.add(Order(state=wanted))", "orders.add_order(order=orders.new_order(state=wanted))"),
        ("db.session.add_all([order, order])", "orders.add_orders(orders=[order, order])"),
        ("db.session.delete(order)", "orders.delete_order(order=order)"),
        ("Order.by(state=wanted)", "orders.by_order(state=wanted)"),
        ("order.pay(wanted, note='card')", "orders.pay_order(order, method=wanted, note='card')"),
        ("OrderService.cancel(session, 3)", "orders.order_service_cancel(session, 3)"),
        ("services.OrderService.latest()", "orders.order_service_latest()"),
        ("services.open_orders(wanted)", "orders.open_orders(wanted)"),
    ],
)
def test_a_statement_becomes_one_call_with_the_same_values(before: str, after: str) -> None:
    assert sealed(f"return {before}") == f"return {after}"


def test_a_loop_over_a_statement_runs_over_the_call() -> None:
    assert sealed("for each in db.session.scalars(select(Order)):\n    print(each.id)").startswith("for each in orders.list_orders():")


def test_a_statement_under_another_name_is_found() -> None:
    text = sealed("from sqlalchemy import select as choose\nreturn db.session.scalars(choose(Order).where(Order.paid.is_(True))).all()")
    assert text.endswith("return orders.list_orders()")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "statement = select(Order).where(Order.state == wanted)\nreturn db.session.scalars(statement).all()",
            "return orders.list_orders(state=wanted)",
        ),
        (
            "query = session.query(Order)\nfound = query.filter_by(state=wanted)\nprint(1)\nreturn found.all()",
            "print(1)\nreturn orders.list_orders(session=session, state=wanted)",
        ),
    ],
)
def test_a_statement_that_is_built_first_is_one_call(before: str, after: str) -> None:
    assert sealed(before) == after


@pytest.mark.parametrize(
    "code",
    [
        "statement = select(Order).where(Order.state == wanted)\nwanted = 3\nreturn db.session.scalars(statement).all()",
        "statement = select(Order).where(Order.state == wanted)  # the open ones\nreturn db.session.scalars(statement).all()",
    ],
)
def test_a_statement_whose_lines_may_not_go_is_left_and_reported(code: str) -> None:
    project = shop(code)
    assert [reason for _, _, reason in project.sealed("orders").left] == ["the statement is written in a way that is not rewritten"]
    assert project.text(PAGE, "orders").endswith("return db.session.scalars(statement).all()\n")


@pytest.mark.parametrize(
    "code",
    [
        "statement = select(Order)\nif wanted:\n    statement = statement.where(Order.paid.is_(True))\nreturn db.session.scalars(statement).all()",
        "statement = select(Order)\nprint(statement)\nreturn db.session.scalars(statement).all()",
    ],
)
def test_a_statement_of_several_minds_is_a_question(code: str) -> None:
    assert "decide" in {edge.disposition for edge in shop(code).edges("orders") if edge.at.path == PAGE}


def test_an_import_without_a_use_left_goes() -> None:
    text = shop("from sqlalchemy import select\nreturn db.session.scalars(select(Order)).all()").text(PAGE, "orders")
    assert text.endswith("    return orders.list_orders()\n") and "    from sqlalchemy" not in text


def test_a_variable_that_holds_a_result_is_no_call_of_its_own() -> None:
    found = shop("found = services.open_orders(wanted)\nif found:\n    print(found)").sealed("orders")
    assert found.left == ()


@pytest.mark.parametrize(
    ("template", "text", "values"),
    [
        ("a.f(x)", "a.f(1 + 2)", {"x": "1 + 2"}),
        ("select(A).where(A.n == x)", "sa.select(m.A).where(m.A.n == y.z)", {"x": "y.z"}),
        ("f(A.n.in_([1, 2]))", "f(A.n.in_((1, 2)))", {}),
        ("f({'n': x})", 'f({"n": 3})', {"x": "3"}),
        ("f(not A.n)", "f(not A.n)", {}),
        ("f(A.n | A.m)", "f((A.n) | (A.m))", {}),
        ("f('a')", "f('b')", None),
        ("f(True)", "f(yes)", None),
        ("f(A.n == x)", "f(A.n != 3)", None),
        ("f(n=x)", "f(m=3)", None),
        ("f(x)", "g.h(3)", None),
        ("a.f(x).g()", "a.f(3)", None),
    ],
)
def test_a_template_finds_its_values_in_the_text(template: str, text: str, values: dict[str, str] | None) -> None:
    found = unify(cst.parse_expression(template), cst.parse_expression(text), ("x",))
    assert (None if found is None else {name: cst.Module([]).code_for_node(node) for name, node in found.items()}) == values
