from decimal import Decimal

from django.db.models import ProtectedError

from shop.accounts.models import StaffMember, User
from shop.core.testing import (
    ShopTestCase,
    make_delivered_order,
    make_order,
    make_paid_order,
    make_product,
    make_user,
)


class FixtureTests(ShopTestCase):
    fixtures = ["customers"]

    def test_default_address_comes_first(self):
        anna = User.objects.get(pk=1)
        self.assertEqual(anna.default_address().city, "Berlin")
        self.assertEqual(anna.default_address().one_line(), "Anna, Lindenweg 1, 10115 Berlin, DE")

    def test_staff_proxy(self):
        self.assertEqual(
            [member.email for member in StaffMember.objects.all()], ["staff@example.com"]
        )


class UserTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()
        cls.product = make_product(price="20.00")

    def test_lifetime_value_counts_sold_orders_only(self):
        make_order(self.user, (self.product, 1))
        self.assertEqual(self.user.lifetime_value(), Decimal("0"))
        make_paid_order(self.user, (self.product, 2))
        self.assertEqual(self.user.lifetime_value(), Decimal("45.00"))

    def test_outstanding_balance(self):
        make_order(self.user, (self.product, 1))
        self.assertEqual(self.user.outstanding_balance(), Decimal("25.00"))

    def test_can_review_after_purchase(self):
        self.assertFalse(self.user.can_review(self.product))
        make_delivered_order(self.user, (self.product, 1))
        self.assertTrue(self.user.can_review(self.product))

    def test_customer_with_orders_cannot_be_deleted(self):
        make_order(self.user, (self.product, 1))
        with self.assertRaises(ProtectedError):
            self.user.delete()

    def test_order_totals_annotation(self):
        make_paid_order(self.user, (self.product, 1))
        make_paid_order(self.user, (self.product, 1))
        row = User.objects.with_order_totals().get(pk=self.user.pk)
        self.assertEqual((row.order_count, row.spent), (2, Decimal("50.00")))

    def test_recent_orders_need_one_query(self):
        make_order(self.user, (self.product, 1))
        make_order(self.user, (self.product, 1))
        with self.assertNumQueries(1):
            self.assertEqual(
                len([order.shipping_method.name for order in self.user.recent_orders()]), 2
            )
