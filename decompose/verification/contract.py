"""The contract suite: the same tests with the same assertions against every implementation and on both sides."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from decompose.model.verification import Gate
from decompose.verification.databases import Fresh
from decompose.verification.processes import run
from decompose.verification.running import Service

_PYTEST = "import json, sys; sys.path.extend(json.loads(sys.argv[1])); import pytest; sys.exit(pytest.main(sys.argv[2:]))"
"""Runs pytest with further folders at the end of the path: an environment's own packages win."""


def in_service(service: Service, mode: str, fresh: Fresh, url: str = "") -> Gate:
    """The suite against the service's code in this mode; ``remote`` goes to the running process at ``url``, ``shadow`` too, beside the code here."""
    own = {} if url else own_database(service, fresh)
    variables = {**service.variables, **own, "CONTRACT_MODE": mode, "CONTRACT_URL": url}
    return _suite(f"contract-{mode}", service.environment.python, service.folder / "tests" / "contract", service.folder, variables, ())


def own_database(service: Service, fresh: Fresh) -> dict[str, str]:
    """The variable that names an empty database for a suite that makes none by itself, as it does beside Django and on SQLite."""
    if service.plan.project.framework == "django" or service.variables["DATABASE_URL"].startswith("sqlite:"):
        return {}
    return {"CONTRACT_DATABASE_URL": fresh("contract")}


def in_monolith(service: Service, python: Path, tree: Path, settings: str, extra: Mapping[str, str]) -> Gate:
    """The suite against the monolith's local implementation, with the monolith's settings and a test database of its own.

    The suite's tools come from the service's environment where the monolith's has none; its own packages win.
    """
    return _beside(service, "contract", "contract-monolith", "local", python, tree, settings, extra)


def callbacks(service: Service, mode: str, python: Path, tree: Path, settings: str, extra: Mapping[str, str]) -> Gate:
    """The suite of what the service calls of the monolith, in the monolith; ``remote`` goes through its web application."""
    return _beside(service, "callbacks", f"callbacks-{mode}", mode, python, tree, settings, extra)


def _beside(service: Service, suite: str, name: str, mode: str, python: Path, tree: Path, settings: str, extra: Mapping[str, str]) -> Gate:
    """A suite of the service, run in the monolith."""
    variables = {
        **os.environ,
        **extra,
        **({"DJANGO_SETTINGS_MODULE": extra.get("DJANGO_SETTINGS_MODULE", settings)} if settings else {}),
        "CONTRACT_MODE": mode,
        "BOUNDARY_TOKEN_KEY": service.variables["BOUNDARY_TOKEN_KEY"],
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return _suite(name, python, service.folder / "tests" / suite, tree, variables, (str(tree), str(service.environment.packages)))


def _suite(name: str, python: Path, tests: Path, cwd: Path, variables: Mapping[str, str], path: tuple[str, ...]) -> Gate:
    words = ["-q", "-rs", "--disable-warnings", "-p", "no:cacheprovider", "--rootdir", str(tests), "-c", os.devnull, str(tests)]
    done = run([str(python), "-c", _PYTEST, json.dumps(path or [str(cwd)]), *words], cwd=cwd, env=variables, timeout=600)
    counts = re.findall(r"(\d+) (passed|failed|errors?|skipped)", done.output)
    said = ", ".join(f"{number} {what}" for number, what in counts[-4:]) or "no test ran"
    if done.ok and any(what == "passed" for _, what in counts):
        # A skipped test is named: it proved nothing.
        skipped = tuple(line for line in done.output.splitlines() if line.startswith("SKIPPED") and "empty parameter set" not in line)
        return Gate(name, "passed", said, skipped, seconds=done.seconds)
    return Gate(name, "failed", said, done.tail(40), done.seconds)
