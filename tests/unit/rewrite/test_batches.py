"""Calls in loops: a batch where nothing else changes, a warning elsewhere."""

from __future__ import annotations

import pytest
from projects import Monolith
from reviews_shop import SHOP

HEAD = "from shop.catalog.models import Product\nfrom shop.reviews.models import Review\n"
TEXT = SHOP.replace(
    "class Product(models.Model):", 'class Product(models.Model):\n    best = models.ForeignKey("reviews.Review", on_delete=models.CASCADE, related_name="+")'
)


def page(code: str) -> Monolith:
    return Monolith(TEXT, f"# shop/catalog/pages.py\n{HEAD}\ndef page(products: list[Product], keys):\n    {code}\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return [Review.objects.get(pk=key) for key in keys]", "return reviews.get_review_for_each(pks=keys)"),
        (
            "return [Review.objects.get(pk=each.best_id).text for each in Product.objects.all()]",
            "return [each.text for each in reviews.get_review_for_each(pks=[each.best_id for each in Product.objects.all()])]",
        ),
        ("return sum(each.reviews.count() for each in Product.objects.all())", "return sum(reviews.count_reviews_for_each(products=Product.objects.all()))"),
        (
            "return [each.best.rating for each in Product.objects.all()]",
            "return [each.rating for each in reviews.get_best_of_product_for_each(products=Product.objects.all())]",
        ),
        (
            "return list(each.best.text for each in Product.objects.all())",
            "return list(each.text for each in reviews.get_best_of_product_for_each(products=Product.objects.all()))",
        ),
    ],
)
def test_a_comprehension_of_calls_becomes_one(before: str, after: str) -> None:
    assert page(before).text("shop/catalog/pages.py", "reviews").partition("    ")[2].rstrip() == after


@pytest.mark.parametrize(
    "code",
    [
        "return [Review.objects.get(pk=key) for key in keys if key]",
        "return any(Review.objects.filter(pk=key).exists() for key in keys)",
        "return [Review.objects.get(pk=int(key)) for key in keys]",
        "return [Review.objects.get(pk=keys[0]) for key in keys]",
        "return [1 + Review.objects.filter(pk=key).count() for key in keys]",
        "return {Review.objects.get(pk=key) for key in keys}",
        "for key in keys:\n        print(Review.objects.get(pk=key))",
    ],
)
def test_elsewhere_the_loop_is_named(code: str) -> None:
    project = page(code)
    [(_, place, reason)] = project.sealed("reviews").left
    assert place.startswith("shop/catalog/pages.py:")
    assert reason.startswith("one call for each turn of the loop on line ")
    assert "_for_each(" not in project.text("shop/catalog/pages.py", "reviews")


def test_a_batch_runs_the_same_expression_for_each_item() -> None:
    batch = page("return [Review.objects.get(pk=key) for key in keys]").operation("reviews", "get_review_for_each")
    assert (batch.expression, batch.returns, batch.idempotent) == ("[Review.objects.get(pk=pk) for pk in pks]", "list:entity:Review", True)
    assert [(each.name, each.type) for each in batch.parameters] == [("pks", "list:integer")]
    assert batch.errors == ("shop.reviews.models.Review.DoesNotExist",)


@pytest.mark.parametrize("call", ["Review.objects.create(rating=key)", "Review.objects.filter(pk=key).first()", "Review.objects.filter(pk=key, rating=1).count()"])
def test_commands_rows_that_may_be_missing_and_several_arguments_have_no_batch(call: str) -> None:
    names = [each.name for each in page(f"return [{call} for key in keys]").boundary("reviews").operations]
    assert not any(name.endswith("_for_each") for name in names)


def test_the_edge_says_in_which_loop_it_is_and_what_asks_for_all() -> None:
    [edge] = page("return [Review.objects.get(pk=key) for key in keys]").edges("reviews", source="shop.catalog.pages.page")
    assert (edge.loop, edge.batch) == (5, "get_review_for_each")
    assert edge.reason == "named from its shape; one call for each turn of the loop on line 5: get_review_for_each asks for all in one"
