"""Invoices as JSON."""

from flask import Blueprint, jsonify
from flask_login import login_required

from clinic.clock import today
from clinic.models import Invoice
from clinic.repositories import invoices as repository
from clinic.routes import payload
from clinic.services import billing

blueprint = Blueprint("invoices", __name__, url_prefix="/api/invoices")


def invoice_json(invoice: Invoice) -> dict:
    return {
        "id": invoice.id,
        "owner": invoice.owner.name,
        "state": invoice.state,
        "total": str(invoice.total),
        "paid": str(invoice.paid),
        "lines": [{"text": line.text, "amount": str(line.amount)} for line in invoice.lines],
    }


@blueprint.get("/overdue")
@login_required
def overdue():
    return jsonify([invoice_json(each) for each in repository.overdue(today())])


@blueprint.get("/<int:invoice_id>")
@login_required
def show(invoice_id: int):
    return jsonify(invoice_json(repository.get(invoice_id)))


@blueprint.post("/<int:invoice_id>/payments")
@login_required
def pay(invoice_id: int):
    values = payload.body()
    invoice = billing.pay(invoice_id, payload.money(values, "amount"), payload.text(values, "method", "card"))
    return jsonify(invoice_json(invoice)), 201
