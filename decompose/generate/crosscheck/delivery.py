"""The way from source to running tasks: image, compose file, CI workflow and the scripts that it runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from decompose.generate.crosscheck.files import Files
from decompose.model.deployment import Deployment

_COMPILERS = re.compile(r"\b(?:build-essential|gcc|g\+\+|clang|make|[\w.+-]+-dev)\b")
_PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
_KEPT_OUT = (".env", ".pem", ".key")


def the_image_fits_the_task(deployment: Deployment, files: Files) -> Iterator[str]:
    stages = [index for index, (word, _) in enumerate(files.dockerfile) if word == "FROM"]
    if not stages:
        return
    last = files.dockerfile[stages[-1]:]
    found = dict(last)
    user = found.get("USER", "root")
    if not user.partition(":")[0].isdigit() or int(user.partition(":")[0]) < 10_000:
        yield f"Dockerfile: the last stage runs as {user}"
    for _, _, container in files.containers():
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
    if found.get("EXPOSE", str(deployment.web.port)) != str(deployment.web.port):
        yield f"Dockerfile: exposes {found['EXPOSE']}, the service listens on {deployment.web.port}"


def the_image_holds_no_secrets(deployment: Deployment, files: Files) -> Iterator[str]:
    if any(word == "COPY" and rest.split()[0] == "." for word, rest in files.dockerfile):
        for ending in _KEPT_OUT:
            if not any(ending in line and not line.startswith("!") for line in files.ignored):
                yield f".dockerignore: lets {ending} files into the image"
    names = {secret.name for secret in deployment.secrets}
    for word, rest in files.dockerfile:
        for name in sorted(names):
            if word in ("ENV", "ARG") and re.search(rf"\b{re.escape(name)}\b", rest):
                yield f"Dockerfile: {word} keeps {name} in the image's history"


def compose_waits_for_what_exists(deployment: Deployment, files: Files) -> Iterator[str]:
    services = files.compose.get("services", {})
    for name, service in services.items():
        for other, wanted in service.get("depends_on", {}).items():
            if other not in services:
                yield f"compose.yaml: {name} waits for {other}, which does not exist"
            elif wanted.get("condition") == "service_healthy" and "healthcheck" not in services[other]:
                yield f"compose.yaml: {name} waits until {other} is healthy, but nothing checks that"


def jobs_name_their_containers(deployment: Deployment, files: Files) -> Iterator[str]:
    definitions = {task["family"]: task for task in files.json.values() if "family" in task}
    for place, run in files.json.items():
        for override in run.get("overrides", {}).get("containerOverrides", ()):
            task = definitions.get(run["taskDefinition"])
            if task is None:
                yield f"{place}: the task definition {run['taskDefinition']} is missing"
            elif override["name"] not in {container["name"] for container in task["containerDefinitions"]}:
                yield f"{place}: its task definition has no container {override['name']}"


def placeholders_are_filled(deployment: Deployment, files: Files) -> Iterator[str]:
    """What the JSON inputs leave to the account is said by the script that fills them in."""
    script = files.scripts.get("environment.sh")
    if script is None:
        return
    filled = set(_PLACEHOLDER.findall(script.partition("placeholders=")[2]))
    for name, value in files.json.items():
        for missing in sorted({*_PLACEHOLDER.findall(json.dumps(_outside_of_code(value)))} - filled):
            yield f"{name}: nothing fills in ${{{missing}}}"


def _outside_of_code(value: object) -> object:
    """A value without texts that come out of the monolith: defaults of environment variables."""
    if isinstance(value, dict):
        if value.keys() == {"name", "value"} and value["value"] != f"${{{value['name']}}}":
            return None
        return {key: _outside_of_code(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_outside_of_code(each) for each in value]
    return value


def migration_comes_before_the_service(deployment: Deployment, files: Files) -> Iterator[str]:
    steps = [str(step.get("run", "")) for step in files.workflow.get("jobs", {}).get("deploy", {}).get("steps", ())]
    migrate = next((i for i, run in enumerate(steps) if "migrate-task.json" in run), None)
    deploy = next((i for i, run in enumerate(steps) if re.search(r"(?<!Job)ImageTag=", run)), None)
    if steps and deployment.migrate and (migrate is None or (deploy is not None and migrate > deploy)):
        yield "workflow: the service is deployed before its migration has run"
    if deploy is not None and not any("running.sh" in run for run in steps[deploy:]):
        yield "workflow: nobody looks whether the running revision is the wanted one"
    run_task = files.scripts.get("run-task.sh")
    if run_task is not None and "exitCode" not in run_task:
        yield "run-task.sh: does not look at the exit code, so a failed migration lets the service through"


def the_workflow_needs_no_keys(deployment: Deployment, files: Files) -> Iterator[str]:
    for name, job in files.workflow.get("jobs", {}).items():
        uses = [step for step in job.get("steps", ()) if "configure-aws-credentials" in str(step.get("uses", ""))]
        if uses and job.get("permissions", {}).get("id-token") != "write":
            yield f"workflow: {name} asks AWS for a role, but may not ask for an identity token (id-token: write)"
        for step in uses:
            if "aws-secret-access-key" in step.get("with", {}):
                yield f"workflow: {name} uses a long-lived key"
    image = files.workflow.get("jobs", {}).get("image", {})
    if image and ("arm" in str(image.get("runs-on"))) != (deployment.architecture == "ARM64"):
        yield f"workflow: the image is built on {image.get('runs-on')} and runs on {deployment.architecture}"


CHECKS = (
    the_image_fits_the_task,
    the_image_holds_no_secrets,
    compose_waits_for_what_exists,
    jobs_name_their_containers,
    placeholders_are_filled,
    migration_comes_before_the_service,
    the_workflow_needs_no_keys,
)
