from datetime import timedelta
from unittest import mock

from django.utils import timezone

from shop.core.exceptions import OutOfStock
from shop.core.testing import (
    ShopTestCase,
    make_address,
    make_cart,
    make_order,
    make_paid_order,
    make_product,
    make_staff,
    make_user,
    make_warehouse,
)
from shop.inventory import services
from shop.inventory.models import StockItem, StockMovement, StockReservation
from shop.inventory.tasks import alert_low_stock, release_expired_reservations
from shop.notifications.models import Notification
from shop.orders.models import Order
from shop.orders.services import cancel_order, place_order
from shop.shipping.services import create_shipment, dispatch_shipment


class ReservationTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()
        cls.product = make_product(stock=5)
        cls.stock = StockItem.objects.get(product=cls.product)

    def numbers(self):
        self.stock.refresh_from_db()
        return self.stock.on_hand, self.stock.reserved

    def test_order_reserves(self):
        make_order(self.user, (self.product, 2))
        self.assertEqual(self.numbers(), (5, 2))
        self.assertEqual(services.available_quantity(self.product), 3)

    def test_cancelling_releases(self):
        cancel_order(make_order(self.user, (self.product, 2)))
        self.assertEqual(self.numbers(), (5, 0))

    def test_dispatch_commits(self):
        order = make_paid_order(self.user, (self.product, 2))
        dispatch_shipment(create_shipment(order))
        self.assertEqual(self.numbers(), (3, 0))
        movement = order.stockmovement_set.get()
        self.assertEqual((movement.kind, movement.quantity), (StockMovement.SOLD, -2))

    def test_second_warehouse_helps_out(self):
        services.receive_stock(self.product, make_warehouse("SOUTH"), 3)
        order = make_order(self.user, (self.product, 7))
        taken = StockReservation.objects.for_order(order).values_list("quantity", flat=True)
        self.assertEqual(list(taken), [5, 2])

    def test_nothing_is_kept_when_stock_runs_out_meanwhile(self):
        cart = make_cart(self.user, (self.product, 4))
        StockItem.objects.update(on_hand=1)
        with self.assertRaises(OutOfStock):
            place_order(cart=cart, user=self.user, shipping_address=make_address(self.user))
        self.assertFalse(Order.objects.exists())
        self.assertFalse(StockReservation.objects.exists())
        cart.refresh_from_db()
        self.assertTrue(cart.is_open)

    def test_expired_reservations_are_released(self):
        make_order(self.user, (self.product, 2))
        StockReservation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
        self.assertEqual(release_expired_reservations(), 2)
        self.assertEqual(self.numbers(), (5, 0))

    def test_paying_late_reserves_again(self):
        from shop.billing.services import capture_payment

        order = make_order(self.user, (self.product, 2))
        services.release_order(order)
        capture_payment(order.invoice, "tok")
        self.assertEqual(self.numbers(), (5, 2))
        active = StockReservation.objects.for_order(order).active()
        self.assertIsNone(active.get().expires_at)


class StockTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.product = make_product(stock=10)
        cls.stock = cls.product.stock_items.get()
        cls.staff = make_staff()

    @mock.patch("shop.inventory.services.alert_low_stock")
    def test_low_stock_is_checked_after_commit(self, task):
        order = make_paid_order(make_user(), (self.product, 2))
        with self.commit():
            services.commit_order(order)
        task.delay.assert_called_once_with(self.stock.pk)

    def test_staff_is_told(self):
        self.assertFalse(alert_low_stock(self.stock.pk))
        StockItem.objects.update(on_hand=1)
        self.assertTrue(alert_low_stock(self.stock.pk))
        self.assertEqual(Notification.objects.get(recipient=self.staff).target, self.stock)

    def test_low_queryset(self):
        make_product(stock=2)
        self.assertEqual(StockItem.objects.low().count(), 1)

    def test_availability(self):
        data = self.api.get("/api/v1/availability/", {"sku": [self.product.sku, "?"]}).json()
        self.assertEqual(data, {self.product.sku: 10})
