"""From source to a running container: image, compose file and CI workflow."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.generate.deployment import BROKER_URL, MONOLITH_URL, deployment, health_command
from decompose.generate.ecs import by_terraform
from decompose.generate.render import Render
from decompose.model.artifacts import Artifact
from decompose.model.deployment import Deployment
from decompose.model.service import ServicePlan

# Long enough for frameworks that measure keys; protects nothing.
LOCAL_KEY = "for-this-laptop-only-not-a-secret-0000000000000000"
SCRIPTS = ("rollback", "run-task", "running", "scan", "stack")


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """Dockerfile, ``.dockerignore``, ``compose.yaml``, the workflow below ``.github`` and the scripts that it runs."""
    service = deployment(plan)
    root, context = service.root, service.context
    health = health_command(service.live, service.web.port)
    yield Artifact(f"{root}/Dockerfile", render("delivery/Dockerfile.j2", service=service, health=list(health)), "merged", context=context)
    yield Artifact(f"{root}/.dockerignore", render("delivery/dockerignore.j2"), "merged", context=context)
    compose = render("delivery/compose.yaml.j2", service=service, environment=_compose_environment(service), broker=service.reads(BROKER_URL))
    yield Artifact(f"{root}/compose.yaml", compose, "merged", context=context)
    # GitHub reads workflows at the root of the repository only.
    path = f".github/workflows/service-{service.name}.yml"
    workflow = render(
        "delivery/workflow.yml.j2",
        service=service,
        workflow=path,
        terraform=by_terraform(service),
        test_environment=_environment(service, "127.0.0.1", "127.0.0.1"),
    )
    yield Artifact(path, workflow, "merged", context=context)
    for script in SCRIPTS:
        template = "terraform/stack" if script == "stack" and by_terraform(service) else script
        content = render(f"deploy/{template}.sh.j2", service=service, stack=f"{service.project}-{service.name}")
        yield Artifact(f"{root}/deploy/{script}.sh", content, executable=True, context=context)


def _compose_environment(service: Deployment) -> dict[str, str]:
    # Compose would read a dollar sign as one of its own variables.
    values = {name: value.replace("$", "$$") for name, value in _environment(service, "database", "broker").items()}
    if MONOLITH_URL in values:
        values[MONOLITH_URL] = f"${{MONOLITH_URL:-{values[MONOLITH_URL]}}}"
    return values


def _environment(service: Deployment, database: str, broker: str) -> dict[str, str]:
    """What the service reads, for a machine without AWS. Values of secrets are made up here, never taken from the monolith."""
    values = {
        variable.name: variable.value
        for variable in service.variables
        # A default that a workflow would evaluate is left to the code that has it.
        if variable.value is not None and "${{" not in variable.value
    }
    if any(variable.name == MONOLITH_URL for variable in service.variables):
        # On a laptop the monolith runs outside of this service's containers.
        values[MONOLITH_URL] = "http://host.docker.internal:8000"
    for secret in service.secrets:
        upper = secret.name.upper()
        if secret.source == "database":
            values[secret.name] = f"postgresql://{service.database}@{database}:5432/{service.database}"
        elif "BROKER" in upper or upper.startswith("CELERY"):
            values[secret.name] = f"amqp://{broker}:5672//" if service.broker == "amqp" else f"redis://{broker}:6379/0"
        elif upper.startswith("REDIS"):
            values[secret.name] = f"redis://{broker}:6379/0"
        else:
            values[secret.name] = LOCAL_KEY
    return dict(sorted(values.items()))
