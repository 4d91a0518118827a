from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.urls import reverse
from django.utils import timezone

from shop.accounts.models import Address
from shop.catalog.models import Product
from shop.core import audit
from shop.core.constants import ZERO, OrderStatus
from shop.core.exceptions import InvalidTransition
from shop.core.models import TimeStampedModel
from shop.core.utils import generate_reference
from shop.orders.managers import OpenOrderManager, OrderQuerySet
from shop.pricing.models import Coupon

TRANSITIONS = {
    OrderStatus.PENDING: {OrderStatus.PAID, OrderStatus.CANCELLED},
    OrderStatus.PAID: {OrderStatus.SHIPPED, OrderStatus.CANCELLED},
    OrderStatus.SHIPPED: {OrderStatus.DELIVERED},
    OrderStatus.DELIVERED: set(),
    OrderStatus.CANCELLED: set(),
}


def new_order_number():
    return generate_reference("HP")


def money_field(**kwargs):
    return models.DecimalField(max_digits=10, decimal_places=2, default=ZERO, **kwargs)


class Order(TimeStampedModel):
    number = models.CharField(max_length=20, unique=True, default=new_order_number)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="orders"
    )
    email = models.EmailField()
    status = models.CharField(
        max_length=12, choices=OrderStatus.choices, default=OrderStatus.PENDING, db_index=True
    )
    shipping_address = models.ForeignKey(
        "accounts.Address", on_delete=models.PROTECT, related_name="+"
    )
    billing_address = models.ForeignKey(
        Address, on_delete=models.SET_NULL, null=True, blank=True, related_name="billed_orders"
    )
    shipping_method = models.ForeignKey(
        "shipping.ShippingMethod", on_delete=models.PROTECT, null=True, related_name="orders"
    )
    coupon = models.ForeignKey(
        Coupon, on_delete=models.SET_NULL, null=True, blank=True, related_name="orders"
    )
    products = models.ManyToManyField(Product, through="OrderItem", related_name="orders")
    currency = models.CharField(max_length=3, default="EUR")
    subtotal = money_field()
    discount_total = money_field()
    points_redeemed = models.PositiveIntegerField(default=0)
    points_discount = money_field()
    shipping_total = money_field()
    tax_total = money_field()
    grand_total = money_field()
    placed_at = models.DateTimeField(default=timezone.now, db_index=True)
    paid_at = models.DateTimeField(null=True, blank=True)

    audit_entries = GenericRelation("core.AuditLog")
    notifications = GenericRelation("notifications.Notification")

    objects = OrderQuerySet.as_manager()

    # What the row held when it was read; receivers of post_save compare with it.
    loaded_status = None

    class Meta:
        ordering = ["-placed_at", "-pk"]

    def __str__(self):
        return self.number

    @classmethod
    def from_db(cls, db, field_names, values):
        instance = super().from_db(db, field_names, values)
        instance.loaded_status = instance.__dict__.get("status")
        return instance

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        self.loaded_status = self.status

    def get_absolute_url(self):
        return reverse("orders:detail", args=[self.number])

    def set_status(self, status, actor=None, note=""):
        if status not in TRANSITIONS[OrderStatus(self.status)]:
            raise InvalidTransition(f"{self.number} is {self.status}, it cannot become {status}.")
        audit.record("order.status", self, actor=actor, old=self.status, new=status, note=note)
        self.status = status
        fields = ["status", "updated_at"]
        if status == OrderStatus.PAID:
            self.paid_at = timezone.now()
            fields.append("paid_at")
        self.save(update_fields=fields)

    @property
    def invoice(self):
        return self.invoice_set.order_by("-pk").first()

    @property
    def can_cancel(self):
        return OrderStatus.CANCELLED in TRANSITIONS[OrderStatus(self.status)]

    def total_weight(self):
        return sum(item.product.weight_grams * item.quantity for item in self.items.all())


class OpenOrder(Order):
    """What the warehouse still has to do something about."""

    objects = OpenOrderManager()

    class Meta:
        proxy = True
        ordering = ["placed_at"]


class OrderItem(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="items")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="order_items")
    name = models.CharField(max_length=120)
    sku = models.CharField(max_length=32)
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    tax_percent = models.DecimalField(max_digits=5, decimal_places=2, default=0)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.quantity} x {self.name}"

    @property
    def line_total(self):
        return self.unit_price * self.quantity
