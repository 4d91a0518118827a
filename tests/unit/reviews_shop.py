"""The reviews of a shop, and what a view of its catalog says before and after they are sealed."""

from __future__ import annotations

from textwrap import dedent, indent

from projects import Monolith

VIEW = "shop/catalog/views.py"

SHOP = """
# shop/settings.py
INSTALLED_APPS = ["django.contrib.auth", "shop.catalog", "shop.reviews", "shop.stock"]

# shop/catalog/models.py
from django.conf import settings
from django.db import models

class Product(models.Model):
    name = models.CharField(max_length=50)

# shop/stock/models.py
from django.db import models

class Item(models.Model):
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="items")
    number = models.IntegerField()

# shop/stock/services.py
from shop.stock.models import Item

def reserve(product_id: int, number: int) -> int:
    return Item.objects.filter(product_id=product_id).update(number=number)

# shop/reviews/models.py
from django.conf import settings
from django.db import models

class ReviewQuerySet(models.QuerySet):
    def good(self):
        return self.filter(rating__gte=4)

class Review(models.Model):
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="reviews")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    rating = models.IntegerField()
    text = models.TextField()
    objects = ReviewQuerySet.as_manager()

class Summary(models.Model):
    product = models.OneToOneField("catalog.Product", on_delete=models.CASCADE, related_name="summary")
    text = models.TextField()

# shop/reviews/services.py
from shop.reviews.models import Review

def add(product_id: int, rating: int) -> int:
    return Review.objects.create(product_id=product_id, rating=rating).pk

def best(product_id: int) -> int:
    return Review.objects.filter(product_id=product_id).count()
"""

MODELS = "from shop.catalog.models import Product\nfrom shop.reviews.models import Review\n"


def shop(view: str, **more: object) -> Monolith:
    """The shop with this view of the catalog."""
    return Monolith(SHOP, f"# {VIEW}\n{dedent(view)}", **more)  # type: ignore[arg-type]


def sealed(view: str, *contexts: str, width: int = 100) -> str:
    """The view after sealing the contexts (``reviews``)."""
    return shop(view).text(VIEW, *(contexts or ("reviews",)), width=width)


def body(code: str, *, parameters: str = "product: Product, pk: int, rating: int", imports: str = MODELS) -> str:
    """What sealing the reviews makes of the body of a function that has a product."""
    text = f"{imports}\ndef page({parameters}):\n{indent(dedent(code).strip(), '    ')}\n"
    after = sealed(text).rpartition("\ndef page(")[2]
    return dedent(after.partition("\n")[2]).strip()
