import json
import re
import subprocess
from typing import Any

import botocore.session
import pytest
from botocore.model import Shape
from botocore.validate import ParamValidator
from deployment_plans import LOANS, LOANS_WITH_TASKS, RENDER, artifacts, service_plan

from decompose.generate import ecs
from decompose.generate.deployment import deployment

MODEL = botocore.session.get_session().get_service_model("ecs")
INPUTS = {"task-definition": "RegisterTaskDefinition", "service": "CreateService", "task": "RunTask"}


def wrong_enums(value: Any, shape: Shape) -> list[str]:
    """Values outside their shape's enum: botocore's validator does not look at them."""
    match shape.type_name:
        case "structure":
            return [w for key, item in value.items() for w in wrong_enums(item, shape.members[key])]
        case "list":
            return [w for item in value for w in wrong_enums(item, shape.member)]
        case "string" if getattr(shape, "enum", None) and value not in shape.enum:
            return [f"{shape.name}: {value}"]
    return []


def documents(context: Any) -> list[tuple[str, dict[str, Any]]]:
    return list(ecs.documents(deployment(service_plan(context))).items())


@pytest.mark.parametrize(("name", "value"), [*documents(LOANS), *documents(LOANS_WITH_TASKS)])
def test_aws_accepts_every_input(name: str, value: dict[str, Any]) -> None:
    end = next(end for end in INPUTS if name.removesuffix(".json").endswith(end))
    shape = MODEL.operation_model(INPUTS[end]).input_shape
    report = ParamValidator().validate(value, shape)
    assert not report.has_errors(), report.generate_report()
    assert wrong_enums(value, shape) == []


def test_the_walk_over_enums_finds_a_wrong_one() -> None:
    value = ecs.web_service(deployment(service_plan()))
    value["deploymentConfiguration"]["strategy"] = "SLOWLY"
    assert wrong_enums(value, MODEL.operation_model("CreateService").input_shape) == ["DeploymentStrategy: SLOWLY"]


def test_every_placeholder_is_filled_by_the_script() -> None:
    made = artifacts(service_plan(LOANS_WITH_TASKS))
    script = made["deploy/environment.sh"].content.decode()
    used = {
        name for path, artifact in made.items() if re.fullmatch(r"deploy/[^/]+\.json", path)
        for name in re.findall(r"\$\{([A-Z0-9_]+)\}", artifact.content.decode())
    }
    filled = set(re.findall(r"\$\{(\w+)\}", script.partition("placeholders='")[2]))
    assert used and used <= filled


def test_filling_leaves_the_containers_own_variables_alone(tmp_path: Any) -> None:
    made = artifacts(service_plan(LOANS_WITH_TASKS))
    (tmp_path / "environment.sh").write_bytes(made["deploy/environment.sh"].content)
    (tmp_path / "copy-task.json").write_bytes(made["deploy/copy-task.json"].content)
    (tmp_path / "aws").write_text("#!/bin/sh\necho from-the-stack\n")
    (tmp_path / "aws").chmod(0o755)
    command = f'PATH="{tmp_path}:$PATH" ENVIRONMENT=staging IMAGE_TAG=1 . ./environment.sh; filled copy-task.json'
    if subprocess.run(["sh", "-c", "command -v envsubst"], capture_output=True, check=False).returncode:
        pytest.skip("envsubst is not here")
    output = subprocess.run(
        ["bash", "-euc", f'export PATH="{tmp_path}:$PATH"; {command}'], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    filled = json.loads(output)
    assert filled["cluster"] == "from-the-stack"
    assert '"$SOURCE_DATABASE_URL"' in filled["overrides"]["containerOverrides"][0]["command"][2]


def test_workers_have_no_load_balancer_and_use_spot() -> None:
    service = deployment(service_plan(LOANS_WITH_TASKS))
    assert service.worker is not None
    made = ecs.worker_service(service, service.worker)
    assert "loadBalancers" not in made
    assert [p["capacityProvider"] for p in made["capacityProviderStrategy"]] == ["FARGATE", "FARGATE_SPOT"]


def test_the_same_plan_gives_the_same_bytes() -> None:
    plan = service_plan(LOANS_WITH_TASKS)
    assert list(ecs.generate(plan, RENDER)) == list(ecs.generate(plan, RENDER))
