import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from deployment_plans import AT, LOANS, LOANS_WITH_TASKS, artifacts, route, service_plan
from hypothesis import given
from hypothesis import strategies as st

from decompose.generate import ecs, hcl
from decompose.generate.deployment import deployment
from decompose.model.deployment import Deployment
from decompose.model.facts import EnvironmentRead

TERRAFORM = shutil.which("terraform")
PROVIDERS = next(Path("/opt").glob("*/registry.terraform.io"), None)
"""Where the AWS provider lies on machines that have it beforehand."""

WITHOUT_ROUTES = msgspec.structs.replace(LOANS, routes=())
ODD = msgspec.structs.replace(
    LOANS_WITH_TASKS,
    environment=(
        EnvironmentRead("x", "GREETING", repr('${Cluster} "hi": %{resolve} # \u2028 é'), AT),
        EnvironmentRead("x", "NEVER_SET", "", AT),
    ),
    routes=(route("/a'b/<x>/"),),
)
CONTEXTS = pytest.mark.parametrize("context", [LOANS, LOANS_WITH_TASKS, WITHOUT_ROUTES, ODD], ids=["web", "worker", "no-routes", "odd"])
needs_terraform = pytest.mark.skipif(TERRAFORM is None, reason="terraform is not installed")
needs_provider = pytest.mark.skipif(TERRAFORM is None or PROVIDERS is None, reason="terraform or its AWS provider is not installed")


def written(context: Any, folder: Path) -> None:
    """The modules of a context and the shared one, below ``folder``."""
    for path, artifact in artifacts(service_plan(context)).items():
        if path.endswith((".tf", ".tfvars")):
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(artifact.content)


def terraform(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    assert TERRAFORM is not None
    return subprocess.run([TERRAFORM, *words], cwd=folder, capture_output=True, text=True, timeout=300, check=False)


@needs_terraform
@CONTEXTS
def test_the_modules_are_laid_out_as_terraform_fmt_does(context: Any, tmp_path: Path) -> None:
    written(context, tmp_path)
    done = terraform(tmp_path, "fmt", "-check", "-diff", "-recursive")
    assert (done.returncode, done.stdout) == (0, "")


def test_values_files_name_variables_that_exist_and_give_those_without_default() -> None:
    made = artifacts(service_plan(LOANS_WITH_TASKS))
    for folder in ("deploy", "services/shared"):
        text = made[f"{folder}/variables.tf"].content.decode()
        blocks = dict(re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL))
        for environment in ("staging", "production"):
            given_names = set(re.findall(r"^(\w+) +=", made[f"{folder}/parameters/{environment}.tfvars"].content.decode(), re.MULTILINE))
            assert given_names <= blocks.keys()
            assert {name for name, body in blocks.items() if not re.search(r"^  default +=", body, re.MULTILINE)} <= given_names


def test_no_value_of_the_monolith_that_may_be_secret_is_written() -> None:
    made = artifacts(service_plan(LOANS_WITH_TASKS))
    assert not [path for path, artifact in made.items() if b"not-to-be-copied" in artifact.content]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x7f"), max_size=40))
def test_a_string_has_no_template_in_it(text: str) -> None:
    source = hcl.string(text)
    assert json.loads(source.replace("$${", "${").replace("%%{", "%{")) == text
    assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", source.replace("$${", "").replace("%%{", "")) or "$$" in text or "%%" in text


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
    provider = "\n  ".join(defaults)
    subnets = 'override_data {\n  target = data.aws_ssm_parameter.shared["private-subnets"]\n  values = { insecure_value = "subnet-1,subnet-2" }\n}\n'
    return f'mock_provider "aws" {{\n  {provider}\n}}\n{subnets}variables {{\n{hcl.attributes(variables, 2)}\n}}\nrun "applied" {{\n  command = apply\n}}\n'


@pytest.mark.aws
@needs_provider
@pytest.mark.parametrize("context", [LOANS, ODD], ids=["web", "odd"])
def test_terraform_makes_of_the_module_what_the_json_inputs_say(context: Any, tmp_path: Path) -> None:
    """The provider is mocked: nothing is asked, but every expression of the module is evaluated."""
    written(context, tmp_path)
    folder = tmp_path / "deploy"
    done = terraform(folder, "init", "-input=false", f"-plugin-dir={PROVIDERS.parent}")  # type: ignore[union-attr]
    assert done.returncode == 0, done.stderr
    done = terraform(folder, "validate", "-no-color")
    assert done.returncode == 0, done.stderr + done.stdout
    # Terraform cannot mock ephemeral values: the copy that is tried has a text in their place.
    main = re.sub(r"^ephemeral .*?^\}\n", "", (folder / "main.tf").read_text(), flags=re.MULTILINE | re.DOTALL)
    main = re.sub(r"ephemeral\.\w+\.\w+\.random_password", '"text"', main)
    service = deployment(service_plan(context))
    (folder / "main.tf").write_text(main)
    (folder / "mock.tftest.hcl").write_text(mocks(_variables(service)))
    done = terraform(folder, "test", "-json", "-verbose")
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
        unset = {variable.name for variable in service.variables if variable.value is None}
        assert container["environment"] == [each for each in expected["environment"] if each["name"] not in unset]
        assert [each["name"] for each in container["secrets"]] == [each["name"] for each in expected["secrets"]]
        assert container["image"].endswith(":a1")


def _variables(service: Deployment) -> dict[str, Any]:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:given"
    given_secrets = {f"{secret.name.lower()}_secret_arn": arn for secret in service.secrets if secret.source == "given"}
    grants = {f"{grant.service}_resource_arns": ["arn:aws:s3:::books/*"] for grant in service.grants}
    tags = {"image_tag": "a1", "job_image_tag": "a1", "tester_header": "me", "source_database_url_secret_arn": arn}
    return {"environment": "staging", **tags, **given_secrets, **grants}
