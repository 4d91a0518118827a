from decimal import Decimal
from unittest import mock

from shop.catalog.models import Category, Product
from shop.catalog.services import (
    also_bought,
    category_menu,
    change_base_price,
    retire_product,
)
from shop.catalog.tasks import warm_product_cache
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


class CatalogFixtureTests(ShopTestCase):
    fixtures = ["catalog_base", "customers"]

    def test_tree_ids(self):
        self.assertEqual(Category.objects.get(slug="kitchen").tree_ids(), [1, 2, 3])

    def test_products_of_a_tree(self):
        kitchen = Category.objects.get(slug="kitchen")
        skus = Product.objects.in_category_tree(kitchen).values_list("sku", flat=True)
        self.assertCountEqual(skus, ["PAN-28", "PAN-LID"])

    def test_search(self):
        def found(term):
            return sorted(Product.objects.active().search(term).values_list("sku", flat=True))

        self.assertEqual(found("28 cm"), ["PAN-28", "PAN-LID"])
        self.assertEqual(found("handmade"), ["PAN-28", "TROWEL"])
        self.assertEqual(found("trowel"), ["TROWEL"])

    def test_menu_is_cached(self):
        menu = category_menu()
        self.assertEqual([entry["name"] for entry in menu], ["Kitchen", "Garden"])
        self.assertEqual(menu[1]["count"], 2)
        with self.assertNumQueries(0):
            category_menu()

    def test_list_search(self):
        response = self.client.get("/", {"q": "lid"})
        self.assertEqual([p.sku for p in response.context["products"]], ["PAN-LID"])
        response = self.client.get("/", {"in_stock": "on"})
        self.assertContains(response, "Nothing found.")

    def test_category_page(self):
        response = self.client.get("/c/pans/")
        self.assertEqual(len(response.context["products"]), 2)
        self.assertEqual(self.client.get("/c/archive/").status_code, 404)

    def test_api_list_and_search(self):
        self.assertEqual(self.api.get("/api/v1/products/").json()["count"], 4)
        data = self.api.get("/api/v1/products/", {"q": "seeds"}).json()
        self.assertEqual([row["sku"] for row in data["results"]], ["SEED-TOM"])

    def test_api_list_queries(self):
        with self.assertNumQueries(3):
            self.api.get("/api/v1/products/")


class ProductTests(ShopTestCase):
    def test_new_product_gets_a_stock_line(self):
        make_warehouse()
        product = make_product(stock=0)
        self.assertEqual(StockItem.objects.get(product=product).on_hand, 0)

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

    def test_price_change_is_audited(self):
        product = make_product(price="10.00")
        product.current_price()
        change_base_price(product, Decimal("12"), actor=make_staff())
        self.assertEqual(product.current_price(), Decimal("12.00"))
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


class ProductApiTests(ShopTestCase):
    def test_detail(self):
        product = make_product(price="9.50")
        data = self.api.get(f"/api/v1/products/{product.slug}/").json()
        self.assertEqual((data["price"], data["available"]), ("9.50", 10))
        self.assertEqual(data["rating"]["count"], 0)

    def test_price_action(self):
        product = make_product()
        url = f"/api/v1/products/{product.slug}/price/"
        self.login(make_user())
        self.assertEqual(self.api.post(url, {"price": "7"}).status_code, 403)
        self.login(make_staff())
        self.assertEqual(self.api.post(url, {"price": "-1"}).status_code, 400)
        self.assertEqual(self.api.post(url, {"price": "7"}).json(), {"base_price": "7.00"})

    def test_reviews_action_and_rating_sort(self):
        good, bad = make_product(), make_product()
        for product, rating in ((good, 5), (bad, 1)):
            Review.objects.create(
                product=product, author=make_user(), rating=rating, body=".", status="published"
            )
        self.assertEqual(len(self.api.get(f"/api/v1/products/{good.slug}/reviews/").json()), 1)
        rows = self.api.get("/api/v1/products/", {"sort": "rating"}).json()["results"]
        self.assertEqual([row["sku"] for row in rows], [good.sku, bad.sku])
