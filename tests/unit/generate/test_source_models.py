"""Model classes as they stand in source texts."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from decompose.generate.source_models import Models

TEXTS = {
    "shop.reviews.models": """
        import uuid as ids
        from django.conf import settings
        from django.db import models
        from django.utils.translation import gettext_lazy as _
        from shop.reviews.base import Dated
        from . import limits

        LOW, HIGH = 1, 5

        def code(): ...

        class Review(Dated):
            class State(models.TextChoices):
                NEW = "new"

            early = models.CharField(default=code)
            code = models.CharField(_("code"), choices=State.choices, max_length=int(limits.LONG))
            late = models.CharField(default=code)
            key = models.UUIDField(default=ids.uuid4)
            grade = models.IntegerField(default=LOW)
            user = models.ForeignKey(settings.AUTH_USER_MODEL)

            class Meta:
                verbose_name = "r"

        class Plain(Dated): ...

        class Explicit(Dated):
            class Meta(Dated.Meta):
                db_table = "x"

        class Child(Plain):
            class Meta:
                db_table = "y"
        """,
    "shop.reviews.base": """
        from django.db import models

        class Dated(models.Model):
            at = models.DateTimeField()

            class Meta:
                abstract = True
                ordering = ["at"]
                db_table_comment = "dated"
        """,
    "shop.reviews": "from shop.reviews.models import Review as Renamed\n",
}
MODULE = "shop.reviews.models"


@pytest.fixture(scope="module")
def models() -> Models:
    return Models({name: dedent(text).encode() for name, text in TEXTS.items()}, frozenset({"shop.reviews"}))


def field(models: Models, name: str) -> tuple[str, frozenset[str]]:
    declared = models.field(f"{MODULE}.Review", name)
    assert declared is not None
    made = models.absolute(*declared, class_id=f"{MODULE}.Review")
    return made.text, made.modules


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("early", "models.CharField(default=shop.reviews.models.code)"),
        ("code", 'models.CharField("code", choices=shop.reviews.models.Review.State.choices, max_length=int(shop.reviews.limits.LONG))'),
        ("late", "models.CharField(default=shop.reviews.models.Review.code)"),
        ("key", "models.UUIDField(default=uuid.uuid4)"),
        ("grade", "models.IntegerField(default=shop.reviews.models.LOW)"),
        ("user", "models.ForeignKey(settings.AUTH_USER_MODEL)"),
    ],
)
def test_every_name_becomes_absolute_as_python_sees_it_there(models: Models, name: str, text: str) -> None:
    made, modules = field(models, name)
    assert made == text
    scope = dict.fromkeys(("models", "settings", "int", *(module.partition(".")[0] for module in modules)))
    assert {node.id for node in ast.walk(ast.parse(made)) if isinstance(node, ast.Name)} <= scope.keys()


def test_a_field_is_found_on_a_base_class(models: Models) -> None:
    found = models.field(f"{MODULE}.Review", "at")
    assert found is not None
    assert found[0] == "shop.reviews.base:Dated"


def test_a_class_is_found_through_a_package_that_hands_it_on(models: Models) -> None:
    found = models.classdef("shop.reviews.Renamed")
    assert found is not None
    assert (found[0], found[1].name) == (MODULE, "Review")


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("Review", {"verbose_name"}),
        ("Plain", {"ordering", "db_table_comment"}),
        ("Explicit", {"ordering", "db_table_comment", "db_table"}),
        ("Child", {"ordering", "db_table"}),
    ],
)
def test_options_are_inherited_as_django_does_it(models: Models, model: str, options: set[str]) -> None:
    assert set(models.meta(f"{MODULE}.{model}")) == options
