"""What each command says about a small monolith."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import decompose as package
from decompose.errors import DecomposeError
from decompose.report.codes import CODES

Typed = Callable[..., Any]


# --- analyze ------------------------------------------------------------------------------------


def test_analyze_keeps_the_analysis_and_prints_a_summary(decompose: Typed, shop: Path) -> None:
    answer = decompose("analyze", shop)
    assert answer.code == 0 and answer.out.startswith("Analyzed shop-project: ")
    assert json.loads((shop / ".decompose/analysis.json").read_bytes())["project"]["frameworks"] == ["django"]
    assert "Wrote .decompose/analysis.json" in answer.err


def test_analyze_twice_says_the_same_and_touches_nothing(decompose: Typed, shop: Path) -> None:
    first = decompose("analyze", shop, "-f", "json")
    kept = (shop / ".decompose/analysis.json").stat().st_mtime_ns
    assert decompose("analyze", shop, "-f", "json").out == first.out
    assert decompose("analyze", shop, "-f", "json", "--no-cache", "--jobs", 1).out == first.out
    assert (shop / ".decompose/analysis.json").stat().st_mtime_ns == kept


def test_analyze_without_cache_keeps_nothing(decompose: Typed, shop: Path) -> None:
    answer = decompose("analyze", shop, "--no-cache")
    assert answer.code == 0 and "Wrote" not in answer.err and not (shop / ".decompose").exists()


def test_a_link_in_the_place_of_our_folder_is_not_followed_and_no_reason_to_stop(decompose: Typed, shop: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (shop / ".decompose").symlink_to(elsewhere)
    answer = decompose("analyze", shop)
    assert answer.code == 0 and "is not kept" in answer.err and list(elsewhere.iterdir()) == []


def test_plugins_named_by_the_project_are_not_loaded_and_said_so(decompose: Typed, shop: Path) -> None:
    (shop / "decompose.toml").write_text('[decompose]\nplugins = ["evil"]\n')
    (shop / "evil.py").write_text("raise SystemExit('loaded')\n")
    answer = decompose("analyze", shop)
    assert answer.code == 0 and "decompose.toml:2 has no effect" in answer.err


def test_a_repository_that_cannot_be_read_is_named(decompose: Typed, shop: Path) -> None:
    (shop / ".git").write_text("gitdir: /nowhere\n")
    answer = decompose("analyze", shop)
    assert answer.code == 0 and "The git history is not used" in answer.err


@pytest.mark.parametrize(("form", "begins"), [("csv", "context,"), ("mermaid", "flowchart"), ("dot", "digraph"), ("graphml", "<?xml")])
def test_analyze_draws_the_graph(decompose: Typed, shop: Path, form: str, begins: str) -> None:
    answer = decompose("analyze", shop, "--format", form)
    assert answer.code == 0 and answer.out.lstrip("<").startswith(begins.lstrip("<"))


def test_a_file_that_cannot_be_parsed_is_named_and_strict_ends_with_6(decompose: Typed, shop: Path) -> None:
    (shop / "shop" / "broken.py").write_text("def f(:\n")
    assert "shop/broken.py:1" in decompose("analyze", shop).out
    answer = decompose("analyze", shop, "--strict")
    assert answer.code == 6 and "shop/broken.py:1" in answer.err


def test_a_pin_moves_a_module(decompose: Typed, shop: Path) -> None:
    decompose("analyze", shop, "--pin", "shop.reviews.words=vocabulary")
    modules = json.loads((shop / ".decompose/analysis.json").read_bytes())["modules"]
    assert next(m["context"] for m in modules if m["id"] == "shop.reviews.words") == "vocabulary"


def test_timings_are_no_part_of_the_result(decompose: Typed, shop: Path) -> None:
    answer = decompose("analyze", shop, "--timings")
    assert "read " in answer.err and "read 0." not in answer.out


def test_a_control_character_in_a_name_does_not_reach_the_terminal(decompose: Typed, shop: Path) -> None:
    (shop / "shop" / "evil.py").write_text("import importlib\nimportlib.import_module('\\x1b]0;owned\\x07' + name)\n")
    for words in (["analyze", shop], ["show", "unresolved", "-C", shop], ["show", "unresolved", "-C", shop, "-f", "csv"]):
        answer = decompose(*words)
        assert answer.code == 0 and "\x1b" not in answer.out and "\x07" not in answer.out


# --- show ---------------------------------------------------------------------------------------


def test_show_tables_has_owner_and_place(decompose: Typed, shop: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(decompose("show", "tables", "-C", shop, "-f", "csv").out)))
    order = next(row for row in rows if row["table"] == "orders_order")
    assert order["model"] == "shop.orders.models.Order" and order["declared"] == "shop/orders/models.py:5"


@pytest.mark.parametrize("thing", ["contexts", "tables", "crud", "routes", "tasks", "changes", "unresolved", "order"])
def test_show_as_json_carries_its_schema(decompose: Typed, shop: Path, thing: str) -> None:
    data = json.loads(decompose("show", thing, "-C", shop, "-f", "json").out)
    assert data["schema"] == f"decompose/{thing}/1" and thing in data


def test_show_cuts_as_json_has_keys_and_transactions(decompose: Typed, shop: Path) -> None:
    assert set(json.loads(decompose("show", "cuts", "-C", shop, "-f", "json").out)) == {"schema", "foreign_keys", "transactions"}


def test_show_boundary_needs_a_context(decompose: Typed, shop: Path) -> None:
    assert decompose("show", "boundary", "-C", shop).code == 2
    assert decompose("show", "tables", "orders", "-C", shop).code == 2


def test_a_count_of_contexts_that_does_not_hold_is_said_so_and_again_by_the_plan_that_goes_on_with_it(decompose: Typed, shop: Path) -> None:
    (shop / "decompose.toml").write_text("".join(f'[contexts.{name}]\nmodules = ["shop.{name}.**"]\n' for name in ("catalog", "orders", "reviews")))
    more = "500 contexts were asked for, 3 are what holds: the evidence gives no finer cut."
    assert more in decompose("analyze", shop, "--contexts", "500").out
    again = decompose("plan", shop)
    assert "Continuing from the last analysis: --contexts 500" in again.err and more in again.err
    assert "1 context was asked for, 3 are what holds: what is decided" in decompose("analyze", shop, "--contexts", "1").out
    assert "asked for" not in decompose("analyze", shop, "--contexts", "2-4").out
    assert "asked for" not in decompose("analyze", shop).out


def test_show_without_a_word_says_what_each_one_lists(decompose: Typed, shop: Path) -> None:
    answer = decompose("show", "-C", shop)
    assert answer.code == 2 and answer.out == ""
    for thing, told in (("contexts", "the proposed contexts"), ("crud", "who creates, reads"), ("order", "the order of extraction")):
        assert re.search(rf"^ +{thing} +{told}", answer.err, re.MULTILINE)


@pytest.mark.parametrize("subject", ["nothing_here", "nope", "create"])
def test_explain_suggests_what_is_near_and_else_where_names_are_listed(decompose: Typed, shop: Path, subject: str) -> None:
    answer = decompose("explain", subject, "-C", shop)
    assert answer.code == 2
    if subject == "create":
        assert "did you mean shop.catalog.services.create, shop.orders.services.create, shop.reviews.services.create?" in answer.err
    else:
        assert "did you mean" not in answer.err and "`decompose show contexts`" in answer.err


@pytest.mark.parametrize(
    ("words", "step"),
    [(("plan", "--apply", "nope.json"), "`decompose plan --open`"), (("analyze", "--contexts", "0"), "write 7, or 4-8"), (("plan", "--contexts", "x"), "write 7, or 4-8")],
)
def test_what_cannot_be_read_or_counted_has_a_next_step(decompose: Typed, shop: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], step: str) -> None:
    monkeypatch.chdir(shop)
    answer = decompose(*words)
    assert answer.code in (2, 3) and "  hint  " in answer.err and step in answer.err


def test_a_misspelt_context_is_answered_with_the_nearest(decompose: Typed, shop: Path) -> None:
    name = json.loads(decompose("show", "order", "-C", shop, "-f", "json").out)["order"][0]["context"]
    answer = decompose("show", "boundary", name[:-1], "-C", shop)
    assert answer.code == 2 and f"did you mean {name!r}?" in answer.err


# --- explain ------------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", ["shop.orders.services", "orders_order", "TBL-orders_order", "FK-001"])
def test_explain_answers_for_modules_tables_and_keys(decompose: Typed, shop: Path, subject: str) -> None:
    answer = decompose("explain", subject, "-C", shop)
    assert answer.code == 0 and subject.removeprefix("TBL-") in answer.out


def test_explain_answers_for_an_edge_of_a_boundary(decompose: Typed, shop: Path) -> None:
    order = json.loads(decompose("show", "order", "-C", shop, "-f", "json").out)["order"]
    for each in order:
        edges = json.loads(decompose("show", "boundary", each["context"], "-C", shop, "-f", "json").out)["boundary"]
        if edges:
            answer = decompose("explain", edges[0]["id"], "-C", shop)
            assert answer.code == 0 and edges[0]["disposition"] in answer.out
            return
    raise AssertionError("no boundary has an edge")


def test_every_code_in_the_source_is_explained_and_every_explained_one_is_in_the_source(decompose: Typed) -> None:
    root = Path(package.__file__).parent
    sources = {path: path.read_text() for path in root.rglob("*.py") if path != root / "report/codes.py"}
    used = {code for text in sources.values() for code in re.findall(r"\"(D[1-4]\d\d)\"", text)}
    assert used == set(CODES)
    for code in used:
        assert decompose("explain", code.lower()).out.startswith(f"{code}  {CODES[code].title}")


def test_a_code_ends_a_command_as_its_explanation_says() -> None:
    for kind in DecomposeError.__subclasses__():
        assert CODES[kind.code].exit_code == kind.exit_code


def test_explain_answers_for_a_step(decompose: Typed, shop: Path) -> None:
    step = json.loads(decompose("explain", "orders-1-seal", "-C", shop, "-f", "json").out)
    assert step["schema"] == "decompose/step/1" and step["name"] == "seal"
    assert "way back" in decompose("explain", "orders-1-seal", "-C", shop).out


def test_explain_says_what_it_does_not_know(decompose: Typed, shop: Path) -> None:
    assert decompose("explain", "D999").code == 2
    assert decompose("explain", "shop.nothing", "-C", shop).code == 2


# --- the accepted map ----------------------------------------------------------------------------


def test_an_analysis_keeps_the_accepted_map(decompose: Typed, shop: Path) -> None:
    assert "Proposed contexts" in decompose("analyze", shop).out
    decompose("plan", shop)
    again = decompose("analyze", shop).out
    assert "Accepted contexts" in again
    assert "The map is the accepted one" in again
    assert decompose("analyze", shop).out == again


def test_every_difference_from_the_accepted_map_is_listed(decompose: Typed, shop: Path) -> None:
    decompose("plan", shop)
    (shop / "shop/orders/extra.py").write_text("from shop.orders import services\n")
    assert "1 difference from the accepted map" in decompose("analyze", shop).out
    changes = json.loads(decompose("show", "changes", "-C", shop, "--format", "json").out)["changes"]
    assert [(each["kind"], each["subject"], each["from"], each["to"]) for each in changes] == [("module", "shop.orders.extra", None, "orders")]
    assert changes[0]["reason"].startswith("new; pulled by orders")
    decompose("plan", shop)
    document = (shop / "plan/plan.md").read_text()
    assert "| module | `shop.orders.extra` | new | `orders` | new; pulled by orders" in document
    decompose("plan", shop)
    assert (shop / "plan/plan.md").read_text() == document


def test_fresh_proposes_anew_and_compares(decompose: Typed, shop: Path) -> None:
    pinned = '[contexts.orders]\nmodules = ["shop.catalog.services"]\n'
    (shop / "decompose.toml").write_text(pinned)
    decompose("plan", shop)
    (shop / "decompose.toml").write_text("")
    found = decompose("analyze", shop, "--fresh").out
    assert "Proposed contexts" in found
    assert "proposed anew" in found


def test_commands_continue_from_a_fresh_proposal_until_it_is_accepted(decompose: Typed, shop: Path) -> None:
    (shop / "decompose.toml").write_text('[contexts.orders]\nmodules = ["shop.catalog.services"]\n')
    decompose("plan", shop)
    (shop / "decompose.toml").write_text("")
    assert "--fresh" not in decompose("show", "contexts", "-C", shop).err
    decompose("analyze", shop, "--fresh")
    assert "--fresh" in decompose("show", "contexts", "-C", shop).err
    decompose("plan", shop)
    assert "--fresh" not in decompose("show", "contexts", "-C", shop).err


def test_a_damaged_plan_is_named_and_made_anew_on_demand(decompose: Typed, shop: Path) -> None:
    decompose("plan", shop)
    (shop / ".decompose/plan.json").write_text("{")
    refused = decompose("analyze", shop)
    assert (refused.code, "--fresh" in refused.err) == (3, True)
    assert decompose("plan", shop, "--fresh").code == 0
    assert decompose("analyze", shop).code == 0


def test_comments_in_the_decisions_are_not_touched(decompose: Typed, shop: Path) -> None:
    text = '# ours\n[contexts.orders]  # the heart\nteam = "sales"  # ask them\n'
    (shop / "decompose.toml").write_text(text)
    for command in ("analyze", "plan"):
        assert decompose(command, shop).code == 0
    assert (shop / "decompose.toml").read_text() == text
    assert "sales" in decompose("show", "contexts", "-C", shop, "--format", "csv").out


# --- plan ---------------------------------------------------------------------------------------


def test_plan_writes_both_files_and_a_second_run_touches_neither(decompose: Typed, shop: Path) -> None:
    assert decompose("plan", shop).code == 0
    before = {name: (shop / name).stat().st_mtime_ns for name in (".decompose/plan.json", "plan/plan.md")}
    assert decompose("plan", shop).code == 0
    assert {name: (shop / name).stat().st_mtime_ns for name in before} == before


def test_a_note_that_a_person_wrote_into_the_plan_survives(decompose: Typed, shop: Path) -> None:
    decompose("plan", shop)
    document = shop / "plan/plan.md"
    document.write_text(document.read_text() + "\nOur own remark.\n")
    (shop / "shop" / "catalog" / "more.py").write_text("from shop.catalog.models import Product\n")
    assert decompose("plan", shop).code == 0
    assert "Our own remark." in document.read_text()


def test_check_sees_that_the_source_has_changed(decompose: Typed, shop: Path) -> None:
    assert decompose("plan", shop, "--check").code == 2
    decompose("plan", shop)
    assert decompose("plan", shop, "--check").code == 0
    (shop / "shop" / "catalog" / "models.py").write_text("x = 1\n")
    answer = decompose("plan", shop, "--check")
    assert answer.code == 1 and "D310" in answer.err


# --- setup --------------------------------------------------------------------------------------


def test_init_writes_a_configuration_that_is_valid(decompose: Typed, shop: Path) -> None:
    assert decompose("init", shop, "--yes").code == 0
    assert "# [contexts." in (shop / "decompose.toml").read_text()
    assert decompose("config", "show", "-C", shop).code == 0


def test_init_leaves_a_configuration_as_it_is(decompose: Typed, shop: Path) -> None:
    (shop / "decompose.toml").write_text("[decompose]\nseed = 3\n")
    assert "left as it is" in decompose("init", shop, "--yes").err
    assert (shop / "decompose.toml").read_text() == "[decompose]\nseed = 3\n"


def test_init_keeps_the_schema_where_the_settings_say_it_is(decompose: Typed, shop: Path) -> None:
    decompose("init", shop, "--yes")
    settings = (shop / "decompose.toml").read_text()
    (named,) = re.findall(r"^#:schema \./(\S+)$", settings, re.MULTILINE)
    assert settings.startswith("#:schema") and (shop / named).read_text() == decompose("schema", "config").out
    jsonschema.validate(tomllib.loads(settings), json.loads((shop / named).read_bytes()))


def test_config_show_tells_where_a_value_comes_from(decompose: Typed, shop: Path) -> None:
    (shop / "decompose.toml").write_text("[decompose]\nseed = 3\n")
    answer = decompose("config", "show", "--source", "-C", shop, "-f", "json")
    settings = {each["key"]: each for each in json.loads(answer.out)["settings"]}
    assert settings["decompose.seed"]["value"] == 3 and settings["decompose.seed"]["source"].endswith("decompose.toml:2")
    assert settings["verify.timeout"]["source"] == "default"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(decompose: Typed, shell: str) -> None:
    assert "_DECOMPOSE_COMPLETE" in decompose("completion", shell).out


def test_contexts_are_completed_from_the_last_analysis(decompose: Typed, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.shell_completion import ShellComplete

    from decompose.cli.app import root

    decompose("analyze", shop)
    names = [each["name"] for each in json.loads((shop / ".decompose/analysis.json").read_bytes())["contexts"]]
    monkeypatch.chdir(shop)
    found = ShellComplete(root, {}, "decompose", "_DECOMPOSE_COMPLETE").get_completions(["explain"], names[0][:2])
    assert names[0] in [each.value for each in found]


def test_doctor_reports_a_bad_configuration_with_1(decompose: Typed, shop: Path) -> None:
    (shop / "decompose.toml").write_text("nonsense = 1\n")
    answer = decompose("doctor", "-C", shop)
    assert answer.code == 1 and "nonsense" in answer.out


def test_doctor_says_that_an_empty_folder_has_nothing_to_analyze(decompose: Typed, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    answer = decompose("doctor", "-C", tmp_path / "empty")
    assert answer.code == 1 and "nothing to analyze" in answer.out and "-C" in answer.out
    assert "Python files" in decompose("doctor", "-C", shop).out


def test_a_recalled_analysis_does_not_say_that_it_was_written(decompose: Typed, shop: Path) -> None:
    assert "Wrote .decompose/analysis.json" in decompose("analyze", shop).err
    recalled, computed = decompose("analyze", shop).err, decompose("analyze", shop, "--timings").err
    assert "Wrote" not in recalled and "Nothing has changed" in recalled
    assert "Wrote" not in computed and "stays as it is" in computed


def test_a_context_that_came_or_went_is_said(decompose: Typed, shop: Path) -> None:
    assert "Contexts changed" not in decompose("analyze", shop).err
    answer = decompose("analyze", shop, "--pin", "shop.reviews.**=opinions")
    assert "opinions is new: " in answer.err and "Contexts changed since the last analysis" in answer.err
    assert "Contexts changed" not in decompose("analyze", shop, "--pin", "shop.reviews.**=opinions", "--timings").err


def test_a_file_of_sql_that_makes_shared_code_a_context_says_so(decompose: Typed, tmp_path: Path) -> None:
    apps = ("orders", "billing", "catalog", "users")
    files = {
        "manage.py": "",
        "shop/__init__.py": "",
        "shop/settings.py": f"INSTALLED_APPS = {[f'shop.{app}' for app in (*apps, 'core')]!r}\n",
        "shop/core/__init__.py": "",
        "shop/core/models.py": "from django.db import models\nclass Option(models.Model):\n    name = models.TextField()\n",
        "shop/core/text.py": "from pathlib import Path\nfrom django.db import connection\ndef clean(x):\n    return x.strip()\n"
        "def purge():\n    with connection.cursor() as cursor:\n        cursor.execute(Path('purge.sql').read_text())\n",
    }
    for app in apps:
        own = f"from shop.{app}.models import Row\nfrom shop.core.text import clean\n"
        files[f"shop/{app}/__init__.py"] = ""
        files[f"shop/{app}/models.py"] = "from django.db import models\nclass Row(models.Model):\n    name = models.TextField()\n"
        files[f"shop/{app}/services.py"] = f"{own}def add(name):\n    return Row.objects.create(name=clean(name))\n"
        files[f"shop/{app}/forms.py"] = f"{own}def count(name):\n    return Row.objects.filter(name=clean(name)).count()\n"
        files[f"shop/{app}/views.py"] = f"from shop.{app} import services\nfrom shop.core.text import clean\ndef page(request):\n    return services.add(clean(''))\n"
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    decompose("analyze", tmp_path)
    (tmp_path / "purge.sql").write_text("DELETE FROM core_option\n")
    assert "is new: " in decompose("analyze", tmp_path).err


def test_show_boundary_chooses_edges_in_all_formats(decompose: Typed, shop: Path) -> None:
    name = with_edges(decompose, shop)
    chosen = json.loads(decompose("show", "boundary", name, "-C", shop, "-f", "json", "--direction", "out").out)["boundary"]
    assert chosen
    assert {edge["direction"] for edge in chosen} == {"out"}
    of_kind = decompose("show", "boundary", name, "-C", shop, "-f", "csv", "--direction", "out", "--kind", chosen[0]["kind"]).out
    assert of_kind.count("\r\n") == 1 + sum(edge["kind"] == chosen[0]["kind"] for edge in chosen)
    assert chosen[0]["id"] in decompose("show", "boundary", name, "-C", shop, "--disposition", chosen[0]["disposition"]).out


def test_show_boundary_knows_the_kinds_of_edges(decompose: Typed, shop: Path) -> None:
    answer = decompose("show", "boundary", with_edges(decompose, shop), "-C", shop, "--kind", "orn")
    assert answer.code == 2
    assert "no edge is of kind 'orn'; kinds are import" in answer.err


def test_only_a_boundary_has_edges_to_choose_from(decompose: Typed, shop: Path) -> None:
    assert "are for a boundary" in decompose("show", "tables", "-C", shop, "--kind", "orm").err


@pytest.mark.parametrize("words", [("extract", "reviews", "."), ("show", "boundary", "reviews", "."), ("verify", "reviews", ".")])
def test_a_folder_where_none_is_taken_is_told_the_way(decompose: Typed, shop: Path, words: tuple[str, ...]) -> None:
    answer = decompose(*words, "-C", shop)
    assert answer.code == 2
    assert f"decompose {words[0]} NAME --project PATH" in answer.err


def with_edges(decompose: Typed, shop: Path) -> str:
    """A context that uses others."""
    for each in json.loads(decompose("show", "order", "-C", shop, "-f", "json").out)["order"]:
        name: str = each["context"]
        if any(edge["direction"] == "out" for edge in json.loads(decompose("show", "boundary", name, "-C", shop, "-f", "json").out)["boundary"]):
            return name
    raise AssertionError("no context uses another")
