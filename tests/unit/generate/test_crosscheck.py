"""Each trap, set on purpose in files that are otherwise right, is found, and by the check that is there for it."""

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import yaml
from deployment_plans import LOANS, LOANS_WITH_TASKS, TARGETS, artifacts, service_plan

from decompose.generate.crosscheck import CHECKS, problems
from decompose.generate.deployment import deployment
from decompose.model.artifacts import Artifact
from decompose.model.deployment import Deployment
from decompose.model.target import Target

ROOT = "services/book-loans/"
SETTINGS = b'''import os
SECRET_KEY = os.environ["SECRET_KEY"]
URL = os.environ["DATABASE_URL"]
KEYS = os.getenv("POSTAGE_API_KEY"), os.environ.get("BOUNDARY_TOKEN_KEY"), os.environ.get("CELERY_BROKER_URL")
'''
DEFAULT = Target()
BY_NAME = {check.__name__: check for check in CHECKS}
Change = Callable[[bytes], bytes]


def files(context: Any = LOANS, python: bytes = SETTINGS, target: Target = DEFAULT) -> dict[str, Artifact]:
    package = "book_loans_service"
    texts = {f"{package}/{name}.py": b"" for name in ("__init__", "wsgi", "celery", "copy_data")} | {f"{package}/settings.py": python}
    return {**artifacts(service_plan(context, target=target)), **{path: Artifact(ROOT + path, text) for path, text in texts.items()}}


def found(changes: dict[str, Change], context: Any = LOANS, target: Target = DEFAULT, **options: Any) -> tuple[str, ...]:
    made = files(context, target=target)
    for path, change in changes.items():
        changed = change(made[path].content)
        assert changed != made[path].content, f"the fault was not set in {path}"
        made[path] = msgspec.structs.replace(made[path], content=changed)
    return problems(deployment(service_plan(context, target=target)), made.values(), **options)


def text(old: str, new: str) -> Change:
    return lambda content: content.replace(old.encode(), new.encode())


def pattern(old: str, new: str) -> Change:
    return lambda content: re.sub(old, new, content.decode(), count=1, flags=re.MULTILINE).encode()


def edit(function: Callable[[Any], object]) -> Change:
    def change(content: bytes) -> bytes:
        value = json.loads(content)
        function(value)
        return json.dumps(value).encode()

    return change


def container(value: Any) -> Any:
    return value["containerDefinitions"][0]


CALLING = msgspec.structs.replace(LOANS, callbacks=LOANS.operations)
SENDING = msgspec.structs.replace(LOANS, sent=LOANS_WITH_TASKS.tasks)


@pytest.mark.parametrize(
    "context",
    [LOANS, msgspec.structs.replace(LOANS, routes=()), LOANS_WITH_TASKS, msgspec.structs.replace(LOANS_WITH_TASKS, routes=()), CALLING, SENDING],
    ids=["web", "no-routes", "worker", "worker-only", "calling", "sending"],
)
def test_what_is_generated_has_no_problem(context: Any) -> None:
    assert found({}, context) == ()


TASK, SERVICE, STACK, IMAGE, COMPOSE = "deploy/task-definition.json", "deploy/service.json", "deploy/template.yaml", "Dockerfile", "compose.yaml"
WORKFLOW = ".github/workflows/service-book-loans.yml"
PYTHON = "book_loans_service/settings.py"
CONFIGURATION = "deploymentConfiguration"

FAULTS: list[tuple[str, str, Change, str]] = [
    # Tasks
    ("sizes_exist", TASK, edit(lambda v: v.update(cpu="256", memory="8192")), "no task with 256 CPU units and 8192 MiB"),
    ("fargate_takes_it", TASK, edit(lambda v: v.update(networkMode="bridge")), "networkMode awsvpc only"),
    ("fargate_takes_it", TASK, edit(lambda v: container(v).update(essential=False)), "no container is essential"),
    ("fargate_takes_it", TASK, edit(lambda v: v["runtimePlatform"].update(cpuArchitecture="ARM64")), "runs on ARM64, the image is for X86_64"),
    ("containers_are_confined", TASK, edit(lambda v: container(v).update(user="root")), "runs as root"),
    ("containers_are_confined", TASK, edit(lambda v: container(v).update(readonlyRootFilesystem=False)), "can write its root file system"),
    ("containers_are_confined", TASK, edit(lambda v: container(v)["linuxParameters"].pop("capabilities")), "keeps capabilities"),
    ("logs_go_somewhere", TASK, edit(lambda v: container(v).pop("logConfiguration")), "logs nowhere"),
    ("logs_go_somewhere", STACK, text("awslogs-group: !Ref LogGroup", "awslogs-group: /library/logs"), "a group that the template does not make"),
    ("volumes_are_there_and_writable", TASK, edit(lambda v: v.update(volumes=[])), "volume scratch is mounted but not declared"),
    ("volumes_are_there_and_writable", TASK, edit(lambda v: container(v)["mountPoints"][0].update(containerPath="/data")), "/data belongs to root on Fargate"),
    ("volumes_are_there_and_writable", IMAGE, text('VOLUME ["/tmp"]\n', ""), "/tmp belongs to root on Fargate"),
    ("stopping_takes_less_than_allowed", TASK, edit(lambda v: container(v).update(stopTimeout=20)), "is killed after 20 s but drains for 30 s"),
    ("stopping_takes_less_than_allowed", TASK, edit(lambda v: container(v).update(stopTimeout=300)), "above the 120 seconds"),
    ("secrets_stay_secret", TASK, edit(lambda v: container(v)["environment"].append({"name": "SECRET_KEY", "value": "x"})), "the secret SECRET_KEY stands in environment"),
    ("secrets_stay_secret", TASK, edit(lambda v: container(v)["secrets"][0].update(valueFrom="postgresql://me:word@host/db")), "perhaps its value"),
    ("variables_are_declared_and_read", TASK, edit(lambda v: container(v)["secrets"].pop()), "SECRET_KEY is required by the service's code but not declared"),
    ("variables_are_declared_and_read", PYTHON, text('os.environ["DATABASE_URL"]', '""'), "the secret DATABASE_URL is declared but nothing reads it"),
    ("variables_are_declared_and_read", PYTHON, lambda content: content + b'X = os.environ["SEARCH_HOST"]\n', "SEARCH_HOST is required by the service's code"),
    ("the_port_is_one", TASK, edit(lambda v: container(v)["portMappings"][0].update(containerPort=9000)), "is told to listen on 8000, its port mapping says 9000"),
    ("commands_start_what_exists", TASK, edit(lambda v: container(v)["command"].append("book_loans_service.asgi:application")), "starts book_loans_service.asgi, which is not in the image"),
    ("inputs_and_template_agree", TASK, edit(lambda v: container(v)["command"].remove("--workers=2")), "command differs from template.yaml TaskDefinition"),
    ("inputs_and_template_agree", TASK, edit(lambda v: container(v)["environment"].pop()), "stands here or in template.yaml TaskDefinition, not in both"),
    # Services
    ("ports_and_names_meet", SERVICE, edit(lambda v: v["loadBalancers"][0].update(containerPort=9000)), "the load balancer wants port 9000"),
    ("ports_and_names_meet", SERVICE, edit(lambda v: v["loadBalancers"][0].update(containerName="web")), "the load balancer wants port 8000 of web"),
    ("ports_and_names_meet", STACK, text("ContainerName: book-loans, ContainerPort: 8000", "ContainerName: book-loans, ContainerPort: 8001"), "the load balancer wants port 8001"),
    ("ports_and_names_meet", SERVICE, edit(lambda v: v["serviceConnectConfiguration"]["services"][0].update(portName="grpc")), "Service Connect names the port grpc"),
    ("ports_and_names_meet", SERVICE, edit(lambda v: v.update(taskDefinition="other")), "its task definition is missing"),
    ("health_is_asked_where_it_is_answered", STACK, text("      Port: 8000\n", "      Port: 8080\n"), "port 8080, the service listens on 8000"),
    ("health_is_asked_where_it_is_answered", STACK, text("TargetType: ip", "TargetType: instance"), "tasks with awsvpc are targets by ip"),
    ("health_is_asked_where_it_is_answered", STACK, text("HealthCheckPath: /readyz", "HealthCheckPath: /"), "asks / for health"),
    ("health_is_asked_where_it_is_answered", SERVICE, edit(lambda v: v.pop("healthCheckGracePeriodSeconds")), "no grace period"),
    ("the_deployment_leaves_the_split_alone", SERVICE, edit(lambda v: v[CONFIGURATION].update(strategy="BLUE_GREEN")), "BLUE_GREEN rewrites the weights"),
    ("the_deployment_leaves_the_split_alone", SERVICE, edit(lambda v: v[CONFIGURATION].update(strategy="BLUE_GREEN")), "BLUE_GREEN needs the load balancer's advancedConfiguration"),
    ("the_deployment_leaves_the_split_alone", SERVICE, edit(lambda v: v[CONFIGURATION].update(strategy="CANARY")), "CANARY needs canaryConfiguration"),
    ("the_deployment_leaves_the_split_alone", SERVICE, edit(lambda v: v[CONFIGURATION].update(strategy="LINEAR")), "LINEAR needs linearConfiguration"),
    ("a_failed_deployment_goes_back", SERVICE, edit(lambda v: v[CONFIGURATION].pop("deploymentCircuitBreaker")), "no circuit breaker"),
    ("a_failed_deployment_goes_back", SERVICE, edit(lambda v: v[CONFIGURATION].update(maximumPercent=100)), "no deployment can start or stop one"),
    ("a_failed_deployment_goes_back", STACK, text("book-loans-unhealthy'\n", "book-loans-sick'\n"), "waits for an alarm that does not exist"),
    ("scaling_owns_the_count", STACK, text("      PlatformVersion: LATEST\n", "      PlatformVersion: LATEST\n      DesiredCount: 2\n"), "resets what scaling decided"),
    ("scaling_owns_the_count", STACK, text("ScalingTargetId: !Ref Scaling", "ScalingTargetId: !Ref Other"), "no policy scales it"),
    ("scaling_owns_the_count", STACK, pattern(r"MinCapacity: .*\n(.*)MaxCapacity: .*", r"MinCapacity: 4\n\1MaxCapacity: 2"), "at least 4 tasks and at most 2"),
    ("exec_has_what_it_needs", SERVICE, edit(lambda v: v.update(enableExecuteCommand=True)), "no role has the ssmmessages rights"),
    ("exec_has_what_it_needs", SERVICE, edit(lambda v: v.update(enableExecuteCommand=True)), "does not work with a read-only root"),
    ("names_are_free", SERVICE, edit(lambda v: v["serviceConnectConfiguration"]["services"][0].update(discoveryName="book-loans")), "which the DNS name has in the same namespace"),
    # Around them
    ("listener_rules_fit", STACK, text("      Priority: 102", "      Priority: 101"), "two listener rules have one priority"),
    ("listener_rules_fit", STACK, text("      Priority: 102", "      Priority: 900"), "the rule with priority 102 is missing"),
    ("listener_rules_fit", STACK, pattern(r"Values: \[.*/loans/.*\]", "Values: ['*']"), "catches *, the moved routes need"),
    ("listener_rules_fit", STACK, text("- Field: http-header", "- Field: host-header"), "is for testers, but sends everybody to the service"),
    ("listener_rules_fit", STACK, text('"10": {Monolith: 90', '"10": {Monolith: 80'), "the weights at 10 % do not add up"),
    ("groups_open_both_ways", STACK, text("  ToDatabaseEgress:\n    Type: AWS::EC2::SecurityGroupEgress", "  ToDatabaseEgress:\n    Type: Other"), "the service cannot reach its database"),
    ("groups_open_both_ways", STACK, text("  ToDatabaseIngress:\n    Type: AWS::EC2::SecurityGroupIngress", "  ToDatabaseIngress:\n    Type: Other"), "DatabaseSecurityGroup does not let it in"),
    ("groups_open_both_ways", STACK, text("  FromLoadBalancerIngress:\n    Type: AWS::EC2::SecurityGroupIngress", "  FromLoadBalancerIngress:\n    Type: Other"), "the load balancer cannot reach the service"),
    ("groups_open_both_ways", STACK, text("  FromMonolithEgress:\n    Type: AWS::EC2::SecurityGroupEgress", "  FromMonolithEgress:\n    Type: Other"), "the monolith cannot reach the service"),
    ("groups_open_both_ways", STACK, text("FromPort: 443, ToPort: 443", "FromPort: 80, ToPort: 80"), "tasks cannot reach AWS"),
    ("groups_are_closed", STACK, text('Description: "own database"', 'Description: "it\'s own database"'), "EC2 refuses a description"),
    ("groups_are_closed", STACK, pattern(r"SourceSecurityGroupId: !Ref LoadBalancerSecurityGroup", "CidrIp: 0.0.0.0/0"), "open to the whole internet"),
    ("groups_are_closed", SERVICE, edit(lambda v: v["networkConfiguration"]["awsvpcConfiguration"].update(assignPublicIp="ENABLED")), "its tasks have public addresses"),
    ("rights_are_narrow", STACK, text("secretsmanager:GetSecretValue", "secretsmanager:*"), "an action with *"),
    ("rights_are_narrow", STACK, text("Resource: !GetAtt LogGroup.Arn", 'Resource: "*"'), "any resource for logs:CreateLogStream"),
    ("rights_are_enough", STACK, text("                  - !Ref SecretKey\n", ""), "may not read SECRET_KEY"),
    ("rights_are_enough", STACK, text("logs:PutLogEvents", "logs:DescribeLogStreams"), "may not write to its log group"),
    ("rights_are_enough", STACK, text("ecr:BatchGetImage", "ecr:DescribeImages"), "may not pull its image"),
    ("rights_are_enough", STACK, text("Principal: {Service: ecs-tasks.amazonaws.com}", "Principal: {Service: ecs.amazonaws.com}"), "cannot be taken on by ECS tasks"),
    ("moved_code_may_do_what_it_does", STACK, text("Action: ['s3:PutObject']", "Action: ['s3:GetObject']"), "the moved code calls s3:PutObject"),
    ("data_is_safe", STACK, text("StorageEncrypted: true", "StorageEncrypted: false"), "StorageEncrypted is off"),
    ("data_is_safe", STACK, text("DeletionProtection: true", "DeletionProtection: false"), "DeletionProtection is off"),
    ("data_is_safe", STACK, text("PubliclyAccessible: false", "PubliclyAccessible: true"), "reachable from the internet"),
    ("data_is_safe", STACK, text("UpdateReplacePolicy: Snapshot", "UpdateReplacePolicy: Delete"), "deleted without a snapshot (UpdateReplacePolicy)"),
    ("data_is_safe", STACK, text('rds.force_ssl: "1"', 'rds.force_ssl: "0"'), "takes connections in plain text"),
    ("data_is_safe", STACK, text("Family: postgres15", "Family: postgres16"), "does not take a parameter group of postgres16"),
    ("data_is_safe", STACK, text("BackupRetentionPeriod: !Ref DatabaseBackupDays", "BackupRetentionPeriod: 0"), "no backups"),
    ("each_environment_has_its_values", "deploy/parameters/production.json", edit(lambda v: v["Parameters"].pop("ListenerArn")), "ListenerArn has no default and no value"),
    ("each_environment_has_its_values", "deploy/parameters/staging.json", edit(lambda v: v["Parameters"].update(Memroy="512")), "no parameter Memroy"),
    # The way there
    ("the_image_fits_the_task", IMAGE, text("USER 10001:10001", "USER root"), "the last stage runs as root"),
    ("the_image_fits_the_task", TASK, edit(lambda v: container(v).update(user="10002:10002")), "the image runs as 10001:10001"),
    ("the_image_fits_the_task", IMAGE, text("--no-install-recommends libpq5", "--no-install-recommends libpq-dev"), "installs a compiler"),
    ("the_image_fits_the_task", IMAGE, text('CMD ["gunicorn", ', 'CMD gunicorn ["'), "not in exec form"),
    ("the_image_fits_the_task", IMAGE, text("HEALTHCHECK", "#HEALTHCHECK"), "no HEALTHCHECK"),
    ("the_image_fits_the_task", IMAGE, text("EXPOSE 8000", "EXPOSE 80"), "exposes 80, the service listens on 8000"),
    ("the_image_holds_no_secrets", ".dockerignore", text("**/.env*\n", ""), "lets .env files into the image"),
    ("the_image_holds_no_secrets", IMAGE, text("ENV PATH=", "ENV SECRET_KEY=abc PATH="), "keeps SECRET_KEY in the image's history"),
    ("compose_waits_for_what_exists", COMPOSE, text("  migrate:\n", "  migration:\n"), "waits for migrate, which does not exist"),
    ("jobs_name_their_containers", "deploy/migrate-task.json", text('"name": "book-loans-job"', '"name": "job"'), "has no container job"),
    ("placeholders_are_filled", "deploy/environment.sh", text(" ${SUBNET_2}", ""), "nothing fills in ${SUBNET_2}"),
    ("migration_comes_before_the_service", WORKFLOW, text("deploy/migrate-task.json", "deploy/other.json"), "deployed before its migration"),
    ("migration_comes_before_the_service", WORKFLOW, text("run: deploy/running.sh", "run: 'true'"), "nobody looks whether the running revision"),
    ("migration_comes_before_the_service", "deploy/run-task.sh", text("exitCode", "lastStatus"), "a failed migration lets the service through"),
    ("the_workflow_needs_no_keys", WORKFLOW, text("id-token: write", "id-token: none"), "may not ask for an identity token"),
    ("the_workflow_needs_no_keys", WORKFLOW, text("role-to-assume: ", "aws-secret-access-key: x\n          role-to-assume: "), "uses a long-lived key"),
    ("the_workflow_needs_no_keys", WORKFLOW, pattern(r"(  image:\n    needs: test\n    runs-on: )ubuntu-latest", r"\1ubuntu-24.04-arm"), "built on ubuntu-24.04-arm and runs on X86_64"),
]


@pytest.mark.parametrize(("check", "path", "fault", "sentence"), FAULTS, ids=[sentence for _, _, _, sentence in FAULTS])
def test_a_fault_is_found(check: str, path: str, fault: Change, sentence: str) -> None:
    made = found({path: fault}, checks=[BY_NAME[check]])
    assert any(sentence in problem for problem in made), made


OF_OTHERS: list[tuple[str, Any, Change, str]] = [
    ("groups_open_both_ways", LOANS_WITH_TASKS, text("  ToBrokerIngress:\n    Type: AWS::EC2::SecurityGroupIngress", "  ToBrokerIngress:\n    Type: Other"), "the service cannot reach the broker"),
    ("groups_open_both_ways", SENDING, text("  ToBrokerEgress:\n    Type: AWS::EC2::SecurityGroupEgress", "  ToBrokerEgress:\n    Type: Other"), "the service cannot reach the broker"),
    ("groups_open_both_ways", CALLING, text("  ToMonolithEgress:\n    Type: AWS::EC2::SecurityGroupEgress", "  ToMonolithEgress:\n    Type: Other"), "the service cannot reach the monolith"),
    ("rights_are_enough", LOANS_WITH_TASKS, text("Action: ecs:RunTask", "Action: ecs:StopTask"), "its role may not run JobTaskDefinition"),
    ("rights_are_enough", LOANS_WITH_TASKS, text("Resource: [!GetAtt ExecutionRole.Arn, !GetAtt TaskRole.Arn]", "Resource: [!GetAtt TaskRole.Arn]"), "may not pass on the roles of the task"),
]


@pytest.mark.parametrize(("check", "context", "fault", "sentence"), OF_OTHERS, ids=[sentence for _, _, _, sentence in OF_OTHERS])
def test_a_fault_in_a_service_with_more_around_it_is_found(check: str, context: Any, fault: Change, sentence: str) -> None:
    made = found({STACK: fault}, context, checks=[BY_NAME[check]])
    assert any(sentence in problem for problem in made), made


WORKER = "deploy/worker-task-definition.json"


def hidden(name: str) -> Change:
    """A way through a security group that is no more."""
    return pattern(rf"  {name}:\n    Type: AWS::EC2::SecurityGroup\w+", f"  {name}:\n    Type: Other")


OF_TARGETS: list[tuple[str, str, str, Change, str]] = [
    ("volumes_are_there_and_writable", "files", TASK, edit(lambda v: [v["volumes"].remove(each) for each in [*v["volumes"]] if "efsVolumeConfiguration" in each]), "is mounted but not declared"),
    ("variables_are_declared_and_read", "worker-only", PYTHON, text('os.environ.get("CELERY_BROKER_URL")', '""'), "worker-task-definition.json: the secret CELERY_BROKER_URL is declared but nothing reads it"),
    ("variables_are_declared_and_read", "worker-only", WORKER, edit(lambda v: container(v)["secrets"].pop()), "is required by the service's code but not declared"),
    ("containers_are_confined", "watched", TASK, edit(lambda v: container(v)["linuxParameters"].pop("capabilities")), "keeps capabilities"),
    ("exec_has_what_it_needs", "watched", TASK, edit(lambda v: container(v).update(readonlyRootFilesystem=True)), "does not work with a read-only root"),
    ("groups_open_both_ways", "files", STACK, hidden("ToFilesEgress"), "the service cannot reach its files"),
    ("groups_open_both_ways", "existing", STACK, hidden("ToDatabaseIngress"), "the service cannot reach its database"),
    ("groups_open_both_ways", "existing", STACK, text("!Ref DatabasePort, ToPort: !Ref DatabasePort", "5433, ToPort: 5433"), "the service cannot reach its database"),
    ("groups_open_both_ways", "worker-only", STACK, hidden("ToBrokerEgress"), "the service cannot reach the broker"),
    ("groups_open_both_ways", "no-routes", STACK, hidden("FromMonolithIngress"), "the monolith cannot reach the service"),
    ("rights_are_narrow", "watched", STACK, text("xray:PutTraceSegments", "s3:GetObject"), "any resource for"),
    ("data_is_safe", "files", STACK, pattern(r"(AWS::EFS::FileSystem\n    DeletionPolicy: )Retain", r"\1Delete"), "deleted with the stack (DeletionPolicy)"),
    ("data_is_safe", "files", STACK, text("      Encrypted: true", "      Encrypted: false"), "FileSystem: Encrypted is off"),
    ("data_is_safe", "aurora", STACK, text("StorageEncrypted: true", "StorageEncrypted: false"), "Database: StorageEncrypted is off"),
    ("data_is_safe", "aurora", STACK, text("DeletionPolicy: Snapshot", "DeletionPolicy: Delete"), "deleted without a snapshot (DeletionPolicy)"),
    ("data_is_safe", "aurora", STACK, text("PubliclyAccessible: false", "PubliclyAccessible: true"), "DatabaseWriter: reachable from the internet"),
    ("data_is_safe", "aurora", STACK, text('rds.force_ssl: "1"', 'rds.force_ssl: "0"'), "takes connections in plain text"),
    ("data_is_safe", "aurora", STACK, text("Family: aurora-postgresql15", "Family: aurora-postgresql16"), "does not take a parameter group of aurora-postgresql16"),
]


@pytest.mark.parametrize(("check", "name", "path", "fault", "sentence"), OF_TARGETS, ids=[f"{name}: {sentence}" for _, name, _, _, sentence in OF_TARGETS])
def test_a_fault_is_found_whatever_the_settings(check: str, name: str, path: str, fault: Change, sentence: str) -> None:
    context, target = TARGETS[name]
    made = found({path: fault}, context, target, checks=[BY_NAME[check]])
    assert any(sentence in problem for problem in made), made


def test_only_fargate_has_a_list_of_sizes() -> None:
    sizes = edit(lambda v: v.update(cpu="256", memory="8192"))
    context, target = TARGETS["ec2"]
    assert found({TASK: sizes}, context, target, checks=[BY_NAME["sizes_exist"]]) == ()
    assert len(found({TASK: sizes}, context, checks=[BY_NAME["sizes_exist"]])) == 1


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_generated_has_no_problem_whatever_the_settings(name: str) -> None:
    assert found({}, *TARGETS[name]) == ()


def changed_rule(**changes: Any) -> Callable[[Deployment], Deployment]:
    def change(service: Deployment) -> Deployment:
        return msgspec.structs.replace(service, rules=(msgspec.structs.replace(service.rules[0], **changes), *service.rules[1:]))

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (changed_rule(priority=101), "two listener rules have one priority"),
        (changed_rule(priority=60_000), "priority 60000 is outside"),
        (changed_rule(paths=("/a", "/b", "/c", "/d", "/e", "/f")), "condition values, a load balancer takes"),
        (changed_rule(paths=("/*/*/*/*/*/*",)), "wildcards"),
    ],
)
def test_a_fault_of_the_model_is_found(change: Callable[[Deployment], Deployment], sentence: str) -> None:
    made = problems(change(deployment(service_plan())), [], [BY_NAME["rules_are_within_quotas"]])
    assert any(sentence in problem for problem in made), made


def test_every_check_has_a_fault_that_it_finds() -> None:
    assert {check for check, *_ in (*FAULTS, *OF_OTHERS)} | {"rules_are_within_quotas"} == BY_NAME.keys()


def test_services_that_claim_the_same_are_found() -> None:
    made = files()
    other = yaml.dump({"Resources": {"Rule": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"Priority": 101}}}})
    problem, = problems(deployment(service_plan()), [*made.values(), Artifact("services/readers/deploy/template.yaml", other.encode())])
    assert problem == "template.yaml: readers has the priority 101 too"


@pytest.mark.parametrize("gone", [TASK, SERVICE, STACK, IMAGE, COMPOSE, WORKFLOW, "deploy/environment.sh"])
def test_a_file_that_a_person_deleted_is_theirs_to_do_without(gone: str) -> None:
    made = problems(deployment(service_plan()), [artifact for path, artifact in files().items() if path != gone])
    assert not [problem for problem in made if problem.startswith(gone.rpartition("/")[2])]
