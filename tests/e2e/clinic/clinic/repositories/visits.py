"""Queries on visits."""

from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select

from clinic.errors import NotFound
from clinic.extensions import db
from clinic.models import Visit


def get(visit_id: int) -> Visit:
    visit = db.session.get(Visit, visit_id)
    if visit is None:
        raise NotFound(f"no visit {visit_id}")
    return visit


def on_day(day: date) -> list[Visit]:
    start = datetime.combine(day, time.min)
    query = select(Visit).where(Visit.planned_for >= start, Visit.planned_for < start + timedelta(days=1))
    return list(db.session.scalars(query.order_by(Visit.planned_for)))


def count_for_vet(vet_id: int, day: date) -> int:
    start = datetime.combine(day, time.min)
    return db.session.scalar(
        select(func.count())
        .select_from(Visit)
        .where(
            Visit.vet_id == vet_id,
            Visit.state != "cancelled",
            Visit.planned_for >= start,
            Visit.planned_for < start + timedelta(days=1),
        )
    )


def of_animal(animal_id: int) -> list[Visit]:
    return Visit.query.filter_by(animal_id=animal_id).order_by(Visit.planned_for.desc()).all()
