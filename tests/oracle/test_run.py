"""The runner of the oracle on projects that fail: each is named with its reason, the others go on, and no part of a capture is kept."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
import run

WORDS = '{"tables": {"words": ["id"]}, "foreign_keys": []}'
MODELS = """\
from sqlalchemy import Column, Integer
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Word(Base):
    __tablename__ = "words"
    id = Column(Integer, primary_key=True)
"""


def entry(name: str, **fields: object) -> run.Project:
    given = {"prepare": [], "registry": [f"echo '{WORDS}'"], **fields}
    return run.Project(name=name, family="sqlalchemy", source=["shop"], python=f"3.{sys.version_info.minor}", **given)


class Room:
    """A folder with one checkout, and a cache whose environments are made already."""

    def __init__(self, at: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.projects, self.cache, self._monkeypatch = at / "projects", at / "cache", monkeypatch
        (self.projects / "shop").mkdir(parents=True)
        (self.projects / "shop" / "models.py").write_text(MODELS)

    def run(self, *projects: run.Project, only: str = "") -> int:
        for each in projects:
            pip = self.cache / each.name / "environment" / "bin" / "pip"
            pip.parent.mkdir(parents=True, exist_ok=True)
            pip.touch()
        self._monkeypatch.setattr(run, "entries", lambda: list(projects))
        self._monkeypatch.setattr(sys, "argv", ["run.py", str(self.projects), "--cache", str(self.cache), "--only", only])
        return run.main()

    def kept(self, name: str) -> list[str]:
        return sorted(path.name.split("-")[0] for path in (self.cache / name).glob("*.json"))


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    return Room(tmp_path, monkeypatch)


def test_a_project_that_cannot_be_prepared_is_named_and_the_next_one_runs(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    assert room.run(entry("broken", prepare=["echo no such package; exit 3"]), entry("whole")) == 1
    printed = capsys.readouterr().out
    assert "broken: skipped: `echo no such package; exit 3` ended with 3" in printed
    assert any(line.split()[:4] == ["whole", "sqlalchemy", "tables", "1"] for line in printed.splitlines())
    assert (room.cache / "broken" / "prepare.log").read_text() == "no such package\n"


def test_all_that_runs_ends_with_zero(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    assert room.run(entry("whole")) == 0
    assert "not run" not in capsys.readouterr().out


def test_a_preparation_that_failed_is_begun_again(room: Room) -> None:
    project = entry("shop", prepare=["test -f ../allowed"])
    assert room.run(project) == 1
    (room.cache / "shop" / "allowed").touch()
    assert room.run(project) == 0


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("echo '{\"statements\": [{' > {output}; exit 2", "exit code 2"),
        ("echo '{\"statements\": [{' > {output}; kill -9 $$", "exit code -9"),
        ("true {output}", "exit code 0"),
        ("echo no tests", "it printed no JSON"),
        ("echo '{\"statements\": []}' > {output}", "the tests sent nothing"),
    ],
)
def test_tests_that_did_not_come_to_their_end_leave_no_capture(room: Room, capsys: pytest.CaptureFixture[str], command: str, reason: str) -> None:
    assert room.run(entry("shop", tests=command)) == 1
    printed = capsys.readouterr().out
    assert f"shop: accesses skipped: {reason}" in printed
    assert "tables" in printed, "what the registries said is printed all the same"
    assert room.kept("shop") == ["registry"]


def test_tests_of_which_some_fail_came_to_their_end(room: Room) -> None:
    statement = '{"frames": [["models.py", 7, ""]], "sql": "SELECT id FROM words", "how": "sent", "causes": [], "built": []}'
    assert room.run(entry("shop", tests=f"echo '{{\"statements\": [{statement}]}}' > {{output}}; exit 1")) == 0
    assert room.kept("shop") == ["accesses", "registry"]


def test_a_command_at_its_limit_is_ended_with_all_that_it_started(room: Room, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(run, "LIMIT", 1)
    assert room.run(entry("shop", tests="(sleep 60 & echo $! > ../child; wait)")) == 1
    assert "none after 1 s" in capsys.readouterr().out
    child = int((room.cache / "shop" / "child").read_text())
    assert _ends(child)


def _ends(process: int) -> bool:
    """Whether a process is gone; one of whom nobody took note is still listed, as a zombie."""
    for _ in range(50):
        listed = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True).stdout
        if not listed.strip() or listed.startswith("Z"):
            return True
        time.sleep(0.1)
    return False


def test_a_service_that_does_not_start_is_a_reason(room: Room, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(run.shutil, "which", lambda name: None)
    assert room.run(entry("shop", services=["redis"])) == 1
    assert "shop: registry-0 skipped: redis-server is needed and not installed" in capsys.readouterr().out


def test_a_project_without_a_checkout_fails_when_it_was_asked_for(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    there, away = entry("there"), run.Project("away", "flask", ["nowhere"], "3.12", [])
    assert room.run(there, away) == 0
    assert room.run(there, away, only="away") == 1
    assert "away: skipped: no checkout" in capsys.readouterr().out


def test_what_is_kept_holds_until_a_file_of_the_checkout_changes(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    project = entry("shop")
    assert room.run(project) == 0
    assert "shop: registry-0 took" in capsys.readouterr().err
    assert room.run(project) == 0
    assert capsys.readouterr().err == ""
    (room.projects / "shop" / "manifest.json").write_text("{}")
    assert room.run(project) == 0
    assert "shop: registry-0 took" in capsys.readouterr().err
