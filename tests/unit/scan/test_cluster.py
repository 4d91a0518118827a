"""A real cluster on this machine: one scheduler and two workers, each a process of its own, in a folder without the target's files."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from decompose.errors import FileError, UsageError
from decompose.model.source import SourceTree
from decompose.scan.cluster import cluster
from decompose.syntax import packed, summaries

from .drawn import draw

pytest.importorskip("distributed", reason="needs the extra decompose-cli[dask]")
pytestmark = pytest.mark.dask

ROOT = Path(__file__).parents[3]
WITHOUT_DECOMPOSE = "import sys; sys.modules['decompose'] = None\n"
OF_ANOTHER_VERSION = "import decompose; decompose.__version__ = '0.0.0'\n"


class Running(NamedTuple):
    address: str
    scheduler: subprocess.Popen[bytes]


def start(folder: Path, program: str, *words: str, before: str = "") -> subprocess.Popen[bytes]:
    code = f"{before}from distributed.cli.{program} import main; main()"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
    file = folder / "scheduler.json"
    return subprocess.Popen(
        [sys.executable, "-c", code, "--scheduler-file", str(file), *words],
        cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def started(folder: Path, workers: int, before: str = "") -> Iterator[Running]:
    from distributed import Client

    processes = [start(folder, "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")]
    try:
        processes += [
            start(folder, "dask_worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", before=before) for _ in range(workers)
        ]
        with Client(scheduler_file=str(folder / "scheduler.json"), timeout=60, set_as_default=False) as client:
            if workers:
                client.wait_for_workers(workers, timeout=60)
            address = client.scheduler.address
        yield Running(address, processes[0])
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    yield from started(tmp_path_factory.mktemp("cluster"), 2)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "sample_monolith", tmp_path / "sample_monolith"))


def analyze(base: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "decompose", "analyze", str(base), "--no-cache", "-f", "json", *words], capture_output=True, cwd=ROOT)


def test_an_analysis_on_a_cluster_is_the_same_to_the_byte(running: Running, sample: Path) -> None:
    here = analyze(sample)
    there = analyze(sample, "--scheduler", running.address)
    assert there.returncode == 0, there.stderr
    assert there.stdout == here.stdout and len(here.stdout) > 10_000


def test_the_command_in_the_readme_works(running: Running, sample: Path) -> None:
    (command,) = re.findall(r"^\$ (decompose .*--scheduler tcp://127.0.0.1:8786.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    words = shlex.split(command.replace("tcp://127.0.0.1:8786", running.address))[1:]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
    done = subprocess.run([sys.executable, "-m", "decompose", *words], cwd=sample, capture_output=True, env=environment)
    assert done.returncode == 0 and done.stdout.startswith(b"Analyzed sample_monolith"), done.stderr


def test_two_workers_share_the_files_and_need_none_of_them(running: Running, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from decompose.scan import read
    from decompose.scan.tree import discover

    monkeypatch.setattr(read, "BATCH", 2_000)
    tree = discover(sample)
    gone = SourceTree("/nowhere", tree.roots, tree.python, tree.other)
    with cluster(running.address) as executor:
        ran_on = {executor.submit(os.getpid).result() for _ in range(20)}
        made = summaries(tree, executor=executor)
        unread = summaries(gone, executor=executor)
    assert [packed(each) for each in made] == [packed(each) for each in summaries(tree, jobs=1)]
    assert all(each.failure for each in unread) and len(ran_on) >= 1 and os.getpid() not in ran_on


def test_what_cannot_be_parsed_is_named_by_a_worker_as_here(running: Running, tmp_path: Path) -> None:
    draw(tmp_path, {"a.py": "x = 1\n", "bad.py": "def f(:\n", "deep.py": "x = " + "-" * 100_000 + "1\n", "new.py": "def f[T](): ...\n"})
    assert analyze(tmp_path, "--scheduler", running.address).stdout == analyze(tmp_path).stdout


def test_nobody_at_the_address_is_said_soon(sample: Path) -> None:
    began = time.monotonic()
    answer = analyze(sample, "--scheduler", "tcp://127.0.0.1:9")
    assert answer.returncode == 3 and b"no scheduler answers at tcp://127.0.0.1:9" in answer.stderr and time.monotonic() - began < 20


@pytest.mark.parametrize("address", ["nonsense://x:1", "tcp://127.0.0.1:port", "tcp://127.0.0.1:99999", "host", ""])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="no address"), cluster(address):
        pass


def test_a_cluster_without_workers_is_refused(tmp_path: Path) -> None:
    for running in started(tmp_path, 0):
        with pytest.raises(FileError, match="no workers"), cluster(running.address):
            pass


@pytest.mark.parametrize(("before", "says"), [(WITHOUT_DECOMPOSE, "cannot import decompose"), (OF_ANOTHER_VERSION, "0.0.0")])
def test_workers_that_could_not_do_the_same_are_refused(tmp_path: Path, before: str, says: str) -> None:
    for running in started(tmp_path, 1, before):
        with pytest.raises(UsageError, match=says), cluster(running.address):
            pass


def test_a_scheduler_that_dies_on_the_way_is_said_soon(tmp_path: Path) -> None:
    for running in started(tmp_path, 1):
        began = time.monotonic()
        with pytest.raises(FileError, match="lost"), cluster(running.address) as executor:
            waiting = executor.submit(time.sleep, 60)
            time.sleep(0.5)
            running.scheduler.send_signal(signal.SIGKILL)
            waiting.result()
        assert time.monotonic() - began < 30
