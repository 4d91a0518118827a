from unittest import mock

from django.core import mail
from django.template import Context, Template
from django.test import RequestFactory

from shop.core.testing import (
    ShopTestCase,
    make_delivered_order,
    make_order,
    make_product,
    make_staff,
    make_user,
)
from shop.notifications import services
from shop.notifications.context_processors import unread_notifications
from shop.notifications.models import EmailLog, Notification, Preference
from shop.notifications.tasks import deliver_notification, send_digests
from shop.orders.services import cancel_order


class NotifyTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()

    def notify(self, template="order_shipped", **extra):
        context = {"order": "HP-1", "tracking": "T1", "items": "Cup"}
        return services.notify_user(self.user, template, context, **extra)

    def test_mail_follows_after_commit(self):
        with self.commit():
            notification = self.notify()
        self.assertEqual(mail.outbox[0].subject, "Order HP-1 is on its way")
        self.assertEqual(notification.emails.get().status, EmailLog.SENT)

    def test_marketing_is_off_by_default(self):
        with self.commit():
            self.notify("cart_reminder")
        self.assertEqual(mail.outbox, [])
        self.assertEqual(self.user.notifications.count(), 1)

    def test_preference_is_respected(self):
        Preference.objects.create(user=self.user, order_email=False)
        with self.commit():
            self.notify()
        self.assertEqual(mail.outbox, [])

    @mock.patch("shop.notifications.services.send_mail", side_effect=OSError("no route"))
    def test_failed_mail_is_logged(self, send_mail):
        notification = self.notify(email=False)
        with self.assertLogs("shop.notifications", "WARNING"):
            self.assertFalse(deliver_notification(notification.pk))
        self.assertEqual(EmailLog.objects.get().error, "no route")

    def test_deleted_notification_is_skipped(self):
        self.assertFalse(deliver_notification(0))

    def test_target(self):
        product = make_product()
        notification = self.notify(target=product)
        self.assertEqual(Notification.objects.get().target, product)
        self.assertEqual(notification.get_absolute_url(), product.get_absolute_url())
        self.assertEqual(self.notify().get_absolute_url(), "")

    def test_staff(self):
        make_staff(), make_staff(is_active=False)
        self.assertEqual(len(services.notify_staff("low_stock", {"product": "X", "left": 1})), 1)

    def test_unread_count_is_cached(self):
        self.notify()
        self.assertEqual(services.unread_count(self.user), 1)
        with self.assertNumQueries(0):
            services.unread_count(self.user)
        services.mark_all_read(self.user)
        self.assertEqual(services.unread_count(self.user), 0)

    def test_context_processor(self):
        request = RequestFactory().get("/")
        self.assertEqual(unread_notifications(request), {"unread_count": 0})
        request.user = self.user
        self.notify()
        context = unread_notifications(request)
        html = Template("{% load shop_tags %}{% unread_badge unread_count %}")
        self.assertEqual(html.render(Context(context)), '<b class="unread">1</b>')


class OrderNewsTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()

    def test_confirmation(self):
        with self.commit():
            order = make_order(self.user, (make_product(name="Jug & bowl"), 2))
        message = mail.outbox[0]
        self.assertEqual(message.to, [self.user.email])
        self.assertIn("2 x Jug & bowl", message.body)
        self.assertIn(order.invoice.number, message.body)

    def test_placing_is_noted(self):
        order = make_order(self.user, (make_product(), 1))
        notification = order.notifications.get()
        self.assertEqual(notification.template, "order_placed")

    def test_status_changes_are_told(self):
        cancel_order(make_order(self.user, (make_product(), 1)))
        self.assertEqual(self.user.notifications.first().template, "order_cancelled")

    def test_saving_again_tells_nothing(self):
        order = make_delivered_order(self.user, (make_product(), 1))
        before = self.user.notifications.count()
        order.currency = "CHF"
        order.save()
        self.assertEqual(self.user.notifications.count(), before)


class DigestTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()
        Preference.objects.create(user=cls.user, weekly_digest=True)
        Preference.objects.create(user=make_user(), weekly_digest=True)

    def test_only_with_news(self):
        services.notify_user(self.user, "order_placed", {"order": "HP-1"}, email=False)
        self.assertEqual(send_digests(), 1)
        self.assertIn("- Order HP-1 received", mail.outbox[0].body)


class InboxTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()
        cls.product = make_product()
        cls.notification = services.notify_user(
            cls.user, "review_published", {"product": "Cup"}, target=cls.product, email=False
        )

    def setUp(self):
        super().setUp()
        self.login(self.user)

    def test_list(self):
        response = self.client.get("/notifications/")
        self.assertContains(response, "Your review of Cup is online")
        self.assertContains(response, '<b class="unread">1</b>')

    def test_open(self):
        response = self.client.get(f"/notifications/{self.notification.pk}/")
        self.assertRedirects(response, self.product.get_absolute_url())
        self.assertEqual(self.user.unread_notification_count(), 0)

    def test_foreign(self):
        self.client.force_login(make_user())
        response = self.client.get(f"/notifications/{self.notification.pk}/")
        self.assertEqual(response.status_code, 404)

    def test_read_all(self):
        self.client.post("/notifications/read-all/")
        self.assertFalse(self.user.notifications.unread().exists())

    def test_api(self):
        url = "/api/v1/notifications/inbox/"
        row = self.api.get(url, {"unread": 1}).json()["results"][0]
        self.assertEqual((row["url"], row["is_read"]), (self.product.get_absolute_url(), False))
        self.assertEqual(self.api.get(f"{url}unread/").json(), {"count": 1})
        self.assertTrue(self.api.post(f"{url}{row['id']}/read/").json()["is_read"])
        self.assertEqual(self.api.post(f"{url}read_all/").json(), {"marked": 0})
        self.assertEqual(self.api.delete(f"{url}{row['id']}/").status_code, 204)

    def test_api_preferences(self):
        url = "/api/v1/notifications/preferences/"
        self.assertTrue(self.api.patch(url, {"marketing_email": True}).json()["marketing_email"])
