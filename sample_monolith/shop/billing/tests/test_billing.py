from datetime import timedelta
from io import StringIO
from unittest import mock

from django.core import mail
from django.core.management import call_command
from django.test import override_settings
from django.utils import timezone

from shop.billing import services
from shop.billing.backends import DummyGateway, GatewayResult
from shop.billing.models import Invoice, Payment
from shop.billing.tasks import charge_invoice, remind_overdue
from shop.core.exceptions import PaymentDeclined, ShopError
from shop.core.testing import (
    ShopTestCase,
    make_order,
    make_product,
    make_staff,
    make_user,
)
from shop.orders.services import cancel_order


class RefusingGateway(DummyGateway):
    def refund(self, transaction_id, amount):
        return GatewayResult(ok=False, message="closed")


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

    def test_cancelling_refunds(self):
        services.capture_payment(self.invoice, "tok")
        cancel_order(self.order)
        self.assertEqual(self.invoice.payments.get().status, "refunded")
        self.assertEqual(self.order.invoice.status, "void")

    @override_settings(PAYMENT_BACKEND="shop.billing.tests.test_billing.RefusingGateway")
    def test_refused_refund_undoes_the_cancelling(self):
        services.capture_payment(self.invoice, "tok")
        with self.assertRaisesMessage(ShopError, "The refund failed: closed"):
            cancel_order(self.order)
        self.order.refresh_from_db()
        self.assertEqual(self.order.status, "paid")

    def test_charge_task_tells_of_a_decline(self):
        self.assertEqual(charge_invoice(self.invoice.pk, "bad"), "declined")
        self.assertTrue(self.user.notifications.filter(template="payment_declined").exists())

    def test_charge_task_skips_settled(self):
        services.capture_payment(self.invoice, "tok")
        self.assertEqual(charge_invoice(self.invoice.pk, "tok"), "settled")


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
        response = self.client.post(url, {"token": "bad"}, follow=True)
        self.assertContains(response, "card declined")
        self.assertRedirects(self.client.post(url, {"token": "tok"}), self.order.get_absolute_url())

    def test_invoice_api(self):
        make_order(make_user(), (make_product(), 1))
        rows = self.api.get("/api/v1/invoices/").json()["results"]
        self.assertEqual([row["order"] for row in rows], [self.order.number])
