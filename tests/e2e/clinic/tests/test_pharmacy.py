from decimal import Decimal

import pytest

from clinic.errors import ClinicError, Conflict, NotFound, OutOfStock
from clinic.extensions import db
from clinic.models import Medicine, Prescription, Supplier
from clinic.repositories import pharmacy as repository
from clinic.services import pharmacy
from tests.factories import make_animal, make_medicine, make_prescription, make_supplier, make_visit


def test_a_medicine_with_its_suppliers(app):
    known = make_supplier(name="Medvet")
    medicine = pharmacy.add_medicine("Wormex", Decimal("2.40"), suppliers=["Medvet", "Animal Care"])
    assert sorted(each.name for each in medicine.suppliers) == ["Animal Care", "Medvet"]
    assert Supplier.query.count() == 2
    assert known.medicines == [medicine]


def test_prescribing_takes_from_the_shelf(app, vet):
    visit, medicine = make_visit(vet=vet), make_medicine(stock=5, price=Decimal("2.00"))
    prescription = pharmacy.prescribe(visit, vet, medicine.id, 3, "daily")
    assert prescription.cost == Decimal("7.80")
    assert prescription.instructions == "daily"
    assert Medicine.query.one().stock == 2


def test_there_must_be_enough(app, vet):
    medicine = make_medicine(name="Wormex", stock=1)
    with pytest.raises(OutOfStock) as raised:
        pharmacy.prescribe(make_visit(), vet, medicine.id, 2)
    assert (raised.value.medicine, raised.value.left) == ("Wormex", 1)
    assert Prescription.query.count() == 0


def test_nothing_at_a_cancelled_visit(app, vet):
    with pytest.raises(Conflict):
        pharmacy.prescribe(make_visit(state="cancelled"), vet, make_medicine().id, 1)


def test_at_least_one(app, vet):
    with pytest.raises(ClinicError):
        pharmacy.prescribe(make_visit(), vet, make_medicine().id, 0)


def test_medicine_for_dogs_is_not_for_cats(app, vet):
    visit = make_visit(animal=make_animal(species="cat"))
    with pytest.raises(ClinicError, match="not for a cat"):
        pharmacy.prescribe(visit, vet, make_medicine(species="dog").id, 1)


def test_an_unknown_medicine(app, vet):
    with pytest.raises(NotFound):
        pharmacy.prescribe(make_visit(), vet, 4711, 1)


def test_withdrawing(app):
    medicine = make_medicine(stock=0)
    prescription = make_prescription(medicine=medicine, quantity=4)
    assert pharmacy.withdraw(prescription.id).state == "withdrawn"
    assert db.session.get(Medicine, medicine.id).stock == 4
    with pytest.raises(Conflict):
        pharmacy.withdraw(prescription.id)


def test_withdrawing_all_of_a_visit(app):
    visit = make_visit()
    make_prescription(visit=visit)
    make_prescription(visit=visit, state="withdrawn")
    make_prescription()
    assert pharmacy.withdraw_all(visit.id) == 1


def test_what_a_visit_costs(app):
    visit = make_visit()
    make_prescription(visit=visit, quantity=1, unit_price=Decimal("1.10"))
    make_prescription(visit=visit, quantity=2, unit_price=Decimal("3.00"))
    make_prescription(visit=visit, quantity=9, state="withdrawn")
    assert pharmacy.cost_of_visit(visit.id) == Decimal("7.10")
    assert pharmacy.cost_of_visit(visit.id + 1) == Decimal("0.00")


def test_a_delivery(app):
    medicine = make_medicine(stock=1)
    assert pharmacy.receive(medicine.id, 10).stock == 11
    with pytest.raises(ClinicError):
        pharmacy.receive(medicine.id, 0)


def test_what_runs_low(app):
    make_medicine(name="Plenty", stock=100)
    low = make_medicine(name="Scarce", stock=2)
    assert pharmacy.low_stock() == [low]
    assert low.is_low


def test_orders_go_to_one_supplier_each(app):
    first, second = make_supplier(name="A", email="a@mail.example"), make_supplier(name="B", email="b@mail.example")
    make_medicine(name="Scarce", stock=0, suppliers=[second, first])
    make_medicine(name="Nobody sells it", stock=0)
    assert pharmacy.orders() == {"a@mail.example": ["50 tablet Scarce"]}


def test_medicines_for_a_species(app):
    make_medicine(name="All", species="")
    make_medicine(name="Cats", species="cat")
    make_medicine(name="Dogs", species="dog")
    assert [each.name for each in repository.medicines("cat")] == ["All", "Cats"]
    assert len(repository.medicines()) == 3


def test_how_much_was_used(app):
    medicine = make_medicine()
    make_prescription(medicine=medicine, quantity=2)
    make_prescription(medicine=medicine, quantity=3)
    assert repository.quantity_used(medicine.id) == 5


def test_the_api_adds_and_lists(as_vet):
    made = as_vet.post("/api/pharmacy/medicines", json={"name": "Wormex", "price": "2.40", "suppliers": ["Medvet"]})
    assert made.status_code == 201
    assert made.get_json()["suppliers"] == ["Medvet"]
    assert [each["low"] for each in as_vet.get("/api/pharmacy/medicines").get_json()] == [True]


def test_the_api_lets_only_vets_add(as_assistant):
    assert as_assistant.post("/api/pharmacy/medicines", json={"name": "x", "price": "1"}).status_code == 403


def test_the_api_prescribes_and_withdraws(as_vet):
    visit, medicine = make_visit(), make_medicine(stock=2)
    made = as_vet.post(f"/api/visits/{visit.id}/prescriptions", json={"medicine_id": medicine.id, "quantity": 2})
    assert made.status_code == 201
    number = made.get_json()["id"]
    assert as_vet.post(f"/api/pharmacy/prescriptions/{number}/withdraw").get_json()["state"] == "withdrawn"


def test_the_api_says_what_is_missing(as_vet):
    visit, medicine = make_visit(), make_medicine(stock=1, name="Wormex")
    reply = as_vet.post(f"/api/visits/{visit.id}/prescriptions", json={"medicine_id": medicine.id, "quantity": 2})
    assert reply.status_code == 409 and reply.get_json() == {"error": "only 1 of Wormex left"}


def test_the_api_takes_deliveries_and_shows_orders(as_assistant):
    medicine = make_medicine(stock=0, suppliers=[make_supplier(email="s@mail.example")])
    assert list(as_assistant.get("/api/pharmacy/orders").get_json()) == ["s@mail.example"]
    reply = as_assistant.post(f"/api/pharmacy/medicines/{medicine.id}/deliveries", json={"quantity": 30})
    assert reply.get_json()["stock"] == 30
    assert as_assistant.get("/api/pharmacy/orders").get_json() == {}
