"""The accepted cut as rules of other tools: the tools themselves are the judges."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from decompose.planning.signing import accept
from decompose.report.exports import Cut, codeowners, exported, import_linter, tach
from tests.unit.planning.test_crossings import MODELS
from tests.unit.projects import Monolith

VIEWS = """
# shop/orders/views.py
from shop.billing.services import charge


def place():
    charge(3)

# shop/orders/tests/test_views.py
from shop.billing import models
"""
SMUGGLED = "from shop.billing import models\n"


@pytest.fixture
def drawn() -> Monolith:
    return Monolith(MODELS, VIEWS)


@pytest.fixture
def cut(drawn: Monolith) -> Cut:
    plan = drawn.plan()
    return exported(accept(plan, None, (), by="Ann", on="2026-11-27", known={each.key for each in plan.crossings}), plan.modules)


@pytest.fixture
def project(drawn: Monolith, tmp_path: Path) -> Path:
    for path, text in drawn.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, env={"PYTHONPATH": str(folder), "NO_COLOR": "1", "PATH": ""}, capture_output=True, text=True, timeout=120)


def test_import_linter_keeps_what_was_signed_and_breaks_on_a_new_import(cut: Cut, project: Path) -> None:
    pytest.importorskip("importlinter")
    (project / "rules.toml").write_text(import_linter(cut))
    words = [str(Path(sys.executable).parent / "lint-imports"), "--config", "rules.toml", "--no-cache"]
    done = run(words, project)
    assert done.returncode == 0 and "2 kept, 0 broken" in done.stdout, done.stdout
    (project / "shop/orders/views.py").write_text(SMUGGLED)
    done = run(words, project)
    assert done.returncode == 1 and "shop.orders.views -> shop.billing.models" in done.stdout


def test_tach_keeps_what_was_signed_and_breaks_on_a_new_import(cut: Cut, project: Path) -> None:
    program = shutil.which("tach", path=str(Path(sys.executable).parent)) or shutil.which("tach")
    if program is None:
        pytest.skip("tach is not installed")
    (project / "tach.toml").write_text(tach(cut, ["."]))
    done = run([program, "check"], project)
    assert done.returncode == 0, done.stdout + done.stderr
    (project / "shop/billing/services.py").write_text("from shop.orders import models\n")
    assert run([program, "check"], project).returncode == 1


def test_packages_of_one_context_go_whole_and_those_of_several_are_named(cut: Cut) -> None:
    assert [(unit.name, unit.context, unit.path) for unit in cut.units if unit.name != "shop.settings"] == [
        ("shop.billing", "billing", "shop/billing/"), ("shop.orders", "orders", "shop/orders/"),
    ]  # fmt: skip
    assert cut.left == ("shop",)


def test_code_owners_are_the_teams_and_a_context_without_one_says_where_to_name_it(cut: Cut) -> None:
    import msgspec

    lines = codeowners(msgspec.structs.replace(cut, teams={"billing": "@shop/billing"})).splitlines()
    assert "/shop/billing/ @shop/billing" in lines and "# /shop/orders/" in lines
