from datetime import timedelta
from decimal import Decimal

from django.urls import reverse
from django.utils import timezone

from shop.cart import services
from shop.cart.models import Cart
from shop.cart.tasks import purge_abandoned_carts, remind_of_cart
from shop.catalog.models import LimitedProduct, Product
from shop.core.exceptions import OutOfStock, ShopError
from shop.core.testing import ShopTestCase, make_cart, make_product, make_user, make_warehouse
from shop.inventory.services import receive_stock
from shop.pricing.models import Coupon


class CartServiceTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()
        cls.product = make_product(price="10.00", stock=5)

    def test_adding_twice_adds_up(self):
        cart = make_cart(self.user, (self.product, 1), (self.product, 2))
        self.assertEqual(cart.items.get().quantity, 3)
        self.assertEqual(cart.item_count, 3)

    def test_not_more_than_there_is(self):
        with self.assertRaises(OutOfStock):
            make_cart(self.user, (self.product, 6))

    def test_inactive_product(self):
        self.product.is_active = False
        with self.assertRaises(ShopError):
            make_cart(self.user, (self.product, 1))

    def test_limited_product(self):
        limited = LimitedProduct.objects.create(
            name="Print", sku="PRINT", category=self.product.category, base_price=9, per_customer=2
        )
        receive_stock(limited, make_warehouse(), 10)
        product = Product.objects.by_sku("print")
        with self.assertRaisesMessage(ShopError, "No more than 2"):
            make_cart(self.user, (product, 3))
        cart = make_cart(self.user, (product, 1))
        self.assertEqual(services.set_quantity(cart, product.pk, 5).quantity, 2)

    def test_set_quantity(self):
        cart = make_cart(self.user, (self.product, 1))
        self.assertEqual(services.set_quantity(cart, self.product.pk, 4).quantity, 4)
        self.assertIsNone(services.set_quantity(cart, self.product.pk, 0))
        with self.assertRaises(ShopError):
            services.set_quantity(cart, self.product.pk, 1)

    def test_merge(self):
        other = make_product()
        guest = services.get_open_cart(session_key="guest")
        services.add_item(guest, self.product, 2)
        services.add_item(guest, other, 1)
        make_cart(self.user, (self.product, 1))
        merged = services.merge_carts("guest", self.user)
        quantities = dict(merged.items.values_list("product", "quantity"))
        self.assertEqual(quantities, {self.product.pk: 3, other.pk: 1})
        self.assertFalse(Cart.objects.filter(session_key="guest").exists())

    def test_coupon(self):
        Coupon.objects.create(code="TEN", value=10)
        cart = make_cart(self.user, (self.product, 2))
        self.assertEqual(services.apply_coupon(cart, "ten", self.user).total, Decimal("18.00"))

    def test_purge(self):
        make_cart(self.user, (self.product, 1))
        Cart.objects.update(updated_at=timezone.now() - timedelta(days=31))
        self.assertEqual(purge_abandoned_carts(), 1)
        self.assertFalse(Cart.objects.exists())

    def test_reminder(self):
        cart = make_cart(self.user, (self.product, 1))
        self.assertTrue(remind_of_cart(cart.pk))
        self.assertIn(self.product.name, self.user.notifications.get().body)
        self.assertFalse(remind_of_cart(services.get_open_cart(session_key="x").pk))


class CartPageTests(ShopTestCase):
    def setUp(self):
        super().setUp()
        self.product = make_product(price="10.00", stock=5)

    def add(self, quantity=1):
        return self.client.post(reverse("cart:add", args=[self.product.pk]), {"quantity": quantity})

    def test_guest_cart_survives_login(self):
        self.add(2)
        self.assertContains(self.client.get(reverse("cart:detail")), "20.00 EUR")
        user = make_user()
        self.client.post(
            reverse("accounts:login"), {"username": user.email, "password": "correct-horse"}
        )
        self.assertEqual(services.get_open_cart(user=user).item_count, 2)

    def test_update(self):
        self.client.force_login(make_user())
        self.add(1)
        self.client.post(reverse("cart:update", args=[self.product.pk]), {"quantity": 3})
        response = self.client.get(reverse("cart:detail"))
        self.assertEqual(response.context["quote"].total, Decimal("30.00"))
        self.assertEqual(response.context["cart_count"], 3)

    def test_coupon_that_ended_is_dropped(self):
        Coupon.objects.create(code="TEN", value=10)
        self.client.force_login(make_user())
        self.add()
        self.client.post(reverse("cart:coupon"), {"code": "TEN"})
        response = self.client.get(reverse("cart:detail"))
        self.assertEqual(response.context["quote"].total, Decimal("9.00"))
        Coupon.objects.update(is_active=False)
        response = self.client.get(reverse("cart:detail"))
        self.assertEqual(response.context["quote"].total, Decimal("10.00"))
        self.assertIsNone(Cart.objects.get().coupon)


class CartApiTests(ShopTestCase):
    def setUp(self):
        super().setUp()
        self.login(make_user())
        self.product = make_product(price="10.00", stock=5)

    def test_add_change_clear(self):
        data = self.api.post("/api/v1/cart/", {"product": self.product.pk, "quantity": 2}).json()
        self.assertEqual(data["totals"]["total"], "20.00")
        data = self.api.patch("/api/v1/cart/", {"product": self.product.pk, "quantity": 1}).json()
        self.assertEqual(data["items"][0]["quantity"], 1)
        data = self.api.patch("/api/v1/cart/", {"product": self.product.pk, "quantity": 0}).json()
        self.assertEqual(data["items"], [])

    def test_out_of_stock_is_a_conflict(self):
        response = self.api.post("/api/v1/cart/", {"product": self.product.pk, "quantity": 9})
        self.assertEqual(response.status_code, 409)
        self.assertEqual(response.json()["code"], "OutOfStock")

    def test_coupon(self):
        Coupon.objects.create(code="TEN", value=10)
        self.api.post("/api/v1/cart/", {"product": self.product.pk})
        data = self.api.post("/api/v1/cart/coupon/", {"code": "TEN"}).json()
        self.assertEqual(data, {"code": "TEN", "discount": "1.00"})
        self.assertEqual(self.api.post("/api/v1/cart/coupon/", {"code": "?"}).status_code, 400)
