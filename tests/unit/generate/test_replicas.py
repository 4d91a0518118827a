"""Stand-ins for what moved code imports from the rest of the monolith."""

from __future__ import annotations

import ast

from projects import Monolith

from decompose.generate import replicas
from decompose.generate.render import make_render
from decompose.model.settings import EdgeDecision
from decompose.resources import templates

SHOP = """
# shop/settings.py
INSTALLED_APPS = ["shop.catalog", "shop.reviews"]

# shop/catalog/models.py
from django.db import models

LIMIT = 3

class Product(models.Model):
    name = models.CharField(max_length=50)
    secret = models.CharField(max_length=50)

# shop/catalog/services.py
from shop.catalog.models import Product

class Writer:
    def write(self):
        Product.objects.update(name="x")

def rename(a):
    Product.objects.update(name=a)

def every():
    yield from Product.objects.all()

# shop/catalog/tasks.py
from celery import shared_task
from shop.catalog.services import rename

@shared_task
def tidy():
    rename("x")

# shop/reviews/models.py
from django.db import models
from shop.catalog.models import Product

class Review(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE)

# shop/reviews/tasks.py
from celery import shared_task
from shop.catalog.models import LIMIT
from shop.catalog.services import Writer, every, rename
from shop.catalog.tasks import tidy
from shop.reviews.models import Review

@shared_task
def remind():
    tidy.delay()
    rename("x")
    Writer().write()
    list(every())
    return [review.product.name for review in Review.objects.all()[:LIMIT]]
"""


def made() -> dict[str, str]:
    project = Monolith(SHOP, decisions=[EdgeDecision("reviews:*", "stay")])
    found = replicas.generate(project.service("reviews"), make_render(templates()))
    return {each.path.removeprefix("services/reviews/"): each.content.decode() for each in found}


def test_a_stand_in_keeps_the_path_of_what_it_stands_for_and_parses() -> None:
    found = made()
    assert sorted(found) == ["shop/catalog/models.py", "shop/catalog/services.py", "shop/catalog/tasks.py"]
    for text in found.values():
        ast.parse(text)


def test_a_shadow_has_the_columns_in_use_and_the_table_of_the_original() -> None:
    text = made()["shop/catalog/models.py"]
    assert "class Product(models.Model):" in text
    assert "    name = models.TextField(null=True)\n" in text
    assert "secret" not in text
    assert 'db_table = "catalog_product"' in text


def test_what_is_shared_of_a_module_stands_beside_its_shadows() -> None:
    assert "LIMIT = 3" in made()["shop/catalog/models.py"]


def test_a_definition_that_stays_says_so_when_it_is_called() -> None:
    scope: dict[str, object] = {}
    text = made()["shop/catalog/services.py"]
    exec(text.replace("from shop.boundaries.reviews_callbacks import rename", ""), scope)
    for name in ("every", "Writer"):
        try:
            scope[name]("x")  # type: ignore[operator]
        except NotImplementedError as error:
            assert f"shop.catalog.services.{name} stays in the monolith" in str(error)
        else:
            raise AssertionError(name)


def test_what_the_monolith_serves_is_called_over_the_boundary_under_its_old_name() -> None:
    assert "from shop.boundaries.reviews_callbacks import rename  # noqa: F401\n" in made()["shop/catalog/services.py"]


def test_a_task_of_the_monolith_is_sent_by_its_name() -> None:
    assert 'tidy = current_app.signature("shop.catalog.tasks.tidy")' in made()["shop/catalog/tasks.py"]


FACADES = """
# shop/settings.py
INSTALLED_APPS = ["shop.catalog", "shop.reviews"]

# shop/catalog/models/__init__.py
from .product import Product

# shop/catalog/models/product.py
from django.db import models

class Product(models.Model):
    name = models.CharField(max_length=50)

# shop/reviews/__init__.py

# shop/reviews/models/__init__.py
from .review import LIMIT, Review
from .archive import Archive

# shop/reviews/models/review.py
from django.db import models
from shop.catalog.models import Product

LIMIT = 3

class Review(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE)

# shop/reviews/models/archive.py
from django.db import models

class Archive(models.Model):
    pass

# shop/reviews/limits.py
limits = {"words": 5}
WORST = 1

# shop/reviews/jobs/__init__.py

# shop/reviews/jobs/tidy.py
from celery import shared_task
from .. import limits, models
from ..models import Review

@shared_task
def shorten():
    return list(Review.objects.values()[: models.LIMIT])

@shared_task
def forget():
    if limits.WORST:
        models.Archive.objects.all().delete()
"""


def test_a_package_that_only_re_exports_does_so_for_what_went_to_the_service() -> None:
    made = {artifact.path: artifact.content.decode() for artifact in replicas.generate(Monolith(FACADES).service("reviews"), make_render(templates()))}
    package = made["services/reviews/shop/reviews/models/__init__.py"]
    assert {(node.module, alias.name) for node in ast.walk(ast.parse(package)) if isinstance(node, ast.ImportFrom) for alias in node.names} >= {
        ("shop.reviews.models.review", "LIMIT"), ("shop.reviews.models.review", "Review"), ("shop.reviews.models.archive", "Archive"),
    }  # fmt: skip
    assert "limits" not in "".join(made.values()), "a module is no re-export, although a name in it is called as it is"
