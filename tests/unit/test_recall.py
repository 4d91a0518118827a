"""A result is used again while nothing that it depends on has changed, and then it is the result that a first run gives."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import msgspec
import pytest

from decompose import pipeline, recall
from decompose.config import load
from decompose.report.text import Terminal, screen, summarized
from decompose.scan import read

FILES = {
    "shop/__init__.py": "",
    "shop/orders/__init__.py": "",
    "shop/orders/models.py": "from django.db import models\n\nclass Order(models.Model):\n    total = models.IntegerField()\n",
    "shop/orders/views.py": "from shop.orders.models import Order\n\ndef show(request):\n    return Order.objects.all()\n",
    "requirements.txt": "django\n",
    "notes/plan.txt": "later\n",
}

LONG_AGO = 1_600_000_000


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path, text in FILES.items():
        write(tmp_path / path, text)
    analyzed(tmp_path)
    return tmp_path


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def analyzed(base: Path) -> pipeline.Analysis:
    analysis = pipeline.analyze(base, jobs=1)
    pipeline.save_analysis(analysis)
    return analysis


def recalled(base: Path) -> recall.Result | None:
    return recall.last(base, load(base))


def git(base: Path, *arguments: str) -> None:
    who = ("-c", "user.name=n", "-c", "user.email=n@example.org")
    subprocess.run(["git", *who, *arguments], cwd=base, check=True, capture_output=True)


def test_what_is_recalled_is_what_a_first_run_gives(project: Path) -> None:
    found = recalled(project)
    fresh = pipeline.analyze(project, jobs=1, cache=False)
    assert found is not None
    assert found.document() == fresh.document
    for terminal in (Terminal(60), Terminal(200, True, False)):
        assert screen(found.summary, terminal) == screen(summarized(fresh.name, fresh.graph, fresh.context_map), terminal)
    assert (found.failed, found.files) == (fresh.graph.failed, fresh.graph.files)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("shop/orders/views.py", "def show(request):\n    return 1\n"),
        ("shop/orders/tasks.py", ""),
        ("shop/orders/templates/a.html", "1\n"),
        ("requirements.txt", "flask\n"),
        ("decompose.toml", '[decompose]\nexclude = ["shop/orders/views.py"]\n'),
        (".gitignore", "views.py\n"),
        (".python-version", "3.12\n"),
        (".decompose/lock.json", "{}"),
        (".decompose/analysis.json", "{}"),
    ],
)
def test_a_change_to_anything_that_counts_is_noticed(project: Path, path: str, text: str) -> None:
    write(project / path, text)
    assert recalled(project) is None


def test_a_change_that_keeps_size_and_time_is_noticed(project: Path) -> None:
    file = project / "shop/orders/views.py"
    status = file.stat()
    file.write_text(file.read_text().replace("all", "any"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert recalled(project) is None


def test_a_file_that_is_gone_is_noticed(project: Path) -> None:
    (project / "shop/orders/views.py").unlink()
    assert recalled(project) is None


def test_a_commit_is_noticed(project: Path) -> None:
    git(project, "init", "-q")
    analyzed(project)
    assert recalled(project) is not None
    git(project, "add", "shop")
    git(project, "commit", "-qm", "one")
    assert recalled(project) is None
    analyzed(project)
    git(project, "commit", "-qm", "two", "--allow-empty")
    assert recalled(project) is None


def test_packed_refs_are_read_too(project: Path) -> None:
    git(project, "init", "-q")
    git(project, "add", "shop")
    git(project, "commit", "-qm", "one")
    git(project, "pack-refs", "--all")
    analyzed(project)
    git(project, "commit", "-qm", "two", "--allow-empty")
    git(project, "pack-refs", "--all")
    assert recalled(project) is None


def test_other_options_are_another_result(project: Path) -> None:
    assert recall.last(project, msgspec.structs.replace(load(project), seed=3)) is None


def test_another_decompose_computes_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall, "__version__", "0")
    assert recalled(project) is None


def test_a_touched_file_with_the_same_text_changes_nothing(project: Path) -> None:
    os.utime(project / "shop/orders/views.py", (LONG_AGO, LONG_AGO))
    assert recalled(project) is not None


def test_only_files_whose_time_says_nothing_are_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = time.time_ns() + 10_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: later)
    analyzed(project)
    seen: list[str] = []
    monkeypatch.setattr(read, "contents", lambda base, path, largest: seen.append(path) or FILES[path].encode())
    os.utime(project / "shop/orders/views.py", (LONG_AGO, LONG_AGO))
    assert recalled(project) is not None
    assert recalled(project) is not None
    assert seen == ["shop/orders/views.py"]


def test_a_file_that_changes_during_the_analysis_keeps_nothing(project: Path) -> None:
    write(project / "shop/orders/views.py", "x = 1\n")
    analysis = pipeline.analyze(project, jobs=1)
    write(project / "shop/orders/views.py", "x = 2\n")
    pipeline.save_analysis(analysis)
    assert recalled(project) is None


@pytest.mark.parametrize("damage", [b"", b"x" * 40])
def test_damage_is_a_miss(project: Path, damage: bytes) -> None:
    kept = project / recall.KEPT
    kept.write_bytes(damage)
    assert recalled(project) is None
    kept.unlink()
    assert recalled(project) is None


def test_every_changed_byte_is_a_miss(project: Path) -> None:
    kept = project / recall.KEPT
    whole = kept.read_bytes()
    for position in range(0, len(whole), 7):
        kept.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        assert recalled(project) is None


def test_links_are_not_followed(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    away = tmp_path_factory.mktemp("away") / "cache"
    (project / ".decompose/cache").rename(away)
    (project / ".decompose/cache").symlink_to(away)
    assert recalled(project) is None


def test_a_document_that_was_exchanged_is_not_handed_out(project: Path) -> None:
    found = recalled(project)
    assert found is not None
    (project / recall.DOCUMENT).write_text("{}")
    assert found.document() is None


def test_without_a_cache_nothing_is_kept(tmp_path: Path) -> None:
    for path, text in FILES.items():
        write(tmp_path / path, text)
    pipeline.save_analysis(pipeline.analyze(tmp_path, jobs=1, cache=False))
    assert recalled(tmp_path) is None


def test_a_result_with_something_that_may_go_better_is_not_kept(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from decompose.model.source import CRASHED, History

    (project / recall.KEPT).unlink()
    with monkeypatch.context() as patch:
        patch.setattr("decompose.pipeline.analysis.past_commits", lambda base, config: History(problem="git said nothing for 8 seconds"))
        analyzed(project)
    assert recalled(project) is None
    analysis = analyzed(project)
    (project / recall.KEPT).unlink()
    assert analysis.inputs is not None
    failed = (recall.SkippedFile("shop/orders/views.py", 1, CRASHED),)
    found = summarized(analysis.name, analysis.graph, analysis.context_map)
    recall.keep(project, analysis.tree, analysis.inputs, analysis.digests, analysis.document, found, failed, "")
    assert recalled(project) is None


def test_text_that_was_changed_with_its_old_size_and_time_is_read_again(project: Path) -> None:
    views = project / "shop/orders/views.py"
    before = views.stat()
    views.write_text(FILES["shop/orders/views.py"].replace("def show", "def shew"))
    os.utime(views, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert recalled(project) is None
    assert "shop.orders.views.shew" in {each.id for each in analyzed(project).graph.definitions}


def test_a_folder_in_the_place_of_the_kept_result_is_a_miss(project: Path) -> None:
    (project / recall.KEPT).unlink()
    (project / recall.KEPT).mkdir()
    assert recalled(project) is None
    analyzed(project)


# --- evidence from run time ---------------------------------------------------------------------

RAN = '<coverage><class filename="shop/orders/views.py"><lines><line number="4" hits="{}"/></lines></class></coverage>'


@pytest.fixture
def measured(project: Path) -> Path:
    """The project with a report that git ignores."""
    write(project / "decompose.toml", '[evidence]\ncoverage = "out/*.xml"\n')
    write(project / ".gitignore", "out/\n")
    write(project / "out/coverage.xml", RAN.format(1))
    analyzed(project)
    return project


def test_a_result_is_recalled_while_its_evidence_is_the_same(measured: Path) -> None:
    assert recalled(measured) is not None
    write(measured / "out/coverage.xml", RAN.format(1))
    assert recalled(measured) is not None


@pytest.mark.parametrize(("path", "text"), [("out/coverage.xml", RAN.format(0)), ("out/more.xml", RAN.format(1)), ("out/coverage.xml", "")])
def test_evidence_that_changed_or_came_is_noticed(measured: Path, path: str, text: str) -> None:
    write(measured / path, text)
    assert recalled(measured) is None


def test_evidence_that_went_is_noticed(measured: Path) -> None:
    (measured / "out/coverage.xml").unlink()
    assert recalled(measured) is None
