"""Terraform: one module per service, and one for what all services of a project share. The same as ``cloudformation`` makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from decompose.generate import cloudformation, ecs, hcl
from decompose.generate.cloudformation import ENVIRONMENTS, TRAFFIC
from decompose.generate.deployment import BROKER_URL, FARGATE_SIZES, MONOLITH_URL, deployment
from decompose.generate.hcl import Expression
from decompose.generate.render import Render
from decompose.model.artifacts import Artifact
from decompose.model.deployment import Deployment, Secret
from decompose.model.service import ServicePlan

Value = dict[str, Any]


class Way(msgspec.Struct, frozen=True):
    """Connections that both ends let through: from the security group ``source`` to ``target``, expressions all but the name."""

    name: str
    source: str
    target: str
    port: str
    description: str
    condition: str = ""


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """``main.tf``, ``variables.tf``, ``outputs.tf`` and values for each environment; the shared module beside all services."""
    service = deployment(plan)
    values = _values(service)
    for name in ("main", "variables", "outputs"):
        content = render(f"deploy/terraform/{name}.tf.j2", **values)
        yield Artifact(f"{service.root}/deploy/{name}.tf", content, context=service.context)
    for environment in ENVIRONMENTS:
        content = hcl.attributes(_environment(service, environment)).encode() + b"\n"
        yield Artifact(f"{service.root}/deploy/parameters/{environment}.tfvars", content, "merged", context=service.context)
    shared = service.root.rpartition("/")[0] + "/shared"
    for name in ("main", "variables"):
        content = render(f"deploy/terraform/shared/{name}.tf.j2", project=service.project, cluster=service.cluster)
        yield Artifact(f"{shared}/{name}.tf", content)
    for environment in ENVIRONMENTS:
        yield Artifact(f"{shared}/parameters/{environment}.tfvars", hcl.attributes(_shared(environment)).encode() + b"\n", "once")


def _values(service: Deployment) -> Value:
    """Everything that the templates of a service's module show."""
    return {
        "service": service,
        "shared": cloudformation.looked_up(service),
        "broker": service.reads(BROKER_URL),
        "given": [secret for secret in service.secrets if secret.source == "given"],
        "optional": [variable for variable in service.variables if variable.value is None and not variable.purpose],
        "needed": [variable for variable in service.variables if variable.value is None and variable.purpose],
        "traffic": TRAFFIC,
        "fargate": {str(cpu): list(sizes) for cpu, sizes in FARGATE_SIZES.items()},
        "secret_arns": [Expression(_secret(secret)) for secret in service.secrets],
        "ways": _ways(service),
        "rule_gaps": cloudformation.rule_gaps(service),
        "first_priority": service.priority,
        "task": _filled(service, ecs.task_definition(service, service.web), "var.image_tag"),
        "worker_task": service.worker and _filled(service, ecs.task_definition(service, service.worker), "var.image_tag"),
        "job_task": _filled(service, ecs.job_definition(service, "job"), "var.job_image_tag"),
        "copy_task": _filled(service, ecs.job_definition(service, "copy"), "var.job_image_tag"),
        "web": _filled(service, ecs.web_service(service), "var.image_tag"),
        "worker": service.worker and _filled(service, ecs.worker_service(service, service.worker), "var.image_tag"),
        "database_role": [_role_container(service)],
        "outputs": _outputs(service),
    }


def _filled(service: Deployment, value: Value, tag: str) -> Value:
    """An input of the API with expressions for its placeholders; variables that have no value are left out of containers."""
    references = _references(service, tag)
    found: Value = hcl.filled(value, references.__getitem__)
    for container in found.get("containerDefinitions", ()):
        _without_unset(service, container)
    return found


def _without_unset(service: Deployment, container: Value) -> None:
    unset = [variable.name for variable in service.variables if variable.value is None and not variable.purpose]
    if unset:
        known = [each for each in container["environment"] if each["name"] not in unset]
        given = ", ".join(f"{name} = var.{_variable(name)}" for name in unset)
        lines = f"[for name, value in {{ {given} }} : {{ name = name, value = value }} if value != null]"
        container["environment"] = Expression(f"concat({hcl.literal(known, 6)}, {lines})")


def _references(service: Deployment, tag: str) -> dict[str, str]:
    secrets = {ecs.secret_placeholder(secret.name): _secret_value(secret) for secret in service.secrets}
    variables = {variable.name: f"var.{_variable(variable.name)}" for variable in service.variables if variable.value is None}
    return {
        **variables,
        "AWS_REGION": "data.aws_region.current.name",
        "CLUSTER": "local.cluster",
        "ENVIRONMENT": "var.environment",
        "EXECUTION_ROLE_ARN": "aws_iam_role.execution.arn",
        "IMAGE": f'"${{aws_ecr_repository.service.repository_url}}:${{{tag}}}"',
        "LOG_GROUP": "aws_cloudwatch_log_group.service.name",
        "NAMESPACE_ARN": 'local.shared["namespace-arn"]',
        "REGISTRY_ARN": "aws_service_discovery_service.service.arn",
        "SECURITY_GROUP": "aws_security_group.service.id",
        "SUBNET_1": "local.subnets[0]",
        "SUBNET_2": "local.subnets[1]",
        "TARGET_GROUP_ARN": "aws_lb_target_group.service.arn",
        "TASK_ROLE_ARN": "aws_iam_role.task.arn",
        **secrets,
        ecs.secret_placeholder("SOURCE_DATABASE_URL"): "var.source_database_url_secret_arn",
    }


def _secret(secret: Secret) -> str:
    """The expression of a secret's ARN."""
    match secret.source:
        case "database":
            return "aws_secretsmanager_secret.database.arn"
        case "generated":
            return f"aws_secretsmanager_secret.{secret.name.lower()}.arn"
        case "shared":
            return 'local.shared["boundary-token-key-arn"]'
        case "given":
            return f"var.{secret.name.lower()}_secret_arn"


def _secret_value(secret: Secret) -> str:
    """What ``valueFrom`` says: the secret, of the database's the address alone."""
    return f'"${{{_secret(secret)}}}:url::"' if secret.source == "database" else _secret(secret)


def _variable(name: str) -> str:
    return f"variable_{name.lower()}"


def _ways(service: Deployment) -> list[Way]:
    own, port = "aws_security_group.service.id", str(service.web.port)
    database = "aws_security_group.database.id"
    monolith_database = 'local.shared["monolith-database-security-group"]'
    found = [
        Way("from_load_balancer", 'local.shared["load-balancer-security-group"]', own, port, "requests and health checks"),
        Way("from_monolith", 'local.shared["monolith-security-group"]', own, port, "calls of the boundary API"),
        Way("to_database", own, database, "5432", "own database"),
        Way("to_monolith_database", own, monolith_database, "5432", "copy job, until the cutover", "local.has_source"),
    ]
    if service.reads(BROKER_URL):
        found.append(Way("to_broker", own, 'local.shared["broker-security-group"]', "var.broker_port", "tasks to and from the broker"))
    if service.reads(MONOLITH_URL):
        found.append(Way("to_monolith", own, 'local.shared["monolith-security-group"]', 'local.shared["monolith-port"]', "callbacks and events"))
    return found


def _role_container(service: Deployment) -> Value:
    secret = "aws_secretsmanager_secret.database.arn"
    environment = {
        "PGHOST": Expression("aws_db_instance.service.address"),
        "PGPORT": Expression("tostring(aws_db_instance.service.port)"),
        "PGDATABASE": service.database,
        "PGUSER": "administrator",
        "PGSSLMODE": "require",
        "ROLE": service.database,
        "ROLE_STATEMENTS": ecs.ROLE_STATEMENTS,
    }
    return {
        "name": f"{service.name}-database-role",
        "image": Expression("var.psql_image"),
        "essential": True,
        "entryPoint": ["sh", "-c"],
        "command": [ecs.ROLE_COMMAND],
        "user": f"{service.user}:{service.user}",
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
        "healthCheck": {"command": ["CMD", "true"], "interval": 60, "timeout": 5, "retries": 3},
        "environment": [{"name": name, "value": value} for name, value in environment.items()],
        "secrets": [
            {"name": "PGPASSWORD", "valueFrom": Expression('"${aws_db_instance.service.master_user_secret[0].secret_arn}:password::"')},
            {"name": "ROLE_PASSWORD", "valueFrom": Expression(f'"${{{secret}}}:password::"')},
        ],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": Expression("aws_cloudwatch_log_group.service.name"),
                "awslogs-region": Expression("data.aws_region.current.name"),
                "awslogs-stream-prefix": "database-role",
            },
        },
    }


def _outputs(service: Deployment) -> dict[str, str]:
    """Expressions by name, as the stack of CloudFormation has its outputs."""
    references = _references(service, "var.image_tag")
    secrets = {f"{secret.name.lower()}_secret_arn": _secret(secret) for secret in service.secrets}
    found = {
        "cluster_name": references["CLUSTER"],
        "database_host": "aws_db_instance.service.address",
        "database_role_secret_arn": "aws_secretsmanager_secret.database.arn",
        "execution_role_arn": references["EXECUTION_ROLE_ARN"],
        "log_group_name": references["LOG_GROUP"],
        "repository_uri": "aws_ecr_repository.service.repository_url",
        "service_name": "local.name",
        "service_security_group_id": references["SECURITY_GROUP"],
        "subnet_ids": "local.subnets",
        "target_group_arn": references["TARGET_GROUP_ARN"],
        "task_definition_arn": "one(aws_ecs_task_definition.service[*].arn)",
        "task_role_arn": references["TASK_ROLE_ARN"],
    }
    return dict(sorted({**found, **secrets}.items()))


def _environment(service: Deployment, environment: str) -> Mapping[str, Any]:
    """Values of a service's variables; what is not known must be replaced to apply."""
    production = environment == "production"
    values: Value = {
        "environment": environment,
        "cpu": service.web.cpu,
        "memory": service.web.memory,
        "minimum_tasks": service.web.minimum if production else 1,
        "maximum_tasks": service.web.maximum,
        "database_class": "db.t4g.medium" if production else "db.t4g.micro",
        "database_multi_az": production,
        "log_retention_days": 90 if production else 14,
        **{f"{s.name.lower()}_secret_arn": "REPLACE: ARN of the secret" for s in service.secrets if s.source == "given"},
        **{_variable(v.name): f"REPLACE: {v.purpose}" for v in service.variables if v.value is None and v.purpose},
    }
    if service.worker:
        values |= {"worker_cpu": service.worker.cpu, "worker_memory": service.worker.memory, "maximum_workers": service.worker.maximum}
    for grant in service.grants:
        values[f"{grant.service.replace('-', '_')}_resource_arns"] = [f"REPLACE: ARNs for {', '.join(grant.actions)}"]
    return values


def _shared(environment: str) -> Mapping[str, Any]:
    return {
        "environment": environment,
        "vpc_id": "REPLACE: vpc-...",
        "private_subnets": ["REPLACE: subnet-...", "REPLACE: subnet-..."],
        "public_subnets": ["REPLACE: subnet-... (unused when a listener is joined)"],
        "certificate_arn": "REPLACE: ARN in ACM (unused when a listener is joined)",
        "monolith_security_group": "REPLACE: sg-...",
        "monolith_database_security_group": "REPLACE: sg-...",
    }
