"""Which worker gets which task."""

from __future__ import annotations

from projects import Monolith

SHOP = """
# shop/settings.py
INSTALLED_APPS = ["shop.orders", "shop.reviews"]
CELERY_TASK_ROUTES = {"shop.reviews.tasks.*": {"queue": "slow"}, "shop.orders.tasks.rare": {"queue": "%s"}}

# shop/celery.py
from celery import Celery
app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")

# shop/orders/models.py
from django.db import models

class Order(models.Model):
    number = models.CharField(max_length=20)

# shop/orders/tasks.py
from celery import shared_task
from shop.orders.models import Order

@shared_task
def rare():
    Order.objects.update(number="x")

@shared_task
def often():
    Order.objects.update(number="y")

# shop/reviews/models.py
from django.db import models

class Review(models.Model):
    text = models.CharField(max_length=20)

# shop/reviews/tasks.py
from celery import shared_task
from shop.orders.tasks import often, rare
from shop.reviews.models import Review

@shared_task
def tell():
    Review.objects.create(text="x")
    rare.delay()
    often.delay()
"""


def queues(other: str) -> tuple[dict[str, str], dict[str, str]]:
    plan = next(each for each in Monolith(SHOP % other).plan().contexts if each.name == "reviews")
    return {each.name: each.queue for each in plan.tasks}, {each.name: each.queue for each in plan.sent}


def test_a_queue_of_their_own_goes_with_the_tasks() -> None:
    assert queues("other") == ({"shop.reviews.tasks.tell": "slow"}, {"shop.orders.tasks.often": "celery", "shop.orders.tasks.rare": "other"})


def test_a_queue_that_others_use_stays_with_the_monolith() -> None:
    assert queues("slow")[0] == {"shop.reviews.tasks.tell": ""}
