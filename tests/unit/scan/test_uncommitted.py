"""Which files hold work that git does not have yet, asked without letting the repository run anything."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from decompose.scan.history import uncommitted


def git(base: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments],
        cwd=base,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a project in one of its folders."""
    base = tmp_path / "repository" / "project"
    base.mkdir(parents=True)
    for name in ("a.py", "größe b.py"):
        (base / name).write_text(f"# {name}\n")
    git(base.parent, "init", "-q")
    git(base.parent, "add", ".")
    git(base.parent, "commit", "-qm", "one")
    return base


def test_committed_files_are_not_named(project: Path) -> None:
    assert uncommitted(project, ["a.py", "größe b.py"]) == ()


def test_changed_staged_and_new_files_are_named(project: Path) -> None:
    (project / "a.py").write_text("changed\n")
    (project / "größe b.py").write_text("staged\n")
    git(project, "add", "größe b.py")
    (project / "new.py").write_text("")
    assert uncommitted(project, ["new.py", "größe b.py", "a.py"]) == ("a.py", "größe b.py", "new.py")


def test_line_ends_are_no_change(project: Path) -> None:
    (project / "a.py").write_bytes(b"# a.py\r\n")
    assert uncommitted(project, ["a.py"]) == ()


def test_outside_a_repository_there_is_nothing_to_lose_track_of(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    assert uncommitted(tmp_path, ["a.py"]) == ()


def test_a_repository_without_commits_holds_nothing(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("")
    assert uncommitted(tmp_path, ["a.py"]) == ("a.py",)


def test_filters_that_the_repository_names_are_not_run(project: Path) -> None:
    canary = project.parent.parent / "ran"
    git(project, "config", "filter.evil.clean", f"touch {canary}")
    git(project, "config", "core.fsmonitor", f"touch {canary}")
    (project / ".gitattributes").write_text("*.py filter=evil\n")
    (project / "a.py").write_text("changed\n")
    assert uncommitted(project, ["a.py"]) == ("a.py",)
    assert not canary.exists()
