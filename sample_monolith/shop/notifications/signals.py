from django.db.models.signals import post_save
from django.dispatch import receiver

from shop.core.constants import OrderStatus
from shop.notifications.services import notify_user
from shop.orders.models import Order
from shop.orders.signals import order_placed

STATUS_TEXTS = {
    OrderStatus.DELIVERED: "order_delivered",
    OrderStatus.CANCELLED: "order_cancelled",
}


@receiver(post_save, sender=Order)
def tell_new_status(sender, instance, created, raw=False, **kwargs):
    if created or raw or instance.user is None or instance.status == instance.loaded_status:
        return
    template = STATUS_TEXTS.get(instance.status)
    if template:
        notify_user(instance.user, template, {"order": instance.number}, target=instance)


@receiver(order_placed)
def tell_order_placed(sender, order, user, **kwargs):
    # The confirmation goes out by mail on its own.
    notify_user(user, "order_placed", {"order": order.number}, target=order, email=False)
