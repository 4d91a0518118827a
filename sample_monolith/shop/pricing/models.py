from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from shop.catalog.models import Category
from shop.core.constants import TaxClass
from shop.core.models import TimeStampedModel
from shop.core.utils import percent_of
from shop.pricing.managers import CouponQuerySet, PromotionQuerySet

PERCENT_RANGE = [MinValueValidator(0), MaxValueValidator(100)]


class Promotion(TimeStampedModel):
    name = models.CharField(max_length=80)
    percent = models.DecimalField(max_digits=5, decimal_places=2, validators=PERCENT_RANGE)
    is_active = models.BooleanField(default=True)
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)
    category = models.ForeignKey(
        Category, on_delete=models.CASCADE, null=True, blank=True, related_name="promotions"
    )
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
    customers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="CouponRedemption", related_name="used_coupons"
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
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    order = models.OneToOneField("orders.Order", on_delete=models.CASCADE)
    amount = models.DecimalField(max_digits=10, decimal_places=2)

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
