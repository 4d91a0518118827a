"""What moves to the service, what stays and what both keep."""

from __future__ import annotations

from projects import Monolith
from reviews_shop import SHOP

from decompose.planning.placement import placements

API = """
# shop/urls.py
from django.urls import include, path
from rest_framework.routers import DefaultRouter
from shop.reviews import views

router = DefaultRouter()
router.register("reviews", views.ReviewViewSet)
urlpatterns = [path("api/", include(router.urls)), path("reviews/", views.page), path("mine/", views.Mine.as_view())]

# shop/reviews/views.py
from django.contrib import admin
from django.views.generic import ListView
from rest_framework import viewsets

from shop.core.text import shorten
from shop.reviews.models import Review
from shop.reviews.pages import layout

LIMIT = 3

class ReviewViewSet(viewsets.ModelViewSet):
    queryset = Review.objects.all()[:LIMIT]

    def title(self):
        return shorten("x")

class Mine(ListView):
    model = Review

def page(request):
    return layout(request)

# shop/reviews/pages.py
def layout(request):
    return 1

# shop/reviews/management/commands/sweep.py
from django.core.management.base import BaseCommand
from shop.reviews.models import Review

class Command(BaseCommand):
    def handle(self):
        Review.objects.all().delete()

# shop/core/text.py
import re

WIDTH = 20

def shorten(text):
    return cut(text)[:WIDTH]

def cut(text):
    return text.strip()

def unused(text):
    return text
"""


def placed(*files: str, context: str = "reviews") -> dict[str, str]:
    """The action for each module; for a split module with what goes."""
    project = Monolith(SHOP, *files)
    found = placements(project.sight, project.cut(context))
    return {each.module: each.action + "".join(f" {name.rpartition('.')[2]}" for name in each.definitions) for each in found}


def test_models_move_whole() -> None:
    assert placed()["shop.reviews.models"] == "move"


def test_api_moves_and_pages_stay() -> None:
    found = placed(API)
    assert found["shop.reviews.views"] == "move ReviewViewSet"
    assert found["shop.reviews.pages"] == "stay"


def test_commands_stay() -> None:
    assert placed(API)["shop.reviews.management.commands.sweep"] == "stay"


def test_packages_start_empty() -> None:
    assert placed(API)["shop.reviews"] == "drop"


def test_what_touches_no_data_is_shared_as_far_as_it_is_needed() -> None:
    assert placed(API)["shop.core.text"] == "share shorten cut"


def test_functions_that_others_call_move_with_what_they_need() -> None:
    files = """
    # shop/reviews/work.py
    from shop.reviews.models import Review
    from shop.reviews.inner import step

    def work(a: int) -> int:
        return step(Review.objects.filter(rating=a).count())

    def nobody():
        return Review.objects.count()

    # shop/reviews/inner.py
    def step(a):
        return a + 1

    # shop/catalog/views.py
    from shop.reviews.work import work

    def page():
        return work(1)
    """
    found = placed(files)
    assert (found["shop.reviews.work"], found["shop.reviews.inner"]) == ("move work", "move")


def test_a_function_that_touches_no_data_does_not_move_for_its_callers() -> None:
    files = "# shop/reviews/words.py\ndef clean(a):\n    return a\n\n# shop/catalog/views.py\nfrom shop.reviews.words import clean\n\ndef page():\n    return clean(1)\n"
    assert placed(files)["shop.reviews.words"] == "stay"


def test_the_closure_stops_at_code_that_works_on_the_data_of_others() -> None:
    files = """
    # shop/reviews/tasks.py
    from celery import shared_task
    from shop.stock.services import reserve

    @shared_task
    def remind():
        return reserve(1, 2)
    """
    project = Monolith(SHOP, files)
    cut = project.cut("reviews")
    assert "shop.stock.services" not in {each.module for each in placements(project.sight, cut)}
    assert "shop.stock.services.reserve" in {mention.target for mention in cut.outward}


def test_of_a_manager_of_another_context_only_the_methods_in_use_are_shared() -> None:
    files = """
    # shop/stock/models.py
    from django.db import models

    class ItemQuerySet(models.QuerySet):
        def here(self):
            return self.filter(number__gt=0)._near()

        def _near(self):
            return self

        def everywhere(self):
            return self.all()

    class Item(models.Model):
        number = models.IntegerField()
        objects = ItemQuerySet.as_manager()

    # shop/reviews/tasks.py
    from celery import shared_task
    from shop.stock.models import Item

    @shared_task
    def remind():
        return [item.number for item in Item.objects.here()]
    """
    project = Monolith(SHOP, files)
    assert placed(files)["shop.stock.models"] == "share ItemQuerySet _near here"
    assert project.replica("reviews", "Item").managers == (("objects", "ItemQuerySet.as_manager()", ("shop.stock.models.ItemQuerySet",)),)


def test_nothing_is_placed_twice() -> None:
    project = Monolith(SHOP, API)
    modules = [each.module for each in placements(project.sight, project.cut("reviews"))]
    assert len(modules) == len(set(modules))
