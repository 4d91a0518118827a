"""Terraform: one module per service, and one for what all services of a project share. The same as ``cloudformation`` makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from decompose.generate import cloudformation, ecs, hcl
from decompose.generate.cloudformation import ENVIRONMENTS, TRAFFIC, looked_up
from decompose.generate.deployment import BROKER_URL, MONOLITH_URL, deployment
from decompose.generate.hcl import Expression
from decompose.generate.render import Render
from decompose.generate.sizing import FARGATE_SIZES
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
    if "terraform" not in plan.target.formats:
        return
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
        yield Artifact(f"{shared}/parameters/{environment}.tfvars", hcl.attributes(_shared(service, environment)).encode() + b"\n", "merged")


def _values(service: Deployment) -> Value:
    """Everything that the templates of a service's module show."""
    existing = service.target.database.kind == "existing"
    return {
        "service": service,
        "shared": looked_up(service),
        "store": service.target.database,
        "split": service.split,
        "tags": _tags(service),
        "groups": [
            *([] if existing else [{"name": "database", "reason": "a database starts no connections"}]),
            *([{"name": "files", "reason": "a file system starts no connections"}] if service.files else []),
        ],
        "target_groups": ["service"] if service.rolling else ["service", "alternate"],
        "stopping": [end.replace("-", "_") for end in ecs.stopping_alarms(service)],
        "production_rule": _references(service, "var.image_tag")["PRODUCTION_RULE_ARN"],
        "administrator": _administrator(service),
        "endpoint": f"{_in_template(_address(service))}:{_in_template(_port(service))}",
        "deployed": [f"aws_ecs_service.{'service' if process.port else 'worker'}[0].id" for process in service.processes],
        "widgets": _widgets(service),
        "broker": service.reads(BROKER_URL),
        "given": [secret for secret in service.secrets if secret.source == "given"],
        "optional": [variable for variable in service.variables if variable.value is None and not variable.purpose],
        "needed": [variable for variable in service.variables if variable.value is None and variable.purpose],
        "traffic": TRAFFIC,
        "fargate": {str(cpu): list(sizes) for cpu, sizes in FARGATE_SIZES.items()},
        "secret_arns": [Expression(_secret(secret)) for secret in service.secrets],
        "ways": _ways(service),
        "rule_gaps": cloudformation.rule_gaps(service),
        "task": _filled(service, ecs.task_definition(service, service.web), "var.image_tag"),
        "worker_task": service.worker and _filled(service, ecs.task_definition(service, service.worker), "var.image_tag"),
        "job_task": _filled(service, ecs.job_definition(service, "job"), "var.job_image_tag"),
        "copy_task": _filled(service, ecs.job_definition(service, "copy"), "var.job_image_tag"),
        "web": _filled(service, ecs.web_service(service), "var.image_tag"),
        "worker": service.worker and _filled(service, ecs.worker_service(service, service.worker), "var.image_tag"),
        "database_role": [_role_container(service)],
        "outputs": _outputs(service),
    }


def _tags(service: Deployment) -> Value:
    return {each["key"]: Expression("var.environment") if each["key"] == "environment" else each["value"] for each in ecs.tags(service)}


def _in_template(expression: str) -> str:
    return f"${{{expression}}}"


def _address(service: Deployment) -> str:
    """The expression of the database's host."""
    return {"rds": "aws_db_instance.service.address", "aurora-serverless": "aws_rds_cluster.service.endpoint"}.get(
        service.target.database.kind, "var.database_address"
    )


def _port(service: Deployment) -> str:
    return {"rds": "aws_db_instance.service.port", "aurora-serverless": "aws_rds_cluster.service.port"}.get(
        service.target.database.kind, "var.database_port"
    )


def _administrator(service: Deployment) -> str:
    """The expression of the secret with the administrator's password."""
    found = {
        "rds": "aws_db_instance.service.master_user_secret[0].secret_arn",
        "aurora-serverless": "aws_rds_cluster.service.master_user_secret[0].secret_arn",
    }
    return found.get(service.target.database.kind, "var.database_administrator_secret_arn")


def _widgets(service: Deployment) -> list[Value]:
    """The dashboard of ``cloudformation`` with Terraform's references."""
    groups = {"TargetGroup": "service", "AlternateTargetGroup": "alternate"}
    known = {f"{name}.TargetGroupFullName": f"aws_lb_target_group.{group}.arn_suffix" for name, group in groups.items()}
    known |= {
        "ClusterName": "local.cluster",
        "Database": "aws_db_instance.service.identifier" if service.target.database.kind == "rds" else "aws_rds_cluster.service.cluster_identifier",
        "Environment": "var.environment",
        "LoadBalancerFullName": 'local.shared["load-balancer-full-name"]',
    }

    def converted(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: converted(each) for key, each in value.items()}
        if isinstance(value, list):
            return [converted(each) for each in value]
        if not isinstance(value, str) or "${" not in value:
            return value
        whole = next((text for name, text in known.items() if value == f"${{{name}}}"), None)
        if whole is not None:
            return Expression(whole)
        for name, text in known.items():
            value = value.replace(f"${{{name}}}", f"${{{text}}}")
        return Expression(f'"{value}"')

    return [converted(widget) for widget in cloudformation.widgets(service)]


def _filled(service: Deployment, value: Value, tag: str) -> Value:
    """An input of the API with expressions for its placeholders; variables that have no value are left out of containers."""
    references = _references(service, tag)
    found: Value = hcl.filled(value, references.__getitem__)
    for container in found.get("containerDefinitions", ()):
        _without_unset(service, container)
    return found


def _without_unset(service: Deployment, container: Value) -> None:
    unset = [variable.name for variable in service.variables if variable.value is None and not variable.purpose]
    if unset and any(each["name"] in unset for each in container.get("environment", ())):
        known = [each for each in container["environment"] if each["name"] not in unset]
        given = ", ".join(f"{name} = var.{_variable(name)}" for name in unset)
        lines = f"[for name, value in {{ {given} }} : {{ name = name, value = value }} if value != null]"
        container["environment"] = Expression(f"concat({hcl.literal(known, 6)}, {lines})")


def _references(service: Deployment, tag: str) -> dict[str, str]:
    secrets = {ecs.secret_placeholder(secret.name): _secret_value(secret) for secret in service.secrets}
    variables = {variable.name: f"var.{_variable(variable.name)}" for variable in service.variables if variable.value is None}
    return {
        **variables,
        "ALTERNATE_TARGET_GROUP_ARN": "aws_lb_target_group.alternate.arn",
        "COLLECTOR_IMAGE": "var.collector_image",
        "FILE_ACCESS_POINT_ID": "aws_efs_access_point.files.id",
        "FILE_SYSTEM_ID": "aws_efs_file_system.files.id",
        "INFRASTRUCTURE_ROLE_ARN": "aws_iam_role.infrastructure.arn",
        "PRODUCTION_RULE_ARN": f"aws_lb_listener_rule.rule_{service.production.priority if service.production else service.priority}.arn",
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
    existing = service.target.database.kind == "existing"
    database = "var.database_security_group" if existing else "aws_security_group.database.id"
    monolith_database = 'local.shared["monolith-database-security-group"]'
    found = []
    if service.balanced:
        found.append(Way("from_load_balancer", 'local.shared["load-balancer-security-group"]', own, port, "requests and health checks"))
    if service.serves:
        found.append(Way("from_monolith", 'local.shared["monolith-security-group"]', own, port, "calls of the boundary API"))
    found.append(Way("to_database", own, database, "var.database_port" if existing else "5432", "own database"))
    if service.files:
        found.append(Way("to_files", own, "aws_security_group.files.id", "2049", "shared file system"))
    found.append(Way("to_monolith_database", own, monolith_database, "5432", "copy job, until the old tables go", "local.has_source"))
    if service.reads(BROKER_URL):
        found.append(Way("to_broker", own, 'local.shared["broker-security-group"]', "var.broker_port", "tasks to and from the broker"))
    if service.reads(MONOLITH_URL):
        found.append(Way("to_monolith", own, 'local.shared["monolith-security-group"]', 'local.shared["monolith-port"]', "callbacks and events"))
    return found


def _role_container(service: Deployment) -> Value:
    secret = "aws_secretsmanager_secret.database.arn"
    existing = service.target.database.kind == "existing"
    environment = {
        "PGHOST": Expression(_address(service)),
        "PGPORT": Expression(f"tostring({_port(service)})"),
        **({"PGDATABASE": "postgres", "DATABASE": service.database} if existing else {"PGDATABASE": service.database, "PGUSER": "administrator"}),
        "PGSSLMODE": "require",
        "ROLE": service.database,
        "ROLE_STATEMENTS": ecs.role_statements(service),
    }
    administrator = _in_template(_administrator(service))
    secrets = {"PGPASSWORD": f'"{administrator}:password::"', "ROLE_PASSWORD": f'"{_in_template(secret)}:password::"'}
    if existing:
        secrets["PGUSER"] = f'"{administrator}:username::"'
    return {
        "name": f"{service.name}-database-role",
        "image": Expression("var.psql_image"),
        "essential": True,
        "entryPoint": ["sh", "-c"],
        "command": [ecs.role_command(service)],
        "user": f"{service.user}:{service.user}",
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
        "healthCheck": {"command": ["CMD", "true"], "interval": 60, "timeout": 5, "retries": 3},
        "environment": [{"name": name, "value": value} for name, value in environment.items()],
        "secrets": [{"name": name, "valueFrom": Expression(value)} for name, value in sorted(secrets.items())],
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
    """Expressions by name: what the JSON inputs are filled with, and what deployments set and the next one must keep."""
    references = {**_references(service, "var.image_tag"), "DATABASE_HOST": _address(service), "REPOSITORY": "aws_ecr_repository.service.repository_url"}
    found = {ecs.snake(output): references[name] for name, output in ecs.placeholders(service).items()}
    found["database_role_secret_arn"] = "aws_secretsmanager_secret.database.arn"
    if service.serves:
        found |= {"service_name": "local.name", "task_definition_arn": "one(aws_ecs_task_definition.service[*].arn)"}
    names = ["image_tag", "job_image_tag", "source_database_url_secret_arn"]
    names += ["traffic_percent", "tester_header"] if service.split else []
    names += ["schedule_state"] if service.schedules else []
    found["kept"] = hcl.literal({name: Expression(f"var.{name}") for name in sorted(names)}, 2)
    return dict(sorted(found.items()))


def _environment(service: Deployment, environment: str) -> Mapping[str, Any]:
    """Values of a service's variables; what is not known must be replaced to apply."""
    production = environment == "production"
    values: Value = {
        "environment": environment,
        "cpu": service.web.cpu,
        "memory": service.web.memory,
        "log_retention_days": service.target.log_retention_days or (90 if production else 14),
        **{f"{s.name.lower()}_secret_arn": "REPLACE: ARN of the secret" for s in service.secrets if s.source == "given"},
        **{_variable(v.name): f"REPLACE: {v.purpose}" for v in service.variables if v.value is None and v.purpose},
    }
    if service.serves:
        values |= {"minimum_tasks": service.web.minimum if production else 1, "maximum_tasks": service.web.maximum}
    store = service.target.database
    match store.kind:
        case "rds":
            values["database_class"] = store.instance_class or ("db.t4g.medium" if production else "db.t4g.micro")
            values["database_multi_az"] = production
        case "aurora-serverless":
            values |= {"database_minimum_units": store.minimum_units, "database_maximum_units": store.maximum_units}
        case "existing":
            values["database_address"] = "REPLACE: host name of the server"
            values["database_security_group"] = "REPLACE: sg-..."
            values["database_administrator_secret_arn"] = "REPLACE: ARN of the secret with username and password of its administrator"
    if service.worker:
        values |= {"minimum_workers": service.worker.minimum, "worker_cpu": service.worker.cpu, "worker_memory": service.worker.memory, "maximum_workers": service.worker.maximum}
    for grant in service.grants:
        values[f"{grant.service.replace('-', '_')}_resource_arns"] = [f"REPLACE: ARNs for {', '.join(grant.actions)}"]
    return values


def _shared(service: Deployment, environment: str) -> Mapping[str, Any]:
    joined = {key: value.replace("{environment}", environment) for key, value in service.target.joined(environment).items()}

    def listed(key: str, otherwise: list[str]) -> list[str]:
        return joined[key].split(",") if key in joined else otherwise

    values: Value = {
        "environment": environment,
        "vpc_id": joined.get("vpc", "REPLACE: vpc-..."),
        "private_subnets": listed("private-subnets", ["REPLACE: subnet-...", "REPLACE: subnet-..."]),
        "monolith_security_group": joined.get("monolith-security-group", "REPLACE: sg-..."),
        "monolith_database_security_group": joined.get("monolith-database-security-group", "REPLACE: sg-..."),
    }
    if "listener" in joined:
        values["existing_listener"] = {
            "arn": joined["listener"],
            "load_balancer_full_name": joined["load-balancer"],
            "load_balancer_group": joined["load-balancer-security-group"],
            "monolith_target_group_arn": joined["monolith-target-group"],
        }
    else:
        values["public_subnets"] = listed("public-subnets", ["REPLACE: subnet-... (unused when a listener is joined)"])
        values["certificate_arn"] = joined.get("certificate", "REPLACE: ARN in ACM (unused when a listener is joined)")
    if "namespace-id" in joined:
        values["existing_namespace"] = {"id": joined["namespace-id"], "arn": joined["namespace-arn"]}
    for name, key in (("existing_cluster_name", "cluster"), ("existing_alarm_topic_arn", "alarm-topic"), ("broker_security_group", "broker-security-group")):
        if key in joined:
            values[name] = joined[key]
    return values
