"""Invoices and what is paid."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from flask import current_app

from clinic.clock import today
from clinic.errors import ClinicError, Conflict
from clinic.extensions import db
from clinic.models import Invoice, InvoiceLine, Payment, Visit
from clinic.repositories import invoices
from clinic.services import pharmacy

CENT = Decimal("0.01")


def with_vat(amount: Decimal) -> Decimal:
    return (amount * (1 + current_app.config["VAT_RATE"])).quantize(CENT, ROUND_HALF_UP)


def invoice_for(visit: Visit) -> Invoice:
    """The invoice of a visit: the fee, and the medicines that were prescribed."""
    found = invoices.for_visit(visit.id)
    if found is not None:
        return found
    due_on = today() + timedelta(days=current_app.config["INVOICE_DUE_DAYS"])
    medicines = pharmacy.cost_of_visit(visit.id)
    invoice = Invoice(owner=visit.animal.owner, visit=visit, due_on=due_on)
    invoice.lines.append(InvoiceLine(text=f"Visit of {visit.animal.name}", amount=with_vat(visit.fee)))
    if medicines:
        invoice.lines.append(InvoiceLine(text="Medicines", amount=with_vat(medicines)))
    db.session.add(invoice)
    db.session.commit()
    return invoice


def pay(invoice_id: int, amount: Decimal, method: str = "card") -> Invoice:
    invoice = invoices.get(invoice_id)
    if invoice.state == "paid":
        raise Conflict("the invoice is paid")
    if amount <= 0 or amount > invoice.total - invoice.paid:
        raise ClinicError(f"{amount} cannot be paid on this invoice")
    invoice.payments.append(Payment(amount=amount, method=method))
    if invoice.paid == invoice.total:
        invoice.state = "paid"
    db.session.commit()
    return invoice
