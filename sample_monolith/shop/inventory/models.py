from django.conf import settings
from django.db import models

from shop.catalog.models import Product
from shop.core.constants import LOW_STOCK_DEFAULT
from shop.core.models import TimeStampedModel
from shop.inventory.managers import ReservationQuerySet, StockQuerySet


class Warehouse(models.Model):
    code = models.CharField(max_length=12, unique=True)
    name = models.CharField(max_length=80)
    country = models.CharField(max_length=2, default="DE")
    is_active = models.BooleanField(default=True)
    manager = models.ForeignKey(
        "accounts.StaffMember",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="managed_warehouses",
    )

    def __str__(self):
        return self.code


class StockItem(TimeStampedModel):
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="stock_items")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="stock_items")
    on_hand = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    reorder_level = models.PositiveIntegerField(default=LOW_STOCK_DEFAULT)

    objects = StockQuerySet.as_manager()

    class Meta:
        db_table = "stock_level"
        unique_together = [("product", "warehouse")]

    def __str__(self):
        return f"{self.product_id} in {self.warehouse_id}: {self.on_hand}"

    @property
    def free_quantity(self):
        return self.on_hand - self.reserved

    @property
    def is_low(self):
        return self.free_quantity <= self.reorder_level


class StockReservation(models.Model):
    ACTIVE, COMMITTED, RELEASED = "active", "committed", "released"

    stock_item = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="reservations")
    order_item = models.ForeignKey(
        "orders.OrderItem", on_delete=models.CASCADE, related_name="reservations"
    )
    quantity = models.PositiveIntegerField()
    state = models.CharField(
        max_length=10,
        choices=[(ACTIVE, "Active"), (COMMITTED, "Committed"), (RELEASED, "Released")],
        default=ACTIVE,
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReservationQuerySet.as_manager()

    def __str__(self):
        return f"{self.quantity} for {self.order_item_id} ({self.state})"


class StockMovement(models.Model):
    RECEIVED, SOLD = "received", "sold"

    stock_item = models.ForeignKey(StockItem, on_delete=models.CASCADE, related_name="movements")
    kind = models.CharField(
        max_length=10,
        choices=[(RECEIVED, "Received"), (SOLD, "Sold")],
    )
    quantity = models.IntegerField()
    # No related_name here either: order.stockmovement_set.
    order = models.ForeignKey("orders.Order", on_delete=models.SET_NULL, null=True, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    note = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self):
        return f"{self.kind} {self.quantity:+d}"
