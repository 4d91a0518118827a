"""What is known of a project before it is cut, and the cut while it is made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from decompose.cut import score
from decompose.cut.atoms import Atoms, atoms
from decompose.cut.coupling import Coupling, Observed, coupling
from decompose.cut.structure import domain_package, outer_package, owners_of_code, packages
from decompose.cut.transactions import UnitOfWork, units_of_work
from decompose.cut.words import TECHNICAL
from decompose.model.codegraph import CodeGraph, Module
from decompose.model.settings import Config

_GLUE = frozenset({"manage", "wsgi", "asgi", "urls", "celery", "settings", "conftest", "setup", "config", "__main__", "gunicorn", "routing", "urlconf"})
"""Files at a project's root that wire it together."""

_GLUE_WITHOUT_DATA = frozenset({"app", "main", "application", "run", "server", "factory", "extensions", "wsgi_app"})


_ROOTED = 0.3
"""Where no more than this share of the modules lies beside the packages, what lies there wires the packages together."""


@dataclass
class Draft:
    """A cut in the making: ``place`` maps modules to context names, and nodes of tables and words, and definitions that leave their module.

    ``apart`` are top-level definitions that leave their module by evidence, ``definitions`` those that a person placed by themselves; ``barred`` are
    contexts that a module must not be in, nor anything defined in it, or that a single definition must not be in.
    ``firmness`` is the share of runs in which a module is with most of its context; ``stability`` its mean by context.
    """

    place: dict[str, str]
    roles: dict[str, str]
    pinned: set[str] = field(default_factory=set)
    definitions: dict[str, str] = field(default_factory=dict)
    barred: dict[str, set[str]] = field(default_factory=dict)
    apart: set[str] = field(default_factory=set)
    firmness: dict[str, float] = field(default_factory=dict)
    stability: dict[str, float] = field(default_factory=dict)
    overall: float = 1.0
    modularity: float = 0.0


class Survey:
    """What the steps of one proposal share."""

    def __init__(self, graph: CodeGraph, config: Config, commits: Sequence[Collection[str]] = (), observed: Observed | None = None) -> None:
        self.graph = graph
        self.config = config
        self.units: tuple[UnitOfWork, ...] = units_of_work(graph)
        self.modules: dict[str, Module] = {module.id: module for module in graph.modules}
        self.module_of = owners_of_code(graph)
        self.code = sorted(module.id for module in graph.modules if module.role == "code")
        self.packages = packages(graph, self.code)
        self.package_of = {module: domain_package(module, self.packages) for module in self.modules}
        self.outer_of = {module: outer_package(module, self.packages) for module in self.modules}
        self.glue = self._glue()
        self.members = [module for module in self.code if module not in self.glue]
        self._commits, self._observed = commits, observed
        self.coupling: Coupling = self.coupling_of(atoms(graph, self.members))
        """Between whole modules."""

    def coupling_of(self, parts: Atoms) -> Coupling:
        return coupling(self.graph, parts, self.units, self._commits, self.config.weights, self._observed)

    @cached_property
    def dependencies(self) -> dict[tuple[str, str], int]:
        return score.dependencies(self.graph)

    @cached_property
    def serving(self) -> set[str]:
        """Modules that serve routes or run tasks."""
        found = {self.module_of.get(r.handler, r.handler) for r in self.graph.routes if r.kind != "admin"}
        return found | {self.module_of.get(t.definition, t.definition) for t in self.graph.tasks}

    @cached_property
    def with_data(self) -> set[str]:
        """Modules that declare or touch tables, serve routes or run tasks: the domain's own, never technical."""
        return self.serving | self.table_modules | {self.module_of.get(a.definition, a.definition) for a in self.graph.accesses}

    @cached_property
    def writing(self) -> set[str]:
        """Modules that declare or write tables, serve routes or run tasks."""
        written = {self.module_of.get(a.definition, a.definition) for a in self.graph.accesses if a.mode == "write"}
        return self.serving | self.table_modules | written

    def in_technical_folder(self, module: str) -> bool:
        """Whether a module lies in a folder for technical code that is no application."""
        outer = self.outer_of[module] or module
        return outer not in self.packages.applications and outer.rpartition(".")[2] in TECHNICAL

    @cached_property
    def table_modules(self) -> set[str]:
        return {self.module_of.get(table.model, "") for table in self.graph.tables}

    @cached_property
    def users(self) -> dict[str, set[str]]:
        """For every code module the code modules that depend on it at run time."""
        found: dict[str, set[str]] = {}
        for source, target in self.depends:
            found.setdefault(target, set()).add(source)
        return found

    @cached_property
    def uses(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for source, target in self.depends:
            found.setdefault(source, set()).add(target)
        return found

    @cached_property
    def depends(self) -> set[tuple[str, str]]:
        code = set(self.code)
        pairs = set()
        for edge in self.graph.edges:
            if edge.when in ("typing", "string") or edge.kind not in ("import", "call", "inherit", "reference"):
                continue
            source, target = self.module_of.get(edge.src, edge.src), self.module_of.get(edge.dst, edge.dst)
            if source != target and source in code and target in code:
                pairs.add((source, target))
        return pairs

    def _glue(self) -> set[str]:
        found = {module.id for module in self.graph.modules if module.role == "settings"}
        rooted = [module for module in self.code if not self.outer_of[module] and module not in self.packages.applications]
        packaged = len(rooted) <= _ROOTED * len(self.code)
        for module in rooted:
            stem = module.rpartition(".")[2]
            if module in self.packages.containers:
                if module not in self.with_data:
                    found.add(module)
            elif module not in self.table_modules and (
                stem in _GLUE
                or (stem in _GLUE_WITHOUT_DATA and module not in self.with_data)
                or (packaged and module not in self.serving)
            ):
                found.add(module)
        return found


def pulls(whole: Coupling, node: int, place: Mapping[str, str]) -> dict[str, float]:
    """The coupling of one node with every context."""
    found: dict[str, float] = {}
    for other, weight in whole.graph[node].items():
        name = place.get(whole.nodes[other], "")
        if name:
            found[name] = found.get(name, 0.0) + weight
    return found
