"""The steps of a deployment, read from the very files that are generated. Nothing is asked of anybody."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from decompose.generate import cloudformation
from decompose.generate.crosscheck import load_yaml
from decompose.generate.ecs import by_terraform
from decompose.generate.render import Render
from decompose.model.deployment import Deployment
from decompose.model.rollout import Open, Resource, Step
from decompose.model.target import ENVIRONMENTS

_JOINED = {
    "CreateCluster": "cluster", "CreateNamespace": "namespace-id", "CreateLoadBalancer": "listener", "CreateMonolithTargets": "monolith-target-group",
    "CreateTopic": "alarm-topic",
}  # fmt: skip
"""Conditions of the shared template with the key of [target.ecs.join] that switches them off."""
_GIVEN = ("ProtectLoadBalancer",)
"""Conditions that no environment meets before somebody gives a parameter."""
_REPLACE = "REPLACE: "


def steps(service: Deployment, render: Render) -> tuple[Step, ...]:
    """Everything from the shared parts to the last request, in order."""
    return tuple(_steps(service, render))


def _steps(service: Deployment, render: Render) -> Iterator[Step]:
    made = _by_condition(load_yaml(cloudformation.template(service, render)))
    deploy = f"{service.root}/deploy"
    stack = f"{deploy}/stack.sh"
    yield _shared(service, render)
    yield Step(
        "What the service has for itself, without anything that runs",
        (f"ENVIRONMENT=staging {stack}",),
        "every resource is created, no task runs",
        _destroy(service),
        (*made[""], *made["IsMonitored"]),
    )
    yield Step(
        "Image",
        (
            f'docker build --tag {service.name}:"$IMAGE_TAG" {service.root}',
            f". {deploy}/environment.sh",
            f'docker tag {service.name}:"$IMAGE_TAG" "$IMAGE" && docker push "$IMAGE"',
            f"{deploy}/scan.sh",
        ),
        "the registry's scan finds nothing high or critical",
        "nothing runs it",
    )
    yield Step(
        "Task definitions of one-off tasks",
        (f'{stack} JobImageTag="$IMAGE_TAG"',),
        "their revisions name the image",
        "earlier revisions are kept",
        made["HasJobImage"],
    )
    yield Step("The service's role in its database", (f"{deploy}/run-task.sh {deploy}/database-role-task.json",), "exit code 0", "it may run again at any time")
    if service.migrate:
        yield Step(
            "Migration, before anything serves",
            (f"{deploy}/run-task.sh {deploy}/migrate-task.json",),
            "exit code 0",
            "the release before must work with the new tables",
        )
    yield Step(
        "Services" if len(service.processes) > 1 else "Service",
        (f'{stack} ImageTag="$IMAGE_TAG"', f"{deploy}/running.sh"),
        "running.sh ends with 0: the wanted image, one deployment, complete",
        f"{deploy}/rollback.sh",
        (*made["HasImage"], *made["CanSchedule"]),
    )
    if service.tables:
        yield Step(
            "Rows: copied and compared, as RUNBOOK.md says",
            (
                f"{stack} SourceDatabaseUrlSecretArn=arn:...",
                f"{deploy}/run-task.sh {deploy}/copy-task.json",
                f"{deploy}/run-task.sh {deploy}/verify-copy-task.json",
            ),
            "verify-copy finds no difference",
            f"{stack} SourceDatabaseUrlSecretArn=",
            (*made["HasSource"], *made["CanCopy"]),
        )
    yield Step(
        "The monolith calls the service: shadow, then remote",
        (f"decompose extract {service.context} --step shadow", f"decompose extract {service.context} --step switch"),
        "no differences in shadow; error rate and p95 as before",
        f"decompose extract {service.context} --step switch --undo",
    )
    if service.split:
        shares = tuple(f"{stack} TrafficPercent={percent}" for percent in cloudformation.TRAFFIC if percent)
        yield Step(
            "Optional: the load balancer sends requests straight to the service, for callers with a signed token",
            shares,
            "no 401, 5xx and p95 as before at each share",
            f"{stack} TrafficPercent=0",
            made["HasTesters"],
        )
    if service.schedules:
        yield Step(
            "Schedules, once the same entries are out of the monolith's",
            (f"{stack} ScheduleState=ENABLED",),
            "each runs once",
            f"{stack} ScheduleState=DISABLED",
        )


def _shared(service: Deployment, render: Render) -> Step:
    shared = service.root.rpartition("/")[0] + "/shared"
    made = _by_condition(load_yaml(cloudformation.shared_template(service, render)))
    joined = {key for environment in ENVIRONMENTS for key in service.target.joined(environment)} | ({"cluster"} if service.cluster else set())
    created = [each for condition, found in made.items() if condition not in _GIVEN and _JOINED.get(condition) not in joined for each in found]
    if by_terraform(service):
        commands: tuple[str, ...] = (
            f"terraform -chdir={shared} init -input=false",
            f"terraform -chdir={shared} workspace select -or-create staging",
            f"terraform -chdir={shared} apply -var-file=parameters/staging.tfvars",
        )
    else:
        values = f"""$(jq -r '.Parameters | to_entries[] | "\\(.key)=\\(.value)"' {shared}/parameters/staging.json)"""
        template = f"--stack-name {service.project}-shared-staging --template-file {shared}/template.yaml"
        commands = (f"aws cloudformation deploy {template} --parameter-overrides {values}",)
    proof = f"parameters below /{service.project}/staging/shared/ in the parameter store"
    return Step("What all services share, once for each environment", commands, proof, "nothing uses it before the first service", tuple(sorted(created)))


def _destroy(service: Deployment) -> str:
    if by_terraform(service):
        return f"terraform -chdir={service.root}/deploy destroy (lift the database's deletion protection first)"
    return f"aws cloudformation delete-stack --stack-name {service.project}-{service.name}-staging (lift the database's deletion protection first)"


def _by_condition(template: Mapping[str, Any]) -> dict[str, tuple[Resource, ...]]:
    """The resources of a template by the condition that they wait for."""
    found: dict[str, list[Resource]] = {name: [] for name in ("", "IsMonitored", "HasJobImage", "HasImage", "CanSchedule", "HasSource", "CanCopy", "HasTesters")}
    for name, resource in template["Resources"].items():
        found.setdefault(resource.get("Condition", ""), []).append(Resource(resource["Type"], name))
    return {condition: tuple(sorted(resources)) for condition, resources in found.items()}


def open_values(path: str, content: bytes) -> Iterator[Open]:
    """What a file with an environment's values still says REPLACE for. Raises :class:`ValueError` for a file that is none."""
    environment, _, form = path.rpartition("/")[2].partition(".")
    text = content.decode()
    if form == "json":
        given = json.loads(text).get("Parameters", {})
        pairs = [(name, str(value)) for name, value in given.items()]
    else:
        pairs = re.findall(r'^\s*(\w+)\s*=.*?"(REPLACE: [^"]*)"', text, re.MULTILINE)
    for name, value in pairs:
        if value.startswith(_REPLACE):
            yield Open(environment, path, name, value.removeprefix(_REPLACE))
