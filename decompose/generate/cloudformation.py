"""CloudFormation: one template per service, and one for what all services of a project share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import yaml

from decompose.generate import ecs
from decompose.generate.deployment import BROKER_URL, MONOLITH_URL, deployment
from decompose.generate.render import Render, camel
from decompose.generate.sizing import FARGATE_SIZES
from decompose.model.artifacts import Artifact
from decompose.model.deployment import Deployment, Gap, Process, Secret
from decompose.model.service import ServicePlan

ENVIRONMENTS = ("staging", "production")
TRAFFIC = (0, 1, 10, 50, 100)
PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")

# Parameters of a service that the shared stack publishes, and the end of their names in the parameter store.
SHARED = {
    "AlarmTopicArn": "alarm-topic-arn",
    "BoundaryTokenKeySecretArn": "boundary-token-key-arn",
    "ClusterName": "cluster-name",
    "ListenerArn": "listener-arn",
    "LoadBalancerFullName": "load-balancer-full-name",
    "LoadBalancerSecurityGroup": "load-balancer-security-group",
    "MonolithDatabaseSecurityGroup": "monolith-database-security-group",
    "MonolithSecurityGroup": "monolith-security-group",
    "MonolithTargetGroupArn": "monolith-target-group-arn",
    "NamespaceArn": "namespace-arn",
    "NamespaceId": "namespace-id",
    "PrivateSubnets": "private-subnets",
    "VpcId": "vpc-id",
}
BROKER = {"BrokerSecurityGroup": "broker-security-group"}
MONOLITH = {"MonolithPort": "monolith-port"}
BALANCED = ("ListenerArn", "LoadBalancerFullName", "LoadBalancerSecurityGroup")
SERVING = ("MonolithSecurityGroup", "NamespaceArn", "NamespaceId")


# Parameters of the shared stack by their key in [target.ecs.join].
JOINED = {
    "alarm-topic": "ExistingAlarmTopicArn",
    "broker-security-group": "BrokerSecurityGroup",
    "certificate": "CertificateArn",
    "cluster": "ExistingClusterName",
    "listener": "ExistingListenerArn",
    "load-balancer": "ExistingLoadBalancerFullName",
    "load-balancer-security-group": "ExistingLoadBalancerSecurityGroup",
    "monolith-database-security-group": "MonolithDatabaseSecurityGroup",
    "monolith-security-group": "MonolithSecurityGroup",
    "monolith-target-group": "ExistingMonolithTargetGroupArn",
    "namespace-arn": "ExistingNamespaceArn",
    "namespace-id": "ExistingNamespaceId",
    "private-subnets": "PrivateSubnets",
    "public-subnets": "PublicSubnets",
    "vpc": "VpcId",
}


# Names that CloudFormation spells otherwise than the API with its first letter in capitals.
SPELT = {"efsVolumeConfiguration": "EFSVolumeConfiguration", "fileSystemId": "FilesystemId", "iam": "IAM"}


class Intrinsic(msgspec.Struct, frozen=True):
    """A CloudFormation function in its short form: ``!Ref Service``."""

    tag: str
    value: Any


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """The service's template and parameters, and the shared ones beside all services."""
    if "cloudformation" not in plan.target.formats:
        return
    service = deployment(plan)
    shared = service.root.rpartition("/")[0] + "/shared"
    yield Artifact(f"{service.root}/deploy/template.yaml", template(service, render), context=service.context)
    for environment in ENVIRONMENTS:
        path = f"{service.root}/deploy/parameters/{environment}.json"
        yield Artifact(path, _json(_parameters(service, environment)), "merged", context=service.context)
    yield Artifact(f"{shared}/template.yaml", shared_template(service, render))
    for environment in ENVIRONMENTS:
        yield Artifact(f"{shared}/parameters/{environment}.json", _json(_shared_parameters(service, environment)), "merged")


def shared_template(service: Deployment, render: Render) -> bytes:
    """The template of what all services share as YAML."""
    return render("deploy/shared.yaml.j2", project=service.project, cluster=service.cluster, exports={**SHARED, **BROKER, **MONOLITH}, looked_up=by_name(service))


def looked_up(service: Deployment) -> dict[str, str]:
    """What the service's stack asks the parameter store for."""
    calls = service.reads(MONOLITH_URL)
    found = {**SHARED, **(BROKER if service.reads(BROKER_URL) else {}), **(MONOLITH if calls else {})}
    unused = {*(() if service.balanced else BALANCED), *(() if service.serves else SERVING)} - ({"MonolithSecurityGroup"} if calls else set())
    if all(rule.forward in ("testers", "service") for rule in service.rules):
        unused.add("MonolithTargetGroupArn")
    return {name: end for name, end in sorted(found.items()) if name not in unused}


def target_groups(service: Deployment) -> list[str]:
    """The target groups of the service; ECS shifts requests between two."""
    return [] if not service.balanced else ["TargetGroup"] if service.rolling else ["TargetGroup", "AlternateTargetGroup"]


def administrator_secret(service: Deployment) -> Intrinsic:
    """Where the password of the database's administrator is."""
    if service.target.database.kind == "existing":
        return Intrinsic("!Ref", "DatabaseAdministratorSecretArn")
    return Intrinsic("!GetAtt", "Database.MasterUserSecret.SecretArn")


def widgets(service: Deployment) -> list[dict[str, Any]]:
    """The dashboard: what is asked, how long it takes, what it costs the tasks and the database."""
    name = f"{service.project}-${{Environment}}"
    found: list[dict[str, Any]] = []
    balancer = ["LoadBalancer", "${LoadBalancerFullName}"]
    groups = [["TargetGroup", f"${{{group}.TargetGroupFullName}}", *balancer] for group in target_groups(service)]
    if groups:
        counts = ("RequestCount", "HTTPCode_Target_5XX_Count", "HTTPCode_Target_4XX_Count")
        found.append({"title": "answers", "stat": "Sum", "metrics": [["AWS/ApplicationELB", each, *group] for group in groups for each in counts]})
        latency = [["AWS/ApplicationELB", "TargetResponseTime", *group, {"stat": stat}] for group in groups for stat in ("p50", "p95", "p99")]
        found.append({"title": "latency", "stat": "p95", "metrics": latency})
    for process in service.processes:
        metrics = [["AWS/ECS", each, "ClusterName", "${ClusterName}", "ServiceName", f"{name}-{process.name}"] for each in ("CPUUtilization", "MemoryUtilization")]
        found.append({"title": "tasks" if process.port else "workers", "stat": "Average", "metrics": metrics})
    kind = service.target.database.kind
    if kind != "existing":
        dimension = "DBInstanceIdentifier" if kind == "rds" else "DBClusterIdentifier"
        found.append({"title": "database", "stat": "Average", "metrics": [["AWS/RDS", each, dimension, "${Database}"] for each in ("CPUUtilization", "DatabaseConnections")]})
    return found


def template(service: Deployment, render: Render) -> bytes:
    """The service's template as YAML."""
    web = ecs.web_service(service)
    worker = service.worker and ecs.worker_service(service, service.worker)
    return render(
        "deploy/template.yaml.j2",
        service=service,
        shared=looked_up(service),
        store=service.target.database,
        split=service.split,
        sized=[prefix for prefix, process in (("", service.web), ("Worker", service.worker)) if process is not None and process.fargate],
        target_groups=target_groups(service),
        stopping=[end.replace("-", "_") for end in ecs.stopping_alarms(service)],
        widgets=widgets(service),
        deployed=[f"!Ref {'Service' if process.port else 'WorkerService'}" for process in service.processes],
        administrator=_inline(administrator_secret(service)),
        database_host=_reference(service, "DATABASE_HOST", "ImageTag"),
        broker=service.reads(BROKER_URL),
        calls_monolith=service.reads(MONOLITH_URL),
        given=[secret for secret in service.secrets if secret.source == "given"],
        optional=[variable.name for variable in service.variables if variable.value is None and not variable.purpose],
        needed=[variable for variable in service.variables if variable.value is None and variable.purpose],
        traffic=TRAFFIC,
        task=_task(service, service.web, "ImageTag"),
        worker_task=_task(service, service.worker, "ImageTag") if service.worker else "",
        job_task=_block(_cfn(service, ecs.job_definition(service, "job"), "JobImageTag"), 6),
        copy_task=_block(_cfn(service, ecs.job_definition(service, "copy"), "JobImageTag"), 6),
        web=_service(service, web, "TaskDefinition"),
        worker=_service(service, worker, "WorkerTaskDefinition") if worker else "",
        secret_arns=[secret_reference(secret) for secret in service.secrets],
        name=lambda suffix="": f"{service.project}-${{Environment}}-{service.name}{suffix}",
        rule_gaps=rule_gaps(service),
        fargate_sizes=FARGATE_SIZES,
        cpu_choices=list(FARGATE_SIZES),
        outputs={output: _reference(service, name, "ImageTag") for name, output in ecs.placeholders(service).items()},
        schedule_input=lambda job: json.dumps(
            {"containerOverrides": [{"name": f"{service.name}-job", "command": list(job.command)}]}, ensure_ascii=False
        ),
        inline=_inline,
        role_command=ecs.role_command(service),
        role_statements=ecs.role_statements(service).splitlines(),
    )


def variable_parameter(name: str) -> str:
    return "Variable" + camel(name.lower())


def secret_reference(secret: Secret) -> Intrinsic:
    """Where a secret's ARN comes from in the template."""
    match secret.source:
        case "database":
            return Intrinsic("!Ref", "DatabaseUrl")
        case "generated":
            return Intrinsic("!Ref", camel(secret.name.lower()))
        case _:
            return Intrinsic("!Ref", ecs.secret_output(secret.name))


def rule_gaps(service: Deployment) -> list[Gap]:
    """What is left out of the load balancer's rules."""
    return [gap for gap in service.gaps if gap.subject.startswith(("/", "^"))]


def _task(service: Deployment, process: Process, image: str) -> str:
    value = _cfn(service, ecs.task_definition(service, process), image)
    # The size is the environment's choice; the pairs that Fargate knows are checked by the template's rules.
    prefix = "" if process is service.web else "Worker"
    return _block({**value, "Cpu": Intrinsic("!Ref", f"{prefix}Cpu"), "Memory": Intrinsic("!Ref", f"{prefix}Memory")}, 6)


def _service(service: Deployment, value: dict[str, Any], definition: str) -> str:
    converted = _cfn(service, value, "ImageTag")
    converted["TaskDefinition"] = Intrinsic("!Ref", definition)
    converted["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"] = Intrinsic("!Ref", "PrivateSubnets")
    # Auto scaling owns the count after the first deployment; a template that names one would reset it.
    del converted["DesiredCount"]
    return _block(converted, 6)


def _cfn(service: Deployment, value: Any, image: str, key: str = "") -> Any:
    """An input of the API as CloudFormation wants it: capitals, and functions instead of placeholders."""
    if isinstance(value, dict):
        if value.keys() == {"name", "value"} and value["value"] != f"${{{value['name']}}}":
            # A default out of the monolith's code is text, whatever it looks like.
            return {"Name": value["name"], "Value": value["value"]}
        verbatim = key == "options"
        return {
            k if verbatim else SPELT.get(k, k[0].upper() + k[1:]): _cfn(service, v, image, k) for k, v in value.items()
        }
    if isinstance(value, list):
        return [_optional(service, _cfn(service, v, image, key), v) for v in value]
    if isinstance(value, str) and PLACEHOLDER.search(value):
        whole = PLACEHOLDER.fullmatch(value)
        if whole:
            return _reference(service, whole[1], image)
        return Intrinsic("!Sub", PLACEHOLDER.sub(lambda m: _in_sub(_reference(service, m[1], image)), value))
    return value


def _optional(service: Deployment, converted: Any, original: Any) -> Any:
    """A variable without a default is absent from the container unless the environment sets it."""
    optional = {variable.name for variable in service.variables if not variable.purpose}
    if isinstance(original, dict) and original.get("name") in optional and original.get("value") == f"${{{original['name']}}}":
        condition = "Has" + variable_parameter(original["name"])
        return Intrinsic("!If", [condition, converted, Intrinsic("!Ref", "AWS::NoValue")])
    return converted


def _reference(service: Deployment, name: str, image: str) -> Intrinsic:
    fixed = {
        "ALTERNATE_TARGET_GROUP_ARN": Intrinsic("!Ref", "AlternateTargetGroup"),
        "AWS_REGION": Intrinsic("!Ref", "AWS::Region"),
        "COLLECTOR_IMAGE": Intrinsic("!Ref", "CollectorImage"),
        "CLUSTER": Intrinsic("!Ref", "ClusterName"),
        "DATABASE_HOST": Intrinsic("!Ref", "DatabaseAddress")
        if service.target.database.kind == "existing"
        else Intrinsic("!GetAtt", "Database.Endpoint.Address"),
        "ENVIRONMENT": Intrinsic("!Ref", "Environment"),
        "EXECUTION_ROLE_ARN": Intrinsic("!GetAtt", "ExecutionRole.Arn"),
        "FILE_ACCESS_POINT_ID": Intrinsic("!Ref", "FileAccessPoint"),
        "FILE_SYSTEM_ID": Intrinsic("!Ref", "FileSystem"),
        "INFRASTRUCTURE_ROLE_ARN": Intrinsic("!GetAtt", "InfrastructureRole.Arn"),
        "PRODUCTION_RULE_ARN": Intrinsic("!Ref", f"Rule{service.production.priority if service.production else service.priority}"),
        "IMAGE": Intrinsic("!Sub", f"${{Repository.RepositoryUri}}:${{{image}}}"),
        "LOG_GROUP": Intrinsic("!Ref", "LogGroup"),
        "NAMESPACE_ARN": Intrinsic("!Ref", "NamespaceArn"),
        "REGISTRY_ARN": Intrinsic("!GetAtt", "Registry.Arn"),
        "REPOSITORY": Intrinsic("!GetAtt", "Repository.RepositoryUri"),
        "SECURITY_GROUP": Intrinsic("!Ref", "ServiceSecurityGroup"),
        "SUBNET_1": Intrinsic("!Select", [0, Intrinsic("!Ref", "PrivateSubnets")]),
        "SUBNET_2": Intrinsic("!Select", [1, Intrinsic("!Ref", "PrivateSubnets")]),
        "TARGET_GROUP_ARN": Intrinsic("!Ref", "TargetGroup"),
        "TASK_ROLE_ARN": Intrinsic("!GetAtt", "TaskRole.Arn"),
        ecs.secret_placeholder("SOURCE_DATABASE_URL"): Intrinsic("!Ref", "SourceDatabaseUrlSecretArn"),
    }
    secrets = {ecs.secret_placeholder(s.name): secret_reference(s) for s in service.secrets}
    variables = {v.name: Intrinsic("!Ref", variable_parameter(v.name)) for v in service.variables if v.value is None}
    return {**variables, **secrets, **fixed}[name]


def _in_sub(reference: Intrinsic) -> str:
    text: str = reference.value
    return text if reference.tag == "!Sub" else f"${{{text}}}"


class _Dumper(yaml.SafeDumper):
    """YAML with CloudFormation's short functions, lists indented under their key, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _represent(dumper: yaml.SafeDumper, value: Intrinsic) -> yaml.Node:
    if isinstance(value.value, list):
        return dumper.represent_sequence(value.tag, value.value)
    return dumper.represent_scalar(value.tag, value.value)


def _mapping(dumper: yaml.SafeDumper, value: dict[str, Any]) -> yaml.Node:
    node = dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=None)
    node.flow_style = dumper.default_flow_style or _is_short(value.values())
    return node


def _sequence(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=dumper.default_flow_style or _is_short(value))


def _is_short(values: Iterable[Any]) -> bool:
    """Whether scalars fit on one line together: templates are read by people, and are limited in size."""
    plain = [value.value if isinstance(value, Intrinsic) else value for value in values]
    return all(isinstance(value, str | int) for value in plain) and sum(len(str(value)) for value in plain) < 80


_Dumper.add_representer(Intrinsic, _represent)
_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(list, _sequence)


def _block(value: Any, indent: int) -> str:
    return "\n".join(" " * indent + line for line in _yaml(value, flow=False).splitlines())


def _inline(value: Any) -> str:
    return _yaml(value, flow=True).removesuffix("\n...")


def _yaml(value: Any, flow: bool) -> str:
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**9, default_flow_style=flow)
    # PyYAML quotes every scalar with a tag of its own; a plain name needs none.
    return re.sub(r"(!(?:Ref|GetAtt|Sub)) '([A-Za-z0-9.:]+)'", r"\1 \2", text.rstrip("\n"))


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"


def _parameters(service: Deployment, environment: str) -> dict[str, Any]:
    """Input of ``aws cloudformation deploy --parameter-overrides file://``; what is not known must be replaced to deploy."""
    production = environment == "production"
    store = service.target.database
    retention = service.target.log_retention_days
    values = {
        "Environment": environment,
        **{name: f"/{service.project}/{environment}/shared/{end}" for name, end in looked_up(service).items()},
        "Cpu": str(service.web.cpu),
        "Memory": str(service.web.memory),
        "LogRetentionDays": str(retention or (90 if production else 14)),
        **{ecs.secret_output(s.name): "REPLACE: ARN of the secret" for s in service.secrets if s.source == "given"},
    }
    if service.serves:
        values |= {"MinimumTasks": str(service.web.minimum if production else 1), "MaximumTasks": str(service.web.maximum)}
    match store.kind:
        case "rds":
            values["DatabaseClass"] = store.instance_class or ("db.t4g.medium" if production else "db.t4g.micro")
            values["DatabaseMultiAZ"] = "true" if production else "false"
        case "aurora-serverless":
            values |= {"DatabaseMinimumUnits": f"{store.minimum_units:g}", "DatabaseMaximumUnits": f"{store.maximum_units:g}"}
        case "existing":
            values["DatabaseAddress"] = "REPLACE: host name of the server"
            values["DatabaseSecurityGroup"] = "REPLACE: sg-..."
            values["DatabaseAdministratorSecretArn"] = "REPLACE: ARN of the secret with username and password of its administrator"
    if service.worker:
        values |= {
            "MinimumWorkers": str(service.worker.minimum),
            "WorkerCpu": str(service.worker.cpu),
            "WorkerMemory": str(service.worker.memory),
            "MaximumWorkers": str(service.worker.maximum),
        }
    for grant in service.grants:
        values[f"{camel(grant.service)}ResourceArns"] = f"REPLACE: ARNs for {', '.join(grant.actions)}"
    for variable in service.variables:
        if variable.value is None:
            values[variable_parameter(variable.name)] = f"REPLACE: {variable.purpose}" if variable.purpose else ""
    return {"Parameters": values}


def by_name(service: Deployment) -> set[str]:
    """Parameters of the shared stack that are names in the parameter store instead of values."""
    return {JOINED[key] for environment in ENVIRONMENTS for key, value in service.target.joined(environment).items() if value.startswith("/")}


def _shared_parameters(service: Deployment, environment: str) -> dict[str, Any]:
    required = {
        "VpcId": "REPLACE: vpc-...",
        "PrivateSubnets": "REPLACE: subnet-...,subnet-...",
        "PublicSubnets": "REPLACE: subnet-...,subnet-... (unused when a listener is joined)",
        "CertificateArn": "REPLACE: ARN in ACM (unused when a listener is joined)",
        "MonolithSecurityGroup": "REPLACE: sg-...",
        "MonolithDatabaseSecurityGroup": "REPLACE: sg-...",
    }
    joined = {JOINED[key]: value.replace("{environment}", environment) for key, value in service.target.joined(environment).items()}
    if "ExistingListenerArn" in joined:
        # Any value will do: nothing of these is made.
        required |= {"PublicSubnets": "none", "CertificateArn": "none"}
    return {"Parameters": {"Environment": environment, **required, **joined}}
