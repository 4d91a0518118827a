from decimal import Decimal

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Sum
from django.urls import reverse

from shop.accounts.managers import StaffManager, UserManager
from shop.core.constants import OPEN_ORDER_STATUSES, SOLD_ORDER_STATUSES, ZERO, InvoiceStatus
from shop.core.models import SoftDeleteModel, TimeStampedModel


class User(AbstractUser):
    email = models.EmailField(unique=True)
    phone = models.CharField(max_length=32, blank=True)
    loyalty_points = models.PositiveIntegerField(default=0)
    accepts_marketing = models.BooleanField(default=False)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    wishlist = models.ManyToManyField(
        "catalog.Product", related_name="wished_by", blank=True, db_table="accounts_wishlist"
    )

    objects = UserManager()

    def __str__(self):
        return self.email

    @property
    def display_name(self):
        return self.get_full_name() or self.email.partition("@")[0]

    def get_absolute_url(self):
        return reverse("accounts:dashboard")

    def default_address(self):
        return self.addresses.order_by("-is_default", "pk").first()

    # The methods below grew here because every page has request.user at hand.

    def lifetime_value(self) -> Decimal:
        from shop.orders.models import Order

        total = Order.objects.filter(user=self, status__in=SOLD_ORDER_STATUSES).aggregate(
            total=Sum("grand_total")
        )["total"]
        return total or ZERO

    def recent_orders(self, limit=5):
        return self.orders.select_related("shipping_method").order_by("-placed_at")[:limit]

    def open_orders(self):
        return self.orders.filter(status__in=OPEN_ORDER_STATUSES)

    def has_purchased(self, product) -> bool:
        from shop.orders.models import OrderItem

        return OrderItem.objects.filter(
            order__user=self, order__status__in=SOLD_ORDER_STATUSES, product=product
        ).exists()

    def can_review(self, product):
        return self.has_purchased(product) and not self.reviews.filter(product=product).exists()

    def outstanding_balance(self):
        from shop.billing.models import Invoice

        open_invoices = Invoice.objects.filter(order__user=self, status=InvoiceStatus.OPEN)
        return open_invoices.aggregate(due=Sum("total"))["due"] or ZERO

    def unread_notification_count(self):
        return self.notifications.filter(read_at__isnull=True).count()

    def add_points(self, points: int) -> None:
        type(self).objects.filter(pk=self.pk).update(loyalty_points=F("loyalty_points") + points)
        self.refresh_from_db(fields=["loyalty_points"])


class StaffMember(User):
    """The people behind the counter, for the admin and the warehouse."""

    objects = StaffManager()

    class Meta:
        proxy = True
        verbose_name = "staff member"


class Address(SoftDeleteModel, TimeStampedModel):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="addresses")
    full_name = models.CharField(max_length=120)
    line1 = models.CharField(max_length=120)
    line2 = models.CharField(max_length=120, blank=True)
    city = models.CharField(max_length=80)
    postcode = models.CharField(max_length=12)
    country = models.CharField(max_length=2, default="DE")
    is_default = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "addresses"
        ordering = ["-is_default", "pk"]

    def __str__(self):
        return self.one_line()

    def one_line(self):
        parts = [self.full_name, self.line1, self.line2, f"{self.postcode} {self.city}"]
        return ", ".join(part for part in [*parts, self.country] if part)


class LoyaltyEntry(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="loyalty_entries")
    order = models.ForeignKey(
        "orders.Order",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="loyalty_entries",
    )
    points = models.IntegerField()
    reason = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "loyalty entries"
        ordering = ["-created_at", "-pk"]

    def __str__(self):
        return f"{self.points:+d} for {self.user_id}"
