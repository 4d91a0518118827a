from django.core.management.base import BaseCommand

from shop.core.exceptions import CarrierError
from shop.shipping.models import Shipment
from shop.shipping.services import refresh_tracking


class Command(BaseCommand):
    help = "Ask the carriers where the parcels are."

    def add_arguments(self, parser):
        parser.add_argument("--carrier")

    def handle(self, *args, carrier, **options):
        shipments = Shipment.objects.under_way().select_related("order")
        if carrier:
            shipments = shipments.filter(carrier=carrier)
        for shipment in shipments:
            try:
                self.stdout.write(f"{shipment.reference}: {refresh_tracking(shipment)} new events")
            except CarrierError as error:
                self.stderr.write(error.message)
