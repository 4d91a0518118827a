"""The sample monolith with what was recorded while its tests ran: on PostgreSQL 15, traced by OpenTelemetry's SDK, measured by coverage.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from decompose.model.codegraph import CodeGraph
from decompose.model.runtime import Tie
from decompose.model.settings import Config
from decompose.observe.evidence import observed, recorded
from decompose.pipeline import analyze

RECORDED = Path(__file__).parent / "recorded"
SAMPLE = Path(__file__).parents[3] / "sample_monolith"


@pytest.fixture(scope="module")
def graph() -> CodeGraph:
    return analyze(SAMPLE, config=Config(), cache=False, jobs=1).graph


def ties(graph: CodeGraph, kind: str, name: str, content: bytes | None = None) -> dict[tuple[str, str], Tie]:
    found = observed(graph, recorded([(kind, name, content or (RECORDED / name).read_bytes())]))
    return {(tie.first.removeprefix("table:"), tie.second.removeprefix("table:")): tie for tie in found.runtime.ties}


def test_statements_of_postgresql_tie_the_tables_they_join(graph: CodeGraph) -> None:
    found = ties(graph, "statements", "statements.csv")
    assert set(found) == {
        ("cart_cartitem", "catalog_category"), ("cart_cartitem", "catalog_product"), ("catalog_category", "catalog_product"),
        ("catalog_limitedproduct", "catalog_product"), ("inventory_warehouse", "stock_level"), ("pricing_promotion", "pricing_promotion_products"),
    }  # fmt: skip
    assert found["cart_cartitem", "catalog_product"].count > 100


def test_only_the_framework_s_own_table_is_strange(graph: CodeGraph) -> None:
    found = observed(graph, recorded([("statements", "s.csv", (RECORDED / "statements.csv").read_bytes())]))
    assert [u.text for u in found.unresolved if u.kind == "statement"] == ["django_session"]


def test_the_spans_of_a_checkout_tie_what_it_leads_through(graph: CodeGraph) -> None:
    found = ties(graph, "spans", "spans.json")
    for pair in ("cart", "orders"), ("inventory", "orders"), ("cart", "pricing"), ("billing", "orders"):
        assert tuple(f"shop.{name}.services" for name in pair) in found
    assert ("shop.orders.services", "orders_order") in found
    assert found["billing_invoice", "orders_order"].kind == "trace"


def test_spans_name_functions_by_the_conventions_of_both_ages(graph: CodeGraph) -> None:
    text = (RECORDED / "spans.json").read_text()
    assert '"code.function.name"' in text
    assert '"code.namespace"' in text


def test_a_task_s_spans_belong_to_the_module_of_the_task(graph: CodeGraph) -> None:
    found = ties(graph, "spans", "spans.json")
    assert ("shop.billing.services", "shop.billing.tasks") in found


def test_coverage_of_the_sample_s_own_tests_says_what_ran(graph: CodeGraph, tmp_path: Path) -> None:
    pytest.importorskip("coverage")
    pytest.importorskip("celery")
    settings = {**os.environ, "COVERAGE_FILE": str(tmp_path / "measured"), "DJANGO_SETTINGS_MODULE": "shop.settings.test", "PYTHONDONTWRITEBYTECODE": "1"}
    report = tmp_path / "coverage.xml"
    for words in (["run", "--source=shop", "manage.py", "test", "shop.billing"], ["xml", "-o", str(report)]):
        subprocess.run([sys.executable, "-m", "coverage", *words], cwd=SAMPLE, env=settings, check=True, capture_output=True, timeout=120)
    whole = observed(graph, recorded([("coverage", "coverage.xml", report.read_bytes())]))
    found = {(tie.first, tie.second): tie for tie in whole.runtime.ties}
    assert found["shop.billing.services", "table:billing_invoice"].figures.endswith("places ran")
    assert not any(first.startswith("shop.reviews.services") for first, _ in found)
    assert "shop.reviews.services" in whole.runtime.never_run
    assert "shop.billing.services" not in whole.runtime.never_run
    assert not [u for u in whole.unresolved if u.kind == "coverage"]
