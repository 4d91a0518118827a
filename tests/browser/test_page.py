"""The review page in a real browser: what a person sees and does, by mouse and by keyboard, and how long it takes."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.large import large_page

from decompose import pipeline
from decompose.config_edits import read_edits
from decompose.cut.edited import Edited, differences

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
AXE = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed (or named by CHROMIUM)")]

TABS = ("map", "code", "tables", "matrix", "edges", "decisions", "order", "compare", "edits")
SHOP = {
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
    "shop/__init__.py": "",
    "shop/settings.py": "INSTALLED_APPS = ['shop.catalog', 'shop.orders', 'shop.people']\nROOT_URLCONF = 'shop.urls'\n",
    "shop/urls.py": "from django.urls import path\nfrom shop.orders import views\nurlpatterns = [path('orders/<int:pk>/', views.detail)]\n",
    **{f"shop/{app}/__init__.py": "" for app in ("catalog", "orders", "people")},
    "shop/catalog/models.py": "from django.db import models\n\nclass Product(models.Model):\n    title = models.CharField(max_length=9)\n",
    "shop/catalog/services.py": "from shop.catalog.models import Product\n\ndef find(title):\n    return Product.objects.get(title=title)\n\ndef add(title):\n    return Product.objects.create(title=title)\n",
    "shop/people/models.py": "from django.db import models\n\nclass Person(models.Model):\n    name = models.CharField(max_length=9)\n",
    "shop/people/services.py": "from shop.people.models import Person\n\ndef find(name):\n    return Person.objects.get(name=name)\n\ndef add(name):\n    return Person.objects.create(name=name)\n",
    "shop/orders/models.py": "from django.db import models\nfrom shop.people.models import Person\n\nclass Order(models.Model):\n    person = models.ForeignKey(Person, on_delete=models.CASCADE)\n    product = models.ForeignKey('catalog.Product', on_delete=models.PROTECT)\n",
    "shop/orders/services.py": "from django.db import transaction\nfrom shop.catalog import services as catalog\nfrom shop.orders.models import Order\nfrom shop.people.services import find\n\ndef place(name, title):\n    with transaction.atomic():\n        product = catalog.add(title)\n        return Order.objects.create(person=find(name), product=product)\n",
    "shop/orders/views.py": "from shop.orders import services\n\ndef detail(request, pk):\n    return services.place(pk, 'x')\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("shop")
    for path, text in SHOP.items():
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        (base / path).write_text(text)
    apps = "\n".join(f'[contexts.{app}]\nmodules = ["shop.{app}.**"]\n' for app in ("catalog", "orders", "people"))
    (base / "decompose.toml").write_text(f"# ours\n{apps}")
    analysis = pipeline.analyze(base)
    migration = pipeline.plan(analysis)
    pipeline.save_plan(base, migration, page=pipeline.review_page(analysis, migration))
    return base


@pytest.fixture
def page(browser: Any, shop: Path) -> Iterator[Any]:
    with opened(browser, shop / "plan/plan.html") as found:
        yield found


class opened:
    """A page in a window of its own; what it asks the network for, and what it complains about, is an error."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self._context = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True, **options)
        self._path = path
        self._complaints: list[str] = []

    def __enter__(self) -> Any:
        self._context.set_default_timeout(8_000)
        page = self._context.new_page()
        page.on("pageerror", lambda error: self._complaints.append(str(error)))
        page.on("console", lambda message: self._complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("request", lambda request: self._complaints.append(request.url) if not request.url.startswith(("file:", "blob:")) else None)
        page.goto(self._path.as_uri())
        page.wait_for_selector("html[data-ready]")
        return page

    def __exit__(self, *error: object) -> None:
        self._context.close()
        assert self._complaints == []


def figure(page: Any, name: str) -> float:
    return float(page.get_attribute(f"[data-figure={name}]", "data-value"))


@pytest.mark.parametrize("tab", TABS)
def test_every_view_opens_by_its_key(page: Any, tab: str) -> None:
    page.keyboard.press(str(TABS.index(tab) + 1))
    assert page.get_attribute(f"#tab-{tab}", "aria-selected") == "true" and page.inner_text("#main").strip()


def test_a_module_is_moved_by_keyboard_alone_and_taken_back(page: Any) -> None:
    before = figure(page, "largest_share")
    page.keyboard.press("/")
    page.keyboard.type("catalog.services")
    page.wait_for_selector("#found")
    page.keyboard.press("Enter")  # to the first that was found
    page.keyboard.press("Enter")
    assert page.inner_text("#side h2") == "shop.catalog.services"
    page.keyboard.press("m")
    page.keyboard.type("orders")
    page.keyboard.press("Enter")
    assert page.evaluate("review.state().place['shop.catalog.services']") == "orders"
    assert figure(page, "largest_share") != before and "→" in page.inner_text("[data-figure=largest_share]")
    page.keyboard.press("u")
    assert figure(page, "largest_share") == before
    page.keyboard.press("Shift+U")
    assert figure(page, "largest_share") != before


def test_a_box_is_dragged_onto_another_context(page: Any) -> None:
    page.keyboard.press("2")
    box = page.locator("#boxes").bounding_box()
    spots = {}
    for x in range(6, int(box["width"]), 12):
        for y in range(24, int(box["height"]) - 4, 12):
            page.mouse.move(box["x"] + x, box["y"] + y)
            text = page.inner_text("#over")
            if text.startswith("shop.people.services,"):
                spots["from"] = (x, y)
            if text.startswith("shop.catalog.models,"):
                spots["to"] = (x, y)
        if len(spots) == 2:
            break
    (x, y), (to_x, to_y) = spots["from"], spots["to"]
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    page.mouse.move(box["x"] + to_x, box["y"] + to_y, steps=5)
    page.mouse.up()
    assert page.evaluate("review.edits()") == [{"op": "move", "subjects": ["shop.people.services"], "to": "catalog"}]


def test_what_cannot_be_is_said_in_the_dialog(page: Any) -> None:
    page.keyboard.press("1")
    page.locator("g.node[data-context=orders]").click()
    page.keyboard.press("r")
    page.fill("#field-to", "Not A Name")
    page.keyboard.press("Enter")
    assert "cannot name a context" in page.inner_text("#dialog .error")
    page.keyboard.press("Escape")
    assert page.evaluate("review.edits()") == []


def test_a_decision_is_accepted_and_waived(page: Any) -> None:
    page.keyboard.press("6")
    page.locator("#main tbody button", has_text="FK-001").click()
    page.keyboard.press("w")
    page.keyboard.press("Enter")
    assert "needs a reason" in page.inner_text("#dialog .error")
    page.fill("#field-reason", "a report only")
    page.keyboard.press("Enter")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    assert [edit["op"] for edit in page.evaluate("review.edits()")] == ["waive", "accept"]


def test_what_the_page_exports_gives_the_map_that_it_showed(page: Any, shop: Path, tmp_path: Path) -> None:
    for edit in (
        {"op": "move", "subjects": ["shop.catalog.services"], "to": "orders"}, {"op": "rename", "context": "people", "to": "crm"},
        {"op": "move", "subjects": ["shop.orders.models.Order"], "to": "crm"}, {"op": "split", "context": "orders", "subjects": ["shop.orders.views"], "to": "front"},
    ):  # fmt: skip
        assert page.evaluate("edit => review.edit(edit)", edit) == ""
    with page.expect_download() as download:
        page.keyboard.press("e")
    download.value.save_as(tmp_path / "edits.json")
    shown, scores = page.evaluate("review.state()"), page.evaluate("review.scores()")
    edits = read_edits((tmp_path / "edits.json").read_bytes(), "edits.json")
    analysis = pipeline.analyze(shop)
    revised = pipeline.revise(analysis, edits, shop / "decompose.toml").analysis.context_map
    edited = Edited(analysis.graph, analysis.context_map, analysis.config)
    for each in edits.edits:
        edited.apply(each)
    assert differences(edited, revised) == () and edits.plan == analysis.graph.digest
    assert {m.module: m.context for m in revised.memberships if m.module in shown["place"]} == shown["place"]
    assert {entry.table: entry.owner for entry in revised.ownership} == shown["owner"]
    assert {name: getattr(revised.scores, name) for name in scores} == pytest.approx(scores, abs=1e-4)


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (npm install axe-core, or AXE_CORE=path)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_stands_in_anybodys_way(browser: Any, shop: Path, scheme: str) -> None:
    found = []
    with opened(browser, shop / "plan/plan.html", color_scheme=scheme, bypass_csp=True) as page:
        page.add_script_tag(content=AXE.read_text())
        for number, tab in enumerate(TABS, start=1):
            page.keyboard.press(str(number))
            if tab == "map":
                page.locator("g.node").first.click()
            result = page.evaluate("axe.run()")
            found += [(tab, each["id"], each["nodes"][0]["html"]) for each in result["violations"] if each["impact"] in ("serious", "critical")]
        page.keyboard.press("1")
        page.keyboard.press("r")
        result = page.evaluate("axe.run()")
        found += [("dialog", each["id"], each["nodes"][0]["html"]) for each in result["violations"] if each["impact"] in ("serious", "critical")]
    assert found == []


@pytest.mark.parametrize(("modules", "edges", "megabytes"), [(5_000, 20_000, 2.5), (10_000, 40_000, 5.0)])
def test_a_large_project_is_quick(browser: Any, tmp_path: Path, modules: int, edges: int, megabytes: float, record_property: Any) -> None:
    path = tmp_path / "plan.html"
    path.write_text(large_page(modules, edges))
    with opened(browser, path) as page:
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")

        def busy() -> float:
            return next(each["value"] for each in session.send("Performance.getMetrics")["metrics"] if each["name"] == "TaskDuration")

        painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? performance.now()")
        ready = float(page.get_attribute("html", "data-ready"))
        page.keyboard.press("2")
        box = page.locator("#boxes").bounding_box()
        page.mouse.move(box["x"] + 300, box["y"] + 200)
        page.keyboard.down("Control")
        page.mouse.wheel(0, -600)
        page.keyboard.up("Control")
        for _ in range(20):
            page.mouse.move(box["x"] + 300, box["y"] + 200)
            page.mouse.down(button="middle")
            page.mouse.move(box["x"] + 340, box["y"] + 220)
            page.mouse.up(button="middle")
        scored = page.evaluate("() => { const id = Object.keys(review.state().place)[7]; const start = performance.now(); review.edit({op: 'move', subjects: [id], to: 'tax8'}); return performance.now() - start; }")
        time.sleep(0.3)
        figures = {"megabytes": path.stat().st_size / 1e6, "first_paint_ms": painted, "ready_ms": ready, "move_to_score_ms": scored, "busy_s": busy()}
    for name, value in figures.items():
        record_property(name, value)
    print(json.dumps({name: round(value, 2) for name, value in figures.items()}))
    assert figures["megabytes"] <= megabytes
    if modules == 5_000:
        assert painted <= 1_500 and scored <= 50 * 3 and figures["busy_s"] <= 2 * 3, figures  # thrice the aim: machines of others are busy
