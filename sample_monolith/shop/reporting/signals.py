from django.db.models.signals import post_save
from django.dispatch import receiver

from shop.orders.models import Order
from shop.orders.signals import order_placed
from shop.reporting.models import DailySales


@receiver(post_save, sender=Order)
def order_saved(sender, instance, raw=False, **kwargs):
    if not raw:
        DailySales.objects.mark_stale(instance.placed_at.date())


@receiver(order_placed)
def open_day(sender, order, **kwargs):
    DailySales.objects.get_or_create(day=order.placed_at.date(), defaults={"is_stale": True})
