"""All tables of the clinic."""

from datetime import date, datetime
from decimal import Decimal

from flask import current_app
from flask_login import UserMixin
from sqlalchemy import CheckConstraint, Column, ForeignKey, Numeric, String, Table, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship
from werkzeug.security import check_password_hash, generate_password_hash

from clinic.clock import now
from clinic.extensions import db, login_manager

MONEY = Numeric(10, 2)


class Timestamped:
    """Rows that know when they were made and last changed."""

    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class User(UserMixin, db.Model):
    """Somebody who works at the clinic."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(20), default="assistant")
    password_hash: Mapped[str] = mapped_column(String(255), default="")
    active: Mapped[bool] = mapped_column(default=True)

    @property
    def is_vet(self) -> bool:
        return self.role == "vet"

    def set_password(self, password: str) -> None:
        self.password_hash = generate_password_hash(password, current_app.config["PASSWORD_METHOD"])

    def check_password(self, password: str) -> bool:
        return check_password_hash(self.password_hash, password)


@login_manager.user_loader
def load_user(key: str) -> User | None:
    return db.session.get(User, int(key))


class Owner(Timestamped, db.Model):
    __tablename__ = "owners"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(120), unique=True)
    phone: Mapped[str] = mapped_column(String(30), default="")

    animals: Mapped[list["Animal"]] = relationship(back_populates="owner", cascade="all, delete-orphan")
    invoices: Mapped[list["Invoice"]] = relationship(back_populates="owner")


class Animal(Timestamped, db.Model):
    __tablename__ = "animals"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    species: Mapped[str] = mapped_column(String(20))
    weight_kg: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    born_on: Mapped[date | None]

    owner: Mapped[Owner] = relationship(back_populates="animals")
    visits: Mapped[list["Visit"]] = relationship(back_populates="animal", order_by="Visit.planned_for")


class Visit(Timestamped, db.Model):
    """An animal is seen by a vet: planned, done or cancelled."""

    __tablename__ = "visits"

    id: Mapped[int] = mapped_column(primary_key=True)
    animal_id: Mapped[int] = mapped_column(ForeignKey("animals.id"), index=True)
    vet_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    planned_for: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20), default="planned")
    reason: Mapped[str] = mapped_column(String(200), default="")
    notes: Mapped[str] = mapped_column(Text, default="")
    fee: Mapped[Decimal] = mapped_column(MONEY, default=Decimal("40.00"))
    done_at: Mapped[datetime | None]

    animal: Mapped[Animal] = relationship(back_populates="visits")
    vet: Mapped[User] = relationship()


class Invoice(Timestamped, db.Model):
    __tablename__ = "invoices"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"), index=True)
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visits.id"), unique=True)
    state: Mapped[str] = mapped_column(String(20), default="open")
    due_on: Mapped[date]

    owner: Mapped[Owner] = relationship(back_populates="invoices")
    visit: Mapped[Visit | None] = relationship()
    lines: Mapped[list["InvoiceLine"]] = relationship(back_populates="invoice", cascade="all, delete-orphan")
    payments: Mapped[list["Payment"]] = relationship(back_populates="invoice")

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal("0.00"))

    @property
    def paid(self) -> Decimal:
        return sum((payment.amount for payment in self.payments), Decimal("0.00"))


class InvoiceLine(db.Model):
    __tablename__ = "invoice_lines"

    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(String(120))
    amount: Mapped[Decimal] = mapped_column(MONEY)

    invoice: Mapped[Invoice] = relationship(back_populates="lines")


class Payment(db.Model):
    __tablename__ = "payments"
    __table_args__ = (CheckConstraint("amount > 0", name="positive_amount"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"), index=True)
    amount: Mapped[Decimal] = mapped_column(MONEY)
    method: Mapped[str] = mapped_column(String(20), default="card")
    taken_at: Mapped[datetime] = mapped_column(default=now)

    invoice: Mapped[Invoice] = relationship(back_populates="payments")


medicine_suppliers = Table(
    "medicine_suppliers",
    db.metadata,
    Column("medicine_id", ForeignKey("medicines.id", ondelete="CASCADE"), primary_key=True),
    Column("supplier_id", ForeignKey("suppliers.id", ondelete="CASCADE"), primary_key=True),
)


class Supplier(db.Model):
    __tablename__ = "suppliers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    email: Mapped[str] = mapped_column(String(120))

    medicines: Mapped[list["Medicine"]] = relationship(secondary=medicine_suppliers, back_populates="suppliers")


class Medicine(Timestamped, db.Model):
    __tablename__ = "medicines"
    __table_args__ = (CheckConstraint("stock >= 0", name="stock_not_negative"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    unit: Mapped[str] = mapped_column(String(20), default="tablet")
    price: Mapped[Decimal] = mapped_column(MONEY)
    stock: Mapped[int] = mapped_column(default=0)
    minimum: Mapped[int] = mapped_column(default=10)
    species: Mapped[str] = mapped_column(String(20), default="")

    suppliers: Mapped[list[Supplier]] = relationship(secondary=medicine_suppliers, back_populates="medicines")
    prescriptions: Mapped[list["Prescription"]] = relationship(back_populates="medicine")

    @property
    def is_low(self) -> bool:
        return self.stock < self.minimum


class Prescription(Timestamped, db.Model):
    __tablename__ = "prescriptions"

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), index=True)
    medicine_id: Mapped[int] = mapped_column(ForeignKey("medicines.id"), index=True)
    vet_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    quantity: Mapped[int]
    unit_price: Mapped[Decimal] = mapped_column(MONEY)
    instructions: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[str] = mapped_column(String(20), default="issued")

    visit: Mapped[Visit] = relationship()
    medicine: Mapped[Medicine] = relationship(back_populates="prescriptions")
    vet: Mapped[User] = relationship()

    @property
    def cost(self) -> Decimal:
        return self.unit_price * self.quantity


class Rating(Timestamped, db.Model):
    """What an owner says about a visit."""

    __tablename__ = "ratings"
    __table_args__ = (UniqueConstraint("visit_id", "owner_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"), index=True)
    vet_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    stars: Mapped[int]
    text: Mapped[str] = mapped_column(Text, default="")
    hidden: Mapped[bool] = mapped_column(default=False)

    visit: Mapped[Visit] = relationship()
    owner: Mapped[Owner] = relationship()
    vet: Mapped[User] = relationship()
    replies: Mapped[list["RatingReply"]] = relationship(
        back_populates="rating", cascade="all, delete-orphan", order_by="RatingReply.id"
    )


class RatingReply(db.Model):
    """The clinic's answer to an opinion."""

    __tablename__ = "rating_replies"

    id: Mapped[int] = mapped_column(primary_key=True)
    rating_id: Mapped[int] = mapped_column(ForeignKey("ratings.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(default=now)

    rating: Mapped[Rating] = relationship(back_populates="replies")
    author: Mapped[User] = relationship()
