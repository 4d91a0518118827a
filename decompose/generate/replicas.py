"""Stand-ins in the service for what moved code imports from the rest of the monolith.

A stand-in module keeps the dotted path of the original. It holds shadow models (key and the columns that moved code reads), the shared
definitions of that module, and placeholders for what was decided to stay in the monolith: a placeholder says so when it is called.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from decompose.generate.callbacks import package as callback_package
from decompose.generate.migrations import is_generated, replica_fields
from decompose.generate.paths import service_path
from decompose.generate.render import Render
from decompose.model.artifacts import Artifact
from decompose.model.migration import BoundaryEdge, Operation, Replica
from decompose.model.service import ServicePlan


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """One module for each module of the monolith that moved code imports a model or a staying definition from."""
    if plan.project.framework != "django":
        from decompose.generate.sqlalchemy import shadows

        yield from shadows.generate(plan, render)
        return
    replicas: dict[str, list[Replica]] = {}
    for replica in plan.context.replicas:
        if is_generated(plan, replica):
            replicas.setdefault(replica.model.rpartition(".")[0], []).append(replica)
    staying: dict[str, list[BoundaryEdge]] = {}
    for edge in placeholders(plan):
        staying.setdefault(edge.target.rpartition(".")[0], []).append(edge)
    called: dict[str, list[Operation]] = {}
    for operation in plan.context.callbacks:
        if operation.shape == "function":
            called.setdefault(operation.target.rpartition(".")[0], []).append(operation)
    labels = {replica.model: replica.label for replica in plan.context.replicas}
    paths = {placement.module: placement.path for placement in plan.context.placements}
    texts = {module: plan.sources[path].decode() for module, path in paths.items() if path in plan.sources}
    exports = exports_of(plan, {module: {replica.model.rpartition(".")[2] for replica in found} for module, found in replicas.items()}, texts)
    modules = {*replicas, *staying, *exports, *called}
    for module in sorted(modules):
        path = paths.get(module) or module_path(plan, module, {*modules, *texts})
        models = [
            {
                "name": replica.label.partition(".")[2],
                "label": replica.label,
                "app": replica.label.partition(".")[0],
                "table": replica.table,
                "user": replica.user,
                "fields": list(replica_fields(replica, labels)),
                "key": replica.key.name,
                "methods": [each for each in plan.context.callbacks if each.shape == "method" and each.target == replica.model],
                "managers": [(attribute, text) for attribute, text, _ in replica.managers],
            }
            for replica in sorted(replicas.get(module, ()), key=lambda each: each.model)
        ]
        before, after = parted(texts.get(module, "").strip("\n"), {str(model["name"]) for model in models})
        text = render(
            "service/django/standin.py.j2",
            before=before,
            shared=after,
            models=models,
            models_imported=_imports_models(before or after),
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
            callbacks=callback_package(plan),
            called=[_imported_as(each) for each in called.get(module, ())],
            module=module,
        )
        yield Artifact(service_path(plan, path), text, "merged", context=plan.context.name)


def _imported_as(operation: Operation) -> str:
    """The boundary's function under the name that moved code knows."""
    name = operation.target.rpartition(".")[2]
    return name if name == operation.name else f"{operation.name} as {name}"


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


def exports_of(plan: ServicePlan, defined: dict[str, set[str]], texts: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    """Names that moved code takes from a package which only re-exports them: package -> (module, name).

    ``defined`` are the stand-ins' names by module, ``texts`` the modules that go to the service. A package that goes, too, re-exports by
    itself what goes.
    """
    found: dict[str, set[tuple[str, str]]] = {}
    moved = {module: _top_names(text) for module, text in texts.items()}
    packages = {module for placement in plan.context.placements for module in [placement.module] if placement.path.endswith("/__init__.py")}
    top = {placement.module.partition(".")[0] for placement in plan.context.placements}
    taken = {module: list(_taken(module, module in packages, ast.parse(text))) for module, text in texts.items()}
    # `from a import b` may mean the module a.b, even where that has a name b of its own: what is asked of it tells.
    asked = {
        use.source for uses in taken.values() for use in uses if use.attribute and (use.name in moved.get(use.source, ()) or use.name in defined.get(use.source, ()))
    }  # fmt: skip
    for module, uses in taken.items():
        for package, name, _ in uses:
            if package.partition(".")[0] not in top or name in defined.get(package, ()) or f"{package}.{name}" in asked:
                continue
            homes = (defined, moved) if package not in texts else (defined,)
            home = next((each for names in homes for each in sorted(names) if name in names[each] and each.startswith(package + ".")), None)
            if home is not None and home != module:
                found.setdefault(package, set()).add((home, name))
    return {package: sorted(names) for package, names in found.items()}


class _Taken(NamedTuple):
    """A name taken from a module or package; ``attribute`` for ``c.d`` where ``from a.b import c`` stands, whose ``source`` is ``a.b.c``."""

    source: str
    name: str
    attribute: bool


def _taken(module: str, is_package: bool, tree: ast.AST) -> Iterator[_Taken]:
    """What a module takes from others: ``from a.b import c``, and ``c.d`` for a ``c`` that it imported so; relative names made whole."""
    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            above = parts[: len(parts) - node.level + is_package] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield _Taken(source, alias.name, False)
                bound[alias.asname or alias.name] = f"{source}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in bound:
            yield _Taken(bound[node.value.id], node.attr, True)


def _top_names(text: str) -> set[str]:
    """The classes, functions and variables at the top of a module."""
    names: set[str] = set()
    for statement in ast.parse(text).body:
        if isinstance(statement, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            names.add(statement.name)
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def module_path(plan: ServicePlan, module: str, modules: set[str]) -> str:
    """The file of a stand-in module: a package when other modules lie below it."""
    inside = module.replace(".", "/")
    is_package = any(other.startswith(module + ".") for other in modules)
    root = plan.project.source.strip("/").removeprefix("./")
    path = f"{inside}/__init__.py" if is_package else f"{inside}.py"
    return path if root in ("", ".") else f"{root}/{path}"


def parted(text: str, shadows: Collection[str]) -> tuple[str, str]:
    """The definitions of a module up to the first one that needs one of these names when the module is loaded, and the rest.

    A foreign key names the class of its target, so the shadow has to come first; what shadows need of the module themselves stood before
    the class that they stand for. When no definition needs one, all of the text is the second part.
    """
    for statement in ast.parse(text).body:
        if not isinstance(statement, (ast.Import, ast.ImportFrom)) and _names_loaded(statement) & set(shadows):
            # Not splitlines(): a form feed ends no line for Python.
            lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", text)
            first = min((each.lineno for each in getattr(statement, "decorator_list", ())), default=statement.lineno) - 1
            while first and lines[first - 1].startswith("#"):
                first -= 1
            return "".join(lines[:first]).strip("\n"), "".join(lines[first:]).strip("\n")
    return "", text


def _imports_models(text: str) -> bool:
    """Whether a module has the name ``models`` of Django itself."""
    return any(
        isinstance(statement, ast.ImportFrom) and statement.module == "django.db" and any(each.name == "models" and not each.asname for each in statement.names)
        for statement in ast.parse(text).body
    )


def _names_loaded(node: ast.AST) -> set[str]:
    """The names that are looked up while a statement of a module is executed: not those in the bodies of its functions."""
    if isinstance(node, ast.Name):
        return {node.id}
    inner: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        inner = (node.args, *node.decorator_list, *([node.returns] if node.returns else ()))
    elif isinstance(node, ast.Lambda):
        inner = (node.args,)
    return {name for each in inner for name in _names_loaded(each)}
