import io
import tempfile
from decimal import Decimal
from unittest import mock

from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from shop.catalog.models import Bundle, Category, Product
from shop.catalog.services import (
    also_bought,
    category_menu,
    change_base_price,
    import_products,
    retire_product,
)
from shop.catalog.tasks import reindex, warm_product_cache
from shop.core.testing import (
    ShopTestCase,
    make_cart,
    make_paid_order,
    make_product,
    make_staff,
    make_user,
    make_warehouse,
)
from shop.inventory.models import StockItem
from shop.reviews.models import Review

CSV = """sku,name,category,brand,price
PAN-28,Skillet,pans,Ironworks,44.90
NEW-1,Fork,garden,Forge,8
"""


class CatalogFixtureTests(ShopTestCase):
    fixtures = ["catalog_base", "customers"]

    def test_tree_ids(self):
        self.assertEqual(Category.objects.get(slug="kitchen").tree_ids(), [1, 2, 3])

    def test_ancestors(self):
        names = [node.name for node in Category.objects.get(slug="cast-iron").ancestors()]
        self.assertEqual(names, ["Kitchen", "Pans"])

    def test_products_of_a_tree(self):
        kitchen = Category.objects.get(slug="kitchen")
        skus = Product.objects.in_category_tree(kitchen).values_list("sku", flat=True)
        self.assertCountEqual(skus, ["PAN-28", "PAN-LID"])

    def test_search(self):
        def found(term):
            return sorted(Product.objects.active().search(term).values_list("sku", flat=True))

        self.assertEqual(found("ironworks"), ["PAN-28", "PAN-LID"])
        self.assertEqual(found("handmade"), ["PAN-28", "TROWEL"])
        self.assertEqual(found("trowel"), ["TROWEL"])

    def test_menu_is_cached(self):
        menu = category_menu()
        self.assertEqual([entry["name"] for entry in menu], ["Kitchen", "Garden"])
        self.assertEqual(menu[1]["count"], 2)
        with self.assertNumQueries(0):
            category_menu()

    def test_menu_is_forgotten_when_a_category_changes(self):
        category_menu()
        Category.objects.create(name="Bath", slug="bath", position=3)
        self.assertEqual(len(category_menu()), 3)

    def test_list_page(self):
        response = self.client.get("/")
        self.assertContains(response, "Skillet 28 cm")
        self.assertNotContains(response, "Old pot")

    def test_list_filters(self):
        response = self.client.get("/", {"max_price": "15", "sort": "-price"})
        self.assertEqual([p.sku for p in response.context["products"]], ["TROWEL", "SEED-TOM"])
        response = self.client.get("/", {"brand": "ironworks", "q": "lid"})
        self.assertEqual([p.sku for p in response.context["products"]], ["PAN-LID"])

    def test_category_page(self):
        response = self.client.get("/c/pans/")
        self.assertEqual(len(response.context["products"]), 2)
        self.assertEqual(self.client.get("/c/archive/").status_code, 404)

    def test_import(self):
        created, updated, errors = import_products(io.StringIO(CSV))
        self.assertEqual((created, updated, errors), (1, 1, []))
        self.assertEqual(Product.objects.by_sku("pan-28").base_price, Decimal("44.90"))
        self.assertEqual(Product.objects.by_sku("NEW-1").brand.slug, "forge")

    def test_import_reports_bad_lines(self):
        text = "sku,name,category,brand,price\nA,A,nowhere,,1\nB,B,pans,,cheap\n"
        _, _, errors = import_products(io.StringIO(text))
        self.assertEqual(errors, ["line 2: unknown category 'nowhere'", "line 3: bad price"])

    def test_import_command(self):
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as handle:
            handle.write(CSV)
            handle.flush()
            out = io.StringIO()
            call_command("import_products", handle.name, stdout=out)
        self.assertEqual(out.getvalue(), "1 created, 1 updated\n")

    def test_import_command_without_file(self):
        with self.assertRaises(CommandError):
            call_command("import_products", "/nowhere.csv")

    def test_import_page(self):
        url = reverse("catalog:product-import")
        self.assertEqual(self.client.get(url).status_code, 302)
        self.client.force_login(make_staff())
        upload = SimpleUploadedFile("p.csv", CSV.encode())
        self.assertRedirects(self.client.post(url, {"file": upload}), "/")
        self.assertTrue(Product.objects.filter(sku="NEW-1").exists())

    def test_api_list_and_search(self):
        self.assertEqual(self.api.get("/api/v1/products/").json()["count"], 4)
        data = self.api.get("/api/v1/products/", {"q": "seeds"}).json()
        self.assertEqual([row["sku"] for row in data["results"]], ["SEED-TOM"])

    def test_api_list_queries(self):
        with self.assertNumQueries(4):
            self.api.get("/api/v1/products/")

    def test_api_categories(self):
        self.assertEqual(self.api.get("/api/v1/categories/garden/").json()["product_count"], 2)
        self.assertEqual(self.api.get("/api/v1/categories/kitchen/products/").json()["count"], 2)

    def test_api_brands(self):
        names = [row["name"] for row in self.api.get("/api/v1/brands/").json()]
        self.assertEqual(names, ["Greenleaf", "Ironworks"])

    def test_reindex(self):
        self.assertEqual(reindex([1, 2]), 2)
        self.assertIn("Skillet", cache.get("search:1"))


class ProductTests(ShopTestCase):
    def test_new_product_gets_a_stock_line(self):
        make_warehouse()
        product = make_product(stock=0)
        self.assertEqual(StockItem.objects.get(product=product).on_hand, 0)

    def test_slug_is_unique(self):
        self.assertEqual([make_product(name="Cup").slug for _ in range(2)], ["cup", "cup-2"])

    def test_detail_page(self):
        product, user = make_product(name="Kettle"), make_user()
        make_paid_order(user, (product, 1))
        Review.objects.create(
            product=product, author=make_user(), rating=4, body="Boils.", status="published"
        )
        self.client.force_login(user)
        response = self.client.get(product.get_absolute_url())
        self.assertContains(response, "Boils.")
        self.assertTrue(response.context["can_review"])
        self.assertEqual(response.context["available"], 9)

    def test_also_bought(self):
        kettle, cup, spoon = make_product(), make_product(), make_product()
        make_paid_order(make_user(), (kettle, 1), (cup, 1))
        make_paid_order(make_user(), (kettle, 1), (cup, 1), (spoon, 1))
        self.assertEqual(also_bought(kettle), [cup, spoon])

    def test_best_sellers(self):
        cup, spoon = make_product(), make_product()
        make_paid_order(make_user(), (cup, 1), (spoon, 3))
        self.assertEqual(list(Product.objects.best_sellers()), [spoon, cup])

    def test_price_change_is_audited(self):
        product = make_product(price="10.00")
        product.price_for()
        change_base_price(product, Decimal("12"), actor=make_staff())
        self.assertEqual(product.price_for(), Decimal("12.00"))
        self.assertEqual(product.audit_entries.get().data, {"old": "10.00", "new": "12.00"})

    def test_retire_empties_carts(self):
        product = make_product()
        cart = make_cart(make_user(), (product, 1))
        self.assertEqual(retire_product(product), 1)
        self.assertEqual(cart.items.count(), 0)
        self.assertFalse(Product.objects.exists())

    def test_live_rating(self):
        product = make_product()
        for rating in (2, 5):
            Review.objects.create(
                product=product, author=make_user(), rating=rating, body=".", status="published"
            )
        self.assertEqual(Product.objects.with_live_rating().get().live_rating, 3.5)

    @mock.patch("shop.reviews.services.rating_summary")
    def test_warm_cache(self, rating_summary):
        product = make_product()
        self.assertEqual(warm_product_cache(), 1)
        rating_summary.assert_called_once_with(product.pk)


class BundleTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.cup, cls.spoon = make_product(price="10.00"), make_product(price="2.00", stock=5)
        cls.bundle = Bundle.objects.create(
            name="Set", sku="SET", category=cls.cup.category, base_price=0, discount_percent=10
        )
        cls.bundle.component_rows.create(product=cls.cup, quantity=1)
        cls.bundle.component_rows.create(product=cls.spoon, quantity=2)

    def test_price_and_stock(self):
        product = Product.objects.get(sku="SET")
        self.assertTrue(product.is_bundle)
        self.assertEqual(product.price_for(), Decimal("12.60"))
        self.assertEqual(product.available(), 2)

    def test_ordering_takes_the_components(self):
        make_paid_order(make_user(), (Product.objects.get(sku="SET"), 2))
        self.assertEqual(self.spoon.available(), 1)
        self.assertEqual(list(self.cup.part_of.all()), [self.bundle])


class ProductApiTests(ShopTestCase):
    def test_detail(self):
        product = make_product(price="9.50")
        data = self.api.get(f"/api/v1/products/{product.slug}/").json()
        self.assertEqual((data["price"], data["available"]), ("9.50", 10))
        self.assertEqual(data["rating"]["count"], 0)

    def test_writing_is_for_staff(self):
        product = make_product()
        data = {"sku": "N", "name": "N", "category": product.category_id, "base_price": "1.00"}
        self.login(make_user())
        self.assertEqual(self.api.post("/api/v1/products/", data).status_code, 403)
        staff = make_staff()
        self.login(staff)
        self.assertEqual(self.api.post("/api/v1/products/", data).status_code, 201)
        self.assertEqual(Product.objects.get(sku="N").created_by, staff)

    def test_price_action(self):
        product = make_product()
        self.login(make_staff())
        url = f"/api/v1/products/{product.slug}/price/"
        self.assertEqual(self.api.post(url, {"price": "-1"}).status_code, 400)
        self.assertEqual(self.api.post(url, {"price": "7"}).json(), {"base_price": "7.00"})

    def test_delete_retires(self):
        product = make_product()
        self.login(make_staff())
        self.assertEqual(self.api.delete(f"/api/v1/products/{product.slug}/").status_code, 204)
        self.assertTrue(Product.all_objects.dead().filter(pk=product.pk).exists())

    def test_reviews_action_and_rating_sort(self):
        good, bad = make_product(), make_product()
        for product, rating in ((good, 5), (bad, 1)):
            Review.objects.create(
                product=product, author=make_user(), rating=rating, body=".", status="published"
            )
        self.assertEqual(len(self.api.get(f"/api/v1/products/{good.slug}/reviews/").json()), 1)
        rows = self.api.get("/api/v1/products/", {"sort": "rating"}).json()["results"]
        self.assertEqual([row["sku"] for row in rows], [good.sku, bad.sku])
