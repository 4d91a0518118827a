"""Uses of a context by code that imports none of its modules: every way to name something without an import."""

from __future__ import annotations

import pytest
from projects import Monolith

DJANGO = """
# shop/settings.py
INSTALLED_APPS = ["shop.catalog", "shop.reviews"]
ROOT_URLCONF = "shop.urls"

# shop/urls.py
from django.urls import include, path
urlpatterns = [path("reviews/", include("shop.reviews.urls"))]

# shop/catalog/models.py
from django.contrib.contenttypes.fields import GenericRelation
from django.db import models

class Product(models.Model):
    name = models.CharField(max_length=50)
    notes = GenericRelation("reviews.Note")

# shop/reviews/models.py
from django.contrib.contenttypes.fields import GenericForeignKey
from django.db import models

class Review(models.Model):
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="reviews")
    rating = models.IntegerField()

class Note(models.Model):
    content_type = models.ForeignKey("contenttypes.ContentType", on_delete=models.CASCADE)
    object_id = models.IntegerField()
    about = GenericForeignKey()

# shop/reviews/urls.py
from django.urls import path
from shop.reviews.api import ReviewList
urlpatterns = [path("api/", ReviewList.as_view(), name="review-list")]

# shop/reviews/api.py
from rest_framework.generics import ListAPIView
from shop.reviews.models import Review

class ReviewList(ListAPIView):
    queryset = Review.objects.all()

# shop/reviews/tasks.py
from celery import shared_task
from shop.reviews.models import Review

@shared_task(name="reviews.count")
def count():
    return Review.objects.count()

# shop/reviews/services.py
from shop.reviews.models import Review

def add(rating: int) -> int:
    return Review.objects.create(rating=rating).pk

# shop/reviews/__init__.py
from shop.reviews.services import add

# shop/facade.py
from shop.reviews.services import add

# shop/catalog/views.py
import importlib

import shop
import shop.facade
import shop.reviews
from celery import current_app
from django.apps import apps
from django.db import connection
from django.urls import reverse
from shop import facade
from shop.catalog.models import Product

def use(product: Product, pk: int):
    {code}
"""

SQLALCHEMY = """
# shop/db.py
from sqlalchemy.orm import declarative_base
Base = declarative_base()

# shop/catalog/models.py
from sqlalchemy import Column, Integer
from sqlalchemy.orm import relationship
from shop.db import Base

class Product(Base):
    __tablename__ = "products"
    id = Column(Integer, primary_key=True)
    reviews = relationship("Review", back_populates="product")

# shop/reviews/models.py
from sqlalchemy import Column, ForeignKey, Integer
from sqlalchemy.orm import relationship
from shop.db import Base

class Review(Base):
    __tablename__ = "reviews"
    id = Column(Integer, primary_key=True)
    rating = Column(Integer)
    product_id = Column(ForeignKey("products.id"))
    product = relationship("Product", back_populates="reviews")

# shop/reviews/services.py
from sqlalchemy.orm import Session
from shop.reviews.models import Review

def add(session: Session, rating: int) -> None:
    session.add(Review(rating=rating))
    session.commit()

# shop/reviews/tasks.py
from celery import shared_task
from sqlalchemy.orm import Session
from shop.reviews.models import Review

@shared_task(name="reviews.count")
def count(session: Session):
    return session.query(Review).count()

# shop/facade.py
from shop.reviews.services import add

# shop/catalog/views.py
import importlib

from celery import current_app
from shop import facade
from shop.catalog.models import Product
from sqlalchemy import text
from sqlalchemy.orm import Session

def use(session: Session, product: Product):
    {code}
"""


def edges(text: str, code: str) -> list[str]:
    """The edges of the reviews whose use stands in the function ``use``."""
    found = Monolith(text.replace("{code}", code)).edges("reviews", direction="in")
    return [f"{edge.kind} {edge.disposition} {edge.target}" for edge in found if edge.source == "shop.catalog.views.use"]


@pytest.mark.parametrize(
    ("code", "edge"),
    [
        ('return apps.get_model("reviews", "Review").objects.count()', "orm operation shop.reviews.models.Review"),
        ('Review = apps.get_model("reviews.Review")\n    return Review.objects.filter(rating=3).count()', "orm decide shop.reviews.models.Review"),
        ('current_app.send_task("reviews.count")', "task event shop.reviews.tasks.count"),
        ('return reverse("review-list")', "url stay shop.reviews.api.ReviewList"),
        ('with connection.cursor() as cursor:\n        cursor.execute("SELECT count(*) FROM reviews_review")', "sql decide reviews_review"),
        ("return Product.objects.filter(reviews__rating=3)", "orm replica reviews_review"),
        ("return product.reviews.count()", "accessor operation shop.reviews.models.Review"),
        ("return facade.add(3)", "call operation shop.reviews.services.add"),
        ("return shop.facade.add(3)", "call operation shop.reviews.services.add"),
        ("return shop.reviews.add(3)", "call operation shop.reviews.services.add"),
        ("return shop.reviews.services.add(3)", "call operation shop.reviews.services.add"),
        ('facade.add(3)\n    return importlib.import_module("shop.reviews.services").add(3)', "import stay shop.reviews.services"),
    ],
)
def test_django_code_without_an_import_of_the_context_has_its_edge(code: str, edge: str) -> None:
    assert edge in edges(DJANGO, code)


@pytest.mark.parametrize(
    ("code", "edge"),
    [
        ('current_app.send_task("reviews.count")', "task event shop.reviews.tasks.count"),
        ('return session.execute(text("SELECT count(*) FROM reviews"))', "sql decide reviews"),
        ("return [review.rating for review in product.reviews]", "accessor replica shop.reviews.models.Review"),
        ("return session.query(Product).join(Product.reviews).all()", "orm replica reviews"),
        ("return facade.add(session, 3)", "call operation shop.reviews.services.add"),
        ('facade.add(session, 3)\n    return importlib.import_module("shop.reviews.services").add(session, 3)', "import stay shop.reviews.services"),
    ],
)
def test_sqlalchemy_code_without_an_import_of_the_context_has_its_edge(code: str, edge: str) -> None:
    assert edge in edges(SQLALCHEMY, code)


@pytest.mark.parametrize(
    ("text", "target"), [(DJANGO, "shop.reviews.models.Note"), (SQLALCHEMY, "shop.reviews.models.Review")], ids=["Django", "SQLAlchemy"]
)
def test_a_relationship_that_names_a_model_of_the_context_is_an_edge_of_its_own(text: str, target: str) -> None:
    found = Monolith(text.replace("{code}", "pass")).edges("reviews", direction="in", source="shop.catalog.models.Product")
    assert [(edge.kind, edge.disposition, edge.target, edge.blocks) for edge in found] == [("accessor", "stay", target, "split")]


def test_a_foreign_key_by_label_is_one_edge() -> None:
    found = Monolith(DJANGO.replace("{code}", "pass")).edges("catalog", direction="in", source="shop.reviews.models.Review")
    assert [edge.kind for edge in found] == ["foreign-key"]


@pytest.mark.parametrize("called", ["facade.add", "shop.facade.add", "shop.reviews.add", "shop.reviews.services.add"])
def test_a_call_that_comes_through_another_module_is_sealed(called: str) -> None:
    drawn = Monolith(DJANGO.replace("{code}", f"return {called}(3)"))
    view = drawn.text("shop/catalog/views.py", "reviews")
    assert f"return {called}(3)" not in view and "return reviews.add(3)" in view and "from shop.boundaries import reviews" in view


def test_a_name_on_the_way_that_tests_replace_is_not_sealed() -> None:
    test = """
    # shop/catalog/tests/test_views.py
    from unittest.mock import patch

    def test_use():
        with patch("shop.facade.add"):
            pass
    """
    drawn = Monolith(DJANGO.replace("{code}", "return facade.add(3)"), test)
    assert [edge.disposition for edge in drawn.edges("reviews", kind="call", source="shop.catalog.views.use")] == ["stay"]
