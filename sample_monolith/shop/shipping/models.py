from decimal import Decimal

from django.db import models
from django.urls import reverse

from shop.core.constants import ZERO, ShipmentStatus
from shop.core.models import TimeStampedModel
from shop.core.utils import generate_reference, to_money
from shop.shipping.managers import ShipmentQuerySet, ShippingMethodQuerySet


def new_reference():
    return generate_reference("SH")


class ShippingMethod(models.Model):
    code = models.SlugField(unique=True)
    name = models.CharField(max_length=60)
    carrier = models.CharField(max_length=20, help_text="A module of shop.shipping.carriers")
    base_price = models.DecimalField(max_digits=8, decimal_places=2)
    price_per_kg = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    free_from = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    max_weight = models.PositiveIntegerField(default=30000, help_text="Grams")
    countries = models.CharField(max_length=120, blank=True, help_text="Empty for all")
    is_active = models.BooleanField(default=True)

    objects = ShippingMethodQuerySet.as_manager()

    class Meta:
        ordering = ["base_price", "pk"]

    def __str__(self):
        return self.name

    def price_for(self, weight_grams: int, goods_total: Decimal) -> Decimal:
        if self.free_from is not None and goods_total >= self.free_from:
            return ZERO
        return to_money(self.base_price + self.price_per_kg * Decimal(weight_grams) / 1000)


class Shipment(TimeStampedModel):
    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="shipments")
    reference = models.CharField(max_length=16, unique=True, default=new_reference)
    carrier = models.CharField(max_length=20)
    tracking_number = models.CharField(max_length=40, blank=True, db_index=True)
    status = models.CharField(
        max_length=12, choices=ShipmentStatus.choices, default=ShipmentStatus.READY
    )
    recipient = models.CharField(max_length=300)
    weight_grams = models.PositiveIntegerField(default=0)
    dispatched_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    objects = ShipmentQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        return reverse("shipping:track", args=[self.reference])


class ShipmentItem(models.Model):
    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="items")
    order_item = models.ForeignKey(
        "orders.OrderItem", on_delete=models.CASCADE, related_name="shipment_items"
    )
    quantity = models.PositiveIntegerField()

    def __str__(self):
        return f"{self.quantity} of {self.order_item_id}"


class TrackingEvent(models.Model):
    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="events")
    code = models.CharField(max_length=20)
    description = models.CharField(max_length=160)
    location = models.CharField(max_length=80, blank=True)
    happened_at = models.DateTimeField()

    class Meta:
        ordering = ["happened_at", "pk"]
        unique_together = [("shipment", "code", "happened_at")]

    def __str__(self):
        return f"{self.code} {self.happened_at}"
