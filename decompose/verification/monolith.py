"""The monolith's own suite, unedited, in each mode: every test must end as it did in the untouched tree.

``local`` runs in a plain copy. ``loopback`` and ``remote`` run with the test kit beside the copy (see ``kit``), which notes what each
test uses of the boundary; in ``remote`` it gives every process of the suite a service of its own. Tests that end worse there, and whose
processes saw monolith code at the context's rows, are run once more with that code seeing the service's rows: what passes then fails
because of those edges alone.
"""

from __future__ import annotations

import ast
import json
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from decompose.model.service import ServicePlan
from decompose.model.settings import VerifySettings
from decompose.model.verification import Begins, Difference, Gate
from decompose.verification import parity
from decompose.verification.differences import DIRECT, GOOD, Event, Noted, Notes, differences, message, worse
from decompose.verification.environment import Environment
from decompose.verification.frameworks import framework_of
from decompose.verification.parity import SuiteRun
from decompose.verification.processes import Completed, run
from decompose.verification.running import variables as service_variables

KIT = Path(__file__).with_name("kit")

KITS = frozenset({"django", "flask"})
"""Frameworks of whose tests the kit can give rows and requests to a service."""

RUNGS = ("monolith-local", "monolith-loopback", "monolith-remote")

KEY = "only-for-verification-of-the-boundary"


class Suite(msgspec.Struct, frozen=True):
    """What every run of the suite needs. ``tests`` are paths of test modules, ``generated`` and ``originals`` as in :class:`Written`."""

    base: Path
    plan: ServicePlan
    generated: tuple[str, ...]
    originals: Mapping[str, bytes]
    tests: tuple[str, ...]
    settings: VerifySettings
    python: Path
    scratch: Path

    @property
    def command(self) -> str:
        return self.settings.test_command or self.plan.project.test_command

    @property
    def mode_variable(self) -> str:
        return f"{self.plan.boundary.rpartition('.')[2].upper()}_MODE"

    def tree(self, mode: str) -> Path:
        """The tree after the extraction, as the monolith alone: services are not its code."""
        folder = self.scratch / mode / self.base.name
        services = f"{self.plan.root.rpartition('/')[0]}/"
        parity.copy(self.base, folder, without=[path for path in self.generated if path.startswith(services)])
        return folder

    def run(self, tree: Path, extra: Mapping[str, str]) -> SuiteRun | Completed:
        variables = {**dict(self.settings.environment), **extra}
        return parity.suite(tree, self.command, self.python, variables, self.settings.timeout)


def rungs(suite: Suite, environment: Environment | None, begins: Begins = lambda name: None) -> Iterator[Gate]:
    """One gate a mode; those that cannot be tried are skipped with the reason."""
    if not suite.command:
        yield from _skipped(RUNGS, "no test command found: set `test-command` under [verify] in decompose.toml")
        return
    begins(RUNGS[0])
    before = baseline(suite)
    if isinstance(before, Completed):
        yield Gate(RUNGS[0], "failed", "the untouched monolith's suite could not be read", before.tail(25), before.seconds)
        yield from _skipped(RUNGS[1:], "there is nothing to compare with")
        return
    if not _proves(before):
        # Every later run would end as this one did, and say nothing.
        reason = f"no test of the untouched monolith passes ({before.count('failed', 'error')} failed, {before.count('skipped')} skipped): see `environment` under [verify] in decompose.toml"
        yield Gate(RUNGS[0], "failed", reason, (*_commonest(before), *before.tail))
        yield from _skipped(RUNGS[1:], "there is nothing to compare with")
        return
    yield _local(suite, before)
    if environment is None:
        yield from _skipped(RUNGS[1:], "the service has no environment")
        return
    begins(RUNGS[1])
    yield _with_kit(suite, before, environment, "loopback")
    if suite.plan.project.framework not in KITS:
        reason = f"the test kit does not route sessions and requests of applications on {suite.plan.project.framework} yet"
        yield from _skipped(RUNGS[2:], reason)
        return
    begins(RUNGS[2])
    yield _with_kit(suite, before, environment, "remote")


def _skipped(names: Iterable[str], reason: str) -> Iterator[Gate]:
    return (Gate(name, "skipped", reason) for name in names)


def baseline(suite: Suite) -> SuiteRun | Completed:
    """The suite in the untouched tree, kept by the hash of that tree and of how it is run.

    One in which nothing passes is not kept: what it lacked, a database for instance, may be there the next time.
    """
    tree = suite.scratch / "before" / suite.base.name
    parity.copy(suite.base, tree, without=suite.generated, originals=suite.originals)
    environment = repr(sorted(dict(suite.settings.environment).items()))
    key = parity.tree_hash(tree, parity.READING, suite.command, str(suite.python), environment)
    kept = suite.base / ".decompose" / "baseline" / f"{key}.json"
    if kept.exists():
        return msgspec.json.decode(kept.read_bytes(), type=SuiteRun)
    before = suite.run(tree, {})
    if isinstance(before, SuiteRun) and _proves(before):
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(msgspec.json.encode(before))
    return before


def _proves(before: SuiteRun) -> bool:
    return before.count("passed", "expected") > 0


def _commonest(before: SuiteRun) -> tuple[str, ...]:
    """What most failures say: what the whole suite lacks."""
    said = Counter(message(trace) for trace in before.traces.values())
    return tuple(f"{count} tests: {line}" for line, count in said.most_common(1) if line)


def _local(suite: Suite, before: SuiteRun) -> Gate:
    started = time.monotonic()
    after = suite.run(suite.tree("local"), {suite.mode_variable: "local"})
    if isinstance(after, Completed):
        return Gate(RUNGS[0], "failed", "the suite could not be run after the extraction", after.tail(25), after.seconds)
    return judged(RUNGS[0], before, after, list(differences(before, after, suite.plan.context, {})), time.monotonic() - started)


def _with_kit(suite: Suite, before: SuiteRun, environment: Environment, mode: str) -> Gate:
    name = f"monolith-{mode}"
    started = time.monotonic()
    tree, folder = suite.tree(mode), suite.scratch / f"kit-{mode}"
    variables = _kit(suite, environment, mode, tree, folder)
    if isinstance(variables, Completed):
        return Gate(name, "failed", "the service's database does not migrate", variables.tail(), variables.seconds)
    after = suite.run(tree, variables)
    if isinstance(after, Completed):
        return Gate(name, "failed", "the suite could not be run", after.tail(25), after.seconds)
    if not any(folder.glob("present-*")):
        return Gate(name, "failed", "the test kit was not loaded: the test command must pass its environment on to Python", after.tail, time.monotonic() - started)
    notes = _notes(folder)
    helped: frozenset[str] = frozenset()
    if mode == "remote":
        helped = _helped(suite, tree, folder, variables, notes, worse(before, after))
    found = list(differences(before, after, suite.plan.context, notes, helped, str(tree)))
    return judged(name, before, after, found, time.monotonic() - started)


def _helped(suite: Suite, tree: Path, folder: Path, variables: Mapping[str, str], notes: Notes, failed: tuple[str, ...]) -> frozenset[str]:
    """The failed tests that pass when monolith code that used the context's rows directly sees those of the service."""
    candidates = [id for id in failed if any(event.kind == "direct" for event in (*notes.get(id, ()), *notes.get(id.rpartition(".")[0], ())))]
    if not candidates:
        return frozenset()
    spec = json.loads((folder / "spec.json").read_text())
    again = folder / "helped.json"
    again.write_text(json.dumps({**spec, "only": candidates, "helped": True}))
    after = suite.run(tree, {**variables, "DECOMPOSE_KIT": str(again)})
    if isinstance(after, Completed):
        return frozenset()
    return frozenset(id for id in candidates if after.outcomes.get(id) in GOOD - {"skipped"})


def _notes(folder: Path) -> Notes:
    found: dict[str, tuple[Event, ...]] = {}
    for file in sorted(folder.glob("records-*.jsonl")):
        for line in file.read_bytes().splitlines():
            noted = msgspec.json.decode(line, type=Noted)
            found[noted.test] = (*found.get(noted.test, ()), *noted.events)
    return found


# The kit ----------------------------------------------------------------------------------------------


def _kit(suite: Suite, environment: Environment, mode: str, tree: Path, folder: Path) -> dict[str, str] | Completed:
    """The kit beside the tree, and the variables under which the suite finds it."""
    path = folder / "path"
    shutil.copytree(KIT, path / "decompose_kit", ignore=shutil.ignore_patterns("__pycache__"))
    (path / "decompose_kit" / "bootstrap.py").rename(path / "sitecustomize.py")
    plan = suite.plan
    context = plan.boundary.rpartition(".")[2]
    spec: dict[str, object] = {
        "framework": plan.project.framework,
        "context": context,
        "package": plan.project.package,
        "mode": mode,
        "root": str(tree),
        "folder": str(folder),
        "packages": str(environment.packages),
        "tests": list(suite.tests),
        "moved": _moved(plan, tree),
        "tables": sorted(table.id for table in plan.context.tables),
        "replicas": sorted(replica.label if plan.project.framework == "django" else replica.model for replica in plan.context.replicas),
    }
    if mode == "remote":
        template = folder / "template.sqlite3"
        variables = {**service_variables(plan, f"sqlite:///{template}", dict(suite.settings.environment)), "BOUNDARY_TOKEN_KEY": KEY}
        service = folder / "service"
        parity.copy_service(suite.base / plan.root, service)
        framework = framework_of(plan)
        migrate = next(step for step in framework.steps if step.name == "migrate")
        words = [word.replace("{package}", plan.package) for word in migrate.words]
        migrated = run([str(environment.python), *words], cwd=service, env=variables, timeout=300)
        if not migrated.ok:
            return migrated
        spec |= {
            "python": str(environment.python),
            "service": str(service),
            "command": [str(environment.python), *framework.serve.replace("{package}", plan.package).split()],
            "variables": variables,
            "template": str(template),
        }
    (folder / "spec.json").write_text(json.dumps(spec))
    prefix = context.upper()
    return {
        "DECOMPOSE_KIT": str(folder / "spec.json"),
        "PYTHONPATH": _joined(str(path), dict(suite.settings.environment).get("PYTHONPATH", "")),
        suite.mode_variable: mode,
        "BOUNDARY_TOKEN_KEY": KEY,
        # Tests that provoke failures must not close the way for those that follow, nor a busy machine fail them.
        f"{prefix}_BREAKER_FAILURES": "1000000",
        f"{prefix}_TIMEOUT_FACTOR": "15",
        f"{prefix}_CONNECT_TIMEOUT": "10",
    }


def _joined(*entries: str) -> str:
    return ":".join(entry for entry in entries if entry)


def _moved(plan: ServicePlan, tree: Path) -> dict[str, list[list[int]]]:
    """Files whose code moves; with the lines of the definitions that do, where it is not the whole file."""
    found: dict[str, list[list[int]]] = {}
    for placement in plan.context.placements:
        if placement.action == "move":
            names = {id.removeprefix(f"{placement.module}.") for id in placement.definitions}
            found[placement.path] = _spans(tree / placement.path, names) if names else []
    return found


def _spans(file: Path, names: set[str]) -> list[list[int]]:
    """First and last lines of top-level definitions, decorators included."""
    return [
        [min([node.lineno, *(each.lineno for each in node.decorator_list)]), node.end_lineno or node.lineno]
        for node in ast.parse(file.read_bytes()).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name in names
    ]


# Judgement --------------------------------------------------------------------------------------------


def judged(name: str, before: SuiteRun, after: SuiteRun, found: list[Difference], seconds: float) -> Gate:
    """Whether any test ends worse than it did for a reason that the plan does not know.

    A test that failed before and does no longer is shown, for it may be one whose outcome is chance, but it is no regression.
    """
    regressions = [each for each in found if each.regression]
    expected = [each for each in found if each.expected]
    missing = before.total - after.total
    counts = f"{after.count('passed')} passed, {after.count('failed', 'error')} failed, {after.count('skipped')} skipped of {after.total}"
    details = [line for each in (*regressions, *(each for each in found if not each.regression)) for line in _lines(each)]
    if missing > 0:
        details.append(f"{before.total} tests before, {after.total} after")
    if regressions or missing > 0:
        return Gate(name, "failed", f"the suite ends worse: {counts}", tuple(details), seconds, tuple(found))
    already = before.count("failed", "error")
    known = f" ({already} failed before)" if already else ""
    rest = "every test as before" if not found else "no test worse than before"
    if expected:
        edges = sorted({cause.edge for each in expected for cause in each.causes if cause.how == DIRECT} or {cause.edge for each in expected for cause in each.causes})
        rest = f"{len(expected)} differ as the plan says, at {', '.join(edges)}"
    return Gate(name, "passed", f"{counts}{known}, {rest}", tuple(details), seconds, tuple(found))


def _lines(difference: Difference) -> Iterator[str]:
    yield f"{difference.test}: {difference.before} -> {difference.after}" + (f", as planned: {difference.expected}" if difference.expected else "")
    if difference.message:
        yield f"    {difference.message}"
    for cause in difference.causes[:5]:
        blocks = f", blocks {cause.blocks}" if cause.blocks else ""
        yield f"    edge {cause.edge} ({cause.disposition}{blocks}) {cause.place}: {cause.how}"
    if difference.regression and not difference.causes:
        yield "    no edge of the plan leads here"
