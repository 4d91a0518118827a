from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from unittest import mock

from shop.core.testing import (
    ShopTestCase,
    make_category,
    make_order,
    make_paid_order,
    make_product,
    make_staff,
    make_user,
)
from shop.orders.models import Order
from shop.reporting import services
from shop.reporting.models import DailySales
from shop.reporting.tasks import build_daily_sales, refresh_day
from shop.reviews.models import Review

DAY = date(2024, 3, 10)
NOON = datetime(2024, 3, 10, 12, tzinfo=UTC)


class ReportingTestCase(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user(date_joined=NOON)
        cls.staff = make_staff()
        cls.cup = make_product(name="Cup", price="10.00", category=make_category("Kitchen"))
        cls.rake = make_product(name="Rake", price="30.00", category=make_category("Garden"))
        cls.first = make_paid_order(cls.user, (cls.cup, 3))
        cls.second = make_paid_order(make_user(), (cls.cup, 1), (cls.rake, 1))
        Order.objects.update(placed_at=NOON)


class ServiceTests(ReportingTestCase):
    def test_build_day(self):
        make_order(self.user, (self.rake, 1))
        sales = services.build_day(DAY)
        self.assertEqual((sales.order_count, sales.item_count), (2, 5))
        self.assertEqual(sales.revenue, Decimal("80.00"))
        self.assertEqual((sales.best_seller, sales.new_customers), (self.cup, 1))

    def test_product_report(self):
        Review.objects.create(
            product=self.cup, author=self.user, rating=4, body=".", status="published"
        )
        rows = services.product_report(DAY, DAY)
        self.assertEqual([row["name"] for row in rows], ["Cup", "Rake"])
        self.assertEqual(
            rows[0],
            {
                "id": self.cup.pk,
                "sku": self.cup.sku,
                "name": "Cup",
                "category": "Kitchen",
                "sold": 4,
                "revenue": Decimal("40.00"),
                "customers": 2,
                "free_stock": 6,
                "rating": 4.0,
            },
        )

    def test_product_report_is_one_query(self):
        with self.assertNumQueries(1):
            services.product_report(DAY, DAY)

    def test_summary_builds_missing_days(self):
        summary = services.sales_summary(DAY - timedelta(days=2), DAY)
        self.assertEqual((summary["orders"], summary["revenue"]), (2, Decimal("80.00")))
        self.assertEqual(DailySales.objects.filter(day__lte=DAY).count(), 3)

    @mock.patch("shop.reporting.services.build_day")
    def test_summary_trusts_fresh_days(self, build_day):
        DailySales.objects.create(day=DAY, revenue=5)
        self.assertEqual(services.sales_summary(DAY, DAY)["revenue"], Decimal("5"))
        build_day.assert_not_called()

    def test_category_revenue(self):
        rows = list(services.category_revenue(DAY, DAY))
        self.assertEqual(
            [(row["category"], row["revenue"]) for row in rows],
            [("Kitchen", Decimal("40")), ("Garden", Decimal("30"))],
        )

    def test_badly_rated(self):
        for rating in (1, 2):
            Review.objects.create(
                product=self.rake, author=make_user(), rating=rating, body=".", status="published"
            )
        self.assertEqual(services.badly_rated_products(), [(self.rake, 1.5)])


class SignalAndTaskTests(ReportingTestCase):
    def test_placing_an_order_opens_the_day(self):
        day = self.first.placed_at.date()
        self.assertTrue(DailySales.objects.get(day=day).is_stale)

    def test_saving_an_order_makes_the_day_stale(self):
        services.build_day(DAY)
        order = Order.objects.get(pk=self.first.pk)
        order.save()
        self.assertTrue(DailySales.objects.get(day=DAY).is_stale)

    def test_tasks(self):
        self.assertEqual(refresh_day(DAY.isoformat()), "80.00")
        DailySales.objects.update(is_stale=True)
        build_daily_sales()
        self.assertFalse(DailySales.objects.stale().exists())


class PageAndApiTests(ReportingTestCase):
    period = {"start": "2024-03-10", "end": "2024-03-10"}

    def test_dashboard(self):
        self.client.force_login(self.user)
        self.assertEqual(self.client.get("/reports/").status_code, 302)
        self.client.force_login(self.staff)
        response = self.client.get("/reports/", self.period)
        self.assertContains(response, "2 orders, 80.00 EUR")

    def test_api(self):
        self.assertEqual(self.api.get("/api/v1/reports/summary/").status_code, 403)
        self.login(self.staff)
        data = self.api.get("/api/v1/reports/summary/", self.period).json()
        self.assertEqual((data["items"], data["revenue"]), (5, 80))
        rows = self.api.get("/api/v1/reports/top-products/", self.period).json()
        self.assertEqual(rows[0]["customers"], 2)
        response = self.api.get("/api/v1/reports/summary/", {"start": "soon"})
        self.assertEqual(response.status_code, 400)
