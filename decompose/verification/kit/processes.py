"""One service process on one database for each process of the suite, started when the first call or row goes to it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from .snapshots import Snapshots, SqliteFile
from .spec import Spec

PATIENCE = 60.0
"""Seconds that a service may take to answer its first health check; other processes of the suite start theirs meanwhile."""

TRIES = 3
"""A port that was free a moment ago may be taken by now."""


class Running:
    """A service that answers at ``url`` and keeps its rows in ``database``."""

    def __init__(self, spec: Spec, more: Mapping[str, str]) -> None:
        folder = Path(spec.folder)
        self.database = str(folder / f"service-{os.getpid()}.sqlite3")
        self.log = folder / f"service-{os.getpid()}.log"
        self.cache = f"{self.database}.cache"
        self._read = 0
        shutil.copyfile(spec.template, self.database)
        self.snapshots: Snapshots = SqliteFile(self.database)
        self.pristine: object = self.snapshots.keep()
        for attempt in range(1, TRIES + 1):
            self.url = f"http://127.0.0.1:{_free_port()}"
            self._process = self._started(spec, more)
            if self._answers():
                return
            self._process.kill()
            if attempt == TRIES:
                raise RuntimeError(f"the service did not start:\n{self.log.read_text(errors='replace')[-4000:]}")

    def said(self) -> str:
        """What the service logged since this was asked the last time."""
        with self.log.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        self._read += len(text)
        return text.decode(errors="replace")

    def _started(self, spec: Spec, more: Mapping[str, str]) -> subprocess.Popen[bytes]:
        port = self.url.rpartition(":")[2]
        command = [word.replace("{port}", port) for word in spec.command]
        variables = {**spec.variables, **more, "DATABASE_URL": f"sqlite:///{self.database}", "SUITE_CACHE": self.cache}
        watch = Path(__file__).with_name("watch.py")
        with self.log.open("ab") as output:
            return subprocess.Popen(
                [spec.python, str(watch), *command], cwd=spec.service, env=variables, stdin=subprocess.PIPE, stdout=output, stderr=output
            )

    def _answers(self) -> bool:
        ends = _clock() + PATIENCE
        while _clock() < ends and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=1) as reply:
                    return bool(reply.status == 200)
            except (urllib.error.URLError, OSError):
                _pause(0.05)
        return False


# Tests may freeze or replace the clock of this process; waiting for another one needs the real one.
_clock = time.monotonic
_pause = time.sleep


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Services:
    """The services of this process and of those that were forked from it; each process sees its own."""

    def __init__(self, spec: Spec, prepare: Callable[[], None], answer: Callable[[], Mapping[str, str]] = dict) -> None:
        """``prepare`` makes the database of a new service ready for the tests.

        ``answer`` starts to answer what the service asks of the monolith, and gives the variables that tell it where.
        """
        self._spec, self._prepare, self._answer = spec, prepare, answer
        self._running: dict[int, Running] = {}
        self._lock = threading.RLock()
        os.register_at_fork(after_in_child=self._in_child)

    def _in_child(self) -> None:
        self._lock = threading.RLock()
        # The parent's stays the parent's: what is forgotten here keeps running for it.
        self._running = {}

    @property
    def started(self) -> Running | None:
        return self._running.get(os.getpid())

    def running(self) -> Running:
        """This process's service, started if need be."""
        with self._lock:
            found = self.started
            if found is None:
                found = self._running[os.getpid()] = Running(self._spec, self._answer())
                os.environ[f"{self._spec.context}_url".upper()] = found.url
                self._prepare()
                found.pristine = found.snapshots.keep()
            return found


class Isolation:
    """Mirrors what a test runner does with transactions: levels are entered and left, and leaving one puts the rows back."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._levels: list[object] = []

    def enter(self) -> None:
        running = self._services.started
        # A service that starts later starts with a database in which nothing has happened.
        self._levels.append(None if running is None else running.snapshots.keep())

    def leave(self) -> None:
        kept = self._levels.pop()
        self._put_back(kept)

    def clear(self) -> None:
        """What a runner does that empties tables instead."""
        self._put_back(None)

    def _put_back(self, kept: object) -> None:
        running = self._services.started
        if running is not None:
            running.snapshots.put_back(running.pristine if kept is None else kept)
            shutil.rmtree(running.cache, ignore_errors=True)
