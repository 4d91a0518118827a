"""Each trap, set on purpose in files that are otherwise right, is found."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from deployment_plans import LOANS, LOANS_WITH_TASKS, artifacts, service_plan

from decompose.generate.crosscheck import problems
from decompose.generate.deployment import deployment
from decompose.model.artifacts import Artifact

ROOT = "services/book-loans/"
SETTINGS = b'''import os
SECRET_KEY = os.environ["SECRET_KEY"]
URL = os.environ["DATABASE_URL"]
KEYS = os.getenv("POSTAGE_API_KEY"), os.environ.get("BOUNDARY_TOKEN_KEY")
'''


def found(changes: dict[str, Callable[[bytes], bytes]], context: Any = LOANS, python: bytes = SETTINGS) -> tuple[str, ...]:
    plan = service_plan(context)
    made = {**artifacts(plan), "service/settings.py": Artifact(f"{ROOT}service/settings.py", python)}
    for path, change in changes.items():
        changed = change(made[path].content)
        assert changed != made[path].content, f"the fault was not set in {path}"
        made[path] = msgspec.structs.replace(made[path], content=changed)
    return problems(deployment(plan), made.values())


def text(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda content: content.replace(old.encode(), new.encode())


def edit(function: Callable[[Any], object]) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        value = json.loads(content)
        function(value)
        return json.dumps(value).encode()

    return change


def container(value: Any) -> Any:
    return value["containerDefinitions"][0]


@pytest.mark.parametrize("context", [LOANS, msgspec.structs.replace(LOANS, routes=())])
def test_what_is_generated_has_no_problem(context: Any) -> None:
    assert found({}, context) == ()


def test_a_service_with_workers_has_no_problem() -> None:
    assert found({}, LOANS_WITH_TASKS, SETTINGS + b'B = os.environ["CELERY_BROKER_URL"]\n') == ()


TASK, SERVICE, STACK, IMAGE, COMPOSE = "deploy/task-definition.json", "deploy/service.json", "deploy/template.yaml", "Dockerfile", "compose.yaml"
WORKFLOW = ".github/workflows/service-book-loans.yml"
CONFIGURATION = "deploymentConfiguration"

FAULTS: list[tuple[str, Callable[[bytes], bytes], str]] = [
    (SERVICE, edit(lambda v: v["loadBalancers"][0].update(containerPort=9000)), "the load balancer wants port 9000"),
    (SERVICE, edit(lambda v: v["loadBalancers"][0].update(containerName="web")), "the load balancer wants port 8000 of web"),
    (SERVICE, edit(lambda v: v["serviceConnectConfiguration"]["services"][0].update(portName="grpc")), "Service Connect names the port grpc"),
    (SERVICE, edit(lambda v: v[CONFIGURATION].update(strategy="BLUE_GREEN")), "BLUE_GREEN rewrites the weights"),
    (SERVICE, edit(lambda v: v[CONFIGURATION].update(strategy="BLUE_GREEN")), "BLUE_GREEN needs the load balancer's advancedConfiguration"),
    (SERVICE, edit(lambda v: v[CONFIGURATION].update(strategy="CANARY")), "CANARY needs canaryConfiguration"),
    (SERVICE, edit(lambda v: v[CONFIGURATION].update(strategy="LINEAR")), "LINEAR needs linearConfiguration"),
    (SERVICE, edit(lambda v: v[CONFIGURATION].pop("deploymentCircuitBreaker")), "no circuit breaker"),
    (SERVICE, edit(lambda v: v.update(enableExecuteCommand=True)), "no role has the ssmmessages rights"),
    (SERVICE, edit(lambda v: v.update(enableExecuteCommand=True)), "does not work with a read-only root"),
    (SERVICE, edit(lambda v: v.update(taskDefinition="other")), "its task definition is missing"),
    (TASK, edit(lambda v: v.update(cpu="256", memory="8192")), "no task with 256 CPU units and 8192 MiB"),
    (TASK, edit(lambda v: container(v).update(user="root")), "runs as root"),
    (TASK, edit(lambda v: container(v).update(user="10002:10002")), "the image runs as 10001:10001"),
    (TASK, edit(lambda v: container(v).update(readonlyRootFilesystem=False)), "can write its root file system"),
    (TASK, edit(lambda v: container(v)["linuxParameters"].pop("capabilities")), "keeps capabilities"),
    (TASK, edit(lambda v: container(v).pop("logConfiguration")), "logs nowhere"),
    (TASK, edit(lambda v: v.update(volumes=[])), "volume scratch is mounted but not declared"),
    (TASK, edit(lambda v: container(v)["mountPoints"][0].update(containerPath="/data")), "/data belongs to root on Fargate"),
    (TASK, edit(lambda v: container(v).update(stopTimeout=20)), "is killed after 20 s but drains for 30 s"),
    (TASK, edit(lambda v: container(v).update(stopTimeout=300)), "above the 120 seconds"),
    (TASK, edit(lambda v: container(v)["environment"].append({"name": "SECRET_KEY", "value": "x"})), "the secret SECRET_KEY stands in environment"),
    (TASK, edit(lambda v: container(v)["secrets"].pop()), "SECRET_KEY is required by the service's code but not declared"),
    ("service/settings.py", text('os.environ["DATABASE_URL"]', '""'), "the secret DATABASE_URL is declared but nothing reads it"),
    ("deploy/migrate-task.json", text('"name": "book-loans-job"', '"name": "job"'), "has no container job"),
    (IMAGE, text("USER 10001:10001", "USER root"), "the last stage runs as root"),
    (IMAGE, text('VOLUME ["/tmp"]\n', ""), "/tmp belongs to root on Fargate"),
    (IMAGE, text("--no-install-recommends libpq5", "--no-install-recommends libpq-dev"), "installs a compiler"),
    (IMAGE, text('CMD ["gunicorn", ', 'CMD gunicorn ["'), "not in exec form"),
    (IMAGE, text("HEALTHCHECK", "#HEALTHCHECK"), "no HEALTHCHECK"),
    (WORKFLOW, text("deploy/migrate-task.json", "deploy/other.json"), "deployed before its migration"),
    (WORKFLOW, text("run: deploy/running.sh", "run: 'true'"), "nobody looks whether the running revision"),
    (STACK, text("  ToDatabaseEgress:\n    Type: AWS::EC2::SecurityGroupEgress", "  ToDatabaseEgress:\n    Type: AWS::EC2::Other"), "the service cannot reach its database"),
    (STACK, text("  FromLoadBalancerIngress:\n    Type: AWS::EC2::SecurityGroupIngress", "  FromLoadBalancerIngress:\n    Type: Other"), "the load balancer cannot reach the service"),
    (STACK, text("  FromMonolithEgress:\n    Type: AWS::EC2::SecurityGroupEgress", "  FromMonolithEgress:\n    Type: Other"), "the monolith cannot reach the service"),
    (STACK, text("FromPort: 443, ToPort: 443", "FromPort: 80, ToPort: 80"), "tasks cannot reach AWS"),
    (STACK, text('Description: "own database"', 'Description: "it\'s own database"'), "EC2 refuses a description"),
    (STACK, text("                  - !Ref SecretKey\n", ""), "may not read SECRET_KEY"),
    (STACK, text("secretsmanager:GetSecretValue", "secretsmanager:*"), "an action with *"),
    (STACK, text("Resource: !GetAtt LogGroup.Arn", 'Resource: "*"'), "any resource for logs:CreateLogStream"),
    (STACK, text("      Priority: 102", "      Priority: 101"), "two listener rules have one priority"),
    (STACK, text('"10": {Monolith: 90', '"10": {Monolith: 80'), "the weights at 10 % do not add up"),
    (STACK, text("      Port: 8000\n", "      Port: 8080\n"), "port 8080, the service listens on 8000"),
    (STACK, text("StorageEncrypted: true", "StorageEncrypted: false"), "StorageEncrypted is off"),
    (STACK, text("DeletionProtection: true", "DeletionProtection: false"), "DeletionProtection is off"),
    (STACK, text("PubliclyAccessible: false", "PubliclyAccessible: true"), "reachable from the internet"),
    (STACK, text("book-loans-unhealthy'\n", "book-loans-sick'\n"), "waits for an alarm that does not exist"),
    (STACK, text("      PlatformVersion: LATEST\n", "      PlatformVersion: LATEST\n      DesiredCount: 2\n"), "resets what scaling decided"),
    (STACK, text("ContainerName: book-loans, ContainerPort: 8000", "ContainerName: book-loans, ContainerPort: 8001"), "the load balancer wants port 8001"),
    (COMPOSE, text("  migrate:\n", "  migration:\n"), "waits for migrate, which does not exist"),
]


@pytest.mark.parametrize(("path", "fault", "sentence"), FAULTS, ids=[sentence for _, _, sentence in FAULTS])
def test_a_fault_is_found(path: str, fault: Callable[[bytes], bytes], sentence: str) -> None:
    made = found({path: fault})
    assert any(sentence in problem for problem in made), made
