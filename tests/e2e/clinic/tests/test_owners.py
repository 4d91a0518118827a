from decimal import Decimal

import pytest

from clinic.errors import ClinicError, Conflict, NotFound
from clinic.models import Animal, Owner
from clinic.repositories import owners as repository
from clinic.services import owners
from tests.factories import make_animal, make_owner


def test_an_owner_is_registered(app):
    owner = owners.register(" Olga ", "Olga@Mail.example")
    assert (owner.name, owner.email) == ("Olga", "olga@mail.example")
    assert Owner.query.count() == 1


def test_an_address_is_registered_once(app):
    make_owner(email="olga@mail.example")
    with pytest.raises(Conflict):
        owners.register("Olga", "OLGA@mail.example")


def test_an_address_looks_like_one(app):
    with pytest.raises(ClinicError):
        owners.register("Olga", "olga")


def test_an_animal_is_added(app):
    owner = make_owner()
    animal = owners.add_animal(owner.id, "Rex", "dog")
    assert owner.animals == [animal]


def test_dragons_are_not_treated(app):
    with pytest.raises(ClinicError, match="dragon"):
        owners.add_animal(make_owner().id, "Smok", "dragon")


def test_an_animal_needs_an_owner(app):
    with pytest.raises(NotFound):
        owners.add_animal(99, "Rex", "dog")


def test_weighing(app):
    animal = make_animal()
    owners.weigh(animal.id, Decimal("4.25"))
    assert Animal.query.one().weight_kg == Decimal("4.25")


def test_nothing_weighs_nothing(app):
    with pytest.raises(ClinicError):
        owners.weigh(make_animal().id, Decimal(0))


def test_searching_by_name_and_address(app):
    olga, _ = make_owner(name="Olga", email="a@mail.example"), make_owner(name="Paul", email="b@mail.example")
    assert repository.search("olg") == [olga]
    assert repository.search("a@mail") == [olga]


def test_animals_by_name(app):
    owner = make_owner()
    make_animal(owner=owner, name="Zorro")
    make_animal(owner=owner, name="Ada")
    assert [each.name for each in repository.animals_of(owner.id)] == ["Ada", "Zorro"]


def test_the_api_registers_and_shows(as_assistant):
    made = as_assistant.post("/api/owners", json={"name": "Olga", "email": "olga@mail.example"})
    assert made.status_code == 201
    number = made.get_json()["id"]
    as_assistant.post(f"/api/owners/{number}/animals", json={"name": "Rex", "species": "dog"})
    shown = as_assistant.get(f"/api/owners/{number}").get_json()
    assert [each["name"] for each in shown["animals"]] == ["Rex"]
    assert [each["name"] for each in as_assistant.get("/api/owners?q=olg").get_json()] == ["Olga"]


def test_the_api_weighs(as_assistant):
    animal = make_animal()
    reply = as_assistant.post(f"/api/owners/animals/{animal.id}/weight", json={"weight_kg": "3.5"})
    assert Decimal(reply.get_json()["weight_kg"]) == Decimal("3.5")


def test_an_unknown_owner_is_404(as_assistant):
    assert as_assistant.get("/api/owners/77").status_code == 404
