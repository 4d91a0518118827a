from __future__ import annotations

import pytest

from decompose.detect.django.lookups import path_tables
from decompose.detect.django.models import Registry
from decompose.detect.django.settings import read_settings
from decompose.link.program import Program
from decompose.syntax.summary import summarize_sources

SOURCES = {
    "settings.py": 'INSTALLED_APPS = ["shop"]\n',
    "shop/models.py": """
from django.db import models

class City(models.Model):
    name = models.TextField()

class Tag(models.Model):
    word = models.TextField()

class Customer(models.Model):
    city = models.ForeignKey(City, models.CASCADE)
    tags = models.ManyToManyField(Tag, related_query_name="wearer")

class Order(models.Model):
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="orders")
    date = models.DateField()
""",
}


def joined(model: str, path: str, related: bool = False) -> list[str]:
    program = Program(summarize_sources(SOURCES))
    found = Registry(program, read_settings(program)).get(f"shop.models.{model}")
    assert found is not None
    return [table.removeprefix("shop_") for table in path_tables(found, path, related)]


@pytest.mark.parametrize(
    ("model", "path", "tables"),
    [
        ("Order", "customer", []),
        ("Order", "customer_id", []),
        ("Order", "customer__pk", []),
        ("Order", "customer__in", []),
        ("Order", "customer__isnull", []),
        ("Order", "date__year", []),
        ("Order", "-customer__city__name", ["customer", "city"]),
        ("Order", "customer__city", ["customer"]),
        ("Customer", "tags", ["customer_tags"]),
        ("Customer", "tags__word__icontains", ["customer_tags", "tag"]),
        ("Customer", "orders__date", ["order"]),
        ("Tag", "wearer__city__name", ["customer_tags", "customer", "city"]),
        ("Order", "total__gte", []),
    ],
)
def test_a_lookup_joins_the_tables_on_its_path(model: str, path: str, tables: list[str]) -> None:
    assert joined(model, path) == tables


def test_a_relation_that_is_loaded_along_reads_its_last_table_too() -> None:
    assert joined("Order", "customer__city", related=True) == ["customer", "city"]
