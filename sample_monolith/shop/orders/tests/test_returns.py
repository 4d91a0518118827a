from decimal import Decimal
from unittest import mock

from shop.core.exceptions import ShopError
from shop.core.testing import (
    ShopTestCase,
    make_delivered_order,
    make_order,
    make_product,
    make_staff,
    make_user,
)
from shop.inventory.models import StockMovement
from shop.orders.models import ReturnRequest
from shop.orders.returns import approve_return, refund_value, reject_return, request_return


class ReturnTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user, cls.staff = make_user(), make_staff()
        cls.product = make_product(price="20.00")
        cls.order = make_delivered_order(cls.user, (cls.product, 2))
        cls.item = cls.order.items.get()

    def start(self, quantity):
        return request_return(self.order, self.user, {self.item.pk: quantity}, "too big")

    def test_partial_return(self):
        request = approve_return(self.start(1), self.staff)
        self.order.refresh_from_db()
        self.assertEqual(request.refund_amount, Decimal("20.00"))
        self.assertEqual(request.refunds.get().amount, Decimal("20.00"))
        self.assertEqual(self.order.status, "delivered")
        self.assertEqual(self.product.available(), 9)
        self.assertTrue(self.order.stock_movements.filter(kind=StockMovement.RETURNED).exists())

    def test_full_return(self):
        approve_return(self.start(2), self.staff)
        self.order.refresh_from_db()
        self.assertEqual(self.order.status, "returned")

    def test_points_are_taken_back(self):
        from shop.accounts.services import award_points

        award_points(self.user, self.order)
        approve_return(self.start(2), self.staff)
        self.user.refresh_from_db()
        self.assertEqual(self.user.loyalty_points, 0)

    def test_discount_is_shared(self):
        self.order.discount_total = Decimal("10.00")
        self.order.save()
        request = self.start(1)
        self.assertEqual(refund_value(request), Decimal("15.00"))

    def test_more_than_bought(self):
        with self.assertRaises(ShopError):
            self.start(3)
        self.assertFalse(ReturnRequest.objects.exists())

    def test_nothing_chosen(self):
        with self.assertRaises(ShopError):
            self.start(0)

    def test_order_not_sent(self):
        order = make_order(self.user, (self.product, 1))
        with self.assertRaises(ShopError):
            request_return(order, self.user, {order.items.get().pk: 1}, "")

    def test_handled_once(self):
        request = self.start(1)
        approve_return(request, self.staff)
        with self.assertRaisesMessage(ShopError, "handled already"):
            approve_return(request, self.staff)

    def test_failed_refund_undoes_the_restocking(self):
        request = self.start(1)
        with mock.patch("shop.billing.backends.DummyGateway.refund") as refund:
            refund.return_value.ok = False
            with self.assertRaisesMessage(ShopError, "The refund failed"):
                approve_return(request, self.staff)
        request.refresh_from_db()
        self.assertEqual(request.status, "requested")
        self.assertEqual(self.product.available(), 8)

    def test_reject(self):
        request = reject_return(self.start(1), self.staff, note="used")
        self.assertEqual(request.handled_by_id, self.staff.pk)
        self.assertEqual(self.user.notifications.first().body, "used")

    def test_staff_hears_of_it(self):
        with self.commit():
            self.start(1)
        self.assertEqual(self.staff.notifications.get().template, "return_requested")

    def test_page(self):
        self.client.force_login(self.user)
        url = f"/orders/{self.order.number}/return/"
        self.assertContains(self.client.get(url), self.item.name)
        response = self.client.post(url, {"reason": "broken", f"item_{self.item.pk}": 1})
        self.assertRedirects(response, self.order.get_absolute_url())

    def test_api(self):
        self.login(self.user)
        data = {
            "order": self.order.number,
            "reason": "broken",
            "items": [{"order_item": self.item.pk, "quantity": 1}],
        }
        pk = self.api.post("/api/v1/returns/", data).json()["id"]
        self.assertEqual(self.api.post(f"/api/v1/returns/{pk}/approve/").status_code, 403)
        self.login(self.staff)
        answer = self.api.post(f"/api/v1/returns/{pk}/approve/").json()
        self.assertEqual((answer["status"], answer["refund_amount"]), ("approved", "20.00"))
