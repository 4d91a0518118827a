from decimal import Decimal

from clinic.clock import now
from clinic.models import Medicine, Rating
from tests.factories import make_animal, make_done_visit, make_medicine, make_prescription, make_rating, make_visit


def test_the_dashboard_wants_somebody(client):
    assert client.get("/").status_code == 302


def test_the_dashboard(as_vet, vet):
    make_visit(planned_for=now(), animal=make_animal(name="Rex"))
    make_medicine(name="Scarce", stock=1)
    make_rating(visit=make_done_visit(vet=vet), stars=2, text="cold hands")
    page = as_vet.get("/").get_data(as_text=True)
    assert "Rex (planned)" in page
    assert "Scarce: 1 left" in page
    assert "Yours: 2.0" in page
    assert "2 stars: cold hands" in page


def test_the_history_of_an_animal(as_vet):
    visit = make_visit()
    make_prescription(visit=visit, quantity=3, instructions="with food")
    page = as_vet.get(f"/animals/{visit.animal_id}").get_data(as_text=True)
    assert "3 x with food" in page


def test_an_owner_leaves_an_opinion(client, app):
    visit = make_done_visit()
    reply = client.post(f"/visits/{visit.id}/opinion", data={"email": visit.animal.owner.email, "stars": "5", "text": "good"})
    assert reply.status_code == 302
    assert Rating.query.one().text == "good"


def test_an_opinion_that_is_refused(client, app):
    visit = make_visit()
    reply = client.post(f"/visits/{visit.id}/opinion", data={"email": visit.animal.owner.email, "stars": "5"})
    assert "only what is done can be judged" in reply.get_data(as_text=True)


def test_an_opinion_of_nobody(client, app):
    visit = make_done_visit()
    assert "do not know" in client.post(f"/visits/{visit.id}/opinion", data={"email": "x@y"}).get_data(as_text=True)
    assert client.get(f"/visits/{visit.id}/opinion").status_code == 200
    assert client.get("/thanks").status_code == 200


def test_the_weekly_report(as_vet):
    make_prescription(visit=make_done_visit(), unit_price=Decimal("2.00"))
    make_rating()
    page = as_vet.get("/report").get_data(as_text=True)
    for name, figure in {"visits": 2, "income": "0.00", "prescriptions": 1, "opinions": 1, "to_order": 0}.items():
        assert f"<dt>{name}</dt><dd>{figure}</dd>" in page


def test_seeding(app):
    result = app.test_cli_runner().invoke(args=["seed"])
    assert "seeded" in result.output
    assert Medicine.query.one().stock == 38
