"""Inputs of the ECS API as JSON: ``aws ecs register-task-definition --cli-input-json`` and its like.

What only an account knows stands as ``${NAME}``; ``deploy/environment.sh`` fills it in from the stack's outputs.
The same values become the task definitions and services of the CloudFormation template, so both say the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from decompose.generate.deployment import deployment
from decompose.generate.render import Render, camel
from decompose.model.artifacts import Artifact
from decompose.model.deployment import Deployment, Process
from decompose.model.service import ServicePlan

Value = dict[str, Any]

# Placeholders that every service has, and the output of its stack that says their value.
OUTPUTS = {
    "CLUSTER": "ClusterName",
    "DATABASE_HOST": "DatabaseHost",
    "EXECUTION_ROLE_ARN": "ExecutionRoleArn",
    "LOG_GROUP": "LogGroupName",
    "NAMESPACE_ARN": "NamespaceArn",
    "REGISTRY_ARN": "RegistryArn",
    "REPOSITORY": "RepositoryUri",
    "SECURITY_GROUP": "ServiceSecurityGroupId",
    "SUBNET_1": "FirstSubnetId",
    "SUBNET_2": "SecondSubnetId",
    "TARGET_GROUP_ARN": "TargetGroupArn",
    "TASK_ROLE_ARN": "TaskRoleArn",
}
SCRATCH_VOLUME = "scratch"
# Makes the service's role in its database, or gives it its password again; psql reads it from a variable of its container.
ROLE_COMMAND = (
    """printf '%s\\n' "$ROLE_STATEMENTS" | """
    'psql --no-psqlrc --quiet --output=/dev/null --set=ON_ERROR_STOP=1 --set=role="$ROLE" --set=password="$ROLE_PASSWORD"'
)
ROLE_STATEMENTS = """\
SELECT format('CREATE ROLE %I LOGIN', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \\gexec
SELECT format('ALTER ROLE %I PASSWORD %L', :'role', :'password') \\gexec
SELECT format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO %I', current_database(), :'role') \\gexec
GRANT USAGE, CREATE ON SCHEMA public TO :"role";
"""
PORT_NAME = "http"
SUFFIXES = ("connect", "copy", "database-role", "job", "worker")
"""What follows a service's name in the names of its parts: no other service may be called so."""


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """The JSON inputs below ``deploy/`` and the script that fills in what an account knows."""
    service = deployment(plan)
    for name, value in documents(service).items():
        content = json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"
        yield Artifact(f"{service.root}/deploy/{name}", content, context=service.context)
    script = render(
        "deploy/environment.sh.j2",
        service=service,
        outputs=placeholders(service),
        stack=f"{service.project}-{service.name}",
        variables=[v.name for v in service.variables if v.value is None],
    )
    yield Artifact(f"{service.root}/deploy/environment.sh", script, executable=True, context=service.context)


def documents(service: Deployment) -> dict[str, Value]:
    """All inputs by file name."""
    found = {
        "task-definition.json": task_definition(service, service.web),
        "service.json": web_service(service),
        "job-task-definition.json": job_definition(service, "job"),
        "migrate-task.json": run_task(service, "migrate", "job", service.migrate),
        "copy-task-definition.json": job_definition(service, "copy"),
        **{f"{name}-task.json": run_task(service, name, "copy", copy_command(service, *words)) for name, words in COPY_TASKS.items()},
        # Its definition is in the stack alone: it holds the administrator's secret.
        "database-role-task.json": run_task(service, "database-role", "database-role", ()),
    }
    if not service.migrate:
        del found["migrate-task.json"]
    if service.worker is not None:
        found["worker-task-definition.json"] = task_definition(service, service.worker)
        found["worker-service.json"] = worker_service(service, service.worker)
    return dict(sorted(found.items()))


def placeholders(service: Deployment) -> dict[str, str]:
    """Every ``${NAME}`` that the stack's outputs give, with the output's name."""
    secrets = {secret_placeholder(s.name): secret_output(s.name) for s in service.secrets}
    secrets[secret_placeholder("SOURCE_DATABASE_URL")] = secret_output("SOURCE_DATABASE_URL")
    return dict(sorted({**OUTPUTS, **secrets}.items()))


def secret_placeholder(name: str) -> str:
    return f"{name}_SECRET_ARN"


def secret_output(name: str) -> str:
    return f"{camel(name.lower())}SecretArn"


def family(service: Deployment, name: str) -> str:
    return f"{service.project}-${{ENVIRONMENT}}-{name}"


COPY_TASKS = {
    "copy": ("copy",),
    "verify-copy": ("verify",),
    "cut-over": ("cut-over",),
    "reconcile": ("reconcile",),
    "copy-back": ("back",),
    "give-back": ("back", "--final"),
}
"""What the copy job is asked to do, by the name of the file that starts it."""


def copy_command(service: Deployment, *words: str) -> tuple[str, ...]:
    """The copy job needs a shell: both addresses are secrets and known only inside the container."""
    command = " ".join((*service.copy, *words))
    return ("sh", "-c", f'exec {command} --source "$SOURCE_DATABASE_URL" --target "$DATABASE_URL"')


def task_definition(service: Deployment, process: Process) -> Value:
    """The task definition of a long-running process."""
    return _definition(service, process.name, _container(service, process), process.cpu, process.memory)


def job_definition(service: Deployment, job: str) -> Value:
    """The task definition of a one-off task: the service's image and environment, no port, the command given when run."""
    process = Process(
        name=f"{service.name}-{job}",
        command=copy_command(service, "copy") if job == "copy" else service.migrate or ("python", "-V"),
        # A job proves itself by its exit code; this only says that the container answers.
        health=("CMD", "python", "-c", "pass"),
        cpu=service.web.cpu,
        memory=service.web.memory,
        minimum=0,
        maximum=1,
        stop_timeout=120,
    )
    container = _container(service, process)
    if job == "copy":
        container["secrets"] = [*container["secrets"], _secret("SOURCE_DATABASE_URL")]
    return _definition(service, process.name, container, process.cpu, process.memory)


def _definition(service: Deployment, name: str, container: Value, cpu: int, memory: int) -> Value:
    return {
        "family": family(service, name),
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": str(cpu),
        "memory": str(memory),
        "runtimePlatform": {"cpuArchitecture": service.architecture, "operatingSystemFamily": "LINUX"},
        "executionRoleArn": "${EXECUTION_ROLE_ARN}",
        "taskRoleArn": "${TASK_ROLE_ARN}",
        "containerDefinitions": [container],
        "volumes": [{"name": SCRATCH_VOLUME}],
        "tags": tags(service),
    }


def _container(service: Deployment, process: Process) -> Value:
    container: Value = {
        "name": process.name,
        "image": "${IMAGE}",
        "essential": True,
        "command": list(process.command),
        "user": f"{service.user}:{service.user}",
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
    }
    if process.port:
        container["portMappings"] = [
            {"name": PORT_NAME, "containerPort": process.port, "protocol": "tcp", "appProtocol": "http"}
        ]
    return {
        **container,
        "environment": [
            {"name": v.name, "value": f"${{{v.name}}}" if v.value is None else v.value} for v in service.variables
        ],
        "secrets": [_secret(s.name) for s in service.secrets],
        "mountPoints": [{"sourceVolume": SCRATCH_VOLUME, "containerPath": service.scratch, "readOnly": False}],
        "healthCheck": {
            "command": list(process.health),
            "interval": 15 if process.port else 60,
            "timeout": 5 if process.port else 15,
            "retries": 3,
            "startPeriod": 60,
        },
        "stopTimeout": process.stop_timeout,
        "logConfiguration": _logs(process.name),
    }


def _secret(name: str) -> Value:
    return {"name": name, "valueFrom": f"${{{secret_placeholder(name)}}}"}


def _logs(prefix: str) -> Value:
    return {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": "${LOG_GROUP}",
            "awslogs-region": "${AWS_REGION}",
            "awslogs-stream-prefix": prefix,
            # A log service that stalls must not stall requests.
            "mode": "non-blocking",
            "max-buffer-size": "25m",
        },
    }


def web_service(service: Deployment) -> Value:
    """The service behind the load balancer, reachable for others by Service Connect and by DNS."""
    web = service.web
    return {
        **_service(service, web),
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "base": web.minimum, "weight": 1}],
        "loadBalancers": [
            {"targetGroupArn": "${TARGET_GROUP_ARN}", "containerName": web.name, "containerPort": web.port}
        ],
        "healthCheckGracePeriodSeconds": 60,
        "serviceRegistries": [{"registryArn": "${REGISTRY_ARN}"}],
        "serviceConnectConfiguration": {
            "enabled": True,
            "namespace": "${NAMESPACE_ARN}",
            "services": [
                {
                    "portName": PORT_NAME,
                    "discoveryName": f"{service.name}-connect",
                    "clientAliases": [{"port": web.port, "dnsName": service.name}],
                    "timeout": {"idleTimeoutSeconds": 75, "perRequestTimeoutSeconds": 15},
                }
            ],
            "logConfiguration": _logs(f"{service.name}-connect"),
        },
    }


def worker_service(service: Deployment, worker: Process) -> Value:
    """Workers: no load balancer, half of what is above the first on spot capacity, because tasks are redelivered."""
    return {
        **_service(service, worker),
        "capacityProviderStrategy": [
            {"capacityProvider": "FARGATE", "base": worker.minimum, "weight": 1},
            {"capacityProvider": "FARGATE_SPOT", "weight": 1},
        ],
    }


def _service(service: Deployment, process: Process) -> Value:
    configuration: Value = {
        # While the listener rule splits between monolith and service the deployment must not touch its weights:
        # BLUE_GREEN, LINEAR and CANARY rewrite them.
        "strategy": "ROLLING",
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "minimumHealthyPercent": 100,
        "maximumPercent": 200,
    }
    if process.port:
        configuration["alarms"] = {
            "alarmNames": [f"{family(service, service.name)}-{name}" for name in ("errors", "unhealthy")],
            "enable": True,
            "rollback": True,
        }
    return {
        "cluster": "${CLUSTER}",
        "serviceName": family(service, process.name),
        "taskDefinition": family(service, process.name),
        "desiredCount": process.minimum,
        "deploymentConfiguration": configuration,
        "availabilityZoneRebalancing": "ENABLED",
        "platformVersion": "LATEST",
        "networkConfiguration": _network(),
        "enableECSManagedTags": True,
        "propagateTags": "SERVICE",
        "enableExecuteCommand": False,
        "tags": tags(service),
    }


def run_task(service: Deployment, job: str, definition: str, command: tuple[str, ...]) -> Value:
    """Input of ``aws ecs run-task`` for a one-off task; its exit code decides what happens next."""
    name = f"{service.name}-{definition}"
    overrides = {"overrides": {"containerOverrides": [{"name": name, "command": list(command)}]}} if command else {}
    return {
        "cluster": "${CLUSTER}",
        "taskDefinition": family(service, name),
        "count": 1,
        "launchType": "FARGATE",
        "platformVersion": "LATEST",
        "networkConfiguration": _network(),
        **overrides,
        "startedBy": job,
        "enableECSManagedTags": True,
        "propagateTags": "TASK_DEFINITION",
    }


def _network() -> Value:
    return {
        "awsvpcConfiguration": {
            "subnets": ["${SUBNET_1}", "${SUBNET_2}"],
            "securityGroups": ["${SECURITY_GROUP}"],
            "assignPublicIp": "DISABLED",
        }
    }


def tags(service: Deployment) -> list[Value]:
    values = {"project": service.project, "service": service.name, "environment": "${ENVIRONMENT}"}
    return [{"key": key, "value": value} for key, value in sorted(values.items())]
