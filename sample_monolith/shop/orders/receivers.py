from django.db.models.signals import pre_save
from django.dispatch import receiver

from shop.core import audit
from shop.orders.models import Order
from shop.orders.signals import order_returned


@receiver(pre_save, sender=Order)
def normalise_email(sender, instance, **kwargs):
    instance.email = instance.email.strip().lower()


@receiver(order_returned)
def note_return(sender, order, return_request, **kwargs):
    audit.record("order.returned", order, items=return_request.items.count())
