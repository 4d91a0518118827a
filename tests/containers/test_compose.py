"""The generated compose files, started: a web service and a worker, each with its database, as on a laptop."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from engine import PYTHON, podman
from fargate import status
from identity import bearer
from images import provide

from decompose.verification import processes

pytestmark = pytest.mark.compose


class Project:
    """A folder with a compose file.

    Podman before 4.6 does not wait for health: :meth:`up` asks each service's own check before it starts the next. Before 4.7 it does not know
    ``host-gateway``: a copy of the file names this machine's address instead.
    """

    def __init__(self, folder: Path, port: int, host: str) -> None:
        self.folder = folder
        text = (folder / "compose.yaml").read_text()
        self.file = yaml.safe_load(text)
        (folder / "compose.here.yaml").write_text(text.replace("host-gateway", host))
        self.environment = {**os.environ, "PORT": str(port)}

    def compose(self, *words: str, timeout: float = 900, check: bool = True) -> str:
        build = " ".join(["--network", "host", "--format", "docker", "--build-arg", f"PYTHON_VERSION={PYTHON}", os.environ.get("BUILD_OPTIONS", "")])
        command = [sys.executable, "-m", "podman_compose", "--file", "compose.here.yaml", f"--podman-build-args={build.strip()}", *words]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=timeout, env=self.environment)
        assert not check or done.returncode == 0, f"compose {shlex.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def up(self) -> None:
        self.compose("build")
        started: list[str] = []
        while len(started) < len(self.file["services"]):
            due = [
                name
                for name, service in self.file["services"].items()
                if name not in started and {*service.get("depends_on", {})} <= {*started}
            ]
            assert due, f"nothing can start after {started}"
            for name in due:
                self.compose("up", "--detach", "--no-deps", "--no-build", name)
                self.until(name, self.wanted(name))
            started += due

    def wanted(self, name: str) -> str:
        """What others wait for before they start, the strictest of it."""
        wanted = {each["depends_on"][name]["condition"] for each in self.file["services"].values() if name in each.get("depends_on", {})}
        return next((condition for condition in ("service_completed_successfully", "service_healthy") if condition in wanted), "service_healthy")

    def until(self, name: str, condition: str, limit: float = 90) -> None:
        deadline = time.monotonic() + limit
        while not self.fulfils(name, condition):
            assert time.monotonic() < deadline, f"{name}: {self.logs(name)}"
            time.sleep(0.5)

    def fulfils(self, name: str, condition: str) -> bool:
        state = self.state(name)
        if condition == "service_completed_successfully":
            assert state["Status"] != "exited" or state["ExitCode"] == 0, f"{name}: {self.logs(name)}"
            return state["Status"] == "exited"
        assert state["Status"] in ("created", "running"), f"{name}: {self.logs(name)}"
        check = self.file["services"][name].get("healthcheck", {})
        return "test" not in check or podman("healthcheck", "run", self.container(name), check=False).returncode == 0

    def container(self, name: str) -> str:
        found = podman("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self.file['name']}", "--filter", f"label=com.docker.compose.service={name}")
        (one,) = found.stdout.split()
        return one

    def state(self, name: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(podman("inspect", self.container(name)).stdout)
        state: dict[str, Any] = found[0]["State"]
        return state

    def logs(self, name: str) -> str:
        done = podman("logs", self.container(name))
        return done.stdout + done.stderr

    def run(self, name: str, *command: str, check: bool = True) -> str:
        done = podman("exec", self.container(name), *command, check=check)
        return done.stdout + done.stderr

    def key(self, name: str) -> str:
        return str(self.file["services"][name]["environment"]["BOUNDARY_TOKEN_KEY"])


def started(folder: Path, host: str, scratch: Path) -> Iterator[Project]:
    project = Project(folder, processes.free_port(), host)
    for image in sorted({service["image"] for service in project.file["services"].values() if "build" not in service}):
        full = image if "/" in image else f"docker.io/library/{image}"
        print(f"\n{image}: {provide(full, scratch)}")
    project.compose("down", "--volumes", check=False)
    try:
        project.up()
        yield project
    finally:
        project.compose("down", "--volumes")


@pytest.fixture(scope="module")
def reviews(shop: Path, wires: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    yield from started(shop / "services/reviews", wires[1], tmp_path_factory.mktemp("reviews"))


@pytest.fixture(scope="module")
def notifications(shop: Path, wires: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    yield from started(shop / "services/notifications", wires[1], tmp_path_factory.mktemp("notifications"))


def test_the_service_answers_on_this_machine_alone_and_lets_nobody_in_without_a_token(reviews: Project) -> None:
    address = f"http://127.0.0.1:{reviews.environment['PORT']}"
    assert status(f"{address}/readyz") == status(f"{address}/healthz") == 200
    assert status(f"{address}/api/v1/reviews/") == 401
    request = urllib.request.Request(f"{address}/api/v1/reviews/", headers={"Authorization": bearer("", "reviews", reviews.key("reviews"))})
    with urllib.request.urlopen(request, timeout=30) as reply:
        assert reply.status == 200
    ports = json.loads(podman("inspect", reviews.container("reviews")).stdout)[0]["HostConfig"]["PortBindings"]
    assert {binding["HostIp"] for bindings in ports.values() for binding in bindings} == {"127.0.0.1"}


def test_it_runs_as_on_ecs(reviews: Project) -> None:
    assert reviews.run("reviews", "id", "-u").strip() == "10001"
    assert "Read-only file system" in reviews.run("reviews", "touch", "/app/x", check=False)
    assert "CapEff:\t0000000000000000" in reviews.run("reviews", "cat", "/proc/self/status")


def test_what_is_stored_outlives_the_containers(reviews: Project) -> None:
    ask = ["psql", "--username", "reviews", "--dbname", "reviews", "--no-align", "--tuples-only", "--command"]
    assert reviews.run("database", *ask, "CREATE TABLE kept AS SELECT 42 AS answer") == "SELECT 1\n"
    reviews.compose("down")
    reviews.up()
    assert reviews.run("database", *ask, "SELECT answer FROM kept") == "42\n"
    assert reviews.run("database", *ask, "SELECT count(*) FROM reviews_review") == "0\n"


def test_a_worker_runs_what_is_sent_to_its_broker(notifications: Project) -> None:
    send = "from celery import current_app; import os; current_app.conf.broker_url = os.environ['CELERY_BROKER_URL']; current_app.send_task('shop.notifications.tasks.send_digests', queue='mail')"
    notifications.run("worker", "python", "-c", send)
    deadline = time.monotonic() + 30
    while not re.search(r"send_digests\[.*\] succeeded", notifications.logs("worker")):
        assert time.monotonic() < deadline, notifications.logs("worker")
        time.sleep(0.5)
