"""What a shell offers after TAB, asked of the shells themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from command_tree import commands

from decompose.cli import app


@pytest.fixture
def planned(planned_shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an analysis and a plan, and the current folder in it."""
    monkeypatch.chdir(planned_shop)
    return planned_shop


def offered(*words: str) -> list[str]:
    """What is offered for the last of ``words``."""
    found = ShellComplete(app.root, {}, "decompose", "_DECOMPOSE_COMPLETE").get_completions(list(words[:-1]), words[-1])
    return [each.value if each.type == "plain" else each.type for each in found]


@pytest.mark.parametrize(
    ("words", "among"),
    [
        (("explain", ""), {"orders", "orders_order", "FK-001", "TX-001"}),
        (("explain", "shop.cat"), {"shop.catalog.models", "shop.catalog.services", "shop.catalog.services.create"}),
        (("explain", "fk-"), {"FK-001"}),
        (("explain", "D20"), {"D201", "D206"}),
        (("explain", "orders-1"), {"orders-1-seal"}),
        (("show", "boundary", "o"), {"orders"}),
        (("plan", ".", "--accept", ""), {"map", "orders", "FK-001", "TX-001"}),
        (("plan", "--waive", "T"), {"TX-001"}),
        (("analyze", "--weight", "co"), {"cochange=", "coverage="}),
        (("analyze", "--pin", "shop.orders.m"), {"shop.orders.models"}),
        (("analyze", "--pin", "shop.orders.models=o"), {"shop.orders.models=orders"}),
        (("show", "boundary", "orders", "--kind", "o"), {"orm"}),
        (("extract", "orders", "--step", "s"), {"seal", "serve", "shadow", "split", "switch"}),
        (("analyze", "-f", ""), {"text", "json", "csv", "mermaid", "dot", "graphml"}),
        (("schema", "p"), {"plan"}),
        (("analyze", ""), {"dir"}),
        (("check", "-o", ""), {"file"}),
        (("diff", ""), {"file"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_names_of_the_project_are_offered(planned: Path, words: tuple[str, ...], among: set[str]) -> None:
    assert among <= set(offered(*words))


def test_on_a_fresh_checkout_the_committed_plan_is_enough(planned: Path, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop / ".decompose").mkdir()
    shutil.copy(planned / ".decompose/plan.json", shop / ".decompose")
    monkeypatch.chdir(shop)
    assert {"orders", "orders_order", "FK-001"} <= set(offered("explain", "")) and "shop.orders.models" in offered("explain", "shop.o")


def test_edges_are_offered_by_their_ids(planned: Path) -> None:
    assert any(name.startswith("orders-") and name.count("-") == 1 for name in offered("explain", "orders-"))


def test_only_a_boundary_has_a_name(planned: Path) -> None:
    assert offered("show", "contexts", "") == []


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"contexts": 3}', b"\xff"])
def test_without_a_plan_that_can_be_read_nothing_is_offered(shop: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None) -> None:
    monkeypatch.chdir(shop)
    if content is not None:
        (shop / ".decompose").mkdir()
        for name in ("analysis.json", "plan.json"):
            (shop / ".decompose" / name).write_bytes(content)
    assert offered("explain", "") == []


def test_every_name_that_a_person_gives_is_completed() -> None:
    """An argument or option that takes free text offers something, or is a number, a name or a sentence that nobody else knows."""
    unknown = {"contexts", "exclude", "since", "seed", "by", "until", "reason", "jobs", "scheduler", "port"}
    for words, command in commands(app.root, click.Context(app.root)):
        for parameter in command.params:
            free = isinstance(parameter.type, click.types.StringParamType)
            if free and parameter.name not in unknown:
                assert parameter._custom_shell_complete is not None, (words, parameter.name)


# --- in the shells ------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH with the command of this checkout in front."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "decompose"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m decompose "$@"\n')
    script.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def shell(name: str, script: str, path: str, folder: Path) -> list[str]:
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed")
    flags = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}[name]
    done = subprocess.run([program, *flags, "-c", script], cwd=folder, env={**os.environ, "PATH": path, "TERM": "dumb"}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


BASH = """
eval "$(decompose completion bash)"
complete_words() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _decompose_completion "$1"; printf '%s\\n' "${{COMPREPLY[@]}}"; }}
complete -p decompose > /dev/null && complete_words decompose {words}
"""


@pytest.mark.parametrize(("words", "among"), [("explain FK", "FK-001"), ("plan . --accept ord", "orders"), ("extract o", "orders"), ("ana", "analyze"), ("analyze --q", "--query-stats")])
def test_bash_completes(planned: Path, path: str, words: str, among: str) -> None:
    assert among in shell("bash", BASH.format(words=words), path, planned)


ZSH = """
autoload -Uz compinit && compinit -u -D
source <(decompose completion zsh)
compadd() {{ for each in "${{(@)completions}}"; do print -r -- "$each"; done }}
_describe() {{ for each in "${{(@)completions_with_descriptions}}"; do print -r -- "${{each%%:*}}"; done }}
words=(decompose {words}); CURRENT=${{#words}}
_decompose_completion
"""


@pytest.mark.parametrize(("words", "among"), [("explain FK", "FK-001"), ("extract o", "orders")])
def test_zsh_completes(planned: Path, path: str, words: str, among: str) -> None:
    assert among in shell("zsh", ZSH.format(words=words), path, planned)


FISH = """
decompose completion fish | source
complete --do-complete 'decompose {words}'
"""


@pytest.mark.parametrize(("words", "among"), [("explain FK", "FK-001"), ("extract o", "orders")])
def test_fish_completes(planned: Path, path: str, words: str, among: str) -> None:
    assert among in shell("fish", FISH.format(words=words), path, planned)
