"""Every command in the documentation runs, in its order, and prints what the page shows; every file and setting in it is valid.

``UPDATE_DOCS=1`` writes what commands print now into the pages, to be read as a diff.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import tomllib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
import yaml
from handbook.pages import Block, Command, blocks, chosen, commands
from pages.shell import PROJECTS, ROOT, Shell, masked

from decompose.config import load

DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "decisions" not in path.parts)
ELSEWHERE_TESTED = {"between.md", "ecs.md"}
"""tests/unit/test_docs.py."""
CHANGING = {"file", "append", "patch"}
UPDATE = os.environ.get("UPDATE_DOCS") == "1"


def name(path: Path) -> str:
    return path.relative_to(DOCS).as_posix()


def runs(page: Path) -> Iterator[tuple[str, list[Block]]]:
    """The parts of a page that begin with a fresh project, with what is done in each."""
    start, numbered = "", []
    for index, block in enumerate(blocks(page.read_text())):
        start = f"{index} {block.directives['start']}" if "start" in block.directives else start
        numbered.append((start, block))
    for key, group in groupby(numbered, lambda pair: pair[0]):
        found = [block for _, block in group if block.kind == "console" or block.directives.keys() & CHANGING]
        if key and found:
            yield key.partition(" ")[2], found


RUN = [pytest.param(page, id=name(page)) for page in PAGES if list(runs(page))]
LONG = [pytest.param(page, id=name(page)) for page in PAGES if any("long" in block.directives for block in blocks(page.read_text()))]


@pytest.mark.parametrize("page", RUN)
def test_its_commands_print_what_it_shows(page: Path, tmp_path: Path) -> None:
    check(page, tmp_path, whole=False)


@pytest.mark.e2e
@pytest.mark.parametrize("page", LONG)
def test_with_what_takes_minutes_it_prints_what_it_shows(page: Path, tmp_path: Path) -> None:
    check(page, tmp_path, whole=True)


def check(page: Path, tmp_path: Path, *, whole: bool) -> None:
    changed: list[tuple[Block, Command, list[str]]] = []
    for number, (project, todo) in enumerate(runs(page)):
        with Shell(tmp_path / str(number), project) as shell:
            for block in todo if whole else [each for each in todo if "long" not in each.directives]:
                if block.kind == "console" and "elsewhere" not in block.directives:
                    changed += _run(shell, block, page)
                elif "patch" in block.directives:
                    subprocess.run(["patch", "--quiet", "-p1"], cwd=shell.folder, input=block.text, text=True, check=True)
                elif target := block.directives.get("file", block.directives.get("append")):
                    _write(shell.folder / target, block)
    if UPDATE:
        _rewrite(page, changed)
    else:
        for block, command, shown in changed:
            assert [masked(line) for line in command.output] == [masked(line) for line in shown], f"{name(page)}:{block.line}: {command.words}"


def _run(shell: Shell, block: Block, page: Path) -> Iterator[tuple[Block, Command, list[str]]]:
    todo = commands(block)
    assert todo, f"{name(page)}:{block.line} has no command"
    for command in todo:
        printed, code = shell.run(command.words)
        wanted = int(block.directives.get("exit", "0")) if command is todo[-1] else 0
        assert code == wanted, f"{name(page)}:{block.line}: {command.words} ended with {code}\n" + "\n".join(printed)
        shown = chosen(printed, block.directives.get("lines", ""))
        if [masked(line) for line in shown] != [masked(line) for line in command.output]:
            yield block, command, shown


def _write(path: Path, block: Block) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text() if "append" in block.directives and path.exists() else ""
    path.write_text(before + block.text)


def _rewrite(page: Path, changed: list[tuple[Block, Command, list[str]]]) -> None:
    lines = page.read_text().splitlines()
    for block, command, shown in reversed(changed):
        start = block.line - 1 + command.line
        lines[start : start + len(command.output)] = shown
    page.write_text("\n".join(lines) + "\n")


ALL = [pytest.param(page, block, id=f"{name(page)}:{block.line}") for page in PAGES if name(page) not in ELSEWHERE_TESTED for block in blocks(page.read_text())]


@pytest.mark.parametrize(("page", "block"), ALL)
def test_every_block_is_tested_or_says_where_it_is(page: Path, block: Block) -> None:
    if place := block.directives.get("elsewhere"):
        assert (ROOT / place.split()[0]).is_file(), place
        return
    if block.kind == "console":
        assert any(block in todo for _, todo in runs(page)), "this block runs nowhere: the page has no start"
    elif block.kind == "python":
        ast.parse(block.text)
        assert block.directives.keys() & (CHANGING | {"shown"}), "say what the program is for"
    elif block.kind == "toml":
        tomllib.loads(block.text)
    elif block.kind in ("yaml", "json"):
        {"yaml": yaml.safe_load, "json": json.loads}[block.kind](block.text)
    else:
        assert block.kind in ("text", "diff", "sql", "markdown", "jinja"), f"what is {block.kind!r}?"


SETTINGS = [case for case in ALL if case.values[1].kind == "toml" and "shown" not in case.values[1].directives]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("page", "block"), SETTINGS)
def test_settings_are_accepted(page: Path, block: Block, tmp_path: Path) -> None:
    (tmp_path / "decompose.toml").write_text(block.text)
    load(tmp_path)


def test_projects_that_pages_begin_with_exist() -> None:
    begun = {block.directives["start"] for page in PAGES for block in blocks(page.read_text()) if "start" in block.directives}
    assert begun <= {*PROJECTS, "empty", "checkout"} and all(path.is_dir() for path in PROJECTS.values())
