from datetime import timedelta
from decimal import Decimal
from unittest import mock

from django.test import TransactionTestCase
from django.utils import timezone

from shop.billing.models import Payment
from shop.core.constants import InvoiceStatus, OrderStatus
from shop.core.exceptions import InvalidTransition, ShopError
from shop.core.testing import (
    ShopTestCase,
    make_cart,
    make_delivered_order,
    make_method,
    make_order,
    make_paid_order,
    make_product,
    make_staff,
    make_user,
)
from shop.orders.models import OpenOrder, Order
from shop.orders.services import cancel_order, mark_paid, order_timeline, place_order
from shop.orders.tasks import cancel_unpaid_orders
from shop.pricing.models import Coupon
from shop.shipping.models import Shipment


class PlaceOrderTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()
        cls.product = make_product(price="40.00")

    def test_totals_and_lines(self):
        order = make_order(self.user, (self.product, 2))
        self.assertEqual(order.grand_total, Decimal("85.00"))
        item = order.items.get()
        self.assertEqual((item.sku, item.quantity), (self.product.sku, 2))
        self.assertEqual(list(order.products.all()), [self.product])

    def test_cart_is_closed(self):
        cart = make_cart(self.user, (self.product, 1))
        order = make_order(self.user)
        self.assertEqual(order.cart, cart)
        with self.assertRaisesMessage(ShopError, "ordered already"):
            place_order(cart=cart, user=self.user, shipping_address=order.shipping_address)

    def test_invoice_is_written(self):
        order = make_order(self.user, (self.product, 1))
        invoice = order.invoice_set.get()
        self.assertEqual((invoice.total, invoice.status), (Decimal("45.00"), "open"))

    def test_points_lower_the_total(self):
        self.user.add_points(200)
        order = make_order(self.user, (self.product, 1), points=200)
        self.assertEqual(order.points_discount, Decimal("10.00"))
        self.assertEqual(order.grand_total, Decimal("35.00"))

    def test_too_many_points_undo_everything(self):
        with self.assertRaises(ShopError):
            make_order(self.user, (self.product, 1), points=5)
        self.assertFalse(Order.objects.exists())
        self.assertEqual(self.product.available(), 10)

    def test_free_order_is_paid(self):
        cart = make_cart(self.user, (self.product, 1))
        cart.coupon = Coupon.objects.create(code="ALL", value=100)
        cart.save()
        order = make_order(self.user, method=make_method(price="0.00"))
        order.refresh_from_db()
        self.assertEqual(order.status, OrderStatus.PAID)

    @mock.patch("shop.orders.services.send_order_confirmation_task")
    def test_confirmation_waits_for_the_commit(self, task):
        with self.commit():
            order = make_order(self.user, (self.product, 1))
            task.delay.assert_not_called()
        task.delay.assert_called_once_with(order.pk)

    @mock.patch("shop.billing.tasks.charge_invoice.apply_async")
    def test_token_is_charged_later(self, apply_async):
        with self.commit():
            order = make_order(self.user, (self.product, 1), payment_token="tok")
        apply_async.assert_called_once_with(args=[order.invoice.pk, "tok"], countdown=1)

    @mock.patch("shop.orders.services.reserve_for_order", side_effect=RuntimeError)
    def test_a_crash_leaves_nothing_behind(self, reserve):
        with self.assertRaises(RuntimeError):
            make_order(self.user, (self.product, 1))
        self.assertFalse(Order.objects.exists())

    def test_from_order_to_shipment(self):
        with mock.patch("shop.orders.services.current_app") as app, self.commit():
            order = make_order(self.user, (self.product, 1), payment_token="tok")
        order.refresh_from_db()
        self.assertEqual(order.status, OrderStatus.PAID)
        self.assertTrue(order.shipments.get().tracking_number.startswith("PICKUP-"))
        app.send_task.assert_called_once_with(
            "shop.reporting.tasks.refresh_day", args=[order.placed_at.date().isoformat()]
        )


class StatusTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()
        cls.order = make_order(cls.user, (make_product(), 1))

    def test_history(self):
        mark_paid(self.order)
        entry = self.order.audit_entries.get(action="order.status")
        self.assertEqual((entry.data["old"], entry.data["new"]), ("pending", "paid"))

    def test_forbidden_transition(self):
        with self.assertRaises(InvalidTransition):
            self.order.set_status(OrderStatus.DELIVERED)

    def test_open_order_proxy(self):
        self.assertEqual(OpenOrder.objects.count(), 1)
        cancel_order(self.order)
        self.assertEqual(OpenOrder.objects.count(), 0)

    def test_cancel_paid_order_refunds(self):
        order = make_paid_order(self.user, (make_product(), 1))
        cancel_order(order)
        self.assertEqual(order.invoice.status, InvoiceStatus.VOID)
        self.assertEqual(Payment.objects.get().status, "refunded")

    def test_cancel_stops_the_shipment(self):
        with self.commit():
            order = make_paid_order(self.user, (make_product(), 1))
        cancel_order(order)
        self.assertEqual(Shipment.objects.get().status, "cancelled")

    def test_unpaid_orders_are_cancelled(self):
        Order.objects.update(placed_at=timezone.now() - timedelta(hours=49))
        self.assertEqual(cancel_unpaid_orders(), [self.order.number])

    def test_timeline(self):
        order = make_delivered_order(self.user, (make_product(), 1))
        texts = [text for _, text in order_timeline(order)]
        self.assertIn("Status: delivered", texts)
        self.assertIn(f"Invoice {order.invoice.number}", texts)
        self.assertTrue(any(text.startswith("Told the customer") for text in texts))


class CommitTests(TransactionTestCase):
    """With real commits, as in production."""

    @mock.patch("shop.orders.services.prepare_shipment")
    def test_hooks_run_after_the_outermost_block(self, task):
        order = make_order(make_user(), (make_product(), 1))
        mark_paid(order)
        task.delay.assert_called_once_with(order.pk)


class OrderPageTests(ShopTestCase):
    def setUp(self):
        super().setUp()
        self.user = make_user()
        self.client.force_login(self.user)
        self.product = make_product(name="Kettle", price="40.00")

    def test_checkout(self):
        make_cart(self.user, (self.product, 1))
        address = self.user.addresses.create(
            full_name="N", line1="L", city="C", postcode="1", is_default=True
        )
        self.assertContains(self.client.get("/orders/checkout/"), "40.00 EUR")
        response = self.client.post(
            "/orders/checkout/",
            {"shipping_address": address.pk, "shipping_method": make_method().pk, "points": ""},
        )
        self.assertRedirects(response, Order.objects.get().get_absolute_url())

    def test_checkout_with_too_many_points(self):
        make_cart(self.user, (self.product, 1))
        response = self.client.post("/orders/checkout/", {"points": 5})
        self.assertFormError(
            response.context["form"], "points", "You do not have that many points."
        )

    def test_list_and_detail(self):
        order = make_paid_order(self.user, (self.product, 2))
        self.assertContains(self.client.get("/orders/"), order.invoice.number)
        self.assertContains(self.client.get(order.get_absolute_url()), "Kettle")

    def test_foreign_order(self):
        order = make_order(make_user(), (self.product, 1))
        self.assertEqual(self.client.get(order.get_absolute_url()).status_code, 404)

    def test_cancel_page(self):
        order = make_order(self.user, (self.product, 1))
        self.client.post(f"/orders/{order.number}/cancel/")
        order.refresh_from_db()
        self.assertEqual(order.status, OrderStatus.CANCELLED)


class OrderApiTests(ShopTestCase):
    def setUp(self):
        super().setUp()
        self.user = make_user()
        self.login(self.user)
        self.product = make_product(price="40.00")

    def checkout(self, address, **extra):
        data = {"shipping_address": address.pk, "shipping_method": make_method().pk}
        return self.api.post("/api/v1/orders/", data | extra)

    def address_of(self, user):
        return user.addresses.create(full_name="N", line1="L", city="C", postcode="1")

    def test_checkout_and_pay(self):
        make_cart(self.user, (self.product, 1))
        response = self.checkout(self.address_of(self.user))
        self.assertEqual(response.status_code, 201)
        number = response.json()["number"]
        response = self.api.post(f"/api/v1/orders/{number}/pay/", {"token": "bad"})
        self.assertEqual(response.status_code, 402)
        response = self.api.post(f"/api/v1/orders/{number}/pay/", {"token": "tok"})
        self.assertEqual(response.json(), {"payment": "captured", "order": "paid"})

    def test_checkout_with_empty_cart(self):
        response = self.checkout(self.address_of(self.user))
        self.assertEqual(response.json()["code"], "EmptyCart")

    def test_only_my_orders(self):
        make_order(make_user(), (self.product, 1))
        make_order(self.user, (self.product, 1))
        self.assertEqual(self.api.get("/api/v1/orders/").json()["count"], 1)
        self.login(make_staff())
        self.assertEqual(self.api.get("/api/v1/orders/").json()["count"], 2)

    def test_detail_does_not_grow_with_items(self):
        lines = [(make_product(), 1) for _ in range(4)]
        order = make_paid_order(self.user, *lines)
        with self.assertNumQueries(7):
            data = self.api.get(f"/api/v1/orders/{order.number}/").json()
        self.assertEqual(len(data["items"]), 4)

    def test_cancel(self):
        order = make_order(self.user, (self.product, 1))
        url = f"/api/v1/orders/{order.number}/cancel/"
        self.assertEqual(self.api.post(url).json()["status"], "cancelled")
        self.assertEqual(self.api.post(url).json()["code"], "InvalidTransition")
