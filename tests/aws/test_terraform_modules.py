"""Terraform with the real AWS provider: every module is valid, and says of the containers what the JSON inputs say."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from deployment_plans import AT, LOANS, LOANS_WITH_TASKS, TARGETS, artifacts, route, service_plan
from panel import program, provider_folder, ran, skip

from decompose.generate import ecs, hcl
from decompose.generate.deployment import MONOLITH_URL, deployment
from decompose.model.deployment import Deployment
from decompose.model.facts import EnvironmentRead

pytestmark = pytest.mark.aws

ODD = msgspec.structs.replace(
    LOANS_WITH_TASKS,
    environment=(
        EnvironmentRead("x", "GREETING", repr('${Cluster} "hi": %{resolve} # \u2028 é'), AT),
        EnvironmentRead("x", "NEVER_SET", "", AT),
    ),
    routes=(route("/a'b/<x>/"),),
)
CALLING = msgspec.structs.replace(LOANS, callbacks=LOANS.operations)


def terraform(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program("terraform"), *words], cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def validated(folder: Path) -> None:
    program("terraform")
    providers = provider_folder()
    if providers is None:
        skip("terraform", "its AWS provider lies nowhere on this machine; TERRAFORM_PLUGINS says where else")
    done = terraform(folder, "init", "-input=false", f"-plugin-dir={providers}")
    assert done.returncode == 0, done.stderr
    done = terraform(folder, "validate", "-no-color")
    assert done.returncode == 0, done.stderr + done.stdout
    ran["Terraform, validated by its provider"] += 1


def test_every_module_is_valid(tree: Path) -> None:
    for folder in sorted({file.parent for file in tree.glob("services/**/main.tf")}):
        validated(folder)


@pytest.mark.parametrize("name", [name for name, (_, target) in TARGETS.items() if target.strategy == "ROLLING"])
def test_modules_are_valid_with_every_setting(name: str, tmp_path: Path) -> None:
    """The other strategies ask for a provider newer than many machines have."""
    context, target = TARGETS[name]
    for path, artifact in artifacts(service_plan(context, target=target)).items():
        if path.endswith(".tf"):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(artifact.content)
    for folder in ("deploy", "services/shared"):
        validated(tmp_path / folder)


ARN = "arn:aws:service:eu-west-1:123456789012:thing/it"

MOCKED = (
    "aws_cloudwatch_log_group", "aws_ecr_repository", "aws_ecs_service", "aws_ecs_task_definition", "aws_iam_role", "aws_lb_target_group",
    "aws_secretsmanager_secret", "aws_service_discovery_service", "aws_sqs_queue",
)  # fmt: skip
"""Resources whose ARN others take: a mock's own random text is none."""


def mocks(variables: dict[str, Any]) -> str:
    """A test of Terraform's own that applies the module against a provider that answers without asking anybody."""
    defaults = [f'mock_resource "{kind}" {{\n    defaults = {{ arn = "{ARN}" }}\n  }}' for kind in MOCKED]
    defaults += [
        f'mock_data "aws_ssm_parameter" {{\n    defaults = {{ insecure_value = "{ARN}" }}\n  }}',
        'mock_data "aws_caller_identity" {\n    defaults = { account_id = "123456789012" }\n  }',
        'mock_data "aws_partition" {\n    defaults = { partition = "aws" }\n  }',
        'mock_data "aws_region" {\n    defaults = { name = "eu-west-1" }\n  }',
        'mock_data "aws_iam_policy_document" {\n    defaults = { json = "{}" }\n  }',
        f'mock_resource "aws_db_instance" {{\n    defaults = {{ master_user_secret = [{{ secret_arn = "{ARN}" }}], port = 5432 }}\n  }}',
    ]
    for name, value in (("monolith-port", "8000"), ("private-subnets", "subnet-1,subnet-2")):
        defaults.append(f'override_data {{\n    target = data.aws_ssm_parameter.shared["{name}"]\n    values = {{ insecure_value = "{value}" }}\n  }}')
    provider = "\n  ".join(defaults)
    return f'mock_provider "aws" {{\n  {provider}\n}}\nvariables {{\n{hcl.attributes(variables, 2)}\n}}\nrun "applied" {{\n  command = apply\n}}\n'


@pytest.mark.parametrize("context", [LOANS, ODD, CALLING], ids=["web", "odd", "calling"])
def test_terraform_makes_of_the_module_what_the_json_inputs_say(context: Any, tmp_path: Path) -> None:
    """The provider is mocked: nothing is asked, but every expression of the module is evaluated."""
    for path, artifact in artifacts(service_plan(context)).items():
        if path.startswith("deploy/") and path.endswith(".tf"):
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_bytes(artifact.content)
    folder = tmp_path / "deploy"
    validated(folder)
    # Terraform cannot mock ephemeral values: the copy that is tried has a text in their place.
    main = re.sub(r"^ephemeral .*?^\}\n", "", (folder / "main.tf").read_text(), flags=re.MULTILINE | re.DOTALL)
    main = re.sub(r"ephemeral\.\w+\.\w+\.random_password", '"text"', main)
    service = deployment(service_plan(context))
    (folder / "main.tf").write_text(main)
    (folder / "mock.tftest.hcl").write_text(mocks(_variables(service)))
    done = terraform(folder, "test", "-json", "-verbose")
    ran["Terraform, evaluated with a mocked provider"] += 1
    assert done.returncode == 0, done.stdout + done.stderr
    (state,) = [message["test_state"] for message in map(json.loads, done.stdout.splitlines()) if message["type"] == "test_state"]
    made = {each["address"]: each["values"] for each in state["root_module"]["resources"]}
    definitions = {"service": ecs.task_definition(service, service.web), "job": ecs.job_definition(service, "job")}
    if service.worker:
        definitions["worker"] = ecs.task_definition(service, service.worker)
    for name, wanted in definitions.items():
        (container,) = json.loads(made[f"aws_ecs_task_definition.{name}[0]"]["container_definitions"])
        (expected,) = wanted["containerDefinitions"]
        assert container.keys() == expected.keys()
        for key in expected.keys() - {"image", "environment", "secrets", "logConfiguration"}:
            assert container[key] == expected[key], key
        unset = {variable.name for variable in service.variables if variable.value is None and not variable.purpose}
        filled = {"${MONOLITH_URL}": "http://monolith.internal:8000"}
        wanted_environment = [{**each, "value": filled.get(each["value"], each["value"])} for each in expected["environment"]]
        assert container["environment"] == [each for each in wanted_environment if each["name"] not in unset]
        assert [each["name"] for each in container["secrets"]] == [each["name"] for each in expected["secrets"]]
        assert container["image"].endswith(":a1")


def _variables(service: Deployment) -> dict[str, Any]:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:given"
    given_secrets = {f"{secret.name.lower()}_secret_arn": arn for secret in service.secrets if secret.source == "given"}
    grants = {f"{grant.service}_resource_arns": ["arn:aws:s3:::books/*"] for grant in service.grants}
    monolith = {"variable_monolith_url": "http://monolith.internal:8000"} if service.reads(MONOLITH_URL) else {}
    tags = {"image_tag": "a1", "job_image_tag": "a1", "tester_header": "me", "source_database_url_secret_arn": arn}
    return {"environment": "staging", **tags, **monolith, **given_secrets, **grants}
