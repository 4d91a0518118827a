from decimal import Decimal

from django.core import mail

from shop.accounts import services
from shop.accounts.models import LoyaltyEntry, User
from shop.accounts.tasks import award_points_for_order
from shop.core.exceptions import ShopError
from shop.core.models import AuditLog
from shop.core.testing import (
    ShopTestCase,
    make_address,
    make_delivered_order,
    make_order,
    make_paid_order,
    make_product,
    make_user,
)
from shop.reviews.models import Review


class RegistrationTests(ShopTestCase):
    def test_register_sends_welcome_after_commit(self):
        with self.commit():
            user = services.register_customer("new@example.com", "long-enough-pw")
            self.assertEqual(mail.outbox, [])
        self.assertEqual(mail.outbox[0].to, ["new@example.com"])
        self.assertTrue(AuditLog.objects.for_object(user).filter(action="user.registered").exists())

    def test_marketing_choice_becomes_a_preference(self):
        user = services.register_customer("m@example.com", "pw", accepts_marketing=True)
        self.assertTrue(user.notification_preference.marketing_email)


class AddressTests(ShopTestCase):
    def test_only_one_default(self):
        user = make_user()
        first, second = make_address(user, is_default=True), make_address(user)
        services.set_default_address(user, second)
        first.refresh_from_db()
        self.assertEqual((first.is_default, second.is_default), (False, True))


class LoyaltyTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()
        cls.product = make_product(price="30.00")

    def test_delivery_earns_points_once(self):
        with self.commit():
            order = make_delivered_order(self.user, (self.product, 1))
        self.user.refresh_from_db()
        self.assertEqual(self.user.loyalty_points, 35)
        self.assertEqual(award_points_for_order(order.pk), 0)

    def test_redeem(self):
        self.user.add_points(50)
        value = services.redeem_points(self.user, 40)
        self.assertEqual((value, self.user.loyalty_points), (Decimal("2.00"), 10))

    def test_redeem_too_many(self):
        with self.assertRaisesMessage(ShopError, "Not enough loyalty points."):
            services.redeem_points(self.user, 1)
        self.assertFalse(LoyaltyEntry.objects.exists())

    def test_cancelled_order_gives_points_back(self):
        from shop.orders.services import cancel_order

        self.user.add_points(100)
        order = make_order(self.user, (self.product, 1), points=100)
        self.user.refresh_from_db()
        self.assertEqual(self.user.loyalty_points, 0)
        cancel_order(order)
        self.user.refresh_from_db()
        self.assertEqual(self.user.loyalty_points, 100)

    def test_best_customers(self):
        other = make_user()
        make_paid_order(self.user, (self.product, 1))
        make_paid_order(other, (self.product, 3))
        make_user()
        self.assertEqual(list(services.best_customers()), [other, self.user])


class AnonymiseTests(ShopTestCase):
    def test_person_goes_orders_stay(self):
        user, product = make_user(first_name="Paula"), make_product()
        make_delivered_order(user, (product, 1))
        Review.objects.create(product=product, author=user, rating=5, body="Paula likes it")
        services.anonymise_user(user)
        user = User.objects.get(pk=user.pk)
        self.assertEqual(user.first_name, "")
        self.assertFalse(user.is_active)
        self.assertEqual(user.orders.count(), 1)
        self.assertEqual(user.reviews.get().body, "(removed)")
        self.assertEqual(user.notifications.count(), 0)
        self.assertFalse(user.addresses.exists())

    def test_open_orders_block(self):
        user = make_user()
        make_order(user, (make_product(), 1))
        with self.assertRaises(ShopError):
            services.anonymise_user(user)
