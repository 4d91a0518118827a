"""Laws of the boundary."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from reviews_shop import MODELS, VIEW, shop

from decompose.model.settings import EdgeDecision

PROJECTS = settings(max_examples=30, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))

lines = st.sampled_from(
    [
        "Review.objects.count()", "product.reviews.filter(rating=1).exists()", "page(Review)", "Review(rating=2).save()",
        "review = Review.objects.get(pk=1)", "review.save()", "review.product.name", "best(1)", "Review.objects.filter(**{})",
        "Product.objects.filter(reviews__rating=1).count()", "product.summary = None", "isinstance(product, Review)", "pass",
    ]
)  # fmt: skip
bodies = st.lists(lines, min_size=1, max_size=6)


def view(body: list[str]) -> str:
    return f"{MODELS}from shop.reviews.services import best\n\ndef page(product: Product):\n" + "".join(f"    {line}\n" for line in body)


@PROJECTS
@given(bodies)
def test_every_edge_has_an_id_of_its_own_and_a_reason(body: list[str]) -> None:
    found = shop(view(body)).edges("reviews")
    assert len({edge.id for edge in found}) == len(found)
    assert all(edge.reason for edge in found)


@PROJECTS
@given(bodies)
def test_an_operation_stands_behind_every_edge_that_names_one(body: list[str]) -> None:
    found = shop(view(body)).boundary("reviews")
    named = {edge.operation for edge in found.edges if edge.disposition == "operation" and edge.kind != "exception"}
    assert named == {operation.name for operation in found.operations}


@PROJECTS
@given(bodies)
def test_a_glob_over_everything_leaves_no_question_open_and_changes_no_other_edge(body: list[str]) -> None:
    before = {edge.id: edge for edge in shop(view(body)).edges("reviews")}
    after = {edge.id: edge for edge in shop(view(body), decisions=[EdgeDecision("reviews:*", "stay")]).edges("reviews")}
    assert before.keys() == after.keys()
    assert all(edge.disposition != "decide" for edge in after.values())
    assert all(after[id] == edge for id, edge in before.items() if edge.proposal != "decide")


@PROJECTS
@given(bodies, st.integers(1, 4))
def test_blank_lines_change_no_id(body: list[str], blank: int) -> None:
    moved = view(body).replace("\ndef page", "\n" * blank + "\ndef page")
    assert [edge.id for edge in shop(view(body)).edges("reviews")] == [edge.id for edge in shop(moved).edges("reviews")]


@PROJECTS
@given(bodies)
def test_after_sealing_only_what_was_left_is_still_an_operation(body: list[str]) -> None:
    project = shop(view(body))
    left = len(project.sealed("reviews").left)
    again = shop(project.text(VIEW, "reviews")).edges("reviews", disposition="operation")
    assert len([edge for edge in again if edge.at.path == VIEW and edge.span is not None]) <= left
