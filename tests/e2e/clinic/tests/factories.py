"""Rows for tests, stored at once."""

import itertools
from datetime import timedelta
from decimal import Decimal

from clinic.clock import now, today
from clinic.extensions import db
from clinic.models import Animal, Invoice, InvoiceLine, Medicine, Owner, Prescription, Rating, RatingReply, Supplier, User, Visit

_numbers = itertools.count(1)


def stored(row):
    db.session.add(row)
    db.session.commit()
    return row


def make_user(role: str = "vet", password: str = "", **values) -> User:
    number = next(_numbers)
    user = User(**{"email": f"user{number}@clinic.example", "name": f"User {number}", "role": role, **values})
    if password:
        user.set_password(password)
    return stored(user)


def make_owner(**values) -> Owner:
    number = next(_numbers)
    return stored(Owner(**{"name": f"Owner {number}", "email": f"owner{number}@mail.example", **values}))


def make_animal(**values) -> Animal:
    owner = values.pop("owner", None) or make_owner()
    return stored(Animal(**{"owner": owner, "name": "Minka", "species": "cat", **values}))


def make_visit(**values) -> Visit:
    animal = values.pop("animal", None) or make_animal()
    vet = values.pop("vet", None) or make_user()
    return stored(Visit(**{"animal": animal, "vet": vet, "planned_for": now() + timedelta(days=1), **values}))


def make_done_visit(days_ago: int = 1, **values) -> Visit:
    when = now() - timedelta(days=days_ago)
    return make_visit(**{"state": "done", "planned_for": when, "done_at": when, **values})


def make_invoice(amount: str = "48.00", **values) -> Invoice:
    owner = values.pop("owner", None) or make_owner()
    invoice = Invoice(**{"owner": owner, "due_on": today() + timedelta(days=14), **values})
    invoice.lines.append(InvoiceLine(text="Visit", amount=Decimal(amount)))
    return stored(invoice)


def make_supplier(**values) -> Supplier:
    number = next(_numbers)
    return stored(Supplier(**{"name": f"Supplier {number}", "email": f"supplier{number}@mail.example", **values}))


def make_medicine(**values) -> Medicine:
    number = next(_numbers)
    return stored(Medicine(**{"name": f"Medicine {number}", "price": Decimal("2.00"), "stock": 20, **values}))


def make_prescription(**values) -> Prescription:
    visit = values.pop("visit", None) or make_visit()
    medicine = values.pop("medicine", None) or make_medicine()
    given = {
        "visit_id": visit.id,
        "vet_id": visit.vet_id,
        "medicine_id": medicine.id,
        "quantity": 2,
        "unit_price": Decimal("2.60"),
    }
    return stored(Prescription(**{**given, **values}))


def make_rating(**values) -> Rating:
    visit = values.pop("visit", None) or make_done_visit()
    given = {"visit_id": visit.id, "owner_id": visit.animal.owner_id, "vet_id": visit.vet_id, "stars": 4, "text": "fine"}
    return stored(Rating(**{**given, **values}))


def make_reply(**values) -> RatingReply:
    rating = values.pop("rating", None) or make_rating()
    author = values.pop("author", None) or make_user()
    return stored(RatingReply(**{"rating_id": rating.id, "author_id": author.id, "text": "Thank you", **values}))
