"""Queries on owners and their animals."""

from sqlalchemy import or_, select

from clinic.errors import NotFound
from clinic.extensions import db
from clinic.models import Animal, Owner


def get(owner_id: int) -> Owner:
    owner = db.session.get(Owner, owner_id)
    if owner is None:
        raise NotFound(f"no owner {owner_id}")
    return owner


def by_email(email: str) -> Owner | None:
    return db.session.scalar(select(Owner).where(Owner.email == email.lower()))


def search(text: str) -> list[Owner]:
    pattern = f"%{text}%"
    found = select(Owner).where(or_(Owner.name.ilike(pattern), Owner.email.ilike(pattern))).order_by(Owner.name)
    return list(db.session.scalars(found))


def animal(animal_id: int) -> Animal:
    found = db.session.get(Animal, animal_id)
    if found is None:
        raise NotFound(f"no animal {animal_id}")
    return found


def animals_of(owner_id: int) -> list[Animal]:
    return Animal.query.filter_by(owner_id=owner_id).order_by(Animal.name).all()
