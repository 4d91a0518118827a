from __future__ import annotations

from django.db import transaction
from django.db.models import F

from shop.billing.backends import get_gateway
from shop.billing.models import Invoice, Payment
from shop.core import audit
from shop.core.constants import ZERO, InvoiceStatus, PaymentStatus
from shop.core.exceptions import PaymentDeclined, ShopError
from shop.notifications.services import notify_user
from shop.notifications.tasks import send_receipt


@transaction.atomic
def create_invoice(order) -> Invoice:
    return Invoice.objects.create(
        order=order,
        billing_address=order.billing_address or order.shipping_address,
        net=order.grand_total - order.tax_total,
        tax=order.tax_total,
        total=order.grand_total,
    )


def capture_payment(invoice: Invoice, token: str) -> Payment:
    """Charge what is owed. A declined payment is kept, then raised."""
    with transaction.atomic():
        invoice = Invoice.objects.select_for_update().get(pk=invoice.pk)
        if invoice.status != InvoiceStatus.OPEN:
            raise ShopError("This invoice is not open.")
        payment = Payment.objects.create(invoice=invoice, amount=invoice.owed_amount())
        result = get_gateway().charge(payment.amount, token, invoice.number)
        payment.transaction_id = result.transaction_id
        payment.message = result.message
        payment.status = PaymentStatus.CAPTURED if result.ok else PaymentStatus.DECLINED
        payment.save()
        if result.ok:
            settle_invoice(invoice)
    if not result.ok:
        raise PaymentDeclined(result.message)
    return payment


@transaction.atomic
def settle_invoice(invoice: Invoice) -> bool:
    from shop.orders.services import mark_paid

    if invoice.owed_amount() > ZERO:
        return False
    invoice.status = InvoiceStatus.PAID
    invoice.save(update_fields=["status", "updated_at"])
    mark_paid(invoice.order)
    transaction.on_commit(lambda: send_receipt.delay(invoice.pk))
    return True


def refund_payment(payment: Payment) -> None:
    result = get_gateway().refund(payment.transaction_id, payment.amount)
    if not result.ok:
        raise ShopError(f"The refund failed: {result.message}")
    payment.status = PaymentStatus.REFUNDED
    payment.save(update_fields=["status", "updated_at"])
    audit.record("payment.refunded", payment.invoice, amount=str(payment.amount))


@transaction.atomic
def settle_cancelled_order(order) -> None:
    for invoice in order.invoice_set.exclude(status=InvoiceStatus.VOID):
        for payment in invoice.payments.filter(status=PaymentStatus.CAPTURED):
            refund_payment(payment)
        invoice.status = InvoiceStatus.VOID
        invoice.save(update_fields=["status", "updated_at"])


def remind_of_invoice(invoice: Invoice) -> None:
    user = invoice.order.user
    if user is not None:
        notify_user(
            user,
            "invoice_overdue",
            {"invoice": invoice.number, "amount": str(invoice.total)},
            target=invoice,
        )
    Invoice.objects.filter(pk=invoice.pk).update(reminders_sent=F("reminders_sent") + 1)
