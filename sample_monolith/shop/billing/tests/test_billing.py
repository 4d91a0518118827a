from datetime import timedelta
from decimal import Decimal
from io import StringIO
from unittest import mock

from django.core import mail
from django.core.management import call_command
from django.test import override_settings
from django.utils import timezone

from shop.billing import services
from shop.billing.backends import BrokenGateway, DummyGateway, get_gateway
from shop.billing.models import GiftCard, Invoice, Payment
from shop.billing.tasks import charge_invoice, remind_overdue
from shop.core.exceptions import PaymentDeclined, ShopError
from shop.core.testing import (
    ShopTestCase,
    make_order,
    make_paid_order,
    make_product,
    make_staff,
    make_user,
)


class GatewayTests(ShopTestCase):
    def test_default(self):
        self.assertIsInstance(get_gateway(), DummyGateway)

    @override_settings(PAYMENT_BACKEND="shop.billing.backends.BrokenGateway")
    def test_from_settings(self):
        self.assertIsInstance(get_gateway(), BrokenGateway)


class PaymentTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()
        cls.order = make_order(cls.user, (make_product(price="45.00"), 1))
        cls.invoice = cls.order.invoice

    def test_capture(self):
        with self.commit():
            payment = services.capture_payment(self.invoice, "tok")
        self.invoice.refresh_from_db()
        self.order.refresh_from_db()
        self.assertEqual((self.invoice.status, self.order.status), ("paid", "paid"))
        self.assertEqual(payment.transaction_id, f"dummy-{self.invoice.number}")
        self.assertIn(
            f"Receipt {self.invoice.number}", [message.subject for message in mail.outbox]
        )

    def test_declined_payment_is_kept(self):
        with self.assertRaises(PaymentDeclined):
            services.capture_payment(self.invoice, "bad")
        self.assertEqual(Payment.objects.get().status, "declined")
        self.assertEqual(self.invoice.audit_entries.get().action, "payment.declined")

    def test_paid_invoice_cannot_be_paid_again(self):
        services.capture_payment(self.invoice, "tok")
        with self.assertRaises(ShopError):
            services.capture_payment(self.invoice, "tok")

    @mock.patch("shop.billing.services.get_gateway")
    def test_store_credit_first_card_for_the_rest(self, get_gateway):
        get_gateway.return_value = DummyGateway()
        self.user.store_credit = Decimal("20")
        self.user.save()
        services.pay_with_store_credit(self.invoice, self.user)
        payment = services.capture_payment(self.invoice, "tok")
        self.assertEqual(payment.amount, Decimal("30.00"))

    def test_charge_task_tells_of_a_decline(self):
        self.assertEqual(charge_invoice(self.invoice.pk, "bad"), "declined")
        self.assertTrue(self.user.notifications.filter(template="payment_declined").exists())

    def test_charge_task_skips_settled(self):
        services.capture_payment(self.invoice, "tok")
        self.assertEqual(charge_invoice(self.invoice.pk, "tok"), "settled")

    def test_amount_paid(self):
        services.capture_payment(self.invoice, "tok")
        self.assertEqual(self.order.amount_paid(), Decimal("50.00"))
        row = Invoice.objects.with_paid().get()
        self.assertEqual((row.paid_total, row.owed), (Decimal("50"), Decimal("0")))


class RefundTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user(store_credit=Decimal("20"))
        product = make_product(price="45.00")
        cls.order = make_paid_order(cls.user, (product, 1), use_store_credit=True)

    def test_newest_payment_first(self):
        refunds = services.refund_order(self.order, "40.00")
        self.assertEqual([row.amount for row in refunds], [Decimal("30.00"), Decimal("10.00")])
        self.user.refresh_from_db()
        self.assertEqual(self.user.store_credit, Decimal("10.00"))

    def test_everything(self):
        services.refund_order(self.order, "50.00")
        self.assertEqual(self.order.invoice.status, "refunded")

    def test_too_much(self):
        with self.assertRaises(ShopError):
            services.refund_order(self.order, "50.01")
        self.assertEqual(self.order.amount_paid(), Decimal("50.00"))

    def test_too_much_of_one_payment(self):
        payment = Payment.objects.filter(method=Payment.CARD).get()
        with self.assertRaisesMessage(ShopError, "Only 30.00"):
            services.refund_payment(payment, "31")


class GiftCardTests(ShopTestCase):
    def test_redeem_once(self):
        user = make_user()
        GiftCard.objects.create(code="GIFT", amount="25.00")
        self.assertEqual(services.redeem_gift_card(user, "gift"), Decimal("25.00"))
        self.assertEqual(user.store_credit, Decimal("25.00"))
        with self.assertRaises(ShopError):
            services.redeem_gift_card(user, "GIFT")

    def test_page(self):
        self.client.force_login(make_user())
        GiftCard.objects.create(code="GIFT", amount="25.00")
        response = self.client.post("/billing/gift-card/", {"code": "NO"})
        self.assertFormError(response.context["form"], "code", "This gift card is not valid.")
        response = self.client.post("/billing/gift-card/", {"code": "GIFT"})
        self.assertRedirects(response, "/accounts/")


class OverdueTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()
        cls.order = make_order(cls.user, (make_product(), 1))
        Invoice.objects.update(due_date=timezone.localdate() - timedelta(days=1))

    def test_raw_rows_carry_the_customer(self):
        row = Invoice.objects.all().overdue_with_customer()[0]
        self.assertEqual(row.customer_email, self.user.email)
        self.assertEqual(row.order_number, self.order.number)

    def test_reminders_stop(self):
        self.assertEqual([remind_overdue(2) for _ in range(3)], [1, 1, 0])
        self.assertEqual(self.user.notifications.filter(template="invoice_overdue").count(), 2)

    @mock.patch("shop.billing.management.commands.remind_overdue.current_app")
    def test_command(self, app):
        out = StringIO()
        call_command("remind_overdue", "--send", stdout=out)
        self.assertIn(self.order.number, out.getvalue())
        app.send_task.assert_called_once_with("billing.remind_overdue")

    def test_api_is_for_staff(self):
        self.login(self.user)
        self.assertEqual(self.api.get("/api/v1/invoices/overdue/").status_code, 403)
        self.login(make_staff())
        self.assertEqual(self.api.get("/api/v1/invoices/overdue/").json()[0]["total"], "55.00")


class PageAndApiTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user()
        cls.order = make_order(cls.user, (make_product(), 1))
        cls.invoice = cls.order.invoice

    def setUp(self):
        super().setUp()
        self.login(self.user)

    def test_invoice_page(self):
        response = self.client.get(f"/billing/{self.invoice.number}/")
        self.assertContains(response, "owed 55.00 EUR")

    def test_pay_page(self):
        url = f"/billing/{self.invoice.number}/pay/"
        self.assertContains(self.client.post(url, {"token": "bad"}), "card declined")
        self.assertRedirects(self.client.post(url, {"token": "tok"}), self.order.get_absolute_url())

    def test_invoice_api(self):
        make_order(make_user(), (make_product(), 1))
        rows = self.api.get("/api/v1/invoices/").json()["results"]
        self.assertEqual([row["order"] for row in rows], [self.order.number])

    def webhook(self, data, secret="webhook-secret"):
        return self.api.post(
            "/api/v1/webhooks/payment/", data, headers={"X-Webhook-Secret": secret}
        )

    def test_webhook_settles_a_pending_payment(self):
        Payment.objects.create(
            invoice=self.invoice, amount=self.invoice.total, transaction_id="t-1"
        )
        response = self.webhook({"transaction_id": "t-1", "status": "captured"})
        self.assertEqual(response.json(), {"status": "captured"})
        self.order.refresh_from_db()
        self.assertEqual(self.order.status, "paid")

    def test_webhook_needs_the_secret(self):
        self.assertEqual(self.webhook({}, secret="guess").status_code, 403)
        self.assertEqual(self.webhook({"transaction_id": "?"}).status_code, 404)
