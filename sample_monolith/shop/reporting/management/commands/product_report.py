from datetime import timedelta

from django.core.management.base import BaseCommand
from django.utils import timezone

from shop.reporting.services import product_report, write_csv


class Command(BaseCommand):
    help = "Write the product report of the last days as CSV."

    def add_arguments(self, parser):
        parser.add_argument("--days", type=int, default=30)
        parser.add_argument("--limit", type=int, default=100)

    def handle(self, *args, days, limit, **options):
        today = timezone.localdate()
        write_csv(product_report(today - timedelta(days=days), today, limit), self.stdout)
