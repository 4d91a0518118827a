"""An environment that holds what the service itself requires, and nothing of the monolith's."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

import msgspec

from decompose.errors import FileError
from decompose.verification.processes import run

TEST_TOOLS = ("pytest>=8",)
"""What the contract suite needs besides the service's requirements."""


class Environment(msgspec.Struct, frozen=True):
    """A Python interpreter with packages; ``packages`` is its ``site-packages`` folder."""

    python: Path
    packages: Path


def monolith_python(base: Path, configured: str) -> Path:
    """The interpreter of the monolith's environment: as configured, a virtual environment beside it, else this one."""
    if configured:
        python = Path(configured).expanduser()
        python = python if python.is_absolute() else base / python
        found = shutil.which(str(python))
        if found is None:
            raise FileError(
                f"there is no Python interpreter at {configured}",
                hint="set `python` under [verify] in decompose.toml to the interpreter of the project's environment",
            )
        return Path(found)
    for folder in (".venv", "venv", "env"):
        candidate = base / folder / "bin" / "python"
        if candidate.exists():
            return candidate
    return Path(sys.executable)


def service_environment(base: Path, requirements: Path, python: Path) -> Environment | tuple[str, ...]:
    """The service's environment, made on first use and kept under ``.decompose/environments`` by what it holds.

    Returns the end of the installer's output when it cannot be made.
    """
    wanted = requirements.read_text()
    version = run([str(python), "-c", "import sys; print(sys.version)"], cwd=base, env=os.environ, timeout=60)
    if not version.ok:
        return version.tail()
    key = hashlib.sha256("\0".join((wanted, version.output, *TEST_TOOLS)).encode()).hexdigest()[:16]
    folder = base.resolve() / ".decompose" / "environments" / key
    complete = folder / "complete"
    if not complete.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        created = run([str(python), "-m", "venv", str(folder)], cwd=base, env=os.environ, timeout=300)
        if not created.ok:
            return created.tail()
        install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(requirements), *TEST_TOOLS]
        installed = run(install, cwd=base, env=os.environ, timeout=1200)
        if not installed.ok:
            return installed.tail()
        complete.touch()
    found = folder / "bin" / "python"
    packages = run([str(found), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], cwd=base, env=os.environ, timeout=60)
    return Environment(found, Path(packages.output.strip()))
