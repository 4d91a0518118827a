"""Commands: ``flask seed``."""

from datetime import timedelta
from decimal import Decimal

import click
from flask import Flask

from clinic.clock import now
from clinic.extensions import db
from clinic.models import User
from clinic.services import owners, pharmacy, visits


def init_app(app: Flask) -> None:
    @app.cli.command("seed")
    @click.option("--password", default="secret")
    def seed(password: str) -> None:
        """A vet, an owner with a cat, and something on the shelf."""
        vet = User(email="vet@clinic.example", name="Vera", role="vet")
        vet.set_password(password)
        db.session.add(vet)
        db.session.commit()
        owner = owners.register("Olga", "olga@mail.example")
        cat = owners.add_animal(owner.id, "Minka", "cat")
        medicine = pharmacy.add_medicine("Wormex", Decimal("2.40"), stock=40, suppliers=["Medvet"])
        visit = visits.plan(cat.id, vet, now() + timedelta(days=1), "check")
        pharmacy.prescribe(visit, vet, medicine.id, 2)
        click.echo("seeded")
