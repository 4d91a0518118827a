from celery import current_app
from django.core.management.base import BaseCommand

from shop.billing.models import Invoice


class Command(BaseCommand):
    help = "List overdue invoices and, with --send, have the customers reminded."

    def add_arguments(self, parser):
        parser.add_argument("--send", action="store_true")

    def handle(self, *args, send, **options):
        for invoice in Invoice.objects.all().overdue_with_customer():
            self.stdout.write(
                f"{invoice.number} {invoice.order_number} {invoice.customer_email} {invoice.total}"
            )
        if send:
            current_app.send_task("billing.remind_overdue")
