"""Man pages hold what the help holds, and roff has nothing against them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import click
import pytest
from command_tree import commands

from decompose.cli import app
from decompose.cli.man import pages, roff, write

PAGES = pages()
COMMANDS = commands(app.root, click.Context(app.root, **app.root.context_settings))


def test_every_command_has_a_page() -> None:
    assert set(PAGES) == {"decompose.1", *(f"decompose-{'-'.join(words)}.1" for words, _ in COMMANDS)}


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_a_page_has_every_option_and_every_example(words: tuple[str, ...], command: click.Command) -> None:
    page = PAGES[f"decompose-{'-'.join(words)}.1"]
    assert roff("-h, --help") in page
    for option in (each for each in command.params if isinstance(each, click.Option)):
        assert all(roff(name) in page for name in option.opts), option.opts
    for line in (each for each in (command.epilog or "").splitlines() if each.strip().startswith("decompose ")):
        assert roff(line) in page


def test_text_that_roff_would_take_for_a_request_stays_text() -> None:
    assert roff(".decompose/x") == "\\&.decompose/x" and roff("it\'s -q \\b") == "it\\(aqs \\-q \\eb"


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first = {path.name: path.read_bytes() for path in write(tmp_path / "man")}
    assert {path.name: path.read_bytes() for path in write(tmp_path / "man")} == first and len(first) == len(PAGES)


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_roff_sets_every_page_without_a_warning(tmp_path: Path) -> None:
    files = [str(path) for path in write(tmp_path)]
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", *files], capture_output=True, check=True)
    assert done.stderr == b"" and b"decompose plan . " in done.stdout.replace(b"\xe2\x80\x90", b"-")
