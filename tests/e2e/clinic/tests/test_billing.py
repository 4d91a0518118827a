from datetime import timedelta
from decimal import Decimal

import pytest

from clinic.clock import today
from clinic.errors import ClinicError, Conflict
from clinic.models import Payment
from clinic.repositories import invoices
from clinic.services import billing
from tests.factories import make_done_visit, make_invoice


def test_vat_is_rounded_to_cents(app):
    assert billing.with_vat(Decimal("1.13")) == Decimal("1.36")


def test_one_invoice_for_a_visit(app):
    visit = make_done_visit()
    assert billing.invoice_for(visit) is billing.invoice_for(visit)


def test_paying_in_parts(app):
    invoice = make_invoice("10.00")
    billing.pay(invoice.id, Decimal("4.00"))
    assert invoice.state == "open"
    billing.pay(invoice.id, Decimal("6.00"), "cash")
    assert invoice.state == "paid"
    assert [each.method for each in Payment.query.order_by(Payment.id)] == ["card", "cash"]


def test_not_more_than_is_owed(app):
    with pytest.raises(ClinicError):
        billing.pay(make_invoice("10.00").id, Decimal("10.01"))


def test_what_is_paid_is_paid(app):
    with pytest.raises(Conflict):
        billing.pay(make_invoice(state="paid").id, Decimal(1))


def test_overdue_invoices(app):
    late = make_invoice(due_on=today() - timedelta(days=1))
    make_invoice(due_on=today())
    make_invoice(due_on=today() - timedelta(days=9), state="paid")
    assert invoices.overdue(today()) == [late]


def test_the_api_shows_and_takes_payments(as_assistant):
    invoice = make_invoice("20.00")
    assert as_assistant.get(f"/api/invoices/{invoice.id}").get_json()["total"] == "20.00"
    paid = as_assistant.post(f"/api/invoices/{invoice.id}/payments", json={"amount": "20.00"})
    assert paid.status_code == 201 and paid.get_json()["state"] == "paid"
    assert as_assistant.post(f"/api/invoices/{invoice.id}/payments", json={"amount": "x"}).status_code == 400


def test_the_api_lists_what_is_overdue(as_assistant):
    make_invoice(due_on=today() - timedelta(days=2))
    assert len(as_assistant.get("/api/invoices/overdue").get_json()) == 1
