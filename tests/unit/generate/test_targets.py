"""What ``[target.ecs]`` says reaches every form of the deployment, and each form stays right by its own judge."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from botocore.validate import ParamValidator
from cfnlint.api import ManualArgs, lint
from deployment_plans import (
    LOANS,
    LOANS_WITH_TASKS,
    ONE_RULE,
    TARGETS,
    WITH_FILES,
    WORKER_ONLY,
    artifacts,
    route,
    service_plan,
)
from test_ecs import INPUTS, MODEL, wrong_enums
from test_terraform import needs_terraform, terraform

from decompose.errors import NotReady
from decompose.generate import ecs, sizing
from decompose.generate.crosscheck import load_yaml
from decompose.generate.deployment import deployment
from decompose.model.artifacts import Artifact
from decompose.model.deployment import Deployment
from decompose.model.service import ServicePlan
from decompose.model.target import Scaling, Sizes, Target

EACH = pytest.mark.parametrize("name", TARGETS)
BROKER = b'B = os.environ["CELERY_BROKER_URL"]\n'


def plan_of(name: str) -> ServicePlan:
    context, target = TARGETS[name]
    return service_plan(context, target=target)


def service_of(name: str) -> Deployment:
    return deployment(plan_of(name))


def template(name: str) -> dict[str, Any]:
    return load_yaml(artifacts(plan_of(name))["deploy/template.yaml"].content)["Resources"]  # type: ignore[no-any-return]


def kinds(name: str) -> set[str]:
    return {resource["Type"] for resource in template(name).values()}


def module(name: str) -> str:
    return artifacts(plan_of(name))["deploy/main.tf"].content.decode()


@EACH
def test_aws_accepts_every_input(name: str) -> None:
    for file, value in ecs.documents(service_of(name)).items():
        end = next(end for end in INPUTS if file.removesuffix(".json").endswith(end))
        shape = MODEL.operation_model(INPUTS[end]).input_shape
        report = ParamValidator().validate(value, shape)
        assert not report.has_errors(), report.generate_report()
        assert wrong_enums(value, shape) == []


@EACH
def test_placeholders_are_filled_and_parameters_exist(name: str) -> None:
    made = artifacts(plan_of(name))
    known = load_yaml(made["deploy/template.yaml"].content)
    script = made["deploy/environment.sh"].content.decode()
    inputs = [a.content.decode() for path, a in made.items() if re.fullmatch(r"deploy/[^/]+\.json", path)]
    used = {each for text in inputs for each in re.findall(r"\$\{([A-Z0-9_]+)\}", text)}
    assert used <= set(re.findall(r"\$\{(\w+)\}", script.partition("placeholders='")[2]))
    assert set(re.findall(r"^\w+=\$\(output (\w+)\)", script, re.MULTILINE)) <= known["Outputs"].keys()
    for environment in ("staging", "production"):
        given = json.loads(made[f"deploy/parameters/{environment}.json"].content)["Parameters"]
        assert given.keys() <= known["Parameters"].keys()
        assert {each for each, parameter in known["Parameters"].items() if "Default" not in parameter} <= given.keys()
        variables = dict(re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', made["deploy/variables.tf"].content.decode(), re.MULTILINE | re.DOTALL))
        values = set(re.findall(r"^(\w+) +=", made[f"deploy/parameters/{environment}.tfvars"].content.decode(), re.MULTILINE))
        assert values <= variables.keys()
        assert {each for each, body in variables.items() if not re.search(r"^  default +=", body, re.MULTILINE)} <= values


@needs_terraform
@EACH
def test_terraform_lays_it_out_the_same(name: str, tmp_path: Path) -> None:
    write(name, tmp_path)
    done = terraform(tmp_path, "fmt", "-check", "-diff", "-recursive")
    assert (done.returncode, done.stdout) == (0, "")


def write(name: str, folder: Path) -> None:
    for path, artifact in artifacts(plan_of(name)).items():
        if path.endswith((".tf", ".tfvars")):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(artifact.content)


@EACH
def test_template_and_module_create_the_same_things(name: str) -> None:
    """Counted by kind, for the kinds that both write one by one."""
    same = {
        "AWS::ECS::Service": "aws_ecs_service", "AWS::ECS::TaskDefinition": "aws_ecs_task_definition", "AWS::RDS::DBInstance": "aws_db_instance|aws_rds_cluster_instance",
        "AWS::RDS::DBCluster": "aws_rds_cluster", "AWS::EFS::FileSystem": "aws_efs_file_system", "AWS::CloudWatch::Alarm": "aws_cloudwatch_metric_alarm",
        "AWS::ApplicationAutoScaling::ScalingPolicy": "aws_appautoscaling_policy", "AWS::ElasticLoadBalancingV2::TargetGroup": "aws_lb_target_group",
        "AWS::ElasticLoadBalancingV2::ListenerRule": "aws_lb_listener_rule", "AWS::EC2::SecurityGroup": "aws_security_group",
        "AWS::EC2::SecurityGroupIngress": "aws_vpc_security_group_ingress_rule", "AWS::IAM::Role": "aws_iam_role", "AWS::Scheduler::Schedule": "aws_scheduler_schedule",
    }  # fmt: skip
    resources = list(template(name).values())
    for kind, terraforms in same.items():
        count = len(re.findall(rf'^resource "(?:{terraforms})" ', module(name), re.MULTILINE))
        assert (kind, sum(each["Type"] == kind for each in resources)) == (kind, count)


# --- sizes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requirements", "routes", "size"),
    [((), 3, (512, 1024)), ((), 60, (1024, 2048)), (("pandas==2.2.2",), 3, (512, 3072)), (("Pillow>=10", "torch"), 3, (2048, 9216))],
)
def test_a_web_task_is_as_large_as_its_work_seems_to_need(requirements: tuple[str, ...], routes: int, size: tuple[int, int]) -> None:
    found = sizing.web_size(Sizes(), requirements, routes, fargate=True, telemetry=False)
    assert (found.cpu, found.memory) == size
    assert "Service Connect" in found.reason and (not requirements or re.split(r"\W", requirements[-1])[0].lower() in found.reason)


def test_what_is_set_is_taken_and_said() -> None:
    found = sizing.worker_size(Sizes(memory=4096), ("pandas",), fargate=True, telemetry=False)
    assert (found.cpu, found.memory) == (512, 4096) and found.reason.startswith("memory as decompose.toml says, the rest: 512 units")


def test_machines_of_ones_own_take_any_size() -> None:
    assert sizing.web_size(Sizes(cpu=300, memory=700), (), 1, fargate=False, telemetry=False).cpu == 300


def test_the_reason_stands_beside_the_size() -> None:
    for file in ("deploy/template.yaml", "deploy/variables.tf"):
        assert "for few routes (4), 256 and 64 for Service Connect's proxy" in artifacts(service_plan())[file].content.decode()


# --- where and how ------------------------------------------------------------------------------


def test_ec2_instances_run_everything_without_fargates_own_settings() -> None:
    for file, value in ecs.documents(service_of("ec2")).items():
        assert "FARGATE" not in json.dumps(value) and "platformVersion" not in value, file
    assert "Rules" not in load_yaml(artifacts(plan_of("ec2"))["deploy/template.yaml"].content)
    assert template("ec2")["Schedule1"]["Properties"]["Target"]["EcsParameters"]["CapacityProviderStrategy"] == [{"CapacityProvider": "machines", "Weight": 1}]


def test_capacity_is_shared_as_asked() -> None:
    made = ecs.documents(service_of("spot"))
    assert made["service.json"]["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE", "base": 2, "weight": 1}, {"capacityProvider": "FARGATE_SPOT", "weight": 3}]
    assert made["worker-service.json"]["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]


def test_after_the_cutover_rules_send_everything_to_the_service_with_their_old_priorities() -> None:
    before = {rule.paths: rule.priority for rule in deployment(service_plan()).rules if rule.forward == "weighted"}
    after = service_of("after").rules
    assert {rule.forward for rule in after} <= {"service", "monolith"}
    assert {rule.paths: rule.priority for rule in after if rule.forward == "service"} == before
    assert "TrafficPercent" not in artifacts(plan_of("after"))["deploy/template.yaml"].content.decode().partition("Parameters:")[2]


def test_ecs_moves_requests_by_one_rule_between_two_target_groups() -> None:
    for name, own in (("canary", "canaryConfiguration"), ("linear", "linearConfiguration"), ("blue-green", "")):
        made = ecs.documents(service_of(name))["service.json"]
        assert made["deploymentConfiguration"]["strategy"] == name.upper().replace("-", "_") and (not own or own in made["deploymentConfiguration"])
        assert made["loadBalancers"][0]["advancedConfiguration"]["productionListenerRule"] == "${PRODUCTION_RULE_ARN}"
        (rule,) = [each for each in template(name).values() if each["Type"].endswith("ListenerRule")]
        (action,) = rule["Properties"]["Actions"]
        assert [each["Weight"] for each in action["ForwardConfig"]["TargetGroups"]] == [100, 0]
        assert "deployment_configuration {" in module(name) and '">= 6.21"' in module(name) and "ignore_changes = [action]" in module(name)
    assert ecs.documents(service_of("canary"))["service.json"]["deploymentConfiguration"]["canaryConfiguration"]["canaryPercent"] == 5.0


def test_a_strategy_that_needs_one_rule_is_refused_where_there_are_more() -> None:
    many = msgspec.structs.replace(LOANS, routes=tuple(route(f"/loans/{n}/") for n in range(9)))
    with pytest.raises(NotReady, match="CANARY moves requests with one listener rule, and book-loans has 3"):
        deployment(service_plan(many, target=Target(strategy="CANARY", routes="service")))
    assert deployment(service_plan(ONE_RULE, target=Target(strategy="CANARY", routes="service"))).production


def test_exec_has_its_rights_and_a_root_that_can_be_written() -> None:
    made = ecs.documents(service_of("watched"))
    assert made["service.json"]["enableExecuteCommand"] is True
    assert made["task-definition.json"]["containerDefinitions"][0]["readonlyRootFilesystem"] is False
    assert "ssmmessages:OpenDataChannel" in module("watched") and "ssmmessages:OpenDataChannel" in json.dumps(template("watched"))


def test_the_collector_stands_beside_long_running_processes_only() -> None:
    made = ecs.documents(service_of("watched"))
    for name, count in (("task-definition.json", 2), ("worker-task-definition.json", 2), ("job-task-definition.json", 1)):
        assert len(made[name]["containerDefinitions"]) == count
    collector = made["task-definition.json"]["containerDefinitions"][1]
    assert collector["essential"] is False and collector["restartPolicy"]["enabled"] is True
    configuration = load_yaml(collector["environment"][0]["value"].encode())
    assert configuration["service"]["pipelines"]["traces"]["exporters"] == ["awsxray"] and "health_check" in configuration["extensions"]
    assert {v.name: v.value for v in service_of("watched").variables}["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4318"


def test_tags_retention_and_architecture_reach_all_forms() -> None:
    made = ecs.documents(service_of("watched"))["task-definition.json"]
    assert {"key": "team", "value": "books"} in made["tags"] and made["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    assert re.search(r'team += "books"', module("watched"))
    for environment in ("staging", "production"):
        assert json.loads(artifacts(plan_of("watched"))[f"deploy/parameters/{environment}.json"].content)["Parameters"]["LogRetentionDays"] == "60"


def test_scaling_aims_at_what_is_set() -> None:
    plan = service_plan(LOANS_WITH_TASKS, target=Target(scaling=Scaling(cpu=40, memory=50, requests=77, scale_out=11, scale_in=12)))
    made = load_yaml(artifacts(plan)["deploy/template.yaml"].content)
    values = {name: each["Properties"]["TargetTrackingScalingPolicyConfiguration"] for name, each in made["Resources"].items() if each["Type"].endswith("ScalingPolicy")}
    assert values["ScaleOnCpu"]["TargetValue"] == 40 and values["ScaleOnMemory"]["TargetValue"] == 50
    assert all((each["ScaleOutCooldown"], each["ScaleInCooldown"]) == (11, 12) for each in values.values())
    assert made["Parameters"]["RequestsPerTarget"]["Default"] == 77


# --- data ---------------------------------------------------------------------------------------


def test_aurora_is_a_cluster_with_a_serverless_writer() -> None:
    made = template("aurora")
    assert made["Database"]["Type"] == "AWS::RDS::DBCluster" and made["DatabaseWriter"]["Properties"]["DBInstanceClass"] == "db.serverless"
    assert "serverlessv2_scaling_configuration" in module("aurora")


def test_on_a_server_that_exists_role_and_database_are_made() -> None:
    assert not kinds("existing") & {"AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::RDS::DBSubnetGroup"}
    (container,) = template("existing")["DatabaseRoleTaskDefinition"]["Properties"]["ContainerDefinitions"]
    statements = next(each["Value"] for each in container["Environment"] if each["Name"] == "ROLE_STATEMENTS")
    assert statements.index("CREATE DATABASE") < statements.index("\\connect") < statements.index("CREATE ROLE")
    given = json.loads(artifacts(plan_of("existing"))["deploy/parameters/staging.json"].content)["Parameters"]
    assert given["DatabaseAddress"].startswith("REPLACE")


def test_files_that_rows_name_get_a_file_system_that_all_tasks_share() -> None:
    made = ecs.documents(service_of("files"))
    for name in ("task-definition.json", "job-task-definition.json", "copy-task-definition.json"):
        assert {"sourceVolume": "files", "containerPath": "/srv/files", "readOnly": False} in made[name]["containerDefinitions"][0]["mountPoints"]
    assert {v.name: v.value for v in service_of("files").variables}["MEDIA_ROOT"] == "/srv/files"
    assert "copy them into the shared file system, mounted at /srv/files" in next(g.reason for g in service_of("files").gaps if "scan" in g.subject)
    assert "install --directory" in artifacts(plan_of("files"))["Dockerfile"].content.decode()


@pytest.mark.parametrize(("context", "efs", "mounted"), [(LOANS, "auto", ""), (LOANS, "on", "/srv/files"), (WITH_FILES, "off", "")])
def test_a_file_system_can_be_asked_for_and_refused(context: Any, efs: Any, mounted: str) -> None:
    assert deployment(service_plan(context, target=Target(efs=efs))).files == mounted


# --- services without requests ------------------------------------------------------------------


def test_without_routes_the_load_balancer_is_left_alone() -> None:
    assert not [kind for kind in kinds("no-routes") if "LoadBalancing" in kind]
    made = ecs.documents(service_of("no-routes"))["service.json"]
    assert "loadBalancers" not in made and "healthCheckGracePeriodSeconds" not in made and made["serviceConnectConfiguration"]["enabled"]
    assert "ListenerArn" not in json.loads(artifacts(plan_of("no-routes"))["deploy/parameters/staging.json"].content)["Parameters"]


def test_a_context_that_is_its_tasks_has_workers_alone() -> None:
    service = service_of("worker-only")
    assert not service.serves and [process.name for process in service.processes] == ["book-loans-worker"]
    made = ecs.documents(service)
    assert "service.json" not in made and "task-definition.json" not in made and "worker-service.json" in made
    assert {name for name, each in template("worker-only").items() if each["Type"] == "AWS::ECS::Service"} == {"WorkerService"}
    assert not kinds("worker-only") & {"AWS::ServiceDiscovery::Service", "AWS::ElasticLoadBalancingV2::TargetGroup"}
    assert "-book-loans-worker)" in artifacts(plan_of("worker-only"))["deploy/running.sh"].content.decode()


def test_tasks_beside_operations_keep_the_boundary_api() -> None:
    context = msgspec.structs.replace(WORKER_ONLY, operations=LOANS.operations)
    assert deployment(service_plan(context)).serves


# --- joining ------------------------------------------------------------------------------------

JOIN = (
    ("", (("listener", "/platform/{environment}/listener"), ("load-balancer", "app/front/0a1b"), ("load-balancer-security-group", "sg-1"),
          ("monolith-target-group", "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/m/1"), ("vpc", "/platform/{environment}/vpc"))),
    ("production", (("cluster", "platform"), ("namespace-arn", "arn:aws:servicediscovery:eu-west-1:1:namespace/ns-1"), ("namespace-id", "ns-1"))),
)  # fmt: skip


def test_what_exists_is_joined_by_value_or_by_name() -> None:
    made = artifacts(service_plan(target=Target(join=JOIN)))
    text = made["services/shared/template.yaml"].content.decode()
    assert [f"{match.rule.id} {match.message}" for match in lint(text, config=ManualArgs(ignore_checks=["I"]))] == []
    parameters = load_yaml(text.encode())["Parameters"]
    assert parameters["VpcId"]["Type"] == "AWS::SSM::Parameter::Value<AWS::EC2::VPC::Id>" and "Default" not in parameters["ExistingListenerArn"]
    staging, production = (json.loads(made[f"services/shared/parameters/{name}.json"].content)["Parameters"] for name in ("staging", "production"))
    assert staging["VpcId"] == "/platform/staging/vpc" and production["ExistingListenerArn"] == "/platform/production/listener"
    assert "ExistingClusterName" not in staging and production["ExistingClusterName"] == "platform"
    values = made["services/shared/parameters/production.tfvars"].content.decode()
    assert '"/platform/production/listener"' in values and 'id  = "ns-1"' in values.replace("id = ", "id  = ") and "certificate_arn" not in values


@needs_terraform
def test_what_is_joined_keeps_terraforms_layout(tmp_path: Path) -> None:
    for path, artifact in artifacts(service_plan(target=Target(join=JOIN))).items():
        if path.startswith("services/shared/") and path.endswith((".tf", ".tfvars")):
            (tmp_path / Path(path).name).write_bytes(artifact.content)
    done = subprocess.run([shutil.which("terraform") or "", "fmt", "-check", "-diff"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


# --- formats ------------------------------------------------------------------------------------


def with_formats(*formats: str) -> dict[str, Artifact]:
    return artifacts(service_plan(LOANS_WITH_TASKS, target=Target(formats=formats)))


@pytest.mark.parametrize(("formats", "there", "absent"), [(("cloudformation",), "template.yaml", "main.tf"), (("terraform",), "main.tf", "template.yaml")])
def test_only_what_was_asked_for_is_written_and_the_json_always(formats: tuple[str, ...], there: str, absent: str) -> None:
    made = with_formats(*formats)
    for folder in ("deploy", "services/shared"):
        assert f"{folder}/{there}" in made and f"{folder}/{absent}" not in made
    assert "deploy/task-definition.json" in made
    suffix = ".tfvars" if "terraform" in formats else ".json"
    assert {Path(path).suffix for path in made if "/parameters/" in path} == {suffix}


def test_scripts_workflow_and_runbook_use_terraform_where_nothing_else_is_written() -> None:
    made = with_formats("terraform")
    for path in ("deploy/stack.sh", "deploy/environment.sh", ".github/workflows/service-book-loans.yml", "RUNBOOK.md"):
        text = made[path].content.decode()
        assert "terraform" in text and "cloudformation" not in text and "template.yaml" not in text, path
    outputs = set(re.findall(r'^output "(\w+)"', made["deploy/outputs.tf"].content.decode(), re.MULTILINE))
    assert set(re.findall(r"^\w+=\$\(output (\w+)\)", made["deploy/environment.sh"].content.decode(), re.MULTILINE)) <= outputs


def test_a_deployment_with_terraform_keeps_what_the_ones_before_gave(tmp_path: Path) -> None:
    made = with_formats("terraform")
    (tmp_path / "stack.sh").write_bytes(made["deploy/stack.sh"].content)
    (tmp_path / "parameters").mkdir()
    (tmp_path / "parameters/staging.tfvars").write_text('environment = "staging"\n')
    (tmp_path / "terraform").write_text(
        '#!/bin/sh\n[ "$1" = output ] && echo \'{"image_tag": "old", "traffic_percent": 10}\'\n[ "$1" = apply ] && shift && printf "%s\\n" "$@" > applied\nexit 0\n'
    )
    (tmp_path / "terraform").chmod(0o755)
    subprocess.run(
        ["bash", "-c", f'PATH="{tmp_path}:$PATH" ENVIRONMENT=staging bash ./stack.sh JobImageTag=new'], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    applied = (tmp_path / "applied").read_text().split("\n")
    assert {"image_tag=old", "traffic_percent=10", "job_image_tag=new", "-var-file=parameters/staging.tfvars"} <= set(applied)


# --- what processes say of themselves -----------------------------------------------------------


def test_events_are_sent_by_a_sidecar_and_watched() -> None:
    made = ecs.documents(service_of("telling"))
    sidecar = made["task-definition.json"]["containerDefinitions"][1]
    assert sidecar["command"] == ["python", "manage.py", "dispatch_events", "--report=60"]
    assert sidecar["essential"] is False and sidecar["restartPolicy"]["enabled"] is True and "portMappings" not in sidecar
    assert len(made["worker-task-definition.json"]["containerDefinitions"]) == 1
    for name in ("OutboxLagAlarm", "DeadLettersAlarm", "BacklogAlarm"):
        properties = template("telling")[name]["Properties"]
        assert properties["Namespace"] == {"Sub": "library/${Environment}/book-loans"}
    filters = {each["Properties"]["MetricTransformations"][0]["MetricName"]: each["Properties"] for each in template("telling").values() if each["Type"].endswith("MetricFilter")}
    assert filters.keys() == {"Backlog", "OutboxLag", "OutboxParked"}
    assert filters["OutboxLag"]["FilterPattern"] == '{ $.measure = "outbox" }' and filters["Backlog"]["MetricTransformations"][0]["MetricValue"] == "$.waiting"
    assert "for what sends events" in service_of("telling").web.reason and not deployment(service_plan()).events
    assert load_yaml(artifacts(plan_of("telling"))["compose.yaml"].content)["services"]["events"]["command"][2] == "dispatch_events"


def test_workers_are_scaled_by_what_waits_for_each() -> None:
    policy = template("telling")["ScaleWorkersOnBacklog"]["Properties"]["TargetTrackingScalingPolicyConfiguration"]
    (expression,) = [each for each in policy["CustomizedMetricSpecification"]["Metrics"] if each["ReturnData"]]
    assert expression["Expression"] == "backlog / FILL(tasks, 1)" and policy["TargetValue"] == {"Ref": "BacklogPerWorker"}
    assert 'expression  = "backlog / FILL(tasks, 1)"' in module("telling")


def test_an_image_of_workers_starts_and_judges_a_worker() -> None:
    text = artifacts(plan_of("worker-only"))["Dockerfile"].content.decode()
    assert 'CMD ["celery"' in text and "EXPOSE" not in text and "worker-heartbeat" in text
    assert set(load_yaml(artifacts(plan_of("worker-only"))["compose.yaml"].content)["services"]) == {"worker", "migrate", "database", "broker"}
