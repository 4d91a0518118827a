"""Every command and program in the README runs, in its order, on a copy of the sample."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()
COMMANDS = [line[2:] for block in re.findall(r"```console\n(.*?)```", TEXT, re.S) for line in block.splitlines() if line.startswith("$ ")]
ELSEWHERE = {
    "make demo": "runs this very job; tests/e2e proves it",
    "make test": "runs this test",
    "pipx install .": "tests/test_wheel.py installs the wheel",
    "decompose verify reviews": "tests/e2e/test_sample.py verifies",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme") / "sample_monolith"
    shutil.copytree(ROOT / "sample_monolith", folder, ignore=shutil.ignore_patterns("__pycache__", ".decompose", "*.sqlite3"))
    return folder


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def test_the_readme_shows_the_whole_job() -> None:
    assert [command.split()[1] for command in COMMANDS if command.startswith("decompose ")] == [
        "--version", "analyze", "show", "show", "explain", "plan", "show", "show", "plan", "check", "diff", "export", "extract", "extract", "verify", "deploy-plan",
    ]  # fmt: skip


@pytest.mark.xdist_group("readme")
def test_its_commands_run_in_order(shop: Path) -> None:
    for command in COMMANDS:
        if command not in ELSEWHERE:
            done = run(shlex.split(command), shop)
            assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.mark.xdist_group("readme")
def test_its_python_program_runs(shop: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    done = run([sys.executable, "-c", program], shop.parent)
    assert done.returncode == 0, done.stderr
    assert "reviews" in done.stdout


def test_its_configuration_is_valid(shop: Path) -> None:
    (settings,) = re.findall(r"```toml\n(.*?)```", TEXT, re.S)
    folder = shop.parent / "configured"
    folder.mkdir()
    (folder / "decompose.toml").write_text(settings)
    done = run(["decompose", "config", "show"], folder)
    assert done.returncode == 0, done.stderr
    assert "sales" in done.stdout
