"""The migration plan: made, saved, read again, and held against what was signed and what the source says now."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec

from decompose import __version__, emit, recall
from decompose.errors import Drifted, FileError, UsageError
from decompose.model.artifacts import Artifact
from decompose.model.contexts import ContextMap, Explanation
from decompose.model.migration import ContextPlan, Decision, MigrationPlan
from decompose.model.settings import Config
from decompose.model.source import SourceTree
from decompose.pipeline.analysis import Analysis, analyze
from decompose.pipeline.reading import PLACES, PLAN, Progress, packaging_texts, source_digest

PLAN_DOCUMENT = "plan/plan.md"

PLAN_PAGE = "plan/plan.html"

PLAN_CONTEXT = "@plan"
"""Owner of the plan's document in the record of written files; no context can have this name."""


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
        packaging_texts(analysis.tree, analysis.view),
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


def encode_plan(migration: MigrationPlan) -> bytes:
    """The plan as JSON with sorted keys, the same bytes for the same plan."""
    from decompose.report.json import encode

    return encode(migration, sorted_keys=True)


def review_page(analysis: Analysis, migration: MigrationPlan, *, token: str = "") -> str:
    """The plan as one HTML file to look at and to edit; with ``token`` as it is served by `decompose review`."""
    from decompose.report.review import review_page as page
    from decompose.resources import templates

    root = str(analysis.base.resolve()) if token else ""
    return page(migration, analysis.graph, analysis.config, templates(), lock=recall.load_lock(analysis.base), token=token, root=root)


def plan_document(analysis: Analysis, migration: MigrationPlan) -> str:
    """The plan as Markdown, with what is signed of it and where its services will run."""
    from decompose.report.markdown import plan_markdown

    return plan_markdown(migration, analysis.config.target, recall.load_lock(analysis.base))


def save_plan(base: Path, migration: MigrationPlan, document: str = "", page: str = "") -> emit.WriteReport:
    """Keeps the plan as ``.decompose/plan.json``, ``document`` as ``plan/plan.md``, merged with what people wrote into it, and ``page`` as ``plan/plan.html``."""
    emit.save(base, {"plan.json": encode_plan(migration)})
    artifacts = [Artifact(PLAN_DOCUMENT, document.encode(), "merged", context=PLAN_CONTEXT)] if document else []
    artifacts += [Artifact(PLAN_PAGE, page.encode("utf-8", "backslashreplace"), "rendered", context=PLAN_CONTEXT)] if page else []
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
        more = f"; and {len(missing) - PLACES:,} more" if len(missing) > PLACES else ""
        raise Drifted(
            f"the plan is not signed: {'; '.join(missing[:PLACES])}{more}",
            place=LOCK,
            hint="look at what changed with `decompose diff plan.lock`, then sign with `decompose plan --accept`, or extract with --replan",
        )


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
    from decompose.planning.signing import with_states

    name = f"TBL-{found.subject}" if found.kind == "table" else found.subject
    wanted = [each for each in decisions(analysis.graph, analysis.context_map, analysis.config) if each.id == name]
    return next(iter(with_states(wanted, recall.load_lock(analysis.base), analysis.config.waivers)), None)


def unused_decisions(migration: MigrationPlan, config: Config) -> tuple[str, ...]:
    """Ids and globs of decisions and waivers that speak of nothing in the plan: misspelt, or solved since."""
    from decompose.planning.boundary import names_edge

    known = [decision.id for decision in migration.decisions] + [
        f"{context}:{decision.kind}:{decision.subject.partition(' ')[0]}" for decision in migration.decisions for context in decision.contexts
    ]
    unused = [
        decision.id
        for decision in config.decisions
        if not any(fnmatchcase(id, decision.id) for id in known)
        and not any(names_edge(decision.id, edge, each.name) for each in migration.contexts for edge in each.edges)
    ]
    ids = [decision.id for decision in migration.decisions]
    return (*unused, *(waiver.id for waiver in config.waivers if not any(fnmatchcase(id, waiver.id) for id in ids)))


def context_plan(migration: MigrationPlan, name: str) -> ContextPlan:
    """The plan of one context. Raises :class:`UsageError` with the nearest name when there is none."""
    from decompose.config import did_you_mean

    for each in migration.contexts:
        if each.name == name:
            return each
    raise UsageError(
        f"no context is called {name!r}", hint=did_you_mean(name, [each.name for each in migration.contexts])
    )


def current_plan(base: Path, settings: Config, tree: SourceTree, view: emit.Footprint) -> MigrationPlan:
    """The saved plan. Raises :class:`Drifted` when source or decisions are no longer those that it was made from, and as :func:`load_plan`."""
    from decompose.planning.drift import drift

    saved = load_plan(base)
    changed = drift(saved, digest=source_digest(tree, view), config=settings)
    if changed:
        raise Drifted(
            "; ".join(changed), place=PLAN, hint="look at the new plan with `decompose plan`, or extract with --replan"
        )
    return saved
