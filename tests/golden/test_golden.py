"""Each scenario is a small project and the tree that extraction makes of it, to be read side by side.

``<scenario>/project`` goes in; ``<scenario>/expected`` holds every file that is written or rewritten. ``make golden`` writes it anew.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from decompose import pipeline

HERE = Path(__file__).parent
SCENARIOS = {"lending": "loans"}
"""Scenario and the context that is extracted in it."""

# Not in the tree: modules that are the same for every service, and deployment, which other judges read. Each has tests of its own.
SHARED = (
    "boundaries/client.py", "boundaries/databases.py", "boundaries/refusals.py", "boundaries/runtime.py", "boundaries/tokens.py", "boundaries/wire.py", "tests/contract/rows.py",
    "_service/environment.py", "_service/health.py", "_service/identity.py", "_service/logging.py", "_service/shadows.py", "tests/conftest.py",
    "tests/test_service.py", "commands/prune_replies.py", "copy_data/__init__.py", "copy_data/__main__.py", "copy_data/checking.py",
    "copy_data/copying.py", "copy_data/databases.py", "copy_data/ranges.py", "copy_data/state.py",
)  # fmt: skip
DEPLOYMENT = ("/deploy/", "services/shared/", ".github/")


@pytest.mark.parametrize(("scenario", "context"), SCENARIOS.items())
def test_extraction_makes_the_expected_tree(scenario: str, context: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    project = tmp_path / scenario
    shutil.copytree(HERE / scenario / "project", project)
    migration = pipeline.plan(project, cache=False)
    pipeline.save_plan(project, migration)
    written = pipeline.extract(project, context, allow_dirty=True)
    actual = {
        outcome.path: (project / outcome.path).read_text()
        for outcome in written.report.changed
        if not outcome.path.endswith(SHARED) and not any(part in outcome.path for part in DEPLOYMENT)
    }
    expected = HERE / scenario / "expected"
    if request.config.getoption("--update-golden"):
        shutil.rmtree(expected, ignore_errors=True)
        for path, text in actual.items():
            (expected / path).parent.mkdir(parents=True, exist_ok=True)
            (expected / path).write_text(text)
    known = {file.relative_to(expected).as_posix(): file.read_text() for file in sorted(expected.rglob("*")) if file.is_file()}
    assert sorted(actual) == sorted(known)
    for path, text in actual.items():
        assert text == known[path], path
