"""Owners and animals: what may be done with them."""

from datetime import date
from decimal import Decimal

from clinic.errors import ClinicError, Conflict
from clinic.extensions import db
from clinic.models import Animal, Owner
from clinic.repositories import owners as repository

SPECIES = ("cat", "dog", "rabbit", "bird", "horse")


def register(name: str, email: str, phone: str = "") -> Owner:
    if "@" not in email:
        raise ClinicError("that is no e-mail address")
    if repository.by_email(email) is not None:
        raise Conflict(f"{email} is registered already")
    owner = Owner(name=name.strip(), email=email.lower(), phone=phone)
    db.session.add(owner)
    db.session.commit()
    return owner


def add_animal(owner_id: int, name: str, species: str, born_on: date | None = None) -> Animal:
    if species not in SPECIES:
        raise ClinicError(f"we do not treat a {species}")
    animal = Animal(owner=repository.get(owner_id), name=name, species=species, born_on=born_on)
    db.session.add(animal)
    db.session.commit()
    return animal


def weigh(animal_id: int, weight_kg: Decimal) -> Animal:
    if weight_kg <= 0:
        raise ClinicError("a weight is more than nothing")
    animal = repository.animal(animal_id)
    animal.weight_kg = weight_kg
    db.session.commit()
    return animal
