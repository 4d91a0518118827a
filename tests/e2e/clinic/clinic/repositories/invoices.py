"""Queries on invoices."""

from datetime import date

from sqlalchemy import select

from clinic.errors import NotFound
from clinic.extensions import db
from clinic.models import Invoice


def get(invoice_id: int) -> Invoice:
    invoice = db.session.get(Invoice, invoice_id)
    if invoice is None:
        raise NotFound(f"no invoice {invoice_id}")
    return invoice


def for_visit(visit_id: int) -> Invoice | None:
    return Invoice.query.filter_by(visit_id=visit_id).first()


def overdue(day: date) -> list[Invoice]:
    query = select(Invoice).where(Invoice.state == "open", Invoice.due_on < day).order_by(Invoice.due_on, Invoice.id)
    return list(db.session.scalars(query))
