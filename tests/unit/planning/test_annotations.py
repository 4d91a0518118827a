"""What query sets add to their rows crosses with them, or the edge waits for a person: it is never lost."""

from __future__ import annotations

import pytest
from projects import Monolith
from reviews_shop import SHOP, VIEW

from decompose.model.migration import BoundaryEdge

MODELS = """
# shop/reviews/models.py
from django.db import models
from django.db.models import Avg, Count, F, Func, Max, Prefetch

class ReviewQuerySet(models.QuerySet):
    def with_votes(self):
        return self.annotate(helpful=Count("votes"), weight=Avg("votes__weight"))

    def for_page(self):
        return self.filter(rating__gte=4).with_votes().order_by("-helpful")

    def odd(self):
        return self.annotate(odd=Func(F("rating"), function="ODD"))

    def voted(self):
        return self.prefetch_related(Prefetch("votes", to_attr="all_votes"))

class Review(models.Model):
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="reviews")
    rating = models.IntegerField()
    text = models.TextField()
    objects = ReviewQuerySet.as_manager()

class Vote(models.Model):
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="votes")
    weight = models.IntegerField()

# shop/reviews/services.py
from shop.reviews.models import Review

def shown(product_id: int):
    return Review.objects.for_page().filter(product_id=product_id)

def shown_and_said(product_id: int) -> "list[Review]":
    return list(Review.objects.for_page().filter(product_id=product_id))

def sometimes(product_id: int, wanted: bool):
    reviews = Review.objects.filter(product_id=product_id)
    if wanted:
        reviews = reviews.with_votes()
    return reviews

def counted(review: Review) -> int:
    return Review.objects.filter(rating=review.rating).count()

def helped(review):
    return Review.objects.filter(rating=review.rating).count() + review.helpful
"""


def shop(body: str) -> Monolith:
    imports = "from shop.catalog.models import Product\nfrom shop.reviews import services\nfrom shop.reviews.models import Review\n"
    return Monolith(SHOP, MODELS, f"# {VIEW}\n{imports}\ndef page(product: Product, wanted: bool):\n    {body}\n")


def edge_of(found: Monolith) -> BoundaryEdge:
    edges = [edge for edge in found.edges("reviews") if edge.at.path == VIEW and edge.kind in ("orm", "call", "accessor") and edge.disposition != "replica"]
    return edges[0]


def returned(body: str) -> str:
    found = shop(body)
    edge = edge_of(found)
    return found.operation("reviews", edge.operation).returns if edge.operation else edge.reason


VOTED = "ReviewWithHelpfulAndWeight"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("return Review.objects.for_page()", f"list:entity:{VOTED}"),
        ("return Review.objects.for_page().filter(product=product)[0].helpful", f"list:entity:{VOTED}"),
        ("return Review.objects.with_votes().get(pk=1)", f"entity:{VOTED}"),
        ("return product.reviews.with_votes()", f"list:entity:{VOTED}"),
        ("return Review.objects.with_votes().count()", "integer"),
        ("return Review.objects.with_votes().values('helpful')", "json"),
        ("return Review.objects.values('text').filter(rating=1)", "json"),
        ("return Review.objects.values('text').first()", "json"),
        ("return services.shown(1)", f"list:entity:{VOTED}"),
        ("return services.shown_and_said(1)", f"list:entity:{VOTED}"),
        ("return Review.objects.filter(rating=1)", "list:entity:Review"),
    ],
)
def test_rows_bring_along_what_their_query_adds(body: str, wanted: str) -> None:
    assert returned(body) == wanted


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("return Review.objects.odd()", "the annotation 'odd' (shop/reviews/models.py:12) of the rows would be lost: what Func gives is not known: say it with output_field"),
        ("return Review.objects.voted()", "the annotation 'all_votes' (shop/reviews/models.py:15) of the rows would be lost: it is a list of other rows"),
        ("return services.sometimes(1, wanted)", "the annotation 'helpful' (shop/reviews/models.py:6) of the rows would be lost: only some of the rows have it"),
        ("return Review.objects.annotate(n=Count('votes'))", "Count cannot be passed over the boundary: the annotation 'n' belongs into a method of the query set"),
        ("return Review.objects.extra(select={'n': '1'}).filter(rating=1)", "the annotation 'n' (shop/catalog/views.py:6) of the rows would be lost: its SQL says no type"),
        (
            "for review in Review.objects.with_votes():\n        services.helped(review)",
            "helped() reads 'helpful' of the rows that it is given, an annotation that does not travel with them",
        ),
    ],
)
def test_what_cannot_travel_waits_for_a_person(body: str, wanted: str) -> None:
    body = body if "Count" not in body else f"from django.db.models import Count\n    {body}"
    found = shop(body)
    waiting = [edge.reason for edge in found.edges("reviews", disposition="decide") if edge.at.path == VIEW]
    assert wanted in waiting


def test_a_row_with_an_annotation_is_a_row_of_its_model() -> None:
    found = shop("for review in Review.objects.with_votes():\n        services.counted(review)\n        review.save()").boundary("reviews")
    plain, more = [entity for entity in found.entities if entity.name.startswith("Review")]
    assert (more.name, more.extends, more.model) == (VOTED, "Review", plain.model)
    assert [(each.name, each.type, each.nullable) for each in more.fields[len(plain.fields) :]] == [("helpful", "integer", False), ("weight", "float", True)]
    given = {each.name: each.parameters[0].type for each in found.operations if each.parameters}
    assert (given["counted"], given["save_review"]) == ("entity:Review", "entity:Review")


def test_a_manager_that_adds_to_every_row_is_seen() -> None:
    models = MODELS.replace("objects = ReviewQuerySet.as_manager()", "objects = Counted()").replace(
        "class Review(models.Model)",
        "class Counted(models.Manager):\n    def get_queryset(self):\n        return super().get_queryset().annotate(best=Max('votes__weight'))\n\nclass Review(models.Model)",
    )
    view = f"# {VIEW}\nfrom shop.reviews.models import Review\n\ndef page():\n    return Review.objects.filter(rating=1)\n"
    found = Monolith(SHOP, models, view)
    assert [each.returns for each in found.boundary("reviews").operations if each.name == "list_reviews"] == ["list:entity:ReviewWithBest"]
