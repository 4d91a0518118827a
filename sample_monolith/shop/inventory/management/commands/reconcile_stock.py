from django.core.management.base import BaseCommand
from django.db.models import IntegerField, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from shop.inventory.models import StockItem, StockReservation


class Command(BaseCommand):
    help = "Compare the reserved counters with the active reservations."

    def add_arguments(self, parser):
        parser.add_argument("--fix", action="store_true")

    def handle(self, *args, fix, **options):
        active = (
            StockReservation.objects.active()
            .filter(stock_item=OuterRef("pk"))
            .order_by()
            .values("stock_item")
            .annotate(total=Sum("quantity"))
        )
        stock = StockItem.objects.select_related("product").annotate(
            expected=Coalesce(
                Subquery(active.values("total"), output_field=IntegerField()), Value(0)
            )
        )
        wrong = [item for item in stock if item.reserved != item.expected]
        for item in wrong:
            self.stdout.write(f"{item.product.sku}: {item.reserved} should be {item.expected}")
            if fix:
                StockItem.objects.filter(pk=item.pk).update(reserved=item.expected)
        self.stdout.write(f"{len(wrong)} wrong counters")
