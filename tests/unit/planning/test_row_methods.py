"""Methods of models at the end of an expression."""

from __future__ import annotations

import pytest
from projects import Monolith
from reviews_shop import SHOP

METHODS = '''
    def grade(self, scale: int, bonus: int = 0) -> float:
        return self.rating * scale + bonus

    def hide(self, why: str):
        self.text = why
        self.save()

    @staticmethod
    def allowed(text: str) -> bool:
        return Review.objects.filter(text=text).exists()

    @classmethod
    def worst(cls, limit: int) -> bool:
        return cls.objects.filter(rating__lt=limit).exists()

    def everything(self, *words):
        return self.objects.filter(text__in=words)
'''
TEXT = SHOP.replace("    objects = ReviewQuerySet.as_manager()\n", f"    objects = ReviewQuerySet.as_manager()\n{METHODS}").replace(
    "class Product(models.Model):", 'class Product(models.Model):\n    best = models.ForeignKey("reviews.Review", on_delete=models.CASCADE, related_name="+")'
)


def page(code: str) -> Monolith:
    head = "from shop.catalog.models import Product\nfrom shop.reviews.models import Review\n"
    return Monolith(TEXT, f"# shop/catalog/pages.py\n{head}\ndef page(product: Product, review: Review, pk: int):\n    {code}\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return review.grade(3)", "return reviews.grade_of_review(review, scale=3)"),
        ("return review.grade(3, bonus=1)", "return reviews.grade_of_review(review, scale=3, bonus=1)"),
        ("return review.grade(bonus=1, scale=pk)", "return reviews.grade_of_review(review, bonus=1, scale=pk)"),
        ("review.hide('spam')", "reviews.hide_review(review, why='spam')"),
        ("return Review.allowed(product.name)", "return reviews.allowed(value=product.name)"),
        ("return Review.worst(limit=pk)", "return reviews.worst(limit=pk)"),
        ("return Review.objects.get(pk=pk).grade(10)", "return reviews.grade_of_review(pk=pk)"),
        ("Review.objects.get(pk=pk).hide(product.name)", "reviews.hide_review(pk=pk, value=product.name)"),
        ("return product.best.grade(pk)", "return reviews.grade_of_best_of_product(product=product, value=pk)"),
    ],
)
def test_a_method_of_a_row_is_an_operation(before: str, after: str) -> None:
    assert page(before).text("shop/catalog/pages.py", "reviews").partition("    ")[2].rstrip() == after


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("review.everything('a')", "the parameter *words of everything() is open: name the arguments that callers give"),
        ("review.grade(*[3])", "* cannot be passed over the boundary"),
        ("review.save(True)", "save() is given positional arguments"),
        ("return Review.objects.filter(pk=pk).grade(3)", "the method grade() is not one whose result is known"),
    ],
)
def test_a_call_that_cannot_cross_needs_a_person(code: str, reason: str) -> None:
    assert [edge.reason for edge in page(code).edges("reviews", disposition="decide")] == [reason]


def test_a_command_is_not_repeated_and_a_missing_row_is_declared() -> None:
    hide = page("Review.objects.get(pk=pk).hide(product.name)").operation("reviews", "hide_review")
    assert (hide.kind, hide.idempotent, hide.returns, hide.errors) == ("command", False, "none", ("shop.reviews.models.Review.DoesNotExist",))


def test_a_method_of_the_monoliths_own_row_is_its_own_affair() -> None:
    shop = TEXT.replace('    name = models.CharField(max_length=50)', '    name = models.CharField(max_length=50)\n\n    def label(self):\n        return self.name')
    view = "# shop/catalog/pages.py\nfrom shop.reviews.models import Review\n\ndef page(review: Review):\n    return review.product.label()\n"
    assert Monolith(shop, view).edges("reviews", disposition="decide") == []
