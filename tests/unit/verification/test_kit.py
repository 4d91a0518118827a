"""The parts of the test kit that need no framework: whose code asks, databases put back, processes that end with their starter."""

from __future__ import annotations

import ast
import json
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from decompose.verification.kit import frames, records, tracebacks
from decompose.verification.kit.processes import Isolation
from decompose.verification.kit.snapshots import SqliteFile
from decompose.verification.kit.spec import Spec

KIT = Path(frames.__file__).parent


# --- whose code asks --------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path) -> frames.Frames:
    return frames.Frames(
        Spec(
            framework="django", context="reviews", package="shop.boundaries", mode="remote", root=str(tmp_path), folder="", packages="",
            tests=["shop/tests.py"], moved={"shop/reviews.py": [], "shop/mixed.py": [[3, 5]]},
        )
    )  # fmt: skip


def called(folder: Path, *places: tuple[str, int], inner: Callable[[], Any]) -> Any:
    """What ``inner`` gives when functions at these places (file, first line) call one another, the first the outermost."""
    for path, line in reversed(places):
        scope: dict[str, Any] = {"inner": inner}
        source = "\n" * (line - 1) + "def step():\n    return inner()\n"
        file = path if path.startswith("/") else str(folder / path)
        exec(compile(source, file, "exec"), scope)
        inner = scope["step"]
    return inner()


RUNNER = ("/usr/lib/python3/unittest/case.py", 9)
HANDLER = ("/env/django/core/handlers/base.py", 9)
LIBRARY = ("/env/factory/base.py", 9)
TEST, MOVED, OTHER, COMMAND = ("shop/tests.py", 7), ("shop/reviews.py", 2), ("shop/pages.py", 4), ("manage.py", 1)


@pytest.mark.parametrize(
    ("places", "wanted"),
    [
        ([COMMAND, RUNNER, TEST], ("test", "shop/tests.py")),
        ([COMMAND, RUNNER, TEST, LIBRARY], ("test", "shop/tests.py")),
        ([COMMAND, RUNNER, TEST, MOVED], ("test", "shop/tests.py")),
        ([COMMAND, RUNNER, TEST, OTHER], ("monolith", "shop/pages.py")),
        ([COMMAND, RUNNER, TEST, OTHER, MOVED], ("monolith", "shop/pages.py")),
        ([COMMAND, RUNNER, TEST, HANDLER, LIBRARY], ("monolith", "")),
        ([COMMAND, RUNNER], ("test", "")),
        ([COMMAND, RUNNER, ("shop/conftest.py", 3)], ("test", "shop/conftest.py")),
        ([COMMAND], ("monolith", "manage.py")),
        ([RUNNER, TEST, ("shop/mixed.py", 4)], ("test", "shop/tests.py")),
        ([RUNNER, TEST, ("shop/mixed.py", 8)], ("monolith", "shop/mixed.py")),
        ([RUNNER, TEST, OTHER, ("shop/boundaries/reviews/local.py", 3)], ("monolith", "shop/pages.py")),
    ],
    ids=lambda value: "-".join(Path(path).stem for path, _ in value) if isinstance(value, list) else None,
)
def test_the_innermost_frame_that_tells_decides(tmp_path: Path, tree: frames.Frames, places: list[tuple[str, int]], wanted: tuple[str, str]) -> None:
    # Below this test there is a runner of its own; only what stands above the first place counts for those that end there.
    asked = called(tmp_path, ("/nowhere/stop.py", 1), *places, inner=tree.asked)
    assert (asked.side, asked.path) == wanted


def test_the_function_and_line_are_those_of_the_frame(tmp_path: Path, tree: frames.Frames) -> None:
    asked = called(tmp_path, RUNNER, TEST, OTHER, inner=tree.asked)
    assert (asked.function, asked.line) == ("step", 5)


def test_code_of_two_files_that_is_the_same_is_told_apart(tmp_path: Path, tree: frames.Frames) -> None:
    assert called(tmp_path, RUNNER, ("shop/tests.py", 4), inner=tree.asked).side == "test"
    assert called(tmp_path, RUNNER, ("shop/pages.py", 4), inner=tree.asked).side == "monolith"


# --- tests by name ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "id"),
    [
        ("tests/test_a.py::test_b", "tests.test_a.test_b"),
        ("tests/test_a.py::T::test_b", "tests.test_a.T.test_b"),
        ("tests/test_a.py::test_b[x::y-1.5]", "tests.test_a.test_b[x::y-1.5]"),
    ],
)
def test_a_test_has_the_id_of_the_report(node: str, id: str) -> None:
    assert records._as_reported(node) == id


def test_what_a_test_used_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_CURRENT_TEST", "")
    kept = records.Records(str(tmp_path))
    kept.test = "shop.tests.T.test_a"
    kept.note("operation", name="rate")
    kept.note("operation", name="rate")
    kept.write()
    kept.write()
    assert (tmp_path / f"records-{os.getpid()}.jsonl").read_text() == (
        '{"test": "shop.tests.T.test_a", "events": [{"kind": "operation", "name": "rate"}]}\n'
    )


def test_notes_of_a_test_are_written_when_the_next_begins_and_at_the_end(tmp_path: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(KIT.parent)!r})
from kit.records import Records
kept = Records({str(tmp_path)!r})
kept.present()
for kept.test in ("a", "b"):
    kept.note("operation", name="rate")
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    [file] = tmp_path.glob("records-*.jsonl")
    assert [json.loads(line)["test"] for line in file.read_text().splitlines()] == ["a", "b"]
    assert [each.name for each in tmp_path.glob("present-*")] == [file.name.replace("records", "present").removesuffix(".jsonl")]


# --- databases --------------------------------------------------------------------------------------


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "service.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE review (id integer PRIMARY KEY AUTOINCREMENT, text)")
    return path


def add(path: Path, text: str) -> int:
    """A row written by another process's connection; its key."""
    connection = sqlite3.connect(path)
    with connection:
        key = connection.execute("INSERT INTO review (text) VALUES (?)", (text,)).lastrowid
    connection.close()
    return int(key or 0)


def texts(connection: sqlite3.Connection) -> list[str]:
    return [text for (text,) in connection.execute("SELECT text FROM review ORDER BY id")]


def test_rows_and_sequences_are_put_back_while_others_have_the_database_open(database: Path) -> None:
    snapshots, service = SqliteFile(str(database)), sqlite3.connect(database)
    add(database, "of the class")
    of_class = snapshots.keep()
    assert (add(database, "of the test"), texts(service)) == (2, ["of the class", "of the test"])
    snapshots.put_back(of_class)
    assert texts(service) == ["of the class"]
    assert add(database, "of the next") == 2, "keys begin where they began"


def test_what_nobody_changed_is_not_copied_again(database: Path) -> None:
    snapshots = SqliteFile(str(database))
    first = snapshots.keep()
    assert snapshots.keep() is first
    snapshots.put_back(first)
    assert snapshots.keep() is first
    add(database, "x")
    assert snapshots.keep() is not first


def test_levels_are_left_in_the_order_they_were_entered(database: Path) -> None:
    class Started:
        snapshots = SqliteFile(str(database))
        cache = str(database.with_suffix(".cache"))

    class Services:
        started: Any = None

    services = Services()
    isolation = Isolation(services)  # type: ignore[arg-type]
    isolation.enter()  # the class, before the service was needed
    services.started = Started
    services.started.pristine = Started.snapshots.keep()
    add(database, "of the class")
    isolation.enter()
    add(database, "of the test")
    reader = sqlite3.connect(database)
    Path(Started.cache).mkdir()
    isolation.leave()
    assert not Path(Started.cache).exists(), "what the service remembers of a test goes with it"
    assert texts(reader) == ["of the class"]
    isolation.leave()
    assert texts(reader) == []


# --- processes --------------------------------------------------------------------------------------


def test_a_service_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    code = f"""
import subprocess, sys, time
child = [sys.executable, "-c", "import os, time; open({str(tmp_path / "pid")!r}, 'w').write(str(os.getpid())); time.sleep(60)"]
subprocess.Popen([sys.executable, {str(KIT / "watch.py")!r}, *child], stdin=subprocess.PIPE)
time.sleep(60)
"""
    starter = subprocess.Popen([sys.executable, "-c", code])
    pid = waited(lambda: int((tmp_path / "pid").read_text() or 0))
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    assert waited(lambda: not alive(pid))


def waited(ask: Callable[[], Any], seconds: float = 20.0) -> Any:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            if found := ask():
                return found
        except (FileNotFoundError, ValueError):
            pass
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def alive(pid: int) -> bool:
    try:
        return b"\nState:\tZ" not in Path(f"/proc/{pid}/status").read_bytes()
    except FileNotFoundError:
        return False


def test_a_traceback_reads_the_same_in_another_process() -> None:
    def fail() -> None:
        raise KeyError("why")

    try:
        fail()
    except KeyError as raised:
        original = raised.__traceback__
    assert original is not None
    reduced, places = tracebacks._reduced(original)
    made = pickle.loads(pickle.dumps(places))
    assert lines(reduced(*made)) == lines(original)


def lines(found: Any) -> list[tuple[str, int | None, str, str | None]]:
    return [(each.filename, each.lineno, each.name, each.line) for each in traceback.extract_tb(found)]


# --- other people's Pythons -------------------------------------------------------------------------


@pytest.mark.parametrize("file", sorted(KIT.rglob("*.py")), ids=lambda file: file.name)
def test_the_kit_is_written_for_older_pythons_too(file: Path) -> None:
    ast.parse(file.read_bytes(), feature_version=(3, 9))


def test_the_kit_imports_nothing_that_a_monolith_may_not_have() -> None:
    allowed = {*sys.stdlib_module_names, "decompose_kit"}
    # Those of a framework are imported only where that is running.
    for file in (each for each in KIT.glob("*.py") if not each.name.startswith(("on_", "django_"))):
        for node in ast.walk(ast.parse(file.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert {name.partition(".")[0] for name in names} <= allowed, file
