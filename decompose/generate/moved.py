"""The context's own code in the service: the same for every framework."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator

from decompose.generate.paths import service_path
from decompose.model.artifacts import Artifact, FileClass
from decompose.model.service import ServicePlan

BASE_REQUIREMENTS = ("pydantic>=2.7,<3", "httpx>=0.27,<1", "gunicorn>=22", "psycopg[binary]>=3.1,<4")
"""What every service needs besides its framework and the context's own imports."""


def moved(plan: ServicePlan) -> Iterator[Artifact]:
    """Moved and shared files, verbatim under the same dotted path, and the lock of the shared ones."""
    locked = []
    known = {placement.path: placement for placement in plan.context.placements}
    for path, text in sorted(plan.sources.items()):
        placement = known.get(path)
        if placement is not None and placement.action not in ("move", "share"):
            continue
        yield Artifact(service_path(plan, path), text, "moved", context=plan.context.name)
        if placement is not None and placement.action == "share":
            locked.append(
                {
                    "module": placement.module,
                    "path": path,
                    "sha256": hashlib.sha256(text).hexdigest(),
                    "reason": placement.reason,
                }
            )
    lock = {"schema": "decompose/shared-lock/1", "files": locked}
    yield artifact(plan, "shared.lock.json", json.dumps(lock, indent=2).encode() + b"\n")


def packages(plan: ServicePlan, shadows: Iterable[str]) -> Iterator[Artifact]:
    """Empty ``__init__.py`` files where the monolith's own does not come along: its side effects stay behind.

    ``shadows`` are the packages of stand-ins.
    """
    copied = {path for path in plan.sources if goes(plan, path)}
    modules = [service_path(plan, path) for path in copied if path.endswith(".py")]
    modules += [f"{plan.root}/{package.replace('.', '/')}/x.py" for package in [*shadows, plan.boundary]]
    folders = {folder for path in modules for folder in _parents(plan.root, path)}
    present = {service_path(plan, path) for path in copied} | {
        f"{plan.root}/{dotted.replace('.', '/')}/__init__.py" for dotted in (plan.boundary, plan.project.package)
    }
    for folder in sorted(folders):
        if f"{folder}/__init__.py" not in present:
            yield Artifact(f"{folder}/__init__.py", b"", context=plan.context.name)


def goes(plan: ServicePlan, path: str) -> bool:
    return all(each.path != path or each.action in ("move", "share") for each in plan.context.placements)


def _parents(root: str, path: str) -> Iterator[str]:
    folder = path.rpartition("/")[0]
    while folder and folder != root:
        yield folder
        folder = folder.rpartition("/")[0]


def imported(plan: ServicePlan, package: str) -> bool:
    """Whether moved or shared code imports a distribution's package."""
    pattern = re.compile(rb"^\s*(?:from|import)\s+" + package.encode() + rb"\b", re.MULTILINE)
    return any(path.endswith(".py") and goes(plan, path) and pattern.search(text) for path, text in plan.sources.items())


def artifact(plan: ServicePlan, path: str, content: bytes, kind: FileClass = "owned", executable: bool = False) -> Artifact:
    return Artifact(f"{plan.root}/{path}", content, kind, executable, context=plan.context.name)


def requirements(plan: ServicePlan, own: Iterable[str]) -> list[str]:
    """Requirement lines, one per distribution: the monolith's own pins win, then ``own``, those of the framework."""
    found: dict[str, str] = {}
    for line in (*plan.context.requirements, *own, *BASE_REQUIREMENTS):
        name = re.split(r"[\s\[<>=!~;@]", line.strip(), maxsplit=1)[0].lower().replace("_", "-")
        found.setdefault(name, line.strip())
    return [found[name] for name in sorted(found)]
