"""Groups of routes that move with their modules, and where the service shows them: at the same paths as the monolith."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from decompose.generate.messages import module_source
from decompose.model.service import ServicePlan


class Mount(msgspec.Struct, frozen=True):
    """A group of routes by its dotted name, and the prefix to give it when it is registered, ``""`` for its own."""

    name: str
    prefix: str = ""


def mounts(plan: ServicePlan, constructor: str, option: str, *, adds: bool = False) -> Iterator[Mount]:
    """What groups routes in moved modules (Flask's blueprints, FastAPI's routers), each with the prefix under which the monolith shows it.

    ``constructor`` is the class of such a group, ``option`` the keyword under which it says its own prefix; to that a prefix given at the
    registration ``adds``, or takes its place.

    A prefix is what of a route's whole path its own rule does not say; one that the group itself declares is left to it.
    """
    found: dict[str, str] = {}
    for route in sorted(plan.context.routes, key=lambda each: (each.handler, each.path)):
        module = max((each.module for each in plan.context.placements if each.action == "move" and route.handler.startswith(f"{each.module}.")), key=len, default="")
        text = module_source(plan, module) if module else None
        rule = _rule(text, route.handler.removeprefix(f"{module}.")) if text is not None and route.is_url else None
        if text is None or rule is None or not route.path.endswith(rule.path):
            continue
        prefix = route.path[: len(route.path) - len(rule.path)]
        declared = _groups(text, constructor, option).get(rule.group)
        if declared is not None:
            given = prefix.removesuffix(declared) if adds else prefix
            found.setdefault(f"{module}.{rule.group}", "" if prefix.rstrip("/") == declared.rstrip("/") else given)
    return (Mount(name, prefix) for name, prefix in sorted(found.items()))


class Rule(msgspec.Struct, frozen=True):
    """What a handler's decorator says: in which group it is, and the path there."""

    group: str
    path: str


def _rule(text: bytes, handler: str) -> Rule | None:
    """The first rule of a handler that is written as text in a decorator."""
    for node in ast.parse(text).body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or node.name != handler.partition(".")[0]:
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute) and isinstance(decorator.func.value, ast.Name) and decorator.args:
                path = decorator.args[0]
                if isinstance(path, ast.Constant) and isinstance(path.value, str):
                    return Rule(decorator.func.value.id, path.value)
    return None


def _groups(text: bytes, constructor: str, option: str) -> dict[str, str]:
    """The groups that a module makes, with the prefix that each declares itself."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name):
            name = node.value.func
            if (name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")) == constructor:
                prefix = next((each.value for each in node.value.keywords if each.arg == option), None)
                found[node.targets[0].id] = prefix.value if isinstance(prefix, ast.Constant) and isinstance(prefix.value, str) else ""
    return found


# Names ----------------------------------------------------------------------------------------------


def aliases(symbols: Iterable[str]) -> dict[str, str]:
    """A name for each symbol, its own where that is free."""
    found: dict[str, str] = {}
    for symbol in symbols:
        if not symbol or symbol in found:
            continue
        parts = symbol.split(".")
        taken = {*found.values(), "app", "config", "identity", "boundary_views", "Flask", "logging", "create_app", "database", "FastAPI", "os"}
        last = parts[-1] if parts[-1] not in ("blueprint", "bp", "router", "api", "init_app") else f"{parts[-2]}_{parts[-1]}"
        found[symbol] = last if last not in taken else next(name for size in range(2, len(parts) + 1) if (name := "_".join(parts[-size:])) not in taken)
    return found


def imports_as(names: Mapping[str, str]) -> str:
    lines = []
    for symbol, name in sorted(names.items()):
        module, _, last = symbol.rpartition(".")
        lines.append(f"from {module} import {last}" + (f" as {name}" if name != last else ""))
    return "\n".join(lines)
