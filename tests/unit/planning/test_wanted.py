"""Operations as ``decompose.toml`` wants them."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from projects import Monolith
from reviews_shop import MODELS, SHOP, VIEW

from decompose.config import parse
from decompose.errors import ConfigError
from decompose.model.migration import Operation
from decompose.model.settings import OperationSettings
from decompose.planning.boundary import boundary
from decompose.planning.wanted import Wanted, check_contexts, wanted

CODE = f"""{MODELS}
from shop.reviews.services import add, best

def page(pk: int):
    Review.objects.filter(rating=3).count()
    add(1, 5)
    best(1)
    return Review.objects.filter(rating=3)
"""


def settings(text: str) -> tuple[OperationSettings, ...]:
    return parse(dedent(text), "decompose.toml").config.operations


def shop(text: str, code: str = CODE) -> Monolith:
    return Monolith(SHOP, f"# {VIEW}\n{code}", operations=settings(text))


def operation(text: str, name: str) -> Operation:
    return shop(text).operation("reviews", name)


def test_an_operation_has_what_a_person_said_of_it() -> None:
    found = operation(
        """
        [operations.reviews.list_reviews]
        name = "good_reviews"
        timeout = 0.5
        fallback = "empty"
        page-size = 50
        """,
        "good_reviews",
    )
    assert (found.timeout, found.fallback, found.page_size, found.returns) == (0.5, "empty", 50, "page:entity:Review")


def test_a_command_may_be_declared_to_be_repeatable() -> None:
    assert operation("[operations.reviews.add]\nidempotent = true\n", "add").idempotent


def test_a_glob_speaks_of_many_and_an_exact_name_has_the_last_word() -> None:
    text = "[operations.reviews.'*']\ntimeout = 1\nfallback = 'last'\npage-size = 10\n[operations.reviews.list_reviews]\ntimeout = 3\n"
    found = {each.name: each for each in shop(text).boundary("reviews").operations}
    assert {name: each.timeout for name, each in found.items()} == {"add": 1.0, "best": 1.0, "count_reviews": 1.0, "list_reviews": 3.0}
    assert (found["add"].fallback, found["best"].fallback) == ("", "last")  # a command has no answer to fall back to
    assert (found["list_reviews"].page_size, found["count_reviews"].page_size) == (10, 0)


def test_a_type_that_is_not_known_can_be_given() -> None:
    services = "# shop/reviews/more.py\nfrom shop.reviews.models import Review\n\ndef rate(what, how):\n    Review.objects.count()\n    return helper(what)\n"
    code = "from shop.reviews.more import rate\n\ndef page(x, y):\n    return rate(x, y)\n"

    def found(text: str) -> Monolith:
        return Monolith(SHOP, services, f"# {VIEW}\n{code}", operations=settings(text))

    [edge] = found("").edges("reviews", disposition="decide")
    assert edge.reason.endswith("or set parameters.what of [operations.reviews.rate]")
    given = "[operations.reviews.rate]\nreturns = 'list:integer'\nparameters.what = 'entity:Review'\nparameters.how = 'json'\n"
    rate = found(given).operation("reviews", "rate")
    assert ([each.type for each in rate.parameters], rate.returns) == (["entity:Review", "json"], "list:integer")


def test_calls_are_sealed_under_the_new_names() -> None:
    sealed = shop("[operations.reviews.add]\nname = 'rate'\n[operations.reviews.count_reviews]\nname = 'how_many'\n").text(VIEW, "reviews")
    assert "from shop.boundaries.reviews import best, rate as add\n" in sealed
    assert "reviews.how_many(rating=3)" in sealed


def test_settings_of_no_operation_name_their_place() -> None:
    text = "[operations.reviews.count_review]\ntimeout = 1\n"
    project = Monolith(SHOP, f"# {VIEW}\n{CODE}")
    with pytest.raises(ConfigError) as error:
        boundary(project.sight, project.cut("reviews"), (), wanted("reviews", parse(text, "decompose.toml").config))
    assert (error.value.place, error.value.hint) == ("decompose.toml:1", "did you mean 'count_reviews'?")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[operations.reviews.add]\nfallback = 'empty'\n", "add is a command: one that did not happen has no answer to fall back to"),
        ("[operations.reviews.add]\npage-size = 3\n", "add returns no rows, so it has no pages"),
        ("[operations.reviews.add]\nparameters.rate = 'json'\n", "add has no parameter 'rate'"),
        ("[operations.reviews.add]\nname = 'best'\n", "two operations of reviews would be called 'best': add and best"),
    ],
)
def test_what_cannot_be_is_an_error(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        shop(text).boundary("reviews")
    assert error.value.message == message


def test_settings_of_no_context_are_an_error() -> None:
    config = parse("[operations.review.add]\ntimeout = 1\n", "decompose.toml").config
    with pytest.raises(ConfigError, match="no context is called 'review'") as error:
        check_contexts(config, ["reviews", "catalog"])
    assert error.value.hint == "did you mean 'reviews'?"


@pytest.mark.parametrize(
    "line",
    [
        "timeout = 0", "timeout = 'x'", "idempotent = 1", "fallback = 'maybe'", "page-size = 0", "name = 'class'", "name = 'a b'", "returns = 'Order'",
        "parameters.x = 'list:list:integer'", "retries = 3",
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused_where_it_stands(line: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(f"[operations.reviews.add]\n{line}\n", "decompose.toml")
    assert error.value.place == "decompose.toml:2"


def test_a_name_of_the_accepted_plan_stays_when_another_use_comes_before_it() -> None:
    before = Monolith(SHOP, f"# {VIEW}\n{CODE}").operation("reviews", "list_reviews")
    kept = {(before.shape, before.target, before.expression): before.name}
    code = CODE.replace("    add(1, 5)\n", "    Review.objects.all()\n")
    project = Monolith(SHOP, f"# {VIEW}\n{code}")
    names = {each.expression: each.name for each in boundary(project.sight, project.cut("reviews"), (), Wanted("reviews", kept=kept)).operations}
    assert names[before.expression] == "list_reviews"
    assert names["Review.objects.all()"] == "list_reviews_all"
    new = {each.expression: each.name for each in project.boundary("reviews").operations}
    assert new[before.expression] == "list_reviews_by_rating"


def test_the_file_of_a_project_says_it(tmp_path: Path) -> None:
    from decompose.config import load

    (tmp_path / "decompose.toml").write_text("[operations.orders.'list_*']\ntimeout = 4\n")
    [found] = load(tmp_path).operations
    assert (found.context, found.operation, found.exact, found.timeout) == ("orders", "list_*", False, 4.0)
