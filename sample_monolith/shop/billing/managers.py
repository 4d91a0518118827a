from django.db import models
from django.db.models import DecimalField, F, Q, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from shop.core.constants import InvoiceStatus, PaymentStatus

MONEY = DecimalField(max_digits=10, decimal_places=2)


class InvoiceQuerySet(models.QuerySet):
    def open(self):
        return self.filter(status=InvoiceStatus.OPEN)

    def with_paid(self):
        captured = Q(payments__status=PaymentStatus.CAPTURED)
        return self.annotate(
            paid_total=Coalesce(
                Sum("payments__amount", filter=captured), Value(0), output_field=MONEY
            )
        ).annotate(owed=F("total") - F("paid_total"))

    def overdue(self, today=None):
        return self.open().filter(due_date__lt=today or timezone.localdate())

    def overdue_with_customer(self, today=None):
        """Raw because the report needs the customer's columns on the invoice itself."""
        return self.model.objects.raw(
            """
            SELECT i.*, u.email AS customer_email, u.first_name AS customer_name,
                   o.number AS order_number
            FROM billing_invoice i
            JOIN orders_order o ON o.id = i.order_id
            JOIN accounts_user u ON u.id = o.user_id
            WHERE i.status = %s AND i.due_date < %s
            ORDER BY i.due_date, i.id
            """,
            [InvoiceStatus.OPEN, today or timezone.localdate()],
        )
