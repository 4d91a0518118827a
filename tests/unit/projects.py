"""Small monoliths written as one text, analyzed by the real stages up to the boundary of each context.

A line ``# path.py`` begins a file::

    # shop/reviews/models.py
    class Review(models.Model): ...

    # shop/catalog/views.py
    from shop.reviews.models import Review

Every folder below the top is a context of its own (``reviews``, ``catalog``); ``__init__.py`` files need not be written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from textwrap import dedent

from decompose.cut.propose import propose
from decompose.detect import detectors
from decompose.graph.build import build
from decompose.link.program import Program
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import ContextMap
from decompose.model.migration import BoundaryEdge, MigrationPlan, Operation, Replica
from decompose.model.service import ServicePlan
from decompose.model.settings import Config, ContextSettings, EdgeDecision, OperationSettings
from decompose.model.source import SourceFile, SourceTree
from decompose.pipeline import absent
from decompose.planning.boundary import Boundary, boundary
from decompose.planning.build import build as build_plan
from decompose.planning.placement import Cut, cut, placements
from decompose.planning.replicas import replicas
from decompose.planning.service import service_plan
from decompose.planning.sight import Sight
from decompose.planning.types import Types
from decompose.planning.wanted import wanted
from decompose.rewrite.prune import prune
from decompose.rewrite.seal import Seal, Sealed, seal
from decompose.syntax.summary import summarize_sources

_FILE = re.compile(r"^# (\S+\.py)\n", re.MULTILINE)


def written(text: str) -> dict[str, str]:
    """The files of a text by path, packages' ``__init__.py`` added."""
    parts = _FILE.split(dedent(text))
    files = {path: body.strip("\n") + "\n" for path, body in zip(parts[1::2], parts[2::2], strict=True)}
    for path in list(files):
        folders = path.split("/")[:-1]
        for depth in range(1, len(folders) + 1):
            files.setdefault("/".join([*folders[:depth], "__init__.py"]), "")
    return files


class Monolith:
    """A drawn monolith; everything is computed when first asked for."""

    def __init__(self, *texts: str, decisions: Iterable[EdgeDecision] = (), settings: Config | None = None, operations: Iterable[OperationSettings] = ()) -> None:
        self.files = {path: body for text in texts for path, body in written(text).items()}
        self.decisions = tuple(decisions)
        folders = sorted({tuple(path.split("/")[:2]) for path in self.files if path.count("/") > 1})
        pins = tuple(ContextSettings(name, modules=(f"{top}.{name}.**",)) for top, name in folders)
        self.config = settings or Config(contexts=pins, decisions=self.decisions, operations=tuple(operations))

    @cached_property
    def program(self) -> Program:
        return Program(summarize_sources({path: body.encode() for path, body in self.files.items()}))

    @cached_property
    def graph(self) -> CodeGraph:
        files = tuple(SourceFile(path, len(body)) for path, body in sorted(self.files.items()))
        found = [fact for _, detect in detectors() for fact in detect(self.program)]
        return build(self.program, SourceTree("/", (".",), files, ()), found, digest="drawn")

    @cached_property
    def sight(self) -> Sight:
        return Sight(self.program, self.graph, propose(self.graph, self.config))

    @property
    def map(self) -> ContextMap:
        return self.sight.context_map

    def cut(self, context: str) -> Cut:
        return cut(self.sight, context)

    def boundary(self, context: str) -> Boundary:
        return boundary(self.sight, self.cut(context), self.decisions, wanted(context, self.config))

    def edges(self, context: str, **wanted: object) -> list[BoundaryEdge]:
        """The context's edges whose fields have the wanted values."""
        found = self.boundary(context).edges
        return [edge for edge in found if all(getattr(edge, name) == value for name, value in wanted.items())]

    def operation(self, context: str, name: str) -> Operation:
        """An operation of a context by its name."""
        return next(each for each in self.boundary(context).operations if each.name == name)

    def replica(self, context: str, model: str) -> Replica:
        placed = self.cut(context)
        found = replicas(self.sight, placed, Types(self.sight, placed.models), self.boundary(context).operations)
        return next(each for each in found if each.model.rpartition(".")[2] == model)

    def plan(self) -> MigrationPlan:
        return build_plan(self.graph, self.program, self.map, self.config, {}, name="drawn", version="1")

    # --- rewriting -----------------------------------------------------------------------------

    def seals(self, *contexts: str) -> list[Seal]:
        made = []
        for name in contexts:
            placed, found = self.cut(name), self.boundary(name)
            moved = frozenset(each.module for each in placements(self.sight, placed) if each.action == "move")
            made.append(Seal(name, f"shop.boundaries.{name}", found.edges, found.operations, moved))
        return made

    def sealed(self, *contexts: str, width: int = 100) -> Sealed:
        """All files with an edge of these contexts, rewritten."""
        seals = self.seals(*contexts)
        paths = {edge.at.path for each in seals for edge in each.sealable}
        sources = {path: body.encode() for path, body in self.files.items()}
        modules = {module.path: module.name for module in self.program.modules.values()}
        return seal(seals, paths, sources, modules, width=width)

    def text(self, path: str, *contexts: str, width: int = 100) -> str:
        """One file after sealing; the text as it was when nothing in it changes."""
        found = self.sealed(*contexts, width=width).texts.get(path)
        return self.files[path] if found is None else found.decode()

    # --- services ------------------------------------------------------------------------------

    def service(self, context: str) -> ServicePlan:
        """The plan of a service with the texts that go to it, split where a module is split."""
        migration = self.plan()
        chosen = next(each for each in migration.contexts if each.name == context)
        sources: dict[str, bytes] = {}
        for placement in chosen.placements:
            if placement.action in ("move", "share"):
                text = self.files[placement.path].encode()
                if placement.definitions:
                    kept = {each.removeprefix(f"{placement.module}.") for each in placement.definitions}
                    text = prune(placement.path, text, kept, absent(migration, chosen, lambda path: self.files[path].encode()))
                sources[placement.path] = text
        return service_plan(migration, chosen, self.config, sources)
