"""Inputs of the ECS API as JSON: ``aws ecs register-task-definition --cli-input-json`` and its like.

What only an account knows stands as ``${NAME}``; ``deploy/environment.sh`` fills it in from the stack's outputs.
The same values become the task definitions and services of the CloudFormation template, so both say the same.
"""

from __future__ import annotations

import json
import re
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
    "REPOSITORY": "RepositoryUri",
    "SECURITY_GROUP": "ServiceSecurityGroupId",
    "SUBNET_1": "FirstSubnetId",
    "SUBNET_2": "SecondSubnetId",
    "TASK_ROLE_ARN": "TaskRoleArn",
}
# Only with a load balancer, or with anybody who calls.
BALANCED = {"TARGET_GROUP_ARN": "TargetGroupArn"}
SERVING = {"NAMESPACE_ARN": "NamespaceArn", "REGISTRY_ARN": "RegistryArn"}
# Where ECS moves requests between two target groups by itself.
SHIFTING = {
    "ALTERNATE_TARGET_GROUP_ARN": "AlternateTargetGroupArn",
    "INFRASTRUCTURE_ROLE_ARN": "InfrastructureRoleArn",
    "PRODUCTION_RULE_ARN": "ProductionRuleArn",
}
FILE_SYSTEM = {"FILE_ACCESS_POINT_ID": "FileAccessPointId", "FILE_SYSTEM_ID": "FileSystemId"}
SCRATCH_VOLUME = "scratch"
FILES_VOLUME = "files"
EVENTS = "events"
COLLECTOR = "telemetry"
# Traces to X-Ray, metrics as log lines of the service's own group that CloudWatch reads.
COLLECTOR_CONFIGURATION = """\
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:4317"}, http: {endpoint: "127.0.0.1:4318"}}}}
extensions: {health_check: {}}
processors: {batch: {}}
exporters: {awsxray: {}, awsemf: {namespace: "%s", log_group_name: "${env:LOG_GROUP}", log_stream_name: telemetry-metrics}}
service:
  extensions: [health_check]
  pipelines:
    traces: {receivers: [otlp], processors: [batch], exporters: [awsxray]}
    metrics: {receivers: [otlp], processors: [batch], exporters: [awsemf]}
"""
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
# On a server that is there already the database is made first.
DATABASE_STATEMENTS = """\
SELECT format('CREATE DATABASE %I', :'database') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \\gexec
\\connect :"database"
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
        outputs={name: snake(output) if by_terraform(service) else output for name, output in placeholders(service).items()},
        terraform=by_terraform(service),
        stack=f"{service.project}-{service.name}",
        variables=[v.name for v in service.variables if v.value is None],
    )
    yield Artifact(f"{service.root}/deploy/environment.sh", script, executable=True, context=service.context)


def by_terraform(service: Deployment) -> bool:
    """Whether the scripts deploy with Terraform: with CloudFormation wherever its template is there."""
    return service.target.formats == ("terraform",)


def snake(output: str) -> str:
    """The name of a stack's output as Terraform writes names: ``RepositoryUri`` is ``repository_uri``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", output).lower()


def documents(service: Deployment) -> dict[str, Value]:
    """All inputs by file name."""
    found = {
        **({"task-definition.json": task_definition(service, service.web), "service.json": web_service(service)} if service.serves else {}),
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
    found = {**OUTPUTS, **secrets}
    for wanted, more in (
        (service.balanced, BALANCED), (service.serves, SERVING), (service.balanced and not service.rolling, SHIFTING), (bool(service.files), FILE_SYSTEM),
    ):  # fmt: skip
        found |= more if wanted else {}
    if service.target.telemetry:
        found["COLLECTOR_IMAGE"] = "CollectorImageUri"
    return dict(sorted(found.items()))


def role_command(service: Deployment) -> str:
    """The shell command of the one-off task that makes the service's role, and its database on a server that is there already."""
    return f'{ROLE_COMMAND} --set=database="$DATABASE"' if service.target.database.kind == "existing" else ROLE_COMMAND


def role_statements(service: Deployment) -> str:
    return DATABASE_STATEMENTS + ROLE_STATEMENTS if service.target.database.kind == "existing" else ROLE_STATEMENTS


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
    containers = [_container(service, process)]
    if service.events and process is service.processes[0]:
        containers.append(_dispatcher(service, process))
    if service.target.telemetry:
        containers[0]["dependsOn"] = [{"containerName": COLLECTOR, "condition": "START"}]
        containers.append(_collector(service))
    return _definition(service, process, containers)


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
        capacity=service.web.capacity,
    )
    container = _container(service, process)
    container["readonlyRootFilesystem"] = True  # nobody opens a shell in a task that ends by itself
    if job == "copy":
        container["secrets"] = [*container["secrets"], _secret("SOURCE_DATABASE_URL")]
    return _definition(service, process, [container])


def _definition(service: Deployment, process: Process, containers: list[Value]) -> Value:
    files: Value = {
        "name": FILES_VOLUME,
        "efsVolumeConfiguration": {
            "fileSystemId": "${FILE_SYSTEM_ID}",
            "transitEncryption": "ENABLED",
            "authorizationConfig": {"accessPointId": "${FILE_ACCESS_POINT_ID}", "iam": "ENABLED"},
        },
    }
    return {
        "family": family(service, process.name),
        "requiresCompatibilities": ["FARGATE" if process.fargate else "EC2"],
        "networkMode": "awsvpc",
        "cpu": str(process.cpu),
        "memory": str(process.memory),
        "runtimePlatform": {"cpuArchitecture": service.architecture, "operatingSystemFamily": "LINUX"},
        "executionRoleArn": "${EXECUTION_ROLE_ARN}",
        "taskRoleArn": "${TASK_ROLE_ARN}",
        "containerDefinitions": containers,
        "volumes": [{"name": SCRATCH_VOLUME}, *([files] if service.files else [])],
        "tags": tags(service),
    }


def _container(service: Deployment, process: Process) -> Value:
    container: Value = {
        "name": process.name,
        "image": "${IMAGE}",
        "essential": True,
        "command": list(process.command),
        "user": f"{service.user}:{service.user}",
        # The agent of ECS Exec writes into the container's root file system.
        "readonlyRootFilesystem": not service.target.exec,
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
        "mountPoints": [
            {"sourceVolume": SCRATCH_VOLUME, "containerPath": service.scratch, "readOnly": False},
            *([{"sourceVolume": FILES_VOLUME, "containerPath": service.files, "readOnly": False}] if service.files else []),
        ],
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


def _dispatcher(service: Deployment, process: Process) -> Value:
    """The sidecar that sends events from the outbox: with the service's own image, started again when it ends. Several do no harm."""
    found = _container(service, process)
    found |= {"name": EVENTS, "essential": False, "command": list(service.events), "logConfiguration": _logs(EVENTS)}
    found["restartPolicy"] = {"enabled": True, "restartAttemptPeriod": 60}
    # It says what waits every minute; alarms listen to that.
    found["healthCheck"] = {"command": ["CMD", "python", "-c", "pass"], "interval": 60, "timeout": 15, "retries": 3, "startPeriod": 60}
    found.pop("portMappings", None)
    return found


def _collector(service: Deployment) -> Value:
    """The sidecar that takes traces and metrics. The task does not depend on it: it is started again when it ends."""
    return {
        "name": COLLECTOR,
        "image": "${COLLECTOR_IMAGE}",
        "essential": False,
        "restartPolicy": {"enabled": True, "restartAttemptPeriod": 60},
        "user": f"{service.user}:{service.user}",
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
        "environment": [
            {"name": "AOT_CONFIG_CONTENT", "value": COLLECTOR_CONFIGURATION % service.project},
            {"name": "LOG_GROUP", "value": "${LOG_GROUP}"},
        ],
        "healthCheck": {"command": ["CMD", "/healthcheck"], "interval": 15, "timeout": 5, "retries": 3, "startPeriod": 15},
        "stopTimeout": 30,
        "logConfiguration": _logs(COLLECTOR),
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
    balancer: Value = {"targetGroupArn": "${TARGET_GROUP_ARN}", "containerName": web.name, "containerPort": web.port}
    if not service.rolling:
        balancer["advancedConfiguration"] = {
            "alternateTargetGroupArn": "${ALTERNATE_TARGET_GROUP_ARN}",
            "productionListenerRule": "${PRODUCTION_RULE_ARN}",
            "roleArn": "${INFRASTRUCTURE_ROLE_ARN}",
        }
    balanced: Value = {"loadBalancers": [balancer], "healthCheckGracePeriodSeconds": 60} if service.balanced else {}
    return {
        **_service(service, web),
        **balanced,
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
    """Workers: no load balancer, and always replaced a few at a time, because no requests could be moved."""
    return _service(service, worker)


def _capacity(process: Process) -> list[Value]:
    """The providers of a process; a base of 0 is left out."""
    return [
        {"capacityProvider": each.provider, **({"base": each.base} if each.base else {}), "weight": each.weight} for each in process.capacity
    ]


def _strategy(service: Deployment) -> Value:
    """How ECS moves requests to new tasks by itself: only after the cut-over, because it rewrites the weights of the listener rule."""
    target = service.target
    found: Value = {"strategy": target.strategy, "bakeTimeInMinutes": target.bake_minutes}
    if target.strategy == "CANARY":
        found["canaryConfiguration"] = {"canaryPercent": float(target.step_percent), "canaryBakeTimeInMinutes": target.step_minutes}
    if target.strategy == "LINEAR":
        found["linearConfiguration"] = {"stepPercent": float(target.step_percent), "stepBakeTimeInMinutes": target.step_minutes}
    return found


def _service(service: Deployment, process: Process) -> Value:
    configuration: Value = {
        # While the listener rule splits between monolith and service the deployment must not touch its weights:
        # BLUE_GREEN, LINEAR and CANARY rewrite them.
        **(_strategy(service) if process.port and not service.rolling else {"strategy": "ROLLING"}),
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "minimumHealthyPercent": 100,
        "maximumPercent": 200,
    }
    if process.port and service.balanced:
        configuration["alarms"] = {
            "alarmNames": [f"{family(service, service.name)}-{name}" for name in stopping_alarms(service)],
            "enable": True,
            "rollback": True,
        }
    return {
        "cluster": "${CLUSTER}",
        "serviceName": family(service, process.name),
        "taskDefinition": family(service, process.name),
        "desiredCount": process.desired,
        "deploymentConfiguration": configuration,
        "availabilityZoneRebalancing": "ENABLED",
        "capacityProviderStrategy": _capacity(process),
        **({"platformVersion": "LATEST"} if process.fargate else {}),
        "networkConfiguration": _network(),
        "enableECSManagedTags": True,
        "propagateTags": "SERVICE",
        "enableExecuteCommand": service.target.exec,
        "tags": tags(service),
    }


def stopping_alarms(service: Deployment) -> tuple[str, ...]:
    """The ends of the names of alarms that stop a deployment and roll it back."""
    return ("errors", "unhealthy") if service.rolling else ("errors", "unhealthy", "alternate-errors", "alternate-unhealthy")


def run_task(service: Deployment, job: str, definition: str, command: tuple[str, ...]) -> Value:
    """Input of ``aws ecs run-task`` for a one-off task; its exit code decides what happens next."""
    name = f"{service.name}-{definition}"
    overrides = {"overrides": {"containerOverrides": [{"name": name, "command": list(command)}]}} if command else {}
    return {
        "cluster": "${CLUSTER}",
        "taskDefinition": family(service, name),
        "count": 1,
        **launch(service),
        "networkConfiguration": _network(),
        **overrides,
        "startedBy": job,
        "enableECSManagedTags": True,
        "propagateTags": "TASK_DEFINITION",
    }


def launch(service: Deployment) -> Value:
    """Where a one-off task runs: where the web process does, never on capacity that is taken away from it half-way."""
    if service.web.fargate:
        return {"launchType": "FARGATE", "platformVersion": "LATEST"}
    return {"capacityProviderStrategy": [{"capacityProvider": service.web.capacity[0].provider, "weight": 1}]}


def _network() -> Value:
    return {
        "awsvpcConfiguration": {
            "subnets": ["${SUBNET_1}", "${SUBNET_2}"],
            "securityGroups": ["${SECURITY_GROUP}"],
            "assignPublicIp": "DISABLED",
        }
    }


def tags(service: Deployment) -> list[Value]:
    values = {**dict(service.target.tags), "project": service.project, "service": service.name, "environment": "${ENVIRONMENT}"}
    return [{"key": key, "value": value} for key, value in sorted(values.items())]
