"""The built wheel, alone in an empty environment, does the job from another directory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.wheel


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``decompose`` command of an environment that holds the wheel and its requirements only."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder / "dist"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    (wheel,) = (folder / "dist").glob("decompose_cli-*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True, timeout=120)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)], check=True, timeout=600)
    return python.parent / "decompose"


def test_it_analyzes_from_any_directory(installed: Path, tmp_path: Path) -> None:
    command = [installed, "analyze", str(ROOT / "sample_monolith"), "--no-cache", "--format", "json", "-o", str(tmp_path / "analysis.json")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    analysis = json.loads((tmp_path / "analysis.json").read_text())
    assert "reviews_review" in {table["id"] for table in analysis["tables"]}


def test_it_carries_its_templates_and_schemas(installed: Path, tmp_path: Path) -> None:
    program = "from decompose import resources; print(len(resources.templates()), sorted(resources.schemas()))"
    done = subprocess.run([installed.parent / "python", "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 20
