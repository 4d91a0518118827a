from datetime import timedelta
from decimal import Decimal

import pytest

from clinic.clock import now, today
from clinic.errors import ClinicError, Conflict, NotFound
from clinic.models import Invoice, Medicine, Prescription, Visit
from clinic.repositories import visits as repository
from clinic.services import visits
from tests.factories import make_animal, make_done_visit, make_medicine, make_prescription, make_user, make_visit


def tomorrow():
    return now() + timedelta(days=1)


def test_a_visit_is_planned(app, vet):
    visit = visits.plan(make_animal().id, vet, tomorrow(), "cough")
    assert visit.state == "planned" and Visit.query.count() == 1


def test_only_vets_see_animals(app, assistant):
    with pytest.raises(ClinicError, match="not a vet"):
        visits.plan(make_animal().id, assistant, tomorrow())


def test_no_visit_in_the_past(app, vet):
    with pytest.raises(ClinicError):
        visits.plan(make_animal().id, vet, now() - timedelta(hours=1))


def test_a_vet_has_only_so_much_time(app, vet):
    app.config["MAX_VISITS_PER_DAY"] = 1
    when = tomorrow().replace(hour=12)
    visits.plan(make_animal().id, vet, when)
    with pytest.raises(Conflict):
        visits.plan(make_animal().id, vet, when)


def test_completing_makes_an_invoice(app):
    visit = visits.complete(make_visit().id, "all well")
    assert visit.state == "done" and visit.notes == "all well" and visit.done_at is not None
    invoice = Invoice.query.one()
    assert invoice.total == Decimal("48.00") and invoice.owner == visit.animal.owner


def test_medicines_are_on_the_invoice(app):
    visit = make_visit()
    make_prescription(visit=visit, quantity=2, unit_price=Decimal("5.00"))
    visits.complete(visit.id)
    assert {line.text: line.amount for line in Invoice.query.one().lines}["Medicines"] == Decimal("12.00")


def test_a_visit_is_completed_once(app):
    with pytest.raises(Conflict):
        visits.complete(make_done_visit().id)


def test_cancelling_puts_medicines_back(app):
    visit, medicine = make_visit(), make_medicine(stock=5)
    make_prescription(visit=visit, medicine=medicine, quantity=3)
    visits.cancel(visit.id)
    assert visit.state == "cancelled"
    assert Medicine.query.one().stock == 8
    assert Prescription.query.one().state == "withdrawn"


def test_what_is_done_stays_done(app):
    with pytest.raises(Conflict):
        visits.cancel(make_done_visit().id)


def test_an_unknown_visit(app):
    with pytest.raises(NotFound):
        repository.get(5)


def test_visits_of_a_day(app):
    late = make_visit(planned_for=now().replace(hour=15))
    early = make_visit(planned_for=now().replace(hour=9))
    make_visit(planned_for=now() + timedelta(days=3))
    assert repository.on_day(today()) == [early, late]


def test_the_api_plans(as_vet):
    animal = make_animal()
    reply = as_vet.post("/api/visits", json={"animal_id": animal.id, "planned_for": tomorrow().isoformat()})
    assert reply.status_code == 201 and reply.get_json()["animal"] == "Minka"


def test_the_api_lets_only_vets_plan(as_assistant):
    assert as_assistant.post("/api/visits", json={}).status_code == 403


def test_the_api_wants_a_time(as_vet):
    assert as_vet.post("/api/visits", json={"animal_id": 1, "planned_for": "soon"}).status_code == 400


def test_the_api_shows_medicines(as_vet):
    visit = make_visit()
    make_prescription(visit=visit, medicine=make_medicine(name="Wormex"), quantity=2, unit_price=Decimal("2.60"))
    shown = as_vet.get(f"/api/visits/{visit.id}").get_json()
    assert shown["medicines"] == [{"medicine": "Wormex", "quantity": 2, "cost": "5.20"}]


def test_the_api_lists_a_day(as_vet):
    make_visit(planned_for=now(), animal=make_animal(name="Rex"))
    assert [each["animal"] for each in as_vet.get("/api/visits").get_json()] == ["Rex"]
    assert as_vet.get("/api/visits?day=2001-01-01").get_json() == []
    assert as_vet.get("/api/visits?day=never").status_code == 400


def test_the_api_completes_and_cancels(as_vet):
    first, second = make_visit(), make_visit(vet=make_user())
    assert as_vet.post(f"/api/visits/{first.id}/complete", json={}).get_json()["state"] == "done"
    assert as_vet.post(f"/api/visits/{second.id}/cancel").get_json()["state"] == "cancelled"
    assert as_vet.post(f"/api/visits/{first.id}/cancel").status_code == 409
