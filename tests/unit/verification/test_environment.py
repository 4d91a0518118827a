"""The interpreters that verification uses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from decompose.errors import FileError
from decompose.verification.environment import monolith_python


def interpreter(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    path.symlink_to(sys.executable)
    return path


def test_the_configured_interpreter_counts_first(tmp_path: Path) -> None:
    interpreter(tmp_path / ".venv/bin/python")
    wanted = interpreter(tmp_path / "other/bin/python")
    assert monolith_python(tmp_path, "other/bin/python") == wanted


def test_an_environment_beside_the_project_is_found(tmp_path: Path) -> None:
    assert monolith_python(tmp_path, "") == Path(sys.executable)
    wanted = interpreter(tmp_path / "venv/bin/python")
    assert monolith_python(tmp_path, "") == wanted


def test_a_configured_interpreter_that_is_not_there_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no Python interpreter at gone") as missing:
        monolith_python(tmp_path, "gone")
    assert "[verify]" in missing.value.hint
