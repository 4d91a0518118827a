from django.core.management.base import BaseCommand

from shop.core.utils import generate_reference
from shop.pricing.models import Coupon


class Command(BaseCommand):
    help = "Create a batch of single-use coupons."

    def add_arguments(self, parser):
        parser.add_argument("count", type=int)
        parser.add_argument("--percent", default="10")
        parser.add_argument("--prefix", default="HP")

    def handle(self, *args, count, percent, prefix, **options):
        for _ in range(count):
            coupon = Coupon.objects.create(
                code=generate_reference(prefix), value=percent, max_uses=1
            )
            self.stdout.write(coupon.code)
