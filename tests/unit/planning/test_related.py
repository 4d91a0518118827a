"""Rows that are reached over a foreign key, in both directions of the cut."""

from __future__ import annotations

import pytest
from projects import Monolith
from reviews_shop import SHOP

FINE = """
# shop/catalog/fines.py
from django.db import models

class Fine(models.Model):
    review = models.ForeignKey("reviews.Review", on_delete=models.CASCADE, null=True)
    text = models.TextField()
"""

NOTED = SHOP.replace(
    "class Summary(models.Model):",
    'class Note(models.Model):\n    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="notes")\n    text = models.TextField()\n\nclass Summary(models.Model):',
)


def page(code: str) -> Monolith:
    head = "from shop.catalog.models import Fine\nfrom shop.reviews.models import Note, Review\n"
    fine = FINE.partition("\n\n")[2]
    shop = NOTED.replace("class Product(models.Model):", f"{fine}\nclass Product(models.Model):")
    return Monolith(shop, f"# shop/catalog/pages.py\n{head}\ndef page(fine: Fine, note: Note, pk: int):\n    {code}\n")


def body(code: str) -> str:
    return page(code).text("shop/catalog/pages.py", "reviews").partition("    ")[2].rstrip()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return fine.review", "return reviews.get_review_of_fine(fine=fine)"),
        ("return fine.review.text", "return reviews.get_review_of_fine(fine=fine).text"),
        ("return Fine.objects.get(pk=pk).review.text", "return reviews.get_review_of_fine(fine=Fine.objects.get(pk=pk)).text"),
        ("return note.review.rating", "return reviews.get_review_of_note(note=note).rating"),
        ("return fine.review.product.name", "return reviews.get_review_of_fine(fine=fine).product.name"),
        ("return fine.review_id", "return fine.review_id"),
        ("return note.review.product.name", "return reviews.get_review_of_note(note=note).product.name"),
        ("return fine.review.notes.count()", "return reviews.count_notes(review=reviews.get_review_of_fine(fine=fine))"),
    ],
)
def test_a_row_behind_a_key_comes_from_an_operation(before: str, after: str) -> None:
    assert body(before) == after


def test_the_operation_says_that_only_the_key_travels() -> None:
    operation = page("return fine.review").operation("reviews", "get_review_of_fine")
    assert [(each.name, each.type, each.nullable) for each in operation.parameters] == [("fine", "related:review:shop.reviews.models.Review", True)]
    assert (operation.expression, operation.optional, operation.errors) == ("fine.review", True, ("shop.reviews.models.Review.DoesNotExist",))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("fine.review.text = 'x'", "the row behind review is changed here: change it in a function of the context"),
        ("fine.review.save()", "save() is called on the row behind review: make it a function of the context"),
    ],
)
def test_a_row_behind_a_key_that_is_changed_needs_a_person(code: str, reason: str) -> None:
    assert [edge.reason for edge in page(code).edges("reviews", disposition="decide")] == [reason]


def test_a_key_to_another_column_is_not_followed() -> None:
    text = FINE.replace("null=True", "null=True, to_field='text'").partition("\n\n")[2]
    shop = SHOP.replace("class Product(models.Model):", f"{text}\nclass Product(models.Model):")
    view = "# shop/catalog/pages.py\nfrom shop.catalog.models import Fine\n\ndef page(fine: Fine):\n    return fine.review\n"
    assert [edge.reason for edge in Monolith(shop, view).edges("reviews", disposition="decide")] == ["review refers by another column than the primary key"]


def test_a_contract_type_knows_the_rows_of_its_callers_that_it_leads_to() -> None:
    [entity] = page("return Review.objects.get(pk=pk).product.name").boundary("reviews").entities
    assert entity.relations == (("product", "shop.catalog.models.Product"), ("author", "django.contrib.auth.models.User"))


def test_rows_reached_from_one_that_is_held_are_one_edge() -> None:
    found = page("return list(Review.objects.get(pk=pk).notes.all())").edges("reviews", source="shop.catalog.pages.page")
    assert [f"{edge.kind} {edge.disposition} {edge.text}" for edge in found if edge.kind != "annotation"] == ["accessor operation notes.all()", "orm operation objects.get(pk=).notes.all()"]
