from django.db import models
from django.utils import timezone

from shop.core.constants import InvoiceStatus


class InvoiceQuerySet(models.QuerySet):
    def open(self):
        return self.filter(status=InvoiceStatus.OPEN)

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
