from datetime import timedelta

import pytest

from clinic.clock import now
from clinic.errors import ClinicError, NotFound, RatingRejected
from clinic.models import Rating, RatingReply
from clinic.services import ratings
from tests.factories import make_done_visit, make_owner, make_rating, make_reply, make_user, make_visit


def test_an_owner_rates_a_visit(app):
    visit = make_done_visit()
    rating = ratings.rate(visit, visit.animal.owner, 5, " very kind ")
    assert (rating.stars, rating.text, rating.vet_id) == (5, "very kind", visit.vet_id)
    assert Rating.query.count() == 1


@pytest.mark.parametrize("stars", [0, 6])
def test_one_to_five_stars(app, stars):
    visit = make_done_visit()
    with pytest.raises(RatingRejected):
        ratings.rate(visit, visit.animal.owner, stars)


def test_only_what_is_done_can_be_rated(app):
    visit = make_visit()
    with pytest.raises(RatingRejected):
        ratings.rate(visit, visit.animal.owner, 5)


def test_only_by_the_owner(app):
    with pytest.raises(RatingRejected, match="your animal"):
        ratings.rate(make_done_visit(), make_owner(), 5)


def test_not_too_late(app):
    visit = make_done_visit(days_ago=31)
    with pytest.raises(RatingRejected, match="long ago"):
        ratings.rate(visit, visit.animal.owner, 5)


def test_only_once(app):
    visit = make_done_visit()
    make_rating(visit=visit)
    with pytest.raises(RatingRejected, match="already"):
        ratings.rate(visit, visit.animal.owner, 5)


def test_the_clinic_answers(app):
    rating, author = make_rating(), make_user()
    answer = ratings.reply(rating.id, author, "Sorry!")
    assert RatingReply.query.one() is answer and answer.author == author


def test_an_answer_says_something(app):
    with pytest.raises(ClinicError):
        ratings.reply(make_rating().id, make_user(), "  ")


def test_an_answer_needs_a_rating(app):
    with pytest.raises(NotFound):
        ratings.reply(99, make_user(), "hm")


def test_hidden_ratings_do_not_count(app):
    vet = make_user()
    make_rating(visit=make_done_visit(vet=vet), stars=5)
    bad = make_rating(visit=make_done_visit(vet=vet), stars=2)
    assert ratings.average_of(vet.id) == 3.5
    assert ratings.hide(bad.id).hidden
    assert ratings.average_of(vet.id) == 5.0


def test_nobody_said_anything_yet(app):
    assert ratings.average_of(make_user().id) is None


def test_how_opinions_spread(app):
    vet = make_user()
    for stars in (5, 5, 1):
        make_rating(visit=make_done_visit(vet=vet), stars=stars)
    assert ratings.spread_of(vet.id) == {1: 1, 2: 0, 3: 0, 4: 0, 5: 2}


def test_pages(app):
    app.config["RATINGS_PAGE_SIZE"] = 2
    vet = make_user()
    made = [make_rating(visit=make_done_visit(vet=vet)) for _ in range(3)]
    assert [each.id for each in ratings.page_of(vet.id)] == [made[2].id, made[1].id]
    assert [each.id for each in ratings.page_of(vet.id, 2)] == [made[0].id]
    with pytest.raises(ClinicError):
        ratings.page_of(vet.id, 0)


def test_the_latest(app):
    made = [make_rating() for _ in range(3)]
    assert [each.id for each in ratings.latest(2)] == [made[2].id, made[1].id]


def test_bad_ratings_wait_for_an_answer(app):
    old = now() - timedelta(days=3)
    waiting = make_rating(stars=2, created_at=old)
    make_rating(stars=5, created_at=old)
    make_reply(rating=make_rating(stars=1, created_at=old))
    make_rating(stars=1)
    assert [each.id for each in ratings.waiting()] == [waiting.id]


def test_the_api_shows_what_is_said_about_a_vet(client, app):
    vet = make_user()
    rating = make_rating(visit=make_done_visit(vet=vet), stars=4)
    make_reply(rating=rating, author=vet, text="Thanks")
    shown = client.get(f"/api/ratings/vets/{vet.id}").get_json()
    assert shown["average"] == 4.0
    assert shown["ratings"][0]["replies"] == [{"author": vet.name, "text": "Thanks"}]


def test_the_api_answers_and_hides(as_vet):
    rating = make_rating()
    assert as_vet.post(f"/api/ratings/{rating.id}/replies", json={"text": "Sorry"}).status_code == 201
    assert as_vet.post(f"/api/ratings/{rating.id}/hide").status_code == 200
    assert Rating.query.one().hidden


def test_an_unknown_rating_is_404(as_vet):
    assert as_vet.post("/api/ratings/12/hide").status_code == 404
