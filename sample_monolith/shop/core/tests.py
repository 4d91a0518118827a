from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

from django.core.management import call_command
from django.template import Context, Template
from django.test import SimpleTestCase
from django.utils import timezone

from shop.accounts.models import User
from shop.catalog.models import Category, Product
from shop.core import audit
from shop.core.models import AuditLog
from shop.core.testing import ShopTestCase, make_product, make_staff, make_user
from shop.core.utils import (
    chunked,
    day_bounds,
    generate_reference,
    mask_email,
    percent_of,
    to_money,
    unique_slug,
)
from shop.orders.models import Order


class UtilsTests(SimpleTestCase):
    def test_money_is_rounded_half_up(self):
        self.assertEqual(to_money("1.005"), Decimal("1.01"))
        self.assertEqual(to_money(3), Decimal("3.00"))

    def test_percent_of(self):
        self.assertEqual(percent_of("19.99", 15), Decimal("3.00"))

    def test_chunked(self):
        self.assertEqual(list(chunked(range(5), 2)), [[0, 1], [2, 3], [4]])

    def test_reference_has_prefix_and_length(self):
        reference = generate_reference("AB", 6)
        self.assertRegex(reference, r"^AB-[A-Z0-9]{6}$")

    def test_day_bounds(self):
        start, end = day_bounds(date(2024, 2, 29))
        self.assertEqual(end - start, timedelta(days=1))
        self.assertEqual(start.isoformat(), "2024-02-29T00:00:00+00:00")

    def test_mask_email(self):
        self.assertEqual(mask_email("anna@example.com"), "a***@example.com")
        self.assertEqual(mask_email("nonsense"), "***")


class SoftDeleteTests(ShopTestCase):
    def test_deleted_rows_are_hidden_and_can_be_restored(self):
        product = make_product()
        product.delete()
        self.assertFalse(Product.objects.filter(pk=product.pk).exists())
        self.assertEqual(Product.all_objects.dead().get(), product)
        product.restore()
        self.assertTrue(Product.objects.filter(pk=product.pk).exists())

    def test_queryset_delete_is_soft(self):
        make_product()
        Product.objects.all().delete()
        self.assertEqual(Product.all_objects.count(), 1)
        self.assertEqual(Product.objects.count(), 0)

    def test_unique_slug_sees_deleted_rows(self):
        make_product(name="Big pan").delete()
        self.assertEqual(unique_slug(Product, "Big pan"), "big-pan-2")


class AuditTests(ShopTestCase):
    def test_record_and_history(self):
        product, staff = make_product(), make_staff()
        audit.record("product.checked", product, actor=staff, result="fine")
        entry = audit.history(product)[0]
        self.assertEqual(entry.target, product)
        self.assertEqual(entry.data, {"result": "fine"})
        self.assertEqual(product.audit_entries.get(), entry)

    def test_entry_survives_its_actor(self):
        user = make_user()
        audit.record("product.checked", make_product(), actor=user)
        user.delete()
        self.assertIsNone(AuditLog.objects.get(action="product.checked").actor)

    def test_prune(self):
        audit.record("old", make_product())
        AuditLog.objects.update(created_at=timezone.now() - timedelta(days=400))
        out = StringIO()
        call_command("prune_audit_log", "--dry-run", stdout=out)
        self.assertIn("1 audit entries would be removed", out.getvalue())
        call_command("prune_audit_log", stdout=out)
        self.assertEqual(AuditLog.objects.count(), 0)


class RequestTests(ShopTestCase):
    def test_health(self):
        response = self.client.get("/healthz", headers={"X-Request-ID": "abc"})
        self.assertEqual(response.json(), {"status": "ok", "request_id": "abc"})
        self.assertEqual(response["X-Request-ID"], "abc")

    def test_request_id_is_made_up_if_missing(self):
        self.assertEqual(len(self.client.get("/healthz/")["X-Request-ID"]), 36)

    def test_admin_indexes_open(self):
        admin = make_staff(is_superuser=True)
        self.client.force_login(admin)
        make_product()
        for model in ["catalog/product", "orders/order", "accounts/user", "core/auditlog"]:
            with self.subTest(model):
                self.assertEqual(self.client.get(f"/admin/{model}/").status_code, 200)


class TemplateTagTests(SimpleTestCase):
    def render(self, text, **context):
        return Template("{% load shop_tags %}" + text).render(Context(context))

    def test_money(self):
        self.assertEqual(self.render("{{ value|money }}", value=Decimal("2.5")), "2.50 EUR")
        self.assertEqual(self.render("{{ value|money }}", value=None), "")

    def test_stars(self):
        self.assertEqual(self.render("{{ 3.6|stars }}"), "★★★★☆")

    def test_status_badge(self):
        html = self.render("{% status_badge order %}", order=Order(status="paid"))
        self.assertEqual(html, '<span class="badge badge-paid">Paid</span>')

    def test_unread_badge(self):
        self.assertEqual(self.render("{% unread_badge 0 %}"), "")
        self.assertIn("3", self.render("{% unread_badge 3 %}"))


class SeedTests(ShopTestCase):
    def test_seed_demo(self):
        call_command("seed_demo", "--customers=2", stdout=StringIO())
        self.assertEqual(Order.objects.count(), 2)
        self.assertEqual(User.objects.customers().count(), 2)
        self.assertEqual(Category.objects.roots().count(), 3)
