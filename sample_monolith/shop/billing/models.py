from datetime import timedelta

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.utils import timezone

from shop.billing.managers import InvoiceQuerySet
from shop.core.constants import ZERO, InvoiceStatus, PaymentStatus
from shop.core.models import TimeStampedModel
from shop.core.utils import generate_reference
from shop.orders.models import Order


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


class Payment(TimeStampedModel):
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payments")
    status = models.CharField(
        max_length=10, choices=PaymentStatus.choices, default=PaymentStatus.PENDING
    )
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    transaction_id = models.CharField(max_length=64, blank=True, db_index=True)
    message = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.amount} ({self.status})"
