from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from decompose.scan.history import BULK, commits, history

from .drawn import draw

DAY = 86_400
START = 1_600_000_000


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    return tmp_path


def git(base: Path, *arguments: str, time: int = START, author: str = "Ada") -> None:
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": author,
        "GIT_AUTHOR_EMAIL": "a@example.com",
        "GIT_COMMITTER_NAME": author,
        "GIT_COMMITTER_EMAIL": "a@example.com",
        "GIT_AUTHOR_DATE": f"{time} +0000",
        "GIT_COMMITTER_DATE": f"{time} +0000",
    }
    subprocess.run(["git", *arguments], cwd=base, env=environment, check=True, capture_output=True)


def change(base: Path, *paths: str, time: int = START, author: str = "Ada") -> None:
    for path in paths:
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        with (base / path).open("a") as file:
            file.write("x\n")
    git(base, "add", "-A")
    git(base, "commit", "-q", "-m", "change\n\nmore $(touch pwned)", time=time, author=author)


def test_commits_have_their_paths_authors_and_times_newest_first(repository: Path) -> None:
    change(repository, "b.py", "a b.py")
    change(repository, "ü\n.py", author="Grace", time=START + DAY)
    assert [(each.paths, each.author, each.time) for each in commits(repository)] == [
        (("ü\n.py",), "Grace", START + DAY),
        (("a b.py", "b.py"), "Ada", START),
    ]


def test_paths_are_relative_to_the_project_inside_a_larger_repository(repository: Path) -> None:
    change(repository, "shop/a.py", "other/b.py")
    change(repository, "other/b.py")
    assert [each.paths for each in commits(repository / "shop")] == [("a.py",)]


def test_a_commit_that_changes_very_many_files_is_left_out(repository: Path) -> None:
    change(repository, *[f"{number}.py" for number in range(BULK + 1)])
    change(repository, "1.py")
    assert [each.paths for each in commits(repository)] == [("1.py",)]


def test_old_commits_are_left_out_counted_from_the_newest(repository: Path) -> None:
    change(repository, "old.py", time=START - 100 * DAY)
    change(repository, "new.py", time=START)
    assert [each.paths for each in commits(repository, since_months=3)] == [("new.py",)]


def test_a_day_says_from_when_on_commits_count(repository: Path) -> None:
    change(repository, "a.py", time=1_704_067_199)  # the last second of 2023
    change(repository, "b.py", time=1_704_067_200)
    assert [each.paths for each in history(repository, since="2024-01-01").commits] == [("b.py",)]


def test_merges_are_left_out(repository: Path) -> None:
    change(repository, "a.py")
    git(repository, "checkout", "-q", "-b", "side")
    change(repository, "b.py", time=START + 1)
    git(repository, "checkout", "-q", "main")
    change(repository, "c.py", time=START + 2)
    git(repository, "merge", "-q", "--no-ff", "side", "-m", "merge", time=START + 3)
    assert [each.paths for each in commits(repository)] == [("c.py",), ("b.py",), ("a.py",)]


def test_without_a_repository_there_is_no_history_and_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").write_text("gitdir: /nonexistent\n")
    found = history(tmp_path)
    assert (found.commits, found.problem) == ((), "what .git refers to is not a git repository")


def test_an_empty_repository_has_a_reason(repository: Path) -> None:
    assert history(repository).problem == "no commits yet"


def test_without_git_there_is_a_reason(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert history(repository).problem == "git is not installed"


def test_a_corrupt_repository_gives_what_can_be_read(repository: Path) -> None:
    change(repository, "a.py")
    for blob in (repository / ".git" / "objects").rglob("*"):
        if blob.is_file():
            blob.chmod(0o644)
            blob.write_bytes(b"garbage")
    found = history(repository)
    assert found.commits == () and found.problem.startswith("git failed")


def test_nothing_that_the_repository_configures_is_run(repository: Path, tmp_path: Path) -> None:
    change(repository, "a.py", "b.py")
    canary = tmp_path / "canary"
    script = draw(repository, {"evil.sh": f"#!/bin/sh\ntouch {canary}\ncat\n"}) / "evil.sh"
    script.chmod(0o755)
    draw(repository, {".gitattributes": "* diff=evil filter=evil\n"})
    with (repository / ".git" / "config").open("a") as file:
        file.write(
            f"[core]\n\tfsmonitor = {script}\n\tpager = {script}\n\thooksPath = .\n[diff]\n\texternal = {script}\n"
            f'[diff "evil"]\n\ttextconv = {script}\n\tcommand = {script}\n[filter "evil"]\n\tclean = {script}\n\tsmudge = {script}\n'
            f"[log]\n\tshowSignature = true\n[gpg]\n\tprogram = {script}\n[alias]\n\tlog = !{script}\n[pager]\n\tlog = {script}\n"
        )
    assert [each.paths for each in commits(repository)] == [("a.py", "b.py")]
    assert not canary.exists()


@pytest.mark.parametrize("place", ["HEAD", "config", "shallow", "refs/heads/main", "info/grafts"])
def test_a_pipe_in_the_place_of_a_file_is_named_and_not_waited_for(repository: Path, place: str) -> None:
    change(repository, "a.py")
    (repository / ".git" / place).unlink(missing_ok=True)
    os.mkfifo(repository / ".git" / place)
    assert place in history(repository).problem


def test_git_that_falls_silent_is_given_up(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(repository, "a.py")
    monkeypatch.setattr("decompose.scan.history._SILENT_SECONDS", 0.3)
    for loose in (repository / ".git" / "objects").glob("??/*"):
        loose.unlink()
        os.mkfifo(loose)
    assert "said nothing" in history(repository).problem


def test_files_that_the_repository_asks_to_be_read_for_order_are_not(repository: Path) -> None:
    change(repository, "a.py")
    git(repository, "config", "diff.orderFile", "/dev/zero")
    assert [each.paths for each in commits(repository)] == [("a.py",)]
