"""The service on its own: it imports, agrees with its framework, migrates an empty database, boots and answers."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from decompose.model.service import ServicePlan
from decompose.model.verification import Begins, Gate
from decompose.planning.requirements import needed
from decompose.verification.environment import Environment
from decompose.verification.frameworks import framework_of
from decompose.verification.processes import Completed, Server, run

_IMPORT_ALL = """
import importlib, sys, traceback
{setup}
failed = 0
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception as error:
        failed += 1
        print(name + ": " + type(error).__name__ + ": " + str(error))
sys.exit(1 if failed else 0)
"""


class Service(msgspec.Struct, frozen=True):
    """A service to be tried out: its folder, its environment's interpreter, and the variables it runs with."""

    plan: ServicePlan
    folder: Path
    environment: Environment
    variables: Mapping[str, str]

    def run(self, words: Iterable[str], timeout: float = 120.0) -> Completed:
        """Runs the service's interpreter in its folder; ``{package}`` in a word is the service's own package."""
        named = [word.replace("{package}", self.plan.package) for word in words]
        return run([str(self.environment.python), *named], cwd=self.folder, env=self.variables, timeout=timeout)

    @property
    def command(self) -> str:
        """What serves the service, ``{port}`` left open."""
        return f"{self.environment.python} {framework_of(self.plan).serve}".replace("{package}", self.plan.package)


def variables(plan: ServicePlan, database: str, given: Mapping[str, str]) -> dict[str, str]:
    """What the service's process gets: throw-away keys, a database of its own and nothing of this process but its paths.

    ``database`` is a URL. ``given`` are the monolith's variables. Of these the service gets what its own code reads, as an operator would give it.
    """
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE")}
    read = {each.name for each in plan.context.environment} | {each.environment or each.name for each in plan.context.settings}
    return kept | {name: value for name, value in given.items() if name in read} | {
        **framework_of(plan).variables(plan),
        "DATABASE_URL": database,
        "SECRET_KEY": "only-for-verification",
        "BOUNDARY_TOKEN_KEY": "only-for-verification-of-the-boundary",
        "PYTHONDONTWRITEBYTECODE": "1",
        # Nothing answers there: the callbacks have gates of their own, with a monolith.
        **({"MONOLITH_URL": "http://monolith.invalid"} if plan.context.callbacks else {}),
    }


def imports(service: Service) -> Gate:
    """Every module of the service imports in an environment that holds its own requirements only."""
    names = sorted(_modules(service.folder))
    done = run([str(service.environment.python), "-c", _IMPORT_ALL.replace("{setup}", framework_of(service.plan).setup), *names], cwd=service.folder, env=service.variables, timeout=300)
    if done.ok:
        return Gate("imports", "passed", f"{len(names)} modules import without the monolith", seconds=done.seconds)
    steps = missing_requirements(service.plan, done.output)
    return Gate("imports", "failed", "modules of the service do not import", (*steps, *done.tail(20)), done.seconds)


_MISSING = re.compile(r"No module named '(\w+)")


def missing_requirements(plan: ServicePlan, output: str) -> tuple[str, ...]:
    """What to do about modules that were not found, where the monolith requires what brings them.

    No moved code imports these: another distribution does, without saying so in its own requirements.
    """
    lines = dict(plan.project.requirements)
    modules = list(dict.fromkeys(_MISSING.findall(output)))
    found = {line: module for module in modules for line in needed([module], lines, frozenset()) if line in lines.values()}
    return tuple(
        f"{module} is imported by a package that does not require it; the monolith does: add `{line}` to {plan.root}/requirements.txt"
        for line, module in found.items()
    )


def _modules(folder: Path) -> Iterator[str]:
    for file in folder.rglob("*.py"):
        parts = file.relative_to(folder).with_suffix("").parts
        if "tests" in parts or "migrations" in parts or "__pycache__" in parts or parts == ("manage",):
            continue
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def framework(service: Service, begins: Begins) -> Iterator[Gate]:
    """The framework's own checks, whether the models and the migrations agree, and the migrations on an empty database."""
    for step in framework_of(service.plan).steps:
        begins(step.name)
        done = service.run(step.words)
        if done.ok:
            yield Gate(step.name, "passed", step.good, seconds=done.seconds)
        else:
            words = " ".join(step.words).replace("{package}", service.plan.package)
            yield Gate(step.name, "failed", f"`python {words}` failed", done.tail(8), done.seconds)


def answers(service: Service, server: Server, booted: float | None) -> Iterator[Gate]:
    """The service as a process of its own: alive, ready, and serving the contract that was reviewed."""
    if booted is None:
        yield Gate("boot", "failed", "the service did not answer /healthz", server.tail(25))
        return
    yield Gate("boot", "passed", f"alive after {booted:.1f} s", seconds=booted)
    status, body = server.get("/readyz")
    if status == 200:
        yield Gate("ready", "passed", "the database answers and is migrated")
    else:
        yield Gate("ready", "failed", f"/readyz answered {status}", (body.decode(errors="replace")[:500],))
    yield _openapi(service.folder / "openapi.json", *server.get("/openapi.json"))


def _openapi(reviewed: Path, status: int, body: bytes) -> Gate:
    if status != 200:
        return Gate("openapi", "failed", f"/openapi.json answered {status}", (body.decode(errors="replace")[:500],))
    served, written = json.loads(body), json.loads(reviewed.read_bytes())
    if served == written:
        return Gate("openapi", "passed", f"{len(served.get('paths', {}))} operations served as reviewed")
    differing = sorted(key for key in served.keys() | written.keys() if served.get(key) != written.get(key))
    return Gate("openapi", "failed", "the served document is not the reviewed one", tuple(f"differs in {key}" for key in differing))
