"""Services: ports and names meet, deployments leave the traffic split and the task count alone."""

from __future__ import annotations

import json
from collections.abc import Iterator

from decompose.generate.crosscheck.files import Files, of_kind, target
from decompose.model.deployment import Deployment


def ports_and_names_meet(deployment: Deployment, files: Files) -> Iterator[str]:
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


def health_is_asked_where_it_is_answered(deployment: Deployment, files: Files) -> Iterator[str]:
    for name, group in files.resources("AWS::ElasticLoadBalancingV2::TargetGroup"):
        place = f"template.yaml {name}"
        if group.get("Port") != deployment.web.port:
            yield f"{place}: port {group.get('Port')}, the service listens on {deployment.web.port}"
        if group.get("TargetType") != "ip":
            yield f"{place}: TargetType {group.get('TargetType')}, tasks with awsvpc are targets by ip"
        if group.get("HealthCheckPath") not in (deployment.live, deployment.ready):
            yield f"{place}: asks {group.get('HealthCheckPath')} for health, the service answers on {deployment.live} and {deployment.ready}"
    for place, service, _ in files.services():
        if service.get("loadBalancers") and not service.get("healthCheckGracePeriodSeconds"):
            yield f"{place}: no grace period, so a task that still starts is replaced"


def the_deployment_leaves_the_split_alone(deployment: Deployment, files: Files) -> Iterator[str]:
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


def a_failed_deployment_goes_back(deployment: Deployment, files: Files) -> Iterator[str]:
    alarms = {json.dumps(a.get("AlarmName"), sort_keys=True) for _, a in files.resources("AWS::CloudWatch::Alarm")}
    for place, service, _ in files.services():
        configuration = service.get("deploymentConfiguration", {})
        if not configuration.get("deploymentCircuitBreaker", {}).get("rollback"):
            yield f"{place}: no circuit breaker rolls a failed deployment back"
        least, most = configuration.get("minimumHealthyPercent", 100), configuration.get("maximumPercent", 200)
        if least >= 100 and most <= 100:
            yield f"{place}: with {least} to {most} % of the tasks no deployment can start or stop one"
        if place.startswith("template"):
            for name in configuration.get("alarms", {}).get("alarmNames", ()):
                if json.dumps(name, sort_keys=True) not in alarms:
                    yield f"{place}: the deployment waits for an alarm that does not exist: {name}"


def scaling_owns_the_count(deployment: Deployment, files: Files) -> Iterator[str]:
    scaled = {target(p.get("ScalingTargetId")) for _, p in files.resources("AWS::ApplicationAutoScaling::ScalingPolicy")}
    for place, service, _ in files.services():
        if place.startswith("template") and "desiredCount" in service:
            yield f"{place}: every update of the stack resets what scaling decided to DesiredCount"
    for name, scalable in files.resources("AWS::ApplicationAutoScaling::ScalableTarget"):
        least, most = scalable.get("MinCapacity"), scalable.get("MaxCapacity")
        if isinstance(least, int) and isinstance(most, int) and least > most:
            yield f"template.yaml {name}: at least {least} tasks and at most {most}"
        if name not in scaled:
            yield f"template.yaml {name}: no policy scales it"


def exec_has_what_it_needs(deployment: Deployment, files: Files) -> Iterator[str]:
    rights = json.dumps(files.template.get("Resources", {}), default=str)
    for place, service, task in files.services():
        if service.get("enableExecuteCommand") is not True:
            continue
        if "ssmmessages:" not in rights:
            yield f"{place}: ECS Exec is on but no role has the ssmmessages rights"
        if task and any(each.get("readonlyRootFilesystem") and each.get("essential") for each in task["containerDefinitions"]):
            yield f"{place}: ECS Exec does not work with a read-only root file system"


def names_are_free(deployment: Deployment, files: Files) -> Iterator[str]:
    """No two services share a listener rule's priority or a name, and a service's own names do not meet in its namespace."""
    registered = {properties.get("Name") for _, properties in files.resources("AWS::ServiceDiscovery::Service")}
    for place, service, _ in files.services():
        for connected in service.get("serviceConnectConfiguration", {}).get("services", ()):
            if connected.get("discoveryName", connected["portName"]) in registered:
                yield f"{place}: Service Connect registers {connected.get('discoveryName')}, which the DNS name has in the same namespace"
    mine = _claims(files.template)
    for other, template in sorted(files.others.items()):
        for kind, value in sorted(mine & _claims(template)):
            yield f"template.yaml: {other} has the {kind} {value} too"


def _claims(template: dict[str, object]) -> set[tuple[str, str]]:
    kinds = (("AWS::ElasticLoadBalancingV2::ListenerRule", "Priority", "priority"), ("AWS::ServiceDiscovery::Service", "Name", "name"))
    return {(word, str(properties.get(key))) for kind, key, word in kinds for _, properties in of_kind(template, kind)}


CHECKS = (
    ports_and_names_meet,
    health_is_asked_where_it_is_answered,
    the_deployment_leaves_the_split_alone,
    a_failed_deployment_goes_back,
    scaling_owns_the_count,
    exec_has_what_it_needs,
    names_are_free,
)
