from datetime import timedelta

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.utils import timezone

from shop.billing.managers import InvoiceQuerySet
from shop.core.constants import ZERO, InvoiceStatus, PaymentStatus
from shop.core.models import TimeStampedModel
from shop.core.utils import generate_reference
from shop.orders.models import Order, OrderItem


def new_invoice_number():
    return generate_reference("INV")


def default_due_date():
    return timezone.localdate() + timedelta(days=settings.INVOICE_DUE_DAYS)


class Invoice(TimeStampedModel):
    # No related_name: half of the shop says order.invoice_set.
    order = models.ForeignKey(Order, on_delete=models.PROTECT)
    number = models.CharField(max_length=20, unique=True, default=new_invoice_number)
    status = models.CharField(
        max_length=10, choices=InvoiceStatus.choices, default=InvoiceStatus.OPEN
    )
    billing_address = models.ForeignKey(
        "accounts.Address", on_delete=models.PROTECT, related_name="invoices"
    )
    net = models.DecimalField(max_digits=10, decimal_places=2)
    tax = models.DecimalField(max_digits=10, decimal_places=2)
    total = models.DecimalField(max_digits=10, decimal_places=2)
    due_date = models.DateField(default=default_due_date)
    reminders_sent = models.PositiveIntegerField(default=0)

    audit_entries = GenericRelation("core.AuditLog")

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.number

    def paid_amount(self):
        captured = self.payments.filter(status=PaymentStatus.CAPTURED)
        return captured.aggregate(total=models.Sum("amount"))["total"] or ZERO

    def owed_amount(self):
        return self.total - self.paid_amount()


class InvoiceLine(models.Model):
    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    order_item = models.ForeignKey(
        OrderItem, on_delete=models.SET_NULL, null=True, blank=True, related_name="invoice_lines"
    )
    text = models.CharField(max_length=140)
    amount = models.DecimalField(max_digits=10, decimal_places=2)

    def __str__(self):
        return self.text


class Payment(TimeStampedModel):
    CARD, CREDIT = "card", "credit"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payments")
    method = models.CharField(
        max_length=8, choices=[(CARD, "Card"), (CREDIT, "Store credit")], default=CARD
    )
    status = models.CharField(
        max_length=10, choices=PaymentStatus.choices, default=PaymentStatus.PENDING
    )
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    transaction_id = models.CharField(max_length=64, blank=True, db_index=True)
    message = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.amount} by {self.method} ({self.status})"

    def refunded_amount(self):
        return self.refunds.aggregate(total=models.Sum("amount"))["total"] or ZERO


class Refund(TimeStampedModel):
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    return_request = models.ForeignKey(
        "orders.ReturnRequest",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="refunds",
    )
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    reason = models.CharField(max_length=80, blank=True)
    transaction_id = models.CharField(max_length=64, blank=True)

    def __str__(self):
        return f"Refund of {self.amount}"


class GiftCard(TimeStampedModel):
    code = models.CharField(max_length=24, unique=True)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    bought_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="bought_gift_cards",
    )
    redeemed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="redeemed_gift_cards",
    )
    redeemed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self):
        return self.code
