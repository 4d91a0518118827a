"""What owners say about visits, and what the clinic answers."""

from datetime import timedelta

from flask import current_app

from clinic.clock import now
from clinic.errors import ClinicError, RatingRejected
from clinic.extensions import db
from clinic.models import Owner, Rating, RatingReply, User, Visit
from clinic.repositories import ratings as repository


def rate(visit: Visit, owner: Owner, stars: int, text: str = "") -> Rating:
    """Stores an opinion: one per visit, by the animal's owner, and not too late."""
    if stars not in range(1, 6):
        raise RatingRejected("one to five stars")
    if visit.state != "done" or visit.done_at is None:
        raise RatingRejected("only what is done can be judged")
    if visit.animal.owner_id != owner.id:
        raise RatingRejected("that was not your animal")
    if now() - visit.done_at > timedelta(days=current_app.config["RATING_WINDOW_DAYS"]):
        raise RatingRejected("that was too long ago")
    if repository.by_visit(visit.id, owner.id) is not None:
        raise RatingRejected("there is an opinion already")
    rating = Rating(visit_id=visit.id, owner_id=owner.id, vet_id=visit.vet_id, stars=stars, text=text.strip())
    db.session.add(rating)
    db.session.commit()
    return rating


def reply(rating_id: int, author: User, text: str) -> RatingReply:
    rating = repository.get(rating_id)
    if not text.strip():
        raise ClinicError("an answer says something")
    answer = RatingReply(author_id=author.id, text=text.strip())
    rating.replies.append(answer)
    db.session.commit()
    return answer


def hide(rating_id: int) -> Rating:
    rating = repository.get(rating_id)
    rating.hidden = True
    db.session.commit()
    return rating


def average_of(vet_id: int) -> float | None:
    found = repository.average(vet_id)
    return None if found is None else round(float(found), 1)


def spread_of(vet_id: int) -> dict[int, int]:
    """How many opinions there are for each number of stars."""
    return {stars: repository.spread(vet_id).get(stars, 0) for stars in range(1, 6)}


def page_of(vet_id: int, number: int = 1) -> list[Rating]:
    if number < 1:
        raise ClinicError("pages count from one")
    return repository.page(vet_id, number, current_app.config["RATINGS_PAGE_SIZE"])


def latest(limit: int = 5) -> list[Rating]:
    return repository.latest(limit)


def waiting(days: int = 2) -> list[Rating]:
    """Bad opinions that nobody has answered for some days."""
    return repository.unanswered(now() - timedelta(days=days))
