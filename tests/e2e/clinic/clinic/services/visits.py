"""The course of a visit."""

from datetime import datetime

from flask import current_app

from clinic.clock import now
from clinic.errors import ClinicError, Conflict
from clinic.extensions import db
from clinic.models import User, Visit
from clinic.repositories import owners, visits
from clinic.services import billing, pharmacy


def plan(animal_id: int, vet: User, planned_for: datetime, reason: str = "") -> Visit:
    if not vet.is_vet:
        raise ClinicError(f"{vet.name} is not a vet")
    if planned_for < now():
        raise ClinicError("a visit is planned for later")
    if visits.count_for_vet(vet.id, planned_for.date()) >= current_app.config["MAX_VISITS_PER_DAY"]:
        raise Conflict(f"{vet.name} has no time left that day")
    visit = Visit(animal=owners.animal(animal_id), vet=vet, planned_for=planned_for, reason=reason)
    db.session.add(visit)
    db.session.commit()
    return visit


def complete(visit_id: int, notes: str = "") -> Visit:
    """The visit is over: what was done is written down and an invoice made."""
    visit = visits.get(visit_id)
    if visit.state != "planned":
        raise Conflict(f"the visit is {visit.state}")
    visit.state = "done"
    visit.done_at = now()
    visit.notes = notes
    db.session.commit()
    billing.invoice_for(visit)
    return visit


def cancel(visit_id: int) -> Visit:
    visit = visits.get(visit_id)
    if visit.state == "done":
        raise Conflict("what is done cannot be cancelled")
    visit.state = "cancelled"
    db.session.commit()
    pharmacy.withdraw_all(visit.id)
    return visit
