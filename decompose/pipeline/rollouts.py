"""What deploying a service would create."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from decompose import emit
from decompose.config import load
from decompose.errors import FileError
from decompose.model.migration import ContextPlan, MigrationPlan
from decompose.model.service import ServicePlan
from decompose.model.settings import Config
from decompose.model.source import SourceTree
from decompose.pipeline.extraction import (
    check_framework,
    check_name,
    check_services,
    generated_files,
    renderer,
    service_plan,
)
from decompose.pipeline.plans import context_plan, load_plan
from decompose.pipeline.reading import source_digest
from decompose.project import project_folder, source_tree
from decompose.scan.read import contents

if TYPE_CHECKING:
    from decompose.model.rollout import Open, Rollout, Stop


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
    check_framework(migration)
    check_name(chosen, migration)
    check_services(settings, migration)
    service = service_plan(migration, chosen, settings, tree, view)
    described = deployment(service)
    values = tuple(_open_values(base, service, ".tfvars" if by_terraform(described) else ".json", environment))
    stops = (*_undecided(chosen), *_unwritten(base, migration, chosen, settings, tree, view), *_unfilled(values))
    left = tuple((gap.subject, f"{gap.reason} ({gap.at})" if gap.at else gap.reason) for gap in described.gaps)
    return Rollout(chosen.name, service.name, rollout.steps(described, renderer()), values, stops, left)


def _open_values(base: Path, service: ServicePlan, form: str, environment: str | None) -> Iterator[Open]:
    """Values that say REPLACE, in the form that the scripts deploy with: in the files as they are, else as they would be written."""
    from decompose.generate.rollout import open_values

    for artifact in generated_files(service):
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

    changed = drift(migration, digest=source_digest(tree, view), config=settings)
    if changed:
        yield Stop("; ".join(changed), "look at the new plan with `decompose plan`, or extract with --replan")
    if "serve" not in emit.written_steps(base).get(chosen.name, frozenset()):
        yield Stop("nothing was extracted yet: the files below are those that would be written", f"decompose extract {chosen.name}")


def _unfilled(values: Collection[Open]) -> Iterator[Stop]:
    from decompose.model.rollout import Stop

    for file in dict.fromkeys(each.file for each in values):
        count = sum(each.file == file for each in values)
        yield Stop(f"{file} has {count:,} value{'s' if count > 1 else ''} to replace", "give them; stack.sh refuses to start before")
