"""Factories and a base class for the tests of every app."""

from decimal import Decimal
from itertools import count

from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import TestCase
from rest_framework.test import APIClient

from shop.accounts.models import Address
from shop.billing.services import capture_payment
from shop.cart.services import add_item, get_open_cart
from shop.catalog.models import Category, Product
from shop.inventory.models import Warehouse
from shop.inventory.services import receive_stock
from shop.orders.services import place_order
from shop.shipping.models import ShippingMethod
from shop.shipping.services import create_shipment, deliver_shipment, dispatch_shipment

_numbers = count(1)


class ShopTestCase(TestCase):
    @classmethod
    def setUpClass(cls):
        cache.clear()
        super().setUpClass()

    def setUp(self):
        super().setUp()
        cache.clear()
        self.api = APIClient()

    def login(self, user):
        self.client.force_login(user)
        self.api.force_authenticate(user)

    def commit(self):
        return self.captureOnCommitCallbacks(execute=True)


def make_user(email=None, **extra):
    email = email or f"customer{next(_numbers)}@example.com"
    return get_user_model().objects.create_customer(email=email, password="correct-horse", **extra)


def make_staff(**extra):
    return make_user(f"staff{next(_numbers)}@example.com", is_staff=True, **extra)


def make_address(user, **extra):
    fields = {
        "full_name": "Test Customer",
        "line1": "1 High Street",
        "city": "Berlin",
        "postcode": "10115",
        "country": "DE",
    }
    return Address.objects.create(user=user, **(fields | extra))


def make_warehouse(code="MAIN", **extra):
    return Warehouse.objects.get_or_create(code=code, defaults={"name": code, **extra})[0]


def make_category(name="Things", **extra):
    defaults = {"name": name, **extra}
    return Category.objects.get_or_create(slug=name.lower(), defaults=defaults)[0]


def make_product(name=None, price="50.00", stock=10, **extra):
    number = next(_numbers)
    product = Product.objects.create(
        name=name or f"Product {number}",
        sku=extra.pop("sku", f"SKU-{number}"),
        category=extra.pop("category", None) or make_category(),
        base_price=Decimal(price),
        **extra,
    )
    if stock:
        receive_stock(product, make_warehouse(), stock)
    return product


def make_method(carrier="pickup", price="5.00", **extra):
    code = extra.pop("code", f"{carrier}-{price.replace('.', '-')}")
    return ShippingMethod.objects.get_or_create(
        code=code,
        defaults={"name": code, "carrier": carrier, "base_price": Decimal(price), **extra},
    )[0]


def make_cart(user, *lines):
    cart = get_open_cart(user=user)
    for product, quantity in lines:
        add_item(cart, product, quantity)
    return cart


def make_order(user, *lines, method=None, **extra):
    return place_order(
        cart=make_cart(user, *lines),
        user=user,
        shipping_address=user.default_address() or make_address(user),
        shipping_method=method or make_method(),
        **extra,
    )


def make_paid_order(user, *lines, **extra):
    order = make_order(user, *lines, **extra)
    capture_payment(order.invoice, "tok")
    order.refresh_from_db()
    return order


def make_delivered_order(user, *lines, **extra):
    order = make_paid_order(user, *lines, **extra)
    shipment = dispatch_shipment(create_shipment(order))
    deliver_shipment(shipment)
    order.refresh_from_db()
    return order
