from datetime import date, timedelta

from django.core.management.base import BaseCommand
from django.utils import timezone

from shop.reporting.services import build_day


class Command(BaseCommand):
    help = "Build the daily sales of a period."

    def add_arguments(self, parser):
        parser.add_argument("--start", type=date.fromisoformat)
        parser.add_argument("--end", type=date.fromisoformat)

    def handle(self, *args, start, end, **options):
        end = end or timezone.localdate()
        day = start or end
        while day <= end:
            self.stdout.write(str(build_day(day)))
            day += timedelta(days=1)
