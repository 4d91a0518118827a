"""Edges and operations of contexts on SQLAlchemy."""

from __future__ import annotations

import pytest
from orders_shop import PAGE, SHOP, shop
from projects import Monolith

from decompose.model.migration import BoundaryEdge, Operation
from decompose.planning.placement import placements


def edges(code: str) -> list[BoundaryEdge]:
    return [edge for edge in shop(code).edges("orders") if edge.at.path == PAGE and edge.source.endswith(".page")]


def operation(code: str) -> Operation:
    (found,) = shop(code).boundary("orders").operations
    return found


# --- statements -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "name", "parameters", "returns"),
    [
        ("return Order.query.filter_by(state=wanted).first()", "first_order", "state:string", "entity:Order?"),
        ("return db.session.get(Order, wanted)", "get_order", "id:integer", "entity:Order?"),
        ("return session.query(Order).filter(Order.id == wanted).one()", "get_order", "session:session id:integer", "entity:Order"),
        ("return Order.query.filter(Order.id.in_(wanted)).all()", "list_orders", "id:list:integer", "list:entity:Order"),
        ("return Order.query.filter(Order.customer_id == wanted).count()", "count_orders", "customer_id:integer", "integer"),
        ("return session.query(Order.id, Order.state).filter(Order.paid == wanted).all()", "list_orders", "session:session paid:boolean", "json"),
        ("return db.session.scalar(select(func.max(Order.id)))", "max_orders", "", "json"),
        ("session.query(Order).filter_by(id=wanted).update({'state': 'paid'})", "update_orders", "session:session id:integer state:string", "integer"),
        ("session.add(order)", "add_order", "session:session order:entity:Order", "none"),
        ("return Order.by(state=wanted)", "by_order", "state:string", "entity:Order"),
        ("return place(session, OrderIn(state=wanted))", "place", "db_session:session order_in:schema:shop.orders.schemas.OrderIn", "entity:Order"),
        ("return forward(session, OrderIn(state=wanted))", "forward", "db_session:session order_in:schema:shop.orders.schemas.OrderIn", "entity:Order"),
        ("return open_orders(wanted)", "open_orders", "state:string", "list:entity:Order"),
        ("OrderService.cancel(session, 3)", "order_service_cancel", "session:session order_id:integer", "none"),
    ],
)  # fmt: skip
def test_a_use_has_an_operation_with_types(code: str, name: str, parameters: str, returns: str) -> None:
    found = operation(code)
    given = " ".join(f"{each.name}:{each.type}" for each in found.parameters)
    assert (found.name, given, found.returns + "?" * found.optional) == (name, parameters, returns)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("return session.query(Order)", "a statement is passed on before it is sent: send it here"),
        ("query = session.query(Order)\nreturn query.filter_by(paid=True).all() if wanted else query.all()", "a query that began earlier continues here"),
        ("return session.query(Order).filter(*wanted).all()", "* cannot be passed over the boundary"),
        ("return session.query(Order).filter_by(**wanted).all()", "** cannot be passed over the boundary"),
        ("return session.query(Order).filter(visible(Order)).all()", "visible() makes a part of the statement"),
        ("return session.query(Order).join(Customer).filter(Customer.name == wanted).all()", "the statement also asks for Customer"),
        ("return session.query(Order).first().pay('card')", "pay() is called on the row at once"),
        ("return sorted(wanted, key=Order.state)", "a column or query of the model is passed on"),
        ("order.state = 'sent'", "the session stores this by itself at the next commit"),
    ],
)
def test_what_has_no_form_is_a_question_with_the_reason(code: str, reason: str) -> None:
    head = "def visible(model):\n    return model.paid.is_(True)\n\ndef page(wanted, order: Order, customer: Customer, session: Session):"
    found = [edge.reason for edge in shop(code, head).edges("orders", disposition="decide") if edge.at.path == PAGE and edge.source.endswith(".page")]
    assert any(each.startswith(reason) for each in found), found


def test_what_is_set_and_then_saved_is_no_question() -> None:
    assert [edge.operation for edge in edges("order.state = 'sent'\norder.save()")] == ["save_order"]


def test_a_session_that_is_committed_is_no_edge() -> None:
    assert edges("db.session.commit()\nsession.rollback()") == []


# --- relationships ---------------------------------------------------------------------------------


def test_a_relationship_that_leads_to_the_context_is_told_once() -> None:
    found = edges("print(customer.orders)\nreturn [each.state for each in customer.orders]")
    assert [(edge.kind, edge.disposition, edge.text) for edge in found] == [("accessor", "replica", "Customer.orders")]


def test_a_row_hung_on_another_is_a_question() -> None:
    (found,) = edges("customer.orders = [order]")
    assert (found.kind, found.disposition) == ("accessor", "decide")


def test_a_row_behind_the_key_of_an_order_stays_with_the_caller() -> None:
    project = shop("found = Order.by(state=wanted)\nreturn found.customer.name")
    assert [edge.disposition for edge in project.edges("orders") if edge.at.path == PAGE and edge.source.endswith(".page")] == ["operation"]
    (entity,) = project.boundary("orders").entities
    assert entity.relations == (("customer", "shop.customers.models.Customer"),)


def test_a_statement_on_others_that_joins_the_context_reads_along() -> None:
    found = edges("return session.query(Customer).join(Order).filter(Order.paid.is_(True)).all()")
    assert [(edge.kind, edge.disposition, edge.text) for edge in found] == [("orm", "replica", "read order")]


def test_rows_that_are_deleted_along_are_an_event() -> None:
    found = edges("session.delete(customer)\nsession.commit()")
    assert ("transaction", "event") in {(edge.kind, edge.disposition) for edge in found}


# --- placement -------------------------------------------------------------------------------------


def test_services_move_although_only_pages_of_their_context_call_them() -> None:
    pages = """
    # shop/orders/views.py
    from flask import Flask, render_template
    from shop.orders.services import open_orders
    app = Flask(__name__)

    @app.route("/orders")
    def index():
        return render_template("orders.html", orders=open_orders("open"))
    """
    project = Monolith(SHOP, pages)
    placed = {each.module: each.action for each in placements(project.sight, project.cut("orders"))}
    assert (placed["shop.orders.services"], placed["shop.orders.views"]) == ("move", "stay")
    assert [edge.operation for edge in project.edges("orders", kind="call")] == ["open_orders"]


def test_a_class_of_values_may_be_inherited_by_others() -> None:
    text = "# shop/customers/schemas.py\nfrom shop.orders.schemas import OrderIn\nfrom shop.orders.services import place\n\nclass Gift(OrderIn):\n    pass\n\ndef give(session):\n    return place(session, Gift(state='new'))\n"
    found = Monolith(SHOP, text).edges("orders")
    assert [edge.disposition for edge in found if edge.source == "shop.customers.schemas.Gift"] == ["shared-kernel"]


def test_what_declares_a_command_stays_with_it() -> None:
    commands = """
    # shop/orders/cli.py
    from flask import Flask
    from shop.orders.services import open_orders

    def init_app(app: Flask):
        @app.cli.command("open")
        def show():
            print(open_orders("open"))

    # shop/app.py
    from flask import Flask
    from shop.orders.cli import init_app

    def create_app():
        app = Flask(__name__)
        init_app(app)
        return app
    """
    project = Monolith(SHOP, commands)
    assert {each.module: each.action for each in placements(project.sight, project.cut("orders"))}["shop.orders.cli"] == "stay"
    assert project.edges("orders", disposition="decide") == []


# --- sessions --------------------------------------------------------------------------------------

PLAIN = """
# shop/core/db.py
from typing import Annotated
from fastapi import Depends
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

def address():
    return "sqlite://"

def connect():
    return create_engine(address())

def unused():
    return address()

engine = connect()
SessionLocal = sessionmaker(bind=engine)

class Base(DeclarativeBase):
    pass

def get_db():
    return SessionLocal()

Database = Annotated[Session, Depends(get_db)]

# shop/orders/models.py
from shop.core.db import Base
from sqlalchemy.orm import Mapped, mapped_column

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)

# shop/orders/services.py
from shop.core.db import Database
from shop.orders.models import Order

def count(database: Database, db, least: int) -> int:
    return database.query(Order).filter(Order.id > least).count() + db.query(Order).count()

# shop/pages/views.py
from shop.orders.services import count
from sqlalchemy.orm import Session

def page(database: Session, handle):
    return count(database, handle, 3)
"""


def test_a_session_behind_another_name_is_one() -> None:
    found = Monolith(PLAIN).operation("orders", "count")
    assert [(each.name, each.type) for each in found.parameters] == [("database", "session"), ("db", "session"), ("least", "integer")]


def test_what_makes_sessions_is_shared_with_what_it_is_made_of() -> None:
    project = Monolith(PLAIN)
    placed = next(each for each in placements(project.sight, project.cut("orders")) if each.module == "shop.core.db")
    assert placed.action == "share"
    assert {each.rpartition(".")[2] for each in placed.definitions} == {"address", "connect", "get_db", "Base"}


def test_what_makes_sessions_moves_whole_where_it_is_the_context_s_own() -> None:
    project = Monolith(PLAIN.replace("shop/core/db.py", "shop/orders/db.py").replace("shop.core.db", "shop.orders.db"))
    assert {"shop.orders.db.address", "shop.orders.db.connect"} <= project.cut("orders").moved
