"""A small shop on Flask-SQLAlchemy: orders, and the pages of customers that use them."""

from __future__ import annotations

from textwrap import dedent

from projects import Monolith

SHOP = '''
# shop/extensions.py
from flask_sqlalchemy import SQLAlchemy
db = SQLAlchemy()

class CRUDMixin:
    @classmethod
    def by(cls, **columns):
        return cls.query.filter_by(**columns).first()

    def save(self):
        db.session.add(self)
        db.session.commit()
        return self

# shop/customers/models.py
from shop.extensions import db
from sqlalchemy.orm import Mapped, mapped_column, relationship

class Customer(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    orders = relationship("Order", back_populates="customer", cascade="all, delete-orphan")

# shop/orders/models.py
from shop.extensions import CRUDMixin, db
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

class Order(CRUDMixin, db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    paid: Mapped[bool]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    customer = relationship("Customer", back_populates="orders")

    def pay(self, method: str, note: str = "") -> bool:
        self.paid = True
        return True

# shop/orders/schemas.py
from pydantic import BaseModel

class OrderIn(BaseModel):
    state: str

class Priced(BaseModel):
    pass

# shop/orders/services.py
from shop.extensions import db
from shop.orders.models import Order
from shop.orders.schemas import OrderIn
from sqlalchemy import select
from sqlalchemy.orm import Session

def open_orders(state):
    return db.session.scalars(select(Order).where(Order.state == state)).all()

def place(db_session, order_in: OrderIn) -> Order:
    order = Order(**order_in.model_dump())
    db_session.add(order)
    return order

def forward(db_session, order_in: OrderIn) -> Order:
    return place(db_session, order_in)

class OrderService:
    @staticmethod
    def cancel(session: Session, order_id: int) -> None:
        session.query(Order).filter_by(id=order_id).delete()

    @classmethod
    def latest(cls, count: int = 5) -> list[Order]:
        return db.session.scalars(select(Order).order_by(Order.id.desc()).limit(count)).all()
'''

HEAD = """
from shop.customers.models import Customer
from shop.extensions import db
from shop.orders import services
from shop.orders.models import Order
from shop.orders.schemas import OrderIn, Priced
from shop.orders.services import OrderService, forward, open_orders, place
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session
"""

PAGE = "shop/customers/pages.py"


def shop(code: str, head: str = "def page(wanted, order: Order, customer: Customer, session: Session):") -> Monolith:
    """The shop with a page of the customers that holds ``code``."""
    body = "".join(f"    {line}\n" for line in dedent(code).strip().splitlines())
    return Monolith(SHOP, f"# {PAGE}{HEAD}\n{head}\n{body}")


def sealed(code: str) -> str:
    """The page's code after the orders are sealed."""
    text = shop(code).text(PAGE, "orders")
    return dedent(text[text.index("def page(") :].partition("\n")[2]).strip()
