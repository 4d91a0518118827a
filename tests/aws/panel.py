"""Who judges the files: programs that a machine has or has not, and what became of asking them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

MISSING = {
    "hadolint": "requirements/aws.txt has it",
    "check-jsonschema": "requirements/aws.txt has it",
    "shellcheck": "requirements/aws.txt has it",
    "actionlint": "it is no Python package; put it on PATH",
    "checkov": "make test-aws puts it into an environment of its own",
    "terraform": "install it to have the modules evaluated",
}
ran: Counter[str] = Counter()
"""Files, or modules, that each judge has looked at."""
skipped: dict[str, str] = {}
"""Judges that were not asked, and why."""


def program(name: str) -> str:
    """The path of a judge; skips the test, visibly, where this machine does not have it."""
    configured = os.environ.get(name.upper().replace("-", "_"), "")
    found = shutil.which(configured or name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        skip(name, f"not on this machine: {MISSING[name]}")
    return found


def skip(name: str, reason: str) -> None:
    skipped[name] = reason
    pytest.skip(f"{name}: {reason}")


def ask(name: str, command: Sequence[str], files: Sequence[Path], *, cwd: Path | None = None) -> str:
    """What a judge says of files: nothing when all is well."""
    assert files, f"{name} was given nothing to judge"
    done = subprocess.run([*command, *map(str, files)], cwd=cwd, capture_output=True, text=True, timeout=900, check=False)
    ran[name] += len(files)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@cache
def provider_folder() -> Path | None:
    """Where Terraform's AWS provider lies beforehand: TERRAFORM_PLUGINS, or wherever a file is named like it."""
    named = os.environ.get("TERRAFORM_PLUGINS")
    if named:
        return Path(named)
    look = ["find", "/", "-xdev", "-type", "f", "-name", "terraform-provider-aws*", "-print", "-quit"]
    found = subprocess.run(look, capture_output=True, text=True, timeout=120, check=False).stdout.strip()
    # FOLDER/registry.terraform.io/hashicorp/aws/VERSION/PLATFORM/FILE
    return Path(found).parents[5] if found else None
