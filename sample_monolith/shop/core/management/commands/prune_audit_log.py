from datetime import timedelta

from django.core.management.base import BaseCommand
from django.utils import timezone

from shop.core.models import AuditLog


class Command(BaseCommand):
    help = "Delete audit entries older than a number of days."

    def add_arguments(self, parser):
        parser.add_argument("--days", type=int, default=365)
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *args, days, dry_run, **options):
        entries = AuditLog.objects.older_than(timezone.now() - timedelta(days=days))
        count = entries.count()
        if not dry_run:
            entries.delete()
        self.stdout.write(f"{count} audit entries {'would be ' if dry_run else ''}removed")
