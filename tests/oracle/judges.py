"""Runs a judge: a small program that starts the real library on a project and prints what it says as JSON."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from decompose.link.program import Program
from decompose.model.facts import Fact
from decompose.syntax import summarize_sources

HERE = Path(__file__).parent


def needs(library: str) -> pytest.MarkDecorator:
    """Skips, and says why, where the judge's library is not installed."""
    return pytest.mark.skipif(importlib.util.find_spec(library) is None, reason=f"{library} is not installed")


def judged(judge: str, project: Path, sources: dict[str, str], *arguments: str) -> dict[str, Any]:
    """What the library says of the project that ``sources`` make in the folder; ``{}`` among the arguments stands for the folder."""
    for path, text in sources.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    command = [sys.executable, str(HERE / judge), *(str(project) if each == "{}" else each for each in arguments)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=project)
    assert run.returncode == 0, run.stderr
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def found(detect: Any, sources: dict[str, str]) -> list[Fact]:
    """What the detector says of the same project."""
    return list(detect(Program(summarize_sources(sources))))
