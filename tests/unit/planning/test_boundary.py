"""Edges across the cut, each with one disposition."""

from __future__ import annotations

from textwrap import dedent

import pytest
from projects import Monolith
from reviews_shop import MODELS, SHOP, VIEW, shop

from decompose.errors import ConfigError
from decompose.model.migration import BoundaryEdge
from decompose.model.settings import EdgeDecision


def shown(edge: BoundaryEdge) -> str:
    return f"{edge.direction} {edge.kind} {edge.disposition} {edge.text}"


def edges(view: str, *files: str, source: str = "shop.catalog") -> list[str]:
    """The edges between the reviews and the catalog, in a short form."""
    found = Monolith(SHOP, f"# {VIEW}\n{dedent(view)}", *files).edges("reviews")
    return [shown(edge) for edge in found if edge.source.startswith(source)]


def page(code: str) -> str:
    return f"{MODELS}\ndef page(product: Product, pk: int):\n    {code}\n"


# --- what becomes of a use ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "edge"),
    [
        ("return Review.objects.filter(rating=3).count()", "in orm operation objects.filter(rating=).count()"),
        ("return product.reviews.count()", "in accessor operation reviews.count()"),
        ("return Review(rating=3)", "in construction operation (rating=)"),
        ("return page(Review)", "in import decide "),
        ("return Review.objects", "in orm decide objects"),
        ("return Review.objects.get_or_create(rating=3)", "in orm decide objects.get_or_create(rating=)"),
        ("return Review.objects.create(**{'rating': 3})", "in orm decide objects.create(**)"),
        ("return Review.objects.get(pk=pk).product.name", "in orm operation objects.get(pk=).product.name"),
        ("return Review.objects.get(pk=pk).product", "in orm operation objects.get(pk=).product"),
        ("return Review.objects.get(pk=pk).product_id", "in orm operation objects.get(pk=).product_id"),
        ("product.summary = None", "in accessor decide summary"),
        ("return Product.objects.filter(reviews__rating=3)", "in orm replica read reviews_review"),
    ],
)
def test_a_use_of_a_model_has_one_disposition(code: str, edge: str) -> None:
    assert [each for each in edges(page(code)) if "import stay" not in each] == [edge]


def test_a_join_is_seen_beside_a_use_that_is_sealed() -> None:
    found = edges(page("Product.objects.filter(reviews__rating=3)\n    return Review.objects.count()"))
    assert found == ["in orm replica read reviews_review", "in orm operation objects.count()"]


GOOD = "    text = models.TextField()\n\n    @property\n    def good(self){}:\n        return {}\n\n    objects"


@pytest.mark.parametrize(
    ("property", "code", "waiting"),
    [
        ((" -> bool", "self.rating > 3"), "return [review.good for review in product.reviews.all()]", 0),
        (("", "help(self.rating)"), "return [review.good for review in product.reviews.all()]", 1),
        ((" -> bool", "self.product.reviews.count() > 3"), "return [review.good for review in product.reviews.all()]", 1),
        ((" -> bool", "self.rating > 3"), "review = Review.objects.get(pk=pk)\n    review.rating = 5\n    return review.good", 1),
    ],
    ids=["columns", "no-type", "data", "changed"],
)
def test_a_row_carries_what_its_model_computes_from_its_columns(property: tuple[str, str], code: str, waiting: int) -> None:
    text = SHOP.replace("    text = models.TextField()\n    objects", GOOD.format(*property))
    found = Monolith(text, f"# {VIEW}\n{page(code)}").boundary("reviews")
    reasons = [edge.reason for edge in found.edges if edge.disposition == "decide"]
    assert [each.startswith("good is computed by the model from more than its columns") for each in reasons] == [True] * waiting
    [entity] = found.entities
    assert [(field.type, field.path) for field in entity.fields if field.name == "good"] == [("boolean", "good")] * (1 - waiting)


def test_an_exception_is_an_operation_where_some_call_raises_it() -> None:
    code = "try:\n        return {}\n    except Review.MultipleObjectsReturned:\n        return None"
    assert "in exception operation MultipleObjectsReturned" in edges(page(code.format("Review.objects.get(pk=pk)")))
    assert "in exception stay MultipleObjectsReturned" in edges(page(code.format("Review.objects.count()")))


def test_what_callers_catch_is_declared_by_the_operation() -> None:
    code = "try:\n        return Review.objects.get(pk=pk)\n    except Review.MultipleObjectsReturned:\n        return None"
    assert shop(page(code)).operation("reviews", "get_review").errors == (
        "shop.reviews.models.Review.DoesNotExist",
        "shop.reviews.models.Review.MultipleObjectsReturned",
    )


def test_a_function_that_touches_data_is_an_operation_and_one_that_does_not_is_shared() -> None:
    files = "# shop/reviews/words.py\nSHORT = 5\n\ndef clean(text):\n    return text.strip()\n"
    view = "from shop.reviews.services import best\nfrom shop.reviews.words import SHORT, clean\n\ndef page():\n    return best(1), clean('x'), SHORT\n"
    assert edges(view, files) == ["in call operation best"]


def test_code_that_is_evaluated_on_import_is_not_sealed() -> None:
    found = shop(f"{MODELS}\nALL = Review.objects.count()\n").edges("reviews", disposition="decide")
    assert ["while the module loads" in edge.reason for edge in found] == [True]


@pytest.mark.parametrize(
    ("path", "kind"), [("tests.py", "test"), ("admin.py", "admin"), ("migrations/0002_x.py", "orm"), ("management/commands/sweep.py", "orm")]
)
def test_code_that_is_never_rewritten_stays(path: str, kind: str) -> None:
    code = "from django.core.management.base import BaseCommand\nfrom shop.reviews.models import Review\n\nclass Command(BaseCommand):\n    def handle(self):\n        Review.objects.count()\n"
    found = Monolith(SHOP, f"# shop/catalog/{path}\n{code}").edges("reviews")
    assert {(edge.kind, edge.disposition) for edge in found if edge.source.startswith("shop.catalog") and edge.text != "import shop.reviews.models"} == {(kind, "stay")}


def test_a_foreign_key_from_outside_keeps_its_values() -> None:
    text = "# shop/stock/models.py\nfrom django.db import models\n\nclass Item(models.Model):\n    review = models.ForeignKey('reviews.Review', on_delete=models.CASCADE)\n"
    found = Monolith(SHOP, text).edges("reviews", kind="foreign-key", direction="in")
    assert [(shown(edge), edge.blocks) for edge in found] == [("in foreign-key replica stock_item.review_id -> reviews_review", "split")]


def test_a_foreign_key_to_the_outside_needs_a_shadow() -> None:
    found = shop("").edges("reviews", kind="foreign-key", direction="out")
    assert "reviews_review.product_id -> catalog_product" in [edge.text for edge in found]
    assert {edge.disposition for edge in found} == {"replica"}


def test_sql_that_names_a_table_of_the_context_needs_a_person() -> None:
    view = "from django.db import connection\n\ndef page():\n    with connection.cursor() as cursor:\n        cursor.execute('SELECT count(*) FROM reviews_review')\n"
    assert "in sql decide read reviews_review" in edges(view)


def test_a_transaction_over_both_sides_needs_a_person() -> None:
    found = shop(WRITES).edges("reviews", kind="transaction")
    assert [(shown(edge), edge.source) for edge in found] == [("in transaction decide TX-001", "shop.catalog.views.page")]


def test_moved_code_that_writes_elsewhere_needs_a_person() -> None:
    task = """
    # shop/reviews/tasks.py
    from celery import shared_task
    from shop.catalog.models import Product
    from shop.reviews.models import Review

    @shared_task
    def rename():
        Review.objects.count()
        Product.objects.update(name="x")
    """
    found = Monolith(SHOP, task).edges("reviews", direction="out", disposition="decide")
    assert [edge.reason for edge in found] == ["moved code writes catalog_product, which catalog owns"]


def test_a_signal_and_a_task_across_the_cut_become_events() -> None:
    files = """
    # shop/reviews/tasks.py
    from celery import shared_task
    from shop.reviews.models import Review

    @shared_task
    def remind():
        return Review.objects.count()

    # shop/catalog/signals.py
    from django.db.models.signals import post_save
    from django.dispatch import receiver
    from shop.reviews.models import Review

    @receiver(post_save, sender=Review)
    def reviewed(sender, **kwargs):
        pass
    """
    found = edges("from shop.reviews.tasks import remind\n\ndef page():\n    remind.delay()\n", files)
    assert {"in task event shop.reviews.tasks.remind.delay", "in signal event post_save of Review"} <= set(found)


def test_a_route_of_moved_code_goes_over_the_load_balancer() -> None:
    api = """
    # shop/reviews/api.py
    from rest_framework import viewsets
    from shop.reviews.models import Review

    class ReviewViewSet(viewsets.ModelViewSet):
        queryset = Review.objects.all()

    # shop/urls.py
    from django.urls import include, path
    from rest_framework.routers import DefaultRouter
    from shop.reviews.api import ReviewViewSet

    router = DefaultRouter()
    router.register("reviews", ReviewViewSet)
    urlpatterns = [path("api/", include(router.urls))]
    """
    found = Monolith(SHOP, api, 'ROOT_URLCONF = "shop.urls"').edges("reviews", kind="route")
    assert found
    assert {edge.disposition for edge in found} == {"proxy-route"}


# --- ids ------------------------------------------------------------------------------------------


def ids(view: str) -> list[str]:
    return [edge.id for edge in shop(view).edges("reviews") if edge.at.path == VIEW]


def test_an_id_survives_lines_that_move() -> None:
    view = page("return Review.objects.filter(rating=3).count()")
    assert ids(view) == ids("# A comment.\n\n\n" + view.replace("\n    return", "\n    pk += 1\n    return"))


def test_an_id_survives_another_argument_value() -> None:
    assert ids(page("return Review.objects.filter(rating=3).count()")) == ids(page("return Review.objects.filter(rating=pk).count()"))


def test_the_same_use_at_two_places_has_two_ids() -> None:
    found = ids(page("return Review.objects.count() + Review.objects.count()"))
    assert len(set(found)) == len(found) == 2


def test_a_use_that_comes_above_takes_no_id_of_another_kind() -> None:
    view = page("return Review.objects.count()")
    assert set(ids(view)) < set(ids(view.replace("    return", "    Review.objects.all()\n    return")))


# --- decisions ------------------------------------------------------------------------------------

OPEN = page("return page(Review), Review.objects.count()")
WRITES = f"from django.db import transaction\n{MODELS}\ndef page(product: Product):\n    with transaction.atomic():\n        product.save()\n        Review.objects.create(product=product, rating=1)\n"


def decided(view: str, id: str, choice: str) -> list[tuple[str, str, bool]]:
    found = shop(view, decisions=[EdgeDecision(id, choice)]).edges("reviews")
    return [(edge.kind, edge.disposition, edge.decided) for edge in found if edge.at.path == VIEW]


def id_of(view: str, kind: str) -> str:
    return next(edge.id for edge in shop(view).edges("reviews", kind=kind) if edge.at.path == VIEW)


def test_an_edge_can_be_decided_by_its_id() -> None:
    assert decided(OPEN, id_of(OPEN, "orm"), "stay") == [("import", "decide", False), ("orm", "stay", True)]


@pytest.mark.parametrize("glob", ["reviews-*", "reviews:*", "reviews:import:shop.catalog.**", "reviews:import:shop.catalog.views.page"])
def test_a_glob_decides_open_edges_and_leaves_the_others(glob: str) -> None:
    assert decided(OPEN, glob, "stay") == [("import", "stay", True), ("orm", "operation", False)]


def test_a_glob_that_fits_nothing_decides_nothing() -> None:
    assert decided(OPEN, "orders:*", "stay") == [("import", "decide", False), ("orm", "operation", False)]


def test_a_transaction_can_be_decided_by_its_own_id() -> None:
    assert ("transaction", "stay", True) in decided(WRITES, "TX-001", "stay")


def test_an_edge_named_exactly_takes_no_choice_that_it_does_not_offer() -> None:
    with pytest.raises(ConfigError, match="cannot be 'replica'") as refused:
        decided(OPEN, id_of(OPEN, "import"), "replica")
    assert refused.value.hint == "choose one of: stay"


def test_a_glob_passes_over_edges_that_do_not_offer_the_choice() -> None:
    assert decided(OPEN, "reviews:*", "replica") == [("import", "decide", False), ("orm", "operation", False)]


def test_what_stays_blocks_the_switch() -> None:
    found = shop(OPEN, decisions=[EdgeDecision(id_of(OPEN, "orm"), "stay")]).edges("reviews", kind="orm", decided=True)
    assert [edge.blocks for edge in found] == ["switch"]


def test_the_last_decision_counts() -> None:
    id = id_of(OPEN, "orm")
    found = shop(OPEN, decisions=[EdgeDecision(id, "stay"), EdgeDecision(id, "operation")]).edges("reviews", id=id)
    assert [edge.disposition for edge in found] == ["operation"]


def test_operations_that_no_edge_uses_any_more_are_left_out() -> None:
    project = shop(OPEN, decisions=[EdgeDecision(id_of(OPEN, "orm"), "stay")])
    assert "count_reviews" not in [operation.name for operation in project.boundary("reviews").operations if not operation.parameters]
