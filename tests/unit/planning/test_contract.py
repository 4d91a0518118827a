"""Operations: their names, parameters and results, and why there is none."""

from __future__ import annotations

import pytest
from projects import Monolith
from reviews_shop import MODELS, SHOP, VIEW, shop

from decompose.model.migration import Operation
from decompose.model.nouns import plural, snake
from decompose.planning.contract import covered
from decompose.planning.shape import parts


def made(expression: str, parameters: str = "product: Product, pk: int") -> Operation:
    """The operation that an expression in a view becomes."""
    found = shop(f"{MODELS}\ndef page({parameters}):\n    return {expression}\n")
    (edge,) = [edge for edge in found.edges("reviews", disposition="operation") if edge.at.path == VIEW]
    return found.operation("reviews", edge.operation)


def signature(operation: Operation) -> str:
    given = ", ".join(f"{each.name}: {each.type}{'?' if each.nullable else ''}" for each in operation.parameters)
    return f"{operation.kind} {operation.name}({given}) -> {operation.returns}{'?' if operation.optional else ''}"


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("Review.objects.get(pk=pk)", "query get_review(pk: integer) -> entity:Review"),
        ("Review.objects.filter(text=1).first()", "query first_review(text: string) -> entity:Review?"),
        ("Review.objects.filter(rating__gte=1)", "query list_reviews(rating__gte: integer) -> list:entity:Review"),
        ("Review.objects.filter(rating__in=[1])", "query list_reviews(rating__in: list:integer) -> list:entity:Review"),
        ("Review.objects.filter(product=product).count()", "query count_reviews(product: key:shop.catalog.models.Product) -> integer"),
        ("Review.objects.filter(product_id=pk).count()", "query count_reviews(product_id: integer) -> integer"),
        ("Review.objects.filter(product__name='x').exists()", "query review_exists(product__name: string) -> boolean"),
        ("Review.objects.values_list('text', flat=True)", "query list_reviews(flat: boolean) -> json"),
        ("Review.objects.good().count()", "query count_good_reviews() -> integer"),
        ("Review.objects.create(rating=1)", "command create_review(rating: integer) -> entity:Review"),
        ("Review.objects.filter(pk=1).update(text='x')", "command update_reviews(pk: integer, text: string) -> integer"),
        ("Review.objects.filter(pk=1).delete()", "command delete_reviews(pk: integer) -> json"),
        ("product.summary", "query get_summary(product: key:shop.catalog.models.Product) -> entity:Summary"),
    ],
)
def test_an_operation_is_named_and_typed_from_its_shape(expression: str, wanted: str) -> None:
    assert signature(made(expression)) == wanted


def test_the_expression_of_an_operation_has_its_parameters_in_place_of_values() -> None:
    found = made("Review.objects.filter(rating=pk).exclude(rating=2).order_by('-pk')")
    assert found.expression == "Review.objects.filter(rating=rating).exclude(rating=rating_2).order_by('-pk')"


@pytest.mark.parametrize(
    ("expression", "parameters", "wanted"),
    [
        ("Review.objects.filter(rating=1)[:3]", "rating limit", "Review.objects.filter(rating=rating)[:limit]"),
        ("Review.objects.filter(rating=1)[pk:9]", "rating start stop", "Review.objects.filter(rating=rating)[start:stop]"),
        ("product.reviews.all()[:pk]", "product limit", "Review.objects.filter(product=product)[:limit]"),
        ("Review.objects.filter(rating=1)[0].text", "rating limit", "Review.objects.filter(rating=rating)[:limit]"),
        ("Review.objects.values('text')[:3]", "limit", "Review.objects.values('text')[:limit]"),
        ("Review.objects.filter(rating=1)[::2]", "rating", "Review.objects.filter(rating=rating)"),
        ("list(Review.objects.filter(rating=1)[:3]) + list(Review.objects.filter(rating=2))", "rating limit", "Review.objects.filter(rating=rating)[:limit]"),
        ("list(Review.objects.filter(rating=1)[:3]) + list(Review.objects.filter(rating=2)[2:])", "rating start stop", "Review.objects.filter(rating=rating)[start:stop]"),
    ],
)
def test_a_part_of_the_rows_is_taken_where_they_are(expression: str, parameters: str, wanted: str) -> None:
    found = shop(f"{MODELS}\ndef page(product: Product, pk: int):\n    return {expression}\n")
    (operation,) = [each for each in found.boundary("reviews").operations if each.target.endswith("Review") and each.name.startswith("list")]
    assert ([each.name for each in operation.parameters], operation.expression) == (parameters.split(), wanted)
    assert [each.required for each in operation.parameters] == [each.name not in ("limit", "start", "stop") for each in operation.parameters]


def test_an_accessor_and_a_filter_are_one_operation() -> None:
    code = f"{MODELS}\ndef page(product: Product):\n    return product.reviews.filter(rating=1).count() + Review.objects.filter(product=product, rating=2).count()\n"
    found = [edge.operation for edge in shop(code).edges("reviews", disposition="operation") if edge.at.path == VIEW]
    assert len(found) == 2
    assert len(set(found)) == 1


def test_different_shapes_of_one_plain_name_are_told_apart_by_their_parameters() -> None:
    code = f"{MODELS}\ndef page(pk: int):\n    pk += Review.objects.filter(rating=1).count()\n    return pk + Review.objects.filter(pk=1, rating=1).count()\n"
    names = [edge.operation for edge in shop(code).edges("reviews", disposition="operation") if edge.at.path == VIEW]
    assert names == ["count_reviews", "count_reviews_by_pk"]


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ("Review.objects.filter(rating=1)", "Review.objects.filter(rating=1).select_related('author')", "list_reviews_with_author"),
        ("Review.objects.filter(rating=1).select_related('author')", "Review.objects.filter(rating=1).select_related('product__shop')", "list_reviews_with_product_shop"),
        ("Review.objects.filter(rating=1)", "Review.objects.filter(rating=1).order_by('-rating', 'pk')", "list_reviews_ordered_by_rating_and_pk"),
        ("Review.objects.filter(rating=1)", "Review.objects.exclude(rating=1).filter()", "list_reviews_excluding_rating"),
        ("Review.objects.filter(rating=1)", "Review.objects.filter(rating=1).values('text')", "list_reviews_only_text"),
        ("Review.objects.filter(rating=1)", "Review.objects.filter(rating=1).distinct()", "list_reviews_distinct"),
        ("Review.objects.filter(rating=1)", "Review.objects.filter(rating=1).filter(pk=pk)", "list_reviews_by_pk"),
    ],
)
def test_operations_are_told_apart_by_what_they_ask_for_wherever_they_stand(first: str, second: str, name: str) -> None:
    for order in ((first, second), (second, first)):
        code = f"{MODELS}\ndef page(product: Product, pk: int):\n    return list({order[0]}) + list({order[1]})\n"
        found = {edge.text: edge.operation for edge in shop(code).edges("reviews", disposition="operation") if edge.at.path == VIEW}
        assert sorted(found.values()) == sorted(["list_reviews", name])
        assert found[min(found, key=len)] == "list_reviews"


def test_saving_part_of_a_row_is_offered_once_somebody_does_it() -> None:
    def parameters(call: str) -> list[str]:
        code = f"{MODELS}\ndef page(pk: int):\n    review = Review.objects.get(pk=pk)\n    review.save()\n    {call}\n    review.save()\n"
        return [each.name for each in shop(code).operation("reviews", "save_review").parameters]

    assert parameters("pass") == ["review"]
    assert parameters("review.save(update_fields=['text'])") == ["review", "update_fields"]


# --- functions ------------------------------------------------------------------------------------


def function(source: str, call: str = "work(1)", imports: str = "") -> Monolith:
    service = f"# shop/reviews/work.py\n{imports}\nfrom shop.reviews.models import Review\n\n{source}\n"
    view = f"# {VIEW}\nfrom shop.catalog.models import Product\nfrom shop.reviews.work import work\n\ndef page(product: Product):\n    return {call}\n"
    return Monolith(SHOP, service, view)


def outcome(source: str, call: str = "work(1)", imports: str = "") -> str:
    """The signature of the operation, else the reason why there is none."""
    found = function(source, call, imports)
    (edge,) = found.edges("reviews", kind="call", source="shop.catalog.views.page")
    return signature(found.operation("reviews", "work")) if edge.operation else edge.reason


BODY = "    return Review.objects.filter(rating=a).count()"


@pytest.mark.parametrize(
    ("source", "call", "wanted"),
    [
        (f"def work(a: int) -> int:\n{BODY}", "work(x)", "query work(a: integer) -> integer"),
        (f"def work(a: 'int | None' = None) -> int:\n{BODY}", "work()", "query work(a: integer?) -> integer"),
        (f"def work(a):\n{BODY}", "work('x')", "query work(a: string) -> integer"),
        (f"def work(a):\n{BODY}", "work(x)", "query work(a: integer) -> integer"),
        ("def work(a):\n    return Review.objects.filter(product=a)", "work(product)", "query work(a: replica:shop.catalog.models.Product) -> list:entity:Review"),
        ("def work(a=('x', 'y')) -> int:\n    return Review.objects.filter(rating=len(a)).count()", "work()", "query work(a: list:string) -> integer"),
        (f"def work(a=()) -> int:\n{BODY.replace('=a', '__in=a')}", "work(['x'] if product else [])", "query work(a: list:string) -> integer"),
        (f"def work(a: list[str]) -> dict:\n{BODY}", "work(x)", "query work(a: list:string) -> json"),
        ("def work():\n    Review.objects.all().delete()", "work()", "command work() -> none"),
        ("def work():\n    return Review.objects.first()", "work()", "query work() -> entity:Review?"),
    ],
)
def test_a_function_is_typed_by_annotation_then_calls_then_body(source: str, call: str, wanted: str) -> None:
    assert outcome(source, call) == wanted


@pytest.mark.parametrize(
    ("source", "call", "wanted"),
    [
        (f"def work(a, b):\n{BODY}", "work(1, x)", "the type of 'b' is not known: annotate it at shop/reviews/work.py:3, or set parameters.b of [operations.reviews.work]"),
        ("def work(a=()) -> int:\n    return Review.objects.filter(rating=len(a)).count()", "work()", "the type of 'a' is not known: annotate it at shop/reviews/work.py:3, or set parameters.a of [operations.reviews.work]"),
        ("def work(a={}) -> int:\n    return Review.objects.filter(rating=len(a)).count()", "work(a=x)", "the type of 'a' is not known: annotate it at shop/reviews/work.py:3, or set parameters.a of [operations.reviews.work]"),
        ("def work(a: int):\n    return help(Review.objects.get(pk=a))", "work(1)", "what it returns is not known: annotate it at shop/reviews/work.py:3, or set returns of [operations.reviews.work]"),
        (f"def work(*a):\n{BODY}", "work(1)", "the parameter *a is open: name the arguments that callers give"),
        (f"async def work(a: int) -> int:\n{BODY}", "work(1)", "a generator or coroutine cannot be called over the boundary: return a list from a plain function"),
    ],
)
def test_an_obstacle_says_where_to_change_what(source: str, call: str, wanted: str) -> None:
    assert outcome(source, call) == wanted


def test_a_function_that_calls_a_writing_one_is_a_command() -> None:
    source = "def inner(a):\n    Review.objects.filter(pk=a).delete()\n\ndef work(a: int) -> None:\n    inner(a)"
    assert outcome(source) == "command work(a: integer) -> none"


def test_entities_carry_their_keys_and_columns() -> None:
    found = function("def work(a: int) -> 'Review':\n    return Review.objects.get(pk=a)").boundary("reviews").entities
    (review,) = [entity for entity in found if entity.name == "Review"]
    assert review.key == "id"
    assert [(field.name, field.type) for field in review.fields] == [
        ("id", "integer"), ("product_id", "integer"), ("author_id", "integer"), ("rating", "integer"), ("text", "string"),
    ]  # fmt: skip


# --- words ----------------------------------------------------------------------------------------


def test_names_are_put_into_words() -> None:
    assert [snake(each) for each in ("WeightEntry", "HTTPLog", "Review2")] == ["weight_entry", "http_log", "review2"]
    assert [plural(each) for each in ("review", "entry", "day", "box", "address")] == ["reviews", "entries", "days", "boxes", "addresses"]


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [("objects.get(pk=).text", "objects.get(pk=)"), ("objects.all()[0].x()", "objects.all()"), ("summary.text", "")],
)
def test_the_operation_covers_a_shape_up_to_its_last_call(shape: str, wanted: str) -> None:
    assert ".".join(part.text() for part in covered(parts(shape))) == wanted
