"""Call sites before and after they are sealed."""

from __future__ import annotations

import ast
from textwrap import dedent

import msgspec
import pytest
from projects import Monolith
from reviews_shop import MODELS, SHOP, VIEW, body, sealed, shop

from decompose.errors import Drifted, RefusedInput
from decompose.model.settings import EdgeDecision
from decompose.rewrite.seal import seal

# --- expressions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Review.objects.filter(product=product, rating__gte=3).count()", "reviews.count_reviews_by_product_and_rating_gte(product=product, rating__gte=3)"),
        ("Review.objects.filter(product=product).exclude(rating=1).exists()", "reviews.review_exists(product=product, rating=1)"),
        ("Review.objects.filter(rating=1).exclude(rating=2).count()", "reviews.count_reviews_by_rating_and_rating_2(rating=1, rating_2=2)"),
        ('Review.objects.order_by("-rating").first()', "reviews.first_review()"),
        ('Review.objects.order_by("pk" if pk else "text")', 'reviews.list_reviews(value="pk" if pk else "text")'),
        ("Review.objects.get(pk=pk).text", "reviews.get_review(pk=pk).text"),
        ("Review.objects.filter(rating=3)[:5]", "reviews.list_reviews(rating=3, limit=5)"),
        ("Review.objects.filter(rating=3)[0].text", "reviews.list_reviews(rating=3, limit=1)[0].text"),
        ("Review.objects.good().filter(rating=1).count()", "reviews.count_good_reviews(rating=1)"),
        ('Review(rating=3, text="fine")', 'reviews.new_review(rating=3, text="fine")'),
        ("Review.objects.filter(pk=pk).update(rating=rating)", "reviews.update_reviews(pk=pk, rating=rating)"),
        ("Review.objects.filter(rating=(best := 5)).count()", "reviews.count_reviews(rating=(best := 5))"),
    ],
)  # fmt: skip
def test_a_chain_becomes_one_call_with_the_same_values(before: str, after: str) -> None:
    assert body(f"return {before}") == f"return {after}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("product.reviews.filter(rating=3).count()", "reviews.count_reviews(product=product, rating=3)"),
        ("product.reviews.count()", "reviews.count_reviews(product=product)"),
        ("list(product.reviews.all())", "list(reviews.list_reviews(product=product))"),
        ("Product.objects.get(pk=pk).reviews.count()", "reviews.count_reviews(product=Product.objects.get(pk=pk))"),
        ("product.summary.text", "reviews.get_summary(product=product).text"),
        ("product.summary", "reviews.get_summary(product=product)"),
    ],
)
def test_a_reverse_accessor_gives_its_owner_as_an_argument(before: str, after: str) -> None:
    assert body(f"return {before}") == f"return {after}"


def test_a_shortcut_function_under_another_name_becomes_a_call() -> None:
    imports = MODELS + "from django.shortcuts import get_object_or_404 as fetch\n"
    assert body("return fetch(Review, pk=pk)", imports=imports) == "return reviews.get_review(pk=pk)"


def test_an_exception_of_the_model_is_caught_by_its_name_on_the_boundary() -> None:
    code = """
        try:
            return Review.objects.get(pk=pk)
        except (KeyError, Review.DoesNotExist):
            return None
    """
    assert "except (KeyError, reviews.ReviewDoesNotExist):" in body(code)


def test_a_method_of_a_row_becomes_a_call_with_the_row() -> None:
    code = """
        review = Review.objects.get(pk=pk)
        review.save(update_fields=["text"])
        review.delete()
    """
    assert body(code).splitlines()[1:] == ['reviews.save_review(review, update_fields=["text"])', "reviews.delete_review(review)"]


def test_an_expression_inside_another_is_sealed_first() -> None:
    before = "return Review.objects.filter(rating=Review.objects.filter(pk=pk).count()).exists()"
    assert body(before) == "return reviews.review_exists(rating=reviews.count_reviews(pk=pk))"


def test_two_expressions_on_one_line_are_both_sealed() -> None:
    assert body("return Review.objects.count(), product.reviews.count()") == (
        "return reviews.count_reviews(), reviews.count_reviews_by_product(product=product)"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[r.text for r in Review.objects.filter(rating=3) if r.rating]", "[r.text for r in reviews.list_reviews(rating=3) if r.rating]"),
        ("lambda: Review.objects.count()", "lambda: reviews.count_reviews()"),
        ("not(Review.objects.exists())", "not(reviews.review_exists())"),
        ("1 if(Review.objects.exists())else 2", "1 if(reviews.review_exists())else 2"),
        ('"größer: ✓ 𝄞", Review.objects.filter(rating=3).count()', '"größer: ✓ 𝄞", reviews.count_reviews(rating=3)'),
        ('f"{Review.objects.filter(rating=3).count()} reviews"', 'f"{reviews.count_reviews(rating=3)} reviews"'),
        ('"a" "b", Review.objects.filter(text="a" "b").count()', '"a" "b", reviews.count_reviews(text="a" "b")'),
    ],
)
def test_what_stands_around_an_expression_stays(before: str, after: str) -> None:
    assert body(f"return {before}") == f"return {after}"


# --- layout ---------------------------------------------------------------------------------------


def test_a_chain_over_several_lines_becomes_one_line_where_it_fits() -> None:
    code = """
        count = (
            Review.objects
            .filter(
                rating=1,
            )
            .count()
        )
    """
    assert body(code) == "count = reviews.count_reviews(rating=1)"


def test_a_call_that_does_not_fit_has_one_argument_a_line() -> None:
    code = f"{MODELS}\ndef page(product: Product):\n    if product:\n        return Review.objects.filter(product=product, rating=3).count()\n"
    assert sealed(code, width=60).partition("if product:\n")[2] == (
        "        return reviews.count_reviews_by_product_and_rating(\n            product=product,\n            rating=3,\n        )\n"
    )


def test_an_argument_over_several_lines_keeps_its_lines() -> None:
    code = """
        return Review.objects.filter(rating__in=[
            1,
            2,
        ]).count()
    """
    assert ast.dump(ast.parse(body(code).removeprefix("return "))) == ast.dump(ast.parse("reviews.count_reviews_by_rating_in(rating__in=[1, 2])"))


def test_a_call_in_an_f_string_stays_on_its_line() -> None:
    code = f'{MODELS}\ndef page(product: Product):\n    return f"{{Review.objects.filter(product=product, rating=3).count()}} reviews"\n'
    assert sealed(code, width=40).splitlines()[-1] == '    return f"{reviews.count_reviews_by_product_and_rating(product=product, rating=3)} reviews"'


def test_a_form_feed_above_an_expression_does_not_move_it() -> None:
    code = f"{MODELS}\f\ndef page():\n    return Review.objects.count()\n"
    assert sealed(code).endswith("    return reviews.count_reviews()\n")


def test_a_file_with_windows_line_ends_keeps_them() -> None:
    code = f"{MODELS}\ndef page():\n    return Review.objects.count()\n".replace("\n", "\r\n")
    project = shop("")
    project.files[VIEW] = code
    assert project.text(VIEW, "reviews").count("\r\n") == project.text(VIEW, "reviews").count("\n") == 5


def test_a_byte_order_mark_does_not_hide_an_expression() -> None:
    project = shop("")
    project.files[VIEW] = f"\ufeff{MODELS}\ndef page():\n    return Review.objects.count()\n"
    after = project.text(VIEW, "reviews")
    assert after.startswith("\ufefffrom shop.boundaries import reviews")
    assert "reviews.count_reviews()" in after


# --- imports --------------------------------------------------------------------------------------


def test_an_import_without_a_use_left_gives_way_to_that_of_the_boundary() -> None:
    code = """
        import os

        # What the shop sells.
        from shop.catalog.models import Product
        from shop.reviews.models import Review

        def page(product: Product):
            return Review.objects.count()
    """
    assert sealed(code).partition("\ndef ")[0] == dedent("""\
        import os

        # What the shop sells.
        from shop.boundaries import reviews
        from shop.catalog.models import Product
        """)


def test_a_name_in_a_quoted_annotation_keeps_its_import() -> None:
    code = """
        from shop.reviews.models import Review

        def page() -> "list[Review]":
            return list(Review.objects.all())
    """
    assert "from shop.reviews.models import Review\n" in sealed(code)


def test_a_name_that_is_only_a_keyword_or_attribute_elsewhere_loses_its_import() -> None:
    code = """
        from shop.reviews.services import best

        def page(view):
            return view.best(best=best(product_id=1))
    """
    assert sealed(code).startswith("from shop.boundaries.reviews import best\n\ndef page")


def test_a_name_imported_for_others_stays() -> None:
    code = """
        from shop.reviews.models import Review, Summary

        def page():
            return Review.objects.count()
    """
    assert "from shop.reviews.models import Summary\n" in sealed(code)


def test_a_function_keeps_its_name_and_comes_from_the_boundary() -> None:
    code = """
        from shop.catalog.models import Product
        from shop.reviews.services import add as write, best

        def page(product: Product):
            write(product.pk, rating=3)
            return best(product.pk)
    """
    after = sealed(code)
    assert after.startswith("from shop.boundaries.reviews import add as write, best\nfrom shop.catalog.models import Product\n")
    assert after.endswith("    write(product.pk, rating=3)\n    return best(product.pk)\n")


def test_an_import_in_a_function_is_switched_in_its_place() -> None:
    code = """
        def page():
            # Loaded late: a circle otherwise.
            from shop.reviews.services import best  # noqa

            return best(1)
    """
    assert sealed(code) == dedent(code).strip("\n").replace("shop.reviews.services", "shop.boundaries.reviews") + "\n"


def test_what_an_import_shares_with_a_function_stays() -> None:
    code = """
        from shop.reviews.services import best, Review

        def page():
            return best(1), Review
    """
    assert sealed(code).startswith("from shop.boundaries.reviews import best\nfrom shop.reviews.services import Review\n")


def test_a_function_of_an_imported_module_is_called_on_the_boundary() -> None:
    code = """
        from shop.reviews import services

        def page():
            return services.best(1)
    """
    assert sealed(code) == "from shop.boundaries import reviews\n\ndef page():\n    return reviews.best(1)\n"


def test_an_import_line_that_is_too_long_is_folded() -> None:
    code = """
        from shop.reviews.services import add, best

        def page():
            return add(1, 2), best(1)
    """
    assert sealed(code, width=40).startswith("from shop.boundaries.reviews import (\n    add,\n    best,\n)\n")


@pytest.mark.parametrize(
    ("imports", "reason"),
    [("from shop.reviews.services import *", "star"), ("import os; from shop.reviews.services import best", "several statements")],
)
def test_a_function_whose_import_cannot_be_switched_is_reported(imports: str, reason: str) -> None:
    project = shop(f"{imports}\n\ndef page():\n    return best(1)\n")
    assert project.text(VIEW, "reviews") == project.files[VIEW]
    assert [reason in why for _, _, why in project.sealed("reviews").left] == [True]


def test_a_function_that_a_person_keeps_in_one_place_keeps_its_import() -> None:
    view = "from shop.reviews.services import best\n\ndef page():\n    return best(1)\n\ndef other():\n    return best(2)\n"
    edge = next(each for each in shop(view).edges("reviews", kind="call") if each.source.endswith("other"))
    project = shop(view, decisions=[EdgeDecision(edge.id, "stay")])
    assert project.text(VIEW, "reviews") == view
    assert ["share one import" in why for _, _, why in project.sealed("reviews").left] == [True]


def test_the_boundary_gets_another_name_where_its_own_is_taken() -> None:
    code = f"{MODELS}\ndef page(reviews):\n    return Review.objects.count(), reviews\n"
    after = sealed(code)
    assert "from shop.boundaries import reviews as reviews_boundary\n" in after
    assert "return reviews_boundary.count_reviews(), reviews\n" in after


def test_a_name_that_a_test_patches_stays() -> None:
    view = """
        from shop.reviews.models import Review
        from shop.reviews.services import best

        def page():
            return best(Review.objects.count())
    """
    test = """
        # shop/catalog/tests.py
        from unittest import mock

        @mock.patch("shop.catalog.views.best")
        @mock.patch("shop.catalog.views.Review")
        def test_page(*mocks):
            pass
    """
    after = Monolith(SHOP, f"# {VIEW}\n{dedent(view)}", test).text(VIEW, "reviews")
    assert after.endswith("    return best(Review.objects.count())\n")
    assert "from shop.boundaries.reviews import best\n" in after


def test_a_module_without_imports_gets_one_below_its_docstring() -> None:
    code = '"""Pages."""\n\ndef page(product: "shop.catalog.models.Product"):\n    import shop.reviews.models\n\n    return shop.reviews.models.Review.objects.count()\n'
    assert sealed(code).startswith('"""Pages."""\n\nfrom shop.boundaries import reviews\n')


# --- files ----------------------------------------------------------------------------------------


def test_two_contexts_are_sealed_in_one_file() -> None:
    code = """
        from shop.catalog.models import Product
        from shop.reviews.services import best
        from shop.stock.models import Item

        def page(product: Product):
            return best(Item.objects.filter(product=product).count()), product.items.count()
    """
    assert sealed(code, "reviews", "stock") == dedent("""\
        from shop.boundaries import stock
        from shop.boundaries.reviews import best
        from shop.catalog.models import Product

        def page(product: Product):
            return best(stock.count_items(product=product)), stock.count_items(product=product)
        """)


def test_an_expression_with_a_comment_inside_is_left_and_reported() -> None:
    code = f"{MODELS}\ndef page():\n    return Review.objects.filter(\n        rating=1,  # the worst\n    ).count()\n"
    assert [why for _, _, why in shop(code).sealed("reviews").left] == ["a comment stands inside the expression"]
    assert sealed(code) == shop(code).files[VIEW]


def test_a_file_whose_expressions_moved_is_refused() -> None:
    project = shop(f"{MODELS}\ndef page():\n    return Review.objects.count()\n")
    seals = project.seals("reviews")
    with pytest.raises(Drifted, match="not what the plan says"):
        seal(seals, [VIEW], {VIEW: b"\n" + project.files[VIEW].encode()}, {VIEW: "shop.catalog.views"})


def test_tests_admin_and_commands_are_not_rewritten() -> None:
    others = "".join(
        f"# shop/catalog/{path}\nfrom shop.reviews.models import Review\n\ndef f():\n    return Review.objects.count()\n\n"
        for path in ("tests.py", "admin.py", "migrations/0002_more.py")
    )
    assert not [path for path in Monolith(SHOP, others).sealed("reviews").texts if "catalog" in path]


def test_a_file_without_an_edge_keeps_its_bytes() -> None:
    project = shop(f"import os, sys\nx = (  1 )\n{MODELS}\n")
    assert not seal(project.seals("reviews"), [VIEW], _bytes(project), _names(project)).texts


def test_sealing_a_sealed_file_changes_nothing() -> None:
    code = f"{MODELS}from shop.reviews.services import best\n\ndef page(product: Product):\n    return best(product.reviews.count())\n"
    once = sealed(code)
    assert once != code
    assert sealed(once) == once


def test_the_order_of_the_edges_does_not_matter() -> None:
    project = shop(f"{MODELS}\ndef page(product: Product):\n    return Review.objects.count(), product.reviews.count()\n")
    turned = [msgspec.structs.replace(each, edges=each.edges[::-1]) for each in project.seals("reviews")]
    assert seal(turned, [VIEW], _bytes(project), _names(project)).texts[VIEW] == project.sealed("reviews").texts[VIEW]


def _bytes(project: Monolith) -> dict[str, bytes]:
    return {path: text.encode() for path, text in project.files.items()}


def _names(project: Monolith) -> dict[str, str]:
    return {module.path: module.name for module in project.program.modules.values()}


@pytest.mark.parametrize("code", ["return((lambda: 1))", "return((a if b else c))"])
def test_a_file_that_libcst_cannot_read_is_refused_with_its_place(code: str) -> None:
    with pytest.raises(RefusedInput) as refused:
        seal([], ["m.py"], {"m.py": f"def f(a, b, c):\n    {code}\n".encode()}, {"m.py": "m"})
    assert refused.value.place == "m.py"


def test_a_call_of_a_function_in_the_same_file_goes_through_the_boundary() -> None:
    more = """
        # shop/reviews/work.py
        from shop.reviews.models import Review

        def work(a: int) -> int:
            return Review.objects.filter(rating=a).count()

        def page(request):
            return work(1)

        LATE = work(3)

        # shop/catalog/views.py
        from shop.reviews.work import work

        def other():
            return work(2)
    """
    found = Monolith(SHOP, more).sealed("reviews")
    assert "def page(request):\n    return reviews.work(1)\n\nLATE = work(3)\n" in found.texts["shop/reviews/work.py"].decode()
    assert found.left == ()


def test_a_function_of_the_same_file_under_another_name_is_left_and_says_why() -> None:
    more = """
        # shop/reviews/work.py
        from shop.reviews.models import Review

        def work(a: int) -> int:
            return Review.objects.filter(rating=a).count()

        do = work

        def page(request):
            return do(1)

        # shop/catalog/views.py
        from shop.reviews.work import work

        def other():
            return work(2)
    """
    found = Monolith(SHOP, more).sealed("reviews")
    assert "shop/reviews/work.py" not in found.texts
    assert [why for _, _, why in found.left] == ["the function is defined in this file, and called by another name"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return Review.objects.filter(rating=1)[:3]", "return reviews.list_reviews(rating=1, limit=3)"),
        ("return Review.objects.filter(rating=1)[pk : pk + 3]", "return reviews.list_reviews(rating=1, start=pk, stop=pk + 3)"),
        ("return Review.objects.filter(rating=1)[pk:]", "return reviews.list_reviews(rating=1, start=pk)"),
        ("return Review.objects.filter(rating=1)[2].text", "return reviews.list_reviews(rating=1, limit=3)[2].text"),
        ("return list(product.reviews.all()[:rating])", "return list(reviews.list_reviews(product=product, limit=rating))"),
        ("return Review.objects.filter(rating=1)[::2]", "return reviews.list_reviews(rating=1)[::2]"),
        (
            "a = Review.objects.filter(rating=1)[:3]\nb = Review.objects.filter(rating=2)\nreturn a, b, Review.objects.filter(rating=3)[pk:9]",
            "a = reviews.list_reviews(rating=1, stop=3)\nb = reviews.list_reviews(rating=2)\nreturn a, b, reviews.list_reviews(rating=3, start=pk, stop=9)",
        ),
    ],
)
def test_a_slice_of_rows_becomes_a_limit_of_the_call(before: str, after: str) -> None:
    assert body(before, imports=MODELS) == after
