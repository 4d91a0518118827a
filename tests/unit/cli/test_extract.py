"""Extraction from the command line: what it writes, refuses and takes back."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from decompose.model.location import Location
from decompose.model.migration import BoundaryEdge

Typed = Callable[..., Any]


def files(base: Path) -> dict[str, bytes]:
    """Everything but decompose's own memory and the plan."""
    found = (p for p in base.rglob("*") if p.is_file() and not {".decompose", "plan", ".git"} & set(p.relative_to(base).parts))
    return {str(p.relative_to(base)): p.read_bytes() for p in found}


@pytest.fixture
def planned(decompose: Typed, shop: Path) -> Path:
    """The shop with a saved plan, in which the context ``reviews`` is ready."""
    assert decompose("plan", shop).code == 0
    order = json.loads(decompose("show", "order", "-C", shop, "-f", "json").out)["order"]
    assert next(each for each in order if each["context"] == "reviews")["readiness"] == "ready"
    return shop


def test_without_a_plan_the_next_step_is_named(decompose: Typed, shop: Path) -> None:
    answer = decompose("extract", "reviews", "-C", shop, "--allow-dirty")
    assert answer.code == 2 and "decompose plan" in answer.err


def test_a_dry_run_writes_nothing(decompose: Typed, planned: Path) -> None:
    before = files(planned)
    answer = decompose("extract", "reviews", "-C", planned, "--allow-dirty", "--dry-run")
    assert answer.code == 0 and "services/reviews/" in answer.out and "Nothing written" in answer.err
    assert files(planned) == before


def test_the_diff_is_one_that_git_applies(decompose: Typed, planned: Path, tmp_path: Path) -> None:
    shown = decompose("extract", "reviews", "-C", planned, "--allow-dirty", "--dry-run", "--diff")
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", str(planned), str(copy)], check=True)
    subprocess.run(["git", "apply", "-"], input=shown.out.encode(), cwd=copy, check=True)
    assert decompose("extract", "reviews", "-C", planned, "--allow-dirty").code == 0
    assert files(copy) == files(planned)


def test_extracting_twice_writes_nothing(decompose: Typed, planned: Path) -> None:
    assert decompose("extract", "reviews", "-C", planned, "--allow-dirty").code == 0
    times = {path: path.stat().st_mtime_ns for path in planned.rglob("*") if path.is_file()}
    answer = decompose("extract", "reviews", "-C", planned, "--allow-dirty")
    assert answer.code == 0 and "Nothing to write" in answer.out
    assert {path: path.stat().st_mtime_ns for path in planned.rglob("*") if path.is_file()} == times


def test_services_keep_the_name_of_their_project_in_another_folder(decompose: Typed, planned: Path, tmp_path: Path) -> None:
    assert decompose("extract", "reviews", "-C", planned, "--allow-dirty").code == 0
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(planned, elsewhere)
    answer = decompose("extract", "reviews", "-C", elsewhere, "--allow-dirty", "--replan")
    assert answer.code == 0 and "Nothing to write" in answer.out


def test_undo_gives_the_monolith_back(decompose: Typed, planned: Path) -> None:
    before = files(planned)
    decompose("extract", "reviews", "-C", planned, "--allow-dirty")
    assert decompose("extract", "reviews", "-C", planned, "--undo").code == 0
    assert files(planned) == before


def test_a_deleted_boundary_that_call_sites_need_is_refused_until_it_is_taken_back(decompose: Typed, planned: Path) -> None:
    original = files(planned)
    assert decompose("extract", "reviews", "-C", planned, "--allow-dirty").code == 0
    whole = files(planned)
    for path in set(whole) & set(original):
        (planned / path).write_bytes(original[path])
    shutil.rmtree(planned / "shop/boundaries")
    before = files(planned)
    answer = decompose("extract", "reviews", "-C", planned, "--allow-dirty")
    assert answer.code == 4 and "shop/boundaries/" in answer.err and "--undo" in answer.err
    assert decompose("extract", "reviews", "-C", planned, "--allow-dirty", "--dry-run").code == 4
    assert files(planned) == before
    assert decompose("extract", "reviews", "-C", planned, "--undo").code == 0
    assert decompose("extract", "reviews", "-C", planned, "--allow-dirty").code == 0
    assert files(planned) == whole


def test_a_deleted_file_of_the_service_stays_deleted(decompose: Typed, planned: Path) -> None:
    assert decompose("extract", "reviews", "-C", planned, "--allow-dirty").code == 0
    (planned / "services/reviews/Dockerfile").unlink()
    answer = decompose("extract", "reviews", "-C", planned, "--allow-dirty")
    assert answer.code == 0 and "you deleted it" in answer.out and not (planned / "services/reviews/Dockerfile").exists()


def test_a_context_that_got_the_name_of_a_word_of_python_is_refused(decompose: Typed, shop: Path) -> None:
    (shop / "shop/reviews").rename(shop / "shop/import")
    for path in shop.rglob("*.py"):
        path.write_text(path.read_text().replace("from shop.reviews import words", "words = None").replace("shop.reviews", "shop.import").replace("from shop.import.", "from ."))
    assert decompose("plan", shop).code == 0
    answer = decompose("extract", "import", "-C", shop, "--allow-dirty")
    assert answer.code == 1 and "a word of Python's own" in answer.err and '[contexts.import-context]' in answer.err
    assert not (shop / "services").exists()


def test_what_stays_by_decision_although_a_step_breaks_it_is_said_with_its_places(decompose: Typed, planned: Path) -> None:
    from decompose import pipeline
    from decompose.pipeline import extraction

    plan = pipeline.context_plan(pipeline.load_plan(planned), "reviews")
    edges = tuple(
        BoundaryEdge(f"reviews-{line}", "in", kind, "a", "b", Location("shop/x.py", line), "t", "stay", "decide", "because", decided=True, blocks=blocks)
        for line, kind, blocks in ((1, "orm", "switch"), (2, "orm", "switch"), (3, "orm", "switch"), (4, "orm", "switch"), (5, "sql", "split"))
    )  # fmt: skip
    found = list(extraction._standing(msgspec.structs.replace(plan, edges=edges), "switch"))
    assert found[0][0] == "switch" and found[0][1].startswith("4 places")
    assert found[1:] == [("shop/x.py:1, shop/x.py:2, shop/x.py:3 and 1 more", "4 in orm: because")]
    assert not list(extraction._standing(msgspec.structs.replace(plan, edges=edges), None))


@pytest.mark.parametrize(("moment", "said"), [("_stage_one", "interrupted; nothing was written"), ("_apply_one", "interrupted; all files were written")])
def test_an_interrupt_says_what_became_of_the_files(
    decompose: Typed, planned: Path, monkeypatch: pytest.MonkeyPatch, moment: str, said: str
) -> None:
    from decompose.emit import transaction

    before = files(planned)
    real, sent = getattr(transaction, moment), []

    def interrupted(*arguments: object) -> object:
        if not sent:
            sent.append(signal.raise_signal(signal.SIGINT))
        return real(*arguments)

    monkeypatch.setattr(transaction, moment, interrupted)
    answer = decompose("extract", "reviews", "-C", planned, "--allow-dirty")
    assert answer.code == 130 and answer.err.strip() == said
    assert (files(planned) == before) == ("nothing" in said)


def test_an_error_that_an_interrupt_became_is_still_an_interrupt(decompose: Typed, planned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from decompose import cli, pipeline

    def swallowed(*_: object, **__: object) -> None:
        cli.received.append(signal.SIGINT)
        raise KeyError("IndentedBlock(...)")

    monkeypatch.setattr(pipeline, "extract", swallowed)
    try:
        answer = decompose("extract", "reviews", "-C", planned)
    finally:
        cli.received.clear()
    assert answer.code == 130 and answer.err.strip() == "interrupted; nothing was written"


def test_undo_of_what_was_never_extracted_is_a_usage_error(decompose: Typed, planned: Path) -> None:
    assert decompose("extract", "reviews", "-C", planned, "--undo").code == 2


@pytest.mark.parametrize("steps, folder", [((), "services/reviews/"), (("--step", "seal"), "shop/boundaries/reviews/")])
def test_generated_code_without_its_record_is_recognised(decompose: Typed, planned: Path, steps: tuple[str, ...], folder: str) -> None:
    assert decompose("extract", "reviews", "-C", planned, "--allow-dirty", *steps).code == 0
    shutil.rmtree(planned / ".decompose")
    before = files(planned)
    for words in (("--undo",), ("--undo", "--dry-run"), ("--allow-dirty", "--replan")):
        answer = decompose("extract", "reviews", "-C", planned, *words)
        assert answer.code == 2 and ".decompose/lock.json, is missing" in answer.err and folder in answer.err
        assert "git checkout -- .decompose" in answer.err
    assert files(planned) == before


def test_a_folder_with_the_name_of_a_context_is_not_taken_for_generated_code(decompose: Typed, planned: Path) -> None:
    (planned / "services/reviews/media").mkdir(parents=True)
    (planned / "services/reviews/media/a.png").write_bytes(b"x")
    assert "nothing was written for 'reviews'" in decompose("extract", "reviews", "-C", planned, "--undo").err
    assert decompose("extract", "reviews", "-C", planned, "--allow-dirty").code == 0
    assert decompose("extract", "reviews", "-C", planned, "--undo").code == 0
    assert "nothing was written for 'reviews'" in decompose("extract", "reviews", "-C", planned, "--undo").err


def test_a_context_with_open_questions_is_refused_with_the_questions(decompose: Typed, planned: Path) -> None:
    answer = decompose("extract", "orders", "-C", planned, "--allow-dirty")
    assert answer.code == 1 and "D301" in answer.err and "shop/orders/services.py:" in answer.err
    assert not (planned / "services").exists()


def test_a_plan_that_no_longer_fits_is_refused_and_made_anew_on_request(decompose: Typed, planned: Path) -> None:
    (planned / "shop" / "catalog" / "more.py").write_text("x = 1\n")
    answer = decompose("extract", "reviews", "-C", planned, "--allow-dirty")
    assert answer.code == 1 and "D310" in answer.err
    assert decompose("extract", "reviews", "-C", planned, "--allow-dirty", "--replan").code == 0


def test_a_hand_edit_that_meets_new_output_ends_with_4_and_both_texts(decompose: Typed, planned: Path) -> None:
    decompose("extract", "reviews", "-C", planned, "--allow-dirty")
    moved, source = planned / "services/reviews/shop/reviews/models.py", planned / "shop/reviews/models.py"
    moved.write_text(moved.read_text().replace("max_length=50", "max_length=70"))
    source.write_text(source.read_text().replace("max_length=50", "max_length=60"))
    answer = decompose("extract", "reviews", "-C", planned, "--allow-dirty", "--replan")
    assert answer.code == 4 and "models.py" in answer.err
    assert "max_length=70" in moved.read_text() and "max_length=60" in moved.read_text()


def test_a_step_writes_its_own_files_only(decompose: Typed, planned: Path) -> None:
    assert decompose("extract", "reviews", "-C", planned, "--allow-dirty", "--step", "seal").code == 0
    assert (planned / "shop/boundaries").is_dir() and not (planned / "services/reviews").exists()
    sealed = files(planned)
    assert decompose("extract", "reviews", "-C", planned, "--allow-dirty", "--step", "serve").code == 0
    assert sealed.items() < files(planned).items()


def test_a_step_that_does_not_exist_is_a_usage_error(decompose: Typed, planned: Path) -> None:
    answer = decompose("extract", "reviews", "-C", planned, "--allow-dirty", "--step", "spilt")
    assert answer.code == 2 and "split" in answer.err


def test_steps_are_taken_in_order(decompose: Typed, planned: Path) -> None:
    answer = decompose("extract", "reviews", "-C", planned, "--allow-dirty", "--step", "switch")
    assert answer.code == 1 and "switch comes after seal and serve" in answer.err and not (planned / "services").exists()


def test_a_step_with_nothing_to_write_says_why(decompose: Typed, planned: Path) -> None:
    answer = decompose("extract", "reviews", "-C", planned, "--allow-dirty", "--step", "split")
    assert answer.code == 0 and "no foreign key with a constraint crosses the cut" in answer.out


def test_a_service_that_is_there_is_not_touched_by_sealing(decompose: Typed, planned: Path) -> None:
    assert decompose("extract", "reviews", "-C", planned, "--allow-dirty", "--step", "serve").code == 0
    before = files(planned)
    assert decompose("extract", "reviews", "-C", planned, "--allow-dirty", "--step", "seal").code == 0
    changed = {path for path, text in files(planned).items() if before.get(path) != text}
    assert changed and not any(path.startswith("services/") for path in changed)


def test_steps_are_taken_back_in_order_and_never_after_the_cut_over(decompose: Typed, planned: Path) -> None:
    for step in ("seal", "serve", "switch"):
        assert decompose("extract", "reviews", "-C", planned, "--allow-dirty", "--step", step).code == 0
    assert "switch came after serve" in decompose("extract", "reviews", "-C", planned, "--undo", "--step", "serve").err
    marker = planned / "services/reviews/cutover.json"
    marker.write_text("{}")
    for words in (("--step", "switch"), ()):
        answer = decompose("extract", "reviews", "-C", planned, "--undo", *words)
        assert answer.code == 1 and "were cut over" in answer.err
    marker.unlink()
    assert decompose("extract", "reviews", "-C", planned, "--undo", "--step", "switch").code == 0
    assert not (planned / "services/reviews/deploy/monolith").exists()


def test_the_result_as_json_lists_every_file(decompose: Typed, planned: Path) -> None:
    data = json.loads(decompose("extract", "reviews", "-C", planned, "--allow-dirty", "-f", "json").out)
    assert data["schema"] == "decompose/extraction/1" and data["context"] == "reviews"
    assert {"path": "shop/reviews/services.py", "action": "update", "class": "edited"} in data["files"]


def test_verify_of_what_was_never_extracted_names_the_command(decompose: Typed, planned: Path) -> None:
    answer = decompose("verify", "reviews", "-C", planned)
    assert answer.code == 2 and "decompose extract reviews" in answer.err


def gates(monkeypatch: pytest.MonkeyPatch, *, stop: int = 0) -> None:
    """A ladder of three gates; a signal comes while the last one is tried."""
    from decompose import pipeline
    from decompose.model.verification import Gate, Verification

    def verify(*_: object, begins: Callable[[str], None], report: Callable[[Gate], None], **__: object) -> Verification:
        found = (Gate("files", "passed", "fine"), Gate("environment", "passed", "made"), Gate("boot", "failed", "ended with 1", ("why",)))
        for gate in found:
            begins(gate.name)
            if stop and gate is found[-1]:
                signal.raise_signal(stop)
            report(gate)
        return Verification("reviews", found)

    monkeypatch.setattr(pipeline, "verify", verify)


def test_verify_reports_every_gate_and_ends_with_1_when_one_fails(decompose: Typed, planned: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gates(monkeypatch)
    answer = decompose("verify", "reviews", "-C", planned)
    assert answer.code == 1 and answer.err == ""
    assert [line.split()[:2] for line in answer.out.splitlines()] == [["PASS", "files"], ["PASS", "environment"], ["FAIL", "boot"], ["why"], ["1", "failed,"]]
    assert decompose("verify", "reviews", "-C", planned, "--exit-zero").code == 0
    data = decompose("verify", "reviews", "-C", planned, "-f", "json")
    assert json.loads(data.out)["schema"] == "decompose/verification/1" and "FAIL boot" in data.err
    assert "<testsuite" in decompose("verify", "reviews", "-C", planned, "-f", "junit").out
    kept = decompose("verify", "reviews", "-C", planned, "-o", tmp_path / "kept.txt")
    assert kept.out == "" and "PASS files" in kept.err and (tmp_path / "kept.txt").read_text() == answer.out


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_stopped_verify_shows_the_gates_so_far_and_where_it_was(decompose: Typed, planned: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    gates(monkeypatch, stop=signal.SIGINT)
    answer = decompose("verify", "reviews", "-C", planned, "-f", form)
    assert answer.code == 130 and "stopped in: boot" in answer.err and "uses the environment that was made" in answer.err
    shown = answer.out if form == "text" else answer.err
    assert "PASS files" in shown and "PASS environment" in shown and "boot " not in shown and "failed," not in answer.out


def git(base: Path, *arguments: str) -> None:
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments], cwd=base, check=True, capture_output=True)


def test_files_with_changes_that_are_not_committed_are_not_rewritten(decompose: Typed, planned: Path) -> None:
    git(planned, "init", "-q")
    git(planned, "add", ".")
    git(planned, "commit", "-qm", "one")
    service = planned / "shop/reviews/services.py"
    service.write_text(service.read_text() + "\n# half done\n")
    answer = decompose("extract", "reviews", "-C", planned, "--replan")
    assert answer.code == 1 and "shop/reviews/services.py" in answer.err and not (planned / "services").exists()
    git(planned, "commit", "-qam", "two")
    assert decompose("extract", "reviews", "-C", planned).code == 0
    assert decompose("extract", "reviews", "-C", planned).code == 0


def test_the_deployment_is_written_in_the_forms_that_are_asked_for(decompose: Typed, planned: Path) -> None:
    assert decompose("extract", "reviews", "-C", planned, "--allow-dirty", "--target", "terraform").code == 0
    deploy = planned / "services/reviews/deploy"
    assert (deploy / "main.tf").exists() and (deploy / "service.json").exists() and not (deploy / "template.yaml").exists()
    assert decompose("extract", "reviews", "-C", planned, "--allow-dirty", "--target", "cloudformation").code == 0
    assert (deploy / "template.yaml").exists() and not (deploy / "main.tf").exists()
    assert decompose("extract", "reviews", "-C", planned, "--allow-dirty", "--target", "pulumi").code == 2


def test_settings_for_a_service_that_the_plan_does_not_have_are_refused(decompose: Typed, planned: Path) -> None:
    (planned / "decompose.toml").write_text("[target.ecs.services.review]\nexec = true\n")
    answer = decompose("extract", "reviews", "-C", planned, "--allow-dirty")
    assert answer.code == 2 and "decompose.toml:1" in answer.err and "did you mean 'reviews'?" in answer.err
