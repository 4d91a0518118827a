"""Diffs are for tools as well as for people: git applies what we print."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from decompose.emit.diff import unified


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, b"new\n"),
        (b"old\n", None),
        (b"a\nb\nc\n", b"a\nB\nc\n"),
        (b"no end", b"no end either"),
        (b"a\r\nb\r\n", b"a\r\nc\r\n"),
        ("ä\n".encode("latin-1"), "ö\n".encode("latin-1")),
        (b"x\n", b"x\n\x0cform feed\n"),
    ],
)
def test_git_applies_the_diff_and_gets_the_new_text(tmp_path: Path, before: bytes | None, after: bytes | None) -> None:
    target = tmp_path / "dir" / "file.txt"
    target.parent.mkdir()
    if before is not None:
        target.write_bytes(before)
    patch = unified("dir/file.txt", before, after).encode("utf-8", "surrogateescape")
    subprocess.run(["git", "apply", "-"], input=patch, cwd=tmp_path, check=True)
    assert (target.read_bytes() if target.exists() else None) == after


def test_no_change_has_no_diff() -> None:
    assert unified("a", b"x", b"x") == ""


def test_binary_files_are_named_and_not_shown() -> None:
    assert "Binary files a/x and b/x differ" in unified("x", b"\0", b"\0\1")


def test_a_new_executable_says_so() -> None:
    assert "new file mode 100755" in unified("run.sh", None, b"#!/bin/sh\n", executable=True)
