from django.db import models

from shop.core.constants import ZERO
from shop.core.models import TimeStampedModel
from shop.reporting.managers import DailySalesQuerySet


class DailySales(TimeStampedModel):
    day = models.DateField(unique=True)
    order_count = models.PositiveIntegerField(default=0)
    item_count = models.PositiveIntegerField(default=0)
    new_customers = models.PositiveIntegerField(default=0)
    revenue = models.DecimalField(max_digits=12, decimal_places=2, default=ZERO)
    best_seller = models.ForeignKey(
        "catalog.Product", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    is_stale = models.BooleanField(default=False)

    objects = DailySalesQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "daily sales"
        ordering = ["-day"]

    def __str__(self):
        return f"{self.day}: {self.revenue}"
