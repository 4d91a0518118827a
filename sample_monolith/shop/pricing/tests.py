from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from shop.catalog.models import Product
from shop.catalog.services import change_base_price
from shop.core.exceptions import InvalidCoupon
from shop.core.testing import (
    ShopTestCase,
    make_address,
    make_cart,
    make_method,
    make_order,
    make_product,
    make_user,
)
from shop.orders.services import cancel_order
from shop.pricing.models import Coupon, CouponRedemption, Promotion, TaxRate
from shop.pricing.services import find_coupon, price_for, quote_cart, tax_percent


class PriceTests(ShopTestCase):
    fixtures = ["catalog_base", "pricing_base"]

    def setUp(self):
        super().setUp()
        self.skillet = Product.objects.get(sku="PAN-28")

    def test_base_price(self):
        self.assertEqual(price_for(self.skillet), Decimal("49.90"))

    def test_price_is_cached_until_it_changes(self):
        price_for(self.skillet)
        with self.assertNumQueries(0):
            price_for(self.skillet)
        change_base_price(self.skillet, Decimal("1"))
        self.assertEqual(price_for(self.skillet), Decimal("1.00"))

    def test_best_promotion_wins(self):
        small = Promotion.objects.create(name="Small", percent=5)
        small.products.add(self.skillet)
        Promotion.objects.create(name="Big", percent=20, category=self.skillet.category)
        self.assertEqual(price_for(self.skillet), Decimal("39.92"))

    def test_promotion_clears_cached_price(self):
        price_for(self.skillet)
        Promotion.objects.create(name="Half", percent=50).products.add(self.skillet)
        self.assertEqual(price_for(self.skillet), Decimal("24.95"))

    def test_tax_rates(self):
        self.assertEqual(tax_percent("reduced", "DE"), Decimal("7"))
        self.assertEqual(tax_percent("standard", "US"), Decimal("0"))


class QuoteTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()
        TaxRate.objects.create(country="DE", tax_class="standard", percent=19)
        cls.cart = make_cart(cls.user, (make_product(price="50.00"), 2))

    def test_totals(self):
        quote = quote_cart(self.cart, self.user, shipping_method=make_method(price="5.00"))
        self.assertEqual(quote.subtotal, Decimal("100.00"))
        self.assertEqual(quote.tax, Decimal("15.97"))
        self.assertEqual(quote.total, Decimal("105.00"))

    def test_coupon_lowers_tax(self):
        Coupon.objects.create(code="TEN", value=10)
        quote = quote_cart(self.cart, self.user, coupon_code="ten")
        self.assertEqual((quote.discount, quote.tax), (Decimal("10.00"), Decimal("14.37")))

    def test_free_shipping(self):
        method = make_method(code="free", free_from=Decimal("100"))
        self.assertEqual(quote_cart(self.cart, shipping_method=method).shipping, Decimal("0"))


class CouponTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()
        cls.coupon = Coupon.objects.create(code="FIVE", kind="fixed", value=5, max_uses=2)

    def order_with_coupon(self, user):
        make_address(user)
        cart = make_cart(user, (make_product(), 1))
        cart.coupon = self.coupon
        cart.save()
        return make_order(user)

    def test_unknown_and_expired(self):
        with self.assertRaises(InvalidCoupon):
            find_coupon("NOPE", self.user, Decimal(10))
        Coupon.objects.update(ends_at=timezone.now() - timedelta(days=1))
        with self.assertRaises(InvalidCoupon):
            find_coupon("FIVE", self.user, Decimal(10))

    def test_once_per_customer(self):
        order = self.order_with_coupon(self.user)
        self.assertEqual(order.discount_total, Decimal("5"))
        self.assertEqual(list(self.coupon.customers.all()), [self.user])
        with self.assertRaisesMessage(InvalidCoupon, "already"):
            find_coupon("FIVE", self.user, Decimal(100))

    def test_max_uses(self):
        self.order_with_coupon(make_user())
        self.order_with_coupon(make_user())
        with self.assertRaises(InvalidCoupon):
            find_coupon("FIVE", self.user, Decimal(100))

    def test_cancelling_frees_the_coupon(self):
        cancel_order(self.order_with_coupon(self.user))
        self.assertFalse(CouponRedemption.objects.exists())
        self.assertEqual(find_coupon("FIVE", self.user, Decimal(100)), self.coupon)
