"""What a project's folders say: containers, applications, and the words of paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from decompose.cut.words import LAYERS, TECHNICAL, segment_word, singular
from decompose.model.codegraph import CodeGraph

_CONTAINER = 0.4
"""A package with more than this share of all modules is the project or a container such as ``apps``, not a context."""

_APPLICATION = 3.0
"""The pull of an application, relative to any other package: it was made to be a unit, so only strong evidence takes it apart."""

_VERTICAL = 3
"""Layers within one package from which it counts as an application."""

_SIZEABLE = 0.04
"""Share of the modules from which a package can be an application without a table of its own."""


def owners_of_code(graph: CodeGraph) -> dict[str, str]:
    """The module of every definition and module."""
    found = {definition.id: definition.module for definition in graph.definitions}
    found.update((module.id, module.id) for module in graph.modules)
    return found



@dataclass(frozen=True)
class Packages:
    """What is known of a project's folders."""

    containers: frozenset[str]
    applications: frozenset[str]


def packages(graph: CodeGraph, modules: Sequence[str]) -> Packages:
    """Which packages hold (nearly) everything, and which are applications.

    An application in the framework's sense has its own ``apps`` module or its own migrations; a package with files of three
    layers and more (models, views, forms) is one in its makers' eyes. Either needs a table or :data:`_SIZEABLE` of the modules.
    """
    inside: Counter[str] = Counter()
    layers: dict[str, set[str]] = {}
    for module in modules:
        inside.update(_ancestors(module))
        parent, _, last = module.rpartition(".")
        if last in LAYERS and last not in TECHNICAL:
            layers.setdefault(parent, set()).add(singular(last))
    most = _CONTAINER * len(modules)
    containers = frozenset(package for package, count in inside.items() if count > most and count > 2)
    # A folder that is itself a layer (``schemas``, with ``schemas.config`` and ``schemas.users``) is none.
    applications = {p for p, found in layers.items() if len(found) >= _VERTICAL and segment_word(p.rpartition(".")[2])}
    known = {entry.id for entry in graph.modules}
    for entry in graph.modules:
        parent, _, last = entry.id.rpartition(".")
        if last != "apps" or "django" not in graph.frameworks:
            parent = entry.id.split(".migrations", 1)[0] if entry.role == "migration" and ".migrations" in entry.id else ""
        # ``services.migrations`` and ``routers.apps`` may be anything; beside models they are an application's.
        if parent and (f"{parent}.models" in known or segment_word(parent.rpartition(".")[2])):
            applications.add(parent)
    module_of = owners_of_code(graph)
    with_tables = {package for table in graph.tables for package in _ancestors(module_of.get(table.model, ""))}
    applications &= with_tables | {package for package, count in inside.items() if count >= _SIZEABLE * len(modules)}
    # A large package beside applications that holds none itself is one of them, not a folder for them.
    folders = frozenset(
        package for package in containers
        if package.rpartition(".")[0] not in containers
        or any(_inside(each, package) for each in applications)
        or not any(_inside(each, package.rpartition(".")[0]) for each in applications)
    )
    applications = (applications | (containers - folders)) - {*folders, ""}
    return Packages(folders, frozenset(p for p in applications if not applications.intersection(_ancestors(p))))


def _inside(package: str, folder: str) -> bool:
    return package.startswith(f"{folder}.")


def _ancestors(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def path_words(module: str, found: Packages) -> list[tuple[str, float]]:
    """Words of a module's path with their pull: 3 for an application, 1 for the outermost package, .5 for what lies in it."""
    pulls: list[tuple[str, float]] = []
    outermost = True
    for package in [*_ancestors(module), module]:
        segment = package.rpartition(".")[2]
        if package in found.applications:
            pulls.append((segment_word(segment) or segment, _APPLICATION))
            outermost = False
            continue
        word = segment_word(segment)
        if not word or package in found.containers:
            continue
        pulls.append((word, 1.0 if outermost else 0.5))
        outermost = False
    return pulls


def outer_package(module: str, found: Packages) -> str:
    """The application of a module, else its outermost package below the containers; ``""`` directly in a container."""
    below = [package for package in _ancestors(module) if package not in found.containers]
    return next((package for package in below if package in found.applications), below[0] if below else "")


def domain_package(module: str, found: Packages) -> str:
    """The package a module belongs to in its team's eyes: as :func:`outer_package`, but never one that names a layer."""
    below = [package for package in [*_ancestors(module), module] if package not in found.containers]
    application = next((package for package in below if package in found.applications), "")
    return application or next((p for p in below[:-1] if segment_word(p.rpartition(".")[2])), "")
