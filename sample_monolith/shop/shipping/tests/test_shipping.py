import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from unittest import mock
from urllib.error import URLError

from shop.core.exceptions import CarrierError, ShopError
from shop.core.testing import (
    ShopTestCase,
    make_delivered_order,
    make_method,
    make_paid_order,
    make_product,
    make_staff,
    make_user,
)
from shop.shipping import services
from shop.shipping.carriers import get_carrier
from shop.shipping.forms import ShippingMethodAdminForm
from shop.shipping.models import Shipment, ShippingMethod
from shop.shipping.tasks import poll_tracking, refresh_shipment

URLOPEN = "shop.shipping.carriers.base.urlopen"


def answer(data):
    return io.BytesIO(json.dumps(data).encode())


class CarrierTests(ShopTestCase):
    def test_unknown_carrier(self):
        with self.assertRaises(CarrierError):
            get_carrier("os")

    @mock.patch(URLOPEN)
    def test_postal_booking(self, urlopen):
        urlopen.return_value = answer({"tracking_number": "P1"})
        shipment = Shipment(recipient="Somebody", weight_grams=500)
        self.assertEqual(get_carrier("postal").book(shipment), "P1")
        request = urlopen.call_args.args[0]
        self.assertEqual(request.full_url, "http://carrier.invalid/api/postal/parcels")
        self.assertEqual(json.loads(request.data)["grams"], 500)

    @mock.patch(URLOPEN)
    def test_postal_events(self, urlopen):
        rows = [{"code": "sorted", "text": "Sorted", "at": "2024-05-01T10:00:00+00:00"}]
        urlopen.return_value = answer({"events": rows})
        event = get_carrier("postal").track("P1")[0]
        self.assertEqual(event.happened_at, datetime(2024, 5, 1, 10, tzinfo=UTC))

    @mock.patch(URLOPEN)
    def test_express(self, urlopen):
        urlopen.side_effect = [answer({"id": 7}), answer({"history": [{"status": 90, "ts": 0}]})]
        carrier = get_carrier("express")
        self.assertEqual(carrier.book(Shipment(weight_grams=1)), "EX7")
        self.assertEqual(carrier.track("EX7")[0].code, "delivered")

    def test_express_weight_limit(self):
        with self.assertRaises(CarrierError):
            get_carrier("express").book(Shipment(weight_grams=20001))

    @mock.patch(URLOPEN, side_effect=URLError("down"))
    def test_carrier_down(self, urlopen):
        with self.assertRaisesMessage(CarrierError, "postal"):
            get_carrier("postal").track("P1")


class MethodTests(ShopTestCase):
    fixtures = ["shipping_methods"]

    def test_price_by_weight(self):
        post = ShippingMethod.objects.get(code="post")
        self.assertEqual(post.price_for(2500, Decimal("10")), Decimal("7.40"))
        self.assertEqual(post.price_for(2500, Decimal("100")), Decimal("0"))

    def test_options(self):
        def codes(country, weight):
            return [row["code"] for row in services.shipping_options(country, weight, Decimal(0))]

        self.assertEqual(codes("DE", 100), ["pickup", "post", "express"])
        self.assertEqual(codes("DE", 25000), ["pickup", "post"])
        self.assertEqual(codes("FR", 100), ["post"])

    def test_options_api(self):
        url = "/api/v1/shipping/options/"
        rows = self.api.get(url, {"country": "fr", "weight": 1000}).json()
        self.assertEqual(rows, [{"code": "post", "name": "Post", "price": "5.90"}])
        self.assertEqual(self.api.get(url).status_code, 400)

    def test_methods_api(self):
        self.assertEqual(self.api.get("/api/v1/shipping/methods/").json()["count"], 3)

    def test_admin_form_knows_the_carriers(self):
        form = ShippingMethodAdminForm({"carrier": "pigeon", "code": "x", "name": "x"})
        self.assertIn("carrier", form.errors)


class ShipmentTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()
        cls.product = make_product(weight_grams=700)

    def ship(self, carrier="pickup"):
        order = make_paid_order(self.user, (self.product, 2), method=make_method(carrier))
        return services.create_shipment(order)

    def test_create(self):
        shipment = self.ship()
        self.assertEqual(shipment.weight_grams, 1400)
        self.assertEqual(shipment.items.get().quantity, 2)
        self.assertEqual(services.create_shipment(shipment.order), shipment)

    def test_carrier_down_can_be_booked_later(self):
        down = mock.patch(URLOPEN, side_effect=URLError("down"))
        with down, self.assertLogs("shop.shipping", "WARNING"):
            shipment = self.ship("postal")
        self.assertEqual(shipment.tracking_number, "")
        with self.assertRaises(ShopError):
            services.dispatch_shipment(shipment)
        with mock.patch(URLOPEN, return_value=answer({"tracking_number": "P9"})):
            self.assertEqual(services.book_waiting(), 1)
        shipment.refresh_from_db()
        self.assertEqual(shipment.tracking_number, "P9")

    def test_dispatch(self):
        shipment = services.dispatch_shipment(self.ship())
        shipment.order.refresh_from_db()
        self.assertEqual(shipment.order.status, "shipped")
        self.assertIn(shipment.tracking_number, self.user.notifications.first().body)
        with self.assertRaises(ShopError):
            services.dispatch_shipment(shipment)

    @mock.patch("shop.shipping.services.notify_user")
    def test_dispatch_notifies_once(self, notify_user):
        services.dispatch_shipment(self.ship())
        self.assertEqual(notify_user.call_count, 1)
        self.assertEqual(notify_user.call_args.args[1], "order_shipped")

    def test_events_move_the_status(self):
        shipment = services.dispatch_shipment(self.ship())
        services.record_event(shipment, "sorted", "Sorted")
        self.assertEqual(shipment.status, "in_transit")
        services.record_event(shipment, "delivered", "Delivered")
        shipment.order.refresh_from_db()
        self.assertEqual(shipment.order.status, "delivered")
        self.assertIsNotNone(shipment.delivered_at)

    def test_refresh_is_idempotent(self):
        with mock.patch(URLOPEN, return_value=answer({"tracking_number": "P1"})):
            shipment = services.dispatch_shipment(self.ship("postal"))
        rows = [{"code": "sorted", "text": "Sorted", "at": "2024-05-01T10:00:00+00:00"}]
        for expected in (1, 0):
            with mock.patch(URLOPEN, return_value=answer({"events": rows})):
                self.assertEqual(services.refresh_tracking(shipment), expected)
        with mock.patch(URLOPEN, side_effect=URLError("down")):
            self.assertEqual(refresh_shipment(shipment.pk), 0)

    @mock.patch("shop.shipping.tasks.refresh_shipment")
    def test_poll(self, task):
        shipment = services.dispatch_shipment(self.ship())
        self.assertEqual(poll_tracking(), 1)
        task.apply_async.assert_called_once_with(args=[shipment.pk], countdown=0)

    def test_delivery_earns_points_after_commit(self):
        with mock.patch("shop.accounts.tasks.award_points_for_order.delay") as delay, self.commit():
            order = make_delivered_order(self.user, (self.product, 1))
        delay.assert_called_once_with(order.pk)


class PageAndApiTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()
        cls.shipment = services.create_shipment(make_paid_order(cls.user, (make_product(), 1)))

    def test_track(self):
        response = self.client.get(self.shipment.get_absolute_url())
        self.assertContains(response, self.shipment.reference)

    def test_packing_list(self):
        self.assertEqual(self.client.get("/shipping/packing/").status_code, 302)
        self.client.force_login(make_staff())
        self.assertContains(self.client.get("/shipping/packing/"), self.shipment.reference)
        self.client.post(f"/shipping/{self.shipment.reference}/dispatch/")
        self.assertNotContains(self.client.get("/shipping/packing/"), "Dispatch SH-")

    def test_only_my_shipments(self):
        self.login(make_user())
        self.assertEqual(self.api.get("/api/v1/shipping/shipments/").json()["count"], 0)
        self.login(self.user)
        self.assertEqual(self.api.get("/api/v1/shipping/shipments/").json()["count"], 1)

    def test_dispatch_and_event_api(self):
        self.login(make_staff())
        url = f"/api/v1/shipping/shipments/{self.shipment.reference}/dispatch_now/"
        self.assertEqual(self.api.post(url).json()["status"], "dispatched")
        url = f"/api/v1/shipping/events/{self.shipment.tracking_number}/"
        data = {"code": "delivered", "text": "Here", "at": "2024-05-01T10:00:00Z"}
        self.assertEqual(self.api.post(url, data).json()["status"], "delivered")
