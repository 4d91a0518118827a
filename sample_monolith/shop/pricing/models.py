from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from shop.catalog.models import Category, Product
from shop.core.constants import TaxClass
from shop.core.models import TimeStampedModel
from shop.core.utils import percent_of
from shop.pricing.managers import CouponQuerySet, PromotionQuerySet

PERCENT_RANGE = [MinValueValidator(0), MaxValueValidator(100)]


class PriceList(models.Model):
    name = models.CharField(max_length=60, unique=True)
    is_default = models.BooleanField(default=False)
    products = models.ManyToManyField(Product, through="Price", related_name="price_lists")

    def __str__(self):
        return self.name


class Price(TimeStampedModel):
    price_list = models.ForeignKey(PriceList, on_delete=models.CASCADE, related_name="prices")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="prices")
    min_quantity = models.PositiveIntegerField(default=1)
    amount = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        unique_together = [("price_list", "product", "min_quantity")]
        ordering = ["min_quantity"]

    def __str__(self):
        return f"{self.product_id} at {self.amount} from {self.min_quantity}"


class Promotion(TimeStampedModel):
    name = models.CharField(max_length=80)
    percent = models.DecimalField(max_digits=5, decimal_places=2, validators=PERCENT_RANGE)
    is_active = models.BooleanField(default=True)
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)
    categories = models.ManyToManyField(Category, related_name="promotions", blank=True)
    products = models.ManyToManyField("catalog.Product", related_name="promotions", blank=True)

    objects = PromotionQuerySet.as_manager()

    def __str__(self):
        return f"{self.name} (-{self.percent}%)"


class Coupon(TimeStampedModel):
    PERCENT, FIXED = "percent", "fixed"

    code = models.CharField(max_length=24, unique=True)
    kind = models.CharField(
        max_length=8, choices=[(PERCENT, "Percent"), (FIXED, "Fixed amount")], default=PERCENT
    )
    value = models.DecimalField(max_digits=8, decimal_places=2)
    minimum_total = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    is_active = models.BooleanField(default=True)
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    per_customer = models.PositiveIntegerField(default=1)
    customers = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        through="CouponRedemption",
        related_name="used_coupons",
    )

    objects = CouponQuerySet.as_manager()

    def __str__(self):
        return self.code

    def discount_on(self, amount: Decimal) -> Decimal:
        if self.kind == self.PERCENT:
            return percent_of(amount, self.value)
        return min(self.value, amount)


class CouponRedemption(models.Model):
    coupon = models.ForeignKey(Coupon, on_delete=models.CASCADE, related_name="redemptions")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="coupon_redemptions"
    )
    order = models.OneToOneField(
        "orders.Order", on_delete=models.CASCADE, related_name="coupon_redemption"
    )
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.coupon} on {self.order_id}"


class TaxRate(models.Model):
    country = models.CharField(max_length=2)
    tax_class = models.CharField(max_length=12, choices=TaxClass.choices)
    percent = models.DecimalField(max_digits=5, decimal_places=2, validators=PERCENT_RANGE)

    class Meta:
        unique_together = [("country", "tax_class")]

    def __str__(self):
        return f"{self.country} {self.tax_class} {self.percent}%"
