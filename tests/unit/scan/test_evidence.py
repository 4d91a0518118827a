"""Which files are evidence from run time, and what happens when one cannot be used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from decompose.errors import ConfigError, FileError
from decompose.model.settings import EvidenceSettings
from decompose.scan import evidence as room
from decompose.scan.evidence import evidence, evidence_files, present


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name in ("out/b.xml", "out/a.xml", "spans/1.json", "spans/deep/2.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_globs_stand_for_files_in_order_and_each_file_counts_once(base: Path) -> None:
    settings = EvidenceSettings(coverage=("out/*.xml", "out/a.xml"), spans=("spans/**/*.json",))
    assert evidence_files(base, settings) == [("coverage", "out/a.xml"), ("coverage", "out/b.xml"), ("spans", "spans/1.json"), ("spans", "spans/deep/2.json")]
    assert [content for _, _, content in evidence(base, settings)] == [b"out/a.xml", b"out/b.xml", b"spans/1.json", b"spans/deep/2.json"]


def test_a_name_with_marks_of_globs_is_a_file_where_there_is_one(base: Path) -> None:
    (base / "out[1].xml").write_text("")
    assert evidence_files(base, EvidenceSettings(coverage=("out[1].xml",))) == [("coverage", "out[1].xml")]


def test_files_elsewhere_are_named_from_the_project(base: Path) -> None:
    (base / "shop").mkdir()
    outside = EvidenceSettings(coverage=(str(base / "out/a.xml"),))
    assert evidence_files(base / "shop", outside) == [("coverage", "../out/a.xml")]
    assert [content for _, _, content in evidence(base / "shop", outside)] == [b"out/a.xml"]


@pytest.mark.parametrize("pattern", ["out/c.xml", "out/*.json", "nowhere/**/*.xml"])
def test_evidence_that_is_not_there_is_an_error_with_a_next_step(base: Path, pattern: str) -> None:
    with pytest.raises(FileError) as caught:
        evidence_files(base, EvidenceSettings(coverage=(pattern,)))
    assert pattern in caught.value.message
    assert "coverage xml" in caught.value.hint
    assert present(base, EvidenceSettings(coverage=(pattern,))) == []


def test_links_folders_pipes_and_huge_files_are_refused_with_the_reason(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (base / "link.xml").symlink_to(base / "out/a.xml")
    os.mkfifo(base / "pipe.xml")
    monkeypatch.setattr(room, "LARGEST", 5)
    for name, reason in (("link.xml", "link"), ("pipe.xml", "not a regular file"), ("out", "not a regular file"), ("out/a.xml", "larger than")):
        with pytest.raises(FileError, match=reason) as caught:
            list(evidence(base, EvidenceSettings(coverage=(name,))))
        assert caught.value.place == name


def test_a_folder_that_leads_out_of_the_project_is_not_followed_unless_a_person_names_it(base: Path) -> None:
    (base / "shop").mkdir()
    (base / "shop/reports").symlink_to(base / "out")
    for pattern in ("reports/a.xml", "reports/*.xml"):
        with pytest.raises(FileError, match="outside the project"):
            evidence_files(base / "shop", EvidenceSettings(coverage=(pattern,)))
    assert evidence_files(base / "shop", EvidenceSettings(coverage=(str(base / "shop/reports/a.xml"),)))


def test_a_glob_for_a_whole_disk_is_refused(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST", 1)
    with pytest.raises(ConfigError, match="more than 1 files"):
        evidence_files(base, EvidenceSettings(spans=("**/*.json",)))
