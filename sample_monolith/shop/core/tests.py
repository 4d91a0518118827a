from decimal import Decimal
from io import StringIO

from django.core.management import call_command
from django.template import Context, Template
from django.test import SimpleTestCase

from shop.accounts.models import User
from shop.catalog.models import Category, Product
from shop.core import audit
from shop.core.models import AuditLog
from shop.core.testing import ShopTestCase, make_product, make_staff, make_user
from shop.core.utils import (
    generate_reference,
    to_money,
)
from shop.orders.models import Order


class UtilsTests(SimpleTestCase):
    def test_money_is_rounded_half_up(self):
        self.assertEqual(to_money("1.005"), Decimal("1.01"))
        self.assertEqual(to_money(3), Decimal("3.00"))

    def test_reference_has_prefix_and_length(self):
        reference = generate_reference("AB", 6)
        self.assertRegex(reference, r"^AB-[A-Z0-9]{6}$")


class SoftDeleteTests(ShopTestCase):
    def test_deleted_rows_are_hidden(self):
        product = make_product()
        product.delete()
        self.assertFalse(Product.objects.filter(pk=product.pk).exists())
        self.assertEqual(Product.all_objects.dead().get(), product)

    def test_queryset_delete_is_soft(self):
        make_product()
        Product.objects.all().delete()
        self.assertEqual(Product.all_objects.count(), 1)
        self.assertEqual(Product.objects.count(), 0)


class AuditTests(ShopTestCase):
    def test_record(self):
        product, staff = make_product(), make_staff()
        audit.record("product.checked", product, actor=staff, result="fine")
        entry = AuditLog.objects.for_object(product).get()
        self.assertEqual(entry.target, product)
        self.assertEqual(entry.data, {"result": "fine"})
        self.assertEqual(product.audit_entries.get(), entry)

    def test_entry_survives_its_actor(self):
        user = make_user()
        audit.record("product.checked", make_product(), actor=user)
        user.delete()
        self.assertIsNone(AuditLog.objects.get(action="product.checked").actor)


class RequestTests(ShopTestCase):
    def test_health(self):
        response = self.client.get("/healthz", headers={"X-Request-ID": "abc"})
        self.assertEqual(response.json(), {"status": "ok", "request_id": "abc"})
        self.assertEqual(response["X-Request-ID"], "abc")

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


class SeedTests(ShopTestCase):
    def test_seed_demo(self):
        call_command("seed_demo", "--customers=2", stdout=StringIO())
        self.assertEqual(Order.objects.count(), 2)
        self.assertEqual(User.objects.customers().count(), 2)
        self.assertEqual(Category.objects.roots().count(), 3)
