from __future__ import annotations

import pytest

from decompose.cut.globs import matches


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("shop.orders.**", "shop.orders", True),
        ("shop.orders.**", "shop.orders.api.views", True),
        ("shop.orders.**", "shop.orders_old", False),
        ("shop.*.models", "shop.cart.models", True),
        ("shop.*.models", "shop.cart.api.models", False),
        ("orders_*", "orders_order", True),
        ("**.models", "shop.cart.models", True),
        ("shop.(a|b)", "shop.a", False),
    ],
)
def test_a_glob_over_dotted_names(pattern: str, name: str, fits: bool) -> None:
    assert matches(pattern, name) is fits
