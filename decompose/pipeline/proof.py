"""Proving an extracted service."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from decompose import emit
from decompose.config import load
from decompose.errors import UsageError
from decompose.model.artifacts import Artifact
from decompose.model.service import ServicePlan
from decompose.model.settings import Config
from decompose.model.verification import Begins, Gate, Verification
from decompose.pipeline.extraction import service_plan
from decompose.pipeline.plans import context_plan, load_plan
from decompose.project import project_folder, source_tree
from decompose.scan.read import contents


def verify(
    path: str | Path,
    context: str,
    *,
    config: Config | None = None,
    begins: Begins = lambda name: None,
    report: Callable[[Gate], None] = lambda gate: None,
) -> Verification:
    """Proves an extracted context, gate by gate; ``begins`` hears of a gate before it is tried, ``report`` of each outcome as it comes.

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
    service = service_plan(migration, context_plan(migration, context), settings, tree, view)
    own = tuple(path for path, contexts in view.generated.items() if context in contexts)
    tests = tuple(module.path for module in migration.modules if module.role == "test")
    written = Written(own, tuple(view.generated), view.originals, tests)
    emit.save(base, {})  # the environments of services are kept below .decompose
    return run_gates(base, service, written, settings.verify, disagreements=lambda: _disagreements(base, service, view.generated), begins=begins, report=report)


def disagreements(path: str | Path, context: str, *, config: Config | None = None) -> tuple[str, ...]:
    """What does not fit together in the deployment files of an extracted context: the gate ``agreement`` of :func:`verify` alone."""
    base = project_folder(path)
    settings = config or load(base)
    view = emit.footprint(base)
    service = service_plan(load_plan(base), context_plan(load_plan(base), context), settings, source_tree(base, settings, view.generated), view)
    return _disagreements(base, service, view.generated)


def _disagreements(base: Path, service: ServicePlan, generated: Iterable[str]) -> tuple[str, ...]:
    """What does not fit together in the service's files as they are now, edits of people included, or with those of other services."""
    from decompose.generate.crosscheck import problems
    from decompose.generate.deployment import deployment

    present = [path for path in generated if (base / path).is_file()]
    return problems(deployment(service), [Artifact(path, contents(str(base), path)) for path in present])
