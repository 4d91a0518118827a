from django.dispatch import receiver

from shop.inventory.services import release_order
from shop.orders.signals import order_cancelled


@receiver(order_cancelled)
def free_goods(sender, order, **kwargs):
    release_order(order)
