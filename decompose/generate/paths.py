"""Where files of a service and of its boundary lie, relative to the project root."""

from __future__ import annotations

from decompose.model.service import ServicePlan


def source_path(plan: ServicePlan, module_path: str) -> str:
    """A path below the monolith's import root, relative to the project root."""
    root = plan.project.source.strip("/").removeprefix("./")
    return module_path if root in ("", ".") else f"{root}/{module_path}"


def service_path(plan: ServicePlan, path: str) -> str:
    """Where a file of the monolith (``path`` relative to the project root) lies in the service: same dotted path."""
    root = plan.project.source.strip("/").removeprefix("./")
    inside = path if root in ("", ".") else path.removeprefix(f"{root}/")
    return f"{plan.root}/{inside}"


def package_paths(plan: ServicePlan, dotted: str, file: str) -> tuple[str, str]:
    """A file of a package in the monolith and in the service."""
    inside = f"{dotted.replace('.', '/')}/{file}"
    return source_path(plan, inside), f"{plan.root}/{inside}"


def boundary_paths(plan: ServicePlan, file: str) -> tuple[str, str]:
    """A file of the context's boundary package in the monolith and in the service."""
    return package_paths(plan, plan.boundary, file)
