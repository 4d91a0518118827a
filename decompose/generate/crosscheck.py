"""What no linter sees: whether the generated files of one service agree with one another and with what AWS does.

Each check is a function from the parsed files to sentences. They were collected from templates that every linter called clean and
that did not run: a port nobody listens on, a database nobody may reach, a deployment that rewrites the traffic split.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import yaml

from decompose.generate.routing import VALUES_PER_RULE, WILDCARDS_PER_RULE
from decompose.generate.sizing import FARGATE_SIZES
from decompose.model.artifacts import Artifact
from decompose.model.deployment import Deployment
from decompose.model.priorities import LAST as LAST_PRIORITY

Tree = dict[str, Any]

_READ = re.compile(
    r"(?:environ(?:\.get)?\s*[\[(]|getenv\(|environment\.(?:flag|listed|required|computed|secret|text|integer)\()\s*[\"'](\w+)[\"']"
)
_COMPILERS = re.compile(r"\b(?:build-essential|gcc|g\+\+|clang|make|[\w.+-]+-dev)\b")
_GROUP_TEXT = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")
# AWS gives these actions no narrower resource.
_ANY_RESOURCE = {"ecr:GetAuthorizationToken", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
                 "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel", "xray:GetSamplingRules", "xray:GetSamplingStatisticSummaries",
                 "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"}


class Files(msgspec.Struct, frozen=True):
    """The generated files of a service, parsed. ``json`` has the ECS inputs by file name, ``template`` the CloudFormation."""

    json: dict[str, Tree]
    template: Tree
    compose: Tree
    workflow: Tree
    dockerfile: tuple[tuple[str, str], ...]
    python: dict[str, str]

    def tasks(self) -> Iterator[tuple[str, Tree]]:
        """Every task definition with its place, in the spelling of the API."""
        for name, value in self.json.items():
            if "containerDefinitions" in value:
                yield name, value
        for name, properties in self.resources("AWS::ECS::TaskDefinition"):
            yield f"template.yaml {name}", _lower(properties)

    def services(self) -> Iterator[tuple[str, Tree, Tree | None]]:
        """Every ECS service with its place and its task definition, ``None`` when that is missing."""
        for name, value in self.json.items():
            if "serviceName" in value:
                family = value.get("taskDefinition")
                yield name, value, next((t for t in self.json.values() if t.get("family") == family), None)
        definitions = dict(self.resources("AWS::ECS::TaskDefinition"))
        for name, properties in self.resources("AWS::ECS::Service"):
            definition = definitions.get(_target(properties.get("TaskDefinition")))
            yield f"template.yaml {name}", _lower(properties), definition and _lower(definition)

    def resources(self, kind: str) -> list[tuple[str, Tree]]:
        found = self.template.get("Resources", {})
        return [(name, value.get("Properties", {})) for name, value in found.items() if value.get("Type") == kind]


def problems(deployment: Deployment, artifacts: Iterable[Artifact]) -> tuple[str, ...]:
    """Sentences with the file in front, sorted, none when all is well. ``artifacts`` may hold other services' files too.

    A file that does not parse raises the parser's own error: that is another gate's finding.
    """
    files = _parse(deployment, artifacts)
    return tuple(sorted({problem for check in CHECKS for problem in check(deployment, files)}))


# The model ----------------------------------------------------------------------------------------------------------------


def _rules_within_quotas(deployment: Deployment, files: Files) -> Iterator[str]:
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


# Tasks --------------------------------------------------------------------------------------------------------------------


def _sizes_exist(deployment: Deployment, files: Files) -> Iterator[str]:
    for place, task in files.tasks():
        cpu, memory = task.get("cpu"), task.get("memory")
        fargate = "FARGATE" in task.get("requiresCompatibilities", ())
        if fargate and isinstance(cpu, str) and isinstance(memory, str) and int(memory) not in FARGATE_SIZES.get(int(cpu), ()):
            yield f"{place}: Fargate has no task with {cpu} CPU units and {memory} MiB"


def _containers_are_confined(deployment: Deployment, files: Files) -> Iterator[str]:
    for place, task in files.tasks():
        for container in task["containerDefinitions"]:
            user = str(container.get("user", "root")).partition(":")[0]
            if not user.isdigit() or int(user) < 10_000:
                yield f"{place}: {container['name']} runs as {user}"
            # The agent of ECS Exec writes into it: see `_exec_has_what_it_needs`.
            if container.get("readonlyRootFilesystem") is not True and not deployment.target.exec:
                yield f"{place}: {container['name']} can write its root file system"
            if "ALL" not in container.get("linuxParameters", {}).get("capabilities", {}).get("drop", ()):
                yield f"{place}: {container['name']} keeps capabilities"
            if "logConfiguration" not in container:
                yield f"{place}: {container['name']} logs nowhere"


def _volumes_are_there_and_writable(deployment: Deployment, files: Files) -> Iterator[str]:
    declared = {path for word, rest in files.dockerfile if word == "VOLUME" for path in json.loads(rest)}
    for place, task in files.tasks():
        volumes = {volume["name"] for volume in task.get("volumes", ())}
        # An access point says whose files these are.
        shared = {volume["name"] for volume in task.get("volumes", ()) if volume.keys() & {"efsVolumeConfiguration", "eFSVolumeConfiguration"}}
        for container in task["containerDefinitions"]:
            for mount in container.get("mountPoints", ()):
                if mount["sourceVolume"] not in volumes:
                    yield f"{place}: volume {mount['sourceVolume']} is mounted but not declared"
                if mount["containerPath"] not in declared and not mount.get("readOnly") and mount["sourceVolume"] not in shared:
                    yield f"{place}: {mount['containerPath']} belongs to root on Fargate unless the Dockerfile has it as VOLUME"


def _stopping_takes_less_than_allowed(deployment: Deployment, files: Files) -> Iterator[str]:
    for place, task in files.tasks():
        for container in task["containerDefinitions"]:
            timeout = container.get("stopTimeout", 30)
            if timeout > 120:
                yield f"{place}: stopTimeout {timeout} is above the 120 seconds of Fargate"
            words = " ".join(map(str, container.get("command", ())))
            drain = re.search(r"(?:graceful-timeout|timeout-graceful-shutdown)[= ](\d+)", words)
            if drain and timeout <= int(drain[1]):
                yield f"{place}: {container['name']} is killed after {timeout} s but drains for {drain[1]} s"


def _secrets_stay_secret(deployment: Deployment, files: Files) -> Iterator[str]:
    names = {secret.name for secret in deployment.secrets}
    for place, task in files.tasks():
        for container in task["containerDefinitions"]:
            for entry in container.get("environment", ()):
                if isinstance(entry, dict) and entry.get("name") in names:
                    yield f"{place}: the secret {entry['name']} stands in environment"


def _variables_are_declared_and_read(deployment: Deployment, files: Files) -> Iterator[str]:
    if not files.python:
        return
    read = {name for text in files.python.values() for name in _READ.findall(text)}
    declared = {secret.name for secret in deployment.secrets}
    place = "task-definition.json" if deployment.serves else "worker-task-definition.json"
    for secret in sorted(declared - read):
        yield f"{place}: the secret {secret} is declared but nothing reads it"
    container = files.json[place]["containerDefinitions"][0]
    given = {entry["name"] for key in ("environment", "secrets") for entry in container.get(key, ())}
    required = {
        name
        for text in files.python.values()
        for name in re.findall(r"(?:environ\[|environment\.(?:required|computed)\()\s*[\"'](\w+)[\"']", text)
    }
    for name in sorted(required - given):
        yield f"{place}: {name} is required by the service's code but not declared"


def _the_image_fits_the_task(deployment: Deployment, files: Files) -> Iterator[str]:
    stages = [index for index, (word, _) in enumerate(files.dockerfile) if word == "FROM"]
    last = files.dockerfile[stages[-1]:] if stages else ()
    found = dict(last)
    user = found.get("USER", "root")
    if not user.partition(":")[0].isdigit() or int(user.partition(":")[0]) < 10_000:
        yield f"Dockerfile: the last stage runs as {user}"
    for _, task in files.tasks():
        for container in task["containerDefinitions"]:
            if str(container.get("user")) != user:
                yield f"Dockerfile: the image runs as {user}, the task {container['name']} as {container.get('user')}"
    if len(stages) < 2:
        yield "Dockerfile: one stage only: what builds stays in the image"
    for word, rest in last:
        if word == "RUN" and "install" in rest and _COMPILERS.search(rest):
            yield "Dockerfile: the last stage installs a compiler"
    if not found.get("CMD", "").startswith("["):
        yield "Dockerfile: CMD is not in exec form, so SIGTERM ends at a shell"
    if "HEALTHCHECK" not in found:
        yield "Dockerfile: no HEALTHCHECK"


# Services -----------------------------------------------------------------------------------------------------------------


def _ports_and_names_meet(deployment: Deployment, files: Files) -> Iterator[str]:
    for place, service, task in files.services():
        if task is None:
            yield f"{place}: its task definition is missing"
            continue
        containers = {container["name"]: container for container in task["containerDefinitions"]}
        ports = {
            (name, mapping["containerPort"]) for name, container in containers.items() for mapping in container.get("portMappings", ())
        }
        for balancer in service.get("loadBalancers", ()):
            if (balancer["containerName"], balancer["containerPort"]) not in ports:
                yield f"{place}: the load balancer wants port {balancer['containerPort']} of {balancer['containerName']}, the task has no such port"
        names = {mapping.get("name") for container in containers.values() for mapping in container.get("portMappings", ())}
        for connected in service.get("serviceConnectConfiguration", {}).get("services", ()):
            if connected["portName"] not in names:
                yield f"{place}: Service Connect names the port {connected['portName']}, the task has no such port mapping"
    for name, group in files.resources("AWS::ElasticLoadBalancingV2::TargetGroup"):
        if group.get("Port") != deployment.web.port:
            yield f"template.yaml {name}: port {group.get('Port')}, the service listens on {deployment.web.port}"


def _the_deployment_leaves_the_split_alone(deployment: Deployment, files: Files) -> Iterator[str]:
    split = any(rule.forward == "weighted" for rule in deployment.rules)
    for place, service, _ in files.services():
        configuration = service.get("deploymentConfiguration", {})
        strategy = configuration.get("strategy", "ROLLING")
        if strategy != "ROLLING" and split:
            yield f"{place}: {strategy} rewrites the weights of the rule that splits between monolith and service"
        if strategy in ("BLUE_GREEN", "CANARY", "LINEAR") and not all(
            "advancedConfiguration" in balancer for balancer in service.get("loadBalancers", ())
        ):
            yield f"{place}: {strategy} needs the load balancer's advancedConfiguration"
        for kind in ("CANARY", "LINEAR"):
            if strategy == kind and f"{kind.lower()}Configuration" not in configuration:
                yield f"{place}: {kind} needs {kind.lower()}Configuration"
        if not configuration.get("deploymentCircuitBreaker", {}).get("rollback"):
            yield f"{place}: no circuit breaker rolls a failed deployment back"
        alarms = {json.dumps(a.get("AlarmName"), sort_keys=True) for _, a in files.resources("AWS::CloudWatch::Alarm")}
        if place.startswith("template"):
            if "desiredCount" in service:
                yield f"{place}: every update of the stack resets what scaling decided to DesiredCount"
            for name in configuration.get("alarms", {}).get("alarmNames", ()):
                if json.dumps(name, sort_keys=True) not in alarms:
                    yield f"{place}: the deployment waits for an alarm that does not exist: {name}"


def _exec_has_what_it_needs(deployment: Deployment, files: Files) -> Iterator[str]:
    rights = json.dumps(files.template.get("Resources", {}), default=str)
    for place, service, task in files.services():
        if service.get("enableExecuteCommand") is not True:
            continue
        if "ssmmessages:" not in rights:
            yield f"{place}: ECS Exec is on but no role has the ssmmessages rights"
        if task and any(each.get("readonlyRootFilesystem") and each.get("essential") for each in task["containerDefinitions"]):
            yield f"{place}: ECS Exec does not work with a read-only root file system"


def _jobs_name_their_containers(deployment: Deployment, files: Files) -> Iterator[str]:
    definitions = {task["family"]: task for task in files.json.values() if "family" in task}
    for place, run in files.json.items():
        for override in run.get("overrides", {}).get("containerOverrides", ()):
            task = definitions.get(run["taskDefinition"])
            if task is None:
                yield f"{place}: the task definition {run['taskDefinition']} is missing"
            elif override["name"] not in {container["name"] for container in task["containerDefinitions"]}:
                yield f"{place}: its task definition has no container {override['name']}"


def _migration_comes_before_the_service(deployment: Deployment, files: Files) -> Iterator[str]:
    steps = [str(step.get("run", "")) for step in files.workflow.get("jobs", {}).get("deploy", {}).get("steps", ())]
    migrate = next((i for i, run in enumerate(steps) if "migrate-task.json" in run), None)
    deploy = next((i for i, run in enumerate(steps) if re.search(r"(?<!Job)ImageTag=", run)), None)
    if deployment.migrate and (migrate is None or (deploy is not None and migrate > deploy)):
        yield "workflow: the service is deployed before its migration has run"
    if deploy is not None and not any("running.sh" in run for run in steps[deploy:]):
        yield "workflow: nobody looks whether the running revision is the wanted one"


# The template -------------------------------------------------------------------------------------------------------------


def _groups_open_both_ways(deployment: Deployment, files: Files) -> Iterator[str]:
    ingress = {
        (_target(p.get("SourceSecurityGroupId")), _target(p.get("GroupId")), str(p.get("FromPort")))
        for _, p in files.resources("AWS::EC2::SecurityGroupIngress")
    }
    egress = {
        (_target(p.get("GroupId")), _target(p.get("DestinationSecurityGroupId")), str(p.get("FromPort")))
        for _, p in files.resources("AWS::EC2::SecurityGroupEgress")
    }
    for source, target, port in sorted(ingress - egress):
        yield f"template.yaml: {target} lets {source} in on {port}, but {source} may not go there"
    for source, target, port in sorted(egress - ingress):
        yield f"template.yaml: {source} may go to {target} on {port}, but {target} does not let it in"
    web = str(deployment.web.port)
    existing = deployment.target.database.kind == "existing"
    needed = {
        ("ServiceSecurityGroup", "DatabaseSecurityGroup", str({"Ref": "DatabasePort"}) if existing else "5432"): "the service cannot reach its database",
    }
    if deployment.balanced:
        needed["LoadBalancerSecurityGroup", "ServiceSecurityGroup", web] = "the load balancer cannot reach the service"
    if deployment.serves:
        needed["MonolithSecurityGroup", "ServiceSecurityGroup", web] = "the monolith cannot reach the service"
    if deployment.files:
        needed["ServiceSecurityGroup", "FilesSecurityGroup", "2049"] = "the service cannot reach its files"
    if deployment.worker:
        needed["ServiceSecurityGroup", "BrokerSecurityGroup", str({"Ref": "BrokerPort"})] = "the workers cannot reach the broker"
    for way, sentence in needed.items():
        if files.template and way not in ingress & egress:
            yield f"template.yaml: {sentence}"
    for name, group in files.resources("AWS::EC2::SecurityGroup"):
        ways = [*group.get("SecurityGroupEgress", ()), *group.get("SecurityGroupIngress", ())]
        if name == "ServiceSecurityGroup" and not any(str(way.get("FromPort")) == "443" for way in ways):
            yield f"template.yaml {name}: tasks cannot reach AWS (images, secrets, logs) on 443"
    for kind in ("SecurityGroup", "SecurityGroupIngress", "SecurityGroupEgress"):
        for name, group in files.resources(f"AWS::EC2::{kind}"):
            for text in _strings(group, "Description"):
                if not _GROUP_TEXT.fullmatch(text):
                    yield f"template.yaml {name}: EC2 refuses a description with other characters than ._-:/()#,@[]+=&;{{}}!$*"


def _rights_are_narrow_and_enough(deployment: Deployment, files: Files) -> Iterator[str]:
    for name, role in files.resources("AWS::IAM::Role"):
        for statement in _statements(role):
            actions = _listed(statement.get("Action"))
            if any(isinstance(action, str) and action.endswith("*") for action in actions):
                yield f"template.yaml {name}: an action with *"
            if "*" in [r for r in _listed(statement.get("Resource")) if isinstance(r, str)] and not {*actions} <= _ANY_RESOURCE:
                yield f"template.yaml {name}: any resource for {', '.join(map(str, actions))}"
    roles = dict(files.resources("AWS::IAM::Role"))
    for name, properties in files.resources("AWS::ECS::TaskDefinition"):
        role = roles.get(_target(properties.get("ExecutionRoleArn")).partition(".")[0], {})
        allowed = {
            ref for statement in _statements(role) if "secretsmanager:GetSecretValue" in _listed(statement.get("Action"))
            for ref in _references(statement.get("Resource"))
        }
        for container in properties.get("ContainerDefinitions", ()):
            for secret in container.get("Secrets", ()):
                if not _references(secret.get("ValueFrom")) & allowed:
                    yield f"template.yaml {name}: its execution role may not read {secret.get('Name')}"


def _listener_rules_fit(deployment: Deployment, files: Files) -> Iterator[str]:
    rules = files.resources("AWS::ElasticLoadBalancingV2::ListenerRule")
    priorities = [properties.get("Priority") for _, properties in rules]
    if len({*priorities}) < len(priorities):
        yield "template.yaml: two listener rules have one priority"
    written = {properties.get("Priority") for _, properties in rules}
    for rule in deployment.rules:
        if files.template and rule.priority not in written:
            yield f"template.yaml: the rule with priority {rule.priority} is missing"
    for percent, weights in files.template.get("Mappings", {}).get("Traffic", {}).items():
        if weights != {"Monolith": 100 - int(percent), "Service": int(percent)}:
            yield f"template.yaml: the weights at {percent} % do not add up"


def _data_is_safe(deployment: Deployment, files: Files) -> Iterator[str]:
    instances, clusters = files.resources("AWS::RDS::DBInstance"), files.resources("AWS::RDS::DBCluster")
    for name, database in instances:
        if database.get("PubliclyAccessible") is not False:
            yield f"template.yaml {name}: reachable from the internet"
    for name, file_system in files.resources("AWS::EFS::FileSystem"):
        if file_system.get("Encrypted") is not True:
            yield f"template.yaml {name}: Encrypted is off"
        if files.template["Resources"][name].get("DeletionPolicy") != "Retain":
            yield f"template.yaml {name}: deleted with the stack"
    for name, database in [*clusters, *(each for each in instances if "DBClusterIdentifier" not in each[1])]:
        for key in ("StorageEncrypted", "DeletionProtection", "ManageMasterUserPassword"):
            if database.get(key) is not True:
                yield f"template.yaml {name}: {key} is off"
        if files.template["Resources"][name].get("DeletionPolicy") != "Snapshot":
            yield f"template.yaml {name}: deleted without a snapshot"


def _compose_waits_for_what_exists(deployment: Deployment, files: Files) -> Iterator[str]:
    services = files.compose.get("services", {})
    for name, service in services.items():
        for other, wanted in service.get("depends_on", {}).items():
            if other not in services:
                yield f"compose.yaml: {name} waits for {other}, which does not exist"
            elif wanted.get("condition") == "service_healthy" and "healthcheck" not in services[other]:
                yield f"compose.yaml: {name} waits until {other} is healthy, but nothing checks that"


CHECKS: tuple[Callable[[Deployment, Files], Iterator[str]], ...] = (
    _rules_within_quotas,
    _sizes_exist,
    _containers_are_confined,
    _volumes_are_there_and_writable,
    _stopping_takes_less_than_allowed,
    _secrets_stay_secret,
    _variables_are_declared_and_read,
    _the_image_fits_the_task,
    _ports_and_names_meet,
    _the_deployment_leaves_the_split_alone,
    _exec_has_what_it_needs,
    _jobs_name_their_containers,
    _migration_comes_before_the_service,
    _groups_open_both_ways,
    _rights_are_narrow_and_enough,
    _listener_rules_fit,
    _data_is_safe,
    _compose_waits_for_what_exists,
)


# Reading ------------------------------------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short functions as one-key mappings: ``!Ref A`` is ``{"Ref": "A"}``."""


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {suffix: value}


_Loader.add_multi_constructor("!", _function)


def load_yaml(content: bytes) -> Any:
    """The value of a YAML file, CloudFormation's functions included."""
    return yaml.load(content, _Loader)


def _parse(deployment: Deployment, artifacts: Iterable[Artifact]) -> Files:
    inputs: dict[str, Tree] = {}
    documents: dict[str, Tree] = {}
    dockerfile: tuple[tuple[str, str], ...] = ()
    python: dict[str, str] = {}
    root = deployment.root + "/"
    for artifact in artifacts:
        path = artifact.path.removeprefix(root)
        if artifact.path == f".github/workflows/service-{deployment.name}.yml":
            documents["workflow"] = load_yaml(artifact.content)
        elif not artifact.path.startswith(root):
            continue
        elif re.fullmatch(r"deploy/[^/]+\.json", path):
            inputs[path.removeprefix("deploy/")] = json.loads(artifact.content)
        elif path in ("deploy/template.yaml", "compose.yaml"):
            documents[path] = load_yaml(artifact.content)
        elif path == "Dockerfile":
            dockerfile = tuple(_instructions(artifact.content.decode()))
        elif path.endswith(".py") and not path.startswith("tests/"):
            python[path] = artifact.content.decode()
    return Files(
        inputs, documents.get("deploy/template.yaml", {}), documents.get("compose.yaml", {}), documents.get("workflow", {}), dockerfile, python
    )


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word:
            yield word.upper(), rest.strip()


def _lower(value: Any, key: str = "") -> Any:
    """CloudFormation's spelling as the API's; functions and free-form maps stay as they are."""
    if isinstance(value, dict):
        if key == "Options" or any(name in value for name in ("Ref", "Sub", "GetAtt", "If", "Select")):
            return value
        return {name[0].lower() + name[1:]: _lower(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_lower(item, key) for item in value]
    return value


def _target(value: Any) -> str:
    """The resource or parameter that a reference names, ``""`` for other values."""
    if isinstance(value, dict) and len(value) == 1:
        (name,) = value.values()
        return name if isinstance(name, str) else ""
    return ""


def _references(value: Any) -> set[str]:
    """All resources and parameters named anywhere in a value."""
    if isinstance(value, list):
        return {name for item in value for name in _references(item)}
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for key, item in value.items():
        if key in ("Ref", "GetAtt") and isinstance(item, str):
            found.add(item)
        elif key == "Sub" and isinstance(item, str):
            found.update(re.findall(r"\$\{([^}]+)\}", item))
        else:
            found |= _references(item)
    return found


def _statements(role: Tree) -> list[Tree]:
    return [s for policy in role.get("Policies", ()) for s in policy["PolicyDocument"]["Statement"]]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _strings(value: Any, key_part: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str) and key_part in key:
                yield item
            elif isinstance(item, dict) and key_part in key:
                yield from (text for text in item.values() if isinstance(text, str))
            else:
                yield from _strings(item, key_part)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item, key_part)
