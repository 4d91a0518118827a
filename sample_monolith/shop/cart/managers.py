from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone


class CartQuerySet(models.QuerySet):
    def open(self):
        return self.filter(is_open=True)

    def abandoned(self):
        limit = timezone.now() - timedelta(days=settings.ABANDONED_CART_DAYS)
        return self.open().filter(updated_at__lt=limit)


CartManager = models.Manager.from_queryset(CartQuerySet, class_name="CartManager")
