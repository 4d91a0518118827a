"""Around the tasks: networks, rights, listener rules, data and the values of each environment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from decompose.generate.crosscheck.files import Files, Tree, allowed, listed, references, statements, strings, target
from decompose.generate.deployment import BROKER_URL, MONOLITH_URL
from decompose.generate.routing import VALUES_PER_RULE, WILDCARDS_PER_RULE
from decompose.model.deployment import Deployment
from decompose.model.priorities import LAST as LAST_PRIORITY

_GROUP_TEXT = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")
# AWS gives these actions no narrower resource.
_ANY_RESOURCE = {
    "ecr:GetAuthorizationToken", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel", "xray:GetSamplingRules", "xray:GetSamplingStatisticSummaries", "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords", "xray:PutTraceSegments",
}  # fmt: skip
_EVERYWHERE = ("0.0.0.0/0", "::/0")


def rules_are_within_quotas(deployment: Deployment, files: Files) -> Iterator[str]:
    priorities = [rule.priority for rule in deployment.rules]
    if len(set(priorities)) < len(priorities):
        yield "rules: two listener rules have one priority"
    for rule in deployment.rules:
        values = len(rule.paths) + len(rule.methods) + (rule.forward == "testers")
        if values > VALUES_PER_RULE:
            yield f"rules: rule {rule.priority} has {values} condition values, a load balancer takes {VALUES_PER_RULE}"
        if sum(path.count("*") for path in rule.paths) > WILDCARDS_PER_RULE:
            yield f"rules: rule {rule.priority} has more than {WILDCARDS_PER_RULE} wildcards"
        if not 1 <= rule.priority <= LAST_PRIORITY:
            yield f"rules: priority {rule.priority} is outside 1..{LAST_PRIORITY}"


def listener_rules_fit(deployment: Deployment, files: Files) -> Iterator[str]:
    rules = files.resources("AWS::ElasticLoadBalancingV2::ListenerRule")
    priorities = [properties.get("Priority") for _, properties in rules]
    if len({*map(str, priorities)}) < len(priorities):
        yield "template.yaml: two listener rules have one priority"
    written = {properties.get("Priority"): properties for _, properties in rules}
    for rule in deployment.rules if files.template else ():
        if rule.priority not in written:
            yield f"template.yaml: the rule with priority {rule.priority} is missing"
            continue
        conditions = written[rule.priority].get("Conditions", ())
        paths = [value for each in conditions for value in each.get("PathPatternConfig", {}).get("Values", ())]
        if sorted(paths) != sorted(rule.paths):
            yield f"template.yaml: rule {rule.priority} catches {', '.join(map(str, paths)) or 'every path'}, the moved routes need {', '.join(rule.paths)}"
        if rule.forward == "testers" and not any(each.get("Field") == "http-header" for each in conditions):
            yield f"template.yaml: rule {rule.priority} is for testers, but sends everybody to the service"
    for percent, weights in files.template.get("Mappings", {}).get("Traffic", {}).items():
        if weights != {"Monolith": 100 - int(percent), "Service": int(percent)}:
            yield f"template.yaml: the weights at {percent} % do not add up"


def groups_open_both_ways(deployment: Deployment, files: Files) -> Iterator[str]:
    ingress = {
        (target(p.get("SourceSecurityGroupId")), target(p.get("GroupId")), _port(p.get("FromPort")))
        for _, p in files.resources("AWS::EC2::SecurityGroupIngress")
    }
    egress = {
        (target(p.get("GroupId")), target(p.get("DestinationSecurityGroupId")), _port(p.get("FromPort")))
        for _, p in files.resources("AWS::EC2::SecurityGroupEgress")
    }
    for source, end, port in sorted(ingress - egress):
        yield f"template.yaml: {end} lets {source} in on {port}, but {source} may not go there"
    for source, end, port in sorted(egress - ingress):
        yield f"template.yaml: {source} may go to {end} on {port}, but {end} does not let it in"
    for way, sentence in _needed(deployment).items():
        if files.template and way not in ingress & egress:
            yield f"template.yaml: {sentence}"
    for name, group in files.resources("AWS::EC2::SecurityGroup"):
        rules = [*group.get("SecurityGroupEgress", ()), *group.get("SecurityGroupIngress", ())]
        if name == "ServiceSecurityGroup" and not any(str(way.get("FromPort")) == "443" for way in rules):
            yield f"template.yaml {name}: tasks cannot reach AWS (images, secrets, logs) on 443"


def _needed(deployment: Deployment) -> dict[tuple[str, str, str], str]:
    """The ways in and out, by group to group on a port, that the service needs for what it is and for what it reads from its environment."""
    own, web = "ServiceSecurityGroup", str(deployment.web.port)
    database = "DatabasePort" if deployment.target.database.kind == "existing" else "5432"
    found = {(own, "DatabaseSecurityGroup", database): "the service cannot reach its database"}
    if deployment.balanced:
        found["LoadBalancerSecurityGroup", own, web] = "the load balancer cannot reach the service"
    if deployment.serves:
        found["MonolithSecurityGroup", own, web] = "the monolith cannot reach the service"
    if deployment.files:
        found[own, "FilesSecurityGroup", "2049"] = "the service cannot reach its files"
    if deployment.reads(BROKER_URL):
        found[own, "BrokerSecurityGroup", "BrokerPort"] = "the service cannot reach the broker"
    if deployment.reads(MONOLITH_URL):
        found[own, "MonolithSecurityGroup", "MonolithPort"] = "the service cannot reach the monolith"
    return found


def _port(value: object) -> str:
    """A port, or the parameter that says it."""
    return target(value) or str(value)


def groups_are_closed(deployment: Deployment, files: Files) -> Iterator[str]:
    for name, group in files.resources("AWS::EC2::SecurityGroup"):
        for way in group.get("SecurityGroupIngress", ()):
            if way.get("CidrIp", way.get("CidrIpv6")) in _EVERYWHERE:
                yield f"template.yaml {name}: open to the whole internet"
    for name, way in files.resources("AWS::EC2::SecurityGroupIngress"):
        if way.get("CidrIp", way.get("CidrIpv6")) in _EVERYWHERE:
            yield f"template.yaml {name}: open to the whole internet"
    for place, service, _ in files.services():
        if service.get("networkConfiguration", {}).get("awsvpcConfiguration", {}).get("assignPublicIp") == "ENABLED":
            yield f"{place}: its tasks have public addresses"
    for kind in ("SecurityGroup", "SecurityGroupIngress", "SecurityGroupEgress"):
        for name, group in files.resources(f"AWS::EC2::{kind}"):
            for text in strings(group, "Description"):
                if not _GROUP_TEXT.fullmatch(text):
                    yield f"template.yaml {name}: EC2 refuses a description with other characters than ._-:/()#,@[]+=&;{{}}!$*"


def rights_are_narrow(deployment: Deployment, files: Files) -> Iterator[str]:
    for name, role in files.resources("AWS::IAM::Role"):
        for statement in statements(role):
            actions = listed(statement.get("Action"))
            if any(isinstance(action, str) and action.endswith("*") for action in actions):
                yield f"template.yaml {name}: an action with *"
            if "*" in [r for r in listed(statement.get("Resource")) if isinstance(r, str)] and not {*actions} <= _ANY_RESOURCE:
                yield f"template.yaml {name}: any resource for {', '.join(map(str, actions))}"


def rights_are_enough(deployment: Deployment, files: Files) -> Iterator[str]:
    """Each task can be started: pulled, given its secrets, heard; each role can be taken on by whom it is for."""
    roles = dict(files.resources("AWS::IAM::Role"))
    for name, properties in files.resources("AWS::ECS::TaskDefinition"):
        role = roles.get(target(properties.get("ExecutionRoleArn")).partition(".")[0], {})
        place = f"template.yaml {name}: its execution role"
        if "ecs-tasks.amazonaws.com" not in json.dumps(role.get("AssumeRolePolicyDocument", {})):
            yield f"{place} cannot be taken on by ECS tasks"
        for container in properties.get("ContainerDefinitions", ()):
            for secret in container.get("Secrets", ()):
                if not references(secret.get("ValueFrom")) & allowed(role, "secretsmanager:GetSecretValue"):
                    yield f"{place} may not read {secret.get('Name')}"
            group = references(container.get("LogConfiguration", {}).get("Options", {}).get("awslogs-group"))
            if group and not {f"{each}.Arn" for each in group} <= allowed(role, "logs:PutLogEvents"):
                yield f"{place} may not write to its log group"
            if any("Repository" in each for each in references(container.get("Image"))) and "Repository.Arn" not in allowed(role, "ecr:BatchGetImage"):
                yield f"{place} may not pull its image"
    for name, schedule in files.resources("AWS::Scheduler::Schedule"):
        role = roles.get(target(schedule.get("Target", {}).get("RoleArn")).partition(".")[0], {})
        definition = target(schedule.get("Target", {}).get("EcsParameters", {}).get("TaskDefinitionArn"))
        if definition not in allowed(role, "ecs:RunTask"):
            yield f"template.yaml {name}: its role may not run {definition}"
        if not {"ExecutionRole.Arn", "TaskRole.Arn"} <= allowed(role, "iam:PassRole"):
            yield f"template.yaml {name}: its role may not pass on the roles of the task"


def moved_code_may_do_what_it_does(deployment: Deployment, files: Files) -> Iterator[str]:
    if not files.template:
        return
    role = dict(files.resources("AWS::IAM::Role")).get("TaskRole", {})
    has = {action for statement in statements(role) for action in listed(statement.get("Action"))}
    for grant in deployment.grants:
        for action in sorted({*grant.actions} - has):
            yield f"template.yaml TaskRole: the moved code calls {action}, the role does not allow it"


def data_is_safe(deployment: Deployment, files: Files) -> Iterator[str]:
    for name, file_system in files.resources("AWS::EFS::FileSystem"):
        place, resource = f"template.yaml {name}", files.template["Resources"][name]
        if file_system.get("Encrypted") is not True:
            yield f"{place}: Encrypted is off"
        for key in ("DeletionPolicy", "UpdateReplacePolicy"):
            if resource.get(key) != "Retain":
                yield f"{place}: deleted with the stack ({key})"
    instances, clusters = files.resources("AWS::RDS::DBInstance"), files.resources("AWS::RDS::DBCluster")
    for name, database in instances:
        if database.get("PubliclyAccessible") is not False:
            yield f"template.yaml {name}: reachable from the internet"
    # The instances of a cluster hold no data of their own.
    for name, database in [*clusters, *(each for each in instances if "DBClusterIdentifier" not in each[1])]:
        yield from (f"template.yaml {name}: {fault}" for fault in _faults_of_database(files, name, database))


def _faults_of_database(files: Files, name: str, database: Tree) -> Iterator[str]:
    for key in ("StorageEncrypted", "DeletionProtection", "ManageMasterUserPassword"):
        if database.get(key) is not True:
            yield f"{key} is off"
    if database.get("BackupRetentionPeriod") == 0:
        yield "no backups"
    for key in ("DeletionPolicy", "UpdateReplacePolicy"):
        if files.template["Resources"][name].get(key) != "Snapshot":
            yield f"deleted without a snapshot ({key})"
    groups = dict([*files.resources("AWS::RDS::DBParameterGroup"), *files.resources("AWS::RDS::DBClusterParameterGroup")])
    parameters = groups.get(target(database.get("DBParameterGroupName", database.get("DBClusterParameterGroupName"))), {})
    if parameters.get("Parameters", {}).get("rds.force_ssl") != "1":
        yield "takes connections in plain text"
    version = database.get("EngineVersion")
    default = files.template.get("Parameters", {}).get(target(version), {}).get("Default", version)
    family = re.sub(r"^(aurora-)?postgres(ql)?", "", str(parameters.get("Family", "")))
    if family and isinstance(default, str) and default.partition(".")[0] != family:
        yield f"PostgreSQL {default} does not take a parameter group of {parameters.get('Family')}"


def each_environment_has_its_values(deployment: Deployment, files: Files) -> Iterator[str]:
    known = files.template.get("Parameters", {})
    required = {name for name, parameter in known.items() if "Default" not in parameter}
    for environment, document in sorted(files.parameters.items()):
        given = document.get("Parameters", {}).keys()
        for name in sorted(required - given):
            yield f"parameters/{environment}.json: {name} has no default and no value"
        for name in sorted(given - known.keys()) if known else ():
            yield f"parameters/{environment}.json: the template has no parameter {name}"


CHECKS = (
    rules_are_within_quotas,
    listener_rules_fit,
    groups_open_both_ways,
    groups_are_closed,
    rights_are_narrow,
    rights_are_enough,
    moved_code_may_do_what_it_does,
    data_is_safe,
    each_environment_has_its_values,
)
