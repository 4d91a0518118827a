from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "unit" / "generate"))
sys.path.append(str(Path(__file__).parents[1] / "unit"))

import panel
from trees import TREES


@pytest.fixture(scope="session", params=TREES)
def tree(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a project with its services."""
    return TREES[request.param](tmp_path_factory.mktemp(request.param))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if panel.ran or panel.skipped:
        terminalreporter.section("judges")
        for name, count in sorted(panel.ran.items()):
            terminalreporter.write_line(f"ran      {name}: {count} looked at")
        for name, reason in sorted(panel.skipped.items()):
            terminalreporter.write_line(f"SKIPPED  {name}: {reason}")
