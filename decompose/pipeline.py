"""The use cases, each as a sentence of named steps. Everything that reads, decides or writes is composed here and nowhere else."""

from __future__ import annotations

import hashlib
import keyword
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from decompose import __version__, emit, recall
from decompose.config import load, with_options
from decompose.errors import ConfigError, Drifted, FileError, NotReady, RefusedInput, UsageError
from decompose.graph.build import build as build_graph
from decompose.link.program import Program
from decompose.model.artifacts import Artifact
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import ContextMap, Explanation, Scores
from decompose.model.edits import Edit, Edits
from decompose.model.facts import Fact
from decompose.model.migration import ContextPlan, Decision, MigrationPlan
from decompose.model.priorities import Priorities
from decompose.model.service import ServicePlan
from decompose.model.settings import Config, EvidenceSettings
from decompose.model.source import History, SourceTree
from decompose.model.syntax import ModuleSummary
from decompose.model.verification import Gate, Verification
from decompose.project import complete, packaging_paths, project_folder, read_paths, source_tree, sql_paths
from decompose.recall import Inputs
from decompose.scan.cache import Cache, digest
from decompose.scan.read import Unread, collector_off, contents
from decompose.syntax import summaries

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import networkx as nx

    from decompose.generate.render import Render
    from decompose.model.rollout import Open, Rollout, Stop
    from decompose.steps import Change, Texts

PLAN = ".decompose/plan.json"
ANALYSIS = ".decompose/analysis.json"
PLAN_DOCUMENT = "plan/plan.md"
PLAN_PAGE = "plan/plan.html"
PLAN_CONTEXT = "@plan"
"""Owner of the plan's document in the record of written files; no context can have this name."""

Progress = Callable[[str, int, int], None]
"""Called with the name of a stage, the work done and the whole of it (0: not known)."""


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


# --- use cases ----------------------------------------------------------------------------------


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
    clock = _Clock(progress)
    accepted: Accepted | None = None
    _heal(base)
    with suppress(*((FileError,) if settings.fresh else ())):  # a damaged plan is no reason not to make another one
        accepted = _accepted(base)
    with clock("scan"):
        view = _footprint(base, without)
        tree = source_tree(base, settings, view.generated)
        if not tree.python:
            raise UsageError(f"there is no Python file in {base}", hint="give the folder that holds the monolith")
        inputs = recall.inputs(base, settings, tree) if cache and without is None else None
    program, graph, digests = _linked(tree, view, clock, jobs=jobs, cache=cache, executor=executor)
    with clock("evidence"):
        graph, seen = _observed(graph, base, settings)
        digests |= seen
    with clock("cut"):
        past = _history(base)
        context_map = _propose(graph, settings, past, accepted.context_map if accepted else None)
    with clock("survey"):
        context_map = _survey(graph, program, context_map, settings)
    return Analysis(settings, tree, graph, context_map, program, clock.timings, view, past.problem, inputs, digests, accepted)


def plan(target: str | Path | Analysis, *, progress: Progress | None = None, **options: Any) -> MigrationPlan:
    """The migration plan of a monolith: decisions, boundaries, operations and ordered steps for every context.

    ``options`` are those of :func:`analyze`. Nothing is written: :func:`save_plan` does that.
    """
    from decompose.planning.build import build
    from decompose.planning.signing import with_states

    analysis = target if isinstance(target, Analysis) else analyze(target, progress=progress, **options)
    lock = recall.load_lock(analysis.base)
    migration = build(
        analysis.graph,
        analysis.program,
        _to_accept(analysis),
        analysis.config,
        _packaging(analysis.tree, analysis.view),
        name=analysis.name,
        kept_name=analysis.accepted.project.name if analysis.accepted is not None and emit.written_contexts(analysis.base) else "",
        version=__version__,
        files=[file.path for file in analysis.tree.other],
        names=analysis.accepted.names() if analysis.accepted is not None else {},
    )
    return msgspec.structs.replace(migration, decisions=with_states(migration.decisions, lock, analysis.config.waivers))


def _to_accept(analysis: Analysis) -> ContextMap:
    """The map for a plan. Made again from the same source and decisions it tells the same changes, so that the same plan is written."""
    from decompose.planning.drift import config_digest

    before = analysis.accepted
    if before is None or (before.digest, before.config_digest) != (analysis.graph.digest, config_digest(analysis.config)):
        return analysis.context_map
    return msgspec.structs.replace(analysis.context_map, kept=before.context_map.kept, changes=before.context_map.changes)


# --- the saved plan -----------------------------------------------------------------------------


def save_analysis(analysis: Analysis) -> bool:
    """Keeps the analysis as ``.decompose/analysis.json``, for :mod:`decompose.recall` too; ``False`` when just that was there. Raises :class:`FileError`."""
    from decompose.report.text import summarized

    written = emit.save(analysis.base, {"analysis.json": analysis.document})
    if analysis.inputs is not None:
        found = summarized(analysis.name, analysis.graph, analysis.context_map)
        recall.keep(analysis.base, analysis.tree, analysis.inputs, analysis.digests, analysis.document, found, analysis.graph.failed, analysis.history_problem)
    return bool(written)


def encode_plan(migration: MigrationPlan) -> bytes:
    """The plan as JSON with sorted keys, the same bytes for the same plan."""
    from decompose.report.json import encode

    return encode(migration, sorted_keys=True)


def review_page(analysis: Analysis, migration: MigrationPlan, *, token: str = "") -> str:
    """The plan as one HTML file to look at and to edit; with ``token`` as it is served by `decompose review`."""
    from decompose.report.review import review_page as page
    from decompose.resources import templates

    return page(migration, analysis.graph, analysis.config, templates(), token=token)


def save_plan(base: Path, migration: MigrationPlan, document: str = "", page: str = "") -> emit.WriteReport:
    """Keeps the plan as ``.decompose/plan.json``, ``document`` as ``plan/plan.md``, merged with what people wrote into it, and ``page`` as ``plan/plan.html``."""
    emit.save(base, {"plan.json": encode_plan(migration)})
    artifacts = [Artifact(PLAN_DOCUMENT, document.encode(), "merged", context=PLAN_CONTEXT)] if document else []
    artifacts += [Artifact(PLAN_PAGE, page.encode("utf-8", "backslashreplace"), context=PLAN_CONTEXT)] if page else []
    return emit.write(base, artifacts) if artifacts else emit.WriteReport(())


def load_plan(base: Path) -> MigrationPlan:
    """The saved plan. Raises :class:`UsageError` when there is none, :class:`FileError` when it cannot be read, :class:`RefusedInput` for one that was tampered with."""
    try:
        content = (base / PLAN).read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{base} has no plan yet", hint="run `decompose plan` first", place=PLAN) from error
    except OSError as error:
        raise FileError(f"cannot read the plan: {error.strerror}", place=PLAN) from error
    return read_plan(content, PLAN)


def read_plan(content: bytes, place: str) -> MigrationPlan:
    """The plan that ``content``, read from ``place``, holds. Raises as :func:`load_plan`."""
    from decompose.planning.signed import check_signed

    try:
        migration = msgspec.json.decode(content, type=MigrationPlan)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FileError(
            f"the plan is damaged or of another version: {error}", place=place, hint="make another with `decompose plan --fresh`"
        ) from error
    check_signed(migration, place)
    return migration


def check_accepted(base: Path, migration: MigrationPlan, context: str = "", *, today: str = "") -> None:
    """Raises :class:`Drifted` when there is a ``plan.lock`` and the plan, or what concerns one context, is not what was accepted in it."""
    from decompose.planning.signing import LOCK, unsigned

    lock = recall.load_lock(base)
    missing = list(unsigned(migration, lock, context, today=today)) if lock is not None else []
    if missing:
        more = f"; and {len(missing) - _PLACES:,} more" if len(missing) > _PLACES else ""
        raise Drifted(
            f"the plan is not signed: {'; '.join(missing[:_PLACES])}{more}",
            place=LOCK,
            hint="look at what changed with `decompose diff plan.lock`, then sign with `decompose plan --accept`, or extract with --replan",
        )
# --- edits of a plan ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Revised:
    """What edits make of a map: ``text`` of the settings file, and the analysis with the map that it gives.

    ``done`` are the edits with the figures before and after each. ``kept`` are modules, definitions and tables that would have followed
    what was moved, as ``(kind, subject, context)``: they were pinned where the person saw them.
    """

    path: Path
    text: str
    analysis: Analysis
    done: tuple[tuple[Edit, Scores, Scores], ...]
    kept: tuple[tuple[str, str, str], ...]


_ROUNDS = 6
"""Times that strays are pinned: modules first, then what these drag along, then tables."""


def revise(analysis: Analysis, edits: Edits, path: Path, settings: Callable[[Config], Config] = lambda own: own) -> Revised:
    """Applies ``edits`` to a map and to the text of the settings at ``path``, so that analyzing with these gives just the edited map.

    Nothing is written. ``settings`` puts the options of the command line on top of a configuration. Raises :class:`UsageError` for an edit that does not
    fit, :class:`ConfigError` when another decision stands against one.
    """
    from decompose.config import parse
    from decompose.config_edits import SettingsText
    from decompose.cut.edited import Edited, differences

    graph = analysis.graph
    wanted = Edited(graph, analysis.context_map, analysis.config)
    before_text = path.read_text(encoding="utf-8") if path.exists() else ""
    text = SettingsText(
        before_text,
        prefix="tool.decompose." if path.name == "pyproject.toml" else "",
        proposed={placed.context for placed in analysis.context_map.proposal},
        definitions={definition.top: definition.module for definition in graph.definitions},
        place=wanted.place,
    )
    done = []
    figures = wanted.scores()
    for number, edit in enumerate(edits.edits, start=1):
        try:
            wanted.apply(edit)
            text.apply(edit)
        except UsageError as error:
            raise UsageError(f"edit {number} cannot be applied: {error.message}", hint=error.hint) from error
        after = wanted.scores()
        done.append((edit, figures, after))
        figures = after
    text.settle({*wanted.contexts, *(context.name for context in analysis.context_map.contexts if not context.modules)})
    kept: list[tuple[str, str, str]] = []
    past = _history(analysis.base)
    for _ in range(_ROUNDS):
        config = settings(parse(text.text, str(path)).config)
        found = _propose(graph, config, past, analysis.accepted.context_map if analysis.accepted else None)
        strays = differences(wanted, found)
        if not strays:
            surveyed = _survey(graph, analysis.program, found, config)
            return Revised(path, text.text, replace(analysis, config=config, context_map=surveyed, inputs=None), tuple(done), tuple(kept))
        if set(strays) <= set(kept):
            break
        text.keep(strays)
        kept += strays
    kind, subject, context = strays[0]
    raise UsageError(
        f"the {kind} {subject} cannot be in {context}: another decision of {path.name} puts it elsewhere", hint="look for a pattern that fits it, and make it narrower", place=str(path)
    )


def _accepted(base: Path) -> Accepted | None:
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


def check_drift(saved: MigrationPlan, analysis: Analysis) -> None:
    """Raises :class:`Drifted` when source or decisions are no longer those that the plan was made from."""
    from decompose.planning.drift import drift

    changed = drift(saved, digest=analysis.graph.digest, config=analysis.config)
    if changed:
        raise Drifted(
            "; ".join(changed), place=PLAN, hint="look at the new plan with `decompose plan`, or extract with --replan"
        )


def decision(analysis: Analysis, found: Explanation) -> Decision | None:
    """What the plan proposes, or a person decided, about a foreign key, transaction or table that was explained; ``None`` where nothing is to decide."""
    from decompose.planning.decisions import decisions

    name = f"TBL-{found.subject}" if found.kind == "table" else found.subject
    return next((each for each in decisions(analysis.graph, analysis.context_map, analysis.config) if each.id == name), None)


def unused_decisions(migration: MigrationPlan, config: Config) -> tuple[str, ...]:
    """Ids and globs of decisions that speak of nothing in the plan: misspelt, or solved since."""
    from decompose.planning.boundary import names_edge

    known = [decision.id for decision in migration.decisions] + [
        f"{context}:{decision.kind}:{decision.subject.partition(' ')[0]}" for decision in migration.decisions for context in decision.contexts
    ]
    return tuple(
        decision.id
        for decision in config.decisions
        if not any(fnmatchcase(id, decision.id) for id in known)
        and not any(names_edge(decision.id, edge, each.name) for each in migration.contexts for edge in each.edges)
    )


def context_plan(migration: MigrationPlan, name: str) -> ContextPlan:
    """The plan of one context. Raises :class:`UsageError` with the nearest name when there is none."""
    from decompose.config import did_you_mean

    for each in migration.contexts:
        if each.name == name:
            return each
    raise UsageError(
        f"no context is called {name!r}", hint=did_you_mean(name, [each.name for each in migration.contexts])
    )


def check_complete(analysis: Analysis, limit: float) -> None:
    """Raises :class:`Incomplete` when more than the share ``limit`` (0..1) of the Python files could not be read."""
    complete(analysis.graph.failed, analysis.graph.files, limit)


# --- extraction ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Extraction:
    """What was written for a context.

    ``left`` is what a person should know before going on, as place or operation and reason: call sites that stay as they are,
    operations that work in mode local only.
    """

    plan: ContextPlan
    service: ServicePlan
    report: emit.WriteReport
    left: tuple[tuple[str, str], ...] = ()


def extract(
    path: str | Path,
    context: str,
    *,
    config: Config | None = None,
    dry_run: bool = False,
    allow_dirty: bool = False,
    replan: bool = False,
    step: str | None = None,
    jobs: int | None = None,
    cache: bool = True,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Extraction:
    """Writes service, boundary and rewritten call sites of one context, all files or none, with the mode set to local.

    Starts from the saved plan. Raises :class:`Drifted` when source or decisions have changed since (unless ``replan``),
    :class:`NotReady` when edges wait for a person, :class:`UsageError`, and whatever :func:`decompose.emit.write` raises.
    """
    base = project_folder(path)
    settings = config or load(base)
    # Held from the first look at the tree to the last rename, so that nobody extracts from a tree that another run changes.
    with nullcontext() if dry_run else emit.exclusive(base):
        _check_step(base, settings, context, step)
        view = emit.footprint(base)
        tree = source_tree(base, settings, view.generated)
        migration = _current_plan(
            base, settings, tree, view,
            replan=replan, keep=not dry_run, jobs=jobs, cache=cache, progress=progress, executor=executor,
        )  # fmt: skip
        chosen = context_plan(migration, context)
        if not replan:
            check_accepted(base, migration, context, today=_today())
        _check_framework(migration)
        _check_name(chosen, migration)
        _check_services(settings, migration)
        _check_decided(chosen)
        service = _service(migration, chosen, settings, tree, view)
        sealed = _sealed(base, migration, chosen, settings, tree, view)
        change = _step(base, migration, chosen, service, sealed, tree, view, step)
        if not allow_dirty:
            _check_committed(base, [each.path for each in change.artifacts if each.file_class == "edited" and each.content != each.base])
        _check_parses(change.artifacts)
        report = emit.write(base, change.artifacts, dry_run=dry_run, complete=_complete(context, step), needed=_needed(change.artifacts, settings))
        return Extraction(chosen, service, report, (*change.left, *_standing(chosen, step), *_blocked(chosen)))


def _today() -> str:
    """The day in UTC, for waivers that end."""
    return datetime.now(UTC).date().isoformat()


def _check_parses(artifacts: Collection[Artifact]) -> None:
    """Raises :class:`RefusedInput` when a generated file would be no Python. Code of the monolith is not looked at: it may be of a newer Python than ours."""
    import ast

    for each in artifacts:
        if each.path.endswith(".py") and each.file_class not in ("moved", "edited"):
            try:
                ast.parse(each.content)
            except (SyntaxError, ValueError, RecursionError) as error:
                raise RefusedInput(
                    f"{each.path} would be no valid Python: {error}. Nothing was written",
                    place=PLAN,
                    hint="restore the plan from version control or make another with `decompose plan --fresh`; should that not help, this is a bug in decompose: report it",
                ) from error


def undo(path: str | Path, context: str, *, step: str | None = None, dry_run: bool = False, config: Config | None = None) -> emit.WriteReport:
    """Takes back a step of a context, or all of them. Raises :class:`NotReady` after the cut-over and out of order, else as :func:`decompose.emit.undo`."""
    from decompose import steps

    base = project_folder(path)
    if step is not None:
        steps.check_known(step)
    settings = config or load(base)
    with nullcontext() if dry_run else emit.exclusive(base):
        taken = emit.written_steps(base).get(context)
        if taken is not None:
            steps.check_undo(context, step, taken, cut_over=_cut_over(base, settings, context))
        return emit.undo(base, context, step=None if step is None else steps.recorded(step), dry_run=dry_run)


def _cut_over(base: Path, settings: Config, context: str) -> bool:
    """Whether the service owns the rows: whoever cut over left a mark in its folder."""
    from decompose.steps import MARKER

    return (base / settings.services_folder / context / MARKER).exists()


def _needed(artifacts: Collection[Artifact], settings: Config) -> frozenset[str]:
    """The modules of the boundary in the monolith, as soon as call sites are rewritten to use them; and the priorities of deployed services."""
    from decompose.generate import priorities
    from decompose.steps import SEAL

    kept = {priorities.path(settings.services_folder)}

    sealing = [each for each in artifacts if each.step == SEAL]
    if not any(each.file_class == "edited" for each in sealing):
        return frozenset(kept)
    return frozenset(kept | {each.path for each in sealing if each.file_class != "edited" and each.path.endswith(".py")})


def _complete(context: str, step: str | None) -> list[str]:
    """The owners of which a run holds everything: what they wrote before and do no longer goes."""
    if step is None:
        return [context, f"{context}/serve"]
    return {"seal": [context], "serve": [f"{context}/serve"]}.get(step, [])


def _step(
    base: Path, migration: MigrationPlan, chosen: ContextPlan, service: ServicePlan, sealed: _Sealed, tree: SourceTree, view: emit.Footprint, step: str | None
) -> Change:
    """The files of one step; without one those of seal and serve together, which change nothing for anybody."""
    from decompose import steps

    if step is None or step in ("seal", "serve"):
        wanted = {"seal": (steps.SEAL,), "serve": ("serve",)}.get(step or "", (steps.SEAL, "serve"))
        artifacts = steps.divided([*_generated(service), *sealed.artifacts], service)
        chosen_ones = tuple(each for each in artifacts if each.step in wanted)
        return steps.Change(chosen_ones, sealed.left if steps.SEAL in wanted else ())
    texts = _texts(base, tree, view)
    render = _render()
    if step in steps.MODES:
        return steps.turned(service, step, texts)
    if step == "split":
        return steps.split(migration, chosen, texts, render)
    return steps.retire(migration, chosen, sealed.unsealed, texts, render)


def _texts(base: Path, tree: SourceTree, view: emit.Footprint) -> Texts:
    from decompose.steps import Texts

    def current(path: str) -> bytes | None:
        return contents(str(base), path) if (base / path).is_file() else None

    paths = frozenset(file.path for file in (*tree.python, *tree.other))
    return Texts(lambda path: text_of(tree, view, path), current, paths, frozenset(view.generated))


def _render() -> Render:
    from decompose.generate.render import make_render
    from decompose.resources import templates

    return make_render(templates())


def _standing(chosen: ContextPlan, step: str | None) -> Iterator[tuple[str, str]]:
    """Places that a person decided to leave as they are although this step breaks them, alike ones together."""
    from decompose.report.boundary import general, groups

    edges = [edge for edge in chosen.edges if edge.blocks == step and not edge.test] if step in ("split", "switch") else []
    if edges:
        count = f"{len(edges):,} place{'s' if len(edges) > 1 else ''}"
        yield step or "", f"{count} left as they are by decision do not work after this step; all of them: decompose show boundary {chosen.name}"
    for title, alike in groups(edges):
        reason = alike[0].reason if len({edge.reason for edge in alike}) == 1 else general(alike[0].reason)
        places = list(dict.fromkeys(str(edge.at) for edge in alike))
        more = f" and {len(places) - _PLACES:,} more" if len(places) > _PLACES else ""
        yield ", ".join(places[:_PLACES]) + more, f"{len(alike):,} {title}: {reason}"


def _blocked(chosen: ContextPlan) -> Iterator[tuple[str, str]]:
    """Operations that the service cannot run yet, because they run into code that stays in the monolith."""
    for operation in chosen.operations:
        if operation.blocked_by:
            edges = ", ".join(operation.blocked_by)
            yield operation.name, f"works in mode local only: it calls code that stays in the monolith ({edges})"


def _current_plan(
    base: Path, settings: Config, tree: SourceTree, view: emit.Footprint, *, replan: bool, keep: bool, **options: Any
) -> MigrationPlan:
    """The saved plan when it still speaks of this source, a new one (saved when ``keep``) when ``replan`` allows it."""
    if replan:
        migration = plan(base, config=settings, **options)
        if keep:
            save_plan(base, migration)
        return migration
    return current_plan(base, settings, tree, view)


def current_plan(base: Path, settings: Config, tree: SourceTree, view: emit.Footprint) -> MigrationPlan:
    """The saved plan. Raises :class:`Drifted` when source or decisions are no longer those that it was made from, and as :func:`load_plan`."""
    from decompose.planning.drift import drift

    saved = load_plan(base)
    changed = drift(saved, digest=_digest(tree, view), config=settings)
    if changed:
        raise Drifted(
            "; ".join(changed), place=PLAN, hint="look at the new plan with `decompose plan`, or extract with --replan"
        )
    return saved


_PLACES = 3
"""Places named for one reason."""

EXTRACTABLE = ("django", "flask", "fastapi")
"""Frameworks of which services can be generated today."""


def _check_framework(migration: MigrationPlan) -> None:
    """Raises :class:`NotReady` when no service of the monolith's framework can be generated."""
    framework = migration.project.framework
    if framework not in EXTRACTABLE:
        raise NotReady(
            f"{framework} monoliths are analyzed and planned; extracting from them is not possible yet",
            hint=f"extraction works for: {', '.join(EXTRACTABLE)}",
            place=PLAN,
        )


def _check_name(chosen: ContextPlan, migration: MigrationPlan) -> None:
    """Raises :class:`NotReady` when no package can be called like the context, or something else is called so."""
    from decompose.generate.ecs import SUFFIXES

    name = chosen.name
    reason = ""
    if keyword.iskeyword(name):
        reason = f"{name!r} is a word of Python's own: no package of a boundary or service can be called so"
    names = {each.name for each in migration.contexts}
    for suffix in SUFFIXES:
        longer, shorter = f"{name}-{suffix}", name.removesuffix(f"-{suffix}")
        if longer in names:
            reason = f"the {suffix} of {name} would have the name of the service {longer}"
        elif shorter != name and shorter in names:
            reason = f"{name} is what the {suffix} of the service {shorter} is called"
    if reason:
        raise NotReady(
            f"{reason}. Nothing was written",
            hint=f'name it in decompose.toml, [contexts.{name}-context] with was = "{name}", then run `decompose plan` again',
            place="decompose.toml",
        )


def _check_services(settings: Config, migration: MigrationPlan) -> None:
    """Raises :class:`ConfigError` when settings are for a service that the plan does not have."""
    from decompose.config import did_you_mean

    names = [each.name for each in migration.contexts]
    for name, _ in settings.target.services:
        if name not in names:
            key = f"target.ecs.services.{name}"
            raise ConfigError(f"[{key}] is for a service that the plan does not have", place=settings.place(key), hint=did_you_mean(name, names))


def _check_step(base: Path, settings: Config, context: str, step: str | None) -> None:
    """Raises :class:`NotReady` when the step comes too early or too late, :class:`UsageError` when there is no such step."""
    from decompose import steps

    if step is not None:
        steps.check_known(step)
    taken = emit.written_steps(base).get(context, frozenset())
    steps.check_turn(context, step or "serve", taken, cut_over=_cut_over(base, settings, context))


def _check_decided(chosen: ContextPlan) -> None:
    """Raises :class:`NotReady` with every edge that a person must decide, and where to write the decision."""
    from decompose.report.decisions import undecided

    if not any(placement.action == "move" for placement in chosen.placements):
        raise NotReady(
            f"{chosen.name} cannot be extracted: no code of it would run in a service",
            hint="it has no data, API or tasks of its own; merge it with the context whose data it uses, see `decompose explain`",
        )
    open_edges = [edge for edge in chosen.edges if edge.disposition == "decide"]
    if open_edges:
        count = len(open_edges)
        raise NotReady(
            f"{chosen.name} cannot be extracted yet: {count:,} edge{'s' if count > 1 else ''} across its boundary must be decided by a person. "
            f"Nothing was written.\n\n{undecided(chosen)}",
            hint="write each decision into decompose.toml, then run `decompose plan` again",
        )


def _service(
    migration: MigrationPlan, chosen: ContextPlan, settings: Config, tree: SourceTree, view: emit.Footprint
) -> ServicePlan:
    """The service's plan with the texts that go to it: whole files, and the needed part of split ones."""
    from decompose.planning.companions import companions
    from decompose.planning.service import service_plan
    from decompose.rewrite.prune import prune

    sources: dict[str, bytes] = {}
    missing = absent(migration, chosen, lambda path: text_of(tree, view, path))
    for placement in chosen.placements:
        if placement.action in ("move", "share"):
            text = text_of(tree, view, placement.path)
            if placement.definitions:
                prefix = f"{placement.module}."
                text = prune(
                    placement.path, text, {definition.removeprefix(prefix) for definition in placement.definitions}, missing
                )
            sources[placement.path] = text
    for file in (*chosen.files, *companions(sources, [file.path for file in tree.other])):
        sources[file] = text_of(tree, view, file)
    return service_plan(migration, chosen, settings, sources, _priorities(tree, settings))


def _priorities(tree: SourceTree, settings: Config) -> Priorities:
    """The priorities of listener rules that services have. Raises :class:`FileError` when their file cannot be read."""
    from decompose.generate import priorities

    path = priorities.path(settings.services_folder)
    return priorities.decode(contents(tree.base, path) if (Path(tree.base) / path).is_file() else None, path)


def absent(migration: MigrationPlan, chosen: ContextPlan, text: Callable[[str], bytes]) -> frozenset[str]:
    """Names of SQLAlchemy's models and plain tables that the service has neither as its own nor as shadows."""
    from decompose.rewrite.prune import name_at

    own = {table.id for table in chosen.tables} | {replica.table for replica in chosen.replicas}
    here: set[str] = set()
    elsewhere: set[str] = set()
    for table in migration.tables:
        if table.origin == "sqlalchemy":
            names = {model.rpartition(".")[2] for model in table.models} or {name_at(text(table.at.path), table.at.line)}
            (here if table.id in own else elsewhere).update(names - {""})
    return frozenset(elsewhere - here)


@dataclass(frozen=True)
class _Sealed:
    artifacts: tuple[Artifact, ...]
    left: tuple[tuple[str, str], ...]
    unsealed: tuple[str, ...]
    """Ids of the edges whose call sites stay as they are."""


def _sealed(
    base: Path, migration: MigrationPlan, chosen: ContextPlan, settings: Config, tree: SourceTree, view: emit.Footprint
) -> _Sealed:
    """The monolith's files with the context's call sites rewritten, together with those of contexts sealed before."""
    from decompose.planning.service import service_plan
    from decompose.rewrite.seal import Seal, seal
    from decompose.steps import SEAL, constraints_gone

    modules = {module.path: module.id for module in migration.modules}
    taken = emit.written_steps(base)
    before = {context for context, steps in taken.items() if SEAL in steps} - {chosen.name}
    seals = []
    for each in migration.contexts:
        if each is chosen or each.name in before:
            boundary = service_plan(migration, each, settings, {}).boundary
            moved = frozenset(placement.module for placement in each.placements if placement.action == "move")
            seals.append(Seal(each.name, boundary, each.edges, each.operations, moved))
    own = next(each for each in seals if each.context == chosen.name)
    paths = sorted({edge.at.path for edge in own.sealable})
    sealed = seal(seals, paths, {path: text_of(tree, view, path) for path in paths}, modules)
    unconstrained = [context for context, steps in taken.items() if "split" in steps]
    texts = _texts(base, tree, view)
    artifacts = tuple(
        Artifact(
            path, constraints_gone(path, text, migration, unconstrained, texts), "edited", base=contents(tree.base, path), context=chosen.name
        )
        for path, text in sorted(sealed.texts.items())
    )
    return _Sealed(artifacts, tuple((f"{place} ({id})", reason) for id, place, reason in sealed.left), tuple(id for id, _, _ in sealed.left))


def _generated(service: ServicePlan) -> list[Artifact]:
    """Everything that the generators make; of two files with one path the later stands."""
    from decompose.generate import generators

    render = _render()
    made = {artifact.path: artifact for generate in generators() for artifact in generate(service, render)}
    return [made[path] for path in sorted(made)]


def _check_committed(base: Path, paths: Collection[str]) -> None:
    """Raises :class:`NotReady` when a file to be rewritten has changes that git does not hold yet."""
    from decompose.scan.history import uncommitted

    changed = uncommitted(base, paths)
    if changed:
        raise NotReady(
            f"these files would be rewritten and have changes that are not committed: {', '.join(changed)}",
            hint="commit or stash them, or use --allow-dirty",
        )


def verify(
    path: str | Path, context: str, *, config: Config | None = None, report: Callable[[Gate], None] = lambda gate: None
) -> Verification:
    """Proves an extracted context, gate by gate; ``report`` hears of each outcome as it comes.

    The only use case that runs the user's code. Raises :class:`UsageError` when nothing was extracted for the context.
    """
    from decompose.verification import verify as run_gates
    from decompose.verification.ladder import Written

    base = project_folder(path)
    settings = config or load(base)
    if context not in emit.written_contexts(base):
        context_plan(load_plan(base), context)
        raise UsageError(f"nothing was extracted for {context!r}", hint=f"run `decompose extract {context}` first")
    view = emit.footprint(base)
    tree = source_tree(base, settings, view.generated)
    migration = load_plan(base)
    service = _service(migration, context_plan(migration, context), settings, tree, view)
    own = tuple(path for path, contexts in view.generated.items() if context in contexts)
    tests = tuple(module.path for module in migration.modules if module.role == "test")
    written = Written(own, tuple(view.generated), view.originals, tests)
    return run_gates(base, service, written, settings.verify, disagreements=lambda: _disagreements(base, service, view.generated), report=report)


def disagreements(path: str | Path, context: str, *, config: Config | None = None) -> tuple[str, ...]:
    """What does not fit together in the deployment files of an extracted context: the gate ``agreement`` of :func:`verify` alone."""
    base = project_folder(path)
    settings = config or load(base)
    view = emit.footprint(base)
    service = _service(load_plan(base), context_plan(load_plan(base), context), settings, source_tree(base, settings, view.generated), view)
    return _disagreements(base, service, view.generated)


def _disagreements(base: Path, service: ServicePlan, generated: Iterable[str]) -> tuple[str, ...]:
    """What does not fit together in the service's files as they are now, edits of people included, or with those of other services."""
    from decompose.generate.crosscheck import problems
    from decompose.generate.deployment import deployment

    present = [path for path in generated if (base / path).is_file()]
    return problems(deployment(service), [Artifact(path, contents(str(base), path)) for path in present])


def deploy_plan(path: str | Path, context: str, *, config: Config | None = None, environment: str | None = None) -> Rollout:
    """What deploying the service of a context would create, in order, and what stops it. Nothing outside of the project is asked.

    Raises :class:`UsageError` for a context that the plan does not have, :class:`FileError` for values that cannot be read, and what
    extraction raises for settings that cannot be.
    """
    from decompose.generate import rollout
    from decompose.generate.deployment import deployment
    from decompose.generate.ecs import by_terraform
    from decompose.model.rollout import Rollout

    base = project_folder(path)
    settings = config or load(base)
    view = emit.footprint(base)
    tree = source_tree(base, settings, view.generated)
    migration = load_plan(base)
    chosen = context_plan(migration, context)
    _check_framework(migration)
    _check_name(chosen, migration)
    _check_services(settings, migration)
    service = _service(migration, chosen, settings, tree, view)
    described = deployment(service)
    values = tuple(_open_values(base, service, ".tfvars" if by_terraform(described) else ".json", environment))
    stops = (*_undecided(chosen), *_unwritten(base, migration, chosen, settings, tree, view), *_unfilled(values))
    left = tuple((gap.subject, f"{gap.reason} ({gap.at})" if gap.at else gap.reason) for gap in described.gaps)
    return Rollout(chosen.name, service.name, rollout.steps(described, _render()), values, stops, left)


def _open_values(base: Path, service: ServicePlan, form: str, environment: str | None) -> Iterator[Open]:
    """Values that say REPLACE, in the form that the scripts deploy with: in the files as they are, else as they would be written."""
    from decompose.generate.rollout import open_values

    for artifact in _generated(service):
        name = artifact.path.rpartition("/")[2].partition(".")[0]
        if "/parameters/" not in artifact.path or not artifact.path.endswith(form) or environment not in (None, name):
            continue
        there = (base / artifact.path).is_file()
        try:
            yield from open_values(artifact.path, contents(str(base), artifact.path) if there else artifact.content)
        except ValueError as error:
            raise FileError(f"the values cannot be read: {error}", place=artifact.path, hint="restore the file from version control") from error


def _undecided(chosen: ContextPlan) -> Iterator[Stop]:
    from decompose.model.rollout import Stop

    count = sum(edge.disposition == "decide" for edge in chosen.edges)
    if count:
        yield Stop(f"{count:,} edge{'s' if count > 1 else ''} of its boundary must be decided by a person", f"decompose show boundary {chosen.name} --disposition decide")
    if not any(placement.action == "move" for placement in chosen.placements):
        yield Stop("no code of it would run in a service", "merge it with the context whose data it uses, see `decompose explain`")


def _unwritten(
    base: Path, migration: MigrationPlan, chosen: ContextPlan, settings: Config, tree: SourceTree, view: emit.Footprint
) -> Iterator[Stop]:
    from decompose.model.rollout import Stop
    from decompose.planning.drift import drift

    changed = drift(migration, digest=_digest(tree, view), config=settings)
    if changed:
        yield Stop("; ".join(changed), "look at the new plan with `decompose plan`, or extract with --replan")
    if "serve" not in emit.written_steps(base).get(chosen.name, frozenset()):
        yield Stop("nothing was extracted yet: the files below are those that would be written", f"decompose extract {chosen.name}")


def _unfilled(values: Collection[Open]) -> Iterator[Stop]:
    from decompose.model.rollout import Stop

    for file in dict.fromkeys(each.file for each in values):
        count = sum(each.file == file for each in values)
        yield Stop(f"{file} has {count:,} value{'s' if count > 1 else ''} to replace", "give them; stack.sh refuses to start before")


# --- reading ------------------------------------------------------------------------------------


def _heal(base: Path) -> None:
    """Finishes what a dead run left half-renamed, so that nobody analyzes a mixture."""
    if emit.interrupted(base):
        with emit.exclusive(base):
            pass


def _footprint(base: Path, without: Collection[str] | None) -> emit.Footprint:
    """What to look through. Generated services are always left out: they are copies of what is analyzed."""
    everything = emit.footprint(base)
    if without is None:
        return everything
    chosen = set(without)
    return msgspec.structs.replace(emit.footprint(base, chosen), generated=everything.generated)


@collector_off()
def linked(
    tree: SourceTree, view: emit.Footprint, progress: Progress | None, *, jobs: int | None, cache: bool, executor: Executor | None
) -> tuple[Program, CodeGraph, dict[str, bytes]]:
    """As the first half of :func:`analyze`, for those who have a cut already: the program, its graph, and the digests of the files."""
    return _linked(tree, view, _Clock(progress), jobs=jobs, cache=cache, executor=executor)


def boundary_package(tree: SourceTree, view: emit.Footprint, program: Program, graph: CodeGraph, config: Config) -> str:
    """The dotted package of generated boundaries in the monolith."""
    from decompose.planning.project import project

    return project(program, graph, config, _packaging(tree, view), Path(tree.base).name).package


def _linked(
    tree: SourceTree, view: emit.Footprint, clock: _Clock, *, jobs: int | None, cache: bool, executor: Executor | None
) -> tuple[Program, CodeGraph, dict[str, bytes]]:
    """The program and its graph before any opinion about contexts, with the digests of the files."""
    known: dict[str, bytes] = {}
    with clock("read"):
        summarized = _summaries(
            tree, view, known, jobs=jobs, cache=cache, progress=clock.report("read"), executor=executor
        )
    with clock("link"):
        program = Program(summarized, _sql_texts(tree, view))
    with clock("detect"):
        found = list(_facts(program, clock.report("detect")))
    with clock("graph"):
        whole, digests = _digests(tree, view, known)
        graph = build_graph(program, tree, found, digest=whole)
    return program, graph, digests


def _summaries(
    tree: SourceTree,
    view: emit.Footprint,
    digests: dict[str, bytes],
    *,
    jobs: int | None,
    cache: bool,
    progress: Callable[[int, int], None],
    executor: Executor | None,
) -> tuple[ModuleSummary, ...]:
    """A summary of every Python file; one that could not be read has its reason as the failure. ``digests`` is filled with those of the files."""
    store = Cache(Path(tree.base) / ".decompose" / "cache" / "facts.sqlite") if cache else None
    try:
        return summaries(tree, jobs=jobs, cache=store, progress=progress, executor=executor, instead=view.originals, digests=digests)
    finally:
        if store is not None:
            store.close()


def _sql_texts(tree: SourceTree, view: emit.Footprint) -> dict[str, str]:
    """The files of SQL statements that can be read."""
    found: dict[str, str] = {}
    for path in sql_paths(tree):
        with suppress(FileError):  # gone since it was found: nothing says that anybody names it
            found[path] = text_of(tree, view, path).decode("utf-8-sig", "replace")
    return found


def _facts(program: Program, progress: Callable[[int, int], None]) -> Iterator[Fact]:
    from decompose.detect import detectors

    found = detectors()
    for index, (_, detect) in enumerate(found):
        progress(index, len(found))
        yield from detect(program)


def _digest(tree: SourceTree, view: emit.Footprint) -> str:
    return _digests(tree, view, {})[0]


def _digests(tree: SourceTree, view: emit.Footprint, known: Mapping[str, bytes]) -> tuple[str, dict[str, bytes]]:
    """A hash over what a plan is made from: Python, SQL and packaging files, and the names of files that lie in packages.

    What decompose wrote does not count, nor do its settings, nor notes and data beside the code. With it the digest of each file
    that could be read; files whose digest is ``known`` are not read again.
    """
    whole = hashlib.blake2b(digest_size=16)
    digests: dict[str, bytes] = {}
    for path in sorted(read_paths(tree)):
        if path in view.generated:
            continue
        own = known.get(path) if path not in view.originals else None
        if own is None:
            try:
                own = digest(text_of(tree, view, path))
            except FileError:
                continue
        digests[path] = own
        whole.update(f"{path}\n".encode("utf-8", "surrogateescape"))
        whole.update(own)
    packages = {file.path.rpartition("/")[0] for file in tree.python if file.is_package}
    for file in tree.other:
        if file.path not in view.generated and not packages.isdisjoint(_folders(file.path)):
            whole.update(f"{file.path}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest(), digests


def _folders(path: str) -> Iterator[str]:
    while path:
        path = path.rpartition("/")[0]
        yield path


def text_of(tree: SourceTree, view: emit.Footprint, path: str) -> bytes:
    if (original := view.originals.get(path)) is not None:
        return original
    try:
        return contents(tree.base, path)
    except Unread as error:
        raise FileError(f"cannot read {path}: {error}", place=path) from error


def _packaging(tree: SourceTree, view: emit.Footprint) -> dict[str, str]:
    """The texts of files that say how the project is packaged, installed and tested."""
    texts = {}
    for path in sorted(packaging_paths(tree)):
        try:
            texts[path] = text_of(tree, view, path).decode("utf-8", "replace")
        except FileError:
            continue
    return texts


def _history(base: Path) -> History:
    from decompose.scan.history import history

    return history(base)


def _observed(graph: CodeGraph, base: Path, config: Config) -> tuple[CodeGraph, dict[str, bytes]]:
    """The graph with what was seen at run time, where the settings name files of that, and the digests of these."""
    if config.evidence == EvidenceSettings():
        return graph, {}
    from decompose.observe.evidence import observed, recorded
    from decompose.scan.evidence import evidence

    files = list(evidence(base, config.evidence))
    return observed(graph, recorded(files)), {path: digest(content) for _, path, content in files}


def _propose(graph: CodeGraph, config: Config, past: History, accepted: ContextMap | None) -> ContextMap:
    """The cut, with the git history and what was seen at run time as kinds of evidence where there are such.

    One made ``fresh`` is compared with what was accepted.
    """
    from decompose.cut.kept import with_changes
    from decompose.cut.propose import propose

    found = propose(graph, config, [commit.paths for commit in past.commits], graph.runtime.strengths, None if config.fresh else accepted)
    return with_changes(found, accepted) if config.fresh and accepted is not None else found


def _survey(graph: CodeGraph, program: Program, context_map: ContextMap, config: Config) -> ContextMap:
    from decompose.planning.readiness import surveyed

    return surveyed(graph, program, context_map, config)


class _Clock:
    """Seconds by stage, and progress by stage for whoever watches."""

    def __init__(self, progress: Progress | None) -> None:
        self.timings: dict[str, float] = {}
        self._progress = progress

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        if self._progress:
            self._progress(stage, 0, 0)
        start = time.perf_counter()
        yield
        self.timings[stage] = time.perf_counter() - start

    def report(self, stage: str) -> Callable[[int, int], None]:
        watcher = self._progress
        return (lambda done, total: watcher(stage, done, total)) if watcher else (lambda done, total: None)
