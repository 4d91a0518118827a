from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from decompose.scan.cache import Cache, digest


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".decompose" / "cache" / "facts.sqlite"


def keep(
    file: Path, result: bytes, version: str = "1", key: str = "a.py", keys: frozenset[str] = frozenset({"a.py"})
) -> None:
    cache = Cache(file)
    cache.put(version, key, 7, 3, digest(b"abc"), result)
    cache.commit(version, set(keys))
    cache.close()


def found(file: Path, version: str = "1") -> dict[str, bytes | None]:
    cache = Cache(file)
    try:
        return {key: cache.load(entry) for key, entry in cache.stored(version).items()}
    finally:
        cache.close()


def test_a_result_is_found_again(file: Path) -> None:
    keep(file, b"result")
    assert found(file) == {"a.py": b"result"}


def test_time_size_and_contents_are_kept(file: Path) -> None:
    keep(file, b"result")
    entry = Cache(file).stored("1")["a.py"]
    assert (entry.mark, entry.digest) == ((7, 3), digest(b"abc"))


def test_a_touched_file_has_its_new_time(file: Path) -> None:
    keep(file, b"result")
    cache = Cache(file)
    cache.touch("1", "a.py", 8, 3, digest(b"abc"))
    cache.commit("1", {"a.py"})
    assert Cache(file).stored("1")["a.py"].mark == (8, 3)


def test_another_version_sees_nothing_and_replaces_all(file: Path) -> None:
    keep(file, b"old", version="1")
    assert found(file, "2") == {}
    keep(file, b"new", version="2")
    assert found(file, "1") == {}


def test_files_that_left_the_project_are_dropped(file: Path) -> None:
    keep(file, b"result")
    keep(file, b"other", key="b.py", keys=frozenset({"b.py"}))
    assert found(file) == {"b.py": b"other"}


def test_nothing_is_made_before_something_is_kept(file: Path) -> None:
    cache = Cache(file)
    assert cache.stored("1") == {}
    cache.commit("1", set())
    assert not file.parent.exists()


@pytest.mark.parametrize(
    "damage", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 5000, b"cposix\nsystem\n."]
)
def test_a_damaged_store_is_a_miss_and_made_anew(file: Path, damage: bytes) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(damage)
    assert found(file) == {}
    keep(file, b"result")
    assert found(file) == {"a.py": b"result"}


def test_a_store_cut_short_is_a_miss(file: Path) -> None:
    keep(file, b"x" * 50_000)
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    assert found(file).get("a.py") is None


def test_a_changed_result_is_a_miss(file: Path) -> None:
    keep(file, b"result")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE facts SET result = ?", (b"forged",))
    assert found(file) == {"a.py": None}


def test_a_store_with_another_table_is_made_anew(file: Path) -> None:
    file.parent.mkdir(parents=True)
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE facts (other)")
    keep(file, b"result")
    assert found(file) == {"a.py": b"result"}


def test_a_store_that_would_compute_forever_is_made_anew(file: Path) -> None:
    file.parent.mkdir(parents=True)
    with sqlite3.connect(file) as connection:
        connection.execute(
            "CREATE VIEW facts AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "
            "SELECT '1' AS version, x AS key, 1 AS mtime, 1 AS size, x AS digest FROM n"
        )
    assert found(file) == {}
    keep(file, b"result")
    assert found(file) == {"a.py": b"result"}


def test_runs_at_the_same_time_do_not_disturb_one_another(file: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from decompose.scan.cache import Cache, digest\n"
        "for round in range(20):\n"
        "    cache = Cache(Path(sys.argv[1])); cache.stored('1'); cache.put('1', 'a.py', 7, 3, digest(b'abc'), b'result')\n"
        "    cache.commit('1', {'a.py'}); cache.close()\n"
    )
    runs = [subprocess.Popen([sys.executable, "-c", script, str(file)]) for _ in range(3)]
    assert [run.wait(60) for run in runs] == [0, 0, 0]
    assert found(file) == {"a.py": b"result"}


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / ".decompose").symlink_to(elsewhere)
    keep(tmp_path / ".decompose" / "cache" / "facts.sqlite", b"result")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "link"])
def test_what_is_no_file_is_neither_waited_for_nor_followed(file: Path, suffix: str, kind: str, tmp_path: Path) -> None:
    file.parent.mkdir(parents=True)
    place, precious = Path(f"{file}{suffix}"), tmp_path / "precious"
    precious.write_text("precious")
    {"pipe": lambda: os.mkfifo(place), "folder": place.mkdir, "link": lambda: place.symlink_to(precious)}[kind]()
    keep(file, b"result")
    assert found(file) == {} and precious.read_text() == "precious"


def test_a_row_larger_than_any_of_ours_is_a_miss(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(file, b"x" * 4000)
    monkeypatch.setattr("decompose.scan.cache._LARGEST", 3000)
    assert found(file) == {"a.py": None}
    keep(file, b"y" * 4000)
    assert found(file) == {"a.py": None}


def test_a_run_that_writes_does_not_stop_another_that_reads(file: Path) -> None:
    keep(file, b"result")
    writer = sqlite3.connect(file)
    writer.execute("BEGIN IMMEDIATE")
    assert found(file) == {"a.py": b"result"}
    writer.rollback()


def test_a_busy_store_keeps_nothing_and_raises_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decompose.scan.cache._BUSY_SECONDS", 0.05)
    keep(file, b"result")
    writer = sqlite3.connect(file)
    writer.execute("BEGIN IMMEDIATE")
    keep(file, b"other")
    writer.rollback()
    assert found(file) == {"a.py": b"result"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_keeps_nothing(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    keep(tmp_path / ".decompose" / "cache" / "facts.sqlite", b"result")
    assert not (tmp_path / ".decompose").exists()


def test_a_file_in_the_place_of_the_folder_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / ".decompose").write_text("in the way")
    keep(tmp_path / ".decompose" / "cache" / "facts.sqlite", b"result")
    assert (tmp_path / ".decompose").read_text() == "in the way"
