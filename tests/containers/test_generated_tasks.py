"""Generated images and task definitions, run: they start, prove themselves, keep their rights and drain."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import celery
import psycopg
import pytest
from engine import BASE, build, inspected, podman
from fargate import Task, status
from identity import bearer
from postgres import Server
from shop_cloud import KEY, Account, Cloud, addresses

from decompose.verification import processes

pytestmark = pytest.mark.containers

MIB = 1024 * 1024
REVIEWS = "/api/v1/reviews/"


def test_the_image_is_small_beside_its_base_and_its_dependencies(image: str) -> None:
    layers = json.loads(podman("history", "--format", "json", image).stdout)
    above = sum(layer["size"] for layer in layers) - inspected("image", BASE)["Size"]
    (dependencies,) = (layer["size"] for layer in layers if layer["CreatedBy"].rstrip().endswith("in /venv"))
    own = above - dependencies
    print(f"\nimage: {own / MIB:.1f} MiB over base and dependencies ({dependencies / MIB:.0f} MiB)")
    assert 0 < own <= 15 * MIB


def test_the_image_carries_no_compiler_and_no_installer(image: str) -> None:
    found = podman("run", "--rm", "--entrypoint", "sh", image, "-c", "command -v gcc cc; ls /venv/bin | grep -c '^pip'", check=False).stdout.split()
    assert found == ["0"]


def test_a_cold_start_is_short(cloud: Cloud) -> None:
    with cloud.task() as task:
        ready = task.until_ready("/readyz")
        healthy = task.until_healthy()
    print(f"\ncold start: ready after {ready:.1f} s, healthy after {healthy:.1f} s")
    assert ready <= 5


def test_the_process_is_nobody_and_writes_in_its_own_folder_only(service: Task) -> None:
    assert service.run("id", "-u").strip() == "10001"
    assert "Read-only file system" in service.run("touch", "/app/x", check=False)
    assert "Read-only file system" in service.run("touch", "/x", check=False)
    service.run("sh", "-c", "echo x > /tmp/x && cat /tmp/x")
    assert "CapEff:\t0000000000000000" in service.run("cat", "/proc/self/status")


def test_nobody_is_let_in_without_a_token(service: Task) -> None:
    assert status(service.url(REVIEWS)) == 401
    assert status(service.url("/healthz")) == status(service.url("/openapi.json")) == 200


def test_the_copy_job_starts_and_says_that_it_cannot_reach_its_source(cloud: Cloud) -> None:
    with cloud.task("copy-task-definition.json", "copy-task.json") as task:
        assert task.exit_code() != 0
        assert "127.0.0.1" in task.logs() and "refused" in task.logs(), task.logs()


def test_requests_under_way_are_answered_before_the_task_ends(cloud: Cloud) -> None:
    answered: list[int] = []
    with cloud.task() as task, psycopg.connect(cloud.database) as blocking:
        task.until_ready("/readyz")
        blocking.execute("LOCK TABLE reviews_review IN ACCESS EXCLUSIVE MODE")

        def ask() -> None:
            request = urllib.request.Request(task.url(REVIEWS), headers={"Authorization": bearer("", "reviews", KEY)})
            with urllib.request.urlopen(request, timeout=30) as reply:
                answered.append(reply.status)

        asking = threading.Thread(target=ask)
        asking.start()
        time.sleep(1)
        stopping = threading.Thread(target=task.stop)
        started = time.monotonic()
        stopping.start()
        time.sleep(1.5)
        assert not answered and stopping.is_alive()
        blocking.rollback()
        asking.join(20)
        stopping.join(60)
        took = time.monotonic() - started
    assert answered == [200]
    assert took < json.loads((cloud.folder / "deploy/task-definition.json").read_text())["containerDefinitions"][0]["stopTimeout"]


@pytest.fixture(scope="module")
def broker(wires: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis server that containers reach."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    port = processes.free_port()
    words = [program, "--port", str(port), "--save", "", "--protected-mode", "no", "--dir", str(tmp_path_factory.mktemp("redis"))]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as server:
        try:
            yield f"redis://{wires[1]}:{port}/0"
        finally:
            server.terminate()


def test_a_worker_runs_what_was_sent_by_its_old_name_and_ends_its_task_before_it_stops(
    shop: Path, wires: tuple[str, str], databases: Server, broker: str
) -> None:
    build(shop / "services/notifications", "decompose-tests/notifications")
    here, there = addresses(databases, wires)
    secrets = {"DATABASE_URL": there, "CELERY_BROKER_URL": broker}
    cloud = Cloud(shop / "services/notifications", Account("localhost/decompose-tests/notifications", secrets), here).migrated()
    with cloud.task("worker-task-definition.json") as worker:
        worker.until_healthy()
        sender = celery.Celery(broker=broker.replace(wires[1], "127.0.0.1"))
        with psycopg.connect(here) as blocking:
            blocking.execute("LOCK TABLE notifications_notification IN ACCESS EXCLUSIVE MODE")
            sender.send_task("shop.notifications.tasks.send_digests", queue="mail")
            until(lambda: "send_digests" in worker.logs())
            stopping = threading.Thread(target=worker.stop)
            stopping.start()
            time.sleep(2)
            assert stopping.is_alive()
            blocking.rollback()
            stopping.join(100)
        assert re.search(r"send_digests\[.*\] succeeded", worker.logs()), worker.logs()


def until(condition: Callable[[], bool], limit: float = 30) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
