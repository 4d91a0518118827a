"""Every use of moved code from outside has an edge, on the sample."""

from __future__ import annotations

import shutil
from pathlib import Path

import edges

SAMPLE = Path(__file__).parents[2] / "sample_monolith"


def test_no_use_of_moved_code_is_without_an_edge(tmp_path: Path) -> None:
    base = shutil.copytree(SAMPLE, tmp_path / "shop")
    assert edges.missing(base) == []


def test_a_use_is_found_through_a_package_that_passes_it_on() -> None:
    files = {
        "shop": "from shop.orders import Order as Purchase\n",
        "shop.orders": "class Order:\n    pass\n",
        "shop.page": "import shop\nfrom shop import Purchase\n\n@mark(\n    Purchase,\n)\ndef page():\n    return shop.Purchase.objects\n",
    }
    texts = {module: edges.Text(module, module + ".py", source, module == "shop") for module, source in files.items()}
    found = [(each.first, each.last, each.target, each.unit) for each in edges.uses(texts) if each.path == "shop.page.py"]
    assert found == [(5, 5, "shop.orders.Order", "shop.page.page"), (8, 8, "shop.orders.Order", "shop.page.page")]
