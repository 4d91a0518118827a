"""Stand-ins in the service for what moved code imports from the rest of the monolith.

A stand-in module keeps the dotted path of the original. It holds shadow models (key and the columns that moved code reads), the shared
definitions of that module, and placeholders for what was decided to stay in the monolith: a placeholder says so when it is called.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from decompose.generate.migrations import is_generated, replica_fields
from decompose.generate.paths import service_path
from decompose.generate.render import Render
from decompose.model.artifacts import Artifact
from decompose.model.migration import BoundaryEdge, Replica
from decompose.model.service import ServicePlan


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """One module for each module of the monolith that moved code imports a model or a staying definition from."""
    replicas: dict[str, list[Replica]] = {}
    for replica in plan.context.replicas:
        if is_generated(plan, replica):
            replicas.setdefault(replica.model.rpartition(".")[0], []).append(replica)
    staying: dict[str, list[BoundaryEdge]] = {}
    for edge in placeholders(plan):
        staying.setdefault(edge.target.rpartition(".")[0], []).append(edge)
    labels = {replica.model: replica.label for replica in plan.context.replicas}
    paths = {placement.module: placement.path for placement in plan.context.placements}
    texts = {module: plan.sources[path].decode() for module, path in paths.items() if path in plan.sources}
    exports = _exports(plan, {module: {replica.model.rpartition(".")[2] for replica in found} for module, found in replicas.items()}, texts)
    for module in sorted({*replicas, *staying, *exports}):
        path = paths.get(module) or _module_path(plan, module, {*replicas, *staying, *exports, *texts})
        models = [
            {
                "name": replica.label.partition(".")[2],
                "label": replica.label,
                "app": replica.label.partition(".")[0],
                "table": replica.table,
                "user": replica.user,
                "fields": list(replica_fields(replica, labels)),
                "key": replica.key.name,
                "managers": [(attribute, text) for attribute, text, _ in replica.managers],
            }
            for replica in sorted(replicas.get(module, ()), key=lambda each: each.model)
        ]
        text = render(
            "service/django/standin.py.j2",
            shared=_body(texts.get(module, "")),
            models=models,
            tasks=[
                {"name": edge.target.rpartition(".")[2], "task": _task_name(edge)}
                for edge in sorted(staying.get(module, ()), key=lambda each: each.target)
                if edge.kind == "task"
            ],
            placeholders=[
                {"name": edge.target.rpartition(".")[2], "target": edge.target, "edge": edge.id, "at": str(edge.at), "reason": edge.reason, "is_class": edge.kind == "construction"}
                for edge in sorted(staying.get(module, ()), key=lambda each: each.target)
                if edge.kind != "task"
            ],
            exports=sorted({*exports.get(module, ()), *_manager_imports(plan, module, replicas.get(module, ()))}),
            module=module,
        )
        yield Artifact(service_path(plan, path), text, "merged", context=plan.context.name)


def placeholders(plan: ServicePlan) -> Iterator[BoundaryEdge]:
    """Edges to definitions of the monolith that moved code names and that the service does not have; each definition once."""
    # A method of a shadow's model: the shadow itself says that it does not have it.
    seen = {edge.target for edge in plan.context.edges if edge.target.rpartition(".")[0] in {replica.model for replica in plan.context.replicas}}
    for edge in plan.context.edges:
        if edge.direction == "out" and edge.kind in ("call", "construction", "task") and edge.disposition in ("stay", "event") and edge.target not in seen and not _is_method(plan, edge.target):
            seen.add(edge.target)
            yield edge


def _is_method(plan: ServicePlan, target: str) -> bool:
    """Whether this is a method of a shadow, which says itself that it does not have it."""
    return any(target.startswith(f"{replica.model}.") for replica in plan.context.replicas)


def _manager_imports(plan: ServicePlan, module: str, replicas: Iterable[Replica]) -> Iterator[tuple[str, str]]:
    """The classes that the managers of a module's replicas are made of, from where the service has them."""
    for replica in replicas:
        for _, _, symbols in replica.managers:
            for symbol in symbols:
                home, _, name = symbol.rpartition(".")
                if home != module and home != "django.db.models":
                    yield home, name


def _task_name(edge: BoundaryEdge) -> str:
    """The name a task is registered under: as it was sent, else Celery's default (module and function)."""
    sent = edge.text.rpartition(".")[0]
    return sent if "." in sent else edge.target


def _exports(plan: ServicePlan, defined: dict[str, set[str]], texts: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    """Names that moved code imports from a package which only re-exports them: package -> (module, name)."""
    found: dict[str, set[tuple[str, str]]] = {}
    top = {placement.module.partition(".")[0] for placement in plan.context.placements}
    for module, text in texts.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level and node.module.partition(".")[0] in top:
                for alias in node.names:
                    if alias.name in defined.get(node.module, ()):
                        continue
                    home = next((each for each in sorted(defined) if alias.name in defined[each] and each.startswith(node.module + ".")), None)
                    if home is not None and home != module:
                        found.setdefault(node.module, set()).add((home, alias.name))
    return {package: sorted(names) for package, names in found.items()}


def _module_path(plan: ServicePlan, module: str, modules: set[str]) -> str:
    """The file of a stand-in module: a package when other modules lie below it."""
    inside = module.replace(".", "/")
    is_package = any(other.startswith(module + ".") for other in modules)
    root = plan.project.source.strip("/").removeprefix("./")
    path = f"{inside}/__init__.py" if is_package else f"{inside}.py"
    return path if root in ("", ".") else f"{root}/{path}"


def _body(text: str) -> str:
    return text.strip("\n")
