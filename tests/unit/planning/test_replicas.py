"""The shadow rows of other contexts: the key and the columns in use."""

from __future__ import annotations

from projects import Monolith

from decompose.model.migration import Replica

SHOP = """
# shop/settings.py
INSTALLED_APPS = ["django.contrib.auth", "rest_framework", "shop.catalog", "shop.reviews"]

# shop/catalog/models.py
import uuid

from django.db import models

class Maker(models.Model):
    country = models.CharField(max_length=2)

class Product(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=50)
    price = models.DecimalField(max_digits=9, decimal_places=2)
    maker = models.ForeignKey(Maker, on_delete=models.CASCADE)
    secret = models.TextField()

    @property
    def label(self) -> str:
        return self.name

# shop/reviews/models.py
from django.conf import settings
from django.db import models

class Review(models.Model):
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
"""


def replica(code: str, model: str = "Product", imports: str = "") -> Replica:
    task = f"# shop/reviews/tasks.py\nfrom celery import shared_task\nfrom shop.reviews.models import Review\n{imports}\n@shared_task\ndef remind():\n    return {code}\n"
    return Monolith(SHOP, task).replica("reviews", model)


def fields(found: Replica) -> list[str]:
    return [f"{field.name}: {field.type}" for field in found.fields]


def test_a_foreign_key_needs_the_key_of_its_target_only() -> None:
    found = replica("Review.objects.count()")
    assert (found.key.name, found.key.type, found.label, found.table, fields(found)) == ("id", "uuid", "catalog.Product", "catalog_product", [])


def test_attributes_that_moved_code_reads_are_kept() -> None:
    assert fields(replica("[r.product.name for r in Review.objects.all()]")) == ["name: string"]


def test_a_property_travels_as_a_value() -> None:
    assert "label: string" in fields(replica("[r.product.label for r in Review.objects.all()]"))


def test_lookups_over_a_relation_are_kept() -> None:
    assert fields(replica("Review.objects.filter(product__price__gt=3)")) == ["price: decimal"]


def test_a_path_over_two_relations_makes_two_shadows() -> None:
    code = "[r.product.maker.country for r in Review.objects.all()]"
    assert replica(code).parents == (("maker", "shop.catalog.models.Maker"),)
    assert fields(replica(code, "Maker")) == ["country: string"]


def test_sources_of_serializers_are_paths() -> None:
    serializer = "from rest_framework import serializers\n\nclass S(serializers.Serializer):\n    x = serializers.CharField(source='product.name')\n\n"
    assert fields(replica("S()", imports=serializer)) == ["name: string"]


def test_fields_of_a_serializer_on_another_contexts_model_are_columns() -> None:
    imports = "from rest_framework import serializers\nfrom shop.catalog.models import Product\n\nclass S(serializers.ModelSerializer):\n    class Meta:\n        model = Product\n        fields = ['id', 'price']\n\n"
    assert fields(replica("S()", imports=imports)) == ["price: decimal"]


def test_what_only_staying_code_reads_is_not_kept() -> None:
    page = "# shop/reviews/pages.py\nfrom shop.reviews.models import Review\n\ndef page(request):\n    return [r.product.secret for r in Review.objects.all()]\n"
    assert fields(Monolith(SHOP, page).replica("reviews", "Product")) == []


def test_the_user_is_known_as_such() -> None:
    found = replica("[r.author.username for r in Review.objects.all()]", "User")
    assert (found.user, found.label, found.table, [field.name for field in found.fields]) == (True, "auth.User", "auth_user", ["username"])


def test_a_shadow_says_which_places_need_it() -> None:
    found = replica("[r.product.name for r in Review.objects.all()]")
    assert "shop/reviews/models.py" in {at.path for at in found.reasons}


def test_the_column_of_a_relation_is_kept_as_a_plain_value() -> None:
    found = replica("[r.product.maker_id for r in Review.objects.all()]")
    assert (fields(found), found.parents) == (["maker_id: integer"], ())


def test_a_relation_that_is_kept_brings_its_column_along() -> None:
    found = replica("[(r.product.maker_id, r.product.maker.country) for r in Review.objects.all()]")
    assert (fields(found), found.parents) == ([], (("maker", "shop.catalog.models.Maker"),))


def test_a_key_that_is_a_relation_is_kept_as_a_plain_column() -> None:
    stock = "# shop/catalog/more.py\nfrom django.db import models\nfrom shop.catalog.models import Product\n\nclass Stock(models.Model):\n    product = models.OneToOneField(Product, primary_key=True, on_delete=models.CASCADE)\n    number = models.IntegerField()\n"
    task = "# shop/reviews/tasks.py\nfrom celery import shared_task\nfrom shop.catalog.more import Stock\n\n@shared_task\ndef remind():\n    return [s.number for s in Stock.objects.all()]\n"
    found = Monolith(SHOP, stock, task).replica("reviews", "Stock")
    assert (found.key.name, found.key.type, fields(found)) == ("product_id", "uuid", ["number: integer"])
