"""The review page in a real browser: what a person sees and does, by mouse and by keyboard, and how long it takes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.large import large_page

from decompose import pipeline

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
AXE = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed (or named by CHROMIUM)")]

TABS = {"start": "1", "map": "2", "code": "3", "tables": "4", "matrix": "5", "edges": "6", "decisions": "7", "uses": "8", "order": "9", "signed": "0", "edits": "c"}
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
    """A page in a window of its own; what it asks any other server for, and what it complains about, is an error. ``before`` hears of it while it is empty."""

    def __init__(self, browser: Any, page: Path | str, before: Callable[[Any], None] = lambda page: None, **options: Any) -> None:
        self._context = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True, **options)
        self._address = page if isinstance(page, str) else page.as_uri()
        self._own = (self._address, "blob:") if isinstance(page, str) else ("file:", "blob:")
        self._before = before
        self._complaints: list[str] = []

    def __enter__(self) -> Any:
        self._context.set_default_timeout(20_000)
        page = self._context.new_page()
        page.on("pageerror", lambda error: self._complaints.append(str(error)))
        page.on("console", lambda message: self._complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("request", lambda request: self._complaints.append(request.url) if not request.url.startswith(self._own) else None)
        self._before(page)
        page.goto(self._address)
        page.wait_for_selector("html[data-ready]")
        return page

    def __exit__(self, *error: object) -> None:
        self._context.close()
        assert self._complaints == []


def figure(page: Any, name: str) -> float:
    return float(page.get_attribute(f"[data-figure={name}]", "data-value"))


@pytest.mark.parametrize("tab", TABS)
def test_every_view_opens_by_its_key(page: Any, tab: str) -> None:
    page.keyboard.press(TABS[tab])
    assert page.get_attribute(f"#tab-{tab}", "aria-selected") == "true" and page.inner_text("#main").strip()


def test_a_narrow_window_cuts_nothing_off(browser: Any, shop: Path) -> None:
    """What is wider than the window scrolls in a box of its own, on every view and with something selected."""
    with opened(browser, shop / "plan/plan.html") as page:
        page.set_viewport_size({"width": 390, "height": 844})
        for tab in TABS.values():
            page.keyboard.press(tab)
            assert page.evaluate("['main', 'side', 'figures'].map((id) => document.getElementById(id)).filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.id)") == [], tab
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, tab
        page.keyboard.press(TABS["code"])
        page.click("#main tbody button")
        assert page.inner_text("#side") and page.evaluate("document.getElementById('side').scrollWidth <= document.getElementById('side').clientWidth")


def test_the_start_counts_as_the_analysis_does(page: Any, shop: Path) -> None:
    graph = pipeline.analyze(shop).graph
    page.keyboard.press(TABS["start"])
    assert f"({len(graph.modules)} modules, " in page.inner_text("#main") and f"{len(graph.routes)} route" in page.inner_text("#main")


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
    page.keyboard.press(TABS["code"])
    box = page.locator("#boxes").bounding_box()
    (x, y), (to_x, to_y) = (page.evaluate("id => review.spot(id)", id) for id in ("shop.people.services", "shop.catalog.models"))
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    page.mouse.move(box["x"] + to_x, box["y"] + to_y, steps=5)
    page.mouse.up()
    assert page.evaluate("review.edits()") == [{"op": "move", "subjects": ["shop.people.services"], "to": "catalog"}]


def test_what_cannot_be_is_said_in_the_dialog(page: Any) -> None:
    page.keyboard.press(TABS["map"])
    page.locator("g.node[data-context=orders]").click()
    page.keyboard.press("r")
    page.fill("#field-to", "Not A Name")
    page.keyboard.press("Enter")
    assert "cannot name a context" in page.inner_text("#dialog .error")
    page.keyboard.press("Escape")
    assert page.evaluate("review.edits()") == []


def test_a_decision_is_accepted_and_waived(page: Any) -> None:
    page.keyboard.press(TABS["decisions"])
    page.locator("#main tbody button", has_text="FK-001").click()
    page.keyboard.press("w")
    page.keyboard.press("Enter")
    assert "needs a reason" in page.inner_text("#dialog .error")
    page.fill("#field-reason", "a report only")
    page.fill("#field-until", "2099-03-01")
    page.keyboard.press("Enter")
    assert "until 2099-03-01" in page.inner_text("#side")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    waived, accepted = page.evaluate("review.edits()")
    assert waived == {"id": "FK-001", "op": "waive", "reason": "a report only", "until": "2099-03-01", "by": ""} and accepted["op"] == "accept"


def test_a_use_that_waits_is_decided_with_all_that_are_alike(page: Any) -> None:
    page.keyboard.press(TABS["uses"])
    waiting = page.locator("#main tbody .state.open").count()
    page.locator("#main tbody button").first.click()
    page.keyboard.press("a")
    page.locator("#field-id").select_option(index=page.locator("#field-id option").count() - 1)
    page.keyboard.press("Enter")
    assert page.locator("#main tbody .state.open").count() < waiting
    assert [edit["op"] for edit in page.evaluate("review.edits()")] == ["accept"]


# --- there and back --------------------------------------------------------------------------------

SAMPLE = Path(__file__).parents[2] / "sample_monolith"
REAL = [Path(each) for each in os.environ.get("MONOLITHS", "").split(os.pathsep) if each]


def decompose(base: Path, *words: str) -> str:
    run = subprocess.run([sys.executable, "-m", "decompose", *words], cwd=base, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stderr


# Edits of every kind that fit any map: each is made on the page itself, and the next one is thought of on what it left.
EDIT = """() => {
  const { place, owner } = review.state(), of = (c) => Object.keys(place).filter((id) => place[id] === c), done = [];
  const names = [...new Set(Object.values(place))].filter((c) => c !== 'shared' && c !== 'unassigned').sort((a, b) => of(b).length - of(a).length || (a < b ? -1 : 1));
  const [big, next] = names, small = names.at(-1), modules = of(big), answers = JSON.parse(document.getElementById('model').textContent).decisions;
  const tables = Object.keys(owner).filter((t) => owner[t] === big);
  const wanted = [
    { op: 'move', subjects: [modules[0]], to: next }, { op: 'pin', subjects: [of(next)[0]] }, { op: 'split', context: big, subjects: modules.slice(-2), to: 'split-off' },
    { op: 'library', subjects: [modules[1]] }, { op: 'rename', context: next, to: 'renamed' }, ...(names.length > 3 ? [{ op: 'merge', context: small, to: big }] : []),
    ...tables.slice(0, 3).map((table) => ({ op: 'own', table, to: 'renamed' })),
    ...answers.slice(0, 1).map((d) => ({ op: 'accept', id: d.id, choice: d.proposal, reason: 'so be it', by: 'ann' })), ...answers.slice(1, 2).map((d) => ({ op: 'waive', id: d.id, reason: 'rare', until: '2099-03-01', by: 'ann' })),
  ];
  for (const edit of wanted) { const problem = review.edit(edit); if (problem === '') done.push(edit.op); else if (edit.op !== 'own') throw new Error(edit.op + ': ' + problem); }
  return done;
}"""


@pytest.mark.parametrize("project", [SAMPLE, *REAL], ids=lambda path: path.name)
def test_page_to_export_to_settings_to_analysis_gives_the_map_that_was_seen(browser: Any, project: Path, tmp_path: Path) -> None:
    base = tmp_path / project.name
    shutil.copytree(project, base, ignore=shutil.ignore_patterns(".git", ".decompose", "node_modules", "plan"))
    settings = base / "decompose.toml"
    settings.write_text(f"# the first line is ours\n{settings.read_text() if settings.exists() else ''}\n# and so is the last\n")
    comments = [line.partition("#")[2] for line in settings.read_text().splitlines() if "#" in line]
    decompose(base, "plan", ".")
    with opened(browser, base / "plan/plan.html") as page:
        kinds = page.evaluate(EDIT)
        with page.expect_download() as download:
            page.keyboard.press("e")
        download.value.save_as(tmp_path / "edits.json")
        shown, scores = page.evaluate("review.state()"), page.evaluate("review.scores()")
    assert {"move", "pin", "split", "library", "rename", "own", "accept", "waive"} <= set(kinds)
    told = decompose(base, "plan", ".", "--apply", str(tmp_path / "edits.json"))
    assert "Written to decompose.toml (comments kept)" in told
    found = pipeline.analyze(base).context_map
    assert {each.module: each.context for each in found.memberships if each.module in shown["place"]} == shown["place"]
    assert {entry.table: entry.owner for entry in found.ownership} == shown["owner"]
    assert {name: getattr(found.scores, name) for name in scores} == pytest.approx(scores, abs=1e-4)
    assert [line.partition("#")[2] for line in settings.read_text().splitlines() if "#" in line] == comments
    with opened(browser, base / "plan/plan.html") as page:
        assert page.evaluate("review.state()") == shown and page.evaluate("review.edits()") == []


def test_a_review_saves_and_shows_the_new_plan(browser: Any, shop: Path, tmp_path: Path) -> None:
    """The command as a person runs it: served, edited, saved, and told what is done meanwhile."""
    base = tmp_path / "served"
    shutil.copytree(shop, base, ignore=shutil.ignore_patterns(".decompose", "plan"))
    words = [sys.executable, "-m", "decompose", "review", ".", "--no-open"]
    with subprocess.Popen(words, cwd=base, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            with opened(browser, server.stdout.readline().strip()) as page:
                heard: list[str] = []
                page.expose_function("hear", lambda text: heard.append(text))
                page.evaluate("new MutationObserver(() => hear(document.getElementById('said').textContent)).observe(document.getElementById('said'), { childList: true })")
                assert page.evaluate("review.edit({op: 'rename', context: 'people', to: 'crm'})") == ""
                shown = page.evaluate("review.state()")
                with page.expect_navigation(timeout=120_000):
                    page.keyboard.press("e")
                page.wait_for_selector("#dialog[open]")
                assert "name people -> crm" in page.inner_text("#dialog") and any(text.startswith("Planning") for text in heard)
                page.keyboard.press("Enter")
                assert page.evaluate("review.state()") == shown and page.evaluate("review.edits()") == []
                assert page.inner_text("#save").startswith("Save")
        finally:
            server.terminate()
    assert "[contexts.crm]" in (base / "decompose.toml").read_text() and (base / "decompose.toml").read_text().startswith("# ours\n")


# --- by keyboard, on paper, for everybody ----------------------------------------------------------


def test_the_whole_review_is_done_by_keyboard(page: Any) -> None:
    press, said = page.keyboard.press, lambda: page.inner_text("#side")

    def found(words: str) -> None:
        press("/")
        press("Control+A")
        page.keyboard.type(words)
        page.wait_for_function("words => document.getElementById('found')?.textContent.includes(words)", arg=words)
        press("ArrowDown")
        press("Enter")
        page.wait_for_selector("#side h2")

    found("shop.catalog.services")
    press("d")  # to the details
    assert page.evaluate("document.getElementById('side').contains(document.activeElement)") and "Uses" in said()
    press("d")  # and back
    press("p")
    press("x")
    assert "1 module marked" in said()
    press("s")
    page.keyboard.type("search")
    press("Enter")
    found("people")
    press("r")
    page.keyboard.type("crm")
    press("Enter")
    found("search")
    press("g")
    press("Enter")
    found("shop.people.services")
    press("l")
    found("catalog_product")
    press("o")
    page.keyboard.press("End")
    press("Enter")
    press(TABS["decisions"])
    page.locator("#main tbody button").first.focus()
    press("ArrowDown")
    press("ArrowUp")
    press("Enter")
    press("a")
    press("Enter")
    press("w")
    page.keyboard.type("a report only")
    press("Enter")
    assert [edit["op"] for edit in page.evaluate("review.edits()")] == ["pin", "split", "rename", "merge", "library", "own", "accept", "waive"]
    for _ in range(8):
        press("u")
    assert page.evaluate("review.edits()") == []
    for _ in range(8):
        press("Shift+U")
    with page.expect_download() as download:
        press("e")
    assert len(json.loads(Path(download.value.path()).read_text())["edits"]) == 8


def test_on_paper_stands_the_whole_plan(page: Any, tmp_path: Path) -> None:
    page.keyboard.press(TABS["code"])
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    titles = page.eval_on_selector_all("#paper > section > h1", "all => all.map((each) => each.textContent)")
    assert titles == ["Summary", "Context map", "Tables", "Matrix", "Decisions", "Open uses", "Order", "Sign-off", "Edits, compare"]
    assert not page.is_visible("#main") and page.is_visible("#paper svg") and page.locator("#paper details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#paper > *").count() == 0
    page.pdf(path=tmp_path / "plan.pdf", prefer_css_page_size=True)
    assert (tmp_path / "plan.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (npm install axe-core, or AXE_CORE=path)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_stands_in_anybodys_way(browser: Any, shop: Path, scheme: str) -> None:
    found = []
    with opened(browser, shop / "plan/plan.html", color_scheme=scheme, bypass_csp=True) as page:
        page.add_script_tag(content=AXE.read_text())
        for tab, key in TABS.items():
            page.keyboard.press(key)
            if tab == "map":
                page.locator("g.node").first.click()
            result = page.evaluate("axe.run()")
            found += [(tab, each["id"], each["nodes"][0]["html"]) for each in result["violations"] if each["impact"] in ("serious", "critical")]
        page.keyboard.press(TABS["map"])
        page.keyboard.press("r")
        result = page.evaluate("axe.run()")
        found += [("dialog", each["id"], each["nodes"][0]["html"]) for each in result["violations"] if each["impact"] in ("serious", "critical")]
    assert found == []


@pytest.mark.parametrize(("modules", "edges", "megabytes"), [(5_000, 20_000, 2.5), (10_000, 40_000, 5.0)])
def test_a_large_project_is_quick(browser: Any, tmp_path: Path, modules: int, edges: int, megabytes: float, record_property: Any) -> None:
    path = tmp_path / "plan.html"
    path.write_text(large_page(modules, edges))
    sessions: list[Any] = []

    def watched(page: Any) -> None:
        sessions.append(page.context.new_cdp_session(page))
        sessions[0].send("Performance.enable", {"timeDomain": "threadTicks"})  # the main thread's own time, whatever else the machine does

    def busy() -> float:
        return next(each["value"] for each in sessions[0].send("Performance.getMetrics")["metrics"] if each["name"] == "TaskDuration")

    with opened(browser, path, watched) as page:
        painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? performance.now()")
        ready = float(page.get_attribute("html", "data-ready"))
        page.keyboard.press(TABS["code"])
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
    print(f"\n{modules:,} modules, {edges:,} edges: " + ", ".join(f"{name} {value:.2f}" for name, value in figures.items()))
    assert figures["megabytes"] <= megabytes
    if modules == 5_000:
        assert figures["busy_s"] <= 2, figures
        assert painted <= 1_500 * 3 and scored <= 50 * 3, figures  # by the clock, and thrice the aim: machines of others are busy
