import json
from typing import Any

import msgspec
import pytest
from cfnlint.api import ManualArgs, lint
from deployment_plans import AT, LOANS, LOANS_WITH_TASKS, artifacts, route, service_plan

from decompose.generate import ecs
from decompose.generate.crosscheck import load_yaml
from decompose.generate.deployment import deployment
from decompose.model.facts import EnvironmentRead

WITHOUT_ROUTES = msgspec.structs.replace(LOANS, routes=())
CALLING = msgspec.structs.replace(LOANS, callbacks=LOANS.operations)
ODD_TEXTS = msgspec.structs.replace(
    LOANS,
    environment=(EnvironmentRead("x", "GREETING", repr('${Cluster} "hi": {{resolve}} # \u2028 é'), AT),),
    routes=(route("/a'b/<x>/"),),
)


@pytest.mark.parametrize("context", [LOANS, LOANS_WITH_TASKS, WITHOUT_ROUTES, CALLING, ODD_TEXTS], ids=["web", "worker", "no-routes", "calling", "odd"])
def test_cfn_lint_finds_nothing_in_the_service(context: Any) -> None:
    text = artifacts(service_plan(context))["deploy/template.yaml"].content.decode()
    assert [f"{match.rule.id} {match.message}" for match in lint(text, config=ManualArgs(ignore_checks=["I"]))] == []


def test_cfn_lint_finds_nothing_in_what_is_shared() -> None:
    text = artifacts(service_plan())["services/shared/template.yaml"].content.decode()
    assert [f"{match.rule.id} {match.message}" for match in lint(text, config=ManualArgs(ignore_checks=["I"]))] == []


def template(context: Any = LOANS) -> dict[str, Any]:
    return load_yaml(artifacts(service_plan(context))["deploy/template.yaml"].content)  # type: ignore[no-any-return]


def test_the_template_and_the_json_say_the_same_of_the_container() -> None:
    written = template()["Resources"]["TaskDefinition"]["Properties"]["ContainerDefinitions"][0]
    service = deployment(service_plan())
    wanted = ecs.task_definition(service, service.web)["containerDefinitions"][0]
    assert written["Command"] == wanted["command"]
    assert [s["Name"] for s in written["Secrets"]] == [s["name"] for s in wanted["secrets"]]


def test_text_of_the_monolith_that_looks_like_a_function_stays_text() -> None:
    container = template(ODD_TEXTS)["Resources"]["TaskDefinition"]["Properties"]["ContainerDefinitions"][0]
    values = {entry["Name"]: entry["Value"] for entry in container["Environment"] if "Name" in entry}
    assert values["GREETING"] == '${Cluster} "hi": {{resolve}} # \u2028 é'


def test_every_parameter_file_names_parameters_that_exist() -> None:
    made = artifacts(service_plan(LOANS_WITH_TASKS))
    for folder in ("deploy", "services/shared"):
        known = load_yaml(made[f"{folder}/template.yaml"].content)["Parameters"]
        for environment in ("staging", "production"):
            given = json.loads(made[f"{folder}/parameters/{environment}.json"].content)["Parameters"]
            assert given.keys() <= known.keys()
            assert {name for name, p in known.items() if "Default" not in p} <= given.keys()


def test_what_services_look_up_is_what_the_shared_stack_writes() -> None:
    made = artifacts(service_plan(LOANS_WITH_TASKS))
    shared = load_yaml(made["services/shared/template.yaml"].content)["Resources"]
    written = {r["Properties"]["Name"]["Sub"].replace("${Environment}", "staging") for r in shared.values() if r["Type"] == "AWS::SSM::Parameter"}
    given = json.loads(made["deploy/parameters/staging.json"].content)["Parameters"]
    assert {value for value in given.values() if value.startswith("/")} <= written


def test_nothing_of_a_secret_default_is_written_anywhere() -> None:
    assert not [path for path, artifact in artifacts(service_plan()).items() if b"abc-not-to-be-copied" in artifact.content]


def test_the_shared_files_do_not_depend_on_the_service() -> None:
    first = artifacts(service_plan())["services/shared/template.yaml"]
    second = artifacts(service_plan(LOANS_WITH_TASKS, name="other", package="other_service", root="services/other"))
    assert second["services/shared/template.yaml"].content == first.content


def test_the_template_of_a_service_without_workers_needs_no_bucket() -> None:
    # CloudFormation takes a template of at most 51,200 bytes in a request; deploy/stack.sh asks for a bucket above that.
    assert len(artifacts(service_plan())["deploy/template.yaml"].content) < 51_200


def test_a_service_that_calls_the_monolith_must_be_told_where_it_is() -> None:
    found = template(CALLING)["Parameters"]["VariableMonolithUrl"]
    assert "Default" not in found and "where the monolith answers callbacks of this service" in found["Description"] and "without a default" not in found["Description"]
    for environment in ("staging", "production"):
        given = json.loads(artifacts(service_plan(CALLING))[f"deploy/parameters/{environment}.json"].content)["Parameters"]
        assert given["VariableMonolithUrl"].startswith("REPLACE: where the monolith answers")
    container = template(CALLING)["Resources"]["TaskDefinition"]["Properties"]["ContainerDefinitions"][0]
    assert "MONOLITH_URL" in [entry.get("Name") for entry in container["Environment"] if isinstance(entry, dict)]


def test_the_template_says_whom_the_load_balancer_may_send() -> None:
    text = artifacts(service_plan())["deploy/template.yaml"].content.decode()
    assert "middleware hands requests for the moved routes on" in text and "5. optional, TrafficPercent" in text
    assert "stays 0 unless callers bring signed tokens" in template()["Parameters"]["TrafficPercent"]["Description"]
    assert "TrafficPercent" not in artifacts(service_plan(WITHOUT_ROUTES))["deploy/template.yaml"].content.decode()
