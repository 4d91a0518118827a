"""Uses of a model in declarations: no call for a boundary, no question for a person."""

from __future__ import annotations

from textwrap import dedent

import pytest
from projects import Monolith
from reviews_shop import SHOP

HEAD = """
from django import forms
from django.db import models
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.views.generic import DetailView
from shop.catalog.models import Product
from shop.reviews.models import Review
"""

BASE = """
# shop/base.py
class Handler:
    model = None

    def find(self, key):
        return self.model.objects.get(pk=key)

    def write(self, data):
        form = self.form_class(data)
        form.save()
"""


def edges(code: str, *files: str, path: str = "shop/catalog/pages.py") -> list[str]:
    """The edges of the reviews from a file of the catalog and its base, with the step that each blocks."""
    found = Monolith(SHOP, f"# {path}\n{HEAD}{dedent(code)}", *files).edges("reviews")
    own = [edge for edge in found if edge.source.startswith(("shop.catalog.pages", "shop.catalog.models", "shop.base"))]
    return [f"{edge.kind} {edge.disposition} {edge.text}, {edge.blocks}" for edge in own if not edge.text.startswith("import ")]


@pytest.mark.parametrize(
    ("code", "edge"),
    [
        ("class Page(DetailView):\n    model = Review\n", "import stay , split"),
        ("class Page(DetailView):\n    queryset = Review.objects.filter(rating=3)\n", "orm stay objects.filter(rating=), split"),
        ("class Form(forms.ModelForm):\n    class Meta:\n        model = Review\n", "import stay , split"),
        ("class Form(forms.Form):\n    review = forms.ModelChoiceField(queryset=Review.objects.all())\n", "orm stay objects.all(), split"),
        ("@register(Review)\nclass Page:\n    pass\n", "import stay , split"),
        ("Alias = Review\n", "import stay , retire"),
        ("class Page:\n    every = list(Review.objects.all())\n", "orm decide objects.all(), switch"),
        ("register(Review)\n", "import decide , switch"),
    ],
)
def test_what_a_declaration_names_is_no_question(code: str, edge: str) -> None:
    assert edges(code) == [edge]


def test_a_field_and_a_listener_have_edges_that_say_more() -> None:
    code = """
    class Answer(models.Model):
        review = models.ForeignKey(
            Review,
            on_delete=models.CASCADE,
        )

    @receiver(post_save, sender=Review)
    def saved(sender, **named):
        pass
    """
    assert edges(code) == ["foreign-key replica catalog_answer.review_id -> reviews_review, split", "signal event post_save of Review, switch"]


def test_a_constant_of_a_model_is_no_query() -> None:
    text = SHOP.replace("    rating = models.IntegerField()", "    BEST = 5\n    class Kind(models.TextChoices):\n        LONG = 'l'\n    rating = models.IntegerField()")
    found = Monolith(text, f"# shop/catalog/pages.py\n{HEAD}\ndef page():\n    return Review.BEST, Review.Kind.LONG, Review._meta.label\n").edges("reviews")
    shown = [f"{edge.kind} {edge.disposition} {edge.text}" for edge in found if edge.source == "shop.catalog.pages.page"]
    assert shown == ["import stay BEST", "import stay Kind.LONG", "import stay _meta.label"]


def test_general_code_belongs_to_the_class_that_says_which_model_it_is_for() -> None:
    code = """
    from shop.base import Handler

    class ReviewForm(forms.ModelForm):
        class Meta:
            model = Review

    class ReviewHandler(Handler):
        model = Review
        form_class = ReviewForm
    """
    assert edges(code, BASE) == ["import stay , split", "import stay , split"]


def test_code_that_names_its_rows_itself_is_not_general() -> None:
    code = """
    from shop.base import Handler

    class ReviewHandler(Handler):
        model = Product

        def find(self, key):
            return self.model.objects.filter(reviews__rating=key)
    """
    assert edges(code, BASE) == ["orm replica read reviews_review, retire"]


def test_a_method_of_a_manager_is_one_edge() -> None:
    text = SHOP.replace("        return self.filter(rating__gte=4)", "        return self.filter(rating__gte=4)\n\n    def worst(self) -> int:\n        return self.count()")
    found = Monolith(text, f"# shop/catalog/pages.py\n{HEAD}\ndef page():\n    return Review.objects.worst()\n").edges("reviews")
    assert [edge.text for edge in found if edge.source == "shop.catalog.pages.page"] == ["objects.worst()"]


def test_a_view_that_is_named_elsewhere_than_in_the_url_configuration_has_an_edge() -> None:
    api = """
    # shop/reviews/api.py
    from rest_framework import serializers, viewsets
    from shop.reviews.models import Review

    class ReviewSerializer(serializers.ModelSerializer):
        class Meta:
            model = Review

    class ReviewViewSet(viewsets.ModelViewSet):
        queryset = Review.objects.all()
        serializer_class = ReviewSerializer

    # shop/urls.py
    from rest_framework.routers import SimpleRouter
    from shop.reviews.api import ReviewViewSet

    router = SimpleRouter()
    router.register("reviews", ReviewViewSet)
    urlpatterns = router.urls
    """
    text = SHOP.replace("INSTALLED_APPS", 'ROOT_URLCONF = "shop.urls"\nINSTALLED_APPS')
    pages = "# shop/catalog/pages.py\nfrom shop.reviews.api import ReviewViewSet\n\nclass Handler:\n    view = ReviewViewSet\n"
    found = Monolith(text, api, pages).edges("reviews", direction="in")
    assert [(edge.kind, edge.disposition) for edge in found if edge.source == "shop.catalog.pages.Handler"] == [("import", "stay")]
    assert {edge.kind for edge in found if edge.at.path == "shop/urls.py"} == {"route"}


def test_the_rows_of_a_class_that_is_told_its_model_stay_with_it() -> None:
    code = """
    class ReviewForm(forms.ModelForm):
        class Meta:
            model = Review

        def save(self, commit=True):
            review = super().save(commit=False)
            review.rating = 3
            review.save()
            return review
    """
    assert edges(code) == ["import stay , split", "orm stay save(), split"]
