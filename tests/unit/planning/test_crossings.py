"""What counts as a use across the cut, on drawn monoliths; for imports grimp is the judge."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from decompose import pipeline
from decompose.model.lock import Crossing
from decompose.planning.crossings import crossings
from tests.unit.projects import Monolith

MODELS = """
    # shop/settings.py
    INSTALLED_APPS = ["shop.billing", "shop.orders"]

    # shop/billing/models.py
    from django.db import models


    class Invoice(models.Model):
        total = models.IntegerField()

    # shop/billing/services.py
    from shop.billing.models import Invoice


    def charge(total):
        return Invoice.objects.create(total=total)

    # shop/orders/models.py
    from django.db import models


    class Order(models.Model):
        invoice = models.ForeignKey("billing.Invoice", on_delete=models.CASCADE)
"""


def found(text: str, rule: str = "") -> list[Crossing]:
    drawn = Monolith(MODELS, text)
    return [each for each in crossings(drawn.graph, drawn.map) if not rule or each.rule == rule]


def keys(text: str, rule: str = "") -> list[str]:
    return [each.key for each in found(text, rule)]


def test_a_key_to_a_foreign_table_crosses() -> None:
    assert keys("") == ["D204 orders_order.invoice_id -> billing_invoice"]


def test_an_import_crosses_once_with_all_its_places() -> None:
    (crossing,) = found("# shop/orders/views.py\nimport shop.billing.services\n\n\ndef late():\n    from shop.billing import services\n", "D201")
    assert crossing.key == "D201 shop.orders.views -> shop.billing.services"
    assert [at.line for at in crossing.places] == [1, 5] and crossing.contexts == ("orders", "billing")


def test_an_import_for_types_only_and_one_in_a_test_cross_nothing() -> None:
    lazy = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from shop.billing import services\n"
    assert keys(f"# shop/orders/views.py\n{lazy}\n# shop/orders/tests/test_views.py\nfrom shop.billing import services\n", "D201") == []


def test_reading_and_writing_a_foreign_table_cross_each_with_its_line() -> None:
    text = """# shop/orders/views.py
from shop.billing.models import Invoice


def show(pk):
    return Invoice.objects.get(pk=pk)


def wipe():
    Invoice.objects.all().delete()
"""
    data = [each for each in found(text) if each.rule in ("D202", "D203")]
    assert [(each.key, each.at.line) for each in data] == [
        ("D202 shop.orders.views.wipe -> billing_invoice", 9),
        ("D203 shop.orders.views.show -> billing_invoice", 5),
    ]


def test_a_call_crosses_and_one_to_a_model_whose_table_is_told_does_not() -> None:
    text = """# shop/orders/views.py
from shop.billing.models import Invoice
from shop.billing.services import charge


def place():
    charge(3)
    Invoice(total=3).save()
"""
    assert keys(text, "D207") == ["D207 shop.orders.views.place -> shop.billing.services.charge"]


def test_a_transaction_tells_the_shortest_way_to_each_table() -> None:
    text = """# shop/orders/views.py
from django.db import transaction

from shop.billing.services import charge
from shop.orders.models import Order


def pay():
    charge(3)


def place():
    with transaction.atomic():
        Order.objects.create()
        pay()
"""
    (crossing,) = found(text, "D205")
    assert crossing.key == "D205 shop.orders.views.place -> billing, orders"
    assert [(link.source.rpartition(".")[2], link.target.rpartition(".")[2], link.at.line) for link in crossing.chain] == [
        ("place", "pay", 14), ("pay", "charge", 8), ("charge", "billing_invoice", 5), ("place", "orders_order", 13),
    ]  # fmt: skip


def test_an_edit_above_does_not_make_another_crossing() -> None:
    text = "from shop.billing import services\n\n\ndef place():\n    services.charge(1)\n"
    assert keys(f"# shop/orders/views.py\n{text}") == keys(f"# shop/orders/views.py\n\n# moved\nX = 1\n{text}")


def test_grimp_sees_the_same_imports_across_the_cut_of_the_sample() -> None:
    sample = Path(__file__).parents[3] / "sample_monolith"
    analysis = pipeline.analyze(sample, cache=False, jobs=1)
    code = (
        "import grimp, json\n"
        "graph = grimp.build_graph('shop', cache_dir=None, exclude_type_checking_imports=True)\n"
        "print(json.dumps([[a, b] for a in sorted(graph.modules) for b in sorted(graph.find_modules_directly_imported_by(a))]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=sample, env={"PYTHONPATH": str(sample)}, capture_output=True, text=True, check=True)
    place = {each.module: each.context for each in analysis.context_map.memberships}
    shared = {each.name for each in analysis.context_map.contexts if each.role == "shared"}
    code_modules = {each.id for each in analysis.graph.modules if each.role == "code"}
    apart = {definition.rpartition(".")[0] for definition, _ in analysis.context_map.definitions}
    seen = {
        (source, target)
        for source, target in json.loads(done.stdout)
        if source in code_modules and place.get(source) and place.get(target) and place[source] != place[target] and place[target] not in shared
    }
    ours = {(each.source, each.target) for each in crossings(analysis.graph, analysis.context_map) if each.rule == "D201"}
    assert len(ours) > 50 and ours == {pair for pair in seen if not apart & set(pair)}
