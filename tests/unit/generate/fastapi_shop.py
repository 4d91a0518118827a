"""A FastAPI monolith on plain SQLAlchemy: sessions are handed on as parameters, results are Pydantic models or rows."""

from __future__ import annotations

from projects import Monolith

from decompose.model.settings import Config, ContextSettings

SHOP = """
# shop/database.py
import os
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

engine = create_engine(os.environ.get("SHOP_DATABASE", "sqlite://"))
SessionLocal = sessionmaker(bind=engine)

class Base(DeclarativeBase):
    pass

def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()

# shop/models.py
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship
from shop.database import Base

class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    number: Mapped[int] = mapped_column(default=1)
    customer: Mapped[Customer] = relationship()

# shop/errors.py
class OrderRefused(Exception):
    pass

# shop/orders/services.py
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from shop.errors import OrderRefused
from shop.models import Customer, Order

def place(db: Session, customer: Customer, number: int) -> Order:
    if number < 1:
        raise OrderRefused("order something")
    order = Order(customer_id=customer.id, number=number)
    db.add(order)
    db.commit()
    return order

def count(db: Session, customer_id: int) -> int:
    return db.scalar(select(func.count()).select_from(Order).where(Order.customer_id == customer_id))

def greeting(db: Session, order_id: int) -> str:
    order = db.get(Order, order_id)
    return order.customer.name if order else "nobody"

# shop/orders/routes.py
from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from shop.database import get_db
from shop.orders import services

router = APIRouter(prefix="/orders")

@router.get("/{order_id}/greeting")
def greeting(order_id: int, db: Session = Depends(get_db)):
    return {"text": services.greeting(db, order_id)}

# shop/customers/services.py
from sqlalchemy.orm import Session
from shop.models import Customer
from shop.orders import services

def summary(db: Session, customer: Customer) -> int:
    services.place(db, customer, 2)
    return services.count(db, customer.id)

# shop/main.py
from fastapi import FastAPI
from shop.orders.routes import router

app = FastAPI()
app.include_router(router, prefix="/v1")
"""


def shop() -> Monolith:
    """The shop with its models given to two contexts."""
    orders = ContextSettings("orders", modules=("shop.orders.**", "shop.models.Order"))
    return Monolith(SHOP, settings=Config(contexts=(orders, ContextSettings("customers", modules=("shop.customers.**", "shop.models.Customer")))))
