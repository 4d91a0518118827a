"""The whole job on a copy of the sample: analyze, plan, extract two contexts one after the other, verify each."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from decompose.verification import processes
from decompose.verification.environment import Environment, service_environment

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("e2e") / "shop")


def copied(folder: Path, *decided: str) -> Path:
    """A copy of the sample with more in its configuration."""
    shutil.copytree(ROOT / "sample_monolith", folder, ignore=shutil.ignore_patterns("__pycache__", ".decompose", "*.sqlite3"))
    with (folder / "decompose.toml").open("a") as file:
        # The test environment has what the sample requires.
        file.write("".join(f"\n{each}\n" for each in (f'[verify]\npython = "{sys.executable}"', *decided)))
    return folder


PREFERENCES = """
[contexts.preferences]
modules = [
    "shop.notifications.models.Preference", "shop.notifications.services.preference_of",
    "shop.notifications.serializers.PreferenceSerializer", "shop.notifications.api.PreferenceView",
]

[[decisions]]
id = "preferences:*"
choice = "stay"
reason = "preferences are read in the transactions of others until the switch"
"""


def decompose(folder: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "decompose", *words], cwd=folder, capture_output=True, text=True, timeout=900, env={**os.environ, "NO_COLOR": "1"}
    )
    assert done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_a_context_with_open_questions_is_refused_and_nothing_is_written(shop: Path) -> None:
    decompose(shop, "plan", "--quiet")
    before = sorted(path for path in shop.rglob("*") if ".decompose" not in path.parts)
    decompose(shop, "extract", "shipping", "--allow-dirty", code=1)
    assert sorted(path for path in shop.rglob("*") if ".decompose" not in path.parts) == before


@pytest.mark.parametrize("context", ["reviews", "notifications"])
def test_a_context_is_extracted_and_every_gate_passes(shop: Path, context: str) -> None:
    decompose(shop, "extract", context, "--allow-dirty")
    before = present(shop)
    report = json.loads(decompose(shop, "verify", context, "--format", "json"))
    assert present(shop) == before, "what code writes that is tried out, uploads for instance, stays in copies"
    assert "environments/" in (shop / ".decompose/.gitignore").read_text().split()
    outcomes = {gate["name"]: gate["outcome"] for gate in report["gates"]}
    assert {name for name, outcome in outcomes.items() if outcome != "passed"} == set(), report
    assert {"boot", "migrations", "openapi", "contract-local", "contract-remote", "contract-shadow", "events", "contract-monolith"} <= outcomes.keys()
    assert_every_difference_has_its_edge(report)


def present(base: Path) -> set[str]:
    """All files but those of decompose's own memory."""
    return {str(path.relative_to(base)) for path in base.rglob("*") if path.is_file() and ".decompose" not in path.parts}


def assert_every_difference_has_its_edge(report: Any) -> None:
    """The monolith's suite ends as before in mode local; in the others it differs only where the plan says, and names the edges."""
    rungs = {gate["name"]: gate for gate in report["gates"] if gate["name"].startswith("monolith-")}
    assert list(rungs) == ["monolith-local", "monolith-loopback", "monolith-remote"]
    assert rungs["monolith-local"]["differences"] == []
    for gate in rungs.values():
        for difference in gate["differences"]:
            assert difference["causes"] and difference["expected"] and not difference["regression"], difference
            assert all(cause["edge"] and ":" in cause["place"] for cause in difference["causes"]), difference


def test_both_services_run_at_the_same_time_on_their_own_databases(shop: Path, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        live = {name: stack.enter_context(running(shop, name, tmp_path)) for name in ("reviews", "notifications")}
        for name, server in live.items():
            assert server.get("/readyz")[0] == 200, server.tail()
            assert name in server.get("/openapi.json")[1].decode()
    assert {file.name for file in tmp_path.glob("*.sqlite3")} == {"reviews.sqlite3", "notifications.sqlite3"}


@contextlib.contextmanager
def running(shop: Path, name: str, scratch: Path) -> Iterator[processes.Server]:
    """A service as its own process on a migrated database of its own."""
    folder = shop / "services" / name
    environment = service_environment(shop, folder / "requirements.txt", Path(sys.executable))
    assert isinstance(environment, Environment), environment
    variables = {
        "PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": f"{name}_service.settings", "SECRET_KEY": "x", "BOUNDARY_TOKEN_KEY": "x",
        "DATABASE_URL": f"sqlite:///{scratch / name}.sqlite3", "MONOLITH_URL": "http://monolith.invalid",
    }  # fmt: skip
    migrated = processes.run([str(environment.python), "manage.py", "migrate"], cwd=folder, env=variables, timeout=120)
    assert migrated.ok, migrated.tail()
    command = f"{environment.python} -m gunicorn --bind 127.0.0.1:{{port}} {name}_service.wsgi:application"
    with processes.server(command, cwd=folder, env=variables, log=scratch / f"{name}.log", ready="/healthz") as (server, booted):
        assert booted is not None, server.tail()
        yield server


def test_extracting_again_writes_nothing(shop: Path) -> None:
    files = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in shop.rglob("*") if path.is_file() and ".decompose" not in path.parts}
    decompose(shop, "extract", "reviews", "--allow-dirty")
    after = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in shop.rglob("*") if path.is_file() and ".decompose" not in path.parts}
    assert after == files


def test_undo_gives_the_monolith_back(shop: Path) -> None:
    for context in ("notifications", "reviews"):
        decompose(shop, "extract", context, "--undo")
    for path in (ROOT / "sample_monolith" / "shop").rglob("*.py"):
        assert (shop / "shop" / path.relative_to(ROOT / "sample_monolith" / "shop")).read_bytes() == path.read_bytes()
    assert not (shop / "services" / "reviews" / "manage.py").exists()


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with a context that has a definition in each of four modules of another."""
    return copied(tmp_path_factory.mktemp("mixed") / "shop", PREFERENCES)


@pytest.mark.parametrize("context", ["preferences", "notifications"])
def test_two_contexts_are_extracted_from_the_same_modules_and_every_gate_passes(mixed: Path, context: str) -> None:
    decompose(mixed, "extract", context, "--replan", "--allow-dirty")
    report = json.loads(decompose(mixed, "verify", context, "--format", "json"))
    assert [gate["name"] for gate in report["gates"] if gate["outcome"] != "passed"] == [], report
    assert_every_difference_has_its_edge(report)


def test_each_of_them_has_its_own_part_of_the_module_and_the_monolith_has_all(mixed: Path) -> None:
    def classes(folder: Path) -> list[str]:
        text = (folder / "shop" / "notifications" / "serializers.py").read_text()
        return [node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]

    assert classes(mixed / "services" / "preferences") == ["PreferenceSerializer"]
    assert classes(mixed / "services" / "notifications") == ["NotificationSerializer"]
    assert classes(mixed) == ["NotificationSerializer", "PreferenceSerializer"]
