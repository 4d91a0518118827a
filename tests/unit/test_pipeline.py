"""The use cases on a small monolith: what they give, what they refuse, what stays the same."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import decompose
from decompose import emit, pipeline
from decompose.errors import Drifted, FileError, Incomplete, RefusedInput, UsageError
from decompose.model.artifacts import Artifact
from decompose.model.migration import MigrationPlan
from decompose.pipeline import extraction, reading
from decompose.report.schemas import json_schema

SHOP = {
    "manage.py": "import os\nfrom django.core.management import execute_from_command_line\n"
    "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\nexecute_from_command_line([])\n",
    "requirements.txt": "Django==4.2.11\n",
    "shop/__init__.py": "",
    "shop/settings.py": "INSTALLED_APPS = ['shop.crm', 'shop.orders']\nROOT_URLCONF = 'shop.urls'\n",
    "shop/urls.py": "from django.urls import path\nfrom shop.orders import views\nurlpatterns = [path('orders/', views.listing)]\n",
    "shop/crm/__init__.py": "",
    "shop/crm/models.py": "from django.db import models\n\n\nclass Customer(models.Model):\n    name = models.CharField(max_length=9)\n",
    "shop/crm/services.py": "from shop.crm.models import Customer\n\n\ndef rename(pk, name):\n    Customer.objects.filter(pk=pk).update(name=name)\n",
    "shop/orders/__init__.py": "",
    "shop/orders/models.py": "from django.db import models\n\n\nclass Order(models.Model):\n"
    "    customer = models.ForeignKey('crm.Customer', on_delete=models.CASCADE)\n",
    "shop/orders/views.py": "from shop.orders.models import Order\n\n\ndef listing(request):\n    return list(Order.objects.all())\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    base = tmp_path / "shop"
    for path, text in SHOP.items():
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        (base / path).write_text(text)
    return base


def plan_of(base: Path) -> MigrationPlan:
    return pipeline.plan(pipeline.analyze(base))


def test_an_analysis_knows_modules_tables_and_routes(shop: Path) -> None:
    analysis = decompose.analyze(shop)
    assert {table.id for table in analysis.graph.tables} >= {"crm_customer", "orders_order"}
    assert [route.path for route in analysis.graph.routes] == ["/orders/"]
    assert analysis.context_map.foreign_keys[0].src == "orders_order.customer_id"


def test_an_analysis_as_json_fits_its_schema(shop: Path) -> None:
    jsonschema.validate(pipeline.analyze(shop).to_json(), json_schema("analysis"))


def test_the_graph_is_networkx(shop: Path) -> None:
    assert pipeline.analyze(shop).networkx().has_edge("shop.orders.views", "shop.orders.models")


def test_the_same_source_gives_the_same_analysis_with_and_without_cache_and_workers(shop: Path) -> None:
    first = pipeline.analyze(shop).to_json()
    assert pipeline.analyze(shop).to_json() == pipeline.analyze(shop, cache=False, jobs=2).to_json() == first


def test_the_target_is_never_imported(shop: Path) -> None:
    (shop / "shop" / "bomb.py").write_text("open('exploded', 'w')\nraise SystemExit(9)\n")
    pipeline.analyze(shop)
    assert not list(shop.rglob("exploded"))


def test_a_path_that_is_no_folder_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "none"):
        with pytest.raises(UsageError):
            pipeline.analyze(path)


def test_stages_are_timed_and_watched(shop: Path) -> None:
    seen: list[str] = []
    analysis = pipeline.analyze(shop, progress=lambda stage, done, total: seen.append(stage))
    assert list(dict.fromkeys(seen)) == list(analysis.timings)


def test_unreadable_files_count_against_the_limit(shop: Path) -> None:
    (shop / "shop" / "bad.py").write_text("def (\n")
    analysis = pipeline.analyze(shop)
    pipeline.check_complete(analysis, 0.5)
    with pytest.raises(Incomplete):
        pipeline.check_complete(analysis, 0.0)


# --- plan ---------------------------------------------------------------------------------------


def test_a_saved_plan_reads_back_equal(shop: Path) -> None:
    made = plan_of(shop)
    pipeline.save_plan(shop, made)
    assert pipeline.load_plan(shop) == made


def test_a_saved_plan_fits_its_schema(shop: Path) -> None:
    pipeline.save_plan(shop, plan_of(shop))
    jsonschema.validate(json.loads((shop / pipeline.PLAN).read_bytes()), json_schema("plan"))


def test_a_plan_that_is_missing_or_damaged_is_said(shop: Path) -> None:
    with pytest.raises(UsageError, match="no plan"):
        pipeline.load_plan(shop)
    pipeline.save_plan(shop, plan_of(shop))
    (shop / pipeline.PLAN).write_text("{}")
    with pytest.raises(FileError, match="damaged"):
        pipeline.load_plan(shop)


@pytest.mark.parametrize("plan", [b"[" * 100_000, b'{"contexts": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"])
def test_a_plan_nested_beyond_reason_is_a_damaged_one(shop: Path, plan: bytes) -> None:
    (shop / pipeline.PLAN).parent.mkdir()
    (shop / pipeline.PLAN).write_bytes(plan)
    for read in (pipeline.load_plan, pipeline.analyze):
        with pytest.raises(FileError, match="damaged"):
            read(shop)


@pytest.mark.parametrize(
    ("way", "text"),
    [
        (("project", "python"), "3.12\nRUN touch x"),
        (("project", "package"), "shop/../.."),
        (("project", "source"), "../.."),
        (("project", "manage"), "/bin/manage.py"),
        (("project", "test_command"), "pytest\nrm"),
        (("modules", 0, "path"), "../outside.py"),
        (("contexts", 0, "name"), "../../x"),
        (("contexts", 0, "placements", 0, "path"), "/etc/hostname"),
        (("contexts", 0, "placements", 0, "path"), "shop/../../x.py"),
        (("contexts", 0, "placements", 0, "module"), "shop\nimport os"),
        (("contexts", 0, "requirements"), ["Django\n--index-url=x"]),
        (("contexts", 0, "files"), ["../secret"]),
    ],
)
def test_a_plan_that_leads_out_of_the_project_or_out_of_its_line_is_refused(shop: Path, way: tuple[str | int, ...], text: object) -> None:
    pipeline.save_plan(shop, plan_of(shop))
    pipeline.load_plan(shop)
    document = json.loads((shop / pipeline.PLAN).read_bytes())
    holder = document
    for part in way[:-1]:
        holder = holder[part]
    holder[way[-1]] = text
    (shop / pipeline.PLAN).write_text(json.dumps(document))
    with pytest.raises(RefusedInput, match=r"Nothing was written"):
        pipeline.load_plan(shop)


def test_generated_text_that_is_no_python_is_refused_and_moved_code_is_not_looked_at() -> None:
    newer = b"type = t'{x!' \n"
    extraction._check_parses([Artifact("a.py", newer, "moved"), Artifact("b.py", newer, "edited", base=b""), Artifact("c.txt", newer)])
    with pytest.raises(RefusedInput, match=r"models\.py would be no valid Python.*Nothing was written"):
        extraction._check_parses([Artifact("services/x/models.py", b"class X:\nfield = \n")])


def test_a_change_of_source_or_decisions_is_drift_and_a_change_elsewhere_is_not(shop: Path) -> None:
    saved = plan_of(shop)
    (shop / "NOTES.md").write_text("x\n")
    (shop / "decompose.toml").write_text("[verify]\ntimeout = 9\n")
    pipeline.check_drift(saved, pipeline.analyze(shop))
    (shop / "decompose.toml").write_text("[decompose]\nseed = 9\n")
    with pytest.raises(Drifted, match="decisions"):
        pipeline.check_drift(saved, pipeline.analyze(shop))
    (shop / "decompose.toml").unlink()
    (shop / "shop" / "crm" / "services.py").write_text("x = 1\n")
    with pytest.raises(Drifted, match="source"):
        pipeline.check_drift(saved, pipeline.analyze(shop))


def test_what_decompose_wrote_itself_is_looked_through(shop: Path) -> None:
    before = pipeline.analyze(shop)
    views = (shop / "shop/orders/views.py").read_bytes()
    written = [
        Artifact("shop/orders/views.py", b"from shop.boundaries import crm\n" + views, "edited", base=views, context="crm"),
        Artifact("shop/boundaries/crm.py", b"from shop.crm import models\n", "owned", context="crm"),
        Artifact("services/crm/shop/crm/models.py", (shop / "shop/crm/models.py").read_bytes(), "moved", context="crm"),
        Artifact("services/crm/manage.py", b"", "merged", context="crm"),
    ]
    emit.write(shop, written)
    after = pipeline.analyze(shop)
    assert after.to_json() == before.to_json() and after.graph.digest == before.graph.digest
    assert after.text("shop/orders/views.py") == views


def test_a_folder_called_services_is_part_of_the_monolith_unless_we_made_it(shop: Path) -> None:
    (shop / "services").mkdir()
    (shop / "services" / "mail.py").write_text("def send(): ...\n")
    assert "services.mail" in {module.id for module in pipeline.analyze(shop).graph.modules}


def test_a_context_that_is_not_there_is_answered_with_the_nearest(shop: Path) -> None:
    made = plan_of(shop)
    name = made.contexts[0].name
    assert pipeline.context_plan(made, name).name == name
    with pytest.raises(UsageError) as caught:
        pipeline.context_plan(made, name + "s")
    assert name in caught.value.hint


def test_an_interrupted_write_is_healed_before_the_project_is_read(shop: Path) -> None:
    state = shop / ".decompose"
    (state / "staging").mkdir(parents=True)
    (state / "staging" / "new-0").write_text("def late(): ...\n")
    (state / "journal.json").write_text(
        json.dumps({"operations": [{"path": "shop/late.py", "new": emit.ledger.digest(b"def late(): ...\n")}], "folders": []})
    )
    assert "shop.late" in {module.id for module in pipeline.analyze(shop).graph.modules}


def test_notes_and_data_beside_the_code_are_no_drift_and_a_template_in_a_package_is(shop: Path) -> None:
    before = pipeline.analyze(shop).graph.digest
    (shop / "notes.txt").write_text("remember the milk\n")
    assert pipeline.analyze(shop).graph.digest == before
    (shop / "shop" / "crm" / "templates").mkdir()
    (shop / "shop" / "crm" / "templates" / "card.html").write_text("<b>\n")
    assert pipeline.analyze(shop).graph.digest != before


def test_requirements_are_part_of_what_a_plan_is_made_from(shop: Path) -> None:
    before = pipeline.analyze(shop).graph.digest
    (shop / "requirements.txt").write_text("Django==4.2.12\n")
    assert pipeline.analyze(shop).graph.digest != before


def test_files_that_were_read_are_not_read_again_for_the_digest(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reread: list[str] = []
    read = reading.contents

    def noted(base: str, path: str) -> bytes:
        reread.append(path)
        return read(base, path)

    first = pipeline.analyze(shop, cache=False)
    monkeypatch.setattr(reading, "contents", noted)
    found = [pipeline.analyze(shop, cache=cache, jobs=1) for cache in (False, True, True)]
    assert {each.graph.digest for each in found} == {first.graph.digest} and all(each.digests == first.digests for each in found)
    assert first.digests and [path for path in reread if path.endswith(".py")] == []
