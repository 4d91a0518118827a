from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from django.conf import settings
from django.core.cache import cache

from shop.core.constants import ZERO
from shop.core.exceptions import InvalidCoupon
from shop.core.utils import cache_key, percent_of, to_money
from shop.pricing.models import Coupon, CouponRedemption, Promotion, TaxRate


@dataclass
class QuoteLine:
    product_id: int
    quantity: int
    unit_price: Decimal
    tax_percent: Decimal

    @property
    def total(self) -> Decimal:
        return to_money(self.unit_price * self.quantity)


@dataclass
class Quote:
    lines: list[QuoteLine] = field(default_factory=list)
    discount: Decimal = ZERO
    shipping: Decimal = ZERO
    coupon: Coupon | None = None

    @property
    def subtotal(self) -> Decimal:
        return to_money(sum((line.total for line in self.lines), ZERO))

    @property
    def tax(self) -> Decimal:
        """Prices include tax; this is the part of the goods total that is tax."""
        goods, factor = ZERO, Decimal(1)
        if self.subtotal:
            factor = (self.subtotal - self.discount) / self.subtotal
        for line in self.lines:
            net = line.total / (1 + line.tax_percent / 100)
            goods += (line.total - net) * factor
        return to_money(goods)

    @property
    def total(self) -> Decimal:
        return to_money(self.subtotal - self.discount + self.shipping)


def price_for(product) -> Decimal:
    key = cache_key("price", product.pk)
    price = cache.get(key)
    if price is None:
        price = to_money(product.base_price)
        promotion = active_promotions(product).order_by("-percent").first()
        if promotion:
            price -= percent_of(price, promotion.percent)
        cache.set(key, price, settings.PRICE_CACHE_SECONDS)
    return price


def forget_price(product) -> None:
    cache.delete(cache_key("price", product.pk))


def active_promotions(product):
    return Promotion.objects.live().for_product(product)


def tax_percent(tax_class: str, country: str) -> Decimal:
    rate = TaxRate.objects.filter(tax_class=tax_class, country=country).first()
    return rate.percent if rate else ZERO


def find_coupon(code: str, user, subtotal: Decimal) -> Coupon:
    coupon = Coupon.objects.usable().filter(code__iexact=code.strip()).first()
    if coupon is None:
        raise InvalidCoupon()
    if subtotal < coupon.minimum_total:
        raise InvalidCoupon(f"This coupon needs an order of {coupon.minimum_total} or more.")
    if user and user.is_authenticated:
        if CouponRedemption.objects.filter(coupon=coupon, user=user).exists():
            raise InvalidCoupon("You have used this coupon already.")
    return coupon


def quote_cart(cart, user=None, coupon_code="", shipping_method=None, country=None) -> Quote:
    country = country or settings.SHOP_DEFAULT_COUNTRY
    quote = Quote()
    weight = 0
    for item in cart.items.select_related("product", "product__category"):
        product = item.product
        quote.lines.append(
            QuoteLine(
                product_id=product.pk,
                quantity=item.quantity,
                unit_price=price_for(product),
                tax_percent=tax_percent(product.tax_class, country),
            )
        )
        weight += product.weight_grams * item.quantity
    if coupon_code:
        quote.coupon = find_coupon(coupon_code, user, quote.subtotal)
        quote.discount = quote.coupon.discount_on(quote.subtotal)
    if shipping_method is not None:
        quote.shipping = shipping_method.price_for(weight, quote.subtotal - quote.discount)
    return quote


def redeem_coupon(coupon, user, order, amount):
    return CouponRedemption.objects.create(coupon=coupon, user=user, order=order, amount=amount)
