from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from decompose.model.source import SkippedFile
from decompose.scan import read
from decompose.scan.cache import Cache
from decompose.scan.read import Compiler, Unread, compile_all, contents
from decompose.scan.tree import discover

from .drawn import draw

calls: list[str] = []


def make(path: str, module: str, is_package: bool, source: bytes) -> str:
    calls.append(path)
    if b"die" in source:
        os._exit(9)
    if b"bug" in source:
        raise ZeroDivisionError
    if b"spin" in source:
        while True:
            pass
    if b"hoard" in source:
        held = bytearray(1 << 29)
        return f"{module}:{len(held)}"
    if b"sleep" in source and module != "m0":
        time.sleep(30)
    return f"{module}:{len(source)}"


def crashed(path: str, module: str, is_package: bool, source: bytes) -> str:
    return f"{module} crashed"


COMPILER = Compiler(make, str.encode, bytes.decode, crashed, "1")


@pytest.fixture(autouse=True)
def _no_calls() -> Iterator[None]:
    calls.clear()
    yield


@pytest.fixture
def many_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "WORTH_WORKERS", 0)
    monkeypatch.setattr(read, "BATCH", 1)


def results(base: Path, **options: object) -> list[str | SkippedFile]:
    return [result for _, result in compile_all(discover(base), COMPILER, **options)]  # type: ignore[arg-type]


def test_every_file_has_one_result_in_the_order_of_the_tree(tmp_path: Path) -> None:
    draw(tmp_path, {"b.py": "xx", "a.py": "x"})
    assert results(tmp_path) == ["a:1", "b:2"]


def test_workers_give_the_same_results(tmp_path: Path, many_workers: None) -> None:
    draw(tmp_path, {f"m{number}.py": "x" * number for number in range(20)})
    assert results(tmp_path, jobs=3) == results(tmp_path, jobs=1)


def test_workers_are_started_afresh_when_other_threads_are_about(tmp_path: Path, many_workers: None) -> None:
    draw(tmp_path, {"a.py": "x", "b.py": "xx"})
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    try:
        assert results(tmp_path, jobs=2) == ["a:1", "b:2"]
    finally:
        stop.set()
        other.join()


def test_any_executor_will_do(tmp_path: Path) -> None:
    draw(tmp_path, {"a.py": "x", "b.py": "xx"})
    with ThreadPoolExecutor(2) as executor:
        assert results(tmp_path, executor=executor) == ["a:1", "b:2"]


def test_a_file_that_ends_its_worker_is_found_and_the_others_kept(tmp_path: Path, many_workers: None) -> None:
    draw(tmp_path, {"a.py": "x", "bad.py": "die", "c.py": "xxx"})
    assert results(tmp_path, jobs=2) == ["a:1", "bad crashed", "c:3"]


def test_a_file_that_would_be_read_forever_is_found_and_the_others_kept(
    tmp_path: Path, many_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "WORKER_SECONDS", 0)
    draw(tmp_path, {"a.py": "x", "bad.py": "spin", "c.py": "xxx"})
    assert results(tmp_path, jobs=2) == ["a:1", "bad crashed", "c:3"]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not say how much memory is in use")
def test_a_file_that_takes_too_much_memory_costs_only_itself(
    tmp_path: Path, many_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "WORKER_MEMORY", 1 << 28)
    draw(tmp_path, {"a.py": "x", "bad.py": "hoard", "c.py": "xxx"})
    assert results(tmp_path, jobs=2) == ["a:1", "bad crashed", "c:3"]


def test_a_lost_worker_of_an_executor_costs_only_the_file_that_ended_it(tmp_path: Path) -> None:
    draw(tmp_path, {"a.py": "x", "bad.py": "die", "c.py": "xxx"})
    assert results(tmp_path, executor=_Losing()) == ["a:1", "bad crashed", "c:3"]


class _Losing(Executor):
    """Runs everything here and says of what would end the process that its worker was lost."""

    def submit(self, function: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        done: Future[Any] = Future()
        if any(b"die" in job.source for job in arguments[-1]):
            done.set_exception(read.WorkerLost())
        else:
            done.set_result(function(*arguments))
        return done


def test_a_bug_of_the_compiler_is_raised_here(tmp_path: Path, many_workers: None) -> None:
    draw(tmp_path, {"a.py": "x", "b.py": "bug"})
    with pytest.raises(ZeroDivisionError):
        results(tmp_path, jobs=2)


def test_a_file_that_is_gone_has_a_reason(tmp_path: Path) -> None:
    tree = discover(draw(tmp_path, {"a.py": "x", "b.py": "xx"}))
    (tmp_path / "a.py").unlink()
    found = [result for _, result in compile_all(tree, COMPILER)]
    assert found == [SkippedFile("a.py", 1, "cannot be read: No such file or directory"), "b:2"]


def test_progress_counts_up_to_all_files(tmp_path: Path) -> None:
    draw(tmp_path, {"a.py": "x", "b.py": "xx"})
    seen: list[tuple[int, int]] = []
    results(tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 2), (1, 2), (2, 2)]


@pytest.fixture
def cached(tmp_path: Path) -> Path:
    draw(tmp_path, {"a.py": "x", "b.py": "xx"})
    results(tmp_path, cache=Cache(tmp_path / "c" / "facts.sqlite"))
    calls.clear()
    return tmp_path


def again(base: Path) -> list[str | SkippedFile]:
    return results(base, cache=Cache(base / "c" / "facts.sqlite"))


def test_nothing_is_made_again_when_nothing_changed(cached: Path) -> None:
    assert again(cached) == ["a:1", "b:2"]
    assert calls == []


def test_only_a_changed_file_is_made_again(cached: Path) -> None:
    (cached / "b.py").write_text("xxxxx")
    assert again(cached) == ["a:1", "b:5"]
    assert calls == ["b.py"]


def test_a_fresh_checkout_is_known_by_its_contents(cached: Path) -> None:
    os.utime(cached / "a.py", ns=(1, 1))
    assert again(cached) == ["a:1", "b:2"]
    assert calls == []


def test_a_file_that_moved_is_made_again_because_its_name_counts(cached: Path) -> None:
    (cached / "b.py").rename(cached / "c.py")
    assert again(cached) == ["a:1", "c:2"]


def test_a_stored_result_that_cannot_be_unpacked_is_made_again(cached: Path) -> None:
    unreadable = COMPILER._replace(unpack=lambda data: None)
    compile_all(discover(cached), unreadable, cache=Cache(cached / "c" / "facts.sqlite"))
    assert calls == ["a.py", "b.py"]


def test_a_pipe_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.py")
    with pytest.raises(Unread, match="not a regular file"):
        contents(str(tmp_path), "a.py")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    draw(tmp_path, {"secret": "x"})
    (tmp_path / "a.py").symlink_to("secret")
    with pytest.raises(Unread, match="link"):
        contents(str(tmp_path), "a.py")


def test_an_interrupt_ends_the_workers_at_once(tmp_path: Path, many_workers: None) -> None:
    draw(tmp_path, {f"m{number}.py": "sleep" for number in range(8)})
    started = time.monotonic()

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compile_all(
            discover(tmp_path), COMPILER, jobs=2, progress=lambda done, total: interrupt(done, total) if done else None
        )
    while multiprocessing.active_children() and time.monotonic() - started < 10:
        time.sleep(0.01)
    assert multiprocessing.active_children() == []
