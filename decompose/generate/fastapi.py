"""The FastAPI service of a context on SQLAlchemy: its own code under the old names, and an application around it.

FastAPI has no configuration of its own: moved code brings the module that the monolith reads its settings with.
"""

from __future__ import annotations

from collections.abc import Iterator

from decompose.generate.layout import imports
from decompose.generate.mounts import aliases, imports_as, mounts
from decompose.generate.moved import moved, packages, requirements
from decompose.generate.render import Render, python_literal
from decompose.generate.sqlalchemy.database import error_handlers_of
from decompose.generate.sqlalchemy.project import ServiceFiles, shadow_packages
from decompose.model.artifacts import Artifact
from decompose.model.service import ServicePlan


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """Everything below the service's folder but its boundary package, its data and its delivery."""
    yield from moved(plan)
    yield from packages(plan, shadow_packages(plan))
    files = ServiceFiles(plan, render, "fastapi")
    yield from files.files()
    yield from _application(plan, files)


def _application(plan: ServicePlan, base: ServiceFiles) -> Iterator[Artifact]:
    package, boundaries = plan.package, plan.project.package
    mounted = list(mounts(plan, "APIRouter", "prefix", adds=True))
    answering = error_handlers_of(plan)
    names = aliases([*(each.name for each in mounted), *answering])
    tables = f"import {package}.database  # noqa: F401  (all tables are declared)"
    own = imports(f"{package}.{each}" for each in ("boundary_views", "identity"))
    yield base.own(
        "app.py",
        "app.py.j2",
        own_imports="\n".join(line for line in (tables, imports_as(names), own) if line),
        error_handlers=[names[each] for each in answering],
        routers=[_included(names[each.name], each.prefix) for each in mounted],
    )
    yield base.own("asgi.py", "asgi.py.j2")
    yield base.own("boundary_views.py", "boundary_views.py.j2")
    identity = imports([f"{boundaries}.passage", f"{boundaries}.tokens", f"{boundaries}.runtime.current_user"])
    yield base.own("identity.py", "identity.py.j2", own_imports=identity)
    declared = dict(plan.project.requirements)
    lines = [declared.get(name, line) for name, line in (("fastapi", "fastapi>=0.110"), ("uvicorn", "uvicorn>=0.30"), ("sqlalchemy", "SQLAlchemy>=2"), ("alembic", "alembic>=1.13"))]
    yield base.file("requirements.txt", "common/requirements.txt.j2", "merged", requirements=requirements(plan, lines))


def _included(name: str, prefix: str) -> str:
    options = f", prefix={python_literal(prefix)}" if prefix else ""
    return f"app.include_router({name}{options})"
