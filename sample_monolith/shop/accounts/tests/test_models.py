from decimal import Decimal
from io import StringIO

from django.core.management import call_command
from django.db.models import ProtectedError

from shop.accounts.models import Address, StaffMember, User
from shop.core.testing import (
    ShopTestCase,
    make_delivered_order,
    make_order,
    make_paid_order,
    make_product,
    make_staff,
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

    def test_business_customers(self):
        self.assertTrue(User.objects.get(pk=2).profile.is_business)
        self.assertFalse(User.objects.get(pk=1).profile.is_business)

    def test_display_name(self):
        self.assertEqual(User.objects.get(pk=1).display_name, "Anna")
        self.assertEqual(User(email="x@example.com").display_name, "x")

    def test_another_address_becomes_default(self):
        Address.objects.get(pk=1).delete()
        self.assertFalse(Address.objects.get(pk=2).is_default)
        Address.all_objects.filter(pk=1).hard_delete()
        self.assertTrue(Address.objects.get(pk=2).is_default)

    def test_recalculate_command(self):
        User.objects.filter(pk=1).update(loyalty_points=7)
        out = StringIO()
        call_command("recalculate_loyalty", stdout=out)
        self.assertEqual(User.objects.get(pk=1).loyalty_points, 100)
        self.assertIn("1 customers corrected", out.getvalue())


class UserTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()
        cls.product = make_product(price="20.00")

    def test_profile_is_created(self):
        self.assertEqual(self.user.profile.company, "")

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

    def test_address_is_used(self):
        order = make_order(self.user, (self.product, 1))
        self.assertTrue(order.shipping_address.is_used())

    def test_handled_orders_of_staff(self):
        staff = make_staff()
        order = make_paid_order(self.user, (self.product, 1))
        order.set_status("cancelled", actor=staff)
        self.assertEqual(StaffMember.objects.get(pk=staff.pk).handled_orders(), 1)
