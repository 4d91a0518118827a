from django.db import models
from django.db.models import F, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone


class StockQuerySet(models.QuerySet):
    def with_free(self):
        return self.annotate(free=F("on_hand") - F("reserved"))

    def low(self):
        return self.with_free().filter(
            free__lte=F("reorder_level"), product__is_active=True, product__deleted_at=None
        )

    def free_total(self):
        return self.aggregate(total=Coalesce(Sum(F("on_hand") - F("reserved")), Value(0)))["total"]


class ReservationQuerySet(models.QuerySet):
    def active(self):
        return self.filter(state=self.model.ACTIVE)

    def for_order(self, order):
        return self.filter(order_item__order=order)

    def expired(self, at=None):
        return self.active().filter(
            expires_at__lt=at or timezone.now(), order_item__order__status="pending"
        )
