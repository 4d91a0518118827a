"""A Flask monolith on SQLAlchemy with all its models in one file, of which the context ``orders`` takes a part."""

from __future__ import annotations

from projects import Monolith

from decompose.generate import migrations, replicas, service
from decompose.generate.render import make_render
from decompose.model.settings import Config, ContextSettings
from decompose.resources import templates

SHOP = """
# shop/extensions.py
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase

class Base(DeclarativeBase):
    pass

db = SQLAlchemy(model_class=Base)
login = LoginManager()

# shop/config.py
import os
from decimal import Decimal

class Config:
    VAT = Decimal(os.environ.get("VAT", "0.20"))
    PAGE = 20
    SECRET_KEY = "x"

class TestConfig(Config):
    PAGE = 2

# shop/app.py
from flask import Flask
from shop import config, errors
from shop.extensions import db, login
from shop.orders.routes import api

def create_app(settings: object = config.Config):
    app = Flask(__name__)
    app.config.from_object(settings)
    db.init_app(app)
    login.init_app(app)
    errors.answer(app)
    app.register_blueprint(api, url_prefix="/v1/orders")
    return app

# shop/models.py
import enum
from datetime import datetime
from decimal import Decimal
from flask_login import UserMixin
from sqlalchemy import Column, Enum, ForeignKey, Index, Integer, Numeric, String, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship
from shop.extensions import db

MONEY = Numeric(10, 2)

class State(enum.Enum):
    OPEN = "open"
    PAID = "paid"

customer_tags = Table("customer_tags", db.metadata, Column("customer_id", ForeignKey("customers.id")), Column("tag", String(20)))

class User(UserMixin, db.Model):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))

    @property
    def is_boss(self) -> bool:
        return self.name == "boss"

class Customer(db.Model):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    secret: Mapped[str] = mapped_column(String(50))
    orders: Mapped[list["Order"]] = relationship(back_populates="customer")
    notes: Mapped[list["Note"]] = relationship()

class Note(db.Model):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))

order_labels = Table(
    "order_labels", db.metadata,
    Column("order_id", ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True),
    Column("label_id", ForeignKey("labels.id"), primary_key=True),
)

class Label(db.Model):
    __tablename__ = "labels"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(20), unique=True)

class Order(db.Model):
    __tablename__ = "orders"
    __table_args__ = (UniqueConstraint("customer_id", "number"), Index("ix_made", "made_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    first_line_id: Mapped[int | None] = mapped_column(ForeignKey("order_lines.id", use_alter=True))
    number: Mapped[int] = mapped_column(server_default="1")
    total: Mapped[Decimal] = mapped_column(MONEY)
    state: Mapped[State] = mapped_column(Enum(State), default=State.OPEN)
    extra: Mapped[dict] = mapped_column(JSONB, nullable=True)
    made_at: Mapped[datetime]
    customer: Mapped[Customer] = relationship(back_populates="orders")
    labels: Mapped[list[Label]] = relationship(secondary=order_labels)

class OrderLine(db.Model):
    __tablename__ = "order_lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(String(80))

# shop/errors.py
from flask import jsonify

class ShopError(Exception):
    status = 400

def answer(app):
    @app.errorhandler(ShopError)
    def broken(error):
        return jsonify(error=str(error)), error.status

# shop/orders/services.py
from shop.errors import ShopError
from flask import current_app
from shop.extensions import db
from shop.models import Customer, Order

def greeting(order_id: int) -> str:
    order = db.session.get(Order, order_id)
    if order is None:
        raise ShopError("no such order")
    return f"{order.customer.name} {current_app.config['VAT']}"

def count(customer: Customer) -> int:
    return Order.query.filter_by(customer_id=customer.id).count()

# shop/orders/routes.py
from flask import Blueprint, jsonify
from flask_login import current_user, login_required
from shop.orders import services

api = Blueprint("orders", __name__)

@api.get("/<int:order_id>/greeting")
@login_required
def greeting(order_id: int):
    return jsonify(text=services.greeting(order_id), boss=current_user.is_boss)

# shop/customers/services.py
from shop.models import Customer
from shop.orders import services

def orders_of(customer: Customer) -> int:
    return services.count(customer)
"""

OWN = ("Order", "OrderLine", "Label", "State")
"""The part of the models that belongs to orders."""


def shop(text: str = SHOP) -> Monolith:
    """The shop with its models given to two contexts."""
    orders = ContextSettings("orders", modules=("shop.orders.**", *(f"shop.models.{name}" for name in OWN)))
    customers = ContextSettings("customers", modules=("shop.customers.**", *(f"shop.models.{name}" for name in ("Customer", "User", "Note"))))
    return Monolith(text, settings=Config(contexts=(orders, customers)))


def made(text: str = SHOP) -> dict[str, str]:
    """The files of the service ``orders`` by path below its folder."""
    plan = shop(text).service("orders")
    render = make_render(templates())
    files = {each.path: each.content for generate in (service.generate, replicas.generate, migrations.generate) for each in generate(plan, render)}
    return {path.removeprefix(f"{plan.root}/"): content.decode() for path, content in files.items()}
