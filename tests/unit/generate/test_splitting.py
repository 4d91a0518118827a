"""Migrations of the monolith at the cut: which apps get one, after which, and what it does."""

from __future__ import annotations

import msgspec
import pytest
from projects import Monolith

from decompose.errors import NotReady
from decompose.generate import splitting
from decompose.generate.render import make_render
from decompose.model.artifacts import Artifact
from decompose.model.facts import ForeignKey, Table
from decompose.model.location import Location
from decompose.model.migration import BoundaryEdge
from decompose.resources import templates
from decompose.steps import (
    Change,
    Texts,
    _named_modules,
    check_turn,
    check_undo,
    constraints_gone,
    retire,
    split,
    still_needed,
)

HERE = Location("m.py", 1)

SHOP = """
# shop/settings.py
INSTALLED_APPS = ["shop.catalog", "shop.reviews", "shop.awards"]

# shop/catalog/models.py
from django.db import models

class Product(models.Model):
    name = models.CharField(max_length=50)

# shop/catalog/migrations/0001_initial.py
from django.db import migrations

class Migration(migrations.Migration):
    dependencies = []

# shop/reviews/models.py
from django.db import models

from shop.catalog.models import Product

class Review(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE)
    answer_to = models.ForeignKey("self", null=True, on_delete=models.CASCADE)

# shop/reviews/services.py
from shop.reviews.models import Review

def count():
    return Review.objects.count()

# shop/reviews/migrations/0001_initial.py
from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

# shop/awards/base.py
from django.db import models

class Awarded(models.Model):
    review = models.OneToOneField("reviews.Review", on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True

# shop/awards/models.py
from django.db import models

from shop.awards.base import Awarded
from shop.reviews.models import Review

class Medal(Awarded):
    also = models.ManyToManyField(Review, related_name="medals")
    through = models.ManyToManyField(Review, through="Step", related_name="+")

class Step(models.Model):
    medal = models.ForeignKey(Medal, on_delete=models.CASCADE)
    review = models.ForeignKey(Review, on_delete=models.CASCADE)

# shop/awards/migrations/0001_initial.py
from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_initial")]

# shop/awards/migrations/0002_more.py
from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("awards", "0001_initial"), ("reviews", "0001_initial")]
"""


def done(shop: Monolith, written: dict[str, bytes] | None = None) -> Change:
    migration = shop.plan()
    chosen = next(each for each in migration.contexts if each.name == "reviews")
    return split(migration, chosen, texts(shop, written or {}), make_render(templates()))


def texts(shop: Monolith, written: dict[str, bytes]) -> Texts:
    return Texts(
        lambda path: shop.files[path].encode(),
        lambda path: written.get(path, shop.files[path].encode() if path in shop.files else None),
        frozenset(shop.files),
        frozenset(written),
    )


def by_path(change: Change) -> dict[str, Artifact]:
    return {artifact.path: artifact for artifact in change.artifacts}


def test_keys_lose_their_constraint_where_they_are_declared_and_each_app_gets_one_migration() -> None:
    change = done(Monolith(SHOP))
    found = by_path(change)
    assert found.keys() == {
        "shop/awards/base.py", "shop/awards/models.py", "shop/reviews/models.py",
        "shop/awards/migrations/0003_reviews_keys_without_constraint.py", "shop/reviews/migrations/0002_reviews_keys_without_constraint.py",
    }  # fmt: skip
    assert change.left == ()
    base, models, own = (found[f"shop/{name}.py"].content.decode() for name in ("awards/base", "awards/models", "reviews/models"))
    assert base.count("db_constraint=False") == 1
    assert [line.partition(" = ")[0].strip() for line in models.splitlines() if "db_constraint=False" in line or "related_name=\"medals\"," in line] == ["also", "review"]
    assert "Product, on_delete=models.CASCADE, db_constraint=False" in own and own.count("db_constraint") == 1


def test_a_migration_says_what_the_models_say() -> None:
    text = by_path(done(Monolith(SHOP)))["shop/awards/migrations/0003_reviews_keys_without_constraint.py"].content.decode()
    assert '("awards", "0002_more"),' in text
    for part in (
        'model_name="medal",\n            name="review",\n            field=models.OneToOneField(',
        'model_name="medal",\n            name="also",\n            field=models.ManyToManyField(',
        'model_name="step",\n            name="review",\n            field=models.ForeignKey(',
    ):
        assert part in text
    assert text.count("db_constraint=False") == 3 and "through" not in text
    compile(text, "migration", "exec")


def test_what_was_written_before_keeps_its_name() -> None:
    shop = Monolith(SHOP)
    first = {path: artifact.content for path, artifact in by_path(done(shop)).items()}
    later = 'from django.db import migrations\n\nclass Migration(migrations.Migration):\n    dependencies = [("reviews", "0002_reviews_keys_without_constraint")]\n'
    shop = Monolith(SHOP, f"# shop/reviews/migrations/0003_later.py\n{later}")
    assert {path: artifact.content for path, artifact in by_path(done(shop, first)).items()} == {
        path: text for path, text in first.items() if "/migrations/" in path
    }


def test_sealed_text_gets_the_same_rewrite_again() -> None:
    shop = Monolith(SHOP)
    migration = shop.plan()
    sealed = b"# one line more\n" + shop.files["shop/reviews/models.py"].encode()
    again = constraints_gone("shop/reviews/models.py", sealed, migration, ["reviews"], texts(shop, {}))
    assert again == b"# one line more\n" + by_path(done(shop))["shop/reviews/models.py"].content


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ({"0001_a": b"dependencies = []", "0002_b": b'dependencies = [("x", "0001_a")]'}, ("0003_p", "0002_b")),
        ({"0001_a": b'CHOICES = [("x", "0001_a")]'}, ("0002_p", "0001_a")),
        ({"0001_a": b"", "0002_b": b'dependencies = [("x", "0001_a")]', "0001_s": b'replaces = [("x", "0001_a"), ("x", "0002_b")]'}, ("0003_p", "0001_s")),
        ({"0001_a": b"", "0002_p": b'dependencies = [("x", "0001_a")]', "0003_c": b'dependencies = [("x", "0002_p")]'}, ("0002_p", "0001_a")),
    ],
)  # fmt: skip
def test_a_migration_comes_after_the_last_of_its_app(names: dict[str, bytes], found: tuple[str, str]) -> None:
    assert splitting.numbered("x", names, "p") == found


@pytest.mark.parametrize("names", [{}, {"0001_a": b"", "0001_b": b""}])
def test_where_no_migration_is_the_last_none_is_written(names: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="migration"):
        splitting.numbered("x", names, "p")


def test_an_app_without_migrations_is_named() -> None:
    change = done(Monolith("\n".join(part for part in SHOP.split("\n\n# ") if "migrations/" not in part).replace("shop/", "# shop/").replace("# # ", "# ")))
    assert {reason for _, reason in change.left} == {f"the app {app} gets no migration, for it has no migration yet: make it with makemigrations" for app in ("awards", "reviews")}


def test_tables_go_before_those_that_they_point_at_and_circles_are_opened() -> None:
    tables = [Table(f"x_{name}", f"x.models.{name}", HERE, "django", label=f"x.{name.title()}") for name in "abc"]
    keys = [ForeignKey(f"x_{a}", f"{b}_id", b, f"x_{b}", "many-to-one", HERE) for a, b in ("ab", "bc", "cb", "aa")]
    found = [(operation.kind, dict(operation.arguments)["name"]) for _, operation in splitting.dropped(tables, keys)]
    assert found == [("DeleteModel", '"A"'), ("RemoveField", '"c"'), ("DeleteModel", '"C"'), ("DeleteModel", '"B"')]


# --- order and refusals -------------------------------------------------------------------------------


def test_what_still_needs_the_tables_keeps_them() -> None:
    shop = Monolith(SHOP)
    migration = shop.plan()
    chosen = next(each for each in migration.contexts if each.name == "reviews")
    with pytest.raises(NotReady, match=r"shop/awards/base.py:4  foreign-key"):
        retire(migration, chosen, (), texts(shop, {}), make_render(templates()))


def edge(path: str, kind: str, disposition: str) -> BoundaryEdge:
    return BoundaryEdge(path, "in", kind, "a", "b", Location(path, 3), "text", disposition, disposition, "because")  # type: ignore[arg-type]


def test_history_and_the_contexts_own_routes_do_not_need_what_retires() -> None:
    shop = Monolith(SHOP)
    migration = shop.plan()
    chosen = next(each for each in migration.contexts if each.name == "reviews")
    edges = (
        edge("shop/alembic/versions/1.py", "sql", "stay"), edge("shop/reviews/urls.py", "route", "proxy-route"), edge("shop/pages/urls.py", "route", "stay"),
    )  # fmt: skip
    chosen = msgspec.structs.replace(chosen, edges=edges)
    assert [each.id for each in still_needed(chosen, (), {"shop/alembic/versions/1.py"})] == ["shop/pages/urls.py"]


def test_lines_that_name_a_module_that_goes_are_left_to_a_person() -> None:
    source = b'from . import models\nfrom .. import reviews\nimport shop.reviews.urls\nurls = include("shop.reviews.urls")\nother = "shop.reviews"\n'
    found = list(_named_modules(source, "shop.reviews", {"shop.reviews.models", "shop.reviews.urls"}))
    assert found == [(1, "shop.reviews.models"), (3, "shop.reviews.urls"), (4, "shop.reviews.urls")]


@pytest.mark.parametrize(
    ("step", "taken", "cut_over", "allowed"),
    [
        ("seal", [], False, True), ("serve", [], False, True), ("split", [], False, True), ("shadow", [""], False, False), ("shadow", ["", "serve"], False, True),
        ("switch", [""], False, False), ("switch", ["", "serve"], False, True), ("retire", ["", "serve", "switch"], False, False),
        ("retire", ["", "serve", "switch"], True, True), ("seal", ["", "serve", "switch", "retire"], True, False),
    ],
)  # fmt: skip
def test_steps_have_their_turn(step: str, taken: list[str], cut_over: bool, allowed: bool) -> None:
    try:
        check_turn("reviews", step, taken, cut_over=cut_over)
    except NotReady as error:
        assert not allowed and error.hint
    else:
        assert allowed


@pytest.mark.parametrize(
    ("step", "taken", "cut_over", "allowed"),
    [(None, ["", "serve", "split"], False, True), ("serve", ["", "serve"], False, True), ("seal", ["", "serve"], False, False), (None, [""], True, False)],
)
def test_steps_are_taken_back_last_first(step: str | None, taken: list[str], cut_over: bool, allowed: bool) -> None:
    try:
        check_undo("reviews", step, taken, cut_over=cut_over)
    except NotReady as error:
        assert not allowed and error.hint
    else:
        assert allowed
