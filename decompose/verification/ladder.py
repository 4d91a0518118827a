"""The gates in their order, each outcome reported as soon as it is known."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from decompose.model.service import ServicePlan
from decompose.model.settings import VerifySettings
from decompose.model.verification import Begins, Gate, Verification
from decompose.verification import contract, events, monolith, parity, running, static
from decompose.verification.databases import Fresh, databases
from decompose.verification.environment import Environment, monolith_python, service_environment
from decompose.verification.monolith import Suite
from decompose.verification.processes import server
from decompose.verification.running import Service

Report = Callable[[Gate], None]


class Written(msgspec.Struct, frozen=True):
    """What decompose wrote: ``own`` are the context's generated files, ``generated`` those of all contexts, ``originals`` the monolith's own texts.

    ``tests`` are the monolith's test modules, which it did not write.
    """

    own: tuple[str, ...]
    generated: tuple[str, ...]
    originals: Mapping[str, bytes]
    tests: tuple[str, ...] = ()


def verify(
    base: Path,
    plan: ServicePlan,
    written: Written,
    settings: VerifySettings,
    *,
    disagreements: Callable[[], Iterable[str]],
    begins: Begins = lambda name: None,
    report: Report = lambda gate: None,
) -> Verification:
    """All gates of one extracted context. ``begins`` hears of each that takes its time before it is tried, ``report`` of each outcome as it comes.

    ``disagreements`` compares the deployment files as they are now with one another.
    """
    gates: list[Gate] = []
    for gate in _ladder(base.resolve(), plan, written, settings, disagreements, begins):
        gates.append(gate)
        report(gate)
    return Verification(plan.context.name, tuple(gates))


def _ladder(
    base: Path, plan: ServicePlan, written: Written, settings: VerifySettings, disagreements: Callable[[], Iterable[str]], begins: Begins
) -> Iterator[Gate]:
    folder = base / plan.root
    begins("files")
    files = static.files(base, written.own)
    yield files
    boundary = Path(*plan.boundary.split("."))
    yield static.same_boundary(base / plan.project.source / boundary, folder / boundary)
    begins("ecs-inputs")
    yield static.ecs_inputs(folder / "deploy")
    begins("template")
    yield static.template(folder / "deploy" / "template.yaml")
    begins("agreement")
    yield static.agreement(disagreements, parsed=files.outcome == "passed")
    services = f"{plan.root.rpartition('/')[0]}/"
    python = monolith_python(base, settings.python)
    with tempfile.TemporaryDirectory(prefix="decompose-verify-") as scratch:
        started = time.monotonic()
        begins("environment")
        environment = service_environment(base, folder / "requirements.txt", python)
        if isinstance(environment, Environment):
            yield Gate("environment", "passed", "the service's requirements install", seconds=time.monotonic() - started)
            with databases(settings.database, Path(scratch), environment.python) as fresh:
                own, tree = Path(scratch) / "service", Path(scratch) / "monolith" / base.name
                homes = {str(own): str(folder), str(tree): str(base), f"{os.path.relpath(own, tree)}/": f"{plan.root}/"}
                parity.copy_service(folder, own)
                parity.copy(base, tree, without=[path for path in written.generated if path.startswith(services)])
                for gate in _service(plan, environment, Path(scratch), fresh, own, tree, python, settings, begins):
                    yield _at_home(gate, homes)
        else:
            yield Gate("environment", "failed", "the service's requirements do not install", environment, time.monotonic() - started)
            for name in ("imports", "check", "migrations", "migrate", "boot", "ready", "openapi", "contract-local", "contract-loopback", "contract-remote", "contract-shadow", "contract-monolith"):
                yield Gate(name, "skipped", "the service has no environment")
        suite = Suite(base, plan, written.generated, written.originals, written.tests, settings, python, Path(scratch))
        yield from monolith.rungs(suite, environment if isinstance(environment, Environment) else None, begins)


def _service(
    plan: ServicePlan, environment: Environment, scratch: Path, fresh: Fresh, folder: Path, base: Path, python: Path, settings: VerifySettings, begins: Begins
) -> Iterator[Gate]:
    """The gates that run the service. ``folder`` and ``base`` are copies: code that is tried out writes files where it pleases."""
    extra = dict(settings.environment)
    service = Service(plan, folder, environment, running.variables(plan, fresh("service"), extra))
    tree = base / plan.project.source
    begins("imports")
    yield running.imports(service)
    migrates = True
    for gate in running.framework(service, begins):
        migrates = migrates and not (gate.name == "migrate" and gate.outcome == "failed")
        yield gate
    if not migrates:
        for name in ("boot", "ready", "openapi", "contract-local", "contract-loopback", "contract-remote", "contract-shadow"):
            yield Gate(name, "skipped", "the database does not migrate")
    else:
        begins("boot")
        with server(service.command, cwd=folder, env=service.variables, log=scratch / "service.log", ready="/healthz") as (live, booted):
            yield from running.answers(service, live, booted)
            for mode in ("local", "loopback"):
                begins(f"contract-{mode}")
                yield contract.in_service(service, mode, fresh)
            for mode in ("remote", "shadow"):
                if booted is None:
                    yield Gate(f"contract-{mode}", "skipped", "the service does not boot")
                else:
                    begins(f"contract-{mode}")
                    yield contract.in_service(service, mode, fresh, live.url)
            if plan.project.framework == "django" and plan.context.replicas and booted is not None:
                begins("events")
                yield events.told(service, live.url, python, tree, plan.project.settings_module, extra)
    begins("contract-monolith")
    yield contract.in_monolith(service, python, tree, plan.project.settings_module, {**contract.own_database(service, fresh), **extra})
    for mode in ("local", "loopback", "remote") if plan.context.callbacks else ():
        begins(f"callbacks-{mode}")
        yield contract.callbacks(service, mode, python, tree, plan.project.settings_module, extra)


def _at_home(gate: Gate, homes: Mapping[str, str]) -> Gate:
    """The gate with places in the tree instead of those in its copies, which are gone when somebody reads it."""
    details = gate.details
    for copy, home in homes.items():
        details = tuple(line.replace(copy, home) for line in details)
    return msgspec.structs.replace(gate, details=details)


__all__ = ["Written", "verify"]
