import re
import subprocess
from typing import Any

import msgspec
import pytest
import yaml
from deployment_plans import LOANS, LOANS_WITH_TASKS, PROJECT, artifacts, service_plan

WORKFLOW = ".github/workflows/service-book-loans.yml"


def last_stage(context: Any = LOANS) -> str:
    return artifacts(service_plan(context))["Dockerfile"].content.decode().rpartition("\nFROM ")[2]


def test_compilers_stay_in_the_first_stage() -> None:
    text = artifacts(service_plan())["Dockerfile"].content.decode()
    assert "build-essential" in text and "build-essential" not in last_stage()


def test_requirements_are_installed_before_the_code_is_copied() -> None:
    text = artifacts(service_plan())["Dockerfile"].content.decode()
    assert text.index("requirements.txt") < text.index("COPY . /app")


def test_what_changes_with_every_build_comes_last() -> None:
    stage = last_stage()
    assert stage.index("ARG REVISION") > stage.index("\nCMD ")


def test_secrets_and_tests_stay_out_of_the_image() -> None:
    ignored = artifacts(service_plan())[".dockerignore"].content.decode().splitlines()
    assert {"**/.env*", "**/*.pem", "tests", ".git"} <= {*ignored}


@pytest.mark.parametrize(("framework", "server"), [("django", "gunicorn"), ("flask", "gunicorn"), ("fastapi", "uvicorn")])
def test_each_framework_has_its_server(framework: Any, server: str) -> None:
    plan = service_plan(project=msgspec.structs.replace(PROJECT, framework=framework))
    command = re.search(r"^CMD (.+)$", artifacts(plan)["Dockerfile"].content.decode(), re.M)
    assert command is not None and server in command[1]


def test_compose_starts_the_service_after_its_migration() -> None:
    services = yaml.safe_load(artifacts(service_plan())["compose.yaml"].content)["services"]
    assert services["book-loans"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert services["migrate"]["depends_on"]["database"] == {"condition": "service_healthy"}


def test_compose_runs_it_as_confined_as_ecs_does() -> None:
    services = yaml.safe_load(artifacts(service_plan(LOANS_WITH_TASKS))["compose.yaml"].content)["services"]
    for name in ("book-loans", "worker", "migrate"):
        assert services[name]["read_only"] is True and services[name]["cap_drop"] == ["ALL"]


@pytest.mark.parametrize(
    ("requirements", "image", "scheme"),
    [
        (("celery==5.5",), "rabbitmq", "amqp://"),
        (("celery==5.5", "redis==5.2"), "redis", "redis://"),
        (("celery[redis,tblib]==5.5",), "redis", "redis://"),
        (("celery==5.5", "redis-om==1.0"), "rabbitmq", "amqp://"),
    ],
)
def test_the_broker_of_compose_is_one_that_the_image_can_speak_to(requirements: tuple[str, ...], image: str, scheme: str) -> None:
    context = msgspec.structs.replace(LOANS_WITH_TASKS, requirements=requirements)
    found = yaml.safe_load(artifacts(service_plan(context))["compose.yaml"].content)
    assert found["services"]["broker"]["image"].startswith(image)
    assert found["x-service"]["environment"]["CELERY_BROKER_URL"].startswith(scheme)


def test_the_workflow_lies_where_github_reads_it_and_runs_for_this_service_only() -> None:
    workflow = yaml.safe_load(artifacts(service_plan())[WORKFLOW].content)
    assert workflow[True]["push"]["paths"] == ["services/book-loans/**", WORKFLOW]


def test_the_workflow_migrates_before_it_deploys_and_looks_afterwards() -> None:
    steps = [str(s.get("run", "")) for s in yaml.safe_load(artifacts(service_plan())[WORKFLOW].content)["jobs"]["deploy"]["steps"]]
    order = [next(i for i, run in enumerate(steps) if part in run) for part in
             (" JobImageTag=", "migrate-task.json", " ImageTag=", "running.sh", "rollback.sh")]
    assert order == sorted(order)


def test_actions_are_pinned_and_no_key_is_long_lived() -> None:
    text = artifacts(service_plan())[WORKFLOW].content.decode()
    assert all(re.search(r"@[0-9a-f]{40}  # v[0-9.]+$", line.strip()) for line in text.splitlines() if "uses:" in line)
    assert "role-to-assume" in text and "aws-secret-access-key" not in text


@pytest.mark.parametrize("path", ["environment", "rollback", "run-task", "running", "scan", "stack"])
def test_scripts_are_valid_bash(path: str) -> None:
    artifact = artifacts(service_plan(LOANS_WITH_TASKS))[f"deploy/{path}.sh"]
    assert artifact.executable
    subprocess.run(["bash", "-n"], input=artifact.content, check=True)


def test_compose_knows_the_monolith_where_the_service_calls_it() -> None:
    calling = msgspec.structs.replace(LOANS, callbacks=LOANS.operations)
    service = yaml.safe_load(artifacts(service_plan(calling))["compose.yaml"].content)["x-service"]
    assert service["environment"]["MONOLITH_URL"] == "${MONOLITH_URL:-http://host.docker.internal:8000}"
    assert service["extra_hosts"] == ["host.docker.internal:host-gateway"]
    alone = yaml.safe_load(artifacts(service_plan())["compose.yaml"].content)["x-service"]
    assert "MONOLITH_URL" not in alone["environment"] and "extra_hosts" not in alone


def test_a_lock_with_hashes_is_used_where_there_is_one() -> None:
    text = artifacts(service_plan())["Dockerfile"].content.decode()
    assert "COPY requirements.* /tmp/" in text and "--require-hashes --requirement /tmp/requirements.lock" in text
