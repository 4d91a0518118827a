from django.core.management.base import BaseCommand

from shop.cart.tasks import purge_abandoned_carts


class Command(BaseCommand):
    help = "Delete abandoned carts now instead of tonight."

    def handle(self, *args, **options):
        self.stdout.write(f"{purge_abandoned_carts()} carts deleted")
