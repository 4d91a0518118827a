"""Queries on what owners say."""

from datetime import datetime

from sqlalchemy import func, select

from clinic.errors import NotFound
from clinic.extensions import db
from clinic.models import Rating


def get(rating_id: int) -> Rating:
    rating = db.session.get(Rating, rating_id)
    if rating is None:
        raise NotFound(f"no rating {rating_id}")
    return rating


def by_visit(visit_id: int, owner_id: int) -> Rating | None:
    return Rating.query.filter_by(visit_id=visit_id, owner_id=owner_id).one_or_none()


def page(vet_id: int, number: int, size: int) -> list[Rating]:
    query = select(Rating).where(Rating.vet_id == vet_id, Rating.hidden.is_(False))
    return list(db.session.scalars(query.order_by(Rating.id.desc()).offset((number - 1) * size).limit(size)))


def latest(limit: int) -> list[Rating]:
    return list(db.session.scalars(select(Rating).where(~Rating.hidden).order_by(Rating.id.desc()).limit(limit)))


def average(vet_id: int) -> float | None:
    return db.session.scalar(select(func.avg(Rating.stars)).where(Rating.vet_id == vet_id, Rating.hidden.is_(False)))


def spread(vet_id: int) -> dict[int, int]:
    rows = db.session.execute(
        select(Rating.stars, func.count()).where(Rating.vet_id == vet_id, Rating.hidden.is_(False)).group_by(Rating.stars)
    )
    return {stars: count for stars, count in rows}


def unanswered(before: datetime) -> list[Rating]:
    query = select(Rating).where(~Rating.replies.any(), Rating.created_at < before, Rating.stars <= 3)
    return list(db.session.scalars(query.order_by(Rating.created_at)))
