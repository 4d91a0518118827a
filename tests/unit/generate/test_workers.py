"""Tasks keep their names: a real worker of the monolith and one of the service, on a broker between them."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from deployment_plans import LOANS_WITH_TASKS, service_plan
from running import environment, execute
from test_service import SETTINGS

from decompose.generate.deployment import HEARTBEAT_AGE, deployment


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis server of the test's own; skipped where it is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    pytest.importorskip("redis")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    process = subprocess.Popen([program, "--port", str(port), "--save", "", "--dir", str(folder)], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def worker(folder: Path, settings: str, app: str, queues: str, log: Path, **variables: str) -> Iterator[Path]:
    command = [sys.executable, "-m", "celery", f"--app={app}", "worker", "--pool=solo", "--loglevel=INFO", f"--queues={queues}", "--without-gossip", "--without-mingle"]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment(settings, **variables), stdout=output, stderr=subprocess.STDOUT)
    try:
        yield log
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def says(log: Path, text: str) -> bool:
    deadline = time.monotonic() + 60
    while text not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.2)
    return text in log.read_text()


SEND = """
import sys, {app}
from celery import current_app
current_app.send_task(sys.argv[1], sys.argv[2:])
"""


def test_each_side_runs_its_own_tasks_whoever_sends_them_by_name(library: Path, tmp_path: Path, broker: str) -> None:
    service = library / "services/loans"
    own = {"DATABASE_URL": f"sqlite:///{tmp_path}/service.sqlite3", "CELERY_BROKER_URL": broker, "TMPDIR": str(tmp_path)}
    others = {"MONOLITH_DB": str(tmp_path / "monolith.sqlite3"), "CELERY_BROKER_URL": broker}
    execute(service, SETTINGS, "manage.py", "migrate", "-v0", **own)
    execute(library, "library.settings", "manage.py", "migrate", "-v0", **others)
    with (
        worker(service, SETTINGS, "loans_service", "mail,loans", tmp_path / "service.log", **own) as here,
        worker(library, "library.settings", "library.celery", "celery", tmp_path / "monolith.log", **others) as there,
    ):
        execute(library, "library.settings", "-c", SEND.format(app="library.celery"), "library.loans.tasks.remind", **others)
        execute(service, SETTINGS, "-c", SEND.format(app="loans_service"), "library.catalog.tasks.count", "B12", **own)
        assert says(here, "Task library.loans.tasks.remind["), here.read_text()
        assert says(there, "succeeded"), there.read_text()
        assert says(here, "succeeded"), here.read_text()
        assert "'B12: 0 books'" in there.read_text()
        assert "Task library.catalog.tasks.count[" not in here.read_text()
        assert "unregistered" not in here.read_text() + there.read_text()
        assert is_healthy(tmp_path)
    os.utime(tmp_path / "worker-heartbeat", (0, time.time() - HEARTBEAT_AGE - 1))
    assert not is_healthy(tmp_path)
    (tmp_path / "worker-heartbeat").unlink()
    assert not is_healthy(tmp_path)


def is_healthy(scratch: Path) -> bool:
    """What the health check of a worker's container says, with another folder for its own."""
    process = deployment(service_plan(LOANS_WITH_TASKS)).worker
    assert process is not None and process.health[0] == "CMD-SHELL"
    return subprocess.run(["sh", "-c", process.health[1].replace("/tmp/", f"{scratch}/")], capture_output=True).returncode == 0


WAITING = """
import sys
from loans_service import celery
celery.app.conf.broker_url = "memory://"
celery.app.amqp.queues.select(["mail"])
with celery.app.connection_for_write() as connection:
    for _ in range(3):
        celery.app.send_task("library.loans.tasks.remind", queue="mail", connection=connection)
print(celery.waiting())
"""


def test_a_worker_knows_how_many_messages_wait_in_its_queues(library: Path, tmp_path: Path) -> None:
    own = {"DATABASE_URL": f"sqlite:///{tmp_path}/service.sqlite3", "CELERY_BROKER_URL": "memory://"}
    assert execute(library / "services/loans", SETTINGS, "-c", WAITING, **own).strip().endswith("3")


def test_a_dispatcher_says_what_waits_and_what_is_parked(library: Path, tmp_path: Path) -> None:
    own = {"DATABASE_URL": f"sqlite:///{tmp_path}/service.sqlite3"}
    folder = library / "services/loans"
    execute(folder, SETTINGS, "manage.py", "migrate", "-v0", **own)
    made = """
import datetime
import django
django.setup()
from django.utils import timezone
from library.boundaries.exchange.models import Event
later = timezone.now() + datetime.timedelta(hours=1)
for parked in (False, False, True):
    Event.objects.create(target="monolith", kind="x", key=str(parked), body="{}", parked=parked, due=later)
Event.objects.update(created=timezone.now() - datetime.timedelta(seconds=90))
"""
    execute(folder, SETTINGS, "-c", made, **own)
    said = json.loads(execute(folder, SETTINGS, "manage.py", "dispatch_events", "--once", "--report=60", **own).splitlines()[0])
    assert (said["measure"], said["waiting"], said["parked"]) == ("outbox", 2, 1) and 85 < said["lag"] < 200
