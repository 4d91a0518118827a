"""Tasks: what runs in them, confined to what it needs, with the environment that its code reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from decompose.generate.crosscheck.files import Files, Tree, references
from decompose.generate.sizing import FARGATE_SIZES
from decompose.model.deployment import Deployment

TASK, WORKER_TASK = "task-definition.json", "worker-task-definition.json"


def sizes_exist(deployment: Deployment, files: Files) -> Iterator[str]:
    for place, task in files.tasks():
        cpu, memory = task.get("cpu"), task.get("memory")
        fargate = "FARGATE" in task.get("requiresCompatibilities", ())
        if fargate and isinstance(cpu, str) and isinstance(memory, str) and int(memory) not in FARGATE_SIZES.get(int(cpu), ()):
            yield f"{place}: Fargate has no task with {cpu} CPU units and {memory} MiB"


def fargate_takes_it(deployment: Deployment, files: Files) -> Iterator[str]:
    for place, task in files.tasks():
        if task.get("networkMode") != "awsvpc":
            yield f"{place}: Fargate runs tasks with networkMode awsvpc only"
        if not any(container.get("essential") is True for container in task["containerDefinitions"]):
            yield f"{place}: no container is essential, so the task runs on when all have failed"
        platform = task.get("runtimePlatform", {}).get("cpuArchitecture")
        if platform and platform != deployment.architecture:
            yield f"{place}: runs on {platform}, the image is for {deployment.architecture}"


def containers_are_confined(deployment: Deployment, files: Files) -> Iterator[str]:
    for place, _, container in files.containers():
        user = str(container.get("user", "root")).partition(":")[0]
        if not user.isdigit() or int(user) < 10_000:
            yield f"{place}: {container['name']} runs as {user}"
        # The agent of ECS Exec writes into it: see `services.exec_has_what_it_needs`.
        if container.get("readonlyRootFilesystem") is not True and not deployment.target.exec:
            yield f"{place}: {container['name']} can write its root file system"
        if "ALL" not in container.get("linuxParameters", {}).get("capabilities", {}).get("drop", ()):
            yield f"{place}: {container['name']} keeps capabilities"


def logs_go_somewhere(deployment: Deployment, files: Files) -> Iterator[str]:
    groups = {name for name, _ in files.resources("AWS::Logs::LogGroup")}
    for place, _, container in files.containers():
        logs = container.get("logConfiguration")
        if not logs:
            yield f"{place}: {container['name']} logs nowhere"
            continue
        group = logs.get("options", {}).get("awslogs-group")
        if place.startswith("template") and not references(group) & groups:
            yield f"{place}: {container['name']} logs to a group that the template does not make"
        if place.startswith("template") and logs.get("options", {}).get("awslogs-create-group"):
            yield f"{place}: {container['name']} makes its log group itself, with no retention and without the right to"


def volumes_are_there_and_writable(deployment: Deployment, files: Files) -> Iterator[str]:
    declared = {path for word, rest in files.dockerfile if word == "VOLUME" for path in json.loads(rest)}
    for place, task, container in files.containers():
        volumes = {volume["name"] for volume in task.get("volumes", ())}
        # An access point says whose files these are.
        shared = {volume["name"] for volume in task.get("volumes", ()) if volume.keys() & {"efsVolumeConfiguration", "eFSVolumeConfiguration"}}
        for mount in container.get("mountPoints", ()):
            if mount["sourceVolume"] not in volumes:
                yield f"{place}: volume {mount['sourceVolume']} is mounted but not declared"
            if mount["containerPath"] not in declared and not mount.get("readOnly") and mount["sourceVolume"] not in shared:
                yield f"{place}: {mount['containerPath']} belongs to root on Fargate unless the Dockerfile has it as VOLUME"


def stopping_takes_less_than_allowed(deployment: Deployment, files: Files) -> Iterator[str]:
    for place, _, container in files.containers():
        timeout = container.get("stopTimeout", 30)
        if timeout > 120:
            yield f"{place}: stopTimeout {timeout} is above the 120 seconds of Fargate"
        words = " ".join(map(str, container.get("command", ())))
        drain = re.search(r"(?:graceful-timeout|timeout-graceful-shutdown)[= ](\d+)", words)
        if drain and timeout <= int(drain[1]):
            yield f"{place}: {container['name']} is killed after {timeout} s but drains for {drain[1]} s"


def secrets_stay_secret(deployment: Deployment, files: Files) -> Iterator[str]:
    names = {secret.name for secret in deployment.secrets}
    for place, _, container in files.containers():
        for entry in container.get("environment", ()):
            if isinstance(entry, dict) and entry.get("name") in names:
                yield f"{place}: the secret {entry['name']} stands in environment"
        for entry in container.get("secrets", ()):
            if isinstance(entry.get("valueFrom"), str) and not re.match(r"\$\{\w+\}|arn:", entry["valueFrom"]):
                yield f"{place}: {entry['name']} comes from {entry['valueFrom']!r}, which is no secret's name but perhaps its value"


def variables_are_declared_and_read(deployment: Deployment, files: Files) -> Iterator[str]:
    place = TASK if deployment.serves else WORKER_TASK
    if not files.modules or place not in files.json:
        return
    declared = {secret.name for secret in deployment.secrets}
    for secret in sorted(declared - files.reads.names):
        yield f"{place}: the secret {secret} is declared but nothing reads it"
    container = files.json[place]["containerDefinitions"][0]
    for name in sorted(files.reads.required - _given(container)):
        yield f"{place}: {name} is required by the service's code but not declared"


def the_port_is_one(deployment: Deployment, files: Files) -> Iterator[str]:
    for place, _, container in files.containers():
        ports = {str(mapping["containerPort"]) for mapping in container.get("portMappings", ())}
        for entry in container.get("environment", ()):
            if ports and isinstance(entry, dict) and entry.get("name") == "PORT" and str(entry.get("value")) not in ports:
                yield f"{place}: {container['name']} is told to listen on {entry.get('value')}, its port mapping says {', '.join(sorted(ports))}"


def commands_start_what_exists(deployment: Deployment, files: Files) -> Iterator[str]:
    """What a server, Celery or ``python -m`` is pointed at is among the service's modules."""
    if not files.modules:
        return
    for place, _, container in files.containers():
        words = " ".join(map(str, container.get("command", ())))
        for module in re.findall(rf"(?:-m |\b)({re.escape(deployment.package)}(?:\.\w+)+)", words):
            if module not in files.modules:
                yield f"{place}: {container['name']} starts {module}, which is not in the image"


def inputs_and_template_agree(deployment: Deployment, files: Files) -> Iterator[str]:
    """A task definition in JSON and that of the same family in the template run the same."""
    written = {_family(task): (place, task) for place, task in files.tasks() if place.startswith("template")}
    for name, task in files.json.items():
        other = written.get(_family(task)) if "containerDefinitions" in task else None
        if other is None:
            continue
        mine, theirs = task["containerDefinitions"][0], other[1]["containerDefinitions"][0]
        for key in ("name", "command", "user", "stopTimeout", "portMappings", "mountPoints", "healthCheck"):
            if mine.get(key) != theirs.get(key):
                yield f"{name}: {key} differs from {other[0]}"
        if missing := sorted(_given(mine) ^ _given(theirs)):
            yield f"{name}: {', '.join(missing)} stands here or in {other[0]}, not in both"


def _family(task: Tree) -> str:
    """The family with placeholders of both spellings made one."""
    family = task.get("family", "")
    text = family.get("Sub", "") if isinstance(family, dict) else str(family)
    return re.sub(r"\$\{\w+\}", "*", text)


def _given(container: Tree) -> set[str]:
    entries: list[Any] = [*container.get("environment", ()), *container.get("secrets", ())]
    # A variable without a default is there under a condition.
    plain = [entry["If"][1] if "If" in entry else entry for entry in entries]
    return {entry.get("name", entry.get("Name")) for entry in plain}


CHECKS = (
    sizes_exist,
    fargate_takes_it,
    containers_are_confined,
    logs_go_somewhere,
    volumes_are_there_and_writable,
    stopping_takes_less_than_allowed,
    secrets_stay_secret,
    variables_are_declared_and_read,
    the_port_is_one,
    commands_start_what_exists,
    inputs_and_template_agree,
)
