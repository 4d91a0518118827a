"""Reading a monolith and proposing a cut of it; what a saved plan holds a later analysis to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from decompose import emit, recall
from decompose.config import load, with_options
from decompose.errors import FileError, UsageError
from decompose.link.program import Program
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import ContextMap
from decompose.model.settings import Config
from decompose.model.source import History, SourceTree
from decompose.pipeline.reading import (
    PLAN,
    Clock,
    Progress,
    heal,
    linked_by_stages,
    looked_through,
    past_commits,
    text_of,
    with_evidence,
)
from decompose.project import complete, project_folder, source_tree
from decompose.recall import Inputs
from decompose.scan.read import collector_off

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import networkx as nx


ANALYSIS = ".decompose/analysis.json"


class AcceptedOperation(msgspec.Struct, frozen=True):
    """What tells an operation of a saved plan from others, and its name."""

    name: str
    shape: str
    target: str
    expression: str = ""


class AcceptedContext(msgspec.Struct, frozen=True):
    """A context of a saved plan with its operations."""

    name: str
    operations: tuple[AcceptedOperation, ...] = ()


class AcceptedProject(msgspec.Struct, frozen=True):
    """What services that were extracted call their project: names of what runs begin with it."""

    name: str = ""


class Accepted(msgspec.Struct, frozen=True):
    """The part of a saved plan that a later analysis keeps, and what tells whether it was made from the same source and decisions."""

    digest: str
    config_digest: str
    context_map: ContextMap
    contexts: tuple[AcceptedContext, ...] = ()
    project: AcceptedProject = AcceptedProject()

    def names(self) -> dict[str, dict[tuple[str, str, str], str]]:
        """Names of operations by context and by what the operation is: callers and settings know them."""
        return {each.name: {(o.shape, o.target, o.expression): o.name for o in each.operations} for each in self.contexts}


@dataclass(frozen=True)
class Analysis:
    """What a monolith is made of and how it could be cut. ``timings`` are seconds by stage."""

    config: Config
    tree: SourceTree
    graph: CodeGraph
    context_map: ContextMap
    program: Program = field(repr=False)
    timings: Mapping[str, float] = field(default_factory=dict, compare=False)
    view: emit.Footprint = field(default_factory=emit.Footprint, repr=False)
    history_problem: str = ""
    """Why the cut was made without the git history, ``""`` when it was not."""
    inputs: Inputs | None = field(default=None, repr=False, compare=False)
    digests: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    accepted: Accepted | None = field(default=None, repr=False, compare=False)

    @property
    def base(self) -> Path:
        return Path(self.tree.base)

    @property
    def name(self) -> str:
        """The name of the project's folder."""
        return self.base.name

    def networkx(self) -> nx.MultiDiGraph[str]:
        """The dependency graph as networkx knows it; see :func:`decompose.report.graphs.networkx_graph` for its attributes."""
        from decompose.report.graphs import networkx_graph

        return networkx_graph(self.graph, self.context_map)

    @cached_property
    def document(self) -> bytes:
        """The published JSON form as it is written."""
        from decompose.report.json import analysis_document, encode

        return encode(analysis_document(self.graph, self.context_map))

    def to_json(self) -> dict[str, Any]:
        """The published JSON form, ``"schema": "decompose/analysis/1"``."""
        from decompose.report.json import to_json

        return to_json(self.graph, self.context_map)

    def text(self, path: str) -> bytes:
        """The text of a file as it was analyzed: with decompose's own rewrites taken back. Raises :class:`FileError`."""
        return text_of(self.tree, self.view, path)


@collector_off()
def analyze(
    path: str | Path,
    *,
    config: Config | None = None,
    jobs: int | None = None,
    cache: bool = True,
    progress: Progress | None = None,
    contexts: str | int | None = None,
    seed: int | None = None,
    without: Collection[str] | None = None,
    executor: Executor | None = None,
    fresh: bool = False,
) -> Analysis:
    """Reads the monolith at ``path`` and proposes bounded contexts. Nothing of the target is imported or run.

    An accepted map (that of the saved plan) is kept unless ``fresh``: see :mod:`decompose.cut.kept`. ``contexts`` is how many to find (``7`` or ``"4-8"``), by default chosen by the score. What decompose itself wrote for the
    contexts ``without`` (by default all) is looked through: the monolith is seen as it was before. ``jobs`` is the number of
    worker processes; ``executor`` replaces them (any of ``concurrent.futures``, a Dask client's ``get_executor()``): file
    contents travel, so its workers need decompose and not the files. Raises :class:`UsageError` when ``path`` is no folder or holds no Python, :class:`ConfigError`, :class:`FileError`.
    """
    base = project_folder(path)
    settings = with_options(config or load(base), contexts=str(contexts or ""), seed=seed, fresh=fresh)
    clock = Clock(progress)
    accepted: Accepted | None = None
    heal(base)
    with suppress(*((FileError,) if settings.fresh else ())):  # a damaged plan is no reason not to make another one
        accepted = accepted_part(base)
    with clock("scan"):
        view = looked_through(base, without)
        tree = source_tree(base, settings, view.generated)
        if not tree.python:
            raise UsageError(f"there is no Python file in {base}", hint="give the folder that holds the monolith")
        inputs = recall.inputs(base, settings, tree) if cache and without is None else None
    program, graph, digests = linked_by_stages(tree, view, clock, jobs=jobs, cache=cache, executor=executor)
    with clock("evidence"):
        graph, seen = with_evidence(graph, base, settings)
        digests |= seen
    with clock("cut"):
        past = past_commits(base, settings)
        context_map = proposed(graph, settings, past, accepted.context_map if accepted else None)
    with clock("survey"):
        context_map = with_survey(graph, program, context_map, settings)
    return Analysis(settings, tree, graph, context_map, program, clock.timings, view, past.problem, inputs, digests, accepted)


def save_analysis(analysis: Analysis) -> bool:
    """Keeps the analysis as ``.decompose/analysis.json``, for :mod:`decompose.recall` too; ``False`` when just that was there. Raises :class:`FileError`."""
    from decompose.report.text import summarized

    written = emit.save(analysis.base, {"analysis.json": analysis.document})
    if analysis.inputs is not None:
        found = summarized(analysis.name, analysis.graph, analysis.context_map)
        recall.keep(analysis.base, analysis.tree, analysis.inputs, analysis.digests, analysis.document, found, analysis.graph.failed, analysis.history_problem)
    return bool(written)


def accepted_part(base: Path) -> Accepted | None:
    """What the saved plan says about the cut, ``None`` when there is no plan. Raises :class:`FileError` for one that is damaged."""
    content = recall.saved_plan(base)
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=Accepted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FileError(
            f"the plan is damaged or of another version: {error}", place=PLAN, hint="take it from your version control, or make another with `decompose plan --fresh`"
        ) from error


def check_complete(analysis: Analysis, limit: float) -> None:
    """Raises :class:`Incomplete` when more than the share ``limit`` (0..1) of the Python files could not be read."""
    complete(analysis.graph.failed, analysis.graph.files, limit)


def proposed(graph: CodeGraph, config: Config, past: History, accepted: ContextMap | None) -> ContextMap:
    """The cut, with the git history and what was seen at run time as kinds of evidence where there are such.

    One made ``fresh`` is compared with what was accepted.
    """
    from decompose.cut.kept import with_changes
    from decompose.cut.propose import propose

    found = propose(graph, config, [commit.paths for commit in past.commits], graph.runtime.strengths, None if config.fresh else accepted)
    return with_changes(found, accepted) if config.fresh and accepted is not None else found


def with_survey(graph: CodeGraph, program: Program, context_map: ContextMap, config: Config) -> ContextMap:
    from decompose.planning.readiness import surveyed

    return surveyed(graph, program, context_map, config)
