"""Images built and containers run with podman and buildah, as they are found on the machine."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
BASE = f"docker.io/library/python:{PYTHON}-slim"


def podman(*words: str, timeout: float = 120, check: bool = True, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs podman; output is text. Raises :class:`AssertionError` with what it said when it fails, unless ``check`` is off."""
    done = subprocess.run(["podman", *words], capture_output=True, text=True, timeout=timeout, input=given)
    assert not check or done.returncode == 0, f"podman {shlex.join(words)}\n{done.stdout}\n{done.stderr}"
    return done


def required() -> None:
    """Skips where images cannot be built, or their base is neither here nor to be had."""
    for program in ("podman", "buildah"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if podman("image", "exists", BASE, check=False).returncode and podman("pull", "-q", BASE, check=False, timeout=600).returncode:
        pytest.skip(f"no image {BASE}, and no registry that has it")


def build(folder: Path, tag: str) -> None:
    """Builds a folder's Dockerfile as it is, with the Python that runs the tests.

    ``BUILD_OPTIONS`` are more words for buildah, such as mounts of a machine's own certificates.
    """
    options = shlex.split(os.environ.get("BUILD_OPTIONS", ""))
    command = [
        "buildah", "bud", "--quiet", "--layers", "--format", "docker", "--network", "host", "--build-arg", f"PYTHON_VERSION={PYTHON}",
        *options, "--tag", tag, str(folder),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def inspected(kind: str, name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(podman(kind, "inspect", name).stdout)
    return found[0] if isinstance(found, list) else found


@contextlib.contextmanager
def network(name: str) -> Iterator[tuple[str, str]]:
    """A bridge of its own: the subnet, and the address at which containers reach this machine."""
    podman("network", "rm", "--force", name, check=False)
    podman("network", "create", name)
    try:
        subnet = inspected("network", name)["subnets"][0]
        yield subnet["subnet"], subnet["gateway"]
    finally:
        podman("network", "rm", "--force", name, check=False)
