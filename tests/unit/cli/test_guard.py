"""Signing a plan, holding code to it and seeing what changed, as somebody types it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Typed = Callable[..., Any]
NEW = "from shop.catalog import services\n\n\ndef buy(title):\n    return services.rename(1, title)\n"


@pytest.fixture
def signed(decompose: Typed, shop: Path) -> Path:
    (shop / "decompose.toml").write_text("# how we cut\n" + "".join(f'[contexts.{name}]\nmodules = ["shop.{name}.**"]  # ours\n' for name in ("catalog", "orders", "reviews")))
    assert decompose("plan", shop).code == 0
    answer = decompose("plan", shop, "--accept", "--by", "Ann")
    assert answer.code == 0 and "Wrote plan.lock" in answer.err
    return shop


def committed(folder: Path) -> None:
    git = ["git", "-C", str(folder), "-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "as it was"]):
        subprocess.run([*git, *words], check=True)


# --- signing ------------------------------------------------------------------------------------


def test_the_lock_says_who_and_the_plan_shows_it(signed: Path) -> None:
    lock = json.loads((signed / "plan.lock").read_bytes())
    assert {each["by"] for each in lock["accepted"]} == {"Ann"} and lock["accepted"][0]["id"] == "map"
    assert "accepted by Ann" in (signed / "plan/plan.md").read_text()
    states = {each["id"]: each["state"] for each in json.loads((signed / ".decompose/plan.json").read_bytes())["decisions"] if each["id"] == "FK-001"}
    assert states == {"FK-001": "accepted"}


def test_a_plan_leads_to_review_and_signing_and_only_a_signed_one_to_extraction(decompose: Typed, shop: Path) -> None:
    first = decompose("plan", shop)
    assert re.search(r"^Next: decompose plan --open .*\n      decompose plan --accept ", first.err, re.MULTILINE) and "decompose extract" not in first.err
    (shop / "decompose.toml").write_text("".join(f'[contexts.{name}]\nmodules = ["shop.{name}.**"]\n' for name in ("catalog", "orders", "reviews")))
    decompose("plan", shop, "--accept", "map", "--by", "Ann")
    assert re.search(r"^Next: decompose plan --accept   sign \w+, which is ready$", decompose("plan", shop).err, re.MULTILINE)
    assert re.search(r"^Next: decompose extract \w+ --dry-run$", decompose("plan", shop, "--accept", "--by", "Ann").err, re.MULTILINE)


def test_the_counts_of_decisions_add_up_and_the_signature_says_what_it_took_as_proposed(decompose: Typed, shop: Path) -> None:
    (shop / "decompose.toml").write_text("".join(f'[contexts.{name}]\nmodules = ["shop.{name}.**"]\n' for name in ("catalog", "orders", "reviews")))

    def counts(answer: Any) -> tuple[int, dict[str, int]]:
        head = answer.out.splitlines()[0]
        return int(head.split()[0]), {what: int(number) for number, what in re.findall(r"(\d+) (need you|have a proposal|(?:is|are) decided|(?:is|are) waived)", head)}

    whole, before = counts(decompose("plan", shop))
    assert whole == sum(before.values()) and before["have a proposal"] == 3
    answer = decompose("plan", shop, "--accept", "FK-*", "--by", "Ann")
    assert "(1 proposal accepted as proposed)" in answer.err
    whole, after = counts(answer)
    assert whole == sum(after.values()) and (after["have a proposal"], after["is decided"]) == (2, 1)
    whole, last = counts(decompose("plan", shop, "--waive", "TX-001", "--reason", "rare", "--by", "Ann"))
    assert whole == sum(last.values()) and last["is waived"] == 1


def test_git_says_who_signs_where_nobody_is_named(decompose: Typed, shop: Path) -> None:
    committed(shop)
    subprocess.run(["git", "-C", str(shop), "config", "user.name", "Bob"], check=True)
    subprocess.run(["git", "-C", str(shop), "config", "user.email", "bob@example.org"], check=True)
    decompose("plan", shop)
    assert decompose("plan", shop, "--accept", "map").code == 0
    assert [(each["id"], each["by"]) for each in json.loads((shop / "plan.lock").read_bytes())["accepted"]] == [("map", "Bob <bob@example.org>")]


def test_nobody_signs_without_a_name(decompose: Typed, shop: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    answer = decompose("plan", shop, "--accept")
    assert answer.code == 2 and "--by" in answer.err and not (shop / "plan.lock").exists()


def test_ids_are_words_after_accept_and_nothing_without_it(decompose: Typed, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)
    (shop / "orders").mkdir()
    assert decompose("plan").code == 0
    assert decompose("plan", "--accept", "orders", "--by", "Ann").code in (0, 1)
    assert decompose("plan", ".", "FK-001").code == 2
    answer = decompose("plan", "--accept", "FK-999", "--by", "Ann")
    assert answer.code == 2 and "FK-999" in answer.err


def test_signing_again_writes_the_same_bytes(decompose: Typed, signed: Path) -> None:
    before = (signed / "plan.lock").read_bytes()
    decompose("plan", signed, "--accept", "--by", "Bob")
    assert (signed / "plan.lock").read_bytes() == before


def test_extract_takes_what_is_signed_and_refuses_what_is_not(decompose: Typed, signed: Path) -> None:
    assert decompose("extract", "reviews", "-C", signed, "--dry-run").code == 0
    lock = json.loads((signed / "plan.lock").read_bytes())
    lock["accepted"] = [each for each in lock["accepted"] if each["id"] != "reviews"]
    (signed / "plan.lock").write_text(json.dumps(lock))
    answer = decompose("extract", "reviews", "-C", signed, "--dry-run")
    assert answer.code == 1 and "D310" in answer.err and "nobody has accepted reviews" in answer.err
    assert decompose("plan", signed, "--check").code == 1
    assert decompose("extract", "reviews", "-C", signed, "--dry-run", "--replan").code == 0


def test_a_plan_that_says_something_else_is_not_the_signed_one(decompose: Typed, signed: Path) -> None:
    settings = signed / "decompose.toml"
    settings.write_text(settings.read_text() + '[[decisions]]\nid = "FK-001"\nchoice = "replica"\n')
    decompose("plan", signed)
    answer = decompose("extract", "orders", "-C", signed, "--dry-run")
    assert answer.code == 1 and "FK-001 is replica now" in answer.err


def test_a_new_module_of_a_signed_context_is_named_as_what_changed_the_cut(decompose: Typed, signed: Path) -> None:
    for name in ("prices", "stock", "tax", "units"):
        (signed / f"shop/catalog/{name}.py").write_text("X = 1\n")
    assert decompose("plan", signed).code == 0
    answer = decompose("extract", "catalog", "-C", signed, "--dry-run")
    assert answer.code == 1 and "D310" in answer.err
    assert "the cut is not the one that Ann accepted: 4 modules are new in catalog: shop.catalog.prices, shop.catalog.stock, shop.catalog.tax and 1 more" in answer.err


def test_a_waiver_goes_into_the_settings_with_comments_kept_and_replaces_the_one_before(decompose: Typed, signed: Path) -> None:
    before = (signed / "decompose.toml").read_text()
    assert decompose("plan", signed, "--waive", "FK-001", "--until", "2099-12-31", "--reason", "replica ok", "--by", "Ann").code == 0
    assert decompose("plan", signed, "--waive", "FK-001", "--until", "2099-12-30", "--reason", "still ok", "--by", "Ann").code == 0
    after = (signed / "decompose.toml").read_text()
    assert after.startswith(before) and after.count("[[waivers]]") == 1 and "until = 2099-12-30" in after
    (decision,) = (each for each in json.loads((signed / ".decompose/plan.json").read_bytes())["decisions"] if each["id"] == "FK-001")
    assert (decision["state"], decision["until"], decision["reason"]) == ("waived", "2099-12-30", "still ok")
    assert decompose("check", signed).code == 0


def test_explain_says_what_became_of_a_decision(decompose: Typed, signed: Path) -> None:
    assert re.search(r"accepted  .* by Ann", decompose("explain", "TX-001", "-C", signed).out)
    decompose("plan", signed, "--waive", "FK-001", "--until", "2099-12-31", "--reason", "replica ok", "--by", "Ann")
    assert re.search(r"waived +\S+ by Ann until 2099-12-31: replica ok", decompose("explain", "FK-001", "-C", signed).out)


def test_doctor_says_what_is_planned_and_signed(decompose: Typed, signed: Path) -> None:
    found = {each["subject"]: each["text"] for each in json.loads(decompose("doctor", "-C", signed, "-f", "json").out)["checks"]}
    assert found["plan"] == ".decompose/plan.json" and re.fullmatch(r"\d+ parts of the plan, by \w+.*", found["signed"])


@pytest.mark.parametrize("words", [["--waive", "FK-001"], ["--until", "2099-12-31"], ["--waive", "FK-001", "--reason", "x", "--until", "tomorrow"]])
def test_half_a_waiver_is_refused(decompose: Typed, shop: Path, words: list[str]) -> None:
    assert decompose("plan", shop, *words).code == 2 and not (shop / "decompose.toml").exists()


@pytest.mark.parametrize("id", ["FK-999", "nope", "TX-*x", "orders"])
def test_a_waiver_of_what_is_no_decision_is_refused(decompose: Typed, signed: Path, id: str) -> None:
    before = {path: path.read_bytes() for path in (signed / "decompose.toml", signed / ".decompose/plan.json", signed / "plan.lock")}
    answer = decompose("plan", signed, "--waive", id, "--reason", "replica ok", "--by", "Ann")
    assert answer.code == 2 and "D101" in answer.err and id in answer.err and "FK-* (1)" in answer.err
    assert ("did you mean FK-001" in answer.err) == (id == "FK-999")
    assert {path: path.read_bytes() for path in before} == before


def test_an_id_that_is_none_gets_the_nearest_and_what_sorts_there_are(decompose: Typed, signed: Path) -> None:
    near = decompose("plan", signed, "--accept", "FK-999", "--by", "Ann").err
    assert "did you mean FK-001? there are map, catalog, orders, reviews, FK-* (1), TBL-* (1), TX-* (1)" in near
    far = decompose("plan", signed, "--accept", "nope", "--by", "Ann").err
    assert "hint  there are map, catalog, orders, reviews, FK-* (1)" in far and "FK-001" not in far


def test_a_waiver_is_not_written_by_a_check_of_the_plan(decompose: Typed, signed: Path) -> None:
    before = (signed / "decompose.toml").read_bytes()
    assert decompose("plan", signed, "--check", "--waive", "FK-001", "--reason", "x").code == 2
    assert (signed / "decompose.toml").read_bytes() == before


# --- checking -----------------------------------------------------------------------------------


def test_check_needs_a_signed_plan(decompose: Typed, shop: Path) -> None:
    answer = decompose("check", shop)
    assert answer.code == 2 and "decompose plan --accept" in answer.err


def test_check_needs_nothing_but_the_source_the_settings_and_the_lock(decompose: Typed, signed: Path) -> None:
    for each in (signed / ".decompose").iterdir():
        if each.is_file():
            each.unlink()
    assert decompose("check", signed, "--no-cache").code == 0


def test_a_new_use_fails_the_check_until_it_is_signed(decompose: Typed, signed: Path) -> None:
    (signed / "shop/reviews/buying.py").write_text(NEW)
    answer = decompose("check", signed)
    assert answer.code == 1 and answer.out.startswith("shop/reviews/buying.py:1: D201 reviews imports shop.catalog.services of catalog\n")
    assert decompose("check", signed, "--exit-zero").code == 0
    assert decompose("plan", signed).code == 0 and decompose("check", signed).code == 1
    assert decompose("plan", signed, "--accept", "map", "--by", "Ann").code == 0
    assert decompose("check", signed).code == 0


def test_a_reason_on_the_line_lets_it_pass(decompose: Typed, signed: Path) -> None:
    (signed / "shop/reviews/buying.py").write_text(NEW.replace("services\n\n", "services  # decompose: ignore[D201] gone in May\n\n", 1))
    answer = decompose("check", signed)
    assert answer.code == 0 and "1 ignored with a reason" in answer.out
    (signed / "shop/reviews/buying.py").write_text("X = '# decompose: ignore[D201] no comment'\n# decompose: ignore[D203] old\n")
    answer = decompose("check", signed)
    assert answer.code == 0 and "buying.py:2: D209" in answer.out and "buying.py:1" not in answer.out


def test_the_baseline_only_gets_smaller(decompose: Typed, signed: Path) -> None:
    services = signed / "shop/orders/services.py"
    before = services.read_text()
    services.write_text(before.replace("from shop.catalog.models import Product\n", "").replace("        Product.objects.create(title=title)\n", ""))
    (signed / "shop/reviews/buying.py").write_text(NEW)
    answer = decompose("check", signed)
    assert answer.code == 1 and "D201 shop.orders.services -> shop.catalog.models" in answer.err and "--update-baseline" in answer.err
    assert decompose("check", signed, "--update-baseline").code == 1
    (signed / "shop/reviews/buying.py").unlink()
    assert decompose("check", signed).code == 0
    services.write_text(before)
    assert "D201 orders imports shop.catalog.models" in decompose("check", signed).out


def test_the_second_check_is_recalled_and_says_the_same(decompose: Typed, signed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (signed / "shop/reviews/buying.py").write_text(NEW)
    first = decompose("check", signed)
    monkeypatch.setattr("decompose.pipeline.linked", lambda *args, **options: pytest.fail("the source was read again"))
    assert decompose("check", signed) == first
    monkeypatch.undo()
    (signed / "shop/reviews/buying.py").write_text("X = 1\n")
    assert decompose("check", signed).code == 0


def test_an_edit_of_an_owned_generated_file_is_found_after_an_extraction(decompose: Typed, signed: Path) -> None:
    assert decompose("extract", "reviews", "-C", signed, "--allow-dirty").code == 0
    assert decompose("check", signed).code == 0 and decompose("check", signed).code == 0
    ledger = json.loads((signed / ".decompose/lock.json").read_bytes())["files"]
    owned = next(path for path, entry in sorted(ledger.items()) if entry["class"] == "owned" and path.endswith(".py"))
    (signed / owned).write_text((signed / owned).read_text() + "# mine\n")
    answer = decompose("check", signed)
    assert answer.code == 1 and answer.out.startswith(f"{owned}:1: D403 ")
    (signed / owned).unlink()
    assert "was deleted by hand" in decompose("check", signed).out


def test_a_context_with_a_boundary_is_named_in_the_next_step(decompose: Typed, signed: Path) -> None:
    assert decompose("extract", "reviews", "-C", signed, "--allow-dirty").code == 0
    (signed / "shop/catalog/praise.py").write_text("from shop.reviews import services\n")
    answer = decompose("check", signed)
    assert answer.code == 1 and "use shop.boundaries.reviews instead" in answer.out
    assert (signed / "shop/boundaries/reviews/__init__.py").is_file()


@pytest.mark.parametrize("form", ["json", "github", "sarif", "junit"])
def test_every_form_ends_as_text_does(decompose: Typed, signed: Path, form: str) -> None:
    (signed / "shop/reviews/buying.py").write_text(NEW)
    answer = decompose("check", signed, "--format", form)
    assert answer.code == 1 and "D201" in answer.out and "1 finding" in answer.err


def test_an_ended_waiver_fails_the_check(decompose: Typed, signed: Path) -> None:
    settings = signed / "decompose.toml"
    settings.write_text(settings.read_text() + '[[waivers]]\nid = "FK-001"\nreason = "replica ok"\nuntil = 2020-01-01\n')
    answer = decompose("check", signed)
    assert answer.code == 1 and answer.out.startswith("decompose.toml:1: D311 the waiver of FK-001 ended on 2020-01-01")


# --- files that cannot be read -------------------------------------------------------------------


def broken(path: Path) -> None:
    path.write_text("def broken(:\n")


def in_utf16(path: Path) -> None:
    path.write_bytes("from shop.catalog import models\n".encode("utf-16"))


def pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def dangling(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("nowhere.py")


@pytest.mark.parametrize("damage", [broken, in_utf16, pipe, dangling])
@pytest.mark.parametrize("name", ["services.py", "brandnew.py"])
def test_a_check_that_cannot_read_a_file_does_not_pass(decompose: Typed, signed: Path, damage: Callable[[Path], None], name: str) -> None:
    path = f"shop/orders/{name}"
    damage(signed / path)
    lock = (signed / "plan.lock").read_bytes()
    answer = decompose("check", signed)
    assert answer.code == 6 and f"{path}:1: D210 this file is not read" in answer.out and "1 file not read" in answer.out
    assert "Nothing new crosses" not in answer.out and "--update-baseline" not in answer.err and "gone;" not in answer.err
    assert decompose("check", signed) == answer  # also what is recalled
    refused = decompose("check", signed, "--update-baseline")
    assert refused.code == 6 and "plan.lock stays as it is" in refused.err and (signed / "plan.lock").read_bytes() == lock


def test_every_form_names_the_file_that_is_not_read(decompose: Typed, signed: Path) -> None:
    broken(signed / "shop/orders/services.py")
    told = json.loads(decompose("check", signed, "-f", "json").out)
    assert [(each["path"], each["line"]) for each in told["unread"]] == [("shop/orders/services.py", 1)] and "syntax" in told["unread"][0]["reason"]
    assert told["fixed"] == [] and told["unseen"] > 0
    for form in ("github", "sarif", "junit"):
        answer = decompose("check", signed, "-f", form)
        assert answer.code == 6 and "D210" in answer.out and "shop/orders/services.py" in answer.out
    assert decompose("check", signed, "--exit-zero").code == 0


def test_a_file_with_a_model_takes_no_use_of_its_table_along(decompose: Typed, signed: Path) -> None:
    services = signed / "shop/orders/services.py"
    services.write_text(services.read_text() + "\n\ndef titles():\n    return list(Product.objects.all())\n# decompose: ignore[D203] soon gone\n")
    (signed / "shop/catalog/models.py").write_text("class Product(:\n")
    told = json.loads(decompose("check", signed, "-f", "json").out)
    assert told["fixed"] == [] and [each["code"] for each in told["findings"] if each["code"] == "D209"] == []


def test_what_was_unread_when_the_plan_was_signed_is_a_warning_until_it_can_be_read(decompose: Typed, signed: Path) -> None:
    broken(signed / "shop/catalog/legacy.py")
    assert decompose("check", signed).code == 6
    assert decompose("plan", signed).code == 0 and decompose("plan", signed, "--accept", "map", "--by", "Ann").code == 0
    assert json.loads((signed / "plan.lock").read_bytes())["unread"] == ["shop/catalog/legacy.py"]
    answer = decompose("check", signed)
    assert answer.code == 0 and "shop/catalog/legacy.py:1: D210" in answer.out and "1 warning" in answer.out
    assert "::warning file=shop/catalog/legacy.py" in decompose("check", signed, "-f", "github").out
    (signed / "shop/catalog/legacy.py").write_text("X = 1\n")
    assert "D210" not in decompose("check", signed).out


def test_a_test_that_cannot_be_read_is_a_warning(decompose: Typed, signed: Path) -> None:
    (signed / "tests/data").mkdir(parents=True)
    broken(signed / "tests/data/sample.py")
    answer = decompose("check", signed)
    assert answer.code == 0 and "tests/data/sample.py:1: D210" in answer.out


# --- comparing ----------------------------------------------------------------------------------


def test_diff_tells_what_is_new_since_the_signature_and_since_a_revision(decompose: Typed, signed: Path) -> None:
    committed(signed)
    assert decompose("diff", "-C", signed, "--exit-code").out == "Nothing differs from plan.lock.\n"
    (signed / "shop/reviews/buying.py").write_text(NEW)
    answer = decompose("diff", "-C", signed, "--exit-code")
    assert answer.code == 1 and "+ shop.reviews.buying -> shop.catalog.services" in answer.out and "+ shop.reviews.buying   reviews" in answer.out
    answer = decompose("diff", "HEAD", "-C", signed)
    assert answer.code == 0 and answer.out.startswith("Differences from .decompose/plan.json at HEAD") and "Boundary edges" in answer.out
    assert "| + |" in decompose("diff", "HEAD", "-C", signed, "--format", "md").out
    changes = json.loads(decompose("diff", "plan.lock", "-C", signed, "--format", "json").out)["changes"]
    assert {"kind": "import", "subject": "shop.reviews.buying -> shop.catalog.services", "before": "", "after": "there", "at": ["shop/reviews/buying.py", 1]} in changes


def test_diff_reads_a_saved_plan_from_anywhere(decompose: Typed, signed: Path, tmp_path: Path) -> None:
    kept = tmp_path / "old.json"
    kept.write_bytes((signed / ".decompose/plan.json").read_bytes())
    assert decompose("diff", kept, "-C", signed).out == f"Nothing differs from {kept}.\n"


@pytest.mark.parametrize("against", ["nonsense", "--output=x", "HEAD"])
def test_diff_with_nothing_to_compare_is_refused(decompose: Typed, shop: Path, against: str) -> None:
    decompose("plan", shop)
    answer = decompose("diff", "-C", shop, "--", against)
    assert answer.code == 2 and "no file, and no git revision" in answer.err


@pytest.mark.parametrize("words", [(), ("plan.lock",)])
def test_diff_before_anything_is_signed_says_how_to_sign(decompose: Typed, shop: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    monkeypatch.chdir(shop)
    answer = decompose("diff", *words)
    assert answer.code == 2 and "nothing is signed here" in answer.err and "`decompose plan --accept`" in answer.err


def test_a_file_that_is_neither_plan_nor_lock_is_said_so(decompose: Typed, signed: Path) -> None:
    answer = decompose("diff", signed / "manage.py", "-C", signed)
    assert answer.code == 3 and "not a plan.lock" in answer.err


def test_a_recalled_check_imports_nothing_that_reads_source(decompose: Typed, signed: Path) -> None:
    assert decompose("check", signed).code == 0
    code = "import sys; from decompose.cli.app import run; run(['check', sys.argv[1], '-q']); print(sorted(m for m in sys.modules if m.startswith('decompose.')))"
    done = subprocess.run([sys.executable, "-c", code, str(signed)], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1]
    assert "'decompose.guard'" in loaded
    assert not [each for each in ("pipeline", "link", "detect", "syntax", "generate", "rewrite") if f"'decompose.{each}'" in loaded]
