import msgspec
import pytest
from deployment_plans import AT, LOANS, LOANS_WITH_TASKS, service_plan

from decompose.generate.deployment import deployment
from decompose.generate.sizing import FARGATE_SIZES, fargate_size
from decompose.model.deployment import Variable
from decompose.model.facts import EnvironmentRead, External, Route, Setting
from decompose.model.target import Sizes, Target


def test_a_credential_becomes_a_secret_and_its_default_is_forgotten() -> None:
    service = deployment(service_plan())
    assert "POSTAGE_API_KEY" in {secret.name for secret in service.secrets}
    assert "abc-not-to-be-copied" not in repr(service)


def test_a_plain_variable_keeps_the_default_of_the_code() -> None:
    assert ("LOAN_DAYS", "28") in {(v.name, v.value) for v in deployment(service_plan()).variables}


def test_a_variable_without_default_is_left_to_the_environment_and_reported() -> None:
    service = deployment(service_plan())
    assert ("FINE_RULES", None) in {(v.name, v.value) for v in service.variables}
    assert "FINE_RULES" in {gap.subject for gap in service.gaps}


def test_a_setting_from_the_environment_counts_as_a_read() -> None:
    context = msgspec.structs.replace(LOANS, settings=(Setting("PAGE", "'20'", AT, environment="PAGE_SIZE"),))
    assert ("PAGE_SIZE", "20") in {(v.name, v.value) for v in deployment(service_plan(context)).variables}


def test_a_setting_that_the_monolith_computes_is_given_to_the_service() -> None:
    """The service's settings ask for it and do not start without."""
    context = msgspec.structs.replace(LOANS, settings=(Setting("FEES", "fees_of(COUNTRY)", AT), Setting("SIGNING_SECRET", "derive()", AT)))
    service = deployment(service_plan(context))
    assert Variable("FEES", None, AT) in service.variables
    assert "SIGNING_SECRET" in {secret.name for secret in service.secrets}
    assert {gap.at for gap in service.gaps if gap.subject == "FEES"} == {AT}



def test_long_lived_aws_keys_are_not_passed_on() -> None:
    context = msgspec.structs.replace(LOANS, environment=(EnvironmentRead("x", "AWS_SECRET_ACCESS_KEY", "", AT),))
    service = deployment(service_plan(context))
    assert "AWS_SECRET_ACCESS_KEY" not in {s.name for s in service.secrets} | {v.name for v in service.variables}


def test_the_contract_with_the_service_is_always_there() -> None:
    service = deployment(service_plan(msgspec.structs.replace(LOANS, environment=())))
    assert {s.name for s in service.secrets} == {"BOUNDARY_TOKEN_KEY", "DATABASE_URL", "SECRET_KEY"}
    assert {v.name for v in service.variables} == {"DJANGO_SETTINGS_MODULE", "LOG_LEVEL", "PORT"}


def test_routes_of_code_that_stays_do_not_move() -> None:
    weighted = [rule for rule in deployment(service_plan()).rules if rule.forward == "weighted"]
    assert "/loans/overdue/" not in {path for rule in weighted for path in rule.paths}


def test_fields_of_a_graphql_schema_are_nothing_that_a_load_balancer_could_move_or_keep() -> None:
    field = Route(("QUERY",), "loans", "library.loans.services.lend", AT, "graphene", kind="graphql")
    with_field = deployment(service_plan(msgspec.structs.replace(LOANS, routes=(*LOANS.routes, field))))
    assert with_field.rules == deployment(service_plan()).rules


def test_a_client_that_is_only_made_is_no_gap_when_its_actions_are_known() -> None:
    context = msgspec.structs.replace(LOANS, externals=(External("x", "aws", "s3", AT), External("x", "aws", "s3:PutObject", AT)))
    service = deployment(service_plan(context))
    assert service.grants[0].actions == ("s3:PutObject",) and "rights on s3" not in {gap.subject for gap in service.gaps}


def test_aws_calls_become_rights() -> None:
    assert deployment(service_plan()).grants[0].actions == ("s3:PutObject",)


def test_an_aws_service_without_known_actions_is_reported() -> None:
    context = msgspec.structs.replace(LOANS, externals=(External("x", "aws", "sqs", AT),))
    service = deployment(service_plan(context))
    assert service.grants == () and "rights on sqs" in {gap.subject for gap in service.gaps}


def test_a_compiled_requirement_brings_its_system_packages() -> None:
    service = deployment(service_plan())
    assert ("libpq-dev" in service.build_packages, service.run_packages) == (True, ("libpq5",))


def test_tasks_bring_a_worker_and_a_broker() -> None:
    service = deployment(service_plan(LOANS_WITH_TASKS))
    assert service.worker is not None and "--queues=mail" in service.worker.command
    assert "CELERY_BROKER_URL" in {secret.name for secret in service.secrets}


def test_a_schedule_that_cannot_be_said_is_reported() -> None:
    service = deployment(service_plan(LOANS_WITH_TASKS))
    assert [job.expression for job in service.schedules] == ["cron(30 7 ? * MON-FRI *)"]
    assert "schedule often" in {gap.subject for gap in service.gaps}


@pytest.mark.parametrize(("asked", "given"), [((256, 512), (256, 512)), ((256, 600), (256, 1024)), ((300, 300), (512, 1024)), ((256, 8192), (1024, 8192))])
def test_sizes_are_rounded_up_to_what_fargate_has(asked: tuple[int, int], given: tuple[int, int]) -> None:
    assert fargate_size(*asked) == given


def test_no_task_is_larger_than_fargate() -> None:
    with pytest.raises(ValueError, match="no Fargate task"):
        fargate_size(32768, 1)


def test_a_rounded_size_is_reported() -> None:
    plan = service_plan(target=Target(sizes=Sizes(cpu=300, memory=512)))
    service = deployment(plan)
    assert service.web.memory in FARGATE_SIZES[service.web.cpu]
    assert any("Fargate has no such pair" in gap.reason for gap in service.gaps)


@pytest.mark.parametrize(("declared", "version"), [("3.11", "3.11"), (">=3.12,<4", "3.12"), ("", "3.12")])
def test_the_python_of_the_project_is_used(declared: str, version: str) -> None:
    project = msgspec.structs.replace(service_plan().project, python=declared)
    assert deployment(service_plan(project=project)).python == version
