"""Who hears of changes across the cut."""

from __future__ import annotations

from projects import Monolith

from decompose.model.migration import Field, Listener, Pointer

SHOP = """
# shop/settings.py
INSTALLED_APPS = ["shop.orders", "shop.reviews"]

# shop/orders/models.py
from django.db import models

class Order(models.Model):
    number = models.CharField(max_length=20)
    review = models.ForeignKey("reviews.Review", on_delete=models.SET_NULL, null=True)

# shop/orders/signals.py
from django.db.models.signals import post_delete, pre_save
from django.dispatch import receiver
from shop.orders.models import Order
from shop.reviews.models import Review

@receiver(post_delete, sender=Review)
def forget(sender, instance, **kwargs):
    Order.objects.update(number=instance.text)

@receiver(pre_save, sender=Review)
def before(sender, instance, **kwargs):
    Order.objects.update(number="x")

# shop/reviews/models.py
from django.db import models

class Review(models.Model):
    text = models.CharField(max_length=20)

# shop/reviews/signals.py
from django.db.models.signals import post_save
from django.dispatch import receiver
from shop.orders.models import Order
from shop.reviews.models import Review

@receiver(post_save, sender=Order)
def ordered(sender, instance, **kwargs):
    Review.objects.create(text=instance.number)
"""


def test_keys_that_point_at_the_context_and_handlers_across_the_cut() -> None:
    plan = next(each for each in Monolith(SHOP).plan().contexts if each.name == "reviews")
    assert plan.pointers == (Pointer("reviews.Review", "orders.Order", "review_id", "SET_NULL"),)
    assert plan.listeners == (
        Listener("post_save", "orders.Order", "shop.reviews.signals.ordered", "service"),
        Listener("post_delete", "reviews.Review", "shop.orders.signals.forget", "monolith", (Field("text", "string"),)),
    )
