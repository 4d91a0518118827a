from django.core.management.base import BaseCommand

from shop.orders.models import Order
from shop.orders.services import cancel_order


class Command(BaseCommand):
    help = "Cancel the orders that nobody paid for."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *args, dry_run, **options):
        for order in Order.objects.unpaid_too_long().select_related("user"):
            if not dry_run:
                cancel_order(order, reason="not paid in time")
            self.stdout.write(f"{order.number} {order.email}")
