from __future__ import annotations

from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from shop.billing.backends import get_gateway
from shop.billing.models import GiftCard, Invoice, InvoiceLine, Payment, Refund
from shop.core import audit
from shop.core.constants import ZERO, InvoiceStatus, PaymentStatus
from shop.core.exceptions import PaymentDeclined, ShopError
from shop.core.utils import to_money
from shop.notifications.services import notify_user
from shop.notifications.tasks import send_receipt


@transaction.atomic
def create_invoice(order) -> Invoice:
    invoice = Invoice.objects.create(
        order=order,
        billing_address=order.billing_address or order.shipping_address,
        net=order.grand_total - order.tax_total,
        tax=order.tax_total,
        total=order.grand_total,
    )
    lines = [
        InvoiceLine(invoice=invoice, order_item=item, text=str(item), amount=item.line_total)
        for item in order.items.all()
    ]
    if order.shipping_total:
        lines.append(InvoiceLine(invoice=invoice, text="Shipping", amount=order.shipping_total))
    discount = order.discount_total + order.points_discount
    if discount:
        lines.append(InvoiceLine(invoice=invoice, text="Discount", amount=-discount))
    InvoiceLine.objects.bulk_create(lines)
    return invoice


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


@transaction.atomic
def pay_with_store_credit(invoice, user):
    user = get_user_model().objects.select_for_update().get(pk=user.pk)
    amount = min(user.store_credit, invoice.owed_amount())
    if amount <= ZERO:
        return None
    user.store_credit = F("store_credit") - amount
    user.save(update_fields=["store_credit"])
    payment = Payment.objects.create(
        invoice=invoice, method=Payment.CREDIT, amount=amount, status=PaymentStatus.CAPTURED
    )
    settle_invoice(invoice)
    return payment


@transaction.atomic
def refund_payment(payment: Payment, amount: Decimal, return_request=None, reason="") -> Refund:
    left = payment.amount - payment.refunded_amount()
    amount = to_money(amount)
    if amount <= ZERO or amount > left:
        raise ShopError(f"Only {left} of this payment can be refunded.")
    if payment.method == Payment.CREDIT:
        transaction_id = ""
        _give_credit(payment.invoice.order.user, amount)
    else:
        result = get_gateway().refund(payment.transaction_id, amount)
        if not result.ok:
            raise ShopError(f"The refund failed: {result.message}")
        transaction_id = result.transaction_id
    refund = Refund.objects.create(
        payment=payment,
        amount=amount,
        return_request=return_request,
        reason=reason,
        transaction_id=transaction_id,
    )
    if amount == left:
        payment.status = PaymentStatus.REFUNDED
        payment.save(update_fields=["status", "updated_at"])
    audit.record("payment.refunded", payment.invoice, amount=str(amount), reason=reason)
    return refund


@transaction.atomic
def refund_order(order, amount, return_request=None, reason="return"):
    """Spread a refund over the payments of an order, the newest first."""
    refunds, left = [], to_money(amount)
    payments = Payment.objects.filter(invoice__order=order, status=PaymentStatus.CAPTURED)
    for payment in payments.order_by("-pk"):
        if left <= ZERO:
            break
        part = min(left, payment.amount - payment.refunded_amount())
        if part > ZERO:
            refunds.append(refund_payment(payment, part, return_request, reason))
            left -= part
    if left > ZERO:
        raise ShopError(f"{left} cannot be refunded.")
    if order.amount_paid() and not payments.filter(status=PaymentStatus.CAPTURED).exists():
        order.invoice_set.update(status=InvoiceStatus.REFUNDED)
    return refunds


@transaction.atomic
def settle_cancelled_order(order) -> None:
    for invoice in order.invoice_set.exclude(status=InvoiceStatus.VOID):
        for payment in invoice.payments.filter(status=PaymentStatus.CAPTURED):
            refund_payment(payment, payment.amount - payment.refunded_amount(), reason="cancelled")
        invoice.status = InvoiceStatus.VOID
        invoice.save(update_fields=["status", "updated_at"])


def redeem_gift_card(user, code):
    with transaction.atomic():
        card = GiftCard.objects.select_for_update().filter(code__iexact=code.strip()).first()
        if card is None or card.redeemed_by_id:
            raise ShopError("This gift card is not valid.")
        card.redeemed_by = user
        card.redeemed_at = timezone.now()
        card.save()
        _give_credit(user, card.amount)
    user.refresh_from_db(fields=["store_credit"])
    return card.amount


def _give_credit(user, amount):
    get_user_model().objects.filter(pk=user.pk).update(store_credit=F("store_credit") + amount)


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
