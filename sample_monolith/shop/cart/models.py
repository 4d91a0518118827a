from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from shop.cart.managers import CartManager
from shop.catalog.models import Product
from shop.core.constants import MAX_LINE_QUANTITY
from shop.core.models import TimeStampedModel


class Cart(TimeStampedModel):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="carts",
    )
    session_key = models.CharField(max_length=40, blank=True, db_index=True)
    is_open = models.BooleanField(default=True)
    coupon = models.ForeignKey(
        "pricing.Coupon", on_delete=models.SET_NULL, null=True, blank=True, related_name="carts"
    )
    order = models.OneToOneField(
        "orders.Order", on_delete=models.SET_NULL, null=True, blank=True, related_name="cart"
    )

    objects = CartManager()

    def __str__(self):
        return f"Cart {self.pk} of {self.user_id or self.session_key}"

    @property
    def item_count(self):
        return sum(item.quantity for item in self.items.all())


class CartItem(TimeStampedModel):
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="items")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="cart_items")
    quantity = models.PositiveIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(MAX_LINE_QUANTITY)]
    )

    class Meta:
        unique_together = [("cart", "product")]
        ordering = ["pk"]

    def __str__(self):
        return f"{self.quantity} x {self.product_id}"

    def unit_price(self):
        return self.product.current_price()
