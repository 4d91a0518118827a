"""Settings that several statements and modules make, and generic relations, which no table of the plan stands for."""

from __future__ import annotations

import pytest
from projects import Monolith
from reviews_shop import SHOP

from decompose.model.facts import Setting
from decompose.model.location import Location
from decompose.planning.settings import merged, options


def layer(value: str, path: str, line: int = 1) -> Setting:
    return Setting("API", value, Location(path, line))


BASE = layer("{'SIZE': 20, 'FORMAT': 'json'}", "base.py", 5)


@pytest.mark.parametrize(
    ("layers", "value"),
    [
        ([BASE], "{'SIZE': 20, 'FORMAT': 'json'}"),
        ([layer("{**API, 'PROXIES': env.int('P')}", "main.py"), BASE], "{'SIZE': 20, 'FORMAT': 'json', 'PROXIES': env.int('P')}"),
        ([layer("{**API, 'SIZE': 50}", "main.py"), BASE], "{'SIZE': 50, 'FORMAT': 'json'}"),
        ([layer("{**API, 'SIZE': 50}", "main.py"), BASE, layer("{**API, 'SIZE': 1}", "test.py")], "{'SIZE': 50, 'FORMAT': 'json'}"),
        ([BASE, layer("{**API, 'SIZE': 9}", "base.py", 7)], "{'SIZE': 9, 'FORMAT': 'json'}"),
        ([layer("{'SIZE': 5}", "main.py"), BASE], "{'SIZE': 5}"),
        ([layer("{**API, 'SIZE': 50}", "main.py")], "{**API, 'SIZE': 50}"),
        ([layer("{**API, 'SIZE': 50}", "main.py"), layer("load()", "base.py")], "{**API, 'SIZE': 50}"),
    ],
)
def test_what_is_added_under_a_key_completes_the_display_that_it_changes(layers: list[Setting], value: str) -> None:
    assert merged(layers).value == value


def test_literal_and_computed_options_are_told_apart() -> None:
    assert options("{'SIZE': 20, 'PROXIES': env.int('P'), NAME: 1}") == ({"SIZE": 20}, ("PROXIES", "NAME"))
    assert options("load()") == ({}, ())


def test_a_key_that_is_set_later_is_read_with_the_display_in_another_module() -> None:
    api = "# shop/reviews/api.py\nfrom rest_framework import viewsets\nfrom shop.reviews.models import Review\n\nclass Reviews(viewsets.ModelViewSet):\n    queryset = Review.objects.all()\n"
    settings = SHOP.replace('"shop.stock"]', '"shop.stock"]\nREST_FRAMEWORK = {"PAGE_SIZE": 20}\nREST_FRAMEWORK["NUM_PROXIES"] = int("1")', 1)
    found = next(each for each in Monolith(settings, api).service("reviews").context.settings if each.name == "REST_FRAMEWORK")
    assert found.value == "{'PAGE_SIZE': 20, 'NUM_PROXIES': int('1')}"


def test_a_generic_relation_is_an_edge_that_a_person_decides() -> None:
    generic = SHOP.replace("    rating = models.IntegerField()", "    target = GenericForeignKey()\n    rating = models.IntegerField()", 1).replace(
        "class ReviewQuerySet", "from django.contrib.contenttypes.fields import GenericForeignKey\n\nclass ReviewQuerySet", 1
    )
    [edge] = Monolith(generic).edges("reviews", direction="out", kind="accessor")
    assert (edge.source, edge.disposition, edge.blocks, edge.alternatives) == ("shop.reviews.models.Review", "decide", "switch", ("stay",))
    assert edge.text == "target = GenericForeignKey"
    assert not Monolith(generic).edges("catalog", direction="out", kind="accessor")


def test_a_name_that_a_test_replaces_is_told_from_other_uses_in_tests() -> None:
    tests = '# shop/catalog/tests/test_pages.py\nfrom unittest import mock\n\n@mock.patch("shop.reviews.models.Review")\ndef test_page(Review):\n    pass\n'
    [edge] = Monolith(SHOP, tests).edges("reviews", kind="patch")
    assert (edge.source, edge.disposition, edge.test) == ("shop.catalog.tests.test_pages.test_page", "stay", True)
