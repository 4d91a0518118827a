"""Runs a task definition of Amazon ECS as Fargate would, one pod per task, from the JSON that goes to AWS.

What is taken from the file: containers and their order, commands, environment, secrets, user, read-only root, capabilities, init
process, volumes, CPU and memory, health check, stop time-out. What podman would do more kindly than Fargate is switched off:
a read-only root has no writable ``/tmp`` of its own, and a volume belongs to root unless the image declares it as a volume.
"""

from __future__ import annotations

import contextlib
import json
import string
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from engine import inspected, podman

Value = dict[str, Any]


class Unhealthy(AssertionError):
    """A task that did not get where it should in time."""


class Task:
    """A running task. Times are in seconds."""

    def __init__(self, definition: Value, pod: str) -> None:
        self.definition, self.pod = definition, pod
        self.containers: dict[str, Value] = {each["name"]: each for each in definition["containerDefinitions"]}
        self.started = time.monotonic()

    def container(self, name: str = "") -> str:
        """Podman's name of a container, of the only one by default."""
        return f"{self.pod}-{name or next(iter(self.containers))}"

    @property
    def address(self) -> str:
        infra = inspected("pod", self.pod)["InfraContainerID"]
        networks = inspected("container", infra)["NetworkSettings"]["Networks"]
        (found,) = (each["IPAddress"] for each in networks.values())
        return str(found)

    def url(self, path: str) -> str:
        port = next(mapping["containerPort"] for each in self.containers.values() for mapping in each.get("portMappings", ()))
        return f"http://{self.address}:{port}{path}"

    def run(self, *words: str, check: bool = True) -> str:
        """Runs a command in the first container."""
        done = podman("exec", self.container(), *words, check=check)
        return done.stdout + done.stderr

    def logs(self) -> str:
        shown = [podman("logs", self.container(name), check=False) for name in self.containers]
        return "\n".join(each.stdout + each.stderr for each in shown)

    def exit_code(self, timeout: float = 120) -> int:
        """Waits for the first container to end."""
        return int(podman("wait", self.container(), timeout=timeout).stdout)

    def is_healthy(self, name: str) -> bool:
        """Whether the health check of the definition passes now. Podman's own wants systemd to run it."""
        check = self.containers[name]["healthCheck"]
        form, *words = check["command"]
        command = words if form == "CMD" else ["sh", "-c", *words]
        try:
            return podman("exec", self.container(name), *command, check=False, timeout=check["timeout"]).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def until_healthy(self) -> float:
        """Seconds from the start until the containers' own health checks pass: ECS's own time for that is the limit."""
        for name, container in self.containers.items():
            check = container["healthCheck"]
            limit = check["startPeriod"] + check["interval"] * check["retries"]
            while not self.is_healthy(name):
                if inspected("container", self.container(name))["State"]["Status"] == "exited":
                    raise Unhealthy(f"{name} has ended\n{self.logs()[-4000:]}")
                if time.monotonic() - self.started > limit:
                    raise Unhealthy(f"{name} is not healthy after {limit} s\n{self.logs()[-4000:]}")
                time.sleep(0.1)
        return time.monotonic() - self.started

    def until_ready(self, path: str, limit: float = 60) -> float:
        """Seconds from the start until the load balancer's health check is answered with 200."""
        while status(self.url(path)) != 200:
            if time.monotonic() - self.started > limit:
                raise Unhealthy(f"{path} is not answered with 200 after {limit} s\n{self.logs()[-4000:]}")
            time.sleep(0.05)
        return time.monotonic() - self.started

    def stop(self) -> None:
        """SIGTERM, and SIGKILL after the stop time-out of each container, as ECS does it."""
        for name, container in reversed(self.containers.items()):
            podman("stop", "--time", str(container.get("stopTimeout", 30)), self.container(name), timeout=150)

    def signal(self, action: str) -> None:
        """``kill``, ``pause``, ``unpause`` or ``start`` of the first container."""
        podman(action, self.container())


def filled(value: Any, values: Mapping[str, str]) -> Any:
    """A generated input with the placeholders that an account fills in; others than those of ``values`` raise :class:`KeyError`."""
    if isinstance(value, dict):
        return {key: filled(each, values) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, values) for each in value]
    return _Placeholders(value).substitute(values) if isinstance(value, str) and "${" in value else value


class _Placeholders(string.Template):
    # Only ``${NAME}``, and no second way of writing a dollar sign: commands keep their own.
    pattern = r"\$(?:(?P<escaped>(?!))|(?P<named>(?!))|\{(?P<braced>[A-Z][A-Z0-9_]*)\}|(?P<invalid>(?!)))"  # type: ignore[assignment]


@contextlib.contextmanager
def running(definition: Value, secrets: Mapping[str, str], network: str, overrides: Value | None = None) -> Iterator[Task]:
    """A task on the network. ``secrets`` are the values by ARN, ``overrides`` those of a ``run-task`` input."""
    pod = f"task-{uuid4().hex[:10]}"
    assert definition["networkMode"] == "awsvpc"
    podman("pod", "create", "--name", pod, "--network", network)
    task = Task(definition, pod)
    try:
        for name in _in_order(definition["containerDefinitions"]):
            container = {**task.containers[name], **_override(overrides, name)}
            _await(task, container)
            podman("create", "--pod", pod, "--name", task.container(name), *_options(container, definition, secrets, pod))
            podman("start", task.container(name))
        yield task
    finally:
        podman("pod", "rm", "--force", "--time", "0", pod, check=False)
        for volume in definition.get("volumes", ()):
            podman("volume", "rm", "--force", f"{pod}-{volume['name']}", check=False)


def _override(overrides: Value | None, name: str) -> Value:
    given = (overrides or {}).get("containerOverrides", ())
    return next(({key: value for key, value in each.items() if key != "name"} for each in given if each["name"] == name), {})


def _in_order(containers: Sequence[Value]) -> list[str]:
    """Names such that each follows those that it depends on."""
    waiting = {each["name"]: {other["containerName"] for other in each.get("dependsOn", ())} for each in containers}
    order: list[str] = []
    while waiting:
        name = next(name for name, needed in waiting.items() if needed <= {*order})
        order.append(name)
        del waiting[name]
    return order


def _await(task: Task, container: Value) -> None:
    for needed in container.get("dependsOn", ()):
        name, condition = needed["containerName"], needed["condition"]
        if condition in ("COMPLETE", "SUCCESS"):
            code = int(podman("wait", task.container(name), timeout=300).stdout)
            if condition == "SUCCESS" and code:
                raise Unhealthy(f"{name} ended with {code}\n{task.logs()[-4000:]}")
        elif condition == "HEALTHY":
            while not task.is_healthy(name):
                time.sleep(0.2)


def _options(container: Value, definition: Value, secrets: Mapping[str, str], pod: str) -> list[str]:
    image = container["image"]
    words = [
        "--user", container["user"],
        "--cpus", str(int(definition["cpu"]) / 1024),
        "--memory", f"{definition['memory']}m",
        "--stop-timeout", str(container.get("stopTimeout", 30)),
        "--restart", "no",
    ]  # fmt: skip
    linux = container.get("linuxParameters", {})
    words += [f"--cap-drop={each}" for each in linux.get("capabilities", {}).get("drop", ())]
    words += ["--init"] * bool(linux.get("initProcessEnabled"))
    words += ["--read-only", "--read-only-tmpfs=false"] if container.get("readonlyRootFilesystem") else []
    for each in container.get("environment", ()):
        words += ["--env", f"{each['name']}={each['value']}"]
    for each in container.get("secrets", ()):
        words += ["--env", f"{each['name']}={secrets[each['valueFrom']]}"]
    for each in container.get("mountPoints", ()):
        words += ["--volume", _volume(f"{pod}-{each['sourceVolume']}", each, image)]
    if container.get("entryPoint"):
        words += ["--entrypoint", json.dumps(container["entryPoint"])]
    return [*words, image, *container.get("command", ())]


def _volume(name: str, mount: Value, image: str) -> str:
    declared = inspected("image", image)["Config"].get("Volumes") or {}
    rights = [] if mount["containerPath"] in declared else ["nocopy"]
    mode = ["ro"] if mount.get("readOnly") else []
    return ":".join([name, mount["containerPath"], *filter(None, [",".join([*rights, *mode])])])


def status(url: str, timeout: float = 3) -> int:
    """The status of a request, 0 when there is no answer."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
