"""Visits as JSON."""

from datetime import date, datetime

from flask import Blueprint, jsonify, request
from flask_login import current_user, login_required

from clinic.clock import today
from clinic.errors import ClinicError
from clinic.models import Visit
from clinic.repositories import visits as repository
from clinic.routes import payload
from clinic.routes.auth import vets_only
from clinic.services import pharmacy
from clinic.services import visits as service

blueprint = Blueprint("visits", __name__, url_prefix="/api/visits")


def visit_json(visit: Visit) -> dict:
    return {
        "id": visit.id,
        "animal": visit.animal.name,
        "vet": visit.vet.name,
        "state": visit.state,
        "planned_for": visit.planned_for.isoformat(),
        "fee": str(visit.fee),
    }


@blueprint.get("")
@login_required
def of_day():
    day = request.args.get("day")
    try:
        wanted = date.fromisoformat(day) if day else today()
    except ValueError:
        raise ClinicError("a day is written 2030-12-31") from None
    return jsonify([visit_json(each) for each in repository.on_day(wanted)])


@blueprint.post("")
@vets_only
def plan():
    values = payload.body()
    try:
        planned_for = datetime.fromisoformat(payload.text(values, "planned_for"))
    except ValueError:
        raise ClinicError("a time is written 2030-12-31T09:30") from None
    visit = service.plan(
        payload.number(values, "animal_id"), current_user._get_current_object(), planned_for, payload.text(values, "reason", "")
    )
    return jsonify(visit_json(visit)), 201


@blueprint.get("/<int:visit_id>")
@login_required
def show(visit_id: int):
    visit = repository.get(visit_id)
    return jsonify({**visit_json(visit), "notes": visit.notes, "medicines": pharmacy.listed_for(visit.id)})


@blueprint.post("/<int:visit_id>/complete")
@vets_only
def complete(visit_id: int):
    values = payload.body()
    return jsonify(visit_json(service.complete(visit_id, payload.text(values, "notes", ""))))


@blueprint.post("/<int:visit_id>/cancel")
@login_required
def cancel(visit_id: int):
    return jsonify(visit_json(service.cancel(visit_id)))


@blueprint.post("/<int:visit_id>/prescriptions")
@vets_only
def prescribe(visit_id: int):
    values = payload.body()
    prescription = pharmacy.prescribe(
        repository.get(visit_id),
        current_user._get_current_object(),
        payload.number(values, "medicine_id"),
        payload.number(values, "quantity"),
        payload.text(values, "instructions", ""),
    )
    return jsonify(id=prescription.id, quantity=prescription.quantity, state=prescription.state), 201
