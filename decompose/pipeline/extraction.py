"""Writing, and taking back, the service, the boundary and the rewritten call sites of a context."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Collection, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decompose import emit
from decompose.config import load
from decompose.errors import ConfigError, NotReady, RefusedInput, UsageError
from decompose.model.artifacts import Artifact
from decompose.model.migration import ContextPlan, MigrationPlan
from decompose.model.priorities import Priorities
from decompose.model.service import ServicePlan
from decompose.model.settings import Config
from decompose.model.source import SourceTree
from decompose.pipeline.plans import check_accepted, context_plan, current_plan, plan, save_plan
from decompose.pipeline.reading import PLACES, PLAN, Progress, source_texts, text_of
from decompose.project import generated_folder, project_folder, source_tree
from decompose.scan.read import contents

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from decompose.generate.render import Render
    from decompose.steps import Change


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
        _check_recorded(base, settings, context)
        _check_step(base, settings, context, step)
        view = emit.footprint(base)
        tree = source_tree(base, settings, view.generated)
        migration = _saved_or_new(
            base, settings, tree, view,
            replan=replan, keep=not dry_run, jobs=jobs, cache=cache, progress=progress, executor=executor,
        )  # fmt: skip
        chosen = context_plan(migration, context)
        if not replan:
            check_accepted(base, migration, context, today=_today())
        check_framework(migration)
        check_name(chosen, migration)
        check_services(settings, migration)
        _check_decided(chosen)
        service = service_plan(migration, chosen, settings, tree, view)
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
        _check_recorded(base, settings, context)
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
        artifacts = steps.divided([*generated_files(service), *sealed.artifacts], service)
        chosen_ones = tuple(each for each in artifacts if each.step in wanted)
        return steps.Change(chosen_ones, sealed.left if steps.SEAL in wanted else ())
    texts = source_texts(base, tree, view)
    render = renderer()
    if step in steps.MODES:
        return steps.turned(service, step, texts)
    if step == "split":
        return steps.split(migration, chosen, texts, render)
    return steps.retire(migration, chosen, sealed.unsealed, texts, render)


def renderer() -> Render:
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
        more = f" and {len(places) - PLACES:,} more" if len(places) > PLACES else ""
        yield ", ".join(places[:PLACES]) + more, f"{len(alike):,} {title}: {reason}"


def _blocked(chosen: ContextPlan) -> Iterator[tuple[str, str]]:
    """Operations that the service cannot run yet, because they run into code that stays in the monolith."""
    for operation in chosen.operations:
        if operation.blocked_by:
            edges = ", ".join(operation.blocked_by)
            yield operation.name, f"works in mode local only: it calls code that stays in the monolith ({edges})"


def _saved_or_new(
    base: Path, settings: Config, tree: SourceTree, view: emit.Footprint, *, replan: bool, keep: bool, **options: Any
) -> MigrationPlan:
    """The saved plan when it still speaks of this source, a new one (saved when ``keep``) when ``replan`` allows it."""
    if replan:
        migration = plan(base, config=settings, **options)
        if keep:
            save_plan(base, migration)
        return migration
    return current_plan(base, settings, tree, view)


EXTRACTABLE = ("django", "flask", "fastapi")
"""Frameworks of which services can be generated today."""


def check_framework(migration: MigrationPlan) -> None:
    """Raises :class:`NotReady` when no service of the monolith's framework can be generated."""
    framework = migration.project.framework
    if framework not in EXTRACTABLE:
        raise NotReady(
            f"{framework} monoliths are analyzed and planned; extracting from them is not possible yet",
            hint=f"extraction works for: {', '.join(EXTRACTABLE)}",
            place=PLAN,
        )


def check_name(chosen: ContextPlan, migration: MigrationPlan) -> None:
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


def check_services(settings: Config, migration: MigrationPlan) -> None:
    """Raises :class:`ConfigError` when settings are for a service that the plan does not have."""
    from decompose.config import did_you_mean

    names = [each.name for each in migration.contexts]
    for name, _ in settings.target.services:
        if name not in names:
            key = f"target.ecs.services.{name}"
            raise ConfigError(f"[{key}] is for a service that the plan does not have", place=settings.place(key), hint=did_you_mean(name, names))


def _check_recorded(base: Path, settings: Config, context: str) -> None:
    """Raises :class:`UsageError` when code was generated for the context and the record of it is gone: it would be read as code of the monolith."""
    if context in emit.written_contexts(base):
        return
    found = generated_folder(base, settings, context)
    if found:
        known = "does not name it" if (base / emit.RECORD).exists() else "is missing"
        raise UsageError(
            f"{found}/ was generated for {context!r}, but the record of what was written, {emit.RECORD}, {known}",
            place=found,
            hint="take it from version control: `git checkout -- .decompose`; where there is none, move that folder away",
        )


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


def service_plan(
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
    texts = source_texts(base, tree, view)
    artifacts = tuple(
        Artifact(
            path, constraints_gone(path, text, migration, unconstrained, texts), "edited", base=contents(tree.base, path), context=chosen.name
        )
        for path, text in sorted(sealed.texts.items())
    )
    return _Sealed(artifacts, tuple((f"{place} ({id})", reason) for id, place, reason in sealed.left), tuple(id for id, _, _ in sealed.left))


def generated_files(service: ServicePlan) -> list[Artifact]:
    """Everything that the generators make; of two files with one path the later stands."""
    from decompose.generate import generators

    render = renderer()
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
