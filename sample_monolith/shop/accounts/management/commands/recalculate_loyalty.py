from django.core.management.base import BaseCommand

from shop.accounts.models import User
from shop.accounts.services import recalculate_points


class Command(BaseCommand):
    help = "Recalculate the loyalty points of customers from their entries."

    def add_arguments(self, parser):
        parser.add_argument("emails", nargs="*")

    def handle(self, *args, emails, **options):
        users = User.objects.customers()
        if emails:
            users = users.filter(email__in=emails)
        changed = 0
        for user in users.prefetch_related("loyalty_entries"):
            if user.loyalty_points != recalculate_points(user):
                changed += 1
        self.stdout.write(f"{changed} customers corrected")
