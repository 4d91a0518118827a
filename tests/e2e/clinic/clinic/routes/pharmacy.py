"""The pharmacy as JSON."""

from flask import Blueprint, jsonify, request
from flask_login import login_required

from clinic.models import Medicine, Prescription
from clinic.repositories import pharmacy as repository
from clinic.routes import payload
from clinic.routes.auth import vets_only
from clinic.services import pharmacy as service

blueprint = Blueprint("pharmacy", __name__, url_prefix="/api/pharmacy")


def medicine_json(medicine: Medicine) -> dict:
    return {
        "id": medicine.id,
        "name": medicine.name,
        "price": str(medicine.price),
        "stock": medicine.stock,
        "low": medicine.is_low,
        "suppliers": sorted(supplier.name for supplier in medicine.suppliers),
    }


def prescription_json(prescription: Prescription) -> dict:
    return {
        "id": prescription.id,
        "medicine": prescription.medicine.name,
        "quantity": prescription.quantity,
        "cost": str(prescription.cost),
        "state": prescription.state,
    }


@blueprint.get("/medicines")
@login_required
def medicines():
    return jsonify([medicine_json(each) for each in repository.medicines(request.args.get("species", ""))])


@blueprint.post("/medicines")
@vets_only
def add_medicine():
    values = payload.body()
    medicine = service.add_medicine(
        payload.text(values, "name"),
        payload.money(values, "price"),
        payload.number(values, "stock", 0),
        payload.text(values, "species", ""),
        values.get("suppliers"),
    )
    return jsonify(medicine_json(medicine)), 201


@blueprint.post("/medicines/<int:medicine_id>/deliveries")
@login_required
def receive(medicine_id: int):
    return jsonify(medicine_json(service.receive(medicine_id, payload.number(payload.body(), "quantity"))))


@blueprint.get("/orders")
@login_required
def orders():
    return jsonify(service.orders())


@blueprint.post("/prescriptions/<int:prescription_id>/withdraw")
@vets_only
def withdraw(prescription_id: int):
    return jsonify(prescription_json(service.withdraw(prescription_id)))
